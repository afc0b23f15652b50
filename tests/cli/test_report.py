"""``scenecap report``: what it says, its exit codes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenecap.cli.main import main
from scenecap.output.manifest import FrameStatus
from tests.output.dataset.make import fault, kitchen, write_dataset


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "dataset", [kitchen()], faults=[fault(FrameStatus.EMPTY, "nothing in view")])


def test_it_says_where_the_page_is(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(dataset)]) == 0
    out = capsys.readouterr()
    assert out.err == ""
    assert "1 frame in" in out.out
    assert "1 frame empty or failed" in out.out
    assert f"Open {dataset / 'report' / 'index.html'} in a browser." in out.out
    assert main(["verify", str(dataset)]) == 0


def test_for_machines(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "elsewhere"
    assert main(["report", str(dataset), "--out", str(place), "--copy", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["page"], said["frames"], said["faults"]) == (str(place / "index.html"), 1, 1)
    assert said["files"] == sum(path.is_file() for path in place.rglob("*"))
    assert said["bytes"] == sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


def test_a_file_that_is_missing_is_named(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (dataset / "World_Cameras_Left/Captions/scene_graph_caption.json").unlink()
    assert main(["report", str(dataset), "--single-file"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert "World_Cameras_Left/Captions/scene_graph_caption.json: is missing" in err[0]
    assert "scenecap verify" in err[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{tmp}/none"], "there is no such folder"),
        (["{tmp}"], "holds no manifest.jsonl, so it is not a dataset"),
        (["{dataset}", "--copy", "--single-file"], "not allowed with"),
        (["{dataset}", "--out", "{dataset}"], "holds the dataset itself"),
    ],
)
def test_what_is_refused(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    given = [text.format(tmp=tmp_path, dataset=dataset) for text in arguments]
    assert main(["report", *given]) == 2
    assert words in capsys.readouterr().err


def test_a_report_is_replaced_by_force_only(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(dataset), "-q"]) == 0
    assert main(["report", str(dataset)]) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert main(["report", str(dataset), "--force"]) == 0
