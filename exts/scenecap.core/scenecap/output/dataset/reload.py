"""A frame's graph and what it was built from, made again from the documents of a finished dataset.

The relations are those in the files. For pairs that the files do not hold they are evaluated anew from the boxes, with the
default settings, because outlines and geometry are not written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scenecap.contract import (
    CameraView,
    Contact,
    ContactKind,
    Evidence,
    Frame,
    LabelSource,
    LeftOut,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
)
from scenecap.errors import DatasetError
from scenecap.graph.model import Between, EdgeTable, Node, PairSource, SceneGraph, SelectionReport
from scenecap.graph.relations import PairRelations
from scenecap.graph.settings import GraphSettings
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import DatasetFrame
from scenecap.output.relation_words import WORDS

_RELATIONS = {word: relation for relation, word in WORDS.items()}


def reload_frame(written: DatasetFrame) -> tuple[SceneGraph, Frame]:
    """Return the graph of a written frame, and the frame as far as the files tell of it.

    Where ``object_data.json`` was written the frame holds all objects of the stage, else the graph's nodes only: what is not
    visible and what does not exist can then not be told apart.

    Raises:
        DatasetError: No full graph, no edges, or no boxes in world space were written; names the key that writes them.
    """
    raw = written.read_json(FileKind.FULL_GRAPH) or written.read_json(FileKind.PRUNED_GRAPH)
    key = written.row.key
    if raw is None:
        raise DatasetError(f"{key}: no scene graph was written.", remedy="Run with save_full_scene_graph: true.")
    if not raw["meta"].get("edges_exported", True):
        raise DatasetError(f"{key}: its graph has no edges.", remedy="Run with export_edges: true.")
    if "world_to_camera" not in raw["meta"]["camera"]:
        raise DatasetError(f"{key}: its documents have no world space.", remedy="Run with export_world: true.")
    observed = written.read_json(FileKind.OBJECT_DATA) or {}
    objects = {path: _observed(path, item) for path, item in (observed.get("objects") or raw["obj"]).items()}
    objects |= {path: _observed(path, item) for path, item in raw["obj"].items()}
    room = tuple(_room(item) for item in raw.get("room") or ())
    frame = Frame(
        scene=raw["meta"]["scene"],
        camera=_camera(raw["meta"]["camera"]),
        objects=tuple(objects.values()),
        frame_index=raw["meta"]["frame"],
        time_code=raw["meta"]["time_code"],
        room=room,
        contacts=_contacts(observed),
        left_out=tuple(LeftOut(item["path"], item["reason"], item["code"]) for item in raw["left_out"]["items"]),
        setting=raw.get("setting"),
        source=raw["meta"]["source"],
    )
    return _graph(raw, frame, objects), frame


def _graph(raw: Mapping[str, Any], frame: Frame, objects: Mapping[str, ObservedObject]) -> SceneGraph:
    nodes = tuple(sorted((_node(item, objects[path]) for path, item in raw["obj"].items()), key=lambda node: node.id))
    fresh = PairRelations(
        [node.observed for node in nodes],
        grounds=[node.parent_path for node in nodes],
        contacts=[
            Contact(node.path, parent, kind, 0.0, 0.0, 0.0, Evidence.GEOMETRY)
            for node in nodes
            for parent, kind in node.contacts
        ],
        camera=frame.camera,
        settings=GraphSettings.model_validate({}),
    )
    table = _edges(raw, nodes, fresh)
    selection = raw["selection"]
    dropped = tuple(LeftOut(item["path"], item["reason"], item["code"]) for item in selection["dropped"])
    return SceneGraph(
        nodes=nodes,
        full=table,
        pruned=table,
        mst_weight=float(raw.get("mst_weight") or 0.0),
        between=tuple(Between(**item) for item in raw.get("between") or ()),
        centered={int(node): holder for node, holder in (raw.get("centered") or {}).items()},
        room=frame.room,
        selection=SelectionReport(selection["seen"], selection["kept"], dropped, selection["capacity"]),
        pair_source=_Written(table, fresh, len(nodes)),
        notes=tuple(raw.get("notes") or ()),
        axes=fresh.axes,
    )


class _Written(PairSource):
    """Relations of the files where they hold the pair, else those of the boxes."""

    def __init__(self, table: EdgeTable, fresh: PairRelations, count: int) -> None:
        self._table, self._fresh, self._count = table, fresh, max(count, 1)
        keys = table.source.astype(np.int64) * self._count + table.target
        order = np.argsort(keys, kind="stable")
        self._keys, self._rows = keys[order], order

    def evaluate(self, source: np.ndarray, target: np.ndarray) -> EdgeTable:
        """Return the relations of (E,) sources to (E,) targets."""
        result = self._fresh.evaluate(source, target)
        if not len(self._keys):
            return result
        wanted = result.source.astype(np.int64) * self._count + result.target
        at = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        known = np.flatnonzero(self._keys[at] == wanted)
        rows = self._rows[at[known]]
        changed = {}
        for item in ("relations", "surface_distance", "center_distance", "offset", "clock_hour", "margin"):
            values = getattr(result, item).copy()
            values[known] = getattr(self._table, item)[rows]
            changed[item] = values
        return dataclasses.replace(result, **changed)


def _edges(raw: Mapping[str, Any], nodes: Sequence[Node], fresh: PairRelations) -> EdgeTable:
    """Return all asserted pairs of a graph document, both directions."""
    ids = {node.path: node.id for node in nodes}
    items = raw["edges"]["obj-obj"]
    source = np.array([ids[item["source"]] for item in items], dtype=np.int64)
    target = np.array([ids[item["target"]] for item in items], dtype=np.int64)
    table = fresh.evaluate(source, target)
    bits = [sum(int(_RELATIONS[word]) for word in str(item["relation"]).split(",") if word in _RELATIONS) for item in items]
    return dataclasses.replace(
        table,
        relations=np.array(bits, dtype=np.uint32),
        surface_distance=np.array([item["distance"] for item in items], dtype=np.float64),
        center_distance=np.array([item["center_distance"] for item in items], dtype=np.float64),
        offset=np.array([item["offset"] for item in items], dtype=np.float64).reshape(-1, 3),
        clock_hour=np.array([item["clock"] for item in items], dtype=np.int8),
        margin=np.array([item["margin"] for item in items], dtype=np.float64),
    )


def _node(item: Mapping[str, Any], observed: ObservedObject) -> Node:
    support = item["support"]
    contacts = tuple((contact["path"], ContactKind(contact["kind"])) for contact in support["contacts"])
    kind = None if support["kind"] is None else ContactKind(support["kind"])
    return Node(item["id"], observed, support["level"], support["parent"], support["parent_path"], kind, contacts)


def _observed(path: str, item: Mapping[str, Any]) -> ObservedObject:
    corners = np.array(item["world_3d_bbox"], dtype=np.float64).reshape(8, 3)
    matrix = np.eye(4)  # the box as a unit cube: its edges are the rows
    matrix[:3, :3] = corners[[1, 2, 4]] - corners[0]
    matrix[3, :3] = corners[0]
    return ObservedObject(
        path=path,
        label=item["class"],
        label_source=LabelSource(item["label_source"]),
        box_local=np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]),
        object_to_world=matrix,
        aabb_world=np.array(item["world_aabb"], dtype=np.float64),
        visibility=_visibility(item.get("visibility")),
        labels={name: tuple(values) for name, values in (item.get("labels") or {}).items()},
        attributes=item.get("attributes") or {},
        attribute_sources=item.get("attribute_sources") or {},
        caption=item.get("caption"),
        part_of=item.get("part_of"),
    )


def _visibility(item: Mapping[str, Any] | None) -> Visibility | None:
    if item is None or item["bbox_2d_tight"] is None:
        return None
    shares = sorted((item.get("color_shares") or {}).items(), key=lambda pair: (-pair[1], pair[0]))
    return Visibility(
        box_tight=tuple(item["bbox_2d_tight"]),
        box_loose=tuple(item["bbox_2d_loose"]),
        visible_px=item["visible_px"],
        unoccluded_px=item["unoccluded_px"],
        occlusion=item["occlusion"],
        truncated=item["truncated"],
        median_depth=item["median_depth"],
        color_shares=tuple((name, float(share)) for name, share in shares),
    )


def _room(item: Mapping[str, Any]) -> RoomElement:
    return RoomElement(item["path"], RoomKind(item["kind"]), item["label"], np.array(item["world_aabb"]), item["visible_px"])


def _camera(item: Mapping[str, Any]) -> CameraView:
    x, y = item["center_px"]
    matrix = np.array(item["world_to_camera"], dtype=np.float64)
    return CameraView(item["path"], item["width"], item["height"], matrix, item["focal_px"], (x, y))


def _contacts(observed: Mapping[str, Any]) -> tuple[Contact, ...] | None:
    if observed.get("contacts") is None:
        return None
    return tuple(
        Contact(
            item["child"], item["parent"], ContactKind(item["kind"]), item["gap"], item["area"], item["share"],
            Evidence(item["evidence"]),
        )
        for item in observed["contacts"]
    )  # fmt: skip
