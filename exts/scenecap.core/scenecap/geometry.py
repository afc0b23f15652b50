"""Boxes and upright hulls as arrays: the leaf geometry that the graph is built on.

An *upright hull* is an object's footprint (a convex ground-plane outline, given by its support function in the 32 fixed
directions of :func:`scenecap.contract.footprint_directions`) extruded over its height. Everything is vectorised over rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from scenecap.contract import FOOTPRINT_DIRECTIONS, LENGTH_DECIMALS, footprint_directions

#: Lengths are compared at this many decimals [m]: coordinates are multiples of 0.1 mm, so a gap of exactly 5 mm must not
#: fall on one side of a 5 mm tolerance or the other with the last bit of a subtraction.
COMPARE_DECIMALS = 6


class SupportTolerance(NamedTuple):
    """How far an object may be from what it rests on, up or down: a share of its height, within bounds.

    Attributes:
        least: Never less than this [m].
        most: Never more than this [m].
        up: Share of the height by which it may stand above its support.
        down: Share of the height by which it may be sunk into it.
    """

    least: float = 0.005
    most: float = 0.03
    up: float = 0.12
    down: float = 0.25

    def above(self, height: np.ndarray) -> np.ndarray:
        """Return how far [m] objects of the given heights [m] may stand above their supports."""
        return np.maximum(self.least, np.minimum(self.most, self.up * height))

    def below(self, height: np.ndarray) -> np.ndarray:
        """Return how far [m] objects of the given heights [m] may be sunk into their supports."""
        return np.maximum(self.least, np.minimum(self.most, self.down * height))


#: What contacts by geometry and by boxes go by, unless a config says otherwise. It covers measured gaps of -15 to +20 mm.
SUPPORT_TOLERANCE = SupportTolerance()

_HALF = FOOTPRINT_DIRECTIONS // 2
_STEP = 2.0 * math.pi / FOOTPRINT_DIRECTIONS


def comparable(lengths: np.ndarray) -> np.ndarray:
    """Round lengths [m] to :data:`COMPARE_DECIMALS`, as all comparisons with tolerances do."""
    return np.round(lengths, COMPARE_DECIMALS)


def oriented_edges(box_local: np.ndarray, object_to_world: np.ndarray) -> np.ndarray:
    """Return the edge lengths of oriented boxes in world.

    Args:
        box_local: (N, 2, 3) min and max [local units].
        object_to_world: (N, 4, 4) row-vector matrices, local -> world [m], scale included.

    Returns:
        (N, 3) float64 [m].
    """
    scale = np.sqrt(np.einsum("nij,nij->ni", object_to_world[:, :3, :3], object_to_world[:, :3, :3]))
    return (box_local[:, 1] - box_local[:, 0]) * scale


def overlapping_pairs(low: np.ndarray, high: np.ndarray, *, chunk: int = 2_000_000) -> tuple[np.ndarray, np.ndarray]:
    """Return all unordered pairs of axis-aligned boxes that overlap or touch.

    Sweep along the one axis that yields the fewest candidates, then test the others.

    Args:
        low: (N, D) minima.
        high: (N, D) maxima.
        chunk: Most candidates that are held at once.

    Returns:
        Two (P,) int64 arrays of row numbers; each pair occurs once, in no particular order of its ends.
    """
    count = len(low)
    best: tuple[np.ndarray, np.ndarray] | None = None
    for axis in range(low.shape[1]):
        order = np.argsort(low[:, axis], kind="stable")
        # Box k (in order of its minimum) meets those that begin after it and before its end: each pair is found once.
        ends = np.searchsorted(low[order, axis], high[order, axis], side="right")
        counts = np.maximum(ends - np.arange(1, count + 1), 0)
        if best is None or counts.sum() < best[1].sum():
            best = order, counts
    if best is None or count < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    firsts, seconds = [], []
    order, counts = best
    for rows, offsets in _ragged(counts, chunk):
        one, two = order[rows], order[rows + 1 + offsets]
        meet = ((low[one] <= high[two]) & (low[two] <= high[one])).all(axis=1)
        firsts.append(one[meet])
        seconds.append(two[meet])
    return np.concatenate(firsts), np.concatenate(seconds)


def _ragged(counts: np.ndarray, chunk: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (row, 0..counts[row]-1) for all rows, in pieces of about ``chunk`` elements."""
    total = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        done = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, done + chunk, side="right")), begin + 1)
        piece = counts[begin:end]
        rows = np.repeat(np.arange(begin, end), piece)
        starts = np.repeat(np.cumsum(piece) - piece, piece)
        yield rows, np.arange(len(rows)) - starts
        begin = end


def footprint_gap(footprint_a: np.ndarray, footprint_b: np.ndarray) -> np.ndarray:
    """Return the signed ground-plane distance of footprints.

    The largest separation over the 32 directions: for outlines with faces in those directions the sign is exact (separating
    axes), the distance at most 0.5 % short (a corner between two directions).

    Args:
        footprint_a: (E, 32) support functions [m].
        footprint_b: (E, 32) support functions [m].

    Returns:
        (E,) float64 [m], negative by the depth of penetration where they overlap.
    """
    opposite = np.concatenate([footprint_a[:, _HALF:], footprint_a[:, :_HALF]], axis=1)
    return -(opposite + footprint_b).min(axis=1)


def footprint_contains(footprint: np.ndarray, point_supports: np.ndarray) -> np.ndarray:
    """Tell whether points lie within footprints.

    Args:
        footprint: (E, 32) support functions [m].
        point_supports: (E, 32) dot products of the points with the directions, ``points @ footprint_directions().T`` [m].

    Returns:
        (E,) bool, the outline included to the 0.1 mm that support functions are rounded to.
    """
    return comparable((footprint - point_supports).min(axis=1)) >= -(10.0**-LENGTH_DECIMALS)


def point_supports(points: np.ndarray) -> np.ndarray:
    """Return the support functions of (N, 2) ground-plane points: (N, 32) float64 [m]."""
    return points @ footprint_directions().T


def footprint_width(footprint: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return the extent of footprints along a ground-plane direction, measured along the nearest of the 32.

    Args:
        footprint: (N, 32) support functions [m].
        direction: (2,) unit vector.

    Returns:
        (N,) float64 [m].
    """
    index = round(math.atan2(direction[1], direction[0]) / _STEP) % _HALF
    return footprint[:, index] + footprint[:, index + _HALF]


def tighten(footprint: np.ndarray) -> np.ndarray:
    """Return the support functions of the polygons that footprints bound.

    A set of half planes may hold redundant ones (after an intersection, say). The support value of a polygon in direction i
    is the least of what any two half planes, one on either side of i and less than 180 degrees apart, allow together.

    Args:
        footprint: (E, 32) offsets of half planes [m] with a non-empty intersection.

    Returns:
        (E, 32) float64 [m], at most the given.
    """
    result = np.array(footprint, dtype=np.float64)
    for before in range(1, _HALF):
        left = np.roll(footprint, before, axis=1)
        for after in range(1, _HALF - before):
            right = np.roll(footprint, -after, axis=1)
            both = left * math.sin(after * _STEP) + right * math.sin(before * _STEP)
            np.minimum(result, both / math.sin((before + after) * _STEP), out=result)
    return result


def footprint_area(footprint: np.ndarray) -> np.ndarray:
    """Return the areas of the polygons of tight support functions.

    Args:
        footprint: (E, 32) support functions [m], tight (see :func:`tighten`).

    Returns:
        (E,) float64 [m^2].
    """
    neighbours = np.roll(footprint, 1, axis=1) + np.roll(footprint, -1, axis=1)
    edges = (neighbours - 2.0 * math.cos(_STEP) * footprint) / math.sin(_STEP)
    return 0.5 * (footprint * edges).sum(axis=1)


def footprint_overlap(footprint_a: np.ndarray, footprint_b: np.ndarray) -> np.ndarray:
    """Return the area that footprints share.

    The intersection of two polygons with faces in the same directions is bounded by the lesser offset in each direction.

    Args:
        footprint_a: (E, 32) support functions [m].
        footprint_b: (E, 32) support functions [m].

    Returns:
        (E,) float64 [m^2]; 0 where they do not overlap.
    """
    area = np.zeros(len(footprint_a))
    meet = np.flatnonzero(footprint_gap(footprint_a, footprint_b) < 0)
    if len(meet):
        area[meet] = footprint_area(tighten(np.minimum(footprint_a[meet], footprint_b[meet])))
    return area
