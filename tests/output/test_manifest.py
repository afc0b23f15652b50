"""Rows in frame order, the same bytes whatever the order of finishing, kills and torn lines."""

from __future__ import annotations

import dataclasses
import errno
import itertools
import json
import os

import pytest

from scenecap.errors import OutputError
from scenecap.output.atomic import WORK_DIR, FileRecord
from scenecap.output.manifest import (
    MANIFEST_NAME,
    FrameRow,
    FrameStatus,
    Manifest,
    RunLog,
    is_unfinished,
    read_manifest,
)


def row(number: int, **changes) -> FrameRow:
    plain = FrameRow(
        number=number,
        key=f"cam_{number}",
        scene="kitchen",
        camera="/World/Cam",
        frame_index=number,
        time_code=number + 0.5,
        status=FrameStatus.WRITTEN,
        config_hash="abc",
        inputs={"stage": "1", "labels": "2"},
        files=(FileRecord(f"cam/{number}.json", 12, "ff"),),
        counts={"nodes": 3},
        warnings=("warning\u2028with a separator",),
    )
    return dataclasses.replace(plain, **changes)


def content(root) -> bytes:
    return (root / MANIFEST_NAME).read_bytes()


def test_a_row_survives_its_line():
    original = row(3, status=FrameStatus.EMPTY, reason='nothing "in" view', files=())
    assert FrameRow.from_line(original.to_line()) == original
    assert original.to_line().count("\n") == 1
    assert json.loads(original.to_line())["status"] == "empty"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[:6])
def test_the_order_of_finishing_does_not_matter(tmp_path, order):
    with Manifest(tmp_path) as manifest:
        for number in order:
            manifest.append(row(number))
            shown = [item.number for item in map(FrameRow.from_line, content(tmp_path).decode().split("\n")[:-1])]
            assert shown == list(range(len(shown)))  # never a gap
    assert content(tmp_path) == "".join(row(number).to_line() for number in range(3)).encode()
    assert not is_unfinished(tmp_path)
    assert read_manifest(tmp_path) == [row(number) for number in range(3)]


@pytest.mark.parametrize("finished", [[], [0], [2], [0, 2], [1, 0]])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path, finished):
    with Manifest(tmp_path / "whole") as manifest:
        for number in range(4):
            manifest.append(row(number))
    root = tmp_path / "killed"
    manifest = Manifest(root)
    for number in finished:
        manifest.append(row(number))
    del manifest  # killed: never closed
    assert is_unfinished(root)
    kept = read_manifest(root)
    assert [item.number for item in kept] == sorted(finished)
    with Manifest(root, keep=kept) as manifest:
        for number in range(4):
            if number not in manifest.rows:
                manifest.append(row(number))
    assert content(root) == content(tmp_path / "whole")


def test_a_torn_line_is_dropped(tmp_path):
    manifest = Manifest(tmp_path)
    manifest.append(row(0))
    manifest.append(row(1))
    journal = tmp_path / WORK_DIR / "journal.jsonl"
    for path in (journal, tmp_path / MANIFEST_NAME):
        path.write_bytes(path.read_bytes()[:-20])
    assert read_manifest(tmp_path) == [row(0)]


def test_a_failed_frame_is_replaced_by_its_second_try(tmp_path):
    with Manifest(tmp_path) as manifest:
        manifest.append(row(0, status=FrameStatus.FAILED, reason="bad"))
        manifest.append(row(1))
    kept = [item for item in read_manifest(tmp_path) if item.status is FrameStatus.WRITTEN]
    with Manifest(tmp_path, keep=kept) as manifest:
        manifest.append(row(0))
    assert read_manifest(tmp_path) == [row(0), row(1)]


def test_a_stopped_run_stays_unfinished(tmp_path):
    manifest = Manifest(tmp_path)
    manifest.append(row(1))
    manifest.close(finished=False)
    assert is_unfinished(tmp_path)
    assert read_manifest(tmp_path) == [row(1)]


def test_an_exception_leaves_the_journal(tmp_path):
    def run():
        with Manifest(tmp_path) as manifest:
            manifest.append(row(0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert is_unfinished(tmp_path)


def test_something_else_of_that_name_is_an_error(tmp_path):
    (tmp_path / MANIFEST_NAME).write_text('{"number": 0}\n')
    with pytest.raises(OutputError, match=r"manifest\.jsonl, line 1"):
        read_manifest(tmp_path)
    (tmp_path / MANIFEST_NAME).write_bytes(b"\xff\xfe\n")
    with pytest.raises(OutputError, match=r"manifest\.jsonl"):
        read_manifest(tmp_path)


def test_no_manifest_is_no_row(tmp_path):
    assert read_manifest(tmp_path) == []
    assert not is_unfinished(tmp_path)


def test_a_full_disk_leaves_no_half_row(tmp_path, monkeypatch):
    manifest = Manifest(tmp_path)
    manifest.append(row(0))
    before = content(tmp_path), (tmp_path / WORK_DIR / "journal.jsonl").read_bytes()

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"journal\.jsonl: cannot be written"):
        manifest.append(row(1))
    assert (content(tmp_path), (tmp_path / WORK_DIR / "journal.jsonl").read_bytes()) == before


def test_the_run_log_holds_what_the_manifest_must_not(tmp_path):
    log = RunLog(tmp_path)
    log.append("start", time="2026-01-01T00:00:00Z", host={"cpus": 2})
    log.append("frame", key="cam_0", seconds=0.125)
    lines = [json.loads(line) for line in (tmp_path / "run_log.jsonl").read_text().splitlines()]
    assert lines == [
        {"event": "start", "time": "2026-01-01T00:00:00Z", "host": {"cpus": 2}},
        {"event": "frame", "key": "cam_0", "seconds": 0.125},
    ]
