"""Keep contacts up to date while things move: only what came near something that moved is looked at again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from scenecap.capture.contacts import ContactBody, ContactSettings, find_contacts
from scenecap.contract import Contact, ContactKind

#: Bodies further apart than this [m] beyond the tolerances do not touch.
_MARGIN = 5e-3
_KIND_ORDER = {kind: place for place, kind in enumerate(ContactKind)}


class ContactTracker:
    """Contacts of a stage's bodies over time, equal to those of :func:`find_contacts` on all bodies at each time.

    What touches what depends only on bodies whose boxes come near each other, and room elements are parents only. So bodies
    fall into groups, and only groups that hold, or held, a changed body are searched again.

    Args:
        settings: Tolerances.
    """

    def __init__(self, settings: ContactSettings) -> None:
        self._settings = settings
        self._reach = max(settings.tolerance_max, settings.tolerance_min, settings.touch_distance) + _MARGIN
        self._group_of: dict[str, int] = {}
        self._contacts: tuple[Contact, ...] | None = None

    def update(self, bodies: Sequence[ContactBody], *, changed: set[str]) -> tuple[Contact, ...]:
        """Return all contacts.

        Args:
            bodies: Objects and room elements that are there now.
            changed: Paths of bodies that moved, changed their shape, came or went since the last call.
        """
        movable = [body for body in bodies if not body.is_room]
        groups = self._groups(movable)
        if self._contacts is None or any(body.is_room and body.path in changed for body in bodies):
            self._contacts = find_contacts(bodies, settings=self._settings)
        else:
            gone = changed - {body.path for body in bodies}
            stale_now = {groups[path] for path in changed if path in groups}
            stale_before = {self._group_of[path] for path in changed if path in self._group_of}
            again = {
                body.path
                for body in movable
                if groups[body.path] in stale_now or self._group_of.get(body.path, -1) in stale_before
            }
            # A group that was left behind must be whole: pull in everything that is near it now.
            again |= {path for path, group in groups.items() if group in {groups[member] for member in again}}
            searched = find_contacts([body for body in bodies if body.is_room or body.path in again], settings=self._settings)
            kept = [item for item in self._contacts if item.child not in again and item.child not in gone]
            self._contacts = tuple(
                sorted([*kept, *searched], key=lambda item: (item.child, _KIND_ORDER[item.kind], item.parent))
            )
        self._group_of = groups
        return self._contacts

    def _groups(self, bodies: Sequence[ContactBody]) -> dict[str, int]:
        """Return the number of each body's group: bodies whose boxes come within reach of each other, directly or not."""
        boxes = np.array([body.aabb_world for body in bodies], dtype=np.float64).reshape(-1, 2, 3)
        first, second = _near_pairs(boxes, self._reach)
        graph = coo_matrix((np.ones(len(first), dtype=bool), (first, second)), shape=(len(bodies), len(bodies)))
        _, number = connected_components(graph, directed=False)
        return {body.path: int(group) for body, group in zip(bodies, number, strict=True)}


def _near_pairs(boxes: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Return indices of pairs of boxes within reach, by a sweep along x."""
    order = np.argsort(boxes[:, 0, 0], kind="stable")
    low, high = boxes[order, 0] - reach / 2, boxes[order, 1] + reach / 2
    stop = np.searchsorted(low[:, 0], high[:, 0], side="right")
    counts = np.maximum(stop - np.arange(len(order)) - 1, 0)
    first = np.repeat(np.arange(len(order)), counts)
    second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    near = ((low[first, 1:] <= high[second, 1:]) & (low[second, 1:] <= high[first, 1:])).all(axis=1)
    return order[first[near]], order[second[near]]
