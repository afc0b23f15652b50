"""``manifest.jsonl``: one row per frame, in frame order, the same bytes however the run went; and ``run_log.jsonl`` beside it.

Workers finish out of order and runs are killed. So a finished frame is first appended to a journal in the work folder (that
append is what makes the frame count as written), and the manifest shows the rows in frame order as far as there is no gap.
Opening reads both, leaves out what is damaged, and goes on; closing writes the whole manifest in order, journal dropped.
"""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from scenecap.errors import OutputError
from scenecap.output.atomic import FileRecord
from scenecap.output.canonical import dumps_line
from scenecap.output.store import Store, open_store

logger = logging.getLogger(__name__)

MANIFEST_NAME = "manifest.jsonl"
RUN_LOG_NAME = "run_log.jsonl"

#: Name among a row's inputs that stands for the label database, which is no part of the scene.
DATABASE_INPUT = "label database"


def judgements_name(metric: str) -> str:
    """Return the name of the file with a metric's judgements of a dataset."""
    return f"judgements_{metric}.jsonl"


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
        variation: Which variation of the stage it shows; None where the run has none.
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
    files: Sequence[FileRecord] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    variation: int | None = None

    def to_line(self) -> str:
        """Return the row as one line of canonical JSON, newline included."""
        document: dict[str, Any] = {
            "number": self.number,
            "key": self.key,
            "scene": self.scene,
            "camera": self.camera,
            "frame": self.frame_index,
            "time_code": self.time_code,
            **({} if self.variation is None else {"variation": self.variation}),
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
                files=tuple(FileRecord(str(file["path"]), int(file["bytes"]), str(file["sha256"])) for file in item["files"]),
                counts=dict(item["counts"]),
                warnings=tuple(str(warning) for warning in item["warnings"]),
                variation=None if item.get("variation") is None else int(item["variation"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest row: {error}") from error


class Manifest:
    """The manifest of an output, open for appending. Use as a context manager; one process at a time.

    Args:
        output: The output folder, or a store.
        keep: Rows of an earlier run that still hold (same config and inputs, files intact); the others are dropped and their
            frames done again.
        fsync: Flush each row to the disk.

    Raises:
        OutputError: A file cannot be read or written.
    """

    def __init__(self, output: Path | str | Store, *, keep: Iterable[FrameRow] = (), fsync: bool = True) -> None:
        self._store = open_store(output)
        self._fsync = fsync
        self.rows: dict[int, FrameRow] = {row.number: row for row in keep}
        self._shown = 0
        self._store.start_journal({number: _journal_line(row) for number, row in self.rows.items()}, fsync=fsync)
        self._store.write_file(MANIFEST_NAME, self._lines(self._newly_shown()), fsync=fsync)

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
        self._store.append_journal(row.number, _journal_line(row), fsync=self._fsync)
        ready = self._newly_shown()
        if ready and self._store.appends:
            # Not flushed: the journal has these rows too, and a manifest that lacks them is made whole from it.
            self._store.append(MANIFEST_NAME, "".join(self.rows[number].to_line() for number in ready), fsync=False)

    def close(self, *, finished: bool = True) -> None:
        """Write the whole manifest in order, gaps or not.

        Args:
            finished: The run has ended, so the journal goes; else it stays, and the next run goes on from it (a full disk).
        """
        self._store.write_file(MANIFEST_NAME, self._lines(sorted(self.rows)), fsync=self._fsync)
        if finished:
            self._store.drop_journal()

    def _newly_shown(self) -> list[int]:
        """Numbers of the rows that come after those that are shown, up to the first gap; they are shown from here on."""
        first = self._shown
        while self._shown in self.rows:
            self._shown += 1
        return list(range(first, self._shown))

    def _lines(self, numbers: Iterable[int]) -> bytes:
        return "".join(self.rows[number].to_line() for number in numbers).encode("utf-8", "replace")


def read_manifest(output: Path | str | Store) -> list[FrameRow]:
    """Return the rows that an earlier run left, finished or killed, in frame order; the latest of a frame's rows counts.

    A damaged row is left out, with a warning.

    Raises:
        OutputError: The manifest exists and is not one.
    """
    store = open_store(output)
    journal = read_journal(store)
    rows = {row.number: row for row in _manifest_rows(store, of_ours=journal is not None)}
    rows.update((row.number, row) for row in journal or ())
    return [rows[number] for number in sorted(rows)]


def read_journal(output: Path | str | Store) -> list[FrameRow] | None:
    """Return the rows of a run that has not ended, in frame order; None where there is no journal.

    Each line carries a checksum. What a power cut or a bad disk did to a line is told, and its frame is made again.
    """
    store = open_store(output)
    lines = store.journal_lines()
    if lines is None:
        return None
    rows: dict[int, FrameRow] = {}
    damaged = 0
    for line in filter(None, lines):
        row = _row_of_journal(line)
        if row is None:
            damaged += 1
        else:
            rows[row.number] = row
    if damaged:
        what = "a line of the journal is" if damaged == 1 else f"{damaged} lines of the journal are"
        logger.warning("%s: %s damaged; what they stand for is made again", store.address, what)
    return [rows[number] for number in sorted(rows)]


def is_unfinished(output: Path | str | Store) -> bool:
    """Whether a run into this output was stopped before its end."""
    return open_store(output).journal_lines() is not None


class RunLog:
    """``run_log.jsonl``: times, attempts and host facts, which have no place in the dataset. Only appended to here.

    Args:
        output: The output folder, or a store.
    """

    def __init__(self, output: Path | str | Store) -> None:
        self._store = open_store(output)

    def append(self, event: str, **facts: Any) -> None:
        """Append an event; the caller passes times and host facts."""
        self._store.append(RUN_LOG_NAME, dumps_line({"event": event, **facts}, decimals=6) + "\n", fsync=False)


def _journal_line(row: FrameRow) -> str:
    """Return a row with a checksum before it: damage that leaves it readable (a digit of a number) is seen too."""
    text = row.to_line()
    return f"{zlib.crc32(text.encode('utf-8', 'replace')):08x} {text}"


def _row_of_journal(line: bytes) -> FrameRow | None:
    checksum, _, content = line.partition(b" ")
    text = content + b"\n"
    if checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        return FrameRow.from_line(text.decode("utf-8"))
    except ValueError:
        return None


def _manifest_rows(store: Store, *, of_ours: bool) -> list[FrameRow]:
    """Rows of the manifest. A file of that name without a single row, and no journal beside it, is somebody else's."""
    content = store.read_file(MANIFEST_NAME)
    if not content:
        return []
    where = f"{store.address}/{MANIFEST_NAME}"
    rows: list[FrameRow] = []
    faults: list[str] = []
    *lines, torn = content.split(b"\n")  # not splitlines: a path may hold a Unicode line separator
    if torn:
        logger.warning("%s: the last line is torn; its frame is done again", where)
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(FrameRow.from_line(line.decode("utf-8")))
        except ValueError as error:
            faults.append(f"{where}, line {number}: {error}.")
    if faults and not rows and not of_ours:
        raise OutputError(faults[0], remedy="Remove the file or choose another output folder.")
    for fault in faults:
        logger.warning("%s It is left out.", fault)
    return rows
