"""Start over where a run was stopped, instead of going on after its last frame."""

from __future__ import annotations

from pathlib import Path

from scenecap.output.manifest import Manifest, is_unfinished, read_manifest


def start_over(output: Path) -> int:
    """Have the next run into a folder make every frame anew, also those that a stopped run has left.

    The stopped run counts as ended from now on, and what an ended run left is replaced frame by frame, with all its files.
    Nothing is deleted here. A folder without a stopped run is left as it is.

    Args:
        output: The output folder; need not exist.

    Returns:
        How many frames the stopped run had left.

    Raises:
        OutputError: The manifest cannot be read or written.
    """
    if not is_unfinished(output):
        return 0
    rows = read_manifest(output)
    Manifest(output, keep=rows).close(finished=True)
    return len(rows)
