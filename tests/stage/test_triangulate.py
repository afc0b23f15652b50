"""Polygons into triangles: areas, containment and faults, against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.stage.triangulate import Polygons, read_polygons, triangulate


def polygon(points: np.ndarray) -> Polygons:
    n = len(points)
    return Polygons(np.array([n]), np.arange(n), np.arange(n), np.array([0]))


def shoelace(flat: np.ndarray) -> float:
    x, y = flat[:, 0], flat[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def signed_areas(flat: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


CONCAVE = {
    "arrow quad": [(0, 0), (2, 2), (0, 1), (-2, 2)],
    "arrow quad, reflex corner first": [(0, 1), (-2, 2), (0, 0), (2, 2)],
    "L": [(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3)],
    "comb": [(0, 0), (7, 0), (7, 3), (6, 3), (6, 1), (5, 1), (5, 3), (4, 3), (4, 1), (3, 1), (3, 3), (0, 3)],
    "spiral": [(0, 0), (6, 0), (6, 6), (1, 6), (1, 2), (4, 2), (4, 4), (3, 4), (3, 3), (2, 3), (2, 5), (5, 5), (5, 1), (0, 1)],
    "hole by a bridge": [(0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1)],
}


@pytest.mark.parametrize("name", CONCAVE)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_concave_polygon_is_covered_exactly_once(name: str, axis: int, reverse: bool) -> None:
    flat = np.array(CONCAVE[name], dtype=np.float64)
    if reverse:
        flat = flat[::-1]
    points = np.insert(flat, axis, 0.25, axis=1)
    triangles, face = triangulate(polygon(points), points)
    areas = signed_areas(flat, triangles)
    expected = shoelace(flat)
    # All turn the same way and sum up to the polygon: no overlap, nothing outside.
    assert (areas * np.sign(expected) >= -1e-12).all()
    assert areas.sum() == pytest.approx(expected)
    assert len(triangles) == len(flat) - 2
    assert (face == 0).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.3, 3.0), min_size=5, max_size=24), st.floats(0, 6.28), st.floats(-1, 1))
def test_star_shaped_polygons_are_covered_exactly_once(radii: list[float], turn: float, slope: float) -> None:
    angles = np.arange(len(radii)) * (2 * np.pi / len(radii)) + turn
    flat = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    points = np.column_stack([flat, slope * flat[:, 0]])  # a tilted plane
    triangles, _ = triangulate(polygon(points), points)
    areas = signed_areas(flat, triangles)
    assert areas.min() >= -1e-9
    assert areas.sum() == pytest.approx(shoelace(flat))


def test_convex_faces_become_fans_in_the_order_of_faces() -> None:
    points = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (-1, 0.5, 0)], dtype=np.float64)
    polygons, problems = read_polygons(np.array([3, 5, 4]), np.array([0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2, 3]), points=points)
    triangles, face = triangulate(polygons, points)
    assert not problems
    assert face.tolist() == [0, 1, 1, 1, 2, 2]
    assert polygons.vertices[triangles].tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 1, 2], [0, 2, 3]]


@pytest.mark.parametrize(
    ("counts", "indices", "kept", "words"),
    [
        ([3, 2, 3], [0, 1, 2, 0, 1, 1, 2, 3], [0, 2], "fewer than three"),
        ([3, 3], [0, 1, 2, 1, 2, 9], [0], "out of range"),
        ([3, 3], [0, 1, 2, 1, 2, -1], [0], "out of range"),
        ([3, 3], [0, 1, 2, 1], [0], "past the end"),
        ([3, 3], [0, 1, 2, 1, 2, 4], [0], "not finite"),
        ([-3, 3], [0, 1, 2], [1], "fewer than three"),
        ([3], [], [], "past the end"),
    ],
)
def test_faces_that_cannot_be_drawn_are_dropped_and_told(counts, indices, kept, words) -> None:
    points = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (np.nan, 0, 0)], dtype=np.float64)
    polygons, problems = read_polygons(np.array(counts), np.array(indices, dtype=np.int64), points=points)
    assert polygons.faces.tolist() == kept
    assert any(words in problem for problem in problems)
    triangles, _ = triangulate(polygons, points)
    assert np.isfinite(points[polygons.vertices[triangles]]).all()


def test_holes_are_not_drawn() -> None:
    points = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], dtype=np.float64)
    polygons, _ = read_polygons(np.array([3, 3]), np.array([0, 1, 2, 0, 2, 3]), points=points, holes=np.array([1, 77, -1]))
    assert polygons.faces.tolist() == [0]


def test_flipping_twice_gives_the_same_faces() -> None:
    points = np.random.default_rng(0).random((9, 3))
    polygons, _ = read_polygons(np.array([3, 4, 5]), np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2]), points=points)
    flipped = polygons.flipped()
    assert flipped.vertices.tolist() == [0, 2, 1, 3, 6, 5, 4, 7, 2, 1, 0, 8]
    assert flipped.flipped().vertices.tolist() == polygons.vertices.tolist()
    assert points[flipped.vertices].tolist() == points[polygons.vertices[flipped.corners]].tolist()
