"""What a sentence is made of: mentions of objects, relations, verbs, and the statements that they make."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from scenecap.caption.verify.tokens import Token


class Bound(str, enum.Enum):
    """How a number is meant."""

    EXACT = "exact"
    LEAST = "least"
    MORE = "more"
    MOST = "most"
    FEWER = "fewer"
    ABOUT = "about"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True)
class Count:
    """A number of objects, and where the text says it."""

    value: int
    bound: Bound
    start: int
    end: int


@dataclass(frozen=True)
class Word:
    """A word of a text and its place."""

    text: str
    start: int
    end: int


@dataclass(eq=False)
class Mention:
    """A noun phrase.

    Attributes:
        start: First character.
        end: One past the last.
        nouns: Its noun with the nouns before it, lower case, head last and in the singular; empty where it is left out.
        quoted: The label in quotation marks, or "".
        det: Its determiner ("the", "a", ...) or "".
        count: How many, or None.
        colors: Color words ("dark red" is one).
        materials: Material adjectives.
        adjectives: Other adjectives.
        extreme: "left", "right", "front", "back", "largest", ... or "".
        rank: 2 in "the second mug from the left", else 0.
        plural: Whether its form is plural.
        more: Whether it speaks of more than was named ("another mug", "two more mugs").
        other: Whether it speaks of the rest ("the other mug").
        pronoun: "it", "them", "one", ... or "".
        part_of: What it is a part (or the content's holder) of: "the drawer of the cabinet".
        partitive: Whether it takes some of a group ("26 of the boxes").
        tokens: Index of its first and last token in the sentence.
        is_picture: Whether it speaks of the picture itself although an object has that name.
    """

    start: int
    end: int
    nouns: tuple[str, ...] = ()
    quoted: str = ""
    det: str = ""
    count: Count | None = None
    colors: list[Word] = field(default_factory=list)
    materials: list[Word] = field(default_factory=list)
    adjectives: list[Word] = field(default_factory=list)
    extreme: str = ""
    rank: int = 0
    plural: bool = False
    more: bool = False
    other: bool = False
    pronoun: str = ""
    part_of: Mention | None = None
    partitive: bool = False
    tokens: tuple[int, int] = (0, 0)
    is_picture: bool = False

    @property
    def head(self) -> str:
        """Head noun, or "" where it is left out."""
        return self.nouns[-1] if self.nouns else ""

    @property
    def definite(self) -> bool:
        """Whether it speaks of something that is known."""
        return self.det in ("the", "this", "that", "these", "those", "its", "their") or bool(self.pronoun)


class Kind(str, enum.Enum):
    """Kinds of elements."""

    MENTION = "mention"
    LOOKS = "looks"  # adjectives without a noun: "is red and wooden"
    RELATION = "relation"
    POSITION = "position"  # "on the left", "in the background"
    POSSESSIVE = "possessive"  # "to its left"
    RECIPROCAL = "reciprocal"  # "next to each other"
    VERB = "verb"
    MEASURE = "measure"  # "40 cm"
    THERE = "there"
    WHICH = "which"
    COMMA = "comma"
    AND = "and"
    BREAK = "break"  # "while", ";"
    NOT = "not"
    OTHER = "other"


@dataclass(eq=False)
class Element:
    """A piece of a sentence.

    Attributes:
        kind: What it is.
        start: First character.
        end: One past the last.
        value: A relation's name, a verb's kind, a position's words.
        mention: For MENTION.
        words: For LOOKS: adjectives.
        meters: For MEASURE.
        dimension: For MEASURE: "height", "width", "length" where the words say one ("40 cm tall").
        bound: For MEASURE.
        finite: For VERB: whether it makes a clause.
        token: Index of its token.
        head: Index of the token that the parser attaches it to.
    """

    kind: Kind
    start: int
    end: int
    value: str = ""
    mention: Mention | None = None
    words: list[Word] = field(default_factory=list)
    meters: float = 0.0
    dimension: str = ""
    bound: Bound = Bound.ABOUT
    finite: bool = False
    token: int = -1
    head: int = -1


#: Mentions that stand together in a list.
Group = tuple[Mention, ...]


@dataclass(eq=False)
class Statement:
    """A relation between two groups of mentions, with the readings that the grammar leaves open.

    Attributes:
        predicate: A relation's name; "position", "reciprocal" (with ``value``) or "looks".
        subjects: Alternative groups, the likeliest first.
        objects: Alternative groups; one empty group where the relation has no object.
        start: First character of its words.
        end: One past the last.
        value: The relation of "reciprocal", the words of "position".
        words: Adjectives of "looks".
        meters: A distance that is stated with the relation, else None.
        bound: How the distance is meant.
        negated: Whether the text denies it.
        depth: Nesting: what is deeper narrows down the mentions of what is above it, so it is judged first.
    """

    predicate: str
    subjects: list[Group]
    objects: list[Group]
    start: int
    end: int
    value: str = ""
    words: list[Word] = field(default_factory=list)
    meters: float | None = None
    bound: Bound = Bound.ABOUT
    negated: bool = False
    depth: int = 0


@dataclass(eq=False)
class Sentence:
    """A sentence that was read.

    Attributes:
        start: First character.
        end: One past the last.
        mentions: Its mentions in order.
        statements: What it states of them.
        lists: Mentions that are introduced together, for counts.
        absent: Mentions that are said not to be there.
        settings: Mentions that name the place.
    """

    start: int
    end: int
    mentions: list[Mention] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    absent: list[Mention] = field(default_factory=list)
    settings: list[Mention] = field(default_factory=list)


def words_of(tokens: list[Token]) -> list[Word]:
    """Return tokens as words."""
    return [Word(token.low, token.start, token.end) for token in tokens]
