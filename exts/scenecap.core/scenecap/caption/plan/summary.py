"""What to say of more objects than can be named one by one: kinds, and how many of each are where."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.inventory import Inventory
from scenecap.caption.plan.groups import group_nodes
from scenecap.caption.plan.messages import Group, HeldKinds, KindPart, Message, Others, Overview
from scenecap.contract import ContactKind

#: Objects of one noun, on average, from which a text speaks of kinds.
_LIKE_OBJECTS = 3.0
#: Most kinds of holders, and of what they hold, that a text speaks of.
_MOST_KINDS = 2


def wants_summary(inventory: Inventory) -> bool:
    """Return whether there are too many like objects to name them one by one."""
    count = len(inventory.nodes)
    if count <= inventory.settings.summarize_above:
        return False
    nouns = {(item.name.core_tokens, item.name.post) for item in inventory.descriptions}
    return count > 10 * inventory.settings.summarize_above or count >= _LIKE_OBJECTS * len(nouns)


def summarize(inventory: Inventory) -> list[Message]:
    """Return the messages: the main kinds with their counts, then where their objects are."""
    limit = inventory.settings.max_list
    groups = group_nodes(inventory, (node.id for node in inventory.nodes), by_noun=True)
    messages: list[Message] = [Overview(tuple(groups[:limit]))]
    if len(groups) > limit:
        messages.append(Others(tuple(groups[limit : 2 * limit]), rest=len(groups) > 2 * limit))
    return [*messages, *_kinds(inventory, groups)]


def _kinds(inventory: Inventory, groups: Sequence[Group]) -> list[Message]:
    """Return where the objects of the main kinds are, told by what they are on and by what is on them in turn."""
    kind_of = {node: index for index, group in enumerate(groups) for node in group}
    found: dict[tuple[int, int, ContactKind], list[int]] = {}
    for item in inventory.nodes:
        if item.id in kind_of and item.parent in kind_of and item.parent_kind is not None:
            found.setdefault((kind_of[item.id], kind_of[item.parent], item.parent_kind), []).append(item.id)
    most = 2 * inventory.settings.max_list
    by_child: dict[object, list[KindPart]] = {}
    by_holder: dict[object, list[KindPart]] = {}
    for (child, holder, kind), ids in found.items():
        if child < most and holder < most and child != holder:
            part = KindPart(tuple(ids), groups[child], groups[holder], kind)
            by_child.setdefault(child, []).append(part)
            by_holder.setdefault((holder, kind.value), []).append(part)
    messages: list[Message] = []
    told: set[tuple[Group, Group]] = set()
    for holders, children in zip(_most_objects(by_holder), _most_objects(by_child), strict=False):
        for parts, is_holder in ((holders, True), (children, False)):
            fresh = [part for part in parts if (part.group, part.holders) not in told]
            # A sentence that mostly repeats another is left out.
            if len(messages) < 2 * _MOST_KINDS and 2 * len(fresh) > len(parts):
                told.update((part.group, part.holders) for part in parts)
                messages.append(HeldKinds(tuple(parts), by_holder=is_holder))
    return messages


def _most_objects(found: dict[object, list[KindPart]]) -> list[list[KindPart]]:
    """Return lists of at most three parts, those that speak of most objects first."""
    lists = [sorted(parts, key=lambda part: (-len(part.children), part.children))[:3] for parts in found.values()]
    return sorted(lists, key=lambda parts: (-sum(len(part.children) for part in parts), parts[0].children))
