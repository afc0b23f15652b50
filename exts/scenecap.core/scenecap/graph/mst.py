"""Minimum spanning forests: of any edges, and of all pairs of each level without building them.

Ties are broken by the ends' ids, so the forest is unique and both ways of finding it agree.
"""

from __future__ import annotations

import logging

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import Delaunay, QhullError

from scenecap.contract import LENGTH_DECIMALS

_logger = logging.getLogger(__name__)

#: Unit of :func:`integer_centers` [m].
CENTER_UNIT = 0.5 * 10.0**-LENGTH_DECIMALS

#: Up to this many points all pairs are cheaper than a triangulation.
_DENSE_LIMIT = 96

#: Points in space mostly have 5 to 7 tetrahedra each; on two skew lines, say, their number grows with the square. A sample of
#: this many points tells, and where it has more than this many each, Prim's algorithm is quicker.
_PROBE_POINTS = 256
_PROBE_TETRAHEDRA = 25


def integer_centers(boxes: np.ndarray) -> np.ndarray:
    """Return box centres as whole numbers, so that equal distances are found equal on every machine.

    Args:
        boxes: (N, 2, 3) [m], multiples of 1e-4 m as the contract rounds them.

    Returns:
        (N, 3) int64 in units of :data:`CENTER_UNIT`.
    """
    return np.rint(boxes.sum(axis=1) * 10**LENGTH_DECIMALS).astype(np.int64)


def squared_distance(centers: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return (E,) int64 squared distances of (N, 3) whole-number points; exact up to 5e4 m."""
    return ((centers[source] - centers[target]) ** 2).sum(axis=1)


def spanning_forest(source: np.ndarray, target: np.ndarray, weight: np.ndarray, *, nodes: int) -> np.ndarray:
    """Return the rows of the edges of the minimum spanning forest.

    Kruskal's order is made strict: by weight, then source, then target. scipy takes a weight of 0 for a missing edge and its
    sort is not stable; with ranks 1..E for weights neither matters.

    Args:
        source: (E,) node ids, each below its target; each pair once.
        target: (E,) node ids.
        weight: (E,) any numbers that compare.
        nodes: Number of nodes.

    Returns:
        (F,) int64 rows in Kruskal's order.
    """
    if not len(source):
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((target, source, weight))
    ranks = np.empty(len(order), dtype=np.float64)
    ranks[order] = np.arange(1, len(order) + 1)
    tree = minimum_spanning_tree(coo_matrix((ranks, (source, target)), shape=(nodes, nodes)).tocsr())
    return order[np.sort(tree.data).astype(np.int64) - 1]


def euclidean_forest(centers: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of the Euclidean minimum spanning tree of each group of points.

    Every edge of such a tree lies in the Delaunay triangulation [Preparata and Shamos, Computational Geometry, 1985, 5.4]:
    the ball over it holds no other point, or that point would be nearer to both ends than they are to each other. So thousands
    of points need a few edges each, not all pairs.

    Args:
        centers: (N, 3) int64 points (see :func:`integer_centers`).
        group: (N,) group of each point; no edge leaves a group.

    Returns:
        (F,) source and target ids, source < target.
    """
    sources, targets = [], []
    order = np.argsort(group, kind="stable")
    borders = np.flatnonzero(np.diff(group[order])) + 1
    for members in np.split(order, borders):
        if len(members) < 2:
            continue
        one, two = _candidates(centers[members])
        rows = spanning_forest(one, two, squared_distance(centers[members], one, two), nodes=len(members))
        sources.append(members[one[rows]])
        targets.append(members[two[rows]])
    if not sources:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(sources), np.concatenate(targets)


def _candidates(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of rows, first below second, that hold the Euclidean minimum spanning tree of all points."""
    if len(points) <= _DENSE_LIMIT:
        one, two = np.triu_indices(len(points), 1)
        return one, two
    # Points in one place: the first of them stands for all, the others hang on it at distance 0.
    _, first, inverse = np.unique(points, axis=0, return_index=True, return_inverse=True)
    own = first[inverse.reshape(-1)]
    rest = np.flatnonzero(own != np.arange(len(points)))
    kept = np.sort(first)  # in the points' own order, so that ties fall the same way among them
    pairs = kept[_triangulate(points[kept] - points[kept[0]])]
    one, two = np.concatenate([pairs[:, 0], own[rest]]), np.concatenate([pairs[:, 1], rest])
    return np.minimum(one, two), np.maximum(one, two)


def _triangulate(points: np.ndarray) -> np.ndarray:
    """Return (P, 2) pairs of distinct points that hold their Euclidean minimum spanning tree."""
    flat = _flattened(points)
    if flat.shape[1] <= 1:
        order = np.argsort(flat[:, 0], kind="stable") if flat.shape[1] else np.arange(len(points))
        return np.stack([order[:-1], order[1:]], axis=1)
    try:
        if flat.shape[1] == 3 and len(flat) > 4 * _PROBE_POINTS:
            sample = flat[np.linspace(0, len(flat) - 1, _PROBE_POINTS).astype(np.int64)]
            if len(Delaunay(sample).simplices) > _PROBE_TETRAHEDRA * len(sample):
                return _prim(points)
        mesh = Delaunay(flat)
        if len(mesh.coplanar) == 0:
            indptr, indices = mesh.vertex_neighbor_vertices
            rows = np.repeat(np.arange(len(points)), np.diff(indptr))
            keep = rows < indices
            pairs = np.stack([rows[keep], indices[keep].astype(np.int64)], axis=1)
            if len(np.unique(pairs)) == len(points):
                return pairs
        _logger.debug("Delaunay left out points of %d; using Prim's algorithm", len(points))
    except QhullError as error:
        _logger.debug("Delaunay failed on %d points (%s); using Prim's algorithm", len(points), str(error).splitlines()[0])
    return _prim(points)


def _flattened(points: np.ndarray) -> np.ndarray:
    """Return the points in as few dimensions as hold them exactly: a layer of equal heights is a plane."""
    spread = np.ptp(points, axis=0) > 0
    points = points[:, spread].astype(np.float64)
    if points.shape[1] < 2:
        return points
    centered = points - points.mean(axis=0)
    _, values, axes = np.linalg.svd(centered, full_matrices=False)
    # Coordinates are whole numbers: a spread far below one unit is rounding of the decomposition, not shape.
    rank = int((values > 1e-6 * np.sqrt(len(points))).sum())
    return points if rank == points.shape[1] else centered @ axes[:rank].T


def _prim(points: np.ndarray) -> np.ndarray:
    """Return the edges of the minimum spanning tree by Prim's algorithm, in O(n) memory and O(n^2) time."""
    count = len(points)
    best = np.full(count, np.iinfo(np.int64).max)
    link = np.zeros(count, dtype=np.int64)
    out = np.ones(count, dtype=bool)
    ids = np.arange(count)
    edges = np.empty((count - 1, 2), dtype=np.int64)
    current = 0
    for step in range(count - 1):
        out[current] = False
        distance = ((points - points[current]) ** 2).sum(axis=1)
        # Equal distances: the pair that comes first by (smaller id, larger id), as in Kruskal's order.
        earlier = (np.minimum(ids, current) < np.minimum(ids, link)) | (
            (np.minimum(ids, current) == np.minimum(ids, link)) & (np.maximum(ids, current) < np.maximum(ids, link))
        )
        closer = out & ((distance < best) | ((distance == best) & earlier))
        best[closer], link[closer] = distance[closer], current
        rows = np.flatnonzero(out)
        rows = rows[best[rows] == best[rows].min()]
        ends = np.stack([np.minimum(rows, link[rows]), np.maximum(rows, link[rows])], axis=1)
        current = int(rows[np.lexsort((ends[:, 1], ends[:, 0]))[0]])
        edges[step] = link[current], current
    return edges
