"""Who wrote which text, and why a template had to: counted frame by frame, so that the sum is true."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from scenecap.caption.chat.errors import BudgetError, ChatError, EndpointError, RefusalError, ReplyError, TransientError
from scenecap.caption.model import CaptionSource

#: What is counted of a text that was left out.
DROPPED = "dropped"
#: Reason of a text that the verifier did not let pass.
NOT_SUPPORTED = "not supported by the scene"


def reason_of(error: ChatError) -> str:
    """Return a short name of what went wrong, for counting."""
    if isinstance(error, TransientError):
        return error.kind
    names = {BudgetError: "budget spent", EndpointError: "not asked", RefusalError: "declined", ReplyError: "wrong form"}
    return next((name for kind, name in names.items() if isinstance(error, kind)), "unsupported request")


@dataclass
class FrameAccount:
    """One frame.

    Attributes:
        sources: Who wrote each text ("brief" -> "model"), or ``dropped``.
        reasons: Why a text is not the model's ("brief" -> "server error").
        replies: Replies that came.
        silent: Whether the server did not answer at all where it was asked.
    """

    sources: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    replies: int = 0
    silent: bool = False

    def count_reply(self) -> None:
        """Count a reply."""
        self.replies += 1


@dataclass
class Account:
    """All frames of a run.

    Attributes:
        frames: How many.
        by_model: Frames all of whose texts the model wrote.
        by_template: Frames none of whose texts the model wrote.
        texts: Texts by who wrote them.
        reasons: Texts that are not the model's, by reason.
    """

    frames: int = 0
    by_model: int = 0
    by_template: int = 0
    texts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, one: FrameAccount) -> None:
        """Count a frame."""
        written = [
            source in (CaptionSource.MODEL.value, CaptionSource.MODEL_REPAIRED.value) for source in one.sources.values()
        ]
        self.frames += 1
        self.by_model += all(written)
        self.by_template += not any(written)
        self.texts.update(one.sources.values())
        self.reasons.update(one.reasons.values())

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "frames": self.frames,
            "frames_by_model": self.by_model,
            "frames_by_template": self.by_template,
            "frames_mixed": self.frames - self.by_model - self.by_template,
            "texts": dict(sorted(self.texts.items())),
            "reasons": dict(sorted(self.reasons.items())),
        }
