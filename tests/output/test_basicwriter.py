"""Annotator outputs, read back as users of Replicator read them: with numpy, json and Pillow alone."""

from __future__ import annotations

import dataclasses
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from scenecap.contract import Buffer
from scenecap.errors import OutputError
from scenecap.output.basicwriter import annotator_files, camera_params, semantic_ids
from scenecap.output.settings import OutputSettings
from scenecap.replicator_format import BOX_2D_DTYPE, BOX_3D_DTYPE, OCCLUSION_DTYPE, Annotator, semantic_label
from tests.output.scenes import boxes_frame, look_at


def files_of(frame, *, nested=False, **options) -> dict[str, bytes]:
    return annotator_files(frame, OutputSettings(**options), render_product="Cam", nested=nested)


def array(files, name):
    return np.load(io.BytesIO(files[name]))


def document(files, name):
    return json.loads(files[name])


def picture(files, name):
    return np.asarray(Image.open(io.BytesIO(files[name])))


FRAME = boxes_frame(meters_per_unit=0.01, y_up=True)
FILES = files_of(FRAME)


def test_names_are_flat_or_nested():
    names = set(FILES)
    assert {"rgb_0000.png", "bounding_box_2d_tight_labels_0000.json", "scenecap_frame_0000.json"} <= names
    assert all("/" not in name for name in names)
    nested = set(files_of(FRAME, nested=True))
    expected = {
        f"Cam/{re.match('|'.join(item.value for item in Annotator), name)[0]}/{name}"
        for name in names
        if "scenecap" not in name
    }
    assert nested == expected | {"Cam/scenecap_frame_0000.json"}


@pytest.mark.parametrize("kind", ["bounding_box_2d_tight", "bounding_box_2d_loose"])
def test_2d_boxes_have_replicators_rows(kind):
    rows, labels = array(FILES, f"{kind}_0000.npy"), document(FILES, f"{kind}_labels_0000.json")
    paths = document(FILES, f"{kind}_prim_paths_0000.json")
    assert rows.dtype == BOX_2D_DTYPE
    assert len(rows) == len(paths)
    objects = {item.path: item for item in FRAME.objects}
    for row, path in zip(rows, paths, strict=True):
        label = labels[str(row["semanticId"])]["class"]
        if path == "/World/Floor":
            assert label == "floor"
            continue
        seen = objects[path].visibility
        box = seen.box_tight if kind.endswith("tight") else seen.box_loose
        assert tuple(row[name] for name in ("x_min", "y_min", "x_max", "y_max")) == box
        assert row["occlusionRatio"] == pytest.approx(seen.occlusion, abs=1e-6)
        assert label == objects[path].label


def test_tight_boxes_are_the_masks_of_the_coloured_picture():
    """Join pixel colour -> prim path -> box, and measure the box in the picture."""
    ids = picture(FILES, "instance_segmentation_0000.png")
    rows = array(FILES, "bounding_box_2d_tight_0000.npy")
    paths = document(FILES, "bounding_box_2d_tight_prim_paths_0000.json")
    seen = 0
    for key, path in document(FILES, "instance_segmentation_mapping_0000.json").items():
        color = np.array([int(part) for part in key.strip("()").split(",")], dtype=np.uint8)
        if path in ("BACKGROUND", "UNLABELLED"):
            continue
        lines, columns = np.nonzero((ids == color).all(axis=-1))
        row = rows[paths.index(path)]
        assert (row["x_min"], row["y_min"], row["x_max"], row["y_max"]) == (
            columns.min(),
            lines.min(),
            columns.max(),
            lines.max(),
        )
        seen += 1
    assert seen == 8
    semantics = document(FILES, "instance_segmentation_semantics_mapping_0000.json")
    assert semantics["(0, 0, 0, 0)"] == {"class": "BACKGROUND"}
    assert semantics["(0, 0, 0, 255)"] == {"class": "UNLABELLED"}


def test_3d_boxes_and_camera_project_as_replicators_do():
    """Corner @ transform @ cameraViewTransform @ cameraProjection, divided by w, is the pixel of the frame's own camera."""
    rows = array(FILES, "bounding_box_3d_0000.npy")
    paths = document(FILES, "bounding_box_3d_prim_paths_0000.json")
    params = document(FILES, "camera_params_0000.json")
    assert rows.dtype == BOX_3D_DTYPE
    view = np.array(params["cameraViewTransform"]).reshape(4, 4)
    projection = np.array(params["cameraProjection"]).reshape(4, 4)
    width, height = params["renderProductResolution"]
    objects = {item.path: item for item in FRAME.objects}
    for row, path in zip(rows, paths, strict=True):
        if path not in objects:
            continue
        corners = np.array(
            [
                [x, y, z, 1.0]
                for z in (row["z_min"], row["z_max"])
                for y in (row["y_min"], row["y_max"])
                for x in (row["x_min"], row["x_max"])
            ]
        )
        stage = corners @ row["transform"].astype(np.float64)
        camera = stage @ view
        clip = camera @ projection
        pixels = (clip[:, :2] / clip[:, 3:] * [1, -1] + 1) / 2 * [width, height]
        expected, depth = FRAME.camera.project(objects[path].corners_world)
        assert np.abs(pixels - expected).max() < 0.1  # corners are rounded to 0.1 mm
        assert np.allclose(-camera[:, 2] * params["metersPerSceneUnit"], depth, atol=3e-4)
        assert np.allclose(clip[:, 3], -camera[:, 2])
        # Y up: the table's top is higher in y than its underside.
        assert stage[4:, 1].min() > stage[:4, 1].max()


@pytest.mark.parametrize("center", [(160.0, 120.0), (150.5, 131.25)])
def test_camera_params_are_consistent(center):
    camera = dataclasses.replace(look_at((1.4, -2.0, 1.9), (0, 0, 0.7)), center_px=center)
    params = camera_params(camera, meters_per_unit=0.01, stage_from_world=np.diag([100.0, 100.0, 100.0, 1.0]))
    width = params["renderProductResolution"][0]
    assert params["cameraFocalLength"] * width / params["cameraAperture"][0] == pytest.approx(camera.focal_px)
    shift = np.array(params["cameraApertureOffset"]) / params["cameraAperture"][0] * width
    assert shift == pytest.approx([160.0 - center[0], center[1] - 120.0])
    assert params["cameraNearFar"] == pytest.approx([1.0, 100000.0])
    projection = params["cameraProjection"].reshape(4, 4)
    near = np.array([0, 0, -1.0, 1]) @ projection
    far = np.array([0, 0, -100000.0, 1]) @ projection
    assert near[2] / near[3] == pytest.approx(1.0)  # reversed depth
    assert far[2] / far[3] == pytest.approx(0.0, abs=1e-9)


def test_usd_values_of_the_camera_are_kept():
    camera = dataclasses.replace(
        look_at((1, -2, 1), (0, 0, 0)), params={"cameraFocalLength": 35.0, "cameraAperture": [36.0, 27.0], "cameraFStop": 2.8}
    )
    params = camera_params(camera, meters_per_unit=1.0, stage_from_world=np.eye(4))
    assert (params["cameraFocalLength"], params["cameraAperture"][0], params["cameraFStop"]) == (35.0, 36.0, 2.8)


def test_depth_normals_and_picture_are_the_buffers():
    assert np.array_equal(array(FILES, "distance_to_image_plane_0000.npy"), FRAME.buffers[Buffer.DEPTH])
    assert np.array_equal(picture(FILES, "rgb_0000.png"), FRAME.buffers[Buffer.RGB])
    normals = picture(FILES, "normals_0000.png")[..., :3] / 255.0 * 2.0 - 1.0
    up = FRAME.buffers[Buffer.NORMALS][..., 2] > 0.99
    assert up.any()
    assert np.abs(normals[up] - [0, 1, 0]).max() < 0.02  # a Y-up stage: up is y there


def test_occlusion_rows_join_with_the_masks():
    rows = array(FILES, "occlusion_0000.npy")
    assert rows.dtype == OCCLUSION_DTYPE
    by_id = {number: path for path, number in FRAME.entity_ids.items()}
    visible = {item.path: item.visibility for item in FRAME.visible}
    assert {by_id[int(row["instanceId"])] for row in rows} == set(visible)
    for row in rows:
        assert row["occlusionRatio"] == pytest.approx(visible[by_id[int(row["instanceId"])]].occlusion, abs=1e-6)


def test_uncoloured_segmentations_are_ids_with_plain_keys():
    files = files_of(FRAME, colorize_instance_segmentation=False, colorize_semantic_segmentation=False)
    ids = picture(files, "instance_segmentation_0000.png")
    assert np.array_equal(ids, FRAME.buffers[Buffer.INSTANCE])
    mapping = document(files, "instance_segmentation_mapping_0000.json")
    assert mapping["0"] == "BACKGROUND"
    assert {path: int(key) for key, path in mapping.items() if path.startswith("/")} == dict(FRAME.entity_ids)
    labels = document(files, "semantic_segmentation_labels_0000.json")
    assert {value["class"] for key, value in labels.items() if int(key) > 1} == set(FRAME.semantic_ids)


def test_ids_that_do_not_fit_a_picture_are_an_error():
    ids = np.full((240, 320), 70000, np.uint32)
    frame = dataclasses.replace(FRAME, buffers={Buffer.INSTANCE: ids})
    with pytest.raises(OutputError, match="16-bit"):
        files_of(frame, colorize_instance_segmentation=False)
    assert "instance_segmentation_0000.png" in files_of(frame)


def test_only_what_is_there_and_asked_for_is_written():
    bare = boxes_frame(buffers=())
    names = set(files_of(bare))
    assert not [name for name in names if name.startswith(("rgb", "normals", "distance", "instance_s", "semantic_s"))]
    assert "bounding_box_3d_0000.npy" in names
    assert set(files_of(FRAME, annotators=["rgb"], save_sidecar=False)) == {"rgb_0000.png"}
    assert files_of(FRAME, annotators=[]) == {}


def test_unknown_occlusion_is_replicators_minus_one():
    objects = tuple(
        dataclasses.replace(item, visibility=dataclasses.replace(item.visibility, occlusion=None)) for item in FRAME.objects
    )
    files = files_of(dataclasses.replace(FRAME, objects=objects))
    for name in ("bounding_box_2d_tight", "bounding_box_3d", "occlusion"):
        assert set(array(files, f"{name}_0000.npy")["occlusionRatio"].tolist()) == {-1.0}


def test_labels_without_an_id_get_a_free_one():
    frame = dataclasses.replace(FRAME, semantic_ids={"table": 2, "mug": 9})
    ids = semantic_ids(frame)
    assert (ids["table"], ids["mug"]) == (2, 9)
    assert len(set(ids.values())) == len(ids) == len({semantic_label(item) for item in frame.objects} | {"floor"})


def test_an_empty_frame_has_empty_arrays_of_the_right_kind():
    empty = dataclasses.replace(FRAME, objects=(), room=())
    files = files_of(empty)
    for name, dtype in (
        ("bounding_box_2d_tight", BOX_2D_DTYPE),
        ("bounding_box_3d", BOX_3D_DTYPE),
        ("occlusion", OCCLUSION_DTYPE),
    ):
        rows = array(files, f"{name}_0000.npy")
        assert rows.dtype == dtype
        assert rows.shape == (0,)
    assert document(files, "bounding_box_3d_prim_paths_0000.json") == []
