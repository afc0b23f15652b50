"""Check that a frame's documents agree with its row in the manifest, with each other, and within themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scenecap.errors import DatasetError
from scenecap.output.dataset.documents import (
    CaptionDocument,
    GraphDocument,
    Mention,
    SceneObject,
    parse_captions,
    parse_graph,
    parse_object_data,
    parse_sidecar,
)
from scenecap.output.dataset.files import DOCUMENTS, FileKind
from scenecap.output.dataset.problems import Problem, ProblemKind
from scenecap.output.dataset.reader import DatasetFrame, parse_as
from scenecap.output.dataset.verdicts import check_verdict
from scenecap.output.manifest import MANIFEST_NAME, FrameRow


def _parse_whole_graph(raw: Mapping[str, Any]) -> GraphDocument:
    """Return a graph with its edges read, which the reader leaves until they are asked for."""
    graph = parse_graph(raw)
    for _ in graph.edges():
        pass
    list(raw.get("pairs_without_relation") or ())
    return graph


_PARSERS: dict[FileKind, Callable[[Mapping[str, Any]], Any]] = {
    FileKind.FULL_GRAPH: _parse_whole_graph,
    FileKind.PRUNED_GRAPH: _parse_whole_graph,
    FileKind.CAPTIONS: parse_captions,
    FileKind.OBJECT_DATA: parse_object_data,
    FileKind.SIDECAR: parse_sidecar,
}

#: Where a graph's number of pairs stands in the row's counts.
_PAIR_COUNTS = {FileKind.FULL_GRAPH: "full_edges", FileKind.PRUNED_GRAPH: "pruned_edges"}


def check_documents(frame: DatasetFrame, documents: Mapping[FileKind, Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield what is wrong with the JSON documents of a frame.

    Args:
        frame: The frame.
        documents: Those that could be read, each as it is.
    """
    row = frame.row
    paths = {kind: record.path for kind, record in frame.files.items()}
    parsed: dict[FileKind, Any] = {}
    for kind, raw in documents.items():
        for detail in _check_meta(kind, raw, row):
            yield Problem(ProblemKind.BAD_DOCUMENT, paths[kind], detail, frame=row.number)
        try:
            parsed[kind] = parse_as(kind, _PARSERS[kind], raw, paths[kind])
        except DatasetError as error:
            detail = error.message.removeprefix(f"{paths[kind]}: ").rstrip(".")
            yield Problem(ProblemKind.BAD_DOCUMENT, paths[kind], detail, frame=row.number)
    for kind, detail in _check_counts(row, parsed):
        yield Problem(ProblemKind.COUNT, paths[kind], detail, frame=row.number)
    if row.counts.get("questions") and FileKind.CAPTIONS not in frame.files:
        detail = f"{row.key}: it counts {row.counts['questions']} questions, and there is no caption file"
        yield Problem(ProblemKind.BAD_ROW, MANIFEST_NAME, detail, frame=row.number)
    for kind, detail in _check_links(parsed):
        yield Problem(ProblemKind.BAD_DOCUMENT, paths[kind], detail, frame=row.number)


def _check_meta(kind: FileKind, raw: Mapping[str, Any], row: FrameRow) -> Iterator[str]:
    """Yield what a document says of itself that is not so."""
    if kind not in DOCUMENTS:  # the sidecar has no meta block, and says these at its top
        for key, expected in (("scene", row.scene), ("frame_index", row.frame_index)):
            if raw.get(key) != expected:
                yield f"{key} is {raw.get(key)!r:.60}, the manifest says {expected!r:.60}"
        return
    meta = raw.get("meta")
    if not isinstance(meta, Mapping):
        yield "it has no meta block"
        return
    if "format_version" not in meta:
        yield "meta has no format_version"
    camera = meta.get("camera")
    said = {
        "kind": (meta.get("kind"), kind.value),
        "scene": (meta.get("scene"), row.scene),
        "frame": (meta.get("frame"), row.frame_index),
        "camera.path": (camera.get("path") if isinstance(camera, Mapping) else None, row.camera),
        "config_hash": (meta.get("config_hash"), row.config_hash),
    }
    for key, (value, expected) in said.items():
        if value != expected:
            yield f"meta.{key} is {value!r:.60}, the manifest says {expected!r:.60}"


def _check_counts(row: FrameRow, parsed: Mapping[FileKind, Any]) -> Iterator[tuple[FileKind, str]]:
    """Yield where a document holds more or less than the manifest says."""

    def compare(kind: FileKind, count: str, found: int) -> Iterator[tuple[FileKind, str]]:
        stated = row.counts.get(count)
        if stated is not None and stated != found:
            yield kind, f"{count}: {found} here, {stated} in the manifest"

    for kind, count in _PAIR_COUNTS.items():
        graph: GraphDocument | None = parsed.get(kind)
        if graph is None:
            continue
        yield from compare(kind, "nodes", len(graph.objects))
        yield from compare(kind, count, graph.pairs)
        asserted, silent = len(graph.raw["edges"]["obj-obj"]), len(graph.raw.get("pairs_without_relation") or ())
        if graph.edges_written and asserted != 2 * (graph.pairs - silent):
            yield kind, f"{asserted} edges and {silent} pairs without relation do not make {graph.pairs} pairs"
    captions: CaptionDocument | None = parsed.get(FileKind.CAPTIONS)
    if captions is not None:
        yield from compare(FileKind.CAPTIONS, "questions", len(captions.questions))
        if captions.verdict is not None:
            claims = [claim for text in captions.verdict.texts for claim in text.claims]
            yield from compare(FileKind.CAPTIONS, "claims", len(claims))
            failed = sum(claim.status != "supported" for claim in claims)
            yield from compare(FileKind.CAPTIONS, "claims_not_supported", failed)
    for kind in (FileKind.OBJECT_DATA, FileKind.SIDECAR):
        objects: tuple[SceneObject, ...] | None = parsed.get(kind)
        if objects is not None:
            yield from compare(kind, "objects_in_view", sum(item.visible_px > 0 for item in objects))


def _check_links(parsed: Mapping[FileKind, Any]) -> Iterator[tuple[FileKind, str]]:
    """Yield references that lead nowhere: edges to objects, words to objects and characters."""
    known: dict[str, int | None] = {}
    for kind in _PAIR_COUNTS:
        graph: GraphDocument | None = parsed.get(kind)
        if graph is None:
            continue
        ids = [item.id for item in graph.objects]
        if ids != list(range(len(ids))):
            yield kind, "its ids do not run from 0"
        nodes = {item.path: item.id for item in graph.objects}
        lost = sorted({end for edge in graph.edges() for end in (edge.source, edge.target) if end not in nodes})
        if lost:
            yield kind, f"an edge names {lost[0]!r:.80}, which is no object of it"
        if known and known != nodes:
            yield kind, "its objects are not those of the full graph"
        known = nodes
    captions: CaptionDocument | None = parsed.get(FileKind.CAPTIONS)
    if captions is None:
        return
    if captions.verdict is not None:
        texts = {name: item.text for name, item in captions.texts()}
        nodes = len(known) if known else None
        for detail in check_verdict(captions.verdict, texts, len(captions.questions), nodes):
            yield FileKind.CAPTIONS, detail
    passages: list[tuple[str, str, tuple[Mention, ...]]] = [
        (name, item.text, item.mentions) for name, item in captions.texts()
    ]
    for number, item in enumerate(captions.questions):
        passages.append((f"question {number}", item.question, item.question_mentions))
        passages.append((f"answer {number}", item.answer, item.answer_mentions))
    for name, text, mentions in passages:
        for mention in mentions:
            if not 0 <= mention.start < mention.end <= len(text):
                yield FileKind.CAPTIONS, f"{name}: characters {mention.start} to {mention.end} are not in the text"
            for path, number in zip(mention.paths, mention.ids, strict=True):
                if known and known.get(path, -1) != number:
                    yield FileKind.CAPTIONS, f"{name}: speaks of {path!r:.80}, which is not object {number} of the graph"
