"""Frames, resolutions and cameras as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.run.config.values import parse_cameras, parse_frames, parse_resolution


@pytest.mark.parametrize(
    ("written", "times"),
    [
        ("0..3", (0, 1, 2, 3)),
        (" 2 .. 10 : 4 ", (2, 6, 10)),
        ("0..10:4", (0, 4, 8)),
        ("-1..1", (-1, 0, 1)),
        ("0..1:0.25", (0, 0.25, 0.5, 0.75, 1)),
        ("1, 4, 9", (1, 4, 9)),
        ("1,4..6", (1, 4, 5, 6)),
        (7, (7,)),
        ("7", (7,)),
        (7.5, (7.5,)),
        ([3, 1, 2], (3, 1, 2)),
        ([1, "1..3"], (1, 2, 3)),
        (None, None),
    ],
)
def test_frames(written: object, times: tuple[float, ...] | None) -> None:
    assert parse_frames(written) == times


@pytest.mark.parametrize(
    "written",
    ["", "a", "1..", "..3", "5..1", "0..3:0", "0..3:-1", True, {}, [], math.nan, math.inf, "0..1e9", "0..1:1e-9", "0..1e999"],
)
def test_frames_that_are_none(written: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_frames(written)


@given(first=st.integers(-1000, 1000), count=st.integers(1, 200), step=st.integers(1, 20))
def test_a_range_is_what_python_counts(first: int, count: int, step: int) -> None:
    last = first + (count - 1) * step
    assert parse_frames(f"{first}..{last}:{step}") == tuple(map(float, range(first, last + 1, step)))


@given(first=st.integers(-50, 50), tenths=st.integers(1, 300))
def test_a_range_of_fractions_reaches_its_end(first: int, tenths: int) -> None:
    times = parse_frames(f"{first}..{first + tenths / 10}:0.1")
    assert times is not None
    assert len(times) == tenths + 1
    assert times[-1] == pytest.approx(first + tenths / 10)


@pytest.mark.parametrize("written", ["1280x720", "1280X720", " 1280 x 720 ", "1280,720", [1280, 720], (1280, 720)])
def test_resolution(written: object) -> None:
    assert parse_resolution(written) == (1280, 720)


@pytest.mark.parametrize(
    "written", ["", "1280", "0x10", "10x0", "-1x5", "99999x10", [1, 2, 3], [1.5, 2], [True, 2], 720, None, "1280x720p"]
)
def test_resolutions_that_are_none(written: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_resolution(written)


@pytest.mark.parametrize(
    ("written", "patterns"),
    [
        (None, ("all",)),
        ("", ("all",)),
        ("auto", ("auto",)),
        ("/World/Cam", ("/World/Cam",)),
        (["/World/Cam*", "/Other", "/World/Cam*"], ("/World/Cam*", "/Other")),
        ("*Front", ("*Front",)),
    ],
)
def test_cameras(written: object, patterns: tuple[str, ...]) -> None:
    assert parse_cameras(written) == patterns


@pytest.mark.parametrize("written", ["World/Cam", 3, ["all", "/World/Cam"], [], [""], {"a": 1}])
def test_cameras_that_are_none(written: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_cameras(written)
