"""What became of a run, frame by frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenecap.contract import VARIATION_COUNTS
from scenecap.output.manifest import FrameRow, FrameStatus

#: 128 + the number of SIGTERM, as shells and schedulers expect it.
EXIT_INTERRUPTED = 143


@dataclass(frozen=True)
class FrameOutcome:
    """One frame of a run.

    Attributes:
        row: Its row in the manifest.
        brief: The one-sentence caption, where one was written in this run.
        kept: Whether an earlier run that was stopped had written it already.
    """

    row: FrameRow
    brief: str | None = None
    kept: bool = False


@dataclass(frozen=True)
class RunResult:
    """All frames of a run, in order.

    Attributes:
        scene: Name of the scene; names, separated by commas, where there are several.
        output: The output folder.
        frames: What became of each frame.
        problems: What was wrong with the input and survived.
        stopped: Why the run ended before its last frame (a full disk, a request), or empty.
        interrupted: Whether it was asked to stop (SIGTERM); the frames that were in hand are there.
        unopened: How many scenes could not be opened; why is among the problems.
        rejected: Rule -> how many placed viewpoints it turned down.
        model: What was asked of a model and what came of it (:meth:`scenecap.caption.chat.engine.ChatEngine.summary`); None
            where none was.
    """

    scene: str
    output: Path
    frames: tuple[FrameOutcome, ...]
    problems: tuple[str, ...] = ()
    stopped: str = ""
    interrupted: bool = False
    unopened: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    model: Mapping[str, Any] | None = None

    def count(self, status: FrameStatus) -> int:
        """Return how many frames have a status."""
        return sum(frame.row.status is status for frame in self.frames)

    @property
    def varied(self) -> Mapping[str, int]:
        """What was drawn in all variations and what became of it; each stage and each view is counted once."""
        total: Counter[str] = Counter()
        known: set[tuple[str, str]] = set()
        for row in (frame.row for frame in self.frames):
            if not row.variation or row.status is not FrameStatus.WRITTEN:
                continue
            folder = row.key.rpartition("/")[0]
            for part in ("", row.camera):
                if (folder, part) not in known:
                    known.add((folder, part))
                    names = (name for name in VARIATION_COUNTS if name in row.counts and name.startswith("view") == bool(part))
                    total.update({name: row.counts[name] for name in names})
        return dict(sorted(total.items()))

    @property
    def exit_code(self) -> int:
        """0 all frames written, 1 some failed or empty, 3 every frame empty, 143 asked to stop."""
        if self.stopped:
            return EXIT_INTERRUPTED if self.interrupted else 1
        if self.unopened:
            return 1
        if self.count(FrameStatus.EMPTY) == len(self.frames):
            return 3
        return 0 if self.count(FrameStatus.WRITTEN) == len(self.frames) else 1
