"""What goes with what: which gprims and entities follow an object, and what stands on, lies in or hangs from it."""

from __future__ import annotations

import functools
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.capture.variation.model import anchor
from scenecap.capture.world import Moment, StageWorld
from scenecap.contract import Contact, ContactKind
from scenecap.stage.model import Role, StageEntity
from scenecap.stage.selector import selects

#: Times from a stage's first to its last at which it is looked at for what moves.
_TIMES = 33


@dataclass(frozen=True, eq=False)
class OverTime:
    """What gprims do while time goes by.

    Attributes:
        moving: (G,) bool, gprims that move, change, come or go.
        reach: (G, 2, 3) boxes [m] of all that they fill.
        times: (T,) time codes that were looked at.
        rows: (R,) gprims that move.
        places: (T, R, 4, 4) their local units -> world [m]; nan where one is not drawn.
    """

    moving: np.ndarray
    reach: np.ndarray
    times: np.ndarray
    rows: np.ndarray
    places: np.ndarray


def look_over_time(world: StageWorld, moment: Moment) -> OverTime:
    """Find out what moves, from the stage as authored.

    Args:
        world: The stage.
        moment: The stage as authored, at its start.
    """
    state, reach, opened = moment.state, moment.bounds.copy(), world.open_stage
    moving = np.array([world.geometry.varies(gprim) for gprim in world.walk.gprims], dtype=bool)
    if world.is_static:
        return OverTime(moving, reach, np.zeros(0), np.zeros(0, np.int64), np.zeros((0, 0, 4, 4)))
    moving |= np.isin(world.followed, np.flatnonzero(world.own_motion))
    times = np.unique(np.linspace(opened.start, opened.end, _TIMES))
    states = [world.walk.evaluate(float(time)) for time in times]
    for later in states:
        shifted = (later.local_to_world != state.local_to_world).any(axis=(1, 2))
        moving |= (later.drawn != state.drawn) | (later.drawn & shifted)
    rows = np.flatnonzero(moving)
    places = np.full((len(times), len(rows), 4, 4), np.nan)
    for at, later in enumerate(states):
        places[at, later.drawn[rows]] = later.local_to_world[rows[later.drawn[rows]]]
        found, _ = world.geometry.extremes_world(world.walk, later, rows=rows)
        reach[rows, 0], reach[rows, 1] = np.fmin(reach[rows, 0], found[:, 0]), np.fmax(reach[rows, 1], found[:, 1])
    return OverTime(moving, reach, times, rows, places)


class Rigging:
    """A stage as it was authored, seen as things that can be moved and taken away.

    Args:
        world: The stage.
        moment: The stage as authored, at its start.

    Attributes:
        objects: Objects that are there and no parts of others, in the order of paths.
        contacts: What touches what.
    """

    def __init__(self, world: StageWorld, moment: Moment) -> None:
        self.world = world
        self.moment = moment
        there = {item.path for item in moment.objects}
        self._entities = {entity.path: entity for entity in world.discovery.entities}
        self.objects: tuple[StageEntity, ...] = tuple(
            entity
            for entity in world.discovery.entities
            if entity.role is Role.OBJECT and entity.part_of is None and entity.path in there
        )
        self.contacts: tuple[Contact, ...] = moment.contacts
        self._supports: dict[str, list[Contact]] = {}
        self._carried: dict[str, list[str]] = {}
        for contact in moment.contacts:
            self._supports.setdefault(contact.child, []).append(contact)
            self._carried.setdefault(contact.parent, []).append(contact.child)

    def chosen(self, selectors: Sequence[str]) -> list[StageEntity]:
        """Return the objects that any of some selectors means."""
        return [item for item in self.objects if any(selects(selector, item) for selector in selectors)]

    def holders(self, path: str) -> tuple[Contact, ...]:
        """Return the contacts by which an object, or what belongs to it, is held by something else."""
        load = set(self.load(path))
        return tuple(item for one in self.kin(path) for item in self._supports.get(one, ()) if item.parent not in load)

    def contacts_of(self, path: str) -> tuple[Contact, ...]:
        """Return the contacts by which one body is held."""
        return tuple(self._supports.get(path, ()))

    def is_tied(self, path: str) -> bool:
        """Whether something that an object carries is also held by something that would stay."""
        load, kin = set(self.load(path)), set(self.kin(path))
        return any(item.parent not in load for one in load - kin for item in self._supports.get(one, ()))

    def carries(self, path: str) -> bool:
        """Whether anything stands on, lies in or hangs from an object."""
        kin = set(self.kin(path))
        return any(child not in kin for one in kin for child in self._carried.get(one, ()))

    def kin(self, path: str) -> tuple[str, ...]:
        """Return an object and what belongs to it: parts and ghosts at prims below it."""
        return (path, *self._below.get(path, ()))

    def load(self, path: str) -> tuple[str, ...]:
        """Return an object and all that it carries, directly or not, with what belongs to each, in the order of paths."""
        found: set[str] = set()
        waiting = [path]
        while waiting:
            for one in self.kin(waiting.pop()):
                if one not in found:
                    found.add(one)
                    waiting += self._carried.get(one, ())
        return tuple(sorted(found))

    def upwards(self, paths: Iterable[str]) -> list[str]:
        """Return objects so that each comes after all that it stands on, directly or not, and else in the order of paths."""
        wanted = set(paths)
        known = wanted | set(self._supports) | set(self._carried)
        waiting = {path: {item.parent for item in contacts} for path, contacts in self._supports.items()}
        ready = sorted(path for path in known if not waiting.get(path))
        ordered: list[str] = []
        while ready:
            path = heapq.heappop(ready)
            ordered.append(path)
            for child in set(self._carried.get(path, ())):
                waiting[child].discard(path)
                if not waiting[child]:
                    heapq.heappush(ready, child)
        ordered += sorted(known - set(ordered))  # what holds itself up in a ring
        return [path for path in ordered if path in wanted]

    def rows(self, paths: Iterable[str]) -> np.ndarray:
        """Return the gprims, in order, that go with some entities and are drawn."""
        found = [self._rows[path] for path in set(paths) if path in self._rows]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *found]))

    @functools.cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        followed = np.where(self.moment.state.drawn, self.world.followed, -1)
        order = np.argsort(followed, kind="stable")
        entities = self.world.discovery.entities
        starts = np.searchsorted(followed[order], np.arange(len(entities) + 1))
        return {item.path: order[starts[index] : starts[index + 1]] for index, item in enumerate(entities)}

    @functools.cached_property
    def obstacles(self) -> np.ndarray:
        """(G,) bool, gprims that others must not run into: all that is solid, whether it belongs to something or not."""
        return (self.moment.slot_of_gprim >= 0) & np.isfinite(self.moment.bounds).all(axis=(1, 2))

    @functools.cached_property
    def _below(self) -> dict[str, list[str]]:
        below: dict[str, list[str]] = {}
        for path, entity in self._entities.items():
            if entity.role is Role.ROOM:
                continue
            above = anchor(path[: max(path.rfind("/"), path.rfind("["), 0)], self._entities)
            while above is not None:
                below.setdefault(above, []).append(path)
                above = anchor(above[: max(above.rfind("/"), above.rfind("["), 0)], self._entities)
        return below


def rests(contact: Contact) -> bool:
    """Whether a contact is one of resting on or lying in something, which a move in the plane may keep."""
    return contact.kind in (ContactKind.SUPPORT, ContactKind.INSIDE)
