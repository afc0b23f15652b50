"""What authored labels say a thing is. Needs no USD library: recorded frames have labels too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scenecap.colours import BASIC_TERMS
from scenecap.stage.names import COLOR_TERMS, clean_label, split_words
from scenecap.text import clean_text

#: Taxonomies that name a thing, in order of preference; others follow in alphabetical order.
NAMING_TAXONOMIES = ("class", "category", "name", "label", "type")
#: Taxonomies that do not name a thing: what it is like, or a number in a catalogue.
_NOT_NAMES = frozenset({"color", "colour", "material", "wikidata_qcode", "wikidata_id", "id", "instance", "uid", "state"})
_CATALOGUE = re.compile(r"^(?:Q\d+|\d+|[0-9a-f]{16,}|[0-9a-f-]{32,})$", re.I)


def naming_label(labels: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the authored label that says what a thing is, as it is authored; None where none does."""
    ranked = sorted(
        (taxonomy for taxonomy in labels if taxonomy.lower() not in _NOT_NAMES),
        key=lambda taxonomy: (
            NAMING_TAXONOMIES.index(taxonomy.lower()) if taxonomy.lower() in NAMING_TAXONOMIES else len(NAMING_TAXONOMIES),
            taxonomy,
        ),
    )
    return next((text for taxonomy in ranked for text in labels[taxonomy] if not _CATALOGUE.match(text)), None)


def color_label(labels: Mapping[str, tuple[str, ...]]) -> str | None:
    """Return the basic colour term of an authored ``color`` label, or None."""
    for taxonomy, texts in labels.items():
        if taxonomy.lower() in ("color", "colour"):
            term = next((COLOR_TERMS.get(text.lower()) for text in texts), None)
            return term if term in BASIC_TERMS else None
    return None


def label_from_authored(text: str, *, prim_name: str, vendor_words: Iterable[str]) -> str:
    """Return an authored label as words: ``Office_Chair`` -> ``office chair``.

    A label that is the prim's own name was made by a tool, and is read as a name is.

    Args:
        text: The label.
        prim_name: Name of the prim that it is authored on.
        vendor_words: As in :func:`scenecap.stage.names.clean_label`.
    """
    if text == prim_name:
        cleaned = clean_label(text, vendor_words=vendor_words)
        if cleaned:
            return cleaned
    return clean_text(" ".join(split_words(text))) or text.lower()
