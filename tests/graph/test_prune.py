"""Pruning: how many edges stay, and which."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scenecap.contract import Visibility
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import Relation, SceneGraph
from scenecap.graph.prune import kept_edges, salience_order
from scenecap.graph.settings import GraphSettings
from tests.graph.scenes import box, frame_of

SUPPORT = Relation.ON | Relation.SUPPORTS | Relation.INSIDE | Relation.CONTAINS


def room_with_tables(**settings: object) -> SceneGraph:
    objects = []
    for index in range(6):
        objects.append(box(f"Table_{index}", (2.0 * index - 5, 1.0 + 0.3 * index, 0.4), (1.2, 0.8, 0.8)))
        objects.append(box(f"Mug_{index}", (2.0 * index - 5, 1.0 + 0.3 * index, 0.85), (0.1, 0.1, 0.1)))
    return build_scene_graph(frame_of(objects), GraphSettings(**settings))  # type: ignore[arg-type]


def edges(graph: SceneGraph) -> list[tuple[int, int]]:
    return list(zip(graph.pruned.source.tolist(), graph.pruned.target.tolist(), strict=True))


@example(25, 280)  # 0.28 * 25 is 7.000000000000001
@given(st.integers(0, 5000), st.integers(0, 1000))
def test_kept_edges_is_the_exact_ceiling(count: int, thousandths: int) -> None:
    assert kept_edges(count, thousandths / 1000) == math.ceil(Fraction(thousandths, 1000) * count)


@pytest.mark.parametrize(("ratio", "count"), [(0.0, 0), (0.01, 1), (0.5, 6), (0.91, 11), (1.0, 11)])
@pytest.mark.parametrize("strategy", ["salient", "random"])
def test_ratio(ratio: float, count: int, strategy: str) -> None:
    whole, graph = room_with_tables(), room_with_tables(pruning_ratio=ratio, pruning_strategy=strategy)
    assert len(graph.pruned) == count
    assert set(edges(graph)) <= set(edges(whole))
    assert graph.mst_weight == whole.mst_weight  # of the tree before pruning


def test_salient_keeps_every_support_before_any_other_edge() -> None:
    graph = room_with_tables(pruning_ratio=0.5)
    assert all(graph.pruned.relation(row) & SUPPORT for row in range(len(graph.pruned)))
    whole = room_with_tables()
    flags = [bool(whole.pruned.relation(row) & SUPPORT) for row in range(len(whole.pruned))]
    assert flags == sorted(flags, reverse=True)
    assert sum(flags) == 6


@pytest.mark.parametrize(
    ("depth", "order"),
    [
        (None, [(0, 1), (0, 3), (0, 2)]),  # in front of and behind, by geometry: the larger margin first
        (5.0, [(0, 1), (0, 2), (0, 3)]),  # equal depths: no word is asserted, the shorter edge first
    ],
)
def test_salience_goes_by_size_then_margin_then_length(depth: float | None, order: list[tuple[int, int]]) -> None:
    def seen(edge: int) -> Visibility:
        area = (0, 0, edge - 1, edge - 1)
        return Visibility(area, area, 1, 1, 0.0, False, median_depth=depth)

    places = {"A": (0, 0, 10), "B": (1, 0, 50), "C": (0, 1.5, 10), "D": (0, -2.0, 10)}
    objects = [box(name, (x, y, 0.1), (0.2,) * 3, visibility=seen(size)) for name, (x, y, size) in places.items()]
    graph = build_scene_graph(frame_of(objects), GraphSettings())
    assert edges(graph) == order
    assert salience_order(graph.pruned, graph.nodes).tolist() == [0, 1, 2]


def test_random_is_drawn_from_the_seed_alone() -> None:
    draws = {
        seed: edges(room_with_tables(pruning_ratio=0.5, pruning_strategy="random", random_seed=seed)) for seed in range(8)
    }
    assert len({tuple(sorted(draw)) for draw in draws.values()}) > 4
    assert draws[3] == edges(room_with_tables(pruning_ratio=0.5, pruning_strategy="random", random_seed=3))


def test_random_keeps_the_order_of_salience_and_is_fair() -> None:
    whole = edges(room_with_tables())
    hits = dict.fromkeys(whole, 0)
    for seed in range(60):
        kept = edges(room_with_tables(pruning_ratio=0.5, pruning_strategy="random", random_seed=seed))
        assert kept == [edge for edge in whole if edge in kept]
        for edge in kept:
            hits[edge] += 1
    assert min(hits.values()) > 15  # 60 * 6 / 11 = 33 on average
    assert max(hits.values()) < 51


def test_a_longer_draw_keeps_what_a_shorter_one_kept() -> None:
    short, long = (
        edges(room_with_tables(pruning_ratio=ratio, pruning_strategy="random", random_seed=1)) for ratio in (0.3, 0.6)
    )
    assert set(short) <= set(long)


@pytest.mark.parametrize("ratio", [-0.1, 1.1, float("nan")])
def test_settings_refuse_other_ratios(ratio: float) -> None:
    with pytest.raises(ValueError, match="pruning_ratio"):
        GraphSettings(pruning_ratio=ratio)
