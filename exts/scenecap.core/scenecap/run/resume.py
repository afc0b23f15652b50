"""What an earlier run into the same folder left, and what of it still holds."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scenecap.output.atomic import recover, verify
from scenecap.output.manifest import FrameRow, FrameStatus, is_unfinished, read_manifest

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leftover:
    """What an earlier run left.

    Attributes:
        kept: Number -> row of each frame that need not be made again.
        files: Frame's key -> its files, which go where the frame no longer has them.
    """

    kept: dict[int, FrameRow] = field(default_factory=dict)
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)


def look_at_leftover(output: Path, rows: Sequence[FrameRow]) -> Leftover:
    """Bring an output folder into order, and find out which frames of a stopped run still hold.

    A frame is kept if it is the same frame of the same config and inputs, and every file is as it was written. Of a run that
    ended nothing is kept.

    Args:
        output: The output folder.
        rows: The rows of the frames that are to be made, without what came of them, in the order of their numbers.

    Raises:
        OutputError: What is there cannot be read, or is no output folder of ours.
    """
    recover(output)
    old = read_manifest(output)
    kept = dict(_still_holding(output, old, rows)) if is_unfinished(output) else {}
    if kept:
        _LOG.info("%d frames of a run that was stopped are kept", len(kept))
    return Leftover(kept, {row.key: tuple(file.path for file in row.files) for row in old})


def _still_holding(output: Path, old_rows: Sequence[FrameRow], rows: Sequence[FrameRow]) -> Iterable[tuple[int, FrameRow]]:
    for old in old_rows:
        if old.status is FrameStatus.FAILED or not 0 <= old.number < len(rows):
            continue
        new = rows[old.number]
        same = (old.key, old.config_hash, dict(old.inputs)) == (new.key, new.config_hash, dict(new.inputs))
        if same and verify(output, old.files) is None:
            yield old.number, old
