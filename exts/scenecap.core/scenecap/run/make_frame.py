"""Make one frame of a run, and turn whatever goes wrong into a report of it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from scenecap.caption.model import CaptionSource, text_sources
from scenecap.errors import EmptyFrameError, OutputError, ScenecapError
from scenecap.output.atomic import FileRecord
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.store import Store, open_store
from scenecap.run.captioner import Captioner
from scenecap.run.config import ScenecapConfig
from scenecap.run.empty import empty_reason
from scenecap.run.pipeline import BegunFrame, begin_frame, write_begun
from scenecap.run.plan import FrameTask
from scenecap.run.result import FrameOutcome
from scenecap.run.source import FrameSource
from scenecap.run.timings import StepTimer

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class FrameOrder:
    """One frame to make. It holds no more than a worker needs: it goes through a pipe.

    Attributes:
        number: Place of the frame in the run.
        key: Name of the frame, unique in the run.
        task: Which frame of its source.
        obsolete: Files that an earlier run left of it, relative to the output; those that it no longer has go.
    """

    number: int
    key: str
    task: FrameTask
    obsolete: tuple[str, ...] = ()


@dataclass(frozen=True)
class FrameReport:
    """What became of a frame, as it comes back from a worker.

    Attributes:
        number: Place of the frame in the run.
        status: Written, empty or failed.
        reason: Why it is empty or failed.
        files: What was written.
        counts: Objects seen, nodes, edges, ...
        warnings: What a person should know about the frame.
        brief: The one-sentence caption, where one was written.
        stopped: Why the run must end here (a full disk), or empty.
        seconds: Step -> how long it took [s], for the run log.
        worker: Which worker made it.
        attempts: How often it was begun.
    """

    number: int
    status: FrameStatus
    reason: str = ""
    files: tuple[FileRecord, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    brief: str | None = None
    stopped: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    worker: int = 0
    attempts: int = 1

    def outcome(self, row: FrameRow) -> FrameOutcome:
        """Return the frame's outcome.

        Args:
            row: Its row in the manifest, without what came of it.
        """
        done = dataclasses.replace(
            row, status=self.status, reason=self.reason, files=self.files, counts=self.counts, warnings=self.warnings
        )
        return FrameOutcome(done, brief=self.brief)


@dataclass(frozen=True)
class Made:
    """What became of a frame, and whether the run can go on.

    Attributes:
        outcome: Its row, with status and reason.
        stopped: Why the run must end here (a full disk), or empty.
    """

    outcome: FrameOutcome
    stopped: str = ""


@dataclass(frozen=True, eq=False)
class FrameInHand:
    """A frame that was observed and whose captions are being written.

    Attributes:
        order: Which frame.
        begun: What there is of it.
        timer: What it has cost so far.
    """

    order: FrameOrder
    begun: BegunFrame
    timer: StepTimer

    @property
    def ready(self) -> bool:
        """Whether its captions are there."""
        return self.begun.captions is None or self.begun.captions.done()


class FrameMaker:
    """Makes the frames of one source, in any order; a frame does not depend on which were made before.

    Args:
        config: All settings.
        source: Where the frames come from; its ``tasks`` has been called.
        output: The output folder, or a store.
        facts: What the frames share.
        folder: Folder below the output that they go to, with ``/`` between its parts.
        varied: Whether the stage has variations, which have a folder each.
        on_result: Called with the graph and captions of each frame that was written.
        captioner: Who writes the captions; the templates without one.
    """

    def __init__(
        self,
        config: ScenecapConfig,
        source: FrameSource,
        output: Path | Store,
        facts: JobFacts,
        *,
        folder: str = "",
        varied: bool = False,
        on_result: Callable[[FrameResult], None] | None = None,
        captioner: Captioner | None = None,
    ) -> None:
        self._captioner = captioner
        self._config = config
        self._source = source
        self._output = open_store(output)
        self._facts = facts
        self._folder = folder
        self._varied = varied
        self._on_result = on_result

    def make(self, order: FrameOrder) -> FrameReport:
        """Observe, caption and write one frame."""
        begun = self.begin(order)
        return begun if isinstance(begun, FrameReport) else self.finish(begun)

    def begin(self, order: FrameOrder) -> FrameInHand | FrameReport:
        """Observe a frame, build its graph and start to write its captions; a frame that fails here is done."""
        timer = StepTimer()
        begun = self._guarded(order, lambda: self._begin(order, timer))
        return dataclasses.replace(begun, seconds=timer.seconds) if isinstance(begun, FrameReport) else begun

    def finish(self, in_hand: FrameInHand) -> FrameReport:
        """Wait for the captions of a frame that was begun, and write it."""
        report = self._guarded(in_hand.order, lambda: self._finish(in_hand))
        return dataclasses.replace(report, seconds=in_hand.timer.seconds)

    def _begin(self, order: FrameOrder, timer: StepTimer) -> FrameInHand | FrameReport:
        with timer.step("observe"):
            frame = self._source.observe(order.task)
        try:
            begun = begin_frame(frame, self._config, variation=order.task.variation, timer=timer, captioner=self._captioner)
        except EmptyFrameError:
            reason = empty_reason(frame, self._config)
            return FrameReport(order.number, FrameStatus.EMPTY, reason=reason, warnings=frame.warnings)
        return FrameInHand(order, begun, timer)

    def _finish(self, in_hand: FrameInHand) -> FrameReport:
        order, frame = in_hand.order, in_hand.begun.frame
        done = write_begun(
            in_hand.begun,
            self._config,
            job=self._facts,
            output=self._output,
            folder=frame_folder(self._folder, order.task, varied=self._varied),
            key=order.key,
            obsolete=order.obsolete,
            timer=in_hand.timer,
        )
        if self._on_result is not None:
            self._on_result(done.result)
        captions = done.result.captions
        warnings = (*frame.warnings, *done.result.graph.notes, *(captions.notes if captions else ()))
        return FrameReport(
            order.number,
            FrameStatus.WRITTEN,
            files=done.files,
            counts=_counts(done.result),
            warnings=tuple(dict.fromkeys(warnings)),
            brief=captions.brief.text if captions and captions.brief else None,
        )

    def _guarded(self, order: FrameOrder, work: Callable[[], _T]) -> _T | FrameReport:
        """Do a part of a frame's work; what goes wrong with it becomes the frame's report."""
        try:
            return work()
        except EmptyFrameError as error:
            return FrameReport(order.number, FrameStatus.EMPTY, reason=str(error))
        except OutputError as error:
            return failed_report(order, str(error), stopped=str(error))
        except ScenecapError as error:
            return failed_report(order, str(error))
        except MemoryError:
            return failed_report(order, "not enough memory. Try a smaller resolution, or workers: 1.")
        except Exception as error:  # one frame's bug must not cost the others
            _LOG.debug("%s failed", order.task.id, exc_info=True)
            return failed_report(order, f"unexpected {type(error).__name__}: {error}")


def frame_folder(folder: str, task: FrameTask, *, varied: bool) -> str:
    """Return the folder of a frame below the output: its unit's, and one for each variation where there are variations."""
    parts = [folder] if folder else []
    if varied:
        parts.append(f"variation_{task.variation:03d}")
    return "/".join(parts)


def failed_report(order: FrameOrder, reason: str, *, stopped: str = "") -> FrameReport:
    """Return the report of a frame that could not be made."""
    return FrameReport(order.number, FrameStatus.FAILED, reason=reason, stopped=stopped)


def failed(row: FrameRow, reason: str) -> FrameOutcome:
    """Return the outcome of a frame that could not be made."""
    return FrameOutcome(dataclasses.replace(row, status=FrameStatus.FAILED, reason=reason))


def _counts(result: FrameResult) -> dict[str, int]:
    graph = result.graph
    counts = {
        "objects_in_view": len(result.frame.visible),
        "nodes": len(graph.nodes),
        "full_edges": len(graph.full) if graph.full is not None else 0,
        "pruned_edges": len(graph.pruned),
        "questions": len(result.captions.questions) if result.captions else 0,
    }
    if result.frame.variation is not None:
        counts |= result.frame.variation.counts
    if result.captions is not None and result.captions.verdict is not None:
        judged = result.captions.verdict.all()
        counts["claims"] = sum(len(verdict.claims) for verdict in judged)
        counts["claims_not_supported"] = sum(len(verdict.failed) for verdict in judged)
    if result.captions is not None and result.captions.model is not None:
        sources = text_sources(result.captions).values()
        counts["texts_by_model"] = sum(source is not CaptionSource.TEMPLATE for source in sources)
        counts["texts_by_template"] = sum(source is CaptionSource.TEMPLATE for source in sources)
    return counts
