from __future__ import annotations

import numpy as np
import pytest

from scenecap.caption.inventory import Inventory
from scenecap.caption.plan import Contrast, Held, HeldKinds, Overview, Planner, Relate
from scenecap.caption.plan.groups import group_nodes, grouped, split
from scenecap.caption.plan.links import best_relation, link_siblings
from scenecap.caption.plan.summary import summarize, wants_summary
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation
from tests.caption.rooms import random_room
from tests.caption.scenes import TABLE, Box, kitchen, make_frame, make_graph, on_table, two_bowls


def inventory_of(boxes: list[Box], **settings: object) -> Inventory:
    frame = make_frame(boxes)
    return Inventory(make_graph(frame), frame, CaptionSettings.model_validate(settings))


def labels(inventory: Inventory, groups) -> list[list[str]]:
    return [[inventory.nodes[node].label for node in group] for group in groups]


def test_like_objects_are_grouped_by_looks_or_by_noun() -> None:
    boxes = [
        on_table("red mug", 0, 0),
        on_table("mug", 0.2, 0, color="red"),
        on_table("blue mug", 0.4, 0),
        on_table("plate", -0.4, 0),
    ]
    inventory = inventory_of(boxes)
    assert sorted(map(len, group_nodes(inventory, range(4)))) == [1, 1, 2]
    assert sorted(map(len, group_nodes(inventory, range(4), by_noun=True))) == [1, 3]


def test_colored_and_plain_ones_of_a_noun_are_put_together() -> None:
    inventory = inventory_of([on_table("red mug", 0, 0), on_table("mug", 0.2, 0), on_table("plate", -0.4, 0)])
    assert sorted(map(len, grouped(inventory, [0, 1, 2]))) == [1, 2]


def test_two_colors_are_split_by_color() -> None:
    boxes = []
    for column, piece in enumerate(["pawn", "rook", "knight", "bishop", "queen", "king"]):
        boxes.append(on_table(f"white {piece}", -0.7 + 0.25 * column, 0.0))
        boxes.append(on_table(f"black {piece}", -0.7 + 0.25 * column, 0.3))
    inventory = inventory_of(boxes)
    parts = split(inventory, grouped(inventory, range(len(boxes))))
    colors = [{inventory.descriptions[group[0]].colors for group in part} for part in parts]
    assert sorted(map(len, parts)) == [6, 6]
    assert all(len(color) == 1 for color in colors)


def test_a_holder_is_spoken_of_before_what_it_holds() -> None:
    for seed in range(10):
        frame = random_room(seed, count=18)
        inventory = Inventory(make_graph(frame), frame, CaptionSettings.model_validate({"max_sentences": 30}))
        known: set[int] = set()
        for message in Planner(inventory).main_messages():
            if isinstance(message, Overview):
                known.update(node for group in message.groups for node in group)
            elif isinstance(message, Held):
                assert message.holder is None or message.holder in known or inventory.nodes[message.holder].parent is None
                known.update(node for group in message.groups for node in group)
                for group in message.groups:
                    for node in group:
                        assert message.holder is None or inventory.nodes[node].parent == message.holder


def test_a_table_alone_is_introduced_by_what_it_holds() -> None:
    messages = Planner(inventory_of(two_bowls())).main_messages()
    assert isinstance(messages[0], Held)
    assert messages[0].holder == 0
    assert Contrast((1, 4)) in Planner(inventory_of(two_bowls())).contrasts(messages)


def test_the_kitchen_opens_with_what_stands_on_the_floor() -> None:
    inventory = inventory_of(kitchen())
    first = Planner(inventory).main_messages()[0]
    assert isinstance(first, Held)
    assert first.room is RoomKind.FLOOR
    found = sorted(label for group in labels(inventory, first.groups) for label in group)
    assert found == ["office chair", "office chair", "table", "wooden cabinet"]


def test_brief_expands_the_holder_that_shows_most() -> None:
    inventory = inventory_of(kitchen())
    brief = Planner(inventory).brief()
    assert isinstance(brief, Overview)
    assert brief.main == 0
    assert brief.groups[-1] == (0,)
    assert brief.kind is ContactKind.SUPPORT


def test_each_object_is_linked_to_one_that_was_linked_before() -> None:
    names = ["mug", "plate", "bowl", "kettle", "jar", "can"]
    boxes = [on_table(name, -0.6 + 0.2 * index, 0.15 * (index % 2)) for index, name in enumerate(names)]
    inventory = inventory_of([TABLE, *boxes])
    members = list(range(1, 7))
    known = {max(members, key=lambda node: (int(inventory.visible_px[node]), -node))}
    subjects = []
    for link in link_siblings(inventory, members):
        if link.relation:
            assert set(link.anchors) <= known | set(members)
            assert inventory.graph.relation(link.subject, link.anchors[0]) & link.relation
        subjects.append(link.subject)
        known.add(link.subject)
    assert len(set(subjects)) == len(subjects)
    assert known <= set(members)


def test_the_direction_of_the_largest_offset_is_said() -> None:
    relations = Relation.LEFT | Relation.BEHIND | Relation.NEXT_TO

    assert best_relation(relations, np.array([-0.5, 0.2, 0.0])) is Relation.LEFT
    assert best_relation(relations, np.array([-0.1, 0.2, 0.0])) is Relation.BEHIND
    assert best_relation(Relation.NEXT_TO | Relation.NEAR, np.zeros(3)) is Relation.NEXT_TO
    assert best_relation(Relation.FAR, np.ones(3)) is Relation.NONE


_NOUNS = """mug plate bowl kettle jar can book lamp vase tray fork spoon crate drill clock phone laptop pen bottle glass knife
cup box ball"""


@pytest.mark.parametrize(("kinds", "expected"), [(3, True), (24, False)])
def test_kinds_are_summed_up_only_where_there_are_several_of_most(kinds: int, expected: bool) -> None:
    nouns = _NOUNS.split()[:kinds]
    boxes = [Box(nouns[i % kinds], (-3 + 0.25 * (i % 24), 0.5 * (i // 24), 0), (0.1, 0.1, 0.1)) for i in range(48)]
    inventory = inventory_of(boxes, summarize_above=20)
    assert wants_summary(inventory) is expected


def test_a_summary_speaks_of_each_child_where_it_is() -> None:
    boxes = []
    for cell in range(8):
        boxes.append(Box("shelf" if cell % 2 else "table", (-3 + 0.9 * cell, 0, 0), (0.8, 0.6, 0.7)))
        boxes.extend(Box("box", (-3 + 0.9 * cell, 0.2 * k, 0.7), (0.1, 0.1, 0.1)) for k in (-1, 0, 1))
    inventory = inventory_of(boxes, summarize_above=5)
    parts = [part for message in summarize(inventory) if isinstance(message, HeldKinds) for part in message.parts]
    assert parts
    for part in parts:
        for child in part.children:
            assert inventory.nodes[child].parent in part.holders
            assert inventory.nodes[child].parent_kind is part.kind


def test_relations_are_of_objects_on_the_same_thing() -> None:
    inventory = inventory_of(kitchen())
    for message in Planner(inventory).relations():
        assert isinstance(message, Relate)
        parents = {inventory.nodes[node].parent for node in (message.subject, *message.anchors)}
        assert len(parents) == 1
