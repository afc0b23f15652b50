"""``scenecap judge``: a dataset's captions, the file, the summary, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scenecap.cli.main import main
from scenecap.output.dataset.reader import open_dataset
from tests.chat.fake_server import Action, Brain, FakeServer, Received, answer, failure, truthful
from tests.chat.judging import captions_in, is_capscore, judging
from tests.output.dataset.make import CAMERAS, kitchen, write_dataset

pytest.importorskip("openai", reason="the extra 'models' is not installed")
pytest.importorskip("jinja2", reason="the extra 'models' is not installed")

FAIR = judging(lambda place, caption: {"score": 10 * len(caption) % 101, "similarity": 0.5, "quality": 0.25})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("judge") / "dataset", (kitchen(), kitchen(CAMERAS[1])))


@pytest.fixture
def dataset(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "kitchens"))


def other(dataset: Path, name: str, text: str) -> Path:
    """Return a copy of a dataset whose first brief caption is another."""
    copy = Path(shutil.copytree(dataset, dataset.parent / name))
    path = sorted(copy.rglob("scene_graph_caption.json"))[0]
    document = json.loads(path.read_text(encoding="utf-8"))
    document["brief_caption"] = text
    document["grounding"]["brief_caption"] = []
    path.write_text(json.dumps(document), encoding="utf-8")
    return copy


def judge(brain: Brain, tmp_path: Path, *arguments: str, keys: tuple[str, ...] = ()) -> tuple[int, FakeServer]:
    with FakeServer(brain) as server:
        sets = [f"model_url={server.url}", "model_name=fake", f"model_cache_path={tmp_path / 'cache'}", "model_retry_wait=0"]
        code = main(["judge", *arguments, *(word for item in (*sets, *keys) for word in ("--set", item))])
    return code, server


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_caption_has_a_line_and_the_dataset_stays_sound(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, server = judge(FAIR, tmp_path, str(dataset))
    assert code == 0
    header, *rows = lines(dataset / "judgements_visce2.jsonl")
    assert header["judgements"] == "visce2"
    assert header["model"] == {"name": "fake", "profile": "other", "picture": False}
    assert {item["name"]: item["version"] for item in header["prompts"]} == {
        "judge_system": "1",
        "judge_visce2": "1",
        "repair_json": "1",
        "schema": "1",
    }
    keys = [row.key for row in open_dataset(dataset).rows]
    assert [(row["frame"], row["text"]) for row in rows] == [
        (key, kind) for key in keys for kind in ("brief_caption", "global_caption")
    ]
    for row in rows:
        assert row["status"] == "judged"
        assert row["source"] == "template"
        assert row["scores"]["score"]["values"] == [10 * len(row["caption"]) % 101]
    assert len(server.questions) == 4
    assert "4 captions, 0 not judged" in capsys.readouterr().out
    assert server.url not in (dataset / "judgements_visce2.jsonl").read_text(encoding="utf-8")
    assert main(["verify", str(dataset)]) == 0


def test_it_is_the_same_file_again_and_costs_no_request(dataset: Path, tmp_path: Path) -> None:
    def out_of_order(received: Received) -> Action:
        reply = FAIR(received)
        return Action(body=reply.body, wait=0.3 if received.number == 1 else 0.0)

    with FakeServer(out_of_order) as server:
        sets = [f"model_url={server.url}", "model_name=fake", f"model_cache_path={tmp_path / 'cache'}"]
        words = [word for item in sets for word in ("--set", item)]
        outs = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
        assert [main(["judge", str(dataset), "--out", str(out), *words]) for out in outs] == [0, 0]
        assert len(server.questions) == 4
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert not (dataset / "judgements_visce2.jsonl").exists()


def test_a_stopped_run_goes_on_where_it_was(dataset: Path, tmp_path: Path) -> None:
    budget = ("model_budget_requests=3",)  # the probe is one
    with FakeServer(FAIR) as server:
        words = ["judge", str(dataset), "--json"]
        for item in (f"model_url={server.url}", "model_name=fake", f"model_cache_path={tmp_path / 'cache'}"):
            words += ["--set", item]
        assert main([*words, "--set", *budget]) == 1
        rows = lines(dataset / "judgements_visce2.jsonl")[1:]
        assert [row["status"] for row in rows].count("judged") == 2
        assert any("budget" in problem for row in rows for problem in row["problems"])
        assert main(words) == 0
        assert len(server.questions) == 4
    assert all(row["status"] == "judged" for row in lines(dataset / "judgements_visce2.jsonl")[1:])


def test_capscore_against_the_template_finds_the_reference_itself(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, server = judge(FAIR, tmp_path, str(dataset), "--metric", "capscore", "--json")
    assert code == 0
    told = json.loads(capsys.readouterr().out)
    assert told["reference"] == "template"
    assert told["arrangements"] == 2
    assert {item["scale"]: item["mean"] for item in told["scores"]} == {"similarity": 0.5, "quality": 0.25}
    rows = lines(dataset / "judgements_capscore.jsonl")[1:]
    assert all(len(row["scores"]["similarity"]["values"]) == 2 for row in rows)
    assert sum(row.get("is_reference", False) for row in rows) > 0
    assert len(server.questions) == 8
    assert all(is_capscore(item) for item in server.questions)


def test_several_datasets_are_judged_side_by_side_against_another(dataset: Path, tmp_path: Path) -> None:
    second = other(dataset, "models", "A zebra stands on a piano.")
    truth = other(dataset, "truth", "A kitchen.")
    zebra = judging(lambda place, caption: {"similarity": 0.1 if "zebra" in caption else 0.75, "quality": 0.5})
    out = tmp_path / "out.jsonl"
    code, server = judge(
        zebra, tmp_path, str(dataset), str(second), "--metric", "capscore", "--against", str(truth), "--out", str(out)
    )
    assert code == 0
    header, *rows = lines(out)
    assert header["datasets"] == ["kitchens", "models"]
    assert header["reference"] == "truth"
    first = [row for row in rows if row["text"] == "brief_caption"][:2]
    assert [(row["dataset"], row["scores"]["similarity"]["mean"]) for row in first] == [("kitchens", 0.75), ("models", 0.1)]
    shown = [captions_in(item) for item in server.questions if "zebra" in item.text]
    assert [texts.index("A zebra stands on a piano.") for texts in shown] in ([0, 1], [1, 0])
    assert all('"A kitchen."' in item.text for item in server.questions if "zebra" in item.text)


def test_some_that_fail_and_all_that_fail(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def some(received: Received) -> Action:
        long = not received.is_probe and len(captions_in(received)[0]) > 150
        return answer(None, refusal="too long for me") if long else FAIR(received)

    assert judge(some, tmp_path, str(dataset))[0] == 1
    assert "too long for me" in capsys.readouterr().err
    rows = lines(dataset / "judgements_visce2.jsonl")[1:]
    assert {row["status"] for row in rows} == {"judged", "failed"}
    assert all(row["scores"] == {} for row in rows if row["status"] == "failed")
    nobody = lambda received: truthful(received) if received.is_probe else answer("I cannot say.")  # noqa: E731
    assert judge(nobody, tmp_path, str(dataset), keys=("model_cache=false",))[0] == 3
    assert capsys.readouterr().out.startswith("4 captions, 4 not judged")


def test_a_judge_that_cannot_be_asked_is_an_error_and_writes_nothing(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(lambda _: failure(401, "no"), tmp_path, str(dataset))[0] == 2
    assert "401" in capsys.readouterr().err
    assert not (dataset / "judgements_visce2.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--against", "DATASET"], "--metric capscore"),
        (["--metric", "capscore", "--permutations", "1"], "--permutations: 1 is not allowed"),
        (["--metric", "capscore", "--permutations", "3"], "has 2 to 2"),
        (["--permutations", "3"], "has 1 to 2"),
        (["--metric", "capscore", "--against", "nowhere"], "nowhere: there is no such folder"),
        (["--kinds", "qa"], "'qa' is not allowed"),
        (["--kinds", ","], "is not allowed"),
        (["--limit", "0"], "--limit: 0"),
        (["--engine-config", "nowhere.yaml"], "nowhere.yaml"),
        (["--metric", "capscore", "--set", "model_picture=true"], "takes no picture"),
        (["--set", "model_nam=x"], "model_name"),
    ],
)
def test_what_does_not_go_is_said_before_anything_is_asked(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    given = [str(dataset) if item == "DATASET" else item for item in arguments]
    code, server = judge(FAIR, tmp_path, str(dataset), *given)
    assert code == 2
    assert problem in capsys.readouterr().err
    assert not server.received


def test_a_model_is_needed(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", str(dataset)]) == 2
    assert "model_url" in capsys.readouterr().err


def test_a_frame_without_graph_or_reference_costs_that_frame_only(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("full_scene_graph.json", "pruned_scene_graph.json"):
        sorted(dataset.rglob(name))[0].unlink()
    code, _ = judge(FAIR, tmp_path, str(dataset))
    rows = lines(dataset / "judgements_visce2.jsonl")[1:]
    assert code == 1
    assert [row["status"] for row in rows] == ["failed", "failed", "judged", "judged"]
    assert "is missing" in capsys.readouterr().err


def test_pictures_go_along_where_the_model_sees(dataset: Path, tmp_path: Path) -> None:
    code, server = judge(FAIR, tmp_path, str(dataset), "--limit", "1", keys=("model_picture=true", "model_picture_edge=64"))
    assert code == 0
    assert all(len(item.pictures) == 1 for item in server.questions)
    assert {item.pictures[0][:22] for item in server.questions} == {"data:image/jpeg;base64"}


def test_a_judge_that_gives_all_the_same_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [kitchen(camera, index) for camera in CAMERAS for index in (0, 1)]
    root = write_dataset(tmp_path / "four", frames)
    flat = judging(lambda place, caption: {"score": 80})
    assert judge(flat, tmp_path, str(root), "--kinds", "brief")[0] == 0
    assert "4 of 4 captions have the same score" in capsys.readouterr().out
    numbers = iter(range(100))
    assert judge(judging(lambda *_: {"score": next(numbers)}), tmp_path, str(root), "--kinds", "global")[0] == 0
    assert "have the same" not in capsys.readouterr().out
