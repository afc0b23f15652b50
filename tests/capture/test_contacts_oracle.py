"""Contacts against independent computations: Embree rays, sampled triangle distances, boxes with known support."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.capture import contact_kernels as kernels
from scenecap.capture import contact_touch
from scenecap.capture.contacts import ContactBody, MeshPiece, find_contacts
from scenecap.contract import ContactKind

from .contact_scenes import body, box, lathe, sphere, yaw_matrix

SHAPES = [
    box((-0.1, -0.07, 0), (0.1, 0.07, 0.12)),
    lathe([(0, 0.004), (0.03, 0.004), (0.034, 0), (0.04, 0), (0.045, 0.1), (0.042, 0.1), (0.036, 0.007), (0, 0.007)]),
    (lambda mesh: (mesh[0] + [0, 0, 0.05], mesh[1]))(sphere(0.05)),
    lathe([(0, 0), (0.05, 0), (0.14, 0.02), (0.14, 0.023), (0.05, 0.004), (0, 0.004)]),
    lathe([(0, 0), (0.02, 0), (0.07, 0.05), (0.067, 0.05), (0.02, 0.005), (0, 0.005)]),
]


def world_triangles(item: ContactBody) -> np.ndarray:
    parts = []
    for piece in item.pieces:
        matrix = np.eye(4) if piece.local_to_world is None else piece.local_to_world
        parts.append((piece.points @ matrix[:3, :3] + matrix[3, :3])[piece.triangles])
    return np.concatenate(parts)


class Rays:
    """All hits of vertical rays on one mesh, by Embree one after the other."""

    def __init__(self, triangles: np.ndarray) -> None:
        mesh = pytest.importorskip("embreex.mesh_construction")
        scene = pytest.importorskip("embreex.rtcore_scene")
        self.scene = scene.EmbreeScene(robust=True)
        self.mesh = mesh.TriangleMesh(self.scene, triangles.astype(np.float32))
        edge1, edge2 = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
        normal = np.cross(edge1, edge2)
        self.up = normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-30)

    def first(self, points: np.ndarray, direction: float) -> tuple[np.ndarray, np.ndarray]:
        rays = np.zeros_like(points, dtype=np.float32)
        rays[:, 2] = direction
        found = self.scene.run(points.astype(np.float32), rays, query="INTERSECT", output=True)
        hit = found["primID"] >= 0
        return np.where(hit, points[:, 2] + direction * found["tfar"], np.nan), np.where(hit, found["primID"], -1)

    def upward_faces(self, x: float, y: float, top: float, bottom: float) -> list[float]:
        heights, z = [], top
        while True:
            height, face = self.first(np.array([[x, y, z]]), -1.0)
            if face[0] < 0 or height[0] < bottom:
                return heights
            if self.up[face[0]] > 0.7:
                heights.append(float(height[0]))
            z = float(height[0]) - 1e-4


def oracle_shares(child: ContactBody, parents: list[ContactBody], *, side: int = 40) -> dict[str, float]:
    """Share of the child's underside over each parent, from a dense grid of vertical rays."""
    triangles = world_triangles(child)
    low, high = triangles.reshape(-1, 3).min(axis=0), triangles.reshape(-1, 3).max(axis=0)
    height = high[2] - low[2]
    up, down = max(0.005, min(0.03, 0.12 * height)), max(0.005, min(0.03, 0.25 * height))
    steps = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(low[0] + steps * (high[0] - low[0]), low[1] + steps * (high[1] - low[1]))
    start = np.stack([x.ravel(), y.ravel(), np.full(side * side, low[2] - 1)], axis=1)
    under, face = Rays(triangles).first(start, 1.0)
    keep = (face >= 0) & (under <= low[2] + max(0.02 * height, 0.001))
    casts = {item.path: Rays(world_triangles(item)) for item in parents}
    counts = dict.fromkeys(casts, 0)
    for (px, py, _), z in zip(start[keep], under[keep], strict=True):
        near = []
        for path, rays in casts.items():
            heights = [h for h in rays.upward_faces(px, py, z + down + 1e-5, z - up - 1e-5)]
            if heights:
                near.append((z - min(heights, key=lambda h: abs(z - h)), path))
        close = [item for item in near if abs(item[0]) <= 0.005]
        if near:
            counts[min(close)[1] if close else min(near, key=lambda item: abs(item[0]))[1]] += 1
    total = max(1, int(keep.sum()))
    return {path: count / total for path, count in counts.items() if count}


@pytest.mark.parametrize("seed", range(6))
def test_supports_and_shares_are_embrees(seed):
    rng = np.random.default_rng(seed)
    tops = [body("/board0", box((-0.6, -0.5, 0), (0.0, 0.5, 0.3))), body("/board1", box((0.001, -0.5, 0), (0.6, 0.5, 0.298)))]
    mat = body("/mat", box((-0.3, -0.3, 0.3), (-0.02, 0.3, 0.303)))
    parents = [*tops, mat]
    things = []
    for k in range(6):
        at = (rng.uniform(-0.5, 0.5), rng.uniform(-0.4, 0.4), 0.3 + rng.uniform(0, 0.0015))
        things.append(body(f"/thing{k}", SHAPES[(k + seed) % len(SHAPES)], matrix=yaw_matrix(rng.uniform(0, 360), at)))
    for thing in things:  # one at a time: they may overlap each other
        found = {c.parent: c.share for c in find_contacts([*parents, thing]) if c.child == thing.path and c.area > 0}
        expected = oracle_shares(thing, parents)
        for path in set(found) | {path for path, share in expected.items() if share > 0.06}:
            assert found.get(path, 0.0) == pytest.approx(expected.get(path, 0.0), abs=0.07), (thing.path, found, expected)


def test_triangle_distance_is_never_above_that_of_sampled_points_and_nearly_reaches_it():
    rng = np.random.default_rng(5)
    a, b = np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41))
    inside = a + b <= 1
    weights = np.stack([1 - a[inside] - b[inside], a[inside], b[inside]], axis=1)
    near = np.empty((2, 3))
    for _ in range(60):
        first, second = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)) + rng.normal(size=3)
        sampled = np.linalg.norm((weights @ first)[:, None] - (weights @ second)[None], axis=2).min()
        exact = contact_touch.triangle_distance(first, second, near)
        assert exact <= sampled + 1e-12
        assert np.linalg.norm(near[0] - near[1]) == pytest.approx(exact, abs=1e-9)
        assert sampled - exact < 0.12
        assert contact_touch.triangle_distance(second, first, near) == pytest.approx(exact, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_cells_of_the_underside_add_up_to_its_area(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, size=(3, 3))
    triangles = np.array([[0, 1, 2]], dtype=np.int32)
    area = 0.5 * abs(np.linalg.det(np.stack([points[1, :2] - points[0, :2], points[2, :2] - points[0, :2]])))
    bounds = kernels.band_box(points, triangles, 2.0)
    cells = kernels.underside_cells(points, triangles, 2.0, bounds, 16)
    assert cells[:, 3].sum() == pytest.approx(area, rel=1e-6, abs=1e-9)
    center = (cells[:, :2] * cells[:, 3:]).sum(axis=0) / cells[:, 3].sum()
    np.testing.assert_allclose(center, points[:, :2].mean(axis=0), atol=1e-5)
    assert cells[:, 2].min() >= points[:, 2].min() - 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_the_sweep_finds_every_pair_of_boxes(seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 3, size=(40, 3))
    boxes = np.stack([low, low + rng.uniform(0, 0.6, size=(40, 3))], axis=1)
    order = np.argsort(boxes[:, 0, 0], kind="stable")
    pairs = {tuple(row) for row in kernels.sweep_pairs(boxes, order, 0.1).tolist()}
    gap = np.maximum(boxes[:, None, 0] - boxes[None, :, 1], boxes[None, :, 0] - boxes[:, None, 1]).max(axis=2)
    assert pairs == {(i, j) for i in range(40) for j in range(i + 1, 40) if gap[i, j] <= 0.1}


@pytest.mark.shared
@pytest.mark.parametrize("count", [50, 500])
@pytest.mark.parametrize("gap", [-0.003, 0.0, 0.003])
def test_boxes_with_known_support(shared, count, gap):
    objects = json.loads((shared / "bench" / f"scene_{count}.json").read_text())["objects"]
    lift = {0: 0.0}

    def raised(item) -> float:  # each object stands exactly ``gap`` above (or in) what it rests on
        if item["id"] not in lift:
            below = objects[item["parent"]] if item["parent"] is not None else None
            lift[item["id"]] = 0.0 if below is None else below["max"][2] + raised(below) + gap - item["min"][2]
        return lift[item["id"]]

    bodies = []
    for item in objects:
        points, triangles = box(item["min"], item["max"])
        points[:, 2] += raised(item)
        path = f"/{item['id']:05d}"
        bodies.append(ContactBody(path, pieces=[MeshPiece(points, triangles)], is_room=item["id"] == 0))
    best: dict[int, tuple[float, float, int]] = {}
    for contact in find_contacts(bodies):
        assert contact.kind is ContactKind.SUPPORT
        child, key = int(contact.child[1:]), (-contact.area, abs(contact.gap), int(contact.parent[1:]))
        best[child] = min(best.get(child, key), key)
    expected = {item["id"]: item["parent"] for item in objects if item["parent"] is not None}
    assert {child: key[2] for child, key in best.items()} == expected
