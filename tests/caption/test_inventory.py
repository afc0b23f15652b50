from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from scenecap.caption.inventory import Inventory
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import Buffer, LeftOut
from tests.caption.scenes import TABLE, Box, make_frame, make_graph, on_table


def inventory_of(boxes: list[Box], *, capacity: int = 100, **more: object) -> Inventory:
    frame = make_frame(boxes, **more)  # type: ignore[arg-type]
    return Inventory(make_graph(frame, capacity=capacity), frame, CaptionSettings.model_validate({}))


@pytest.mark.parametrize(
    ("noun", "certain", "possible"),
    [
        ("chair", ["chair", "office chair"], ["armchair"]),
        ("office chair", ["office chair"], []),
        ("armchair", ["armchair"], []),
        ("sofa", [], ["couch"]),
        ("couch", ["couch"], []),
        ("box", ["cookie box"], []),
        ("furniture", [], ["armchair", "chair", "couch", "office chair"]),
        ("mug", [], []),
    ],
)
def test_a_noun_means_its_kinds_surely_and_its_synonyms_perhaps(noun: str, certain: list[str], possible: list[str]) -> None:
    labels = ["chair", "office chair", "armchair", "couch", "cookie box"]
    inventory = inventory_of([Box(label, (-2.0 + index, 0, 0), (0.4, 0.4, 0.5)) for index, label in enumerate(labels)])
    found = inventory.named(tuple(noun.split()))
    assert sorted(inventory.nodes[node].label for node in found.certain) == certain
    assert sorted(inventory.nodes[node].label for node in found.possible) == possible
    assert not found.others


@pytest.mark.parametrize(
    ("one", "other", "attributes", "alone"),
    [
        ("black", "gray", {}, True),  # both measured: the black one is the darker
        ("gray", "white", {}, False),  # in the light and in the shade
        ("black", "brown", {}, False),
        ("black", "gray", {"color": "black"}, False),  # what is called black may be measured as gray
    ],
)
def test_black_and_gray_are_told_apart_where_both_are_measured(one: str, other: str, attributes: dict, alone: bool) -> None:
    boxes = [TABLE, on_table("pot", -0.3, 0, color=one, attributes=attributes), on_table("hot pot", 0.3, 0, color=other)]
    assert inventory_of(boxes).matching(("pot",), colors=(one,)).is_exactly((1,)) is alone


def test_what_was_dropped_may_still_be_meant() -> None:
    boxes = [TABLE, on_table("mug", -0.3, 0, color="red"), on_table("mug", 0.5, 0, (0.04, 0.04, 0.04), color="blue")]
    inventory = inventory_of(boxes, capacity=2)
    assert inventory.named(("mug",)).others
    assert inventory.matching(("mug",), colors=("red",)).is_exactly((1,))  # the one that was dropped is blue
    assert inventory.matching(("mug",), colors=("blue",)).others
    assert not inventory.named(("table",)).others


def test_larger_needs_every_edge_and_a_quarter_more() -> None:
    inventory = inventory_of(
        [
            Box("a", (0, 0, 0), (1.0, 1.0, 1.0)),
            Box("b", (2, 0, 0), (0.5, 0.5, 0.5)),
            Box("c", (4, 0, 0), (1.05, 1.05, 1.05)),
            Box("d", (6, 0, 0), (2.0, 2.0, 0.1)),
        ],
        floor=False,
    )
    assert inventory.larger(0, 1)
    assert not inventory.larger(1, 0)
    assert not inventory.larger(2, 0)
    assert not inventory.larger(3, 0)


def test_relations_are_the_graphs_own_whether_dense_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [TABLE, *(on_table("mug", -0.6 + 0.2 * index, 0.1 * (index % 3)) for index in range(6))]
    dense, sparse = inventory_of(boxes), inventory_of(boxes)
    source, target = np.array([1, 2, 5, 6]), np.array([3, 1, 0, 2])
    expected = dense.graph.pairs(source, target)
    monkeypatch.setattr("scenecap.caption.inventory._MAX_DENSE", 0)
    for table in (sparse.pairs(source, target), expected):
        assert np.array_equal(table.relations, expected.relations)
    monkeypatch.undo()
    table = dense.pairs(source, target)
    assert np.array_equal(table.relations, expected.relations)
    assert np.array_equal(table.offset, expected.offset)
    dense.prepare_relations((1, 2, 3), [0, 3])
    direct = dense.graph.pairs(np.array([1, 2]), np.array([3, 3]))
    assert np.array_equal(dense.relations_to((1, 2), 3).relations, direct.relations)


def test_unlabelled_things_in_view_make_absence_unknowable() -> None:
    plain = make_frame([TABLE])
    graph = make_graph(plain)
    settings = CaptionSettings.model_validate({})
    assert not Inventory(graph, plain, settings).may_hide_unknowns
    unlabelled = make_frame([TABLE], left_out=[LeftOut("/World/x", "it has no label", "unlabelled")])
    assert Inventory(graph, unlabelled, settings).may_hide_unknowns

    ids = np.zeros((480, 640), dtype=np.uint32)
    recorded = dataclasses.replace(plain, source="recorded", buffers={Buffer.INSTANCE: ids})
    assert not Inventory(graph, recorded, settings).may_hide_unknowns
    ids[0, 0] = 1
    assert Inventory(graph, recorded, settings).may_hide_unknowns


def test_words_of_labels_paths_and_ghosts_are_shown() -> None:
    frame = make_frame(
        [Box("kettle", (0, 0, 0), (0.2, 0.2, 0.2), path="/World/ElectricTeaKettle_01")],
        left_out=[LeftOut("/World/VisualMilk", "a ghost", "ghost"), LeftOut("/World/Collider", "a guide", "guide")],
    )
    shown = Inventory(make_graph(frame), frame, CaptionSettings.model_validate({})).shown_words
    assert {"kettle", "electric", "tea", "milk", "floor"} <= shown
    assert "collider" not in shown
