"""What can be wrong with a dataset, in one line each, and what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ProblemKind(str, enum.Enum):
    """Kinds of problems."""

    UNFINISHED = "unfinished"
    TORN_MANIFEST = "torn manifest"
    BAD_ROW = "bad row"
    FRAMES_MISSING = "frames missing"
    OUTSIDE = "outside"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    SIZE = "size"
    HASH = "hash"
    BAD_DOCUMENT = "bad document"
    COUNT = "count"
    STRAY = "stray"


#: Kind -> what is wrong, and what to do.
_TEXTS: dict[ProblemKind, tuple[str, str]] = {
    ProblemKind.UNFINISHED: (
        "the run was stopped, or is still under way",
        "Run its config again: 'scenecap run' goes on where it stopped.",
    ),
    ProblemKind.TORN_MANIFEST: ("the last line is torn", "Run the config again, or copy the dataset again."),
    ProblemKind.BAD_ROW: ("a row is wrong", "Run the config again, or copy the dataset again."),
    ProblemKind.FRAMES_MISSING: ("frames have no row", "Run the config again."),
    ProblemKind.OUTSIDE: ("lies outside of the dataset", "Do not use this dataset before you know who put that there."),
    ProblemKind.MISSING: ("is missing", "Copy the dataset again, or run the config again."),
    ProblemKind.UNREADABLE: ("cannot be read", "See to its permissions, or copy the dataset again."),
    ProblemKind.SIZE: ("has another size than when it was written", "Copy the dataset again, or run the config again."),
    ProblemKind.HASH: ("was changed after it was written", "Copy the dataset again, or run the config again."),
    ProblemKind.BAD_DOCUMENT: ("is not what its name says", "Run the config again."),
    ProblemKind.COUNT: ("does not agree with the manifest", "Run the config again."),
    ProblemKind.STRAY: ("belongs to no frame", "Remove it, unless you put it there."),
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        kind: What.
        path: The file, relative to the dataset.
        detail: More about it, or "".
        frame: Number of the frame it belongs to, or None.
    """

    kind: ProblemKind
    path: str
    detail: str = ""
    frame: int | None = None

    @property
    def text(self) -> str:
        """What is wrong, without the path."""
        what = _TEXTS[self.kind][0]
        return f"{what} ({self.detail})" if self.detail else what

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return _TEXTS[self.kind][1]
