"""Make one frame of a run, and turn whatever goes wrong into its row."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scenecap.contract import Frame
from scenecap.errors import EmptyFrameError, OutputError, ScenecapError
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.output.model import FrameResult, JobFacts
from scenecap.run.config import ScenecapConfig
from scenecap.run.empty import empty_reason
from scenecap.run.pipeline import process_frame
from scenecap.run.plan import FrameTask
from scenecap.run.result import FrameOutcome
from scenecap.run.source import FrameSource

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Made:
    """What became of a frame, and whether the run can go on.

    Attributes:
        outcome: Its row, with status and reason.
        stopped: Why the run must end here (a full disk), or empty.
    """

    outcome: FrameOutcome
    stopped: str = ""


class FrameMaker:
    """Makes the frames of one run, in any order; a frame does not depend on which were made before.

    Args:
        config: All settings.
        source: Where the frames come from; its ``tasks`` has been called.
        output: The output folder.
        facts: What the frames share.
        old_files: Frame's key -> files that an earlier run left of it, which go where the frame no longer has them.
        on_result: Called with the graph and captions of each frame that was written.
    """

    def __init__(
        self,
        config: ScenecapConfig,
        source: FrameSource,
        output: Path,
        facts: JobFacts,
        old_files: Mapping[str, tuple[str, ...]] | None = None,
        *,
        on_result: Callable[[FrameResult], None] | None = None,
    ) -> None:
        self._config = config
        self._source = source
        self._output = output
        self._facts = facts
        self._old_files = old_files or {}
        self._on_result = on_result

    def make(self, task: FrameTask, row: FrameRow) -> Made:
        """Observe, caption and write one frame.

        Args:
            task: Which frame.
            row: Its row in the manifest, without what comes of it.
        """
        frame: Frame | None = None
        try:
            frame = self._source.observe(task)
            old = self._old_files.get(row.key, ())
            done = process_frame(frame, self._config, job=self._facts, output=self._output, obsolete=old)
        except EmptyFrameError as error:
            reason = str(error) if frame is None else empty_reason(frame, self._config)
            warnings = () if frame is None else frame.warnings
            return Made(FrameOutcome(dataclasses.replace(row, status=FrameStatus.EMPTY, reason=reason, warnings=warnings)))
        except OutputError as error:
            return Made(failed(row, str(error)), stopped=str(error))
        except ScenecapError as error:
            return Made(failed(row, str(error)))
        except MemoryError:
            return Made(failed(row, "not enough memory. Try a smaller resolution, or workers: 1."))
        except Exception as error:  # one frame's bug must not cost the others
            _LOG.debug("%s failed", task.id, exc_info=True)
            return Made(failed(row, f"unexpected {type(error).__name__}: {error}"))
        if self._on_result is not None:
            self._on_result(done.result)
        captions = done.result.captions
        warnings = (*frame.warnings, *done.result.graph.notes, *(captions.notes if captions else ()))
        written = dataclasses.replace(
            row,
            status=FrameStatus.WRITTEN,
            files=done.files,
            counts=_counts(done.result),
            warnings=tuple(dict.fromkeys(warnings)),
        )
        return Made(FrameOutcome(written, brief=captions.brief.text if captions and captions.brief else None))


def failed(row: FrameRow, reason: str) -> FrameOutcome:
    """Return the outcome of a frame that could not be made."""
    return FrameOutcome(dataclasses.replace(row, status=FrameStatus.FAILED, reason=reason))


def _counts(result: FrameResult) -> dict[str, int]:
    graph = result.graph
    return {
        "objects_in_view": len(result.frame.visible),
        "nodes": len(graph.nodes),
        "full_edges": len(graph.full) if graph.full is not None else 0,
        "pruned_edges": len(graph.pruned),
        "questions": len(result.captions.questions) if result.captions else 0,
    }
