"""What the captioners return: texts with their grounding, and questions with their evidence."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenecap.caption.verify.model import FrameVerdict


class CaptionKind(str, enum.Enum):
    """Kinds of captions; the values are the config keys."""

    BRIEF = "brief_caption"
    GLOBAL = "global_caption"
    QA = "qa_caption"


class CaptionSource(str, enum.Enum):
    """Who wrote the text."""

    TEMPLATE = "template"
    MODEL = "model"
    MODEL_REPAIRED = "model_repaired"


class QuestionKind(str, enum.Enum):
    """What a question asks for."""

    EXISTENCE = "existence"
    COUNT = "count"
    COLOR = "color"
    SIZE = "size"
    SUPPORT = "support"
    INSIDE = "inside"
    LEFT_RIGHT = "left_right"
    FRONT_BEHIND = "front_behind"
    ABOVE_BELOW = "above_below"
    NEAREST = "nearest"
    DISTANCE = "distance"
    BETWEEN = "between"


@dataclass(frozen=True)
class Span:
    """A stretch of a text and what it speaks of.

    Attributes:
        start: First character.
        end: One past the last character.
        nodes: Node ids it refers to; several for a plural or a group.
        room: Prim paths of room elements it refers to.
    """

    start: int
    end: int
    nodes: tuple[int, ...]
    room: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """One claim of a text, traced to the graph.

    Attributes:
        kind: A relation's name in lower case ("on", "left"), or "exists", "count", "color", "size", "setting", "between",
            "distance", "material", "part_of", "centered", "extreme", "rank".
        nodes: Node ids, subject(s) first. A relation holds of each of them.
        objects: Node ids of the other end(s); with several, each subject is in the relation to one of them ("between": to
            both; "extreme" and "rank": those that it is compared with).
        value: A count, colour word or number, where the kind has one; the prim path of the room element for a relation to the
            room.
        source: For colors, where they are known from ("name", "parent", "database", "albedo").
    """

    kind: str
    nodes: tuple[int, ...]
    objects: tuple[int, ...] = ()
    value: str | int | float | None = None
    source: str | None = None


@dataclass(frozen=True)
class Caption:
    """A text, its grounding, and the facts it states."""

    text: str
    spans: tuple[Span, ...] = ()
    facts: tuple[Fact, ...] = ()
    source: CaptionSource = CaptionSource.TEMPLATE


@dataclass(frozen=True)
class Question:
    """A question about the frame with its one right answer.

    Attributes:
        question: The question, in English.
        answer: The answer: "yes"/"no", a number word, a colour, or a noun phrase.
        kind: What it asks for.
        polarity: True/False for yes/no questions, else None.
        question_spans: Grounding of the question.
        answer_spans: Grounding of the answer.
        evidence_nodes: Node ids the answer rests on.
        evidence_edges: (source, target) node ids of the pairs the answer rests on.
        facts: The facts that make the answer right (for a "no": the facts that make it wrong to say yes).
        statement: A model's question: question and answer as one sentence, which the verifier reads.
    """

    question: str
    answer: str
    kind: QuestionKind
    polarity: bool | None = None
    question_spans: tuple[Span, ...] = ()
    answer_spans: tuple[Span, ...] = ()
    evidence_nodes: tuple[int, ...] = ()
    evidence_edges: tuple[tuple[int, int], ...] = ()
    facts: tuple[Fact, ...] = ()
    statement: str = ""


@dataclass(frozen=True)
class PromptVersion:
    """A prompt template that a model was asked with.

    Attributes:
        name: Its name.
        version: As its first line says.
        hash: Of its text, 12 hexadecimal digits.
    """

    name: str
    version: str
    hash: str


@dataclass(frozen=True)
class ModelFacts:
    """The model that was asked for a frame's texts, for the output. Holds no address and no key.

    Attributes:
        name: As its server lists it.
        profile: Kind of server.
        picture: Whether it was sent the picture.
        prompts: The templates.
        questions: Who wrote the questions in the end.
    """

    name: str
    profile: str
    picture: bool
    prompts: tuple[PromptVersion, ...]
    questions: CaptionSource = CaptionSource.TEMPLATE


@dataclass(frozen=True)
class Captions:
    """All texts of one frame; a kind that was not asked for is None (or an empty tuple for questions)."""

    brief: Caption | None = None
    overall: Caption | None = None
    questions: tuple[Question, ...] = ()
    #: Node id -> a referring expression that is unambiguous in the frame ("the bowl on the stove").
    references: dict[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    #: The model that was asked; None with ``engine: template``.
    model: ModelFacts | None = None
    #: What the verifier says of the texts; None where it was not asked.
    verdict: FrameVerdict | None = None


def text_sources(captions: Captions) -> dict[str, CaptionSource]:
    """Return who wrote each text that is there, by its config key."""
    texts = {CaptionKind.BRIEF.value: captions.brief, CaptionKind.GLOBAL.value: captions.overall}
    sources = {name: text.source for name, text in texts.items() if text is not None}
    if captions.questions:
        model = captions.model
        sources[CaptionKind.QA.value] = CaptionSource.TEMPLATE if model is None else model.questions
    return sources
