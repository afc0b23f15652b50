"""Compiled loops of :mod:`scenecap.capture.contacts`: near pairs, undersides, horizontal sections.

All lengths are metres in world (z up). Meshes are ``points (N, 3) float64`` and ``triangles (T, 3) int32``.
"""

from __future__ import annotations

import math

import numpy as np

from scenecap.errors import MissingExtraError

try:
    from numba import njit
except ImportError as error:  # pragma: no cover - the test environment has it
    raise MissingExtraError("numba", extra="capture", purpose="Finding contacts") from error


@njit(cache=True)
def sweep_pairs(boxes: np.ndarray, order: np.ndarray, reach: float) -> np.ndarray:
    """Return the index pairs whose boxes, grown by ``reach`` in total, overlap: sort and sweep along x.

    Args:
        boxes: (N, 2, 3) min and max.
        order: (N,) indices by rising x minimum; boxes with NaN left out.
        reach: Largest distance along any axis.

    Returns:
        (P, 2) int64 with the smaller index first; the order of rows follows the sweep.
    """
    capacity = 4 * len(order) + 16
    pairs = np.empty((capacity, 2), np.int64)
    count = 0
    for a in range(len(order)):
        i = order[a]
        x_max = boxes[i, 1, 0] + reach
        for b in range(a + 1, len(order)):
            j = order[b]
            if boxes[j, 0, 0] > x_max:
                break
            if boxes[j, 0, 1] > boxes[i, 1, 1] + reach or boxes[i, 0, 1] > boxes[j, 1, 1] + reach:
                continue
            if boxes[j, 0, 2] > boxes[i, 1, 2] + reach or boxes[i, 0, 2] > boxes[j, 1, 2] + reach:
                continue
            if count == capacity:
                capacity *= 2
                larger = np.empty((capacity, 2), np.int64)
                larger[:count] = pairs[:count]
                pairs = larger
            pairs[count, 0] = min(i, j)
            pairs[count, 1] = max(i, j)
            count += 1
    return pairs[:count]


@njit(cache=True)
def _clip(source: np.ndarray, count: int, axis: int, limit: float, below: bool, target: np.ndarray) -> int:
    """Clip a convex polygon to one side of an axis plane (Sutherland and Hodgman 1974); return the new vertex count."""
    out = 0
    for k in range(count):
        n = k + 1 if k + 1 < count else 0
        a, b = source[k, axis] - limit, source[n, axis] - limit
        if not below:
            a, b = -a, -b
        if a <= 0:
            target[out, 0], target[out, 1], target[out, 2] = source[k, 0], source[k, 1], source[k, 2]
            out += 1
        if (a < 0 and b > 0) or (a > 0 and b < 0):
            t = a / (a - b)
            for c in range(3):
                target[out, c] = source[k, c] + t * (source[n, c] - source[k, c])
            target[out, axis] = limit
            out += 1
    return out


@njit(cache=True)
def lowest_z(points: np.ndarray, triangles: np.ndarray) -> float:
    """Return the height of the lowest triangle corner."""
    lowest = math.inf
    for t in range(len(triangles)):
        for c in range(3):
            z = points[triangles[t, c], 2]
            if z < lowest:
                lowest = z
    return lowest


@njit(cache=True)
def band_box(points: np.ndarray, triangles: np.ndarray, z_cut: float) -> np.ndarray:
    """Return the ground-plane box (x0, y0, x1, y1) of what lies at or below ``z_cut``."""
    box = np.array([math.inf, math.inf, -math.inf, -math.inf])
    polygon, clipped = np.empty((4, 3)), np.empty((8, 3))
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        if points[a, 2] > z_cut and points[b, 2] > z_cut and points[c, 2] > z_cut:
            continue
        polygon[0], polygon[1], polygon[2] = points[a], points[b], points[c]
        count = _clip(polygon, 3, 2, z_cut, True, clipped)
        for k in range(count):
            box[0], box[1] = min(box[0], clipped[k, 0]), min(box[1], clipped[k, 1])
            box[2], box[3] = max(box[2], clipped[k, 0]), max(box[3], clipped[k, 1])
    return box


@njit(cache=True)
def underside_cells(points: np.ndarray, triangles: np.ndarray, z_cut: float, box: np.ndarray, grid: int) -> np.ndarray:
    """Cut the underside into the cells of a grid: each cell that it enters gives one sample.

    Every triangle is clipped to the band below ``z_cut`` and to each cell, so a leg thinner than a cell, or the single
    point a ball stands on, has a sample too; its place is the centroid of what lies in the cell.

    Args:
        points: (N, 3).
        triangles: (T, 3).
        z_cut: Top of the band.
        box: (4,) x0, y0, x1, y1 of the grid.
        grid: Cells along each side.

    Returns:
        (S, 4) x, y, lowest z in the cell, ground-plane area in the cell [m^2] (at most the cell's). Where nothing has an
        area (sheets on edge) every sample weighs 1e-9 for each corner in the cell.
    """
    width = max(box[2] - box[0], 1e-9) / grid
    height = max(box[3] - box[1], 1e-9) / grid
    sums = np.zeros((grid * grid, 3))  # area, area * x, area * y
    lows = np.full(grid * grid, math.inf)
    polygon, first, second, third = np.empty((16, 3)), np.empty((16, 3)), np.empty((16, 3)), np.empty((16, 3))
    total = 0.0
    for attempt in range(2):
        for t in range(len(triangles)):
            a, b, c = triangles[t]
            if points[a, 2] > z_cut and points[b, 2] > z_cut and points[c, 2] > z_cut:
                continue
            polygon[0], polygon[1], polygon[2] = points[a], points[b], points[c]
            count = _clip(polygon, 3, 2, z_cut, True, first)
            if count == 0:
                continue
            x_min, x_max, y_min, y_max = math.inf, -math.inf, math.inf, -math.inf
            for k in range(count):
                x_min, x_max = min(x_min, first[k, 0]), max(x_max, first[k, 0])
                y_min, y_max = min(y_min, first[k, 1]), max(y_max, first[k, 1])
            if x_max < box[0] or x_min > box[2] or y_max < box[1] or y_min > box[3]:
                continue
            if attempt == 1:
                for k in range(count):
                    if not (box[0] <= first[k, 0] <= box[2] and box[1] <= first[k, 1] <= box[3]):
                        continue
                    i = min(grid - 1, max(0, int((first[k, 0] - box[0]) / width)))
                    j = min(grid - 1, max(0, int((first[k, 1] - box[1]) / height)))
                    cell = j * grid + i
                    sums[cell, 0] += 1e-9
                    sums[cell, 1] += 1e-9 * first[k, 0]
                    sums[cell, 2] += 1e-9 * first[k, 1]
                    lows[cell] = min(lows[cell], first[k, 2])
                continue
            if _measure(first, count)[0] <= 1e-14:
                continue  # steep faces show no area from below
            i0 = min(grid - 1, max(0, int((x_min - box[0]) / width)))
            i1 = min(grid - 1, max(0, int((x_max - box[0]) / width)))
            for i in range(i0, i1 + 1):
                left = count
                if i0 == i1 and x_min >= box[0] and x_max <= box[2]:
                    polygon[:count] = first[:count]
                else:
                    left = _clip(first, count, 0, box[0] + i * width, False, second)
                    left = _clip(second, left, 0, box[0] + (i + 1) * width, True, polygon)
                if left < 3:
                    continue
                y_min, y_max = math.inf, -math.inf
                for k in range(left):
                    y_min, y_max = min(y_min, polygon[k, 1]), max(y_max, polygon[k, 1])
                j0 = min(grid - 1, max(0, int((y_min - box[1]) / height)))
                j1 = min(grid - 1, max(0, int((y_max - box[1]) / height)))
                for j in range(j0, j1 + 1):
                    if j0 == j1 and y_min >= box[1] and y_max <= box[3]:
                        n = left
                        third[:n] = polygon[:n]
                    else:
                        n = _clip(polygon, left, 1, box[1] + j * height, False, second)
                        n = _clip(second, n, 1, box[1] + (j + 1) * height, True, third)
                    if n < 3:
                        continue
                    area, cx, cy, low = _measure(third, n)
                    if area <= 1e-14:
                        continue
                    cell = j * grid + i
                    sums[cell, 0] += area
                    sums[cell, 1] += area * cx
                    sums[cell, 2] += area * cy
                    lows[cell] = min(lows[cell], low)
                    total += area
        if total > 1e-9 or attempt == 1:
            break
        sums[:], lows[:] = 0.0, math.inf
    filled = 0
    for cell in range(grid * grid):
        if sums[cell, 0] > 0:
            filled += 1
    samples = np.empty((filled, 4))
    row = 0
    for cell in range(grid * grid):
        if sums[cell, 0] > 0:
            samples[row, 0] = sums[cell, 1] / sums[cell, 0]
            samples[row, 1] = sums[cell, 2] / sums[cell, 0]
            samples[row, 2] = lows[cell]
            samples[row, 3] = min(sums[cell, 0], width * height) if total > 1e-9 else sums[cell, 0]
            row += 1
    return samples


@njit(cache=True)
def _measure(polygon: np.ndarray, count: int) -> tuple[float, float, float, float]:
    """Return ground-plane area, centroid x and y, and lowest z of a convex polygon."""
    area, cx, cy, low = 0.0, 0.0, 0.0, polygon[0, 2]
    x0, y0 = polygon[0, 0], polygon[0, 1]
    for k in range(1, count):
        low = min(low, polygon[k, 2])
        if k + 1 < count:
            ax, ay = polygon[k, 0] - x0, polygon[k, 1] - y0
            bx, by = polygon[k + 1, 0] - x0, polygon[k + 1, 1] - y0
            part = 0.5 * (ax * by - ay * bx)
            area += part
            cx += part * (ax + bx) / 3.0
            cy += part * (ay + by) / 3.0
    if area == 0.0:
        return 0.0, x0, y0, low
    return abs(area), x0 + cx / area, y0 + cy / area, low


@njit(cache=True)
def section_rays(
    points: np.ndarray, triangles: np.ndarray, origins: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shoot horizontal rays: for each origin and direction the distance to the farthest face and the number of faces.

    Triangles are cut with each origin's horizontal plane; both tests are half-open, so a ray through a shared edge or
    corner meets exactly one of the faces.

    Args:
        points: (N, 3).
        triangles: (T, 3).
        origins: (C, 3), sorted by z.
        directions: (R, 2) unit vectors.

    Returns:
        (C, R) distances [m], -1 where nothing is met; (C, R) int64 numbers of faces.
    """
    far = np.full((len(origins), len(directions)), -1.0)
    faces = np.zeros((len(origins), len(directions)), np.int64)
    heights = origins[:, 2].copy()
    ends = np.empty((3, 2))
    for t in range(len(triangles)):
        i0, i1, i2 = triangles[t]
        z0, z1, z2 = points[i0, 2], points[i1, 2], points[i2, 2]
        low, high = min(z0, z1, z2), max(z0, z1, z2)
        if not low < high:
            continue
        first = np.searchsorted(heights, low)
        for c in range(first, len(heights)):
            z = heights[c]
            if z >= high:
                break
            count = 0
            for k in range(3):
                p = triangles[t, k]
                q = triangles[t, k - 2]
                if (points[p, 2] > z) == (points[q, 2] > z):
                    continue
                if points[p, 2] > points[q, 2]:  # one order for both triangles of an edge: the same point to the last bit
                    p, q = q, p
                f = (z - points[p, 2]) / (points[q, 2] - points[p, 2])
                ends[count, 0] = points[p, 0] + f * (points[q, 0] - points[p, 0]) - origins[c, 0]
                ends[count, 1] = points[p, 1] + f * (points[q, 1] - points[p, 1]) - origins[c, 1]
                count += 1
            if count != 2:
                continue
            for r in range(len(directions)):
                dx, dy = directions[r, 0], directions[r, 1]
                side0 = dx * ends[0, 1] - dy * ends[0, 0]
                side1 = dx * ends[1, 1] - dy * ends[1, 0]
                if (side0 >= 0) == (side1 >= 0):
                    continue
                f = side0 / (side0 - side1)
                x = ends[0, 0] + f * (ends[1, 0] - ends[0, 0])
                y = ends[0, 1] + f * (ends[1, 1] - ends[0, 1])
                distance = x * dx + y * dy
                if distance > 0:
                    faces[c, r] += 1
                    far[c, r] = max(far[c, r], distance)
    return far, faces


@njit(cache=True)
def section_box(points: np.ndarray, triangles: np.ndarray, z: float) -> np.ndarray:
    """Return the ground-plane box (x0, y0, x1, y1) of a mesh's section at a height; (inf, inf, -inf, -inf) without one."""
    box = np.array([math.inf, math.inf, -math.inf, -math.inf])
    for t in range(len(triangles)):
        for k in range(3):
            p, q = triangles[t, k], triangles[t, k - 2]
            if (points[p, 2] > z) == (points[q, 2] > z):
                continue
            f = (z - points[p, 2]) / (points[q, 2] - points[p, 2])
            x = points[p, 0] + f * (points[q, 0] - points[p, 0])
            y = points[p, 1] + f * (points[q, 1] - points[p, 1])
            box[0], box[1], box[2], box[3] = min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y)
    return box


@njit(cache=True)
def covered_above(points: np.ndarray, triangles: np.ndarray, origin: np.ndarray) -> bool:
    """Return whether a face lies straight above a point (3,)."""
    x, y, z = origin
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        if x < min(a[0], b[0], c[0]) or x > max(a[0], b[0], c[0]) or y < min(a[1], b[1], c[1]) or y > max(a[1], b[1], c[1]):
            continue
        u = (b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)
        v = (c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)
        w = (a[0] - x) * (b[1] - y) - (a[1] - y) * (b[0] - x)
        area = u + v + w
        if area == 0.0 or u / area < -1e-9 or v / area < -1e-9 or w / area < -1e-9:
            continue
        if (u * a[2] + v * b[2] + w * c[2]) / area > z:
            return True
    return False
