"""Frames of a capture on their way to files: copied in ``write()``, made and written on a worker thread, each with its row.

One sink serves one writer. It leaves out the empty frames that Replicator sends before the first picture, opens the manifest
with the first frame, and turns whatever goes wrong with a frame into that frame's row: the capture goes on.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scenecap.contract import Frame
from scenecap.errors import OutputError, ScenecapError
from scenecap.output.atomic import clean_up, recover
from scenecap.output.manifest import FrameRow, FrameStatus, Manifest, RunLog, read_manifest
from scenecap.output.model import JobFacts
from scenecap.output.names import CameraNames
from scenecap.output.store import open_store
from scenecap.run.captioner import LazyCaptioner
from scenecap.run.config import ScenecapConfig
from scenecap.run.events import ModelAsked
from scenecap.run.job import job_facts
from scenecap.run.make_frame import FrameMaker, FrameOrder, Made, failed
from scenecap.run.plan import FrameTask, FrameTime
from scenecap.run.result import FrameOutcome, RunResult
from scenecap.run.resume import remove_leftover
from scenecap.run.run_log import Clock, RunRecorder
from scenecap_replicator.payload_shapes import RenderProductPayload, copied
from scenecap_replicator.to_frame import FrameContext, empty_because, frame_from_outputs
from scenecap_replicator.work_queue import QueueClosedError, QueueFull, QueueFullError, QueueReport, WorkQueue

logger = logging.getLogger(__name__)

#: The sinks that somebody holds, for the extension's shutdown.
_LIVE: weakref.WeakSet[FrameSink] = weakref.WeakSet()


@dataclass(frozen=True)
class SinkSettings:
    """How frames are queued.

    Attributes:
        queue_capacity: Frames that may wait; each holds the copied arrays (about 15 MB at 1280x720).
        queue_full: Make ``write()`` wait, or fail the frame.
        drain_seconds: Longest wait for unfinished frames when the writer is detached or the extension shut down.
        warm_up_frames: Frames without a box or a labelled pixel that count as not yet rendered at the start of a capture; of
            those whose outputs are empty, ten times as many.
        seed: Number that the ``object`` layout starts its file names from; the config's ``random_seed`` where None.
    """

    queue_capacity: int = 64
    queue_full: QueueFull = QueueFull.BLOCK
    drain_seconds: float = 60.0
    warm_up_frames: int = 3
    seed: int | None = None


@dataclass(frozen=True)
class SinkReport:
    """What became of a capture.

    Attributes:
        outcomes: What became of each frame, in order.
        queue: What the queue did; the waits are ``queue.blocked_seconds``.
        warm_up: Render product -> empty frames that were left out at its start.
        stopped: Why the manifest could not be written, or empty.
        unfinished: Number of frames that were not finished at the time limit.
    """

    outcomes: tuple[FrameOutcome, ...]
    queue: QueueReport
    warm_up: Mapping[str, int] = field(default_factory=dict)
    stopped: str = ""
    unfinished: int = 0

    def count(self, status: FrameStatus) -> int:
        """Return how many frames have a status."""
        return sum(outcome.row.status is status for outcome in self.outcomes)


class FrameSink:
    """Takes the payloads of one capture.

    Args:
        config: All settings.
        output: The output folder.
        settings: The queue's.
        inputs: Name -> hash of the capture's inputs, for the manifest.
        clock: Seconds since 1970, for ``run_log.jsonl``.
        on_outcome: Called on the worker thread with what became of each frame.
    """

    def __init__(
        self,
        config: ScenecapConfig,
        output: Path,
        *,
        settings: SinkSettings | None = None,
        inputs: Mapping[str, str] | None = None,
        clock: Clock = time.time,
        on_outcome: Callable[[FrameOutcome], None] | None = None,
    ) -> None:
        self.output = Path(output)
        self._config = config
        self._settings = settings or SinkSettings()
        self._inputs = dict(inputs or {})
        self._hash = config.content_hash()
        self._on_outcome = on_outcome
        self._queue = WorkQueue(
            capacity=self._settings.queue_capacity, when_full=self._settings.queue_full, on_error=self._on_error
        )
        self._log = RunRecorder(self.output, clock)
        self._clock = clock
        self._lock = threading.Lock()  # guards what both threads touch: rows and outcomes
        self._rows: dict[str, FrameRow] = {}
        self._outcomes: dict[int, FrameOutcome] = {}
        self._warm_up: dict[str, int] = {}
        self._started: set[str] = set()
        self._folders = CameraNames({})
        self._manifest: Manifest | None = None
        self._captioner = LazyCaptioner(config)
        self._old_files: dict[str, tuple[str, ...]] = {}
        self._stopped = ""
        self._scene = ""
        self._number = 0
        self._finished = self._ended = False
        self._unfinished = 0
        self._closing = threading.Lock()
        self._ending = threading.Lock()
        _LIVE.add(self)

    @property
    def queue(self) -> WorkQueue:
        """The queue."""
        return self._queue

    def is_warm_up(self, product: RenderProductPayload) -> bool:
        """Return whether a render product's outputs come before its first picture; counts and logs those that do."""
        if product.name in self._started:
            return False
        reason = empty_because(product)
        if reason is None:
            self._started.add(product.name)
            return False
        left_out = self._warm_up.get(product.name, 0)
        # An empty array never holds a picture; a picture without labels may be all there is to see.
        limit = self._settings.warm_up_frames * (10 if reason.endswith("is empty") or "pose" in reason else 1)
        if left_out >= limit:
            self._started.add(product.name)
            return False
        self._warm_up[product.name] = left_out + 1
        logger.info("%s: frame left out, nothing is rendered yet (%s)", product.name, reason)
        return True

    def name_cameras(self, cameras: Iterable[str]) -> None:
        """Fix the folder names of cameras. All cameras of a capture that are known at its start belong into one call."""
        new = [camera for camera in dict.fromkeys(cameras) if camera not in self._folders.folders]
        if not new:
            return
        together = CameraNames.of([*self._folders.folders, *new], self._config.output.camera_dir)
        # Folders that hold files already keep their names.
        self._folders = CameraNames({**together.folders, **self._folders.folders})

    def submit(self, product: RenderProductPayload, context: FrameContext, *, config: ScenecapConfig | None = None) -> None:
        """Copy a payload and queue its frame. Never raises for what is wrong with the frame: its row says so.

        Args:
            product: The outputs of one render product.
            context: What they do not say.
            config: Settings of this frame, where they differ from the capture's (intervals).
        """
        self.name_cameras([context.camera])
        row = self._row(context)
        task = FrameTask(context.camera, FrameTime(context.frame_index, context.time_code))
        outputs = copied(product)
        facts = self._facts()
        try:
            self._queue.submit(
                row.key, lambda: self._record(self._make(outputs, context, task, row, config or self._config, facts))
            )
        except (QueueFullError, QueueClosedError) as error:
            self._record(Made(failed(row, str(error))), write=False)
            logger.warning("%s", error)

    def submit_failure(self, context: FrameContext, error: Exception) -> None:
        """Record a frame that failed before it could be queued (a damaged payload, a stage that cannot be read)."""
        self.name_cameras([context.camera])
        row = self._row(context)
        text = str(error) if isinstance(error, ScenecapError) else f"unexpected {type(error).__name__}: {error}"
        logger.error("%s failed: %s", row.key, text)
        try:
            self._queue.submit(row.key, lambda: self._record(Made(failed(row, text))))
        except (QueueFullError, QueueClosedError):
            self._record(Made(failed(row, text)), write=False)

    def close(self) -> None:
        """Take no more frames; those that wait are still made, and the manifest is closed after the last. Returns at once."""
        with self._closing:
            if self._finished:
                return
            self._finished = True
        threading.Thread(target=self._finish, name="scenecap-finish", daemon=True).start()

    def drain(self, *, limit_seconds: float | None = None) -> SinkReport:
        """Take no more frames, wait for those that are there, close the manifest, and tell what became of all.

        Args:
            limit_seconds: Longest wait; ``drain_seconds`` without it. Frames unfinished by then are recorded as failed.
        """
        limit = self._settings.drain_seconds if limit_seconds is None else limit_seconds
        with self._closing:
            self._finished = True
        self._queue.close()
        if not self._ended:  # what was unfinished at an earlier limit is not waited for again
            self._queue.drain(limit_seconds=limit)
        self._end()
        return self.report()

    async def drain_async(self) -> SinkReport:
        """Wait as :meth:`drain` does, without a limit and without blocking the event loop; later frames are still taken."""
        await self._queue.drain_async()
        return self.report()

    def report(self) -> SinkReport:
        """Return what has become of the frames so far."""
        with self._lock:
            outcomes = tuple(self._outcomes[number] for number in sorted(self._outcomes))
            return SinkReport(outcomes, self._queue.report(), dict(self._warm_up), self._stopped, self._unfinished)

    # On the main thread

    def _row(self, context: FrameContext) -> FrameRow:
        row = FrameRow(
            number=self._number,
            key=f"{self._folders.folder(context.camera)}_{context.frame_index}",
            scene=context.scene,
            camera=context.camera,
            frame_index=context.frame_index,
            time_code=context.time_code,
            status=FrameStatus.FAILED,
            config_hash=self._hash,
            inputs=self._inputs,
        )
        self._number += 1
        with self._lock:
            self._rows[row.key] = row
            self._scene = context.scene
        return row

    def _facts(self) -> JobFacts:
        facts = job_facts(self._config, [], several_frames=True)
        seed = facts.seed if self._settings.seed is None else self._settings.seed
        return dataclasses.replace(facts, cameras=self._folders, seed=seed)

    # On the worker thread

    def _make(
        self,
        outputs: RenderProductPayload,
        context: FrameContext,
        task: FrameTask,
        row: FrameRow,
        config: ScenecapConfig,
        facts: JobFacts,
    ) -> Made:
        self._open()
        order = FrameOrder(row.number, row.key, task, self._old_files.get(row.key, ()))
        report = FrameMaker(config, _Queued(outputs, context), self.output, facts, captioner=self._captioner).make(order)
        return Made(report.outcome(row), report.stopped)

    def _open(self) -> None:
        if self._manifest is None and not self._stopped and not self._ended:
            recover(self.output)
            self._old_files = {row.key: tuple(item.path for item in row.files) for row in read_manifest(self.output)}
            self._manifest = Manifest(self.output, fsync=self._config.output.fsync)
            self._log.start(generator=self._facts().generator, scene=self._scene, frames=0, kept=0, workers=1)

    def _record(self, made: Made, *, write: bool = True) -> None:
        row = made.outcome.row
        with self._lock:
            if self._ended and row.key not in self._rows and row.number in self._outcomes:
                return  # it came after the time limit, and its manifest says so already
            self._outcomes[row.number] = made.outcome
            self._rows.pop(row.key, None)
        if write:
            try:
                self._open()
                if self._manifest is not None:
                    self._manifest.append(row)
                self._log.frame(row)
            except OutputError as error:
                self._note_stopped(error)
        if row.status is not FrameStatus.WRITTEN:
            logger.warning("%s: %s (%s)", row.key, row.status.value, row.reason)
        if self._on_outcome is not None:
            self._on_outcome(made.outcome)

    def _on_error(self, key: str, error: BaseException) -> None:
        """Record a frame whose work raised outside :class:`FrameMaker` (the manifest, mostly)."""
        with self._lock:
            row = self._rows.get(key)
        if isinstance(error, OutputError):
            self._note_stopped(error)
        if row is not None:
            self._record(Made(failed(row, str(error))), write=False)

    def _note_stopped(self, error: OutputError) -> None:
        if not self._stopped:
            logger.error("%s", error)
        with self._lock:
            self._stopped = self._stopped or str(error)

    # At the end

    def _finish(self) -> None:
        self._queue.close()
        self._queue.drain()
        self._end()

    def _end(self) -> None:
        """Record what is unfinished, write the manifest in order, log the waits. Whoever comes second waits for the first."""
        with self._ending:
            if not self._ended:
                self._write_end()

    def _write_end(self) -> None:
        with self._lock:
            unfinished, self._rows = list(self._rows.values()), {}
            for row in unfinished:
                self._outcomes[row.number] = failed(row, "not finished before the time limit")
            self._unfinished = len(unfinished)
            outcomes = tuple(self._outcomes[number] for number in sorted(self._outcomes))
            manifest, self._manifest = self._manifest, None
            self._ended = True
        model = self._captioner.summary()
        self._captioner.close()
        if manifest is None:
            return
        try:
            for outcome in outcomes:
                if outcome.row.number not in manifest.rows:
                    manifest.append(outcome.row)
            made = {row.key: self._old_files.get(row.key, ()) for row in manifest.rows.values()}
            remove_leftover(open_store(self.output), made, manifest.rows.values())
            manifest.close()
            clean_up(self.output)
        except OutputError as error:
            self._note_stopped(error)
        if model is not None:
            self._log.tell(ModelAsked(model))
        waits = self._queue.report()
        try:
            RunLog(self.output).append(
                "queue",
                blocked_seconds=round(waits.blocked_seconds, 3),
                longest=waits.longest_queue,
                refused=len(waits.refused),
                unfinished=len(unfinished),
                warm_up_frames=dict(sorted(self._warm_up.items())),
            )
        except OutputError as error:
            logger.warning("%s", error)
        self._log.end(RunResult(self._scene, self.output, outcomes, stopped=self._stopped))


class _Queued:
    """A source of one frame: the copied payload."""

    def __init__(self, outputs: RenderProductPayload, context: FrameContext) -> None:
        self._outputs = outputs
        self._context = context
        self.scene = context.scene
        self.problems: tuple[str, ...] = ()

    def inputs(self) -> Mapping[str, str]:
        return {}

    def tasks(self) -> tuple[FrameTask, ...]:
        return (FrameTask(self._context.camera, FrameTime(self._context.frame_index, self._context.time_code)),)

    def observe(self, task: FrameTask) -> Frame:
        return frame_from_outputs(self._outputs, self._context)


def drain_all(*, limit_seconds: float) -> int:
    """Drain every sink that is not done, all within one limit; return how many frames were not finished."""
    end = time.monotonic() + limit_seconds
    live = [sink for sink in _LIVE if not sink._ended]
    return sum(sink.drain(limit_seconds=max(end - time.monotonic(), 0.0)).unfinished for sink in live)
