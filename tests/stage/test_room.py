"""Floor, walls and ceiling, by name and shape."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap.contract import RoomKind
from scenecap.stage.name_words import VENDOR_WORDS
from scenecap.stage.names import split_words
from scenecap.stage.room_shapes import encloses, is_ceiling, is_floor, is_wall, room_noun


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("floor", RoomKind.FLOOR),
        ("Floor_01", RoomKind.FLOOR),
        ("defaultGroundPlane", RoomKind.FLOOR),
        ("SM_Floor_Tile_6x6m", RoomKind.FLOOR),
        ("wall", RoomKind.WALL),
        ("backwall", RoomKind.WALL),
        ("wall_leftcorner_visual", RoomKind.WALL),
        ("RetainingWall", RoomKind.WALL),  # by name; its shape says otherwise
        ("Ceiling", RoomKind.CEILING),
        ("wall_clock", None),
        ("floor_lamp", None),
        ("ceiling_fan", None),
        ("wallet", None),
        ("SM_LampCeilingA_01", None),
        ("chair", None),
        ("", None),
    ],
)
def test_room_noun(name: str, kind: RoomKind | None) -> None:
    assert VENDOR_WORDS
    assert room_noun(split_words(name)) is kind


def corners(size: tuple[float, float, float], *, turn: float = 0.0) -> np.ndarray:
    """(8, 3) corners of a box, turned about z [degrees]."""
    points = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)]) * size
    angle = np.radians(turn)
    turned = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return points @ turned


@pytest.mark.parametrize("turn", [0, 17, 45, 90, 123])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4, 0.1, 3), True),
        ((0.5, 0.2, 2.5), True),  # a piece between windows
        ((4, 0.1, 0.12), False),  # a kerb
        ((4, 0.1, 0.99), False),
        ((4, 1.0, 3), False),  # a wardrobe
        ((4, 4, 3), False),  # a room
    ],
)
def test_is_wall_in_any_direction(turn: float, size: tuple[float, float, float], expected: bool) -> None:
    assert is_wall(corners(size, turn=turn)) == expected


def test_is_wall_of_nothing() -> None:
    assert not is_wall(np.zeros((0, 3)))


def boxes(*items: tuple[float, ...]) -> np.ndarray:
    return np.array(items, dtype=float).reshape(-1, 2, 3)


THING = (1, 1, 0.0, 2, 2, 1.0)


@pytest.mark.parametrize(
    ("floor", "others", "expected"),
    [
        ((0, 0, -0.1, 5, 5, 0), (THING,), True),
        ((0, 0, -0.1, 5, 5, 0.02), (THING,), True),  # a little sunk
        ((0, 0, -0.1, 5, 5, 0), (), True),  # nothing on it, but wide
        ((0, 0, -0.01, 0.4, 0.4, 0), (), False),
        ((0, 0, -2, 5, 5, 0), (THING,), False),  # a block
        ((0, 0, 2.5, 5, 5, 2.6), (THING,), False),  # above all
        ((10, 10, -0.01, 10.4, 10.4, 0), (THING,), False),  # small, and beside everything
    ],
)
def test_is_floor(floor: tuple[float, ...], others: tuple[tuple[float, ...], ...], expected: bool) -> None:
    assert is_floor(boxes(floor)[0], boxes(*others)) == expected


def test_is_ceiling() -> None:
    assert is_ceiling(boxes((0, 0, 2.5, 5, 5, 2.6))[0], boxes(THING))
    assert not is_ceiling(boxes((0, 0, 0.2, 5, 5, 0.3))[0], boxes(THING))
    assert not is_ceiling(boxes((0, 0, 2.5, 5, 5, 2.6))[0], boxes())
    beam = (0, 0, 2.7, 5, 0.2, 2.9)
    assert is_ceiling(boxes((0, 0, 2.5, 5, 5, 2.6))[0], boxes(*[THING] * 40, beam)), "one beam above it is no matter"
    assert not is_ceiling(boxes((0, 0, 2.5, 5, 5, 2.6))[0], boxes(THING, beam))


def test_encloses() -> None:
    assert encloses(boxes((0, 0, 0, 5, 5, 3))[0], boxes(THING))
    assert not encloses(boxes((0, 0, 0, 5, 5, 0.5))[0], boxes(THING))
    assert not encloses(boxes((3, 3, 0, 5, 5, 3))[0], boxes(THING))
    assert not encloses(boxes((0, 0, 0, 5, 5, 3))[0], boxes())
