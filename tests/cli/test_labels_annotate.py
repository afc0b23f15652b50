"""``scenecap labels annotate``, ``review`` and ``import``, and runs that use what they stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="needs the extra [models]")
pytest.importorskip("jinja2", reason="needs the extra [models]")
pytest.importorskip("pxr", reason="needs usd-core (extra capture)")
pytest.importorskip("numba", reason="needs the extra capture")

from scenecap.cli.main import main
from scenecap.stage.label_database import LabelDatabase
from tests.chat.fake_server import FakeServer
from tests.chat.fake_vision import named_by, reply_about
from tests.run.annotate.stages import room

REPLIES = {
    "crate": reply_about("wooden box", caption="A red wooden box.", colors=["red"], materials=["wood"]),
}
FAST = ["--quality", "off", "--resolution", "160x120", "--set", "fsync=false", "--set", "workers=1"]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(named_by(REPLIES)) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    room(tmp_path)
    return tmp_path


def annotate(server: FakeServer, *options: str, scene: str = "room.usda") -> int:
    model = ["--model", "fake", "--model-url", server.url, "--set", "model_cache_path=cache", "--views", "4"]
    return main(["labels", "annotate", scene, "--database", "labels.sqlite", *model, *options])


def briefs(out: Path) -> str:
    document = json.loads((out / "World_Camera/Captions/scene_graph_caption.json").read_text(encoding="utf-8"))
    return f"{document['brief_caption']} {document['global_caption']}"


def test_what_a_model_said_is_in_the_captions(folder: Path, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert annotate(server, "--json") == 1  # two of three it does not know
    said = json.loads(capsys.readouterr().out)
    assert said["exit_code"] == 1
    by_name = {item["asset"]: item for item in said["assets"]}
    crate = by_name["SM_Crate.usda"]
    assert (crate["label"], crate["label_before"], crate["objects"]) == ("wooden box", "crate", 2)
    assert sum(item["failed"] is not None for item in said["assets"]) == 2
    assert all(Path(item["sheet"]).is_file() for item in said["assets"])
    config = folder / "run.yaml"
    config.write_text(
        "scenecap:\n  scene_path: room.usda\n  output_path: out\n  use_ai_label: true\n  label_database: labels.sqlite\n",
        encoding="utf-8",
    )
    assert main(["run", str(config), *FAST]) == 0
    assert "two red wooden boxes" in briefs(folder / "out").lower()
    assert main(["run", str(config), *FAST, "--out", "captioned", "--set", "caption_only=true"]) == 0
    only = briefs(folder / "captioned").lower()
    assert "wooden box" in only
    assert "lamp" not in only
    document = json.loads((folder / "captioned/World_Camera/Data/object_data.json").read_text(encoding="utf-8"))
    assert "A red wooden box." in json.dumps(document)


def test_a_config_says_which_model(folder: Path, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "model.yaml").write_text(
        f"scenecap:\n  engine: chat\n  model_url: {server.url}\n  model_name: from-config\n  model_cache_path: cache\n"
        "  label_database: other.sqlite\n  labels: {'*mesh_12': ignore}\n",
        encoding="utf-8",
    )
    options = ["--engine-config", "model.yaml", "--select", "crate", "--views", "4"]
    assert main(["labels", "annotate", "room.usda", *options]) == 0
    (entry,) = LabelDatabase.open(folder / "other.sqlite").entries
    assert entry.model == "from-config"
    assert "1 asset stored" in capsys.readouterr().out
    assert (folder / "other_sheets").is_dir()
    assert main(["labels", "annotate", "room.usda", *options]) == 0
    assert "nothing to ask" in capsys.readouterr().out


def test_a_dry_run_lists_and_asks_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels", "annotate", "room.usda", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "SM_Crate.usda" in out
    assert "3 assets: 3 requests" in out
    assert "1 labelled on the stage" in out
    assert {path.suffix for path in folder.iterdir()} == {".usda"}
    assert main(["labels", "annotate", str(folder), "--assets", "--dry-run", "--select", "crate", "--json"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["assets"]
    assert (item["asset"], item["path"]) == ("SM_Crate.usda", "/SM_Crate")


def test_a_review_goes_round(folder: Path, server: FakeServer, capsys: pytest.CaptureFixture[str]) -> None:
    annotate(server, "--quiet")
    assert main(["labels", "review", "labels.sqlite", "--out", "review"]) == 0
    assert "3 assets, 3 pictures" in capsys.readouterr().out
    page = (folder / "review/index.html").read_text(encoding="utf-8")
    data = json.loads(page.split('type="application/json">')[1].split("</script>")[0])
    assert [item["source"] for item in data["items"]] == ["", "", "model"]
    assert all((folder / "review" / item["picture"]).is_file() for item in data["items"])
    assert "does not know" in data["items"][0]["remarks"][0]
    crate = data["items"][2]
    corrections: list[dict[str, Any]] = [
        {"identifier": crate["identifier"], "content_hash": crate["content_hash"], "review": "rejected"},
        {
            "identifier": "mesh_12.usda",
            "content_hash": next(i["content_hash"] for i in data["items"] if i["identifier"] == "mesh_12.usda"),
            "label": "die",
            "caption": "A green die.",
            "attributes": {"color": "green"},
            "review": "corrected",
        },
    ]
    file = folder / "corrections.json"
    file.write_text(json.dumps({"kind": "scenecap label corrections", "entries": corrections}), encoding="utf-8")
    assert main(["labels", "import", "labels.sqlite", "corrections.json"]) == 0
    assert "1 entry read into labels.sqlite, 1 turned down" in capsys.readouterr().out
    (entry,) = LabelDatabase.open(folder / "labels.sqlite").entries
    assert (entry.identifier, entry.label, entry.source.value) == ("mesh_12.usda", "die", "person")
    before = len(server.questions)
    annotate(server, "--quiet")
    assert len(server.questions) == before, "the one is turned down, the other a person's, the third is in the cache"
    assert main(["labels", "review", "labels.sqlite", "--out", "review"]) == 0


def test_wrong_corrections_change_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["labels", "set", "a", "--database", "labels.sqlite", "--label", "cup"]) == 0
    before = (folder / "labels.sqlite").read_bytes()
    (folder / "c.csv").write_text("identifier,label,review\nb,mug,accepted\na,,rejected\nc,bowl,perhaps\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["labels", "import", "labels.sqlite", "c.csv"]) == 2
    assert "c.csv, line 4: review 'perhaps'" in capsys.readouterr().err
    assert (folder / "labels.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["annotate", "room.usda"], "No label database"),
        (["annotate", "room.usda", "--database", "l.sqlite"], "no address is given"),
        (["annotate", "room.usda", "--database", "l.sqlite", "--model-profile", "vllm"], "no model is given"),
        (["annotate", "room.usda", "--database", "l.sqlite", "--model-profile", "vlm"], "vllm"),
        (["annotate", "none.usda", "--dry-run"], "none.usda"),
        (["annotate", "*.usdz", "--dry-run"], "matches no file"),
        (["annotate", "room.usda", "--dry-run", "--limit", "0"], "--limit"),
        (["annotate", "room.usda", "--dry-run", "--views", "9"], "4 to 8"),
        (["annotate", "room.usda", "--dry-run", "--quality", "off"], "quality"),
        (["annotate", "room.usda", "--dry-run", "--quality", "best"], "draft, preview or final"),
        (["annotate", "room.usda", "--dry-run", "--select", "crat"], "did you mean 'crate'"),
        (["annotate", "room.usda", "--dry-run", "--select", " "], "--select"),
        (["annotate", "room.usda", "--dry-run", "--engine-config", "none.yaml"], "none.yaml"),
        (["annotate", "room.usda", "--database", "room.usda"], "label database"),
        (["review", "none.sqlite", "--out", "review"], "does not exist"),
        (["import", "one.csv"], "one table and one database"),
        (["import", "a", "b.csv", "c.csv"], "one table and one database"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    before = {path.name for path in folder.iterdir()}
    assert main(["labels", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert {path.name for path in folder.iterdir()} == before
