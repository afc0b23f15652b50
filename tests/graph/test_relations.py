"""Relations of pairs: each word at its threshold, a loop for all numbers, and what must not change under symmetries."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.contract import Contact, ContactKind, Evidence, ObservedObject, Visibility
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import INVERSE, Relation, SceneGraph
from scenecap.graph.settings import GraphSettings
from tests.graph.scenes import box, camera_at, floor, frame_of

R = Relation
DIRECTIONS = R.LEFT | R.RIGHT | R.FRONT | R.BEHIND
DISTANCES = R.TOUCHING | R.NEXT_TO | R.NEAR | R.FAR


def graph_of(objects: list[ObservedObject], **fields: object) -> SceneGraph:
    return build_scene_graph(frame_of(objects, **fields), GraphSettings())  # type: ignore[arg-type]


def between(objects: list[ObservedObject], one: str = "A", two: str = "B", **fields: object) -> Relation:
    graph = graph_of(objects, **fields)
    nodes = [graph.node_of(f"/World/{name}") for name in (one, two)]
    assert all(nodes)
    return graph.relation(nodes[0].id, nodes[1].id)  # type: ignore[union-attr]


def pair(offset: tuple[float, float, float], size: float = 0.2, **fields: object) -> Relation:
    """A relative to B: two cubes of a size on the floor, A's centre at an offset from B's."""
    objects = [box("A", (offset[0], offset[1], size / 2 + offset[2]), (size,) * 3), box("B", (0, 0, size / 2), (size,) * 3)]
    return between(objects, **fields)


# --- directions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        ((-0.5, 0, 0), R.LEFT),
        ((0.5, 0, 0), R.RIGHT),
        ((0, -0.5, 0), R.FRONT),  # the camera is on the -y side
        ((0, 0.5, 0), R.BEHIND),
        ((-0.5, 0.5, 0), R.LEFT | R.BEHIND),  # no dominance test: both components are told
        ((0.5, -0.06, 0), R.RIGHT | R.FRONT),
        ((0.5, -0.03, 0), R.RIGHT),  # exactly 0.15 s is not over it
        ((0.5, -0.0302, 0), R.RIGHT | R.FRONT),
    ],
)
def test_directions_read_source_is_word_of_target(offset: tuple[float, float, float], expected: Relation) -> None:
    assert pair(offset) & DIRECTIONS == expected


def test_nothing_is_told_below_two_centimetres() -> None:
    for x, expected in ((0.0198, R.NONE), (0.0202, R.RIGHT)):
        objects = [box("A", (x, 0.3, 0.01), (0.02,) * 3), box("B", (0, 0, 0.01), (0.02,) * 3)]
        assert between(objects) & (R.LEFT | R.RIGHT) == expected


def test_a_wide_object_asks_for_a_larger_offset() -> None:
    sofa = box("B", (0, 0, 0.4), (2.4, 0.9, 0.8))
    for x, expected in ((0.25, R.NONE), (0.35, R.RIGHT)):  # 12.5 % of 2.4 m is 0.3 m
        assert between([box("A", (x, -1.0, 0.2), (0.3, 0.3, 0.4)), sofa]) & (R.LEFT | R.RIGHT) == expected


def test_axes_are_the_viewers_from_any_side() -> None:
    for degrees in range(0, 360, 15):
        angle = math.radians(degrees)
        camera = camera_at((6 * math.sin(angle), -6 * math.cos(angle), 2.0))
        right, away = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        for step, word in ((right, R.RIGHT), (-right, R.LEFT), (away, R.BEHIND), (-away, R.FRONT)):
            where = 0.6 * step
            objects = [
                box("A", (where[0], where[1], 0.1), (0.2,) * 3, camera=camera),
                box("B", (0, 0, 0.1), (0.2,) * 3, camera=camera),
            ]
            assert between(objects, camera=camera) & DIRECTIONS == word, degrees


def with_view(item: ObservedObject, **changes: object) -> ObservedObject:
    assert item.visibility is not None
    return dataclasses.replace(item, visibility=dataclasses.replace(item.visibility, **changes))


def test_left_and_right_need_the_picture_to_agree() -> None:
    one, two = box("A", (0.5, 0, 0.1), (0.2,) * 3), box("B", (0, 0, 0.1), (0.2,) * 3)
    assert between([one, two]) & R.RIGHT
    assert two.visibility is not None
    x0, y0, x1, y1 = two.visibility.box_tight
    for box_tight, expected in (((x0 - 1, y0, x1, y1), R.NONE), ((x0, y0, x1, y1), R.NONE), ((x0 + 1, y0, x1, y1), R.RIGHT)):
        assert between([with_view(one, box_tight=box_tight), two]) & (R.LEFT | R.RIGHT) == expected


def test_front_and_behind_need_the_depth_to_agree_where_there_is_one() -> None:
    one, two = box("A", (0, -0.5, 0.1), (0.2,) * 3), box("B", (0, 0, 0.1), (0.2,) * 3)
    assert two.visibility is not None
    depth = two.visibility.median_depth
    assert depth is not None
    for other, expected in ((depth - 0.1, R.FRONT), (depth + 0.1, R.NONE), (depth, R.NONE), (None, R.FRONT)):
        assert between([with_view(one, median_depth=other), two]) & (R.FRONT | R.BEHIND) == expected


def test_from_steeply_above_the_rows_of_the_picture_stand_for_depth() -> None:
    camera = camera_at((0, -1, 8), (0, 0, 0))
    # A tall thing is nearer to a camera above it than a low one before it: depth would veto what the picture shows.
    tall, low = (
        box("A", (0, 0.6, 0.9), (0.3, 0.3, 1.8), camera=camera),
        box("B", (0, -0.3, 0.05), (0.3, 0.3, 0.1), camera=camera),
    )
    assert tall.visibility is not None
    assert low.visibility is not None
    assert tall.visibility.median_depth < low.visibility.median_depth  # type: ignore[operator]
    assert between([tall, low], camera=camera) & DIRECTIONS == R.BEHIND


def test_nothing_is_told_where_one_stands_within_the_others_footprint() -> None:
    arm = box("B", (0, 0, 1.5), (2.0, 2.0, 2.6))  # over the can, and on nothing
    can = box("A", (-0.6, 0.5, 0.06), (0.08, 0.08, 0.12))
    assert between([arm, can]) & (DIRECTIONS | R.NEXT_TO | R.TOUCHING) == R.NONE
    beside = box("A", (-1.2, 0.0, 0.06), (0.08, 0.08, 0.12))
    assert between([arm, beside]) & DIRECTIONS == R.LEFT


def test_a_turned_footprint_is_not_its_box() -> None:
    # The plank lies along the diagonal; the can is within the plank's axis-aligned box, but well off the plank.
    plank, can = box("B", (0, 0, 0.02), (2.0, 0.1, 0.04), yaw=45), box("A", (0.5, -0.5, 0.06), (0.08, 0.08, 0.12))
    relation = between([plank, can])
    assert relation & DIRECTIONS == R.RIGHT | R.FRONT
    assert not relation & R.TOUCHING


# --- contacts ---------------------------------------------------------------------------------------------------------


def test_a_pair_in_contact_has_its_contact_and_no_other_word() -> None:
    table, mug = box("B", (0, 0, 0.4), (1.6, 0.9, 0.8)), box("A", (0.6, 0.3, 0.85), (0.1,) * 3)
    assert between([table, mug]) == R.ON
    assert between([table, mug], "B", "A") == R.SUPPORTS


def test_on_and_inside_are_both_told() -> None:
    kinds = (ContactKind.SUPPORT, ContactKind.INSIDE)
    given_ = [Contact("/World/A", "/World/B", kind, 0.0, 0.01, 1.0, Evidence.GEOMETRY) for kind in kinds]
    objects = [box("A", (0, 0, 0.1), (0.1,) * 3), box("B", (0, 0, 0.15), (0.4, 0.4, 0.3))]
    graph = graph_of(objects, contacts=given_)
    assert graph.relation(0, 1) == R.ON | R.INSIDE
    assert graph.relation(1, 0) == R.SUPPORTS | R.CONTAINS
    assert graph.full is not None
    assert graph.full.evidence_of(0) is Evidence.GEOMETRY


@pytest.mark.parametrize(("kind", "word"), [(ContactKind.ATTACHED, R.ATTACHED), (ContactKind.HANGING, R.HANGING)])
def test_attached_and_hanging(kind: ContactKind, word: Relation) -> None:
    given_ = [Contact("/World/A", "/World/B", kind, 0.002, 0.0, 1.0, Evidence.GEOMETRY)]
    objects = [box("A", (0, -0.5, 1), (0.1,) * 3), box("B", (0, 0, 1), (0.4, 0.4, 2))]
    assert between(objects, contacts=given_) == word
    assert between(objects, "B", "A", contacts=given_) == R.HOLDS


def test_a_part_has_no_direction_from_its_whole() -> None:
    oven, knob = box("B", (0, 0, 0.5), (0.6, 0.6, 1)), box("A", (0.25, -0.33, 0.8), (0.04, 0.04, 0.04), part_of="/World/B")
    assert between([oven, knob]) == R.ATTACHED
    assert between([oven, knob], contacts=[]) == R.ATTACHED


# --- distance words ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (0.0, R.TOUCHING | R.NEXT_TO | R.NEAR),
        (0.005, R.TOUCHING | R.NEXT_TO | R.NEAR),
        (0.006, R.NEXT_TO | R.NEAR),
        (0.1, R.NEXT_TO | R.NEAR),  # 0.5 s
        (0.101, R.NEAR),
        (0.3, R.NEAR),  # 1.5 s
        (0.301, R.NONE),
        (1.4, R.NONE),  # over 5 sizes, not over 1.5 m
        (1.5, R.NONE),
        (1.501, R.FAR),
    ],
)
def test_distance_words_of_cubes_of_20_cm(gap: float, expected: Relation) -> None:
    assert pair((0.2 + gap, 0, 0)) & DISTANCES == expected


def test_far_is_measured_by_the_larger_object() -> None:
    for gap, expected in ((4.9, R.NONE), (5.1, R.FAR)):
        objects = [box("A", (0.5 + 0.05 + gap, 0, 0.05), (0.1,) * 3), box("B", (0, 0, 0.5), (1, 1, 1))]
        assert between(objects) & DISTANCES == expected


def test_size_is_the_median_edge_of_the_tighter_box() -> None:
    # A pen turned by 45 degrees: its axis-aligned box is 10 cm wide and deep, the pen is 1 cm thick.
    pen, cup = box("A", (0, 0, 0.005), (0.14, 0.01, 0.01), yaw=45), box("B", (0.105, 0, 0.05), (0.08, 0.08, 0.1))
    assert between([pen, cup]) & R.NEXT_TO == R.NONE


def test_next_to_needs_the_same_supporter() -> None:
    table = box("Table", (0, 0, 0.2), (0.5, 0.5, 0.4))
    on, beside = box("A", (0.2, 0, 0.5), (0.2,) * 3), box("B", (0.45, 0, 0.15), (0.3,) * 3)
    assert between([table, on, beside]) & DISTANCES == R.NEAR
    low = [box("A", (0.2, 0, 0.1), (0.2,) * 3), box("B", (0.45, 0, 0.15), (0.3,) * 3)]
    assert between(low) & R.NEXT_TO


@pytest.mark.parametrize(("thickness", "expected"), [(0.01, R.NEXT_TO), (0.03, R.NEXT_TO), (0.031, R.NONE)])
def test_next_to_looks_through_a_rug_but_not_through_a_podium(thickness: float, expected: Relation) -> None:
    rug = box("Rug", (0, 0, thickness / 2), (0.6, 0.6, thickness))
    on, beside = box("A", (0.2, 0, thickness + 0.1), (0.2,) * 3), box("B", (0.42, 0, 0.1), (0.2,) * 3)
    objects = [rug, on, beside]
    given_ = [
        Contact(f"/World/{child}", f"/World/{parent}", ContactKind.SUPPORT, 0.0, 0.01, 1.0, Evidence.GEOMETRY)
        for child, parent in (("Rug", "Floor"), ("A", "Rug"), ("B", "Floor"))
    ]
    assert between(objects, contacts=given_) & R.NEXT_TO == expected


def test_what_rests_on_nothing_is_next_to_what_does_at_the_same_height() -> None:
    for height, expected in ((0.03, R.NEXT_TO), (0.031, R.NONE)):
        objects = [box("A", (0.25, 0, 1 + height), (0.2,) * 3), box("B", (0, 0, 1), (0.2,) * 3)]
        assert between(objects, room=()) & R.NEXT_TO == expected


def test_hulls_that_sink_into_each_other_do_not_touch() -> None:
    # Something stands in the opening of something: their hulls say nothing about surfaces.
    assert not pair((0.19, 0.19, 0)) & R.TOUCHING
    assert pair((0.196, 0.19, 0)) & R.TOUCHING


# --- above and below --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "z", "expected"),
    [
        (0.0, 0.5, R.ABOVE),
        (0.16, 0.5, R.ABOVE),  # 20 % of the footprint
        (0.162, 0.5, R.NONE),
        (0.0, 0.2, R.NONE),  # on it
        (0.0, 0.15, R.NONE),  # in it
    ],
)
def test_above(x: float, z: float, expected: Relation) -> None:
    assert pair((x, 0, z)) & (R.ABOVE | R.BELOW) == expected
    assert pair((-x, 0, z)) & (R.ABOVE | R.BELOW) == expected


def test_above_goes_by_footprints_not_by_boxes() -> None:
    low = box("B", (0, 0, 0.02), (2.0, 0.1, 0.04), yaw=45)
    assert between([low, box("A", (0.5, -0.5, 1), (0.3,) * 3)]) & R.ABOVE == R.NONE
    assert between([low, box("A", (0.5, 0.5, 1), (0.3,) * 3)]) & R.ABOVE == R.ABOVE


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "hour"),
    [((0, 1), 12), ((1, 1.8), 1), ((1, 0), 3), ((1, -1.8), 5), ((0, -1), 6), ((-1, 0), 9), ((-0.2, 1), 12), ((-0.3, 1), 11)],
)
def test_clock_hours_turn_clockwise_from_away(where: tuple[float, float], hour: int) -> None:
    graph = graph_of([box("A", (where[0], where[1], 0.1), (0.2,) * 3), box("B", (0, 0, 0.1), (0.2,) * 3)])
    assert graph.pairs(np.array([0]), np.array([1])).clock_hour[0] == hour


def test_numbers_of_a_pair() -> None:
    graph = graph_of([box("A", (0.6, -0.8, 0.2), (0.2, 0.2, 0.4)), box("B", (0, 0, 0.1), (0.2,) * 3)])
    row = graph.pairs(np.array([0]), np.array([1]))
    assert row.offset[0] == pytest.approx([0.6, -0.8, 0.1])
    assert row.center_distance[0] == pytest.approx(math.sqrt(0.36 + 0.64 + 0.01))
    assert row.surface_distance[0] == pytest.approx(math.hypot(0.4, 0.6))  # between the corners of the boxes
    assert row.margin[0] == pytest.approx(0.8 - 0.15 * 0.2)
    assert row.weight[0] == row.center_distance[0]


def test_margin_is_that_of_the_strongest_word_and_zero_without_one() -> None:
    graph = graph_of(
        [box("A", (0, 0, 1.0), (0.2,) * 3), box("B", (0, 0, 0.1), (0.2,) * 3), box("C", (0.01, 0, 1.0), (0.2,) * 3)]
    )
    assert graph.pairs(np.array([0]), np.array([1])).margin[0] == pytest.approx(0.7)  # above, by the gap
    assert graph.pairs(np.array([0]), np.array([2])).margin[0] == 0.0


def test_support_distance_of_tall_and_low_counts_height() -> None:
    assert graph_of([box("A", (0, 0, 1.1), (0.2,) * 3), box("B", (0.5, 0, 0.1), (0.2,) * 3)]).pairs(
        np.array([0]), np.array([1])
    ).surface_distance[0] == pytest.approx(math.hypot(0.3, 0.8))


# --- properties -------------------------------------------------------------------------------------------------------

placed = st.tuples(
    st.integers(-30, 30), st.integers(-20, 20), st.integers(0, 12), st.integers(1, 8), st.integers(1, 8), st.integers(1, 8)
)
scenes = st.lists(placed, min_size=2, max_size=9)
#: Every setup sees all relations of all ordered pairs.
quick = settings(max_examples=40, deadline=None, derandomize=True)


def objects_of(
    places: list[tuple], *, shift: tuple[float, float, float] = (0, 0, 0), mirror: bool = False, camera=None
) -> list:
    result = []
    for index, (x, y, z, *edges) in enumerate(places):
        size = tuple(edge * 0.1 for edge in edges)
        center = (x * 0.1 * (-1 if mirror else 1) + shift[0], y * 0.1 + shift[1], z * 0.1 + size[2] / 2 + shift[2])
        result.append(box(f"N{index:02d}", center, size, camera=camera))  # type: ignore[arg-type]
    return result


def matrix_of(graph: SceneGraph) -> np.ndarray:
    count = len(graph.nodes)
    source, target = np.divmod(np.arange(count * count), count)
    table = graph.pairs(source, target).relations.copy()
    table[source == target] = 0
    return table.reshape(count, count)


@quick
@given(scenes)
def test_the_other_end_sees_the_inverse(places: list[tuple]) -> None:
    matrix = matrix_of(graph_of(objects_of(places)))
    for one in range(len(matrix)):
        for two in range(one):
            assert Relation(int(matrix[one, two])).inverse() == Relation(int(matrix[two, one]))


@quick
@given(scenes)
def test_no_pair_has_a_word_and_its_opposite(places: list[tuple]) -> None:
    matrix = matrix_of(graph_of(objects_of(places)))
    for word, opposite in INVERSE.items():
        if word is not opposite:
            assert not ((matrix & np.uint32(word)) != 0)[(matrix & np.uint32(opposite)) != 0].any(), word
    contact = (matrix & np.uint32(R.ON | R.INSIDE | R.SUPPORTS | R.CONTAINS)) != 0
    assert not (matrix[contact] & np.uint32(DIRECTIONS | DISTANCES | R.ABOVE | R.BELOW)).any()


@quick
@given(scenes, st.tuples(st.integers(-40, 40), st.integers(-40, 40), st.integers(-8, 8)))
def test_moving_everything_changes_nothing(places: list[tuple], steps: tuple[int, int, int]) -> None:
    shift = tuple(0.5 * step for step in steps)
    here, there = camera_at(), camera_at(tuple(np.add((0, -6, 2), shift)), tuple(np.add((0, 0, 0.5), shift)))
    before = graph_of(objects_of(places, camera=here), camera=here)
    after = graph_of(objects_of(places, shift=shift, camera=there), camera=there, room=(floor(shift[2], half=99),))
    assert (matrix_of(before) == matrix_of(after)).all()
    assert before.between == after.between
    assert [(node.level, node.parent) for node in before.nodes] == [(node.level, node.parent) for node in after.nodes]
    assert before.pruned.source.tolist() == after.pruned.source.tolist()


@quick
@given(scenes)
def test_a_mirrored_world_swaps_left_and_right_only(places: list[tuple]) -> None:
    before, after = (matrix_of(graph_of(objects_of(places, mirror=mirror))) for mirror in (False, True))
    left, right = np.uint32(R.LEFT), np.uint32(R.RIGHT)
    swapped = after & ~(left | right)
    swapped |= np.where(after & left, right, np.uint32(0)) | np.where(after & right, left, np.uint32(0))
    assert (swapped == before).all()


@quick
@given(scenes)
def test_a_viewer_on_the_other_side_contradicts_no_contact_or_distance_and_swaps_directions(places: list[tuple]) -> None:
    back = camera_at((0, 6, 2))
    before = matrix_of(graph_of(objects_of(places)))
    after = matrix_of(graph_of(objects_of(places, camera=back), camera=back))
    keep = np.uint32(~int(DIRECTIONS) & 0xFFFFFFFF)
    assert (before & keep == after & keep).all()
    for word in (R.LEFT, R.RIGHT, R.FRONT, R.BEHIND):  # the picture may veto on one side only, but never say the same
        assert not ((before & np.uint32(word)) & (after & np.uint32(word))).any()


@quick
@given(scenes, st.integers(0, 8))
def test_taking_an_unrelated_object_away_changes_nothing_between_the_others(places: list[tuple], index: int) -> None:
    whole = graph_of(objects_of(places))
    removed = f"/World/N{index % len(places):02d}"
    rest = [item for item in objects_of(places) if item.path != removed]
    # A thing that rests on or in the removed one is not unrelated to it, nor is what rests on that.
    related = {removed}
    for node in sorted(whole.nodes, key=lambda node: node.level):
        if related & {path for path, _ in node.contacts}:
            related.add(node.path)
    kept = [node.id for node in whole.nodes if node.path not in related]
    if len(kept) < 2:
        return
    part = graph_of(rest)
    ids = [part.node_of(whole.nodes[node].path).id for node in kept]  # type: ignore[union-attr]
    assert (matrix_of(whole)[np.ix_(kept, kept)] == matrix_of(part)[np.ix_(ids, ids)]).all()
    for node, other in zip(kept, ids, strict=True):
        assert whole.nodes[node].level == part.nodes[other].level
        assert whole.nodes[node].parent_path == part.nodes[other].parent_path


def loop(graph: SceneGraph, one: int, two: int) -> Relation:
    """All but contacts, word by word, for upright boxes without yaw."""
    a, b = graph.nodes[one], graph.nodes[two]
    (a_low, a_high), (b_low, b_high) = a.observed.aabb_world, b.observed.aabb_world  # type: ignore[misc]
    if any(path == b.path for path, _ in a.contacts) or any(path == a.path for path, _ in b.contacts):
        return R.NONE
    gaps = [round(max(a_low[k] - b_high[k], b_low[k] - a_high[k]), 6) for k in range(3)]
    distance = round(math.sqrt(sum(max(gap, 0) ** 2 for gap in gaps)), 6)
    sizes = [sorted(node.observed.size_world)[1] for node in (a, b)]
    s, large = min(sizes), max(sizes)
    result = R.NONE
    in_a, in_b = (
        all(low[k] - 1e-6 <= center[k] <= high[k] + 1e-6 for k in (0, 1))
        for (low, high), center in (((a_low, a_high), b.observed.center_world), ((b_low, b_high), a.observed.center_world))
    )
    signed = distance if distance > 0 else max(gaps)
    if not (in_a or in_b):
        if abs(signed) <= 0.005:
            result |= R.TOUCHING
        if (
            distance <= round(0.5 * s, 6)
            and a.parent_path == b.parent_path
            and (a.parent_path or abs(a_low[2] - b_low[2]) < 0.0301)
        ):
            result |= R.NEXT_TO
    if distance <= round(1.5 * s, 6):
        result |= R.NEAR
    if distance > round(max(5 * large, 1.5), 6):
        result |= R.FAR
    va, vb = a.observed.visibility, b.observed.visibility
    assert va is not None
    assert vb is not None
    order = [
        va.box_tight[0] + va.box_tight[2] - vb.box_tight[0] - vb.box_tight[2],
        round((va.median_depth or 0) - (vb.median_depth or 0), 6),
    ]
    for axis, (less, more) in enumerate(((R.LEFT, R.RIGHT), (R.FRONT, R.BEHIND))):
        offset = a.observed.center_world[axis] - b.observed.center_world[axis]
        wide = max(a.observed.size_world[axis], b.observed.size_world[axis])
        beyond = round(abs(offset) - max(0.02, 0.15 * s, 0.125 * wide), 6) > 0
        if beyond and not (in_a or in_b) and offset * order[axis] > 0:
            result |= less if offset < 0 else more
    shared = [min(a_high[k], b_high[k]) - max(a_low[k], b_low[k]) for k in (0, 1)]
    least = min(node.observed.size_world[0] * node.observed.size_world[1] for node in (a, b))
    if min(shared) > 1e-9 and round(shared[0] * shared[1] - 0.2 * least, 6) >= 0 and gaps[2] > 0:
        result |= R.ABOVE if a_low[2] > b_low[2] else R.BELOW
    return result


@quick
@given(scenes)
def test_all_words_are_those_of_a_plain_loop(places: list[tuple]) -> None:
    graph = graph_of(objects_of(places))
    matrix = matrix_of(graph)
    contact = R.ON | R.INSIDE | R.SUPPORTS | R.CONTAINS
    for one in range(len(matrix)):
        for two in range(len(matrix)):
            if one != two:
                assert Relation(int(matrix[one, two])) & ~contact == loop(graph, one, two), (one, two)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = objects_of([(x, y, 0, 2, 2, 2) for x in range(-9, 9, 3) for y in (-5, 0, 5)])
    graph = graph_of(objects)
    whole = matrix_of(graph)
    monkeypatch.setattr("scenecap.graph.relations._CHUNK", 7)
    assert (matrix_of(graph) == whole).all()


def test_no_pairs_give_an_empty_table() -> None:
    graph = graph_of([box("A", (0, 0, 0.1), (0.2,) * 3)])
    assert len(graph.pairs(np.array([]), np.array([]))) == 0
    assert len(graph.pruned) == 0
    assert graph.full is not None
    assert len(graph.full) == 0


def test_an_object_without_depth_or_box_is_judged_by_geometry() -> None:
    flat = Visibility((0, 0, 0, 0), (0, 0, 0, 0), 1, 1, None, True)
    objects = [box("A", (0.5, 0.5, 0.1), (0.2,) * 3, visibility=flat), box("B", (0, 0, 0.1), (0.2,) * 3, visibility=flat)]
    assert between(objects) & DIRECTIONS == R.BEHIND  # the same box in the picture: neither left nor right
