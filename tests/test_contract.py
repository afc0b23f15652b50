"""The contract: what a Frame accepts, how it rounds, and where its frames of reference point."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.contract import (
    BUFFER_SPECS,
    FOOTPRINT_DIRECTIONS,
    Buffer,
    CameraView,
    Frame,
    LabelSource,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
    footprint_directions,
)
from tests.graph.scenes import box, camera_at

SEEN = Visibility((10, 20, 13, 21), (10, 20, 13, 21), 5, 5, 0.0, False)


def thing(path: str = "/World/Mug", **fields: object) -> ObservedObject:
    fields.setdefault("box_local", np.array([[0, 0, 0], [1, 1, 1]]))
    fields.setdefault("object_to_world", np.eye(4))
    return ObservedObject(path, "mug", LabelSource.AUTHORED, **fields)  # type: ignore[arg-type]


def test_every_buffer_has_a_spec() -> None:
    assert set(BUFFER_SPECS) == set(Buffer)


def test_boxes_are_inclusive() -> None:
    assert SEEN.box_area == 4 * 2


def test_footprint_directions_are_unit_vectors_in_opposite_pairs() -> None:
    directions = footprint_directions()
    assert directions.shape == (FOOTPRINT_DIRECTIONS, 2)
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1.0)
    half = FOOTPRINT_DIRECTIONS // 2
    assert directions[half:] == pytest.approx(-directions[:half], abs=1e-12)
    assert directions[0] == pytest.approx([1, 0])
    assert directions[8] == pytest.approx([0, 1], abs=1e-12)


def test_world_box_and_footprint_come_from_the_corners_where_geometry_gives_none() -> None:
    turned = box("Box", (1, 2, 3), (2, 2, 2), yaw=45)
    reach = math.sqrt(2)
    assert turned.aabb_world == pytest.approx(np.array([[1 - reach, 2 - reach, 2], [1 + reach, 2 + reach, 4]]), abs=1e-4)
    assert turned.center_world == pytest.approx([1, 2, 3], abs=1e-4)
    assert turned.size_world == pytest.approx([2 * reach, 2 * reach, 2], abs=2e-4)
    assert turned.footprint_world is not None
    expected = (footprint_directions() @ turned.corners_world[:, :2].T).max(axis=1)
    assert turned.footprint_world == pytest.approx(expected, abs=1e-4)


def test_corners_run_x_fastest() -> None:
    corners = thing(box_local=np.array([[0, 0, 0], [1, 2, 3]])).corners_world
    assert corners[:3].tolist() == [[0, 0, 0], [1, 0, 0], [0, 2, 0]]
    assert corners[4].tolist() == [0, 0, 3]


@given(st.floats(-100, 100), st.floats(-4e-6, 4e-6))
def test_float32_payloads_and_float64_stages_meet(value: float, noise: float) -> None:
    value = round(value, 4)
    one = thing(aabb_world=np.array([[value] * 3, [value + 1] * 3]))
    two = thing(aabb_world=np.array([[value + noise] * 3, [value + 1 + noise] * 3]))
    assert one.aabb_world is not None
    assert two.aabb_world is not None
    assert (one.aabb_world == two.aabb_world).all()


def test_rounded_arrays_cannot_be_written_and_hold_no_negative_zero() -> None:
    item = thing(aabb_world=np.array([[-1e-9, 0, 0], [1, 1, 1]]))
    assert item.aabb_world is not None
    assert not np.signbit(item.aabb_world[0, 0])
    with pytest.raises(ValueError, match="read-only"):
        item.aabb_world[0, 0] = 3.0


@pytest.mark.parametrize(
    ("camera", "right", "forward"),
    [
        (camera_at((0, -5, 2), (0, 0, 0)), (1, 0), (0, 1)),
        (camera_at((5, 0, 2), (0, 0, 0)), (0, 1), (-1, 0)),
        (camera_at((0, -5, 0), (0, 0, 5)), (1, 0), (0, 1)),  # looking up
        (camera_at((0, 0, 5), (0, 0, 0), up=(0, 1, 0)), (1, 0), (0, 1)),  # straight down: the top of the picture is forward
        (camera_at((0, 0, 0), (0, 0, 5), up=(0, 1, 0)), (-1, 0), (0, -1)),  # straight up: the bottom of the picture is forward
    ],
)
def test_viewer_frame(camera: CameraView, right: tuple[int, int], forward: tuple[int, int]) -> None:
    axes = camera.viewer_to_world
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)  # right, forward, up is right-handed
    assert axes[0] == pytest.approx([*right, 0], abs=1e-9)
    assert axes[1] == pytest.approx([*forward, 0], abs=1e-9)
    assert axes[2] == pytest.approx([0, 0, 1])


def test_viewer_right_is_right_in_the_picture() -> None:
    for position in ((0, -5, 2), (3, 4, 1), (-2, 1, 6), (1, 1, -3)):
        camera = camera_at(position, (0, 0, 0))
        (here, there), _ = camera.project(np.stack([np.zeros(3), 0.1 * camera.viewer_to_world[0]]))
        assert there[0] > here[0]
        _, (near, far) = camera.project(np.stack([np.zeros(3), 0.1 * camera.viewer_to_world[1]]))
        assert far > near


def test_projection() -> None:
    camera = CameraView("/Camera", 640, 480, np.eye(4), 500.0, (330.0, 250.0))
    pixels, depth = camera.project(np.array([[0, 0, -2], [1, 0, -2], [0, 1, -2], [0, 0, 2]]))
    assert pixels[:3].tolist() == [[330, 250], [580, 250], [330, 0]]  # x right, y down
    assert np.isnan(pixels[3]).all()  # behind the camera
    assert depth.tolist() == [2, 2, 2, -2]
    assert camera.position_world.tolist() == [0, 0, 0]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.tuples(*[st.floats(-1, 1)] * 3), st.tuples(*[st.floats(2, 5)] * 3))
def test_projection_follows_the_camera(point: tuple[float, float, float], position: tuple[float, float, float]) -> None:
    camera = camera_at(position, (0, 0, 0))
    ((x, y),), (depth,) = camera.project(np.array([point]))
    local = np.array([(x - 320) / 500 * depth, (240 - y) / 500 * depth, -depth, 1.0])
    assert (local @ camera.camera_to_world)[:3] == pytest.approx(point, abs=1e-9)


def frame(**fields: object) -> Frame:
    camera = CameraView("/Camera", 4, 2, np.eye(4), 2.0, (2.0, 1.0))
    fields.setdefault("objects", (thing("/World/B"), thing("/World/A")))
    return Frame("scene", camera, **fields)  # type: ignore[arg-type]


def test_objects_and_room_are_sorted_by_path() -> None:
    room = tuple(RoomElement(f"/World/{name}", RoomKind.WALL, "wall", np.zeros((2, 3))) for name in "ZY")
    result = frame(room=room)
    assert [item.path for item in result.objects] == ["/World/A", "/World/B"]
    assert [item.path for item in result.room] == ["/World/Y", "/World/Z"]


def test_visible_are_those_with_a_pixel() -> None:
    none = Visibility((0, 0, 0, 0), (0, 0, 0, 0), 0, 9, 1.0, False)
    objects = (thing("/A", visibility=SEEN), thing("/B", visibility=none), thing("/C"))
    assert [item.path for item in frame(objects=objects).visible] == ["/A"]


def test_a_path_that_occurs_twice_is_named() -> None:
    with pytest.raises(ValueError, match="/World/A occurs more than once"):
        frame(objects=(thing("/World/A"), thing("/World/A")))


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (Buffer.DEPTH, np.zeros((2, 4), np.float64), r"distance_to_image_plane.*float32 \(2, 4\).*float64 \(2, 4\)"),
        (Buffer.DEPTH, np.zeros((4, 2), np.float32), r"expected float32 \(2, 4\)"),
        (Buffer.RGB, np.zeros((2, 4, 3), np.uint8), r"rgb.*uint8 \(2, 4, 4\)"),
    ],
)
def test_a_buffer_that_does_not_fit_its_spec_is_named(name: Buffer, array: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        frame(buffers={name: array})


def test_buffers_that_fit_are_kept() -> None:
    depth = np.full((2, 4), np.inf, np.float32)
    assert frame(buffers={Buffer.DEPTH: depth}).buffers[Buffer.DEPTH] is depth


@pytest.mark.parametrize(("roll", "mirrored"), [(0.0, False), (30.0, False), (180.0, True)])
def test_right_of_the_viewer_is_the_pictures_right(roll: float, mirrored: bool) -> None:
    """A camera that hangs upside down shows the world's right on the picture's left; words follow the picture."""
    angle = np.radians(roll)
    turn = np.array([[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    axes = turn @ np.array([[1.0, 0, 0], [0, 0.6, 0.8], [0, -0.8, 0.6]])  # rows: right, up, backward in world
    world_to_camera = np.eye(4)
    world_to_camera[:3, :3] = axes.T
    camera = CameraView("/c", 640, 480, world_to_camera, 500.0, (320.0, 240.0))
    right, forward, up = camera.viewer_to_world
    (left_pixel, right_pixel), _ = camera.project(np.stack([-right, right]) - 10 * axes[2])
    assert right_pixel[0] > left_pixel[0]
    assert (np.dot(np.cross(forward, up), right) < 0) == mirrored
