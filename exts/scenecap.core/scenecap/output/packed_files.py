"""The files of a frame in little memory: a run keeps the rows of all its frames, and most of a row is its files."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from scenecap.output.atomic import FileRecord


class PackedFiles(Sequence[FileRecord]):
    """Records of files that read as a tuple of them does; paths and hashes of a frame's 23 files are 1.4 kB instead of 10.

    Args:
        records: The records.
    """

    __slots__ = ("_count", "_packed")

    def __init__(self, records: Iterable[FileRecord]) -> None:
        rows = [(record.path, record.bytes, record.sha256) for record in records]
        self._count = len(rows)
        self._packed = zlib.compress(json.dumps(list(zip(*rows, strict=True)), separators=(",", ":")).encode("ascii"), 1)

    @property
    def nbytes(self) -> int:
        """Size in memory, without the object itself."""
        return len(self._packed)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[FileRecord]:
        return iter(self._unpacked())

    @overload
    def __getitem__(self, index: int) -> FileRecord: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[FileRecord, ...]: ...
    def __getitem__(self, index: int | slice) -> FileRecord | tuple[FileRecord, ...]:
        return self._unpacked()[index]

    def __eq__(self, other: object) -> bool:
        return self._unpacked() == tuple(other) if isinstance(other, (PackedFiles, tuple)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._unpacked())

    def __repr__(self) -> str:
        return f"PackedFiles({list(self._unpacked())!r})"

    def _unpacked(self) -> tuple[FileRecord, ...]:
        return tuple(FileRecord(*row) for row in zip(*json.loads(zlib.decompress(self._packed)), strict=True))
