"""Places in the picture ("on the left", "in the background") and in rows ("the leftmost", "the second from the left")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenecap.caption.verify.predicates import MAYBE, NO, YES, Predicates
from scenecap.caption.verify.scene import Scene

_RELATION = {"left": "left", "right": "right", "front": "front", "back": "behind"}
_OPPOSITE = {"left": "right", "right": "left", "front": "back", "back": "front"}
_SIDES = {
    "left": "left",
    "right": "right",
    "top": "top",
    "upper": "top",
    "bottom": "bottom",
    "lower": "bottom",
    "center": "center",
    "centre": "center",
    "middle": "center",
    "front": "front",
    "foreground": "front",
    "back": "back",
    "background": "back",
    "distance": "back",
    "rear": "back",
}


class Places:
    """Judges places.

    Args:
        scene: The frame.
        predicates: Judge of relations.
    """

    def __init__(self, scene: Scene, predicates: Predicates) -> None:
        self._scene = scene
        self._predicates = predicates

    def position(self, candidates: Sequence[int], value: str) -> tuple[int, tuple[int, ...], str]:
        """Return the status of a place in the picture, the candidates that are there, and why.

        "On the left" is what lies in the left half, or leftmost among its like.
        """
        start, *rest = value.split(" ")
        if start not in ("on", "in", "at", "to", "from", "toward", "towards"):
            rest = [start, *rest]
        sides = [_SIDES[word] for word in rest if word in _SIDES]
        if not sides or not candidates:
            return MAYBE, tuple(candidates), "Where that is cannot be told."
        if len(sides) == 1 and sides[0] in _RELATION and len(candidates) > 1:
            best, kept, why = self.extreme(candidates, sides[0], rivals=candidates)
            if best == YES:
                return YES, kept, why
        grades = {index: min(self._at(index, side) for side in sides) for index in candidates}
        best = max(grades.values())
        kept = tuple(index for index, grade in grades.items() if grade == best)
        label = self._scene.entities[kept[0]].label
        return best, kept, f"{label} is {'' if best == YES else 'not '}at the {' '.join(rest)} of the picture."

    def _at(self, index: int, side: str) -> int:
        entity = self._scene.entities[index]
        if entity.observed is None or entity.observed.visibility is None:
            return MAYBE
        view = entity.observed.visibility
        camera, margin = self._scene.frame.camera, self._scene.settings.position_margin
        x = (view.box_tight[0] + view.box_tight[2] + 1) / 2 / max(camera.width, 1)
        y = (view.box_tight[1] + view.box_tight[3] + 1) / 2 / max(camera.height, 1)
        if side == "left":
            return YES if x <= 0.5 + margin else NO
        if side == "right":
            return YES if x >= 0.5 - margin else NO
        if side == "top":
            return YES if y <= 0.5 + margin else NO
        if side == "bottom":
            return YES if y >= 0.5 - margin else NO
        if side == "center":
            inside = abs(x - 0.5) <= 0.25 + margin and abs(y - 0.5) <= 0.3 + margin
            covers = view.box_tight[0] <= camera.width / 2 <= view.box_tight[2]
            return YES if inside or covers else NO
        return self._depth(view.median_depth, side)

    def _depth(self, depth: float | None, side: str) -> int:
        """Judge foreground and background by the depths of all visible objects."""
        depths = [
            entity.observed.visibility.median_depth
            for entity in self._scene.entities
            if entity.observed is not None and entity.observed.visibility is not None
        ]
        known = np.array([value for value in depths if value is not None])
        if depth is None or len(known) < 2 or float(np.ptp(known)) < 1e-6:
            return MAYBE
        share = (depth - known.min()) / float(np.ptp(known))
        if side == "front":
            return YES if share <= 0.55 else NO if share > 0.8 else MAYBE
        return YES if share >= 0.45 else NO if share < 0.2 else MAYBE

    def extreme(
        self, candidates: Sequence[int], which: str, *, rivals: Sequence[int]
    ) -> tuple[int | None, tuple[int, ...], str]:
        """Return the status of "the leftmost ...", who it is, and why; None where there is nothing to tell apart."""
        nodes = [index for index in candidates if self._scene.is_node(index)]
        others = [index for index in rivals if self._scene.is_node(index)]
        if len(nodes) < 2 and len(others) < 2:
            if which in _RELATION and nodes:
                view_grade = self._at(nodes[0], which)
                return (
                    (None, tuple(candidates), "")
                    if view_grade != NO
                    else (MAYBE, tuple(candidates), "There is only one of them.")
                )
            return None, tuple(candidates), ""
        if which in _RELATION:
            table = self._predicates.status(_RELATION[which], nodes, others)
            own = np.array([[one == other for other in others] for one in nodes])
            sure = ((table == YES) | own).all(axis=1)
            perhaps = ((table != NO) | own).all(axis=1)
        elif which in ("largest", "smallest", "tallest", "shortest"):
            values = self._predicates.measure("height" if which in ("tallest", "shortest") else "size")
            sign = 1.0 if which in ("largest", "tallest") else -1.0
            mine, theirs = sign * values[nodes], sign * values[others]
            sure = mine >= theirs.max() - 1e-9
            perhaps = sure
        else:
            heights = self._scene.inventory.boxes_world[:, :, 2].mean(axis=1)
            sign = 1.0 if which == "top" else -1.0
            sure = perhaps = sign * heights[nodes] >= (sign * heights[others]).max() - 1e-9
        kept = sure if sure.any() else perhaps
        found = tuple(index for index, keep in zip(nodes, kept, strict=True) if keep)
        if sure.any():
            return YES, found, f"{self._scene.entities[found[0]].path} is the {which} of {len(others)}."
        if perhaps.any():
            return MAYBE, found, f"Which of {len(others)} is the {which} cannot be told for sure."
        return NO, (), f"None of {len(others)} is the {which}."

    def rank(self, candidates: Sequence[int], rank: int, side: str) -> tuple[int, tuple[int, ...], str]:
        """Return the status of "the second mug from the left", who it is, and why."""
        nodes = [index for index in candidates if self._scene.is_node(index)]
        if side not in _RELATION or rank > len(nodes):
            return NO, (), f"There are {len(nodes)} of them."
        before = self._predicates.status(_RELATION[side], nodes, nodes) == YES
        after = self._predicates.status(_RELATION[_OPPOSITE[side]], nodes, nodes) == YES
        counts = before.sum(axis=0)
        certain = counts + after.sum(axis=0) == len(nodes) - 1
        found = tuple(index for k, index in enumerate(nodes) if counts[k] == rank - 1 and certain[k])
        if found:
            return YES, found, f"{self._scene.entities[found[0]].path} is number {rank} from the {side}."
        loose = tuple(index for k, index in enumerate(nodes) if counts[k] <= rank - 1)
        return MAYBE, loose or tuple(nodes), f"Which is number {rank} from the {side} cannot be told for sure."
