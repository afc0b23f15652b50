"""Canonical JSON: one document, one sequence of bytes, on any machine.

Keys keep the order in which the serializer wrote them, lengths are rounded, NaN and infinity do not occur, text is UTF-8, the
file ends with a newline. Outer levels are indented for people, inner ones are on one line, so that a matrix is a line and an
edge is a line.
"""

from __future__ import annotations

import enum
import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scenecap.contract import LENGTH_DECIMALS

#: Containers whose one-line form is at most this long [characters] are not broken into lines.
_SHORT = 100


class Encoded(str):
    """A value that is canonical JSON already, put in as it is.

    For parts that two documents share, which are then encoded once.
    """

    __slots__ = ()


class Digits:
    """Numbers that are rounded to their own number of decimals, whatever the document's is.

    Args:
        value: A float or an array of floats.
        decimals: Decimals to keep; None keeps all.
    """

    __slots__ = ("decimals", "value")

    def __init__(self, value: float | np.ndarray, decimals: int | None) -> None:
        self.value = value
        self.decimals = decimals


_encode_str = json.encoder.encode_basestring  # keeps non-ASCII characters


class EncodedItems(tuple[str, ...]):
    """Items of a JSON array that are canonical JSON already, each on a line of its own in a document's outer levels.

    For arrays of tens of thousands of edges, whose serializer formats a line faster than the general encoder can.
    """

    __slots__ = ()


def dumps(document: Any, *, decimals: int | None = LENGTH_DECIMALS, levels: int = 3) -> bytes:
    """Return a document as canonical JSON.

    Args:
        document: Mappings, sequences, numpy arrays and scalars, enums, strings, numbers, booleans, None.
        decimals: Floats are rounded to this many decimals; None writes them so that reading gives back the same float64.
        levels: Containers nested less deep than this are broken into lines where they are long.

    Raises:
        ValueError: A float is NaN or infinite, or a value has no JSON form; the message names the key.
    """
    return (_encode(document, decimals, levels, "") + "\n").encode("utf-8", "replace")


def encode_value(value: Any, *, levels: int, margin: str, decimals: int | None = LENGTH_DECIMALS) -> Encoded:
    """Return a part of a document, encoded for its place there.

    Args:
        value: As for :func:`dumps`.
        levels: As for :func:`dumps`, less the depth of the place.
        margin: Indentation of the place: two spaces for each level above it.
        decimals: As for :func:`dumps`.
    """
    return Encoded(_encode(value, decimals, levels, margin))


def encode_arrays(arrays: np.ndarray, *, decimals: int = LENGTH_DECIMALS, key: str = "") -> list[Encoded]:
    """Return each of N float arrays as canonical JSON, rounded and formatted all at once.

    Args:
        arrays: (N, ...) floats.
        decimals: Decimals to keep.
        key: What the arrays are, for the error.

    Raises:
        ValueError: A value is NaN or infinite.
    """
    try:
        rows = _plain_array(np.asarray(arrays, dtype=np.float64), decimals)
    except ValueError as error:
        raise ValueError(f"canonical JSON: {key or 'an array'} {error}") from None
    return [Encoded(repr(item)) for item in rows]


def dumps_line(document: Any, *, decimals: int | None = LENGTH_DECIMALS) -> str:
    """Return a document as one line of canonical JSON, without the newline."""
    return _encode(document, decimals, 0, "")


def content_hash(content: bytes) -> str:
    """Return the SHA-256 of some bytes as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _encode(document: Any, decimals: int | None, levels: int, margin: str) -> str:
    try:
        return _text(document, decimals, levels, margin)
    except ValueError as error:
        # Keys are put together only where there is something to say: a document has tens of thousands of values.
        raise ValueError(f"canonical JSON: {_fault(document) or f'the document {error}'}") from None


def _text(value: Any, decimals: int | None, levels: int, margin: str) -> str:
    """Return a value as JSON: broken into lines down to ``levels`` where it is long.

    Raises:
        ValueError: It has no JSON form; says why, not where.
    """
    kind = type(value)  # the plain types come by the ten thousand: no look-up of abstract classes for them
    if kind is str:
        return _encode_str(value)
    if kind is float:
        return _number(value, decimals)
    if kind is dict:
        inner = margin + "  "
        items = [f"{_encode_str(str(name))}: {_text(item, decimals, levels - 1, inner)}" for name, item in value.items()]
        return _joined("{", items, "}", value.values(), levels, margin)
    if kind is list or kind is tuple:
        inner = margin + "  "
        return _joined("[", [_text(item, decimals, levels - 1, inner) for item in value], "]", value, levels, margin)
    if kind is Encoded:
        return str(value)
    if kind is int:
        return repr(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    return _other(value, decimals, levels, margin)


def _other(value: Any, decimals: int | None, levels: int, margin: str) -> str:
    """Return a value of a less common type as JSON."""
    if isinstance(value, Encoded):
        return str(value)
    if isinstance(value, EncodedItems):
        return _joined("[", value, "]", (value,), levels, margin)
    if isinstance(value, Digits):
        return _text(value.value, value.decimals, levels, margin)
    if isinstance(value, enum.Enum):
        return _text(value.value, decimals, levels, margin)
    if isinstance(value, np.ndarray):
        rows = _plain_array(value, decimals)
        # Python writes nested lists of finite numbers as JSON does.
        line = "" if value.dtype.kind == "b" else repr(rows)
        return line if line and (levels <= 0 or len(line) <= _SHORT) else _text(rows, None, levels, margin)
    if isinstance(value, np.generic):
        return _text(value.item(), decimals, levels, margin)
    for base in (str, bool, int, float):
        if isinstance(value, base):
            return _text(base(value), decimals, levels, margin)
    if isinstance(value, Mapping):
        return _text(dict(value), decimals, levels, margin)
    if isinstance(value, (list, tuple)):
        return _text(list(value), decimals, levels, margin)
    raise ValueError(f"is a {type(value).__name__}, which has no JSON form")


def _joined(opening: str, items: Sequence[str], closing: str, children: Iterable[Any], levels: int, margin: str) -> str:
    """Return a container of encoded items, on one line where it is deep or short."""
    if levels <= 0 or not items:
        return opening + ", ".join(items) + closing
    if len(items) * 3 <= _SHORT:
        line = ", ".join(items)
        # A line break stands only in what was broken already: strings escape theirs.
        short = len(line) + 2 <= _SHORT and "\n" not in line
        if short and not any(isinstance(item, (Encoded, EncodedItems)) for item in children):
            return opening + line + closing
    return f"{opening}\n{margin}  " + f",\n{margin}  ".join(items) + f"\n{margin}{closing}"


def _number(value: float, decimals: int | None) -> str:
    if not math.isfinite(value):
        raise ValueError(f"is {value}; write None where nothing is known")
    return repr((value if decimals is None else round(value, decimals)) + 0.0)  # + 0.0 turns -0.0 into 0.0


def _plain_array(array: np.ndarray, decimals: int | None) -> Any:
    """Return an array as nested lists of Python's numbers, rounded."""
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise ValueError("holds NaN or infinity; write None where nothing is known")
        wide = array.astype(np.float64)
        return ((wide if decimals is None else np.round(wide, decimals)) + 0.0).tolist()
    if array.dtype.kind in "iub":
        return array.tolist()
    raise ValueError(f"is an array of {array.dtype}, which has no JSON form")


def _fault(value: Any, key: str = "") -> str | None:
    """Return which value of a document has no JSON form, and why, or None."""
    if isinstance(value, (Encoded, EncodedItems)):
        return None
    if isinstance(value, Mapping):
        children: Iterable[tuple[str, Any]] = ((f"{key}.{name}", item) for name, item in value.items())
    elif isinstance(value, (list, tuple)):
        children = ((f"{key}[{index}]", item) for index, item in enumerate(value))
    else:
        try:
            _text(value, None, 0, "")
        except ValueError as error:
            return f"{key.lstrip('.') or 'the document'} {error}"
        return None
    return next((found for name, item in children if (found := _fault(item, name)) is not None), None)
