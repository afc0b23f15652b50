"""Which worker gets what next. Pure bookkeeping: no process, no clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from scenecap.run.batch.expand import scene_name
from scenecap.run.executors.base import MAX_OPEN, UnitShare, UnitWork
from scenecap.run.executors.messages import Answer, Expand, Expanded, Make, Order, Reported
from scenecap.run.make_frame import failed_report
from scenecap.run.unit import Expansion, Unit


class Schedule(Protocol):
    """Orders that are waiting, for the supervisor of the workers."""

    @property
    def waiting(self) -> int:
        """Number of orders that nobody has."""
        ...

    def take(self, worker: int) -> Order | None:
        """Return the best order for a worker, or None where nothing is left for it."""
        ...

    def put_back(self, orders: Sequence[Order]) -> None:
        """Take orders back that were not done; they come first again."""
        ...

    def give_up(self, order: Order, reason: str) -> Answer:
        """Return the answer for an order that could not be done."""
        ...

    def give_up_unit(self, unit: int, reason: str) -> list[Answer]:
        """Return the answers for all orders of a unit that are waiting, and drop them."""
        ...


class ExpansionSchedule:
    """Units to expand, in their order.

    Args:
        units: The units.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = deque(units)

    @property
    def waiting(self) -> int:
        """Number of units that nobody has."""
        return len(self._units)

    def take(self, worker: int) -> Order | None:
        """Return the next unit."""
        return Expand(self._units.popleft()) if self._units else None

    def put_back(self, orders: Sequence[Order]) -> None:
        """Take units back."""
        self._units.extendleft(order.unit for order in reversed(orders) if isinstance(order, Expand))

    def give_up(self, order: Order, reason: str) -> Answer:
        """Return an expansion that says why there is none."""
        assert isinstance(order, Expand)
        unit = order.unit
        name = scene_name(unit)
        return Expanded(unit.index, Expansion(scene=name, tasks=(), error=f"{name}: cannot be opened: {reason}"))

    def give_up_unit(self, unit: int, reason: str) -> list[Answer]:
        """Nothing else of the unit is waiting."""
        return []


class FrameSchedule:
    """Frames to make. A worker stays with a unit, whose source it has open, and several share one only towards the end.

    Of a unit with variations it stays with one of these: each worker has to draw those that it makes frames of.

    Args:
        work: The frames, by unit.
    """

    def __init__(self, work: Sequence[UnitWork]) -> None:
        self.shares: dict[int, UnitShare] = {item.share.unit.index: item.share for item in work}
        self._left: dict[int, deque[Make]] = {
            item.share.unit.index: deque(Make(item.share.unit.index, order) for order in item.orders) for item in work
        }
        self._opened: dict[int, list[int]] = {}  # worker -> units it has open, the latest last
        self._variation: dict[int, tuple[int, int]] = {}  # worker -> unit and variation it is at

    @property
    def waiting(self) -> int:
        """Number of frames that nobody has."""
        return sum(map(len, self._left.values()))

    def note_open(self, worker: int, unit: int) -> None:
        """Remember that a worker has a unit open (from expanding it)."""
        opened = self._opened.setdefault(worker, [])
        if unit in opened:
            opened.remove(unit)
        opened.append(unit)
        del opened[:-MAX_OPEN]

    def forget(self, worker: int) -> None:
        """Forget a worker that is gone."""
        self._opened.pop(worker, None)
        self._variation.pop(worker, None)

    def take(self, worker: int) -> Order | None:
        """Return a frame of a unit that the worker has open, else of one that nobody has, else of the one with most left."""
        unit = self._choose(worker)
        if unit is None:
            return None
        self.note_open(worker, unit)
        left = self._left[unit]
        place = self._place(worker, unit)
        make = left[place]
        del left[place]
        self._variation[worker] = (unit, make.order.task.variation)
        return make

    def put_back(self, orders: Sequence[Order]) -> None:
        """Take frames back."""
        for order in reversed(orders):
            if isinstance(order, Make):
                self._left[order.unit].appendleft(order)

    def give_up(self, order: Order, reason: str) -> Answer:
        """Return a failed frame."""
        assert isinstance(order, Make)
        return Reported(failed_report(order.order, reason))

    def give_up_unit(self, unit: int, reason: str) -> list[Answer]:
        """Fail what is left of a unit."""
        left, self._left[unit] = self._left[unit], deque()
        return [self.give_up(order, reason) for order in left]

    def _place(self, worker: int, unit: int) -> int:
        """Return which of a unit's frames is next: of the worker's variation, else of one that no other worker is at."""
        taken = {at for other, at in self._variation.items() if other != worker}
        free: int | None = None
        for place, make in enumerate(self._left[unit]):
            at = (unit, make.order.task.variation)
            if at == self._variation.get(worker):
                return place
            if free is None and at not in taken:
                free = place
        return free or 0

    def _choose(self, worker: int) -> int | None:
        with_work = [unit for unit, left in self._left.items() if left]
        if not with_work:
            return None
        own = [unit for unit in reversed(self._opened.get(worker, [])) if unit in with_work]
        # The one it is at; but of two that are open, the one that no other worker is at.
        at = {opened[-1] for other, opened in self._opened.items() if other != worker and opened}
        if own and (own[0] == self._opened[worker][-1] or own[0] not in at):
            return own[0]
        free = [unit for unit in with_work if unit not in at]
        if free:
            return next((unit for unit in own if unit in free), free[0])
        return max(with_work, key=lambda unit: (len(self._left[unit]), -unit))
