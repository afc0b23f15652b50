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
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from scenecap.contract import LENGTH_DECIMALS

#: Containers whose one-line form is at most this long [characters] are not broken into lines.
_SHORT = 100


class Encoded(str):
    """A value that is canonical JSON already, put in as it is. Only in a document's outer levels.

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


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_encode_str = json.encoder.encode_basestring  # keeps non-ASCII characters


class EncodedItems(tuple[str, ...]):
    """Items of a JSON array that are canonical JSON already. Only in a document's outer levels, which are broken into lines.

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
    text = _pretty(plain(document, decimals=decimals), levels, "")
    return (text + "\n").encode("utf-8", "replace")


def encode_value(value: Any, *, levels: int, margin: str, decimals: int | None = LENGTH_DECIMALS) -> Encoded:
    """Return a part of a document, encoded for its place there.

    Args:
        value: As for :func:`dumps`.
        levels: As for :func:`dumps`, less the depth of the place.
        margin: Indentation of the place: two spaces for each level above it.
        decimals: As for :func:`dumps`.
    """
    return Encoded(_pretty(plain(value, decimals=decimals), levels, margin))


def encode_arrays(arrays: np.ndarray, *, decimals: int = LENGTH_DECIMALS, key: str = "") -> list[Encoded]:
    """Return each of N float arrays as canonical JSON, rounded and formatted all at once.

    Args:
        arrays: (N, ...) floats.
        decimals: Decimals to keep.
        key: What the arrays are, for the error.

    Raises:
        ValueError: A value is NaN or infinite.
    """
    # Python writes nested lists of finite floats exactly as JSON does.
    return [Encoded(repr(item)) for item in _plain_array(np.asarray(arrays, dtype=np.float64), decimals, key)]


def dumps_line(document: Any, *, decimals: int | None = LENGTH_DECIMALS) -> str:
    """Return a document as one line of canonical JSON, without the newline."""
    return _ENCODER.encode(plain(document, decimals=decimals))


def content_hash(content: bytes) -> str:
    """Return the SHA-256 of some bytes as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def document_hash(document: Any) -> str:
    """Return the SHA-256 of a document's canonical form with sorted keys, whatever the order it was built in."""
    text = json.dumps(plain(document, decimals=None), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return content_hash(text.encode("utf-8", "replace"))


#: Types that JSON knows and that are never rounded.
_AS_IT_IS = frozenset((str, int, bool, type(None)))


def plain(value: Any, *, decimals: int | None = LENGTH_DECIMALS, key: str = "") -> Any:
    """Return a value made of dict, list, str, int, float, bool and None, floats rounded.

    Raises:
        ValueError: See :func:`dumps`.
    """
    exact = type(value)  # the plain types come by the ten thousand: no look-up of abstract classes for them
    if exact in _AS_IT_IS or isinstance(value, (Encoded, EncodedItems)):
        return value
    if exact is float:
        return _rounded(value, decimals, key)
    if isinstance(value, Digits):
        return plain(value.value, decimals=value.decimals, key=key)
    if isinstance(value, enum.Enum):
        return plain(value.value, decimals=decimals, key=key)
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return _rounded(value, decimals, key)
    if isinstance(value, Mapping):
        return {str(name): plain(item, decimals=decimals, key=f"{key}.{name}") for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, decimals=decimals, key=f"{key}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, np.ndarray):
        return _plain_array(value, decimals, key)
    if isinstance(value, np.generic):
        return plain(value.item(), decimals=decimals, key=key)
    raise ValueError(
        f"canonical JSON: {key.lstrip('.') or 'the document'} is a {type(value).__name__}, which has no JSON form"
    )


def _rounded(value: float, decimals: int | None, key: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"canonical JSON: {key.lstrip('.') or 'the document'} is {value}; write None where nothing is known")
    return (value if decimals is None else round(value, decimals)) + 0.0  # + 0.0 turns -0.0 into 0.0


def _plain_array(array: np.ndarray, decimals: int | None, key: str) -> Any:
    if array.dtype.kind == "f":
        if not np.isfinite(array).all():
            raise ValueError(f"canonical JSON: {key.lstrip('.')} holds NaN or infinity; write None where nothing is known")
        wide = array.astype(np.float64)
        return ((wide if decimals is None else np.round(wide, decimals)) + 0.0).tolist()
    if array.dtype.kind in "iub":
        return array.tolist()
    raise ValueError(f"canonical JSON: {key.lstrip('.')} is an array of {array.dtype}, which has no JSON form")


def _pretty(value: Any, levels: int, margin: str) -> str:
    if isinstance(value, Encoded):
        return str(value)
    if isinstance(value, EncodedItems):
        return _block("[", value, "]", margin) if value else "[]"
    if levels == 0 or not value or not isinstance(value, (dict, list)):
        return _ENCODER.encode(value)
    children = value.values() if isinstance(value, dict) else value
    if len(value) * 3 <= _SHORT and not any(isinstance(item, (Encoded, EncodedItems)) for item in children):
        text = _ENCODER.encode(value)
        if len(text) <= _SHORT:
            return text
    inner = margin + "  "
    if isinstance(value, dict):
        items = [f"{_encode_str(name)}: {_pretty(item, levels - 1, inner)}" for name, item in value.items()]
        return _block("{", items, "}", margin)
    return _block("[", [_pretty(item, levels - 1, inner) for item in value], "]", margin)


def _block(opening: str, items: Iterable[str], closing: str, margin: str) -> str:
    return f"{opening}\n{margin}  " + f",\n{margin}  ".join(items) + f"\n{margin}{closing}"
