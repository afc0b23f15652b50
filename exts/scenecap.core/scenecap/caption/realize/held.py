"""Sentences on what is on, in, attached to or hanging from what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from scenecap.caption.discourse import Mention
from scenecap.caption.english import Countability
from scenecap.caption.lexicon import lexicon
from scenecap.caption.model import Fact
from scenecap.caption.plan.messages import Group, Held, Overview
from scenecap.caption.realize.clause import Clause, be, is_short, verb
from scenecap.caption.realize.overview import word_overview
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name, room_phrase, room_words
from scenecap.caption.refer.query import HELD_RELATION
from scenecap.caption.spans import Phrase, phrase
from scenecap.contract import RoomKind
from scenecap.graph.model import Relation

if TYPE_CHECKING:
    from scenecap.caption.realize.voice import Voice

#: Taller things do not "sit" [m]; lower ones do not "stand".
_TALLEST_THAT_SITS, _LOWEST_THAT_STANDS = 0.6, 0.3


def word_held(writer: Voice, message: Held, *, shapes: Sequence[str] = (), start: bool = True) -> Clause | None:
    """Word "A mug and a plate are on the table", "On the table is a mug", "The table holds a mug".

    Args:
        writer: The writer.
        message: What to say.
        shapes: Shapes to choose from; all that fit by default.
        start: Whether the clause opens a sentence.
    """
    groups = writer.new(message.groups)
    if not groups:
        return None
    if message.holder is None:
        return _word_on_room(writer, message, groups)
    known = message.holder in writer.discourse.introduced
    if writer.opening and writer.place is not None and len(groups) > 1 and not known:
        # "The kitchen has a table with a mug and a plate on it": a list after "In the kitchen," reads like more places.
        return word_overview(writer, Overview(((message.holder,),), message.holder, tuple(groups), message.kind))
    children = tuple(node for group in groups for node in group)
    relation = HELD_RELATION[message.kind]
    holder = None
    if known:
        discourse = writer.discourse
        # "A mug is on the desk behind the lamp" may be read two ways, so a short name or "the other desk" comes first.
        holder = (
            discourse.definite(message.holder, avoid=children, allow=is_short)
            or discourse.partitive(message.holder)
            or discourse.definite(message.holder, avoid=children)
        )
        if holder is None:
            return None  # it cannot be told from others of its name
    place = writer.place if writer.opening else None
    shape = writer.shape(shapes or _shapes(writer, message, groups), "held")
    also = " also" if message.also else ""

    def name_holder() -> Mention:
        return holder or writer.discourse.introduce((message.holder,) if message.holder is not None else ())

    parts = all(writer.inventory.nodes[child].observed.part_of == _path(writer, message.holder) for child in children)
    if parts:
        subject = name_holder()
        words, _, facts = writer.listed(groups)
        pieces = phrase(subject.phrase, f"{also} {'have' if subject.plural else 'has'} ", words)
        return _in_place(writer, pieces, [*facts, *subject.facts, Fact("part_of", children, (message.holder,))])

    # Nouns are introduced in the order in which they are read, so that the second mug is "another mug".
    if shape == "holds":
        subject = name_holder()
        words, _, facts = writer.listed(groups)
        contains = relation is Relation.INSIDE and writer.chooser.number(f"contain {message.holder}") % 2 == 1
        pieces = phrase(subject.phrase, f"{also} {verb('contain' if contains else 'hold', subject.plural)} ", words)
    elif shape == "inverted":
        subject = name_holder()
        words, plural, facts = writer.listed(groups)
        front = f"{also[1:]} {RELATION_WORDS[relation]} ".lstrip()
        pieces = phrase(front, subject.phrase, f" {be(plural)} ", words)
    else:
        words, plural, facts = writer.listed(groups, start=start and place is None)
        subject = name_holder()
        pieces = phrase(words, f" {_verb(shape, plural)}{also} {_preposition(shape, relation)} ", subject.phrase)
    facts = [*facts, *subject.facts, Fact(fact_name(relation), children, (message.holder,))]
    return _in_place(writer, pieces, facts)


def _path(writer: Voice, node: int) -> str:
    return writer.inventory.nodes[node].path


def _in_place(writer: Voice, pieces: Phrase, facts: list[Fact]) -> Clause:
    """Put the setting in front of the first sentence."""
    if not writer.opening or writer.place is None:
        return Clause(pieces, facts)
    return Clause(phrase(f"{writer.place.inside}, ", pieces), [*facts, Fact("setting", (), value=writer.place.noun)])


def _shapes(writer: Voice, message: Held, groups: Sequence[Group]) -> list[str]:
    """Return the shapes that fit: "rest" and "sit" not of people, "holds" not of a cabinet that something is on top of."""
    relation = HELD_RELATION[message.kind]
    inverted = [] if writer.opening and not message.also else ["inverted"]
    if relation is Relation.ATTACHED:
        return ["be", *inverted]
    if relation is Relation.HANGING:
        return ["hang", *inverted]
    assert message.holder is not None
    name = writer.inventory.descriptions[message.holder].name
    holds = ["holds"] if relation is Relation.INSIDE or name.head in lexicon().surfaces else []
    if message.also:
        return [*holds, *inverted]
    if any(_animate(writer, group[0]) for group in groups):
        return ["be", *inverted]
    shapes = ["be", *holds, *inverted]
    if relation is Relation.ON:
        shapes.append("rest")
        height, _ = _heights(writer, groups)
        if (height <= _TALLEST_THAT_SITS).all():
            shapes.append("sit")
    return shapes


def _word_on_room(writer: Voice, message: Held, groups: Sequence[Group]) -> Clause | None:
    """Word "A table and two chairs stand on the floor", "A lamp hangs from the ceiling"."""
    assert message.room is not None
    relation = HELD_RELATION[message.kind]
    preposition, noun = room_words(relation, message.room)
    walls = message.room is RoomKind.WALL and writer.inventory.room_kind_count(message.room) > 1
    several = sum(len(group) for group in groups) > 1
    noun = "walls" if walls and several else noun
    article = "a" if walls and not several else "the"
    setting = writer.place if writer.opening and message.room is RoomKind.FLOOR else None
    if setting is not None and not setting.inside.startswith("in "):
        return word_overview(writer, Overview(tuple(groups)))  # a street has no floor
    noun = noun if setting is None else f"{setting.noun} {noun}"
    place = room_phrase(writer.inventory, message.room, f"{article} {noun}")
    shapes = ["hang"] if relation is Relation.HANGING else ["be"]
    if message.room is RoomKind.FLOOR and _may_stand(writer, groups):
        shapes.append("stand")
    if not writer.opening:
        shapes.append("inverted")
    shape = writer.shape(shapes, "room")
    also = " also" if message.also else ""
    if shape == "inverted":
        words, plural, facts = writer.listed(groups)
        pieces = phrase(f"{also[1:]} {preposition} ".lstrip(), place, f" {be(plural)} ", words)
    else:
        words, plural, facts = writer.listed(groups, start=setting is not None or not writer.opening or writer.place is None)
        preposition = "from" if shape == "hang" else preposition
        pieces = phrase(words, f" {_verb(shape, plural)}{also} {preposition} ", place)
    held: dict[tuple[str | None, Relation], list[int]] = {}
    for node in (node for group in groups for node in group):
        item = writer.inventory.nodes[node]
        held.setdefault((item.parent_path, HELD_RELATION[item.parent_kind or message.kind]), []).append(node)
    facts += [Fact(fact_name(how), tuple(nodes), value=path) for (path, how), nodes in held.items()]
    if setting is not None:
        return Clause(pieces, [*facts, Fact("setting", (), value=setting.noun)])
    return _in_place(writer, pieces, facts)


def _verb(shape: str, plural: bool) -> str:
    return verb(shape, plural) if shape in ("sit", "rest", "stand", "hang") else be(plural)


def _preposition(shape: str, relation: Relation) -> str:
    return "from" if shape == "hang" else RELATION_WORDS[relation]


def _animate(writer: Voice, node: int) -> bool:
    return writer.inventory.descriptions[node].name.head in lexicon().animate


def _heights(writer: Voice, groups: Sequence[Group]) -> tuple[np.ndarray, np.ndarray]:
    """Return heights and longest horizontal edges of all nodes of some groups [m]."""
    boxes = writer.inventory.boxes_world[[node for group in groups for node in group]]
    size = boxes[:, 1] - boxes[:, 0]
    return size[:, 2], size[:, :2].max(axis=1)


def _may_stand(writer: Voice, groups: Sequence[Group]) -> bool:
    """Whether "stands" fits all: no rug, no person or animal, whose posture nobody knows."""
    if any(_animate(writer, group[0]) for group in groups):
        return False
    if any(writer.inventory.descriptions[group[0]].name.countability is Countability.MASS for group in groups):
        return False
    height, width = _heights(writer, groups)
    return bool(((height >= _LOWEST_THAT_STANDS) & (height >= 0.3 * width)).all())
