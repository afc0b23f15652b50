"""Frames of CLEVR's scenes straight from their JSON: analytic ray casting, so that no part of the capture is needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from scenecap.contract import (
    CameraView,
    Frame,
    LabelSource,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
    footprint_directions,
)
from tests.ground_truth.clevr_stage import FOCAL_PX, HEIGHT, WIDTH, fit_camera


def camera_of(scene: dict[str, Any]) -> CameraView:
    """The camera fitted to 3d_coords and pixel_coords."""
    axes, center = fit_camera(scene)
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3], camera_to_world[3, :3] = axes, center
    return CameraView("/Camera", WIDTH, HEIGHT, np.linalg.inv(camera_to_world), FOCAL_PX, (WIDTH / 2, HEIGHT / 2))


def frame_of(scene: dict[str, Any]) -> Frame:
    """Build the frame of a scene: boxes, footprints, and what each pixel's ray hits first."""
    camera = camera_of(scene)
    depths = np.stack([_depth(obj, camera) for obj in scene["objects"]])
    nearest = depths.min(axis=0)
    objects = []
    for index, obj in enumerate(scene["objects"]):
        mine = np.isfinite(depths[index]) & (depths[index] == nearest)
        alone = np.isfinite(depths[index])
        visibility = None
        if mine.any():
            visibility = Visibility(
                box_tight=_box(mine),
                box_loose=_box(alone),
                visible_px=int(mine.sum()),
                unoccluded_px=int(alone.sum()),
                occlusion=1.0 - float(mine.sum() / alone.sum()),
                truncated=False,
                median_depth=float(np.median(depths[index][mine])),
            )
        half = obj["3d_coords"][2]
        angle = np.radians(obj["rotation"])
        matrix = np.eye(4)
        matrix[:2, :2] = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
        matrix[3, :3] = obj["3d_coords"]
        center = np.array(obj["3d_coords"])
        rounded = obj["shape"] != "cube"
        objects.append(
            ObservedObject(
                path=f"/World/Object_{index}",
                label=obj["shape"],
                label_source=LabelSource.AUTHORED,
                box_local=np.array([[-half] * 3, [half] * 3]),
                object_to_world=matrix,
                aabb_world=np.stack([center - half, center + half]) if rounded else None,
                footprint_world=footprint_directions() @ center[:2] + half if rounded else None,
                visibility=visibility,
            )
        )
    floor = RoomElement("/World/Floor", RoomKind.FLOOR, "floor", np.array([[-20, -20, 0], [20, 20, 0]]))
    return Frame("clevr", camera, tuple(objects), room=(floor,))


def _depth(obj: dict[str, Any], camera: CameraView) -> np.ndarray:
    """(H, W) distance to the image plane of one object's surface, inf where its pixel rays miss it."""
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    rays = np.stack([(x - WIDTH / 2) / FOCAL_PX, (HEIGHT / 2 - y) / FOCAL_PX, -np.ones_like(x)], axis=-1)
    rays = rays @ camera.camera_to_world[:3, :3]  # one unit of a ray is one metre of distance to the image plane
    start = camera.position_world - np.array(obj["3d_coords"])
    half = obj["3d_coords"][2]
    if obj["shape"] == "cube":
        angle = np.radians(obj["rotation"])
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
        start, rays = start @ turn, rays @ turn
    with np.errstate(divide="ignore", invalid="ignore"):
        if obj["shape"] == "sphere":
            near, far = _quadratic((rays**2).sum(-1), (rays * start).sum(-1), (start**2).sum() - half**2)
        elif obj["shape"] == "cube":
            near, far = _slabs(start, rays, half)
        else:
            flat = rays[..., :2]
            near, far = _quadratic((flat**2).sum(-1), (flat * start[:2]).sum(-1), (start[:2] ** 2).sum() - half**2)
            low, high = _slabs(start[2:], rays[..., 2:], half)
            near, far = np.fmax(near, low), np.fmin(far, high)
    return np.where((near <= far) & (near > 0), near, np.inf)


def _quadratic(a: np.ndarray, b: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    root = np.sqrt(np.where(b * b - a * c >= 0, b * b - a * c, np.nan))
    near, far = (-b - root) / a, (-b + root) / a
    return np.where(np.isnan(near), np.inf, near), np.where(np.isnan(far), -np.inf, far)


def _slabs(start: np.ndarray, rays: np.ndarray, half: float) -> tuple[np.ndarray, np.ndarray]:
    one, two = (-half - start) / rays, (half - start) / rays
    return np.minimum(one, two).max(axis=-1), np.maximum(one, two).min(axis=-1)


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])
