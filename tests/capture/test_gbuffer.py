"""Surface attributes per pixel against the geometry they come from."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from scenecap.capture.gbuffer import GBuffer, build_gbuffer
from scenecap.capture.scene import build_raster_scene
from scenecap.stage.mesh import LocalMesh
from tests.capture.raster_scenes import Setup, blob, clutter, pinhole, placed, quad, rays


def gbuffer_of(setup: Setup, camera) -> GBuffer:
    return build_gbuffer(setup.scene, camera, setup.matrices, setup.run(camera))


def test_corner_weights_give_back_the_point_on_the_ray() -> None:
    setup = clutter(3, prims=12)
    for mesh in setup.meshes:  # texture coordinates that are the weights of the first two corners
        weights = np.tile([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], (len(mesh.triangles), 1, 1))
        mesh._uvs = lambda name, weights=weights: weights
    camera = pinhole((4, -4, 3), (0, 0, 0.5))
    buffer = gbuffer_of(setup, camera)
    corners, owner = setup.corners_world()
    first = np.searchsorted(owner, np.arange(len(setup.meshes)))
    hit = buffer.gprim >= 0
    triangle = corners[first[buffer.gprim[hit]] + buffer.triangle[hit]]
    weight = buffer.uv[hit].astype(np.float64)
    weight = np.column_stack([weight, 1.0 - weight.sum(axis=1)])
    assert weight.min() >= -1e-6
    point = np.einsum("pk,pkj->pj", weight, triangle)
    origin, directions = rays(camera)
    on_ray = origin + directions.reshape(*hit.shape, 3)[hit] * buffer.depth[hit][:, None]
    error = np.linalg.norm(point - on_ray, axis=1)
    assert np.median(error) < 1e-5
    assert np.quantile(error, 0.999) < 2e-3


def test_face_normals_are_those_of_the_triangles_towards_the_camera() -> None:
    setup = clutter(4, prims=12)
    camera = pinhole((4, -4, 3), (0, 0, 0.5))
    buffer = gbuffer_of(setup, camera)
    corners, owner = setup.corners_world()
    first = np.searchsorted(owner, np.arange(len(setup.meshes)))
    hit = buffer.gprim >= 0
    a, b, c = np.moveaxis(corners[first[buffer.gprim[hit]] + buffer.triangle[hit]], 1, 0)
    expected = np.cross(b - a, c - a)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    view = rays(camera)[1].reshape(*hit.shape, 3)[hit]
    expected *= -np.sign(np.einsum("ij,ij->i", expected, view))[:, None]
    assert buffer.face_normal[hit] == pytest.approx(expected, abs=1e-4)
    assert (np.einsum("ij,ij->i", buffer.face_normal[hit], view) <= 1e-6).all()
    assert np.linalg.norm(buffer.normal[hit], axis=1) == pytest.approx(np.ones(hit.sum()), abs=1e-5)
    assert (buffer.normal[~hit] == 0).all()


@pytest.mark.parametrize("scale", [(1, 1, 1), (2, 1, 0.5), (-1, 1, 1)])
def test_smooth_normals_of_a_stretched_ball_are_those_of_the_ellipsoid(scale) -> None:
    ball = blob(40, 64, seed=0)
    ball.points = ball.points / np.linalg.norm(ball.points, axis=1, keepdims=True)
    ball._normals = lambda: ball.points[ball.triangles]
    matrix = placed(at=(0, 0, 1), scale=scale, turn=0.7)
    setup = Setup([ball], matrix[None], np.array([0]))
    camera = pinhole((4, -3, 3), (0, 0, 1))
    buffer = gbuffer_of(setup, camera)
    hit = buffer.gprim >= 0
    origin, directions = rays(camera)
    point = origin + directions.reshape(*hit.shape, 3)[hit] * buffer.depth[hit][:, None]
    local = np.column_stack([point, np.ones(len(point))]) @ np.linalg.inv(matrix)
    # The gradient of |local|^2 in world axes.
    expected = local[:, :3] @ np.linalg.inv(matrix)[:3, :3].T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    cosine = np.einsum("ij,ij->i", expected, buffer.normal[hit])
    assert np.quantile(cosine, 0.02) > 0.995


def test_texture_coordinates_are_perspective_correct() -> None:
    floor = quad(10, 10)
    floor._uvs = lambda name: floor.points[floor.triangles][..., :2]
    setup = Setup([floor, quad(1, 1)], np.array([placed(), placed(at=(1, 1, 0.5))]), np.array([0, 1]))
    camera = pinhole((2, -6, 0.7), (0, 0, 0))
    buffer = gbuffer_of(setup, camera)
    hit = buffer.gprim == 0
    origin, directions = rays(camera)
    depth = -origin[2] / directions[:, 2]
    expected = (origin + directions * depth[:, None])[:, :2].reshape(*hit.shape, 2)
    assert buffer.uv[hit] == pytest.approx(expected[hit], abs=2e-3)
    assert np.isnan(buffer.uv[buffer.gprim == 1]).all()
    assert np.isnan(buffer.uv[buffer.gprim < 0]).all()


def test_each_prototype_reads_the_coordinates_its_material_names() -> None:
    def with_sets() -> LocalMesh:
        made = quad(2, 2)
        sets = {None: 1.0, "st": 1.0, "second": 2.0}
        made._uvs = lambda name: None if name not in sets else np.full((2, 3, 2), sets[name])
        return made

    scene = build_raster_scene([with_sets(), with_sets(), with_sets()], uv_names=["second", None, "missing"])
    assert scene.corner_uv()[:, 0, 0].tolist() == [2, 2, 1, 1, 1, 1]


def test_materials_follow_the_triangles() -> None:
    floor = quad(4, 4)
    floor.face_material = np.array([0, 3], dtype=np.int32)
    setup = Setup([floor], placed()[None], np.array([0]))
    buffer = gbuffer_of(setup, pinhole((0, 0, 6), (0, 0, 0)))
    hit = buffer.gprim >= 0
    assert set(np.unique(buffer.material[hit])) == {0, 3}
    assert ((buffer.material == 3) == (buffer.triangle == 1))[hit].all()
