"""The machine form of a referring expression, and what it means in a graph.

Resolution has three values. An object *certainly* fits, certainly does not, or may be taken to fit: its color is not known, it
rests on the anchor through a tray, it lies a little to the left. An expression is unambiguous where exactly one object
certainly fits and none may be taken to.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from scenecap.caption.inventory import Inventory
from scenecap.caption.matches import Matches
from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation

#: Most objects of one name among which relations tell one apart.
MAX_RIVALS = 40
#: Most objects in a row that are told apart by their rank.
MAX_ROW = 6


class QueryKind(str, enum.Enum):
    """What narrows a name down."""

    NAME = "name"  # the black bowl
    HELD = "held"  # the bowl on the stove, in the drawer, hanging from the hood
    HOLDER = "holder"  # the tray with the mug on it
    ROOM = "room"  # the lamp hanging from the ceiling
    PART = "part"  # the top drawer of the cabinet
    CENTER = "center"  # the bowl in the center of the table
    RELATION = "relation"  # the mug next to the plate
    BETWEEN = "between"  # the bowl between the plate and the ramekin
    EXTREME = "extreme"  # the leftmost mug, the larger box
    RANK = "rank"  # the second mug from the left


class Extreme(str, enum.Enum):
    """Ends of a row."""

    LEFT = "left"
    RIGHT = "right"
    FRONT = "front"
    BACK = "back"
    LARGEST = "largest"
    SMALLEST = "smallest"


#: The relation that the object at one end has to all others.
EXTREME_RELATION = {
    Extreme.LEFT: Relation.LEFT,
    Extreme.RIGHT: Relation.RIGHT,
    Extreme.FRONT: Relation.FRONT,
    Extreme.BACK: Relation.BEHIND,
}
#: The relations that the ends of a row are about.
EXTREME_SIDES = {
    Extreme.LEFT: (Relation.LEFT, Relation.RIGHT),
    Extreme.RIGHT: (Relation.LEFT, Relation.RIGHT),
    Extreme.FRONT: (Relation.FRONT, Relation.BEHIND),
    Extreme.BACK: (Relation.FRONT, Relation.BEHIND),
}
#: Component of the offset in the viewer frame, and sign, on which a direction depends.
_COMPONENT = {
    Relation.LEFT: (0, -1.0),
    Relation.RIGHT: (0, 1.0),
    Relation.FRONT: (1, -1.0),
    Relation.BEHIND: (1, 1.0),
    Relation.BELOW: (2, -1.0),
    Relation.ABOVE: (2, 1.0),
}
HELD_KIND = {
    Relation.ON: ContactKind.SUPPORT,
    Relation.INSIDE: ContactKind.INSIDE,
    Relation.ATTACHED: ContactKind.ATTACHED,
    Relation.HANGING: ContactKind.HANGING,
}
HELD_RELATION = {kind: relation for relation, kind in HELD_KIND.items()}


@dataclass(frozen=True)
class Query:
    """A description that is resolved against a graph.

    Attributes:
        noun: Last words of the name, head last.
        kind: What narrows it down.
        post: What follows the head noun, or "" for any.
        colors: Basic color terms; empty for any.
        material: Material adjective; "" for any.
        relation: For HELD, HOLDER, ROOM and RELATION: of the object to its anchor (for HOLDER: of the anchor to the object).
        anchors: Queries of the other objects: one, or two for BETWEEN.
        room: Kind of room element for ROOM.
        extreme: For EXTREME and RANK.
        rank: For RANK: 2 is the second from that end.
    """

    noun: tuple[str, ...]
    kind: QueryKind = QueryKind.NAME
    post: str = ""
    colors: tuple[str, ...] = ()
    material: str = ""
    relation: Relation = Relation.NONE
    anchors: tuple[Query, ...] = ()
    room: RoomKind | None = None
    extreme: Extreme | None = None
    rank: int = 0

    def to_dict(self) -> dict[str, object]:
        """Return the query as plain data for JSON; what is empty is left out."""
        result: dict[str, object] = {"noun": " ".join(self.noun) + self.post, "kind": self.kind.value}
        if self.colors:
            result["colors"] = list(self.colors)
        if self.material:
            result["material"] = self.material
        if self.relation:
            result["relation"] = (self.relation.name or "").lower()
        if self.anchors:
            result["anchors"] = [anchor.to_dict() for anchor in self.anchors]
        if self.room is not None:
            result["room"] = self.room.value
        if self.extreme is not None:
            result["extreme"] = self.extreme.value
        if self.rank:
            result["rank"] = self.rank
        return result


def resolve(query: Query, inventory: Inventory) -> Matches:
    """Return what a query means in a frame.

    An anchor that is not unambiguous itself makes the query mean nothing.
    """
    base = inventory.matching(query.noun, post=query.post, colors=query.colors, material=query.material)
    if query.kind is QueryKind.NAME:
        return base
    anchors: list[int] = []
    for anchor in query.anchors:
        found = resolve(anchor, inventory)
        if len(found.certain) != 1 or found.possible or found.others:
            return Matches((), (), base.others)
        anchors.append(found.certain[0])
    return narrow(query, base, anchors, inventory)


def narrow(query: Query, base: Matches, anchors: list[int], inventory: Inventory) -> Matches:
    """Return which of the base's objects a query leaves, with its anchors already known.

    An object that is no node has no relations in the graph, so whatever may be meant by the name alone may still be meant.
    """
    if query.kind in (QueryKind.EXTREME, QueryKind.RANK):
        if base.possible or base.others:
            return Matches((), (*base.certain, *base.possible), base.others)
        key = (base.certain, query.kind, query.extreme, query.rank)
        if key not in inventory.ranked:
            inventory.ranked[key] = _ranked(query, base.certain, inventory)
        return Matches(inventory.ranked[key], (), False)
    ids = [index for index in (*base.certain, *base.possible) if index not in anchors]
    if len(ids) > MAX_RIVALS:
        return Matches((), tuple(ids), base.others)
    verdicts = _verdicts(query, ids, anchors, inventory)
    sure = set(base.certain)
    certain = tuple(index for index, verdict in zip(ids, verdicts, strict=True) if verdict is True and index in sure)
    possible = tuple(
        index
        for index, verdict in zip(ids, verdicts, strict=True)
        if verdict is None or (verdict is True and index not in sure)
    )
    return Matches(certain, possible, base.others)


def _verdicts(query: Query, ids: list[int], anchors: list[int], inventory: Inventory) -> list[bool | None]:
    """Return for each id whether it is in the query's relation to the anchors: True, False, or None for perhaps."""
    nodes = inventory.nodes
    if query.kind is QueryKind.HELD:
        return [inventory.held(index, anchors[0], HELD_KIND[query.relation]) for index in ids]
    if query.kind is QueryKind.HOLDER:
        return [inventory.held(anchors[0], index, HELD_KIND[query.relation]) for index in ids]
    if query.kind is QueryKind.ROOM:
        paths = {path for path, element in inventory.room.items() if element.kind is query.room}
        kind = HELD_KIND[query.relation]
        verdicts: list[bool | None] = []
        for index in ids:
            node = nodes[index]
            if node.parent is None and node.parent_path in paths and node.parent_kind is kind:
                verdicts.append(True)
            else:
                verdicts.append(None if any(path in paths for path, _ in node.contacts) else False)
        return verdicts
    if query.kind is QueryKind.PART:
        path = nodes[anchors[0]].path
        return [nodes[index].observed.part_of == path for index in ids]
    if query.kind is QueryKind.CENTER:
        return [inventory.graph.centered.get(index) == anchors[0] for index in ids]
    if query.kind is QueryKind.BETWEEN:
        return _between_verdicts(ids, anchors, inventory)
    return relation_verdicts(query.relation, ids, anchors[0], inventory)


def relation_verdicts(relation: Relation, ids: list[int], anchor: int, inventory: Inventory) -> list[bool | None]:
    """Return for each id whether it stands in a spatial relation to the anchor.

    Perhaps: for a direction, whatever lies to that side at all, in space or in the picture; for "next to", what is near or
    less than twice as far as whatever is next to it.
    """
    if not ids:
        return []
    table = inventory.relations_to(ids, anchor)
    has = (table.relations & int(relation)) != 0
    if relation in _COMPONENT:
        axis, sign = _COMPONENT[relation]
        perhaps = sign * table.offset[:, axis] > 0
        if relation in (Relation.LEFT, Relation.RIGHT):  # what is on that side in the picture only may be meant too
            perhaps |= sign * (inventory.centers_picture[ids] - inventory.centers_picture[anchor]) > 0
        if relation in (Relation.ABOVE, Relation.BELOW):  # what lies a floor higher at the other end of the room is not meant
            perhaps &= table.surface_distance < 0.5 * table.center_distance
    elif relation is Relation.NEXT_TO:
        reach = table.surface_distance[has].max() if has.any() else 0.0
        perhaps = table.surface_distance <= 2.0 * reach + 0.02
    else:
        perhaps = np.zeros(len(ids), dtype=bool)
    return [True if sure else (None if maybe else False) for sure, maybe in zip(has.tolist(), perhaps.tolist(), strict=True)]


def _between_verdicts(ids: list[int], anchors: list[int], inventory: Inventory) -> list[bool | None]:
    first, second = sorted(anchors)
    between = {fact.subject for fact in inventory.between_of(first, second)}
    one, other = inventory.centers_viewer[first], inventory.centers_viewer[second]
    line = other - one
    length = float(np.linalg.norm(line)) or 1.0
    verdicts: list[bool | None] = []
    for index in ids:
        if index in between:
            verdicts.append(True)
            continue
        along = float((inventory.centers_viewer[index] - one) @ line) / length**2
        offset = float(np.linalg.norm(inventory.centers_viewer[index] - one - along * line))
        near_line = 0.1 < along < 0.9 and offset < 0.5 * float(np.median(inventory.edges_sorted[index]))
        verdicts.append(None if near_line else False)
    return verdicts


def _ranked(query: Query, members: tuple[int, ...], inventory: Inventory) -> tuple[int, ...]:
    """Return the member at the query's rank, or nothing where the members do not form a clear order."""
    if len(members) < 2 or query.extreme is None:
        return ()
    if query.extreme in (Extreme.LARGEST, Extreme.SMALLEST):
        if len(members) > MAX_RIVALS:
            return ()
        order = sorted(members, key=lambda index: (-float(np.linalg.norm(inventory.edges_sorted[index])), index))
        best = order[0] if query.extreme is Extreme.LARGEST else order[-1]
        rivals = [index for index in members if index != best]
        if query.extreme is Extreme.LARGEST:
            return (best,) if all(inventory.larger(best, rival) for rival in rivals) else ()
        return (best,) if all(inventory.larger(rival, best) for rival in rivals) else ()
    relation = EXTREME_RELATION[query.extreme]
    axis, sign = _COMPONENT[relation]
    order = sorted(members, key=lambda index: (-sign * float(inventory.centers_viewer[index, axis]), index))
    if query.kind is QueryKind.EXTREME:
        if len(order) > MAX_RIVALS:
            return ()
        best, rivals = order[0], order[1:]
        table = inventory.pairs([best] * len(rivals), rivals)
        return (best,) if bool(np.all(table.relations & int(relation))) else ()
    if len(order) > MAX_ROW or not 2 <= query.rank < len(order):
        return ()
    source = [order[i] for i in range(len(order)) for _ in range(i + 1, len(order))]
    target = [order[j] for i in range(len(order)) for j in range(i + 1, len(order))]
    table = inventory.pairs(source, target)
    return (order[query.rank - 1],) if bool(np.all(table.relations & int(relation))) else ()
