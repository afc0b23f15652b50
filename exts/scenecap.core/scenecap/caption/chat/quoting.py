"""Text from a stage inside a prompt: quoted as JSON, capped, cleaned, between marks that it cannot write.

A mark begins with ``<``, and no string in the data holds one: ``<``, ``>``, ``&``, ``[``, ``]`` and the back quote are written
as JSON escapes. So data cannot end its own block, open another, or look like a turn of the conversation (``<|im_start|>``,
``[INST]``); and nothing about this is secret or drawn by chance.
"""

from __future__ import annotations

import json
import re
from typing import Any

from scenecap.text import MAX_LABEL, clean_text

#: Longest database caption or doc of an object in a prompt [characters].
MAX_NOTE = 200

#: A string in JSON.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&[]`"})


def quoted(value: Any) -> str:
    """Return data as JSON on one line, none of whose strings can be taken for a mark of the prompt."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _STRING.sub(lambda match: match[0].translate(_ESCAPES), text)


def block(name: str, lines: list[str]) -> str:
    """Return quoted lines between ``<name>`` and ``</name>``."""
    return "\n".join([f"<{name}>", *lines, f"</{name}>"])


def label_of(value: object) -> str:
    """Return a label or name of a stage for a prompt."""
    return clean_text(value, limit=MAX_LABEL)


def note_of(value: object) -> str:
    """Return a longer text of a stage or of the label database for a prompt."""
    return clean_text(value, limit=MAX_NOTE)
