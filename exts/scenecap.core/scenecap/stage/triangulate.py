"""Turn polygons into triangles: fans where a polygon is convex, ear clipping where it is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: A corner is reflex where its turn against the polygon's normal is under this share of the polygon's squared size.
_REFLEX_SHARE = 1e-7


@dataclass(frozen=True, eq=False)
class Polygons:
    """Faces of a mesh after every face that cannot be drawn has been dropped.

    Attributes:
        counts: (F,) int64, corners of each face, 3 or more.
        vertices: (C,) int64, point index of each corner.
        corners: (C,) int64, where each corner was in the authored arrays (for face-varying values).
        faces: (F,) int64, where each face was in the authored arrays (for uniform values and subsets).
    """

    counts: np.ndarray
    vertices: np.ndarray
    corners: np.ndarray
    faces: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """(F,) int64 index of each face's first corner."""
        return np.cumsum(self.counts) - self.counts

    def flipped(self) -> Polygons:
        """Return the same faces with their winding turned around, first corners kept."""
        position = np.arange(len(self.vertices)) - np.repeat(self.starts, self.counts)
        count = np.repeat(self.counts, self.counts)
        order = np.repeat(self.starts, self.counts) + (count - position) % count
        return Polygons(self.counts, self.vertices[order], self.corners[order], self.faces)


def read_polygons(
    counts: np.ndarray, indices: np.ndarray, *, points: np.ndarray, holes: np.ndarray | None = None
) -> tuple[Polygons, list[str]]:
    """Drop the faces that cannot be drawn: too few corners, indices out of range, points that are not finite, holes.

    Args:
        counts: (F,) authored face vertex counts.
        indices: (C,) authored face vertex indices.
        points: (N, 3).
        holes: Indices of faces that are holes, or None.

    Returns:
        The faces that are left, and one text for each kind of fault met (empty where the topology is sound).
    """
    counts = np.asarray(counts, dtype=np.int64).ravel()
    indices = np.asarray(indices, dtype=np.int64).ravel()
    problems: list[str] = []
    sized = np.maximum(counts, 0)
    ends = np.cumsum(sized)
    keep = counts >= 3
    if not keep.all():
        problems.append(f"{int((~keep).sum())} face(s) with fewer than three corners")
    cut = ends > len(indices)
    if cut.any():
        problems.append(f"{int(cut.sum())} face(s) past the end of faceVertexIndices")
        keep &= ~cut
    if holes is not None and len(holes):
        holes = np.asarray(holes, dtype=np.int64)
        keep[holes[(holes >= 0) & (holes < len(counts))]] = False
    corners = np.arange(min(int(ends[-1]) if len(ends) else 0, len(indices)))
    face_of = np.repeat(np.arange(len(counts)), sized)[: len(corners)]
    vertices = indices[corners]
    wrong = np.logical_or(vertices < 0, vertices >= len(points))
    if wrong.any():
        bad = np.unique(face_of[wrong & keep[face_of]])
        if len(bad):
            problems.append(f"{len(bad)} face(s) with an index out of range")
        keep[face_of[wrong]] = False
    finite: np.ndarray = np.isfinite(points).all(axis=1)
    if not finite.all():
        holey = np.zeros(len(corners), dtype=bool)
        holey[~wrong] = ~finite[vertices[~wrong]]
        bad = np.unique(face_of[holey & keep[face_of]])
        if len(bad):
            problems.append(f"{len(bad)} face(s) with a point that is not finite")
        keep[face_of[holey]] = False
    if keep.all():
        return Polygons(counts, vertices, corners, np.arange(len(counts))), problems
    kept = keep[face_of]
    return Polygons(counts[keep], vertices[kept], corners[kept], np.nonzero(keep)[0]), problems


def triangulate(polygons: Polygons, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return triangles as corner numbers, and the face that each comes from, in order of faces.

    Triangles and convex polygons become fans, a concave quad is split at its reflex corner, and any other concave polygon is
    clipped ear by ear, so a polygon's triangles never leave it.

    Args:
        polygons: The faces.
        points: (N, 3) float64.

    Returns:
        (T, 3) int64 indices into ``polygons.vertices`` and ``polygons.corners``, and (T,) int64 indices of faces.
    """
    counts, starts = polygons.counts, polygons.starts
    if len(counts) == 0:
        return np.zeros((0, 3), dtype=np.int64), np.zeros(0, dtype=np.int64)
    if (counts == 3).all():
        return starts[:, None] + np.arange(3), np.arange(len(counts))
    first, clipped = _fan_starts(polygons, points)
    fans = np.maximum(counts - 2, 0)
    face = np.repeat(np.arange(len(counts)), fans)
    step = np.arange(len(face)) - np.repeat(np.cumsum(fans) - fans, fans)
    base, count, shift = starts[face], counts[face], first[face]
    triangles = np.stack([base + shift % count, base + (shift + step + 1) % count, base + (shift + step + 2) % count], axis=1)
    for index in clipped:
        start, size = int(starts[index]), int(counts[index])
        ears = _clip_ears(points[polygons.vertices[start : start + size]])
        at = int(fans[:index].sum())
        triangles[at : at + size - 2] = start + ears
    return triangles, face


def _fan_starts(polygons: Polygons, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corner each face's fan starts from, and the faces that no fan fits."""
    counts, starts = polygons.counts, polygons.starts
    corner = np.arange(len(polygons.vertices))
    face = np.repeat(np.arange(len(counts)), counts)
    position = corner - starts[face]
    following = starts[face] + (position + 1) % counts[face]
    before = starts[face] + (position - 1) % counts[face]
    here = points[polygons.vertices]
    edge_in, edge_out = here - here[before], here[following] - here
    origin = here[starts][face]
    normal = np.add.reduceat(np.cross(here - origin, here[following] - origin), starts, axis=0)  # Newell
    turn = np.einsum("ij,ij->i", np.cross(edge_in, edge_out), normal[face])
    size = np.einsum("ij,ij->i", normal, normal)
    reflex = turn < -_REFLEX_SHARE * size[face]
    reflex_count = np.add.reduceat(reflex.astype(np.int64), starts)
    first = np.zeros(len(counts), dtype=np.int64)
    concave_quad = (counts == 4) & (reflex_count == 1)
    rows = reflex & concave_quad[face]
    first[face[rows]] = position[rows]
    return first, np.nonzero((reflex_count > 0) & ~concave_quad & (counts > 3))[0]


def _clip_ears(corners: np.ndarray) -> np.ndarray:
    """Triangulate one simple polygon by clipping ears (Meisters 1975), the plumpest ear first.

    Args:
        corners: (n, 3) float64; need not be quite planar.

    Returns:
        (n - 2, 3) int64 indices of corners. A polygon that crosses itself still gives n - 2 triangles.
    """
    following = np.roll(corners, -1, axis=0)
    normal = np.cross(corners - corners[0], following - corners[0]).sum(axis=0)
    axis = int(np.argmax(np.abs(normal)))
    flat = np.delete(corners, axis, axis=1)
    if (normal[axis] < 0) != (axis == 1):  # dropping y mirrors the other two
        flat = flat * np.array([1.0, -1.0])
    left = list(range(len(corners)))
    ears: list[tuple[int, int, int]] = []
    while len(left) > 3:
        best, best_shape = 0, -np.inf
        for slot in range(len(left)):
            a, b, c = left[slot - 1], left[slot], left[(slot + 1) % len(left)]
            shape = _ear_shape(flat[a], flat[b], flat[c], flat[[k for k in left if k not in (a, b, c)]])
            if shape > best_shape:
                best, best_shape = slot, shape
        ears.append((left[best - 1], left[best], left[(best + 1) % len(left)]))
        left.pop(best)
    ears.append((left[0], left[1], left[2]))
    return np.asarray(ears, dtype=np.int64)


def _ear_shape(a: np.ndarray, b: np.ndarray, c: np.ndarray, others: np.ndarray) -> float:
    """Return how plump the corner's ear is (area over longest edge squared); -inf where it is reflex or not empty."""

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    area = float(side(a, b, c))
    longest = max(float(((a - b) ** 2).sum()), float(((b - c) ** 2).sum()), float(((c - a) ** 2).sum()))
    if area <= 0.0 or longest == 0.0:
        return -np.inf if area < 0.0 else -1.0
    if len(others):
        inside = (side(a, b, others) >= 0) & (side(b, c, others) >= 0) & (side(c, a, others) >= 0)
        # A point that coincides with a corner (a bridge to a hole) does not block the ear.
        for corner in (a, b, c):
            inside &= ((others - corner) ** 2).sum(axis=1) > 1e-24 * longest
        if inside.any():
            return -np.inf
    return area / longest
