"""What a model is told of a frame: its objects and relations as quoted data. Nothing is in it that the graph does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from scenecap.caption.chat.quoting import block, label_of, note_of, quoted
from scenecap.caption.chat.settings import ChatSettings, GraphPart
from scenecap.caption.english import join_list
from scenecap.caption.inventory import Inventory
from scenecap.contract import ContactKind
from scenecap.graph.model import EdgeTable, Relation, SceneGraph

#: Name of the block that the data stands in.
SCENE_BLOCK = "scene_data"
#: Relation -> its words, said of source and target. Those that are not here are said the other way round.
WORDS: Mapping[Relation, str] = {
    Relation.ON: "on",
    Relation.INSIDE: "inside",
    Relation.ATTACHED: "attached to",
    Relation.HANGING: "hanging from",
    Relation.LEFT: "left of",
    Relation.RIGHT: "right of",
    Relation.FRONT: "in front of",
    Relation.BEHIND: "behind",
    Relation.ABOVE: "above",
    Relation.BELOW: "below",
    Relation.TOUCHING: "touching",
    Relation.NEXT_TO: "next to",
    Relation.NEAR: "near",
    Relation.FAR: "far from",
}
_TURNED = int(Relation.SUPPORTS | Relation.CONTAINS | Relation.HOLDS)
#: Relations that tell how deep in the picture something is: not said of what hangs or is fixed to something.
_DEPTH = int(Relation.FRONT | Relation.BEHIND)
_HELD = {
    ContactKind.SUPPORT: "on",
    ContactKind.INSIDE: "inside",
    ContactKind.ATTACHED: "attached to",
    ContactKind.HANGING: "hanging from",
}


def scene_block(inventory: Inventory, references: Mapping[int, str], settings: ChatSettings) -> str:
    """Return the objects and relations of a frame as the block of a prompt.

    Args:
        inventory: Of the frame's graph.
        references: Node id -> an expression that is unambiguous in the frame.
        settings: Which relations, and how many.
    """
    graph = inventory.graph
    head: dict[str, Any] = {"place": note_of(inventory.frame.setting) if inventory.frame.setting else None}
    head["room"] = sorted({label_of(element.label) for element in inventory.room.values()})
    head["visible_objects_not_listed"] = len(inventory.others)
    lines = [quoted(head)]
    lines += [quoted({"object": _object(inventory, node.id, references)}) for node in graph.nodes]
    relations = list(_relations(inventory, settings))
    lines += [quoted({"relation": item}) for item in relations[: settings.max_relations]]
    if len(relations) > settings.max_relations:
        lines.append(quoted({"relations_not_listed": len(relations) - settings.max_relations}))
    return block(SCENE_BLOCK, lines)


def _object(inventory: Inventory, node: int, references: Mapping[int, str]) -> dict[str, Any]:
    observed, description = inventory.nodes[node].observed, inventory.descriptions[node]
    facts: dict[str, Any] = {"id": node, "name": label_of(observed.label)}
    if description.colors:
        facts["color"] = join_list(description.colors)
    if description.material:
        facts["material"] = description.material
    facts["size_m"] = [round(float(edge), 2) for edge in inventory.edges_sorted[node]]
    if node in references:
        facts["unambiguous"] = note_of(references[node])
    if observed.caption:
        facts["note"] = note_of(observed.caption)
    if observed.visibility is not None:
        pixels = inventory.frame.camera.width * inventory.frame.camera.height
        facts["share_of_picture"] = round(observed.visibility.visible_px / pixels, 4)
        if observed.visibility.truncated:
            facts["cut_by_picture_edge"] = True
    return facts


def _relations(inventory: Inventory, settings: ChatSettings) -> Iterator[list[Any]]:
    """Yield [subject, words, object]: what rests on what first, then the chosen graph's edges in its order."""
    graph = inventory.graph
    for node in graph.nodes:
        element = inventory.room_parent(node.id)
        if element is not None and node.parent_kind is not None:
            yield [node.id, _HELD[node.parent_kind], label_of(element.label)]
    said = set()
    for node in graph.nodes:
        if node.parent is not None and node.parent_kind is not None:
            said.add((node.id, _HELD[node.parent_kind], node.parent))
            yield [node.id, _HELD[node.parent_kind], node.parent]
    for fact in graph.between:
        yield [fact.subject, "between", [fact.first, fact.second]]
    for row in _edges(inventory, graph, settings.graph):
        if row not in said:
            yield list(row)


def _edges(inventory: Inventory, graph: SceneGraph, part: GraphPart) -> Iterator[tuple[int, str, int]]:
    table: EdgeTable | None = graph.full if part is GraphPart.FULL and graph.full is not None else graph.pruned
    if table is None or not len(table):
        return
    mounted = inventory.is_mounted[table.source] | inventory.is_mounted[table.target]
    spoken = np.where(mounted, table.relations & ~np.uint32(_DEPTH), table.relations)  # nobody says "behind the wall clock"
    turned = (spoken & np.uint32(_TURNED)) != 0
    for row in range(len(table)):
        source, target, relations = int(table.source[row]), int(table.target[row]), Relation(int(spoken[row]))
        if turned[row]:
            source, target, relations = target, source, graph.turned(source, target, relations)
        for relation, words in WORDS.items():
            if relations & relation:
                yield source, words, target
