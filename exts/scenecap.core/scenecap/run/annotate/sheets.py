"""A folder of sheets: for each asset its picture, and beside it what is known of it, for people who review the answers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from scenecap.capture.turntable.sheet import sheet_bytes
from scenecap.output.atomic import write_file
from scenecap.output.canonical import dumps
from scenecap.text import MAX_DOC, clean_text, safe_name, short_hash

_LOG = logging.getLogger(__name__)
#: What a note says it is.
_KIND = "scenecap asset sheet"
_MAX_NOTE = 1_000_000


@dataclass(frozen=True)
class SheetNote:
    """What is known of an asset beside its picture.

    Attributes:
        identifier: As in the label database.
        content_hash: Of its file, or "".
        scene: Name of the scene that it was drawn from.
        path: Prim path there.
        label: What it was called before it was asked about.
        size: Width, depth and height [m].
        colors: (basic colour term, share) of its surface.
        remarks: What was not kept of the answer and why; or why there is none.
    """

    identifier: str
    content_hash: str
    scene: str
    path: str
    label: str
    size: tuple[float, float, float]
    colors: tuple[tuple[str, float], ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoredSheet:
    """A sheet of a folder.

    Attributes:
        note: What is known of the asset.
        picture: The picture's file.
    """

    note: SheetNote
    picture: Path


def default_folder(database: Path) -> Path:
    """Return where a database's sheets lie unless another folder is given: ``labels_sheets`` beside ``labels.sqlite``."""
    return database.with_name(f"{database.stem}_sheets")


def sheet_stem(identifier: str, content_hash: str) -> str:
    """Return the file name, without ending, of an asset's sheet."""
    key = short_hash(f"{identifier}\n{content_hash}")
    return f"{safe_name(identifier, limit=80)}_{key}"


def write_sheet(folder: Path, note: SheetNote, sheet: Image.Image) -> Path:
    """Write an asset's picture and note.

    Raises:
        OutputError: A file cannot be written.
    """
    picture = folder / f"{sheet_stem(note.identifier, note.content_hash)}.jpg"
    write_file(picture, sheet_bytes(sheet), fsync=False)
    write_note(folder, note)
    return picture


def write_note(folder: Path, note: SheetNote) -> None:
    """Write an asset's note alone, over the one that is there.

    Raises:
        OutputError: It cannot be written.
    """
    document = {
        "kind": _KIND,
        "identifier": note.identifier,
        "content_hash": note.content_hash,
        "scene": note.scene,
        "path": note.path,
        "label": note.label,
        "size_m": list(note.size),
        "colors": [[term, share] for term, share in note.colors],
        "remarks": list(note.remarks),
    }
    write_file(folder / f"{sheet_stem(note.identifier, note.content_hash)}.json", dumps(document), fsync=False)


def read_sheets(folder: Path) -> Iterator[StoredSheet]:
    """Yield the sheets of a folder, by file name; files that are none of ours, or broken, are passed over."""
    for path in sorted(folder.glob("*.json")):
        picture = path.with_suffix(".jpg")
        try:
            data = path.read_bytes()
            document = json.loads(data) if len(data) <= _MAX_NOTE else None
        except (OSError, ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or document.get("kind") != _KIND:
            continue
        note = _note(document)
        if note is None or not picture.is_file():
            _LOG.warning("%s: this sheet is not whole; it is passed over.", path)
            continue
        yield StoredSheet(note, picture)


def _note(document: Mapping[str, Any]) -> SheetNote | None:
    try:
        texts = [document[key] for key in ("identifier", "content_hash", "scene", "path", "label")]
        size, colors, remarks = document["size_m"], document["colors"], document["remarks"]
        if not all(isinstance(item, str) for item in [*texts, *remarks]):
            return None
        width, depth, height = (float(value) for value in size)
        return SheetNote(
            *(clean_text(text, limit=500) for text in texts),
            size=(width, depth, height),
            colors=tuple((clean_text(term), float(share)) for term, share in colors),
            remarks=tuple(clean_text(item, limit=MAX_DOC) for item in remarks),
        )
    except (KeyError, TypeError, ValueError):
        return None


def remarks_of(items: Sequence[str]) -> tuple[str, ...]:
    """Return remarks as they are kept: clean, and not too many."""
    return tuple(clean_text(item, limit=300) for item in items[:20])
