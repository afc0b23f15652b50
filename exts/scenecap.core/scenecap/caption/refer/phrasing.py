"""The words of a referring expression, made from its machine form."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.attributes import definite_is_plural, noun_text
from scenecap.caption.english import join_list, number_text, ordinal_word
from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Fact
from scenecap.caption.refer.query import Extreme, Query, QueryKind
from scenecap.caption.spans import Phrase, Ref, phrase
from scenecap.contract import RoomKind
from scenecap.graph.model import Relation

#: How a relation reads between its subject and its object.
RELATION_WORDS = {
    Relation.ON: "on",
    Relation.INSIDE: "in",
    Relation.ATTACHED: "attached to",
    Relation.HANGING: "hanging from",
    Relation.NEXT_TO: "next to",
    Relation.NEAR: "near",
    Relation.LEFT: "to the left of",
    Relation.RIGHT: "to the right of",
    Relation.FRONT: "in front of",
    Relation.BEHIND: "behind",
    Relation.ABOVE: "above",
    Relation.BELOW: "below",
}
_TWO = {
    Extreme.LEFT: "on the left",
    Extreme.RIGHT: "on the right",
    Extreme.FRONT: "at the front",
    Extreme.BACK: "at the back",
}
_MANY = {
    Extreme.LEFT: "leftmost",
    Extreme.RIGHT: "rightmost",
    Extreme.FRONT: "frontmost",
    Extreme.BACK: "rearmost",
}
_FROM = {
    Extreme.LEFT: "from the left",
    Extreme.RIGHT: "from the right",
    Extreme.FRONT: "from the front",
    Extreme.BACK: "from the back",
}


def fact_name(relation: Relation) -> str:
    """Return a relation's name in facts ("next_to")."""
    return (relation.name or "none").lower()


def room_words(relation: Relation, kind: RoomKind) -> tuple[str, str]:
    """Return preposition and noun for what the room holds ("on", "wall"; "hanging from", "ceiling")."""
    noun = kind.value if kind is not RoomKind.OTHER else "room"
    if relation is Relation.HANGING:
        return "hanging from", noun
    return ("in" if kind is RoomKind.OTHER else "on"), noun


def noun_of(query: Query, node: int, inventory: Inventory, *, plural: bool = False) -> str:
    """Return a query's noun with its colors, worded as the node's own name is ("dark red mug")."""
    description = inventory.descriptions[node]
    colors = join_list(description.colors) if query.colors else ""
    adjectives = " ".join(part for part in (colors, query.material) if part)
    return noun_text(description.name, plural=plural, suffix=len(query.noun), adjectives=adjectives)


def definite(query: Query, node: int, anchors: Sequence[tuple[int, Phrase]], inventory: Inventory) -> Phrase:
    """Return "the ..." for one node, with its anchors' phrases within.

    Args:
        query: What to say.
        node: The node it means.
        anchors: Node id and phrase of each anchor, in the query's order.
        inventory: The frame.
    """
    noun = noun_of(query, node, inventory)
    kind = query.kind
    if kind is QueryKind.NAME:
        content = phrase(f"the {noun}")
    elif kind is QueryKind.HOLDER:
        where = "in" if query.relation is Relation.INSIDE else "on"
        pronoun = "them" if definite_is_plural(inventory.descriptions[node].name) else "it"
        content = phrase(f"the {noun} with ", anchors[0][1], f" {where} {pronoun}")
    elif kind is QueryKind.ROOM:
        assert query.room is not None
        preposition, room = room_words(query.relation, query.room)
        content = phrase(f"the {noun} {preposition} ", room_phrase(inventory, query.room, f"the {room}"))
    elif kind is QueryKind.PART:
        content = phrase(f"the {noun} of ", anchors[0][1])
    elif kind is QueryKind.CENTER:
        content = phrase(f"the {noun} in the center of ", anchors[0][1])
    elif kind is QueryKind.BETWEEN:
        content = phrase(f"the {noun} between ", anchors[0][1], " and ", anchors[1][1])
    elif kind is QueryKind.EXTREME:
        content = phrase(_extreme_text(query, noun, inventory))
    elif kind is QueryKind.RANK:
        assert query.extreme is not None
        content = phrase(f"the {ordinal_word(query.rank)} {noun} {_FROM[query.extreme]}")
    else:
        content = phrase(f"the {noun} {RELATION_WORDS[query.relation]} ", anchors[0][1])
    return (Ref(content, (node,)),)


def predicate(words: Phrase, query: Query) -> Phrase | None:
    """Return the place in an expression without its noun ("next to the plate"), or None where it says no place.

    Args:
        words: Of :func:`definite`.
        query: What they were made from.
    """
    starts = {
        QueryKind.HELD: RELATION_WORDS.get(query.relation, ""),
        QueryKind.RELATION: RELATION_WORDS.get(query.relation, ""),
        QueryKind.CENTER: "in the center of",
        QueryKind.BETWEEN: "between",
    }
    if query.kind is QueryKind.ROOM and query.room is not None:
        start = room_words(query.relation, query.room)[0]
    else:
        start = starts.get(query.kind, "")
    outer = words[0]
    if not start or not isinstance(outer, Ref) or not isinstance(outer.content[0], str):
        return None
    noun, *rest = outer.content
    if not isinstance(noun, str) or not noun.endswith(f" {start} "):
        return None
    return phrase(f"{start} ", *rest)


def _extreme_text(query: Query, noun: str, inventory: Inventory) -> str:
    assert query.extreme is not None
    two = len(inventory.matching(query.noun, post=query.post, colors=query.colors, material=query.material).certain) == 2
    if query.extreme in (Extreme.LARGEST, Extreme.SMALLEST):
        word = "larg" if query.extreme is Extreme.LARGEST else "small"
        return f"the {word}{'er' if two else 'est'} {noun}"
    if two or query.post:
        return f"the {noun} {_TWO[query.extreme]}" if two else f"the {_MANY[query.extreme]} {noun}"
    return f"the {_MANY[query.extreme]} {noun}"


def definite_plural(query: Query, nodes: Sequence[int], inventory: Inventory, *, counted: bool = True) -> Phrase:
    """Return "the eight white pawns" for all nodes that a name means."""
    noun = noun_of(query, nodes[0], inventory, plural=True)
    number = f"{number_text(len(nodes))} " if counted else ""
    return (Ref(phrase(f"the {number}{noun}"), tuple(nodes)),)


def room_phrase(inventory: Inventory, kind: RoomKind, text: str) -> Phrase:
    """Return words that speak of all visible room elements of a kind."""
    paths = tuple(path for path, element in sorted(inventory.room.items()) if element.kind is kind)
    return (Ref(phrase(text), (), paths),)


def query_facts(query: Query, node: int, anchors: Sequence[int], inventory: Inventory) -> tuple[Fact, ...]:
    """Return what an expression claims besides that its object is the only one."""
    facts: list[Fact] = []
    description = inventory.descriptions[node]
    if query.colors:
        facts.extend(color_facts(inventory, (node,)))
    if query.material:
        facts.append(Fact("material", (node,), value=description.material))
    if query.kind in (QueryKind.HELD, QueryKind.RELATION):
        facts.append(Fact(fact_name(query.relation), (node,), tuple(anchors)))
    elif query.kind is QueryKind.HOLDER:
        facts.append(Fact(fact_name(query.relation), tuple(anchors), (node,)))
    elif query.kind is QueryKind.ROOM:
        facts.append(Fact(fact_name(query.relation), (node,), value=inventory.nodes[node].parent_path))
    elif query.kind is QueryKind.PART:
        facts.append(Fact("part_of", (node,), tuple(anchors)))
    elif query.kind is QueryKind.CENTER:
        facts.append(Fact("centered", (node,), tuple(anchors)))
    elif query.kind is QueryKind.BETWEEN:
        facts.append(Fact("between", (node,), tuple(anchors)))
    elif query.kind in (QueryKind.EXTREME, QueryKind.RANK):
        assert query.extreme is not None
        members = inventory.matching(query.noun, post=query.post, colors=query.colors, material=query.material).certain
        rivals = tuple(index for index in members if index != node)
        value = query.extreme.value if query.kind is QueryKind.EXTREME else f"{query.rank} {query.extreme.value}"
        facts.append(Fact("extreme" if query.kind is QueryKind.EXTREME else "rank", (node,), rivals, value=value))
    return tuple(facts)


def color_facts(inventory: Inventory, nodes: Sequence[int]) -> tuple[Fact, ...]:
    """Return the facts that say the colors of objects of one look, a fact for each source that they are known from."""
    by_source: dict[str, list[int]] = {}
    for node in nodes:
        source = inventory.descriptions[node].color_source
        if source is not None:
            by_source.setdefault(source.value, []).append(node)
    return tuple(
        Fact("color", tuple(members), value=color, source=source)
        for source, members in by_source.items()
        for color in inventory.descriptions[members[0]].colors
    )
