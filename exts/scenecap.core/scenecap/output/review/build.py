"""Write the review: one page that holds its data, style and script, and a folder of pictures beside it.

Texts of stages and models reach the page as JSON and are set as text only; the page's policy runs no script but its own,
known by its hash, and loads nothing but pictures.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from scenecap.errors import OutputError, UsageError
from scenecap.output.atomic import write_file
from scenecap.output.report.script_data import inline_json
from scenecap.text import safe_name

PAGE = "index.html"
PICTURES = "sheets"
#: Marks a page as a review, so that it may be written again.
_MARK = '<meta name="generator" content="scenecap labels review">'


@dataclass(frozen=True)
class ReviewItem:
    """An asset on the page.

    Attributes:
        identifier: As in the label database.
        content_hash: Of its file, or "".
        label: What it is called, or "".
        caption: A sentence, or "".
        attributes: Facts by kind.
        source: Who says so: "person", "model", "doc", or "" where nobody said anything.
        model: The model's name, or "".
        facts: What else is known, as (name, text): shown, not edited.
        remarks: What was left out of an answer and why.
        picture: File of its sheet, or None.
    """

    identifier: str
    content_hash: str = ""
    label: str = ""
    caption: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    model: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()
    picture: Path | None = None


def write_review(out: Path, items: Sequence[ReviewItem], *, title: str) -> int:
    """Write a review to a folder; the page is written last.

    Args:
        out: The folder. One that holds a review is written over.
        items: The assets, in the order of the page.
        title: Of the page; any text.

    Returns:
        How many pictures it has.

    Raises:
        UsageError: The folder holds something else.
        OutputError: A file cannot be read or written.
    """
    _require_place(out)
    values, pictures = [], 0
    for item in items:
        name = None
        if item.picture is not None:
            name = f"{PICTURES}/{safe_name(item.picture.name)}"
            write_file(out / name, _read(item.picture), fsync=False)
            pictures += 1
        values.append(_value(item, name))
    write_file(out / PAGE, page(values, title=title).encode("utf-8"), fsync=False)
    return pictures


def page(values: Sequence[Mapping[str, Any]], *, title: str) -> str:
    """Return the HTML of a review.

    Args:
        values: The assets as JSON values.
        title: Any text.
    """
    style, script = _asset("review.css"), _asset("review.js")
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; img-src 'self' file:; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {
        "mark": _MARK,
        "policy": policy,
        "title": html.escape(title),
        "style": style,
        "data": inline_json({"title": title, "items": list(values)}),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("review.html"))


def _value(item: ReviewItem, picture: str | None) -> dict[str, Any]:
    return {
        "identifier": item.identifier,
        "content_hash": item.content_hash,
        "label": item.label,
        "caption": item.caption,
        "attributes": [[kind, value] for kind, value in item.attributes.items()],
        "source": item.source,
        "model": item.model,
        "facts": [list(fact) for fact in item.facts],
        "remarks": list(item.remarks),
        "picture": picture,
    }


def _require_place(out: Path) -> None:
    if out.is_dir():
        page_file = out / PAGE
        if not any(out.iterdir()):
            return
        try:
            with page_file.open("rb") as stream:
                if _MARK.encode() in stream.read(4096):
                    return
        except OSError:
            pass
        raise UsageError(f"{out}: this folder is no review and not empty.", remedy="Choose another with --out.")
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out}: a file or a link of that name is in the way.", remedy="Choose another with --out.")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror or error}).") from None


def _source(code: str) -> str:
    """Return what names an inline script or style in the policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return (files("scenecap.output.review") / "assets" / name).read_text(encoding="utf-8")
