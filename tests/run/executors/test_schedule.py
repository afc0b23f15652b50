"""Who gets what: a worker stays with a scene, nobody is idle, and every frame is handed out once, whatever gets lost."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.output.model import JobFacts
from scenecap.output.names import CameraNames
from scenecap.run.config import make_config
from scenecap.run.executors.base import MAX_OPEN, UnitShare, UnitWork
from scenecap.run.executors.messages import Make, Reported
from scenecap.run.executors.schedule import FrameSchedule
from scenecap.run.make_frame import FrameOrder
from scenecap.run.plan import FrameTask, FrameTime
from scenecap.run.unit import Unit

CONFIG = make_config({})


def work(*counts: int) -> list[UnitWork]:
    items, number = [], 0
    for index, count in enumerate(counts):
        orders = []
        for _ in range(count):
            orders.append(FrameOrder(number, f"{number}", FrameTask("/A", FrameTime(number, 0.0))))
            number += 1
        items.append(UnitWork(UnitShare(Unit(index, CONFIG), "out", JobFacts(CameraNames({}))), tuple(orders)))
    return items


def drain(schedule: FrameSchedule, workers: int) -> dict[int, list[int]]:
    """Let workers take turns; return the units of each worker's frames, in order."""
    taken: dict[int, list[int]] = defaultdict(list)
    while schedule.waiting:
        for worker in range(workers):
            order = schedule.take(worker)
            if isinstance(order, Make):
                taken[worker].append(order.unit)
    return taken


def changes(units: list[int]) -> int:
    return sum(one != other for one, other in itertools.pairwise(units))


def test_each_worker_has_a_scene_of_its_own_while_there_are_enough() -> None:
    taken = drain(FrameSchedule(work(5, 5, 5, 5)), 2)
    assert taken == {0: [0] * 5 + [2] * 5, 1: [1] * 5 + [3] * 5}


def test_at_the_end_workers_help_with_the_scene_that_has_most_left() -> None:
    taken = drain(FrameSchedule(work(2, 10)), 2)
    assert taken == {0: [0, 0] + [1] * 4, 1: [1] * 6}


def test_one_scene_is_shared() -> None:
    assert drain(FrameSchedule(work(6)), 3) == {0: [0, 0], 1: [0, 0], 2: [0, 0]}


def varied(variations: int, frames: int) -> list[UnitWork]:
    (item,) = work(0)
    orders = [
        FrameOrder(number, f"{number}", FrameTask("/A", FrameTime(number % frames, 0.0), number // frames))
        for number in range(variations * frames)
    ]
    return [UnitWork(item.share, tuple(orders))]


@given(st.integers(1, 9), st.integers(1, 6), st.integers(1, 4))
def test_each_variation_is_drawn_by_one_worker_while_there_are_enough(variations: int, frames: int, workers: int) -> None:
    schedule = FrameSchedule(varied(variations, frames))
    at: dict[int, int] = {}
    left = Counter({number: frames for number in range(variations)})
    numbers = []
    for worker in itertools.cycle(range(workers)):
        order = schedule.take(worker)
        if not isinstance(order, Make):
            break
        number = order.order.task.variation
        if at.get(worker) != number:
            assert not left[at.get(worker, -1)]  # it has finished the one before
            untouched = [other for other, count in left.items() if count == frames]
            assert number not in at.values() or not untouched
        at[worker] = number
        left[number] -= 1
        numbers.append(order.order.number)
    assert sorted(numbers) == list(range(variations * frames))


def test_a_worker_begins_with_what_it_has_open() -> None:
    schedule = FrameSchedule(work(3, 3, 3))
    for worker, unit in ((0, 0), (1, 1), (0, 2)):
        schedule.note_open(worker, unit)
    assert drain(schedule, 2) == {0: [2, 2, 2, 0, 0], 1: [1, 1, 1, 0]}


def test_a_unit_that_is_given_up_is_answered_frame_by_frame() -> None:
    schedule = FrameSchedule(work(3, 1))
    first = schedule.take(0)
    assert first is not None
    schedule.put_back([first])
    answers = schedule.give_up_unit(0, "broken")
    assert [answer.report.number for answer in answers if isinstance(answer, Reported)] == [0, 1, 2]
    assert schedule.waiting == 1


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    workers=st.integers(1, 5),
    losses=st.lists(st.booleans(), min_size=1, max_size=40),
)
def test_every_frame_is_done_once_whatever_is_lost(counts: list[int], workers: int, losses: list[bool]) -> None:
    schedule = FrameSchedule(work(*counts))
    done: Counter[int] = Counter()
    turn = 0
    while schedule.waiting:
        worker = turn % workers
        orders = [order for order in (schedule.take(worker), schedule.take(worker)) if order is not None]
        if turn < len(losses) and losses[turn]:
            schedule.forget(worker)
            schedule.put_back(orders)
        else:
            done.update(order.order.number for order in orders if isinstance(order, Make))
        turn += 1
    assert done == Counter(range(sum(counts)))


@settings(max_examples=40, deadline=None)
@given(counts=st.lists(st.integers(1, 12), min_size=1, max_size=8), workers=st.integers(1, 4))
def test_scenes_are_opened_few_times(counts: list[int], workers: int) -> None:
    taken = drain(FrameSchedule(work(*counts)), workers)
    opened = sum(1 + changes(units) for units in taken.values())
    assert opened <= len(counts) + workers * (workers + MAX_OPEN)  # each once, and what is shared towards the end
