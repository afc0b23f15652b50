"""Poses that are drawn: what carried still carries, nothing runs into anything, and captions are true of what is seen."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from pxr import Sdf, Usd, UsdGeom

from scenecap.capture.variation.model import StageVariation
from scenecap.contract import Buffer, ChangeKind, Frame
from scenecap.graph.build import build_scene_graph
from scenecap.output.canonical import dumps
from scenecap.output.graph_json import graph_document
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.names import CameraNames
from scenecap.run.config import make_config
from scenecap.run.embedded_run import EmbeddedRun
from scenecap.run.pipeline import caption_frame
from tests.capture.variation.rooms import THINGS, add_box, bake, opened, write_room

POSE = {"distance": 0.4, "yaw": 180}


def drawn(run: EmbeddedRun, number: int) -> StageVariation:
    return run._drawer.stage(number)


def moment(run: EmbeddedRun, variation: StageVariation | None = None):
    world = run._source.world
    return world.at(run._opened.start) if variation is None else world.at(run._opened.start, variation)


def touching(contacts) -> set[tuple[str, str, str]]:
    return {(item.child, item.parent, item.kind.value) for item in contacts}


def triangles(run: EmbeddedRun, now, path: str) -> np.ndarray:
    """(T, 3, 3) corners in world [m] of an object, from the world's own meshes and places."""
    world = run._source.world
    number = [entity.path for entity in world.discovery.entities].index(path)
    parts = []
    for row in np.flatnonzero(world.discovery.owner == number):
        mesh, place = world.geometry.get(world.walk.gprims[row], 0.0), now.state.local_to_world[row]
        parts.append((mesh.points @ place[:3, :3] + place[3, :3])[mesh.triangles])
    return np.concatenate(parts)


class EdgesThrough:
    """How many edges of one mesh go through the faces of another, by Embree."""

    def __init__(self, corners: np.ndarray) -> None:
        mesh = pytest.importorskip("embreex.mesh_construction")
        scene = pytest.importorskip("embreex.rtcore_scene")
        self._scene = scene.EmbreeScene(robust=True)
        self._mesh = mesh.TriangleMesh(self._scene, corners.astype(np.float32))

    def count(self, corners: np.ndarray) -> int:
        starts = corners.reshape(-1, 3)
        ways = np.roll(corners, -1, axis=1).reshape(-1, 3) - starts
        lengths = np.linalg.norm(ways, axis=1)
        kept = lengths > 1e-9
        starts, ways, lengths = starts[kept], ways[kept] / lengths[kept, None], lengths[kept]
        found = self._scene.run(starts.astype(np.float32), ways.astype(np.float32), query="INTERSECT", output=True)
        return int(((found["primID"] >= 0) & (found["tfar"] < lengths - 1e-5) & (found["tfar"] > 1e-5)).sum())


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.usda", pawns=True)


@pytest.mark.parametrize("seed", range(6))
def test_each_object_keeps_its_support_and_runs_into_nothing(room: Path, seed: int) -> None:
    run = opened(room, variations={"count": 2, "pose": POSE}, random_seed=seed)
    before = moment(run)
    for number in (1, 2):
        variation = drawn(run, number)
        assert variation.record.counts["moved"] >= 8
        after = moment(run, variation)
        assert touching(after.contacts) == touching(before.contacts)
        objects = [item.path for item in after.objects]
        shapes = {path: triangles(run, after, path) for path in objects}
        carried = {frozenset((item.child, item.parent)) for item in after.contacts}
        for one, other in itertools.combinations(objects, 2):
            crossings = EdgesThrough(shapes[one]).count(shapes[other]) + EdgesThrough(shapes[other]).count(shapes[one])
            assert frozenset((one, other)) in carried or not crossings, (one, other)


@pytest.mark.parametrize("seed", range(3))
def test_boxes_on_a_table_keep_apart_in_closed_form(room: Path, seed: int) -> None:
    """Separating axes of upright boxes: an independent measure of the clearance between what stands side by side."""
    run = opened(room, variations={"count": 4, "pose": {**POSE, "clearance": 0.03}}, random_seed=seed)
    sizes = {f"/Room/Frame/{parent}/{name}": size for name, parent, size, _ in THINGS}
    side_by_side = [path for path in sizes if path.rpartition("/")[2] in ("Mug", "Bowl", "Book")]
    for number in range(1, 5):
        variation = drawn(run, number)
        moved = {item.path for item in variation.record.changes if item.kind is ChangeKind.MOVED}
        places = {item.path: item.object_to_world for item in moment(run, variation).objects}
        for one, other in itertools.combinations(side_by_side, 2):
            if one in moved or other in moved:
                assert gap(places[one], sizes[one], places[other], sizes[other]) >= 0.03 - 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_what_stands_on_the_table_stays_on_it_in_closed_form(room: Path, seed: int) -> None:
    run = opened(room, variations={"count": 4, "pose": {**POSE, "distance": 0.9, "attempts": 20}}, random_seed=seed)
    sizes = {f"/Room/Frame/{parent}/{name}": size for name, parent, size, _ in THINGS if name in ("Mug", "Bowl", "Book")}
    steps = np.linspace(-0.5, 0.5, 41)
    base = np.array([(x, y, -0.5) for x in steps for y in steps])
    top = np.array([1.4, 0.7]) / 2
    near_edge = []
    for number in range(1, 5):
        places = {item.path: item.object_to_world for item in moment(run, drawn(run, number)).objects}
        to_table = np.linalg.inv(places["/Room/Frame/Furniture/Table"])
        for path, size in sizes.items():
            points = (base * size) @ places[path][:3, :3] + places[path][3, :3]
            on_table = points @ to_table[:3, :3] + to_table[3, :3]
            over = (np.abs(on_table[:, :2]) <= top + 1e-6).all(axis=1)
            assert over.mean() >= 0.9 - 0.06  # the program's own grid is 16 cells wide
            np.testing.assert_allclose(on_table[:, 2], 0.75, atol=2e-3)
            near_edge.append(over.mean() < 1 or (np.abs(on_table[:, :2]) > top - 0.05).any())
    assert any(near_edge)  # some came to where they might have gone over


def gap(first: np.ndarray, first_size, second: np.ndarray, second_size) -> float:
    corners = [
        (np.array([(x, y, 0) for x in (-1, 1) for y in (-1, 1)]) * np.array(size) / 2) @ place[:3, :3] + place[3, :3]
        for place, size in ((first, first_size), (second, second_size))
    ]
    best = np.inf
    edges = [(a, b) for a, b in itertools.product(range(4), repeat=2) if a < b]
    for mine, theirs in (corners, corners[::-1]):
        for point in mine[:, :2]:
            for a, b in edges:  # the diagonals are inside: they make no distance smaller
                start, way = theirs[a, :2], theirs[b, :2] - theirs[a, :2]
                along = np.clip((point - start) @ way / (way @ way), 0.0, 1.0)
                best = min(best, float(np.linalg.norm(point - start - along * way)))
    return best


@pytest.mark.parametrize(
    ("name", "keys"),
    [("plain", {}), ("y_up", {"up": "Y", "meters": 0.01}), ("inches", {"meters": 0.0254, "pawns": True})],
)
def test_a_variation_is_as_if_the_stage_had_been_authored_so(tmp_path: Path, name: str, keys: dict) -> None:
    scene = write_room(tmp_path / "room.usda", **keys)
    run = opened(scene, variations={"count": 3, "pose": POSE, "drop_out": {"share": 0.3}})
    tasks = [task for task in run.tasks() if task.variation]
    hidden = set()
    for task in tasks:
        variation = drawn(run, task.variation)
        hidden |= {path for path in variation.hidden if "[" not in path}
        if any("[" in path for path in variation.hidden):
            variation = dataclasses.replace(variation, hidden=frozenset(p for p in variation.hidden if "[" not in p))
            seen = run._source.observe(run.observe(task).camera, variation=variation)
        else:
            seen = run.observe(task)
        written = opened(bake(scene, tmp_path / str(tasks.index(task)) / "room.usda", variation))
        same = written.observe(dataclasses.replace(task, variation=0))
        assert_equal(seen, same)
    assert hidden


def assert_equal(seen: Frame, same: Frame) -> None:
    np.testing.assert_allclose(seen.camera.world_to_camera, same.camera.world_to_camera, atol=1e-6)
    graphs = [document(frame) for frame in (seen, same)]
    assert graphs[0]["obj"].keys() == graphs[1]["obj"].keys()
    assert close(graphs[0], graphs[1])
    assert touching(seen.contacts) == touching(same.contacts)
    hit = np.isfinite(seen.buffers[Buffer.DEPTH])
    assert (hit == np.isfinite(same.buffers[Buffer.DEPTH])).mean() > 0.999


def document(frame: Frame) -> dict:
    graph = build_scene_graph(frame, make_config({}).graph, full=True)
    facts = JobFacts(CameraNames.of([frame.camera.path]))
    whole = graph_document(FrameResult(frame, graph), facts, which="full")
    del whole["meta"], whole["left_out"]
    return json.loads(dumps(whole))


def close(first, second, *, within: float = 2e-3) -> bool:
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(close(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(close, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= within * max(1.0, abs(first))
    return isinstance(first, int) == isinstance(second, int) if isinstance(first, int) else first == second


def test_what_is_written_beside_a_frame_gives_its_places_again(room: Path) -> None:
    run = opened(room, variations={"count": 1, "pose": POSE})
    task = next(task for task in run.tasks() if task.variation)
    authored = {item.path: item.object_to_world for item in moment(run).objects}
    frame = run.observe(task)
    places = {path: place.copy() for path, place in authored.items()}
    goes_along: dict[str, list[str]] = {}
    for change in frame.variation.changes:
        if change.kind is ChangeKind.CARRIED:
            goes_along.setdefault(change.values["with"], []).append(change.path)
    for change in frame.variation.changes:
        if change.kind is ChangeKind.MOVED:
            x, y = change.values["pivot"]
            turn = np.radians(change.values["yaw"])
            for path in (change.path, *goes_along.get(change.path, ())):
                rows = places[path]
                rows[3, :3] -= (x, y, 0)
                rotation = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
                rows[:, :3] = rows[:, :3] @ rotation
                rows[3, :3] += (x + change.values["offset"][0], y + change.values["offset"][1], 0)
    for item in frame.objects:
        np.testing.assert_allclose(item.object_to_world, places[item.path], atol=1e-9)
    assert frame.variation.counts["moved"] == sum(item.kind is ChangeKind.MOVED for item in frame.variation.changes)


def test_of_a_point_instancer_only_the_instances_that_are_drawn_move(room: Path) -> None:
    run = opened(room, variations={"count": 1, "pose": {**POSE, "objects": "/Room/Frame/Pawns*", "share": 0.5}})
    variation = drawn(run, 1)
    moved = set(variation.motions)
    assert moved
    assert moved < {f"/Room/Frame/Pawns[{number}]" for number in range(6)}
    before = {item.path: item for item in moment(run).objects}
    for item in moment(run, variation).objects:
        same = np.array_equal(item.object_to_world, before[item.path].object_to_world)
        assert same != (item.path in moved)
        np.testing.assert_allclose(item.size_world[2], before[item.path].size_world[2], atol=2e-4)


def test_a_table_takes_along_what_stands_on_it_its_lamp_and_its_camera(room: Path) -> None:
    run = opened(room, variations={"count": 1, "pose": {"objects": "table", "distance": 0.2, "yaw": 20}})
    variation = drawn(run, 1)
    on_it = {"/Room/Frame/Furniture/Table", *(f"/Room/Frame/Tableware/{name}" for name in ("Mug", "Bowl", "Book", "Apple"))}
    assert set(variation.motions) == on_it
    motion = variation.motions["/Room/Frame/Furniture/Table"]
    assert all(np.array_equal(motion, other) for other in variation.motions.values())
    path = "/Room/Frame/Furniture/Table/Camera"
    still, moved = (next(t for t in run.tasks() if t.camera == path and t.variation == number) for number in (0, 1))
    before, after = run.observe(still), run.observe(moved)
    np.testing.assert_allclose(after.camera.camera_to_world, before.camera.camera_to_world @ motion, atol=1e-9)
    seen = {item.path: item.visibility.box_tight for item in before.objects if item.visibility and item.path in on_it}
    for item in after.objects:  # it sees the table and what is on it as before
        if item.path in seen:
            np.testing.assert_allclose(item.visibility.box_tight, seen[item.path], atol=1)
    lamp = run._source._light(0.0, variation).local[0]
    expected = run._source._light(0.0, drawn(run, 0)).local[0].to_world @ motion
    np.testing.assert_allclose(lamp.to_world, expected, atol=1e-9)


def test_parts_and_ghosts_go_with_their_object(tmp_path: Path) -> None:
    scene = write_room(tmp_path / "room.usda")
    stage = Usd.Stage.Open(str(scene))
    table = "/Room/Frame/Furniture/Table"
    add_box(stage, f"{table}/Drawer", (0.3, 0.2, 0.1), (0.0, -0.2, 0.64))
    ghost = add_box(stage, f"{table}/Glow", (0.2, 0.2, 0.2), (-0.2, 0.1, 1.0))
    UsdGeom.Gprim(ghost.GetChildren()[0]).CreateDisplayOpacityAttr([0.2])
    for path, text in ((table, "table"), (f"{table}/Drawer", "drawer")):
        stage.GetPrimAtPath(path).CreateAttribute("semantics:labels:class", Sdf.ValueTypeNames.TokenArray).Set([text])
    stage.Save()
    keys = {"variations": {"count": 1, "pose": {"objects": "table", "distance": 0.1, "yaw": 10}}, "parts": "keep"}
    run = opened(scene, **keys)
    before, after = ({item.path: item for item in moment(run, drawn(run, number)).objects} for number in (0, 1))
    motion = drawn(run, 1).motions[table]
    assert before[f"{table}/Drawer"].part_of == table
    for path in (table, f"{table}/Drawer", "/Room/Frame/Tableware/Mug"):
        np.testing.assert_allclose(after[path].object_to_world, before[path].object_to_world @ motion, atol=1e-9)
    states = [moment(run, drawn(run, number)).state.local_to_world for number in (0, 1)]
    row = next(row for row, gprim in enumerate(run._source.world.walk.gprims) if "Glow" in gprim.path)
    np.testing.assert_allclose(states[1][row], states[0][row] @ motion, atol=1e-9)


def test_what_moves_by_itself_stays_and_nothing_is_put_in_its_way(tmp_path: Path) -> None:
    scene = write_room(tmp_path / "room.usda", animated=True)
    run = opened(scene, frames="0..10:2", variations={"count": 12, "pose": {**POSE, "distance": 1.5}})
    paths = set()
    for number in range(1, 13):
        variation = drawn(run, number)
        paths |= set(variation.motions)
        for time in range(0, 11, 2):
            now = run._source.world.at(float(time), variation)
            ball = triangles(run, now, "/Room/Frame/Ball")
            for other in ("/Room/Frame/Furniture/Stool", "/Room/Frame/Furniture/Crate", "/Room/Frame/Furniture/Table"):
                assert not EdgesThrough(ball).count(triangles(run, now, other))
                assert not EdgesThrough(triangles(run, now, other)).count(ball)
    assert "/Room/Frame/Ball" not in paths
    assert "/Room/Frame/Furniture/Crate" in paths


def test_the_same_poses_whatever_was_asked_before(room: Path) -> None:
    keys = {"variations": {"count": 3, "pose": POSE, "drop_out": {"share": 0.2}, "camera": {"position": 0.2, "turn": 10}}}
    one, other = opened(room, **keys), opened(room, **keys)
    tasks = one.tasks()
    other.tasks()
    frames = {task: one.observe(task) for task in tasks}
    for task in reversed(tasks):
        again = other.observe(task)
        assert again.variation == frames[task].variation
        assert np.array_equal(again.buffers[Buffer.DEPTH], frames[task].buffers[Buffer.DEPTH])
        assert again.contacts == frames[task].contacts
    reseeded = opened(room, random_seed=5, **keys)
    assert drawn(reseeded, 1).record != drawn(one, 1).record


def test_more_selectors_do_not_change_a_draw(room: Path) -> None:
    alone = opened(room, variations={"count": 1, "pose": {**POSE, "objects": "stool"}})
    more = opened(room, variations={"count": 1, "pose": {**POSE, "objects": ["stool", "apple"]}})
    path = "/Room/Frame/Furniture/Stool"
    assert np.array_equal(drawn(alone, 1).motions[path], drawn(more, 1).motions[path])


@pytest.mark.parametrize("number", range(1, 6))
def test_what_carries_others_is_dropped_only_with_them(room: Path, number: int) -> None:
    alone = opened(room, variations={"count": 5, "drop_out": {"share": 0.6}})
    carriers = {item.parent for item in moment(alone).contacts}
    gone = drawn(alone, number).hidden
    assert gone
    assert not gone & carriers
    together = opened(room, variations={"count": 5, "drop_out": {"share": 0.6, "supporters": True}})
    gone = drawn(together, number).hidden
    for contact in moment(together).contacts:
        assert contact.parent not in gone or contact.child in gone
    few = opened(room, variations={"count": 5, "drop_out": {"share": 1.0, "most": 3, "supporters": True}})
    assert 1 <= len(drawn(few, number).hidden) <= 3


def test_what_was_dropped_is_not_spoken_of_and_not_counted(room: Path) -> None:
    run = opened(room, variations={"count": 8, "drop_out": {"objects": ["pawn", "mug"], "share": 0.4}})
    counts, spoken = {}, {}
    for task in run.tasks():
        if task.camera != "/Room/Frame/Camera":
            continue
        frame = run.observe(task)
        result = caption_frame(frame, make_config({}), variation=task.variation)
        texts = [result.captions.brief.text, result.captions.overall.text]
        texts += [f"{item.question} {item.answer}" for item in result.captions.questions if item.polarity is not False]
        there = "/Room/Frame/Tableware/Mug" not in drawn(run, task.variation).hidden
        spoken.setdefault(there, set()).add(any("mug" in text.lower() for text in texts))
        seen = sum("Pawns" in item.path for item in frame.visible)
        if seen > 1:  # a single one is "a pawn" or "the pawn"
            counts[seen] = f" {NUMBERS[seen]} pawns" in result.captions.overall.text.lower()
    assert spoken == {True: {True}, False: {False}}
    assert len(counts) >= 2
    assert all(counts.values())


NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
