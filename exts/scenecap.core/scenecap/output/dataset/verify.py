"""Check a dataset: that every file of the manifest is there as it was written, says what it should, and that no other is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenecap.caption.judges.model import Metric
from scenecap.errors import DatasetError, UsageError
from scenecap.output.atomic import WORK_DIR, FileRecord
from scenecap.output.canonical import content_hash
from scenecap.output.dataset.check_documents import check_documents
from scenecap.output.dataset.files import DERIVED_NAME, FileKind, file_kind, is_inside
from scenecap.output.dataset.licences import read_licences
from scenecap.output.dataset.problems import Problem, ProblemKind
from scenecap.output.dataset.reader import DatasetFrame, parse_document, require_dataset
from scenecap.output.licences import LICENCES_NAME
from scenecap.output.manifest import MANIFEST_NAME, RUN_LOG_NAME, FrameRow, FrameStatus, judgements_name, read_journal

#: Files at the root of a dataset that no row of the manifest names.
ROOT_FILES = frozenset({MANIFEST_NAME, RUN_LOG_NAME, LICENCES_NAME, *(judgements_name(metric.value) for metric in Metric)})

#: Called with the number of the frame that comes next, from 1, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        problems: All of them: the manifest's, then frame by frame, then stray files.
        frames: Rows of the manifest.
        written: Frames that were written.
        files: Files that the manifest names.
        bytes: Their sizes together.
        hashed: Whether the contents were compared, not only sizes.
    """

    problems: tuple[Problem, ...]
    frames: int
    written: int
    files: int
    bytes: int
    hashed: bool

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify_dataset(root: Path, *, hashes: bool = True, progress: Progress | None = None) -> Verification:
    """Check a dataset. Nothing is changed.

    Args:
        root: The output folder of a run.
        hashes: Read every file and compare its hash; without it only sizes are compared, and documents read.
        progress: Called before each frame.

    Raises:
        UsageError: There is no dataset in this folder.
    """
    rows, journal, problems = _read_rows(root)
    problems += _check_numbers(root, rows, unfinished=journal)
    owners: dict[str, int] = {}
    for place, row in enumerate(rows, start=1):
        if progress is not None:
            progress(place, len(rows))
        problems += _check_row(row, owners)
        problems += _check_frame(root, row, hashes=hashes)
    problems += _check_licences(root)
    problems += (Problem(ProblemKind.STRAY, path) for path in _strays(root, owners))
    records = [record for row in rows for record in row.files]
    written = sum(row.status is FrameStatus.WRITTEN for row in rows)
    return Verification(tuple(problems), len(rows), written, len(records), sum(item.bytes for item in records), hashes)


def _read_rows(root: Path) -> tuple[list[FrameRow], bool, list[Problem]]:
    """Return the rows of manifest and journal, whether there is a journal, and what is wrong with the manifest."""
    require_dataset(root)
    journal = read_journal(root)
    problems: list[Problem] = []
    rows: dict[int, FrameRow] = {}
    try:
        content = (root / MANIFEST_NAME).read_bytes()
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise UsageError(f"{root / MANIFEST_NAME}: cannot be read ({(error.strerror or str(error)).lower()}).") from error
    *lines, torn = content.split(b"\n")  # not splitlines: a path may hold a Unicode line separator
    if torn:
        problems.append(Problem(ProblemKind.TORN_MANIFEST, MANIFEST_NAME, f"line {len(lines) + 1} has no end"))
    last = -1
    for place, line in enumerate(lines, start=1):
        try:
            row = FrameRow.from_line(line.decode("utf-8"))
        except ValueError as error:
            problems.append(Problem(ProblemKind.BAD_ROW, MANIFEST_NAME, f"line {place}: {error}"))
            continue
        if row.number in rows:
            problems.append(Problem(ProblemKind.BAD_ROW, MANIFEST_NAME, f"line {place}: frame {row.number} has two rows"))
        elif row.number < last:
            problems.append(Problem(ProblemKind.BAD_ROW, MANIFEST_NAME, f"line {place}: frame {row.number} is out of order"))
        last = max(last, row.number)
        rows[row.number] = row
    rows.update((row.number, row) for row in journal or ())
    return [rows[number] for number in sorted(rows)], journal is not None, problems


def _check_numbers(root: Path, rows: list[FrameRow], *, unfinished: bool) -> Iterator[Problem]:
    if unfinished:
        yield Problem(ProblemKind.UNFINISHED, WORK_DIR, f"{len(rows)} frames are done")
    elif (root / WORK_DIR).exists():
        yield Problem(ProblemKind.UNFINISHED, WORK_DIR, "there are leftovers of a run")
    numbers = {row.number for row in rows}
    expected = max([_announced(root), *(number + 1 for number in numbers)])
    missing = [number for number in range(expected) if number not in numbers]
    if missing:
        shown = ", ".join(_ranges(missing)[:20])
        yield Problem(ProblemKind.FRAMES_MISSING, MANIFEST_NAME, f"{len(missing)} of {expected}: {shown}")
    elif not rows:
        yield Problem(ProblemKind.FRAMES_MISSING, MANIFEST_NAME, "there is not a single row")


def _announced(root: Path) -> int:
    """Return how many frames the last run said it would have, as far as its log can be read; else 0."""
    announced = 0
    try:
        with open(root / RUN_LOG_NAME, "rb") as log:
            for line in log:
                if b'"start"' in line:
                    event = json.loads(line)
                    if event["event"] == "start":
                        announced = int(event["frames"]) + int(event["kept"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0  # the log is no part of the dataset
    return announced


def _ranges(numbers: list[int]) -> list[str]:
    """Return [1, 2, 3, 7] as ["1-3", "7"]."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [str(first) if first == last else f"{first}-{last}" for first, last in runs]


def _check_row(row: FrameRow, owners: dict[str, int]) -> Iterator[Problem]:
    """Check what a row says by itself, and note whose its files are."""

    def wrong(detail: str) -> Problem:
        return Problem(ProblemKind.BAD_ROW, MANIFEST_NAME, f"{row.key}: {detail}", frame=row.number)

    if row.status is FrameStatus.WRITTEN and not row.files:
        yield wrong("it is written and has no file")
    if row.status is not FrameStatus.WRITTEN and row.files:
        yield wrong(f"it is {row.status.value} and has files")
    if row.status is not FrameStatus.WRITTEN and not row.reason:
        yield wrong(f"it is {row.status.value} and has no reason")
    for record in row.files:
        if not is_inside(record.path):
            yield Problem(ProblemKind.OUTSIDE, record.path, frame=row.number)
        elif owners.setdefault(record.path, row.number) != row.number:
            yield wrong(f"its file {record.path} is also frame {owners[record.path]}'s")


def _check_frame(root: Path, row: FrameRow, *, hashes: bool) -> Iterator[Problem]:
    documents: dict[FileKind, dict[str, Any]] = {}
    real_root = os.path.realpath(root)
    for record in row.files:
        if not is_inside(record.path):
            continue
        kind = file_kind(record.path)
        is_json = record.path.endswith(".json")
        problem, content = _check_file(root, real_root, record, read=hashes or is_json, compare=hashes)
        if problem is None and is_json and content is not None:
            try:
                document = parse_document(content, record.path)
                if kind is not None and isinstance(document, dict):
                    documents.setdefault(kind, document)
            except DatasetError as error:
                problem = Problem(ProblemKind.BAD_DOCUMENT, record.path, _without_path(error, record.path))
        if problem is not None:
            yield Problem(problem.kind, problem.path, problem.detail, frame=row.number)
    yield from check_documents(DatasetFrame(root, row), documents)


def _check_file(
    root: Path, real_root: str, record: FileRecord, *, read: bool, compare: bool
) -> tuple[Problem | None, bytes | None]:
    path = root / record.path
    try:
        if not os.path.realpath(path).startswith(real_root + os.sep):
            return Problem(ProblemKind.OUTSIDE, record.path, "a link leads there"), None
        if not path.is_file():
            detail = "there is a folder of that name" if path.is_dir() else ""
            return Problem(ProblemKind.MISSING, record.path, detail), None
        size = path.stat().st_size
        if size != record.bytes:
            return Problem(ProblemKind.SIZE, record.path, f"{size} bytes instead of {record.bytes}"), None
        content = path.read_bytes() if read else None
    except OSError as error:
        return Problem(ProblemKind.UNREADABLE, record.path, (error.strerror or str(error)).lower()), None
    if compare and content is not None and content_hash(content) != record.sha256:
        return Problem(ProblemKind.HASH, record.path), None
    return None, content


def _check_licences(root: Path) -> Iterator[Problem]:
    try:
        read_licences(root)
    except DatasetError as error:
        yield Problem(ProblemKind.BAD_DOCUMENT, LICENCES_NAME, _without_path(error, LICENCES_NAME))


def _without_path(error: DatasetError, path: str) -> str:
    return error.message.removeprefix(f"{path}: ").rstrip(".")


def _strays(root: Path, owners: dict[str, int]) -> Iterator[str]:
    """Yield the files that no row names, in the order of their paths."""
    found = []
    for folder, folders, names in os.walk(root):
        relative = Path(folder).relative_to(root).as_posix()
        prefix = "" if relative == "." else f"{relative}/"
        if not prefix:
            folders[:] = [name for name in folders if name != WORK_DIR and not _is_derived(root / name)]
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        found += [
            prefix + name for name in (*names, *links) if prefix + name not in owners and prefix + name not in ROOT_FILES
        ]
    yield from sorted(found)


def _is_derived(folder: Path) -> bool:
    """Whether a folder was made from the dataset by this program, and not merely linked to."""
    return not folder.is_symlink() and (folder / DERIVED_NAME).is_file()
