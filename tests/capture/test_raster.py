"""The rasteriser against ray casts, masks and closed formulas."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from scenecap.capture.raster import median_depths, rasterize
from scenecap.capture.scene import build_raster_scene
from scenecap.contract import CameraView
from scenecap.stage.mesh import LocalMesh, empty_mesh
from tests.capture.raster_scenes import Setup, blob, box_of, cast, clutter, mesh_of, pinhole, placed, quad, rays

VIEWS = {
    "outside": ((4, -4, 3), (0, 0, 0.5)),
    "low": ((3, 0.2, 0.3), (0, 0, 0.4)),
    "straight down": ((0, 0, 5), (0, 0, 0)),
    "in the middle": ((0.1, 0.1, 0.9), (2, 1, 0.4)),  # objects beside, behind and across the near plane
    "from below": ((1, 1, -3), (0, 0, 0)),
}


@pytest.mark.parametrize("view", VIEWS)
def test_ids_and_depth_equal_a_ray_cast_through_every_pixel(view: str) -> None:
    setup = clutter(7, prims=10)
    camera = pinhole(*VIEWS[view], width=64, height=48, focal=54.0)
    result = setup.run(camera)
    gprim, depth = cast(setup, camera)
    same = result.gprim == gprim
    # What differs lies on silhouettes, where the snapping of corners to 2^-14 px may decide.
    assert (~same).mean() < 0.001
    hit = same & (gprim >= 0)
    assert hit.mean() > 0.3
    assert np.isinf(result.depth[result.gprim < 0]).all()
    assert result.depth[hit] == pytest.approx(depth[hit], rel=2e-4)
    assert np.abs(result.depth[hit] / depth[hit] - 1).mean() < 2e-6


@pytest.mark.parametrize("seed", [1, 2])
def test_ids_and_depth_equal_embrees(seed: int) -> None:
    embree = pytest.importorskip("embreex.rtcore_scene")
    construct = pytest.importorskip("embreex.mesh_construction")
    setup = clutter(seed, prims=80)
    camera = pinhole((4, -4, 3), (0, 0, 0.5), width=480, height=360, focal=450.0)
    corners, owner = setup.corners_world()
    scene = embree.EmbreeScene()
    construct.TriangleMesh(scene, corners.astype(np.float32))
    origin, directions = rays(camera)
    origins = np.broadcast_to(origin, directions.shape).astype(np.float32).copy()
    cast_by_embree = scene.run(origins, directions.astype(np.float32), query="INTERSECT", output=True)
    triangle, distance = cast_by_embree["primID"], cast_by_embree["tfar"]
    gprim = np.where(triangle >= 0, owner[triangle], -1).reshape(360, 480)
    result = setup.run(camera)
    same = result.gprim == gprim
    assert (~same).mean() < 0.001
    hit = same & (gprim >= 0)
    assert result.depth[hit] == pytest.approx(distance.reshape(360, 480)[hit], rel=1e-3)
    # Off the silhouettes nothing differs: each pixel that does has a neighbour of another gprim.
    for row, column in np.argwhere(~same):
        around = gprim[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        assert len(np.unique(around)) > 1


@pytest.mark.parametrize("view", VIEWS)
def test_counts_and_boxes_equal_brute_force_masks(view: str) -> None:
    setup = clutter(11, prims=20)
    camera = pinhole(*VIEWS[view])
    result = setup.run(camera)
    medians = median_depths(result)
    for entity in range(setup.count):
        visible = result.entity == entity
        alone = setup.run(camera, only=entity).entity == entity
        assert result.visible_px[entity] == visible.sum()
        assert result.unoccluded_px[entity] == alone.sum()
        assert (alone | ~visible).all(), "what is seen among others is seen alone"
        if visible.any():
            assert result.box_tight[entity].tolist() == box_of(visible)
        if alone.any():
            assert result.box_loose[entity].tolist() == box_of(alone)
        expected = np.median(result.depth[visible].astype(np.float64)) if visible.any() else np.nan
        assert medians[entity] == pytest.approx(expected, rel=1e-12, nan_ok=True)


@pytest.mark.parametrize("near", [0.01, 0.5, 2.0])
def test_a_floor_that_crosses_the_near_plane_has_exact_depth(near: float) -> None:
    setup = Setup([quad(1000, 1000)], placed()[None], np.array([0]))
    camera = pinhole((0, 0, 1.5), (10, 3, 1.2), width=320, height=240, near_far=(near, 1e6))
    result = setup.run(camera)
    origin, directions = rays(camera)
    with np.errstate(divide="ignore"):
        depth = (-origin[2] / directions[:, 2]).reshape(240, 320)
    point = origin + directions * depth.reshape(-1, 1)
    inside = (np.abs(point[:, :2]).max(axis=1) < 499.9).reshape(240, 320) & (depth > near * 1.001)
    outside = (np.abs(point[:, :2]).max(axis=1) > 500.1).reshape(240, 320) | (depth < near * 0.999)
    assert np.isfinite(result.depth[inside]).all()
    assert np.isinf(result.depth[outside]).all()
    assert result.depth[inside] == pytest.approx(depth[inside], rel=1e-4)
    assert result.truncated[0]


def test_nothing_is_drawn_beyond_the_far_distance() -> None:
    setup = Setup([quad(1000, 1000), quad(2, 2)], np.array([placed(), placed(at=(0, 0, 9))]), np.array([0, 1]))
    camera = pinhole((0, 0, 1.5), (10, 0, 1.2), near_far=(0.01, 20.0))
    result = setup.run(camera)
    hit = np.isfinite(result.depth)
    assert hit.any()
    assert result.depth[hit].max() <= 20.0 * (1 + 1e-6)
    assert result.depth[hit].max() > 18.0
    assert result.unoccluded_px[0] == hit.sum()
    assert result.truncated.all()


@pytest.mark.parametrize("turn", [0.0, 0.3, 1.1])
@pytest.mark.parametrize("view", ["outside", "low", "straight down"])
def test_of_coplanar_faces_the_lower_entity_wins_everywhere(turn: float, view: str) -> None:
    # The same plane, cut and placed in different ways: float noise must not show as a pattern.
    meshes = [quad(3, 2), quad(2, 3, flip=True), quad(1.5, 1.5)]
    matrices = np.array([placed(at=(0.3, 0.1, 0.2), turn=turn), placed(at=(0, 0, 0.2)), placed(at=(0.1, 0, 0.2), scale=2.0)])
    camera = pinhole(*VIEWS[view])
    masks = [Setup(meshes, matrices, np.array([0, 1, 2])).run(camera, only=entity).entity == entity for entity in range(3)]
    expected = np.where(masks[0], 0, np.where(masks[1], 1, np.where(masks[2], 2, -1)))
    assert (Setup(meshes, matrices, np.array([0, 1, 2])).run(camera).entity == expected).all()
    # The order of the gprims in the stage does not matter, the entities' does.
    shuffled = Setup([meshes[2], meshes[0], meshes[1]], matrices[[2, 0, 1]], np.array([2, 0, 1])).run(camera)
    assert (shuffled.entity == expected).all()


def test_shared_edges_through_pixel_centres_leave_no_crack() -> None:
    # One unit is ten pixels, so every edge of this grid, and every diagonal, runs through centres.
    n = 9
    x, y = np.meshgrid(np.arange(n) - 4.0, np.arange(n) - 4.0, indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], axis=1)
    faces = []
    for i in range(n - 1):
        for j in range(n - 1):
            a, b, c, d = i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1, i * n + j + 1
            faces += [[a, b, c], [a, c, d]] if (i + j) % 2 else [[a, b, d], [b, c, d]]
    setup = Setup([mesh_of(points, faces)], placed()[None], np.array([0]))
    camera = CameraView("/cam", 80, 80, pinhole((0, 0, 10), (0, 0, 0)).world_to_camera, 100.0, (40.5, 40.5))
    result = setup.run(camera)
    # Corners project to 40.5 +- 40: centres of pixels 0 and 80, edges included.
    assert (result.entity == 0).all()
    assert result.unoccluded_px[0] == 80 * 80
    assert result.depth == pytest.approx(np.full((80, 80), 10.0))


@pytest.mark.parametrize(
    ("at", "pixels", "truncated"),
    [
        ((0, 0, 0), True, False),
        ((2.4, 0, 0), True, True),  # cut by the right edge
        ((0, 2.0, 0), True, True),
        ((9, 0, 0), False, True),  # beside the picture
        ((0, 0, 20), False, True),  # behind the camera
        ((0, 0, 9.9), True, True),  # the camera is inside it
    ],
)
def test_truncation(at, pixels: bool, truncated: bool) -> None:
    setup = Setup([blob(8, 12, seed=0)], placed(at=at, scale=0.5)[None], np.array([0]))
    camera = CameraView("/cam", 80, 60, pinhole((0, 0, 10), (0, 0, 0)).world_to_camera, 150.0, (40, 30), (0.01, 100.0))
    result = setup.run(camera)
    assert (result.unoccluded_px[0] > 0) == pixels
    assert bool(result.truncated[0]) == truncated


def test_hidden_objects_have_pixels_alone_and_none_visible() -> None:
    setup = Setup([quad(4, 4), blob(8, 12, seed=0)], np.array([placed(at=(0, 0, 2)), placed(scale=0.3)]), np.array([0, 1]))
    result = setup.run(pinhole((0, 0, 10), (0, 0, 0)))
    assert result.visible_px[1] == 0
    assert result.unoccluded_px[1] > 30
    assert result.box_tight[1, 0] > result.box_tight[1, 2]


def test_surfaces_seen_from_behind_are_drawn() -> None:
    setup = Setup([quad(2, 2)], placed()[None], np.array([0]))
    front, back = (setup.run(pinhole((0, 0, z), (0, 0, 0))) for z in (5, -5))
    assert front.visible_px[0] == back.visible_px[0] > 100


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
def test_results_do_not_depend_on_the_unit_of_length(scale: float) -> None:
    setup = clutter(5, prims=10)
    camera = pinhole((4, -4, 3), (0, 0, 0.5))
    expected = setup.run(camera)
    grown = Setup(setup.meshes, setup.matrices @ np.diag([scale, scale, scale, 1.0]), setup.entity)
    matrix = camera.world_to_camera.copy()
    matrix[3, :3] *= scale
    result = grown.run(
        CameraView("/cam", camera.width, camera.height, matrix, camera.focal_px, camera.center_px, (0.01 * scale, 1e3 * scale))
    )
    assert (result.gprim != expected.gprim).mean() < 1e-3
    both = np.isfinite(result.depth) & np.isfinite(expected.depth) & (result.gprim == expected.gprim)
    assert result.depth[both] / scale == pytest.approx(expected.depth[both], rel=1e-4)


def test_far_from_the_origin_it_is_still_exact() -> None:
    setup = clutter(5, prims=10)
    offset = np.array([2.0e5, -3.0e5, 1.0e4])
    moved = Setup(setup.meshes, setup.matrices.copy(), setup.entity)
    moved.matrices[:, 3, :3] += offset
    result = moved.run(pinhole(np.array([4, -4, 3]) + offset, np.array([0, 0, 0.5]) + offset))
    expected = setup.run(pinhole((4, -4, 3), (0, 0, 0.5)))
    assert (result.gprim != expected.gprim).mean() < 2e-3


def test_the_same_input_gives_the_same_bytes() -> None:
    camera = pinhole((4, -4, 3), (0, 0, 0.5))
    first, second = (clutter(9).run(camera) for _ in range(2))
    for name in ("gprim", "triangle", "depth", "entity", "unoccluded_px", "box_loose", "truncated", "visible_px", "box_tight"):
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()


@pytest.mark.parametrize(
    "mesh",
    [
        empty_mesh(),
        mesh_of([(0, 0, 0), (1, 0, 0), (2, 0, 0)], [[0, 1, 2]]),
        mesh_of([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [[0, 0, 0], [1, 1, 2]]),
        mesh_of([(1e30, 0, 0), (-1e30, 1e30, 0), (0, -1e30, 0)], [[0, 1, 2]]),
        mesh_of([(0, 0, 1), (1e-12, 0, 1), (0, 1e-12, 1)], [[0, 1, 2]]),
    ],
)
def test_degenerate_geometry_does_no_harm(mesh: LocalMesh) -> None:
    setup = Setup([mesh, quad(2, 2)], np.array([placed(), placed()]), np.array([0, 1]))
    result = setup.run(pinhole((0, 0, 5), (0, 0, 0)))
    assert result.visible_px.sum() == np.isfinite(result.depth).sum()
    assert result.unoccluded_px[1] > 0


def test_an_empty_scene_is_a_picture_of_nothing() -> None:
    result = rasterize(
        build_raster_scene([]),
        pinhole((0, 0, 5), (0, 0, 0)),
        np.zeros((0, 4, 4)),
        entity_of_gprim=np.zeros(0, dtype=np.int32),
        entity_count=1,
    )
    assert (result.entity == -1).all()
    assert np.isinf(result.depth).all()


def test_prototypes_are_stored_once() -> None:
    shape = blob(6, 8, seed=1)
    scene = build_raster_scene([shape, empty_mesh(), shape, quad()])
    assert scene.prototype.tolist() == [0, -1, 0, 1]
    assert len(scene.triangles) == len(shape.triangles) + 2
