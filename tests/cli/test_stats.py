"""``scenecap stats`` as a person calls it: what is shown, JSON, exit codes; on sound and on damaged datasets."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from scenecap.cli.main import main
from scenecap.cli.stats import SHOWN
from scenecap.output.manifest import FrameStatus
from tests.output.dataset.make import CAMERAS, fault, kitchen, write_dataset
from tests.output.export.make import scenes_dataset

FRAMES = tuple(kitchen(camera, number) for number in (0, 1) for camera in CAMERAS)
FAULTS = (
    fault(FrameStatus.FAILED, f"{CAMERAS[0]}: the camera is broken"),
    fault(FrameStatus.EMPTY, "nothing in view", scene="attic"),
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("stats") / "in", FRAMES, faults=FAULTS)


def test_what_a_person_is_shown(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(dataset)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert lines[0].startswith("4 frames written, 1 empty, 1 failed; 2 scenes, 3 cameras; ")
    sections = [line for line in lines if line and not line.startswith(" ")]
    for title in ("Scenes", "Objects in a frame", "Labels (", "Relations, pairs", "Brief captions (4)", "Global captions (4)"):
        assert any(line.startswith(title) for line in sections), title
    assert any(line.split() == ["mug", "4", "4", "100%"] for line in lines)
    assert "  2 different, 2 duplicates" in lines
    assert any(line.startswith("Vocabulary: ") for line in sections)
    assert any(line.startswith("Questions (") for line in sections)
    assert any("failed" in line and "the camera is broken" in line for line in lines)
    assert any("empty" in line and "nothing in view" in line for line in lines)


def test_as_json_for_machines(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(dataset), "--json"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert captured.err == ""
    assert document["frames"] == {"written": 4, "empty": 1, "failed": 1}
    graphs = [json.loads(path.read_bytes()) for path in dataset.rglob("full_scene_graph.json")]
    labels = Counter(item["class"] for graph in graphs for item in graph["obj"].values())
    assert {label: item["objects"] for label, item in document["labels"].items()} == labels
    assert {item["share_of_scenes"] for item in document["labels"].values()} == {1.0}
    captions = [json.loads(path.read_bytes()) for path in dataset.rglob("scene_graph_caption.json")]
    for name in ("brief_caption", "global_caption"):
        found = document["captions"][name]
        assert found["words"]["count"] == len(captions)
        assert found["distinct"] + found["duplicates"] == len(captions)
        texts = Counter(caption[name] for caption in captions)
        assert found["most_repeated"] == {text: count for text, count in texts.items() if count > 1}
        assert found["sources"] == {"template": 4}
    questions = [item for caption in captions for item in caption["qa_caption"]]
    assert document["questions"]["yes"] == sum(item["answer"] == "yes" for item in questions)
    assert sum(item["count"] for item in document["questions"]["kinds"].values()) == len(questions)
    assert document["vocabulary"]["size"] == len(document["vocabulary"]["words"])
    assert [(item["status"], item["reason"], item["frames"]) for item in document["faults"]] == [
        ("empty", "nothing in view", 1),
        ("failed", "the camera is broken", 1),
    ]
    assert document["unreadable"] == []
    assert document["unfinished"] is False


def test_long_tables_are_cut_unless_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenes = [f"room_{number:02}" for number in range(SHOWN + 3)]
    frames = [kitchen(scene=scene, buffers=()) for scene in scenes]
    scenes_dataset(tmp_path / "in", *scenes, frames=frames, annotators=(), visualize_caption=False)
    assert main(["stats", str(tmp_path / "in")]) == 0
    out = capsys.readouterr().out
    assert "... and 3 more rows (--all shows them)" in out
    assert scenes[-1] not in out
    assert main(["stats", str(tmp_path / "in"), "--all"]) == 0
    assert scenes[-1] in capsys.readouterr().out


def test_quiet(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(dataset), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("as_json", [False, True])
def test_what_cannot_be_read_is_exit_code_one(tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    dataset = write_dataset(tmp_path / "in", FRAMES)
    first, second = sorted(dataset.rglob("scene_graph_caption.json"))[:2]
    first.unlink()
    second.write_text('{"brief_caption": 3}', encoding="utf-8")
    assert main(["stats", str(dataset), *(["--json"] if as_json else [])]) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert f"{first.relative_to(dataset).as_posix()}: is missing" in lines[0]
    assert f"{second.relative_to(dataset).as_posix()}: is not a scene_graph_caption" in lines[1]
    assert "'scenecap verify' says more" in lines[2]
    if as_json:
        document = json.loads(captured.out)
        assert len(document["unreadable"]) == 2
        assert document["captions"]["brief_caption"]["words"]["count"] == 2


@pytest.mark.parametrize("as_json", [False, True])
def test_no_dataset_is_exit_code_two(tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    assert main(["stats", str(tmp_path), *(["--json"] if as_json else [])]) == 2
    captured = capsys.readouterr()
    assert "it is not a dataset" in captured.err
    if as_json:
        assert json.loads(captured.out)["exit_code"] == 2


def test_a_damaged_manifest_points_to_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path / "in", FRAMES[:1])
    (dataset / "manifest.jsonl").write_text("{}\n", encoding="utf-8")
    assert main(["stats", str(dataset)]) == 2
    assert "'scenecap verify' says which lines are damaged" in capsys.readouterr().err


def test_hostile_texts_are_shown_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path / "in", FRAMES[:1])
    for path in dataset.rglob("*_scene_graph.json"):
        path.write_text(
            path.read_text("utf-8").replace('"class": "mug"', '"class": "m\\u001b[31mug\\n\\u202ex"'), encoding="utf-8"
        )
    assert main(["stats", str(dataset)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_an_unfinished_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path / "in", FRAMES[:1], finished=False)
    assert main(["stats", str(dataset)]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("(the run is unfinished)")


def test_the_time_of_a_frame_is_the_run_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write_dataset(tmp_path / "in", FRAMES)
    assert main(["stats", str(place), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds_per_frame"] == {}
    steps = {"observe": 0.0125, "graph": 0.002, "captions": 0.01, "files": 0.0301}
    event = {"event": "frame", "key": "a", "status": "written", "steps": steps}
    (place / "run_log.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    assert main(["stats", str(place), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds_per_frame"] == steps
    assert main(["stats", str(place)]) == 0
    said = "Time of a frame (median of 1, by run_log.jsonl): observe 12 ms, graph 2 ms, captions 10 ms, files 30 ms"
    assert capsys.readouterr().out.splitlines()[-1] == said
