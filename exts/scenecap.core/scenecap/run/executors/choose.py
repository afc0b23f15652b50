"""Which executor a run gets: from its config, what it consists of, and how many cores there are."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from scenecap.errors import UsageError
from scenecap.output.model import FrameResult
from scenecap.run.batch.settings import ExecutorKind
from scenecap.run.captioner import Captioner
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import Engine
from scenecap.run.events import Observer
from scenecap.run.executors.base import Executor, Opener
from scenecap.run.executors.here import HereExecutor
from scenecap.run.executors.pool import ProcessTransport
from scenecap.run.executors.ray_transport import ray_executor
from scenecap.run.executors.supervise import SupervisedExecutor
from scenecap.run.source import FrameSource

#: A worker opens the stage anew (a second or two), which only pays for this many frames each.
FRAMES_PER_WORKER = 12


@dataclass(frozen=True)
class ExecutorChoice:
    """Makes the executors of one run.

    Attributes:
        config: Settings of the run.
        units: How many scenes it has.
        opener: Opens the source of a config.
        source: The source of its only unit, where the caller has one: it is used in this process only.
        on_result: Called in this process with each frame's graph and captions; wanted with a given source only.
        on_event: Told what happens to workers, and when a scene was opened.
        captioner: Who writes the captions; the templates without one.
    """

    config: ScenecapConfig
    units: int
    opener: Opener
    source: FrameSource | None = None
    on_result: Callable[[FrameResult], None] | None = None
    on_event: Observer | None = None
    captioner: Captioner | None = None

    def to_expand(self) -> Executor:
        """Return the executor that opens the scenes."""
        self._check()
        if not self._here and self._ray:
            return self._on_ray()
        if not self._here and (self._limited or self.config.job.workers > 1 or self.units > 1):
            workers = self.config.job.workers or _cores()
            if self._limited or workers > 1:
                return self._processes(workers)
        return HereExecutor(
            opener=self.opener,
            source=self.source,
            on_result=self.on_result,
            captioner=self.captioner,
            on_event=self.on_event,
        )

    def to_make(self, expander: Executor, *, frames: int) -> Executor:
        """Return the executor that makes the frames: the one that opened the scenes, unless there is work for several.

        Args:
            expander: What :meth:`to_expand` returned.
            frames: How many there are to make.
        """
        if self._here or not isinstance(expander, HereExecutor):
            return expander
        workers = worker_count(self.config.job.workers, frames)
        return self._processes(workers) if workers > 1 else expander

    @property
    def _here(self) -> bool:
        return self.source is not None or self.config.batch.executor is ExecutorKind.HERE or self._in_memory or self._chats

    @property
    def _ray(self) -> bool:
        return self.config.batch.executor is ExecutorKind.RAY

    @property
    def _chats(self) -> bool:
        """A model's requests, its budget and its limits are one process's: the run's own."""
        return self.config.job.engine is Engine.CHAT

    @property
    def _in_memory(self) -> bool:
        return str(self.config.job.output_path).startswith("memory://")

    def _check(self) -> None:
        """Refuse what does not go together, before anything is started."""
        kind = self.config.batch.executor
        several = self.config.job.workers > 1 or self._limited or self._ray
        if self._chats and self.source is None and several:
            raise UsageError(
                "engine: chat: the run's own process asks the model, so there are no other workers and no limits.",
                remedy="Remove workers, limits and executor; model_concurrency says how many requests run at a time.",
            )
        if self._in_memory and several:
            raise UsageError(
                "output_path: memory:// is the memory of one process, which several workers do not share.",
                remedy="Use workers: 1 and no limits, or another output.",
            )
        if self._ray and self.source is None and str(self.config.job.output_path).startswith("local://"):
            raise UsageError(
                f"output_path: {self.config.job.output_path}: on every node of a cluster that is another folder.",
                remedy="Give the path of a folder that every node sees, or an address such as s3://bucket/run.",
            )
        if kind is ExecutorKind.HERE and self._limited and self.source is None:
            raise UsageError(
                "limits: a frame can only be stopped with its process, and with executor: here that is the run's own.",
                remedy="Use executor: processes (workers: 1 for one at a time).",
            )

    @property
    def _limited(self) -> bool:
        """A frame that is over a limit can only be stopped together with its process, so it needs one of its own."""
        return self.config.batch.limits.given

    def _processes(self, workers: int) -> Executor:
        return SupervisedExecutor(
            ProcessTransport(opener=self.opener), workers=workers, limits=self.config.batch.limits, on_event=self.on_event
        )

    def _on_ray(self) -> Executor:
        return ray_executor(
            self.config.batch.ray,
            workers=self.config.job.workers,
            cores=_cores(),
            opener=self.opener,
            limits=self.config.batch.limits,
            on_event=self.on_event,
        )


def worker_count(asked: int, frames: int) -> int:
    """Return how many processes make frames.

    Args:
        asked: ``workers`` of the config; 0 decides by the number of frames and cores.
        frames: Number of frames to make.
    """
    if asked:
        return max(1, min(asked, frames))
    return max(1, min(_cores(), frames // FRAMES_PER_WORKER))


def expected_workers(config: ScenecapConfig, *, units: int, frames: int) -> int:
    """Return how many frames a run would make at a time; 0 where a cluster, which is not asked, decides.

    Args:
        config: Settings of the run.
        units: How many scenes it has.
        frames: How many frames.
    """
    kind, asked = config.batch.executor, config.job.workers
    if kind is ExecutorKind.HERE or config.job.engine is Engine.CHAT:
        return 1
    if kind is ExecutorKind.RAY and not asked and config.batch.ray.address is not None:
        return 0
    if kind is ExecutorKind.RAY or units > 1 or config.batch.limits.given:
        return max(1, min(asked or _cores(), frames))
    return worker_count(asked, frames)


def _cores() -> int:
    """Return the number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
