"""Distance between meshes that nearly touch, for what is attached to a wall, hangs from a ceiling or rests on a ledge."""

from __future__ import annotations

import math

import numpy as np

from scenecap.errors import MissingExtraError

try:
    from numba import njit
except ImportError as error:  # pragma: no cover - the test environment has it
    raise MissingExtraError("numba", extra="capture", purpose="Finding contacts") from error


@njit(cache=True)
def point_triangle(p: np.ndarray, triangle: np.ndarray, near: np.ndarray) -> float:
    """Return the squared distance of a point to a triangle and write the nearest point (Ericson 2005, 5.1.5)."""
    a, b, c = triangle[0], triangle[1], triangle[2]
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = np.dot(ab, ap), np.dot(ac, ap)
    bp = p - b
    d3, d4 = np.dot(ab, bp), np.dot(ac, bp)
    cp = p - c
    d5, d6 = np.dot(ab, cp), np.dot(ac, cp)
    vc, vb, va = d1 * d4 - d3 * d2, d5 * d2 - d1 * d6, d3 * d6 - d5 * d4
    if d1 <= 0 and d2 <= 0:
        near[:] = a
    elif d3 >= 0 and d4 <= d3:
        near[:] = b
    elif vc <= 0 and d1 >= 0 and d3 <= 0:
        near[:] = a + (d1 / (d1 - d3) if d1 != d3 else 0.0) * ab
    elif d6 >= 0 and d5 <= d6:
        near[:] = c
    elif vb <= 0 and d2 >= 0 and d6 <= 0:
        near[:] = a + (d2 / (d2 - d6) if d2 != d6 else 0.0) * ac
    elif va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        total = (d4 - d3) + (d5 - d6)
        near[:] = b + ((d4 - d3) / total if total != 0 else 0.0) * (c - b)
    else:
        total = va + vb + vc
        near[:] = a + ab * (vb / total) + ac * (vc / total)
    offset = p - near
    return np.dot(offset, offset)


@njit(cache=True)
def _segments(p: np.ndarray, q: np.ndarray, r: np.ndarray, s: np.ndarray, near: np.ndarray) -> float:
    """Return the squared distance of segments p-q and r-s and write their nearest points (Ericson 2005, 5.1.9)."""
    d1, d2, offset = q - p, s - r, p - r
    a, e, f = np.dot(d1, d1), np.dot(d2, d2), np.dot(d2, offset)
    u, v = 0.0, 0.0
    if a <= 1e-18 and e > 1e-18:
        v = min(1.0, max(0.0, f / e))
    elif a > 1e-18:
        c = np.dot(d1, offset)
        if e <= 1e-18:
            u = min(1.0, max(0.0, -c / a))
        else:
            b = np.dot(d1, d2)
            denominator = a * e - b * b
            if denominator > 1e-18:
                u = min(1.0, max(0.0, (b * f - c * e) / denominator))
            v = (b * u + f) / e
            if v < 0:
                v, u = 0.0, min(1.0, max(0.0, -c / a))
            elif v > 1:
                v, u = 1.0, min(1.0, max(0.0, (b - c) / a))
    near[0] = p + u * d1
    near[1] = r + v * d2
    difference = near[0] - near[1]
    return np.dot(difference, difference)


@njit(cache=True)
def _pierces(p: np.ndarray, q: np.ndarray, triangle: np.ndarray, near: np.ndarray) -> bool:
    """Return whether a segment passes through a triangle, and write where."""
    e1, e2, d = triangle[1] - triangle[0], triangle[2] - triangle[0], q - p
    normal = np.cross(e1, e2)
    slope = np.dot(normal, d)
    if abs(slope) < 1e-18:
        return False
    t = np.dot(normal, triangle[0] - p) / slope
    if t < 0 or t > 1:
        return False
    near[:] = p + t * d
    for k in range(3):
        edge = triangle[(k + 1) % 3] - triangle[k]
        if np.dot(np.cross(edge, near - triangle[k]), normal) < 0:
            return False
    return True


@njit(cache=True)
def triangle_distance(first: np.ndarray, second: np.ndarray, near: np.ndarray) -> float:
    """Return the distance [m] of two triangles (0 where they cross) and write the nearest points.

    Args:
        first: (3, 3) corners.
        second: (3, 3) corners.
        near: (2, 3) output: the point on each.
    """
    best = math.inf
    point, points = np.empty(3), np.empty((2, 3))
    for k in range(3):
        if _pierces(first[k], first[(k + 1) % 3], second, point) or _pierces(second[k], second[(k + 1) % 3], first, point):
            near[0], near[1] = point, point
            return 0.0
    for k in range(3):
        squared = point_triangle(first[k], second, point)
        if squared < best:
            best = squared
            near[0], near[1] = first[k], point
        squared = point_triangle(second[k], first, point)
        if squared < best:
            best = squared
            near[0], near[1] = point, second[k]
        for j in range(3):
            squared = _segments(first[k], first[(k + 1) % 3], second[j], second[(j + 1) % 3], points)
            if squared < best:
                best = squared
                near[:] = points
    return math.sqrt(best)


@njit(cache=True)
def near_triangles(points: np.ndarray, triangles: np.ndarray, box: np.ndarray, reach: float) -> np.ndarray:
    """Return the corners (M, 3, 3) of the triangles whose boxes come within ``reach`` of a (2, 3) box."""
    keep = np.zeros(len(triangles), np.bool_)
    count = 0
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        hit = True
        for k in range(3):
            if min(a[k], b[k], c[k]) > box[1, k] + reach or not max(a[k], b[k], c[k]) >= box[0, k] - reach:
                hit = False
        keep[t] = hit
        count += hit
    corners = np.empty((count, 3, 3))
    row = 0
    for t in range(len(triangles)):
        if keep[t]:
            for c in range(3):
                corners[row, c] = points[triangles[t, c]]
            row += 1
    return corners


@njit(cache=True)
def touch(child: np.ndarray, parent: np.ndarray, center_z: float, reach: float, up_normal: float, facing: float) -> np.ndarray:
    """Return how near the child comes to the parent's faces, by what the faces are.

    Only what lies straight before a face is near it: the way from the face's nearest point leads along its normal (within
    45 degrees), or is no longer than half a millimetre.

    Args:
        child: (M, 3, 3) triangles.
        parent: (K, 3, 3) triangles, sorted by their least x.
        center_z: Height of the child's centre: a level face above it can only hold it from above, one below only carry it.
        reach: Largest distance that counts [m].
        up_normal: Least vertical part of a level face's unit normal.
        facing: 1 or -1: the parent's normals point outwards or inwards; 0: not known, level faces count as both.

    Returns:
        (3,) distances [m] to a level face below the centre that faces up, a level face above it that faces down, and a steep
        face; inf beyond ``reach``.
    """
    best = np.full(3, math.inf)
    near = np.empty((2, 3))
    starts = np.empty(len(parent))
    normals = np.empty((len(parent), 3))
    widest = 0.0
    for k in range(len(parent)):
        x0 = min(parent[k, 0, 0], parent[k, 1, 0], parent[k, 2, 0])
        starts[k] = x0
        widest = max(widest, max(parent[k, 0, 0], parent[k, 1, 0], parent[k, 2, 0]) - x0)
        normal = np.cross(parent[k, 1] - parent[k, 0], parent[k, 2] - parent[k, 0])
        normals[k] = normal / max(math.sqrt(np.dot(normal, normal)), 1e-30)
    low, high = np.empty(3), np.empty(3)
    for m in range(len(child)):
        for c in range(3):
            low[c] = min(child[m, 0, c], child[m, 1, c], child[m, 2, c])
            high[c] = max(child[m, 0, c], child[m, 1, c], child[m, 2, c])
        for k in range(np.searchsorted(starts, low[0] - reach - widest), len(parent)):
            if starts[k] > high[0] + reach:
                break
            steep = abs(normals[k, 2]) <= up_normal
            limit = min(reach, best[2] if steep else max(best[0], best[1]))
            if limit == 0.0:
                continue  # nearer than touching is not possible
            hit = True
            for c in range(3):
                if min(parent[k, 0, c], parent[k, 1, c], parent[k, 2, c]) > high[c] + limit:
                    hit = False
                if max(parent[k, 0, c], parent[k, 1, c], parent[k, 2, c]) < low[c] - limit:
                    hit = False
            if not hit:
                continue
            distance = triangle_distance(child[m], parent[k], near)
            if distance > limit:
                continue
            if distance > 0.0005 and abs(np.dot(near[0] - near[1], normals[k])) < 0.7 * distance:
                continue
            kind = 2
            if not steep:
                kind = 0 if near[1, 2] < center_z else 1
                if facing != 0 and (normals[k, 2] * facing > 0) != (kind == 0):
                    continue
            best[kind] = min(best[kind], distance)
        if best[0] == 0.0 and best[1] == 0.0 and best[2] == 0.0:
            break
    return best
