"""``scenecap labels``: label layers, tables, the database, and the round trips between them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")

from pxr import Usd

from scenecap.cli.main import main
from tests.cli.stages import room

LABELS = {"/World/Crate_01": "crate", "/World/Mug": "mug", "/World/SM_OfficeChair_02": "office chair"}


def inspect(scene: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict:
    capsys.readouterr()
    assert main(["inspect", str(scene), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("schema", "attributes"),
    [
        ("labels", {"semantics:labels:class"}),
        ("legacy", {"semantic:Semantics:params:semanticType", "semantic:Semantics:params:semanticData"}),
        (
            "both",
            {"semantics:labels:class", "semantic:Semantics:params:semanticType", "semantic:Semantics:params:semanticData"},
        ),
    ],
)
def test_attach_writes_a_layer_that_labels_the_scene(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], schema: str, attributes: set[str]
) -> None:
    scene = room(tmp_path / "s.usda")
    before = scene.read_bytes()
    layer = tmp_path / "labels" / "s_labels.usda"
    assert main(["labels", "attach", str(scene), "--out", str(layer), "--schema", schema]) == 0
    assert scene.read_bytes() == before
    stage = Usd.Stage.Open(str(layer))
    prim = stage.GetPrimAtPath("/World/Mug")
    assert {item.GetName() for item in prim.GetAuthoredAttributes() if item.GetName().startswith("semantic")} == attributes
    found = inspect(layer, capsys)
    assert {item["path"]: item["label"] for item in found["objects"]} == LABELS
    assert {item["label_source"] for item in found["objects"]} == {"authored"}
    assert found["cameras"]


def test_attach_refuses_what_is_not_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, other = room(tmp_path / "s.usda"), room(tmp_path / "other.usda")
    before = (scene.read_bytes(), other.read_bytes())
    for target in (scene, other, tmp_path / "x.txt"):
        assert main(["labels", "attach", str(scene), "--out", str(target)]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert (scene.read_bytes(), other.read_bytes()) == before
    assert main(["labels", "attach", str(scene), "--out", str(other), "--overwrite"]) == 0
    assert main(["labels", "attach", str(scene), "--out", str(scene), "--overwrite"]) == 2
    assert scene.read_bytes() == before[0]


def test_a_labelled_scene_has_nothing_left_to_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = room(tmp_path / "s.usda")
    main(["labels", "attach", str(scene), "--out", str(tmp_path / "one.usda")])
    capsys.readouterr()
    assert main(["labels", "attach", str(tmp_path / "one.usda"), "--out", str(tmp_path / "two.usda")]) == 1
    assert "nothing to label" in capsys.readouterr().err
    assert not (tmp_path / "two.usda").exists()


def test_a_scenes_assets_go_through_a_table_into_captions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene, table, database = room(tmp_path / "s.usda"), tmp_path / "t.csv", tmp_path / "l.sqlite"
    assert main(["labels", "export", str(table), "--scene", str(scene)]) == 0
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["label"] for row in rows) == sorted(LABELS.values())
    for row in rows:
        if row["label"] == "mug":
            row.update(label="Coffee Mug", caption="A mug with a chipped rim.", attributes="color=red; material=clay")
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert main(["labels", "import", str(table), "--database", str(database)]) == 0
    found = inspect(scene, capsys, "--label-database", str(database))
    mug = next(item for item in found["objects"] if item["path"] == "/World/Mug")
    assert (mug["label"].lower(), mug["label_source"]) == ("coffee mug", "database")
    assert mug["attributes"] == {"color": "red", "material": "clay"}
    assert mug["caption"] == "A mug with a chipped rim."
    fast = ["--quality", "off", "--resolution", "96x72", "--set", "fsync=false", "--set", "caption_only=true"]
    assert main(["caption", str(scene), "--out", str(tmp_path / "out"), "--label-database", str(database), *fast]) == 0
    captions = json.loads((tmp_path / "out/World_Camera/Captions/scene_graph_caption.json").read_text(encoding="utf-8"))
    assert all(word in captions["brief_caption"] for word in ("red", "coffee mug"))
    assert "chair" not in captions["brief_caption"]


def test_set_list_and_forget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = ["--database", str(tmp_path / "l.sqlite")]
    assert main(["labels", "set", "a/b.usd", *database, "--label", "bowl", "--attribute", "color=red"]) == 0
    assert main(["labels", "set", "a/b.usd", *database, "--caption", "A bowl.", "--attribute", "material=wood"]) == 0
    capsys.readouterr()
    assert main(["labels", "list", *database, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["asset"], entry["label"], entry["caption"], entry["source"]) == ("a/b.usd", "bowl", "A bowl.", "person")
    assert entry["attributes"] == {"color": "red", "material": "wood"}
    assert main(["labels", "list", *database]) == 0
    assert "a/b.usd" in capsys.readouterr().out
    assert main(["labels", "set", "a/b.usd", *database, "--remove"]) == 0
    assert main(["labels", "set", "a/b.usd", *database, "--remove"]) == 2
    capsys.readouterr()
    assert main(["labels", "list", *database]) == 0
    assert "empty" in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_database_survives_export_and_import(tmp_path: Path, ending: str) -> None:
    one, two, table = str(tmp_path / "1.sqlite"), str(tmp_path / "2.sqlite"), str(tmp_path / f"t.{ending}")
    main(
        [
            "labels",
            "set",
            "x",
            "--database",
            one,
            "--label",
            "bowl, blue",
            "--caption",
            'A "bowl"\nof clay.',
            "--attribute",
            "color=blue",
        ]
    )
    main(["labels", "set", "y", "--database", one, "--label", "Schüssel"])
    assert main(["labels", "export", table, "--database", one]) == 0
    assert main(["labels", "import", table, "--database", two]) == 0
    again = str(tmp_path / f"u.{ending}")
    assert main(["labels", "export", again, "--database", two]) == 0
    assert Path(table).read_bytes() == Path(again).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "x", "--database", "l.sqlite"], "Nothing to set"),
        (["set", "x", "--database", "l.sqlite", "--attribute", "red"], "KIND=VALUE"),
        (["set", "x", "--database", "l.sqlite", "--remove", "--label", "y"], "stands alone"),
        (["list", "--database", "none.sqlite"], "does not exist"),
        (["export", "t.csv", "--database", "none.sqlite"], "does not exist"),
        (["import", "none.csv", "--database", "l.sqlite"], "none.csv"),
        (["import", "bad.csv", "--database", "l.sqlite"], "line 1"),
        (["import", "bad.csv", "--database", "l.sqlite", "--source", "me"], "person, model, doc"),
        (["attach", "none.usda", "--out", "o.usda"], "none.usda"),
        (["attach", "s.usda", "--out", "o.usda", "--schema", "new"], "labels, legacy or both"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    room(tmp_path / "s.usda")
    (tmp_path / "bad.csv").write_text("identifer,label\na,b\n", encoding="utf-8")
    assert main(["labels", *arguments]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert {path.name for path in tmp_path.iterdir()} == {"s.usda", "bad.csv"}
