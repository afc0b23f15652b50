"""Cameras of a turntable: everything in the picture, nothing wasted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.capture.turntable.views import MAX_VIEWS, MIN_VIEWS, front_of, turntable_views
from scenecap.capture.viewpoints.framing import corners_of

EDGE = 320
_length = st.floats(0.001, 50.0)


def projected(points: np.ndarray, view) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return columns, rows and depths [m] of world points, by the pinhole formula alone."""
    camera = view.camera
    local = np.c_[points, np.ones(len(points))] @ camera.world_to_camera
    depth = -local[:, 2]
    x = camera.center_px[0] + camera.focal_px * local[:, 0] / depth
    y = camera.center_px[1] - camera.focal_px * local[:, 1] / depth
    return x, y, depth


@given(
    size=st.tuples(_length, _length, _length),
    place=st.tuples(*[st.floats(-100.0, 100.0)] * 3),
    front=st.floats(-360.0, 360.0),
    count=st.integers(MIN_VIEWS, MAX_VIEWS),
)
def test_every_box_is_whole_and_large(size, place, front, count) -> None:
    box = np.array([place, place]) + np.array([np.zeros(3), size])
    points = corners_of(box[None])
    views = turntable_views(points, front=front, count=count, edge=EDGE)
    assert len(views) == count
    for view in views:
        x, y, depth = projected(points, view)
        assert depth.min() > view.camera.near_far[0]
        assert depth.max() < view.camera.near_far[1]
        assert min(x.min(), y.min()) > 0
        assert max(x.max(), y.max()) < EDGE
        assert max(np.ptp(x), np.ptp(y)) > 0.5 * EDGE
        # never upside down, and from above the ground
        assert view.camera.world_to_camera[2, 1] > 0
        assert view.camera.position_world[2] > box[0, 2]


def test_a_flat_thing_is_looked_at_from_higher_up() -> None:
    def lowest(height: float) -> float:
        points = corners_of(np.array([[[0.0, 0.0, 0.0], [1.0, 1.0, height]]]))
        middle = np.array([0.5, 0.5, height / 2])
        offsets = [view.camera.position_world - middle for view in turntable_views(points, front=0.0, count=6, edge=64)]
        return min(math.degrees(math.asin(offset[2] / np.linalg.norm(offset))) for offset in offsets)

    assert lowest(0.02) > lowest(1.0) + 15.0


@pytest.mark.parametrize(
    ("x_axis", "y_axis", "front"),
    [
        ((1, 0, 0), (0, 1, 0), -90.0),  # as built: the front is -y
        ((0, 1, 0), (-1, 0, 0), 0.0),  # turned by 90 degrees: it is +x
        ((-2, 0, 0), (0, -2, 0), 90.0),
        ((0, 0, 1), (0, 1, 0), 270.0),  # x stands upright: y tells, and the front is -y again
    ],
)
def test_the_front_turns_with_the_asset(x_axis, y_axis, front: float) -> None:
    matrix = np.eye(4)
    matrix[0, :3], matrix[1, :3] = x_axis, y_axis
    assert (front_of(matrix) - front) % 360.0 == pytest.approx(0.0, abs=1e-9)
