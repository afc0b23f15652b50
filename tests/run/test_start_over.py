"""Starting over where a run was stopped."""

from __future__ import annotations

from pathlib import Path

from scenecap.output.atomic import FileRecord
from scenecap.output.manifest import FrameRow, FrameStatus, Manifest, is_unfinished, read_manifest
from scenecap.run.start_over import start_over


def row(number: int) -> FrameRow:
    files = (FileRecord(f"Camera/{number}.json", 2, "0" * 64),)
    return FrameRow(number, f"Camera_{number}", "room", "/Camera", number, float(number), FrameStatus.WRITTEN, files=files)


def test_what_a_stopped_run_left_counts_as_ended_and_is_not_forgotten(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    for number in range(3):
        manifest.append(row(number))  # and no close(): it was killed
    assert is_unfinished(tmp_path)
    assert start_over(tmp_path) == 3
    assert not is_unfinished(tmp_path)
    assert read_manifest(tmp_path) == [row(number) for number in range(3)]  # so that files which no frame has any more go
    assert start_over(tmp_path) == 0


def test_an_ended_run_and_an_empty_or_missing_folder_are_left_as_they_are(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        manifest.append(row(0))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert start_over(tmp_path) == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert start_over(tmp_path / "none") == 0
    assert not (tmp_path / "none").exists()
