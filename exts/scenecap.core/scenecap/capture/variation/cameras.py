"""Draw how far a camera strays in a variation."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scenecap.capture.variation.settings import CameraJitter
from scenecap.capture.viewpoints.judge import Judge
from scenecap.contract import CameraView, Change, ChangeKind
from scenecap.stage.draws import Draws


@dataclass(frozen=True)
class CameraShift:
    """How a camera differs from the authored one, at all times.

    Attributes:
        offset: (3,) along the camera's own right, up and back [m].
        turn: To the left, up, and counter-clockwise about the view direction as the camera sees it [degrees]; in this order.
        zoom: Factor of the focal length.
        rejected: How many draws broke a rule before.
        given_up: Whether no draw would do; the camera is then the authored one.
    """

    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    zoom: float = 1.0
    rejected: int = 0
    given_up: bool = False

    def applied(self, view: CameraView) -> CameraView:
        """Return a view, shifted."""
        left, up, roll = map(math.radians, self.turn)
        motion = np.eye(4)
        motion[:3, :3] = _turn(2, roll) @ _turn(0, up) @ _turn(1, left)
        motion[3, :3] = self.offset
        focal = view.params.get("cameraFocalLength")
        params = {**view.params, "cameraFocalLength": focal * self.zoom} if isinstance(focal, float) else view.params
        return dataclasses.replace(
            view,
            world_to_camera=view.world_to_camera @ np.linalg.inv(motion),
            focal_px=view.focal_px * self.zoom,
            params=params,
        )

    def change(self, path: str) -> Change:
        """Return what was drawn, for the dataset."""
        return Change(ChangeKind.CAMERA, path, {"offset": list(self.offset), "turn": list(self.turn), "zoom": self.zoom})


def draw_camera(view: CameraView, settings: CameraJitter, judge: Judge, *, draws: Callable[..., Draws]) -> CameraShift:
    """Draw how one camera strays.

    A draw is turned down for a rule of viewpoints that the camera itself keeps; what its author let it break, it may.

    Args:
        view: The camera as it is in the varied stage at the stage's start.
        settings: How far.
        judge: Holds views of the varied stage against the rules.
        draws: The random numbers.
    """
    allowed = set(judge.broken(view))
    for attempt in range(settings.attempts):
        source = draws("camera", view.path, attempt)
        offset = np.round(source.ball(settings.position), 4) + 0.0
        left, up = (round(source.between(-settings.turn, settings.turn), 2) + 0.0 for _ in range(2))
        roll = round(source.between(-settings.roll, settings.roll), 2) + 0.0
        zoom = round(source.factor(*settings.zoom), 4)
        shift = CameraShift(tuple(offset.tolist()), (left, up, roll), zoom, rejected=attempt)
        if all(rule in allowed for rule in judge.broken(shift.applied(view))):
            return shift
    return CameraShift(rejected=settings.attempts, given_up=True)


def _turn(axis: int, angle: float) -> np.ndarray:
    """Return (3, 3) for row vectors: a turn about an axis by the right-hand rule."""
    matrix = np.eye(3)
    one, other = (axis + 1) % 3, (axis + 2) % 3
    matrix[one, one] = matrix[other, other] = math.cos(angle)
    matrix[one, other], matrix[other, one] = math.sin(angle), -math.sin(angle)
    return matrix
