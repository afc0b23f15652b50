"""Curves through key points, walked at an even pace."""

from __future__ import annotations

import numpy as np

from scenecap.capture.viewpoints.settings import Interpolation

#: Points per piece that a curve's length is measured with.
_STEPS = 64


def walk(points: np.ndarray, *, count: int, interpolation: Interpolation, closed: bool) -> np.ndarray:
    """Return where on a path evenly spaced points are.

    Args:
        points: (N, 3) that the path goes through, in order.
        count: How many; the first and the last point of an open path are among them.
        interpolation: Straight lines, or a centripetal Catmull-Rom curve (Yuksel et al. 2011), which neither loops nor
            strays far between points.
        closed: Whether the path ends where it starts; the end is then left out, as it is the start.

    Returns:
        (count,) float64 parameters: 2.5 is half-way from the third to the fourth point.
    """
    pieces = len(points) if closed else len(points) - 1
    if pieces < 1:
        return np.zeros(count)
    fine = np.linspace(0.0, pieces, pieces * _STEPS + 1)
    length = np.concatenate(
        [[0.0], np.cumsum(np.linalg.norm(np.diff(along(points, fine, interpolation, closed=closed), axis=0), axis=1))]
    )
    wanted = np.arange(count) * (length[-1] / max(count if closed else count - 1, 1))
    return np.interp(wanted, length, fine) if length[-1] > 0 else np.linspace(0.0, pieces, count, endpoint=not closed)


def along(points: np.ndarray, at: np.ndarray, interpolation: Interpolation, *, closed: bool) -> np.ndarray:
    """Return (M, 3) points of a path at (M,) parameters (see :func:`walk`)."""
    count = len(points)
    pieces = count if closed else count - 1
    if pieces < 1:
        return np.repeat(points[:1], len(at), axis=0)
    piece = np.clip(np.floor(at).astype(int), 0, pieces - 1)
    part = (at - piece)[:, None]

    def point(number: np.ndarray) -> np.ndarray:
        if closed:
            return points[number % count]
        # Before the first and beyond the last point the path goes straight on.
        inside = points[np.clip(number, 0, count - 1)]
        ahead = np.where(number[:, None] < 0, points[0] - points[min(1, count - 1)], points[-1] - points[max(count - 2, 0)])
        return inside + np.where(((number < 0) | (number >= count))[:, None], ahead, 0.0)

    before, start, end, after = (point(piece + step) for step in (-1, 0, 1, 2))
    if interpolation is Interpolation.LINEAR:
        return start + (end - start) * part
    return _catmull_rom(before, start, end, after, part)


def _catmull_rom(p0: np.ndarray, p1: np.ndarray, p2: np.ndarray, p3: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Evaluate by the pyramid of Barry and Goldman (1988), with knots at the square roots of the distances."""

    def knot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(np.linalg.norm(second - first, axis=1, keepdims=True), 1e-12))

    t0 = np.zeros_like(part)
    t1 = t0 + knot(p0, p1)
    t2 = t1 + knot(p1, p2)
    t3 = t2 + knot(p2, p3)
    t = t1 + (t2 - t1) * part

    def between(a: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return (high - t) / (high - low) * a + (t - low) / (high - low) * b

    a1, a2, a3 = between(p0, p1, t0, t1), between(p1, p2, t1, t2), between(p2, p3, t2, t3)
    return between(between(a1, a2, t0, t2), between(a2, a3, t1, t3), t1, t2)
