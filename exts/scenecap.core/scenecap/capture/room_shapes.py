"""Whether something that is called a floor, wall or ceiling also has the shape of one; from boxes alone.

A 12 cm "RetainingWall" on a table is an object, and so is a "floor" lamp.
"""

from __future__ import annotations

import numpy as np

from scenecap.contract import RoomKind

#: Last words of labels that may be the room.
_WORDS = {
    "floor": RoomKind.FLOOR,
    "ground": RoomKind.FLOOR,
    "wall": RoomKind.WALL,
    "walls": RoomKind.WALL,
    "ceiling": RoomKind.CEILING,
}
#: A wall is at least this high [m] and at most this share of its width thick.
_WALL_HEIGHT = 1.0
_WALL_THICKNESS = 0.25
#: A floor or ceiling is at most this share of its width high.
_SLAB_THICKNESS = 0.2


def room_kinds(labels: list[str], aabbs: np.ndarray) -> list[RoomKind | None]:
    """Return which things are the room.

    Args:
        labels: What they are called.
        aabbs: (N, 2, 3) axis-aligned boxes in world [m].

    Returns:
        One kind per thing, None for objects.
    """
    kinds: list[RoomKind | None] = []
    centers = aabbs.mean(axis=1).reshape(-1, 3)
    for index, label in enumerate(labels):
        words = label.lower().split()
        kind = _WORDS.get(words[-1]) if words else None
        others = np.delete(centers, index, axis=0)
        kinds.append(kind if kind is not None and _has_shape(kind, aabbs[index], others) else None)
    return kinds


def _has_shape(kind: RoomKind, aabb: np.ndarray, others: np.ndarray) -> bool:
    depth, width = np.sort(aabb[1, :2] - aabb[0, :2]).tolist()
    height = float(aabb[1, 2] - aabb[0, 2])
    if kind is RoomKind.WALL:
        return height >= _WALL_HEIGHT and depth <= _WALL_THICKNESS * max(width, height)
    flat = height <= _SLAB_THICKNESS * max(width, 1e-9)
    if kind is RoomKind.CEILING:
        return flat and bool((others[:, 2] < aabb[0, 2]).all())
    over = ((others[:, :2] >= aabb[0, :2]) & (others[:, :2] <= aabb[1, :2])).all(axis=1)
    return flat and bool((others[over, 2] > aabb[1, 2] - 1e-3).any())
