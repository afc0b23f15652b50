"""LIBERO's own predicates and referring sentences, held against our graph and captions."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.contract import Frame
from scenecap.graph.model import Relation, SceneGraph
from tests.ground_truth.observe import graphs

pytestmark = pytest.mark.shared

SCENES = Path(__file__).resolve().parents[2].parent / "shared" / "scenes"
TRUTH: dict[str, Any] = (
    json.loads((SCENES / "ground_truth_libero.json").read_text()) if (SCENES / "ground_truth_libero.json").is_file() else {}
)
LAYOUTS = sorted(name for name in TRUTH if name.startswith("libero_spatial/"))

#: The noun a person would use for each of LIBERO's categories.
NOUNS = {
    "kitchen_table": "table", "table": "table", "microwave": "microwave", "porcelain_mug": "mug", "white_yellow_mug": "mug",
    "wooden_cabinet": "cabinet", "flat_stove": "stove", "akita_black_bowl": "bowl", "cookies": "cookies", "plate": "plate",
    "glazed_rim_porcelain_ramekin": "ramekin",
}  # fmt: skip


@functools.cache
def observed(name: str) -> list[tuple[Frame, SceneGraph]]:
    path = SCENES / name
    return list(graphs(path.with_name(path.stem + "_cams.usda")))


def prim_of(truth: dict[str, Any], name: str) -> str:
    """Prim path of a LIBERO object; a region's name starts with the fixture it belongs to."""
    fixtures = sorted((key for key in truth["objects"] if name.startswith(key)), key=len, reverse=True)
    if fixtures and fixtures[0] in truth["prim_of"]:
        return truth["prim_of"][fixtures[0]]
    default_prim = next(iter(truth["prim_of"].values())).split("/")[1]
    assert re.match(r"(main|kitchen)_table", name), name
    return f"/{default_prim}/Geometry/table"


def owner(frame: Frame, path: str) -> str:
    return next(obj.path for obj in frame.objects if obj.path == path or path.startswith(obj.path + "/"))


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_every_predicate_is_an_edge(name: str, shared: Path) -> None:
    truth = TRUTH[name]
    checked = 0
    for frame, graph in observed(name):
        for predicate in truth["init"]:
            if predicate[0] not in ("On", "In"):
                continue
            child, parent = (graph.node_of(owner(frame, prim_of(truth, item))) for item in predicate[1:])
            if child is None or parent is None:
                continue  # not in this camera's view
            relation = graph.relation(child.id, parent.id)
            assert relation & (Relation.ON | Relation.INSIDE), (frame.camera.path, predicate, relation)
            if predicate[0] == "In":
                assert relation & Relation.INSIDE, (frame.camera.path, predicate, relation)
            checked += 1
    assert checked >= len([item for item in truth["init"] if item[0] in ("On", "In")])


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_every_listed_object_in_view_is_a_node_with_its_noun(name: str, shared: Path) -> None:
    truth = TRUTH[name]
    for frame, graph in observed(name):
        for item, category in truth["objects"].items():
            path = owner(frame, prim_of(truth, item))
            if any(obj.path == path for obj in frame.visible):
                node = graph.node_of(path)
                assert node is not None, (frame.camera.path, item)
                assert NOUNS[category] in node.label, (item, node.label)


def holds(truth: dict[str, Any], frame: Frame, graph: SceneGraph, name: str, bowl: str) -> bool:
    """Whether the layout's referring sentence is true of a bowl, read off the graph."""

    def node(item: str) -> int:
        found = graph.node_of(owner(frame, prim_of(truth, item)))
        assert found is not None, item
        return found.id

    subject = node(bowl)
    key = Path(name).stem
    if key == "bowl_between_the_plate_and_the_ramekin":
        ends = {node("plate_1"), node("glazed_rim_porcelain_ramekin_1")}
        return any(fact.subject == subject and {fact.first, fact.second} == ends for fact in graph.between)
    if key == "bowl_from_table_center":
        return graph.centered.get(subject) == node("main_table")
    if key == "bowl_in_the_top_drawer_of_the_wooden_cabinet":
        return bool(graph.relation(subject, node("wooden_cabinet_1")) & Relation.INSIDE)
    if key == "bowl_next_to_the_plate":
        return bool(graph.relation(subject, node("plate_1")) & Relation.NEXT_TO)
    if key == "bowl_on_the_cookie_box":
        return bool(graph.relation(subject, node("cookies_1")) & Relation.ON)
    if key == "bowl_on_the_stove":
        return bool(graph.relation(subject, node("flat_stove_1")) & Relation.ON)
    raise AssertionError(f"no reading of {key} yet")


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_referring_sentence_is_true_of_the_first_bowl_only(name: str, shared: Path) -> None:
    truth = TRUTH[name]
    seen = 0
    for frame, graph in observed(name):
        needed = ["akita_black_bowl_1", "akita_black_bowl_2", "plate_1", "glazed_rim_porcelain_ramekin_1", "cookies_1"]
        needed += ["wooden_cabinet_1", "flat_stove_1", "main_table"]
        if any(graph.node_of(owner(frame, prim_of(truth, item))) is None for item in needed):
            continue
        assert holds(truth, frame, graph, name, "akita_black_bowl_1"), frame.camera.path
        assert not holds(truth, frame, graph, name, "akita_black_bowl_2"), frame.camera.path
        seen += 1
    assert seen >= 1


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_caption_tells_the_bowls_apart(name: str, shared: Path) -> None:
    truth = TRUTH[name]
    told = 0
    for frame, graph in observed(name):
        bowls = [graph.node_of(owner(frame, prim_of(truth, f"akita_black_bowl_{index}"))) for index in (1, 2)]
        if None in bowls:
            continue
        captions = caption_graph(graph, frame=frame, settings=CaptionSettings(), seed=0)
        references = [captions.references.get(bowl.id) for bowl in bowls if bowl is not None]
        if all(references) and references[0] != references[1]:
            told += 1
            assert captions.overall is not None
            apart = {span.nodes for span in captions.overall.spans}
            assert {(bowl.id,) for bowl in bowls if bowl is not None} <= apart, captions.overall.text
    assert told >= 1
