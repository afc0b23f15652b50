"""Objects as the JSON files show them: the one place that decides the keys of an object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scenecap.contract import CameraView, LeftOut, ObservedObject, RoomElement, Visibility
from scenecap.graph.model import Node, SceneGraph
from scenecap.output.canonical import Digits, encode_arrays

#: A list of what was left out is cut here; the counts by code stay complete.
MAX_LEFT_OUT = 200


class Placements:
    """Boxes of all objects of a frame as JSON, computed and formatted all at once.

    Args:
        objects: The objects.
        camera: The frame's camera.
        export_world: Write boxes in world space too.
    """

    def __init__(self, objects: Sequence[ObservedObject], camera: CameraView, *, export_world: bool) -> None:
        world = np.array([item.corners_world for item in objects]).reshape(-1, 8, 3)
        in_camera = world @ camera.world_to_camera[:3, :3] + camera.world_to_camera[3, :3]
        values = {"3d_bbox": in_camera}
        if export_world:
            values["world_3d_bbox"] = world
            values["world_aabb"] = np.array([item.aabb_world for item in objects]).reshape(-1, 2, 3)
        values["center"] = in_camera.mean(axis=1)
        values["size"] = np.linalg.norm(world[:, [1, 2, 4]] - world[:, :1], axis=2)
        columns = {name: encode_arrays(array, key=name) for name, array in values.items()}
        self._of = {item.path: {name: column[index] for name, column in columns.items()} for index, item in enumerate(objects)}

    def of(self, path: str) -> dict[str, Any]:
        """Return an object's ``3d_bbox``, ``center``, ``size``, and with ``export_world`` its boxes in world."""
        return self._of[path]


def object_json(observed: ObservedObject, placements: Placements) -> dict[str, Any]:
    """Return what an object is and where, with IRC's keys first.

    Args:
        observed: The object.
        placements: The frame's.
    """
    result: dict[str, Any] = {"class": observed.label, "caption": observed.caption, **placements.of(observed.path)}
    result["label_source"] = observed.label_source
    if observed.labels:
        result["labels"] = {name: list(values) for name, values in sorted(observed.labels.items())}
    if observed.attributes:
        result["attributes"] = dict(sorted(observed.attributes.items()))
        result["attribute_sources"] = dict(sorted(observed.attribute_sources.items()))
    if observed.part_of is not None:
        result["part_of"] = observed.part_of
    result["visibility"] = visibility_json(observed.visibility)
    return result


def visibility_json(visibility: Visibility | None) -> dict[str, Any] | None:
    """Return what the camera sees of an object, or None where it does not."""
    if visibility is None:
        return None
    result: dict[str, Any] = {
        "bbox_2d_tight": list(visibility.box_tight) if visibility.visible_px else None,
        "bbox_2d_loose": list(visibility.box_loose),
        "visible_px": visibility.visible_px,
        "unoccluded_px": visibility.unoccluded_px,
        "occlusion": visibility.occlusion,
        "truncated": visibility.truncated,
        "median_depth": visibility.median_depth,
    }
    if visibility.color_shares:
        result["color_shares"] = {name: Digits(share, 3) for name, share in visibility.color_shares}
    return result


def node_json(node: Node, placements: Placements) -> dict[str, Any]:
    """Return a node of the graph: its id, the object, and what it rests on."""
    observed = object_json(node.observed, placements)
    return {"class": observed.pop("class"), "id": node.id, **observed, "support": support_json(node)}


def support_json(node: Node) -> dict[str, Any]:
    """Return a node's place in the support tree. ``parent`` is None where its supporter is the floor or was not selected."""
    return {
        "level": node.level,
        "parent": node.parent,
        "parent_path": node.parent_path,
        "kind": node.parent_kind,
        "contacts": [{"path": path, "kind": kind} for path, kind in node.contacts],
    }


def support_tree_json(graph: SceneGraph) -> dict[str, Any]:
    """Return the support tree: ids by level, and children by parent id; the root is the floor."""
    levels: dict[int, list[int]] = {}
    children: dict[str, list[int]] = {}
    for node in graph.nodes:
        levels.setdefault(node.level, []).append(node.id)
        if node.parent is not None:
            children.setdefault(str(node.parent), []).append(node.id)
    floor = next((element.path for element in graph.room if element.kind.value == "floor"), None)
    return {
        "root": floor,
        "levels": {str(level): ids for level, ids in sorted(levels.items())},
        "children": {parent: children[parent] for parent in sorted(children, key=int)},
    }


def room_json(room: tuple[RoomElement, ...], *, export_world: bool) -> list[dict[str, Any]]:
    """Return floor, walls and ceiling."""
    return [
        {"path": element.path, "kind": element.kind, "label": element.label, "visible_px": element.visible_px}
        | ({"world_aabb": element.aabb_world} if export_world else {})
        for element in room
    ]


def left_out_json(left_out: tuple[LeftOut, ...]) -> dict[str, Any]:
    """Return what is no object and why: complete counts by code, and at most :data:`MAX_LEFT_OUT` items."""
    counts: dict[str, int] = {}
    for item in left_out:
        counts[item.code] = counts.get(item.code, 0) + 1
    shown = sorted(left_out, key=lambda item: (item.code, item.path))[:MAX_LEFT_OUT]
    return {
        "counts": dict(sorted(counts.items())),
        "items": [{"path": item.path, "code": item.code, "reason": item.reason} for item in shown],
        "not_listed": len(left_out) - len(shown),
    }
