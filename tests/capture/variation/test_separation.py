"""Distances between solids against sampled ones, and what is inside of what."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")
pytest.importorskip("pxr")

from scenecap.capture.variation.separation import Solid, nearer_than, within_reach
from tests.capture.contact_scenes import box, lathe, sphere

SHAPES = [
    box((-0.1, -0.07, -0.06), (0.1, 0.07, 0.06)),
    sphere(0.08),
    lathe([(0, 0), (0.05, 0), (0.14, 0.02), (0.14, 0.023), (0.05, 0.004), (0, 0.004)]),
]


def placed(shape, turn, shift) -> Solid:
    axis, angle = turn
    axis = np.array(axis) / max(np.linalg.norm(axis), 1e-9)
    cross = np.cross(np.eye(3), axis)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    points, triangles = shape
    return Solid(np.asarray(points) @ rotation + np.array(shift), np.asarray(triangles))


def sampled_distance(first: Solid, second: Solid) -> float:
    """Least distance of points spread over both surfaces: never less than the true one."""
    clouds = []
    for solid in (first, second):
        corners = solid.points[solid.triangles]
        steps = np.linspace(0, 1, 5)
        weights = np.array([(a, b, 1 - a - b) for a in steps for b in steps if a + b <= 1 + 1e-9])
        clouds.append(np.einsum("wk,tkc->twc", weights, corners).reshape(-1, 3))
    from scipy.spatial import cKDTree

    return float(cKDTree(clouds[0]).query(clouds[1])[0].min())


turns = st.tuples(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1), st.floats(0, 6.3))
shifts = st.tuples(*[st.floats(-0.25, 0.25)] * 3)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SHAPES), st.sampled_from(SHAPES), turns, turns, shifts, st.sampled_from([0.002, 0.02, 0.1]))
def test_near_is_near_and_far_is_far(first, second, one, other, shift, limit) -> None:
    mine, theirs = placed(first, one, (0, 0, 0)), placed(second, other, shift)
    near = nearer_than(mine, theirs, limit)
    assert near == nearer_than(theirs, mine, limit)
    distance = sampled_distance(mine, theirs)
    if distance < limit:
        assert near  # samples are on the surfaces, so the surfaces are at least as near
    if not near:
        boxes, outlines = np.stack([theirs.box]), np.stack([theirs.outline])
        apart = not len(within_reach(boxes, outlines, mine.box, mine.outline, limit))
        assert distance >= limit or apart
    if not len(within_reach(np.stack([theirs.box]), np.stack([theirs.outline]), mine.box, mine.outline, limit)):
        assert not near  # what is sorted out before is never near


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("gap", [0.001, 0.0049, 0.0051, 0.02])
def test_two_boxes_in_closed_form(axis: int, gap: float) -> None:
    shift = np.zeros(3)
    shift[axis] = 0.2 + gap
    cube = box((-0.1, -0.1, -0.1), (0.1, 0.1, 0.1))
    mine, theirs = Solid(*cube), Solid(np.asarray(cube[0]) + shift, cube[1])
    assert nearer_than(mine, theirs, 0.005) == (gap < 0.005)


def test_inside_is_told_from_beside() -> None:
    small, large = Solid(*box((-0.02,) * 3, (0.02,) * 3)), Solid(*sphere(0.2))
    assert not nearer_than(small, large, 0.01)
    assert large.is_around(small)
    assert not small.is_around(large)
    assert not large.is_around(Solid(small.points + np.array([0.5, 0, 0]), small.triangles))


def test_a_solid_is_raised_with_its_box_and_outline() -> None:
    solid = Solid(*sphere(0.1))
    up = solid.raised(0.05)
    np.testing.assert_allclose(up.box - solid.box, [[0, 0, 0.05]] * 2, atol=1e-12)
    np.testing.assert_allclose(up.outline, solid.outline)
