"""The support tree: ground truth of the box scenes, a brute-force loop, and the interpretation of contacts."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.contract import Contact, ContactKind, Evidence, Frame, RoomElement, RoomKind
from scenecap.graph.box_contacts import box_contacts
from scenecap.graph.settings import GraphSettings
from scenecap.graph.support import SupportTree, build_support_tree
from tests.graph.scenes import bench_frame, bench_scene, box, floor, frame_of

SETTINGS = GraphSettings()
SUPPORT, INSIDE = ContactKind.SUPPORT, ContactKind.INSIDE


def parents(frame: Frame) -> dict[str, str | None]:
    tree = build_support_tree(frame, SETTINGS)
    return {item.path: tree.parent[item.path].parent if item.path in tree.parent else None for item in frame.objects}


def tree_of(objects: list, **fields: object) -> SupportTree:
    return build_support_tree(frame_of(objects, **fields), SETTINGS)  # type: ignore[arg-type]


def parent_of(tree: SupportTree, name: str) -> tuple[str, ContactKind] | None:
    contact = tree.parent.get(f"/World/{name}")
    return None if contact is None else (contact.parent.removeprefix("/World/"), contact.kind)


# --- the box scenes ---------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize("count", [50, 500, 5000])
def test_bench_parents_are_exact(count: int, shared: Path) -> None:
    objects, truth = bench_scene(shared, count)
    assert sum(parent is not None for parent in truth.values()) > 0.9 * count
    assert parents(bench_frame(objects)) == truth


@pytest.mark.shared
@pytest.mark.parametrize("count", [50, 500])
@pytest.mark.parametrize("gap", [-0.003, 0.0, 0.003, None])
def test_bench_parents_do_not_hang_on_small_gaps(count: int, gap: float | None, shared: Path) -> None:
    objects, truth = bench_scene(shared, count)
    draw = random.Random(7)
    own = {path: draw.choice((-0.003, 0.0, 0.003)) if gap is None else gap for path in truth}
    boxes = {item["path"]: item for item in objects}
    raised: dict[str, float] = {}

    def lift(path: str) -> float:
        parent = truth.get(path)
        if parent is None:
            return 0.0
        if path not in raised:  # what carries a thing takes it along
            raised[path] = boxes[parent]["max"][2] + lift(parent) + own[path] - boxes[path]["min"][2]
        return raised[path]

    for path in truth:
        lift(path)
    assert parents(bench_frame(objects, raised=raised)) == truth


@pytest.mark.shared
def test_bench_parents_do_not_hang_on_unrelated_objects(shared: Path) -> None:
    objects, truth = bench_scene(shared, 50)
    for removed in objects[1:]:
        left = {path: parent for path, parent in truth.items() if path != removed["path"] and parent != removed["path"]}
        found = parents(bench_frame([item for item in objects if item is not removed]))
        assert {path: found[path] for path in left} == left, removed["path"]


@pytest.mark.shared
def test_bench_parents_do_not_hang_on_any_large_part_of_the_scene(shared: Path) -> None:
    objects, truth = bench_scene(shared, 500)
    for label in ("lamp", "shelf", "pallet"):
        kept = [item for item in objects if item["label"] != label]
        paths = {item["path"] for item in kept}
        found = parents(bench_frame(kept))
        expected = {path: parent for path, parent in truth.items() if path in paths and (parent is None or parent in paths)}
        assert {path: found[path] for path in expected} == expected


# --- support by boxes, one rule at a time -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("height", "gap", "rests"),
    [
        (0.02, 0.005, True),  # never less than 5 mm either way
        (0.02, 0.006, False),
        (0.02, -0.005, True),
        (0.02, -0.006, False),
        (0.10, 0.012, True),  # 12 % up
        (0.10, 0.013, False),
        (0.10, -0.025, True),  # 25 % down
        (0.10, -0.026, False),
        (1.00, 0.030, True),  # never more than 30 mm
        (1.00, 0.031, False),
        (1.00, -0.030, True),
        (1.00, -0.031, False),
    ],
)
@pytest.mark.parametrize("top", [0.0, 0.75, 3.7])
def test_tolerance_of_gaps(height: float, gap: float, rests: bool, top: float) -> None:
    table = box("Table", (0, 0, top - 0.05), (1, 1, 0.1))
    mug = box("Mug", (0.2, 0.1, top + gap + height / 2), (0.1, 0.1, height))
    tree = tree_of([table, mug], room=())
    assert parent_of(tree, "Mug") == (("Table", SUPPORT) if rests else None)


@pytest.mark.parametrize(
    ("x", "rests"),
    [(0.0, True), (0.95, True), (1.0, True), (1.03, True), (1.04, True), (1.05, False)],
)
def test_share_of_the_footprint_or_the_centre_must_be_over_the_supporter(x: float, rests: bool) -> None:
    # The table's edge is at 1.0, the box is 0.2 wide: 30 % of it is over the table up to x = 1.04.
    tree = tree_of([box("Table", (0, 0, 0.5), (2, 2, 1)), box("Box", (x, 0, 1.1), (0.2, 0.2, 0.2))], room=())
    assert (parent_of(tree, "Box") is not None) == rests


def test_a_plank_on_two_trestles_rests_on_both_and_hangs_below_the_larger() -> None:
    one, two = box("A", (-1, 0, 0.25), (0.3, 0.5, 0.5)), box("B", (1, 0, 0.25), (0.5, 0.5, 0.5))
    tree = tree_of([one, two, box("Plank", (0, 0, 0.55), (2.2, 0.5, 0.1))])
    # Neither trestle carries 30 % of the plank, and its centre is over neither: boxes do not assert it.
    assert parent_of(tree, "Plank") is None
    wide = [box("A", (-0.5, 0, 0.25), (0.7, 0.5, 0.5)), box("B", (0.5, 0, 0.25), (0.9, 0.5, 0.5))]
    tree = tree_of([*wide, box("Plank", (0, 0, 0.55), (2.0, 0.5, 0.1))])
    assert parent_of(tree, "Plank") == ("B", SUPPORT)
    assert [contact.parent for contact in tree.contacts["/World/Plank"]] == ["/World/B", "/World/A"]


def test_equal_areas_go_to_the_smaller_gap_then_to_the_path() -> None:
    rug = box("Rug", (0, 0, 0.005), (3, 3, 0.01))
    tree = tree_of([rug, box("Chair", (0, 0, 0.51), (0.5, 0.5, 1.0))])  # within tolerance of the floor too
    assert parent_of(tree, "Chair") == ("Rug", SUPPORT)
    twins = [box(name, (0, 0, 0.5), (1, 1, 1)) for name in ("B", "A")]
    assert parent_of(tree_of([*twins, box("Cup", (0, 0, 1.05), (0.1, 0.1, 0.1))]), "Cup") == ("A", SUPPORT)


def test_a_crate_on_a_book_is_not_on_the_table_below_though_that_is_wider_and_within_tolerance() -> None:
    table, book = box("Table", (0, 0, 0.4), (1.6, 0.9, 0.8)), box("Book", (0, 0, 0.815), (0.15, 0.22, 0.03))
    for gap in (-0.003, 0.0, 0.003):
        tree = tree_of([table, book, box("Crate", (0, 0, 0.83 + gap + 0.15), (0.3, 0.3, 0.3))])
        assert [contact.parent for contact in tree.contacts["/World/Crate"]] == ["/World/Book"]
        assert tree.level["/World/Crate"] == 3
    # A chair half on a rug that was drawn through its legs: the floor is nearer, and both are kept.
    chair = box("Chair", (0.5, 0, 0.45), (0.5, 0.5, 0.9))
    tree = tree_of([box("Rug", (0, 0, 0.005), (1, 1, 0.01)), chair])
    assert [contact.parent for contact in tree.contacts["/World/Chair"]] == ["/World/Floor", "/World/Rug"]


def test_of_two_thin_sheets_in_one_place_the_upper_or_smaller_rests_on_the_other() -> None:
    rug, paper = box("Rug", (0, 0, 0.001), (2, 2, 0.002)), box("Paper", (0, 0, 0.002), (0.2, 0.3, 0.002))
    tree = tree_of([rug, paper])
    assert parent_of(tree, "Paper") == ("Rug", SUPPORT)
    assert parent_of(tree, "Rug") == ("Floor", SUPPORT)
    flush = tree_of([box("A", (0, 0, 0.001), (0.2, 0.3, 0.002)), box("B", (0, 0, 0.001), (2, 2, 0.002))], room=())
    assert (parent_of(flush, "A"), parent_of(flush, "B")) == (("B", SUPPORT), None)


def test_only_floors_of_the_room_carry_by_boxes() -> None:
    wall = RoomElement("/World/Wall", RoomKind.WALL, "wall", np.array([[-1, -1, 0], [1, 1, 1]]))
    assert parent_of(tree_of([box("Box", (0, 0, 1.5), (1, 1, 1))], room=(wall,)), "Box") is None
    assert parent_of(tree_of([box("Box", (0, 0, 1.5), (1, 1, 1))], room=(floor(1.0),)), "Box") == ("Floor", SUPPORT)


def test_a_lamp_from_a_ceiling_that_is_not_there_rests_on_nothing() -> None:
    tree = tree_of([box("Lamp", (0, 0, 2.5), (0.3, 0.3, 0.3)), box("Table", (0, 0, 0.5), (1, 1, 1))])
    assert parent_of(tree, "Lamp") is None
    assert tree.level == {"/World/Lamp": 1, "/World/Table": 1}


# --- inside by boxes --------------------------------------------------------------------------------------------------


def test_inside_needs_nine_tenths_of_the_volume() -> None:
    bin_ = box("Bin", (0, 0, 0.2), (0.6, 0.4, 0.4))
    for depth, expected in ((0.27, ("Bin", INSIDE)), (0.29, None)):  # 0.3 high: 10 % sticks out at a centre of 0.28
        tree = tree_of([bin_, box("Milk", (0, 0, depth), (0.1, 0.1, 0.3))], room=())
        assert parent_of(tree, "Milk") == expected


def test_a_stool_under_a_table_is_not_inside_it() -> None:
    tree = tree_of([box("Table", (0, 0, 0.4), (1.6, 0.9, 0.8)), box("Stool", (0.3, 0, 0.225), (0.4, 0.4, 0.45))])
    assert parent_of(tree, "Stool") == ("Floor", SUPPORT)
    assert len(tree.contacts["/World/Stool"]) == 1


def test_what_stands_on_a_bin_bottom_is_inside_although_the_table_is_within_tolerance() -> None:
    table = box("Table", (0, 0, 0.4), (2, 1, 0.8))
    bin_, milk = box("Bin", (0, 0, 0.95), (0.4, 0.4, 0.3)), box("Milk", (0, 0, 0.82 + 0.125), (0.08, 0.08, 0.25))
    tree = tree_of([table, bin_, milk])
    assert parent_of(tree, "Milk") == ("Bin", INSIDE)
    assert parent_of(tree, "Bin") == ("Table", SUPPORT)
    assert tree.level == {"/World/Table": 1, "/World/Bin": 2, "/World/Milk": 3}


def test_a_stack_beside_a_robot_is_not_inside_the_box_of_its_reach() -> None:
    table = box("Table", (0, 0, 0.4), (2, 1, 0.8))
    robot = box("Robot", (0, 0, 1.1), (1.9, 0.9, 1.2))  # its box reaches below the table's top
    plate, apple = box("Plate", (0.5, 0, 0.81), (0.3, 0.3, 0.02)), box("Apple", (0.5, 0, 0.86), (0.08, 0.08, 0.08))
    tree = tree_of([table, robot, plate, apple])
    assert parent_of(tree, "Plate") == ("Table", SUPPORT)
    assert parent_of(tree, "Apple") == ("Plate", SUPPORT)


def test_twins_in_one_place_do_not_contain_each_other() -> None:
    tree = tree_of([box("A", (0, 0, 0.5), (1, 1, 1)), box("B", (0, 0, 0.5), (1, 1, 1))], room=())
    assert tree.parent == {}


def test_an_apple_on_a_plate_in_a_box_hangs_below_the_plate_and_is_in_the_box() -> None:
    crate = box("Crate", (0, 0, 0.25), (1, 1, 0.5))
    plate, apple = box("Plate", (0, 0, 0.06), (0.4, 0.4, 0.02)), box("Apple", (0, 0, 0.12), (0.1, 0.1, 0.1))
    tree = tree_of([crate, plate, apple])
    assert parent_of(tree, "Plate") == ("Crate", INSIDE)
    assert parent_of(tree, "Apple") == ("Plate", SUPPORT)
    assert [(contact.parent, contact.kind) for contact in tree.contacts["/World/Apple"]] == [
        ("/World/Plate", SUPPORT),
        ("/World/Crate", INSIDE),
    ]
    assert tree.level["/World/Apple"] == 3


def test_of_nested_containers_the_innermost_is_the_parent() -> None:
    nested = [box(name, (0, 0, 0.5), (size, size, size)) for name, size in (("Big", 0.9), ("Mid", 0.6), ("Small", 0.3))]
    tree = tree_of(nested, room=())
    assert parent_of(tree, "Small") == ("Mid", INSIDE)
    assert parent_of(tree, "Mid") == ("Big", INSIDE)


# --- contacts of geometry ---------------------------------------------------------------------------------------------


def contact(child: str, parent: str, kind: ContactKind = SUPPORT, *, gap: float = 0.0, area: float = 0.01) -> Contact:
    return Contact(f"/World/{child}", f"/World/{parent}", kind, gap, area, 1.0, Evidence.GEOMETRY)


def cube(name: str, size: float = 0.2, **fields: object):
    return box(name, (0, 0, 5), (size, size, size), **fields)  # where it is does not matter: contacts are given


def test_geometry_is_believed_over_boxes_and_no_contact_means_none() -> None:
    stacked = [box("Table", (0, 0, 0.5), (1, 1, 1)), box("Mug", (0, 0, 1.05), (0.1, 0.1, 0.1))]
    assert tree_of(stacked, contacts=()).parent == {}
    assert parent_of(tree_of(stacked, contacts=[contact("Table", "Mug")]), "Table") == ("Mug", SUPPORT)


@pytest.mark.parametrize(
    ("contacts", "expected"),
    [
        ([("A", "B", SUPPORT, 0.0, 0.02), ("A", "C", SUPPORT, 0.0, 0.03)], ("C", SUPPORT)),  # most area
        ([("A", "B", SUPPORT, -0.004, 0.02), ("A", "C", SUPPORT, 0.002, 0.02)], ("C", SUPPORT)),  # smaller gap
        ([("A", "C", SUPPORT, 0.0, 0.02), ("A", "B", SUPPORT, 0.0, 0.02)], ("B", SUPPORT)),  # path
        ([("A", "B", SUPPORT, 0.0, 0.02), ("A", "C", INSIDE, 0.0, 0.0)], ("C", INSIDE)),  # inside beats on
        ([("A", "B", SUPPORT, 0.0, 0.02), ("A", "B", INSIDE, 0.0, 0.0)], ("B", INSIDE)),
        ([("A", "B", INSIDE, 0.0, 0.0), ("A", "D", INSIDE, 0.0, 0.0)], ("B", INSIDE)),  # D is larger
        ([("A", "B", ContactKind.ATTACHED, 0.0, 0.0), ("A", "C", SUPPORT, 0.0, 0.01)], ("C", SUPPORT)),
        (
            [("A", "B", ContactKind.ATTACHED, 0.001, 0.0), ("A", "C", ContactKind.HANGING, 0.004, 0.0)],
            ("C", ContactKind.HANGING),
        ),
        ([("A", "A", SUPPORT, 0.0, 0.02)], None),  # nothing carries itself
        ([("A", "Ghost", SUPPORT, 0.0, 0.02)], ("Ghost", SUPPORT)),  # what is no object of the frame may carry
    ],
)
def test_choice_of_the_parent(contacts: list[tuple], expected: tuple[str, ContactKind] | None) -> None:
    given_ = [contact(child, parent, kind, gap=gap, area=area) for child, parent, kind, gap, area in contacts]
    tree = tree_of([cube("A"), cube("B"), cube("C"), cube("D", 0.5)], contacts=given_)
    assert parent_of(tree, "A") == expected


def test_both_on_and_inside_are_kept_but_attached_is_not_beside_them() -> None:
    given_ = [contact("A", "B"), contact("A", "B", INSIDE), contact("A", "C", ContactKind.ATTACHED)]
    tree = tree_of([cube("A"), cube("B"), cube("C")], contacts=given_)
    assert [(item.parent, item.kind) for item in tree.contacts["/World/A"]] == [("/World/B", INSIDE), ("/World/B", SUPPORT)]


def test_levels_follow_the_chain_down_to_the_room_or_to_nothing() -> None:
    given_ = [
        contact("Table", "Floor"),
        contact("Tray", "Table"),
        contact("Cup", "Tray", INSIDE),
        contact("Spoon", "Cup", INSIDE),
    ]
    objects = [cube(name) for name in ("Table", "Tray", "Cup", "Spoon", "Lamp")]
    tree = tree_of(objects, contacts=given_)
    assert {path.removeprefix("/World/"): level for path, level in tree.level.items()} == {
        "Table": 1, "Tray": 2, "Cup": 3, "Spoon": 4, "Lamp": 1,
    }  # fmt: skip
    unseen = tree_of([cube(name) for name in ("Tray", "Cup")], contacts=given_)  # the table is not an object of the frame
    assert unseen.level == {"/World/Tray": 1, "/World/Cup": 2}


def test_ground_looks_through_thin_things_that_carry_but_not_through_containers() -> None:
    given_ = [
        contact("Rug", "Floor"),
        contact("Mat", "Rug"),
        contact("Cup", "Mat"),
        contact("Pea", "Tray", INSIDE),
        contact("Tray", "Mat"),
    ]
    flat = [box(name, (0, 0, 5), (1, 1, 0.01)) for name in ("Rug", "Mat", "Tray")]
    ground = tree_of([*flat, cube("Cup"), cube("Pea"), cube("Lamp")], contacts=given_).ground
    assert {path.removeprefix("/World/"): on for path, on in ground.items()} == {
        "Rug": "/World/Floor", "Mat": "/World/Floor", "Cup": "/World/Floor", "Tray": "/World/Floor", "Pea": "/World/Tray",
        "Lamp": None,
    }  # fmt: skip


def test_a_cycle_loses_its_weakest_contact_and_its_child_takes_the_next() -> None:
    given_ = [
        contact("A", "B", area=0.03),
        contact("B", "C", area=0.02),
        contact("C", "A", area=0.01),
        contact("C", "Floor", area=0.005),
    ]
    objects = [cube(name) for name in "ABC"]
    tree = tree_of(objects, contacts=given_)
    assert parent_of(tree, "C") == ("Floor", SUPPORT)
    assert {path[-1]: level for path, level in tree.level.items()} == {"A": 3, "B": 2, "C": 1}
    assert len(tree.notes) == 1
    assert "/World/C support /World/A" in tree.notes[0]
    assert [item.parent for item in tree.contacts["/World/C"]] == ["/World/Floor"]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from([SUPPORT, INSIDE]), st.integers(0, 3)), max_size=20
    )
)
def test_whatever_the_contacts_say_the_tree_is_a_tree_and_does_not_hang_on_their_order(contacts: list[tuple]) -> None:
    given_ = [contact(f"N{a}", f"N{b}", kind, area=area / 100) for a, b, kind, area in contacts]
    objects = [cube(f"N{index}", 0.1 * (index + 1)) for index in range(7)]
    tree = tree_of(objects, contacts=given_)
    for path in tree.level:
        steps, here = 0, path
        while here in tree.parent:
            here = tree.parent[here].parent
            steps += 1
            assert steps <= 7
        assert tree.level[path] == max(steps, 0) + 1
        assert path not in tree.contacts or not tree.contacts[path] or tree.contacts[path][0] is tree.parent[path]
    again = tree_of(objects, contacts=given_[::-1])
    assert again.parent == tree.parent
    assert again.level == tree.level


def test_a_part_without_support_is_attached_to_its_whole_and_never_rests_on_it() -> None:
    oven, knob = cube("Oven"), cube("Oven/Knob", 0.02, part_of="/World/Oven")
    tree = tree_of([oven, knob, cube("Cup")], contacts=[contact("Oven/Knob", "Oven"), contact("Cup", "Oven/Knob")])
    assert parent_of(tree, "Oven/Knob") == ("Oven", ContactKind.ATTACHED)
    assert tree.level["/World/Cup"] == 3


# --- a brute-force loop -----------------------------------------------------------------------------------------------


def brute_force(frame: Frame) -> set[tuple[str, str]]:
    """Support contacts by DESIGN's words, one pair at a time."""
    found = set()
    carriers = [(item.path, item.aabb_world) for item in (*frame.objects, *frame.room)]
    for child in frame.objects:
        low, high = child.aabb_world  # type: ignore[misc]
        height = high[2] - low[2]
        for path, (floor_low, top) in carriers:  # type: ignore[misc]
            if path == child.path:
                continue
            gap = round(low[2] - top[2], 6)
            if not -round(max(0.005, min(0.03, 0.25 * height)), 6) <= gap <= round(max(0.005, min(0.03, 0.12 * height)), 6):
                continue
            sides = [min(high[k], top[k]) - max(low[k], floor_low[k]) for k in (0, 1)]
            area = max(sides[0], 0) * max(sides[1], 0)
            center = (low + high) / 2
            over = all(floor_low[k] <= center[k] <= top[k] for k in (0, 1))
            footprint = (high[0] - low[0]) * (high[1] - low[1])
            if round(area / footprint, 6) >= 0.3 or over:
                found.add((child.path, path))
    return found


placed = st.tuples(
    st.integers(-6, 6), st.integers(-6, 6), st.integers(0, 3), st.sampled_from([(5, 5, 4), (10, 8, 4), (2, 3, 8)])
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(placed, max_size=12))
def test_support_contacts_are_those_of_brute_force(places: list[tuple]) -> None:
    objects = [
        box(f"N{index:02d}", (x * 0.1, y * 0.1, level * 0.4 + size[2] * 0.05), tuple(edge * 0.1 for edge in size))
        for index, (x, y, level, size) in enumerate(places)
    ]
    frame = frame_of(objects)
    contacts = box_contacts(frame.objects, frame.room, SETTINGS)
    assert {(item.child, item.parent) for item in contacts if item.kind is SUPPORT} == brute_force(frame)


# --- the room as a holder ---------------------------------------------------------------------------------------------

WALL = RoomElement("/World/Wall", RoomKind.WALL, "wall", np.array([[-3, 1.0, 0.0], [3, 1.2, 2.5]]))
CEILING = RoomElement("/World/Ceiling", RoomKind.CEILING, "ceiling", np.array([[-3, -3, 2.5], [3, 3, 2.7]]))


@pytest.mark.parametrize(
    ("element", "kind", "center", "size", "expected"),
    [
        (WALL, SUPPORT, (0, 1.1, 1.5), (1.2, 0.1, 1.2), ContactKind.ATTACHED),  # a window on the sill of its opening
        (WALL, SUPPORT, (0, 1.1, 1.15), (0.15, 0.15, 0.3), SUPPORT),  # a vase on a ledge
        (WALL, SUPPORT, (0, 1.1, 2.9), (1.2, 0.1, 0.8), SUPPORT),  # a sign on top of a wall
        (WALL, SUPPORT, (0, 0.8, 0.3), (0.9, 0.1, 0.6), SUPPORT),  # on the floor of a wall mesh that has one
        (WALL, ContactKind.ATTACHED, (0, 0.9, 1.5), (0.5, 0.1, 0.5), ContactKind.ATTACHED),
        (CEILING, SUPPORT, (0, 0, 2.6), (0.2, 0.2, 0.1), ContactKind.HANGING),  # a lamp let into the ceiling
        (CEILING, SUPPORT, (0, 0, 3.0), (0.6, 0.6, 0.6), SUPPORT),  # a trunk in the loft
        (floor(), ContactKind.HANGING, (0, 0, -0.5), (0.3, 0.3, 0.3), None),
        (floor(), ContactKind.ATTACHED, (0, 0, 0.5), (2.0, 2.0, 2.0), None),
    ],
)
def test_what_the_room_carries_is_named_as_people_see_it(
    element: RoomElement, kind: ContactKind, center: tuple, size: tuple, expected: ContactKind | None
) -> None:
    held = Contact("/World/Thing", element.path, kind, 0.0, 0.01, 1.0, Evidence.GEOMETRY)
    tree = tree_of([box("Thing", center, size)], room=(element,), contacts=[held])
    contact = tree.parent.get("/World/Thing")
    assert (None if contact is None else contact.kind) == expected
    assert tree.level["/World/Thing"] == 1


def test_a_frame_around_a_table_stands_on_the_table_not_on_what_else_is_there() -> None:
    table, rim = box("Table", (0, 0, 0.35), (1.4, 0.8, 0.7)), box("Rim", (0, 0, 0.76), (1.4, 0.8, 0.12))
    drawer, ball = box("Drawer", (0, 0.3, 0.8), (0.25, 0.2, 0.2)), box("Ball", (0.3, 0, 0.73), (0.06, 0.06, 0.06))
    contacts = [
        Contact("/World/Rim", "/World/Drawer", SUPPORT, 0.0, 0.004, 0.05, Evidence.GEOMETRY),
        Contact("/World/Rim", "/World/Table", SUPPORT, 0.0003, 0.083, 0.95, Evidence.GEOMETRY),
        Contact("/World/Drawer", "/World/Table", SUPPORT, 0.0, 0.047, 1.0, Evidence.GEOMETRY),
        Contact("/World/Ball", "/World/Table", SUPPORT, 0.0008, 0.0003, 1.0, Evidence.GEOMETRY),
        Contact("/World/Ball", "/World/Rim", INSIDE, 0.0, 0.0, 1.0, Evidence.GEOMETRY),
    ]
    tree = tree_of([table, rim, drawer, ball], contacts=contacts)
    assert parent_of(tree, "Rim") == ("Table", SUPPORT)
    assert parent_of(tree, "Ball") == ("Table", SUPPORT), "the rim is a ring without a floor"
    floor_of_rim = Contact("/World/Ball", "/World/Rim", SUPPORT, 0.0, 0.0003, 1.0, Evidence.GEOMETRY)
    tree = tree_of([table, rim, drawer, ball], contacts=[*contacts, floor_of_rim])
    assert parent_of(tree, "Ball") == ("Rim", INSIDE), "with a floor it is a tray"
