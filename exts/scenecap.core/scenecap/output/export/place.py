"""Where an export goes: beside what is there, under a temporary name until it is whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from scenecap.errors import OutputError, UsageError
from scenecap.output.canonical import dumps
from scenecap.output.dataset.files import DERIVED_NAME

#: What the marker of an export says it is; only a folder with such a marker is ever replaced.
EXPORT_KIND = "export"


def check_apart(dataset: Path, out: Path) -> None:
    """Make sure that an export and the dataset do not lie in each other.

    A dataset holds what its manifest names and nothing else, so that a stray file is seen.

    Raises:
        UsageError: They do.
    """
    inner, outer = os.path.realpath(out), os.path.realpath(dataset)
    if inner == outer or inner.startswith(outer.rstrip(os.sep) + os.sep):
        raise UsageError(f"{out}: lies in the dataset.", remedy="Choose a place beside it.")
    if outer.startswith(inner.rstrip(os.sep) + os.sep):
        raise UsageError(f"{out}: the dataset lies in it.", remedy="Choose a place beside the dataset.")


@contextlib.contextmanager
def new_folder(out: Path, *, force: bool) -> Iterator[Path]:
    """Yield a temporary folder that takes its place when the block ends; an error leaves all as it was.

    Args:
        out: The folder to be.
        force: Replace an earlier export.

    Raises:
        UsageError: Something is there already that may not be replaced.
        OutputError: It cannot be written.
    """
    _check_free(out, force=force)
    temporary = out.with_name(f".{out.name}.partial")
    try:
        with _naming(out):
            if is_export(temporary):  # an export that was killed left it
                shutil.rmtree(temporary)
            temporary.mkdir(parents=True)
            # First of all, so that whatever stops this program leaves a folder that is known for what it is.
            (temporary / DERIVED_NAME).write_bytes(dumps({"kind": EXPORT_KIND}))
    except BaseException:
        if is_export(temporary):
            shutil.rmtree(temporary, ignore_errors=True)
        raise
    try:
        with _naming(out):
            yield temporary
            _take_place(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def is_export(folder: Path) -> bool:
    """Whether a folder holds an export, or what a stopped program left of one."""
    try:
        marker = json.loads((folder / DERIVED_NAME).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and marker.get("kind") == EXPORT_KIND


@contextlib.contextmanager
def new_file(out: Path, *, force: bool) -> Iterator[Path]:
    """Yield the path of a temporary file that takes its place when the block ends; an error leaves all as it was.

    Args:
        out: The file to be.
        force: Replace a file that is there.

    Raises:
        UsageError: Something is there already that may not be replaced.
        OutputError: It cannot be written.
    """
    if out.is_dir():
        raise UsageError(f"{out}: is a folder.", remedy="Give a file.")
    if os.path.lexists(out) and not force:
        raise UsageError(f"{out}: is there already.", remedy="Choose another name, or give --force to replace it.")
    temporary = out.with_name(f".{out.stem}.{os.getpid()}.tmp{out.suffix}")
    try:
        with _naming(out):
            out.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            os.replace(temporary, out)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _check_free(out: Path, *, force: bool) -> None:
    if not out.name:
        raise UsageError(f"{out}: is no name for a folder.", remedy="Give a folder that is not there yet.")
    if not os.path.lexists(out):
        return
    if out.is_symlink() or not out.is_dir():
        raise UsageError(f"{out}: is there already, and is no folder.", remedy="Choose another folder.")
    if not any(out.iterdir()):
        return
    if not is_export(out):
        raise UsageError(f"{out}: is there already, and is no export.", remedy="Choose another folder.")
    if not force:
        raise UsageError(f"{out}: an export is there already.", remedy="Choose another folder, or give --force to replace it.")


def _take_place(temporary: Path, out: Path) -> None:
    old = out.with_name(f".{out.name}.old")
    if out.is_dir():
        if is_export(old):
            shutil.rmtree(old)
        os.replace(out, old)
    try:
        os.replace(temporary, out)
    except OSError:
        if old.is_dir():
            os.replace(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _naming(out: Path) -> Iterator[None]:
    """Turn an OSError into one line that names the output."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(
            f"{out}: cannot be written ({reason}).", remedy="Free some space or choose another place."
        ) from error
