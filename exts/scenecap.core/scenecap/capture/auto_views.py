"""Place cameras in a stage that has none: views from above and the side that show as much as possible.

Candidates stand around the objects at several heights and distances. Each is judged by a small picture from the rasteriser:
how many objects it shows, how well and how whole. A candidate in a wall or behind one shows little and is passed over.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.contract import CameraView
from scenecap.stage.cameras import look_at

#: Horizontal angle of view [degrees] and aperture [mm] of placed cameras: a mild wide angle.
FIELD_OF_VIEW = 55.0
APERTURE = 20.955

_AZIMUTHS = tuple(range(0, 360, 30))
_ELEVATIONS = (30.0, 50.0)
_DISTANCES = (1.0, 0.6)
#: The first view looks from this azimuth where nothing speaks against it: front right, as product pictures do.
_PREFERRED = -60.0
_MARGIN = 1.08
#: Two views are at least this far apart [degrees], if there are enough good ones.
_SPREAD = 50.0
#: Number of triangles above which fewer candidates are judged.
_MANY_TRIANGLES = 1_000_000

#: What a small picture of a candidate is worth: 0 (nothing seen) to 1 (every object seen whole).
Judge = Callable[[CameraView], float]


@dataclass(frozen=True)
class _Candidate:
    view: CameraView
    azimuth: float
    elevation: float
    worth: float


def auto_views(
    boxes_world: np.ndarray,
    *,
    count: int,
    resolution: tuple[int, int],
    judge: Judge,
    room_world: np.ndarray | None = None,
    triangles: int = 0,
) -> list[CameraView]:
    """Place views, best first, named ``/auto/0``, ``/auto/1``, ...

    Args:
        boxes_world: (N, 2, 3) boxes of the objects [m].
        count: Number of views.
        resolution: Width and height [px].
        judge: Says what a candidate (at its own, smaller resolution) is worth.
        room_world: (2, 3) box of the room [m]: cameras stay inside it, where it has walls.
        triangles: Number of triangles drawn, which decides how many candidates are affordable.

    Returns:
        At most ``count`` views; none where nothing is to be seen.
    """
    boxes = boxes_world[np.isfinite(boxes_world).all(axis=(1, 2))]
    if not len(boxes) or count < 1:
        return []
    focus = _focus(boxes)
    small = _small(resolution)
    azimuths = _AZIMUTHS if triangles < _MANY_TRIANGLES else _AZIMUTHS[::2]
    candidates = []
    for elevation, distance, azimuth in itertools.product(_ELEVATIONS, _DISTANCES, azimuths):
        view = _place(focus, azimuth + _PREFERRED, elevation, distance, small, room_world)
        worth = judge(view)
        if worth > 0:
            worth -= 0.02 * _apart(azimuth, 0.0) / 180.0 + (0.03 if distance < 1.0 else 0.0)
            candidates.append(_Candidate(view, azimuth, elevation, worth))
    chosen = _choose(candidates, count)
    return [_named(_resized(candidate.view, resolution), number) for number, candidate in enumerate(chosen)]


def _focus(boxes: np.ndarray) -> np.ndarray:
    """Return (N, 3) corners of the boxes to look at: all objects, without the few that lie far from the others."""
    centers = boxes.mean(axis=1)
    middle = np.median(centers, axis=0)
    away = np.linalg.norm(centers - middle, axis=1)
    near = away <= max(4.0 * float(np.median(away)), 1e-3)
    kept = boxes[near] if near.sum() >= 0.5 * len(boxes) else boxes
    which = np.array(list(itertools.product((0, 1), repeat=3)))
    return kept[:, which, np.arange(3)].reshape(-1, 3)


def _place(
    points: np.ndarray,
    azimuth: float,
    elevation: float,
    distance: float,
    resolution: tuple[int, int],
    room: np.ndarray | None,
) -> CameraView:
    """Return a view from a direction that just frames all points (from ``distance`` times as far).

    For a fixed direction the nearest camera that frames points is known in closed form: in camera axes, a point is inside
    the left and right edges of the picture where ``|x - x0| <= s (z0 - z)``, which is linear in ``x0`` and ``z0``.
    """
    turn, lift = math.radians(azimuth), math.radians(elevation)
    outwards = np.array([math.cos(turn) * math.cos(lift), math.sin(turn) * math.cos(lift), math.sin(lift)])
    width, height = resolution
    focal = 0.5 * width / math.tan(math.radians(FIELD_OF_VIEW) / 2.0)
    axes = look_at(outwards, np.zeros(3))[:3, :3].T  # rows: the camera's x, y, z in world
    local = points @ axes.T
    position = np.zeros(3)
    for axis, half in ((0, 0.5 * width), (1, 0.5 * height)):
        slope = half / (_MARGIN * focal)
        high = float((local[:, axis] + slope * local[:, 2]).max())
        low = float((local[:, axis] - slope * local[:, 2]).min())
        position[axis] = 0.5 * (high + low)
        needed = 0.5 * (high - low) / slope
        position[2] = needed if axis == 0 else max(position[2], needed)
    target = np.array([position[0], position[1], 0.5 * (local[:, 2].max() + local[:, 2].min())])
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    away = max(float(position[2] - target[2]) * distance, 0.3 * size, 0.05)
    target_world = target @ axes
    if room is not None:
        away = min(away, _room_limit(target_world, outwards, room))
    return CameraView(
        path="/auto",
        width=width,
        height=height,
        world_to_camera=look_at(target_world + outwards * away, target_world),
        focal_px=focal,
        center_px=(width / 2.0, height / 2.0),
        near_far=(max(0.002 * away, 1e-4), max(1000.0 * away, 1000.0)),
    )


def _room_limit(center: np.ndarray, outwards: np.ndarray, room: np.ndarray) -> float:
    """Return how far from the centre a camera may go before it leaves the room (with 5 % to spare)."""
    limit = math.inf
    for axis in range(3):
        if abs(outwards[axis]) > 1e-9:
            wall = room[1, axis] if outwards[axis] > 0 else room[0, axis]
            reach = (wall - center[axis]) / outwards[axis]
            if reach > 0:
                limit = min(limit, 0.95 * float(reach))
    return limit


def _choose(candidates: Sequence[_Candidate], count: int) -> list[_Candidate]:
    """Take the best candidates, each well apart from those before it as long as that leaves something."""
    left = sorted(candidates, key=lambda item: (-round(item.worth, 6), item.azimuth, item.elevation))
    chosen: list[_Candidate] = []
    while left and len(chosen) < count:
        apart = [item for item in left if all(_apart(item.azimuth, other.azimuth) >= _SPREAD for other in chosen)]
        best = (apart or left)[0]
        # A poor view from a new side is worth less than a good one near another.
        if apart and best.worth < 0.5 * left[0].worth:
            best = left[0]
        chosen.append(best)
        left.remove(best)
    return chosen


def _apart(a: float, b: float) -> float:
    return abs((a - b + 180.0) % 360.0 - 180.0)


def _small(resolution: tuple[int, int]) -> tuple[int, int]:
    scale = 160.0 / max(resolution)
    return max(round(resolution[0] * scale), 8), max(round(resolution[1] * scale), 8)


def _resized(view: CameraView, resolution: tuple[int, int]) -> CameraView:
    width, height = resolution
    focal = 0.5 * width / math.tan(math.radians(FIELD_OF_VIEW) / 2.0)
    return CameraView(
        path=view.path,
        width=width,
        height=height,
        world_to_camera=view.world_to_camera,
        focal_px=focal,
        center_px=(width / 2.0, height / 2.0),
        near_far=view.near_far,
        params={
            "cameraModel": "pinhole",
            "cameraFocalLength": focal * APERTURE / width,
            "cameraAperture": [APERTURE, APERTURE * height / width],
        },
    )


def _named(view: CameraView, number: int) -> CameraView:
    return CameraView(
        f"/auto/{number}",
        view.width,
        view.height,
        view.world_to_camera,
        view.focal_px,
        view.center_px,
        view.near_far,
        view.params,
    )
