"""The page itself: its HTML, style and scripts, linked or in one file, and the policy that lets it load nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from scenecap.output.report.script_data import inline_json

STYLE = "report.css"
#: In the order in which they are run.
SCRIPTS = (
    "core.js",
    "focus.js",
    "filters.js",
    "gallery.js",
    "picture.js",
    "texts.js",
    "tables.js",
    "frame.js",
    "plots.js",
    "app.js",
)
_SAFE_NAME = re.compile(r"[a-z0-9_/]+")


def asset(name: str) -> str:
    """Return a file of the page."""
    return _assets()[name]


@cache
def _assets() -> dict[str, str]:
    folder = files("scenecap.output.report") / "assets"
    return {name: (folder / name).read_text(encoding="utf-8") for name in ("index.html", STYLE, *SCRIPTS)}


def linked_page(title: str) -> str:
    """Return the HTML of a page whose style, scripts and data lie beside it.

    Args:
        title: Of the page; any text.
    """
    # For a page from the disk, Chromium and Firefox take 'self' for the files that lie there.
    policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
    scripts = [f'<script defer src="assets/{name}"></script>' for name in SCRIPTS]
    scripts.append('<script defer src="data/index.js"></script>')
    return _page(title, policy, f'<link rel="stylesheet" href="assets/{STYLE}">', scripts)


def single_page(title: str, data: Mapping[str, object]) -> str:
    """Return the HTML of a page that holds everything: only the scripts of this program, known by their hashes, are run.

    Args:
        title: Of the page; any text.
        data: Name -> JSON values.
    """
    style, code = asset(STYLE), "\n".join(asset(name) for name in SCRIPTS)
    policy = f"default-src 'none'; script-src {_source(code)}; style-src {_source(style)}; img-src data:"
    scripts = []
    for name, value in data.items():
        if not _SAFE_NAME.fullmatch(name):
            raise ValueError(f"single_page: {name!r} is no name of data")
        scripts.append(f'<script type="application/json" data-name="{name}">{inline_json(value)}</script>')
    scripts.append(f"<script>{code}</script>")
    return _page(title, policy, f"<style>{style}</style>", scripts)


def _page(title: str, policy: str, style: str, scripts: list[str]) -> str:
    parts = {
        "title": html.escape(title),
        "policy": f"{policy}; base-uri 'none'; form-action 'none'",
        "style": style,
        "scripts": "\n".join(scripts),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], asset("index.html"))


def _source(code: str) -> str:
    """Return what names an inline script or style in the policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
