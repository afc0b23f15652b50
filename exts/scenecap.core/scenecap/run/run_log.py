"""Times, attempts and facts of the host: what has no place in the dataset goes to ``run_log.jsonl``."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenecap.contract import VARIATION_COUNTS
from scenecap.errors import OutputError
from scenecap.output.manifest import RUN_LOG_NAME, FrameRow, FrameStatus, RunLog
from scenecap.output.store import Store, open_store
from scenecap.run.events import Event, FrameEnded, Observer, RunEnded, RunStarted, ScenePlan, event_json
from scenecap.run.make_frame import FrameReport
from scenecap.run.progress import ProgressMeter, in_order
from scenecap.run.result import RunResult
from scenecap.run.timings import STEPS

#: Seconds since 1970, passed in: the core has no clock of its own.
Clock = Callable[[], float]

#: Libraries whose versions decide bytes.
_LIBRARIES = ("numpy", "scipy", "pillow", "usd-core", "numba", "mitsuba", "mitsuba-oidn")


class RunRecorder:
    """Tells what happens in one run: to its log, and to whoever watches. A log that cannot be written never costs a frame.

    Nothing is written before :meth:`start`: a run that cannot be started leaves nothing behind.

    Args:
        output: The output folder, or a store.
        clock: The time; without one nothing is written.
        observer: Told each event as it happens, also those before the start.
    """

    def __init__(self, output: Path | str | Store, clock: Clock | None, *, observer: Observer | None = None) -> None:
        self._log = RunLog(output)
        self._clock = clock
        self._observer = observer
        self._began = 0.0 if clock is None else clock()
        self._held: list[dict[str, Any]] | None = []
        self._meter = ProgressMeter()

    def tell(self, event: Event) -> None:
        """Record an event."""
        self._meter(event)
        if self._observer is not None:
            self._observer(event)
        if self._clock is None:
            return
        line = event_json(event, now=self._clock(), began=self._began)
        if self._held is not None:
            self._held.append(line)
        else:
            self._write(line)

    def start(
        self,
        *,
        generator: str,
        scene: str,
        frames: int,
        kept: int,
        workers: int,
        rejected: Mapping[str, int] | None = None,
        plan: Sequence[ScenePlan] = (),
    ) -> None:
        """Record what is about to be made, with what, and on what."""
        held, self._held = self._held or [], None
        for line in held:
            self._write(line)
        facts = {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "libraries": library_versions(),
        }
        self.tell(RunStarted(generator, scene, frames, kept, workers, rejected or {}, tuple(plan), facts))

    def frame(self, row: FrameRow, report: FrameReport | None = None) -> None:
        """Record that a frame is done: how long each step took, where, and whether it was begun more than once."""
        self.tell(
            FrameEnded(
                row.key,
                row.number,
                row.scene,
                row.camera,
                row.frame_index,
                row.status,
                row.reason,
                steps={} if report is None else report.seconds,
                worker=None if report is None else report.worker,
                attempts=None if report is None else report.attempts,
                variation=row.variation,
                varied={name: count for name, count in row.counts.items() if name in VARIATION_COUNTS} or None,
            )
        )

    def end(self, result: RunResult) -> None:
        """Record how it ended."""
        if self._held is not None:  # it was never started: nothing was made
            return
        self.tell(
            RunEnded(
                len(result.frames),
                result.exit_code,
                result.stopped,
                written=result.count(FrameStatus.WRITTEN),
                empty=result.count(FrameStatus.EMPTY),
                failed=result.count(FrameStatus.FAILED),
                kept=sum(frame.kept for frame in result.frames),
                rejected=sum(result.rejected.values()),
                steps=in_order(self._meter.steps),
                varied=result.varied or None,
            )
        )

    def _write(self, line: dict[str, Any]) -> None:
        with contextlib.suppress(OutputError):
            self._log.append(**line)


@dataclass(frozen=True)
class StepTimes:
    """How long a frame takes, as the log of one or more runs has it.

    Attributes:
        frames: How many frames that is of; of one that was made more than once, the last time.
        medians: Step -> median over the frames [s].
    """

    frames: int
    medians: Mapping[str, float]


def read_step_times(output: Path | str | Store) -> StepTimes | None:
    """Return how long the frames of an output took; None where no log says so.

    Raises:
        OutputError: The log is there and cannot be read.
    """
    frames: dict[str, dict[str, float]] = {}
    for line in (open_store(output).read_file(RUN_LOG_NAME) or b"").splitlines():
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):  # a log may end in half a line
            event = json.loads(line)
            if event["event"] == "frame" and event["status"] == "written" and event["steps"]:
                frames[str(event["key"])] = {name: float(event["steps"][name]) for name in STEPS}
    if not frames:
        return None
    medians = {name: statistics.median(steps[name] for steps in frames.values()) for name in STEPS}
    return StepTimes(len(frames), medians)


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that decide a dataset's bytes."""
    return {name: version for name in _LIBRARIES if (version := _version(name))}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
