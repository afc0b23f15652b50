"""What the verifier returns: claims with their verdicts, and scores."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class ClaimStatus(str, enum.Enum):
    """What the graph says of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    #: The graph neither holds the claim nor its opposite.
    UNKNOWN = "unknown"


class ClaimKind(str, enum.Enum):
    """What a claim is about."""

    OBJECT = "object"  # there is a mug
    COUNT = "count"  # there are two
    COLOR = "color"  # it is red
    MATERIAL = "material"  # it is wooden
    SIZE = "size"  # it is larger than the plate, 1.2 m tall
    ATTRIBUTE = "attribute"  # it is open
    RELATION = "relation"  # it is on the table
    POSITION = "position"  # it is on the left of the picture
    DISTANCE = "distance"  # it is 40 cm from the plate
    SETTING = "setting"  # the place is a kitchen
    ABSENCE = "absence"  # there is no mug
    TEXT = "text"  # a stretch that was not read (too long)


@dataclass(frozen=True)
class Claim:
    """One thing that a text says, and what the graph says of it.

    Attributes:
        kind: What it is about.
        status: Supported, contradicted or unknown.
        words: The words of the text that say it.
        span: (start, end) of these words in the text.
        why: One sentence on why it has this status, for people and for a prompt that asks for a correction.
        predicate: The relation ("on", "left", "between"), color, number or noun that is claimed.
        subject: Words of what it is claimed of; "" where it speaks of the frame.
        object: Words of the other end of a relation, or "".
        nodes: Node ids that it rests on: the subject's.
        objects: Node ids of the other end.
        edges: (source, target) node ids of pairs that show it.
        paths: Prim paths that it rests on and that are no nodes: objects that were not selected or not seen, the room.
    """

    kind: ClaimKind
    status: ClaimStatus
    words: str
    span: tuple[int, int]
    why: str
    predicate: str = ""
    subject: str = ""
    object: str = ""
    nodes: tuple[int, ...] = ()
    objects: tuple[int, ...] = ()
    edges: tuple[tuple[int, int], ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether the graph holds it."""
        return self.status is ClaimStatus.SUPPORTED

    def to_dict(self) -> dict[str, object]:
        """Return the claim as plain data for JSON; what is empty is left out."""
        result: dict[str, object] = {
            "kind": self.kind.value,
            "status": self.status.value,
            "words": self.words,
            "span": list(self.span),
            "why": self.why,
        }
        texts = {"predicate": self.predicate, "subject": self.subject, "object": self.object}
        lists = {
            "nodes": list(self.nodes),
            "objects": list(self.objects),
            "edges": [list(edge) for edge in self.edges],
            "paths": list(self.paths),
        }
        return result | {key: value for key, value in {**texts, **lists}.items() if value}


@dataclass(frozen=True)
class Scores:
    """Hallucination and coverage of one text, or of several together.

    Attributes:
        objects: Mentions of objects.
        hallucinated_objects: Those that the picture does not show (contradicted).
        texts: Number of texts.
        hallucinating_texts: Those with at least one such mention.
        triplets: Relations (subject, predicate, object) that are claimed.
        unsupported_triplets: Those that are contradicted or unknown.
        claims: All claims.
        supported: Those that are supported.
        nodes: Nodes of the graph.
        covered: Nodes that a supported claim speaks of.
    """

    objects: int = 0
    hallucinated_objects: int = 0
    texts: int = 0
    hallucinating_texts: int = 0
    triplets: int = 0
    unsupported_triplets: int = 0
    claims: int = 0
    supported: int = 0
    nodes: int = 0
    covered: int = 0

    @property
    def chair_i(self) -> float:
        """CHAIR-i (Rohrbach et al. 2018): hallucinated object mentions per object mention, 0..1."""
        return self.hallucinated_objects / self.objects if self.objects else 0.0

    @property
    def chair_s(self) -> float:
        """CHAIR-s (Rohrbach et al. 2018): share of texts that mention a hallucinated object, 0..1."""
        return self.hallucinating_texts / self.texts if self.texts else 0.0

    @property
    def relation_hallucination(self) -> float:
        """Share of claimed triplets that the graph does not support, 0..1, as Tri-HE (Wu et al. 2024) counts them."""
        return self.unsupported_triplets / self.triplets if self.triplets else 0.0

    @property
    def precision(self) -> float:
        """Share of claims that are supported, 0..1; 1 where nothing is claimed."""
        return self.supported / self.claims if self.claims else 1.0

    @property
    def coverage(self) -> float:
        """Share of the graph's nodes that are spoken of, 0..1; 1 for a graph without nodes."""
        return self.covered / self.nodes if self.nodes else 1.0

    def __add__(self, other: Scores) -> Scores:
        """Return the scores of both together."""
        return Scores(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def to_dict(self) -> dict[str, float | int]:
        """Return the counts and the rates made of them, as plain data for JSON."""
        rates = ("chair_i", "chair_s", "relation_hallucination", "precision", "coverage")
        counts = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return counts | {name: round(getattr(self, name), 4) for name in rates}


@dataclass(frozen=True)
class Verdict:
    """What the verifier says of one text (or of all texts of a frame, one after the other).

    Attributes:
        text: The text.
        claims: Its claims, in order of their words.
        scores: Made of the claims.
        kind: Which of a frame's texts it is ("brief_caption", "global_caption", "qa_caption"), or "".
        parts: Verdicts on the single texts, where this one is on several.
    """

    text: str
    claims: tuple[Claim, ...]
    scores: Scores
    kind: str = ""
    parts: tuple[Verdict, ...] = field(default=(), repr=False)

    @property
    def supported(self) -> bool:
        """Whether the graph holds every claim."""
        return all(claim.supported for claim in self.claims)

    @property
    def failed(self) -> tuple[Claim, ...]:
        """Claims that are contradicted or unknown."""
        return tuple(claim for claim in self.claims if not claim.supported)

    @property
    def contradicted(self) -> tuple[Claim, ...]:
        """Claims whose opposite the graph holds."""
        return tuple(claim for claim in self.claims if claim.status is ClaimStatus.CONTRADICTED)

    @property
    def unknown(self) -> tuple[Claim, ...]:
        """Claims that the graph says nothing of."""
        return tuple(claim for claim in self.claims if claim.status is ClaimStatus.UNKNOWN)

    def to_dict(self) -> dict[str, object]:
        """Return the verdict as plain data for JSON."""
        result: dict[str, object] = {"kind": self.kind} if self.kind else {}
        if self.parts:
            return result | {"scores": self.scores.to_dict(), "texts": [part.to_dict() for part in self.parts]}
        return result | {
            "text": self.text,
            "supported": self.supported,
            "scores": self.scores.to_dict(),
            "claims": [claim.to_dict() for claim in self.claims],
        }


@dataclass(frozen=True)
class FrameVerdict:
    """What the verifier says of all texts of a frame.

    Attributes:
        captions: Verdict on the brief and the global caption, one part each.
        questions: Place of a question -> verdict on its statement; of questions with a statement only (a model's).
        settings: The verifier's, as plain data.
    """

    captions: Verdict
    questions: Mapping[int, Verdict]
    settings: Mapping[str, object]

    def all(self) -> tuple[Verdict, ...]:
        """Return the verdicts on the single texts."""
        return (*self.captions.parts, *self.questions.values())
