"""Tell floor, walls and ceiling by their name and their shape. Needs no USD library: recorded frames have boxes only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenecap.contract import RoomKind
from scenecap.stage.name_words import CEILING_WORDS, FIXTURES, FLOOR_WORDS, ROOM_MODIFIERS, UNINFORMATIVE, WALL_WORDS
from scenecap.stage.names import COLOR_TERMS

_NOUNS = {
    **dict.fromkeys(FLOOR_WORDS, RoomKind.FLOOR),
    **dict.fromkeys(WALL_WORDS, RoomKind.WALL),
    **dict.fromkeys(CEILING_WORDS, RoomKind.CEILING),
}
#: Directions in which the width of a shape is measured, for the smallest one.
_DIRECTIONS = 90

#: A wall is at least this high [m] ...
MIN_WALL_HEIGHT = 1.0
#: ... and at most this thick [m], and this part of its height.
MAX_WALL_THICKNESS = 0.6
MAX_WALL_SLENDERNESS = 0.35
#: A floor or ceiling is at most this part of its shorter side high.
MAX_FLOOR_SLOPE = 0.15
#: A floor under nothing is one from this width on [m].
MIN_BARE_FLOOR = 1.0
#: A flat thing without a name is a floor from this width on, where everything is over it [m].
MIN_UNNAMED_FLOOR = 2.0
#: A ceiling is above the centres of this part of all things: a lamp may hang, a beam may run above it.
_BELOW_CEILING = 0.95
#: Things may be sunk into the floor by this much [m].
_SUNK = 0.05


def room_noun(words: Sequence[str]) -> RoomKind | None:
    """Return which part of a room words name ("wall left corner" -> wall), or None ("wall clock")."""
    for at, word in enumerate(words):
        kind = _NOUNS.get(word)
        if kind is not None and all(_modifies(later) for later in words[at + 1 :]):
            return None if at and words[at - 1] in FIXTURES else kind
    return None


def _modifies(word: str) -> bool:
    """Return whether a word after the noun keeps it a room's: "wall left corner", "floor tile"; not "wall clock"."""
    return word in ROOM_MODIFIERS or word in UNINFORMATIVE or word in COLOR_TERMS or word in _NOUNS


def is_wall(points_world: np.ndarray) -> bool:
    """Return whether points (N, 3) [m] span something vertical, thin and high enough to be a wall, in any direction."""
    if len(points_world) < 2:
        return False
    height = float(np.ptp(points_world[:, 2]))
    if height < MIN_WALL_HEIGHT - 1e-6:
        return False
    angles = np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS)
    along = points_world[:, :2] @ np.stack([np.cos(angles), np.sin(angles)])
    thickness = float(np.ptp(along, axis=0).min())
    return thickness <= min(MAX_WALL_THICKNESS, MAX_WALL_SLENDERNESS * height)


def is_flat(box: np.ndarray) -> bool:
    """Return whether a box (2, 3) [m] is horizontal: low for its width."""
    size = box[1] - box[0]
    return bool(size[2] <= MAX_FLOOR_SLOPE * min(size[0], size[1]))


def is_floor(box: np.ndarray, others: np.ndarray) -> bool:
    """Return whether a flat box is under something, or so wide that it need not be.

    Args:
        box: (2, 3) [m].
        others: (N, 2, 3) boxes of what may stand on it [m].
    """
    if not is_flat(box):
        return False
    centers = others.mean(axis=1)
    over = (centers[:, :2] >= box[0, :2]).all(axis=1) & (centers[:, :2] <= box[1, :2]).all(axis=1)
    above = others[:, 0, 2] >= box[1, 2] - np.maximum(_SUNK, 0.5 * (others[:, 1, 2] - others[:, 0, 2]))
    if (over & above).any():
        return True
    # A ceiling or an upper floor is not bare ground.
    return bool(min(box[1, :2] - box[0, :2]) >= MIN_BARE_FLOOR and not (centers[:, 2] < box[0, 2]).any())


def is_under_all(box: np.ndarray, others: np.ndarray) -> bool:
    """Return whether a flat box is below the centres of all others, and they are over it; arguments as :func:`is_floor`."""
    if not is_flat(box) or not len(others):
        return False
    centers = others.mean(axis=1)
    over = (centers[:, :2] >= box[0, :2]) & (centers[:, :2] <= box[1, :2])
    return bool(over.all() and (centers[:, 2] > box[1, 2]).all())


def is_ceiling(box: np.ndarray, others: np.ndarray) -> bool:
    """Return whether a flat box is above the centres of (nearly) all others; arguments as :func:`is_floor`."""
    return is_flat(box) and bool(len(others)) and bool((others.mean(axis=1)[:, 2] < box[0, 2] + 1e-6).mean() >= _BELOW_CEILING)


def encloses(box: np.ndarray, others: np.ndarray) -> bool:
    """Return whether a box is a room's shell: high enough, and around the centres of most others."""
    if not len(others) or box[1, 2] - box[0, 2] < MIN_WALL_HEIGHT:
        return False
    centers = others.mean(axis=1)
    inside = (centers >= box[0]).all(axis=1) & (centers <= box[1]).all(axis=1)
    return bool(inside.mean() > 0.5)
