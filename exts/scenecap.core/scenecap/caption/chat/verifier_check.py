"""The verifier as the engine's check: which claims of a model's texts the scene does not support."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scenecap.caption.chat.claim_check import ClaimCheck, FailedClaim, Failures
from scenecap.caption.chat.replies import BRIEF, GLOBAL, QUESTIONS
from scenecap.caption.model import Captions, CaptionSource, Question
from scenecap.caption.verify import Claim, Verifier, VerifySettings
from scenecap.caption.verify.tagging import load_tagger
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph

_WORD = re.compile(r"[^\W_]+")
#: Words of a question or an answer that its statement need not repeat.
_SMALL = re.compile(
    "a|an|the|is|are|was|be|do|does|did|there|it|its|this|that|these|those|of|to|in|on|at|and|or|not|no|yes|any|some|what|which|"
    "who|where|how|many|much|kind|one|thing|object|objects|see|can|you|picture|scene|from|with|than|more|most|colou?r|material|"
    "directly"
)
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {str(number): word for number, word in enumerate(_DIGITS)}


def verifier_check(settings: VerifySettings | None = None) -> ClaimCheck:
    """Return a check that asks the verifier.

    A question is judged by its statement: the sentence that says what question and answer say together. The statement must be
    supported, and must hold the words of both; with the answer "no" it must deny something.

    Args:
        settings: The verifier's; all defaults where None.

    Raises:
        MissingExtraError: The verifier's parser is not installed.
    """
    load_tagger()

    def check(captions: Captions, graph: SceneGraph, frame: Frame) -> Failures:
        failed: dict[str, list[FailedClaim]] = {}
        verifier = Verifier(graph, frame, settings)
        for name, caption in ((BRIEF, captions.brief), (GLOBAL, captions.overall)):
            if caption is not None and caption.source is not CaptionSource.TEMPLATE:
                verdict = verifier.check(caption.text)
                failed[name] = [_failed(claim) for claim in verdict.failed]
                if not failed[name] and not any(claim.nodes for claim in verdict.claims):
                    failed[name].append(FailedClaim(caption.text[:80], "It names no object of the scene."))
        if captions.model is not None and captions.model.questions is not CaptionSource.TEMPLATE:
            failed[QUESTIONS] = [
                claim for place, one in enumerate(captions.questions) for claim in _judge_question(verifier, one, place)
            ]
        return {name: tuple(claims) for name, claims in failed.items() if claims}

    return check


def _failed(claim: Claim, place: int | None = None) -> FailedClaim:
    return FailedClaim(claim.words, claim.why, place)


def _judge_question(verifier: Verifier, question: Question, place: int) -> Iterator[FailedClaim]:
    verdict = verifier.check(question.statement)
    for claim in verdict.failed:
        yield _failed(claim, place)
    if not verdict.claims:
        yield FailedClaim(question.question, "Its statement says nothing about the scene.", place)
    said = _stems(question.statement)
    missing = (_stems(question.question) | (set() if question.polarity is not None else _stems(question.answer))) - said
    if missing:
        yield FailedClaim(question.question, f"Its statement does not say: {', '.join(sorted(missing))}.", place)
    denies = bool(re.search(r"\b(no|not|none|nothing)\b|n't\b", question.statement.lower()))
    if question.polarity is not None and denies is question.polarity:
        yield FailedClaim(question.question, "Question, answer and statement do not say the same.", place)


def _stems(text: str) -> set[str]:
    """Return the words of a text that carry meaning, number words for digits, without a plural's ending."""
    words = (str(_NUMBERS.get(word, word)) for word in _WORD.findall(text.lower()))
    return {word[:-1] if word.endswith("s") and len(word) > 3 else word for word in words if not _SMALL.fullmatch(word)}
