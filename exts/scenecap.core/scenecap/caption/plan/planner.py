"""What a text says and in which order: messages, chosen from the graph before any word is.

The support tree gives the sentences their frame, visible area their order; the pruned graph chooses among neighbors.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scenecap.caption.inventory import Inventory
from scenecap.caption.plan.groups import group_nodes, grouped, split
from scenecap.caption.plan.links import MAX_LINKED, link_siblings
from scenecap.caption.plan.messages import Contrast, Held, Message, Others, Overview
from scenecap.caption.plan.summary import summarize, wants_summary
from scenecap.contract import ContactKind, RoomKind

#: Most groups that the one-sentence caption names.
_BRIEF_LIST = 5
#: Most pairs of like objects that are told apart in one text.
_MOST_CONTRASTS = 2
#: Sentences that are kept for what tells like objects apart and for relations.
_RESERVED = 2


@dataclass(frozen=True)
class _Site:
    """What one object or the room holds in one way."""

    members: list[int]
    kind: ContactKind
    holder: int | None = None
    room: RoomKind | None = None


class Planner:
    """Chooses what to say of one frame.

    Args:
        inventory: The frame.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.settings = inventory.settings

    # The one-sentence caption

    def brief(self) -> Message:
        """Return what the one-sentence caption says: the main groups, and what is on (in) the object that carries most."""
        inventory = self.inventory
        limit = min(_BRIEF_LIST, self.settings.max_list)
        roots = self._roots
        holders = [root for root in roots if self._shown_children(root)]
        if wants_summary(inventory) or not holders:
            groups = group_nodes(inventory, (node.id for node in inventory.nodes), by_noun=True)
            return Overview(tuple(groups[:limit]))
        main = min(holders, key=lambda root: (-self._shown_on(root), root))
        kind = self._main_kind(main)
        on_main = (child for child in inventory.children[main] if inventory.nodes[child].parent_kind is kind)
        children = group_nodes(inventory, on_main, by_noun=True)
        others = [group for group in group_nodes(inventory, roots, by_noun=True) if main not in group]
        twins = next(group for group in group_nodes(inventory, roots) if main in group)
        if not others and len(twins) == 1 and kind in (ContactKind.SUPPORT, ContactKind.INSIDE):
            return Held(tuple(children[:limit]), kind, holder=main)
        others = others[: max(1, limit - min(3, len(children)))]
        return Overview((*others, twins), main, tuple(children[: max(1, limit - len(others))]), kind)

    # The paragraph

    def main_messages(self) -> list[Message]:
        """Return the paragraph's frame: what stands there, and what is on, in or attached to what."""
        if wants_summary(self.inventory):
            return summarize(self.inventory)
        opening, rooms = self._opening()
        held = self._held_sites(rooms)
        room_left = self.settings.max_sentences - _RESERVED - len(opening)
        if len(held) > max(1, room_left):
            held = held[: max(1, room_left)]
        return [*opening, *held]

    def leftover(self, nodes: Sequence[int]) -> list[Message]:
        """Return the sentence on what no other sentence named, if there is anything to name."""
        groups = grouped(self.inventory, nodes)
        if not groups:
            return []
        return [Others(tuple(groups[: self.settings.max_list]), rest=len(groups) > self.settings.max_list)]

    def contrasts(self, messages: Sequence[Message]) -> list[Message]:
        """Return what tells like objects apart that messages introduce together."""
        descriptions = self.inventory.descriptions
        groups = [group for message in messages if isinstance(message, (Overview, Held)) for group in message.groups]
        twins = [group for group in groups if len(group) == 2 and descriptions[group[0]] == descriptions[group[1]]]
        return [Contrast(group) for group in twins[:_MOST_CONTRASTS]]

    def relations(self) -> list[Message]:
        """Return where objects are from their neighbors on the same thing, in turn for each thing, the most visible first."""
        sites: dict[int | None, list[int]] = {}
        for node in self.inventory.nodes:
            if self.inventory.mentionable[node.id]:
                sites.setdefault(node.parent, []).append(node.id)
        weight = self.inventory.visible_px
        several = [members for members in sites.values() if len(members) > 1]
        ordered = sorted(several, key=lambda members: (-int(weight[members].sum()), members))
        queues = [link_siblings(self.inventory, members) for members in ordered[: self.settings.max_sentences]]
        messages: list[Message] = []
        for depth in range(MAX_LINKED):
            messages.extend(queue[depth] for queue in queues if depth < len(queue))
        return messages

    def _opening(self) -> tuple[list[Message], dict[tuple[RoomKind, ContactKind], list[int]]]:
        """Return what stands on the floor or on nothing, and what else the room holds, by place."""
        inventory = self.inventory
        free: list[int] = []
        rooms: dict[tuple[RoomKind, ContactKind], list[int]] = {}
        for root in self._roots:
            element, kind = inventory.room_parent(root), inventory.nodes[root].parent_kind
            if element is None or kind is None:
                free.append(root)
            else:
                # On a wall, what rests in it (a window) reads like what is fixed to it.
                kind = ContactKind.ATTACHED if element.kind is RoomKind.WALL else kind
                rooms.setdefault((element.kind, kind), []).append(root)
        on_floor = rooms.pop((RoomKind.FLOOR, ContactKind.SUPPORT), [])
        standing = [*free, *on_floor]
        if not inventory.mentionable[standing].any():
            return [], rooms
        if len(standing) == 1 and self._shown_children(standing[0]):
            return [], rooms  # the sentence on what it holds introduces it
        if free or len(on_floor) == 1:
            return [Overview(tuple(grouped(inventory, standing)[: self.settings.max_list]))], rooms
        return self._held(on_floor, ContactKind.SUPPORT, room=RoomKind.FLOOR), rooms

    def _held_sites(self, rooms: dict[tuple[RoomKind, ContactKind], list[int]]) -> list[Message]:
        """Return the sentences on what is where, those that show most of the picture first, a holder before what it holds."""
        inventory = self.inventory
        weight = inventory.visible_px
        queue: list[tuple[int, int, _Site]] = []

        def push(site: _Site) -> None:
            heapq.heappush(queue, (-int(weight[site.members].sum()), site.members[0], site))

        def push_holder(holder: int) -> None:
            for kind in ContactKind:
                members = [child for child in inventory.children.get(holder, ()) if inventory.nodes[child].parent_kind is kind]
                if members:
                    push(_Site(members, kind, holder=holder))

        in_rooms = {member for members in rooms.values() for member in members}
        for (room, kind), members in rooms.items():
            push(_Site(members, kind, room=room))
        for root in self._roots:
            if root not in in_rooms:
                push_holder(root)
        messages: list[Message] = []
        while queue:
            site = heapq.heappop(queue)[2]
            messages.extend(self._held(site.members, site.kind, holder=site.holder, room=site.room))
            for member in site.members:
                push_holder(member)
        return messages

    def _held(
        self, members: Sequence[int], kind: ContactKind, *, holder: int | None = None, room: RoomKind | None = None
    ) -> list[Message]:
        """Return the sentences, two at most, on what one thing holds."""
        parts = split(self.inventory, grouped(self.inventory, members))
        return [Held(part, kind, holder=holder, room=room, also=index > 0) for index, part in enumerate(parts)]

    # The support tree

    @cached_property
    def _roots(self) -> list[int]:
        """Nodes that no other node holds."""
        return [node.id for node in self.inventory.nodes if node.parent is None]

    @cached_property
    def _carried_px(self) -> np.ndarray:
        """(N,) int64 visible pixels of everything that each node carries, directly or not."""
        inventory = self.inventory
        total = np.zeros(len(inventory.nodes), dtype=np.int64)
        for node in sorted(inventory.nodes, key=lambda item: -item.level):
            if node.parent is not None:
                total[node.parent] += total[node.id] + int(inventory.visible_px[node.id])
        return total

    def _shown_children(self, holder: int) -> list[int]:
        """Return what a node holds, without what is hardly visible."""
        return [child for child in self.inventory.children.get(holder, ()) if self.inventory.mentionable[child]]

    def _shown_on(self, holder: int) -> int:
        """Return the visible pixels of what is on or in a holder; what hangs from it or is fixed to it counts for little."""
        nodes = self.inventory.nodes
        total = 0
        for child in self.inventory.children[holder]:
            px = int(self.inventory.visible_px[child] + self._carried_px[child])
            total += px if nodes[child].parent_kind in (ContactKind.SUPPORT, ContactKind.INSIDE) else px // 16
        return total

    def _main_kind(self, holder: int) -> ContactKind:
        """Return how most of what a node holds is held."""
        counts: dict[ContactKind, int] = {}
        for child in self._shown_children(holder):
            kind = self.inventory.nodes[child].parent_kind
            if kind is not None:
                counts[kind] = counts.get(kind, 0) + 1
        carries = (ContactKind.SUPPORT, ContactKind.INSIDE)
        return max(counts, key=lambda kind: (kind in carries, counts[kind], kind.value))
