"""What a person sees while frames are made: one live line on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from scenecap.cli.console import counted, share_text, time_text
from scenecap.run.events import Event, FrameEnded, Observer, Progress, RunEnded, RunOpened, RunStarted, SceneOpened
from scenecap.run.progress import ProgressMeter, in_order
from scenecap.run.timings import OPEN

#: Least time between two pictures of the live line [s].
REDRAW_SECONDS = 0.1
#: Least and largest time between two plain lines [s]; between them, a tenth of the run so far.
LEAST_SECONDS, MOST_SECONDS = 10.0, 60.0
#: Width of the live line where the terminal's is not known.
_WIDTH = 80


class Watch:
    """Observes a run, and says how far it is.

    Args:
        stream: Where to say it.
        quiet: Say nothing; frames are counted all the same.
        log: Gets all events, and the progress with them.
        clock: Seconds that only go up.

    Attributes:
        meter: What was counted.
    """

    def __init__(
        self,
        *,
        stream: TextIO | None = None,
        quiet: bool = False,
        log: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream or sys.stderr
        self._live = not quiet and self._stream.isatty()
        self._plain = not quiet and not self._live
        self._log = log
        self._clock = clock
        self._began = self._last = self._drawn = clock()
        self._line = ""
        self.meter = ProgressMeter(clock=clock)

    def __call__(self, event: Event) -> None:
        """Take in an event, and say where the run is if it is time to."""
        self.meter(event)
        if self._log is not None:
            if isinstance(event, RunEnded):
                self._log_progress()
            self._log(event)
        if not isinstance(event, (RunOpened, SceneOpened, RunStarted, FrameEnded)):
            return
        now = self._clock()
        if self._live and now - self._drawn >= REDRAW_SECONDS:
            self._drawn = now
            self._draw(self.text())
        least = min(MOST_SECONDS, max(LEAST_SECONDS, (now - self._began) / 10))
        if now - self._last >= least:
            self._last = now
            self._log_progress()
            if self._plain and self._more_to_come():
                self._say(f"scenecap: {self.text()}\n")

    def text(self) -> str:
        """Return how far the run is, for a person."""
        progress = self.meter.progress()
        if progress is None:
            return f"opening scenes: {self.meter.opened} of {self.meter.scenes}"
        return progress_text(progress)

    def clear(self) -> None:
        """Take the live line away, for what is printed next."""
        if self._line:
            self._line = ""
            self._say("\r\x1b[K")

    def redraw(self) -> None:
        """Bring the live line back after something else was printed."""
        if self._live and self.meter.scenes:
            self._draw(self.text())

    def _draw(self, line: str) -> None:
        width = shutil.get_terminal_size((_WIDTH, 24)).columns - 1
        self._line = line[:width]
        self._say(f"\r\x1b[K{self._line}")

    def _say(self, text: str) -> None:
        """Write to the stream; where nobody reads it any more, the run goes on unseen."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._live = self._plain = False
            self._line = ""

    def _log_progress(self) -> None:
        progress = self.meter.progress()
        if self._log is not None and progress is not None:
            self._log(progress)

    def _more_to_come(self) -> bool:
        progress = self.meter.progress()
        return self.meter.opened < self.meter.scenes if progress is None else progress.done < progress.total


class ClearingHandler(logging.StreamHandler):
    """Prints log records where the live line is, and the line again below them.

    Args:
        handler: The handler in whose place it stands.
        watch: Whose line it is.
    """

    def __init__(self, handler: logging.StreamHandler, watch: Watch) -> None:
        super().__init__(handler.stream)
        self.setFormatter(handler.formatter)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        self._watch.clear()
        super().emit(record)
        self._watch.redraw()


def progress_text(progress: Progress) -> str:
    """Return "[120/500] 12 frames/s, 31 s left, 2 failed": what is nothing is not said."""
    parts = []
    if progress.rate is not None:
        parts.append(rate_text(progress.rate))
    if progress.left is not None and progress.done < progress.total:
        parts.append(f"{time_text(progress.left)} left")
    for number, word in (
        (progress.failed, "failed"),
        (progress.empty, "empty"),
        (progress.kept, "kept"),
    ):
        if number:
            parts.append(f"{number} {word}")
    if progress.rejected:
        parts.append(f"{counted(progress.rejected, 'view')} rejected")
    return f"[{progress.done}/{progress.total}] {', '.join(parts) or 'starting'}"


def rate_text(rate: float) -> str:
    """Return a rate for a person: "12 frames/s", "1.3 frames/s"; of slow ones the time of a frame, "8.1 s a frame"."""
    if rate < 0.5:
        return f"{time_text(1 / rate)} a frame"
    return f"{rate:.0f} frames/s" if rate >= 10 else f"{rate:.1f} frames/s"


def time_spent(steps: Mapping[str, float], *, openings: int) -> str:
    """Return where a run's time went: "observe 45 %, graph 4 %, ... of 12 s in frames; opening scenes 4.1 s (3 times)".

    Args:
        steps: Step -> seconds over all frames and workers [s], with the opening of scenes.
        openings: How often a scene was opened.
    """
    frames = {name: seconds for name, seconds in in_order(steps).items() if name != OPEN}
    whole = sum(frames.values())
    if not whole:
        return ""
    shares = ", ".join(f"{name} {share_text(seconds / whole)}" for name, seconds in frames.items())
    opened = f"; opening scenes {time_text(steps.get(OPEN, 0.0))} ({counted(openings, 'time')})" if openings else ""
    return f"{shares} of {time_text(whole)} in frames{opened}"
