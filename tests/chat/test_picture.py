"""The picture that is sent: scaled, encoded once, with numbers on the objects themselves."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scenecap.caption.chat.engine import ChatEngine
from scenecap.caption.chat.picture import mark_place, picture_url
from scenecap.contract import Buffer, Frame
from scenecap.graph.model import SceneGraph
from tests.chat.conftest import captions_of
from tests.chat.fake_server import FakeServer
from tests.chat.scenes import desk


def seen() -> tuple[Frame, SceneGraph]:
    """Return the desk with a flat green picture."""
    frame, graph = desk()
    rgb = np.full((frame.camera.height, frame.camera.width, 4), (0, 200, 0, 255), dtype=np.uint8)
    return dataclasses.replace(frame, buffers={Buffer.RGB: rgb}), graph


def decoded(url: str) -> Image.Image:
    head, data = url.split(",", 1)
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


@pytest.mark.parametrize(("edge", "size"), [(320, (320, 240)), (640, (640, 480)), (4096, (640, 480)), (64, (64, 48))])
def test_it_is_scaled_down_and_never_up(edge: int, size: tuple[int, int]) -> None:
    frame, graph = seen()
    url = picture_url(frame, graph, edge=edge, marks=False)
    assert url is not None
    image = decoded(url)
    assert image.size == size
    assert np.abs(np.asarray(image, dtype=int) - (0, 200, 0)).max() < 6


def test_marks_are_drawn_where_the_objects_are() -> None:
    frame, graph = seen()
    plain, marked = (
        np.asarray(decoded(str(picture_url(frame, graph, edge=640, marks=marks))), dtype=int) for marks in (False, True)
    )
    changed = np.abs(marked - plain).max(axis=2) > 60
    assert changed.any()
    near = np.zeros_like(changed)
    for node in graph.nodes:
        x, y = mark_place(frame, node.path)
        near[max(0, int(y) - 25) : int(y) + 26, max(0, int(x) - 25) : int(x) + 26] = True
        assert changed[max(0, int(y) - 15) : int(y) + 16, max(0, int(x) - 15) : int(x) + 16].any(), node.label
    assert not (changed & ~near).any()


def test_a_mark_stands_on_the_object_itself() -> None:
    frame, _ = seen()
    path = frame.objects[0].path
    ids = np.zeros((frame.camera.height, frame.camera.width), dtype=np.uint32)
    assert frame.objects[0].visibility is not None
    x0, y0, x1, y1 = frame.objects[0].visibility.box_tight
    ids[y0 : y1 + 1, x0 : x1 + 1] = 5
    ids[y0 + 5 : y1 - 4, x0 + 5 : x1 - 4] = 9  # a ring: the middle of its box is somebody else
    ids[y1 - 3, x0 : x0 + 3] = 9
    frame = dataclasses.replace(frame, buffers={Buffer.INSTANCE: ids}, entity_ids={path: 5})
    x, y = mark_place(frame, path)
    assert ids[int(y), int(x)] == 5


def test_it_is_sent_with_every_turn_and_is_the_same(open_engine: Callable[..., tuple[FakeServer, ChatEngine]]) -> None:
    server, engine = open_engine(picture=True, marks=True, requests="apart", picture_edge=200)
    captions = captions_of(engine, seen())
    pictures = [received.pictures for received in server.questions]
    assert [len(item) for item in pictures] == [1, 1, 1]
    assert len({item[0] for item in pictures}) == 1
    assert max(decoded(pictures[0][0]).size) == 200
    assert captions.model is not None
    assert captions.model.picture
    assert "numbers drawn onto it" in server.questions[0].turns[0][1]


def test_a_frame_without_a_picture_says_so(open_engine: Callable[..., tuple[FakeServer, ChatEngine]], scene: Any) -> None:
    server, engine = open_engine(picture=True)
    captions = captions_of(engine, scene)
    assert not server.questions[0].pictures
    assert any("has none" in note for note in captions.notes)
    assert captions.model is not None
    assert not captions.model.picture
