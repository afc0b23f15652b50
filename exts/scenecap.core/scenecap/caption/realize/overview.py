"""Sentences on what the picture shows: the opening overview, and what is left for the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenecap.caption.model import Fact
from scenecap.caption.plan.messages import Group, Others, Overview
from scenecap.caption.realize.clause import Clause, be
from scenecap.caption.refer.phrasing import fact_name
from scenecap.caption.refer.query import HELD_RELATION
from scenecap.caption.spans import Phrase, Ref, phrase
from scenecap.contract import ContactKind

if TYPE_CHECKING:
    from scenecap.caption.realize.voice import Voice

#: What follows "with ..." by how the holder holds it.
_AFTER = {
    ContactKind.SUPPORT: "on",
    ContactKind.INSIDE: "in",
    ContactKind.ATTACHED: "attached to",
    ContactKind.HANGING: "hanging from",
}


def word_overview(writer: Voice, message: Overview) -> Clause | None:
    """Word "The scene shows two chairs and a table with a mug on it"."""
    groups = writer.new(message.groups)
    if not groups:
        return None
    expanded = writer.new(message.expanded) if message.main in groups[-1] else []
    place = writer.place
    if place is not None:
        shape = writer.shape(("place_has",) if expanded else ("place_has", "place_with"), "overview")
    else:
        shape = writer.shape(("shows", "contains", "appear") if not expanded else ("shows", "contains"), "overview")
    words, plural, facts = writer.listed(groups, start=shape == "appear", everywhere=True)
    if expanded:
        tail, tail_facts = _expansion(writer, message, groups[-1], expanded)
        words = phrase(words, tail)
        facts += tail_facts
    if place is not None:
        facts.append(Fact("setting", (), value=place.noun))
        start = f"this is {place.indefinite} with " if shape == "place_with" else f"{place.definite} has "
        return Clause(phrase(start, words), facts)
    if shape == "appear":
        return Clause(phrase(words, f" {be(plural)} in view"), facts)
    return Clause(phrase("this scene contains " if shape == "contains" else "the scene shows ", words), facts)


def _expansion(writer: Voice, message: Overview, last: Group, expanded: list[Group]) -> tuple[Phrase, list[Fact]]:
    """Word " with a mug on it", or ", one with a mug on it" where the object has a twin."""
    assert message.main is not None
    words, _, facts = writer.listed(expanded)
    children = tuple(node for group in expanded for node in group)
    facts.append(Fact(fact_name(HELD_RELATION[message.kind]), children, (message.main,)))
    twin = len(last) > 1
    pronoun = "them" if not twin and writer.discourse.is_plural_one(message.main) else "it"
    after = phrase(f" {_AFTER[message.kind]} ", Ref(phrase(pronoun), (message.main,)))
    if twin:
        return phrase(", ", Ref(phrase("one"), (message.main,)), " with ", words, after), facts
    return phrase(" with ", words, after), facts


def word_others(writer: Voice, message: Others) -> Clause | None:
    """Word "Other objects include a fork and two spoons"; "among other things" only where there are more."""
    groups = writer.new(message.groups)
    if not groups:
        return None
    words, plural, facts = writer.listed(groups)
    if message.rest:
        return Clause(phrase(f"also in view, among other things, {be(plural)} ", words), facts)
    if plural and writer.chooser.number("others") % 2:
        return Clause(phrase("other objects include ", words), facts)
    return Clause(phrase(f"also in view {be(plural)} ", words), facts)
