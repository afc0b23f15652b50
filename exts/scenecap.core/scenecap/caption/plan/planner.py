"""What a text says and in which order: messages, chosen from the graph before any word is.

The pruned graph chooses and orders the relations; the support tree gives the sentences their frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from scenecap.caption.attributes import Description
from scenecap.caption.inventory import Inventory
from scenecap.caption.plan.links import MAX_LINKED, link_siblings
from scenecap.caption.plan.messages import Contrast, Group, Held, HeldKinds, KindPart, Message, Others, Overview
from scenecap.contract import ContactKind, RoomKind

#: Most groups that the one-sentence caption names.
_BRIEF_LIST = 5
#: Most pairs of like objects that are told apart in one text.
_MOST_CONTRASTS = 2
#: Most kinds of holders, and of what they hold, that a text on many objects speaks of.
_MOST_KINDS = 2


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

    def _grouped(self, nodes: Sequence[int]) -> list[Group]:
        """Return like objects together; by noun alone where two sentences could not name them all."""
        groups = self.group(nodes)
        return groups if len(groups) <= 2 * self.settings.max_list else self.group(nodes, by_noun=True)

    def _split(self, groups: Sequence[Group]) -> list[tuple[Group, ...]]:
        """Split groups over two sentences at most. Where each has a color, a sentence speaks of one color where it can."""
        limit = self.settings.max_list
        groups = groups[: 2 * limit]
        if len(groups) <= limit:
            return [tuple(groups)] if groups else []
        weight: dict[tuple[str, ...], int] = {}
        for group in groups:
            colors = self.inventory.descriptions[group[0]].colors
            weight[colors] = weight.get(colors, 0) + 1
        if () not in weight and len(weight) == 2 and max(weight.values()) <= limit:
            first = self.inventory.descriptions[groups[0][0]].colors
            same = [group for group in groups if self.inventory.descriptions[group[0]].colors == first]
            return [tuple(same), tuple(group for group in groups if group not in same)]
        half = -(-len(groups) // 2)
        return [tuple(groups[:half]), tuple(groups[half:])]

    def leftover(self, nodes: Sequence[int]) -> Others:
        """Return the closing sentence on what no other sentence named."""
        groups = self._grouped(nodes)
        return Others(tuple(groups[: self.settings.max_list]), rest=len(groups) > self.settings.max_list)

    # Brief

    def brief(self) -> Message:
        """Return what the one-sentence caption says: the main groups, and what is on (in) the object that carries most."""
        inventory = self.inventory
        limit = min(_BRIEF_LIST, self.settings.max_list)
        roots = self.roots()
        holders = sorted(
            (root for root in roots if inventory.children.get(root)), key=lambda root: (-self.weight_above(root), root)
        )
        if len(inventory.nodes) > self.settings.summarize_above or not holders:
            groups = self.group((node.id for node in inventory.nodes), by_noun=True)
            return Overview(tuple(groups[:limit]))
        main = holders[0]
        kind = self._main_kind(main)
        on_main = (child for child in inventory.children[main] if inventory.nodes[child].parent_kind is kind)
        children = self.group(on_main, by_noun=True)
        others = [group for group in self.group(roots, by_noun=True) if main not in group]
        twins = next(group for group in self.group(roots) if main in group)
        if not others and len(twins) == 1 and kind in (ContactKind.SUPPORT, ContactKind.INSIDE):
            return Held(tuple(children[:limit]), kind, holder=main)
        others = others[: max(1, limit - min(3, len(children)))]
        return Overview((*others, twins), main, tuple(children[: max(1, limit - len(others))]), kind)

    # Paragraph

    def roots(self) -> list[int]:
        """Return the nodes that no other node holds."""
        return [node.id for node in self.inventory.nodes if node.parent is None]

    def overall(self) -> list[Message]:
        """Return the messages of the paragraph; relations of what was not introduced are dropped when they are worded."""
        if len(self.inventory.nodes) > self.settings.summarize_above:
            return self._summary()
        messages = [*self._opening(), *self._held_tree()]
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
        messages: list[Message] = []
        standing = [*free, *on_floor]
        if len(standing) == 1 and inventory.children.get(standing[0]):
            pass  # the first sentence of the support tree introduces it
        elif free or len(on_floor) == 1:
            messages.append(Overview(tuple(self._grouped(standing)[: self.settings.max_list])))
        else:
            messages.extend(self._held(on_floor, ContactKind.SUPPORT, room=RoomKind.FLOOR))
        for place, members in sorted(by_room.items(), key=str):
            if place is not None:
                messages.extend(self._held(members, place[1], room=place[0]))
        return messages

    def _held(
        self, members: Sequence[int], kind: ContactKind, *, holder: int | None = None, room: RoomKind | None = None
    ) -> list[Message]:
        """Return the sentences, two at most, on what one thing holds."""
        parts = self._split(self._grouped(members))
        return [Held(part, kind, holder=holder, room=room, also=index > 0) for index, part in enumerate(parts)]

    def _held_tree(self) -> list[Message]:
        """Return the sentences on what is on and in what, holders that carry most in view first, then what those carry."""
        inventory = self.inventory
        messages: list[Message] = []
        queue = sorted(self.roots(), key=lambda root: (-self.weight_above(root), root))
        while queue:
            holder = queue.pop(0)
            children = inventory.children.get(holder, ())
            if not children:
                continue
            for kind in (ContactKind.INSIDE, ContactKind.SUPPORT, ContactKind.HANGING, ContactKind.ATTACHED):
                members = [child for child in children if inventory.nodes[child].parent_kind is kind]
                messages.extend(self._held(members, kind, holder=holder))
            queue.extend(sorted(children, key=lambda child: (-self.weight_above(child), child)))
        return messages

    def _contrasts(self, messages: Sequence[Message]) -> list[Message]:
        groups = [group for message in messages if isinstance(message, (Overview, Held)) for group in message.groups]
        twins = [Contrast(group) for group in groups if len(group) == 2 and len(set(self._looks(group))) == 1]
        return list(twins[:_MOST_CONTRASTS])

    def _looks(self, group: Group) -> list[Description]:
        return [self.inventory.descriptions[node] for node in group]

    def relations(self) -> list[Message]:
        """Return where objects are from their neighbors on the same thing, in turn for each thing, the most visible first.

        The pruned graph gave its contacts to the sentences on what is on what; its other edges are preferred here.
        """
        sites: dict[int | None, list[int]] = {}
        for node in self.inventory.nodes:
            sites.setdefault(node.parent, []).append(node.id)
        weight = self.inventory.visible_px
        several = [members for members in sites.values() if len(members) > 1]
        ordered = sorted(several, key=lambda members: (-int(weight[members].sum()), members))
        limit = 4 * self.settings.max_sentences
        queues = [link_siblings(self.inventory, members) for members in ordered[: self.settings.max_sentences]]
        messages: list[Message] = []
        for depth in range(MAX_LINKED):
            messages.extend(queue[depth] for queue in queues if depth < len(queue))
        return messages[:limit]

    # Many objects

    def _summary(self) -> list[Message]:
        """Return what to say of more objects than can be named one by one: kinds, and how many of each are where."""
        inventory = self.inventory
        limit = self.settings.max_list
        groups = self.group((node.id for node in inventory.nodes), by_noun=True)
        messages: list[Message] = [Overview(tuple(groups[:limit]))]
        if len(groups) > limit:
            rest = groups[limit : 2 * limit]
            messages.append(Others(tuple(rest), rest=len(groups) > 2 * limit))
        messages.extend(self._kinds(groups))
        messages.extend(self.relations())
        return messages

    def _kinds(self, groups: Sequence[Group]) -> list[Message]:
        """Return where the objects of the main kinds are, told by what they are on and by what is on them in turn."""
        nodes = self.inventory.nodes
        kind_of = {node: index for index, group in enumerate(groups) for node in group}
        found: dict[tuple[int, int, ContactKind], list[int]] = {}
        for item in nodes:
            if item.parent is not None and item.parent_kind is not None:
                found.setdefault((kind_of[item.id], kind_of[item.parent], item.parent_kind), []).append(item.id)
        parts = [
            (key, KindPart(tuple(ids), groups[key[0]], groups[key[1]], key[2]))
            for key, ids in found.items()
            if key[0] < 2 * self.settings.max_list and key[1] < 2 * self.settings.max_list and key[0] != key[1]
        ]
        by_child: dict[object, list[KindPart]] = {}
        by_holder: dict[object, list[KindPart]] = {}
        for (child, holder, kind), part in parts:
            by_child.setdefault(child, []).append(part)
            by_holder.setdefault((holder, kind.value), []).append(part)
        told_by_child = [HeldKinds(self._largest(item), by_holder=False) for item in _most_objects(by_child)]
        told_by_holder = [HeldKinds(self._largest(item), by_holder=True) for item in _most_objects(by_holder)]
        return [
            message
            for pair in zip(told_by_holder[:_MOST_KINDS], told_by_child[:_MOST_KINDS], strict=False)
            for message in pair
        ]

    @staticmethod
    def _largest(parts: Sequence[KindPart]) -> tuple[KindPart, ...]:
        return tuple(sorted(parts, key=lambda part: (-len(part.children), part.children))[:3])

    # Weights

    def weight_above(self, node: int) -> int:
        """Return the visible pixels of everything that a node carries, directly or not."""
        return int(self._carried[node])

    @cached_property
    def _carried(self) -> np.ndarray:
        inventory = self.inventory
        total = np.zeros(len(inventory.nodes), dtype=np.int64)
        for node in sorted(inventory.nodes, key=lambda item: -item.level):
            if node.parent is not None:
                total[node.parent] += total[node.id] + int(inventory.visible_px[node.id])
        return total

    def _main_kind(self, holder: int) -> ContactKind:
        """Return how most of what a node holds is held."""
        counts: dict[ContactKind, int] = {}
        for child in self.inventory.children[holder]:
            kind = self.inventory.nodes[child].parent_kind
            if kind is not None:
                counts[kind] = counts.get(kind, 0) + 1
        return max(counts, key=lambda kind: (counts[kind], kind.value))


def _most_objects(found: dict[object, list[KindPart]]) -> list[list[KindPart]]:
    """Return lists of parts, those that speak of most objects first."""
    return sorted(found.values(), key=lambda parts: (-sum(len(part.children) for part in parts), parts[0].children))
