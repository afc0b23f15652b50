"""A user's mistake is one clear line, the right exit code, and nothing half-written."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")

from scenecap.cli.main import main
from tests.cli.stages import FLOOR, PROPS, box, camera, room, write_stage

FAST = ["--quality", "off", "--resolution", "96x72", "--set", "fsync=false"]


@pytest.fixture
def caption(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """Run ``scenecap caption`` into ``tmp_path/out``; return exit code and the lines on stderr."""

    def run(scene: str | Path, *options: str) -> tuple[int, list[str]]:
        code = main(["caption", str(scene), "--out", str(tmp_path / "out"), *FAST, *options])
        captured = capsys.readouterr()
        lines = [line for line in captured.err.splitlines() if line]
        assert all("Traceback" not in line for line in lines)
        return code, lines

    return run


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


Caption = Callable[..., tuple[int, list[str]]]


def test_no_such_file(caption: Caption, tmp_path: Path) -> None:
    code, lines = caption(tmp_path / "none.usda")
    assert code == 2
    assert len(lines) == 1
    assert "none.usda" in lines[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.usda", b"hello"), ("a.usd", b"\x00\x01"), ("a.txt", b"hello"), ("a.usdz", b"PK"), ("a.usda", b"")],
)
def test_a_file_that_is_not_usd(caption: Caption, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    code, lines = caption(tmp_path / name)
    assert code == 2
    assert len(lines) == 1
    assert name in lines[0]
    assert not (tmp_path / "out").exists()


def test_an_address_that_cannot_be_read_here(caption: Caption) -> None:
    code, lines = caption("omniverse://localhost/scene.usd")
    assert code == 2
    assert len(lines) == 1
    assert "omniverse://localhost/scene.usd" in lines[0]


def test_no_camera_and_auto_off(caption: Caption, tmp_path: Path) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS)
    code, lines = caption(scene, "--set", "auto_views=0")
    assert code == 2
    assert len(lines) == 1
    assert "no camera" in lines[0]
    assert not (tmp_path / "out").exists()


def test_no_camera_places_views(caption: Caption, tmp_path: Path) -> None:
    code, lines = caption(write_stage(tmp_path / "s.usda", FLOOR, PROPS), "--set", "auto_views=2")
    assert (code, lines) == (0, [])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "auto_0",
        "auto_1",
        "replicator",
        "licences.json",
        "manifest.jsonl",
        "run_log.jsonl",
    }


def test_a_wrong_camera_path_gives_the_nearest(caption: Caption, tmp_path: Path) -> None:
    code, lines = caption(room(tmp_path / "s.usda"), "--camera", "/World/Camra")
    assert code == 2
    assert len(lines) == 1
    assert "/World/Camra" in lines[0]
    assert "/World/Camera" in lines[0].replace("/World/Camra", "")
    assert not (tmp_path / "out").exists()


def test_nothing_labelled_and_attach_off(caption: Caption, tmp_path: Path) -> None:
    code, lines = caption(room(tmp_path / "s.usda"), "--set", "attach_label_to_usd=false")
    assert code == 3
    assert len(lines) == 1
    assert "attach_label_to_usd" in lines[0]
    assert files(tmp_path / "out") == {"licences.json", "manifest.jsonl", "run_log.jsonl"}


def test_nothing_in_view(caption: Caption, tmp_path: Path) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, box("Crate", (0, -20, 0.2)), camera())
    code, lines = caption(scene)
    assert code == 3
    assert len(lines) == 1
    assert "/World/Camera" in lines[0]
    assert "in view" in lines[0]
    assert files(tmp_path / "out") == {"licences.json", "manifest.jsonl", "run_log.jsonl"}


def test_an_empty_stage(caption: Caption, tmp_path: Path) -> None:
    code, lines = caption(write_stage(tmp_path / "s.usda", camera()))
    assert code == 3
    assert len(lines) == 1
    assert "no geometry that is drawn" in lines[0]


def test_everything_filtered(caption: Caption, tmp_path: Path) -> None:
    code, lines = caption(room(tmp_path / "s.usda"), "--set", "caption_only=true")
    assert code == 3
    assert len(lines) == 1
    assert "caption_only" in lines[0]


def test_one_camera_that_cannot_be_captured_does_not_stop_the_others(caption: Caption, tmp_path: Path) -> None:
    scene = write_stage(tmp_path / "s.usda", FLOOR, PROPS, camera("Ortho", projection="orthographic"), camera("Good"))
    code, lines = caption(scene)
    assert code == 1
    assert len(lines) == 1
    assert "/World/Ortho" in lines[0]
    assert "orthographic" in lines[0]
    assert (tmp_path / "out" / "World_Good" / "Captions" / "scene_graph_caption.json").is_file()
    assert not (tmp_path / "out" / "World_Ortho").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "prunning_ratio=1"], ["prunning_ratio", "did you mean 'pruning_ratio'"]),
        (["--set", "pruning_ratio=2"], ["pruning_ratio", "2", "a number from 0 to 1"]),
        (["--quality", "fnal"], ["--quality", "Did you mean 'final'?"]),
        (["--resolution", "12"], ["--resolution", "1280x720"]),
        (["--frames", "5..1"], ["--frames", "ends before it starts"]),
        (["--kinds", "short"], ["--kinds", "brief, global, qa"]),
        (["--set", "x"], ["--set x", "KEY=VALUE"]),
        (["--layout", "agnt"], ["--layout", "Did you mean 'agent'?"]),
        (["--bogus"], ["--bogus", "--help"]),
    ],
)
def test_a_wrong_option(caption: Caption, tmp_path: Path, options: list[str], words: list[str]) -> None:
    code, lines = caption(room(tmp_path / "s.usda"), *options)
    assert code == 2
    assert len(lines) == 1
    assert all(word in lines[0] for word in words)
    assert not (tmp_path / "out").exists()


def test_a_config_with_a_typo_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("scenecap:\n  scene_path: s.usda\n  output_path: out\n  qualty: off\n", encoding="utf-8")
    assert main(["run", str(config)]) == 2
    assert capsys.readouterr().err == f"scenecap: error: {config}:4: unknown key 'qualty'; did you mean 'quality'?\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "place",
    [pytest.param("blocked/out", id="below a file"), pytest.param("/proc/scenecap/out", id="read-only file system")],
)
def test_an_output_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    if place.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("needs /proc, a folder that not even root may write to")
    (tmp_path / "blocked").write_text("a file", encoding="utf-8")
    scene = room(tmp_path / "s.usda")
    assert main(["caption", str(scene), "--out", str(tmp_path / place), *FAST]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "cannot be written" in lines[0]
    assert files(tmp_path) == {"blocked", "s.usda"}


def make_other_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (a)")
    connection.close()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: None, id="missing"),
        pytest.param(lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 2000), id="damaged"),
        pytest.param(lambda path: path.write_text("hello"), id="text"),
        pytest.param(make_other_sqlite, id="another program's"),
        pytest.param(lambda path: path.mkdir(), id="folder"),
    ],
)
def test_a_broken_label_database(caption: Caption, tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "labels.sqlite")
    code, lines = caption(room(tmp_path / "s.usda"), "--label-database", str(tmp_path / "labels.sqlite"))
    assert code == 2
    assert len(lines) == 1
    assert "labels.sqlite" in lines[0]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["--set", "engine=chat", "--set", "on_unsupported=accept"], "model_url: no address is given"),
        (["--set", "capture=replicator"], "inside Isaac Sim only"),
    ],
)
def test_what_is_not_here_says_where_it_is(caption: Caption, tmp_path: Path, keys: list[str], words: str) -> None:
    code, lines = caption(room(tmp_path / "s.usda"), *keys)
    assert code == 2
    assert len(lines) == 1
    assert words in lines[0]


def test_a_final_picture_without_mitsuba_is_told_before_the_first_frame(
    caption: Caption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    code, lines = caption(room(tmp_path / "s.usda"), "--quality", "final")
    assert code == 2
    assert len(lines) == 1
    assert "mitsuba" in lines[0]
    assert "pip install 'scenecap[capture]'" in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_preview_without_mitsuba_is_a_draft_and_every_frame_says_so(
    caption: Caption, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mitsuba", None)
    code, lines = caption(room(tmp_path / "s.usda"), "--quality", "preview", "--frames", "0..1")
    assert code == 0
    assert len(lines) == 1
    assert "Drawing drafts instead" in lines[0]
    rows = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(any("drafts" in warning for warning in row["warnings"]) for row in rows)
