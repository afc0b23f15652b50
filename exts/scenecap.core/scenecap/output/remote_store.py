"""An output that fsspec knows: an object store, a server, a file system of another kind.

Such a place writes one object whole or not at all, or hardly even that, and renames nothing in one step. So the files of a
frame are written under their final names, and only then its row: one object of the journal for each frame. What has no row
does not count, and is written again, over itself, when the run goes on. The manifest is written when the run ends.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from scenecap.errors import MissingExtraError, OutputError, UsageError
from scenecap.output.atomic import WORK_DIR, FileRecord, checked_path
from scenecap.output.canonical import content_hash

logger = logging.getLogger(__name__)

_JOURNAL = f"{WORK_DIR}/journal"
#: Says that there is a journal, also while it has no row.
_STARTED = f"{_JOURNAL}/started"
#: Lines of the log that may be held back: an object is written as a whole, so each line would cost all those before it.
_HELD_LINES = 100


class RemoteStore:
    """An address that fsspec opens. Credentials and endpoints are fsspec's: environment variables and its config files.

    Args:
        address: ``protocol://place``, as in ``s3://bucket/run``.

    Raises:
        MissingExtraError: fsspec, or the package of the protocol, is not installed.
        UsageError: fsspec knows no such protocol, or cannot open the address.
    """

    appends = False

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._fs, self._root = _open(self._address)
        self._logs: dict[str, tuple[bytes, int]] = {}

    @property
    def address(self) -> str:
        """The address, as it was given."""
        return self._address

    def check_writable(self) -> None:
        """Write an object and take it away again."""
        try:
            self._put({f"{WORK_DIR}/try": b"scenecap"})
            self._fs.rm_file(self._at(f"{WORK_DIR}/try"))
        except Exception as error:  # every protocol has errors of its own
            raise UsageError(
                f"{self._address}: the output cannot be written ({_reason(error)}).",
                remedy="Check the address and your credentials.",
            ) from error

    def write_frame(
        self, files: Mapping[str, bytes], *, key: str, obsolete: Iterable[str] = (), fsync: bool = True
    ) -> tuple[FileRecord, ...]:
        """Write all files of a frame under their final names; the journal's row, written after, makes it count.

        Args:
            files: Path -> content.
            key: Not needed here.
            obsolete: Paths of files of an earlier version of this frame, which go.
            fsync: Not known here: a store says that it has an object when it has it.
        """
        for relative in files:
            checked_path(relative)
        with self._naming("the frame"):
            self._put(dict(sorted(files.items())))
        self._remove(relative for relative in set(obsolete) - set(files) if _is_inside(relative))
        return tuple(FileRecord(relative, len(files[relative]), content_hash(files[relative])) for relative in sorted(files))

    def discard_frame(self, key: str) -> None:
        """Leave it: without a row it does not count, and what it consists of is not known."""

    def remove_files(self, names: Iterable[str]) -> None:
        """Remove objects."""
        self._remove(name for name in names if _is_inside(name))

    def write_file(self, name: str, content: bytes, *, fsync: bool = True) -> None:
        """Write one object."""
        with self._naming(name):
            self._put({name: content})

    def read_file(self, name: str) -> bytes | None:
        """Return an object's content."""
        try:
            return bytes(self._fs.cat_file(self._at(name)))
        except FileNotFoundError:
            return None
        except Exception as error:
            raise OutputError(
                f"{self._address}/{name}: cannot be read ({_reason(error)}).", remedy="Check the address and your credentials."
            ) from error

    def append(self, name: str, text: str, *, fsync: bool = True) -> None:
        """Hold lines back, and write the object with all of them now and then; :meth:`clean_up` writes the rest."""
        before, held = self._logs[name] if name in self._logs else (self.read_file(name) or b"", 0)
        content = before + text.encode("utf-8", "replace")
        self._logs[name] = (content, held + 1)
        if held + 1 >= _HELD_LINES:
            self._flush(name)

    def find_damaged(self, records: Sequence[FileRecord]) -> str | None:
        """Compare sizes: contents would have to be fetched, and a store keeps checksums itself."""
        for record in records:
            try:
                size = self._fs.info(self._at(record.path)).get("size")
            except Exception:
                return record.path
            if size is not None and size != record.bytes:
                return record.path
        return None

    def recover(self) -> None:
        """Nothing is staged here."""

    def start_journal(self, lines: Mapping[int, str], *, fsync: bool = True) -> None:
        """Keep the rows of these frames and remove all others."""
        wanted = {_row_name(number): line.encode("utf-8", "replace") for number, line in lines.items()}
        with self._naming(_JOURNAL):
            self._put({**wanted, _STARTED: b"The rows of a run that has not ended.\n"})
        self._remove(name for name in self._journal_names() if name not in wanted and name != _STARTED)

    def append_journal(self, number: int, line: str, *, fsync: bool = True) -> None:
        """Write the row of a frame."""
        self.write_file(_row_name(number), line.encode("utf-8", "replace"))

    def journal_lines(self) -> list[bytes] | None:
        """Return the rows."""
        names = self._journal_names()
        if not names:
            return None
        rows = [self._at(name) for name in names if name != _STARTED]
        with self._naming(_JOURNAL):
            found: dict[str, bytes] = self._fs.cat(rows, on_error="omit") if rows else {}
        return [bytes(content).rstrip(b"\n") for _, content in sorted(found.items())]

    def drop_journal(self) -> None:
        """Remove the journal, its mark last."""
        self._remove(name for name in self._journal_names() if name != _STARTED)
        self._remove([_STARTED])

    def clean_up(self) -> None:
        """Write the lines that are held back, and remove empty folders where the place has any."""
        for name, (_, held) in self._logs.items():
            if held:
                self._flush(name)
        for folder in (_JOURNAL, WORK_DIR):
            with contextlib.suppress(Exception):
                if not self._fs.ls(self._at(folder), detail=False):
                    self._fs.rmdir(self._at(folder))

    def _flush(self, name: str) -> None:
        content, _ = self._logs[name]
        self.write_file(name, content)
        self._logs[name] = (content, 0)

    def _put(self, files: Mapping[str, bytes]) -> None:
        objects = {self._at(name): content for name, content in files.items()}
        try:
            self._fs.pipe(objects)
        except FileNotFoundError:  # this place has folders, and they must be there
            for folder in sorted({path.rsplit("/", 1)[0] for path in objects}):
                self._fs.makedirs(folder, exist_ok=True)
            self._fs.pipe(objects)

    def _remove(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            with self._naming(name), contextlib.suppress(FileNotFoundError):
                self._fs.rm_file(self._at(name))

    def _journal_names(self) -> list[str]:
        folder = self._at(_JOURNAL)
        self._fs.invalidate_cache(folder)
        try:
            found = self._fs.ls(folder, detail=False)
        except FileNotFoundError:
            return []
        except Exception as error:
            raise OutputError(
                f"{self._address}: cannot be read ({_reason(error)}).", remedy="Check the address and your credentials."
            ) from error
        return sorted(f"{_JOURNAL}/{str(path).rstrip('/').rsplit('/', 1)[-1]}" for path in found)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name

    @contextlib.contextmanager
    def _naming(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # every protocol has errors of its own
            raise OutputError(
                f"{self._address}: {name} cannot be written ({_reason(error)}).",
                remedy="The run goes on where it stopped when it is started again.",
            ) from error


def _open(address: str) -> tuple[Any, str]:
    protocol = address.split("://", 1)[0]
    try:
        import fsspec
    except ImportError as error:
        raise MissingExtraError("fsspec", extra="remote", purpose=f"an output at {protocol}://") from error
    try:
        filesystem, root = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise UsageError(f"{address}: {error}.", remedy=f"Install the package that fsspec needs for {protocol}://.") from error
    except Exception as error:
        raise UsageError(f"{address}: cannot be opened ({_reason(error)}).", remedy="Check the address.") from error
    return filesystem, str(root).rstrip("/")


def _row_name(number: int) -> str:
    return f"{_JOURNAL}/{number:08d}.json"


def _is_inside(relative: str) -> bool:
    try:
        checked_path(relative)
    except ValueError:
        return False
    return True


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
