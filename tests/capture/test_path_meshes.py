"""Shared vertices: the same corners as before, in fewer vertices."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pxr", reason="needs usd-core")

from scenecap.capture.path_meshes import share_vertices
from scenecap.stage.mesh import LocalMesh


def grid(size: int, *, smooth: bool) -> LocalMesh:
    """A bumpy height field of (size - 1)^2 squares."""
    x, y = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    points = np.stack([x, y, np.sin(x * 1.7) * np.cos(y * 1.1)], axis=-1).reshape(-1, 3).astype(float)
    here = (np.arange(size - 1)[:, None] * size + np.arange(size - 1)).ravel()
    triangles = np.concatenate(
        [np.stack([here, here + size, here + size + 1], 1), np.stack([here, here + size + 1, here + 1], 1)]
    ).astype(np.int32)
    per_point = np.random.default_rng(0).normal(size=(len(points), 3))
    per_point /= np.linalg.norm(per_point, axis=1, keepdims=True)
    normals = per_point[triangles].astype(np.float32) if smooth else None
    face = np.zeros(len(triangles), np.int32)
    face[::2] = 1
    return LocalMesh(points, triangles, face, smooth=smooth, _normals=lambda: normals)


def corners(values: np.ndarray, faces: np.ndarray) -> np.ndarray:
    return values[faces.astype(int)]


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("with_uv", [False, True])
def test_every_corner_keeps_its_point_normal_and_coordinates(smooth, with_uv):
    mesh = grid(6, smooth=smooth)
    uv = None
    if with_uv:  # a seam through the middle: the same point has other coordinates on its two sides
        uv = mesh.points[mesh.triangles][..., :2].astype(np.float32).copy()
        uv[uv[..., 0].max(axis=1) > 2.5] += 7.0
    shared = share_vertices(mesh, uv)
    assert corners(shared.points, shared.faces) == pytest.approx(mesh.points[mesh.triangles], abs=1e-6)
    if smooth:
        assert shared.normals is not None
        assert corners(shared.normals, shared.faces) == pytest.approx(mesh.normals, abs=1e-5)
    else:
        assert shared.normals is None
    if with_uv:
        assert shared.uv is not None
        assert uv is not None
        assert corners(shared.uv, shared.faces) == pytest.approx(uv, abs=1e-5)
    assert len(shared.points) < 0.7 * mesh.triangles.size


def test_agreeing_corners_are_one_vertex():
    assert len(share_vertices(grid(6, smooth=True), None).points) == 36


def test_a_selection_of_faces_brings_its_own_points_only():
    mesh = grid(6, smooth=False)
    shared = share_vertices(mesh, None, faces=np.array([3]))
    assert len(shared.points) == 3
    assert corners(shared.points, shared.faces)[0] == pytest.approx(mesh.points[mesh.triangles[3]], abs=1e-6)


def test_coordinates_that_are_not_numbers_stay_separate_and_do_no_harm():
    mesh = grid(3, smooth=False)
    uv = np.full((len(mesh.triangles), 3, 2), np.nan, np.float32)
    shared = share_vertices(mesh, uv)
    assert corners(shared.points, shared.faces) == pytest.approx(mesh.points[mesh.triangles], abs=1e-6)


def test_placing_turns_normals_by_the_inverse_transpose():
    mesh = grid(4, smooth=True)
    placed = np.diag([2.0, 1.0, -0.5, 1.0])
    placed[3, :3] = (1.0, 2.0, 3.0)
    shared = share_vertices(mesh, None, placed=placed)
    moved = mesh.points @ placed[:3, :3] + placed[3, :3]
    assert corners(shared.points, shared.faces) == pytest.approx(moved[mesh.triangles], abs=1e-5)
    assert shared.normals is not None
    assert np.linalg.norm(shared.normals, axis=1) == pytest.approx(np.ones(len(shared.normals)), abs=1e-5)
    # A tangent stays at a right angle to its normal.
    plain = share_vertices(mesh, None)
    assert plain.normals is not None
    tangent = np.cross(plain.normals, [0.3, 0.5, 0.8])
    assert np.abs(((tangent @ placed[:3, :3]) * shared.normals).sum(axis=1)).max() < 1e-5
