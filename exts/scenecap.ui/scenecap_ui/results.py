"""Read a frame that was written back for the result view: any backend's and any layout's, for the files are the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from scenecap.output.manifest import FrameRow, FrameStatus

#: A picture is made smaller for the panel than this many pixels wide.
MAX_WIDTH = 1280
#: Questions that are shown; all are in the file.
MAX_QUESTIONS = 12


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture for the panel.

    Attributes:
        width: Pixels.
        height: Pixels.
        rgba: width * height * 4 bytes, row by row from the top.
        drawn_on: Whether the graph is drawn on it.
    """

    width: int
    height: int
    rgba: bytes
    drawn_on: bool


@dataclass(frozen=True, eq=False)
class FrameView:
    """What the result view shows of one frame.

    Attributes:
        title: Camera and frame number.
        status: Written, empty or failed.
        reason: Why it is empty or failed.
        picture: Its picture, where one was written.
        brief: Texts; "" where a kind was not asked for.
        overall: The full caption.
        questions: (question, answer).
        summary: Counts, in words.
        warnings: What a person should know about it.
        folder: Folder of its files.
    """

    title: str
    status: FrameStatus
    reason: str
    picture: Picture | None
    brief: str
    overall: str
    questions: tuple[tuple[str, str], ...]
    summary: str
    warnings: tuple[str, ...]
    folder: str


def frame_title(row: FrameRow, *, several: bool) -> str:
    """Return what a frame is called in the frame chooser."""
    mark = {FrameStatus.WRITTEN: "", FrameStatus.EMPTY: "  (empty)", FrameStatus.FAILED: "  (failed)"}[row.status]
    return f"{row.camera}  frame {row.frame_index}{mark}" if several else f"{row.camera}{mark}"


def load_frame_view(output: Path, row: FrameRow, *, several: bool = False) -> FrameView:
    """Read what was written of a frame. Takes a while for large pictures: not for the thread of the user interface.

    Args:
        output: The output folder.
        row: The frame's row of the manifest.
        several: Whether the run has several frames of a camera.
    """
    paths = [item.path for item in row.files]
    captions = _captions(output, paths)
    return FrameView(
        title=frame_title(row, several=several),
        status=row.status,
        reason=row.reason,
        picture=_picture(output, paths),
        brief=str(captions.get("brief_caption") or ""),
        overall=str(captions.get("global_caption") or ""),
        questions=tuple(
            (str(item["question"]), str(item["answer"])) for item in (captions.get("qa_caption") or [])[:MAX_QUESTIONS]
        ),
        summary=_summary(row),
        warnings=tuple(row.warnings),
        folder=str(output / _common_folder(paths)),
    )


def _captions(output: Path, paths: list[str]) -> dict:
    for path in paths:
        if path.endswith(".json") and "caption" in PurePosixPath(path).parts[-2].lower() and "graph_full" not in path:
            document = _read_json(output / path)
            if "brief_caption" in document:
                return document
    return {}


def _read_json(path: Path) -> dict:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _picture(output: Path, paths: list[str]) -> Picture | None:
    overlays = [path for path in paths if path.endswith(".jpg")]
    plain = [path for path in paths if path.endswith(".png") and _is_picture(path)]
    for path in (*overlays, *plain):
        try:
            with Image.open(output / path) as image:
                image.thumbnail((MAX_WIDTH, MAX_WIDTH), Image.Resampling.LANCZOS)
                rgba = image.convert("RGBA")
        except OSError:  # gone, or not readable: the next one then
            continue
        return Picture(rgba.width, rgba.height, rgba.tobytes(), drawn_on=path in overlays)
    return None


def _is_picture(path: str) -> bool:
    name = PurePosixPath(path)
    return name.parent.name == "Image" or name.name.startswith("rgb")


def _common_folder(paths: list[str]) -> str:
    """Folder of the captions and graphs: the first file's, above its kind's own folder."""
    return str(PurePosixPath(paths[0]).parent.parent) if paths else "."


def _summary(row: FrameRow) -> str:
    counts = row.counts
    if row.status is not FrameStatus.WRITTEN:
        return ""
    parts = [
        f"{counts.get('objects_in_view', 0)} objects in view",
        f"{counts.get('nodes', 0)} in the graph",
        f"{counts.get('full_edges', 0)} edges",
        f"{counts.get('pruned_edges', 0)} after pruning",
    ]
    return ", ".join(parts)
