"""Write the files of a frame whole or not at all.

A frame is several files in several folders, and no file system renames those in one step. So:

1. Every file is written into a staging folder inside the output folder (the same file system), and flushed.
2. A plan (``plan.json``: which staged file goes where) is written last. From here on the frame *will* be there.
3. What is replaced is moved into the staging folder, the staged files are renamed to their places, the staging folder goes.

An error before step 3 leaves the output folder as it was; an error in step 3 is undone. After a kill, :func:`recover` finishes
a planned frame or throws an unplanned one away. The manifest's row, which the caller writes after, is what says "written".
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scenecap.errors import OutputError
from scenecap.output.canonical import content_hash
from scenecap.text import safe_name

logger = logging.getLogger(__name__)

#: Folder inside an output folder for what is not finished. Nothing outside reads it.
WORK_DIR = ".scenecap"

_PLAN = "plan.json"

#: Files that are flushed at the same time.
_FLUSHES = 16


@dataclass(frozen=True)
class FileRecord:
    """A file that was written.

    Attributes:
        path: Relative to the output folder, with ``/``.
        bytes: Size.
        sha256: Hash of the content.
    """

    path: str
    bytes: int
    sha256: str


def write_frame(
    root: Path, files: Mapping[str, bytes], *, key: str, obsolete: Iterable[str] = (), fsync: bool = True
) -> tuple[FileRecord, ...]:
    """Write all files of a frame, or none.

    Args:
        root: The output folder; it is made if need be.
        files: Path relative to ``root`` (``/`` between parts, no ``..``) -> content.
        key: Name of the frame, unique among the frames that are being written at the same time.
        obsolete: Relative paths of files of an earlier version of this frame, which go in the same step. What is no path
            inside the folder is passed over: the list may come from a manifest that somebody edited.
        fsync: Flush to the disk before renaming.

    Returns:
        One record per file, sorted by path.

    Raises:
        OutputError: A file could not be written; names it. The output folder is as before.
        ValueError: A path is absolute or leaves the output folder.
    """
    paths = {relative: checked_path(relative) for relative in files}
    stage = root / WORK_DIR / "staging" / safe_name(key)
    created: list[Path] = []
    try:
        with _naming(root):
            if stage.exists():
                shutil.rmtree(stage)
            _make_dirs(stage, created)
        moves = []
        for number, relative in enumerate(sorted(files)):
            with _naming(root / paths[relative]):
                _write(stage / str(number), files[relative], fsync=False)
            moves.append((str(number), relative))
        if fsync:
            _flush([(stage / name, root / paths[relative]) for name, relative in moves])
        gone = sorted(path for path in set(obsolete) - set(files) if _is_inside(path))
        with _naming(stage / _PLAN):
            _write(stage / _PLAN, json.dumps({"moves": moves, "gone": gone}).encode(), fsync=fsync)
        _commit(root, stage, moves, gone, created)
    except OutputError:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(created)
        raise
    if fsync:
        _sync_dirs(root, files)
    return tuple(FileRecord(relative, len(files[relative]), content_hash(files[relative])) for relative in sorted(files))


def write_file(path: Path, content: bytes, *, fsync: bool = True) -> None:
    """Write one file whole or not at all.

    Raises:
        OutputError: It could not be written; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with _naming(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, content, fsync=fsync)
            os.replace(temporary, path)
    except OutputError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def recover(root: Path) -> tuple[str, ...]:
    """Bring an output folder that a killed run left behind into order. Call before the first frame is written.

    Returns:
        Keys of the frames that were finished; what had no complete plan is thrown away.

    Raises:
        OutputError: A leftover can be neither finished nor removed.
    """
    staging = root / WORK_DIR / "staging"
    finished = []
    if not staging.is_dir():
        return ()
    for stage in sorted(staging.iterdir()):
        with _naming(stage):
            plan = _read_plan(stage)
            if plan is not None:
                moves = [(name, target) for name, target in plan["moves"] if (stage / name).exists()]
                _commit(root, stage, moves, plan["gone"], [])
                finished.append(stage.name)
                logger.info("finished the interrupted frame %s", stage.name)
            else:
                shutil.rmtree(stage)
                logger.info("removed what was left of the unfinished frame %s", stage.name)
    for path in root.glob(".*.tmp"):
        path.unlink(missing_ok=True)
    return tuple(finished)


def discard(root: Path, *, key: str) -> None:
    """Take away what is left of a frame whose writer was killed and that is given up: staged files, and those in place.

    Raises:
        OutputError: Something cannot be removed.
    """
    stage = root / WORK_DIR / "staging" / safe_name(key)
    if not stage.is_dir():
        return
    with _naming(stage):
        for name, relative in (_read_plan(stage) or {"moves": []})["moves"]:
            if not (stage / name).exists():  # it had been moved to its place
                (root / relative).unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    (root / relative).parent.rmdir()
        shutil.rmtree(stage)


def remove_files(root: Path, names: Iterable[str]) -> None:
    """Take files away, and the folders below ``root`` that are empty then.

    Args:
        root: The output folder.
        names: Relative paths. What is not there, or is no path inside the folder, is passed over.

    Raises:
        OutputError: A file could not be removed.
    """
    for name in sorted(filter(_is_inside, names)):
        path = root / name
        with _naming(path):
            path.unlink(missing_ok=True)
        for folder in (root / parent for parent in checked_path(name).parents if parent.parts):
            try:
                folder.rmdir()
            except OSError:
                break


def clean_up(root: Path) -> None:
    """Remove the work folder of a finished run where it is empty."""
    for folder in (root / WORK_DIR / "staging", root / WORK_DIR):
        with contextlib.suppress(OSError):
            folder.rmdir()


def verify(root: Path, records: Iterable[FileRecord], *, hashes: bool = True) -> str | None:
    """Return the path of the first file that is missing or not as recorded, or None.

    Args:
        root: The output folder.
        records: What was written.
        hashes: Compare contents; else only sizes.
    """
    for record in records:
        path = root / record.path
        try:
            if path.stat().st_size != record.bytes or (hashes and content_hash(path.read_bytes()) != record.sha256):
                return record.path
        except OSError:
            return record.path
    return None


def _is_inside(relative: str) -> bool:
    try:
        checked_path(relative)
    except ValueError:
        return False
    return True


def checked_path(relative: str) -> PurePosixPath:
    """Return a path that lies inside the output.

    Raises:
        ValueError: It is absolute or leaves the output.
    """
    path = PurePosixPath(relative)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\\" in relative or ":" in relative:
        raise ValueError(f"write_frame: {relative!r} is not a path inside the output folder")
    return path


def _commit(root: Path, stage: Path, moves: list[tuple[str, str]], gone: list[str], created: list[Path]) -> None:
    undo: list[tuple[Path, Path]] = []
    try:
        for relative in gone:
            target = root / checked_path(relative)
            if target.is_file():
                with _naming(target):
                    _move(target, stage / f"gone_{len(undo)}", undo)
        for name, relative in moves:
            target = root / checked_path(relative)
            with _naming(target):
                _make_dirs(target.parent, created)
                if target.is_dir():
                    raise IsADirectoryError(errno.EISDIR, "a folder is in the way")
                if target.exists():
                    _move(target, stage / f"{name}_old", undo)
                _move(stage / name, target, undo)
    except OutputError:
        for source, target in reversed(undo):
            os.replace(target, source)
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _move(source: Path, target: Path, undo: list[tuple[Path, Path]]) -> None:
    os.replace(source, target)
    undo.append((source, target))


def _write(path: Path, content: bytes, *, fsync: bool) -> None:
    with open(path, "wb") as file:
        file.write(content)
        if fsync:
            file.flush()
            os.fsync(file.fileno())


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush(files: list[tuple[Path, Path]]) -> None:
    """Flush files (where they are, what to call them in an error) to the disk, all at the same time.

    One after the other, each would wait for a write of the disk's own; together, two dozen take as long as one or two.
    """

    def flush(file: tuple[Path, Path]) -> None:
        path, name = file
        with _naming(name):
            _sync(path, os.O_RDWR)

    with ThreadPoolExecutor(max_workers=_FLUSHES) as pool:
        for _ in pool.map(flush, files):
            pass


def _read_plan(stage: Path) -> dict | None:
    try:
        plan = json.loads((stage / _PLAN).read_bytes())
        for _, relative in plan["moves"]:
            checked_path(relative)
        return plan if isinstance(plan["gone"], list) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _make_dirs(folder: Path, created: list[Path]) -> None:
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        created.append(path)


def _remove_empty(created: list[Path]) -> None:
    for folder in reversed(created):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _sync_dirs(root: Path, files: Iterable[str]) -> None:
    """Flush the folders, without which a rename may be lost in a power cut. Not possible, and not needed, on Windows."""
    if os.name == "nt":
        return

    def flush(folder: Path) -> None:
        with contextlib.suppress(OSError):
            _sync(folder, os.O_RDONLY)

    with ThreadPoolExecutor(max_workers=_FLUSHES) as pool:
        for _ in pool.map(flush, sorted({(root / relative).parent for relative in files})):
            pass


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn an OSError into one line that names the file and what to do."""
    try:
        yield
    except OSError as error:
        remedy = {
            errno.ENOSPC: "Free some space or choose another output folder; the run goes on where it stopped.",
            errno.EDQUOT: "Your quota is used up: free some space or choose another output folder.",
            errno.EROFS: "The file system is read-only: choose another output folder.",
            errno.EACCES: "Choose an output folder you may write to.",
            errno.EPERM: "Choose an output folder you may write to.",
            errno.ENAMETOOLONG: "Choose an output folder with a shorter path, or camera_dir: name.",
        }.get(error.errno or 0, "Choose another output folder.")
        reason = error.strerror or str(error)
        raise OutputError(f"{path}: cannot be written ({reason[:1].lower()}{reason[1:]}).", remedy=remedy) from error
