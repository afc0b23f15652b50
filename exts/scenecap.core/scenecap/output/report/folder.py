"""The folder that a report is written to: beside its place first, and renamed when it is whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from scenecap.errors import OutputError, UsageError
from scenecap.output.canonical import dumps
from scenecap.output.dataset.files import DERIVED_NAME

#: What the marker of a report says it is.
_KIND = "report"


def require_place(root: Path, out: Path, *, force: bool) -> None:
    """Make sure that a report may be written to a folder. Nothing is changed.

    Args:
        root: The dataset's folder.
        out: The report's folder.
        force: Replace a report that is there.

    Raises:
        UsageError: Something else is there, or a report without ``force``, or the place lies within the dataset's own folders.
    """
    real_root, real_out = root.resolve(), out.resolve()
    if real_out == real_root or real_out in real_root.parents:
        raise UsageError(f"{out}: holds the dataset itself.", remedy="Give the report a folder of its own with --out.")
    if real_root in real_out.parents and real_out.parent != real_root:
        raise UsageError(
            f"{out}: lies within a folder of the dataset.", remedy=f"Write it to {root / 'report'}, or outside of the dataset."
        )
    if out.is_dir() and not out.is_symlink():
        if is_report(out):
            if not force:
                raise UsageError(f"{out}: there is a report already.", remedy="--force replaces it.")
        elif any(out.iterdir()):
            raise UsageError(f"{out}: this folder is no report and not empty.", remedy="Choose another with --out.")
    elif out.exists() or out.is_symlink():
        raise UsageError(f"{out}: a file or a link of that name is in the way.", remedy="Choose another with --out.")


def is_report(folder: Path) -> bool:
    """Whether a folder holds a report, or what a stopped program left of one."""
    try:
        marker = json.loads((folder / DERIVED_NAME).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("kind") == _KIND


class ReportFolder:
    """Files on their way to a report. Use as a context manager: at its end the report is in place, on an error nothing is.

    Args:
        out: The report's folder; what is there now must be a report or empty.
        facts: What the marker says beside what it is.

    Raises:
        OutputError: A file cannot be written; names it.
    """

    def __init__(self, out: Path, facts: Mapping[str, Any]) -> None:
        self._out = out
        self._work = out.parent / f".{out.name}.partial"
        self._facts = facts
        self.bytes = 0
        self.files = 0

    def __enter__(self) -> ReportFolder:
        with _naming(self._work):
            if is_report(self._work):  # a run that was killed left it
                shutil.rmtree(self._work)
            self._work.mkdir(parents=True)
        # First of all, so that whatever stops this program leaves a folder that is known for what it is.
        self.write(DERIVED_NAME, dumps({"kind": _KIND, **self._facts}))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            shutil.rmtree(self._work, ignore_errors=True)
            return
        old = self._out.with_name(f".{self._out.name}.old")
        try:
            with _naming(self._out):
                if self._out.exists():
                    if is_report(old):
                        shutil.rmtree(old)
                    os.replace(self._out, old)
                try:
                    os.replace(self._work, self._out)
                except OSError:
                    if old.exists():
                        os.replace(old, self._out)
                    raise
        except OutputError:
            shutil.rmtree(self._work, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)

    def write(self, relative: str, content: bytes) -> None:
        """Write a file.

        Raises:
            OutputError: It cannot be written; names it.
        """
        path = self._work / relative
        with _naming(self._out / relative):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.bytes += len(content)
        self.files += 1


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn an OSError into one line that names the file and what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path}: cannot be written ({reason[:1].lower()}{reason[1:]}).",
            remedy="Free some space, or choose another folder with --out.",
        ) from error
