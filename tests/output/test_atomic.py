"""Frames are written whole or not at all, whatever fails and whenever the process dies."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from scenecap.errors import OutputError
from scenecap.output import atomic
from scenecap.output.atomic import FileRecord, clean_up, recover, remove_files, verify, write_file, write_frame

OLD = {"cam/a.json": b"old a", "cam/deep/b.png": b"old b", "stale.jpg": b"old stale"}
NEW = {"cam/a.json": b"new a", "cam/deep/b.png": b"new b", "other/c.npy": b"new c"}


def tree(root: Path) -> dict[str, bytes]:
    """Return all files outside the work folder."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and atomic.WORK_DIR not in path.parts
    }


def folders(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()}


def test_all_files_are_there_with_their_records(tmp_path):
    records = write_frame(tmp_path / "out", NEW, key="cam_0")
    assert tree(tmp_path / "out") == NEW
    assert [record.path for record in records] == sorted(NEW)
    assert verify(tmp_path / "out", records) is None
    clean_up(tmp_path / "out")
    assert not (tmp_path / "out" / atomic.WORK_DIR).exists()


def test_writing_again_replaces_and_takes_away_what_is_obsolete(tmp_path):
    write_frame(tmp_path, OLD, key="f")
    write_frame(tmp_path, NEW, key="f", obsolete=OLD)
    assert tree(tmp_path) == NEW


class Boom:
    """Fails the n-th call of a function of os, with an errno."""

    def __init__(self, function, at: int, code: int) -> None:
        self.function, self.left, self.code = function, at, code

    def __call__(self, *args, **kwargs):
        self.left -= 1
        if self.left == 0:
            raise OSError(self.code, os.strerror(self.code))
        return self.function(*args, **kwargs)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("name", ["replace", "fsync"])
@pytest.mark.parametrize("before", [{}, OLD])
def test_a_failure_at_any_step_leaves_the_folder_as_it_was(tmp_path, monkeypatch, name, code, before):
    root = tmp_path / "out"
    if before:
        write_frame(root, before, key="f")
    at = 1
    while True:
        was, dirs = tree(root) if root.exists() else {}, folders(root)
        boom = Boom(getattr(os, name), at, code)
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, name, boom)
            raised = None
            try:
                write_frame(root, NEW, key="f", obsolete=before)
            except OutputError as error:
                raised = error
        if raised is None:
            break  # fewer than `at` calls are made: every step has failed once
        assert str(root) in str(raised)
        assert raised.remedy
        assert (tree(root) if root.exists() else {}) == was
        assert folders(root) == dirs
        at += 1
    assert at > len(NEW)
    assert tree(root) == NEW


def test_a_folder_or_file_in_the_way_is_named(tmp_path):
    (tmp_path / "cam" / "a.json").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"cam/a\.json: cannot be written"):
        write_frame(tmp_path, NEW, key="f")
    assert tree(tmp_path) == {}
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file: cannot be written"):
        write_frame(tmp_path / "file", NEW, key="f")


@pytest.mark.parametrize("path", ["../out", "/etc/passwd", "a/../../b", "", "a\\b", "C:/x"])
def test_paths_that_leave_the_folder_are_refused(tmp_path, path):
    with pytest.raises(ValueError, match="not a path inside"):
        write_frame(tmp_path, {path: b""}, key="f")
    assert tree(tmp_path) == {}


KILLED = textwrap.dedent(
    """
    import os, sys
    from pathlib import Path
    from scenecap.output import atomic
    sys.path.insert(0, sys.argv[1])
    from tests.output.test_atomic import NEW, OLD
    name, at = sys.argv[3], int(sys.argv[4])
    real, calls = getattr(os, name), 0
    def dying(*args, **kwargs):
        global calls
        calls += 1
        if calls == at:
            os._exit(9)
        return real(*args, **kwargs)
    setattr(atomic.os, name, dying)
    atomic.write_frame(Path(sys.argv[2]), NEW, key="f", obsolete=OLD)
    """
)


@pytest.mark.parametrize(
    ("name", "at"), [("fsync", 2), ("fsync", 4), ("replace", 1), ("replace", 2), ("replace", 4), ("replace", 6)]
)
def test_after_a_kill_the_frame_is_there_or_not(tmp_path, name, at):
    write_frame(tmp_path, OLD, key="f")
    repository = str(Path(__file__).resolve().parents[2])
    done = subprocess.run([sys.executable, "-c", KILLED, repository, str(tmp_path), name, str(at)], check=False)
    assert done.returncode == 9
    finished = recover(tmp_path)
    # The plan is the fourth file: before it is written the frame is not there, after it it is.
    expected = OLD if (name, at) == ("fsync", 2) else NEW
    assert tree(tmp_path) == expected
    assert finished == (() if expected is OLD else ("f",))
    assert recover(tmp_path) == ()
    write_frame(tmp_path, NEW, key="f", obsolete=OLD)
    clean_up(tmp_path)
    assert tree(tmp_path) == NEW
    assert not (tmp_path / atomic.WORK_DIR).exists()


def test_recover_removes_temporary_files_and_survives_rubbish(tmp_path):
    (tmp_path / ".manifest.jsonl.123.tmp").write_text("half")
    rubbish = tmp_path / atomic.WORK_DIR / "staging" / "x"
    rubbish.mkdir(parents=True)
    (rubbish / "plan.json").write_text('{"moves": 3')
    assert recover(tmp_path) == ()
    assert list(tmp_path.glob(".*.tmp")) == []
    assert not rubbish.exists()
    assert recover(tmp_path / "never made") == ()


def test_write_file_leaves_the_old_one_on_failure(tmp_path, monkeypatch):
    path = tmp_path / "a" / "manifest.jsonl"
    write_file(path, b"old")
    monkeypatch.setattr(atomic.os, "replace", Boom(os.replace, 1, errno.ENOSPC))
    with pytest.raises(OutputError, match=r"manifest\.jsonl: cannot be written \(no space"):
        write_file(path, b"new")
    assert tree(tmp_path) == {"a/manifest.jsonl": b"old"}


def test_verify_finds_what_is_gone_short_or_changed(tmp_path):
    records = write_frame(tmp_path, {"a": b"123", "b": b"456"}, key="f")
    assert verify(tmp_path, records) is None
    (tmp_path / "a").write_bytes(b"124")
    assert verify(tmp_path, records) == "a"
    assert verify(tmp_path, records, hashes=False) is None
    (tmp_path / "a").write_bytes(b"12")
    assert verify(tmp_path, records, hashes=False) == "a"
    (tmp_path / "a").unlink()
    assert verify(tmp_path, records) == "a"
    assert verify(tmp_path, [FileRecord("b", 3, records[1].sha256)]) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which answers every write with 'no space left'")
def test_a_really_full_disk(tmp_path, monkeypatch):
    write_frame(tmp_path, OLD, key="f")
    real = atomic._write

    def write(path, content, *, fsync):
        real(Path("/dev/full") if path.name == "1" else path, content, fsync=False)

    monkeypatch.setattr(atomic, "_write", write)
    with pytest.raises(OutputError, match=r"cam/deep/b\.png: cannot be written \(no space left.*Free some space"):
        write_frame(tmp_path, NEW, key="f", obsolete=OLD)
    assert tree(tmp_path) == OLD


def test_files_go_with_the_folders_that_are_empty_then(tmp_path):
    for name in ("a/b/c.json", "a/b2/d.json", "a/b2/e.json", "f.json", "g/h.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path.parent / "outside.json").write_text("mine")
    names = ["a/b/c.json", "a/b2/d.json", "g/h.json", "none/x.json", "../outside.json", str(tmp_path / "f.json"), ""]
    remove_files(tmp_path, names)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "a",
        "a/b2",
        "a/b2/e.json",
        "f.json",
    ]
    assert (tmp_path.parent / "outside.json").exists()


def test_a_file_that_cannot_be_removed_is_named(tmp_path):
    (tmp_path / "a.json").mkdir()
    with pytest.raises(OutputError, match=r"a\.json"):
        remove_files(tmp_path, ["a.json"])
