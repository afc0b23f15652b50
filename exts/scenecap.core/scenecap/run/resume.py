"""What an earlier run into the same folder left, and what of it still holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scenecap.output.atomic import WORK_DIR
from scenecap.output.manifest import FrameRow, FrameStatus, read_journal, read_manifest
from scenecap.output.store import Store

#: Where a run remembers which files earlier runs have left, while it replaces the manifest that says so.
_EARLIER = f"{WORK_DIR}/earlier.json"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leftover:
    """What an earlier run left.

    Attributes:
        kept: Number -> row of each frame that need not be made again.
        files: Frame's key -> files of it by any earlier run, which go where the frame no longer has them.
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
    files = _read_earlier(output)
    for row in read_manifest(output):
        files[row.key] = tuple(dict.fromkeys((*files.get(row.key, ()), *(file.path for file in row.files))))
    return Leftover(kept, {row.key: files[row.key] for row in rows if row.key in files})


def remember_leftover(output: Store, leftover: Leftover) -> dict[str, tuple[str, ...]]:
    """Note what earlier runs have left, before the manifest that names it is written anew: a kill must not lose it.

    Returns:
        Frame's key -> its files, for :func:`remove_leftover`; frames that are kept as they are are left out.

    Raises:
        OutputError: It could not be written.
    """
    held = {row.key: {file.path for file in row.files} for row in leftover.kept.values()}
    files = {key: paths for key, paths in leftover.files.items() if not held.get(key, set()).issuperset(paths)}
    if files:
        output.write_file(_EARLIER, json.dumps(files).encode("utf-8", "replace"))
    return files


def remove_leftover(output: Store, files: Mapping[str, Sequence[str]], rows: Iterable[FrameRow]) -> None:
    """Take away what earlier runs left of frames that turned out empty, or failed, or no longer have that file.

    A frame that is written replaces its files itself, in one step. The others have none, once the manifest says so; this is
    done when all frames of a run are, and a run that is killed before has it done by the one that goes on.

    Args:
        output: The output.
        files: Frame's key -> files of it by earlier runs.
        rows: Rows of all frames of the run.

    Raises:
        OutputError: One could not be removed.
    """
    held = {file.path for row in rows for file in row.files} if files else set()
    output.remove_files(path for paths in files.values() for path in paths if path not in held)
    output.remove_files([_EARLIER])


def _read_earlier(output: Store) -> dict[str, tuple[str, ...]]:
    try:
        found = json.loads(output.read_file(_EARLIER) or b"{}")
        return {str(key): tuple(map(str, paths)) for key, paths in found.items()}
    except (ValueError, AttributeError, TypeError):
        _LOG.warning("%s/%s is damaged; files that frames no longer have may stay", output.address, _EARLIER)
        return {}


def _still_holding(output: Store, old_rows: Sequence[FrameRow], rows: Sequence[FrameRow]) -> Iterable[tuple[int, FrameRow]]:
    for old in old_rows:
        if old.status is FrameStatus.FAILED or not 0 <= old.number < len(rows):
            continue
        new = rows[old.number]
        same = (old.key, old.config_hash, dict(old.inputs)) == (new.key, new.config_hash, dict(new.inputs))
        if same and output.find_damaged(old.files) is None:
            yield old.number, old
