"""Data that a page opened from a file can load: a script that calls back with JSON, since fetch() is refused there.

The JSON is a string that the page parses: a key such as ``__proto__`` is then a key, and large data parse quicker than code.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

#: What ends a script element or starts markup -> how a JavaScript string says it instead.
_IN_STRING = (("\\", "\\\\"), ("'", "\\'"), ("<", "\\x3c"), (">", "\\x3e"), ("&", "\\x26"))
#: The same within JSON that stands in the page itself.
_IN_JSON = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))


def data_script(name: str, value: Any) -> bytes:
    """Return a script that hands data to the page.

    Args:
        name: Under which the page asks for it: ASCII letters, digits, ``/``, ``_``.
        value: JSON values.
    """
    return f"Report.take('{name}', '{_replaced(_ascii_json(value), _IN_STRING)}');\n".encode("ascii")


def inline_json(value: Any) -> str:
    """Return data as JSON that may stand in an HTML page, inside an element of type ``application/json``."""
    return _replaced(_ascii_json(value), _IN_JSON)


def packed(content: bytes) -> str:
    """Return some bytes deflated and as base64; documents of a frame shrink to a tenth."""
    return base64.b64encode(zlib.compress(content, 6)).decode("ascii")


def _ascii_json(value: Any) -> str:
    """Return JSON in ASCII, so that no encoding a browser guesses, and no U+2028, can change what it means."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _replaced(text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text
