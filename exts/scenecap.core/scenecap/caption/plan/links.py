"""Which neighbors are related to each other: spanning trees over what stands on the same thing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenecap.caption.inventory import Inventory
from scenecap.caption.plan.messages import Relate
from scenecap.graph.model import Relation

#: Directions in the viewer frame, and the component of the offset that each depends on.
_DIRECTIONS = {
    Relation.LEFT: 0,
    Relation.RIGHT: 0,
    Relation.FRONT: 1,
    Relation.BEHIND: 1,
    Relation.ABOVE: 2,
    Relation.BELOW: 2,
}
#: Most objects of one supporter whose places are told from each other.
MAX_LINKED = 16
#: A pair that is an edge of the pruned graph counts as this much nearer.
_PRUNED_BONUS = 0.5


def best_relation(relations: Relation, offset: np.ndarray) -> Relation:
    """Return the one relation of a pair that says most: the direction of the largest offset, else a distance word.

    Args:
        relations: Of the first object to the second.
        offset: (3,) from the second's center to the first's, in the viewer frame [m].
    """
    best, reach = Relation.NONE, 0.0
    for relation, axis in _DIRECTIONS.items():
        if relations & relation and abs(float(offset[axis])) > reach:
            best, reach = relation, abs(float(offset[axis]))
    if best:
        return best
    return next((word for word in (Relation.NEXT_TO, Relation.NEAR) if relations & word), Relation.NONE)


def link_siblings(inventory: Inventory, members: Sequence[int]) -> list[Relate]:
    """Return relations along a spanning tree of objects that stand on the same thing.

    The tree grows from the object that fills most of the picture, nearest first (Prim's algorithm), so each relation ties a
    new object to one that was spoken of. What lies between two of them is said to.

    Args:
        inventory: The frame.
        members: Node ids.
    """
    weight = inventory.visible_px
    chosen = sorted(members, key=lambda node: (-int(weight[node]), node))[:MAX_LINKED]
    count = len(chosen)
    if count < 2:
        return []
    one, other = np.triu_indices(count, 1)
    ids = np.array(chosen, dtype=np.int64)
    table = inventory.pairs(ids[one], ids[other])
    pruned = inventory.pruned_pairs
    distance = np.full((count, count), np.inf)
    row_of = np.full((count, count), -1, dtype=np.int64)
    for row, (first, second) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        pair = (min(chosen[first], chosen[second]), max(chosen[first], chosen[second]))
        bonus = _PRUNED_BONUS if pair in pruned else 1.0
        # Surfaces decide; centers break the ties of what touches.
        length = bonus * (float(table.surface_distance[row]) + 0.1 * float(table.center_distance[row]))
        distance[first, second] = distance[second, first] = length
        row_of[first, second] = row_of[second, first] = row
    linked, free, links = [0], list(range(1, count)), []
    while free:
        _, new, old = min((round(float(distance[new, old]), 6), new, old) for new in free for old in linked)
        free.remove(new)
        linked.append(new)
        link = _between(inventory, chosen[new], set(chosen))
        if link is None:
            row = int(row_of[new, old])
            relation = best_relation(table.relation(row), table.offset[row])
            relation = relation if new < old else inventory.graph.turned(chosen[old], chosen[new], relation)
            link = Relate(chosen[new], relation, (chosen[old],)) if relation else None
        if link is not None:
            links.append(link)
    return links


def _between(inventory: Inventory, subject: int, known: set[int]) -> Relate | None:
    """Return what a subject lies between, where both ends can be named by a name alone."""
    facts = [fact for fact in inventory.between_subjects.get(subject, ()) if {fact.first, fact.second} <= known]
    if not facts:
        return None
    best = min(facts, key=lambda fact: (fact.offset, fact.first, fact.second))
    return Relate(subject, Relation.NONE, inventory.ends(best))
