"""Where a report may lie, and what tells it from other folders."""

from __future__ import annotations

from pathlib import Path

from scenecap.errors import UsageError
from scenecap.output.derived import DerivedKind, is_derived


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
    return is_derived(folder, DerivedKind.REPORT)
