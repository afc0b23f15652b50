"""Where labels go so that none covers another: greedy, deterministic, in whole pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Rings of positions tried around an anchor, in label heights.
_RINGS = (0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 8.0)
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
        self._placed = np.zeros((0, 4))
        self._soft = np.zeros((0, 4)) if obstacles is None else np.asarray(obstacles, dtype=np.float64).reshape(-1, 4)

    def place(self, box: tuple[float, float, float, float], size: tuple[int, int], *, must: bool = True) -> PlacedLabel | None:
        """Place the label of an object.

        Args:
            box: The object's box ``x0, y0, x1, y1`` [px].
            size: Width and height of the label [px].
            must: Place it even where it covers part of another label; else return None there.
        """
        positions, moved = self._candidates(box, size)
        hard = _overlap(positions, size, self._placed).sum(axis=1)
        cost = hard * 100.0 + _overlap(positions, size, self._soft).sum(axis=1)
        cost += np.arange(len(positions)) * (0.02 * size[0] * size[1])  # earlier candidates are nearer and nicer
        best = int(np.argmin(cost))
        if hard[best] > 0 and not must:
            return None
        x, y = positions[best]
        self._placed = np.vstack([self._placed, [[x, y, x + size[0], y + size[1]]]])
        return PlacedLabel(int(x), int(y), bool(moved[best]))

    def _candidates(self, box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        x0, y0, x1, y1 = box
        width, height = size
        near = [
            (x0, y0 - height),  # on the upper edge
            (x0, y0),  # inside, top left
            (x1 - width, y0 - height),
            (x0, y1),  # below
            (x1 - width, y1),
            ((x0 + x1 - width) / 2, (y0 + y1 - height) / 2),
            (x1, y0),
            (x0 - width, y0),
        ]
        centre = np.array([(x0 + x1 - width) / 2, (y0 + y1 - height) / 2])
        angles = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS) - np.pi / 2  # straight up first
        rings = []
        for ring in _RINGS[1:]:
            reach = np.array([(x1 - x0 + width) / 2 + ring * height, (y1 - y0 + height) / 2 + ring * height])
            rings.append(centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach)
        positions = np.vstack([np.array(near), *rings])
        moved = np.arange(len(positions)) >= len(near)
        limit = np.maximum(self._size - size, 0.0)
        return np.round(np.clip(positions, 0.0, limit)), moved


def _overlap(positions: np.ndarray, size: tuple[int, int], others: np.ndarray) -> np.ndarray:
    """Return (P, N) areas [px^2] that labels at P positions share with N rectangles."""
    if len(others) == 0:
        return np.zeros((len(positions), 1))
    low = np.maximum(positions[:, None, :], others[None, :, :2])
    high = np.minimum(positions[:, None, :] + np.asarray(size, dtype=np.float64), others[None, :, 2:])
    return np.clip(high - low, 0.0, None).prod(axis=2)
