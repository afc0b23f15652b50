"""What an export holds."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class ExportFormat(str, enum.Enum):
    """Formats of training files."""

    LLAVA = "llava"
    COCO = "coco"


class TextKind(str, enum.Enum):
    """Texts of a frame, by the names that the command line has for them."""

    BRIEF = "brief"
    GLOBAL = "global"
    QA = "qa"


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """What is exported, and how.

    Attributes:
        formats: Which files are written; they share the pictures.
        shares: Split -> share of the scenes; None takes the default's, and one split where there is one scene.
        seed: Decides which scene goes to which split, and which instruction a conversation begins with.
        kinds: Texts that are exported, where the dataset has them.
        questions: At most so many questions of a frame; None takes all.
        join: LLaVA: all texts of a frame in one conversation; else one conversation for each kind.
        keep_flagged: Export a model's texts too that the verifier flagged (``on_unsupported: flag``); else they are left out.
        link: Hard-link the pictures instead of copying them.
        licences: Scene name (or ``*`` for all) -> licence that a person states; it is added to what the dataset knows.
        force: Replace an earlier export.
    """

    formats: frozenset[ExportFormat]
    shares: Mapping[str, float] | None = None
    seed: int = 0
    kinds: tuple[TextKind, ...] = tuple(TextKind)
    questions: int | None = None
    join: bool = False
    keep_flagged: bool = False
    link: bool = False
    licences: Mapping[str, str] | None = None
    force: bool = False
