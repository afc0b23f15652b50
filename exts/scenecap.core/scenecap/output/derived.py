"""Folders that are made from a dataset, a report or an export: written beside their place first, and renamed when whole."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from scenecap.errors import OutputError
from scenecap.output.canonical import dumps
from scenecap.output.dataset.files import DERIVED_NAME


class DerivedKind(str, enum.Enum):
    """What a folder's marker says it is. Only a folder with the marker of its kind is ever replaced."""

    REPORT = "report"
    EXPORT = "export"


def is_derived(folder: Path, kind: DerivedKind) -> bool:
    """Whether a folder holds what its kind says, or what a stopped program left of one."""
    try:
        marker = json.loads((folder / DERIVED_NAME).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("kind") == kind.value


class DerivedFolder:
    """Files on their way to a folder. Use as a context manager: at its end the folder is in place, on an error nothing is.

    Args:
        out: The folder; what is there now must be of the same kind or empty.
        kind: What it is.
        facts: What its marker says beside that.

    Attributes:
        path: Where the files are until then.
        files: How many were written with :meth:`write`.
        bytes: Their sizes together.

    Raises:
        OutputError: A file cannot be written; names it.
    """

    def __init__(self, out: Path, kind: DerivedKind, facts: Mapping[str, Any] | None = None) -> None:
        self._out, self._kind, self._facts = out, kind, dict(facts or {})
        self.path = out.parent / f".{out.name}.partial"
        self.bytes = 0
        self.files = 0

    def __enter__(self) -> DerivedFolder:
        with naming(self.path):
            if is_derived(self.path, self._kind):  # a program that was killed left it
                shutil.rmtree(self.path)
            self.path.mkdir(parents=True)
        # First of all, so that whatever stops this program leaves a folder that is known for what it is.
        self.write(DERIVED_NAME, dumps({"kind": self._kind, **self._facts}))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        old = self._out.with_name(f".{self._out.name}.old")
        try:
            with naming(self._out):
                if self._out.exists():
                    if is_derived(old, self._kind):
                        shutil.rmtree(old)
                    os.replace(self._out, old)
                try:
                    os.replace(self.path, self._out)
                except OSError:
                    if old.exists():
                        os.replace(old, self._out)
                    raise
        except OutputError:
            shutil.rmtree(self.path, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)

    def write(self, relative: str, content: bytes) -> None:
        """Write a file.

        Raises:
            OutputError: It cannot be written; names it.
        """
        path = self.path / relative
        with naming(self._out / relative):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.bytes += len(content)
        self.files += 1


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn an OSError into one line that names the file and what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path}: cannot be written ({reason[:1].lower()}{reason[1:]}).",
            remedy="Free some space, or choose another place with --out.",
        ) from error
