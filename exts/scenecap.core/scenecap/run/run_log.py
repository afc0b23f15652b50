"""Times, attempts and facts of the host: what has no place in the dataset goes to ``run_log.jsonl``."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scenecap.errors import OutputError
from scenecap.output.manifest import FrameRow, RunLog
from scenecap.output.store import Store
from scenecap.run.make_frame import FrameReport
from scenecap.run.result import RunResult

#: Seconds since 1970, passed in: the core has no clock of its own.
Clock = Callable[[], float]

#: What is logged: a name, the time, seconds since the run began, and what there is to say.
Event = dict[str, Any]
OnEvent = Callable[[Event], None]

#: Libraries whose versions decide bytes.
_LIBRARIES = ("numpy", "scipy", "pillow", "usd-core", "numba", "mitsuba", "mitsuba-oidn")


class RunRecorder:
    """Writes the log of one run. A log that cannot be written never costs a frame.

    Nothing is written before :meth:`start`: a run that cannot be started leaves nothing behind.

    Args:
        output: The output folder, or a store.
        clock: The time; without one nothing is written.
        on_event: Called with each event as it happens, also with those before the start.
    """

    def __init__(self, output: Path | str | Store, clock: Clock | None, *, on_event: OnEvent | None = None) -> None:
        self._log = RunLog(output)
        self._clock = clock
        self._on_event = on_event
        self._began = 0.0 if clock is None else clock()
        self._held: list[Event] | None = []

    def start(self, *, generator: str, scene: str, frames: int, kept: int, workers: int) -> None:
        """Record what is about to be made, with what, and on what."""
        held, self._held = self._held or [], None
        for event in held:
            self._write(event)
        self._append(
            "start",
            generator=generator,
            scene=scene,
            frames=frames,
            kept=kept,
            workers=workers,
            python=platform.python_version(),
            platform=platform.platform(),
            libraries={name: version for name in _LIBRARIES if (version := _version(name))},
        )

    def frame(self, row: FrameRow, report: FrameReport | None = None) -> None:
        """Record that a frame is done: how long each step took, where, and whether it was begun more than once."""
        facts: dict[str, object] = {}
        if report is not None:
            steps = {name: round(seconds, 4) for name, seconds in report.seconds.items()}
            facts = {"steps": steps, "worker": report.worker, "attempts": report.attempts}
        self._append("frame", key=row.key, status=row.status, reason=row.reason, **facts)

    def event(self, event: str, **facts: object) -> None:
        """Record something else: a worker that was started or lost."""
        self._append(event, **facts)

    def end(self, result: RunResult) -> None:
        """Record how it ended."""
        if self._held is not None:  # it was never started: nothing was made
            return
        self._append("end", frames=len(result.frames), exit_code=result.exit_code, stopped=result.stopped)

    def _append(self, event: str, **facts: object) -> None:
        if self._clock is None:
            return
        now = self._clock()
        time = datetime.fromtimestamp(now, tz=timezone.utc).isoformat(timespec="milliseconds")
        whole: Event = {"event": event, "time": time, "seconds": round(now - self._began, 3), **facts}
        if self._on_event is not None:
            self._on_event(whole)
        if self._held is not None:
            self._held.append(whole)
        else:
            self._write(whole)

    def _write(self, event: Event) -> None:
        with contextlib.suppress(OutputError):
            self._log.append(**event)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
