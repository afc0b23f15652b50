"""Refine subdivision surfaces: Catmull-Clark and Loop, with creases, corners and boundaries, vectorised.

Rules: Catmull and Clark 1978; Loop 1987; semi-sharp creases as in DeRose, Kass and Truong 1998; limit points as in Halstead,
Kass and DeRose 1993. Face-varying values are refined linearly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from scenecap.stage.triangulate import Polygons

#: USD's value for an infinitely sharp crease or corner.
SHARP = 10.0


@dataclass(frozen=True, eq=False)
class Cage:
    """A polygon mesh on its way to a smooth surface.

    Attributes:
        points: (N, 3) float64.
        polygons: Its faces. After a refinement ``corners`` and ``faces`` still name what was authored: a new corner
            carries the authored corner it grew from.
        weights: (C, M) float64 or None: rows of values at the corners (texture coordinates), refined along.
        crease_edges: (E, 2) int64 points of sharp edges, with ``crease_sharpness`` (E,).
        corner_points: (K,) int64 sharp points, with ``corner_sharpness`` (K,).
    """

    points: np.ndarray
    polygons: Polygons
    weights: np.ndarray | None = None
    crease_edges: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    crease_sharpness: np.ndarray = field(default_factory=lambda: np.zeros(0))
    corner_points: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    corner_sharpness: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, eq=False)
class _Topology:
    """Edges of a cage and how sharp they are."""

    previous: np.ndarray  # (C,) corner before each corner in its face
    following: np.ndarray  # (C,)
    face: np.ndarray  # (C,)
    edges: np.ndarray  # (E, 2) points
    edge_of: np.ndarray  # (C,) edge from each corner to the following one
    uses: np.ndarray  # (E,) faces at each edge
    sharpness: np.ndarray  # (E,), SHARP at boundaries


def _topology(cage: Cage) -> _Topology:
    polygons = cage.polygons
    counts, starts = polygons.counts, polygons.starts
    face = np.repeat(np.arange(len(counts)), counts)
    position = np.arange(len(polygons.vertices)) - starts[face]
    following = starts[face] + (position + 1) % counts[face]
    previous = starts[face] + (position - 1) % counts[face]
    a, b = polygons.vertices, polygons.vertices[following]
    size = len(cage.points)
    keys, edge_of, uses = np.unique(np.minimum(a, b) * size + np.maximum(a, b), return_inverse=True, return_counts=True)
    edges = np.stack([keys // size, keys % size], axis=1)
    sharpness = np.where(uses == 2, 0.0, SHARP)
    if len(cage.crease_edges):
        pairs = np.sort(cage.crease_edges, axis=1)
        wanted = pairs[:, 0] * size + pairs[:, 1]
        slot = np.clip(np.searchsorted(keys, wanted), 0, len(keys) - 1)
        hit = keys[slot] == wanted
        np.maximum.at(sharpness, slot[hit], cage.crease_sharpness[hit])
    return _Topology(previous, following, face, edges, edge_of.ravel(), uses, sharpness)


def _sum_at(target: int, index: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return (target, 3) sums of the rows of values by index."""
    return np.stack([np.bincount(index, values[:, k], minlength=target) for k in range(3)], axis=1)


def _vertex_points(cage: Cage, topology: _Topology, smooth: np.ndarray, valence: np.ndarray) -> np.ndarray:
    """Mix each point's smooth, crease and corner positions by the sharpness of the edges that meet there."""
    points, size = cage.points, len(cage.points)
    a, b = topology.edges[:, 0], topology.edges[:, 1]
    sharp = topology.sharpness > 0
    sharp_count = np.bincount(np.concatenate([a[sharp], b[sharp]]), minlength=size)
    sharp_sum = np.bincount(np.concatenate([a[sharp], b[sharp]]), np.tile(topology.sharpness[sharp], 2), minlength=size)
    ends = _sum_at(size, np.concatenate([a[sharp], b[sharp]]), points[np.concatenate([b[sharp], a[sharp]])])
    crease = 0.75 * points + 0.125 * ends
    corner_sharpness = np.zeros(size)
    if len(cage.corner_points):
        np.maximum.at(corner_sharpness, cage.corner_points, cage.corner_sharpness)
    # One face at a boundary point: USD's default boundary rule "edgeAndCorner" keeps it.
    alone = (valence == 1) & (sharp_count == 2)
    corner = alone | (sharp_count > 2)
    mean = np.divide(sharp_sum, sharp_count, out=np.zeros(size), where=sharp_count > 0)
    blend = np.clip(np.where(sharp_count >= 2, mean, 0.0), 0.0, 1.0)[:, None]
    result = smooth + blend * (np.where(corner[:, None], points, crease) - smooth)
    pin = np.clip(corner_sharpness, 0.0, 1.0)[:, None]
    return result + pin * (points - result)


def _next_creases(cage: Cage, topology: _Topology, edge_start: int) -> dict[str, np.ndarray]:
    """Return the halves of each authored crease one level down, and the corners, both less sharp by one."""
    lowered = np.where(topology.sharpness >= SHARP, SHARP, topology.sharpness - 1.0)
    # Boundaries are found anew at each level; only creases inside need carrying.
    kept = np.nonzero((lowered > 0) & (topology.uses == 2))[0]
    middle = edge_start + kept
    halves = np.concatenate(
        [np.stack([topology.edges[kept, 0], middle], axis=1), np.stack([middle, topology.edges[kept, 1]], axis=1)]
    )
    corner = np.where(cage.corner_sharpness >= SHARP, SHARP, cage.corner_sharpness - 1.0)
    return {
        "crease_edges": halves,
        "crease_sharpness": np.tile(lowered[kept], 2),
        "corner_points": cage.corner_points[corner > 0],
        "corner_sharpness": corner[corner > 0],
    }


def refine_catmull_clark(cage: Cage) -> Cage:
    """Return the cage one Catmull-Clark level finer: every face of n corners becomes n quads."""
    topology = _topology(cage)
    points, polygons = cage.points, cage.polygons
    size, counts = len(points), polygons.counts
    vertices = polygons.vertices
    face_points = _sum_at(len(counts), topology.face, points[vertices]) / counts[:, None]
    middles = 0.5 * (points[topology.edges[:, 0]] + points[topology.edges[:, 1]])
    face_sums = _sum_at(len(middles), topology.edge_of, face_points[topology.face])
    smooth_edges = 0.5 * middles + 0.25 * face_sums
    blend = np.clip(topology.sharpness, 0.0, 1.0)[:, None]
    edge_points = np.where(topology.uses[:, None] == 2, smooth_edges + blend * (middles - smooth_edges), middles)

    valence = np.bincount(vertices, minlength=size)
    used = np.maximum(valence, 1)[:, None]
    around_faces = _sum_at(size, vertices, face_points[topology.face]) / used
    ends = topology.edges.ravel()
    edge_count = np.maximum(np.bincount(ends, minlength=size), 1)[:, None]
    around_edges = _sum_at(size, ends, np.repeat(middles, 2, axis=0)) / edge_count
    smooth = (around_faces + 2.0 * around_edges + (used - 3.0) * points) / used
    vertex_points = np.where(valence[:, None] > 0, _vertex_points(cage, topology, smooth, valence), points)

    edge_start, face_start = size, size + len(middles)
    quads = np.stack(
        [
            vertices,
            edge_start + topology.edge_of,
            face_start + topology.face,
            edge_start + topology.edge_of[topology.previous],
        ],
        axis=1,
    )
    weights = None
    if cage.weights is not None:
        w = cage.weights
        mean = (
            np.stack([np.bincount(topology.face, w[:, k], minlength=len(counts)) for k in range(w.shape[1])], axis=1)
            / np.asarray(counts)[:, None]
        )
        weights = np.stack(
            [w, 0.5 * (w + w[topology.following]), mean[topology.face], 0.5 * (w + w[topology.previous])], axis=1
        ).reshape(-1, w.shape[1])
    finer = Polygons(
        np.full(len(vertices), 4, dtype=np.int64),
        quads.ravel(),
        np.repeat(polygons.corners, 4),
        polygons.faces[topology.face],
    )
    return Cage(
        np.concatenate([vertex_points, edge_points, face_points]),
        finer,
        weights,
        **_next_creases(cage, topology, edge_start),
    )


def refine_loop(cage: Cage) -> Cage:
    """Return a cage of triangles one Loop level finer: every triangle becomes four."""
    topology = _topology(cage)
    points, polygons = cage.points, cage.polygons
    vertices, size = polygons.vertices, len(points)
    a, b = topology.edges[:, 0], topology.edges[:, 1]
    middles = 0.5 * (points[a] + points[b])
    opposite = _sum_at(len(middles), topology.edge_of, points[vertices[topology.previous]])
    smooth_edges = 0.75 * middles + 0.125 * opposite
    blend = np.clip(topology.sharpness, 0.0, 1.0)[:, None]
    edge_points = np.where(topology.uses[:, None] == 2, smooth_edges + blend * (middles - smooth_edges), middles)

    valence = np.bincount(vertices, minlength=size)
    neighbours = np.bincount(np.concatenate([a, b]), minlength=size)
    n = np.maximum(neighbours, 1)
    beta = np.where(n == 3, 3.0 / 16.0, (0.625 - (0.375 + 0.25 * np.cos(2.0 * np.pi / n)) ** 2) / n)[:, None]
    ring = _sum_at(size, np.concatenate([a, b]), points[np.concatenate([b, a])])
    smooth = (1.0 - n[:, None] * beta) * points + beta * ring
    vertex_points = np.where(valence[:, None] > 0, _vertex_points(cage, topology, smooth, valence), points)

    first = polygons.starts
    corner = first[:, None] + np.arange(3)
    v = vertices[corner]
    e = size + topology.edge_of[corner]
    triangles = np.stack(
        [
            np.stack([v[:, 0], e[:, 0], e[:, 2]], axis=1),
            np.stack([e[:, 0], v[:, 1], e[:, 1]], axis=1),
            np.stack([e[:, 2], e[:, 1], v[:, 2]], axis=1),
            np.stack([e[:, 0], e[:, 1], e[:, 2]], axis=1),
        ],
        axis=1,
    )
    weights = None
    if cage.weights is not None:
        w = cage.weights[corner]  # (F, 3, M)
        m = 0.5 * (w + np.roll(w, -1, axis=1))
        weights = np.stack(
            [
                np.stack([w[:, 0], m[:, 0], m[:, 2]], axis=1),
                np.stack([m[:, 0], w[:, 1], m[:, 1]], axis=1),
                np.stack([m[:, 2], m[:, 1], w[:, 2]], axis=1),
                m,
            ],
            axis=1,
        ).reshape(-1, cage.weights.shape[1])
    authored = polygons.corners[corner]
    finer = Polygons(
        np.full(4 * len(first), 3, dtype=np.int64),
        triangles.ravel(),
        np.stack([authored] * 4, axis=1).ravel(),
        np.repeat(polygons.faces, 4),
    )
    return Cage(np.concatenate([vertex_points, edge_points]), finer, weights, **_next_creases(cage, topology, size))


def to_limit(cage: Cage) -> Cage:
    """Move the points of a cage of quads to where Catmull-Clark refinement without end would put them.

    Creases and boundaries move along their cubic B-spline, corners stay. Meshes with other faces are returned as they are.
    """
    polygons = cage.polygons
    if not len(polygons.counts) or not (polygons.counts == 4).all():
        return cage
    topology = _topology(cage)
    points, size, vertices = cage.points, len(cage.points), polygons.vertices
    a, b = topology.edges[:, 0], topology.edges[:, 1]
    valence = np.bincount(vertices, minlength=size)
    ring = _sum_at(size, np.concatenate([a, b]), points[np.concatenate([b, a])])
    across = topology.following[topology.following]
    diagonal = _sum_at(size, vertices, points[vertices[across]])
    n = np.maximum(valence, 1)[:, None].astype(np.float64)
    smooth = (n * n * points + 4.0 * ring + diagonal) / (n * (n + 5.0))
    sharp = topology.sharpness >= 1.0
    ends = np.concatenate([a[sharp], b[sharp]])
    sharp_count = np.bincount(ends, minlength=size)
    crease = (4.0 * points + _sum_at(size, ends, points[np.concatenate([b[sharp], a[sharp]])])) / 6.0
    stays = (sharp_count > 2) | ((valence == 1) & (sharp_count == 2)) | (valence == 0)
    if len(cage.corner_points):
        stays[cage.corner_points] = True
    moved = np.where((sharp_count == 2)[:, None], crease, smooth)
    return replace(cage, points=np.where(stays[:, None], points, moved))
