"""Boxes and footprints against brute force and exact polygons."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap import geometry
from scenecap.contract import FOOTPRINT_DIRECTIONS, footprint_directions

DIRECTIONS = footprint_directions()


def support(points: np.ndarray) -> np.ndarray:
    return (DIRECTIONS @ points.T).max(axis=1)[None]


def polygon(footprint: np.ndarray) -> np.ndarray:
    """Corners of the polygon that a tight support function bounds: where neighbouring faces meet."""
    corners = []
    for i in range(FOOTPRINT_DIRECTIONS):
        j = (i + 1) % FOOTPRINT_DIRECTIONS
        corners.append(np.linalg.solve(DIRECTIONS[[i, j]], footprint[0, [i, j]]))
    return np.array(corners)


def shoelace(corners: np.ndarray) -> float:
    x, y = corners.T
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def clip(subject: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Clip a convex polygon by half planes, one after the other (Sutherland and Hodgman 1974)."""
    for direction, offset in zip(DIRECTIONS, offsets, strict=True):
        kept = []
        for k in range(len(subject)):
            here, there = subject[k], subject[(k + 1) % len(subject)]
            a, b = here @ direction - offset, there @ direction - offset
            if a <= 0:
                kept.append(here)
            if (a < 0 < b) or (b < 0 < a):
                kept.append(here + (there - here) * (a / (a - b)))
        subject = np.array(kept)
        if len(subject) < 3:
            return np.zeros((0, 2))
    return subject


def distance(one: np.ndarray, two: np.ndarray) -> float:
    """Exact distance between the outlines of two polygons that do not overlap."""

    def point_to_segments(point: np.ndarray, corners: np.ndarray) -> float:
        start, edge = corners, np.roll(corners, -1, axis=0) - corners
        along = np.clip(((point - start) * edge).sum(1) / np.maximum((edge**2).sum(1), 1e-30), 0, 1)
        return float(np.linalg.norm(start + along[:, None] * edge - point, axis=1).min())

    return min(min(point_to_segments(p, two) for p in one), min(point_to_segments(p, one) for p in two))


points = st.lists(st.tuples(st.integers(-200, 200), st.integers(-200, 200)), min_size=3, max_size=8).map(
    lambda values: np.array(values, dtype=float) / 100
)
quick = settings(max_examples=50, deadline=None, derandomize=True)


@quick
@given(st.lists(st.tuples(*[st.integers(0, 30)] * 3, *[st.integers(0, 8)] * 3), max_size=40))
def test_overlapping_pairs_are_those_of_brute_force(boxes: list[tuple[int, ...]]) -> None:
    low = np.array([item[:3] for item in boxes], dtype=float).reshape(-1, 3)
    high = low + np.array([item[3:] for item in boxes], dtype=float).reshape(-1, 3)
    one, two = geometry.overlapping_pairs(low, high, chunk=7)
    found = sorted((min(a, b), max(a, b)) for a, b in zip(one.tolist(), two.tolist(), strict=True))
    expected = [
        (a, b)
        for a in range(len(boxes))
        for b in range(a + 1, len(boxes))
        if (low[a] <= high[b]).all() and (low[b] <= high[a]).all()
    ]
    assert found == expected


@quick
@given(points)
def test_area_is_the_shoelace_area_of_the_bounding_polygon(cloud: np.ndarray) -> None:
    footprint = support(cloud)
    assert geometry.footprint_area(footprint)[0] == pytest.approx(shoelace(polygon(footprint)), abs=1e-9)


@quick
@given(points, points, st.tuples(st.integers(-300, 300), st.integers(-300, 300)))
def test_overlap_is_the_clipped_area(one: np.ndarray, two: np.ndarray, shift: tuple[int, int]) -> None:
    a, b = support(one), support(two + np.array(shift) / 100)
    clipped = clip(polygon(a), b[0])
    expected = shoelace(clipped) if len(clipped) else 0.0
    assert geometry.footprint_overlap(a, b)[0] == pytest.approx(expected, abs=1e-7)


@quick
@given(points, points, st.tuples(st.integers(-600, 600), st.integers(-600, 600)))
def test_gap_has_the_right_sign_and_at_most_half_a_percent_short(
    one: np.ndarray, two: np.ndarray, shift: tuple[int, int]
) -> None:
    a, b = support(one), support(two + np.array(shift) / 100)
    gap = float(geometry.footprint_gap(a, b)[0])
    shared = clip(polygon(a), b[0])
    if len(shared) >= 3 and shoelace(shared) > 1e-9:
        assert gap < 0
    elif min(shoelace(polygon(a)), shoelace(polygon(b))) > 1e-4:  # not points and lines, which share no area with anything
        assert gap > -1e-3
    if gap > 1e-6:
        exact = distance(polygon(a), polygon(b))
        assert math.cos(math.pi / FOOTPRINT_DIRECTIONS) * exact - 1e-9 <= gap <= exact + 1e-9
    assert gap == pytest.approx(float(geometry.footprint_gap(b, a)[0]), abs=1e-12)


def test_gap_of_overlapping_squares_is_minus_the_penetration() -> None:
    square = np.array([[0, 0], [2, 0], [2, 2], [0, 2]], dtype=float)
    assert geometry.footprint_gap(support(square), support(square + np.array([1.7, 0.2])))[0] == pytest.approx(-0.3)


@quick
@given(points, st.tuples(st.integers(-250, 250), st.integers(-250, 250)))
def test_contains_is_being_within_all_faces(cloud: np.ndarray, where: tuple[int, int]) -> None:
    footprint, point = support(cloud), np.array([where], dtype=float) / 100
    corners = polygon(footprint)
    edge, reach = np.roll(corners, -1, axis=0) - corners, point - corners
    cross = edge[:, 0] * reach[:, 1] - edge[:, 1] * reach[:, 0]
    beyond = (DIRECTIONS @ point[0] - footprint[0]).max()
    if np.abs(cross).min() > 1e-6 and abs(beyond) > 1e-3:  # not on the outline itself, where rounding decides
        expected = bool((cross >= 0).all())
        assert expected == (beyond < 0)
        assert geometry.footprint_contains(footprint, geometry.point_supports(point))[0] == expected


@pytest.mark.parametrize(("degrees", "expected"), [(0, 3.0), (90, 1.0), (180, 3.0), (270, 1.0), (2, 3.0)])
def test_width_is_the_extent_along_a_direction(degrees: float, expected: float) -> None:
    rectangle = np.array([[5, 7], [8, 7], [8, 8], [5, 8]], dtype=float)
    direction = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
    assert geometry.footprint_width(support(rectangle), direction)[0] == pytest.approx(expected)


def test_oriented_edges_hold_scale_and_turn() -> None:
    turn = np.array([[0, 2, 0], [-3, 0, 0], [0, 0, 4.0]])  # rows: x turns to +y and doubles, y to -x and trebles
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    edges = geometry.oriented_edges(np.array([[[0, 0, 0], [1, 1, 1.0]]]), matrix[None])
    assert edges[0] == pytest.approx([2, 3, 4])
