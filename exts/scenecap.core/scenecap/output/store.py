"""An output: a folder of this machine, or a place that fsspec knows (``s3://bucket/run``).

A run needs little of an output, and that little is here: write a frame, write a file, keep a journal of the frames that are
done, append to a log. :class:`LocalStore` does it on a disk, where a frame is whole or not there at all;
:mod:`scenecap.output.remote_store` elsewhere, where single objects are whole and the journal says which frames are.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from scenecap.errors import OutputError, UsageError
from scenecap.output import atomic
from scenecap.output.atomic import WORK_DIR, FileRecord

_JOURNAL = f"{WORK_DIR}/journal.jsonl"


class Store(Protocol):
    """Where a run's files go. Names are relative to it, with ``/`` between their parts."""

    @property
    def address(self) -> str:
        """What it is called, and what :func:`open_store` opens it by: in another process too."""
        ...

    @property
    def appends(self) -> bool:
        """Whether a line can be appended to a file at little cost, so that the manifest can grow while the run goes on."""
        ...

    def check_writable(self) -> None:
        """Find out that it can be written, and leave nothing behind.

        Raises:
            UsageError: It cannot.
        """
        ...

    def write_frame(
        self, files: Mapping[str, bytes], *, key: str, obsolete: Iterable[str] = (), fsync: bool = True
    ) -> tuple[FileRecord, ...]:
        """Write all files of a frame. See :func:`scenecap.output.atomic.write_frame`.

        Raises:
            OutputError: A file could not be written.
        """
        ...

    def discard_frame(self, key: str) -> None:
        """Take away what a killed worker left of a frame that is given up."""
        ...

    def remove_files(self, names: Iterable[str]) -> None:
        """Take files away, and folders that are empty then. What is not there, or no path inside the output, is passed over.

        Raises:
            OutputError: One could not be removed.
        """
        ...

    def write_file(self, name: str, content: bytes, *, fsync: bool = True) -> None:
        """Write one file whole or not at all.

        Raises:
            OutputError: It could not be written.
        """
        ...

    def read_file(self, name: str) -> bytes | None:
        """Return a file's content, or None where there is no such file.

        Raises:
            OutputError: It is there and cannot be read.
        """
        ...

    def append(self, name: str, text: str, *, fsync: bool = True) -> None:
        """Append whole lines to a file.

        Raises:
            OutputError: They could not be written; nothing of them is there.
        """
        ...

    def find_damaged(self, records: Sequence[FileRecord]) -> str | None:
        """Return the path of the first file that is missing or not as recorded, or None."""
        ...

    def recover(self) -> None:
        """Bring into order what a killed run left, before the first frame is written.

        Raises:
            OutputError: It cannot be done.
        """
        ...

    def start_journal(self, lines: Mapping[int, str], *, fsync: bool = True) -> None:
        """Begin a journal with the lines of these frames, and no others."""
        ...

    def append_journal(self, number: int, line: str, *, fsync: bool = True) -> None:
        """Add the line of a frame; it counts as done from here on."""
        ...

    def journal_lines(self) -> list[bytes] | None:
        """Return the lines of the journal as they are, damaged or not; None where there is no journal."""
        ...

    def drop_journal(self) -> None:
        """Take the journal away: the run has ended."""
        ...

    def clean_up(self) -> None:
        """Write out what is held back, and remove what is empty."""
        ...


def open_store(output: Path | str | Store) -> Store:
    """Return the store of a folder or an address.

    Args:
        output: A folder, an address with ``://`` in it, or a store, which is returned.

    Raises:
        MissingExtraError: The address needs fsspec, or the package of its protocol.
        UsageError: No such protocol.
    """
    if isinstance(output, Path):
        return LocalStore(output)
    if not isinstance(output, str):
        return output
    if "://" not in output:
        return LocalStore(Path(output))
    from scenecap.output.remote_store import RemoteStore  # needs fsspec

    return RemoteStore(output)


class LocalStore:
    """A folder of this machine, or one that is mounted.

    Args:
        root: The folder; it is made if need be.
    """

    appends = True

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def address(self) -> str:
        """The folder's path."""
        return str(self.root)

    def check_writable(self) -> None:
        """Find out that the folder, or the one that it will be made in, can be written."""
        existing = self.root
        try:
            while not existing.exists():
                existing = existing.parent
            if not existing.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "a file is in the way")
            with tempfile.NamedTemporaryFile(dir=existing, prefix=".scenecap_"):
                pass
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(
                f"{self.root}: the output folder cannot be written ({reason}).", remedy="Choose another output folder."
            ) from None

    def write_frame(
        self, files: Mapping[str, bytes], *, key: str, obsolete: Iterable[str] = (), fsync: bool = True
    ) -> tuple[FileRecord, ...]:
        """Write all files of a frame, or none."""
        return atomic.write_frame(self.root, files, key=key, obsolete=obsolete, fsync=fsync)

    def discard_frame(self, key: str) -> None:
        """Take away what a killed worker left of a frame."""
        atomic.discard(self.root, key=key)

    def remove_files(self, names: Iterable[str]) -> None:
        """Unlink files, and remove the folders that held nothing else."""
        atomic.remove_files(self.root, names)

    def write_file(self, name: str, content: bytes, *, fsync: bool = True) -> None:
        """Write one file whole or not at all."""
        atomic.write_file(self.root / name, content, fsync=fsync)

    def read_file(self, name: str) -> bytes | None:
        """Return a file's content."""
        path = self.root / name
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be read ({error}).", remedy="Remove it or choose another output folder."
            ) from error

    def append(self, name: str, text: str, *, fsync: bool = True) -> None:
        """Append whole lines in one write."""
        append_line(self.root / name, text, fsync=fsync)

    def find_damaged(self, records: Sequence[FileRecord]) -> str | None:
        """Compare sizes and hashes."""
        return atomic.verify(self.root, records)

    def recover(self) -> None:
        """Finish planned frames, throw unplanned ones away."""
        atomic.recover(self.root)

    def start_journal(self, lines: Mapping[int, str], *, fsync: bool = True) -> None:
        """Write the journal anew."""
        content = "".join(lines[number] for number in sorted(lines))
        self.write_file(_JOURNAL, content.encode("utf-8", "replace"), fsync=fsync)

    def append_journal(self, number: int, line: str, *, fsync: bool = True) -> None:
        """Append a line."""
        self.append(_JOURNAL, line, fsync=fsync)

    def journal_lines(self) -> list[bytes] | None:
        """Return the journal's lines; the last is empty unless it is torn."""
        content = self.read_file(_JOURNAL)
        return None if content is None else content.split(b"\n")

    def drop_journal(self) -> None:
        """Remove the journal."""
        (self.root / _JOURNAL).unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Remove the work folder where it is empty."""
        atomic.clean_up(self.root)


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
