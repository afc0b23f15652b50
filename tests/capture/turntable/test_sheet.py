"""The sheet of an asset's views: its layout, its bars, its words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scenecap.capture.turntable.sheet import bar_length, draw_sheet, length_words, sheet_bytes, size_words
from scenecap.capture.turntable.studio import AssetViews, TurntablePicture
from scenecap.capture.turntable.views import turntable_views
from scenecap.capture.viewpoints.framing import corners_of


def asset(count: int, *, edge: int = 80, known: float = 1.0) -> AssetViews:
    points = corners_of(np.array([[[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]]))
    shades = [np.full((edge, edge, 3), 10 + 20 * number, dtype=np.uint8) for number in range(count)]
    pictures = [
        TurntablePicture(view, rgb, 0.5)
        for view, rgb in zip(turntable_views(points, front=0.0, count=count, edge=edge), shades, strict=True)
    ]
    return AssetViews("/World/A", (1.0, 1.0, 1.0), tuple(pictures), (), {}, known)


@pytest.mark.parametrize(("count", "columns", "rows"), [(4, 2, 2), (5, 3, 2), (6, 3, 2), (7, 4, 2), (8, 4, 2)])
def test_each_view_has_its_place(count: int, columns: int, rows: int) -> None:
    sheet = np.asarray(draw_sheet(asset(count)))
    for number in range(count):
        x, y = 4 + (number % columns) * 84 + 40, 4 + (number // columns) * 84 + 10
        assert tuple(sheet[y, x]) == (10 + 20 * number,) * 3
    assert sheet.shape[1] == columns * 84 + 4
    assert sheet.shape[0] > rows * 84 + 4


def test_the_same_views_give_the_same_bytes() -> None:
    assert sheet_bytes(draw_sheet(asset(6))) == sheet_bytes(draw_sheet(asset(6)))
    assert sheet_bytes(draw_sheet(asset(6))) != sheet_bytes(draw_sheet(asset(6, known=0.0)))


@pytest.mark.parametrize("meters_per_px", [1e-5, 3.3e-4, 0.001, 0.017, 0.4, 12.0])
@pytest.mark.parametrize("room", [20.0, 96.0])
def test_a_bar_is_a_round_length_that_fits(meters_per_px: float, room: float) -> None:
    length = bar_length(meters_per_px, room)
    pixels = length / meters_per_px
    assert room / 2.5 - 1e-6 <= pixels <= room + 1e-6
    digit = length / 10.0 ** math.floor(math.log10(length) + 1e-9)
    assert any(digit == pytest.approx(round_one) for round_one in (1.0, 2.0, 5.0))


@pytest.mark.parametrize(
    ("meters", "words"),
    [
        (0.0, "0 mm"),
        (0.003, "3 mm"),
        (0.0125, "12 mm"),
        (0.02, "2 cm"),
        (0.253, "25 cm"),
        (0.0812, "8.1 cm"),
        (0.0996, "10 cm"),
        (0.9999, "100 cm"),
        (1.0, "1 m"),
        (1.2345, "1.23 m"),
        (10.0, "10 m"),
        (250.0, "250 m"),
    ],
)
def test_lengths_in_words(meters: float, words: str) -> None:
    assert length_words(meters) == words


def test_sizes_in_words() -> None:
    assert size_words((0.42, 0.4, 0.9)) == "42 cm wide, 40 cm deep, 90 cm high"
