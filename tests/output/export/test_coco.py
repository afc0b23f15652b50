"""COCO files against pycocotools and the frames themselves: boxes, areas, masks, categories."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scenecap.contract import Buffer
from scenecap.errors import DatasetError
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.export.export import ExportReport, export_dataset
from scenecap.output.export.masks import box_of, encode_rle, read_masks
from scenecap.output.export.settings import ExportFormat, ExportSettings
from tests.output.dataset.make import CAMERAS, kitchen, write_dataset
from tests.output.export.make import frames_of, scenes_dataset

coco_module = pytest.importorskip("pycocotools.coco", reason="needs pycocotools (extra test)")
mask_module = pytest.importorskip("pycocotools.mask")

COCO = frozenset({ExportFormat.COCO})
SHARES = {"train": 0.5, "val": 0.5}


def load(path: Path):
    with contextlib.redirect_stdout(io.StringIO()):  # it prints how long it took
        return coco_module.COCO(str(path))


def export(dataset: Path, out: Path, **options) -> ExportReport:
    return export_dataset(open_dataset(dataset), out, ExportSettings(formats=COCO, **{"shares": SHARES, **options}))


@given(
    st.integers(1, 9).flatmap(
        lambda width: st.lists(st.lists(st.booleans(), min_size=width, max_size=width), min_size=1, max_size=9)
    )
)
def test_run_lengths_are_what_pycocotools_writes(rows: list[list[bool]]) -> None:
    mask = np.array(rows, dtype=bool)
    theirs = mask_module.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encode_rle(mask) == theirs["counts"].decode("ascii")
    assert (mask_module.decode({"size": list(mask.shape), "counts": encode_rle(mask)}).astype(bool) == mask).all()


@pytest.mark.parametrize("shape", [(1, 70_000), (2000, 1500), (1, 1)])
def test_long_runs(shape: tuple[int, int]) -> None:
    generator = np.random.default_rng(3)
    for mask in (np.zeros(shape, bool), np.ones(shape, bool), generator.random(shape) < 0.001, generator.random(shape) < 0.5):
        theirs = mask_module.encode(np.asfortranarray(mask.astype(np.uint8)))
        assert encode_rle(mask) == theirs["counts"].decode("ascii")


@pytest.mark.parametrize(
    "options",
    [{}, {"layout": "agent"}, {"layout": "object"}, {"colorize_instance_segmentation": False}, {"save_object_data": False}],
    ids=str,
)
def test_objects_are_those_of_the_frames_pixel_by_pixel(tmp_path: Path, options: dict) -> None:
    frames = frames_of("kitchen", "bar")
    report = export(scenes_dataset(tmp_path / "in", "kitchen", "bar", **options), tmp_path / "out")
    assert report.without_mask == 0
    assert not report.warnings
    seen = {(frame.scene, frame.camera.path): frame for frame in frames}
    categories, ids = [], set()
    for split in SHARES:
        coco = load(tmp_path / "out" / "annotations" / f"instances_{split}.json")
        categories.append(coco.dataset["categories"])
        assert len(coco.imgs) == 2
        for image in coco.imgs.values():
            frame = seen.pop((image["scene"], image["camera"]))
            instances = frame.buffers[Buffer.INSTANCE]
            assert (image["height"], image["width"]) == instances.shape
            with Image.open(tmp_path / "out" / "images" / image["file_name"]) as picture:
                assert (np.asarray(picture) == frame.buffers[Buffer.RGB]).all()
            annotations = coco.loadAnns(coco.getAnnIds(image["id"]))
            visible = {item.path: item for item in frame.visible}
            assert sorted(item["prim_path"] for item in annotations) == sorted(visible)
            for item in annotations:
                expected = instances == frame.entity_ids[item["prim_path"]]
                mask = coco.annToMask(item).astype(bool)
                assert (mask == expected).all()
                assert item["area"] == expected.sum() == mask_module.area(coco.annToRLE(item))
                assert item["bbox"] == mask_module.toBbox(coco.annToRLE(item)).tolist()
                assert item["iscrowd"] == 0
                assert coco.cats[item["category_id"]]["name"] == visible[item["prim_path"]].label
                assert item["occlusion"] == pytest.approx(visible[item["prim_path"]].visibility.occlusion, abs=1e-4)
                assert item["id"] not in ids
                ids.add(item["id"])
    assert not seen
    assert categories[0] == categories[1]
    assert [item["name"] for item in categories[0]] == sorted({item.label for frame in frames for item in frame.visible})
    assert [item["id"] for item in categories[0]] == list(range(1, len(categories[0]) + 1))


def test_captions_belong_to_the_same_pictures(tmp_path: Path) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    export(dataset, tmp_path / "out")
    texts = {frame.row.key: frame.captions() for frame in open_dataset(dataset).frames()}
    found = 0
    for split in SHARES:
        instances = load(tmp_path / "out" / "annotations" / f"instances_{split}.json")
        coco = load(tmp_path / "out" / "annotations" / f"captions_{split}.json")
        assert coco.dataset["images"] == instances.dataset["images"]
        for image in coco.imgs.values():
            document = texts[image["frame_key"]]
            assert document is not None
            said = {item["kind"]: item["caption"] for item in coco.loadAnns(coco.getAnnIds(image["id"]))}
            assert said == {"brief": document.brief.text, "global": document.overall.text}
            found += len(said)
    assert found == 8


def test_one_label_in_one_split_is_a_category_of_both(tmp_path: Path) -> None:
    from tests.output.scenes import Box, boxes_frame, look_at

    camera = look_at((1.4, -2.0, 1.9), (0.0, 0.0, 0.7), path=CAMERAS[0])
    lonely = boxes_frame(
        (Box("Lamp", "lamp", (0.0, 0.0, 0.4), (0.8, 0.8, 0.8)),), (("Lamp", "Floor"),), camera=camera, scene="b"
    )
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "b", frames=[kitchen(), lonely])
    export(dataset, tmp_path / "out")
    names = [
        [item["name"] for item in load(tmp_path / "out" / "annotations" / f"instances_{split}.json").dataset["categories"]]
        for split in SHARES
    ]
    assert names[0] == names[1]
    assert {"lamp", "mug"} <= set(names[0])


def test_without_an_instance_picture_boxes_remain_and_it_is_said(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "in", [kitchen()], annotators=())
    report = export(dataset, tmp_path / "out", shares=None)
    coco = load(tmp_path / "out" / "annotations" / "instances_train.json")
    assert len(coco.anns) == len(kitchen().visible) == report.without_mask
    for item in coco.anns.values():
        assert "segmentation" not in item
        expected = kitchen().buffers[Buffer.INSTANCE] == kitchen().entity_ids[item["prim_path"]]
        x_min, y_min, x_max, y_max = box_of(expected)
        assert item["bbox"] == [x_min, y_min, x_max - x_min + 1, y_max - y_min + 1]
        assert item["area"] == expected.sum()
    assert any("have a box and no mask" in warning for warning in report.warnings)
    assert "have no mask" in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_masks_that_do_not_fit_their_object_are_left_out(tmp_path: Path) -> None:
    """A mask is exported only where it has the pixels that area and box were taken from."""
    dataset = write_dataset(tmp_path / "in", [kitchen()], colorize_instance_segmentation=False)
    frame = next(open_dataset(dataset).frames())
    masks = read_masks(frame)
    assert masks is not None
    mug = next(item for item in frame.objects() if item.label == "mug")
    picture = next(path for path in dataset.rglob("instance_segmentation_0000.png"))
    codes = masks.codes.copy()
    rows, columns = np.nonzero(codes == masks.code_of[mug.path])
    codes[rows[0], columns[0]] = 0
    Image.fromarray(codes.astype(np.uint16)).save(picture)
    assert export(dataset, tmp_path / "out", shares=None).without_mask == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x", "is no picture"),
        (None, "is missing"),
    ],
)
def test_a_damaged_instance_picture_costs_its_frame(tmp_path: Path, content: bytes | None, words: str) -> None:
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    picture = next(path for path in sorted(dataset.rglob("instance_segmentation_0000.png")))
    picture.write_bytes(content) if content is not None else picture.unlink()
    report = export(dataset, tmp_path / "out")
    assert len(report.left_out) == 1
    assert words in report.left_out[0][1]
    assert sum(item.pictures for item in report.splits.values()) == 3
    assert len(list((tmp_path / "out" / "images").rglob("*.png"))) == 3


@pytest.mark.parametrize(
    "mapping", ['{"red": "/a"}', '{"(1, 2, 3)": "/a"}', '{"(1, 2, 3, 400)": "/a"}', '{"2": 3}', '{"-1": "/a"}']
)
def test_a_mapping_that_is_none(tmp_path: Path, mapping: str) -> None:
    frame = next(open_dataset(write_dataset(tmp_path, [kitchen()])).frames())
    next(tmp_path.rglob("instance_segmentation_mapping_0000.json")).write_text(mapping, encoding="utf-8")
    with pytest.raises(DatasetError, match="is no key of an instance mapping"):
        read_masks(frame)


def test_no_masks_where_there_is_no_picture(tmp_path: Path) -> None:
    frame = next(open_dataset(write_dataset(tmp_path, [kitchen()], annotators=())).frames())
    assert FileKind.PICTURE in frame.files
    assert read_masks(frame) is None
