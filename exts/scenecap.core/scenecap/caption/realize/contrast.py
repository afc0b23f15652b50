"""Sentences that tell two like objects apart: "One bowl is between the plate and the ramekin; the other is on the stove"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scenecap.caption.attributes import adjectives_text, noun_text
from scenecap.caption.english import Countability
from scenecap.caption.model import Fact
from scenecap.caption.plan.messages import Contrast
from scenecap.caption.realize.clause import Clause, related_pairs
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name, predicate
from scenecap.caption.refer.query import QueryKind
from scenecap.caption.spans import Phrase, Ref, phrase
from scenecap.graph.model import Relation

if TYPE_CHECKING:
    from scenecap.caption.realize.voice import Voice

#: The first is <words> the other, where no place tells the two apart.
_PAIR_RELATIONS = (Relation.LEFT, Relation.RIGHT, Relation.FRONT, Relation.BEHIND, Relation.ABOVE)
#: Expressions of each object that are looked at.
_MOST = 12
#: How little an expression tells; the pair with the least sum is said.
_COST = {QueryKind.HELD: 0, QueryKind.ROOM: 1, QueryKind.BETWEEN: 2, QueryKind.CENTER: 4}
_NEXT_TO, _DIRECTION, _SAME_ANCHOR, _LIMIT = 3, 5, 2, 10
#: Opposite directions, and how the second is said once the first was ("to the left of the table ... to its right").
_MIRRORED = {
    ("left", "right"): ("to ", "its", " right"),
    ("right", "left"): ("to ", "its", " left"),
    ("front", "behind"): ("behind ", "it", ""),
    ("behind", "front"): ("in front of ", "it", ""),
}


@dataclass(frozen=True)
class _Option:
    """A place that only one of the two has."""

    words: Phrase
    facts: tuple[Fact, ...]
    anchors: tuple[int, ...]
    cost: int


def word_contrast(writer: Voice, message: Contrast) -> Clause | None:
    """Word what tells two like objects apart; None where nothing does or the text did already."""
    discourse, inventory = writer.discourse, writer.inventory
    if not discourse.introduced.issuperset(message.group) or discourse.singled_out & set(message.group):
        return None
    first, second = message.group
    name = inventory.descriptions[first].name
    if name.countability is not Countability.COUNT or (name.generic and not name.quoted):
        return None
    own = inventory.named(name.core_tokens, name.post if name.quoted else "").is_exactly(message.group)
    looks = "" if own else adjectives_text(inventory.descriptions[first])
    noun = noun_text(name, suffix=len(name.core_tokens), adjectives=looks)
    options = [_options(writer, node, other) for node, other in ((first, second), (second, first))]
    best = _best_pair(*options)
    if best is not None:
        return _clause(writer, noun, (first, best[0]), (second, best[1]))
    clause = _by_each_other(writer, noun, first, second)
    if clause is not None:
        return clause
    for node, found in ((first, options[0]), (second, options[1])):
        if found:
            option = min(found, key=lambda item: item.cost)
            writer.related |= related_pairs(option.facts)
            return Clause(phrase(_one(noun, node), " is ", option.words), list(option.facts))
    return None


def _clause(writer: Voice, noun: str, one: tuple[int, _Option], other: tuple[int, _Option]) -> Clause:
    (first, place), (second, other_place) = one, other
    joint = writer.chooser.pick((", and ", ", while ", "; "), f"contrast {first}")
    words = _mirrored(place, other_place) or other_place.words
    facts = [*place.facts, *other_place.facts]
    writer.related |= related_pairs(facts)
    pieces = phrase(_one(noun, first), " is ", place.words, joint, Ref(phrase("the other"), (second,)), " is ", words)
    return Clause(pieces, facts)


def _one(noun: str, node: int) -> Phrase:
    return (Ref(phrase(f"one {noun}"), (node,)),)


def _options(writer: Voice, node: int, other: int) -> list[_Option]:
    """Return the places of a node that can be said: they name nothing that is new, nor its twin."""
    known = writer.discourse.introduced
    options = []
    for reference in writer.discourse.referrer.all_references(node, most=_MOST):
        words = predicate(reference.phrase, reference.query)
        if words is None or other in reference.anchors or not known.issuperset(reference.anchors):
            continue
        cost = _COST.get(reference.query.kind, _NEXT_TO if reference.query.relation is Relation.NEXT_TO else _DIRECTION)
        looks = ("color", "material")
        facts = tuple(fact for fact in reference.facts if fact.kind not in looks or node not in fact.nodes)
        options.append(_Option(words, _place_first(facts, node), reference.anchors, cost))
    return options


def _place_first(facts: Sequence[Fact], node: int) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: node not in fact.nodes))


def _best_pair(one: Sequence[_Option], other: Sequence[_Option]) -> tuple[_Option, _Option] | None:
    """Return the places that tell most, different ones if possible."""
    found = [
        (first.cost + second.cost + _penalty(first, second), row, column, first, second)
        for row, first in enumerate(one)
        for column, second in enumerate(other)
    ]
    if not found:
        return None
    cost, _, _, first, second = min(found, key=lambda item: item[:3])
    return (first, second) if cost < _LIMIT else None


def _penalty(first: _Option, second: _Option) -> int:
    if len(first.anchors) != 1 or first.anchors != second.anchors:
        return 0
    return -1 if (first.facts[0].kind, second.facts[0].kind) in _MIRRORED else _SAME_ANCHOR


def _mirrored(first: _Option, second: _Option) -> Phrase | None:
    """Return a pronoun's wording for the opposite side of the same object, else None.

    It is safe to leave open whether "it" is that object or the first of the two: both readings are true.
    """
    kinds = (first.facts[0].kind, second.facts[0].kind)
    if first.anchors != second.anchors or len(first.anchors) != 1 or kinds not in _MIRRORED:
        return None
    before, pronoun, after = _MIRRORED[kinds]
    return phrase(before, Ref(phrase(pronoun), first.anchors), after)


def _by_each_other(writer: Voice, noun: str, first: int, second: int) -> Clause | None:
    """Word "One bin is to the left of the other" or "One box is larger than the other"."""
    inventory = writer.inventory
    relations = inventory.pairs([first], [second]).relation(0)
    relation = next((item for item in _PAIR_RELATIONS if relations & item), None)
    if relation is not None:
        fact = Fact(fact_name(relation), (first,), (second,))
        writer.related |= related_pairs([fact])
        return Clause(
            phrase(_one(noun, first), f" is {RELATION_WORDS[relation]} ", Ref(phrase("the other"), (second,))), [fact]
        )
    for one, other in ((first, second), (second, first)):
        if inventory.larger(one, other):
            fact = Fact("size", (one,), (other,), value="larger")
            return Clause(phrase(_one(noun, one), " is larger than ", Ref(phrase("the other"), (other,))), [fact])
    return None
