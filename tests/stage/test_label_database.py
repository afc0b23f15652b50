"""The label database: what it answers, and that nothing damages it."""

from __future__ import annotations

import pickle
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from pxr import Usd

from scenecap.errors import LabelDatabaseError
from scenecap.stage.assets import content_hash
from scenecap.stage.label_database import (
    APPLICATION_ID,
    EntrySource,
    LabelDatabase,
    LabelEntry,
    remove_entries,
    write_entries,
)
from scenecap.stage.label_docs import doc_entries
from scenecap.stage.open import open_stage

from .authoring import box, find, new_stage


def test_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "labels.db"
    entries = [
        LabelEntry("b.usd", label="bowl", caption="A bowl.", attributes={"color": "blue", "material": "clay"}),
        LabelEntry("a.usd", label="cup", source=EntrySource.MODEL, model="some-model", content_hash="ABCDEF"),
    ]
    assert write_entries(file, entries) == 2
    assert LabelDatabase.open(file).entries == tuple(sorted(entries, key=lambda entry: entry.identifier))
    assert LabelDatabase.open(file).entries[0].content_hash == "abcdef"


def test_same_entries_same_bytes(tmp_path: Path) -> None:
    entries = [LabelEntry(f"asset_{i}.usd", label="x") for i in range(20)]
    write_entries(tmp_path / "a.db", entries)
    write_entries(tmp_path / "b.db", entries)
    assert (tmp_path / "a.db").read_bytes() == (tmp_path / "b.db").read_bytes()


def test_later_entry_replaces_that_of_the_same_source_only(tmp_path: Path) -> None:
    file = tmp_path / "labels.db"
    write_entries(file, [LabelEntry("a", label="old"), LabelEntry("a", label="model's", source=EntrySource.MODEL)])
    write_entries(file, [LabelEntry("a", label="new")])
    assert [entry.label for entry in LabelDatabase.open(file).entries] == ["model's", "new"]


def test_each_part_comes_from_the_best_source() -> None:
    database = LabelDatabase(
        [
            LabelEntry("a", caption="doc's caption", attributes={"color": "red", "size": "big"}, source=EntrySource.DOC),
            LabelEntry("a", label="model's", caption="model's caption", source=EntrySource.MODEL),
            LabelEntry("a", label="person's", attributes={"color": "blue"}),
        ]
    )
    facts = database.find("a")
    assert facts is not None
    assert (facts.label, facts.caption, facts.source) == ("person's", "model's caption", EntrySource.PERSON)
    assert facts.attributes == {"color": "blue", "size": "big"}
    assert database.find("b") is None


def test_content_decides_where_a_hash_is_given(tmp_path: Path) -> None:
    asset, other = tmp_path / "a.usd", tmp_path / "b.usd"
    asset.write_text("one")
    other.write_text("two")
    database = LabelDatabase([LabelEntry("a.usd", label="cup", content_hash=content_hash(asset))])
    found = database.find("a.usd", file=asset)
    assert found is not None
    assert found.label == "cup"
    assert database.find("a.usd", file=other) is None, "the asset has changed since"
    assert database.find("a.usd") is None, "nobody knows whether it has"
    moved = database.find("elsewhere/a.usd", file=asset)
    assert moved is not None, "the asset was moved"
    assert moved.label == "cup"


def test_entry_for_this_content_beats_one_for_any() -> None:
    database = LabelDatabase([LabelEntry("a", label="any"), LabelEntry("a", label="this", content_hash="00")])
    database._hashes[Path("x")] = "00"
    found = database.find("a", file=Path("x"))
    assert found is not None
    assert found.label == "this"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"identifier": " "}, "identifier is empty"),
        ({"identifier": "a"}, "neither a label"),
        ({"identifier": "a", "label": "\x00"}, "neither a label"),
        ({"identifier": "a", "label": "x", "source": "oracle"}, "oracle"),
        ({"identifier": "a", "label": "x", "attributes": ["color"]}, "attributes"),
    ],
)
def test_wrong_entries(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LabelEntry(**values)  # type: ignore[arg-type]


def test_hostile_texts_are_cleaned_and_capped() -> None:
    entry = LabelEntry(
        "a\n.usd",
        label="x\x1b[31m" + "y" * 100_000,
        caption="c" * 100_000,
        attributes={f"k{i}": "v" * 1000 for i in range(1000)},
    )
    assert entry.identifier == "a .usd"
    assert len(entry.label or "") <= 80
    assert (entry.label or "").isprintable()
    assert len(entry.caption or "") <= 2000
    assert len(entry.attributes) <= 32
    assert all(len(value) <= 80 for value in entry.attributes.values())


def broken(tmp_path: Path) -> dict[str, Path]:
    files = {
        name: tmp_path / name for name in ("gone.db", "text.db", "cut.db", "foreign.db", "later.db", "row.db", "empty.db")
    }
    files["text.db"].write_text("no database at all\n" * 200)
    write_entries(files["cut.db"], [LabelEntry(f"a{i}", caption="c" * 1000) for i in range(200)])
    files["cut.db"].write_bytes(files["cut.db"].read_bytes()[: 3 * 4096 + 100])
    with sqlite3.connect(files["foreign.db"]) as connection:
        connection.execute("CREATE TABLE mine (x)")
    write_entries(files["later.db"], [LabelEntry("a", label="b")])
    with sqlite3.connect(files["later.db"]) as connection:
        connection.execute("PRAGMA user_version = 99")
    write_entries(files["row.db"], [LabelEntry("a", label="b")])
    with sqlite3.connect(files["row.db"]) as connection:
        connection.execute("UPDATE entries SET attributes = 'no json'")
    files["empty.db"].write_bytes(b"")
    files["folder.db"] = tmp_path / "folder.db"
    files["folder.db"].mkdir()
    return files


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.db", "does not exist"),
        ("text.db", "file is not a database"),
        ("cut.db", "cannot be used"),
        ("foreign.db", "no label database"),
        ("later.db", "version 99"),
        ("row.db", "broken entry 'a'"),
        ("empty.db", "no label database"),
        ("folder.db", "is a directory"),
    ],
)
def test_broken_databases_are_one_line_and_stay_as_they_are(tmp_path: Path, name: str, words: str) -> None:
    file = broken(tmp_path)[name]
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(LabelDatabaseError, match=words) as caught:
        LabelDatabase.open(file)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert (file.read_bytes() if file.is_file() else None) == before


@pytest.mark.parametrize("name", ["text.db", "foreign.db", "later.db", "folder.db"])
def test_writing_does_not_touch_what_is_no_label_database(tmp_path: Path, name: str) -> None:
    file = broken(tmp_path)[name]
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(LabelDatabaseError):
        write_entries(file, [LabelEntry("a", label="b")])
    assert (file.read_bytes() if file.is_file() else None) == before


def test_failed_write_leaves_all_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "labels.db"
    write_entries(file, [LabelEntry("a", label="old")])
    before = file.read_bytes()

    def entries() -> list[LabelEntry]:
        bad = LabelEntry("z", label="x")
        object.__setattr__(bad, "identifier", None)  # SQLite refuses it
        return [LabelEntry("b", label="new"), bad]

    with pytest.raises(LabelDatabaseError):
        write_entries(file, entries())
    assert file.read_bytes() == before
    new = tmp_path / "new.db"
    with pytest.raises(LabelDatabaseError):
        write_entries(new, entries())
    assert not new.exists()


def test_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(LabelDatabaseError, match="cannot be used"):
        write_entries(tmp_path / "no" / "labels.db", [LabelEntry("a", label="b")])


def test_reading_changes_nothing_and_holds_nothing_open(tmp_path: Path) -> None:
    file = tmp_path / "labels.db"
    write_entries(file, [LabelEntry("a", label="b")])
    before = (file.read_bytes(), sorted(item.name for item in tmp_path.iterdir()))
    database = LabelDatabase.open(file)
    assert (file.read_bytes(), sorted(item.name for item in tmp_path.iterdir())) == before
    file.unlink()
    assert database.find("a") is not None


def test_remove(tmp_path: Path) -> None:
    file = tmp_path / "labels.db"
    write_entries(
        file, [LabelEntry("a", label="1"), LabelEntry("a", label="2", source=EntrySource.MODEL), LabelEntry("b", label="3")]
    )
    assert remove_entries(file, "a", source=EntrySource.MODEL) == 1
    assert remove_entries(file, "a") == 1
    assert remove_entries(file, "a") == 0
    assert [entry.identifier for entry in LabelDatabase.open(file).entries] == ["b"]
    with pytest.raises(LabelDatabaseError, match="does not exist"):
        remove_entries(tmp_path / "gone.db", "a")
    assert not (tmp_path / "gone.db").exists()


def test_workers_get_the_database_as_it_is() -> None:
    database = LabelDatabase([LabelEntry("a", label="b", attributes={"color": "red"})])
    assert pickle.loads(pickle.dumps(database)).find("a") == database.find("a")


def test_reads_while_another_writes(tmp_path: Path) -> None:
    file = tmp_path / "labels.db"
    write_entries(file, [LabelEntry(f"a{i}", label="0") for i in range(50)])
    errors: list[Exception] = []

    def read() -> None:
        try:
            for _ in range(20):
                labels = {entry.label for entry in LabelDatabase.open(file).entries}
                assert len(labels) == 1, "a reader must see all of a write or nothing of it"
        except Exception as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 10):
        write_entries(file, [LabelEntry(f"a{i}", label=str(number)) for i in range(50)])
    for reader in readers:
        reader.join()
    assert errors == []


def test_file_is_marked_as_ours(tmp_path: Path) -> None:
    write_entries(tmp_path / "labels.db", [LabelEntry("a", label="b")])
    with sqlite3.connect(tmp_path / "labels.db") as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_odd_file_names(tmp_path: Path) -> None:
    file = tmp_path / "a b?c#d%20.db"
    write_entries(file, [LabelEntry("a", label="b")])
    assert len(LabelDatabase.open(file)) == 1
    assert [item.name for item in tmp_path.iterdir()] == [file.name]


def test_documentation_of_assets_becomes_entries(tmp_path: Path) -> None:
    asset = Usd.Stage.CreateNew(str(tmp_path / "cup.usda"))
    cup = box(asset, "/cup")
    cup.SetMetadata("documentation", "A blue\ncup.")
    asset.SetDefaultPrim(cup)
    asset.Save()
    stage = new_stage(tmp_path / "scene.usda")
    for number in (1, 2):
        stage.DefinePrim(f"/World/cup_{number}").GetReferences().AddReference("./cup.usda")
    box(stage, "/World/plain")
    stage.Save()
    opened = open_stage(tmp_path / "scene.usda")
    (entry,) = doc_entries(opened, find(opened))
    assert (entry.identifier, entry.caption, entry.source) == ("cup.usda", "A blue cup.", EntrySource.DOC)
    assert entry.content_hash == content_hash(tmp_path / "cup.usda")
    found = find(opened, database=LabelDatabase([entry]), use_ai_label=True)
    assert {item.caption for item in found.entities} == {"A blue cup.", None}


def test_a_library_of_many_assets_is_told_apart_by_prim(tmp_path: Path) -> None:
    library = tmp_path / "library.usdc"
    library.write_text("bowl and plate")
    digest = content_hash(library)
    database = LabelDatabase([LabelEntry("library.usdc</Bowl>", label="salad bowl", content_hash=digest)])
    assert database.find("library.usdc</Plate>", file=library) is None, "the same file, another thing in it"
    moved = database.find("kit/library.usdc</Bowl>", file=library)
    assert moved is not None
    assert moved.label == "salad bowl"


def test_what_people_turned_down_is_remembered_until_somebody_says_better(tmp_path: Path) -> None:
    path, asset = tmp_path / "l.sqlite", tmp_path / "a.usd"
    asset.write_text("one")
    digest = content_hash(asset)
    guess = LabelEntry("a.usd", label="hat", source=EntrySource.MODEL, model="m", content_hash=digest)
    doc = LabelEntry("a.usd", caption="A thing.", source=EntrySource.DOC, content_hash=digest)
    write_entries(path, [guess, doc])
    assert write_entries(path, [], reject=[("a.usd", digest)]) == 0
    database = LabelDatabase.open(path)
    assert database.entries == (doc,)
    assert database.is_rejected("a.usd", file=asset)
    asset.write_text("two")
    assert not LabelDatabase.open(path).is_rejected("a.usd", file=asset), "the asset has changed since"
    write_entries(path, [LabelEntry("a.usd", label="bowl", content_hash=digest)])
    assert LabelDatabase.open(path).rejected == frozenset()


def test_a_database_without_the_table_of_rejections_is_read(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    write_entries(path, [LabelEntry("a", label="cup")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE rejected")
        connection.commit()
    assert LabelDatabase.open(path).rejected == frozenset()
    write_entries(path, [], reject=[("a", "")])
    assert LabelDatabase.open(path).is_rejected("a")
