"""Frames from recorded folders: ours back exactly, Replicator's in all their variants."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenecap.capture.recorded import RecordedSource
from scenecap.contract import Buffer, Frame, LabelSource, RoomKind
from scenecap.errors import CameraError, CaptureError, StageError
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import Relation
from scenecap.output.basicwriter import annotator_files
from scenecap.output.canonical import dumps
from scenecap.output.frame_files import frame_files
from scenecap.output.graph_json import graph_document
from scenecap.output.model import FrameResult
from scenecap.output.settings import OutputSettings
from scenecap.stage.settings import LabelSettings
from tests.output.scenes import KITCHEN, Box, boxes_frame, job_facts, look_at

SETTINGS = OutputSettings.model_validate({})


def save(
    folder: Path, frame: Frame, *, product: str = "Camera", nested: bool = False, sidecar: bool = True, **options
) -> None:
    settings = OutputSettings(save_sidecar=sidecar, **options)
    for path, content in annotator_files(frame, settings, render_product=product, nested=nested).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def edit_json(path: Path, change) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def assert_same(first: Frame, second: Frame, *, skip: tuple[str, ...] = ()) -> None:
    """Compare every field of two frames, arrays bit by bit."""

    def same(a, b, where):
        if dataclasses.is_dataclass(a):
            assert type(a) is type(b), where
            for item in dataclasses.fields(a):
                same(getattr(a, item.name), getattr(b, item.name), f"{where}.{item.name}")
        elif isinstance(a, np.ndarray):
            assert np.array_equal(a, b), where
        elif isinstance(a, tuple):
            assert len(a) == len(b), where
            for index, (x, y) in enumerate(zip(a, b, strict=True)):
                same(x, y, f"{where}[{index}]")
        else:
            assert a == b, where

    for item in dataclasses.fields(first):
        if item.name not in skip and item.name != "buffers":
            same(getattr(first, item.name), getattr(second, item.name), item.name)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(("units", "y_up"), [(1.0, False), (0.01, True)])
@pytest.mark.parametrize("colorize", [True, False])
def test_our_own_folder_gives_back_the_exact_frame(tmp_path, nested, units, y_up, colorize):
    frame = boxes_frame(meters_per_unit=units, y_up=y_up, frame_index=3)
    colors = {"colorize_instance_segmentation": colorize, "colorize_semantic_segmentation": colorize}
    save(tmp_path, frame, nested=nested, **colors)
    (back,) = RecordedSource(tmp_path).frames()
    assert_same(frame, back)
    for name in (Buffer.RGB, Buffer.DEPTH, Buffer.INSTANCE, Buffer.SEMANTIC):
        assert np.array_equal(frame.buffers[name], back.buffers[name]), name
    normals, restored = frame.buffers[Buffer.NORMALS], back.buffers[Buffer.NORMALS]
    assert np.array_equal(normals[..., 3], restored[..., 3])
    assert np.abs(normals[..., :3] - restored[..., :3]).max() < 0.02  # 8 bits a channel


def test_the_graph_of_a_recorded_frame_is_the_same_bytes(tmp_path):
    frame = boxes_frame(meters_per_unit=0.01, y_up=True)
    save(tmp_path, frame)
    (back,) = RecordedSource(tmp_path).frames()
    for which in ("full", "pruned"):
        documents = [
            dumps(graph_document(FrameResult(item, build_scene_graph(item)), job_facts(), which=which))
            for item in (frame, back)
        ]
        assert documents[0] == documents[1]


def test_a_whole_output_folder_of_ours_can_be_read(tmp_path):
    """The agent layout holds rgb_0000.png and caption_rgb/rgb_0000.jpg, which are no recorded frames."""
    for index, camera in enumerate(("/World/A", "/World/B")):
        frame = boxes_frame(camera=look_at((1.4 + index, -2.0, 1.9), (0, 0, 0.7), path=camera))
        result = FrameResult(frame, build_scene_graph(frame))
        for path, content in frame_files(result, OutputSettings(layout="agent"), job_facts("/World/A", "/World/B")).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(content)
    source = RecordedSource(tmp_path)
    assert source.cameras == ("/World/A", "/World/B")
    assert [frame.camera.path for frame in source.frames()] == ["/World/A", "/World/B"]


# Replicator's own folders: no sidecar.


def foreign(folder: Path, frame: Frame | None = None, **options) -> Path:
    save(folder, frame or boxes_frame(), sidecar=False, **options)
    return folder


@pytest.mark.parametrize(("units", "up_axis"), [(1.0, "z"), (0.01, "y"), (0.01, "z")])
def test_a_foreign_folder_places_objects_and_camera(tmp_path, units, up_axis):
    frame = boxes_frame(meters_per_unit=units, y_up=up_axis == "y")
    (back,) = RecordedSource(foreign(tmp_path, frame), up_axis=up_axis).frames()
    assert back.scene == tmp_path.name
    assert np.allclose(back.camera.world_to_camera, frame.camera.world_to_camera, atol=1e-6)
    assert back.camera.focal_px == pytest.approx(frame.camera.focal_px, rel=1e-9)
    assert back.camera.center_px == pytest.approx(frame.camera.center_px)
    assert back.camera.near_far == pytest.approx(frame.camera.near_far)
    assert [item.path for item in back.objects] == [item.path for item in frame.objects]
    for mine, read in zip(frame.objects, back.objects, strict=True):
        assert np.abs(mine.corners_world - read.corners_world).max() < 2e-4
        assert read.label == mine.label
        assert mine.visibility is not None
        assert read.visibility is not None
        assert read.visibility.box_tight == mine.visibility.box_tight
        assert read.visibility.box_loose == mine.visibility.box_loose
        assert read.visibility.visible_px == mine.visibility.visible_px
        assert read.visibility.truncated == mine.visibility.truncated
        assert read.visibility.occlusion == pytest.approx(mine.visibility.occlusion, abs=1e-6)
        assert read.visibility.median_depth == pytest.approx(mine.visibility.median_depth, rel=1e-6)
    assert [(element.path, element.kind) for element in back.room] == [("/World/Floor", RoomKind.FLOOR)]
    assert back.contacts is None


def test_a_foreign_folder_has_the_same_supports_as_the_geometry(tmp_path):
    frame = boxes_frame()
    (back,) = RecordedSource(foreign(tmp_path, frame)).frames()

    def supports(item: Frame) -> set[tuple[str, str | None]]:
        return {(node.path, node.parent_path) for node in build_scene_graph(item).nodes}

    assert supports(back) == supports(frame)
    graph = build_scene_graph(back)
    mug, table = graph.node_of("/World/Mug"), graph.node_of("/World/Table")
    assert mug is not None
    assert table is not None
    assert graph.relation(mug.id, table.id) & Relation.ON


def test_an_offset_principal_point_survives(tmp_path):
    camera = dataclasses.replace(look_at((1.4, -2.0, 1.9), (0, 0, 0.7)), center_px=(150.5, 131.25))
    (back,) = RecordedSource(foreign(tmp_path, boxes_frame(camera=camera))).frames()
    assert back.camera.center_px == pytest.approx(camera.center_px)


def test_focal_length_and_aperture_do_where_there_is_no_projection(tmp_path):
    frame = boxes_frame()
    foreign(tmp_path)
    edit_json(tmp_path / "camera_params_0000.json", lambda item: {k: v for k, v in item.items() if k != "cameraProjection"})
    (back,) = RecordedSource(tmp_path).frames()
    assert back.camera.focal_px == pytest.approx(frame.camera.focal_px)


def test_nested_rows_of_matrices_and_a_wrapped_file_are_read(tmp_path):
    foreign(tmp_path)

    def wrap(item):
        item["cameraViewTransform"] = np.array(item["cameraViewTransform"]).reshape(4, 4).tolist()
        return {"camera_params": item}

    edit_json(tmp_path / "camera_params_0000.json", wrap)
    assert len(next(RecordedSource(tmp_path).frames()).objects) == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda item: item | {"cameraModel": "fisheyePolynomial"}, "fisheyePolynomial, which is not supported"),
        (lambda item: {k: v for k, v in item.items() if k != "cameraViewTransform"}, "no cameraViewTransform"),
        (lambda item: item | {"cameraViewTransform": [0.0] * 16}, "not a rotation"),
        (lambda item: item | {"cameraViewTransform": [1, 2, 3]}, "not 16 numbers"),
        (lambda item: item | {"cameraProjection": [*item["cameraProjection"][:11], 0, 0, 0, 0, 1]}, "orthographic"),
        (lambda item: item | {"cameraProjection": [9.0, *item["cameraProjection"][1:]]}, "not square"),
        (lambda item: item | {"cameraProjection": None, "cameraAperture": None}, "neither cameraProjection nor"),
    ],
)
def test_cameras_that_cannot_be_used_are_named(tmp_path, change, message):
    foreign(tmp_path)
    edit_json(tmp_path / "camera_params_0000.json", change)
    with pytest.raises(CameraError, match=message):
        next(RecordedSource(tmp_path).frames())


@pytest.mark.parametrize("annotator", ["camera_params", "bounding_box_3d"])
def test_what_is_needed_and_missing_is_named(tmp_path, annotator):
    foreign(tmp_path, annotators=[name for name in SETTINGS.annotators if name != annotator])
    with pytest.raises(CaptureError, match=rf"{annotator} is not there.*{annotator} switched on"):
        next(RecordedSource(tmp_path).frames())


def test_masks_do_without_2d_boxes_and_2d_boxes_without_masks(tmp_path):
    three = ["camera_params", "bounding_box_3d"]
    frame = boxes_frame()
    (masks,) = RecordedSource(foreign(tmp_path / "masks", annotators=[*three, "instance_segmentation"])).frames()
    (boxes,) = RecordedSource(foreign(tmp_path / "boxes", annotators=[*three, "bounding_box_2d_tight"])).frames()
    tight = [item.visibility.box_tight for item in frame.objects if item.visibility]
    assert [item.visibility.box_tight for item in masks.objects if item.visibility] == tight
    assert [item.visibility.box_tight for item in boxes.objects if item.visibility] == tight
    assert any("estimated from boxes" in warning for warning in boxes.warnings)
    with pytest.raises(CaptureError, match="bounding_box_2d_tight"):
        next(RecordedSource(foreign(tmp_path / "none", annotators=three)).frames())


def test_unknown_occlusion_is_none(tmp_path):
    foreign(tmp_path)
    for name in ("bounding_box_2d_tight_0000.npy", "bounding_box_3d_0000.npy"):
        rows = np.load(tmp_path / name)
        rows["occlusionRatio"][::2], rows["occlusionRatio"][1::2] = -1.0, np.nan
        np.save(tmp_path / name, rows)
    (back,) = RecordedSource(tmp_path).frames()
    assert {item.visibility.occlusion for item in back.objects if item.visibility} == {None}
    assert all(item.visibility.unoccluded_px == item.visibility.visible_px for item in back.objects if item.visibility)


def test_boxes_without_the_occlusion_field_are_read(tmp_path):
    foreign(tmp_path)
    path = tmp_path / "bounding_box_2d_tight_0000.npy"
    rows = np.load(path)
    fast = np.zeros(len(rows), dtype=[item for item in rows.dtype.descr if item[0] != "occlusionRatio"])
    for name in fast.dtype.names or ():
        fast[name] = rows[name]
    np.save(path, fast)
    assert len(next(RecordedSource(tmp_path).frames()).visible) == 7


@pytest.mark.parametrize("nothing", [0.0, -1.0, np.nan, np.inf])
def test_depth_without_a_hit_is_infinite(tmp_path, nothing):
    frame = boxes_frame()
    foreign(tmp_path, frame)
    path = tmp_path / "distance_to_image_plane_0000.npy"
    depth = np.load(path)
    depth[~np.isfinite(depth)] = nothing
    np.save(path, depth)
    (back,) = RecordedSource(tmp_path).frames()
    assert np.array_equal(back.buffers[Buffer.DEPTH], frame.buffers[Buffer.DEPTH])


def test_an_empty_warm_up_frame_is_a_frame_without_objects(tmp_path):
    foreign(tmp_path)
    for kind in ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d"):
        rows = np.load(tmp_path / f"{kind}_0000.npy")
        np.save(tmp_path / f"{kind}_0000.npy", rows[:0])
        (tmp_path / f"{kind}_labels_0000.json").write_text("{}")
        (tmp_path / f"{kind}_prim_paths_0000.json").write_text("[]")
    (back,) = RecordedSource(tmp_path).frames()
    assert back.objects == ()


def relabel(
    folder: Path, labels: dict[str, str | None], *, kinds=("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d")
):
    """Give prims other label sets, as a dataset with its own labels would have."""
    for kind in kinds:
        rows = np.load(folder / f"{kind}_0000.npy")
        paths = json.loads((folder / f"{kind}_prim_paths_0000.json").read_text())
        sets = sorted({labels.get(path, "thing") or "UNLABELLED" for path in paths})
        rows["semanticId"] = [sets.index(labels.get(path, "thing") or "UNLABELLED") + 2 for path in paths]
        np.save(folder / f"{kind}_0000.npy", rows)
        mapping = {str(number): {"class": label} for number, label in enumerate(sets, start=2)}
        (folder / f"{kind}_labels_0000.json").write_text(json.dumps(mapping))


def test_labels_are_cleaned_and_chosen(tmp_path):
    foreign(tmp_path)
    relabel(
        tmp_path,
        {
            "/World/Mug": "SM_CoffeeMug_02",
            "/World/Chair": "furniture,office_chair,seat",
            "/World/Plate": "none",
            "/World/Crate": None,
            "/World/Floor": "floor",
            "/World/Bowl_1": "Bowl\u0000\n" + "x" * 500,
        },
    )
    (back,) = RecordedSource(tmp_path).frames()
    labels = {item.path: item.label for item in back.objects}
    assert labels["/World/Mug"] == "coffee mug"
    assert labels["/World/Chair"] == "furniture"  # no label is in the prim's name: the first
    assert "/World/Plate" not in labels
    assert "/World/Crate" not in labels
    assert {(item.path, item.code) for item in back.left_out} >= {
        ("/World/Plate", "unlabelled"),
        ("/World/Crate", "unlabelled"),
    }
    assert len(labels["/World/Bowl_1"]) <= 80


def move(folder: Path, paths: dict[str, str]) -> None:
    """Rename prims in all mappings."""
    for path in folder.glob("*.json"):
        text = path.read_text()
        for old, new in paths.items():
            text = text.replace(f'"{old}"', f'"{new}"')
        path.write_text(text)


def test_a_labelled_part_rolls_up_to_the_outermost_object(tmp_path):
    frame = boxes_frame()
    foreign(tmp_path, frame)
    move(tmp_path, {"/World/Bowl_1": "/World/Plate/Rim"})
    (back,) = RecordedSource(tmp_path).frames()
    assert "/World/Plate/Rim" not in {item.path for item in back.objects}
    assert ("/World/Plate/Rim", "part") in {(item.path, item.code) for item in back.left_out}
    seen = {item.path: item.visibility for item in back.objects}["/World/Plate"]
    before = {item.path: item.visibility for item in frame.objects}
    plate, bowl = before["/World/Plate"], before["/World/Bowl_1"]
    assert seen is not None
    assert plate is not None
    assert bowl is not None
    assert seen.visible_px == plate.visible_px + bowl.visible_px
    boxes = np.array([plate.box_tight, bowl.box_tight])
    assert seen.box_tight == (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))


def test_a_label_inherited_from_the_object_above_is_not_the_parts_own(tmp_path):
    """Label sets gather those of all ancestors; a labelled root that holds the scene is no object."""
    foreign(tmp_path)
    relabel(tmp_path, {"/World/Mug": "kitchen,mug", "/World/Chair": "chair,kitchen", "/World/Table": "kitchen"})
    move(tmp_path, {"/World/Table": "/World"})
    (back,) = RecordedSource(tmp_path).frames()
    labels = {item.path: item.label for item in back.objects}
    assert "/World" not in labels
    assert labels["/World/Mug"] == "mug"
    assert labels["/World/Chair"] == "chair"
    assert ("/World", "group") in {(item.path, item.code) for item in back.left_out}


def test_a_small_wall_is_an_object_and_a_large_one_the_room(tmp_path):
    foreign(tmp_path)
    relabel(tmp_path, {"/World/Crate": "retaining_wall", "/World/Floor": "floor"})
    (back,) = RecordedSource(tmp_path).frames()
    assert {item.path: item.label for item in back.objects}["/World/Crate"] == "retaining wall"
    assert [element.label for element in back.room] == ["floor"]


WALLED = (*KITCHEN, Box("WestWall", "wall", (-1.5, 0.5, 1.25), (0.1, 4.0, 2.5), (220, 220, 220), 25.0))


def test_a_slanted_wall_is_the_room(tmp_path):
    frame = boxes_frame(WALLED)
    (back,) = RecordedSource(foreign(tmp_path, frame)).frames()
    assert [(element.path, element.kind) for element in back.room] == [
        ("/World/Floor", RoomKind.FLOOR),
        ("/World/WestWall", RoomKind.WALL),
    ]
    labels = LabelSettings.model_validate({"include_room": True})
    (every,) = RecordedSource(tmp_path, labels=labels).frames()
    assert every.room == ()


def test_the_users_map_applies(tmp_path):
    foreign(tmp_path)
    relabel(tmp_path, {"/World/Plate": "none", "/World/Floor": "floor"})
    labels = LabelSettings.model_validate(
        {
            "labels": {"/World/Plate": "dinner plate", "/World/Bowl_*": "ignore", "/World/Chair": {"role": "room"}},
            "scene_label": "kitchen",
        }
    )
    (back,) = RecordedSource(tmp_path, labels=labels).frames()
    found = {item.path: (item.label, item.label_source) for item in back.objects}
    assert found["/World/Plate"] == ("dinner plate", LabelSource.MAP)
    assert not [path for path in found if "Bowl" in path]
    assert ("/World/Chair", RoomKind.OTHER) in {(element.path, element.kind) for element in back.room}
    assert back.setting == "kitchen"


def test_parts_can_be_kept(tmp_path):
    frame = boxes_frame()
    foreign(tmp_path, frame)
    move(tmp_path, {"/World/Bowl_1": "/World/Plate/Rim"})
    labels = LabelSettings.model_validate({"parts": "keep"})
    (back,) = RecordedSource(tmp_path, labels=labels).frames()
    found = {item.path: item for item in back.objects}
    before = {item.path: item.visibility for item in frame.objects}
    assert found["/World/Plate/Rim"].part_of == "/World/Plate"
    assert found["/World/Plate"].visibility.visible_px == before["/World/Plate"].visible_px
    assert found["/World/Plate/Rim"].visibility.box_tight == before["/World/Bowl_1"].box_tight


def test_several_render_products_in_both_arrangements(tmp_path):
    cameras = [look_at((1.4 + step, -2.0, 1.9), (0, 0, 0.7), path=f"/Cam{step}") for step in range(2)]
    for step, camera in enumerate(cameras):
        for index in range(2):
            frame = boxes_frame(camera=camera, frame_index=index)
            foreign(tmp_path / "folders", frame, product=f"RP_{step}", nested=True)
    source = RecordedSource(tmp_path / "folders")
    assert [(item.camera, item.frame_index) for item in source.frames_found] == [
        ("/RP_0", 0),
        ("/RP_0", 1),
        ("/RP_1", 0),
        ("/RP_1", 1),
    ]
    # use_common_output_dir: <annotator>/<render product>_<annotator>_<frame>
    for path in sorted((tmp_path / "folders").rglob("*.*")):
        product, annotator = path.parts[-3], path.parts[-2]
        target = tmp_path / "common" / annotator / f"{product}_{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    common = RecordedSource(tmp_path / "common", scene="folders")
    assert [item.camera for item in common.frames_found] == ["/RP_0", "/RP_0", "/RP_1", "/RP_1"]
    for one, other in zip(source.frames(), common.frames(), strict=True):
        assert_same(one, other)


@pytest.mark.parametrize(("padding", "digits"), [(1, "12"), (6, "000012")])
def test_any_padding_is_read(tmp_path, padding, digits):
    foreign(tmp_path, boxes_frame(frame_index=12), frame_padding=padding)
    (found,) = RecordedSource(tmp_path).frames_found
    assert (found.frame_index, found.digits) == (12, digits)


def test_pictures_may_be_jpeg(tmp_path):
    foreign(tmp_path)
    Image.open(tmp_path / "rgb_0000.png").convert("RGB").save(tmp_path / "rgb_0000.jpg")
    (tmp_path / "rgb_0000.png").unlink()
    assert next(RecordedSource(tmp_path).frames()).buffers[Buffer.RGB].shape == (240, 320, 4)


def test_a_folder_without_outputs_or_none_is_an_error(tmp_path):
    with pytest.raises(StageError, match="no such folder"):
        RecordedSource(tmp_path / "no")
    with pytest.raises(StageError, match="no annotator outputs"):
        RecordedSource(tmp_path)
    with pytest.raises(StageError, match="up_axis"):
        RecordedSource(tmp_path, up_axis="x")


@pytest.mark.parametrize(
    "name", ["bounding_box_3d_0000.npy", "camera_params_0000.json", "rgb_0000.png", "instance_segmentation_mapping_0000.json"]
)
@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00garbage", b"[1, 2", b"\xff\xfe"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    foreign(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CaptureError, match=name):
        next(RecordedSource(tmp_path).frames())


def test_a_pickle_is_never_loaded(tmp_path):
    foreign(tmp_path)
    np.save(tmp_path / "distance_to_image_plane_0000.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CaptureError, match=r"distance_to_image_plane_0000\.npy"):
        next(RecordedSource(tmp_path).frames())


def test_rows_without_their_prim_paths_are_an_error(tmp_path):
    foreign(tmp_path)
    (tmp_path / "bounding_box_3d_prim_paths_0000.json").unlink()
    with pytest.raises(CaptureError, match="8 rows but 0 prim paths"):
        next(RecordedSource(tmp_path).frames())


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item | {"format_version": "9.0"},
        lambda item: {k: v for k, v in item.items() if k != "objects"},
        lambda item: item | {"camera": 3},
        lambda item: (
            item | {"room": [{"path": "/A", "kind": "lift", "label": "a", "aabb_world": [[0] * 3] * 2, "visible_px": 1}]}
        ),
    ],
)
def test_a_damaged_sidecar_is_named(tmp_path, change):
    save(tmp_path, boxes_frame())
    edit_json(tmp_path / "scenecap_frame_0000.json", change)
    with pytest.raises(CaptureError, match=r"scenecap_frame_0000\.json"):
        next(RecordedSource(tmp_path).frames())


def test_inputs_change_with_any_file(tmp_path):
    save(tmp_path, boxes_frame())
    before = RecordedSource(tmp_path).inputs()
    assert RecordedSource(tmp_path).inputs() == before
    (tmp_path / "occlusion_0000.npy").write_bytes(b"other")
    assert RecordedSource(tmp_path).inputs() != before


def test_a_camera_on_its_head_is_worth_a_warning(tmp_path):
    frame = boxes_frame(y_up=True)
    (back,) = RecordedSource(foreign(tmp_path, frame), up_axis="z").frames()
    assert any("up_axis: y" in warning for warning in back.warnings)
