"""Compiled loops of :mod:`scenecap.capture.contacts` about what carries: level faces, and which of them lie under a sample.

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
def signed_volume(points: np.ndarray, triangles: np.ndarray, center: np.ndarray) -> float:
    """Return the volume [m^3] that the triangles enclose, seen from ``center``; negative where they face inwards."""
    total = 0.0
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        ax, ay, az = a[0] - center[0], a[1] - center[1], a[2] - center[2]
        bx, by, bz = b[0] - center[0], b[1] - center[1], b[2] - center[2]
        cx, cy, cz = c[0] - center[0], c[1] - center[1], c[2] - center[2]
        total += ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx)
    return total / 6.0


@njit(cache=True)
def level_faces(
    points: np.ndarray, triangles: np.ndarray, z_min: float, z_max: float, up_normal: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearly level triangles that reach into a range of heights.

    Returns:
        (M, 3, 3) float64 corners, and (M,) bool: whether the winding says that it faces up.
    """
    corners = np.empty((256, 3, 3))
    up = np.empty(256, np.bool_)
    count = 0
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]], points[triangles[t, 1]], points[triangles[t, 2]]
        if (a[2] < z_min and b[2] < z_min and c[2] < z_min) or (a[2] > z_max and b[2] > z_max and c[2] > z_max):
            continue
        ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
        vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        if not nz * nz > up_normal * up_normal * (nx * nx + ny * ny + nz * nz):
            continue
        if count == len(up):
            more, more_up = np.empty((2 * count, 3, 3)), np.empty(2 * count, np.bool_)
            more[:count], more_up[:count] = corners, up
            corners, up = more, more_up
        corners[count, 0], corners[count, 1], corners[count, 2] = a, b, c
        up[count] = nz > 0
        count += 1
    return corners[:count], up[:count]


@njit(cache=True)
def _cells(corners: np.ndarray, m: int, box: np.ndarray, cell_x: float, cell_y: float, side: int) -> tuple[int, int, int, int]:
    x0 = min(corners[m, 0, 0], corners[m, 1, 0], corners[m, 2, 0])
    x1 = max(corners[m, 0, 0], corners[m, 1, 0], corners[m, 2, 0])
    y0 = min(corners[m, 0, 1], corners[m, 1, 1], corners[m, 2, 1])
    y1 = max(corners[m, 0, 1], corners[m, 1, 1], corners[m, 2, 1])
    i0 = min(side - 1, max(0, int((x0 - box[0]) / cell_x)))
    i1 = min(side - 1, max(0, int((x1 - box[0]) / cell_x)))
    j0 = min(side - 1, max(0, int((y0 - box[1]) / cell_y)))
    j1 = min(side - 1, max(0, int((y1 - box[1]) / cell_y)))
    return i0, i1, j0, j1


@njit(cache=True)
def faces_under(
    corners: np.ndarray, up: np.ndarray, samples: np.ndarray, tolerance_up: np.ndarray, tolerance_down: np.ndarray
) -> np.ndarray:
    """Find, for each sample, the face nearest in height within its tolerances, from a uniform grid over the faces.

    Args:
        corners: (M, 3, 3) level faces.
        up: (M,) whether each faces up.
        samples: (S, 4) x, y, z, weight.
        tolerance_up: (S,) how far the sample may be above the face.
        tolerance_down: (S,) how far below.

    Returns:
        (S, 2) height of the nearest face that faces up, and of the nearest that faces down; NaN where there is none.
    """
    found = np.full((len(samples), 2), math.nan)
    if len(corners) == 0 or len(samples) == 0:
        return found
    box = np.array([math.inf, math.inf, -math.inf, -math.inf])
    for m in range(len(corners)):
        for k in range(3):
            box[0], box[1] = min(box[0], corners[m, k, 0]), min(box[1], corners[m, k, 1])
            box[2], box[3] = max(box[2], corners[m, k, 0]), max(box[3], corners[m, k, 1])
    side = int(min(256.0, max(1.0, math.sqrt(len(corners)))))
    while True:  # a few large faces among many small ones must not fill a fine grid
        cell_x, cell_y = max(box[2] - box[0], 1e-9) / side, max(box[3] - box[1], 1e-9) / side
        starts = np.zeros(side * side + 1, np.int64)
        total = 0
        for m in range(len(corners)):
            i0, i1, j0, j1 = _cells(corners, m, box, cell_x, cell_y, side)
            total += (i1 - i0 + 1) * (j1 - j0 + 1)
        if side == 1 or total <= 16 * len(corners) + 4096:
            break
        side = max(1, side // 2)
    for m in range(len(corners)):
        i0, i1, j0, j1 = _cells(corners, m, box, cell_x, cell_y, side)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                starts[j * side + i + 1] += 1
    for cell in range(side * side):
        starts[cell + 1] += starts[cell]
    members = np.empty(starts[-1], np.int64)
    fill = starts[:-1].copy()
    for m in range(len(corners)):
        i0, i1, j0, j1 = _cells(corners, m, box, cell_x, cell_y, side)
        for j in range(j0, j1 + 1):
            for i in range(i0, i1 + 1):
                members[fill[j * side + i]] = m
                fill[j * side + i] += 1
    for s in range(len(samples)):
        x, y, z = samples[s, 0], samples[s, 1], samples[s, 2]
        if x < box[0] or x > box[2] or y < box[1] or y > box[3]:
            continue
        i = min(side - 1, max(0, int((x - box[0]) / cell_x)))
        j = min(side - 1, max(0, int((y - box[1]) / cell_y)))
        best_up, best_down = math.inf, math.inf
        for k in range(starts[j * side + i], starts[j * side + i + 1]):
            m = members[k]
            ax, ay = corners[m, 0, 0] - x, corners[m, 0, 1] - y
            bx, by = corners[m, 1, 0] - x, corners[m, 1, 1] - y
            cx, cy = corners[m, 2, 0] - x, corners[m, 2, 1] - y
            u, v, w = bx * cy - by * cx, cx * ay - cy * ax, ax * by - ay * bx
            area = u + v + w
            if area == 0.0:
                continue
            u, v, w = u / area, v / area, w / area
            if u < -1e-9 or v < -1e-9 or w < -1e-9:
                continue
            face_z = u * corners[m, 0, 2] + v * corners[m, 1, 2] + w * corners[m, 2, 2]
            gap = z - face_z
            if gap > tolerance_up[s] + 1e-9 or -gap > tolerance_down[s] + 1e-9:
                continue
            if up[m]:
                if abs(gap) < best_up:
                    best_up = abs(gap)
                    found[s, 0] = face_z
            elif abs(gap) < best_down:
                best_down = abs(gap)
                found[s, 1] = face_z
    return found
