"""What an earlier run into the same folder left, and what of it still holds."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from scenecap.output.manifest import FrameRow, FrameStatus, read_journal, read_manifest
from scenecap.output.store import Store

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


def look_at_leftover(output: Store, rows: Sequence[FrameRow]) -> Leftover:
    """Bring an output into order, and find out which frames of a stopped run still hold.

    A frame is kept if it is the same frame of the same config and inputs, and every file is as it was written. Of a run that
    ended nothing is kept.

    Args:
        output: The output.
        rows: The rows of the frames that are to be made, without what came of them, in the order of their numbers.

    Raises:
        OutputError: What is there cannot be read, or is no output folder of ours.
    """
    output.recover()
    journal = read_journal(output)
    kept = dict(_still_holding(output, journal or (), rows))
    if kept:
        _LOG.info("%d frames of a run that was stopped are kept", len(kept))
    return Leftover(kept, {row.key: tuple(file.path for file in row.files) for row in read_manifest(output)})


def _still_holding(output: Store, old_rows: Sequence[FrameRow], rows: Sequence[FrameRow]) -> Iterable[tuple[int, FrameRow]]:
    for old in old_rows:
        if old.status is FrameStatus.FAILED or not 0 <= old.number < len(rows):
            continue
        new = rows[old.number]
        same = (old.key, old.config_hash, dict(old.inputs)) == (new.key, new.config_hash, dict(new.inputs))
        if same and output.find_damaged(old.files) is None:
            yield old.number, old
