"""Sentences that count how many objects of a kind are where, for scenes with too many to name one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenecap.caption.discourse import Mention
from scenecap.caption.english import number_text
from scenecap.caption.model import Fact
from scenecap.caption.plan.messages import HeldKinds, KindPart
from scenecap.caption.realize.clause import Clause, be
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name
from scenecap.caption.refer.query import HELD_RELATION
from scenecap.caption.spans import Phrase, Ref, join_phrases, phrase

if TYPE_CHECKING:
    from scenecap.caption.realize.voice import Voice


def word_held_kinds(writer: Voice, message: HeldKinds) -> Clause | None:
    """Word where the objects of a kind are; None where too little of it can be named without ambiguity."""
    named: list[tuple[KindPart, Mention, Mention]] = []
    for part in message.parts:
        group = writer.discourse.definite_group(part.group, counted=False)
        holders = writer.discourse.definite_group(part.holders, counted=False)
        if group is not None and holders is not None:
            named.append((part, group, holders))
    if not named:
        return None
    facts: list[Fact] = []
    for part, group, holders in named:
        facts += [*group.facts, *holders.facts, Fact("count", part.children, value=len(part.children))]
        facts.append(Fact(fact_name(HELD_RELATION[part.kind]), part.children, part.holders))
    return Clause(_by_holder(named) if message.by_holder else _by_child(named), facts)


def _by_child(named: list[tuple[KindPart, Mention, Mention]]) -> Phrase:
    """Word "Twenty-six of the boxes are on the shelves, ten on the pallets, and one on the table"."""
    clauses: list[Phrase] = []
    for part, group, holders in named:
        place = phrase(f" {RELATION_WORDS[HELD_RELATION[part.kind]]} ", holders.phrase)
        if clauses:
            clauses.append(phrase(Ref(phrase(number_text(len(part.children))), part.children), place))
        else:
            words, plural = _share(part, group, start=True)
            clauses.append(phrase(words, f" {be(plural)}", place))
    return join_phrases(clauses, comma=len(clauses) == 2)


def _by_holder(named: list[tuple[KindPart, Mention, Mention]]) -> Phrase:
    """Word "On the desks are 13 of the trays, eight of the bins, and the lamp"."""
    part, _, holders = named[0]
    words = [_share(item, group) for item, group, _ in named]
    plural = len(words) > 1 or words[0][1]
    start = f"{RELATION_WORDS[HELD_RELATION[part.kind]]} "
    return phrase(start, holders.phrase, f" {be(plural)} ", join_phrases([item for item, _ in words]))


def _share(part: KindPart, everyone: Mention, *, start: bool = False) -> tuple[Phrase, bool]:
    """Return "all of the boxes", "26 of the boxes" or "one of the boxes", and whether it takes a plural verb."""
    if len(part.group) == 1:
        return everyone.phrase, everyone.plural
    if len(part.children) == len(part.group):
        every = "both of " if len(part.group) == 2 else "all of "
        return (Ref(phrase(every, everyone.phrase), part.children),), True
    number = number_text(len(part.children), start=start)
    return (Ref(phrase(f"{number} of ", everyone.phrase), part.children),), len(part.children) > 1
