"""How far a run is, how quickly it goes on, and where its time went: counted from its events."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

from scenecap.output.manifest import FrameStatus
from scenecap.run.events import Event, FrameEnded, Progress, RunOpened, RunStarted, SceneOpened
from scenecap.run.timings import OPEN, STEPS

#: The rate is that of the frames of the last so many seconds [s], and of this many frames at least.
WINDOW_SECONDS, WINDOW_FRAMES = 30.0, 10
#: The time left is told after this many frames: the first ones load libraries and caches, and say nothing of the others.
LEFT_AFTER = 3


class ProgressMeter:
    """Counts what a run's events tell.

    Args:
        clock: Seconds that only go up.

    Attributes:
        scenes: Scenes of the run.
        opened: Scenes whose frames are known.
        steps: Step -> seconds over all frames [s], with the opening of scenes as "open".
        openings: How often a scene was opened, by any worker.
        made: Frames that were made in this run.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: deque[float] = deque()
        self._counts: Counter[FrameStatus] = Counter()
        self._start: RunStarted | None = None
        self.scenes = self.opened = self.openings = self.made = 0
        self.steps: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        """Take in an event; most mean nothing here."""
        if isinstance(event, RunOpened):
            self.scenes = event.scenes
        elif isinstance(event, SceneOpened):
            self.opened += event.frames is not None
            self.openings += 1
            self._spend({OPEN: event.took})
        elif isinstance(event, RunStarted):
            self._start = event
            self._ends.append(self._clock())
        elif isinstance(event, FrameEnded):
            self._counts[event.status] += 1
            self.made += 1
            self._spend(event.steps)
            self._ends.append(self._clock())
            while len(self._ends) > WINDOW_FRAMES + 1 and self._ends[-1] - self._ends[0] > WINDOW_SECONDS:
                self._ends.popleft()

    def progress(self) -> Progress | None:
        """Return how far the run is; None before its frames are known."""
        start = self._start
        if start is None:
            return None
        total = start.frames + start.kept
        rate = self._rate()
        return Progress(
            done=start.kept + self.made,
            total=total,
            kept=start.kept,
            written=self._counts[FrameStatus.WRITTEN],
            empty=self._counts[FrameStatus.EMPTY],
            failed=self._counts[FrameStatus.FAILED],
            rejected=sum(start.rejected.values()),
            rate=rate,
            left=None if rate is None or self.made < LEFT_AFTER else (start.frames - self.made) / rate,
        )

    def _rate(self) -> float | None:
        """Return frames a second; the time since the last of them counts too, so that a run that hangs gets slower."""
        elapsed = self._clock() - self._ends[0]
        frames = len(self._ends) - 1
        return frames / elapsed if frames and elapsed > 0 else None

    def _spend(self, seconds: Mapping[str, float]) -> None:
        for name, value in seconds.items():
            self.steps[name] = self.steps.get(name, 0.0) + value


def in_order(steps: Mapping[str, float]) -> dict[str, float]:
    """Return steps with their seconds, opening first and the others as a frame goes through them."""
    return {name: steps[name] for name in (OPEN, *STEPS) if name in steps}
