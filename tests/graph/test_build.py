"""The whole graph: levels, edges, the forest without the full graph, and the same result every time."""

from __future__ import annotations

from pathlib import Path

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.contract import Contact, ContactKind, Evidence, Visibility
from scenecap.errors import EmptyFrameError
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import EdgeTable, Relation, SceneGraph
from scenecap.graph.settings import GraphSettings
from tests.graph.scenes import bench_frame, bench_scene, box, camera_at, frame_of

SUPPORT = Relation.ON | Relation.SUPPORTS | Relation.INSIDE | Relation.CONTAINS


def desk_scene() -> list:
    return [
        box("Desk", (0, 0, 0.37), (1.4, 0.7, 0.74)),
        box("Chair", (0.1, -0.8, 0.45), (0.5, 0.5, 0.9)),
        box("Monitor", (0, 0.15, 0.99), (0.6, 0.2, 0.5)),
        box("Keyboard", (0, -0.1, 0.75), (0.4, 0.15, 0.02)),
        box("Mug", (0.5, 0, 0.79), (0.1, 0.1, 0.1)),
        box("Lamp", (0, 0, 2.4), (0.3, 0.3, 0.3)),
    ]


def edges(table: EdgeTable | None) -> list[tuple[int, int]]:
    assert table is not None
    return list(zip(table.source.tolist(), table.target.tolist(), strict=True))


def networkx_weight(graph: SceneGraph) -> float:
    tree = networkx.minimum_spanning_tree(graph.to_networkx("full"))
    return sum(data["weight"] for *_, data in tree.edges(data=True))


def test_full_graph_holds_the_level_pairs_and_the_supports() -> None:
    graph = build_scene_graph(frame_of(desk_scene()))
    assert [node.path.rsplit("/", 1)[-1] for node in graph.nodes] == ["Chair", "Desk", "Keyboard", "Lamp", "Monitor", "Mug"]
    assert [node.level for node in graph.nodes] == [1, 1, 2, 1, 2, 2]
    assert edges(graph.full) == [(0, 1), (0, 3), (1, 2), (1, 3), (1, 4), (1, 5), (2, 4), (2, 5), (4, 5)]
    assert graph.children(1) == (2, 4, 5)
    assert graph.children(0) == ()
    assert graph.node_of("/World/Mug") is graph.nodes[5]
    assert graph.node_of("/World/Nothing") is None


def test_support_first_keeps_every_support_in_the_tree() -> None:
    graph = build_scene_graph(frame_of(desk_scene()))
    assert {(1, 2), (1, 4), (1, 5)} <= set(edges(graph.pruned))
    assert len(graph.pruned) == 5
    assert graph.mst_weight == pytest.approx(networkx_weight(graph))
    distance = build_scene_graph(frame_of(desk_scene()), GraphSettings(mst_weight="distance"))
    assert distance.mst_weight == pytest.approx(networkx_weight(distance))
    assert (distance.pruned.weight == distance.pruned.center_distance).all()


def test_a_supporter_that_was_not_selected_stays_in_the_path_and_the_levels() -> None:
    objects = desk_scene()
    unseen = [box("Desk", (0, 0, 0.37), (1.4, 0.7, 0.74), visibility=None), *objects[1:]]
    graph = build_scene_graph(frame_of(unseen))
    mug = graph.node_of("/World/Mug")
    assert mug is not None
    assert (mug.level, mug.parent, mug.parent_path, mug.parent_kind) == (2, None, "/World/Desk", ContactKind.SUPPORT)
    assert mug.contacts == (("/World/Desk", ContactKind.SUPPORT),)
    # Level 1 and level 2 no longer meet: a forest, not a tree.
    assert len(graph.pruned) == len(graph.nodes) - 2
    monitor = graph.node_of("/World/Monitor")
    assert monitor is not None
    assert graph.relation(mug.id, monitor.id) & Relation.RIGHT


def test_secondary_contacts_are_edges_too() -> None:
    given_ = [
        Contact("/World/Plank", f"/World/{name}", ContactKind.SUPPORT, 0.0, area, 1.0, Evidence.GEOMETRY)
        for name, area in (("A", 0.2), ("B", 0.1))
    ]
    objects = [
        box("A", (-0.5, 0, 0.25), (0.3,) * 3),
        box("B", (0.5, 0, 0.25), (0.3,) * 3),
        box("Plank", (0, 0, 0.42), (1.4, 0.3, 0.04)),
    ]
    graph = build_scene_graph(frame_of(objects, contacts=given_))
    assert {(0, 2), (1, 2)} <= set(edges(graph.full))
    assert graph.nodes[2].parent == 0
    assert set(edges(graph.pruned)) == {(0, 2), (1, 2)}
    assert graph.mst_weight == 0.0


placed = st.tuples(
    st.integers(-8, 8), st.integers(-8, 8), st.integers(0, 2), st.sampled_from([(5, 5, 4), (10, 8, 4), (2, 3, 8), (2, 2, 2)])
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(placed, min_size=1, max_size=25), st.sampled_from(["support_first", "distance"]))
def test_the_forest_is_that_of_the_full_graph(places: list[tuple], weight: str) -> None:
    objects = [
        box(f"N{index:02d}", (x * 0.2, y * 0.2, level * 0.4 + size[2] * 0.05), tuple(edge * 0.1 for edge in size))
        for index, (x, y, level, size) in enumerate(places)
    ]
    graph = build_scene_graph(frame_of(objects), GraphSettings(mst_weight=weight, full_edges="all"))
    assert graph.mst_weight == pytest.approx(networkx_weight(graph), abs=1e-9)
    full = graph.to_networkx("full")
    assert len(graph.pruned) == len(graph.nodes) - networkx.number_connected_components(full)
    assert set(edges(graph.pruned)) <= set(edges(graph.full))
    assert networkx.is_forest(graph.to_networkx("pruned"))
    assert graph.full is not None
    for row, (one, two) in enumerate(edges(graph.full)):
        assert graph.nodes[one].level == graph.nodes[two].level or graph.full.relation(row) & SUPPORT


@pytest.mark.shared
@pytest.mark.parametrize("weight", ["support_first", "distance"])
def test_the_forest_of_500_boxes_is_that_of_networkx(weight: str, shared: Path) -> None:
    frame = bench_frame(bench_scene(shared, 500)[0])
    options = {"max_object_capacity": 500, "mst_weight": weight}
    graph = build_scene_graph(frame, GraphSettings(full_edges="all", **options))
    assert graph.mst_weight == pytest.approx(networkx_weight(graph), rel=1e-12)
    assert graph.full is not None
    assert len(graph.full) > 40_000
    lean = build_scene_graph(frame, GraphSettings(full_edges="nearest", **options))
    assert edges(lean.pruned) == edges(graph.pruned)
    assert lean.full is not None
    assert len(lean.full) < 5_000
    assert set(edges(lean.full)) <= set(edges(graph.full))
    assert networkx_weight(lean) == pytest.approx(graph.mst_weight, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"full_edges": "all"}, 20 * 19 // 2),
        ({"full_edges": "auto", "full_edges_limit": 20}, 20 * 19 // 2),
        # Each has its two neighbours; at either end of the row, the next but one as well.
        ({"full_edges": "auto", "full_edges_limit": 19}, 19 + 2),
        ({"full_edges": "nearest"}, 19 + 2),
    ],
)
def test_full_edges(options: dict, count: int) -> None:
    row = [box(f"N{index:02d}", (0.5 * index, 0, 0.1), (0.2,) * 3) for index in range(20)]
    graph = build_scene_graph(frame_of(row), GraphSettings(nearest_edges=2, **options))
    assert len(edges(graph.full)) == count


def test_the_full_graph_can_be_left_out() -> None:
    graph = build_scene_graph(frame_of(desk_scene()), full=False)
    assert graph.full is None
    assert edges(graph.pruned) == edges(build_scene_graph(frame_of(desk_scene())).pruned)
    with pytest.raises(ValueError, match="'full'"):
        graph.to_networkx("full")


def test_capacity_drops_the_small_and_keeps_its_report() -> None:
    graph = build_scene_graph(frame_of(desk_scene()), GraphSettings(max_object_capacity=3))
    assert len(graph.nodes) == 3
    assert graph.selection.seen == 6
    assert {item.code for item in graph.selection.dropped} == {"capacity"}


def test_one_object_makes_a_graph_and_none_an_error() -> None:
    graph = build_scene_graph(frame_of([box("A", (0, 0, 0.1), (0.2,) * 3)]))
    assert (len(graph.nodes), len(graph.pruned), graph.mst_weight, graph.between, graph.centered) == (1, 0, 0.0, (), {})
    with pytest.raises(EmptyFrameError, match="has no object"):
        build_scene_graph(frame_of([]))


def test_the_same_frame_gives_the_same_graph_in_any_order_of_objects() -> None:
    one, two = (build_scene_graph(frame_of(order)) for order in (desk_scene(), desk_scene()[::-1]))
    for name in ("full", "pruned"):
        tables = [getattr(graph, name) for graph in (one, two)]
        assert all((getattr(tables[0], key) == getattr(tables[1], key)).all() for key in EdgeTable.__dataclass_fields__)
    assert one.between == two.between


def test_edge_tables_hold_what_their_docstring_says() -> None:
    table = build_scene_graph(frame_of(desk_scene())).full
    assert table is not None
    kinds = {
        "source": np.int32, "target": np.int32, "relations": np.uint32, "surface_distance": np.float64,
        "center_distance": np.float64, "offset": np.float64, "clock_hour": np.int8, "margin": np.float64,
        "weight": np.float64, "evidence": np.uint8,
    }  # fmt: skip
    assert {key: getattr(table, key).dtype for key in kinds} == {key: np.dtype(kind) for key, kind in kinds.items()}
    assert table.offset.shape == (len(table), 3)
    assert (table.source < table.target).all()


def test_axes_are_the_viewers() -> None:
    camera = camera_at((6, 0, 2))
    graph = build_scene_graph(frame_of([box("A", (0, 0, 0.1), (0.2,) * 3, camera=camera)], camera=camera))
    assert (graph.axes == camera.viewer_to_world).all()


def test_networkx_carries_names_and_numbers() -> None:
    graph = build_scene_graph(frame_of(desk_scene()))
    out = graph.to_networkx("pruned")
    assert out.nodes[5] == {"path": "/World/Mug", "label": "mug", "level": 2}
    assert out.edges[1, 5]["relations"] == Relation.SUPPORTS
    assert out.edges[1, 5]["weight"] == 0.0
    with pytest.raises(ValueError, match="'halb'"):
        graph.to_networkx("halb")


def test_hidden_objects_count_for_support_but_are_no_nodes() -> None:
    hidden = Visibility((0, 0, 0, 0), (0, 0, 5, 5), 0, 30, 1.0, False)
    objects = [
        box("Tray", (0.2, 0, 0.75), (0.3, 0.3, 0.02), visibility=hidden),
        box("Cup", (0.2, 0, 0.81), (0.1,) * 3),
        desk_scene()[0],
    ]
    graph = build_scene_graph(frame_of(objects))
    cup = graph.node_of("/World/Cup")
    assert cup is not None
    assert (cup.level, cup.parent, cup.parent_path) == (3, None, "/World/Tray")


@pytest.mark.parametrize("kind", [ContactKind.HANGING, ContactKind.ATTACHED, ContactKind.SUPPORT, ContactKind.INSIDE])
def test_a_turned_relation_is_what_the_other_direction_says(kind: ContactKind) -> None:
    """Also where the pair is kept from its holder's side, which does not say whether the child hangs or is attached."""
    holder, child = "/World/Desk", "/World/Monitor"
    frame = frame_of(desk_scene(), contacts=[Contact(child, holder, kind, 0.0, 0.1, 1.0, Evidence.GEOMETRY)])
    graph = build_scene_graph(frame)
    for one in graph.nodes:
        for other in graph.nodes:
            if one.id != other.id:
                there = graph.relation(one.id, other.id)
                assert graph.turned(one.id, other.id, there) == graph.relation(other.id, one.id)
