"""The verifier as the engine's judge: which claims of a model's texts the scene does not support."""

from __future__ import annotations

import threading

from scenecap.caption.chat.judging import FailedClaim, Failures, Judge
from scenecap.caption.chat.replies import BRIEF, GLOBAL, QUESTIONS
from scenecap.caption.model import CaptionKind, Captions
from scenecap.caption.verify import VerifySettings, verify_captions
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph

_NAMES = {CaptionKind.BRIEF.value: BRIEF, CaptionKind.GLOBAL.value: GLOBAL, CaptionKind.QA.value: QUESTIONS}


def verifier_judge(settings: VerifySettings | None = None) -> Judge:
    """Return a judge that asks the verifier.

    Args:
        settings: The verifier's; all defaults where None.

    Raises:
        MissingExtraError: The verifier's parser is not installed.
    """
    settings = VerifySettings.model_validate({}) if settings is None else settings
    lock = threading.Lock()  # the parser is not meant for several threads

    def judge(captions: Captions, graph: SceneGraph, frame: Frame) -> Failures:
        with lock:
            verdict = verify_captions(captions, graph, frame, settings)
        failed: dict[str, list[FailedClaim]] = {}
        asked = 0
        for part in verdict.parts or (verdict,):
            name = _NAMES.get(part.kind, part.kind)
            place = None
            if name == QUESTIONS:
                place, asked = asked, asked + 1
            for claim in part.failed:
                failed.setdefault(name, []).append(FailedClaim(claim.words, claim.why, place))
        return {name: tuple(claims) for name, claims in failed.items()}

    return judge
