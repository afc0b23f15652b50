"""``manifest.jsonl``: one row per frame, in frame order, the same bytes however the run went; and ``run_log.jsonl`` beside it.

Workers finish out of order and runs are killed. So a finished frame is first appended to a journal in the work folder (that
append is what makes the frame count as written), and the manifest shows the rows in frame order as far as there is no gap.
Opening reads both, throws away a torn last line, and goes on; closing writes the whole manifest in order, journal dropped.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from scenecap.errors import OutputError
from scenecap.output.atomic import WORK_DIR, FileRecord, write_file
from scenecap.output.canonical import dumps_line

logger = logging.getLogger(__name__)

MANIFEST_NAME = "manifest.jsonl"
RUN_LOG_NAME = "run_log.jsonl"

_JOURNAL = f"{WORK_DIR}/journal.jsonl"


class FrameStatus(str, Enum):
    """What became of a frame."""

    WRITTEN = "written"
    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True)
class FrameRow:
    """One row of the manifest.

    Attributes:
        number: Position of the frame in the job, from 0: the order of the rows.
        key: Name of the frame, unique in the job.
        scene: Scene name.
        camera: Camera path.
        frame_index: Frame number in the frame range.
        time_code: USD time code.
        status: Written, empty (with the reason), or failed (with the error).
        reason: Why it is empty or failed; "" where it was written.
        config_hash: Hash of what decides the content.
        inputs: Input name -> hash (the stage's layers, the label database, ...).
        files: What was written.
        counts: Objects seen, nodes, edges, ...
        warnings: What a person should know about the frame.
    """

    number: int
    key: str
    scene: str
    camera: str
    frame_index: int
    time_code: float
    status: FrameStatus
    reason: str = ""
    config_hash: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: tuple[FileRecord, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def to_line(self) -> str:
        """Return the row as one line of canonical JSON, newline included."""
        document: dict[str, Any] = {
            "number": self.number,
            "key": self.key,
            "scene": self.scene,
            "camera": self.camera,
            "frame": self.frame_index,
            "time_code": self.time_code,
            "status": self.status,
            "reason": self.reason,
            "config_hash": self.config_hash,
            "inputs": dict(sorted(self.inputs.items())),
            "counts": dict(self.counts),
            "warnings": list(self.warnings),
            "files": [{"path": item.path, "bytes": item.bytes, "sha256": item.sha256} for item in self.files],
        }
        return dumps_line(document, decimals=6) + "\n"

    @classmethod
    def from_line(cls, line: str) -> FrameRow:
        """Return the row of a line.

        Raises:
            ValueError: It is not a row.
        """
        try:
            item = json.loads(line)
            return cls(
                number=int(item["number"]),
                key=str(item["key"]),
                scene=str(item["scene"]),
                camera=str(item["camera"]),
                frame_index=int(item["frame"]),
                time_code=float(item["time_code"]),
                status=FrameStatus(item["status"]),
                reason=str(item["reason"]),
                config_hash=str(item["config_hash"]),
                inputs=dict(item["inputs"]),
                files=tuple(FileRecord(file["path"], int(file["bytes"]), file["sha256"]) for file in item["files"]),
                counts=dict(item["counts"]),
                warnings=tuple(item["warnings"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest row: {error}") from error


class Manifest:
    """The manifest of an output folder, open for appending. Use as a context manager; one process at a time.

    Args:
        root: The output folder.
        keep: Decides which rows of an earlier run still hold (same config and inputs, files intact); the others are dropped
            and their frames done again. None keeps none.
        fsync: Flush each row to the disk.

    Raises:
        OutputError: A file cannot be read or written.
    """

    def __init__(self, root: Path, *, keep: Iterable[FrameRow] = (), fsync: bool = True) -> None:
        self._path = root / MANIFEST_NAME
        self._journal_path = root / _JOURNAL
        self._fsync = fsync
        self.rows: dict[int, FrameRow] = {row.number: row for row in keep}
        self._shown = 0
        write_file(self._journal_path, self._lines(sorted(self.rows)), fsync=fsync)
        write_file(self._path, self._lines(self._prefix()), fsync=fsync)

    def __enter__(self) -> Manifest:
        return self

    def __exit__(self, *exception: object) -> None:
        if exception[0] is None:
            self.close()

    def append(self, row: FrameRow) -> None:
        """Record a finished frame. From now on it counts as written.

        Raises:
            OutputError: The row could not be written.
        """
        self.rows[row.number] = row
        self._append(self._journal_path, row.to_line())
        start = self._shown
        ready = self._prefix()[start:]
        if ready:
            self._append(self._path, "".join(self.rows[number].to_line() for number in ready))

    def close(self, *, finished: bool = True) -> None:
        """Write the whole manifest in order, gaps or not.

        Args:
            finished: The run has ended, so the journal goes; else it stays, and the next run goes on from it (a full disk).
        """
        write_file(self._path, self._lines(sorted(self.rows)), fsync=self._fsync)
        if finished:
            self._journal_path.unlink(missing_ok=True)

    def _prefix(self) -> list[int]:
        """Numbers of the rows from 0 up to the first gap; remembers how many there are."""
        while self._shown in self.rows:
            self._shown += 1
        return list(range(self._shown))

    def _lines(self, numbers: Iterable[int]) -> bytes:
        return "".join(self.rows[number].to_line() for number in numbers).encode("utf-8", "replace")

    def _append(self, path: Path, text: str) -> None:
        append_line(path, text, fsync=self._fsync)


def read_manifest(root: Path) -> list[FrameRow]:
    """Return the rows that an earlier run left, finished or killed, in frame order; the latest of a frame's rows counts.

    Raises:
        OutputError: The manifest exists and is not one.
    """
    rows: dict[int, FrameRow] = {}
    for path in (root / MANIFEST_NAME, root / _JOURNAL):
        for row in _read_rows(path):
            rows[row.number] = row
    return [rows[number] for number in sorted(rows)]


def is_unfinished(root: Path) -> bool:
    """Whether a run into this folder was stopped before its end."""
    return (root / _JOURNAL).is_file()


def append_line(path: Path, text: str, *, fsync: bool = True) -> None:
    """Append a whole line (or several) in one write.

    Raises:
        OutputError: It could not be written; a part that was is cut off again.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab") as file:
            size = file.tell()
            try:
                file.write(text.encode("utf-8", "replace"))
                file.flush()
                if fsync:
                    os.fsync(file.fileno())
            except OSError:
                os.truncate(path, size)
                raise
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}).",
            remedy="Free some space or choose another output folder; the run goes on where it stopped.",
        ) from error


class RunLog:
    """``run_log.jsonl``: times, attempts and host facts, which have no place in the dataset. Appended to, never read.

    Args:
        root: The output folder.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / RUN_LOG_NAME

    def append(self, event: str, **facts: Any) -> None:
        """Append an event; the caller passes times and host facts."""
        append_line(self._path, dumps_line({"event": event, **facts}, decimals=6) + "\n", fsync=False)


def _read_rows(path: Path) -> list[FrameRow]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"{path}: cannot be read ({error}).", remedy="Remove it or choose another output folder.") from error
    rows = []
    *lines, torn = text.split("\n")  # not splitlines: a path may hold a Unicode line separator
    if torn:
        logger.warning("%s: the last line is torn; its frame is done again", path)
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(FrameRow.from_line(line))
        except ValueError as error:
            raise OutputError(
                f"{path}, line {number}: {error}.", remedy="Remove the file or choose another output folder."
            ) from error
    return rows
