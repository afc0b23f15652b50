"""What is left of a text without the sentences that the graph does not support."""

from __future__ import annotations

import re

from scenecap.caption.verify.model import Verdict
from scenecap.caption.verify.tokens import split_sentences
from scenecap.caption.verify.verify import Verifier

#: How often what is left is cut again: without its first half a text may say something else.
_MOST_ROUNDS = 8
#: A sentence that starts like this leans on the one before it.
_LEANS = re.compile(
    r"(?:(?:and|but|also|besides|next to|behind|beside|on|in|under|above|to the (?:left|right) of|in front of)\s+)?"
    r"(?:it|its|they|their|them|these|those|this|that|both|another|one|the others?|here|there)\b"
    r"(?!\s+(?:is|are)\s+(?:a|an|no|one|two)\b)",  # "There is a mug" stands alone
    re.IGNORECASE,
)


def cut_unsupported(verifier: Verifier, text: str, *, kind: str = "") -> Verdict | None:
    """Return the verdict on a text less its sentences with claims that the graph does not support.

    What is left is read anew, and cut again until all of it is supported. A sentence that leans on one that was cut ("It is
    red.") goes with it.

    Args:
        verifier: Of the frame.
        text: Any text.
        kind: Which of a frame's texts it is, for the verdict.

    Returns:
        A verdict whose text is the rest and that is supported, or None where nothing with a claim is left.

    Raises:
        MissingExtraError: The parser (extra ``verify``) is not installed.
    """
    for _ in range(_MOST_ROUNDS):
        verdict = verifier.check(text, kind=kind)
        if verdict.supported:
            return verdict if verdict.claims else None
        rest = _without(text, verdict, most=verifier.settings.max_sentence_tokens)
        if rest == text or not rest:
            return None
        text = rest
    return None


def sentence_spans(text: str, *, most: int) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence.

    Args:
        text: Any text.
        most: Words that the verifier reads together; a longer sentence is one nevertheless.
    """
    spans: list[tuple[int, int]] = []
    whole = True
    for tokens in split_sentences(text, most=most):
        start, end = tokens[0].start, tokens[-1].end
        if whole or "\n" in text[spans[-1][1] : start]:
            spans.append((start, end))
        else:
            spans[-1] = (spans[-1][0], end)
        whole = text[end - 1] in ".!?"
    return spans


def _without(text: str, verdict: Verdict, *, most: int) -> str:
    kept: list[str] = []
    was_cut = False
    for start, end in sentence_spans(text, most=most):
        failed = any(claim.span[0] < end and start < claim.span[1] for claim in verdict.failed)
        was_cut = failed or (was_cut and _LEANS.match(text, start, end) is not None)
        if not was_cut:
            kept.append(text[start:end])
    return " ".join(kept)
