"""Make the frames of a run's units: open them, number their frames, make those that are missing, keep the manifest."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scenecap import __version__
from scenecap.errors import OutputError, UsageError
from scenecap.output.canonical import dumps
from scenecap.output.dataset.scene_identity import identity_of
from scenecap.output.licences import LICENCES_NAME, LicensedScene, licences_document
from scenecap.output.manifest import FrameRow, FrameStatus, Manifest
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.names import CameraNames
from scenecap.output.packed_files import PackedFiles
from scenecap.output.store import LocalStore, Store, open_store
from scenecap.run.captioner import Captioner, open_captioner
from scenecap.run.config import ScenecapConfig
from scenecap.run.events import ModelAsked, Observer, RunOpened, ScenePlan
from scenecap.run.executors.base import Executor, Opener, UnitShare, UnitWork
from scenecap.run.executors.choose import ExecutorChoice
from scenecap.run.make_frame import FrameOrder, frame_folder
from scenecap.run.plan import FrameTask
from scenecap.run.result import FrameOutcome, RunResult
from scenecap.run.resume import Leftover, look_at_leftover, remember_leftover, remove_leftover
from scenecap.run.run_log import Clock, RunRecorder
from scenecap.run.source import FrameSource, open_source
from scenecap.run.unit import Expansion, Unit, require_matches
from scenecap.text import clean_text

_LOG = logging.getLogger(__name__)

#: Called after each frame with what became of it, its number from 1, and how many there are.
Progress = Callable[[FrameOutcome, int, int], None]


def run_units(
    units: Sequence[Unit],
    *,
    source: FrameSource | None = None,
    opener: Opener = open_source,
    progress: Progress | None = None,
    clock: Clock | None = None,
    observer: Observer | None = None,
    on_result: Callable[[FrameResult], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Make all frames of a run's units, into one output.

    A frame that cannot be made costs itself only, and a scene that cannot be opened its own frames. A disk that cannot be
    written ends the run. Where an earlier run into the same folder was stopped, its frames are kept if config and inputs are
    the same and their files intact; a run that ended is done again, and its frames are replaced one by one, with all files.

    Args:
        units: The units, in the order of the manifest. Output, executor, workers and limits are those of the first.
        source: The source of the only unit; what its config names without it. A given source is used in this process only.
        opener: Opens the source of a unit's config; it goes to other processes, so it must be picklable.
        progress: Called after each frame.
        clock: Seconds since 1970, for ``run_log.jsonl``; without one no log is written.
        observer: Told each event as it happens (:mod:`scenecap.run.events`).
        on_result: Called with the graph and captions of each frame that is written in this process: with a given source,
            all that an earlier run has not left.
        stop: Asked between frames; once it is true, the frames in hand are finished, and the run can be gone on with.

    Raises:
        UsageError: Nothing can be started: no scene, no camera, an output folder that cannot be written.
    """
    if not units:
        raise UsageError("there is no scene.", remedy="Give scene_path, or scenes.")
    config = units[0].config
    output = open_store(output_folder(config))
    log = RunRecorder(output, clock, observer=observer)
    log.tell(RunOpened(len(units), output.address))
    with contextlib.ExitStack() as stack:
        captioner = open_captioner(config)
        stack.callback(captioner.close)
        choice = ExecutorChoice(
            config, len(units), opener, source=source, on_result=on_result, on_event=log.tell, captioner=captioner
        )
        expander = choice.to_expand()
        stack.callback(expander.close)
        run = _Run(units, dict(expander.expand(units)), output)
        output.check_writable()
        work = run.open()
        executor = choice.to_make(expander, frames=sum(len(item.orders) for item in work))
        if executor is not expander:
            stack.callback(executor.close)
        return run.make(executor, work, progress=progress, log=log, stop=stop, captioner=captioner)


@dataclass(frozen=True)
class _Place:
    """A unit with its frames, as the run numbers them.

    Attributes:
        share: What its frames share.
        tasks: Its frames.
        rows: Their rows in the manifest, without what comes of them.
    """

    share: UnitShare
    tasks: tuple[FrameTask, ...]
    rows: tuple[FrameRow, ...]


class _Run:
    """The frames of all units."""

    def __init__(self, units: Sequence[Unit], expansions: Mapping[int, Expansion], output: Store) -> None:
        self._output = output
        self._fsync = units[0].config.output.fsync
        self._places: list[_Place] = []
        self._expansions = [expansions[unit.index] for unit in units]
        number = 0
        for unit, expansion in zip(units, self._expansions, strict=True):
            place = _place(unit, expansion, output.address, first=number)
            self._places.append(place)
            number += len(place.rows)
        self._rows = [row for place in self._places for row in place.rows]
        errors = [expansion.error for expansion in self._expansions if expansion.error]
        require_matches(self._expansions)
        if not self._rows:
            raise UsageError("\n".join(dict.fromkeys(errors)) or f"{self._scenes}: there is no frame to make.")
        self._problems = tuple(
            dict.fromkeys(problem for expansion in self._expansions for problem in (*_said(expansion), *expansion.problems))
        )
        self._licensed = [
            LicensedScene(
                name=expansion.scene,
                identity=identity_of(expansion.scene, expansion.inputs),
                stated=clean_text(unit.config.job.licence, limit=200),
                licences=expansion.licences,
            )
            for unit, expansion in zip(units, self._expansions, strict=True)
            if not expansion.error
        ]
        self._unopened = len(errors)
        rejected = sum((Counter(expansion.rejected) for expansion in self._expansions), Counter[str]())
        self._rejected = dict(sorted(rejected.items()))
        self._manifest: Manifest | None = None
        self._earlier: Mapping[str, Sequence[str]] = {}
        self._outcomes: dict[int, FrameOutcome] = {}

    @property
    def _scenes(self) -> str:
        return ", ".join(dict.fromkeys(expansion.scene for expansion in self._expansions))

    def open(self) -> list[UnitWork]:
        """Open the manifest and return the frames that are not there yet."""
        try:
            leftover = look_at_leftover(self._output, self._rows)
            kept = {number: packed(row) for number, row in leftover.kept.items()}
            self._earlier = remember_leftover(self._output, leftover)
            self._manifest = Manifest(self._output, keep=kept.values(), fsync=self._fsync)
            self._output.write_file(LICENCES_NAME, dumps(licences_document(self._licensed)), fsync=self._fsync)
        except OutputError as error:  # nothing has been started yet
            raise UsageError(error.message, remedy=error.remedy) from error
        self._outcomes = {number: FrameOutcome(row, kept=True) for number, row in kept.items()}
        work = [UnitWork(place.share, _orders(place, leftover)) for place in self._places]
        return [item for item in work if item.orders]

    def make(
        self,
        executor: Executor,
        work: Sequence[UnitWork],
        *,
        progress: Progress | None,
        log: RunRecorder,
        stop: Callable[[], bool],
        captioner: Captioner,
    ) -> RunResult:
        """Make the frames that are not there yet."""
        assert self._manifest is not None
        log.start(
            generator=_GENERATOR,
            scene=self._scenes,
            frames=sum(len(item.orders) for item in work),
            kept=len(self._outcomes),
            workers=executor.workers,
            rejected=self._rejected,
            plan=[
                ScenePlan(expansion.scene, place.share.unit.folder, len(place.rows))
                for place, expansion in zip(self._places, self._expansions, strict=True)
            ],
        )
        stopped = ""
        with contextlib.closing(executor.make(work, stop=stop)) as reports:
            for report in reports:
                outcome = report.outcome(self._rows[report.number])
                outcome = replace(outcome, row=packed(outcome.row))
                self._outcomes[report.number] = outcome
                stopped = report.stopped or self._record(self._manifest, outcome.row)
                log.frame(outcome.row, report)
                if progress is not None:
                    progress(outcome, len(self._outcomes), len(self._rows))
                if stopped:
                    break
        interrupted = not stopped and len(self._outcomes) < len(self._rows)
        if interrupted:
            stopped = "stopped on request."
        model = captioner.summary()
        if model is not None:
            log.tell(ModelAsked(model))
        return self._end(self._manifest, stopped, interrupted=interrupted, log=log, model=model)

    def _end(
        self,
        manifest: Manifest,
        stopped: str,
        *,
        interrupted: bool,
        log: RunRecorder,
        model: Mapping[str, Any] | None,
    ) -> RunResult:
        try:
            if not stopped:
                remove_leftover(self._output, self._earlier, manifest.rows.values())
            manifest.close(finished=not stopped)  # a full disk is not the end: the next run goes on
            self._output.clean_up()
        except OutputError as error:
            stopped = stopped or str(error)
        result = RunResult(
            self._scenes,
            self._output.root if isinstance(self._output, LocalStore) else Path(self._output.address),
            tuple(self._outcomes[number] for number in sorted(self._outcomes)),
            problems=self._problems,
            stopped=stopped,
            interrupted=interrupted,
            unopened=self._unopened,
            rejected=self._rejected,
            model=model,
        )
        log.end(result)
        return result

    def _record(self, manifest: Manifest, row: FrameRow) -> str:
        """Write a frame's row; return why the run must end, or an empty text."""
        try:
            manifest.append(row)
            if row.status is FrameStatus.FAILED:
                self._output.discard_frame(row.key)  # its worker may have been killed while it wrote
        except OutputError as error:
            return str(error)
        return ""


_GENERATOR = f"scenecap {__version__}"


def _place(unit: Unit, expansion: Expansion, output: str, *, first: int) -> _Place:
    tasks = expansion.tasks
    facts = job_facts(unit.config, [task.camera for task in tasks], several_frames=len({task.time for task in tasks}) > 1)
    share = UnitShare(unit, output, facts, varied=any(task.variation for task in tasks))
    inputs = dict(expansion.inputs)
    rows = []
    for number, task in enumerate(tasks, start=first):
        folder = frame_folder(unit.folder, task, varied=share.varied)
        name = f"{facts.cameras.folder(task.camera)}_{task.time.index}"
        rows.append(
            FrameRow(
                number=number,
                key=f"{folder}/{name}" if folder else name,
                scene=expansion.scene,
                camera=task.camera,
                frame_index=task.time.index,
                time_code=task.time.time_code,
                status=FrameStatus.FAILED,
                config_hash=facts.config_hash,
                inputs=inputs,
                variation=task.variation if share.varied else None,
            )
        )
    return _Place(share, tasks, tuple(rows))


def _orders(place: _Place, leftover: Leftover) -> tuple[FrameOrder, ...]:
    """Return the frames of a unit that are missing."""
    return tuple(
        FrameOrder(row.number, row.key, task, leftover.files.get(row.key, ()))
        for task, row in zip(place.tasks, place.rows, strict=True)
        if row.number not in leftover.kept
    )


def _said(expansion: Expansion) -> tuple[str, ...]:
    return (expansion.error,) if expansion.error else ()


def packed(row: FrameRow) -> FrameRow:
    """Return a row that takes little memory: those of all frames stay until the end."""
    return replace(row, files=PackedFiles(row.files))


def job_facts(config: ScenecapConfig, cameras: Sequence[str], *, several_frames: bool) -> JobFacts:
    """Return what all frames of a job share, for the writers."""
    return JobFacts(
        cameras=CameraNames.of(dict.fromkeys(cameras), config.output.camera_dir),
        several_frames=several_frames,
        config_hash=config.content_hash(),
        seed=config.graph.random_seed,
        generator=_GENERATOR,
    )


def output_folder(config: ScenecapConfig) -> Path | str:
    """Return the output folder, absolute, or the address of an output that is none of this machine's.

    Raises:
        UsageError: None is given.
    """
    output = config.job.output_path
    if output is None:
        raise UsageError("output_path: no output folder is given.", remedy="Give the folder for the results.")
    return output if isinstance(output, str) and "://" in output else Path(os.path.abspath(output))
