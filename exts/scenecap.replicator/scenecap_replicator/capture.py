"""Capture a config's cameras and times through Replicator: rendering on Kit's main thread, the rest on a worker.

:func:`scenecap.run.units.run_units` makes the frames, as for every other source, on a worker thread. Where it asks for one,
:class:`ReplicatorSource` has Kit's event loop render it and waits; Kit goes on updating meanwhile. The scenes of a batch are
opened one after the other (:mod:`scenecap_replicator.stage_switch`).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from scenecap.errors import ScenecapError, UsageError
from scenecap.output.model import FrameResult
from scenecap.run.batch.settings import ExecutorKind
from scenecap.run.batch.units import make_units
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import CaptureKind
from scenecap.run.result import RunResult
from scenecap.run.run_log import Clock
from scenecap.run.source import FrameSource
from scenecap.run.unit import Unit
from scenecap.run.units import Progress, run_units
from scenecap_replicator.settings import ReplicatorSettings, read_settings
from scenecap_replicator.source import StopCapture
from scenecap_replicator.stage_switch import StageSwitch

logger = logging.getLogger(__name__)


class CaptureCancelled(ScenecapError):  # noqa: N818 - no error: the person asked for it
    """A capture that was cancelled. The frames that were written before are whole, and the next run goes on after them."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("stopped. What was written so far is whole.")


class CaptureRun:
    """One capture. Only one runs at a time, for it holds Kit's timeline and filter.

    Args:
        config: All settings; ``output_path`` must be given. Without ``scene_path`` the open stage is captured; without
            ``frames`` it is captured as it stands.
        progress: Called on the worker thread after each frame.
        on_result: Called on the worker thread with each frame's graph and captions.
        cancelled: Asked between frames and renderings; True stops the capture.
        settings: How to render; Kit's settings without it.
        discard_changes: Open ``scene_path`` even if the open stage has unsaved changes.
        clock: Seconds since 1970, for ``run_log.jsonl``.
    """

    _current: ClassVar[CaptureRun | None] = None

    def __init__(
        self,
        config: ScenecapConfig,
        *,
        progress: Progress | None = None,
        on_result: Callable[[FrameResult], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        settings: ReplicatorSettings | None = None,
        discard_changes: bool = False,
        clock: Clock | None = time.time,
    ) -> None:
        job = config.job.model_copy(update={"capture": CaptureKind.REPLICATOR})
        batch = config.batch.model_copy(update={"executor": ExecutorKind.HERE})  # Kit renders in this process
        self._config = config.model_copy(update={"job": job, "batch": batch})
        self._progress = progress
        self._on_result = on_result
        self._asked = cancelled or (lambda: False)
        self._settings = settings
        self._discard_changes = discard_changes
        self._clock = clock
        self._stop = threading.Event()
        self._stages: StageSwitch | None = None
        self._future: concurrent.futures.Future[RunResult | None] | None = None

    async def run(self) -> RunResult:
        """Capture everything. To be awaited on Kit's event loop.

        Raises:
            UsageError: Nothing can be started: no stage, no such camera (names the nearest), no output folder, or another
                capture is running.
            CaptureCancelled: It was cancelled.
        """
        if CaptureRun._current is not None:
            raise UsageError("A capture is running already.", remedy="Wait for its end, or cancel it.")
        if self._config.job.output_path is None:
            raise UsageError("output_path: no output folder is given.", remedy="Give the folder for the results.")
        settings = self._settings or read_settings()
        CaptureRun._current = self
        try:
            stages = self._stages = StageSwitch(settings, stopped=self.is_cancelled, discard_changes=self._discard_changes)
            try:
                units = make_units(self._config)
                # A single scene is made ready here, so that what is wrong with it is told before a worker starts.
                source = await stages.show(units[0].config) if len(units) == 1 else None
                return await self._make_frames(lambda: self._run_units(units, stages, source))
            finally:
                stages.close()
        finally:
            CaptureRun._current = None

    def cancel(self) -> None:
        """Ask the capture to stop, from any thread."""
        self._stop.set()

    def is_cancelled(self) -> bool:
        """Return whether it was asked to stop."""
        return self._stop.is_set() or self._asked()

    def abort(self, *, limit_seconds: float) -> bool:
        """Stop now, on the main thread, without the event loop: wait for the worker, then give everything back.

        Args:
            limit_seconds: Longest wait for the frame that is being written.

        Returns:
            Whether the worker has ended.
        """
        self.cancel()
        ended = True
        if self._future is not None:
            ended = not concurrent.futures.wait([self._future], timeout=limit_seconds).not_done
        if not ended:
            logger.warning("a frame was not finished within %g s; it is not written", limit_seconds)
        if self._stages is not None:
            self._stages.close()
        if CaptureRun._current is self:
            CaptureRun._current = None
        return ended

    @classmethod
    def current(cls) -> CaptureRun | None:
        """Return the capture that is running, or None."""
        return cls._current

    async def _make_frames(self, make: Callable[[], RunResult | None]) -> RunResult:
        worker = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="scenecap-capture")
        self._future = worker.submit(make)
        worker.shutdown(wait=False)
        try:
            result = await asyncio.shield(asyncio.wrap_future(self._future))
        except asyncio.CancelledError:
            self.cancel()
            while not self._future.done():  # what is rendered must not be taken away under the worker
                await asyncio.sleep(0.02)
            raise
        if result is None:
            raise CaptureCancelled
        return result

    def _run_units(self, units: Sequence[Unit], stages: StageSwitch, source: FrameSource | None) -> RunResult | None:
        """Run on the worker thread; None where it was stopped."""

        def forward(outcome: object, done: int, total: int) -> None:
            if self._progress is not None:
                self._progress(outcome, done, total)  # type: ignore[arg-type]
            if done < total and self.is_cancelled():  # the last frame is done all the same
                raise StopCapture

        try:
            return run_units(
                units,
                source=source,
                opener=stages.open,
                progress=forward,
                clock=self._clock,
                on_result=self._on_result,
            )
        except StopCapture:
            return None


async def run_capture(
    config: ScenecapConfig,
    *,
    progress: Progress | None = None,
    on_result: Callable[[FrameResult], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    settings: ReplicatorSettings | None = None,
    discard_changes: bool = False,
    clock: Clock | None = time.time,
) -> RunResult:
    """Capture a config's cameras and times through Replicator and write their files. See :class:`CaptureRun`.

    Raises:
        UsageError: Nothing can be started.
        CaptureCancelled: It was cancelled.
    """
    return await CaptureRun(
        config,
        progress=progress,
        on_result=on_result,
        cancelled=cancelled,
        settings=settings,
        discard_changes=discard_changes,
        clock=clock,
    ).run()
