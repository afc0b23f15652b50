"""Whether a worker on another machine sees what a run reads and writes: said before anything is made, with path and node."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scenecap.output.atomic import WORK_DIR
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.model import SECTIONS, is_path

#: How long a folder that was just made may stay unseen on a network file system [s].
_PATIENCE = 3.0
_LOOK_EVERY = 0.25

#: Fields that are written, not read.
_WRITTEN = {("job", "output_path"), ("chat", "cache")}


@dataclass(frozen=True)
class Sights:
    """What must be seen.

    Attributes:
        inputs: Path of each file or folder that is read -> its size [bytes], or None of a folder.
        output: The output folder; empty where it is none of a machine's own, or is not written yet.
        mark: Path of a folder below it that was made for this run.
    """

    inputs: tuple[tuple[str, int | None], ...] = ()
    output: str = ""
    mark: str = ""


def inputs_of(config: ScenecapConfig) -> tuple[tuple[str, int | None], ...]:
    """Return the files and folders that a config names and that are there, each with its size."""
    found: dict[str, int | None] = {}
    for section, model in SECTIONS.items():
        for name, field in model.model_fields.items():
            if is_path(field) and (section, name) not in _WRITTEN:
                found.update(_sizes(getattr(getattr(config, section), name)))
    return tuple(found.items())


class Mark:
    """A folder in the output that this run alone has made, for others to look at. What a killed run leaves of it goes with
    the recovery of its unfinished frames.

    Args:
        output: Address of the output.
    """

    def __init__(self, output: str) -> None:
        self._path = Path(output) / WORK_DIR / "staging" / f"seen-{secrets.token_hex(8)}"
        self._path.mkdir(parents=True)

    @property
    def path(self) -> str:
        """Where it is."""
        return str(self._path)

    def remove(self) -> None:
        """Take it away."""
        with contextlib.suppress(OSError):
            self._path.rmdir()


def what_is_missing(sights: Sights, *, node: str, patience: float = _PATIENCE) -> str:
    """Return what cannot be seen from here, with the remedy, or an empty text.

    Args:
        sights: What must be seen.
        node: What this machine is called.
        patience: How long a new folder is looked for [s].
    """
    for path, size in sights.inputs:
        try:
            here = _size(Path(path))
        except OSError:
            return (
                f"{path}: is not there on node {node}, which is to make frames of it. "
                "Put the scenes on storage that every node sees under the same path."
            )
        if here != size:
            return (
                f"{path}: is another file on node {node} than where the run was started ({here} bytes, not {size}). "
                "Put the scenes on storage that every node sees under the same path."
            )
    end = time.monotonic() + patience
    while sights.mark and not Path(sights.mark).is_dir():
        if time.monotonic() >= end:
            return (
                f"{sights.output}: the output folder of the run is not the one of that path on node {node}. "
                "Give a folder on storage that every node sees, or an address such as s3://bucket/run."
            )
        time.sleep(_LOOK_EVERY)
    return ""


def _sizes(value: object) -> Iterator[tuple[str, int | None]]:
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(item, (str, Path)) and str(item) and "://" not in str(item):
            with contextlib.suppress(OSError, ValueError):  # what is not there is said by who opens it
                yield str(item), _size(Path(item))


def _size(path: Path) -> int | None:
    return None if path.is_dir() else path.stat().st_size
