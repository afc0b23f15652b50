"""Which of a frame's files is what, in any of the three layouts."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from scenecap.capture.sidecar import sidecar_frame
from scenecap.output.atomic import FileRecord, checked_path
from scenecap.replicator_format import Annotator, Part, parse_file_name


class FileKind(str, enum.Enum):
    """What a file of a frame holds. The first four are JSON documents with a ``meta`` block, whose ``kind`` is this value."""

    FULL_GRAPH = "full_scene_graph"
    PRUNED_GRAPH = "pruned_scene_graph"
    CAPTIONS = "scene_graph_caption"
    OBJECT_DATA = "object_data"
    PICTURE = "picture"
    OVERLAY = "overlay"
    SIDECAR = "sidecar"


#: Kinds that are JSON documents with a ``meta`` block.
DOCUMENTS = (FileKind.FULL_GRAPH, FileKind.PRUNED_GRAPH, FileKind.CAPTIONS, FileKind.OBJECT_DATA)

#: The end of a path -> what it is; the first match counts. Standalone, agent, object.
_ENDS: tuple[tuple[re.Pattern[str], FileKind], ...] = tuple(
    (re.compile(rf"(?:^|/){end}$"), kind)
    for end, kind in (
        (r"Captions/full_scene_graph\.json", FileKind.FULL_GRAPH),
        (r"Captions/pruned_scene_graph\.json", FileKind.PRUNED_GRAPH),
        (r"Captions/scene_graph_caption\.json", FileKind.CAPTIONS),
        (r"Captions/vis_camera_scene_graph\.jpg", FileKind.OVERLAY),
        (r"Data/object_data\.json", FileKind.OBJECT_DATA),
        (r"Image/[^/]+\.png", FileKind.PICTURE),
        (r"caption_full_json/[^/]+\.json", FileKind.FULL_GRAPH),
        (r"caption_pruned_json/[^/]+\.json", FileKind.PRUNED_GRAPH),
        (r"caption/(?:scene_graph_)?caption_\d+\.json", FileKind.CAPTIONS),
        (r"caption_dict/[^/]+\.json", FileKind.CAPTIONS),
        (r"caption_rgb/[^/]+\.jpg", FileKind.OVERLAY),
        (r"rgb/rgb_\d+\.png", FileKind.PICTURE),
        (r"images/[^/]+\.png", FileKind.PICTURE),
    )
)


#: A folder at a dataset's root that holds a file of this name was made from the dataset (a report, an export) and is no part
#: of it: nothing that reads or checks the dataset looks into it.
DERIVED_NAME = "scenecap_derived.json"


def is_inside(relative: str) -> bool:
    """Whether a path is one that a manifest may name: relative, with ``/``, without a step out of the dataset."""
    try:
        checked_path(relative)
    except ValueError:
        return False
    return "\0" not in relative


def file_kind(path: str) -> FileKind | None:
    """Return what a file of a frame holds by its path in the dataset; None for annotator outputs and what is not known.

    A picture among the annotator outputs (``rgb/rgb_0000.png`` with several cameras) is a picture too: it is the same one.
    """
    for pattern, kind in _ENDS:
        if pattern.search(path):
            return kind
    return FileKind.SIDECAR if sidecar_frame(PurePosixPath(path).name) is not None else None


def layout_files(files: Iterable[FileRecord]) -> dict[FileKind, FileRecord]:
    """Return the files of one frame by what they hold. Of two that hold the same, the first in the layout counts."""
    found: dict[FileKind, FileRecord] = {}
    annotated: FileRecord | None = None
    for record in files:
        if not is_inside(record.path):
            continue
        kind = file_kind(record.path)
        if kind is not None:
            found.setdefault(kind, record)
        elif annotator_part(record.path) == (Annotator.RGB, Part.DATA):
            annotated = record
    if annotated is not None:
        found.setdefault(FileKind.PICTURE, annotated)
    return found


def annotator_files(files: Iterable[FileRecord]) -> dict[tuple[Annotator, Part], FileRecord]:
    """Return the annotator outputs of one frame by annotator and part."""
    found: dict[tuple[Annotator, Part], FileRecord] = {}
    for record in files:
        part = annotator_part(record.path) if is_inside(record.path) else None
        if part is not None:
            found.setdefault(part, record)
    return found


def annotator_part(path: str) -> tuple[Annotator, Part] | None:
    """Return which annotator output a path is, or None."""
    parsed = parse_file_name(PurePosixPath(path).name)
    return None if parsed is None else (parsed.annotator, parsed.part)
