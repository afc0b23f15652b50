"""Open a dataset and go through its frames, one after the other and each read only when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from scenecap.contract import FORMAT_VERSION
from scenecap.errors import DatasetError, OutputError, UsageError
from scenecap.output.atomic import FileRecord
from scenecap.output.dataset.documents import (
    CaptionDocument,
    GraphDocument,
    SceneObject,
    parse_captions,
    parse_graph,
    parse_object_data,
    parse_sidecar,
)
from scenecap.output.dataset.files import FileKind, annotator_files, layout_files
from scenecap.output.manifest import MANIFEST_NAME, FrameRow, FrameStatus, is_unfinished, read_manifest
from scenecap.replicator_format import Annotator, Part

Document = TypeVar("Document")

_REMEDY = "'scenecap verify' lists what is wrong with the dataset; 'scenecap run' with its config makes such frames again."


@dataclass(frozen=True)
class Dataset:
    """A dataset on disk: its folder and the rows of its manifest. Nothing else is in memory.

    Attributes:
        root: The folder.
        rows: One row per frame, in frame order.
        unfinished: Whether the run that writes it was stopped, or is still under way.
    """

    root: Path
    rows: tuple[FrameRow, ...]
    unfinished: bool = False

    def frames(self) -> Iterator[DatasetFrame]:
        """Yield the frames that were written, in frame order."""
        for row in self.rows:
            if row.status is FrameStatus.WRITTEN:
                yield DatasetFrame(self.root, row)

    def count(self, status: FrameStatus) -> int:
        """Return how many frames have a status."""
        return sum(row.status is status for row in self.rows)

    @property
    def scenes(self) -> tuple[str, ...]:
        """Names of the scenes, in the order of their first frames."""
        return tuple(dict.fromkeys(row.scene for row in self.rows))


@dataclass(frozen=True)
class DatasetFrame:
    """A frame that was written. Documents are read from disk on each call and not kept.

    Attributes:
        root: The dataset's folder.
        row: Its row in the manifest.
    """

    root: Path
    row: FrameRow

    @cached_property
    def files(self) -> Mapping[FileKind, FileRecord]:
        """Its files by what they hold."""
        return layout_files(self.row.files)

    @cached_property
    def annotators(self) -> Mapping[tuple[Annotator, Part], FileRecord]:
        """Its annotator outputs."""
        return annotator_files(self.row.files)

    def path(self, kind: FileKind) -> Path | None:
        """Return where a file of it lies, or None where it was not written."""
        record = self.files.get(kind)
        return None if record is None else self.root / record.path

    def annotator_path(self, annotator: Annotator, part: Part = Part.DATA) -> Path | None:
        """Return where an annotator output of it lies, or None where it was not written."""
        record = self.annotators.get((annotator, part))
        return None if record is None else self.root / record.path

    def graph(self, *, pruned: bool = False) -> GraphDocument | None:
        """Return the full or the pruned graph, or None where it was not written.

        Raises:
            DatasetError: The file is missing, or is no such document; names it.
        """
        return self._document(FileKind.PRUNED_GRAPH if pruned else FileKind.FULL_GRAPH, parse_graph)

    def captions(self) -> CaptionDocument | None:
        """Return the texts, or None where none were written.

        Raises:
            DatasetError: The file is missing, or is no such document; names it.
        """
        return self._document(FileKind.CAPTIONS, parse_captions)

    def nodes(self) -> tuple[SceneObject, ...]:
        """Return the objects in the graph, by node id; none where no graph was written.

        Raises:
            DatasetError: The file is missing, or is no such document; names it.
        """
        graph = self.graph(pruned=True) or self.graph()
        return () if graph is None else graph.objects

    def objects(self) -> tuple[SceneObject, ...]:
        """Return all objects that are known of, in the graph or not, in the order of prim paths.

        They come from ``object_data.json`` or, in layouts without it, from the sidecar, else from a graph, which holds the
        selected ones only.

        Raises:
            DatasetError: The file is missing, or is no such document; names it.
        """
        observed = self._document(FileKind.OBJECT_DATA, parse_object_data)
        if observed is None:
            observed = self._document(FileKind.SIDECAR, parse_sidecar)
        return observed if observed is not None else tuple(sorted(self.nodes(), key=lambda item: item.path))

    def read_json(self, kind: FileKind) -> dict[str, Any] | None:
        """Return a JSON file of it as it is, or None where it was not written.

        Raises:
            DatasetError: The file is missing, or is not JSON of a version this program reads; names it.
        """
        record = self.files.get(kind)
        return None if record is None else read_document(self.root, record.path)

    def _document(self, kind: FileKind, parse: Callable[[Mapping[str, Any]], Document]) -> Document | None:
        raw = self.read_json(kind)
        return None if raw is None else parse_as(kind, parse, raw, self.files[kind].path)


def open_dataset(root: Path) -> Dataset:
    """Open a dataset.

    Args:
        root: The output folder of a run.

    Raises:
        UsageError: There is no dataset in this folder, or its manifest cannot be read.
    """
    unfinished = require_dataset(root)
    try:
        return Dataset(root, tuple(read_manifest(root)), unfinished)
    except OutputError as error:
        raise UsageError(error.message, remedy="'scenecap verify' says which lines are damaged.") from error


def require_dataset(root: Path) -> bool:
    """Make sure that a folder holds a dataset, and return whether its run is unfinished.

    Raises:
        UsageError: It does not.
    """
    remedy = "Give the output folder of a run."
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise UsageError(f"{root}: {what}.", remedy=remedy)
    unfinished = is_unfinished(root)
    if not unfinished and not (root / MANIFEST_NAME).is_file():
        raise UsageError(f"{root}: holds no {MANIFEST_NAME}, so it is not a dataset.", remedy=remedy)
    return unfinished


def read_document(root: Path, relative: str) -> dict[str, Any]:
    """Return a JSON file of a dataset.

    Args:
        root: The dataset's folder.
        relative: Path of the file in it, as a manifest names it.

    Raises:
        DatasetError: It is missing, is no JSON object, or is of a version that this program does not read; names it.
    """
    raw = parse_document(read_bytes(root, relative), relative)
    if not isinstance(raw, dict):
        raise DatasetError(f"{relative}: is not a JSON object.", remedy=_REMEDY)
    return raw


def read_bytes(root: Path, relative: str) -> bytes:
    """Return the bytes of a file of a dataset.

    Args:
        root: The dataset's folder.
        relative: Path of the file in it, as a manifest names it.

    Raises:
        DatasetError: It is missing or cannot be read; names it.
    """
    try:
        return (root / relative).read_bytes()
    except FileNotFoundError:
        raise DatasetError(f"{relative}: is missing.", remedy=_REMEDY) from None
    except OSError as error:
        raise DatasetError(f"{relative}: cannot be read ({(error.strerror or str(error)).lower()}).") from error


def parse_document(content: bytes, relative: str) -> Any:
    """Return the value of a JSON file.

    Args:
        content: Its bytes.
        relative: Its path in the dataset, for the error.

    Raises:
        DatasetError: It is not JSON, or is of a version that this program does not read; names it.
    """
    try:
        raw = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{relative}: is not JSON ({error}).", remedy=_REMEDY) from error
    version = format_version(raw) if isinstance(raw, dict) else None
    if version is not None and version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise DatasetError(
            f"{relative}: its format version is {version:.20}, this program reads {FORMAT_VERSION}.",
            remedy="Use the version of scenecap that wrote it.",
        )
    return raw


def parse_as(
    kind: FileKind, parse: Callable[[Mapping[str, Any]], Document], raw: Mapping[str, Any], relative: str
) -> Document:
    """Return a document's typed value.

    Args:
        kind: What it should be, for the error.
        parse: Its parser.
        raw: Its JSON object.
        relative: Its path in the dataset, for the error.

    Raises:
        DatasetError: It is no such document; names it.
    """
    try:
        return parse(raw)
    except KeyError as error:
        reason = f"it has no key {error}"
    except (TypeError, ValueError, AttributeError) as error:
        reason = str(error)
    raise DatasetError(f"{relative}: is not a {kind.value} ({reason}).", remedy=_REMEDY)


def format_version(raw: Mapping[str, Any]) -> str | None:
    """Return the format version that a document states (in ``meta``, or a sidecar at its top), or None."""
    meta = raw.get("meta", raw)
    version = meta.get("format_version") if isinstance(meta, Mapping) else None
    return None if version is None else str(version)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
