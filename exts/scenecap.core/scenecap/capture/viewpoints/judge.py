"""The rules that turn viewpoints down, in the order in which they are held against a view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scenecap.capture.raster import RasterResult
from scenecap.capture.viewpoints.framing import resized, small
from scenecap.capture.viewpoints.settings import RejectionSettings, Rule
from scenecap.capture.viewpoints.surroundings import Surroundings
from scenecap.contract import CameraView


@dataclass(frozen=True)
class Demand:
    """What one view has to show besides what the rules ask of all.

    Attributes:
        slots: Slots of the objects that it looks at; one of them must be seen. None: it looks at no object.
        min_visible: Least share of the first of them that others do not hide.
        share: Share of the picture that the first of them is to cover, hidden or not; 0 for any.
        tolerance: How far from that the share may be, relative to it.
        clearance: Least distance from any geometry [m].
    """

    slots: tuple[int, ...] | None = None
    min_visible: float = 0.0
    share: float = 0.0
    tolerance: float = 0.25
    clearance: float = 0.0


class Judge:
    """Holds viewpoints against the rules.

    Args:
        surroundings: What is there.
        rules: The rules.
    """

    def __init__(self, surroundings: Surroundings, rules: RejectionSettings) -> None:
        self._around = surroundings
        self._rules = rules

    def view(self, view: CameraView, demand: Demand | None = None) -> Rule | None:
        """Return the first rule that a view breaks, or None.

        Args:
            view: At any size; it is measured on a small picture.
            demand: What it has to show.
        """
        return next(self.broken(view, demand), None)

    def broken(self, view: CameraView, demand: Demand | None = None) -> Iterator[Rule]:
        """Yield the rules that a view breaks, in order. Arguments as :meth:`view`."""
        demand = demand or Demand()
        yield from self._place(view.position_world, demand.clearance)
        yield from self._picture(view, demand)

    def _place(self, position: np.ndarray, clearance: float) -> Iterator[Rule]:
        """Yield the rules that a camera's place breaks, whatever it looks at."""
        if self._rules.outside_room and self._around.is_outside_room(position):
            yield Rule.OUTSIDE_ROOM
        if self._rules.inside_geometry and self._around.is_inside(position):
            yield Rule.INSIDE_GEOMETRY
        limit = max(clearance, self._rules.clearance)
        if limit > 0.0 and self._around.clearance(position, limit=limit) < limit:
            yield Rule.TOO_CLOSE

    def _picture(self, view: CameraView, demand: Demand) -> Iterator[Rule]:
        rules = self._rules
        tiny = resized(view, small((view.width, view.height), rules.edge))
        result = self._around.look(tiny)
        pixels = float(tiny.width * tiny.height)
        if (result.gprim >= 0).mean() < rules.min_covered:
            yield Rule.TOO_LITTLE_IN_VIEW
        seen = result.visible_px[self._around.slots] / pixels
        least = max(rules.min_object_share, 0.5 / pixels)
        if int((seen >= least).sum()) < rules.min_objects:
            yield Rule.TOO_FEW_OBJECTS
        wanted = demand.share * (1.0 + demand.tolerance)
        if len(seen) and seen.max() > max(rules.max_object_share, wanted):
            yield Rule.ONE_OBJECT_FILLS
        if rules.max_hidden_by_room < 1.0 and self._around.hidden_by_room(tiny, result) > rules.max_hidden_by_room:
            yield Rule.HIDDEN_BY_ROOM
        if self._around.back_faces(tiny, result) > rules.max_back_faces:
            yield Rule.BACK_FACES
        missed = _target(result, demand, pixels)
        if missed is not None:
            yield missed


def _target(result: RasterResult, demand: Demand, pixels: float) -> Rule | None:
    if demand.slots is None:
        return None
    visible, alone = result.visible_px[list(demand.slots)], result.unoccluded_px[list(demand.slots)]
    if not visible.any() or visible[0] < demand.min_visible * alone[0]:
        return Rule.TARGET_NOT_SEEN
    if demand.share and abs(alone[0] / pixels - demand.share) > demand.tolerance * demand.share:
        return Rule.SHARE_NOT_REACHED
    return None
