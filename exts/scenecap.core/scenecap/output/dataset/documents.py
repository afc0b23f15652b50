"""A frame's JSON documents as typed values. Keys that are not known are kept in ``raw`` and otherwise passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scenecap.output.dataset.verdicts import VerdictDocument, parse_verdict

#: x_min, y_min, x_max, y_max of pixel indices, inclusive.
BoxPx = tuple[int, int, int, int]


@dataclass(frozen=True)
class SceneObject:
    """An object of a frame.

    Attributes:
        path: Prim path.
        label: What it is.
        id: Number of its node; None where it is not in the graph.
        caption: Its own caption from the label database, or None.
        box_tight: Its visible pixels; None where none is visible.
        box_loose: All of it, hidden parts included; None where it is not in view.
        visible_px: Visible pixels.
        occlusion: Hidden share of what is in the frame, 0..1; None where not known.
        truncated: Whether the picture's edge cuts it.
        part_of: Prim path of the object it is a part of, or None.
        level: Level in the support tree; None where it is not in the graph.
        parent: Id of the node it rests on, or None.
        attributes: Known facts ("color": "red").
        center_camera: (3,) centre in the camera's frame [m]; None in documents without it.
        corners_world: (8, 3) corners of the oriented box in world [m], local x changing fastest; None without
            ``export_world``.
        raw: The JSON object.
    """

    path: str
    label: str
    id: int | None = None
    caption: str | None = None
    box_tight: BoxPx | None = None
    box_loose: BoxPx | None = None
    visible_px: int = 0
    occlusion: float | None = None
    truncated: bool = False
    part_of: str | None = None
    level: int | None = None
    parent: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    center_camera: tuple[float, ...] | None = None
    corners_world: tuple[tuple[float, ...], ...] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Edge:
    """ "source is *relation* target", one direction of a pair.

    Attributes:
        source: Prim path.
        target: Prim path.
        relations: Words that hold ("left", "near").
        distance: Between the surfaces [m]; None where not written.
        raw: The JSON object.
    """

    source: str
    target: str
    relations: tuple[str, ...]
    distance: float | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class GraphDocument:
    """``full_scene_graph.json`` or ``pruned_scene_graph.json``.

    Attributes:
        objects: The nodes, by id.
        pairs: How many pairs the graph holds, with and without a relation.
        edges_written: Whether the edges are in the file (``export_edges``).
        raw: The JSON object.
    """

    objects: tuple[SceneObject, ...]
    pairs: int
    edges_written: bool
    raw: Mapping[str, Any] = field(repr=False)

    def edges(self) -> Iterator[Edge]:
        """Yield the asserted edges, both directions of a pair one after the other."""
        for item in self.raw["edges"]["obj-obj"]:
            words = tuple(word for word in str(item["relation"]).split(",") if word)
            yield Edge(str(item["source"]), str(item["target"]), words, item.get("distance"), item)

    def pair_relations(self) -> Iterator[str]:
        """Yield the ``relation`` text of each asserted pair once, read from its first object."""
        for item in self.raw["edges"]["obj-obj"][::2]:
            yield str(item["relation"])


@dataclass(frozen=True)
class Mention:
    """A stretch of a text and the objects it speaks of: characters ``start`` to ``end``, prim paths and node ids."""

    start: int
    end: int
    paths: tuple[str, ...]
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Text:
    """A caption: its text, who wrote it ("template" or "model"), and what its words speak of."""

    text: str
    source: str
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class QuestionAnswer:
    """A question with its answer; ``polarity`` is True or False for yes/no questions, else None."""

    question: str
    answer: str
    kind: str
    polarity: bool | None
    question_mentions: tuple[Mention, ...] = ()
    answer_mentions: tuple[Mention, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class CaptionDocument:
    """``scene_graph_caption.json``.

    Attributes:
        brief: One sentence; None where it was not asked for.
        overall: A paragraph; None where it was not asked for.
        questions: Empty where none was asked for, or none could be asked.
        raw: The JSON object.
        verdict: What the verifier says of the texts; None where it was not asked.
    """

    brief: Text | None
    overall: Text | None
    questions: tuple[QuestionAnswer, ...]
    raw: Mapping[str, Any] = field(repr=False)
    verdict: VerdictDocument | None = None

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Yield ("brief_caption", text) and ("global_caption", text) of what is there."""
        if self.brief is not None:
            yield "brief_caption", self.brief
        if self.overall is not None:
            yield "global_caption", self.overall


# The parsers raise KeyError, TypeError, ValueError or AttributeError for what does not fit; the reader names the file.


def parse_graph(raw: Mapping[str, Any]) -> GraphDocument:
    """Return a graph file's content."""
    nodes = [parse_object(path, item) for path, item in raw["obj"].items()]
    if not isinstance(raw["edges"]["obj-obj"], list):
        raise TypeError("edges.obj-obj is not a list")
    meta = raw["meta"]
    objects = tuple(sorted(nodes, key=lambda item: -1 if item.id is None else item.id))
    return GraphDocument(objects, int(meta["pairs"]), bool(meta["edges_exported"]), raw)


def parse_object(path: str, item: Mapping[str, Any]) -> SceneObject:
    """Return an object as graph files and ``object_data.json`` write it."""
    seen, support = item.get("visibility"), item.get("support")
    corners = item.get("world_3d_bbox")
    return SceneObject(
        path=path,
        label=_text(item["class"]),
        id=None if item.get("id") is None else int(item["id"]),
        caption=None if item.get("caption") is None else _text(item["caption"]),
        **_seen(seen, tight="bbox_2d_tight", loose="bbox_2d_loose"),
        part_of=item.get("part_of"),
        level=None if support is None else int(support["level"]),
        parent=None if support is None or support["parent"] is None else int(support["parent"]),
        attributes={str(name): str(value) for name, value in item.get("attributes", {}).items()},
        center_camera=None if item.get("center") is None else tuple(float(value) for value in item["center"]),
        corners_world=None if corners is None else tuple(tuple(float(value) for value in row) for row in corners),
        raw=item,
    )


def parse_object_data(raw: Mapping[str, Any]) -> tuple[SceneObject, ...]:
    """Return the objects of an ``object_data.json``, seen or not, in the order of prim paths."""
    return tuple(parse_object(path, item) for path, item in sorted(raw["objects"].items()))


def parse_sidecar(raw: Mapping[str, Any]) -> tuple[SceneObject, ...]:
    """Return the objects of a ``scenecap_frame_<n>.json``, seen or not, in the order of prim paths."""
    objects = [
        SceneObject(
            path=str(item["path"]),
            label=_text(item["label"]),
            caption=item["caption"],
            **_seen(item["visibility"], tight="box_tight", loose="box_loose"),
            part_of=item["part_of"],
            attributes=dict(item["attributes"]),
            raw=item,
        )
        for item in raw["objects"]
    ]
    return tuple(sorted(objects, key=lambda item: item.path))


def parse_captions(raw: Mapping[str, Any]) -> CaptionDocument:
    """Return a caption file's content."""
    return CaptionDocument(
        brief=_caption(raw, "brief_caption"),
        overall=_caption(raw, "global_caption"),
        questions=tuple(_question(item) for item in raw["qa_caption"] or ()),
        raw=raw,
        verdict=parse_verdict(raw.get("verdict")),
    )


def _caption(raw: Mapping[str, Any], name: str) -> Text | None:
    text = raw[name]
    if text is None:
        return None
    mentions = _mentions(raw.get("grounding", {}).get(name, ()))
    return Text(_text(text), str(raw.get("caption_source", {}).get(name) or "template"), mentions)


def _question(item: Mapping[str, Any]) -> QuestionAnswer:
    polarity = item.get("polarity")
    if polarity is not None and not isinstance(polarity, bool):
        raise TypeError(f"polarity is {polarity!r}")
    return QuestionAnswer(
        _text(item["question"]),
        _text(item["answer"]),
        _text(item["kind"]),
        polarity,
        _mentions(item.get("question_grounding", ())),
        _mentions(item.get("answer_grounding", ())),
        item,
    )


def _mentions(items: Any) -> tuple[Mention, ...]:
    return tuple(
        Mention(
            int(item["start"]),
            int(item["end"]),
            tuple(str(thing["path"]) for thing in item["objects"]),
            tuple(int(thing["id"]) for thing in item["objects"]),
        )
        for item in items
    )


def _seen(item: Mapping[str, Any] | None, *, tight: str, loose: str) -> dict[str, Any]:
    if item is None:
        return {}
    visible = int(item["visible_px"])
    return {
        "box_tight": _box(item[tight]) if visible and item[tight] is not None else None,
        "box_loose": _box(item[loose]),
        "visible_px": visible,
        "occlusion": None if item["occlusion"] is None else float(item["occlusion"]),
        "truncated": bool(item["truncated"]),
    }


def _box(values: Any) -> BoxPx:
    x_min, y_min, x_max, y_max = (int(value) for value in values)
    return x_min, y_min, x_max, y_max


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not a text")
    return value
