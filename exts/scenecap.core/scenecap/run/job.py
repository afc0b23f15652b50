"""One run: a source's frames, one after the other, each written whole or not at all."""

from __future__ import annotations

import dataclasses
import errno
import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scenecap import __version__
from scenecap.contract import Frame
from scenecap.errors import EmptyFrameError, OutputError, ScenecapError, UsageError
from scenecap.output.atomic import clean_up, recover, verify
from scenecap.output.manifest import FrameRow, FrameStatus, Manifest, is_unfinished, read_manifest
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.names import CameraNames
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import Engine
from scenecap.run.empty import empty_reason
from scenecap.run.pipeline import process_frame
from scenecap.run.plan import FrameTask
from scenecap.run.result import FrameOutcome, RunResult
from scenecap.run.source import FrameSource, open_source

_LOG = logging.getLogger(__name__)

#: Called after each frame with what became of it, its number from 1, and how many there are.
Progress = Callable[[FrameOutcome, int, int], None]


def run_job(config: ScenecapConfig, *, source: FrameSource | None = None, progress: Progress | None = None) -> RunResult:
    """Make all frames of a run.

    A camera that cannot be captured fails its own frames only. A disk that cannot be written ends the run. Where an earlier
    run into the same folder was stopped, its frames are kept if config and inputs are the same and their files intact; a run
    that ended is done again, and its frames are replaced one by one.

    Args:
        config: All settings; ``output_path`` must be given.
        source: Where the frames come from; what the config names without it.
        progress: Called after each frame.

    Raises:
        UsageError: Nothing can be started: no scene, no camera, an output folder that cannot be written.
    """
    output = _output_folder(config)
    if config.job.engine is Engine.CHAT:
        raise UsageError("engine: chat is not in this version.", remedy="Use engine: template, which needs no network.")
    source = open_source(config) if source is None else source
    tasks = source.tasks()
    if not tasks:
        raise UsageError(f"{source.scene}: there is no frame to make.")
    _check_writable(output)
    return _Run(config, source, tasks, output).make_all(progress)


class _Run:
    """What the frames of a run share."""

    def __init__(self, config: ScenecapConfig, source: FrameSource, tasks: Sequence[FrameTask], output: Path) -> None:
        self._config = config
        self._source = source
        self._output = output
        self._facts = job_facts(config, [task.camera for task in tasks], several_frames=len({task.time for task in tasks}) > 1)
        inputs = dict(source.inputs())
        self._rows = [self._row(number, task, inputs) for number, task in enumerate(tasks)]
        self._tasks = tasks

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

    def make_all(self, progress: Progress | None) -> RunResult:
        """Make the frames in order."""
        outcomes: list[FrameOutcome] = []
        stopped = ""
        manifest, kept = self._open_manifest()
        for task, row in zip(self._tasks, self._rows, strict=True):
            if row.number in kept:
                outcome = FrameOutcome(kept[row.number], kept=True)
            else:
                outcome, stopped = self._make(task, row, manifest)
            outcomes.append(outcome)
            if progress is not None:
                progress(outcome, len(outcomes), len(self._tasks))
            if stopped:
                break
        try:
            manifest.close()
            clean_up(self._output)
        except OutputError as error:
            stopped = stopped or str(error)
        return RunResult(
            self._source.scene, self._output, tuple(outcomes), problems=tuple(self._source.problems), stopped=stopped
        )

    def _open_manifest(self) -> tuple[Manifest, dict[int, FrameRow]]:
        try:
            recover(self._output)
            kept = self._kept_rows()
            return Manifest(self._output, keep=kept.values(), fsync=self._config.output.fsync), kept
        except OutputError as error:  # nothing has been started yet
            raise UsageError(error.message, remedy=error.remedy) from error

    def _kept_rows(self) -> dict[int, FrameRow]:
        """Rows of a stopped run that still hold: the same frame, config and inputs, and every file as it was written."""
        if not is_unfinished(self._output):
            return {}
        kept = {}
        for old in read_manifest(self._output):
            if old.status is not FrameStatus.WRITTEN or old.number >= len(self._rows):
                continue
            new = self._rows[old.number]
            same = (old.key, old.config_hash, dict(old.inputs)) == (new.key, new.config_hash, dict(new.inputs))
            if same and verify(self._output, old.files) is None:
                kept[old.number] = old
        if kept:
            _LOG.info("%d frames of a run that was stopped are kept", len(kept))
        return kept

    def _make(self, task: FrameTask, row: FrameRow, manifest: Manifest) -> tuple[FrameOutcome, str]:
        """Make one frame; return what became of it, and why the run must end here (or an empty text)."""
        stopped = ""
        try:
            outcome = self._try(task, row)
        except OutputError as error:
            outcome, stopped = FrameOutcome(dataclasses.replace(row, reason=str(error))), str(error)
        try:
            manifest.append(outcome.row)
        except OutputError as error:
            stopped = stopped or str(error)
        return outcome, stopped

    def _try(self, task: FrameTask, row: FrameRow) -> FrameOutcome:
        frame: Frame | None = None
        try:
            frame = self._source.observe(task)
            done = process_frame(frame, self._config, job=self._facts, output=self._output)
        except EmptyFrameError as error:
            reason = str(error) if frame is None else empty_reason(frame, self._config)
            warnings = () if frame is None else frame.warnings
            return FrameOutcome(dataclasses.replace(row, status=FrameStatus.EMPTY, reason=reason, warnings=warnings))
        except OutputError:
            raise
        except ScenecapError as error:
            return FrameOutcome(dataclasses.replace(row, reason=str(error)))
        except MemoryError:
            return FrameOutcome(dataclasses.replace(row, reason="not enough memory. Try a smaller resolution."))
        except Exception as error:  # one frame's bug must not cost the others
            _LOG.debug("%s failed", task.id, exc_info=True)
            return FrameOutcome(dataclasses.replace(row, reason=f"unexpected {type(error).__name__}: {error}"))
        result = done.result
        captions = result.captions
        warnings = (*frame.warnings, *result.graph.notes, *(captions.notes if captions else ()))
        written = dataclasses.replace(
            row,
            status=FrameStatus.WRITTEN,
            files=done.files,
            counts=_counts(result),
            warnings=tuple(dict.fromkeys(warnings)),
        )
        return FrameOutcome(written, brief=captions.brief.text if captions and captions.brief else None)


def job_facts(config: ScenecapConfig, cameras: Sequence[str], *, several_frames: bool) -> JobFacts:
    """Return what all frames of a job share, for the writers."""
    return JobFacts(
        cameras=CameraNames.of(dict.fromkeys(cameras), config.output.camera_dir),
        several_frames=several_frames,
        config_hash=config.content_hash(),
        seed=config.graph.random_seed,
        generator=f"scenecap {__version__}",
    )


def _counts(result: FrameResult) -> dict[str, int]:
    graph = result.graph
    return {
        "objects_in_view": len(result.frame.visible),
        "nodes": len(graph.nodes),
        "full_edges": len(graph.full) if graph.full is not None else 0,
        "pruned_edges": len(graph.pruned),
        "questions": len(result.captions.questions) if result.captions else 0,
    }


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
