"""Like objects together: what one item of a list names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scenecap.caption.inventory import Inventory
from scenecap.caption.plan.messages import Group

#: More like objects than this, of three looks or more, are told by their noun alone.
_MOST_LOOKS = 4


def group_nodes(inventory: Inventory, nodes: Iterable[int], *, by_noun: bool = False) -> list[Group]:
    """Return like objects together, the most salient group first. Groups of what is hardly visible are left out.

    Args:
        inventory: The frame.
        nodes: Node ids.
        by_noun: Put objects of one noun together whatever their colors.
    """
    found: dict[object, list[int]] = {}
    for node in nodes:
        description = inventory.descriptions[node]
        name = description.name
        looks = (name.tokens, name.post, description.colors, description.material)
        found.setdefault(_noun(inventory, node) if by_noun else looks, []).append(node)
    weight = inventory.visible_px
    groups = [tuple(sorted(members)) for members in found.values()]
    # Of one noun all are counted or none: "two books" is wrong where a third is just visible.
    nouns = {_noun(inventory, node) for members in groups for node in members if inventory.mentionable[node]}
    groups = [members for members in groups if _noun(inventory, members[0]) in nouns]
    return sorted(groups, key=lambda members: (-int(weight[list(members)].sum()), members))


def grouped(inventory: Inventory, nodes: Sequence[int]) -> list[Group]:
    """Return like objects together; by noun alone where two sentences could not name them all."""
    groups = _merge_mixed(inventory, group_nodes(inventory, nodes))
    return groups if len(groups) <= 2 * inventory.settings.max_list else group_nodes(inventory, nodes, by_noun=True)


def _merge_mixed(inventory: Inventory, groups: Sequence[Group]) -> list[Group]:
    """Put groups of one noun together where telling their looks would read badly.

    That is where some have a color and others none ("two chairs and two brown chairs"), or where there are many of three
    looks.
    """
    by_noun: dict[object, list[Group]] = {}
    for group in groups:
        by_noun.setdefault(_noun(inventory, group[0]), []).append(group)
    merged: list[Group] = []
    for same in by_noun.values():
        colored = [bool(inventory.descriptions[group[0]].colors) for group in same]
        mixed = any(colored) and not all(colored)
        if mixed or (len(same) > 2 and sum(map(len, same)) > _MOST_LOOKS):
            same = [tuple(sorted(node for group in same for node in group))]
        merged.extend(same)
    weight = inventory.visible_px
    return sorted(merged, key=lambda members: (-int(weight[list(members)].sum()), members))


def _noun(inventory: Inventory, node: int) -> tuple[object, object]:
    name = inventory.descriptions[node].name
    return name.core_tokens, name.post


def split(inventory: Inventory, groups: Sequence[Group]) -> list[tuple[Group, ...]]:
    """Split groups over two sentences at most. Where each has a color, a sentence speaks of one color if it can."""
    limit = inventory.settings.max_list
    groups = groups[: 2 * limit]
    if len(groups) <= limit:
        return [tuple(groups)] if groups else []
    colors = [inventory.descriptions[group[0]].colors for group in groups]
    if () not in colors and len(set(colors)) == 2 and max(colors.count(color) for color in set(colors)) <= limit:
        first = [group for group, color in zip(groups, colors, strict=True) if color == colors[0]]
        return [tuple(first), tuple(group for group in groups if group not in first)]
    half = -(-len(groups) // 2)
    return [tuple(groups[:half]), tuple(groups[half:])]
