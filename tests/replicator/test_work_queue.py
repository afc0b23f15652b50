"""The writers' queue keeps order, bounds memory, and loses nothing without saying so."""

from __future__ import annotations

import asyncio
import threading

import pytest

from scenecap_replicator.work_queue import QueueClosedError, QueueFull, QueueFullError, WorkQueue


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def test_work_is_done_in_order_of_submission() -> None:
    done: list[int] = []
    queue = WorkQueue(capacity=4)
    for index in range(50):
        queue.submit(f"frame {index}", lambda index=index: done.append(index))
    queue.close()
    report = queue.drain(limit_seconds=10)
    assert done == list(range(50))
    assert (report.submitted, report.finished, report.failed) == (50, 50, ())
    assert report.longest_queue <= 4


def test_a_failing_item_is_recorded_and_the_next_ones_go_on() -> None:
    errors: list[tuple[str, str]] = []
    done: list[str] = []
    queue = WorkQueue(on_error=lambda name, error: errors.append((name, str(error))))

    def fail() -> None:
        raise ValueError("no picture")

    queue.submit("first", lambda: done.append("first"))
    queue.submit("second", fail)
    queue.submit("third", lambda: done.append("third"))
    report = queue.drain(limit_seconds=10)
    assert done == ["first", "third"]
    assert report.failed == (("second", "no picture"),) == tuple(errors)
    assert report.finished == 2


def test_a_full_queue_refuses_or_blocks_as_asked(gate: threading.Event) -> None:
    started = threading.Event()

    def hold() -> None:
        started.set()
        gate.wait(10)

    refusing = WorkQueue(capacity=1, when_full=QueueFull.FAIL)
    refusing.submit("in hand", hold)
    assert started.wait(10)
    refusing.submit("waiting", lambda: None)
    with pytest.raises(QueueFullError, match=r"third.*full \(1 frames\).*queue_full: block"):
        refusing.submit("third", lambda: None)
    assert refusing.report().refused == ("third",)

    blocking = WorkQueue(capacity=1)
    started.clear()
    blocking.submit("in hand", hold)
    assert started.wait(10)
    blocking.submit("waiting", lambda: None)
    submitter = threading.Thread(target=blocking.submit, args=("third", lambda: None))
    submitter.start()
    submitter.join(0.05)
    assert submitter.is_alive(), "the submitter waits for room"
    gate.set()
    submitter.join(10)
    report = blocking.drain(limit_seconds=10)
    assert report.finished == 3
    assert report.blocked_seconds > 0


def test_drain_drops_and_names_what_is_left_at_its_limit(gate: threading.Event) -> None:
    queue = WorkQueue()
    queue.submit("slow", lambda: gate.wait(10) and None)
    queue.submit("second", lambda: None)
    queue.submit("third", lambda: None)
    queue.close()
    report = queue.drain(limit_seconds=0.05)
    assert set(report.unfinished) >= {"second", "third"} - {"slow"}
    gate.set()
    final = queue.drain(limit_seconds=10)
    assert final.submitted == final.finished + len(final.unfinished)


def test_a_closed_queue_takes_nothing_and_finishes_what_it_has(gate: threading.Event) -> None:
    done: list[str] = []
    queue = WorkQueue()
    queue.submit("first", lambda: gate.wait(10) and done.append("first"))
    queue.close()
    with pytest.raises(QueueClosedError, match=r"second.*closed"):
        queue.submit("second", lambda: None)
    gate.set()
    assert queue.drain(limit_seconds=10).finished == 1
    assert done == ["first"]


def test_drain_async_leaves_the_event_loop_running(gate: threading.Event) -> None:
    queue = WorkQueue()
    queue.submit("slow", lambda: gate.wait(10) and None)
    ticks = 0

    async def main() -> None:
        nonlocal ticks
        drain = asyncio.ensure_future(queue.drain_async())
        while not drain.done():
            ticks += 1
            if ticks == 5:
                gate.set()
            await asyncio.sleep(0.005)
        assert (await drain).finished == 1

    asyncio.run(main())
    assert ticks >= 5
