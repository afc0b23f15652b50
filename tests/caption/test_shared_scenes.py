"""Captions of other people's scenes: LIBERO's referring sentences, chess pieces, ghosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Captions, QuestionKind
from scenecap.caption.refer import Query, QueryKind, resolve
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import Relation, SceneGraph
from tests.caption.checker import wrong
from tests.caption.observed import frames_of
from tests.caption.text_resolver import resolve_text

pytestmark = pytest.mark.shared

_PLATE, _RAMEKIN, _TABLE = Query(("plate",)), Query(("ramekin",)), Query(("table",))
#: LIBERO's own referring sentence of each layout, as a query.
LAYOUTS = {
    "bowl_between_the_plate_and_the_ramekin": Query(("bowl",), QueryKind.BETWEEN, anchors=(_PLATE, _RAMEKIN)),
    "bowl_from_table_center": Query(("bowl",), QueryKind.CENTER, anchors=(_TABLE,)),
    "bowl_in_the_top_drawer_of_the_wooden_cabinet": Query(
        ("bowl",), QueryKind.HELD, relation=Relation.INSIDE, anchors=(Query(("cabinet",)),)
    ),
    "bowl_next_to_the_plate": Query(("bowl",), QueryKind.RELATION, relation=Relation.NEXT_TO, anchors=(_PLATE,)),
    "bowl_on_the_cookie_box": Query(("bowl",), QueryKind.HELD, relation=Relation.ON, anchors=(Query(("cookies",)),)),
    "bowl_on_the_stove": Query(("bowl",), QueryKind.HELD, relation=Relation.ON, anchors=(Query(("stove",)),)),
}


def captioned(frame: Frame) -> tuple[SceneGraph, Captions]:
    graph = build_scene_graph(frame)
    return graph, caption_graph(graph, frame=frame)


def bowls_of(graph: SceneGraph) -> dict[str, int]:
    return {node.path[-6]: node.id for node in graph.nodes if "akita_black_bowl" in node.path}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_libero_sentences_are_true_of_one_bowl_and_false_of_the_other(shared: Path, layout: str) -> None:
    judged = 0
    for frame in frames_of(shared / "scenes" / "libero_spatial" / f"{layout}_cams.usda"):
        graph = build_scene_graph(frame)
        bowls = bowls_of(graph)
        inventory = Inventory(graph, frame, CaptionSettings.model_validate({}))
        anchors = [resolve(anchor, inventory).certain for anchor in LAYOUTS[layout].anchors]
        if len(bowls) == 2 and all(len(ids) == 1 for ids in anchors):
            assert resolve(LAYOUTS[layout], inventory).certain == (bowls["1"],), frame.camera.path
            judged += 1
    assert judged >= 3


@pytest.mark.parametrize("layout", LAYOUTS)
def test_captions_tell_the_bowls_apart(shared: Path, layout: str) -> None:
    told = 0
    for frame in frames_of(shared / "scenes" / "libero_spatial" / f"{layout}_cams.usda"):
        graph, captions = captioned(frame)
        bowls = bowls_of(graph)
        if len(bowls) < 2:
            continue
        texts = [captions.references[node] for node in bowls.values()]
        assert [resolve_text(text, graph) for text in texts] == [{node} for node in bowls.values()]
        assert captions.overall is not None
        places = [
            {(fact.kind, fact.objects) for fact in captions.overall.facts if fact.nodes == (node,) and fact.objects}
            for node in bowls.values()
        ]
        assert places[0] != places[1], captions.overall.text
        told += 1
    assert told >= 3


def test_chess_pieces_are_counted(shared: Path) -> None:
    for frame in frames_of(shared / "scenes" / "chess_set" / "chess_set.usda"):
        graph, captions = captioned(frame)
        assert captions.overall is not None
        if len(graph.nodes) == 33:
            text = captions.overall.text.lower()
            assert "eight white pawns" in text
            assert "eight black pawns" in text
            assert "two white rooks" in text
            assert captions.brief is not None
            assert "sixteen pawns" in captions.brief.text.lower() or "16 pawns" in captions.brief.text


def test_ghosts_are_neither_counted_nor_called_absent(shared: Path) -> None:
    for frame in frames_of(shared / "scenes" / "robosuite_pickplace" / "robosuite_pickplace_cams.usda"):
        graph, captions = captioned(frame)
        assert not any("visual" in node.path.lower() for node in graph.nodes)
        for question in captions.questions:
            if question.kind is QuestionKind.EXISTENCE and question.polarity is False:
                assert not any(word in question.question for word in ("milk", "bread", "cereal", "can ", "can?"))


def test_every_fact_of_every_scene_is_held_by_its_graph(shared: Path) -> None:
    scenes = sorted(path for path in (shared / "scenes").glob("*/*_cams.usda") if "libero_spatial" not in str(path))
    assert len(scenes) >= 5
    for path in scenes:
        for frame in frames_of(path):
            if not frame.visible:
                continue
            graph, captions = captioned(frame)
            texts = [text for text in (captions.brief, captions.overall) if text is not None]
            facts = [fact for text in texts for fact in text.facts]
            facts += [fact for question in captions.questions for fact in question.facts]
            assert [reason for fact in facts if (reason := wrong(fact, graph, frame))] == [], path
            for node, text in captions.references.items():
                assert resolve_text(text, graph) == {node}, text
