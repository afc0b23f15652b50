"""Subdivision against what is known of the limit surfaces: regular B-spline patches, spheres of cubes, creases."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap.stage.subdivide import SHARP, Cage, refine_catmull_clark, refine_loop, to_limit
from scenecap.stage.triangulate import Polygons
from tests.stage.stages import CUBE_FACES, CUBE_POINTS


def cage_of(points, faces, **options) -> Cage:
    counts = np.array([len(face) for face in faces])
    vertices = np.concatenate([np.asarray(face) for face in faces])
    return Cage(
        np.asarray(points, dtype=np.float64),
        Polygons(counts, vertices, np.arange(len(vertices)), np.arange(len(faces))),
        **options,
    )


def grid(n: int, height) -> Cage:
    x, y = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    points = np.stack([x, y, height(x, y)], axis=-1).reshape(-1, 3).astype(np.float64)
    faces = [[i * n + j, (i + 1) * n + j, (i + 1) * n + j + 1, i * n + j + 1] for i in range(n - 1) for j in range(n - 1)]
    return cage_of(points, faces)


def cubic_b_spline(grid_points: np.ndarray) -> np.ndarray:
    """Return the limit position at the middle point of a 3x3 neighbourhood: the tensor product of (1, 4, 1) / 6."""
    weights = np.array([1.0, 4.0, 1.0]) / 6.0
    return np.einsum("i,j,ijk->k", weights, weights, grid_points)


@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_a_regular_grid_has_the_limit_of_the_bicubic_b_spline(levels: int) -> None:
    cage = grid(7, lambda x, y: np.sin(x) + 0.3 * y * y)
    expected = cubic_b_spline(cage.points.reshape(7, 7, 3)[2:5, 2:5])
    for _ in range(levels):
        cage = refine_catmull_clark(cage)
    limit = to_limit(cage).points
    # Old points keep their numbers at every level.
    assert limit[3 * 7 + 3] == pytest.approx(expected)


def test_the_cube_becomes_round_and_keeps_its_symmetry() -> None:
    cage = refine_catmull_clark(cage_of(CUBE_POINTS, CUBE_FACES))
    # By hand: (mean of face points + 2 * mean of edge middles) / 3 = (1/3 + 2 * 2/3) / 3.
    assert np.abs(cage.points[0]) == pytest.approx([5 / 9] * 3)
    corners = []
    for _ in range(3):
        corners.append(np.abs(to_limit(cage).points[:8]))
        cage = refine_catmull_clark(cage)
    # By hand from the first level: (9 * 5/9 + 4 * 1.5 + 1) / 24; a limit is the same from any level.
    for level in corners:
        assert level == pytest.approx(np.full((8, 3), 0.5))
    points = to_limit(cage).points
    radius = np.linalg.norm(points, axis=1)
    assert radius.max() / radius.min() < 1.2  # the cage's own ratio is 1.73
    assert np.abs(points).max(axis=0) == pytest.approx([np.abs(points).max()] * 3)
    assert len(cage.polygons.counts) == 6 * 4**4


def test_infinitely_sharp_creases_keep_the_cube_a_cube() -> None:
    edges = sorted({tuple(sorted((face[k], face[(k + 1) % 4]))) for face in CUBE_FACES for k in range(4)})
    cage = cage_of(CUBE_POINTS, CUBE_FACES, crease_edges=np.array(edges), crease_sharpness=np.full(len(edges), SHARP))
    for _ in range(2):
        cage = refine_catmull_clark(cage)
    points = to_limit(cage).points
    assert np.abs(points).max(axis=1) == pytest.approx(np.ones(len(points)))
    assert np.abs(points).max(axis=0) == pytest.approx([1, 1, 1])


def test_a_sharper_crease_stays_nearer_to_the_cage() -> None:
    ring = [(4, 5), (5, 7), (7, 6), (6, 4)]  # around the top
    heights = []
    for sharpness in (0.0, 0.5, 1.0, 2.0, SHARP):
        cage = cage_of(CUBE_POINTS, CUBE_FACES, crease_edges=np.array(ring), crease_sharpness=np.full(4, max(sharpness, 1e-9)))
        for _ in range(3):
            cage = refine_catmull_clark(cage)
        heights.append(cage.points[:, 2].max())
    assert heights == sorted(heights)
    assert heights[0] < 0.9
    assert heights[-1] == pytest.approx(1.0)


def test_boundaries_follow_their_b_spline_and_lone_corners_stay() -> None:
    cage = grid(4, lambda x, y: 0 * x)
    border = cage.points[[0, 1, 2]]
    for _ in range(2):
        cage = refine_catmull_clark(cage)
    limit = to_limit(cage).points
    assert limit[0] == pytest.approx([0, 0, 0])
    assert limit[1] == pytest.approx((border[0] + 4 * border[1] + border[2]) / 6)


def test_loop_keeps_a_tetrahedron_symmetric_and_a_plane_flat() -> None:
    points = np.array([(1, 1, 1), (-1, -1, 1), (-1, 1, -1), (1, -1, -1)], dtype=np.float64)
    faces = [[0, 1, 3], [0, 2, 1], [0, 3, 2], [1, 2, 3]]
    cage = cage_of(points, faces)
    for _ in range(3):
        cage = refine_loop(cage)
    assert len(cage.polygons.counts) == 4 * 4**3
    radius = np.linalg.norm(cage.points[:4], axis=1)
    assert radius == pytest.approx([radius[0]] * 4)
    # Limit of a vertex of valence 3 under Loop: p + 3 * chi * (ring mean - p), chi = 1 / (3 / (8 beta) + n), beta = 3/16.
    chi = 1.0 / (3.0 / (8.0 * 3.0 / 16.0) + 3.0)
    expected = points[0] * (1 - 3 * chi) + chi * points[1:].sum(axis=0)
    assert cage.points[0] == pytest.approx(expected, abs=0.02)


def test_values_at_corners_are_refined_linearly() -> None:
    cage = grid(4, lambda x, y: 0 * x)
    at = cage.points[cage.polygons.vertices][:, :2]
    cage = Cage(cage.points, cage.polygons, at.copy())
    finer = refine_catmull_clark(refine_catmull_clark(cage))
    inside = cage_interior(finer)
    # In a flat regular grid, where surface and cage agree inside, so must the interpolated coordinates.
    assert finer.weights is not None
    assert finer.weights[inside] == pytest.approx(finer.points[finer.polygons.vertices][inside][:, :2])


def cage_interior(cage: Cage) -> np.ndarray:
    x, y = cage.points[cage.polygons.vertices][:, :2].T
    return (x > 1) & (x < 2) & (y > 1) & (y < 2)


def test_n_gons_and_authored_faces_are_followed() -> None:
    cage = cage_of([(0, 0, 0), (2, 0, 0), (3, 1, 0), (1, 2, 0), (-1, 1, 0), (0, -2, 0)], [[0, 1, 2, 3, 4], [1, 0, 5]])
    finer = refine_catmull_clark(cage)
    assert finer.polygons.counts.tolist() == [4] * 8
    assert finer.polygons.faces.tolist() == [0] * 5 + [1] * 3
