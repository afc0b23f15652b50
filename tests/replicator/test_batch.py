"""A batch inside Kit: one scene after the other on one stage, one manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenecap.errors import UsageError
from scenecap.output.manifest import read_manifest
from scenecap.run.config import make_config
from scenecap.run.job import run_job
from tests.replicator.kit import Kit, config_of, run
from tests.replicator.scene import CAMERAS

FRONT, SIDE = CAMERAS


@pytest.fixture
def scenes(kit: Kit, tmp_path: Path) -> Path:
    """Two scenes; of the second a thing is gone."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    kit.stage.Export(str(folder / "a.usda"))
    kit.stage.RemovePrim("/World/Crate")
    kit.stage.Export(str(folder / "b.usda"))
    kit.app.on_update.append(lambda: setattr(kit.renderer, "stage", kit.context.stage))
    return folder


def names_of(output: Path) -> list[str]:
    found = (path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file())
    return sorted(name for name in found if name != "run_log.jsonl")


def test_the_scenes_of_a_batch_are_captured_one_after_the_other(kit: Kit, scenes: Path, tmp_path: Path) -> None:
    result = run(config_of(tmp_path / "kit", scenes=str(scenes / "*.usda")))
    assert result.exit_code == 0, [frame.row.reason for frame in result.frames]
    assert [(frame.row.scene, frame.row.camera) for frame in result.frames] == [
        (scene, camera) for scene in "ab" for camera in (FRONT, SIDE)
    ]
    # once to list their frames, once to capture them
    assert [Path(path).stem for path in kit.context.opened] == ["a", "b", "a", "b"]
    assert [row.number for row in read_manifest(tmp_path / "kit")] == [0, 1, 2, 3]


def test_a_batch_in_kit_has_the_tree_of_one_without(kit: Kit, scenes: Path, tmp_path: Path) -> None:
    run(config_of(tmp_path / "kit", scenes=str(scenes / "*.usda"), annotators=[]))
    run_job(config_of(tmp_path / "embedded", scenes=str(scenes / "*.usda"), annotators=[], executor="here"))
    assert names_of(tmp_path / "kit") == names_of(tmp_path / "embedded")
    for scene in "ab":
        name = f"{scene}/{FRONT.strip('/').replace('/', '_')}/Captions/scene_graph_caption.json"
        ours, theirs = (json.loads((tmp_path / kind / name).read_text()) for kind in ("kit", "embedded"))
        assert ours["brief_caption"] == theirs["brief_caption"]
        assert ours["global_caption"] == theirs["global_caption"]


def test_a_scene_that_cannot_be_opened_costs_its_frames_only(kit: Kit, scenes: Path, tmp_path: Path) -> None:
    broken = scenes / "a_broken.usda"
    broken.write_text("this is no USD", encoding="utf-8")
    result = run(config_of(tmp_path / "out", scenes=str(scenes / "*.usda"), cameras=FRONT))
    assert result.exit_code == 1
    assert [frame.row.scene for frame in result.frames] == ["a", "b"]
    assert any("a_broken" in problem for problem in result.problems)


def test_seeds_of_the_open_stage(kit: Kit, tmp_path: Path) -> None:
    before = kit.state()
    result = run(config_of(tmp_path, seeds="1..2", cameras=FRONT))
    assert result.exit_code == 0
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {"seed_1", "seed_2"}
    assert kit.state() == before


def test_a_batch_that_is_stopped_goes_on(kit: Kit, scenes: Path, tmp_path: Path) -> None:
    from scenecap_replicator.capture import CaptureCancelled

    whole = run(config_of(tmp_path / "whole", scenes=str(scenes / "*.usda")))
    done: list[int] = []
    with pytest.raises(CaptureCancelled):
        run(
            config_of(tmp_path / "stopped", scenes=str(scenes / "*.usda")),
            progress=lambda outcome, number, total: done.append(number),
            cancelled=lambda: len(done) >= 3,
        )
    result = run(config_of(tmp_path / "stopped", scenes=str(scenes / "*.usda")))
    assert [frame.kept for frame in result.frames] == [True, True, True, False]
    assert (tmp_path / "stopped/manifest.jsonl").read_bytes() == (tmp_path / "whole/manifest.jsonl").read_bytes()
    assert whole.exit_code == result.exit_code == 0


def test_unsaved_changes_are_not_lost_to_a_batch(kit: Kit, scenes: Path, tmp_path: Path) -> None:
    kit.context.pending_edit = True
    with pytest.raises(UsageError, match="unsaved changes"):
        run(config_of(tmp_path / "out", scenes=str(scenes / "*.usda")))
    assert kit.context.opened == []


def test_a_glob_that_finds_nothing_is_told_before_anything_starts(kit: Kit, tmp_path: Path) -> None:
    before = kit.state()
    with pytest.raises(UsageError, match="matches no file"):
        run(make_config({"scenes": str(tmp_path / "*.usd"), "output_path": str(tmp_path / "out")}))
    assert kit.state() == before
    assert not (tmp_path / "out").exists()


def test_placed_viewpoints_are_those_of_the_embedded_source(kit: Kit, scenes: Path, tmp_path: Path) -> None:
    before = kit.state()
    keys = {
        "scenes": str(scenes / "*.usda"),
        "annotators": [],
        "seeds": [3],
        "viewpoints": [
            {"kind": "paths", "paths": [FRONT]},
            {"kind": "orbit", "count": 3},
            {"kind": "look_at", "at": "table", "count": 1},
        ],
    }
    result = run(config_of(tmp_path / "kit", **keys))
    theirs = run_job(config_of(tmp_path / "embedded", executor="here", **keys))
    assert result.exit_code == theirs.exit_code == 0, [frame.row.reason for frame in result.frames]
    assert kit.context.stage is not None
    assert [frame.row.camera for frame in result.frames] == [frame.row.camera for frame in theirs.frames]
    assert {frame.row.camera.split("/")[1] for frame in result.frames} == {"World", "orbit", "look_at"}
    assert [frame.brief for frame in result.frames] == [frame.brief for frame in theirs.frames]
    assert result.rejected == theirs.rejected
    assert names_of(tmp_path / "kit") == names_of(tmp_path / "embedded")
    assert {name: kit.state()[name] for name in ("settings", "filter")} == {
        name: before[name] for name in ("settings", "filter")
    }


def test_a_placement_that_finds_nothing_says_so(kit: Kit, tmp_path: Path) -> None:
    before = kit.state()
    with pytest.raises(UsageError, match=r"viewpoints.*giraffe"):
        run(config_of(tmp_path, viewpoints=[{"kind": "look_at", "at": "giraffe", "count": 1}]))
    assert kit.state() == before
