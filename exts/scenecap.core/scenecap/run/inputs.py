"""What a run's frames were made from, as hashes for the manifest. Names hold no folder of this machine."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from scenecap.output.manifest import DATABASE_INPUT

#: Files are hashed in pieces of this size [bytes].
_CHUNK = 1 << 20


def hash_files(files: Iterable[Path], *, folder: Path, database: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file, by its name relative to a folder.

    Args:
        files: The layers of a stage.
        folder: The scene's folder.
        database: The label database, where one is used.
    """
    hashes = {_name(path, folder): _hash(path) for path in files}
    if database is not None:
        hashes[DATABASE_INPUT] = _hash(database)
    return hashes


def _name(path: Path, folder: Path) -> str:
    """Name a layer for the manifest: relative to the scene, never with a machine's own folders."""
    with contextlib.suppress(ValueError):  # another drive
        relative = Path(os.path.relpath(path, folder)).as_posix()
        if relative.count("../") < 3:
            return relative
    return path.name


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        return f"unreadable: {error.strerror}"
    return digest.hexdigest()
