"""``scenecap export`` as a person calls it: arguments, exit codes, what is said where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scenecap.cli.main import main
from tests.output.dataset.make import kitchen, write_dataset
from tests.output.export.make import scenes_dataset, without_picture


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scenes_dataset(tmp_path_factory.mktemp("cli") / "rooms", "kitchen", "bar")


def test_what_was_made_is_said(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(dataset), "--llava", "--coco", "--out", "out"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert lines[0] == "4 pictures exported to out"
    assert lines[1].split() == ["split", "scenes", "pictures", "conversations", "answers", "objects", "captions"]
    assert [line.split()[:3] for line in lines[2:4]] == [["train", "1", "2"], ["val", "1", "2"]]
    assert lines[4] == "licences of the assets: unknown (README.md says whose)"


def test_as_json(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code = main(
        ["export", str(dataset), "--coco", "--out", str(out), "--split", "a=0.5,b=0.5", "--licence", "bar=MIT", "--json"]
    )
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert list(document["splits"]) == ["a", "b"]
    assert document["licences"] == {"MIT": 1, "unknown": 1}
    coco = [json.loads((out / "annotations" / f"instances_{split}.json").read_bytes()) for split in "ab"]
    assert sum(document["labels"].values()) == sum(len(item["annotations"]) for item in coco)
    assert document["left_out"] == []


@pytest.mark.parametrize(
    ("options", "kinds", "turns"),
    [
        (["--kinds", "brief"], {"brief"}, 1),
        (["--kinds", "qa,brief", "--questions", "2"], {"brief", "qa"}, 3),
        (["--kinds", "global,qa", "--questions", "1", "--join"], None, 2),
    ],
)
def test_which_texts(dataset: Path, tmp_path: Path, options: list[str], kinds: set[str] | None, turns: int) -> None:
    assert main(["export", str(dataset), "--llava", "--out", str(tmp_path / "out"), "-q", *options]) == 0
    talks = json.loads((tmp_path / "out" / "train.json").read_bytes())
    if kinds is not None:
        assert {item["id"].split("/")[1] for item in talks} == kinds
    pictures = {item["image"] for item in talks}
    assert sum(len(item["conversations"]) for item in talks) == 2 * turns * len(pictures)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to make was chosen"),
        (["--coco", "--split", "train=2"], "the share must be a number"),
        (["--coco", "--split", "a=0.3,b=0.3,c=0.4"], "there are 2 scenes"),
        (["--llava", "--kinds", "long"], "'long' is not allowed; give brief, global, qa"),
        (["--llava", "--kinds", ""], "is not allowed"),
        (["--llava", "--questions", "0"], "give 1 or more"),
        (["--llava", "--licence", "=MIT"], "is not [SCENE=]NAME"),
        (["--llava", "--licence", "barn=MIT"], "Did you mean 'bar'?"),
        (["--rerun", "--coco"], "--coco does not go with --rerun"),
        (["--rerun", "--split", "a=1"], "--split does not go with --rerun"),
        (["--rerun"], "ends in .rrd"),
        (["--seed", "x"], "invalid int value"),
    ],
)
def test_slips_are_one_line_and_write_nothing(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    if "--rerun" in arguments:
        pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")
    assert main(["export", str(dataset), "--out", str(tmp_path / "out"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert words in line
    assert list(tmp_path.iterdir()) == []


def test_no_out_and_no_dataset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(tmp_path), "--coco"]) == 2
    assert "--out" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--coco", "--out", str(tmp_path / "o"), "--json"]) == 2
    captured = capsys.readouterr()
    assert "not a dataset" in json.loads(captured.out)["error"]


def test_pictures_off_names_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_dataset(tmp_path / "in", [without_picture(kitchen())])
    assert main(["export", str(tmp_path / "in"), "--llava", "--out", str(tmp_path / "out")]) == 2
    assert "quality: draft" in capsys.readouterr().err


def test_one_scene_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_dataset(tmp_path / "in", [kitchen()])
    assert main(["export", str(tmp_path / "in"), "--llava", "--out", str(tmp_path / "out")]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "scenecap: warning: there is one scene, and a scene is never divided: all of it is in 'train'."


@pytest.mark.parametrize("form", ["--llava", "--rerun"])
def test_what_was_left_out_is_told_and_is_exit_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    if form == "--rerun":
        pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")
    dataset = scenes_dataset(tmp_path / "in", "kitchen", "bar")
    for path in sorted(dataset.rglob("scene_graph_caption.json"))[:2]:
        path.write_text("{", encoding="utf-8")
    out = str(tmp_path / "out.rrd")
    assert main(["export", str(dataset), form, "--out", out]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("scenecap: error: ")]
    assert len(errors) == 2
    assert all("left out" in line and "is not JSON" in line for line in errors)
    assert main(["export", str(dataset), form, "--out", out, "--force", "--json"]) == 1
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["left_out"]) == 2


def test_a_recording(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(dataset), "--rerun", "--out", "rooms.rrd"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines() == ["4 frames of 2 scenes recorded in rooms.rrd", "open it with: rerun rooms.rrd"]
    assert (tmp_path / "rooms.rrd").stat().st_size > 10_000
    assert main(["export", str(dataset), "--rerun", "--out", "rooms.rrd"]) == 2
    assert "--force" in capsys.readouterr().err


def test_without_the_extra_the_recording_says_which(dataset: Path, tmp_path: Path) -> None:
    """Training files need nothing but the core: no USD library, no viewer."""
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['pxr', 'numba', 'rerun', 'pycocotools']))\n"
        "from scenecap.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, "export", str(dataset), "--out"]
    done = subprocess.run(
        [*command, str(tmp_path / "x.rrd"), "--rerun"], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'scenecap[rerun]'" in done.stderr
    done = subprocess.run(
        [*command, str(tmp_path / "out"), "--coco", "--llava"], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def test_killed_in_the_middle_nothing_half_is_there(dataset: Path, tmp_path: Path) -> None:
    """The folder gets its name when it is whole; what a killed export leaves is hidden, and the next one clears it."""
    program = (
        "import os, pathlib, sys\n"
        "write = pathlib.Path.write_bytes\n"
        "calls = []\n"
        "def killed(self, content):\n"
        "    calls.append(self)\n"
        "    if len(calls) > 2:\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return write(self, content)\n"
        "pathlib.Path.write_bytes = killed\n"
        "from scenecap.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", program, "export", str(dataset), "--coco", "--out", str(tmp_path / "out")]
    assert subprocess.run(command, check=False, timeout=120).returncode == -9
    assert not (tmp_path / "out").exists()
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    assert main(["export", str(dataset), "--coco", "--out", str(tmp_path / "out"), "-q"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
