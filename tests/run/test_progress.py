"""How far a run is: counted from its events, with a clock that the tests move."""

from __future__ import annotations

import pytest

from scenecap.output.manifest import FrameStatus
from scenecap.run.events import FrameEnded, RunOpened, RunStarted, SceneOpened
from scenecap.run.progress import LEFT_AFTER, WINDOW_FRAMES, WINDOW_SECONDS, ProgressMeter, in_order


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def started(frames: int, *, kept: int = 0, **more: int) -> RunStarted:
    return RunStarted("scenecap", "room", frames, kept, 1, rejected=more)


def frame(status: FrameStatus = FrameStatus.WRITTEN, **steps: float) -> FrameEnded:
    return FrameEnded("key", 0, "room", "/Cam", 0, status, steps=steps)


def test_nothing_is_known_before_the_frames_are() -> None:
    meter = ProgressMeter(clock=Clock())
    meter(RunOpened(2, "out"))
    meter(SceneOpened("room", "", 0, 1.5, frames=3))
    assert meter.progress() is None
    assert (meter.scenes, meter.opened) == (2, 1)


def test_kept_frames_are_done_and_no_part_of_the_rate() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    meter(started(6, kept=90, too_close=2, back_faces=1))
    before = meter.progress()
    assert before is not None
    assert (before.done, before.total, before.rate, before.left, before.rejected) == (90, 96, None, None, 3)
    for status in (FrameStatus.WRITTEN, FrameStatus.EMPTY, FrameStatus.FAILED, FrameStatus.WRITTEN):
        clock.now += 0.5
        meter(frame(status))
    after = meter.progress()
    assert after is not None
    assert (after.done, after.written, after.empty, after.failed, after.kept) == (94, 2, 1, 1, 90)
    assert after.rate == pytest.approx(2.0)
    assert after.left == pytest.approx(1.0)


@pytest.mark.parametrize(("slow", "quick"), [(50, 400), (5, 400)])
def test_the_rate_is_that_of_the_last_while(slow: int, quick: int) -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    meter(started(10_000))
    for _ in range(slow):
        clock.now += 20.0
        meter(frame())
    progress = meter.progress()
    assert progress is not None
    assert progress.rate == pytest.approx(1 / 20)  # slower than the window is long: the last frames count
    for _ in range(quick):
        clock.now += 0.1
        meter(frame())
    assert quick * 0.1 > WINDOW_SECONDS
    progress = meter.progress()
    assert progress is not None
    assert progress.rate == pytest.approx(10.0)


def test_a_slow_first_frame_is_soon_forgotten() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    meter(started(100))
    clock.now += 90.0
    for _ in range(WINDOW_FRAMES + 1):
        meter(frame())
        clock.now += 0.5
    progress = meter.progress()
    assert progress is not None
    assert progress.rate is not None
    assert progress.rate > 1.5


def test_the_first_frames_say_nothing_of_the_time_left() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    meter(started(12))
    for number in range(1, LEFT_AFTER + 1):
        clock.now += 2.0
        meter(frame())
        progress = meter.progress()
        assert progress is not None
        assert progress.rate == pytest.approx(0.5)
        assert progress.left == (None if number < LEFT_AFTER else pytest.approx(2.0 * (12 - number)))


def test_a_run_that_hangs_gets_slower() -> None:
    clock = Clock()
    meter = ProgressMeter(clock=clock)
    meter(started(10))
    clock.now += 1.0
    meter(frame())
    clock.now += 99.0
    progress = meter.progress()
    assert progress is not None
    assert progress.rate == pytest.approx(0.01)


def test_where_the_time_goes() -> None:
    meter = ProgressMeter(clock=Clock())
    meter(started(3))
    meter(frame(observe=1.0, graph=0.5, captions=0.25, files=2.0))
    meter(SceneOpened("room", "", 1, 4.0))
    meter(frame(FrameStatus.FAILED, observe=3.0))
    meter(frame(FrameStatus.FAILED))  # its worker was lost
    assert list(in_order(meter.steps).items()) == [
        ("open", 4.0),
        ("observe", 4.0),
        ("graph", 0.5),
        ("captions", 0.25),
        ("files", 2.0),
    ]
    assert (meter.made, meter.openings, meter.opened) == (3, 1, 0)
