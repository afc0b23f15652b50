"""``vis_camera_scene_graph.jpg``: boxes, labels and the pruned graph on the picture.

Sizes follow the picture's height. Colours are Okabe and Ito's, which people with colour vision deficiencies can tell apart;
every line has a dark rim, so that it shows on any picture. Lines are drawn at twice the size and averaged; text is drawn last.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scenecap.contract import Frame
from scenecap.graph.model import Node, Relation, SceneGraph
from scenecap.output.label_placement import LabelPlacer
from scenecap.output.overlay_base import base_picture

#: Okabe and Ito, "Color Universal Design" (2008), without black, and two tints of theirs.
PALETTE = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
    (255, 200, 120),
    (160, 220, 200),
)

#: What the line of an edge says, the first that holds.
_EDGE_WORDS = (
    (Relation.ON, "on"),
    (Relation.INSIDE, "in"),
    (Relation.ATTACHED, "attached"),
    (Relation.HANGING, "hanging"),
    (Relation.ABOVE, "above"),
    (Relation.BELOW, "below"),
    (Relation.LEFT, "left of"),
    (Relation.RIGHT, "right of"),
    (Relation.FRONT, "in front of"),
    (Relation.BEHIND, "behind"),
    (Relation.TOUCHING, "touching"),
    (Relation.NEXT_TO, "next to"),
    (Relation.NEAR, "near"),
    (Relation.FAR, "far"),
)
_HOLDING = Relation.ON | Relation.INSIDE | Relation.ATTACHED | Relation.HANGING
_HELD_BY = Relation.SUPPORTS | Relation.CONTAINS | Relation.HOLDS

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_RIM = (20, 20, 24)
_SUPPORT_LINE = (255, 255, 255)
_SPACE_LINE = (255, 226, 130)
_OVERSAMPLE = 2
#: From this many equal edges at a node on, they are drawn faint.
_HUB = 7
#: From this many nodes on, everything is drawn finer.
_CROWD = 20
#: Symmetric relations need no arrow.
_SYMMETRIC = frozenset(("touching", "next to", "near", "far"))
#: A label should not cover an object smaller than this share of the picture.
_SMALL = 0.03


@dataclass(frozen=True)
class _Edge:
    """An edge to draw: "source word target"."""

    source: Node
    target: Node
    word: str
    holding: bool
    #: One of many that hang on the same node: drawn thin and without its word, which the node's label says instead.
    faint: bool = False


@dataclass(frozen=True)
class _Style:
    """Sizes [px] for a picture: they follow its height, and are finer where there is a crowd."""

    box: float
    rim: float
    edge: float
    dot: float
    label: int
    word: int
    pad: int

    @classmethod
    def of(cls, height: int, nodes: int) -> _Style:
        unit = max(height, 240) / 480.0
        fine = nodes > _CROWD
        return cls(
            box=(1.35 if fine else 1.6) * unit,
            rim=(0.5 if fine else 0.7) * unit,
            edge=(1.15 if fine else 1.3) * unit,
            dot=(2.0 if fine else 2.4) * unit,
            label=round((11 if fine else 13) * unit),
            word=round((8.5 if fine else 10) * unit),
            pad=max(round(2 * unit), 1),
        )


def draw_overlay(frame: Frame, graph: SceneGraph) -> Image.Image:
    """Return the frame's picture with the pruned graph drawn on it.

    Args:
        frame: The frame; without a picture a neutral shading of its buffers is drawn on.
        graph: Its scene graph. Only objects in view are drawn.

    Returns:
        RGB, of the frame's size. The same frame and graph give the same pixels.
    """
    picture = base_picture(frame)
    seen = [node for node in graph.nodes if (view := node.observed.visibility) is not None and view.visible_px]
    seen.sort(key=lambda node: (-_area(node), node.path))
    edges = _edges(graph, {node.id for node in seen})
    style = _Style.of(frame.camera.height, len(seen))
    picture = _draw_lines(picture, seen, edges, style)
    _draw_texts(picture, seen, edges, style)
    return picture


def color_of(node: Node) -> tuple[int, int, int]:
    """Return the colour in which a node is drawn."""
    return PALETTE[node.id % len(PALETTE)]


def _area(node: Node) -> int:
    return 0 if node.observed.visibility is None else node.observed.visibility.box_area


def _box(node: Node) -> tuple[int, int, int, int]:
    assert node.observed.visibility is not None
    return node.observed.visibility.box_tight


def _centre(node: Node) -> tuple[float, float]:
    x0, y0, x1, y1 = _box(node)
    return (x0 + x1 + 1) / 2, (y0 + y1 + 1) / 2


def _edges(graph: SceneGraph, seen: set[int]) -> list[_Edge]:
    edges = []
    table = graph.pruned
    for row in range(len(table)):
        source, target = int(table.source[row]), int(table.target[row])
        if source not in seen or target not in seen:
            continue
        relation = table.relation(row)
        if relation & _HELD_BY:
            source, target, relation = target, source, graph.turned(source, target, relation)
        word = next((word for flag, word in _EDGE_WORDS if relation & flag), "")
        edges.append(_Edge(graph.nodes[source], graph.nodes[target], word, bool(relation & _HOLDING)))
    uses = Counter((edge.target.id, edge.word) for edge in edges if edge.holding)
    return [replace(edge, faint=edge.holding and uses[edge.target.id, edge.word] >= _HUB) for edge in edges]


def _draw_lines(picture: Image.Image, nodes: list[Node], edges: list[_Edge], style: _Style) -> Image.Image:
    scale = _OVERSAMPLE
    layer = Image.new("RGBA", (picture.width * scale, picture.height * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for node in nodes:
        x0, y0, x1, y1 = (value * scale for value in _box(node))
        corners = (x0, y0, x1 + scale - 1, y1 + scale - 1)
        line = max(round(style.box * scale), 2)
        rim = max(round(style.rim * scale), 1)
        outer = (corners[0] - rim, corners[1] - rim, corners[2] + rim, corners[3] + rim)
        draw.rectangle(outer, outline=(*_RIM, 150), width=line + 2 * rim)
        draw.rectangle(corners, outline=(*color_of(node), 255), width=line)
    for edge in sorted(edges, key=lambda edge: not edge.faint):
        _draw_edge(draw, edge, style, scale)
    for node in nodes:
        _dot(draw, _centre(node), style.dot * scale, scale, color_of(node))
    layer = layer.reduce(scale)
    picture = picture.convert("RGBA")
    picture.alpha_composite(layer)
    return picture.convert("RGB")


def _draw_edge(draw: ImageDraw.ImageDraw, edge: _Edge, style: _Style, scale: int) -> None:
    start, end = (complex(*_centre(node)) * scale for node in (edge.source, edge.target))  # x + iy: no array for two numbers
    length = abs(end - start)
    if length < 3 * style.edge * scale:
        return
    color = _SUPPORT_LINE if edge.holding else _SPACE_LINE
    width = max(round(style.edge * scale), 2)
    pieces = [(start, end)] if edge.holding else _dashes(start, end, 5 * style.edge * scale)
    if edge.faint:
        draw.line(_points(start, end), fill=(*_RIM, 100), width=width)
        return
    for first, last in pieces:
        draw.line(_points(first, last), fill=(*_RIM, 190), width=width + max(round(1.2 * style.edge * scale), 2))
    for first, last in pieces:
        draw.line(_points(first, last), fill=(*color, 255), width=width)
    if edge.word not in _SYMMETRIC:
        head = (end - start) / length * 4.0 * style.edge * scale
        tip = start + (end - start) * 0.62
        draw.polygon(
            _points(tip, tip - head + head * 0.5j, tip - head - head * 0.5j), fill=(*color, 255), outline=(*_RIM, 190)
        )


def _points(*points: complex) -> list[tuple[float, float]]:
    return [(point.real, point.imag) for point in points]


def _dashes(start: complex, end: complex, dash: float) -> list[tuple[complex, complex]]:
    count = max(int(abs(end - start) / dash) // 2 * 2 + 1, 1)
    stops = [start + (end - start) * (index / count) for index in range(count + 1)]
    return [(stops[index], stops[index + 1]) for index in range(0, count, 2)]


def _dot(
    draw: ImageDraw.ImageDraw, centre: tuple[float, float], radius: float, scale: int, color: tuple[int, int, int]
) -> None:
    x, y = centre[0] * scale, centre[1] * scale
    rim = radius * 1.5
    draw.ellipse((x - rim, y - rim, x + rim, y + rim), fill=(*_RIM, 200))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*color, 255))


def _draw_texts(picture: Image.Image, nodes: list[Node], edges: list[_Edge], style: _Style) -> None:
    label_font, edge_font, pad = _font(style.label), _font(style.word), style.pad
    draw = ImageDraw.Draw(picture)
    centres = np.array([_centre(node) for node in nodes]).reshape(-1, 2)
    reach = 1.25 * style.dot
    small = [_box(node) for node in nodes if _area(node) < _SMALL * picture.width * picture.height]
    obstacles = np.vstack([np.hstack([centres - reach, centres + reach]), np.array(small).reshape(-1, 4)])
    placer = LabelPlacer(picture.width, picture.height, obstacles)
    faint = Counter((edge.target.id, edge.word) for edge in edges if edge.faint)
    hubs = {target: f" ({count} {word} it)" for (target, word), count in sorted(faint.items())}
    labels = []
    # Small objects first: a large one has more room for its label.
    for node in sorted(nodes, key=lambda node: (_area(node), node.path)):
        text = _spaced(f"{node.id} {_printable(node.label, label_font)}{hubs.get(node.id, '')}", label_font)
        width, height = _text_size(text, label_font)
        size = (width + 2 * pad, height + 2 * pad)
        x0, y0, x1, y1 = _box(node)
        spot = placer.place((x0, y0, x1 + 1, y1 + 1), size)
        assert spot is not None
        labels.append((node, text, (spot.x, spot.y, spot.x + size[0] - 1, spot.y + size[1] - 1)))
        if spot.moved:  # all lines before all labels, so that none crosses a text
            x, y = _centre(node)
            end = (min(max(x, spot.x), spot.x + size[0]), min(max(y, spot.y), spot.y + size[1]))
            draw.line([(x, y), end], fill=color_of(node), width=max(round(style.edge), 1))
    for node, text, area in labels:
        color = color_of(node)
        draw.rectangle(area, fill=color, outline=_RIM)
        _draw_text(picture, (area[0] + pad, area[1] + pad), text, _ink_on(color), label_font)
    for edge in edges:
        if not edge.word or edge.faint:
            continue
        (ax, ay), (bx, by) = _centre(edge.source), _centre(edge.target)
        word = _spaced(edge.word, edge_font)
        width, height = _text_size(word, edge_font)
        size = (width + 2, height + 2)
        if np.hypot(bx - ax, by - ay) < size[0]:
            continue
        x, y = (ax + bx) / 2, (ay + by) / 2
        spot = placer.place((x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2), size, must=False)
        if spot is None:
            continue
        draw.rectangle((spot.x, spot.y, spot.x + size[0] - 1, spot.y + size[1] - 1), fill=(28, 28, 34))
        ink = _SUPPORT_LINE if edge.holding else _SPACE_LINE
        _draw_text(picture, (spot.x + 1, spot.y + 1), word, ink, edge_font)


def _ink_on(color: tuple[int, int, int]) -> tuple[int, int, int]:
    return (0, 0, 0) if 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 110 else (255, 255, 255)


@lru_cache(maxsize=16)
def _font(size: int) -> _Font:
    try:
        return ImageFont.load_default(max(size, 7))
    except (TypeError, ImportError):  # Pillow 10.0, or one without FreeType: its one bitmap font
        return ImageFont.load_default()


def _draw_text(picture: Image.Image, corner: tuple[int, int], text: str, ink: tuple[int, int, int], font: _Font) -> None:
    """Draw a text below and right of a corner, on the same baseline whatever its letters."""
    if isinstance(font, ImageFont.FreeTypeFont):
        mask, left = _text_mask(text, font)
        picture.paste(ink, (corner[0] + left, corner[1]), mask)
    else:
        ImageDraw.Draw(picture).text(corner, text, fill=ink, font=font)


@lru_cache(maxsize=4096)
def _text_mask(text: str, font: ImageFont.FreeTypeFont) -> tuple[Image.Image, int]:
    """Return how much of each pixel a text covers, from the line of the ascent down, and where it starts from the corner [px].

    The words on the edges and most labels come again in each frame of a scene; setting them costs more than drawing a line.
    """
    left, _, right, bottom = font.getbbox(text, anchor="ls")
    ascent = _ascent(font)
    size = (max(math.ceil(right - left), 1), max(ascent + math.ceil(bottom), 1))
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).text((-left, ascent), text, fill=255, font=font, anchor="ls")
    return mask, round(left)


@lru_cache(maxsize=16)
def _ascent(font: ImageFont.FreeTypeFont) -> int:
    return int(np.ceil(-font.getbbox("A", anchor="ls")[1]))


@lru_cache(maxsize=16)
def _descent(font: ImageFont.FreeTypeFont) -> int:
    return int(np.ceil(font.getbbox("y", anchor="ls")[3]))


@lru_cache(maxsize=4096)
def _text_size(text: str, font: _Font) -> tuple[int, int]:
    if isinstance(font, ImageFont.FreeTypeFont):
        return int(np.ceil(font.getlength(text))), _ascent(font) + _descent(font)
    left, top, right, bottom = font.getbbox(text)
    return int(right - left), int(bottom - top)


@lru_cache(maxsize=4096)
def _spaced(text: str, font: _Font) -> str:
    """Return a text with wide spaces where they would be two pixels, and "left of" read "leftof"."""
    return text.replace(" ", "  ") if font.getlength(" ") < 4 else text


def _printable(text: str, font: _Font) -> str:
    """Return a label that the font can draw, cut where it is long; the bitmap font knows Latin-1 only."""
    shown = text if len(text) <= 28 else text[:27].rstrip() + "."
    return shown if isinstance(font, ImageFont.FreeTypeFont) else shown.encode("latin-1", "replace").decode("latin-1")
