"""Put a label database and its sheets together for people to review."""

from __future__ import annotations

from pathlib import Path

from scenecap.capture.turntable.sheet import size_words
from scenecap.errors import UsageError
from scenecap.output.review.build import ReviewItem, write_review
from scenecap.run.annotate.sheets import SheetNote, StoredSheet, default_folder, read_sheets
from scenecap.stage.label_database import EntrySource, LabelDatabase, LabelEntry

_TURNED_DOWN = ("a person turned down what was said of it",)
_ORDER = (EntrySource.PERSON, EntrySource.MODEL, EntrySource.DOC)


def write_review_of(database: Path, out: Path, *, sheets: Path | None = None) -> tuple[int, int]:
    """Write a review of all that a label database says, and of the assets with a sheet of which it says nothing.

    Args:
        database: The database.
        out: Folder of the review.
        sheets: Folder of the sheets; by default the one beside the database.

    Returns:
        Number of assets and of pictures.

    Raises:
        LabelDatabaseError: There is no such database.
        UsageError: There is nothing to review, or ``out`` holds something else.
        OutputError: A file cannot be read or written.
    """
    known = LabelDatabase.open(database)
    folder = default_folder(database) if sheets is None else sheets
    if sheets is not None and not folder.is_dir():
        raise UsageError(f"--sheets: there is no folder {folder}.")
    found = {(item.note.identifier, item.note.content_hash): item for item in read_sheets(folder)} if folder.is_dir() else {}
    items = review_items(known, found)
    if not items:
        raise UsageError(
            f"{database}: there is nothing to review.", remedy="'scenecap labels annotate' asks a model about assets."
        )
    return len(items), write_review(out, items, title=f"Review of {database.name}")


def review_items(known: LabelDatabase, sheets: dict[tuple[str, str], StoredSheet]) -> list[ReviewItem]:
    """Return the assets of a review: those without a label first, then what a model said, then the rest.

    Args:
        known: The database.
        sheets: (identifier, content hash) -> sheet.
    """
    said: dict[tuple[str, str], dict[EntrySource, LabelEntry]] = {}
    for entry in known.entries:
        said.setdefault((entry.identifier, entry.content_hash), {})[entry.source] = entry
    items = []
    for key in sorted({*said, *sheets}):
        entries, sheet = said.get(key, {}), sheets.get(key)
        is_rejected = key in known.rejected and not entries
        items.append(_item(key, entries, sheet, _TURNED_DOWN if is_rejected else ()))
    rank = {"": 0, "model": 1, "doc": 2, "person": 3}
    return sorted(items, key=lambda item: (rank[item.source], item.identifier, item.content_hash))


def _item(
    key: tuple[str, str],
    entries: dict[EntrySource, LabelEntry],
    sheet: StoredSheet | None,
    remarks: tuple[str, ...],
) -> ReviewItem:
    """Return one asset, with each part from the best source that has it."""
    ranked = [entries[source] for source in _ORDER if source in entries]
    label = next((entry.label for entry in ranked if entry.label), "")
    caption = next((entry.caption for entry in ranked if entry.caption), "")
    attributes: dict[str, str] = {}
    for entry in ranked:
        for kind, value in entry.attributes.items():
            attributes.setdefault(kind, value)
    note = None if sheet is None else sheet.note
    return ReviewItem(
        identifier=key[0],
        content_hash=key[1],
        label=label or "",
        caption=caption or "",
        attributes=attributes,
        source=ranked[0].source.value if ranked else "",
        model=next((entry.model for entry in ranked if entry.model), ""),
        facts=_facts(note),
        remarks=(*remarks, *(note.remarks if note is not None else ())),
        picture=None if sheet is None else sheet.picture,
    )


def _facts(note: SheetNote | None) -> tuple[tuple[str, str], ...]:
    if note is None:
        return ()
    colors = ", ".join(f"{term} {share:.0%}" for term, share in note.colors[:4])
    facts = [
        ("was called", note.label),
        ("drawn from", f"{note.scene} {note.path}"),
        ("size", size_words(note.size)),
        ("surface", colors or "no color that is known or certain"),
    ]
    return tuple(facts)
