"""A recording read back with Rerun's own reader: every number is the dataset's, placed where the viewer will draw it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenecap.contract import Buffer, Frame
from scenecap.errors import DatasetError, MissingExtraError, OutputError, UsageError
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.export.rerun_file import export_recording
from scenecap.output.export.view import oriented_box
from tests.output.dataset.make import CAMERAS, kitchen, result_of, write_dataset
from tests.output.export.make import frames_of, scenes_dataset, without_picture

pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")
chunk = pytest.importorskip("rerun.chunk", reason="needs a rerun-sdk that reads its own files")

#: Entity -> (frame, number), both None where it is static -> component -> value.
Recording = dict[str, dict[tuple[int | None, int | None], dict[str, Any]]]
PLACE = {CAMERAS[0]: "World_Cameras_Left", CAMERAS[1]: "World_Cameras_Right"}


def read(path: Path) -> Recording:
    found: Recording = {}
    for item in chunk.RrdReader(path).stream():
        assert set(item.timeline_names) in ({"frame", "number"}, set()), "no wall clock"
        if item.entity_path == "/__properties":  # Rerun's own
            assert item.to_record_batch().to_pylist()[0]["RecordingInfo:name"][0].startswith("in (scenecap ")
            continue
        batch = item.to_record_batch()
        for row in batch.to_pylist():
            when = (row.pop("frame", None), row.pop("number", None))
            values = {name: value for name, value in row.items() if name != "rerun.controls.RowId" and value is not None}
            found.setdefault(item.entity_path, {}).setdefault(when, {}).update(values)
    return found


def record(dataset: Path, out: Path, **options) -> Recording:
    export_recording(open_dataset(dataset), out, **options)
    return read(out)


def array(value: Any, *shape: int) -> np.ndarray:
    return np.array(value, dtype=np.float64).reshape(*shape)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Recording, dict[tuple[str, str], Frame]]:
    folder = tmp_path_factory.mktemp("rerun")
    dataset = scenes_dataset(folder / "in", "kitchen", "bar")
    frames = {(frame.scene, frame.camera.path): frame for frame in frames_of("kitchen", "bar")}
    return dataset, record(dataset, folder / "out.rrd"), frames


def each(made: tuple) -> list[tuple[Frame, str, str, tuple[int, int], Recording]]:
    """Frame, scene, camera's name, time, recording."""
    _, found, frames = made
    return [
        (frame, scene, PLACE[camera], (frame.frame_index, number), found)
        for number, ((scene, camera), frame) in enumerate(frames.items())
    ]


def test_boxes_in_the_picture(made: tuple) -> None:
    for frame, scene, camera, when, found in each(made):
        item = found[f"/{scene}/cameras/{camera}/image/boxes"][when]
        centers, halves = array(item["Boxes2D:centers"], -1, 2), array(item["Boxes2D:half_sizes"], -1, 2)
        visible = sorted(frame.visible, key=lambda one: one.path)
        assert item["Boxes2D:labels"] == [one.label for one in visible]
        expected = []
        for one in visible:
            rows, columns = np.nonzero(frame.buffers[Buffer.INSTANCE] == frame.entity_ids[one.path])
            expected.append([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.concatenate([centers - halves, centers + halves], axis=1) == pytest.approx(np.array(expected))
        assert len(set(item["Boxes2D:colors"])) == len({one.label for one in visible})


def test_boxes_in_the_world_have_the_corners_of_the_objects(made: tuple) -> None:
    from scipy.spatial.transform import Rotation

    for frame, scene, camera, when, found in each(made):
        item = found[f"/{scene}/objects/{camera}"][when]
        objects = sorted(frame.objects, key=lambda one: one.path)
        assert item["Boxes3D:labels"] == [one.label for one in objects]
        for place, one in enumerate(objects):
            turn = Rotation.from_quat(item["Boxes3D:quaternions"][place])
            signs = np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)])
            corners = turn.apply(signs * item["Boxes3D:half_sizes"][place]) + item["Boxes3D:centers"][place]
            distance = np.linalg.norm(corners[:, None] - one.corners_world[None], axis=2)
            assert distance.min(axis=0).max() < 5e-4
            assert distance.min(axis=1).max() < 5e-4


def test_the_camera_sees_each_box_where_its_pixels_are(made: tuple) -> None:
    """World boxes go through pose and pinhole as Rerun defines them, and meet the boxes in the picture."""
    for frame, scene, camera, when, found in each(made):
        pose = found[f"/{scene}/cameras/{camera}"][when]
        pinhole = found[f"/{scene}/cameras/{camera}/image"][when]
        world_from_camera = array(pose["Transform3D:mat3x3"], 3, 3).T  # stored column by column
        position = array(pose["Transform3D:translation"], 3)
        assert position == pytest.approx(frame.camera.position_world, abs=1e-4)
        assert np.linalg.det(world_from_camera) == pytest.approx(1.0, abs=1e-5)
        matrix = array(pinhole["Pinhole:image_from_camera"], 3, 3).T
        assert array(pinhole["Pinhole:resolution"], 2).tolist() == [frame.camera.width, frame.camera.height]
        assert pinhole["Pinhole:camera_xyz"] == [[3, 1, 6]]  # right, up, back
        box = found[f"/{scene}/cameras/{camera}/image/boxes"][when]
        centers, halves = array(box["Boxes2D:centers"], -1, 2), array(box["Boxes2D:half_sizes"], -1, 2)
        for place, one in enumerate(sorted(frame.visible, key=lambda one: one.path)):
            local = (one.corners_world - position) @ world_from_camera
            ahead = local * [1.0, -1.0, -1.0]  # right, up, back -> right, down, forward, as pinholes project
            pixels = ahead @ matrix.T
            pixels = pixels[:, :2] / pixels[:, 2:]
            low, high = centers[place] - halves[place], centers[place] + halves[place]
            assert (low >= np.floor(np.clip(pixels.min(axis=0), 0, None)) - 1).all()
            assert (high <= np.ceil(pixels.max(axis=0)) + 1).all()


def test_pictures_depth_and_segmentation(made: tuple) -> None:
    import io

    from PIL import Image

    _, found, _ = made
    context = {
        item["class_id"]: item["class_description"]["info"] for item in found["/"][None, None]["AnnotationContext:context"][0]
    }
    names = {number: info["label"] for number, info in context.items()}
    for frame, scene, camera, when, _ in each(made):
        at = f"/{scene}/cameras/{camera}/image"
        blob = found[at][when]["EncodedImage:blob"][0]
        with Image.open(io.BytesIO(bytes(blob))) as picture:
            assert (np.asarray(picture) == frame.buffers[Buffer.RGB]).all()
        depth = found[f"{at}/depth"][when]
        values = np.frombuffer(bytes(depth["DepthImage:buffer"][0]), dtype=np.float32).reshape(frame.camera.height, -1)
        assert (values == frame.buffers[Buffer.DEPTH]).all()
        assert depth["DepthImage:meter"] == [1.0]
        picture = found[f"{at}/segmentation"][when]
        classes = np.frombuffer(bytes(picture["SegmentationImage:buffer"][0]), dtype=np.uint16).reshape(values.shape)
        instances = frame.buffers[Buffer.INSTANCE]
        labels = {frame.entity_ids[item.path]: item.label for item in (*frame.objects, *frame.room)}
        for number in np.unique(instances).tolist():
            (shown,) = np.unique(classes[instances == number]).tolist()
            assert names[shown] == labels.get(number, "")
            assert (shown == 0) == (number not in labels)
    assert len({info["color"] for info in context.values()}) == len(context)


def test_graphs_and_texts(made: tuple) -> None:
    for frame, scene, camera, when, found in each(made):
        wanted = result_of(frame)
        item = found[f"/{scene}/graph/{camera}"][when]
        paths = [node.path for node in wanted.graph.nodes]
        assert item["GraphNodes:node_ids"] == paths
        assert item["GraphNodes:labels"] == [node.label for node in wanted.graph.nodes]
        table = wanted.graph.pruned.take(np.flatnonzero(wanted.graph.pruned.relations != 0))
        pairs = [(edge["first"], edge["second"]) for edge in item["GraphEdges:edges"]]
        assert pairs == [(paths[one], paths[two]) for one, two in zip(table.source, table.target, strict=True)]
        assert item["distances"] == pytest.approx(table.surface_distance.tolist(), abs=1e-4)
        assert all(item["relations"])
        assert wanted.captions is not None
        texts = {name: found[f"/{scene}/texts/{camera}/{name}"][when] for name in ("brief", "global", "questions")}
        assert texts["brief"]["TextDocument:text"] == [wanted.captions.brief.text]
        assert texts["global"]["TextDocument:text"] == [wanted.captions.overall.text]
        assert texts["questions"]["TextDocument:text"][0].count("\n\n") == len(wanted.captions.questions) - 1
        assert {item["TextDocument:media_type"][0] for item in texts.values()} == {"text/plain"}  # nothing is markup


def test_the_same_dataset_is_the_same_content(made: tuple, tmp_path: Path) -> None:
    dataset, found, _ = made
    again = record(dataset, tmp_path / "again.rrd")
    assert {name: repr(again[name]) for name in again} == {name: repr(found[name]) for name in found}


@pytest.mark.parametrize("options", [{"layout": "agent"}, {"layout": "object"}, {"save_pruned_scene_graph": False}], ids=str)
def test_every_layout_is_recorded(tmp_path: Path, made: tuple, options: dict) -> None:
    """The object list of the other layouts has no boxes in the world; those of the graph are taken."""
    found = record(scenes_dataset(tmp_path / "in", "kitchen", "bar", **options), tmp_path / "out.rrd")
    assert set(found) == set(made[1])
    boxes = found["/bar/objects/World_Cameras_Left"][0, 2]
    visible = {one.label for one in kitchen(scene="bar").visible}
    assert visible <= set(boxes["Boxes3D:labels"])


def test_depth_that_the_agent_layout_writes(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "in", [kitchen()], layout="agent", export_depth=True, annotators=())
    found = record(dataset, tmp_path / "out.rrd")
    depth = found["/kitchen/cameras/World_Cameras_Left/image/depth"][0, 0]["DepthImage:buffer"][0]
    assert bytes(depth) == kitchen().buffers[Buffer.DEPTH].tobytes()


def test_without_the_world_boxes_are_the_cameras(tmp_path: Path) -> None:
    frame = kitchen()
    found = record(write_dataset(tmp_path / "in", [frame], export_world=False), tmp_path / "out.rrd")
    assert "/kitchen/cameras/World_Cameras_Left" not in found
    assert "/kitchen/objects/World_Cameras_Left" not in found
    centers = array(found["/kitchen/cameras/World_Cameras_Left/objects"][0, 0]["Boxes3D:centers"], -1, 3)
    world = np.array([item.corners_world.mean(axis=0) for item in sorted(frame.objects, key=lambda one: one.path)])
    assert centers == pytest.approx(
        world @ frame.camera.world_to_camera[:3, :3] + frame.camera.world_to_camera[3, :3], abs=1e-3
    )


def test_a_dataset_without_pictures_is_recorded_too(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "in", [without_picture(kitchen())])
    report = export_recording(open_dataset(dataset), tmp_path / "out.rrd")
    assert (report.frames, report.pictures, report.scenes) == (1, 0, ("kitchen",))


def test_frames_lie_on_both_timelines(tmp_path: Path) -> None:
    frames = [kitchen(camera, frame_index=number) for number in (3, 5) for camera in CAMERAS]
    found = record(scenes_dataset(tmp_path / "in", "kitchen", frames=frames), tmp_path / "out.rrd")
    assert set(found["/kitchen/texts/World_Cameras_Left/brief"]) == {(3, 0), (5, 2)}
    assert set(found["/kitchen/texts/World_Cameras_Right/brief"]) == {(3, 1), (5, 3)}


def test_two_scenes_of_one_name_stay_apart(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    lines = [json.loads(line) for line in (dataset / "manifest.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        line["scene"] = "room"
    (dataset / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    scenes = {name.split("/")[1] for name in record(dataset, tmp_path / "out.rrd")} - {""}
    assert len(scenes) == 2
    assert all(re.fullmatch(r"room_[0-9a-f]{8}", name) for name in scenes)


HOSTILE = ("/../../etc", "__properties", "a/b", "", "x\x00y\n\u202ez", "rerun", "\\", "a b!", "x" * 100_000)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_names_are_data(tmp_path: Path, text: str) -> None:
    dataset = write_dataset(tmp_path / "in", [kitchen()])
    lines = [json.loads(line) for line in (dataset / "manifest.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        line["scene"], line["camera"], line["inputs"] = text, text, {}
    (dataset / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    for path in dataset.rglob("*.json"):
        document = json.loads(path.read_bytes())
        for item in (*document.get("obj", {}).values(), *document.get("objects", {}).values()) if "meta" in document else ():
            item["class"] = text or "x"
        if "brief_caption" in document:
            document["brief_caption"] = text
        path.write_text(json.dumps(document), encoding="utf-8")
    found = record(dataset, tmp_path / "out.rrd")
    kinds = {"cameras", "objects", "graph", "texts"}
    scenes = set()
    for name in found:
        _, scene, *below = name.split("/")
        assert re.fullmatch(r"[A-Za-z0-9._-]*", scene)
        assert len(scene) <= 110
        assert len(below) <= 4
        assert not below or below[0] in kinds
        scenes.add(scene)
    assert len(scenes - {""}) == 1
    labels = next(item for name, item in found.items() if name.endswith("/boxes"))[0, 0]["Boxes2D:labels"]
    assert set(labels) == {text or "x"}


def test_what_cannot_be_read_is_left_out_whole(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    for number, path in enumerate(sorted(dataset.rglob("distance_to_image_plane_0000.npy"))[:3]):
        path.write_bytes([b"x", b"\x93NUMPY\x01\x00", np.zeros(3).tobytes()][number])
    report = export_recording(open_dataset(dataset), tmp_path / "out.rrd")
    assert (report.frames, len(report.left_out)) == (1, 3)
    assert all("is no array" in reason for _, reason in report.left_out)
    assert sum(name.endswith("/brief") for name in read(tmp_path / "out.rrd")) == 1
    for path in dataset.rglob("distance_to_image_plane_0000.npy"):
        path.unlink()
    with pytest.raises(DatasetError, match="not one frame could be read"):
        export_recording(open_dataset(dataset), tmp_path / "none.rrd")
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out.rrd"}


def test_where_it_may_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = write_dataset(tmp_path / "in", [kitchen()])
    (tmp_path / "mine.rrd").write_text("mine", encoding="utf-8")
    (tmp_path / "folder.rrd").mkdir()
    for place, words in (
        (dataset / "x.rrd", "lies in the dataset"),
        (tmp_path / "x.txt", "ends in .rrd"),
        (tmp_path / "mine.rrd", "--force"),
        (tmp_path / "folder.rrd", "is a folder"),
    ):
        with pytest.raises(UsageError, match=words):
            export_recording(open_dataset(dataset), place)
    assert (tmp_path / "mine.rrd").read_text("utf-8") == "mine"
    export_recording(open_dataset(dataset), tmp_path / "mine.rrd", force=True)
    assert read(tmp_path / "mine.rrd")
    with pytest.raises(OutputError, match="cannot be written"):
        export_recording(open_dataset(dataset), tmp_path / "mine.rrd" / "below.rrd")
    with pytest.raises(UsageError, match="no frame of it was written"):
        export_recording(open_dataset(write_dataset(tmp_path / "empty", [])), tmp_path / "e.rrd")
    monkeypatch.setenv("RERUN", "off")
    with pytest.raises(UsageError, match="Rerun is turned off"):
        export_recording(open_dataset(dataset), tmp_path / "off.rrd")
    monkeypatch.delenv("RERUN")
    monkeypatch.setitem(sys.modules, "rerun", None)
    with pytest.raises(MissingExtraError, match=r"scenecap\[rerun\]"):
        export_recording(open_dataset(dataset), tmp_path / "y.rrd")


def test_boxes_of_any_shape_keep_their_corners() -> None:
    from scipy.spatial.transform import Rotation

    generator = np.random.default_rng(1)
    signs = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
    for number in range(40):
        sizes = generator.uniform(0.1, 2.0, 3) * (generator.random(3) > (0.0, 0.3, 0.9)[number % 3])
        axes = Rotation.random(random_state=number).as_matrix() * (1, 1, 1 if number % 2 else -1)  # mirrored too
        corners = (signs * sizes) @ axes.T + generator.normal(size=3)
        box = oriented_box("x", corners)
        turned = Rotation.from_quat(box.quaternion).apply((signs * 2 - 1) * box.half_size) + box.center
        assert np.linalg.norm(turned[:, None] - corners[None], axis=2).min(axis=0).max() < 1e-9
