"""Identifiers that hold characters USD forbids, encoded as ``tn__MuJoCoModel_nB``.

The encoding is Bootstring (RFC 3492) with base 62 (0-9, A-Z, a-z), a constant threshold, code points from 0 and the
delimiter ``_``: "Bi-Directional Transcoding of Invalid Identifiers", OpenUSD proposals, 2024. Exporters that follow it
include the USD Exchange SDK and the MuJoCo and URDF converters built on it.
"""

from __future__ import annotations

import unicodedata

PREFIX = "tn__"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_BASE = len(_DIGITS)
_THRESHOLD = 31
#: Longest identifier that is decoded [characters]; a longer one is not a name.
_MAX_LENGTH = 512


def decode_identifier(name: str) -> str | None:
    """Return what an encoded identifier stands for, or None where it is not one.

    Args:
        name: A prim name.
    """
    if not name.startswith(PREFIX) or len(name) > _MAX_LENGTH:
        return None
    basic, _, encoded = name[len(PREFIX) :].rpartition("_")
    text = list(basic)
    code = 0
    digits = iter(encoded)
    for digit in digits:
        delta, weight = 0, 1
        current: str | None = digit
        while True:
            value = _VALUES.get(current or "")
            if value is None:
                return None  # not a digit, or cut in the middle of a number
            delta += value * weight
            if value < _THRESHOLD:
                break
            weight *= _BASE - _THRESHOLD
            current = next(digits, None)
        # Unlike in Punycode a position counts from the start, so one number is (step of the code point, position).
        step, position = divmod(delta, len(text) + 1)
        code += step
        if not _may_be_encoded(code):
            return None
        text.insert(position, chr(code))
    # An identifier that merely starts with the prefix ("tn__my_cool_string") decodes to nothing sensible.
    return "".join(text) if encoded else None


def _may_be_encoded(code: int) -> bool:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return False
    char = chr(code)
    if char.isascii() and (char.isalnum() or char == "_"):
        return False  # an encoder would have left it as it is
    return unicodedata.category(char) not in ("Cc", "Cn", "Co")
