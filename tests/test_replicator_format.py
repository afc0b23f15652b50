"""Names, dtypes and colours of Replicator's outputs."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap import replicator_format as rf
from scenecap.replicator_format import Annotator, Part

#: Names as users' code that reads BasicWriter folders spells them.
NAMES = [
    (Annotator.RGB, Part.DATA, 0, "rgb_0000.png"),
    (Annotator.DISTANCE_TO_IMAGE_PLANE, Part.DATA, 12, "distance_to_image_plane_0012.npy"),
    (Annotator.NORMALS, Part.DATA, 3, "normals_0003.png"),
    (Annotator.INSTANCE_SEGMENTATION, Part.DATA, 0, "instance_segmentation_0000.png"),
    (Annotator.INSTANCE_SEGMENTATION, Part.MAPPING, 0, "instance_segmentation_mapping_0000.json"),
    (Annotator.INSTANCE_SEGMENTATION, Part.SEMANTICS_MAPPING, 0, "instance_segmentation_semantics_mapping_0000.json"),
    (Annotator.SEMANTIC_SEGMENTATION, Part.DATA, 0, "semantic_segmentation_0000.png"),
    (Annotator.SEMANTIC_SEGMENTATION, Part.LABELS, 0, "semantic_segmentation_labels_0000.json"),
    (Annotator.BOUNDING_BOX_2D_TIGHT, Part.DATA, 0, "bounding_box_2d_tight_0000.npy"),
    (Annotator.BOUNDING_BOX_2D_TIGHT, Part.LABELS, 0, "bounding_box_2d_tight_labels_0000.json"),
    (Annotator.BOUNDING_BOX_2D_LOOSE, Part.PRIM_PATHS, 0, "bounding_box_2d_loose_prim_paths_0000.json"),
    (Annotator.BOUNDING_BOX_3D, Part.PRIM_PATHS, 123456, "bounding_box_3d_prim_paths_123456.json"),
    (Annotator.CAMERA_PARAMS, Part.DATA, 0, "camera_params_0000.json"),
    (Annotator.OCCLUSION, Part.DATA, 0, "occlusion_0000.npy"),
]


@pytest.mark.parametrize(("annotator", "part", "frame", "name"), NAMES)
def test_names_are_those_of_basicwriter_and_parse_back(annotator, part, frame, name):
    assert rf.file_name(annotator, frame, part=part) == name
    parsed = rf.parse_file_name(name)
    assert parsed is not None
    assert (parsed.annotator, parsed.part, rf.frame_number(parsed.frame), parsed.render_product) == (
        annotator,
        part,
        frame,
        "",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rgb_0_0012.png", (Annotator.RGB, Part.DATA, "0_0012", "")),
        ("rgb_7.jpg", (Annotator.RGB, Part.DATA, "7", "")),
        ("Camera_01_rgb_000000.png", (Annotator.RGB, Part.DATA, "000000", "Camera_01")),
        (
            "rgb_cam_bounding_box_2d_tight_labels_000003.json",
            (Annotator.BOUNDING_BOX_2D_TIGHT, Part.LABELS, "000003", "rgb_cam"),
        ),
        ("bounding_box_2d_tight_fast_0000.npy", (Annotator.BOUNDING_BOX_2D_TIGHT, Part.DATA, "0000", "")),
    ],
)
def test_variants_of_names_parse(name, expected):
    parsed = rf.parse_file_name(name)
    assert parsed is not None
    assert (parsed.annotator, parsed.part, parsed.frame, parsed.render_product) == expected


@pytest.mark.parametrize(
    "name", ["metadata.txt", "rgb.png", "rgb_0000.json", "occlusion_labels_0000.json", "pointcloud_0000.npy"]
)
def test_other_files_are_no_annotator_output(name):
    assert rf.parse_file_name(name) is None


def test_a_part_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="rgb has no labels"):
        rf.file_name(Annotator.RGB, 0, part=Part.LABELS)


def test_dtypes_are_packed_as_replicator_packs_them():
    assert rf.BOX_2D_DTYPE.itemsize == 24
    assert rf.BOX_3D_DTYPE.itemsize == 4 + 6 * 4 + 16 * 4 + 4
    assert rf.OCCLUSION_DTYPE.itemsize == 12
    assert all(rf.BOX_2D_DTYPE[name].str[0] in "<|" for name in rf.BOX_2D_DTYPE.names or ())


def test_id_colors_are_distinct_stable_and_keep_replicators_first_two():
    colors = rf.id_colors(5000)
    assert tuple(colors[0]) == (0, 0, 0, 0)
    assert tuple(colors[1]) == (0, 0, 0, 255)
    assert len(np.unique(colors, axis=0)) == 5000
    assert np.array_equal(colors[:40], rf.id_colors(40))


def test_color_keys_round_trip():
    assert rf.color_key((25, 255, 140, 255)) == "(25, 255, 140, 255)"
    assert rf.parse_color_key("(25, 255, 140, 255)") == (25, 255, 140, 255)
    assert rf.parse_color_key("(25,255,140,255)") == (25, 255, 140, 255)
    assert rf.parse_color_key("17") is None
    assert rf.parse_color_key("(a, b)") is None


def test_normals_survive_the_picture_to_half_a_degree():
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(40, 40, 3))
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    normals = np.concatenate([vectors, np.ones((40, 40, 1))], axis=-1).astype(np.float32)
    normals[0, :5] = 0.0
    back = rf.decode_normals(rf.encode_normals(normals))
    assert np.array_equal(back[0, :5], np.zeros((5, 4)))
    cosine = np.clip((back[1:, :, :3] * normals[1:, :, :3]).sum(axis=-1), -1.0, 1.0)
    assert np.degrees(np.arccos(cosine)).max() < 0.6
    assert (back[1:, :, 3] == 1.0).all()
