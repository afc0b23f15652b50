"""CSV and JSON of a label database."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.errors import LabelDatabaseError
from scenecap.stage.label_database import EntrySource, LabelDatabase, LabelEntry
from scenecap.stage.label_exchange import COLUMNS, read_entries, read_table, write_export

ENTRIES = (
    LabelEntry("a,b.usd", label='say "hi"', caption="Two\nlines; and, commas.", attributes={"color": "red", "size": "7 cm"}),
    LabelEntry("b.usd", label="茶壶", source=EntrySource.MODEL, model="m-1", content_hash="00ff"),
    LabelEntry("c.usd", caption="Only a caption."),
)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_round_trip(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"labels{suffix}"
    assert write_export(LabelDatabase(ENTRIES), file) == 3
    assert read_entries(file) == ENTRIES
    first = file.read_bytes()
    write_export(LabelDatabase(reversed(ENTRIES)), file)
    assert file.read_bytes() == first
    assert [item.name for item in tmp_path.iterdir()] == [file.name]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=5))
def test_any_text_survives_the_way_there_and_back(rows: list[tuple[str, str, str]]) -> None:
    import tempfile

    try:
        entries = [LabelEntry(name, label=text, attributes={"kind": value}) for name, text, value in rows]
    except ValueError:
        return  # a text of nothing but spaces
    database = LabelDatabase(entries)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".csv", ".json"):
            file = Path(folder) / f"x{suffix}"
            write_export(database, file)
            assert read_entries(file) == database.entries


def test_csv_as_a_person_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(
        "\ufeffIdentifier, Label ,attributes\r\n"
        "chair.usd,office chair,color=red; material = wood\r\n"
        "\r\n"
        'table.usd,table,"{""color"": ""white""}"\r\n'.encode()
    )
    chair, table = read_entries(file, source=EntrySource.MODEL)
    assert (chair.label, chair.attributes, chair.source) == (
        "office chair",
        {"color": "red", "material": "wood"},
        EntrySource.MODEL,
    )
    assert table.attributes == {"color": "white"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("label\nx\n", 1, "no column 'identifier'"),
        ("", 1, "no column 'identifier'"),
        ("identifier,label,label\n", 1, "twice"),
        ("identifier,lable\na,b\n", 2, "did you mean 'label'"),
        ("identifier,label\na,b\nc\n", 3, "1 values for 2 columns"),
        ("identifier,label\na,b\nc,d,e\n", 3, "3 values"),
        ("identifier,label\na,b\n,d\n", 3, "identifier is empty"),
        ("identifier,label\na,\n", 2, "neither a label"),
        ('identifier,label\n"a\nb",x\nc,\n', 4, "neither a label"),
        ("identifier,label,source\na,b,oracle\n", 2, "none of person, model, doc"),
        ("identifier,attributes\na,red\n", 2, "attributes must be"),
        ("identifier,attributes\na,{red\n", 2, "no JSON object"),
        ('identifier,label\na,"b\n', 2, ""),
        ('identifier,label\na,"b"c\n', 2, ""),
    ],
)
def test_wrong_csv_names_the_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(LabelDatabaseError) as caught:
        read_entries(file)
    message = str(caught.value)
    assert f"labels.csv, line {line}: " in message
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("{", 1, ""),
        ("3", 1, "a list of entries"),
        ('{"items": []}', 1, "a list of entries"),
        ('[\n  {"identifier": "a", "label": "b"},\n  3\n]', 3, "must be an object"),
        ('[\n\n  {"identifier": "a",\n   "label": "b"},\n\n  {"identifier": "b"}\n]', 6, "neither a label"),
        ('{\n"entries": [\n  {"identifier": "a", "label": 7}\n]}', 3, "'label' must be a text"),
        ('[\n  {"identifier": "a", "lable": "x"}\n]', 2, "did you mean 'label'"),
        ('[{"identifier": "a", "attributes": {"x": [1]}}]', 1, "attributes must map"),
        ("[" * 100_000, 1, ""),
    ],
)
def test_wrong_json_names_the_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / "labels.json"
    file.write_text(text)
    with pytest.raises(LabelDatabaseError) as caught:
        read_entries(file)
    assert f"labels.json, line {line}: " in str(caught.value)
    assert words in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("identifier,label\na,gr\xfcn\n".encode("latin-1"))
    (tmp_path / "folder.csv").mkdir()
    for name, words in (
        ("gone.csv", "cannot be read"),
        ("folder.csv", "cannot be read"),
        ("latin.csv", "not UTF-8"),
        ("x.xlsx", "neither .csv nor .json"),
    ):
        with pytest.raises(LabelDatabaseError, match=words):
            read_entries(tmp_path / name)


def test_files_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LabelDatabaseError, match="neither"):
        write_export(LabelDatabase([]), tmp_path / "x.txt")
    with pytest.raises(LabelDatabaseError, match="cannot be written"):
        write_export(LabelDatabase([]), tmp_path / "no" / "x.csv")


def test_other_programs_can_read_the_export(tmp_path: Path) -> None:
    write_export(LabelDatabase(ENTRIES), tmp_path / "x.csv")
    write_export(LabelDatabase(ENTRIES), tmp_path / "x.json")
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["label"] == 'say "hi"'
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))["entries"][1]["label"] == "茶壶"


def review_rows(ending: str, *rows: dict[str, object]) -> str:
    """Return a review's corrections as its page saves them."""
    if ending == "json":
        return json.dumps({"kind": "scenecap label corrections", "entries": list(rows)}, indent=2)
    names = ["identifier", "label", "caption", "attributes", "content_hash", "review"]
    out = io.StringIO()
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    for row in rows:
        writer.writerow({key: json.dumps(value) if isinstance(value, dict) else value for key, value in row.items()})
    return out.getvalue()


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_corrections_of_a_review_are_a_persons(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"c.{ending}"
    file.write_text(
        review_rows(
            ending,
            {"identifier": "a", "label": "cup", "caption": "", "attributes": {"color": "red"}, "review": "accepted"},
            {"identifier": "b", "content_hash": "00FF", "label": "mug", "review": "corrected"},
            {"identifier": "c", "review": "rejected"},
        ),
        encoding="utf-8",
    )
    table = read_table(file, source=EntrySource.MODEL)
    assert table.entries == (
        LabelEntry("a", label="cup", attributes={"color": "red"}),
        LabelEntry("b", label="mug", content_hash="00ff"),
    )
    assert (table.decided, table.rejected) == ((("a", ""), ("b", "00ff")), (("c", ""),))


@pytest.mark.parametrize("ending", ["csv", "json"])
@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"identifier": "b", "label": "x", "review": "maybe"}, "review 'maybe' is none of accepted, corrected, rejected"),
        ({"identifier": "b", "label": "x" * 81, "review": "accepted"}, "'label' is longer than 80 characters"),
        ({"identifier": "b", "label": "x", "caption": "y" * 2001, "review": "corrected"}, "'caption' is longer than 2000"),
        ({"identifier": "b", "label": "x", "attributes": {"color": "z" * 81}, "review": "accepted"}, "attribute 'color'"),
        (
            {"identifier": "b", "label": "x", "attributes": {str(n): "y" for n in range(33)}, "review": "accepted"},
            "more than 32 kinds",
        ),
        ({"identifier": "b", "review": "accepted"}, "neither a label"),
        ({"identifier": "", "review": "rejected"}, "identifier is empty"),
        ({"identifier": "a", "label": "again", "review": "accepted"}, "'a' is decided on line"),
    ],
)
def test_wrong_corrections_are_named_and_nothing_is_imported(
    tmp_path: Path, ending: str, row: dict[str, object], words: str
) -> None:
    file = tmp_path / f"c.{ending}"
    first = {"identifier": "a", "label": "cup", "review": "accepted"}
    file.write_text(review_rows(ending, first, row), encoding="utf-8")
    with pytest.raises(LabelDatabaseError, match=words) as error:
        read_table(file)
    line = 3 if ending == "csv" else file.read_text().splitlines().index("    {", 5) + 1
    assert f"line {line}" in str(error.value)
