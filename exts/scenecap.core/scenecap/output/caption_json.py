"""``scene_graph_caption.json``: all texts of a frame, their grounding and their facts in one file.

``brief_caption`` is a key that code written against IRC reads; the rest of IRC's file is not documented, so it is ours.
"""

from __future__ import annotations

from typing import Any

from scenecap.caption.model import Caption, Fact, ModelFacts, Question, Span
from scenecap.graph.model import SceneGraph
from scenecap.output.meta import meta_block
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.verdict_json import verdict_json


def caption_document(result: FrameResult, job: JobFacts, *, asked: frozenset[str] | None = None) -> dict[str, Any]:
    """Return the caption file as a document for :func:`scenecap.output.canonical.dumps`.

    Args:
        result: The frame with its graph and captions.
        job: What the job's frames share.
        asked: Caption kinds that were asked for ("qa_caption", ...): an empty list of questions is then ``[]``, not null.

    Raises:
        ValueError: The result has no captions.
    """
    captions, graph = result.captions, result.graph
    if captions is None:
        raise ValueError("caption_document: the result has no captions")
    texts = {"brief_caption": captions.brief, "global_caption": captions.overall}
    questions = [_question_json(question, graph) for question in captions.questions]
    wants_questions = bool(questions) or (asked is not None and "qa_caption" in asked)
    document: dict[str, Any] = {name: None if text is None else text.text for name, text in texts.items()}
    document["qa_caption"] = questions if wants_questions else None
    document["caption_source"] = {name: None if text is None else text.source for name, text in texts.items()}
    if captions.model is not None:
        document["caption_source"]["qa_caption"] = captions.model.questions if questions else None
    document["grounding"] = {name: _grounding(text, graph) for name, text in texts.items() if text is not None}
    document["facts"] = {
        name: [_fact_json(fact, graph) for fact in text.facts] for name, text in texts.items() if text is not None
    }
    document["references"] = {graph.nodes[node].path: captions.references[node] for node in sorted(captions.references)}
    if captions.verdict is not None:
        document["verdict"] = verdict_json(captions.verdict)
    document["notes"] = list(captions.notes)
    document["meta"] = meta_block("scene_graph_caption", result.frame, job, export_world=False)
    if captions.model is not None:
        document["meta"]["model"] = _model_json(captions.model)
    return document


def _model_json(model: ModelFacts) -> dict[str, Any]:
    return {
        "name": model.name,
        "profile": model.profile,
        "picture": model.picture,
        "prompts": [{"name": item.name, "version": item.version, "hash": item.hash} for item in model.prompts],
    }


def _grounding(caption: Caption, graph: SceneGraph) -> list[dict[str, Any]]:
    return [_span_json(span, caption.text, graph) for span in caption.spans]


def _span_json(span: Span, text: str, graph: SceneGraph) -> dict[str, Any]:
    result: dict[str, Any] = {
        "start": span.start,
        "end": span.end,
        "text": text[span.start : span.end],
        "objects": [_object_json(node, graph) for node in span.nodes],
    }
    if span.room:
        result["room"] = list(span.room)
    return result


def _object_json(node: int, graph: SceneGraph) -> dict[str, Any]:
    visibility = graph.nodes[node].observed.visibility
    return {
        "id": node,
        "path": graph.nodes[node].path,
        "bbox_2d_tight": None if visibility is None else list(visibility.box_tight),
    }


def _question_json(question: Question, graph: SceneGraph) -> dict[str, Any]:
    result: dict[str, Any] = {
        "question": question.question,
        "answer": question.answer,
        "kind": question.kind,
        "polarity": question.polarity,
        "question_grounding": [_span_json(span, question.question, graph) for span in question.question_spans],
        "answer_grounding": [_span_json(span, question.answer, graph) for span in question.answer_spans],
        "evidence": {
            "nodes": [_ref(node, graph) for node in question.evidence_nodes],
            "edges": [[_ref(source, graph), _ref(target, graph)] for source, target in question.evidence_edges],
        },
        "facts": [_fact_json(fact, graph) for fact in question.facts],
    }
    if question.statement:
        result["statement"] = question.statement
    return result


def _ref(node: int, graph: SceneGraph) -> dict[str, Any]:
    return {"id": node, "path": graph.nodes[node].path}


def _fact_json(fact: Fact, graph: SceneGraph) -> dict[str, Any]:
    result: dict[str, Any] = {
        "kind": fact.kind,
        "nodes": [graph.nodes[node].path for node in fact.nodes],
        "objects": [graph.nodes[node].path for node in fact.objects],
        "value": fact.value,
    }
    if fact.source is not None:
        result["source"] = fact.source
    return result
