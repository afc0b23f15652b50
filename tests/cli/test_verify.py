"""``scenecap verify`` as a person calls it: exit codes, what is said where, JSON; on sound and on damaged datasets."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scenecap.cli.main import main
from scenecap.cli.verify import SHOWN
from scenecap.output.manifest import FrameStatus
from tests.output.dataset.make import CAMERAS, fault, kitchen, write_dataset

FRAMES = (kitchen(), kitchen(CAMERAS[1]))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("verify") / "in", FRAMES, faults=[fault(FrameStatus.EMPTY, "nothing")])


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "in"))


def change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_sound_dataset(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(dataset)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    files = sum(path.is_file() for path in dataset.rglob("*")) - 1
    assert captured.out.startswith(f"3 frames, {files} files, ")
    assert captured.out.endswith(": files, hashes, documents and counts are as they were written.\n")
    assert main(["verify", str(dataset), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_sound_dataset_as_json(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(dataset), "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert (document["sound"], document["frames"], document["written"], document["problems"]) == (True, 3, 2, [])
    assert document["hashes_compared"] is True
    files = [path for path in dataset.rglob("*") if path.is_file() and path.name != "manifest.jsonl"]
    assert (document["files"], document["bytes"]) == (len(files), sum(path.stat().st_size for path in files))


@pytest.mark.parametrize("name", ["World_Cameras_Left.png", "object_data.json", "occlusion_0000.npy"])
@pytest.mark.parametrize("as_json", [False, True])
def test_damage_is_exit_code_one_and_names_the_file(
    dataset: Path, capsys: pytest.CaptureFixture[str], name: str, as_json: bool
) -> None:
    path = sorted(dataset.rglob(name))[0]
    relative = path.relative_to(dataset).as_posix()
    change(path)
    assert main(["verify", str(dataset), *(["--json"] if as_json else [])]) == 1
    captured = capsys.readouterr()
    if as_json:
        assert captured.err == ""
        (problem,) = json.loads(captured.out)["problems"]
        assert (problem["kind"], problem["path"], problem["frame"]) == ("hash", relative, 0)
        assert problem["remedy"]
        return
    (line,) = captured.err.splitlines()
    assert line.startswith(f"scenecap: error: {relative}: was changed after it was written. Copy the dataset again")
    assert captured.out.endswith(": 1 problem.\n")


def test_without_hashes_changed_bytes_are_not_seen_and_that_is_said(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(sorted(dataset.rglob("*.png"))[0])
    assert main(["verify", str(dataset), "--no-hashes"]) == 0
    assert "files, sizes, documents and counts" in capsys.readouterr().out
    assert main(["verify", str(dataset), "--no-hashes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hashes_compared"] is False


def test_many_problems_of_a_kind_are_cut_and_the_remedy_is_said_once(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(SHOWN + 5):
        (dataset / f"notes_{number:02}.txt").touch()
    next(dataset.rglob("*.png")).unlink()
    assert main(["verify", str(dataset)]) == 1
    lines = capsys.readouterr().err.splitlines()
    strays = [line for line in lines if "belongs to no frame" in line]
    assert len(strays) == SHOWN
    assert sum("Remove it, unless you put it there" in line for line in strays) == 1
    assert lines[-1].endswith("and 5 more files like it (--all shows them)")
    assert sum("is missing" in line for line in lines) == 1
    assert main(["verify", str(dataset), "--all"]) == 1
    assert sum("belongs to no frame" in line for line in capsys.readouterr().err.splitlines()) == SHOWN + 5


def test_hostile_names_are_one_clean_line(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dataset / "evil\x1b[31m\nscenecap: all is well").touch()
    assert main(["verify", str(dataset)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line
    assert main(["verify", str(dataset), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["path"] == "evil\x1b[31m\nscenecap: all is well"


@pytest.mark.parametrize("as_json", [False, True])
def test_no_dataset_is_exit_code_two(tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    for place, words in ((tmp_path / "none", "there is no such folder"), (tmp_path, "it is not a dataset")):
        assert main(["verify", str(place), *(["--json"] if as_json else [])]) == 2
        captured = capsys.readouterr()
        assert words in captured.err
        assert len(captured.err.splitlines()) == 1
        if as_json:
            assert json.loads(captured.out)["exit_code"] == 2


def test_an_unfinished_and_a_torn_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path / "in", FRAMES, finished=False)
    assert main(["verify", str(dataset), "--json"]) == 1
    assert [item["kind"] for item in json.loads(capsys.readouterr().out)["problems"]] == ["unfinished"]
    torn = write_dataset(tmp_path / "torn", FRAMES)
    (torn / "manifest.jsonl").write_bytes((torn / "manifest.jsonl").read_bytes()[:-9])
    assert main(["verify", str(torn)]) == 1
    assert "manifest.jsonl: the last line is torn" in capsys.readouterr().err
