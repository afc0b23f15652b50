"""One frame as its page shows it: objects, edges, texts and what they speak of, read from the frame's documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from scenecap.errors import DatasetError
from scenecap.output.dataset.documents import CaptionDocument, Edge, GraphDocument, Mention, SceneObject
from scenecap.output.dataset.files import DOCUMENTS, FileKind
from scenecap.output.dataset.reader import DatasetFrame, parse_as

Value = TypeVar("Value")


class ReadOnce(DatasetFrame):
    """A frame whose documents are read from disk once: the statistics and the page both look at them."""

    @cached_property
    def _read(self) -> dict[FileKind, dict[str, Any] | None]:
        return {}

    def read_json(self, kind: FileKind) -> dict[str, Any] | None:
        """Return a JSON file of it as it is, or None where it was not written.

        Raises:
            DatasetError: The file is missing, or is not JSON of a version this program reads; names it.
        """
        if kind not in self._read:
            self._read[kind] = super().read_json(kind)
        return self._read[kind]


@dataclass
class FrameContent:
    """What could be read of a frame.

    Attributes:
        frame: The frame.
        graph: The full graph, or the pruned one where only that was written.
        pruned: The pruned graph.
        captions: The texts.
        objects: Nodes by id, then visible objects that are not in the graph, numbered on from there.
        problems: What could not be read, in one line each.
    """

    frame: DatasetFrame
    graph: GraphDocument | None = None
    pruned: GraphDocument | None = None
    captions: CaptionDocument | None = None
    objects: tuple[tuple[int, SceneObject], ...] = ()
    problems: list[str] = field(default_factory=list)

    @property
    def nodes(self) -> tuple[SceneObject, ...]:
        """Objects in the graph."""
        return () if self.graph is None else self.graph.objects

    @cached_property
    def meta(self) -> Mapping[str, Any]:
        """The meta block of its first document that has one."""
        for kind in DOCUMENTS:
            raw = self.attempt(lambda kind=kind: self.frame.read_json(kind))
            if raw is not None and isinstance(raw.get("meta"), dict):
                return raw["meta"]
        return {}

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of its picture [px]; None where no document says."""
        camera = self.meta.get("camera")
        try:
            return int(camera["width"]), int(camera["height"])  # type: ignore[index]
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def graph_kind(self) -> FileKind:
        """Which of the two graphs :attr:`graph` is."""
        return FileKind.PRUNED_GRAPH if self.graph is self.pruned else FileKind.FULL_GRAPH

    @cached_property
    def edges(self) -> list[Edge]:
        """Edges of the graph, both directions of a pair one after the other; none where they cannot be read."""
        graph = self.graph
        return [] if graph is None else self.parse(self.graph_kind, lambda _: list(graph.edges()), [])

    def attempt(self, read: Callable[[], Value | None]) -> Value | None:
        """Return what a reader returns, or None and a line in :attr:`problems`."""
        try:
            return read()
        except DatasetError as error:
            if error.message not in self.problems:
                self.problems.append(error.message)
            return None

    def parse(self, kind: FileKind, parse: Callable[[Mapping[str, Any]], Value], default: Value) -> Value:
        """Return what a parser makes of a document, or the default where there is none or it does not fit."""
        raw = self.attempt(lambda: self.frame.read_json(kind))
        if raw is None:
            return default
        value = self.attempt(lambda: parse_as(kind, parse, raw, self.frame.files[kind].path))
        return default if value is None else value


def read_content(frame: DatasetFrame) -> FrameContent:
    """Read a frame as far as it can be read."""
    content = FrameContent(frame)
    content.pruned = content.attempt(lambda: frame.graph(pruned=True))
    content.graph = content.attempt(frame.graph) or content.pruned
    content.captions = content.attempt(frame.captions)
    known = {item.path for item in content.nodes}
    ids = [(item.id if item.id is not None else place, item) for place, item in enumerate(content.nodes)]
    first = max((number for number, _ in ids), default=-1) + 1
    seen = [item for item in content.attempt(frame.objects) or () if item.path not in known and item.visible_px > 0]
    content.objects = (*ids, *enumerate(seen, start=first))
    return content


def frame_page(content: FrameContent) -> dict[str, Any]:
    """Return what the page of a frame shows, as JSON values."""
    row, meta, size = content.frame.row, content.meta, content.size
    return {
        "number": row.number,
        "key": row.key,
        "scene": row.scene,
        "camera": row.camera,
        "frame": row.frame_index,
        "time_code": row.time_code,
        "config_hash": row.config_hash,
        "warnings": list(row.warnings),
        "problems": list(content.problems),
        "size": None if size is None else list(size),
        "meta": {name: meta.get(name) for name in ("generator", "seed", "source")},
        "variation": content.parse(content.graph_kind, _variation, None),
        "objects": [_object(number, item) for number, item in content.objects],
        "edges": content.parse(content.graph_kind, lambda _: _edges(content), _NO_EDGES),
        "graph": content.parse(content.graph_kind, _graph_facts, None),
        "texts": content.parse(FileKind.CAPTIONS, lambda raw: _texts(content, raw), []),
        "caption_notes": content.parse(FileKind.CAPTIONS, lambda raw: [str(note) for note in raw.get("notes") or ()], []),
        "model": content.parse(FileKind.CAPTIONS, lambda raw: (raw["meta"].get("model") or {}).get("name"), None),
        "questions": content.parse(FileKind.CAPTIONS, lambda _: _questions(content), []),
        "references": content.parse(
            FileKind.CAPTIONS, lambda raw: [[path, str(text)] for path, text in (raw.get("references") or {}).items()], []
        ),
        "files": [[record.path, record.bytes] for record in row.files],
    }


_NO_EDGES: dict[str, Any] = {"words": [], "rows": [], "silent": 0, "written": False}


def _object(number: int, item: SceneObject) -> dict[str, Any]:
    raw, seen, support = item.raw, item.raw.get("visibility") or {}, item.raw.get("support") or {}
    sources = raw.get("attribute_sources") or {}
    return {
        "id": number,
        "path": item.path,
        "label": item.label,
        "in_graph": item.id is not None,
        "caption": item.caption,
        "box": item.box_tight,
        "loose": item.box_loose,
        "visible_px": item.visible_px,
        "occlusion": item.occlusion,
        "truncated": item.truncated,
        "depth": seen.get("median_depth"),
        "colors": [[str(name), share] for name, share in (seen.get("color_shares") or {}).items()],
        "size": raw.get("size"),
        "label_source": raw.get("label_source"),
        "attributes": [[name, value, sources.get(name)] for name, value in item.attributes.items()],
        "part_of": item.part_of,
        "level": item.level,
        "parent": item.parent,
        "parent_path": support.get("parent_path"),
        "support": support.get("kind"),
    }


def _edges(content: FrameContent) -> dict[str, Any]:
    """Return each pair of the graph once: ``rows`` of numbers, whose third is an index into ``words`` (there, back)."""
    graph, pruned = content.graph, content.pruned
    if graph is None:
        return _NO_EDGES
    ids = {item.path: number for number, item in content.objects}
    kept = set() if pruned is None else {frozenset((edge.source, edge.target)) for edge in pruned.edges()}
    words: dict[tuple[str, str], int] = {}
    rows: list[list[Any]] = []
    for there, back in _pairs(content.edges):
        if there.source not in ids or there.target not in ids:
            continue
        texts = (",".join(there.relations), ",".join(back.relations) if back is not None else "")
        raw = there.raw
        right, forward, up = raw.get("offset") or (None, None, None)
        numbers = (there.distance, raw.get("center_distance"), right, forward, up)
        rest = (raw.get("clock"), raw.get("margin"), raw.get("weight"), raw.get("evidence"))
        in_pruned = int(frozenset((there.source, there.target)) in kept)
        word = words.setdefault(texts, len(words))
        rows.append([ids[there.source], ids[there.target], word, *numbers, *rest, in_pruned])
    silent = len(graph.raw.get("pairs_without_relation") or ())
    return {"words": [list(texts) for texts in words], "rows": rows, "silent": silent, "written": graph.edges_written}


def _pairs(edges: list[Edge]) -> list[tuple[Edge, Edge | None]]:
    """Return edges with their other direction, which follows each; alone where it does not."""
    pairs: list[tuple[Edge, Edge | None]] = []
    place = 0
    while place < len(edges):
        there, back = edges[place], edges[place + 1] if place + 1 < len(edges) else None
        if back is not None and (back.source, back.target) != (there.target, there.source):
            back = None
        pairs.append((there, back))
        place += 1 if back is None else 2
    return pairs


def _graph_facts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a graph says beside its nodes and edges."""
    selection, tree, left_out = raw.get("selection") or {}, raw.get("support_tree") or {}, raw.get("left_out") or {}
    return {
        "setting": raw.get("setting"),
        "root": tree.get("root"),
        "room": [[item["path"], item["kind"], item["label"], item["visible_px"]] for item in raw.get("room") or ()],
        "between": [[item["subject"], item["first"], item["second"]] for item in raw.get("between") or ()],
        "centered": [[int(node), holder] for node, holder in (raw.get("centered") or {}).items()],
        "seen": selection.get("seen"),
        "kept": selection.get("kept"),
        "capacity": selection.get("capacity"),
        "dropped": [[item["path"], item["reason"]] for item in selection.get("dropped") or ()],
        "left_out": [[code, count] for code, count in (left_out.get("counts") or {}).items()],
        "notes": [str(note) for note in raw.get("notes") or ()],
    }


def _variation(raw: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return which variation of the stage the frame shows: its number, and what, path and numbers of each change."""
    variation = raw["meta"].get("variation")
    if variation is None:
        return None
    changes = [
        [item["what"], item["path"], [[name, value] for name, value in item.items() if name not in ("what", "path")]]
        for item in variation["changes"]
    ]
    return {"number": int(variation["number"]), "changes": changes}


def _texts(content: FrameContent, raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    if content.captions is None:
        return []
    facts, grounding, ids = raw.get("facts") or {}, raw.get("grounding") or {}, _ids(content)
    return [
        {
            "name": name,
            "text": text.text,
            "source": text.source,
            "spans": _spans(text.mentions),
            "room": [
                [item["start"], item["end"], [str(path) for path in item["room"]]]
                for item in grounding.get(name) or ()
                if item.get("room")
            ],
            "facts": [_fact(fact, ids) for fact in facts.get(name) or ()],
        }
        for name, text in content.captions.texts()
    ]


def _questions(content: FrameContent) -> list[dict[str, Any]]:
    if content.captions is None:
        return []
    ids = _ids(content)
    result = []
    for item in content.captions.questions:
        evidence = item.raw.get("evidence") or {}
        result.append(
            {
                "question": item.question,
                "answer": item.answer,
                "kind": item.kind,
                "polarity": item.polarity,
                "question_spans": _spans(item.question_mentions),
                "answer_spans": _spans(item.answer_mentions),
                "nodes": [int(node["id"]) for node in evidence.get("nodes") or ()],
                "edges": [[int(end["id"]) for end in edge] for edge in evidence.get("edges") or ()],
                "facts": [_fact(fact, ids) for fact in item.raw.get("facts") or ()],
            }
        )
    return result


def _spans(mentions: tuple[Mention, ...]) -> list[list[Any]]:
    return [[item.start, item.end, list(item.ids)] for item in mentions]


def _ids(content: FrameContent) -> dict[str, int]:
    """Return prim path -> node id: the graph's, and where there is none what the captions' own grounding says."""
    found: dict[str, int] = {}
    if content.captions is not None:
        passages = [text.mentions for _, text in content.captions.texts()]
        for item in content.captions.questions:
            passages += [item.question_mentions, item.answer_mentions]
        for mention in (mention for mentions in passages for mention in mentions):
            found.update(zip(mention.paths, mention.ids, strict=False))
    return found | {item.path: number for number, item in content.objects}


def _fact(fact: Mapping[str, Any], ids: Mapping[str, int]) -> list[Any]:
    """Return a claim: kind, ids of what it is about, ids of what that is related to, value, source."""
    subjects = [ids[path] for path in fact["nodes"] if path in ids]
    return [fact["kind"], subjects, [ids[path] for path in fact["objects"] if path in ids], fact["value"], fact.get("source")]
