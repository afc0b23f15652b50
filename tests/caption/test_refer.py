from __future__ import annotations

import json

import pytest

from scenecap.caption.inventory import Inventory
from scenecap.caption.refer import Extreme, Query, QueryKind, Referrer, resolve
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.spans import plain, render
from scenecap.contract import Contact, ContactKind, Evidence, Frame, RoomElement, RoomKind
from scenecap.graph.model import Relation
from tests.caption.checker import wrong
from tests.caption.rooms import random_room
from tests.caption.scenes import TABLE, Box, kitchen, make_frame, make_graph, on_table, two_bowls
from tests.caption.text_resolver import resolve_text


def inventory_of(frame: Frame, *, capacity: int = 100) -> Inventory:
    return Inventory(make_graph(frame, capacity=capacity), frame, CaptionSettings.model_validate({}))


def references(boxes: list[Box], **more: object) -> dict[str, str | None]:
    """Return path's last part -> expression."""
    inventory = inventory_of(make_frame(boxes, **more))  # type: ignore[arg-type]
    referrer = Referrer(inventory)
    found = {node.path.rsplit("/", 1)[-1]: referrer.refer(node.id) for node in inventory.nodes}
    return {name: None if item is None else plain(item.phrase) for name, item in found.items()}


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        # a name, the shortest that will do
        ([TABLE, on_table("mug", 0, 0)], {"001": "the mug"}),
        ([on_table("office chair", 0, 0), on_table("glazed rim porcelain ramekin", 0.5, 0)],
         {"000": "the office chair", "001": "the ramekin"}),
        # a color; a color that may be mixed up does not help
        ([TABLE, on_table("mug", -0.3, 0, color="red"), on_table("mug", 0.3, 0, color="blue")],
         {"001": "the red mug", "002": "the blue mug"}),
        ([on_table("mug", -0.3, 0, color="red"), on_table("mug", 0.3, 0, color="orange")], {"000": "the mug on the left"}),
        ([on_table("mug", -0.3, 0, color="red"), on_table("mug", 0.3, 0)], {"000": "the mug on the left"}),
        ([on_table("white yellow mug", -0.3, 0), on_table("porcelain mug", 0.3, 0, color="white")],
         {"000": "the white and yellow mug", "001": "the porcelain mug"}),
        # what it is on
        ([TABLE, on_table("mug", -0.3, 0), Box("shelf", (2, 0, 0), (0.5, 0.5, 0.5)), Box("mug", (2, 0, 0.5), (0.1, 0.1, 0.1))],
         {"001": "the mug on the table", "003": "the mug on the shelf"}),
        # what it carries
        ([TABLE, on_table("kettle", 0, 0), Box("table", (2.2, 0, 0), (1.6, 1.0, 0.7))],
         {"000": "the table with the kettle on it"}),
        # a neighbor, and between
        ([TABLE, on_table("plate", 0, 0), on_table("mug", 0.13, 0), on_table("mug", -0.6, 0.3)],
         {"002": "the mug next to the plate"}),
        # order
        ([on_table("mug", x, 0.0) for x in (-0.6, 0.0, 0.6)],
         {"000": "the leftmost mug", "001": "the second mug from the left", "002": "the rightmost mug"}),
        ([Box("box", (0, 0, 0), (0.1, 0.1, 0.1)), Box("box", (0.002, 0, 1.0), (0.3, 0.3, 0.3))], {"001": "the larger box"}),
        # nothing tells them apart
        ([on_table("mug", 0, 0), Box("mug", (0, 0, 0.9), (0.12, 0.12, 0.1))], {"000": None, "001": None}),
        # a thing without a name
        ([on_table("obj", 0, 0), on_table("mug", 0.3, 0)], {"000": None, "001": "the mug"}),
        # an armchair is a chair, a sofa a couch: the bare word is not enough
        ([Box("armchair", (-1, 0, 0), (0.5, 0.5, 0.9)), Box("chair", (1, 0, 0), (0.5, 0.5, 0.9))],
         {"000": "the armchair", "001": "the chair to the right of the armchair"}),
        ([Box("armchair", (-1, 0, 0), (0.5, 0.5, 0.9)), Box("armchair", (0, 0, 0), (0.5, 0.5, 0.9)),
          Box("chair", (1, 0, 0), (0.5, 0.5, 0.9))],
         {"002": None}),
        ([Box("sofa", (-1, 0, 0), (1.5, 0.5, 0.9)), Box("couch", (1, 0, 0), (1.5, 0.5, 0.9))], {"000": None, "001": None}),
        ([Box("scissors", (0, 0, 0), (0.1, 0.1, 0.01))], {"000": "the scissors"}),
    ],
)  # fmt: skip
def test_expressions(boxes: list[Box], expected: dict[str, str | None]) -> None:
    found = references(boxes, floor=False)
    assert {name: found[name] for name in expected} == expected


def test_two_bowls() -> None:
    found = references(two_bowls())
    assert found["001"] == "the bowl between the plate and the ramekin"
    assert found["004"] is not None
    assert "bowl" in found["004"]


def test_kitchen_has_a_name_for_everything() -> None:
    assert None not in references(kitchen()).values()


@pytest.mark.parametrize("seed", range(30))
def test_each_expression_resolves_to_exactly_one_object_in_both_readings(seed: int) -> None:
    frame = random_room(seed, count=5 + seed % 20)
    inventory = inventory_of(frame)
    referrer = Referrer(inventory)
    for node in inventory.nodes:
        for reference in referrer.all_references(node.id, most=25):
            text, spans = render(reference.phrase)
            assert resolve(reference.query, inventory).is_exactly((node.id,)), text
            assert resolve_text(text, inventory.graph) == {node.id}, text
            assert [reason for fact in reference.facts if (reason := wrong(fact, inventory.graph, frame))] == []
            assert (spans[0].start, spans[0].end, spans[0].nodes) == (0, len(text), (node.id,))
            for span in spans[1:]:
                assert resolve_text(text[span.start : span.end], inventory.graph) == set(span.nodes) or span.room
            assert len(reference.anchors) <= 2
            json.dumps(reference.query.to_dict())


@pytest.mark.parametrize("seed", range(12))
def test_what_is_in_view_but_no_node_makes_its_name_ambiguous(seed: int) -> None:
    frame = random_room(seed, count=16)
    full = inventory_of(frame)
    cut = inventory_of(frame, capacity=8)
    labels = {obj.label for obj in frame.objects if obj.visibility is not None and cut.graph.node_of(obj.path) is None}
    referrer = Referrer(cut)
    for node in cut.nodes:
        if node.label in labels:
            for reference in referrer.all_references(node.id, most=10):
                # only a look that the hidden twin surely lacks may tell them apart
                assert reference.query.colors, plain(reference.phrase)
    assert len(full.nodes) > len(cut.nodes)


def test_an_unknown_color_may_be_any() -> None:
    inventory = inventory_of(make_frame([TABLE, on_table("mug", -0.3, 0, color="red"), on_table("mug", 0.3, 0)]))
    matches = resolve(Query(("mug",), colors=("red",)), inventory)
    assert matches.certain == (1,)
    assert matches.possible == (2,)
    assert not matches.is_exactly((1,))


def test_a_mug_on_a_tray_on_the_table_is_perhaps_on_the_table() -> None:
    boxes = [
        TABLE,
        on_table("tray", 0.3, 0, (0.4, 0.3, 0.02)),
        Box("mug", (0.3, 0, 0.72), (0.08, 0.08, 0.1)),
        on_table("mug", -0.5, 0),
    ]
    inventory = inventory_of(make_frame(boxes))
    assert inventory.held(2, 0, ContactKind.SUPPORT) is None
    assert inventory.held(3, 0, ContactKind.SUPPORT) is True
    assert inventory.held(2, 1, ContactKind.SUPPORT) is True
    assert inventory.held(3, 1, ContactKind.SUPPORT) is False
    assert references(boxes)["002"] == "the mug on the tray"
    assert references(boxes)["003"] != "the mug on the table"


def test_room_and_inside() -> None:
    boxes = [
        Box("lamp", (0, 0, 2.5), (0.3, 0.3, 0.3), path="/World/a"),
        Box("lamp", (1, 0, 0), (0.3, 0.3, 0.5), path="/World/b"),
        Box("bin", (-1, 0, 0), (0.6, 0.6, 0.4), path="/World/c"),
        Box("can", (-1, 0, 0.05), (0.1, 0.1, 0.2), path="/World/d"),
        Box("can", (2, 0, 0), (0.1, 0.1, 0.2), path="/World/e"),
    ]
    evidence = Evidence.GEOMETRY
    contacts = (
        Contact("/World/a", "/World/ceiling", ContactKind.HANGING, 0.0, 0.0, 1.0, evidence),
        Contact("/World/b", "/World/floor", ContactKind.SUPPORT, 0.0, 0.1, 1.0, evidence),
        Contact("/World/c", "/World/floor", ContactKind.SUPPORT, 0.0, 0.1, 1.0, evidence),
        Contact("/World/d", "/World/c", ContactKind.INSIDE, 0.0, 0.0, 1.0, evidence),
        Contact("/World/e", "/World/floor", ContactKind.SUPPORT, 0.0, 0.1, 1.0, evidence),
    )
    ceiling = RoomElement("/World/ceiling", RoomKind.CEILING, "ceiling", [[-5, -5, 2.8], [5, 5, 2.9]], 900)  # type: ignore[arg-type]
    found = references(boxes, contacts=contacts, room=[ceiling])
    assert found["a"] == "the lamp hanging from the ceiling"
    assert found["b"] == "the lamp on the floor"
    assert found["c"] == "the bin"
    assert found["d"] == "the can in the bin"
    assert found["e"] == "the can on the floor"


def test_parts_are_named_by_their_whole() -> None:
    boxes = [
        Box("cabinet", (0, 0, 0), (0.6, 0.4, 1.0), path="/World/cabinet"),
        Box("top drawer", (0, -0.21, 0.7), (0.5, 0.02, 0.2), path="/World/cabinet/drawer", part_of="/World/cabinet"),
        Box("desk", (2, 0, 0), (0.6, 0.4, 1.0), path="/World/desk"),
        Box("top drawer", (2, -0.21, 0.7), (0.5, 0.02, 0.2), path="/World/desk/drawer", part_of="/World/desk"),
    ]
    inventory = inventory_of(make_frame(boxes))
    reference = Referrer(inventory).refer(1)
    assert reference is not None
    assert plain(reference.phrase) == "the drawer of the cabinet"


def test_a_plural_means_all_of_a_name_and_nothing_else() -> None:
    boxes = [TABLE, *(on_table("pawn", -0.6 + 0.15 * i, 0.0, attributes={"color": "white"}) for i in range(8)),
             *(on_table("pawn", -0.6 + 0.15 * i, 0.3, attributes={"color": "black"}) for i in range(8))]  # fmt: skip
    inventory = inventory_of(make_frame(boxes))
    referrer = Referrer(inventory)
    white = [node.id for node in inventory.nodes if node.observed.attributes.get("color") == "white"]
    reference = referrer.refer_plural(white)
    assert reference is not None
    assert plain(reference.phrase) == "the eight white pawns"
    assert resolve(reference.query, inventory).is_exactly(white)
    assert referrer.refer_plural(white[:5]) is None
    pawns = [node.id for node in inventory.nodes if node.label == "pawn"]
    everyone = referrer.refer_plural(pawns, counted=False)
    assert everyone is not None
    assert plain(everyone.phrase) == "the pawns"


def test_an_anchor_that_is_ambiguous_makes_a_query_mean_nothing() -> None:
    inventory = inventory_of(make_frame([TABLE, on_table("mug", -0.3, 0), on_table("mug", 0.3, 0), on_table("plate", 0, 0)]))
    query = Query(("plate",), QueryKind.RELATION, relation=Relation.RIGHT, anchors=(Query(("mug",)),))
    assert resolve(query, inventory).certain == ()
    left = Query(("mug",), QueryKind.EXTREME, extreme=Extreme.LEFT)
    assert resolve(left, inventory).certain == (1,)
    assert left.to_dict() == {"noun": "mug", "kind": "extreme", "extreme": "left"}
