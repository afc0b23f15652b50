"""Build a frame's scene graph: select, support tree, relations, full graph, spanning tree, pruning."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

from scenecap.contract import Frame, ObservedObject
from scenecap.graph.model import EdgeTable, Node, SceneGraph
from scenecap.graph.mst import euclidean_forest, integer_centers, spanning_forest, squared_distance
from scenecap.graph.prune import prune_edges
from scenecap.graph.relations import PairRelations
from scenecap.graph.select import select_objects
from scenecap.graph.settings import FullEdges, GraphSettings
from scenecap.graph.support import SupportTree, build_support_tree
from scenecap.graph.ternary import find_between, find_centered


def build_scene_graph(frame: Frame, settings: GraphSettings | None = None, *, full: bool = True) -> SceneGraph:
    """Build the scene graph of what one camera saw.

    Args:
        frame: The frame.
        settings: The numbers; all defaults where None.
        full: Build the full graph too. The pruned graph and the relations of pairs do not need it.

    Raises:
        EmptyFrameError: No object is left to make a graph of; the message says why.
    """
    settings = GraphSettings() if settings is None else settings
    chosen, report = select_objects(frame, settings)
    tree = build_support_tree(frame, settings)
    nodes = _nodes(chosen, tree)
    pairs = PairRelations(
        chosen,
        grounds=[tree.ground[node.path] for node in nodes],
        contacts=(contact for node in nodes for contact in tree.contacts.get(node.path, ())),
        camera=frame.camera,
        settings=settings,
    )
    level = np.array([node.level for node in nodes], dtype=np.int64)
    spanning = pairs.evaluate(*_spanning_pairs(chosen, level, pairs))
    return SceneGraph(
        nodes=nodes,
        full=pairs.evaluate(*_full_pairs(level, pairs, spanning, settings)) if full else None,
        pruned=prune_edges(spanning, nodes, settings),
        mst_weight=math.fsum(spanning.weight.tolist()),
        between=find_between(nodes, pairs, settings),
        centered=find_centered(nodes, settings),
        room=frame.room,
        selection=report,
        pair_source=pairs,
        notes=tree.notes,
        axes=pairs.axes,
    )


def _nodes(chosen: Sequence[ObservedObject], tree: SupportTree) -> tuple[Node, ...]:
    ids = {item.path: index for index, item in enumerate(chosen)}
    nodes = []
    for index, item in enumerate(chosen):
        contact = tree.parent.get(item.path)
        nodes.append(
            Node(
                id=index,
                observed=item,
                level=tree.level[item.path],
                parent=None if contact is None else ids.get(contact.parent),
                parent_path=None if contact is None else contact.parent,
                parent_kind=None if contact is None else contact.kind,
                contacts=tuple((other.parent, other.kind) for other in tree.contacts.get(item.path, ())),
            )
        )
    return tuple(nodes)


def _spanning_pairs(
    chosen: Sequence[ObservedObject], level: np.ndarray, pairs: PairRelations
) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of the full graph's minimum spanning forest, without the full graph.

    An edge that is not in the spanning tree of its level closes a circle of smaller edges there, hence in the full graph too;
    so the forest of the levels' trees together with the contacts is the forest of all.
    """
    centers = integer_centers(np.array([item.aabb_world for item in chosen]))
    source, target = _united(len(chosen), euclidean_forest(centers, level), pairs.contact_pairs())
    weight = np.where(pairs.weighs_nothing(source, target), 0, squared_distance(centers, source, target))
    rows = spanning_forest(source, target, weight, nodes=len(chosen))
    return source[rows], target[rows]


def _full_pairs(
    level: np.ndarray, pairs: PairRelations, spanning: EdgeTable, settings: GraphSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of the full graph: all contacts, and the same level's pairs as ``full_edges`` says."""
    count = len(level)
    every = settings.full_edges is FullEdges.ALL
    if every or (settings.full_edges is FullEdges.AUTO and count <= settings.full_edges_limit):
        one, two = np.triu_indices(count, 1)
        same = level[one] == level[two]
        return _united(count, (one[same], two[same]), pairs.contact_pairs())
    nearest = _nearest_pairs(pairs.centers, level, settings.nearest_edges)
    return _united(count, nearest, pairs.contact_pairs(), (spanning.source, spanning.target))


def _nearest_pairs(centers: np.ndarray, level: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    sources, targets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for value in np.unique(level):
        members = np.flatnonzero(level == value)
        if len(members) < 2:
            continue
        reach = min(neighbours + 1, len(members))
        _, found = KDTree(centers[members]).query(centers[members], k=reach)
        sources.append(np.repeat(members, reach))
        targets.append(members[found.reshape(-1)])
    source, target = np.concatenate(sources), np.concatenate(targets)
    return source, target


def _united(count: int, *groups: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs once, smaller id first, in order; a pair of one node with itself is none."""
    source = np.concatenate([np.asarray(group[0], dtype=np.int64) for group in groups])
    target = np.concatenate([np.asarray(group[1], dtype=np.int64) for group in groups])
    keys = np.unique(np.minimum(source, target) * count + np.maximum(source, target))
    low, high = np.divmod(keys, count)
    differ = low != high
    return low[differ], high[differ]
