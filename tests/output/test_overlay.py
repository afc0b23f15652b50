"""The overlay: labels that do not cover each other, on any base, for any label, the same pixels each time."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFont

from scenecap.contract import Buffer
from scenecap.graph.build import build_scene_graph
from scenecap.output import overlay
from scenecap.output.label_placement import LabelPlacer
from scenecap.output.overlay import color_of, draw_overlay
from scenecap.output.overlay_base import base_picture
from scenecap.output.pictures import jpeg_bytes, npy_bytes, png_bytes
from tests.output.scenes import Box, boxes_frame, look_at

FRAME = boxes_frame()
GRAPH = build_scene_graph(FRAME)


def area(one, other) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 580), st.floats(0, 440), st.floats(5, 60), st.floats(5, 60)), min_size=1, max_size=25),
    st.tuples(st.integers(20, 60), st.integers(8, 14)),
)
@example([(0.0, 0.0, 5.0, 5.0)] * 25, (20, 8))
def test_labels_stay_in_the_picture_and_do_not_cover_each_other(boxes, size):
    """25 labels of at most 60x14 px fit easily; greedy placement must find room for all."""
    placer = LabelPlacer(640, 480)
    placed = []
    for x, y, width, height in boxes:
        spot = placer.place((x, y, x + width, y + height), size)
        assert spot is not None
        placed.append((spot.x, spot.y, spot.x + size[0], spot.y + size[1]))
    for index, one in enumerate(placed):
        assert one[0] >= 0
        assert one[1] >= 0
        assert one[2] <= 640
        assert one[3] <= 480
        assert all(area(one, other) == 0 for other in placed[:index])


def test_a_label_goes_on_its_box_and_away_from_small_objects():
    spot = LabelPlacer(640, 480).place((100, 100, 200, 200), (40, 10))
    assert (spot.x, spot.y, spot.moved) == (100, 90, False)
    blocked = LabelPlacer(640, 480, np.array([[90, 80, 210, 115]]))
    spot = blocked.place((100, 100, 200, 200), (40, 10))
    assert area((spot.x, spot.y, spot.x + 40, spot.y + 10), (90, 80, 210, 115)) == 0


def test_a_label_that_need_not_be_there_is_left_out_where_there_is_no_room():
    placer = LabelPlacer(50, 12)
    assert placer.place((0, 0, 50, 12), (50, 12)) is not None
    assert placer.place((0, 0, 50, 12), (50, 12), must=False) is None
    assert placer.place((0, 0, 50, 12), (50, 12)) is not None


def test_the_same_frame_gives_the_same_pixels_and_bytes():
    first, second = (draw_overlay(FRAME, build_scene_graph(FRAME)) for _ in range(2))
    assert jpeg_bytes(first) == jpeg_bytes(second)
    assert (first.mode, first.size) == ("RGB", (320, 240))


def near(picture: Image.Image, color, x: float, y: float, reach: int = 3) -> bool:
    pixels = np.asarray(picture).astype(int)
    part = pixels[max(int(y) - reach, 0) : int(y) + reach + 1, max(int(x) - reach, 0) : int(x) + reach + 1]
    return bool((np.abs(part - np.array(color)).sum(axis=-1) < 30).any())


def test_each_node_has_its_box_and_centre_in_its_colour():
    drawn = draw_overlay(FRAME, GRAPH)
    for node in GRAPH.nodes:
        x0, y0, x1, y1 = node.observed.visibility.box_tight
        assert near(drawn, color_of(node), (x0 + x1) / 2, (y0 + y1) / 2) or node.label in ("table", "plate")
        sides = [near(drawn, color_of(node), x, y, 2) for x in (x0, x1) for y in np.linspace(y0, y1, 9)]
        assert sum(sides) > len(sides) / 2, node.path


@pytest.mark.parametrize("names", [tuple(Buffer), (Buffer.INSTANCE, Buffer.NORMALS), (Buffer.INSTANCE,), (Buffer.DEPTH,), ()])
def test_it_draws_on_whatever_is_there(names):
    frame = boxes_frame(buffers=names)
    base = np.asarray(base_picture(frame))
    drawn = np.asarray(draw_overlay(frame, GRAPH))
    assert base.shape == drawn.shape == (240, 320, 3)
    assert (base != drawn).any(axis=-1).mean() > 0.02
    assert (base == drawn).all(axis=-1).mean() > 0.3


def test_without_a_picture_objects_are_told_apart_and_the_room_is_paper():
    frame = boxes_frame(buffers=(Buffer.INSTANCE,))
    base, ids = np.asarray(base_picture(frame)), frame.buffers[Buffer.INSTANCE]
    tints = {number: np.unique(base[ids == number], axis=0) for number in np.unique(ids)}
    assert all(len(tint) == 1 for tint in tints.values())
    floor = tints[frame.entity_ids["/World/Floor"]][0]
    assert len(set(floor.tolist())) == 1  # grey
    objects = [tuple(tints[frame.entity_ids[item.path]][0]) for item in frame.visible]
    assert len(set(objects)) == len(objects)


def test_a_transparent_picture_is_put_on_white():
    rgb = np.zeros((240, 320, 4), np.uint8)
    frame = dataclasses.replace(FRAME, buffers={Buffer.RGB: rgb})
    assert (np.asarray(base_picture(frame)) == 255).all()


LABELS = ["杯子", "שולחן", "🫖", "\u202eevil", "a" * 80, "Ø", ""]


@pytest.mark.parametrize("bitmap", [False, True])
@pytest.mark.parametrize("label", LABELS)
def test_any_label_can_be_drawn(label, bitmap, monkeypatch):
    """Also with Pillow's one bitmap font, all there is in Pillow 10.0 or without FreeType."""
    if bitmap:
        monkeypatch.setattr(overlay, "_font", lambda size: ImageFont.load_default_imagefont())
    objects = tuple(dataclasses.replace(item, label=label) for item in FRAME.objects)
    frame = dataclasses.replace(FRAME, objects=objects)
    assert draw_overlay(frame, build_scene_graph(frame)).size == (320, 240)


def test_a_crowd_keeps_its_labels_apart(monkeypatch):
    """Equal edges at a hub are drawn faint and said once, in the hub's label."""
    places = [(x, y) for x in range(5) for y in range(4)]
    boxes = tuple(Box(f"Cup_{x}_{y}", "cup", (x * 0.15 - 0.4, y * 0.15 - 0.3, 0.785), (0.05, 0.05, 0.07)) for x, y in places)
    table = Box("Table", "table", (0.0, 0.0, 0.375), (1.6, 1.2, 0.75))
    contacts = ((("Table", "Floor")), *((box.name, "Table") for box in boxes))
    frame = boxes_frame((table, *boxes), contacts, camera=look_at((0.9, -1.2, 1.8), (0, 0, 0.7), width=480, height=360))
    spots, texts = [], []
    place, size = LabelPlacer.place, overlay._text_size

    def watch(self, box, label, **options):
        spot = place(self, box, label, **options)
        if spot is not None:
            spots.append((spot.x, spot.y, spot.x + label[0], spot.y + label[1]))
        return spot

    def listen(text, font):
        texts.append(text)
        return size(text, font)

    monkeypatch.setattr(LabelPlacer, "place", watch)
    monkeypatch.setattr(overlay, "_text_size", listen)
    draw_overlay(frame, build_scene_graph(frame))
    assert len(spots) == 21
    assert sum(area(one, other) for index, one in enumerate(spots) for other in spots[:index]) == 0
    assert [text for text in texts if "on it" in text.replace("  ", " ")] == [text for text in texts if "table" in text]
    assert any("20" in text for text in texts)


def test_sizes_follow_the_picture():
    large = boxes_frame(camera=look_at((1.4, -2.0, 1.9), (0, 0, 0.7), width=640, height=480))
    graph = build_scene_graph(large)
    small_font, large_font = [], []
    for found, frame in ((small_font, FRAME), (large_font, large)):
        original = overlay._font
        overlay._font = lambda size, found=found, original=original: (found.append(size), original(size))[1]
        try:
            draw_overlay(frame, graph if frame is large else GRAPH)
        finally:
            overlay._font = original
    assert min(large_font) > max(small_font)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    ("dtype", "shape"),
    [("u1", (7, 5)), ("u1", (7, 5, 3)), ("u1", (1, 9, 4)), ("u2", (6, 1)), ("u1", (33, 40, 4)), ("u2", (9, 8))],
)
def test_a_png_reads_back_as_it_was(flat, dtype, shape):
    array = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
    array[: shape[0] // 2] = array[0]
    for compression in (0, 3, 9):
        read = np.asarray(Image.open(io.BytesIO(png_bytes(array, compression=compression, flat=flat))))
        assert np.array_equal(read, array)


def test_pictures_and_arrays_are_what_they_say():
    with pytest.raises(ValueError, match="png_bytes"):
        png_bytes(np.zeros((4, 4), np.float32))
    with pytest.raises(ValueError, match="png_bytes"):
        png_bytes(np.zeros((4, 4, 3), np.uint16))
    assert png_bytes(np.zeros((4, 4, 3), np.uint8)).startswith(b"\x89PNG")
    assert npy_bytes(np.arange(4)[::2]).startswith(b"\x93NUMPY\x01\x00")
