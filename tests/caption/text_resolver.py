"""A second reading of referring expressions: from their words alone, by a small parser that shares no code with the captioner.

Only what a reader would do: find the objects whose label and looks fit the noun, then those that fit the place.
"""

from __future__ import annotations

import re

from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation, SceneGraph

_PLACES = [
    (r" between (the .+) and (the .+)$", "between"),
    (r" to the left of (the .+)$", Relation.LEFT),
    (r" to the right of (the .+)$", Relation.RIGHT),
    (r" in front of (the .+)$", Relation.FRONT),
    (r" in the center of (the .+)$", "center"),
    (r" on the (wall|floor|ceiling)$", "room"),
    (r" hanging from the (ceiling)$", "room"),
    (r" next to (the .+)$", Relation.NEXT_TO),
    (r" behind (the .+)$", Relation.BEHIND),
    (r" above (the .+)$", Relation.ABOVE),
    (r" below (the .+)$", Relation.BELOW),
    (r" with (the .+) on (?:it|them)$", "carries"),
    (r" with (the .+) in (?:it|them)$", "holds"),
    (r" hanging from (the .+)$", ContactKind.HANGING),
    (r" attached to (the .+)$", ContactKind.ATTACHED),
    (r" of (the .+)$", "part"),
    (r" from the (left|right|front|back)$", "rank"),
    (r" (?:on|at) the (left|right|front|back)$", "end"),
    (r" on (the .+)$", ContactKind.SUPPORT),
    (r" in (the .+)$", ContactKind.INSIDE),
]
_ENDS = {"left": Relation.LEFT, "right": Relation.RIGHT, "front": Relation.FRONT, "back": Relation.BEHIND}
_SUPERLATIVES = {"leftmost": "left", "rightmost": "right", "frontmost": "front", "rearmost": "back"}
_COLORS = {"black", "white", "red", "green", "blue", "yellow", "gray", "orange"}
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth"]


def resolve_text(text: str, graph: SceneGraph) -> set[int]:
    """Return the nodes that "the ..." means."""
    assert text.startswith("the "), text
    for pattern, place in _PLACES:
        match = re.search(pattern, text)
        if match is None:
            continue
        found = _place(text[: match.start()], place, match.groups(), graph)
        if found is not None:
            return found
    words = text.split()[1:]
    if words[0] in _SUPERLATIVES:
        return _at_end(_named(words[1:], graph), _ENDS[_SUPERLATIVES[words[0]]], graph)
    if words[0] in ("larger", "largest", "smaller", "smallest"):
        members = sorted(_named(words[1:], graph), key=lambda node: _volume(graph, node))
        return {members[-1] if words[0].startswith("larg") else members[0]} if members else set()
    return _named(words, graph)


def _volume(graph: SceneGraph, node: int) -> float:
    return float(graph.nodes[node].observed.size_world.prod())


def _place(noun: str, place: object, groups: tuple[str, ...], graph: SceneGraph) -> set[int] | None:
    words = noun.split()[1:]
    if place == "rank":
        if words[0] not in _ORDINALS:
            return None
        members, relation = _named(words[1:], graph), _ENDS[groups[0]]
        rank = _ORDINALS.index(words[0])
        return {
            one for one in members if sum(bool(graph.relation(other, one) & relation) for other in members - {one}) == rank
        }
    members = _named(words, graph)
    if not members:
        return None
    if place == "end":
        return _at_end(members, _ENDS[groups[0]], graph)
    if place == "room":
        rooms = {element.path for element in graph.room if element.kind is RoomKind(groups[0])}
        return {node for node in members if any(path in rooms for path, _ in graph.nodes[node].contacts)}
    anchors = [resolve_text(group, graph) for group in groups]
    if any(len(anchor) != 1 for anchor in anchors):
        return None
    ids = [anchor.pop() for anchor in anchors]
    if place == "between":
        ends = tuple(sorted(ids))
        return {item.subject for item in graph.between if (item.first, item.second) == ends} & members
    anchor = ids[0]
    path = graph.nodes[anchor].path
    if place == "center":
        return {node for node in members if graph.centered.get(node) == anchor}
    if place == "part":
        return {node for node in members if graph.nodes[node].observed.part_of == path}
    if place in ("carries", "holds"):
        kind = ContactKind.SUPPORT if place == "carries" else ContactKind.INSIDE
        return {node for node in members if (graph.nodes[node].path, kind) in graph.nodes[anchor].contacts}
    if isinstance(place, ContactKind):
        return {node for node in members if (path, place) in graph.nodes[node].contacts}
    assert isinstance(place, Relation)
    return {node for node in members if node != anchor and graph.relation(node, anchor) & place}


def _at_end(members: set[int], relation: Relation, graph: SceneGraph) -> set[int]:
    return {one for one in members if all(graph.relation(one, other) & relation for other in members - {one})}


def _named(words: list[str], graph: SceneGraph) -> set[int]:
    """Return the nodes whose label ends in the noun and whose label or looks hold every other word."""
    words = [word.lower() for word in words if word != "and"]
    found = set()
    for node in graph.nodes:
        observed = node.observed
        label = observed.label.replace("grey", "gray").split()
        looks = set(label)
        if not looks & _COLORS:  # a color in the name wins
            looks |= set(observed.attributes.get("color", "").split())
        if "porcelain" not in looks:
            looks |= {word.replace("wood", "wooden") for word in observed.attributes.get("material", "").split()}
        if not looks & _COLORS and observed.visibility is not None:
            looks |= {term for term, share in observed.visibility.color_shares if share >= 0.6}
        if words and label and words[-1] == label[-1] and set(words) <= looks:
            found.add(node.id)
    return found
