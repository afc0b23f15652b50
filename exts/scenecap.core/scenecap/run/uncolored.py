"""What an object is called once its old colour no longer holds."""

from __future__ import annotations

import dataclasses
import re

from scenecap.caption.attributes import parse_label
from scenecap.caption.lexicon import lexicon
from scenecap.stage.model import StageEntity

_WORD = re.compile(r"[^\W\d_]+")


def uncolored(entity: StageEntity) -> StageEntity | None:
    """Return an object without any word of a colour, so that captions say only what is seen of it.

    Colour words before its noun go out of the label; so do a colour among its attributes, and its own caption where that
    speaks of colours.

    Args:
        entity: The object.

    Returns:
        None where a colour word is part of its name ("orange", "black box of red pens").
    """
    name = parse_label(entity.label)
    label = entity.label
    if name.colors and not name.quoted:
        label = f"{' '.join(name.tokens)}{name.post}"
    if _names_color(label):
        return None
    return dataclasses.replace(
        entity,
        label=label,
        attributes={kind: value for kind, value in entity.attributes.items() if kind != "color"},
        attribute_sources={kind: source for kind, source in entity.attribute_sources.items() if kind != "color"},
        caption=None if entity.caption is not None and _names_color(entity.caption) else entity.caption,
    )


def _names_color(text: str) -> bool:
    words = lexicon()
    split = (word for part in _WORD.findall(text) for word in re.split(r"(?<=[a-z])(?=[A-Z])", part))
    return any(words.color_spelling.get(word.lower(), word.lower()) in words.colors for word in split)
