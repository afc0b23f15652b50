"""What a text says and in which order: messages, chosen from the graph before any word is.

The pruned graph chooses and orders the relations; the support tree gives the sentences their frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.caption.inventory import Inventory
from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation

Group = tuple[int, ...]
#: Directions in the viewer frame, and the component of the offset that each depends on.
DIRECTIONS = {
    Relation.LEFT: 0,
    Relation.RIGHT: 0,
    Relation.FRONT: 1,
    Relation.BEHIND: 1,
    Relation.ABOVE: 2,
    Relation.BELOW: 2,
}
#: Most objects of one supporter whose places are told from each other.
_MAX_LINKED = 16


@dataclass(frozen=True)
class Overview:
    """The scene shows these groups.

    Attributes:
        groups: Node ids by like objects, most salient first.
        expanded: Groups on (or in) the last group's only object, said within the same sentence.
        kind: How the expanded groups are held.
        rest: Whether more objects are in view than the text will name.
    """

    groups: tuple[Group, ...]
    expanded: tuple[Group, ...] = ()
    kind: ContactKind = ContactKind.SUPPORT
    rest: bool = False


@dataclass(frozen=True)
class Held:
    """Groups that rest on, lie in, hang from or are attached to one object or to the room.

    Attributes:
        groups: What is held.
        kind: How.
        holder: Node id, or None for the room.
        room: Kind of room element where ``holder`` is None.
        opening: Whether this is the text's first sentence.
        also: Whether another sentence spoke of the same holder before.
    """

    groups: tuple[Group, ...]
    kind: ContactKind
    holder: int | None = None
    room: RoomKind | None = None
    opening: bool = False
    also: bool = False


@dataclass(frozen=True)
class HeldKinds:
    """How many objects of one kind are on (in) objects of other kinds: (children, holders, how) each."""

    group: Group
    parts: tuple[tuple[Group, Group, ContactKind], ...]


@dataclass(frozen=True)
class Contrast:
    """What tells like objects apart that were introduced together."""

    group: Group


@dataclass(frozen=True)
class Relate:
    """One object stands in a relation to another (or between two)."""

    subject: int
    relation: Relation
    anchors: tuple[int, ...]


@dataclass(frozen=True)
class Others:
    """Objects that no other sentence named."""

    groups: tuple[Group, ...]
    rest: bool


Message = Overview | Held | HeldKinds | Contrast | Relate | Others


class Planner:
    """Chooses what to say of one frame.

    Args:
        inventory: The frame.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.settings = inventory.settings

    # Groups

    def group(self, nodes: Iterable[int], *, by_noun: bool = False) -> list[Group]:
        """Return like objects together, the most salient group first.

        Args:
            nodes: Node ids.
            by_noun: Put objects of one noun together whatever their colors.
        """
        inventory = self.inventory
        found: dict[object, list[int]] = {}
        for node in nodes:
            description = inventory.descriptions[node]
            name = description.name
            key: object = (
                (name.core_tokens, name.post)
                if by_noun
                else (name.tokens, name.post, description.colors, description.material)
            )
            found.setdefault(key, []).append(node)
        weight = inventory.visible_px
        groups = [tuple(sorted(members)) for members in found.values()]
        return sorted(groups, key=lambda members: (-int(weight[list(members)].sum()), members))

    def grouped(self, nodes: Iterable[int]) -> list[Group]:
        """Return like objects together; by noun alone where that is needed to keep the list short."""
        nodes = list(nodes)
        groups = self.group(nodes)
        return groups if len(groups) <= self.settings.max_list else self.group(nodes, by_noun=True)

    # Brief

    def brief(self) -> Message:
        """Return what the one-sentence caption says."""
        inventory = self.inventory
        limit = min(5, self.settings.max_list)
        roots = self.roots()
        holders = sorted(
            (root for root in roots if inventory.children.get(root)),
            key=lambda root: (-self._weight_above(root), root),
        )
        if len(inventory.nodes) > self.settings.summarize_above or not holders:
            groups = self.group((node.id for node in inventory.nodes), by_noun=True)
            return Overview(tuple(groups[:limit]), rest=len(groups) > limit)
        main = holders[0]
        kind = self._main_kind(main)
        children = self.group(
            (child for child in inventory.children[main] if inventory.nodes[child].parent_kind is kind), by_noun=True
        )
        others = self.group((root for root in roots if root != main), by_noun=True)
        if not others and kind in (ContactKind.SUPPORT, ContactKind.INSIDE):
            return Held(tuple(children[:limit]), kind, holder=main, opening=True)
        others = others[: max(1, limit - min(3, len(children)))]
        return Overview((*others, (main,)), expanded=tuple(children[: max(1, limit - len(others))]), kind=kind)

    # Paragraph

    def roots(self) -> list[int]:
        """Return the nodes that no other node holds."""
        return [node.id for node in self.inventory.nodes if node.parent is None]

    def overall(self) -> list[Message]:
        """Return the messages of the paragraph; relations that name what was not introduced are dropped when they are worded."""
        if len(self.inventory.nodes) > self.settings.summarize_above:
            return self._summary()
        messages = self._opening()
        messages.extend(self._held_tree())
        messages.extend(self._contrasts(messages))
        messages.extend(self.relations())
        return messages

    def _opening(self) -> list[Message]:
        """Return the sentence(s) on what stands on the floor or on nothing, hangs from the ceiling and is on the walls."""
        inventory = self.inventory
        by_room: dict[tuple[RoomKind, ContactKind] | None, list[int]] = {}
        for root in self.roots():
            element = inventory.room_parent(root)
            kind = inventory.nodes[root].parent_kind
            by_room.setdefault(None if element is None or kind is None else (element.kind, kind), []).append(root)
        on_floor = by_room.pop((RoomKind.FLOOR, ContactKind.SUPPORT), [])
        free = by_room.pop(None, [])
        limit = self.settings.max_list
        messages: list[Message] = []
        alone = [*free, *on_floor]
        if len(alone) == 1 and inventory.children.get(alone[0]):
            pass  # the first sentence of the support tree introduces it
        elif free or len(on_floor) == 1:
            groups = self.grouped([*free, *on_floor])
            messages.append(Overview(tuple(groups[:limit]), rest=len(groups) > limit))
        elif on_floor:
            for index, part in enumerate(_chunks(self.grouped(on_floor), limit)):
                messages.append(
                    Held(part, ContactKind.SUPPORT, room=RoomKind.FLOOR, opening=not messages and not index, also=index > 0)
                )
        for key, members in sorted(by_room.items(), key=lambda item: str(item[0])):
            assert key is not None
            for index, part in enumerate(_chunks(self.grouped(members), limit)):
                messages.append(Held(part, key[1], room=key[0], also=index > 0))
        return messages

    def _held_tree(self) -> list[Message]:
        """Return the sentences on what is on and in what, holders that carry most in view first, then what those carry."""
        inventory = self.inventory
        messages: list[Message] = []
        queue = sorted(self.roots(), key=lambda root: (-self._weight_above(root), root))
        while queue:
            holder = queue.pop(0)
            children = inventory.children.get(holder, ())
            if not children:
                continue
            for kind in (ContactKind.INSIDE, ContactKind.SUPPORT, ContactKind.HANGING, ContactKind.ATTACHED):
                members = [child for child in children if inventory.nodes[child].parent_kind is kind]
                for index, part in enumerate(_chunks(self.grouped(members), self.settings.max_list)):
                    messages.append(Held(part, kind, holder=holder, also=index > 0))
            queue.extend(sorted(children, key=lambda child: (-self._weight_above(child), child)))
        return messages

    def _contrasts(self, messages: Sequence[Message]) -> list[Message]:
        groups = [group for message in messages if isinstance(message, (Overview, Held)) for group in message.groups]
        return [Contrast(group) for group in groups if len(group) == 2]

    def relations(self) -> list[Message]:
        """Return where objects are from their neighbors: what stands on the same thing is linked nearest first.

        The pruned graph already gave its contacts to the sentences on what is on what; its other edges say which neighbors
        matter most, and what it leaves unlinked is linked along a spanning tree of each supporter's objects that grows from
        the one that fills most of the picture.
        """
        sites: dict[int | None, list[int]] = {}
        for node in self.inventory.nodes:
            sites.setdefault(node.parent, []).append(node.id)
        weight = self.inventory.visible_px
        ordered = sorted(sites.values(), key=lambda members: (-int(weight[members].sum()), members))
        queues = [self._links(members) for members in ordered if len(members) > 1]
        messages: list[Message] = []
        limit = 4 * self.settings.max_sentences
        for depth in range(_MAX_LINKED):
            for queue in queues[:limit]:
                if depth < len(queue):
                    messages.append(queue[depth])
        return messages[:limit]

    def _links(self, members: Sequence[int]) -> list[Relate]:
        """Return relations along a spanning tree of some objects, grown from the most visible one (Prim's algorithm)."""
        inventory = self.inventory
        weight = inventory.visible_px
        chosen = sorted(members, key=lambda node: (-int(weight[node]), node))[:_MAX_LINKED]
        count = len(chosen)
        rows = [(one, other) for one in range(count) for other in range(one + 1, count)]
        table = inventory.pairs([chosen[one] for one, _ in rows], [chosen[other] for _, other in rows])
        distance = np.full((count, count), np.inf)
        row_of: dict[tuple[int, int], int] = {}
        for row, (one, other) in enumerate(rows):
            distance[one, other] = distance[other, one] = float(table.surface_distance[row]) + 0.1 * float(
                table.center_distance[row]
            )
            row_of[(one, other)] = row
        pruned = self._pruned_pairs
        linked, free, links = [0], list(range(1, count)), []
        while free:
            _, new, old = min(
                (distance[new, old] * (0.5 if _pair(chosen[new], chosen[old]) in pruned else 1.0), new, old)
                for new in free
                for old in linked
            )
            free.remove(new)
            linked.append(new)
            subject = chosen[new]
            facts = [fact for fact in inventory.between_subjects.get(subject, ()) if {fact.first, fact.second} <= set(chosen)]
            if facts:
                best = min(facts, key=lambda fact: (fact.offset, fact.first, fact.second))
                links.append(Relate(subject, Relation.NONE, (best.first, best.second)))
                continue
            row = row_of[(min(new, old), max(new, old))]
            relation = self.best_relation(table.relation(row), table.offset[row])
            relation = relation if new < old else relation.inverse()
            if relation:
                links.append(Relate(subject, relation, (chosen[old],)))
        return links

    @property
    def _pruned_pairs(self) -> set[tuple[int, int]]:
        table = self.inventory.graph.pruned
        return set(zip(table.source.tolist(), table.target.tolist(), strict=True))

    @staticmethod
    def best_relation(relations: Relation, offset: np.ndarray) -> Relation:
        """Return the one relation of a pair that says most: the direction of the largest offset, else a distance word."""
        best, reach = Relation.NONE, 0.0
        for relation, axis in DIRECTIONS.items():
            if relations & relation and abs(float(offset[axis])) > reach:
                best, reach = relation, abs(float(offset[axis]))
        if best:
            return best
        return next((word for word in (Relation.NEXT_TO, Relation.NEAR) if relations & word), Relation.NONE)

    # Many objects

    def _summary(self) -> list[Message]:
        """Return what to say of more objects than can be named one by one: kinds, and how many of each are where."""
        inventory = self.inventory
        limit = self.settings.max_list
        groups = self.group((node.id for node in inventory.nodes), by_noun=True)
        messages: list[Message] = [Overview(tuple(groups[:limit]), rest=len(groups) > limit)]
        if len(groups) > limit:
            rest = groups[limit : 2 * limit]
            messages.append(Others(tuple(rest), rest=len(groups) > 2 * limit))
        kind_of = {node: index for index, group in enumerate(groups) for node in group}
        for group in groups[: 2 * limit]:
            parts: dict[tuple[int, ContactKind], list[int]] = {}
            for node in group:
                item = inventory.nodes[node]
                if item.parent is not None and item.parent_kind is not None:
                    parts.setdefault((kind_of[item.parent], item.parent_kind), []).append(node)
            if not parts:
                continue
            chosen = sorted(parts.items(), key=lambda item: (-len(item[1]), item[0][0], item[0][1].value))[:3]
            messages.append(
                HeldKinds(group, tuple((tuple(children), groups[holder], kind) for (holder, kind), children in chosen))
            )
        messages.extend(self.relations())
        return messages

    # Weights

    def _weight_above(self, node: int) -> int:
        """Return the visible pixels of everything that a node carries, directly or not."""
        return int(self._carried[node])

    @property
    def _carried(self) -> np.ndarray:
        if not hasattr(self, "_carried_px"):
            inventory = self.inventory
            total = np.zeros(len(inventory.nodes), dtype=np.int64)
            for node in sorted(inventory.nodes, key=lambda item: -item.level):
                if node.parent is not None and node.parent != node.id:
                    total[node.parent] += total[node.id] + int(inventory.visible_px[node.id])
            self._carried_px = total
        return self._carried_px

    def _main_kind(self, holder: int) -> ContactKind:
        """Return how most of what a node holds is held."""
        counts: dict[ContactKind, int] = {}
        for child in self.inventory.children[holder]:
            kind = self.inventory.nodes[child].parent_kind
            if kind is not None:
                counts[kind] = counts.get(kind, 0) + 1
        return max(counts, key=lambda kind: (counts[kind], kind.value))


def _pair(one: int, other: int) -> tuple[int, int]:
    return min(one, other), max(one, other)


def _chunks(groups: Sequence[Group], limit: int) -> list[tuple[Group, ...]]:
    """Split groups into lists of at most ``limit``, without leaving one alone at the end."""
    if not groups:
        return []
    count = -(-len(groups) // limit)
    size = -(-len(groups) // count)
    return [tuple(groups[begin : begin + size]) for begin in range(0, len(groups), size)]
