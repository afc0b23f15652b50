"""What becomes of a caption that the scene does not support. No rail, no model: a text in, a text or a refusal out."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from scenecap.caption.chat.settings import OnUnsupported
from scenecap.caption.model import CaptionKind
from scenecap.caption.template import caption_graph
from scenecap.caption.verify import Verdict, Verifier
from scenecap.caption.verify.cut import cut_unsupported
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph
from scenecap.text import clean_text

#: Claims that a reason names.
_SHOWN = 3


class RailStatus(str, enum.Enum):
    """What the rail did; the words are those of NeMo Guardrails' own result."""

    PASSED = "passed"
    MODIFIED = "modified"
    BLOCKED = "blocked"


class TextSource(str, enum.Enum):
    """Where the text that goes on is from."""

    GIVEN = "given"
    CUT = "cut"  # the given text without the sentences that the scene does not support
    TEMPLATE = "template"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class ShownScene:
    """A scene that captions are held against; its verifier serves all of them."""

    graph: SceneGraph
    frame: Frame
    verifier: Verifier


@dataclass(frozen=True)
class RailCheck:
    """What the rail says of a text.

    Attributes:
        status: Whether it passed, was modified or was blocked.
        text: The text that goes on; "" where it was blocked.
        caption_source: Where this text is from.
        reason: Why it did not pass as it was, in one line; "" where it did. A flagged text has a reason too.
        verdict: On the text as it was given; None where it could not be judged.
    """

    status: RailStatus
    text: str
    caption_source: TextSource
    reason: str = ""
    verdict: Verdict | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON, and for the rail's flow."""
        return {
            "status": self.status.value,
            "is_blocked": self.status is RailStatus.BLOCKED,
            "text": self.text,
            "caption_source": self.caption_source.value,
            "reason": self.reason,
            "verdict": None if self.verdict is None else self.verdict.to_dict(),
        }


def refused(reason: str, verdict: Verdict | None = None) -> RailCheck:
    """Return a refusal."""
    return RailCheck(RailStatus.BLOCKED, "", TextSource.NONE, reason, verdict)


def hold_to_scene(text: str, scene: ShownScene, policy: OnUnsupported, *, kind: CaptionKind = CaptionKind.GLOBAL) -> RailCheck:
    """Hold a text against a scene, and say what goes on in its place.

    Args:
        text: A caption, whoever wrote it.
        scene: The scene.
        policy: What becomes of a text with a claim that the scene does not support, or without any claim.
        kind: Which of the template's captions may stand in for it: the brief one or the paragraph.

    Raises:
        MissingExtraError: The extra ``verify`` is not installed.
    """
    verdict = scene.verifier.check(text, kind=kind.value)
    if verdict.supported and verdict.claims:
        return RailCheck(RailStatus.PASSED, text, TextSource.GIVEN, "", verdict)
    reason = _reason(verdict)
    if policy in (OnUnsupported.ACCEPT, OnUnsupported.FLAG):
        return RailCheck(RailStatus.PASSED, text, TextSource.GIVEN, reason if policy is OnUnsupported.FLAG else "", verdict)
    if policy is OnUnsupported.REPAIR:
        rest = cut_unsupported(scene.verifier, text)
        if rest is not None:
            return RailCheck(RailStatus.MODIFIED, rest.text, TextSource.CUT, reason, verdict)
    if policy in (OnUnsupported.REPAIR, OnUnsupported.TEMPLATE):
        captions = caption_graph(scene.graph, frame=scene.frame)
        caption = captions.brief if kind is CaptionKind.BRIEF else captions.overall
        if caption is not None:
            return RailCheck(RailStatus.MODIFIED, caption.text, TextSource.TEMPLATE, reason, verdict)
    return refused(reason, verdict)


def _reason(verdict: Verdict) -> str:
    failed = verdict.failed
    if not failed:
        return "The text says nothing about the scene."
    shown = "; ".join(f"'{clean_text(claim.words)}' ({clean_text(claim.why, limit=200)})" for claim in failed[:_SHOWN])
    more = f" and {len(failed) - _SHOWN} more" if len(failed) > _SHOWN else ""
    return f"The scene does not support {shown}{more}."
