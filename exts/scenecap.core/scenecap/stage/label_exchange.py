"""Import and export a label database's entries as CSV or JSON. Errors name the file and the line."""

from __future__ import annotations

import csv
import enum
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scenecap.errors import LabelDatabaseError
from scenecap.stage.label_database import MAX_ATTRIBUTES, EntrySource, LabelDatabase, LabelEntry
from scenecap.text import MAX_DOC, MAX_LABEL, clean_text, nearest

#: Columns of the CSV file and keys of the JSON objects; only the first is needed.
COLUMNS = ("identifier", "label", "caption", "attributes", "source", "model", "content_hash")
#: A further column: what a person who reviewed an entry decided.
REVIEW = "review"
#: Longest file that is read [bytes].
MAX_BYTES = 256 << 20


class Decision(str, enum.Enum):
    """What a person who reviewed an entry decided."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Table:
    """What a file holds.

    Attributes:
        entries: What assets are called. Those that a person accepted or corrected are that person's.
        decided: (identifier, content hash) of the assets that these are about.
        rejected: The same of assets for which a person turned down what was said.
    """

    entries: tuple[LabelEntry, ...]
    decided: tuple[tuple[str, str], ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()


def read_entries(path: str | os.PathLike[str], *, source: EntrySource = EntrySource.PERSON) -> tuple[LabelEntry, ...]:
    """Return the entries alone of a file, as :func:`read_table` reads it."""
    return read_table(path, source=source).entries


def read_table(path: str | os.PathLike[str], *, source: EntrySource = EntrySource.PERSON) -> Table:
    """Read entries, or the corrections of a review, from a .csv or .json file.

    CSV needs a header with ``identifier``; ``attributes`` is a JSON object or ``color=red; material=wood``. JSON is a list
    of objects with the same keys, or ``{"entries": [...]}``. Rows with a ``review`` are a person's: no text of them is cut,
    and no asset has two.

    Args:
        path: The file.
        source: Who made the entries that do not say it.

    Raises:
        LabelDatabaseError: The file cannot be read, or a line is wrong; the first one is named.
    """
    file = Path(path)
    readers: Mapping[str, Callable[[Path, str], Iterator[tuple[int, dict[str, object]]]]] = {".csv": _csv, ".json": _json}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise LabelDatabaseError(f"'{file}' is neither .csv nor .json.", remedy="Give a file with one of these endings.")
    try:
        if file.stat().st_size > MAX_BYTES:
            raise LabelDatabaseError(f"'{file}' is larger than {MAX_BYTES >> 20} MB.")
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LabelDatabaseError(f"'{file}' cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise LabelDatabaseError(f"'{file}' is not UTF-8 (byte {error.start}).", remedy="Save it as UTF-8.") from None
    entries: list[LabelEntry] = []
    rejected: list[tuple[str, str]] = []
    reviewed: dict[tuple[str, str], int] = {}
    for line, values in reader(file, text):
        try:
            decision = _decision(values)
            if decision is None:
                entries.append(_entry(values, source))
                continue
            key = _reviewed_key(values)
            if key in reviewed:
                raise ValueError(f"'{key[0]}' is decided on line {reviewed[key]} already")
            reviewed[key] = line
            if decision is Decision.REJECTED:
                rejected.append(key)
            else:
                entries.append(_reviewed_entry(values))
        except ValueError as error:
            raise _wrong(file, line, str(error)) from None
    return Table(tuple(entries), tuple(key for key in reviewed if key not in rejected), tuple(rejected))


def write_export(database: LabelDatabase, path: str | os.PathLike[str]) -> int:
    """Write a database's entries to a .csv or .json file, sorted; the same entries give the same bytes.

    Returns:
        How many.

    Raises:
        LabelDatabaseError: The file cannot be written, or its name has another ending.
    """
    file = Path(path)
    writers: Mapping[str, Callable[[Iterable[LabelEntry]], str]] = {".csv": _to_csv, ".json": _to_json}
    writer = writers.get(file.suffix.lower())
    if writer is None:
        raise LabelDatabaseError(f"'{file}' is neither .csv nor .json.", remedy="Give a file with one of these endings.")
    temporary = file.with_name(f".{file.name}.part")
    try:
        temporary.write_text(writer(database.entries), encoding="utf-8", newline="")
        os.replace(temporary, file)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LabelDatabaseError(f"'{file}' cannot be written: {error.strerror or error}.") from None
    return len(database.entries)


def _decision(values: dict[str, object]) -> Decision | None:
    """Take the decision out of a row; None where there is none."""
    word = values.pop(REVIEW, None)
    if word is None or word == "":
        return None
    known = [item.value for item in Decision]
    if word not in known:
        raise ValueError(f"review '{clean_text(word)}' is none of {', '.join(known)}")
    return Decision(str(word))


def _reviewed_key(values: Mapping[str, object]) -> tuple[str, str]:
    """Return the identifier and content hash of a row, as an entry has them."""
    one = LabelEntry(str(values.get("identifier") or ""), label="-", content_hash=str(values.get("content_hash") or ""))
    return one.identifier, one.content_hash


def _reviewed_entry(values: Mapping[str, object]) -> LabelEntry:
    """Return what a person said of an asset, whole."""
    for key, limit in (("label", MAX_LABEL), ("caption", MAX_DOC)):
        value = values.get(key)
        if isinstance(value, str) and len(value.strip()) > limit:
            raise ValueError(f"'{key}' is longer than {limit} characters")
    attributes = _attributes(values.get("attributes") or {})
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"'attributes' has more than {MAX_ATTRIBUTES} kinds")
    for kind, value in attributes.items():
        if max(len(kind), len(value)) > MAX_LABEL:
            raise ValueError(f"attribute '{clean_text(kind)}' is longer than {MAX_LABEL} characters")
    return _entry({**values, "source": EntrySource.PERSON.value, "model": ""}, EntrySource.PERSON)


def _entry(values: Mapping[str, object], source: EntrySource) -> LabelEntry:
    for key in values:
        if key not in COLUMNS:
            hint = nearest(key, COLUMNS)
            raise ValueError(f"unknown column '{clean_text(key)}'" + (f"; did you mean '{hint}'?" if hint else ""))
    given = {key: value for key, value in values.items() if value is not None and value != ""}
    for key, value in given.items():
        if key != "attributes" and not isinstance(value, str):
            raise ValueError(f"'{key}' must be a text, not {type(value).__name__}")
    word = str(given.get("source", source.value))
    if word not in [item.value for item in EntrySource]:
        raise ValueError(f"source '{clean_text(word)}' is none of person, model, doc")
    return LabelEntry(
        identifier=str(given.get("identifier", "")),
        label=_text(given.get("label")),
        caption=_text(given.get("caption")),
        attributes=_attributes(given.get("attributes", {})),
        source=EntrySource(word),
        model=str(given.get("model", "")),
        content_hash=str(given.get("content_hash", "")),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _attributes(value: object) -> dict[str, str]:
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("{"):
            pairs = [pair.partition("=") for pair in text.split(";") if pair.strip()]
            if any(not separator or not key.strip() for key, separator, _ in pairs):
                raise ValueError("attributes must be a JSON object or 'color=red; material=wood'")
            return {key.strip(): item.strip() for key, _, item in pairs}
        try:
            value = json.loads(text)
        except ValueError:
            raise ValueError("attributes is no JSON object") from None
    if not isinstance(value, Mapping) or not all(isinstance(item, (str, int, float)) for item in value.values()):
        raise ValueError("attributes must map names to texts or numbers")
    return {str(key): str(item) for key, item in value.items()}


def _csv(file: Path, text: str) -> Iterator[tuple[int, dict[str, object]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "identifier" not in header:
            raise _wrong(file, 1, "the header has no column 'identifier'")
        if len(set(header)) != len(header):
            raise _wrong(file, 1, "the header names a column twice")
        start = reader.line_num + 1
        for row in reader:
            line, start = start, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                raise _wrong(file, line, f"{len(row)} values for {len(header)} columns")
            yield line, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise _wrong(file, reader.line_num, str(error)) from None


def _json(file: Path, text: str) -> Iterator[tuple[int, dict[str, object]]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(file, error.lineno, error.msg) from None
    except RecursionError:
        raise _wrong(file, 1, "it is nested too deep") from None
    entries = data.get("entries") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise _wrong(file, 1, 'a list of entries, or {"entries": [...]}, is expected')
    lines = _lines_of_items(text)
    for number, values in enumerate(entries):
        line = lines[number] if number < len(lines) else 1
        if not isinstance(values, dict):
            raise _wrong(file, line, "an entry must be an object")
        yield line, values


def _lines_of_items(text: str) -> list[int]:
    """Return the line on which each item of the list starts: json forgets where it read what."""
    decoder = json.JSONDecoder()
    start = text.find("[") if text.lstrip().startswith("[") else text.find("[", max(text.find('"entries"'), 0))
    lines, at, line = [], start + 1, text.count("\n", 0, start + 1) + 1
    while True:
        begin = at
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        line += text.count("\n", begin, at)
        if at >= len(text) or text[at] == "]":
            return lines
        lines.append(line)
        try:
            _, end = decoder.raw_decode(text, at)
        except ValueError:
            return lines
        line += text.count("\n", at, end)
        at = end


def _values(entry: LabelEntry) -> dict[str, object]:
    return {
        "identifier": entry.identifier,
        "label": entry.label or "",
        "caption": entry.caption or "",
        "attributes": dict(entry.attributes),
        "source": entry.source.value,
        "model": entry.model,
        "content_hash": entry.content_hash,
    }


def _to_csv(entries: Iterable[LabelEntry]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        values = _values(entry)
        values["attributes"] = json.dumps(values["attributes"], sort_keys=True, ensure_ascii=False) if entry.attributes else ""
        writer.writerow([values[name] for name in COLUMNS])
    return out.getvalue()


def _to_json(entries: Iterable[LabelEntry]) -> str:
    items = [{key: value for key, value in _values(entry).items() if value not in ("", {})} for entry in entries]
    return json.dumps({"entries": items}, indent=2, ensure_ascii=False) + "\n"


def _wrong(file: Path, line: int, what: str) -> LabelDatabaseError:
    return LabelDatabaseError(f"{file}, line {line}: {what}.")
