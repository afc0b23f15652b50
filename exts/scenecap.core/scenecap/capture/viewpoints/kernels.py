"""How far a point is from triangles, and whether it is inside of a mesh."""

from __future__ import annotations

import math

import numpy as np

from scenecap.capture.contact_touch import point_triangle
from scenecap.capture.raster_setup import njit


@njit(cache=True)
def points_world(x, y, z, start, stop, matrix):
    """Return (N, 3) float64 points of a prototype in world [m]."""
    points = np.empty((stop - start, 3))
    for row in range(start, stop):
        for k in range(3):
            points[row - start, k] = x[row] * matrix[0, k] + y[row] * matrix[1, k] + z[row] * matrix[2, k] + matrix[3, k]
    return points


@njit(cache=True)
def nearest_distance(points, triangles, position, limit):
    """Return the distance [m] of a position to the nearest of some triangles; ``limit`` where none is nearer.

    Args:
        points: (N, 3) in world [m].
        triangles: (T, 3) corners.
        position: (3,) [m].
        limit: Distance beyond which it does not matter [m].
    """
    best = limit * limit
    corners, near = np.empty((3, 3)), np.empty(3)
    for t in range(len(triangles)):
        away = 0.0
        for k in range(3):
            a, b, c = points[triangles[t, 0], k], points[triangles[t, 1], k], points[triangles[t, 2], k]
            low, high = min(a, b, c), max(a, b, c)
            if position[k] < low:
                away += (low - position[k]) ** 2
            elif position[k] > high:
                away += (position[k] - high) ** 2
        if away >= best:
            continue
        for j in range(3):
            corners[j] = points[triangles[t, j]]
        squared = point_triangle(position, corners, near)
        if squared < best:
            best = squared
    return math.sqrt(best)


@njit(cache=True)
def winding_number(points, triangles, position):
    """Return how often a mesh goes around a position: 1 (or -1) inside of a closed mesh, 0 outside.

    The sum of the triangles' solid angles over that of the sphere (van Oosterom and Strackee 1983; Jacobson et al., "Robust
    inside-outside segmentation using generalized winding numbers", SIGGRAPH 2013), which degrades gently where a mesh has
    holes.
    """
    total = 0.0
    for t in range(len(triangles)):
        a, b, c = points[triangles[t, 0]] - position, points[triangles[t, 1]] - position, points[triangles[t, 2]] - position
        la, lb, lc = math.sqrt(np.dot(a, a)), math.sqrt(np.dot(b, b)), math.sqrt(np.dot(c, c))
        volume = np.dot(a, np.cross(b, c))
        below = la * lb * lc + np.dot(a, b) * lc + np.dot(b, c) * la + np.dot(c, a) * lb
        total += math.atan2(volume, below)
    return total / (2.0 * math.pi)
