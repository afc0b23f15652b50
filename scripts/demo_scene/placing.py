"""Put assets down so that they really rest on what is below them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .asset import Asset
from .shapes import Shape

#: Height at which things are put down above their support [m]: less than anyone sees, more than rounding.
GAP = 0.0003


@dataclass
class Placed:
    """An asset in the room.

    Attributes:
        name: Of its prim in the room.
        asset: What is referenced.
        at: World position of the asset's origin [m].
        rotate: Degrees about x, then y, then z.
        scale: Factors along the asset's own axes, unit conversion not included.
        group: Name of the scope that holds it.
        options: What else its prim says: ``label``, ``legacy`` (label), ``cover`` (variant), ``instanceable``.
    """

    name: str
    asset: Asset
    at: tuple[float, float, float]
    rotate: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    group: str = "Furniture"
    options: dict[str, str] = field(default_factory=dict)

    def shape(self) -> Shape:
        """Everything of it in world."""
        points, faces, start = [], [], 0
        for shape in self.asset.shapes:
            moved = shape.scaled(*self.scale)
            for axis, degrees in zip("xyz", self.rotate, strict=True):
                if degrees:
                    moved = moved.turned(axis, degrees)
            moved = moved.moved(*self.at)
            points.append(moved.points)
            faces += [tuple(c + start for c in face) for face in moved.faces]
            start += len(moved.points)
        return Shape(np.concatenate(points), faces)


def triangles(shape: Shape) -> np.ndarray:
    """(T, 3, 3) corners, polygons fanned."""
    rows = [(face[0], face[k], face[k + 1]) for face in shape.faces for k in range(1, len(face) - 1)]
    return shape.points[np.array(rows)]


def _crossings(points: np.ndarray, corners: np.ndarray, pick: str) -> np.ndarray:
    """Height of the highest ("top") or lowest ("bottom") face above or below each ground point; NaN where there is none."""
    found = np.full(len(points), np.nan)
    low, high = corners[:, :, :2].min(axis=1), corners[:, :, :2].max(axis=1)
    for i, (x, y) in enumerate(points[:, :2]):
        near = (low[:, 0] <= x) & (high[:, 0] >= x) & (low[:, 1] <= y) & (high[:, 1] >= y)
        a, b, c = (corners[near, k] for k in range(3))
        u = (b[:, 0] - x) * (c[:, 1] - y) - (b[:, 1] - y) * (c[:, 0] - x)
        v = (c[:, 0] - x) * (a[:, 1] - y) - (c[:, 1] - y) * (a[:, 0] - x)
        w = (a[:, 0] - x) * (b[:, 1] - y) - (a[:, 1] - y) * (b[:, 0] - x)
        area = u + v + w
        inside = (np.abs(area) > 1e-14) & (u * area >= -1e-15) & (v * area >= -1e-15) & (w * area >= -1e-15)
        if inside.any():
            z = (u * a[:, 2] + v * b[:, 2] + w * c[:, 2])[inside] / area[inside]
            found[i] = z.max() if pick == "top" else z.min()
    return found


def drop_height(thing: Shape, supports: list[Shape]) -> float:
    """How far [m] a shape may sink until it touches the tops of others (vertices of either against faces of the other)."""
    best = math.inf
    own = triangles(thing)
    for support in supports:
        corners = triangles(support)
        gap = thing.points[:, 2] - _crossings(thing.points, corners, "top")
        if np.isfinite(gap).any():
            best = min(best, float(np.nanmin(gap)))
        low, high = thing.points[:, :2].min(axis=0), thing.points[:, :2].max(axis=0)
        near = support.points[((support.points[:, :2] >= low) & (support.points[:, :2] <= high)).all(axis=1)]
        if len(near):
            tops = _crossings(near, corners, "top")
            gap = _crossings(near, own, "bottom") - tops
            if np.isfinite(gap).any():
                best = min(best, float(np.nanmin(gap)))
    return best


def put_down(placed: Placed, supports: list[Placed]) -> Placed:
    """Lower a placed asset onto others; without others, onto the floor (z = 0)."""
    shape = placed.shape()
    x, y, z = placed.at
    fall = drop_height(shape, [item.shape() for item in supports]) if supports else float(shape.points[:, 2].min())
    if not math.isfinite(fall):
        raise ValueError(f"{placed.name} is not above {[item.name for item in supports]}")
    placed.at = (x, y, round(z - fall + (GAP if supports else 0.0), 4))
    return placed
