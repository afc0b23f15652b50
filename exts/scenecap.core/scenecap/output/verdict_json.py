"""``verdict`` in the caption file: what the verifier says of each text of a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenecap.caption.verify.model import FrameVerdict, Verdict


def verdict_json(verdict: FrameVerdict) -> dict[str, Any]:
    """Return the verdict on a frame's texts as a part of its caption document.

    Args:
        verdict: What the verifier says.
    """
    texts = [{"kind": part.kind, **_judged(part)} for part in verdict.captions.parts]
    texts += [
        {"kind": part.kind, "question": place, "statement": part.text, **_judged(part)}
        for place, part in verdict.questions.items()
    ]
    return {"scores": verdict.captions.scores.to_dict(), "texts": texts, "settings": dict(verdict.settings)}


def _judged(verdict: Verdict) -> dict[str, Any]:
    return {
        "supported": verdict.supported,
        "scores": verdict.scores.to_dict(),
        "claims": [claim.to_dict() for claim in verdict.claims],
    }
