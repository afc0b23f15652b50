"""Place cameras in a stage that has none: views from above and the side that show as much as possible.

Candidates stand around the objects at several heights and distances. Each is judged by a small picture from the rasteriser:
how many objects it shows, how well and how whole. A candidate in a wall or behind one shows little and is passed over.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.capture.viewpoints.framing import corners_of, fit, focal_px, near_boxes, outwards, placed_camera, reach_in, small
from scenecap.contract import CameraView
from scenecap.stage.cameras import look_at

#: Horizontal angle of view [degrees] of placed cameras: a mild wide angle.
FIELD_OF_VIEW = 55.0

_AZIMUTHS = tuple(range(0, 360, 30))
_ELEVATIONS = (30.0, 50.0)
_DISTANCES = (1.0, 0.6)
#: The first view looks from this azimuth where nothing speaks against it: front right, as product pictures do.
_PREFERRED = -60.0
#: Candidates are judged in a picture with this longer edge [px].
_JUDGED_EDGE = 160
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
    meters_per_unit: float = 1.0,
) -> list[CameraView]:
    """Place views, best first, named ``/auto/0``, ``/auto/1``, ...

    Args:
        boxes_world: (N, 2, 3) boxes of the objects [m].
        count: Number of views.
        resolution: Width and height [px].
        judge: Says what a candidate (at its own, smaller resolution) is worth.
        room_world: (2, 3) box of the room [m]: cameras stay inside it, where it has walls.
        triangles: Number of triangles drawn, which decides how many candidates are affordable.
        meters_per_unit: Of the stage, for the values in files that are in its units.

    Returns:
        At most ``count`` views; none where nothing is to be seen.
    """
    boxes = boxes_world[np.isfinite(boxes_world).all(axis=(1, 2))]
    if not len(boxes) or count < 1:
        return []
    points = corners_of(near_boxes(boxes))
    tiny = small(resolution, _JUDGED_EDGE)
    azimuths = _AZIMUTHS if triangles < _MANY_TRIANGLES else _AZIMUTHS[::2]
    candidates = []
    for elevation, distance, azimuth in itertools.product(_ELEVATIONS, _DISTANCES, azimuths):
        direction = outwards(azimuth + _PREFERRED, elevation)
        view = _place(points, direction, distance, tiny, room_world, meters_per_unit)
        worth = judge(view)
        if worth > 0:
            worth -= 0.02 * _apart(azimuth, 0.0) / 180.0 + (0.03 if distance < 1.0 else 0.0)
            candidates.append(_Candidate(view, azimuth, elevation, worth))
    chosen = _choose(candidates, count)
    return [
        placed_camera(
            f"/auto/{number}",
            candidate.view.world_to_camera,
            resolution=resolution,
            field_of_view=FIELD_OF_VIEW,
            near=candidate.view.near_far[0],
            far=candidate.view.near_far[1],
            meters_per_unit=meters_per_unit,
        )
        for number, candidate in enumerate(chosen)
    ]


def _place(
    points: np.ndarray,
    towards_camera: np.ndarray,
    distance: float,
    resolution: tuple[int, int],
    room: np.ndarray | None,
    meters_per_unit: float,
) -> CameraView:
    """Return a view from a direction that just frames all points (from ``distance`` times as far)."""
    width, height = resolution
    framed = fit(points, towards_camera, width=width, height=height, focal=focal_px(width, FIELD_OF_VIEW))
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    away = max(framed.distance * distance, 0.3 * size, 0.05)
    if room is not None:
        away = min(away, reach_in(room, framed.target, towards_camera))
    return placed_camera(
        "/auto",
        look_at(framed.target + towards_camera * away, framed.target),
        resolution=resolution,
        field_of_view=FIELD_OF_VIEW,
        near=max(0.002 * away, 1e-4),
        far=max(1000.0 * away, 1000.0),
        meters_per_unit=meters_per_unit,
    )


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
