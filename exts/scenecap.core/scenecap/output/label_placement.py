"""Where labels go so that none covers another: greedy, deterministic, in whole pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Rings of positions tried around an anchor, in label heights.
_RINGS = (1.0, 2.0, 3.0, 4.5, 6.0, 8.0)
_DIRECTIONS = 16


@dataclass(frozen=True)
class PlacedLabel:
    """Where a label was put.

    Attributes:
        x: Left edge [px].
        y: Upper edge [px].
        moved: Whether it lies off its object, so that a line should lead to it.
    """

    x: int
    y: int
    moved: bool


class LabelPlacer:
    """Places rectangles in a picture one after the other.

    Args:
        width: Picture width [px].
        height: Picture height [px].
        obstacles: (N, 4) ``x0, y0, x1, y1`` [px] that a label should rather not cover, e.g. other objects' centres.
    """

    def __init__(self, width: int, height: int, obstacles: np.ndarray | None = None) -> None:
        self._size = np.array([width, height], dtype=np.float64)
        soft = np.zeros((0, 4)) if obstacles is None else np.asarray(obstacles, dtype=np.float64).reshape(-1, 4)
        # What is in the way: obstacles first, then the labels that were placed; room for more at the end.
        self._soft = self._count = len(soft)
        self._rectangles = np.vstack([soft, np.empty((64, 4))])

    def place(self, box: tuple[float, float, float, float], size: tuple[int, int], *, must: bool = True) -> PlacedLabel | None:
        """Place the label of an object.

        Args:
            box: The object's box ``x0, y0, x1, y1`` [px].
            size: Width and height of the label [px].
            must: Place it anywhere near, even over a part of another label; else at the box, or return None.
        """
        near = self._near(box, size)
        hard, soft = self._covered(near, size)
        free = np.flatnonzero((hard == 0) & (soft == 0))
        if len(free):  # positions are in order of preference
            return self._take(near[free[0]], size, moved=False)
        if not must:
            best = int(np.argmin(hard * 100.0 + soft))
            return None if hard[best] > 0 else self._take(near[best], size, moved=False)
        positions = np.vstack([near, self._around(box, size)])
        hard, soft = self._covered(positions, size)
        if (hard > 0).all():
            positions = np.vstack([positions, self._anywhere(box, size)])
            hard, soft = self._covered(positions, size)
        preference = np.arange(len(positions)) * (0.02 * size[0] * size[1])
        cost = hard * 100.0 + soft + preference
        if (hard == 0).any():
            cost[hard > 0] = np.inf  # however near, no label covers even a corner of another where there is room
        best = int(np.argmin(cost))
        return self._take(positions[best], size, moved=best >= len(near))

    def _take(self, position: np.ndarray, size: tuple[int, int], *, moved: bool) -> PlacedLabel:
        x, y = position
        if self._count == len(self._rectangles):
            self._rectangles = np.vstack([self._rectangles, np.empty_like(self._rectangles)])
        self._rectangles[self._count] = (x, y, x + size[0], y + size[1])
        self._count += 1
        return PlacedLabel(int(x), int(y), moved)

    def _covered(self, positions: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the areas [px^2] of other labels, and of what should rather stay free, at each position."""
        low, high = positions.min(axis=0), positions.max(axis=0) + size
        all_of_them = self._rectangles[: self._count]
        near = np.flatnonzero(
            (all_of_them[:, 0] < high[0])
            & (all_of_them[:, 2] > low[0])
            & (all_of_them[:, 1] < high[1])
            & (all_of_them[:, 3] > low[1])
        )
        left, top, right, bottom = all_of_them[near].T
        x, y = positions[:, :1], positions[:, 1:]
        across = np.minimum(x + size[0], right) - np.maximum(x, left)
        down = np.minimum(y + size[1], bottom) - np.maximum(y, top)
        shared = np.maximum(across, 0.0) * np.maximum(down, 0.0)
        labels = int(np.searchsorted(near, self._soft))
        return shared[:, labels:].sum(axis=1), shared[:, :labels].sum(axis=1)

    def _near(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
        """Return (8, 2) positions at the box."""
        x0, y0, x1, y1 = box
        width, height = size
        positions = [
            (x0, y0 - height),  # on the upper edge
            (x0, y0),  # inside, top left
            (x1 - width, y0 - height),
            (x0, y1),  # below
            (x1 - width, y1),
            ((x0 + x1 - width) / 2, (y0 + y1 - height) / 2),
            (x1, y0),
            (x0 - width, y0),
        ]
        return self._inside(np.array(positions), size)

    def _around(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
        """Return (N, 2) positions on rings around the box, the nearest ring first."""
        x0, y0, x1, y1 = box
        width, height = size
        middle = np.array([(x0 + x1 - width) / 2, (y0 + y1 - height) / 2])
        angles = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS) - np.pi / 2  # straight up first
        directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        half = np.array([(x1 - x0 + width) / 2, (y1 - y0 + height) / 2])
        return self._inside(np.vstack([middle + directions * (half + ring * height) for ring in _RINGS]), size)

    def _anywhere(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
        """Return (N, 2) positions all over the picture, the nearest to the box first."""
        columns, rows = (np.arange(0.0, self._size[axis] - size[axis] + 1, size[axis]) for axis in (0, 1))
        grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        middle = np.array([(box[0] + box[2] - size[0]) / 2, (box[1] + box[3] - size[1]) / 2])
        return grid[np.argsort(((grid - middle) ** 2).sum(axis=1), kind="stable")]

    def _inside(self, positions: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        return np.round(np.clip(positions, 0.0, np.maximum(self._size - size, 0.0)))
