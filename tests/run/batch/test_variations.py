"""Variations in a run: the same bytes however it went, the user's files untouched, mistakes named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from scenecap.cli.main import main
from scenecap.errors import ConfigError, UsageError
from scenecap.run.config import make_config
from scenecap.run.job import run_job
from tests.capture.variation.rooms import write_room

VARIED = {
    "count": 2,
    "pose": {"distance": 0.3},
    "drop_out": {"share": 0.3},
    "camera": {"position": 0.2, "turn": 5},
    "colors": {"share": 0.5},
    "lights": {"intensity": [0.5, 2], "temperature": [3000, 9000], "balance": [0.5, 2]},
}


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.usda", pawns=True)


def config(room: Path, output: Path, **keys):
    keys = {"scenes": str(room), "quality": "draft", "resolution": "96x72", "fsync": False, "variations": VARIED, **keys}
    return make_config({"output_path": str(output), **keys})


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run_log.jsonl"
    }


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def dataset(room: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dataset")
    before = hashlib.sha256(room.read_bytes()).hexdigest()
    assert run_job(config(room, folder, executor="here")).exit_code == 0
    assert hashlib.sha256(room.read_bytes()).hexdigest() == before
    return folder


def test_each_variation_has_a_folder_and_its_rows_say_which(dataset: Path) -> None:
    found = rows(dataset)
    assert [row["variation"] for row in found] == [0, 0, 1, 1, 2, 2]
    for row in found:
        assert all(item["path"].startswith(f"room/variation_{row['variation']:03d}/") for item in row["files"])
        document = json.loads((dataset / next(i["path"] for i in row["files"] if "pruned_scene" in i["path"])).read_text())
        varied = document["meta"]["variation"]
        assert varied["number"] == row["variation"]
        kinds = [change["what"] for change in varied["changes"]]
        assert kinds.count("moved") == row["counts"].get("moved", 0)
        assert kinds.count("camera") == (row["counts"]["views_shifted"] if row["variation"] else 0)


def test_two_workers_make_the_same_bytes(room: Path, dataset: Path, tmp_path: Path) -> None:
    assert run_job(config(room, tmp_path, executor="processes", workers=2)).exit_code == 0
    assert contents(tmp_path) == contents(dataset)


@pytest.mark.parametrize("made", [1, 3, 5])
def test_a_run_that_was_stopped_ends_with_the_same_bytes(room: Path, dataset: Path, tmp_path: Path, made: int) -> None:
    done: list[int] = []
    stopped = run_job(
        config(room, tmp_path, executor="here"),
        progress=lambda outcome, number, total: done.append(number),
        stop=lambda: len(done) >= made,
    )
    assert stopped.interrupted
    assert run_job(config(room, tmp_path, executor="here")).exit_code == 0
    assert contents(tmp_path) == contents(dataset)


def test_more_variations_leave_the_others_as_they_are(room: Path, dataset: Path, tmp_path: Path) -> None:
    run_job(config(room, tmp_path, executor="here", variations={**VARIED, "count": 3, "authored": False}))
    assert [row["variation"] for row in rows(tmp_path)] == [1, 1, 2, 2, 3, 3]
    mine, theirs = contents(tmp_path), contents(dataset)
    shared = [path for path in theirs if path.startswith(("room/variation_001/", "room/variation_002/"))]
    assert shared
    assert all(mine[path] == theirs[path] for path in shared)


def test_the_plan_counts_the_frames_of_all_variations(room: Path, tmp_path: Path, capsys) -> None:
    file = tmp_path / "batch.yaml"
    file.write_text(
        f"scenecap:\n  scenes: {room}\n  output_path: out\n  quality: 'off'\n  resolution: 64x48\n"
        "  variations:\n    count: 4\n    drop_out: {share: 0.2}\n"
    )
    assert main(["run", str(file), "--plan", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["frames"] == 10
    assert [frame["variation"] for frame in planned["units"][0]["frames"]] == [n for n in range(5) for _ in range(2)]
    assert main(["run", str(file), "--plan"]) == 0
    assert "variations" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_the_run_log_counts_what_was_drawn_and_turned_down(room: Path, tmp_path: Path) -> None:
    ticks = iter(range(10_000))
    run_job(config(room, tmp_path, executor="here"), clock=lambda: float(next(ticks)))
    events = [json.loads(line) for line in (tmp_path / "run_log.jsonl").read_text().splitlines()]
    varied = [event["varied"] for event in events if event["event"] == "frame" and event["variation"]]
    assert len(varied) == 4
    total = events[-1]["varied"]
    by_number = {number: row["counts"] for row in rows(tmp_path) if (number := row["variation"])}
    assert total["moved"] == sum(counts["moved"] for counts in by_number.values())
    assert total["views_shifted"] + total["views_given_up"] == 4


@pytest.mark.parametrize(
    ("variations", "message"),
    [
        ({"count": 2}, "nothing varies"),
        ({"authored": False}, "leave authored on"),
        ({"count": 2, "poses": {}}, "did you mean 'pose'"),
        ({"count": 2, "pose": {"distnace": 1}}, "distance"),
        ({"count": -1, "pose": {}}, "variations.count"),
        ({"count": 1, "drop_out": {"share": 2}}, "variations.drop_out.share"),
        ({"count": 1, "camera": {"zoom": [2, 1]}}, "variations.camera.zoom"),
        ({"count": 1, "pose": {"objects": ""}}, "variations.pose.objects"),
    ],
)
def test_mistakes_name_the_key(room: Path, variations: dict, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(room, Path("out"), variations=variations)
    assert message in str(error.value)


def test_a_selector_that_fits_in_no_scene_is_an_error(room: Path, tmp_path: Path) -> None:
    wrong = {"count": 1, "pose": {"objects": ["mug", "mugg"]}}
    with pytest.raises(UsageError, match=r"variations\.pose\.objects: 'mugg' fits no object; did you mean 'mug'"):
        run_job(config(room, tmp_path / "out", variations=wrong, executor="here"))
    assert not (tmp_path / "out").exists()


def test_a_selector_that_fits_in_another_scene_is_a_problem_of_this_one(room: Path, tmp_path: Path) -> None:
    other = write_room(tmp_path / "bare.usda")
    one = {"count": 1, "drop_out": {"objects": "pawn", "share": 1.0}}
    result = run_job(config(room, tmp_path / "out", scenes=[str(room), str(other)], variations=one, executor="here"))
    assert result.exit_code == 0
    assert any("variations.drop_out.objects: 'pawn' fits no object" in problem for problem in result.problems)


@pytest.mark.parametrize("kind", ["recorded", "replicator"])
def test_only_the_embedded_source_varies(room: Path, tmp_path: Path, kind: str) -> None:
    with pytest.raises(UsageError, match="variations: capture"):
        run_job(config(room, tmp_path / "out", capture=kind))


def test_without_variations_a_dataset_has_no_trace_of_them(room: Path, tmp_path: Path) -> None:
    run_job(config(room, tmp_path, variations=None, executor="here"))
    assert all("variation" not in row for row in rows(tmp_path))
    assert not any(b'"variation"' in content for path, content in contents(tmp_path).items() if path.endswith(".json"))
    assert not any("variation_" in path for path in contents(tmp_path))


def test_the_ready_file_fits_its_scene(capsys) -> None:
    ready = Path(__file__).resolve().parents[3] / "config" / "batch_variations.yaml"
    assert main(["run", str(ready), "--plan", "--json", "--resolution", "64x48"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["units"][0]["problems"] == []
    assert {frame["variation"] for frame in planned["units"][0]["frames"]} == set(range(6))
