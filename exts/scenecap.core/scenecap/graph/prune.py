"""Which edges of the spanning tree stay when ``pruning_ratio`` is below 1."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from scenecap.graph.model import EdgeTable, Node, Relation
from scenecap.graph.settings import GraphSettings, PruningStrategy

_FIRST = Relation.ON | Relation.INSIDE | Relation.SUPPORTS | Relation.CONTAINS


def prune_edges(tree: EdgeTable, nodes: Sequence[Node], settings: GraphSettings) -> EdgeTable:
    """Keep ``ceil(pruning_ratio * edges)`` of a spanning tree's edges; return them in order of salience.

    Args:
        tree: The spanning tree's edges.
        nodes: The graph's nodes.
        settings: ``pruning_ratio``, ``pruning_strategy`` and ``random_seed`` decide.
    """
    count = kept_edges(len(tree), settings.pruning_ratio)
    order = salience_order(tree, nodes)
    if settings.pruning_strategy is PruningStrategy.RANDOM and count < len(order):
        draws = [
            _draw(settings.random_seed, nodes[int(tree.source[row])].path, nodes[int(tree.target[row])].path) for row in order
        ]
        chosen = sorted(range(len(order)), key=draws.__getitem__)[:count]
        return tree.take(order[sorted(chosen)])
    return tree.take(order[:count])


def kept_edges(edges: int, ratio: float) -> int:
    """Return ``ceil(ratio * edges)``, safe from 0.28 * 25 = 7.000000000000001."""
    return min(math.ceil(round(ratio * edges, 9)), edges)


def salience_order(edges: EdgeTable, nodes: Sequence[Node]) -> np.ndarray:
    """Return the rows in order of salience.

    First support and inside, then edges whose ends are large in the picture (sum of their tight boxes), then larger margins,
    shorter edges, ids.
    """
    seen = np.array([0 if node.observed.visibility is None else node.observed.visibility.box_area for node in nodes])
    area = seen[edges.source] + seen[edges.target] if len(edges) else np.empty(0)
    second = (edges.relations & np.uint32(_FIRST)) == 0
    return np.lexsort((edges.target, edges.source, edges.center_distance, -edges.margin, -area, second))


def _draw(seed: int, source: str, target: str) -> bytes:
    """Draw from the seed and the ends' names: the same on any machine and version, whatever else is in the scene."""
    return hashlib.blake2b(f"{seed}\0{source}\0{target}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
