"""Where the cameras of a turntable stand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenecap.capture.viewpoints.framing import fit, focal_px, outwards, placed_camera
from scenecap.contract import CameraView
from scenecap.stage.cameras import look_at

#: Horizontal angle of view [degrees]: a long lens, under which shapes keep their proportions.
FIELD_OF_VIEW = 24.0
#: Views in the order in which they are taken: (azimuth from the front, elevation) [degrees]. Four quarter views first, which
#: show two sides and the top each; a low one of the front and one from above tell what these leave open.
_VIEWS = ((30.0, 22.0), (120.0, 22.0), (210.0, 22.0), (300.0, 22.0), (0.0, 15.0), (10.0, 70.0), (180.0, 15.0), (60.0, 45.0))
#: Fewest and most views.
MIN_VIEWS, MAX_VIEWS = 4, len(_VIEWS)
#: Height as a share of the longer ground edge below which a thing lies flat: it is then looked at from higher up.
_FLAT = 0.15
_FLAT_LIFT = 25.0


@dataclass(frozen=True)
class TurntableView:
    """One view.

    Attributes:
        camera: The camera.
        azimuth: From which side [degrees], counter-clockwise from world +x.
        meters_per_px: What a pixel spans in the middle of the asset [m].
    """

    camera: CameraView
    azimuth: float
    meters_per_px: float


def turntable_views(
    points: np.ndarray, *, front: float, count: int, edge: int, meters_per_unit: float = 1.0
) -> tuple[TurntableView, ...]:
    """Place cameras around an asset so that it just fits into each square picture.

    Args:
        points: (N, 3) of its surface, in world [m].
        front: Azimuth of its front [degrees], counter-clockwise from world +x.
        count: Number of views.
        edge: Of the pictures [px].
        meters_per_unit: Of the stage.
    """
    size = np.ptp(points, axis=0)
    extent = max(float(np.linalg.norm(size)), 1e-6)
    lift = _FLAT_LIFT if size[2] < _FLAT * max(size[0], size[1]) else 0.0
    focal = focal_px(edge, FIELD_OF_VIEW)
    views = []
    for number, (turn, elevation) in enumerate(_VIEWS[:count]):
        azimuth = front + turn
        towards = outwards(azimuth, min(elevation + lift, 75.0))
        found = fit(points, towards, width=edge, height=edge, focal=focal)
        distance = max(found.distance, 0.75 * extent)
        camera = placed_camera(
            f"/turntable/{number}",
            look_at(found.target + towards * distance, found.target),
            resolution=(edge, edge),
            field_of_view=FIELD_OF_VIEW,
            near=1e-3 * distance,
            far=1e3 * distance,
            meters_per_unit=meters_per_unit,
        )
        views.append(TurntableView(camera, azimuth, distance / focal))
    return tuple(views)


def front_of(object_to_world: np.ndarray) -> float:
    """Return the azimuth [degrees] that an asset's front most likely has: its own -y, as USD assets with z up are built.

    Args:
        object_to_world: (4, 4), the asset's frame -> world. Where its x axis stands upright, its y axis decides.
    """
    x, y = object_to_world[0, :3], object_to_world[1, :3]
    if np.hypot(x[0], x[1]) >= 0.5 * np.linalg.norm(x) > 0:
        return math.degrees(math.atan2(x[1], x[0])) - 90.0
    return math.degrees(math.atan2(y[1], y[0])) + 180.0
