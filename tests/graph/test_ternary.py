"""Facts about three objects: between, and at the centre of."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.contract import Contact, ContactKind, Evidence, ObservedObject
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import Node, Relation, SceneGraph
from scenecap.graph.settings import GraphSettings
from tests.graph.scenes import box, frame_of


def graph_of(objects: list[ObservedObject], **fields: object) -> SceneGraph:
    return build_scene_graph(frame_of(objects, **fields), GraphSettings())  # type: ignore[arg-type]


def facts(objects: list[ObservedObject], **fields: object) -> set[tuple[str, str, str]]:
    graph = graph_of(objects, **fields)
    name = [node.path.rsplit("/", 1)[-1] for node in graph.nodes]
    return {(name[item.subject], name[item.first], name[item.second]) for item in graph.between}


def cube(name: str, x: float, y: float, z: float = 0.1, size: float = 0.2) -> ObservedObject:
    return box(name, (x, y, z), (size, size, size))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, True),
        (-0.3, 0.0, True),
        (0.29, 0.0, True),
        (-0.31, 0.0, False),  # beyond 0.2 of the way
        (0.0, 0.1, True),  # half its own size off the line
        (0.0, 0.101, False),
    ],
)
def test_between_is_near_the_middle_of_the_line_between_centres(x: float, y: float, expected: bool) -> None:
    ends = [cube("A", -0.5, 0), cube("B", 0.5, 0)]
    assert (("S", "A", "B") in facts([*ends, cube("S", x, y)])) == expected


def test_numbers_of_between() -> None:
    (fact,) = graph_of([cube("A", -0.5, 0), cube("B", 0.5, 0), cube("S", -0.2, 0.05)]).between
    assert (fact.subject, fact.first, fact.second) == (2, 0, 1)
    assert fact.fraction == pytest.approx(0.3)
    assert fact.offset == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0.25, 0.02), False),  # nearer to the line
        ((0.25, -0.08), False),  # as near
        ((0.25, 0.1), False),  # further, but on the line too
        ((0.25, 0.11), True),
    ],
)
def test_another_object_between_the_ends_makes_it_ambiguous(other: tuple[float, float], expected: bool) -> None:
    objects = [cube("A", -0.8, 0), cube("B", 0.8, 0), cube("S", -0.2, 0.08), cube("T", *other)]
    assert (("S", "A", "B") in facts(objects)) == expected


def test_a_row_tells_neighbours_only() -> None:
    row = [cube(name, 0.5 * index, 0) for index, name in enumerate("ABCD")]
    assert facts(row) == {("B", "A", "C"), ("C", "B", "D")}


def test_all_three_stand_on_the_same_thing() -> None:
    table = box("Table", (0, 0, 0.2), (0.4, 0.4, 0.4))
    assert facts([cube("A", -0.6, 0), cube("B", 0.6, 0), table, cube("S", 0, 0, z=0.5)]) == {("Table", "A", "B")}


def test_a_table_on_a_rug_is_between_what_stands_on_the_floor_beside_it() -> None:
    objects = [cube("A", -0.6, 0), cube("B", 0.6, 0), box("Rug", (0, 0, 0.005), (0.6, 0.6, 0.01)), cube("S", 0, 0, z=0.11)]
    # The rug is no rival to what stands on it, nor the other way round: it is between them too.
    assert facts(objects) == {("S", "A", "B"), ("Rug", "A", "B")}


def test_what_rests_on_nothing_counts_at_the_same_height_only() -> None:
    for z, expected in ((0.13, True), (0.14, False)):
        objects = [cube("A", -0.5, 0), cube("B", 0.5, 0), cube("S", 0, 0, z=z)]
        assert (("S", "A", "B") in facts(objects, room=())) == expected


def test_what_hangs_on_a_wall_is_between_nothing() -> None:
    names = ("A", "B", "S")
    given_ = [
        Contact(f"/World/{name}", "/World/Wall", ContactKind.ATTACHED, 0.0, 0.0, 1.0, Evidence.GEOMETRY) for name in names
    ]
    assert facts([cube("A", -0.5, 0, z=2), cube("B", 0.5, 0), cube("S", 0, 0, z=1)], contacts=given_) == set()


def test_ends_must_not_be_far() -> None:
    for reach, expected in ((1.6, True), (1.8, False)):  # far: over 1.5 m between surfaces of 20 cm cubes
        assert (("S", "A", "B") in facts([cube("A", -reach, 0), cube("B", reach, 0), cube("S", 0, 0)])) == expected


def test_overlaid_objects_are_between_nothing() -> None:
    frame = box("A", (-0.3, 0, 0.6), (0.9, 0.9, 1.2))  # a rack: the subject stands in it
    given_ = [
        Contact(f"/World/{name}", "/World/Floor", ContactKind.SUPPORT, 0.0, 0.01, 1.0, Evidence.GEOMETRY) for name in "ABS"
    ]
    assert facts([frame, cube("B", 0.5, 0), cube("S", 0, 0)], contacts=given_) == set()


def brute_force(graph: SceneGraph) -> set[tuple[int, int, int]]:
    found = set()
    centers = [node.observed.center_world[:2] for node in graph.nodes]
    stands = [node for node in graph.nodes if node.parent_kind in (ContactKind.SUPPORT, ContactKind.INSIDE, None)]

    def along(x: int, a: int, b: int) -> tuple[float, float]:
        line = centers[b] - centers[a]
        length = math.hypot(*line)
        if length == 0:
            return math.nan, math.nan
        reach = centers[x] - centers[a]
        return round(float(reach @ line) / length**2, 6), round(
            abs(float(line[0] * reach[1] - line[1] * reach[0])) / length, 6
        )

    def contained(one: int, two: int) -> bool:
        low, high = graph.nodes[one].observed.aabb_world  # type: ignore[misc]
        return all(low[k] - 1e-6 <= centers[two][k] <= high[k] + 1e-6 for k in (0, 1))

    def size_of(node: Node) -> float:
        return round(0.5 * sorted(node.observed.size_world)[1], 6)

    contact = Relation.ON | Relation.INSIDE | Relation.SUPPORTS | Relation.CONTAINS

    def together(one, two) -> bool:
        if one.parent_path != two.parent_path:
            return False
        heights = [node.observed.aabb_world[0][2] for node in (one, two)]
        return one.parent_path is not None or round(abs(heights[0] - heights[1]), 6) <= 0.03

    for s in stands:
        others = [node for node in stands if node is not s and together(node, s)]
        assert len(others) <= 12
        for i, a in enumerate(others):
            for b in others[i + 1 :]:
                fraction, offset = along(s.id, a.id, b.id)
                if not (0.2 <= fraction <= 0.8 and offset <= size_of(s)):
                    continue
                rivals = [(x, *along(x.id, a.id, b.id)) for x in others if x is not a and x is not b]
                if any(
                    0 < f < 1 and d <= max(offset, size_of(x)) and not graph.relation(s.id, x.id) & contact
                    for x, f, d in rivals
                ):
                    continue
                pairs = ((s.id, a.id), (s.id, b.id), (a.id, b.id))
                if any(contained(x, y) or contained(y, x) or graph.relation(x, y) & contact for x, y in pairs):
                    continue
                if any(graph.relation(s.id, end.id) & Relation.FAR for end in (a, b)):
                    continue
                found.add((s.id, a.id, b.id))
    return found


places = st.lists(
    st.tuples(st.integers(-9, 9), st.integers(-6, 6), st.integers(0, 2), st.integers(1, 3)), min_size=3, max_size=12
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(places, st.booleans())
def test_between_is_what_a_plain_loop_finds(where: list[tuple], floored: bool) -> None:
    objects = [
        cube(f"N{index:02d}", 0.2 * x, 0.2 * y, 0.3 * level + 0.05 * size, 0.1 * size)
        for index, (x, y, level, size) in enumerate(where)
    ]
    graph = graph_of(objects) if floored else graph_of(objects, room=())
    assert {(item.subject, item.first, item.second) for item in graph.between} == brute_force(graph)
    assert list(graph.between) == sorted(graph.between, key=lambda item: (item.subject, item.first, item.second))


def test_large_scenes_are_cut_in_pieces_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    objects = [cube(f"N{index:02d}", *draw.uniform(-3, 3, 2)) for index in range(60)]
    whole = graph_of(objects).between
    monkeypatch.setattr("scenecap.graph.ternary._CHUNK", 100)
    assert graph_of(objects).between == whole
    assert len(whole) > 5


@pytest.mark.parametrize(
    ("x", "size", "kind", "expected"),
    [
        (0.0, 0.2, ContactKind.SUPPORT, True),
        (0.20, 0.2, ContactKind.SUPPORT, True),  # 10 % of the diagonal of a 1.6 x 1.2 m top
        (0.201, 0.2, ContactKind.SUPPORT, False),
        (0.0, 0.7, ContactKind.SUPPORT, True),  # its own diagonal may be half of the top's: 1 m
        (0.0, 0.71, ContactKind.SUPPORT, False),
        (0.0, 0.2, ContactKind.INSIDE, False),
    ],
)
def test_at_the_centre_of(x: float, size: float, kind: ContactKind, expected: bool) -> None:
    objects = [box("Bowl", (x, 0, 0.85), (size, size, 0.1)), box("Table", (0, 0, 0.4), (1.6, 1.2, 0.8))]
    given_ = [Contact("/World/Bowl", "/World/Table", kind, 0.0, 0.01, 1.0, Evidence.GEOMETRY)]
    assert graph_of(objects, contacts=given_).centered == ({0: 1} if expected else {})
