"""The label database: one SQLite file that knows better labels, captions and attributes of assets.

An entry belongs to an asset: its identifier (:func:`scenecap.stage.assets.asset_identity`) and, where it is given, the hash
of the file's content, so that an entry for an asset that has changed since is not used. Entries say who made them; a
person's beat a model's, and a model's beat the asset's own documentation.

A run reads a snapshot: nothing is locked, and workers may share it.
"""

from __future__ import annotations

import enum
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from scenecap.errors import LabelDatabaseError
from scenecap.text import MAX_DOC, MAX_LABEL, clean_text

#: Marks the file as ours (SQLite's application_id): "SCLB".
APPLICATION_ID = 0x53434C42
#: Version of the tables (SQLite's user_version).
SCHEMA_VERSION = 1
#: Longest identifier [characters].
MAX_IDENTIFIER = 500
#: Most attributes of an entry.
MAX_ATTRIBUTES = 32

_TABLES = """
CREATE TABLE entries (
    identifier TEXT NOT NULL,
    content_hash TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL CHECK (source IN ('person', 'model', 'doc')),
    label TEXT,
    caption TEXT,
    attributes TEXT NOT NULL DEFAULT '{}',
    model TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (identifier, content_hash, source)
) WITHOUT ROWID
"""
# What people turned down, so that it is not asked for again. Not in databases of earlier programs, which ignore it.
_REJECTED_TABLE = """
CREATE TABLE IF NOT EXISTS rejected (
    identifier TEXT NOT NULL,
    content_hash TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (identifier, content_hash)
) WITHOUT ROWID
"""
_COLUMNS = ("identifier", "content_hash", "source", "label", "caption", "attributes", "model")
_REMEDY = "Give another file, or make a new one with 'scenecap labels import'."


class EntrySource(str, enum.Enum):
    """Who made an entry, in order of precedence."""

    PERSON = "person"
    MODEL = "model"
    DOC = "doc"


_RANK = {source: rank for rank, source in enumerate(EntrySource)}


@dataclass(frozen=True)
class LabelEntry:
    """What one source says of one asset. Texts are cleaned and capped on construction.

    Attributes:
        identifier: The asset.
        label: What it is called, or None.
        caption: What it is, in a sentence, or None.
        attributes: Facts by kind, e.g. {"color": "red", "material": "wood"}.
        source: Who says so.
        model: Name of the model, where one made it.
        content_hash: Hash of the asset file it was made for; "" for any content.

    Raises:
        ValueError: The identifier is empty, or there is neither label, caption nor attribute.
    """

    identifier: str
    label: str | None = None
    caption: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    source: EntrySource = EntrySource.PERSON
    model: str = ""
    content_hash: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.attributes, Mapping):
            raise ValueError(f"attributes must map names to values, not be {type(self.attributes).__name__}")
        attributes = {
            kind: text
            for key, value in sorted(self.attributes.items(), key=lambda item: str(item[0]))[:MAX_ATTRIBUTES]
            if (kind := clean_text(key)) and (text := clean_text(value))
        }
        cleaned = {
            "identifier": clean_text(self.identifier, limit=MAX_IDENTIFIER),
            "label": (clean_text(self.label, limit=MAX_LABEL) or None) if self.label is not None else None,
            "caption": (clean_text(self.caption, limit=MAX_DOC) or None) if self.caption is not None else None,
            "attributes": MappingProxyType(attributes),
            "source": EntrySource(self.source),
            "model": clean_text(self.model),
            "content_hash": clean_text(self.content_hash, limit=64).lower(),
        }
        for name, value in cleaned.items():
            object.__setattr__(self, name, value)
        if not self.identifier:
            raise ValueError("the identifier is empty")
        if self.label is None and self.caption is None and not attributes:
            raise ValueError("there is neither a label, a caption nor an attribute")

    def __hash__(self) -> int:
        return hash((self.identifier, self.content_hash, self.source, self.label, self.caption, self.model))

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # A mapping proxy does not pickle; worker processes get the database as it is.
        values = (self.identifier, self.label, self.caption, dict(self.attributes), self.source, self.model)
        return LabelEntry, (*values, self.content_hash)


@dataclass(frozen=True)
class AssetFacts:
    """What all sources together say of an asset; each part from the best source that has it.

    Attributes:
        label: What it is called, or None.
        caption: Its caption, or None.
        attributes: Facts by kind.
        source: Where the label (or else the caption, or else the attributes) comes from.
    """

    label: str | None
    caption: str | None
    attributes: Mapping[str, str]
    source: EntrySource


class LabelDatabase:
    """A snapshot of a label database.

    Args:
        entries: Its entries.
        rejected: (identifier, content hash) of assets for which people turned down what a model said.
    """

    def __init__(self, entries: Iterable[LabelEntry], *, rejected: Iterable[tuple[str, str]] = ()) -> None:
        self.rejected = frozenset(rejected)
        unique = {(entry.identifier, entry.content_hash, entry.source): entry for entry in entries}
        self.entries = tuple(unique[key] for key in sorted(unique))
        self._by_identifier: dict[str, list[LabelEntry]] = {}
        self._by_hash: dict[str, list[LabelEntry]] = {}
        for entry in self.entries:
            self._by_identifier.setdefault(entry.identifier, []).append(entry)
            if entry.content_hash:
                self._by_hash.setdefault(entry.content_hash, []).append(entry)
        self._hashes: dict[Path, str] = {}

    def __len__(self) -> int:
        return len(self.entries)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> LabelDatabase:
        """Read a label database. The file is not changed and not kept open.

        Raises:
            LabelDatabaseError: There is no such file, it is no label database, or a later version made it.
        """
        file = Path(path)
        if not file.is_file():
            what = "is a directory" if file.is_dir() else "does not exist"
            raise LabelDatabaseError(f"The label database '{file}' {what}.", remedy=_REMEDY)
        with _connection(file, mode="ro") as connection:
            _check(connection, file)
            rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM entries ORDER BY identifier, content_hash, source")
            entries = [_from_row(row, file) for row in rows]
            known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'rejected'").fetchone()[0]
            rejected = connection.execute("SELECT identifier, content_hash FROM rejected").fetchall() if known else []
        return cls(entries, rejected=rejected)

    def find(self, identifier: str, *, file: Path | None = None) -> AssetFacts | None:
        """Return what is known of an asset, or None.

        Args:
            identifier: The asset.
            file: Its file: entries made for other content are not used, and entries for the same content under another
                identifier (the asset was moved) are.
        """
        fitting = self.fitting(identifier, file=file)
        if not fitting:
            return None
        label = next((entry for entry in fitting if entry.label is not None), None)
        caption = next((entry for entry in fitting if entry.caption is not None), None)
        attributes: dict[str, str] = {}
        for entry in fitting:
            for kind, value in entry.attributes.items():
                attributes.setdefault(kind, value)
        source = (label or caption or fitting[0]).source
        return AssetFacts(label and label.label, caption and caption.caption, attributes, source)

    def fitting(self, identifier: str, *, file: Path | None = None) -> tuple[LabelEntry, ...]:
        """Return all that is said of an asset, the weightiest first; arguments as :meth:`find`."""
        digest = self._hash(file) if self._by_hash else ""
        named = self._by_identifier.get(identifier, [])
        fitting = [entry for entry in named if not entry.content_hash or entry.content_hash == digest]
        # Under another name it is the same asset only where it is the same prim of the file: a library holds many.
        fitting += [
            entry
            for entry in self._by_hash.get(digest, [])
            if digest and entry.identifier != identifier and prim_in_file(entry.identifier) == prim_in_file(identifier)
        ]
        # A person's word counts first, then what is about exactly this content, then what has the asset's own name.
        fitting.sort(key=lambda entry: (_RANK[entry.source], not entry.content_hash, entry.identifier != identifier))
        return tuple(fitting)

    def is_rejected(self, identifier: str, *, file: Path | None = None) -> bool:
        """Return whether people turned down what a model said of an asset; arguments as :meth:`find`."""
        return bool(self.rejected) and bool({(identifier, ""), (identifier, self._hash(file))} & self.rejected)

    def _hash(self, file: Path | None) -> str:
        if file is None:
            return ""
        if file not in self._hashes:
            from scenecap.stage.assets import content_hash  # reads assets with USD, which the database itself does not need

            self._hashes[file] = content_hash(file)
        return self._hashes[file]


def write_entries(
    path: str | os.PathLike[str],
    entries: Iterable[LabelEntry],
    *,
    decided: Iterable[tuple[str, str]] = (),
    reject: Iterable[tuple[str, str]] = (),
) -> int:
    """Add entries to a label database, replacing those of the same asset and source; make the file where there is none.

    All is written, or nothing.

    Args:
        path: The database.
        entries: What to add. What was turned down of these assets counts as turned down no longer.
        decided: (identifier, content hash) of assets on which a person decided: what models and people said of them before is
            removed first, so that nothing of it shows where the person left something out.
        reject: Assets, in the same form, for which a person turned down all that was said: it is removed, and they are not to
            be asked about again.

    Returns:
        How many entries were written.

    Raises:
        LabelDatabaseError: The file is no label database, or cannot be written.
    """
    rows = [_to_row(entry) for entry in entries]
    turned_down = list(reject)
    with _writable(Path(path)) as connection:
        connection.executemany(
            "DELETE FROM entries WHERE identifier = ? AND content_hash = ? AND source IN ('person', 'model')",
            [*decided, *turned_down],
        )
        marks = ", ".join("?" for _ in _COLUMNS)
        connection.executemany(f"INSERT OR REPLACE INTO entries ({', '.join(_COLUMNS)}) VALUES ({marks})", rows)
        connection.execute(_REJECTED_TABLE)
        connection.executemany("DELETE FROM rejected WHERE identifier = ? AND content_hash = ?", [row[:2] for row in rows])
        connection.executemany("INSERT OR REPLACE INTO rejected (identifier, content_hash) VALUES (?, ?)", turned_down)
    return len(rows)


def remove_entries(path: str | os.PathLike[str], identifier: str, *, source: EntrySource | None = None) -> int:
    """Remove what a label database says of an asset.

    Args:
        path: The database.
        identifier: The asset.
        source: Only what this source says.

    Returns:
        How many entries were removed.

    Raises:
        LabelDatabaseError: There is no such file, it is no label database, or it cannot be written.
    """
    file = Path(path)
    if not file.is_file():
        raise LabelDatabaseError(f"The label database '{file}' does not exist.", remedy=_REMEDY)
    condition, values = "identifier = ?", [identifier]
    if source is not None:
        condition, values = f"{condition} AND source = ?", [identifier, source.value]
    with _writable(file) as connection:
        return connection.execute(f"DELETE FROM entries WHERE {condition}", values).rowcount


@contextmanager
def _connection(file: Path, *, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a file as SQLite; every SQLite error becomes one line."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise LabelDatabaseError(f"The label database '{file}' cannot be used: {error}.", remedy=_REMEDY) from None


@contextmanager
def _writable(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a label database for one transaction, which is kept whole or undone."""
    if file.is_dir():
        raise LabelDatabaseError(f"The label database '{file}' is a directory.", remedy="Give a file.")
    is_new = not file.exists()
    try:
        with _connection(file, mode="rwc") as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if _is_empty(connection):
                    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                    connection.execute(_TABLES)
                else:
                    _check(connection, file)
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    except BaseException:
        if is_new:
            file.unlink(missing_ok=True)  # SQLite leaves an empty file
        raise


def _is_empty(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def _check(connection: sqlite3.Connection, file: Path) -> None:
    marked = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if marked != APPLICATION_ID:
        raise LabelDatabaseError(f"'{file}' is an SQLite file, but no label database.", remedy=_REMEDY)
    if not 1 <= version <= SCHEMA_VERSION:
        raise LabelDatabaseError(
            f"The label database '{file}' has version {version}; this program knows up to {SCHEMA_VERSION}.",
            remedy="Update the program.",
        )


def prim_in_file(identifier: str) -> str:
    """Return the prim in the file that an identifier names: ``</Bowl>`` of ``library.usdc</Bowl>``, or ""."""
    return identifier[identifier.index("<") :] if identifier.endswith(">") and "<" in identifier else ""


def _to_row(entry: LabelEntry) -> tuple[object, ...]:
    attributes = json.dumps(dict(entry.attributes), sort_keys=True, ensure_ascii=False)
    return (
        entry.identifier, entry.content_hash, entry.source.value, entry.label, entry.caption, attributes, entry.model,
    )  # fmt: skip


def _from_row(row: tuple[object, ...], file: Path) -> LabelEntry:
    values = dict(zip(_COLUMNS, row, strict=True))
    try:
        values["attributes"] = json.loads(str(values["attributes"]))
        return LabelEntry(**values)  # type: ignore[arg-type]
    except ValueError as error:
        name = clean_text(values["identifier"])
        raise LabelDatabaseError(f"The label database '{file}' has a broken entry '{name}': {error}.") from None
