"""Caption files: texts, grounding that points at the right characters and objects, evidence."""

from __future__ import annotations

import json

import pytest

from scenecap.caption.model import Caption, Captions, CaptionSource, Fact, Question, QuestionKind, Span
from scenecap.graph.build import build_scene_graph
from scenecap.output.canonical import dumps
from scenecap.output.caption_json import caption_document
from scenecap.output.model import FrameResult
from tests.output.scenes import boxes_frame, job_facts

FRAME = boxes_frame()
GRAPH = build_scene_graph(FRAME)
MUG, TABLE = GRAPH.node_of("/World/Mug").id, GRAPH.node_of("/World/Table").id
TEXT = "A red mug is on a table."
BRIEF = Caption(
    TEXT,
    spans=(Span(0, 9, (MUG,)), Span(16, 23, (TABLE,), ("/World/Floor",))),
    facts=(Fact("on", (MUG,), (TABLE,)), Fact("count", (MUG,), value=1)),
)
QUESTION = Question(
    "Is the mug on the table?",
    "yes",
    QuestionKind.SUPPORT,
    polarity=True,
    question_spans=(Span(3, 10, (MUG,)),),
    evidence_nodes=(MUG, TABLE),
    evidence_edges=((MUG, TABLE),),
    facts=(Fact("on", (MUG,), (TABLE,)),),
)


def read(captions: Captions | None, **options) -> dict:
    return json.loads(dumps(caption_document(FrameResult(FRAME, GRAPH, captions), job_facts(), **options)))


def test_texts_and_their_grounding():
    document = read(Captions(brief=BRIEF, references={MUG: "the red mug", TABLE: "the table"}, notes=("note",)))
    assert document["brief_caption"] == TEXT
    assert document["global_caption"] is None
    assert document["qa_caption"] is None
    assert document["caption_source"] == {"brief_caption": "template", "global_caption": None}
    first, second = document["grounding"]["brief_caption"]
    assert (first["text"], second["text"]) == ("A red mug", "a table")
    assert first["objects"] == [
        {"id": MUG, "path": "/World/Mug", "bbox_2d_tight": list(GRAPH.nodes[MUG].observed.visibility.box_tight)}
    ]
    assert second["room"] == ["/World/Floor"]
    assert document["facts"]["brief_caption"][0] == {
        "kind": "on",
        "nodes": ["/World/Mug"],
        "objects": ["/World/Table"],
        "value": None,
    }
    color = Caption(TEXT, facts=(Fact("color", (MUG,), value="red", source="albedo"),))
    (fact,) = read(Captions(brief=color))["facts"]["brief_caption"]
    assert fact == {"kind": "color", "nodes": ["/World/Mug"], "objects": [], "value": "red", "source": "albedo"}
    assert document["references"] == {"/World/Mug": "the red mug", "/World/Table": "the table"}
    assert document["notes"] == ["note"]
    assert document["meta"]["kind"] == "scene_graph_caption"
    assert "world_to_camera" not in document["meta"]["camera"]


def test_questions_keep_their_evidence():
    (question,) = read(Captions(questions=(QUESTION,)))["qa_caption"]
    assert (question["question"], question["answer"], question["kind"], question["polarity"]) == (
        "Is the mug on the table?",
        "yes",
        "support",
        True,
    )
    assert question["question_grounding"][0]["text"] == "the mug"
    assert question["evidence"]["edges"] == [[{"id": MUG, "path": "/World/Mug"}, {"id": TABLE, "path": "/World/Table"}]]


def test_no_questions_is_a_list_only_where_they_were_asked_for():
    assert read(Captions())["qa_caption"] is None
    assert read(Captions(), asked=frozenset(("brief_caption",)))["qa_caption"] is None
    assert read(Captions(), asked=frozenset(("qa_caption",)))["qa_caption"] == []


def test_who_wrote_a_text_is_said():
    document = read(Captions(overall=Caption("Text.", source=CaptionSource.MODEL)))
    assert document["caption_source"]["global_caption"] == "model"


def test_a_result_without_captions_is_an_error():
    with pytest.raises(ValueError, match="no captions"):
        read(None)
