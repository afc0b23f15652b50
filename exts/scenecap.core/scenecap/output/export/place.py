"""Where an export goes: beside what is there, under a temporary name until it is whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from scenecap.errors import UsageError
from scenecap.output.derived import DerivedFolder, DerivedKind, is_derived, naming


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
    with naming(out), DerivedFolder(out, DerivedKind.EXPORT) as folder:
        yield folder.path


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
        with naming(out):
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
    if not is_derived(out, DerivedKind.EXPORT):
        raise UsageError(f"{out}: is there already, and is no export.", remedy="Choose another folder.")
    if not force:
        raise UsageError(f"{out}: an export is there already.", remedy="Choose another folder, or give --force to replace it.")
