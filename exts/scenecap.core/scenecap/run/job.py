"""One run: all frames of a source, each written whole or not at all, and the manifest of them."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from scenecap import __version__
from scenecap.errors import OutputError, UsageError
from scenecap.output.atomic import clean_up, recover, verify
from scenecap.output.manifest import FrameRow, FrameStatus, Manifest, is_unfinished, read_manifest
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.names import CameraNames
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import Engine
from scenecap.run.executors import Work, make_here, make_in_processes, worker_count
from scenecap.run.make_frame import FrameMaker, Made
from scenecap.run.plan import FrameTask
from scenecap.run.result import FrameOutcome, RunResult
from scenecap.run.run_log import Clock, RunRecorder
from scenecap.run.source import FrameSource, open_source

_LOG = logging.getLogger(__name__)

#: Called after each frame with what became of it, its number from 1, and how many there are.
Progress = Callable[[FrameOutcome, int, int], None]


def run_job(
    config: ScenecapConfig,
    *,
    source: FrameSource | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    on_result: Callable[[FrameResult], None] | None = None,
) -> RunResult:
    """Make all frames of a run.

    A camera that cannot be captured fails its own frames only. A disk that cannot be written ends the run. Where an earlier
    run into the same folder was stopped, its frames are kept if config and inputs are the same and their files intact; a run
    that ended is done again, and its frames are replaced one by one, with all their files.

    Args:
        config: All settings; ``output_path`` must be given.
        source: Where the frames come from; what the config names without it. A given source is used in this process only.
        progress: Called after each frame.
        clock: Seconds since 1970, for ``run_log.jsonl``; without one no log is written.
        on_result: Called with the graph and captions of each frame that is written in this process: with a given source,
            all that an earlier run has not left.

    Raises:
        UsageError: Nothing can be started: no scene, no camera, an output folder that cannot be written.
    """
    output = _output_folder(config)
    if config.job.engine is Engine.CHAT:
        raise UsageError("engine: chat is not in this version.", remedy="Use engine: template, which needs no network.")
    run = _Run(config, source or open_source(config), output, own_source=source is None, on_result=on_result)
    _check_writable(output)
    return run.make_all(progress, RunRecorder(output, clock))


class _Run:
    """What the frames of a run share."""

    def __init__(
        self,
        config: ScenecapConfig,
        source: FrameSource,
        output: Path,
        *,
        own_source: bool,
        on_result: Callable[[FrameResult], None] | None = None,
    ) -> None:
        self._config = config
        self._source = source
        self._output = output
        self._own_source = own_source
        self._on_result = on_result
        self._old_files: dict[str, tuple[str, ...]] = {}
        self._tasks = source.tasks()
        if not self._tasks:
            raise UsageError(f"{source.scene}: there is no frame to make.")
        self._facts = job_facts(
            config, [task.camera for task in self._tasks], several_frames=len({task.time for task in self._tasks}) > 1
        )
        inputs = dict(source.inputs())
        self._rows = [self._row(number, task, inputs) for number, task in enumerate(self._tasks)]

    def _row(self, number: int, task: FrameTask, inputs: Mapping[str, str]) -> FrameRow:
        """Return the manifest row of a frame that is not there yet."""
        return FrameRow(
            number=number,
            key=f"{self._facts.cameras.folder(task.camera)}_{task.time.index}",
            scene=self._source.scene,
            camera=task.camera,
            frame_index=task.time.index,
            time_code=task.time.time_code,
            status=FrameStatus.FAILED,
            config_hash=self._facts.config_hash,
            inputs=inputs,
        )

    def make_all(self, progress: Progress | None, log: RunRecorder) -> RunResult:
        """Make the frames that are not there yet."""
        manifest, kept = self._open_manifest()
        outcomes = {number: FrameOutcome(row, kept=True) for number, row in kept.items()}
        work = [(task, row) for task, row in zip(self._tasks, self._rows, strict=True) if row.number not in kept]
        workers = worker_count(self._config.job.workers, len(work)) if self._own_source else 1
        log.start(generator=self._facts.generator, scene=self._source.scene, frames=len(work), kept=len(kept), workers=workers)
        stopped = ""
        with contextlib.closing(self._made(work, workers)) as frames:
            for made in frames:
                outcomes[made.outcome.row.number] = made.outcome
                stopped = made.stopped or self._record(manifest, made)
                log.frame(made.outcome.row)
                if progress is not None:
                    progress(made.outcome, len(outcomes), len(self._tasks))
                if stopped:
                    break
        try:
            manifest.close(finished=not stopped)  # a full disk is not the end: the next run goes on
            clean_up(self._output)
        except OutputError as error:
            stopped = stopped or str(error)
        result = RunResult(
            self._source.scene,
            self._output,
            tuple(outcomes[number] for number in sorted(outcomes)),
            problems=tuple(self._source.problems),
            stopped=stopped,
        )
        log.end(result)
        return result

    def _made(self, work: Sequence[Work], workers: int) -> Generator[Made, None, None]:
        if workers > 1:
            return make_in_processes(self._config, self._output, self._facts, work, workers=workers, old_files=self._old_files)
        maker = FrameMaker(self._config, self._source, self._output, self._facts, self._old_files, on_result=self._on_result)
        return make_here(maker, work)

    def _record(self, manifest: Manifest, made: Made) -> str:
        """Write a frame's row; return why the run must end, or an empty text."""
        try:
            manifest.append(made.outcome.row)
        except OutputError as error:
            return str(error)
        return ""

    def _open_manifest(self) -> tuple[Manifest, dict[int, FrameRow]]:
        try:
            recover(self._output)
            old = read_manifest(self._output)
            kept = self._kept_rows(old)
            self._old_files = {row.key: tuple(file.path for file in row.files) for row in old}
            return Manifest(self._output, keep=kept.values(), fsync=self._config.output.fsync), kept
        except OutputError as error:  # nothing has been started yet
            raise UsageError(error.message, remedy=error.remedy) from error

    def _kept_rows(self, rows: Sequence[FrameRow]) -> dict[int, FrameRow]:
        """Rows of a stopped run that still hold: the same frame, config and inputs, and every file as it was written."""
        if not is_unfinished(self._output):
            return {}
        kept = {}
        for old in rows:
            if old.status is not FrameStatus.WRITTEN or old.number >= len(self._rows):
                continue
            new = self._rows[old.number]
            same = (old.key, old.config_hash, dict(old.inputs)) == (new.key, new.config_hash, dict(new.inputs))
            if same and verify(self._output, old.files) is None:
                kept[old.number] = old
        if kept:
            _LOG.info("%d frames of a run that was stopped are kept", len(kept))
        return kept


def job_facts(config: ScenecapConfig, cameras: Sequence[str], *, several_frames: bool) -> JobFacts:
    """Return what all frames of a job share, for the writers."""
    return JobFacts(
        cameras=CameraNames.of(dict.fromkeys(cameras), config.output.camera_dir),
        several_frames=several_frames,
        config_hash=config.content_hash(),
        seed=config.graph.random_seed,
        generator=f"scenecap {__version__}",
    )


def _output_folder(config: ScenecapConfig) -> Path:
    if config.job.output_path is None:
        raise UsageError("output_path: no output folder is given.", remedy="Give the folder for the results.")
    return Path(os.path.abspath(config.job.output_path))


def _check_writable(output: Path) -> None:
    """Find out before the first frame is made, and leave nothing behind where the answer is no."""
    existing = output
    try:
        while not existing.exists():
            existing = existing.parent
        if not existing.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way")
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".scenecap_"):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{output}: the output folder cannot be written ({reason}).", remedy="Choose another output folder."
        ) from None
