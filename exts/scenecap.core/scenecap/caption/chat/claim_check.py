"""What a verifier says of a model's texts, as the engine needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from scenecap.caption.model import Captions
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph


@dataclass(frozen=True)
class FailedClaim:
    """A claim of a text that the scene contradicts or does not know.

    Attributes:
        words: What the text says.
        why: What is wrong with it.
        question: Place of the question that says it; None in the other texts.
    """

    words: str
    why: str
    question: int | None = None


#: Failed claims by text: "brief", "global", "questions". A text without any is not in it.
Failures = Mapping[str, tuple[FailedClaim, ...]]


class ClaimCheck(Protocol):
    """Finds the claims of texts that the scene does not support. Called on threads."""

    def __call__(self, captions: Captions, graph: SceneGraph, frame: Frame) -> Failures:
        """Return the failed claims by text."""
        ...
