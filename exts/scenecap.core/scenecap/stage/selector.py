"""Choose objects by what they are called or where they are: a label, or a glob of labels or of prim paths."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import Annotated, Any, Protocol

from pydantic import BeforeValidator, WithJsonSchema

from scenecap.text import clean_text, nearest

#: The longest selector: hostile config files exist too [characters].
_MAX_LENGTH = 1000
#: Labels that are listed where a selector fits nothing.
_LISTED = 8


class Named(Protocol):
    """What a selector is held against: an object or an entity of the stage."""

    @property
    def path(self) -> str:
        """Prim path."""
        ...

    @property
    def label(self) -> str:
        """What it is called."""
        ...


def parse_selector(value: Any) -> str:
    """Return a selector, cleaned.

    Raises:
        ValueError: It is no text, empty, or too long.
    """
    text = clean_text(value, limit=_MAX_LENGTH) if isinstance(value, str) else ""
    if not text:
        raise ValueError("not a label or glob")
    return text


def selects(selector: str, item: Named) -> bool:
    """Return whether a selector means an object.

    One with a ``/`` is a glob of prim paths, in which ``*`` stands for any characters, ``/`` too; any other is a label or a
    glob of labels, whatever the case.
    """
    if "/" in selector:
        return fnmatch.fnmatchcase(item.path, selector)
    return fnmatch.fnmatchcase(item.label.lower(), selector.lower())


def nothing_selected(selector: str, known: Iterable[Named]) -> str:
    """Return why a selector selects nothing, with what is near it."""
    labels = sorted({item.label for item in known})
    if not labels:
        return f"'{selector}' fits no object: the stage has none"
    hint = nearest(selector, tuple(labels))
    if hint:
        return f"'{selector}' fits no object; did you mean '{hint}'?"
    shown = ", ".join(labels[:_LISTED]) + (f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else "")
    return f"'{selector}' fits no object; the stage has: {shown}"


#: A label, or a glob of labels or prim paths, as written by a person.
Selector = Annotated[
    str,
    BeforeValidator(parse_selector),
    WithJsonSchema(
        {"type": "string", "x-allowed": "a label (mug), a glob of labels (*mug) or of prim paths (/World/Kitchen/*)"}
    ),
]


def parse_selectors(value: Any) -> tuple[str, ...]:
    """Return the selectors of a list, or of one text.

    Raises:
        ValueError: One of them is no text, empty, or too long.
    """
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple(dict.fromkeys(parse_selector(item) for item in items))


#: Selectors, as written by a person.
Selectors = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_selectors),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "x-allowed": "a label (mug), a glob of labels (*mug) or of prim paths (/World/Kitchen/*), or a list of these",
        }
    ),
]
