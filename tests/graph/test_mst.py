"""Spanning forests against networkx, on random, gridded, flat, straight and doubled points."""

from __future__ import annotations

import math

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.graph import mst


def reference(points: np.ndarray, group: np.ndarray) -> networkx.Graph:
    graph = networkx.Graph()
    graph.add_nodes_from(range(len(points)))
    for one in range(len(points)):
        for two in range(one + 1, len(points)):
            if group[one] == group[two]:
                graph.add_edge(one, two, weight=float(np.linalg.norm((points[one] - points[two]) * 0.5e-4)))
    return networkx.minimum_spanning_tree(graph)


def total(points: np.ndarray, source: np.ndarray, target: np.ndarray) -> float:
    return float(np.linalg.norm((points[source] - points[target]) * 0.5e-4, axis=1).sum())


def strict_kruskal(edges: list[tuple[float, int, int]], nodes: int) -> set[tuple[int, int]]:
    """Kruskal's algorithm in order of (weight, source, target), with nothing clever in it."""
    root = list(range(nodes))

    def find(node: int) -> int:
        while root[node] != node:
            node = root[node]
        return node

    chosen = set()
    for _, one, two in sorted(edges):
        if find(one) != find(two):
            root[find(one)] = find(two)
            chosen.add((one, two))
    return chosen


def all_pairs(points: np.ndarray, group: np.ndarray) -> list[tuple[float, int, int]]:
    return [
        (int(((points[one] - points[two]) ** 2).sum()), one, two)
        for one in range(len(points))
        for two in range(one + 1, len(points))
        if group[one] == group[two]
    ]


def layouts() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(5)
    grid = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    line = np.arange(200)[:, None]
    turned = np.array([[3, 4, 0], [-4, 3, 0]])  # a plane that is not axis-aligned, in whole numbers
    circle = np.array([[round(1e5 * math.cos(k * 0.05)), round(1e5 * math.sin(k * 0.05)), 0] for k in range(120)])
    return {
        "cloud": draw.integers(-(10**6), 10**6, (200, 3)),
        "floor": draw.integers(-(10**6), 10**6, (200, 3)) * [1, 1, 0],
        "nearly flat": draw.integers(-(10**6), 10**6, (200, 3)) // [1, 1, 10**6],
        "grid": grid * 10_000,
        "flat grid": np.stack(np.meshgrid(np.arange(14), np.arange(14), [3]), axis=-1).reshape(-1, 3) * 20_000,
        "line": line * [30, 40, 50],
        "uneven line": np.cumsum(draw.integers(1, 1000, (200, 1)), axis=0) * [1, 2, -2],
        "tilted plane": draw.integers(-1000, 1000, (200, 2)) @ turned,
        "circle": circle,
        "doubles": np.repeat(draw.integers(-(10**5), 10**5, (60, 3)), 4, axis=0),
        "one place": np.zeros((150, 3), dtype=np.int64) + 7,
        "two places": np.repeat([[0, 0, 0], [500, 0, 0]], 80, axis=0),
        "crowded": np.unique(draw.integers(0, 12, (220, 3)) * [1, 1, 0], axis=0)[draw.permutation(97)],
        "far away": draw.integers(-(10**6), 10**6, (200, 3)) + 10**9,
        "two clusters": np.concatenate([draw.integers(0, 1000, (100, 3)), draw.integers(0, 1000, (100, 3)) + 10**7]),
    }


@pytest.mark.parametrize("name", sorted(layouts()))
def test_euclidean_tree_is_the_strict_tree_of_all_pairs(name: str) -> None:
    points = layouts()[name].astype(np.int64)
    group = np.zeros(len(points), dtype=np.int64)
    source, target = mst.euclidean_forest(points, group)
    assert (source < target).all()
    found = set(zip(source.tolist(), target.tolist(), strict=True))
    assert found == strict_kruskal(all_pairs(points, group), len(points))
    expected = sum(data["weight"] for *_, data in reference(points, group).edges(data=True))
    assert total(points, source, target) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(1, 130), st.integers(1, 4), st.sampled_from([3, 30, 10**6]))
def test_forest_of_groups_is_that_of_networkx(seed: int, count: int, groups: int, spread: int) -> None:
    draw = np.random.default_rng(seed)
    points, group = draw.integers(0, spread, (count, 3)), draw.integers(0, groups, count)
    source, target = mst.euclidean_forest(points, group)
    assert (group[source] == group[target]).all()
    assert len(source) == count - len(np.unique(group))
    expected = reference(points, group)
    assert total(points, source, target) == pytest.approx(sum(data["weight"] for *_, data in expected.edges(data=True)))


@pytest.mark.parametrize("name", ["cloud", "crowded", "flat grid", "doubles", "two clusters", "line"])
def test_prims_algorithm_is_a_way_out_where_the_triangulation_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    points = layouts()[name].astype(np.int64)
    group = np.zeros(len(points), dtype=np.int64)

    def fail(*_: object) -> None:
        raise mst.QhullError("QH6154 initial simplex is flat")

    monkeypatch.setattr(mst, "Delaunay", fail)
    source, target = mst.euclidean_forest(points, group)
    assert set(zip(source.tolist(), target.tolist(), strict=True)) == strict_kruskal(all_pairs(points, group), len(points))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3)), max_size=40))
def test_spanning_forest_keeps_edges_that_weigh_nothing_and_breaks_ties_by_ends(edges: list[tuple[int, int, int]]) -> None:
    unique = {(min(a, b), max(a, b)): weight for a, b, weight in edges if a != b}
    source, target = (np.array([pair[end] for pair in unique], dtype=np.int64) for end in (0, 1))
    weight = np.array(list(unique.values()), dtype=np.int64)
    rows = mst.spanning_forest(source, target, weight, nodes=10)
    found = set(zip(source[rows].tolist(), target[rows].tolist(), strict=True))
    assert found == strict_kruskal([(value, *pair) for pair, value in unique.items()], 10)
    assert (np.diff(weight[rows]) >= 0).all()  # Kruskal's order
    graph = networkx.Graph()
    graph.add_weighted_edges_from([(*pair, value) for pair, value in unique.items()])
    assert weight[rows].sum() == sum(data["weight"] for *_, data in networkx.minimum_spanning_tree(graph).edges(data=True))


def test_integer_centers_are_exact_where_floats_are_not() -> None:
    boxes = np.array([[[0.1, 0.2, 0.3], [0.3, 0.5, 0.4]], [[0.7, 0.1, 0.0], [0.8, 0.1, 0.0]]])
    assert mst.integer_centers(boxes).tolist() == [[4000, 7000, 7000], [15000, 2000, 0]]


def test_points_whose_triangulation_would_explode_go_to_prim(monkeypatch: pytest.MonkeyPatch) -> None:
    half = np.arange(600) * 100
    zero = np.zeros_like(half)
    points = np.concatenate([np.stack([half, zero, zero], axis=1), np.stack([zero, half, zero + 50_000], axis=1)])
    largest = 0
    triangulate = mst.Delaunay

    def counted(some: np.ndarray) -> object:
        nonlocal largest
        largest = max(largest, len(some))
        return triangulate(some)

    monkeypatch.setattr(mst, "Delaunay", counted)
    source, target = mst.euclidean_forest(points, np.zeros(len(points), dtype=np.int64))
    assert largest < 300  # all 1200 points would have 360,000 tetrahedra
    # Two rows of steps of 100, joined between their nearest points: the ends at (0, 0).
    assert len(source) == 1199
    assert (mst.squared_distance(points, source, target) == 100**2).sum() == 1198
    assert (0, 600) in set(zip(source.tolist(), target.tolist(), strict=True))
