"""Whether solids keep clear of each other: boxes, then outlines, then triangles, then whether one is inside the other."""

from __future__ import annotations

import functools

import numpy as np

from scenecap.capture.contact_touch import near_triangles, triangle_distance
from scenecap.capture.raster_setup import njit
from scenecap.capture.viewpoints.kernels import winding_number
from scenecap.contract import FOOTPRINT_DIRECTIONS, footprint_directions

#: Two surfaces nearer than this [m] cross, where they may touch at all.
CROSSING = 1e-4
#: Beyond this, a winding number says inside.
_INSIDE = 0.5


class Solid:
    """A gprim's triangles in world.

    Args:
        points: (N, 3) float64 [m].
        triangles: (T, 3) integer corners.
        extremes: (K, 3) points whose convex hull is that of all; they are all of them without it.
    """

    def __init__(self, points: np.ndarray, triangles: np.ndarray, extremes: np.ndarray | None = None) -> None:
        self.points = np.ascontiguousarray(points, dtype=np.float64)
        self.triangles = np.ascontiguousarray(triangles, dtype=np.int32)
        self._extremes = self.points if extremes is None else extremes

    @functools.cached_property
    def box(self) -> np.ndarray:
        """(2, 3) float64 [m]."""
        return np.stack([self._extremes.min(axis=0), self._extremes.max(axis=0)])

    @functools.cached_property
    def outline(self) -> np.ndarray:
        """(32,) float64 support function [m] on the ground (:func:`scenecap.contract.footprint_directions`)."""
        return (self._extremes[:, :2] @ footprint_directions().T).max(axis=0)

    def raised(self, height: float) -> Solid:
        """Return the solid, higher by a height [m]."""
        shift = np.array([0.0, 0.0, height])
        return Solid(self.points + shift, self.triangles, self._extremes + shift)

    def is_around(self, other: Solid) -> bool:
        """Whether a corner of another solid is inside of this one. Closed surfaces have an inside, others may not."""
        return abs(float(winding_number(self.points, self.triangles, other.points[other.triangles[0, 0]]))) > _INSIDE


def within_reach(boxes: np.ndarray, outlines: np.ndarray, box: np.ndarray, outline: np.ndarray, reach: float) -> np.ndarray:
    """Return (K,) indices of those that come within reach of one, as far as boxes and outlines on the ground tell.

    Args:
        boxes: (K, 2, 3) [m]; nan where nothing is.
        outlines: (K, 32) support functions [m] (:func:`scenecap.contract.footprint_directions`).
        box: (2, 3) of the one.
        outline: (32,) of the one.
        reach: Distance from which on they are apart [m].
    """
    near = np.flatnonzero(((boxes[:, 0] <= box[1] + reach) & (boxes[:, 1] >= box[0] - reach)).all(axis=1))
    # The gap along a direction is what both support functions leave of each other.
    gaps = -(outlines[near] + np.roll(outline, FOOTPRINT_DIRECTIONS // 2)[None, :])
    return near[gaps.max(axis=1, initial=-np.inf) < reach]


def nearer_than(first: Solid, second: Solid, limit: float) -> bool:
    """Whether the surfaces of two solids come nearer to each other than a limit [m], greater than 0."""
    ours = near_triangles(first.points, first.triangles, second.box, limit)
    theirs = near_triangles(second.points, second.triangles, first.box, limit)
    if not len(ours) or not len(theirs):
        return False
    spread = np.ptp(np.concatenate([ours, theirs]).reshape(-1, 3), axis=0)
    size = np.ptp(theirs, axis=1).mean(axis=0)
    axis = int(np.argmax(spread / (size + 1e-9)))  # the one along which few are next to each other
    theirs = theirs[np.argsort(theirs[:, :, axis].min(axis=1), kind="stable")]
    return bool(_nearer_than(ours, theirs, axis, limit))


@njit(cache=True)
def _nearer_than(first, second, axis, limit):
    """Return whether any of (M, 3, 3) triangles is nearer than a limit to any of (K, 3, 3), sorted along an axis."""
    count = len(second)
    low, high = np.empty((count, 3)), np.empty((count, 3))
    starts = np.empty(count)
    widest = 0.0
    for k in range(count):
        for c in range(3):
            low[k, c] = min(second[k, 0, c], second[k, 1, c], second[k, 2, c])
            high[k, c] = max(second[k, 0, c], second[k, 1, c], second[k, 2, c])
        starts[k] = low[k, axis]
        widest = max(widest, high[k, axis] - low[k, axis])
    near = np.empty((2, 3))
    lowest, highest = np.empty(3), np.empty(3)
    for m in range(len(first)):
        for c in range(3):
            lowest[c] = min(first[m, 0, c], first[m, 1, c], first[m, 2, c]) - limit
            highest[c] = max(first[m, 0, c], first[m, 1, c], first[m, 2, c]) + limit
        for k in range(np.searchsorted(starts, lowest[axis] - widest), count):
            if starts[k] > highest[axis]:
                break
            if (
                low[k, 0] <= highest[0]
                and low[k, 1] <= highest[1]
                and low[k, 2] <= highest[2]
                and high[k, 0] >= lowest[0]
                and high[k, 1] >= lowest[1]
                and high[k, 2] >= lowest[2]
                and triangle_distance(first[m], second[k], near) < limit
            ):
                return True
    return False
