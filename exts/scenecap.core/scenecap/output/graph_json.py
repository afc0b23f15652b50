"""``full_scene_graph.json`` and ``pruned_scene_graph.json``.

The outer shape (``obj`` by prim path, ``edges["obj-obj"]``, comma-joined ``relation``) is what code written against IRC's
files reads; IRC's own files are not public, so this is a reconstruction. Everything else is in keys of ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from scenecap.contract import LENGTH_DECIMALS, Evidence
from scenecap.graph.model import EdgeTable, Relation, SceneGraph
from scenecap.output.canonical import Encoded, EncodedItems, encode_value
from scenecap.output.meta import meta_block
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.nodes_json import Placements, left_out_json, node_json, room_json, support_tree_json
from scenecap.output.relation_words import relation_words


def encode_nodes(result: FrameResult, *, export_world: bool = True) -> dict[str, Encoded]:
    """Return the nodes by prim path, encoded for their place in a graph file; both graphs have the same."""
    nodes = result.graph.nodes
    placements = Placements([node.observed for node in nodes], result.frame.camera, export_world=export_world)
    return {node.path: encode_value(node_json(node, placements), levels=1, margin="    ") for node in nodes}


def graph_document(
    result: FrameResult,
    job: JobFacts,
    *,
    which: str,
    export_edges: bool = True,
    export_world: bool = True,
    nodes: Mapping[str, Encoded] | None = None,
) -> dict[str, Any]:
    """Return a graph file as a document for :func:`scenecap.output.canonical.dumps`.

    Args:
        result: The frame and its graph.
        job: What the job's frames share.
        which: "full" or "pruned".
        export_edges: Write the edges; else the list is empty.
        export_world: Write world-space boxes and the camera's pose.
        nodes: :func:`encode_nodes` where both graphs are written.

    Raises:
        ValueError: The full graph was not built, or another name.
    """
    frame, graph = result.frame, result.graph
    table = {"full": graph.full, "pruned": graph.pruned}.get(which)
    if table is None:
        raise ValueError(f"graph_document: the graph {which!r} is not there; give 'full' (if it was built) or 'pruned'")
    asserted = np.flatnonzero(table.relations != Relation.NONE)
    silent = np.flatnonzero(table.relations == Relation.NONE)
    meta = meta_block(f"{which}_scene_graph", frame, job, export_world=export_world)
    meta["nodes"] = len(graph.nodes)
    meta["pairs"] = len(table)
    meta["edges_exported"] = export_edges
    document: dict[str, Any] = {
        "obj": encode_nodes(result, export_world=export_world) if nodes is None else nodes,
        "edges": {"obj-obj": encode_edges(table.take(asserted), graph) if export_edges else []},
    }
    if export_edges:
        document["pairs_without_relation"] = [
            [int(table.source[row]), int(table.target[row]), float(table.center_distance[row])] for row in silent
        ]
        document["between"] = [
            {
                "subject": fact.subject,
                "first": fact.first,
                "second": fact.second,
                "fraction": fact.fraction,
                "offset": fact.offset,
            }
            for fact in graph.between
        ]
        document["centered"] = {str(node): graph.centered[node] for node in sorted(graph.centered)}
    document["support_tree"] = support_tree_json(graph)
    document["room"] = room_json(graph.room, export_world=export_world)
    document["setting"] = frame.setting
    document["selection"] = {
        "seen": graph.selection.seen,
        "kept": graph.selection.kept,
        "capacity": graph.selection.capacity,
        "dropped": [{"path": item.path, "code": item.code, "reason": item.reason} for item in graph.selection.dropped],
    }
    document["left_out"] = left_out_json(frame.left_out)
    if which == "pruned":
        document["mst_weight"] = graph.mst_weight
    document["notes"] = list(graph.notes)
    document["meta"] = meta
    return document


def encode_edges(table: EdgeTable, graph: SceneGraph) -> EncodedItems:
    """Return the edges of a table as JSON, both directions of a pair one after the other.

    Formatted by hand: a full graph of 200 objects has 40,000 edges, and the general encoder would take longer than the graph.
    """
    names = [(json.dumps(node.path, ensure_ascii=False), json.dumps(node.label, ensure_ascii=False)) for node in graph.nodes]
    source_part = [f'{{"source": {path}, "source_name": {label}, ' for path, label in names]
    target_part = [f'"target": {path}, "target_name": {label}, "relation": ' for path, label in names]
    evidence = [f'"evidence": {json.dumps(item.value)}}}' for item in Evidence]
    words: dict[int, tuple[str, str]] = {}
    for bits in np.unique(table.relations).tolist():
        words[bits] = (json.dumps(relation_words(bits)), json.dumps(relation_words(int(Relation(bits).inverse()))))
    rows = zip(
        table.source.tolist(),
        table.target.tolist(),
        table.relations.tolist(),
        _decimals(table.surface_distance),
        _decimals(table.center_distance),
        *(_decimals(table.offset[:, axis]) for axis in range(3)),
        table.clock_hour.tolist(),
        _decimals(table.margin),
        _decimals(table.weight),
        table.evidence.tolist(),
        strict=True,
    )
    lines = []
    for source, target, bits, surface, center, right, forward, up, hour, margin, weight, proof in rows:
        there, back = words[bits]
        if bits & Relation.HOLDS:  # whether the child hangs from it or is attached, only the child knows
            back = json.dumps(relation_words(int(graph.turned(source, target, bits))))
        numbers = f', "distance": {surface}, "center_distance": {center}, "offset": ['
        rest = f', "margin": {margin}, "weight": {weight}, {evidence[proof]}'
        lines.append(
            f'{source_part[source]}{target_part[target]}{there}{numbers}{right}, {forward}, {up}], "clock": {hour}{rest}'
        )
        lines.append(
            f"{source_part[target]}{target_part[source]}{back}{numbers}"
            f'{_negative(right)}, {_negative(forward)}, {_negative(up)}], "clock": {(hour + 5) % 12 + 1}{rest}'
        )
    return EncodedItems(lines)


def _negative(number: str) -> str:
    if number[0] == "-":
        return number[1:]
    return number if number == "0.0" else "-" + number


def _decimals(values: np.ndarray) -> list[str]:
    """Return floats as canonical JSON numbers."""
    if not np.isfinite(values).all():
        raise ValueError("graph_document: an edge holds NaN or infinity")
    return list(map(repr, (np.round(np.asarray(values, dtype=np.float64), LENGTH_DECIMALS) + 0.0).tolist()))
