"""Text from a stage is data: cap it, clean it, and never let it into a path unchecked."""

from __future__ import annotations

import hashlib
import re
import unicodedata

#: Longest label that is kept [characters].
MAX_LABEL = 80
#: Longest doc or object caption that is kept [characters].
MAX_DOC = 2000

_SPACES = re.compile(r"\s+")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def clean_text(value: object, *, limit: int = MAX_LABEL) -> str:
    """Return stage text as one line without control, format, surrogate or private characters, at most ``limit`` long.

    Args:
        value: Anything; it is turned into a string.
        limit: Longest result [characters].
    """
    # Cap before normalising: a hostile 100 kB label must not cost more than its cap. NFKC grows a character 18-fold at most.
    text = str(value)[: limit * 4]
    if not (text.isascii() and text.isprintable()):  # nearly all names need no more than spaces looked at
        text = unicodedata.normalize("NFKC", text)
        text = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text)
    return _SPACES.sub(" ", text).strip()[:limit].rstrip()


def safe_name(value: object, *, limit: int = 100) -> str:
    """Return a file-name-safe version of a text: ASCII letters, digits, ``.``, ``_``, ``-``; never empty, ``.`` or ``..``.

    A text that had to be cut gets a short hash of the whole, so that two long names stay apart.
    """
    raw = str(value)
    text = unicodedata.normalize("NFKD", raw).encode("ascii", "ignore").decode("ascii")
    text = _UNSAFE.sub("_", text).strip("._-")
    if len(text) > limit:
        text = f"{text[: limit - 9]}_{short_hash(raw)}"
    return text or f"unnamed_{short_hash(raw)}"


def short_hash(value: object) -> str:
    """Return eight hexadecimal digits that stand for a text."""
    return hashlib.sha256(str(value).encode("utf-8", "surrogatepass")).hexdigest()[:8]


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str | None:
    """Return the known word that a mistyped one most likely means, or None."""
    import difflib

    lowered = {item.lower(): item for item in known}
    hits = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[hits[0]] if hits else None
