"""An independent judge of facts, from the graph's own nodes, contacts and pairs: no code of the captioner decides."""

from __future__ import annotations

import numpy as np

from scenecap.caption.model import Fact
from scenecap.contract import ContactKind, Frame
from scenecap.graph.model import Relation, SceneGraph

_HOLDS = {
    "on": ContactKind.SUPPORT,
    "inside": ContactKind.INSIDE,
    "attached": ContactKind.ATTACHED,
    "hanging": ContactKind.HANGING,
}
_SPATIAL = {
    "left": Relation.LEFT,
    "right": Relation.RIGHT,
    "front": Relation.FRONT,
    "behind": Relation.BEHIND,
    "above": Relation.ABOVE,
    "below": Relation.BELOW,
    "next_to": Relation.NEXT_TO,
    "near": Relation.NEAR,
}
_EXTREMES = {"left": Relation.LEFT, "right": Relation.RIGHT, "front": Relation.FRONT, "back": Relation.BEHIND}
_BASIC = {"navy": "blue", "golden": "yellow", "beige": "brown"}


def wrong(fact: Fact, graph: SceneGraph, frame: Frame) -> str:
    """Return why a fact is not held by the graph, or "" if it is."""
    kind = fact.kind
    for node in (*fact.nodes, *fact.objects):
        if not 0 <= node < len(graph.nodes):
            return f"{fact}: no node {node}"
    if kind == "exists":
        return (
            ""
            if fact.nodes and all(graph.nodes[n].observed.visibility is not None for n in fact.nodes)
            else f"{fact}: not seen"
        )
    if kind == "count":
        return "" if len(set(fact.nodes)) == fact.value else f"{fact}: {len(set(fact.nodes))} nodes"
    if kind == "at_least":
        return "" if len(set(fact.nodes)) >= int(fact.value or 0) else f"{fact}: fewer nodes"
    if kind in _HOLDS:
        return _wrong_hold(fact, graph, frame)
    if kind in _SPATIAL:
        return _each(fact, graph, lambda a, b: bool(graph.relation(a, b) & _SPATIAL[kind]))
    if kind == "between":
        return _between(fact, graph, wanted=True)
    if kind == "not_between":
        return _between(fact, graph, wanted=False)
    if kind == "centered":
        return _each(fact, graph, lambda a, b: graph.centered.get(a) == b)
    if kind == "part_of":
        return _each(fact, graph, lambda a, b: graph.nodes[a].observed.part_of == graph.nodes[b].path)
    if kind == "color":
        return _wrong_color(fact, graph)
    if kind == "material":
        return (
            ""
            if all(str(fact.value)[:4] in str(graph.nodes[n].observed.attributes.get("material", "")) for n in fact.nodes)
            else str(fact)
        )
    if kind == "size":
        return _each(fact, graph, lambda a, b: _larger(graph, a, b))
    if kind == "extreme":
        return _wrong_extreme(fact, graph)
    if kind == "rank":
        return _wrong_rank(fact, graph)
    if kind == "distance":
        a, b = fact.nodes[0], fact.objects[0]
        true = float(np.linalg.norm(graph.nodes[a].observed.center_world - graph.nodes[b].observed.center_world))
        return "" if abs(true - float(fact.value or 0)) <= 0.051 * true + 1e-3 else f"{fact}: it is {true}"
    if kind == "nearest":
        return _wrong_nearest(fact, graph)
    if kind == "setting":
        return "" if frame.setting and str(fact.value) in frame.setting else f"{fact}: the frame says {frame.setting}"
    if kind == "absent":
        words = str(fact.value).split()
        seen = [obj.label for obj in frame.objects if obj.visibility is not None]
        return "" if not any(words[-1] in label.split() for label in seen) else f"{fact}: {seen}"
    if kind in ("not_on", "not_inside"):
        path = graph.nodes[fact.objects[0]].path
        node = graph.nodes[fact.nodes[0]]
        return f"{fact}: {node.contacts}" if (path, _HOLDS[kind[4:]]) in node.contacts else ""
    return f"unknown kind: {fact}"


def _each(fact: Fact, graph: SceneGraph, holds) -> str:
    if not fact.nodes or not fact.objects:
        return f"{fact}: an end is missing"
    for node in fact.nodes:
        if not any(holds(node, other) for other in fact.objects):
            return f"{fact}: {graph.nodes[node].label} {node}"
    return ""


def _wrong_hold(fact: Fact, graph: SceneGraph, frame: Frame) -> str:
    kind = _HOLDS[fact.kind]
    if not fact.objects:
        rooms = {element.path: element for element in frame.room}
        if fact.value not in rooms or rooms[str(fact.value)].visible_px <= 0:
            return f"{fact}: no such room element in view"
        return "" if all((fact.value, kind) in graph.nodes[node].contacts for node in fact.nodes) else f"{fact}: no contact"
    paths = {graph.nodes[other].path for other in fact.objects}
    for node in fact.nodes:
        if not any((path, kind) in graph.nodes[node].contacts for path in paths):
            return f"{fact}: {graph.nodes[node].contacts}"
    return ""


def _between(fact: Fact, graph: SceneGraph, *, wanted: bool) -> str:
    ends = tuple(sorted(fact.objects))
    found = {(item.subject, item.first, item.second) for item in graph.between}
    return "" if all(((node, *ends) in found) == wanted for node in fact.nodes) else str(fact)


def _wrong_color(fact: Fact, graph: SceneGraph) -> str:
    word = str(fact.value).split(" ")[-1]
    for node in fact.nodes:
        observed = graph.nodes[node].observed
        known = set(observed.label.split()) | set(observed.attributes.get("color", "").split())
        if observed.visibility is not None and fact.source == "albedo":
            known |= {term for term, share in observed.visibility.color_shares if share >= 0.6}
        if word not in known and word.replace("gray", "grey") not in known:
            return f"{fact}: {observed.label} {known}"
    return ""


def _edges(graph: SceneGraph, node: int) -> np.ndarray:
    observed = graph.nodes[node].observed
    scale = np.linalg.norm(observed.object_to_world[:3, :3], axis=1)
    return np.sort((observed.box_local[1] - observed.box_local[0]) * scale)


def _larger(graph: SceneGraph, one: int, other: int) -> bool:
    first, second = _edges(graph, one), _edges(graph, other)
    return bool((first >= second).all() and np.linalg.norm(first) >= 1.25 * np.linalg.norm(second) - 1e-9)


def _wrong_extreme(fact: Fact, graph: SceneGraph) -> str:
    if fact.value in ("largest", "smallest"):
        node = fact.nodes[0]
        pairs = [(node, other) if fact.value == "largest" else (other, node) for other in fact.objects]
        return "" if all(_larger(graph, one, other) for one, other in pairs) else str(fact)
    relation = _EXTREMES[str(fact.value)]
    return "" if all(graph.relation(fact.nodes[0], other) & relation for other in fact.objects) else str(fact)


def _wrong_rank(fact: Fact, graph: SceneGraph) -> str:
    rank, side = str(fact.value).split()
    relation = _EXTREMES[side]
    before = sum(bool(graph.relation(other, fact.nodes[0]) & relation) for other in fact.objects)
    after = sum(bool(graph.relation(fact.nodes[0], other) & relation) for other in fact.objects)
    return "" if before == int(rank) - 1 and before + after == len(fact.objects) else f"{fact}: {before} before, {after} after"


def _wrong_nearest(fact: Fact, graph: SceneGraph) -> str:
    target, *others = fact.objects
    centers = [node.observed.center_world for node in graph.nodes]

    def distance(node: int) -> float:
        return float(np.linalg.norm(centers[node] - centers[target]))

    return "" if all(distance(fact.nodes[0]) < distance(other) for other in others) else str(fact)
