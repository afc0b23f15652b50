"""What a person sees while frames are made."""

from __future__ import annotations

import io
import logging

import pytest

from scenecap.cli.watch import ClearingHandler, Watch, progress_text, rate_text, time_spent
from scenecap.output.manifest import FrameStatus
from scenecap.run.events import Event, FrameEnded, Progress, RunEnded, RunOpened, RunStarted, SceneOpened


class Stream(io.StringIO):
    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(*, terminal: bool, frames: int, seconds: float, **options) -> tuple[Watch, Stream]:
    """Watch a run of so many frames, each of which takes so long."""
    stream, clock = Stream(terminal=terminal), Clock()
    watch = Watch(stream=stream, clock=clock, **options)
    for event in (RunOpened(1, "out"), SceneOpened("room", "", 0, 1.0, frames=frames), RunStarted("s", "room", frames, 0, 1)):
        clock.now += 1.0
        watch(event)
    for number in range(frames):
        clock.now += seconds
        watch(FrameEnded(f"room_{number}", number, "room", "/Cam", number, FrameStatus.WRITTEN, steps={"observe": seconds}))
    watch(RunEnded(frames, 0))
    return watch, stream


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress(0, 40), "[0/40] starting"),
        (Progress(30, 40, kept=30), "[30/40] 30 kept"),
        (Progress(12, 40, rate=1.234, left=22.7), "[12/40] 1.2 frames/s, 23 s left"),
        (
            Progress(12, 40, failed=2, empty=1, rejected=40, rate=12.3, left=2.3),
            "[12/40] 12 frames/s, 2.3 s left, 2 failed, 1 empty, 40 views rejected",
        ),
        (Progress(40, 40, failed=1, rejected=1, rate=3.0, left=0.0), "[40/40] 3.0 frames/s, 1 failed, 1 view rejected"),
    ],
)
def test_progress_as_text(progress: Progress, text: str) -> None:
    assert progress_text(progress) == text


@pytest.mark.parametrize(("rate", "text"), [(31.4, "31 frames/s"), (0.5, "0.5 frames/s"), (0.125, "8.0 s a frame")])
def test_rates(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_where_the_time_went() -> None:
    steps = {"files": 4.99, "open": 3.0, "observe": 5.0, "graph": 0.01}
    text = "observe 50 %, graph under 1 %, files 50 % of 10 s in frames; opening scenes 3.0 s (2 times)"
    assert time_spent(steps, openings=2) == text
    assert time_spent({"open": 1.0}, openings=1) == ""


def test_a_terminal_has_one_live_line_that_is_gone_in_the_end() -> None:
    watch, stream = watched(terminal=True, frames=5, seconds=0.5)
    lines = stream.getvalue().split("\r\x1b[K")
    assert lines[:3] == ["", "opening scenes: 0 of 1", "opening scenes: 1 of 1"]
    assert lines[-1] == "[5/5] 2.0 frames/s"
    assert "\n" not in stream.getvalue()
    watch.clear()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_the_live_line_is_drawn_ten_times_a_second_at_most() -> None:
    _, stream = watched(terminal=True, frames=1000, seconds=0.001)
    assert stream.getvalue().count("\r") <= 3 + 10


def test_the_live_line_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    _, stream = watched(terminal=True, frames=50, seconds=0.2)
    assert max(map(len, stream.getvalue().split("\r\x1b[K"))) == 19


def test_elsewhere_there_is_a_plain_line_now_and_then() -> None:
    _, stream = watched(terminal=False, frames=100, seconds=1.0)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "scenecap: [7/100] 1.0 frames/s, 2 min left"
    assert 8 <= len(lines) <= 10
    _, stream = watched(terminal=False, frames=36_000, seconds=1.0)
    assert 500 <= stream.getvalue().count("\n") <= 36_000 / 60 + 60


@pytest.mark.parametrize(("frames", "seconds"), [(9, 1.0), (1, 500.0)])
def test_a_short_run_and_a_last_frame_say_nothing_there(frames: int, seconds: float) -> None:
    _, stream = watched(terminal=False, frames=frames, seconds=seconds / frames)
    assert stream.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_a_reader_that_went_away_costs_no_frame(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def broken(self: Stream, text: str) -> int:
        tries.append(text)
        raise BrokenPipeError

    monkeypatch.setattr(Stream, "write", broken)
    watch, _ = watched(terminal=terminal, frames=100, seconds=1.0)
    watch.clear()
    assert watch.meter.made == 100
    assert len(tries) == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_counts_and_says_nothing(terminal: bool) -> None:
    watch, stream = watched(terminal=terminal, frames=100, seconds=1.0, quiet=True)
    assert stream.getvalue() == ""
    assert watch.meter.made == 100
    assert watch.meter.steps["observe"] == pytest.approx(100.0)


def test_the_log_gets_everything_and_progress_now_and_then_and_at_the_end() -> None:
    told: list[Event] = []
    watched(terminal=False, frames=100, seconds=1.0, log=told.append)
    assert sum(isinstance(event, FrameEnded) for event in told) == 100
    progress = [event for event in told if isinstance(event, Progress)]
    assert 9 <= len(progress) <= 12
    assert isinstance(told[-1], RunEnded)
    assert told[-2] == progress[-1]
    assert (progress[-1].done, progress[-1].total) == (100, 100)


def test_what_the_log_prints_stands_above_the_live_line() -> None:
    watch, stream = watched(terminal=True, frames=5, seconds=0.5)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    record = logging.LogRecord("scenecap", logging.WARNING, "", 0, "a note", None, None)
    ClearingHandler(handler, watch).emit(record)
    assert stream.getvalue().endswith("[5/5] 2.0 frames/s\r\x1b[Ka note\n\r\x1b[K[5/5] 2.0 frames/s")
