"""Keep workers busy, replace those that are lost, and give a frame that lost its worker one more try.

The supervisor knows nothing of processes: a :class:`Transport` starts workers, carries messages and ends them.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from scenecap.errors import ScenecapError, UsageError
from scenecap.run.batch.expand import scene_name
from scenecap.run.batch.settings import LimitSettings
from scenecap.run.events import Observer, Retried, WorkerLost, WorkerStarted
from scenecap.run.executors.base import UnitWork, scene_opened
from scenecap.run.executors.messages import (
    Answer,
    Begun,
    Drop,
    Dropped,
    Expand,
    Expanded,
    Lost,
    Make,
    Message,
    Order,
    Ready,
    Refused,
    Reported,
    Share,
)
from scenecap.run.executors.schedule import ExpansionSchedule, FrameSchedule, Schedule
from scenecap.run.make_frame import FrameReport
from scenecap.run.unit import Expansion, Unit

_LOG = logging.getLogger(__name__)

#: Orders that a worker has at a time: one in hand, one waiting, so that it is never idle while its answer travels.
LOOK_AHEAD = 2
#: How often a frame is begun before it is given up, and a scene opened.
TRIES = 2
#: Workers that may be lost one after the other before any of them has started.
FAILED_STARTS = 3
#: Opening a scene may take this many times the limit of a frame, and at least this long [s].
OPEN_FACTOR, OPEN_SECONDS = 20.0, 600.0
#: Longest time without looking at the limits and at the request to stop [s].
_TICK = 0.5
#: The same where memory is watched: a frame may allocate gigabytes in a second, and asking is cheap on Linux only [s].
_MEMORY_TICK = 0.1 if sys.platform.startswith("linux") else 1.0


class Link(Protocol):
    """One worker."""

    @property
    def number(self) -> int:
        """Which worker, from 0; one that replaces another has a new number."""
        ...

    def send(self, message: Message) -> None:
        """Send a message. A worker that is gone is noticed by :meth:`Transport.wait`."""
        ...

    def kill(self) -> None:
        """End it at once, whatever it does."""
        ...

    def memory_mb(self) -> float | None:
        """Resident memory [MB], or None where that cannot be known."""
        ...


class Transport(Protocol):
    """Starts workers and carries messages."""

    @property
    def loses_last_words(self) -> bool:
        """Whether the last answers of a worker that dies may not arrive, so that it is not sure what it had in hand."""
        ...

    @property
    def remedy(self) -> str:
        """What a person may do where no worker can be started."""
        ...

    def start(self, number: int) -> Link:
        """Start a worker; its first answer is :class:`Ready`."""
        ...

    def wait(self, seconds: float) -> list[tuple[Link, Answer]]:
        """Return what the workers have said, in order; waits for something to come, at most so long. A lost worker says
        :class:`Lost` once, as the last."""
        ...

    def finish(self) -> None:
        """No frame is begun any more: what is in the output and is none of the dataset's goes."""
        ...

    def close(self, links: Sequence[Link]) -> None:
        """End all workers; frames in hand are given a moment."""
        ...


@dataclass
class _Worker:
    """What a worker has been given."""

    link: Link
    ready: bool = False
    hand: deque[Order] = field(default_factory=deque)
    begun: bool = False
    since: float = 0.0
    told: set[int] = field(default_factory=set)
    dropping: bool = False
    killed: str = ""
    culprit: Order | None = None
    replaces: int | None = None


class SupervisedExecutor:
    """Makes frames in several workers. See :class:`scenecap.run.executors.base.Executor`.

    Args:
        transport: Starts the workers.
        workers: How many.
        limits: What a frame may cost.
        on_event: Told what happens to workers, and when a scene was opened.
        clock: Seconds that only go up.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        workers: int,
        limits: LimitSettings | None = None,
        on_event: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._count = workers
        self._limits = limits or LimitSettings.model_validate({})
        self._on_event = on_event or (lambda event: None)
        self._clock = clock
        self._workers: dict[int, _Worker] = {}
        self._started = 0
        self._failed_starts = 0
        self._gone: deque[int] = deque()  # lost workers that none has replaced yet
        self._opened_by: list[tuple[int, int]] = []
        self._tries: Counter[tuple[str, int]] = Counter()

    @property
    def workers(self) -> int:
        """How many frames are made at the same time."""
        return self._count

    def expand(self, units: Sequence[Unit]) -> Iterator[tuple[int, Expansion]]:
        """Open the units, several at the same time."""
        by_index = {unit.index: unit for unit in units}
        for worker, answer in self._run(ExpansionSchedule(units), stop=lambda: False, ahead=1):
            if isinstance(answer, Expanded):
                unit, took = by_index[answer.unit], answer.opening or 0.0
                self._on_event(scene_opened(unit, took, worker=worker, expansion=answer.expansion))
                self._opened_by.append((worker, answer.unit))
                yield answer.unit, answer.expansion

    def make(self, work: Sequence[UnitWork], *, stop: Callable[[], bool]) -> Generator[FrameReport, None, None]:
        """Make the frames, several at the same time."""
        schedule = FrameSchedule(work)
        for worker, unit in self._opened_by:
            schedule.note_open(worker, unit)
        try:
            for worker, answer in self._run(schedule, stop=stop, ahead=LOOK_AHEAD):
                if isinstance(answer, Reported):
                    attempts = self._tries[("frame", answer.report.number)] + 1
                    yield replace(answer.report, worker=worker, attempts=min(attempts, TRIES))
        finally:
            self._transport.finish()

    def close(self) -> None:
        """End the workers."""
        self._transport.close([worker.link for worker in self._workers.values()])
        self._workers.clear()

    def __enter__(self) -> SupervisedExecutor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _run(self, schedule: Schedule, *, stop: Callable[[], bool], ahead: int) -> Generator[tuple[int, Answer], None, None]:
        """Hand out a schedule's orders until all are answered; yields (worker, answer)."""
        while True:
            stopping = stop()
            if stopping:
                self._drop_waiting()
            else:
                self._hand_out(schedule, ahead)
            if not any(worker.hand for worker in self._workers.values()) and (stopping or not schedule.waiting):
                return
            for link, answer in self._transport.wait(self._tick()):
                yield from self._take(schedule, link, answer)
            self._enforce_limits()

    def _hand_out(self, schedule: Schedule, ahead: int) -> None:
        busy = sum(bool(worker.hand) for worker in self._workers.values())
        for _ in range(min(self._count, busy + schedule.waiting) - len(self._workers)):
            link = self._transport.start(self._started)
            self._started += 1
            replaces = self._gone.popleft() if self._gone else None
            self._workers[link.number] = _Worker(link, since=self._clock(), replaces=replaces)
        for room in range(1, ahead + 1):  # everybody gets one before anybody gets a second
            for worker in self._workers.values():
                if not worker.ready or worker.killed or worker.dropping or len(worker.hand) >= room:
                    continue
                if worker.hand and _is_careful(worker.hand[0]):
                    continue
                order = schedule.take(worker.link.number)
                if order is None:
                    continue
                if worker.hand and _is_careful(order):  # it is for somebody who has nothing else
                    schedule.put_back([order])
                    continue
                if not worker.hand:
                    worker.since, worker.begun = self._clock(), False
                worker.hand.append(order)
                if isinstance(order, Make) and order.unit not in worker.told and isinstance(schedule, FrameSchedule):
                    worker.told.add(order.unit)
                    worker.link.send(Share(schedule.shares[order.unit]))
                worker.link.send(order)

    def _drop_waiting(self) -> None:
        for worker in self._workers.values():
            if worker.hand and not worker.dropping:
                worker.dropping = True
                worker.link.send(Drop())

    def _take(self, schedule: Schedule, link: Link, answer: Answer) -> Iterator[tuple[int, Answer]]:
        worker = self._workers.get(link.number)
        if worker is None:
            return
        if isinstance(answer, Lost):
            yield from self._lost(schedule, worker, worker.killed or answer.reason)
        elif isinstance(answer, Ready):
            worker.ready = True
            self._failed_starts = 0
            took = self._clock() - worker.since
            self._on_event(WorkerStarted(link.number, took=took, replaces=worker.replaces, facts=answer.facts))
        elif isinstance(answer, Refused):
            raise UsageError(answer.reason)
        elif isinstance(answer, Begun):
            worker.since, worker.begun = self._clock(), True
            unit = _unit_of(worker.hand[0])
            self._tries.pop(("unit", unit), None)
            if answer.opening is not None and isinstance(schedule, FrameSchedule):
                self._on_event(scene_opened(schedule.shares[unit].unit, answer.opening, worker=link.number))
        elif isinstance(answer, Dropped):
            waiting = [worker.hand.pop() for _ in range(len(worker.hand))][::-1]
            schedule.put_back(waiting)
        else:
            worker.hand.popleft()
            worker.since, worker.begun = self._clock(), False
            yield link.number, answer

    def _lost(self, schedule: Schedule, worker: _Worker, reason: str) -> Iterator[tuple[int, Answer]]:
        """Replace a worker: what it had in hand is tried once more, and what was waiting for it loses nothing."""
        del self._workers[worker.link.number]
        if isinstance(schedule, FrameSchedule):
            schedule.forget(worker.link.number)
        self._opened_by = [item for item in self._opened_by if item[0] != worker.link.number]
        self._on_event(WorkerLost(worker.link.number, reason=reason))
        self._gone.append(worker.link.number)
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= FAILED_STARTS:
                raise ScenecapError(f"worker processes cannot be started: {reason}.", remedy=self._transport.remedy)
        if not worker.hand:
            return
        if worker.killed and worker.culprit is not worker.hand[0]:  # it was done in the moment it was stopped
            schedule.put_back(list(worker.hand))
            return
        if self._transport.loses_last_words and isinstance(worker.hand[0], Make) and not worker.hand[0].careful:
            # The first may be done, and the second begun: each is tried once more, alone. A strike is for what is known.
            first = worker.hand[0]
            self._tries[("frame", _number_of(first))] += worker.begun
            self._on_event(_retried(schedule, first, opening=not worker.begun, worker=worker.link.number, reason=reason))
            schedule.put_back([replace(item, careful=True) if isinstance(item, Make) else item for item in worker.hand])
            return
        order = worker.hand.popleft()
        schedule.put_back(list(worker.hand))
        # A frame's strike is its own; a scene that kills workers while it is opened costs all its frames.
        opening = isinstance(order, Make) and not worker.begun
        name = ("unit", _unit_of(order)) if opening else ("frame", _number_of(order))
        self._tries[name] += 1
        if self._tries[name] < TRIES:
            _LOG.info("worker %d is lost (%s); what it had in hand is tried once more", worker.link.number, reason)
            self._on_event(_retried(schedule, order, opening=opening, worker=worker.link.number, reason=reason))
            schedule.put_back([order])
            return
        if opening:
            reason = f"the scene cannot be opened: {reason}"
            schedule.put_back([order])
            for answer in schedule.give_up_unit(_unit_of(order), reason):
                yield worker.link.number, answer
        else:
            yield worker.link.number, schedule.give_up(order, reason)

    def _enforce_limits(self) -> None:
        now = self._clock()
        for worker in self._workers.values():
            if not worker.hand or worker.killed:
                continue
            reason = self._over_limit(worker, now)
            if reason:
                worker.killed, worker.culprit = reason, worker.hand[0]
                worker.link.kill()

    def _over_limit(self, worker: _Worker, now: float) -> str:
        limits = self._limits
        if limits.frame_seconds is not None:
            begun = worker.begun
            limit = limits.frame_seconds if begun else max(OPEN_SECONDS, OPEN_FACTOR * limits.frame_seconds)
            if now - worker.since > limit:
                return (
                    f"it took longer than limits.frame_seconds ({limit:g} s)" if begun else f"it took longer than {limit:g} s"
                )
        if limits.frame_memory_mb is not None:
            used = worker.link.memory_mb()
            if used is not None and used > limits.frame_memory_mb:
                return f"it needed more memory than limits.frame_memory_mb ({limits.frame_memory_mb} MB)"
        return ""

    def _tick(self) -> float:
        tick = _TICK if self._limits.frame_memory_mb is None else _MEMORY_TICK
        if self._limits.frame_seconds is None:
            return tick
        ends = [worker.since + self._limits.frame_seconds for worker in self._workers.values() if worker.begun and worker.hand]
        return max(0.0, min([tick, *(end - self._clock() + 0.01 for end in ends)]))


def _unit_of(order: Order) -> int:
    return order.unit.index if isinstance(order, Expand) else order.unit


def _retried(schedule: Schedule, order: Order, *, opening: bool, worker: int, reason: str) -> Retried:
    if isinstance(order, Expand):
        return Retried("scene", scene_name(order.unit), worker, reason)
    if opening and isinstance(schedule, FrameSchedule):
        return Retried("scene", scene_name(schedule.shares[order.unit].unit), worker, reason)
    return Retried("frame", order.order.key, worker, reason)


def _is_careful(order: Order) -> bool:
    return isinstance(order, Make) and order.careful


def _number_of(order: Order) -> int:
    """A number that no other order of the same schedule has."""
    return -1 - order.unit.index if isinstance(order, Expand) else order.order.number
