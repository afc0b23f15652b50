"""Packed records read as a tuple of them, in a tenth of the memory."""

from __future__ import annotations

import hashlib
import pickle
import tracemalloc

import pytest

from scenecap.output.atomic import FileRecord
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.output.packed_files import PackedFiles


def records(frame: int, count: int = 23) -> tuple[FileRecord, ...]:
    return tuple(
        FileRecord(
            f"kitchen/World_Cameras_Front/frame_{frame:04d}/Annotators/file_{number}.json",
            1000 + 17 * number,
            hashlib.sha256(f"{frame} {number}".encode()).hexdigest(),
        )
        for number in range(count)
    )


HOSTILE = (FileRecord('a/\u2028\ud800\x00"b', 0, ""), FileRecord("\u00e9", 2**70, "not a hash"))


@pytest.mark.parametrize("given", [(), records(0), records(1, 1), HOSTILE], ids=["none", "many", "one", "hostile"])
def test_they_read_as_they_were(given: tuple[FileRecord, ...]) -> None:
    packed = PackedFiles(given)
    assert tuple(packed) == given
    assert len(packed) == len(given)
    assert packed == given == tuple(PackedFiles(packed))
    assert hash(packed) == hash(given)
    assert packed[:1] == given[:1]
    assert bool(packed) == bool(given)
    assert pickle.loads(pickle.dumps(packed)) == given
    if given:
        assert packed[-1] == given[-1]
        assert packed != given[1:]


def test_a_row_is_the_same_line() -> None:
    row = FrameRow(0, "key", "room", "/Cam", 0, 0.0, FrameStatus.WRITTEN, files=records(0))
    packed = FrameRow(0, "key", "room", "/Cam", 0, 0.0, FrameStatus.WRITTEN, files=PackedFiles(records(0)))
    assert packed.to_line() == row.to_line()
    assert packed == FrameRow.from_line(row.to_line())


def test_a_frames_files_take_little_memory() -> None:
    tracemalloc.start()
    try:
        kept = [PackedFiles(records(frame)) for frame in range(200)]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / len(kept) < 2500
