"""Clauses and the words they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scenecap.caption.attributes import noun_text, parse_label
from scenecap.caption.english import Countability, indefinite_article
from scenecap.caption.lexicon import lexicon
from scenecap.caption.model import Fact
from scenecap.caption.refer.query import QueryKind
from scenecap.caption.refer.referrer import Reference
from scenecap.caption.spans import Phrase


@dataclass
class Clause:
    """A clause without capital and period.

    Attributes:
        pieces: Its words and grounding.
        facts: What it claims.
        short: Whether it may be joined to another by "and".
    """

    pieces: Phrase
    facts: list[Fact] = field(default_factory=list)
    short: bool = False


@dataclass(frozen=True)
class Place:
    """Words for the kind of place.

    Attributes:
        noun: "kitchen".
        indefinite: "a kitchen".
        definite: "the kitchen".
        inside: "in the kitchen", "on the street".
    """

    noun: str
    indefinite: str
    definite: str
    inside: str


def place_words(setting: str | None) -> Place | None:
    """Return the words for a setting; None where nothing says what it is or the word is no noun phrase."""
    if not setting:
        return None
    name = parse_label(setting)
    if name.quoted or name.generic or name.countability is not Countability.COUNT:
        return None
    noun = noun_text(name, adjectives=" ".join(name.colors))
    preposition = lexicon().setting_prepositions.get(name.head, "in")
    return Place(noun, f"{indefinite_article(noun)} {noun}", f"the {noun}", f"{preposition} the {noun}")


def be(plural: bool) -> str:
    """Return the verb "to be" that agrees."""
    return "are" if plural else "is"


def verb(stem: str, plural: bool) -> str:
    """Return a regular verb that agrees ("sits", "sit")."""
    return stem if plural else f"{stem}s"


def is_short(reference: Reference) -> bool:
    """Return whether an expression is short enough for a sentence about a relation."""
    return reference.query.kind not in (QueryKind.RELATION, QueryKind.BETWEEN, QueryKind.CENTER, QueryKind.HOLDER)


def related_pairs(facts: Sequence[Fact]) -> set[tuple[int, int]]:
    """Return the pairs of nodes, in both orders, that facts relate."""
    pairs = {(node, other) for fact in facts for node in fact.nodes for other in fact.objects}
    return pairs | {(other, node) for node, other in pairs}
