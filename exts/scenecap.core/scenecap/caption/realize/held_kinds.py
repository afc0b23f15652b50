"""Sentences that count how many objects of a kind are where, for scenes with too many to name one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenecap.caption.discourse import Mention
from scenecap.caption.english import number_text
from scenecap.caption.model import Fact
from scenecap.caption.plan.messages import Group, HeldKinds
from scenecap.caption.realize.clause import Clause, be
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name
from scenecap.caption.refer.query import HELD_RELATION
from scenecap.caption.spans import Phrase, Ref, join_phrases, phrase

if TYPE_CHECKING:
    from scenecap.caption.realize.writer import Writer


def word_held_kinds(writer: Writer, message: HeldKinds) -> Clause | None:
    """Word "Twenty-six of the boxes are on the shelves, and ten are on the pallets"."""
    everyone = writer.discourse.definite_group(message.group, counted=False)
    if everyone is None:
        return None
    facts: list[Fact] = []
    clauses: list[Phrase] = []
    for children, holders, kind in message.parts:
        place = writer.discourse.definite_group(holders, counted=False)
        if place is None:
            continue
        relation = HELD_RELATION[kind]
        if clauses:
            subject: Phrase = (Ref(phrase(number_text(len(children))), children),)
            plural = len(children) > 1
        else:
            subject, plural = _share(children, message.group, everyone)
        clauses.append(phrase(subject, f" {be(plural)} {RELATION_WORDS[relation]} ", place.phrase))
        facts += [*everyone.facts, *place.facts, Fact(fact_name(relation), children, holders)]
        facts.append(Fact("count", children, value=len(children)))
    return Clause(join_phrases(clauses), facts) if clauses else None


def _share(part: Group, whole: Group, everyone: Mention) -> tuple[Phrase, bool]:
    """Return "all of the boxes", "twenty-six of the boxes" or "one of the boxes", and whether it takes a plural verb."""
    if len(whole) == 1:
        return everyone.phrase, everyone.plural
    if len(part) == len(whole):
        return (Ref(phrase("both of " if len(whole) == 2 else "all of ", everyone.phrase), part),), True
    return (Ref(phrase(f"{number_text(len(part), start=True)} of ", everyone.phrase), part),), len(part) > 1
