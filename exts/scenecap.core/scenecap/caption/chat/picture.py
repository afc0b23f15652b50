"""The picture that a model is sent: scaled and encoded once per frame, with the objects' numbers on it if asked for."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scenecap.contract import Buffer, Frame
from scenecap.graph.model import SceneGraph

#: JPEG: a tenth of a PNG's bytes, and what vision models were trained on.
_QUALITY = 90
_INK, _PAPER = (255, 255, 255), (20, 20, 20)


def picture_url(frame: Frame, graph: SceneGraph, *, edge: int, marks: bool) -> str | None:
    """Return the frame's picture as a data URL, or None where the frame has none.

    Args:
        frame: The frame.
        graph: Its graph, whose node ids are the marks.
        edge: Longer edge of the result [px]; a smaller picture is left as it is.
        marks: Draw each node's id where it is.
    """
    rgb = frame.buffers.get(Buffer.RGB)
    if rgb is None:
        return None
    alpha = rgb[..., 3:].astype(np.uint16)
    over_white = (rgb[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    image = Image.fromarray(over_white.astype(np.uint8))
    image = _scaled(image, edge)
    if marks:
        _draw_marks(image, frame, graph)
    return data_url(image)


def scaled_url(image: Image.Image, *, edge: int) -> str:
    """Return a picture with a longer edge of at most so many pixels as a data URL."""
    return data_url(_scaled(image, edge))


def _scaled(image: Image.Image, edge: int) -> Image.Image:
    scale = min(1.0, edge / max(image.size))
    if scale >= 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def data_url(image: Image.Image) -> str:
    """Return a picture as a JPEG data URL."""
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def _draw_marks(image: Image.Image, frame: Frame, graph: SceneGraph) -> None:
    """Draw numbers, small objects' last so that they stay on top."""
    draw = ImageDraw.Draw(image)
    size = max(11, min(image.size) // 28)
    font = ImageFont.load_default(size) if hasattr(ImageFont, "FreeTypeFont") else ImageFont.load_default()
    scale = image.width / frame.camera.width
    nodes = [node for node in graph.nodes if node.observed.visibility is not None]
    for node in sorted(nodes, key=lambda item: -item.observed.visibility.visible_px):  # type: ignore[union-attr]
        x, y = mark_place(frame, node.path)
        text = str(node.id)
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        half_x, half_y = (right - left) / 2 + 3, (bottom - top) / 2 + 3
        x = min(max(x * scale, half_x), image.width - 1 - half_x)
        y = min(max(y * scale, half_y), image.height - 1 - half_y)
        draw.rectangle([x - half_x, y - half_y, x + half_x, y + half_y], fill=_PAPER)
        draw.text((x - (left + right) / 2, y - (top + bottom) / 2), text, fill=_INK, font=font)


def mark_place(frame: Frame, path: str) -> tuple[float, float]:
    """Return the pixel that an object's number stands on: one of its own, in the middle of its longest run of pixels.

    The run is in the row with most of the object's pixels, so that a mark of a ring or an L is on it, not beside it. Without
    an instance buffer, the middle of its tight box.
    """
    observed = next(item for item in frame.objects if item.path == path)
    assert observed.visibility is not None
    x0, y0, x1, y1 = observed.visibility.box_tight
    ids, number = frame.buffers.get(Buffer.INSTANCE), frame.entity_ids.get(path)
    if ids is None or number is None:
        return (x0 + x1) / 2, (y0 + y1) / 2
    mask = ids[y0 : y1 + 1, x0 : x1 + 1] == number
    if not mask.any():
        return (x0 + x1) / 2, (y0 + y1) / 2
    counts = mask.sum(axis=1)
    rows = np.flatnonzero(counts == counts.max())
    row = int(rows[len(rows) // 2])
    edges = np.diff(np.concatenate(([0], mask[row].astype(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    best = int(np.argmax(ends - starts))
    return float(x0 + (starts[best] + ends[best] - 1) // 2), float(y0 + row)
