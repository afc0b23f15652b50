"""Verdicts of a caption file, read back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

#: What the graph may say of a claim.
STATUSES = ("supported", "contradicted", "unknown")
#: Counts that scores are made of.
COUNTS = (
    "objects",
    "hallucinated_objects",
    "texts",
    "hallucinating_texts",
    "triplets",
    "unsupported_triplets",
    "claims",
    "supported",
    "nodes",
    "covered",
)


@dataclass(frozen=True)
class WrittenClaim:
    """One claim of a text: its kind, status, (start, end) in the text, and the words there."""

    kind: str
    status: str
    span: tuple[int, int]
    words: str
    nodes: tuple[int, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class TextVerdict:
    """The verdict on one text.

    Attributes:
        kind: "brief_caption", "global_caption" or "qa_caption".
        question: Place of the question whose statement was judged; None for captions.
        statement: That statement, or "".
        supported: Whether every claim is.
        claims: In the order of their words.
        scores: Counts that the rates are made of.
    """

    kind: str
    question: int | None
    statement: str
    supported: bool
    claims: tuple[WrittenClaim, ...]
    scores: Mapping[str, int]


@dataclass(frozen=True)
class VerdictDocument:
    """``verdict`` of a caption file: the verdict on each text, and the verifier's settings as they were written."""

    texts: tuple[TextVerdict, ...]
    scores: Mapping[str, int]
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class VerdictStats:
    """Verdicts of a dataset on texts of one kind.

    Attributes:
        texts: Texts that were judged.
        supported: Texts of which every claim is supported.
        claims: Kind of claim -> status -> how many.
        scores: Sums of what the rates are made of.
    """

    texts: int
    supported: int
    claims: Mapping[str, Mapping[str, int]]
    scores: Mapping[str, int]

    def count(self, status: str) -> int:
        """Return how many claims have a status."""
        return sum(counts.get(status, 0) for counts in self.claims.values())

    def rates(self) -> dict[str, float]:
        """Return CHAIR-i, CHAIR-s, relation hallucination, precision and coverage, 0..1, over all texts together."""

        def share(part: str, whole: str, empty: float) -> float:
            return round(self.scores[part] / self.scores[whole], 4) if self.scores.get(whole) else empty

        return {
            "chair_i": share("hallucinated_objects", "objects", 0.0),
            "chair_s": share("hallucinating_texts", "texts", 0.0),
            "relation_hallucination": share("unsupported_triplets", "triplets", 0.0),
            "precision": share("supported", "claims", 1.0),
            "coverage": share("covered", "nodes", 1.0),
        }

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "texts": self.texts,
            "supported": self.supported,
            "claims": {kind: dict(counts) for kind, counts in self.claims.items()},
            "scores": {**self.scores, **self.rates()},
        }


# The parsers raise KeyError, TypeError, ValueError or AttributeError for what does not fit; the reader names the file.


def parse_verdict(raw: Mapping[str, Any] | None) -> VerdictDocument | None:
    """Return a caption file's verdict; None where it has none."""
    if raw is None:
        return None
    return VerdictDocument(tuple(_text(item) for item in raw["texts"]), _counts(raw["scores"]), dict(raw["settings"]))


def _text(item: Mapping[str, Any]) -> TextVerdict:
    question = item.get("question")
    return TextVerdict(
        kind=str(item["kind"]),
        question=None if question is None else int(question),
        statement=str(item.get("statement", "")),
        supported=bool(item["supported"]),
        claims=tuple(_claim(claim) for claim in item["claims"]),
        scores=_counts(item["scores"]),
    )


def _claim(item: Mapping[str, Any]) -> WrittenClaim:
    start, end = (int(value) for value in item["span"])
    if item["status"] not in STATUSES:
        raise ValueError(f"a claim is {item['status']!r:.40}")
    nodes = tuple(int(node) for node in item.get("nodes", ()))
    return WrittenClaim(str(item["kind"]), str(item["status"]), (start, end), str(item["words"]), nodes, item)


def _counts(item: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(item[name]) for name in COUNTS}


def check_verdict(verdict: VerdictDocument, texts: Mapping[str, str], questions: int, nodes: int | None) -> Iterator[str]:
    """Yield what does not agree: texts that are not there, words that are not in them, sums that are others.

    Args:
        verdict: The verdict.
        texts: Kind -> text of the captions that are there.
        questions: How many questions there are.
        nodes: How many objects the graph has; None where it is not known.
    """
    judged = [text.kind for text in verdict.texts if text.question is None]
    if sorted(judged) != sorted(texts):
        yield f"verdict: is on {', '.join(judged) or 'no caption'}, and there is {', '.join(texts) or 'none'}"
        return
    for text in verdict.texts:
        name = f"verdict on {text.kind}" if text.question is None else f"verdict on question {text.question}"
        if text.question is not None and not 0 <= text.question < questions:
            yield f"{name}: there is no such question"
            continue
        words = text.statement if text.question is not None else texts[text.kind]
        for claim in text.claims:
            start, end = claim.span
            if not 0 <= start <= end <= len(words) or not words[start:end].startswith(claim.words[:40]):
                yield f"{name}: {claim.words!r:.60} is not at characters {start} to {end}"
            if nodes is not None and any(not 0 <= node < nodes for node in claim.nodes):
                yield f"{name}: {claim.words!r:.60} speaks of an object that the graph has not"
        held = sum(claim.status == "supported" for claim in text.claims)
        if (text.scores["claims"], text.scores["supported"]) != (len(text.claims), held):
            yield f"{name}: {held} of {len(text.claims)} claims are supported, its scores say otherwise"
        if text.supported is not (held == len(text.claims)):
            yield f"{name}: supported is {str(text.supported).lower()}, its claims say otherwise"
    captions = [text for text in verdict.texts if text.question is None]
    for name in COUNTS:
        if sum(text.scores[name] for text in captions) != verdict.scores[name]:
            yield f"verdict: {name} is {verdict.scores[name]}, its texts make {sum(text.scores[name] for text in captions)}"


class VerdictTally:
    """Counts verdicts of many frames."""

    def __init__(self) -> None:
        self._texts: Counter[str] = Counter()
        self._supported: Counter[str] = Counter()
        self._claims: dict[str, dict[str, Counter[str]]] = {}
        self._scores: dict[str, Counter[str]] = {}

    def add(self, texts: Iterable[TextVerdict]) -> None:
        """Count the verdicts on a frame's texts."""
        for text in texts:
            self._texts[text.kind] += 1
            self._supported[text.kind] += text.supported
            claims = self._claims.setdefault(text.kind, {})
            for claim in text.claims:
                claims.setdefault(claim.kind, Counter())[claim.status] += 1
            self._scores.setdefault(text.kind, Counter()).update(text.scores)

    def stats(self) -> dict[str, VerdictStats]:
        """Return what was counted, by kind of text."""
        return {
            kind: VerdictStats(
                count,
                self._supported[kind],
                {
                    name: {status: found[status] for status in STATUSES if found[status]}
                    for name, found in sorted(self._claims[kind].items(), key=lambda item: (-item[1].total(), item[0]))
                },
                {name: self._scores[kind][name] for name in COUNTS},
            )
            for kind, count in self._texts.items()
        }
