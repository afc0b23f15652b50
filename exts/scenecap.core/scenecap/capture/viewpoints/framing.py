"""Stand a camera so that points just fit into its picture, and describe it as a pinhole of ours."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from scenecap.contract import CameraView
from scenecap.stage.cameras import look_at

#: Horizontal aperture of placed cameras [mm].
APERTURE = 20.955
#: Points lie this much within the picture's edges.
MARGIN = 1.08


def corners_of(boxes: np.ndarray) -> np.ndarray:
    """Return the (8 N, 3) corners of (N, 2, 3) boxes."""
    which = np.array(list(itertools.product((0, 1), repeat=3)))
    return boxes[:, which, np.arange(3)].reshape(-1, 3)


def near_boxes(boxes: np.ndarray) -> np.ndarray:
    """Return (N, 2, 3) boxes without the few that lie far from the others."""
    centers = boxes.mean(axis=1)
    away = np.linalg.norm(centers - np.median(centers, axis=0), axis=1)
    near = away <= max(4.0 * float(np.median(away)), 1e-3)
    return boxes[near] if near.sum() >= 0.5 * len(boxes) else boxes


def outwards(azimuth: float, elevation: float) -> np.ndarray:
    """Return the (3,) unit vector from what is looked at to the camera.

    Args:
        azimuth: [degrees], counter-clockwise from world +x.
        elevation: [degrees] above the horizon.
    """
    turn, lift = math.radians(azimuth), math.radians(elevation)
    return np.array([math.cos(turn) * math.cos(lift), math.sin(turn) * math.cos(lift), math.sin(lift)])


def focal_px(width: int, field_of_view: float) -> float:
    """Return the focal length [px] of a picture that is so wide [px] and shows so much [degrees]."""
    return 0.5 * width / math.tan(math.radians(field_of_view) / 2.0)


@dataclass(frozen=True)
class Fit:
    """How to look at points from a direction so that they fill the picture.

    Attributes:
        target: (3,) what to look at, in world [m].
        distance: Of the camera from it [m].
    """

    target: np.ndarray
    distance: float


def fit(points: np.ndarray, towards_camera: np.ndarray, *, width: int, height: int, focal: float) -> Fit:
    """Find the nearest camera, looking along a fixed direction, that has all points in its picture.

    It is known in closed form: in camera axes, a point is inside the left and right edges of the picture where
    ``|x - x0| <= s (z0 - z)``, which is linear in ``x0`` and ``z0``.

    Args:
        points: (N, 3) in world [m].
        towards_camera: (3,) unit vector.
        width: Of the picture [px].
        height: Of the picture [px].
        focal: Focal length [px].
    """
    axes = look_at(towards_camera, np.zeros(3))[:3, :3].T  # rows: the camera's x, y, z in world
    local = points @ axes.T
    position = np.zeros(3)
    for axis, half in ((0, 0.5 * width), (1, 0.5 * height)):
        slope = half / (MARGIN * focal)
        high = float((local[:, axis] + slope * local[:, 2]).max())
        low = float((local[:, axis] - slope * local[:, 2]).min())
        position[axis] = 0.5 * (high + low)
        needed = 0.5 * (high - low) / slope
        position[2] = needed if axis == 0 else max(position[2], needed)
    target = np.array([position[0], position[1], 0.5 * (local[:, 2].max() + local[:, 2].min())])
    return Fit(target @ axes, float(position[2] - target[2]))


def reach_in(room: np.ndarray, start: np.ndarray, direction: np.ndarray) -> float:
    """Return how far [m] from a point one can go before leaving a (2, 3) box, with 5 % to spare."""
    limit = math.inf
    for axis in range(3):
        if abs(direction[axis]) > 1e-9:
            wall = room[1, axis] if direction[axis] > 0 else room[0, axis]
            reach = (wall - start[axis]) / direction[axis]
            if reach > 0:
                limit = min(limit, 0.95 * float(reach))
    return limit


def placed_camera(
    path: str,
    world_to_camera: np.ndarray,
    *,
    resolution: tuple[int, int],
    field_of_view: float,
    near: float,
    far: float,
    meters_per_unit: float,
) -> CameraView:
    """Return a pinhole that stands where there is no camera prim.

    Args:
        path: What it is called.
        world_to_camera: (4, 4).
        resolution: Width and height [px].
        field_of_view: Horizontal [degrees].
        near: Nearest clipping distance [m].
        far: Farthest clipping distance [m].
        meters_per_unit: Of the stage, for the values in files that are in its units.
    """
    width, height = resolution
    focal = focal_px(width, field_of_view)
    return CameraView(
        path=path,
        width=width,
        height=height,
        world_to_camera=world_to_camera,
        focal_px=focal,
        center_px=(width / 2.0, height / 2.0),
        near_far=(near, far),
        params={
            "cameraModel": "pinhole",
            "cameraFocalLength": focal * APERTURE / width,
            "cameraAperture": [APERTURE, APERTURE * height / width],
            "cameraNearFar": [near / meters_per_unit, far / meters_per_unit],
            "metersPerSceneUnit": meters_per_unit,
        },
    )


def resized(view: CameraView, resolution: tuple[int, int], *, near: float | None = None) -> CameraView:
    """Return the same view at another size; what it shows to left and right stays the same."""
    scale = resolution[0] / view.width
    return CameraView(
        path=view.path,
        width=resolution[0],
        height=resolution[1],
        world_to_camera=view.world_to_camera,
        focal_px=view.focal_px * scale,
        center_px=(view.center_px[0] * scale, view.center_px[1] * scale),
        near_far=view.near_far if near is None else (near, view.near_far[1]),
    )


def small(resolution: tuple[int, int], edge: int) -> tuple[int, int]:
    """Return a picture's size with its longer edge so long [px], at most as large as it is."""
    scale = min(edge / max(resolution), 1.0)
    return max(round(resolution[0] * scale), 8), max(round(resolution[1] * scale), 8)
