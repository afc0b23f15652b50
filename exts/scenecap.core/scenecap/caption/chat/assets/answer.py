"""From a model's reply to what is kept of it: a short noun phrase, a sentence, attributes, none of them contradicted."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from scenecap.caption.attributes import Name, noun_text, parse_label
from scenecap.caption.chat.assets.colors import COVERED, colors_in, covered_by, objection
from scenecap.caption.chat.assets.model import AssetAnswer, SeenAsset
from scenecap.caption.chat.errors import ReplyError
from scenecap.caption.chat.quoting import label_of, quoted
from scenecap.caption.chat.replies import CopyCheck, json_of
from scenecap.caption.color_terms import basic_color
from scenecap.caption.english import join_list
from scenecap.colours import BASIC_TERMS
from scenecap.text import MAX_LABEL as MAX_VALUE
from scenecap.text import clean_text

#: Keys of a reply.
KEYS = ("label", "caption", "category", "colors", "materials", "parts")
#: Longest label and caption that are taken [characters].
MAX_LABEL, MAX_CAPTION = 40, 300
_MOST_COLORS, _MOST_MATERIALS, _MOST_PARTS = 3, 3, 6
#: Longest material [characters], and most items of a list that are looked at.
_MAX_WORD, _MOST_LOOKED_AT = 30, 20

_MARKUP = re.compile(r"[<>{}\[\]`*_#|\\^~=]|https?:|www\.|://|&\w+;")
_MEASURE = re.compile(
    r"\b\d+(?:[.,]\d+)?\s*(?:mm|cm|dm|km|m|meters?|metres?|centimeters?|centimetres?|millimeters?|inch(?:es)?|in|feet|foot"
    r"|ft|yards?|kg|kilograms?|grams?|g|pounds?|lbs?|liters?|litres?|ml|oz)\b|\d\s*[\"″′]",
    re.IGNORECASE,
)
_ABOUT_PICTURE = re.compile(
    r"\b(?:(?:this|the|these|each|both|all) (?:image|photo|picture|render|rendering|sheet|views?)|turntable|rendered|3d model"
    r"|(?:gray|grey|plain) (?:ground|background))\b",
    re.IGNORECASE,
)
_SIZES = frozenset(
    (
        "big",
        "small",
        "large",
        "little",
        "tiny",
        "huge",
        "giant",
        "mini",
        "miniature",
        "tall",
        "short",
        "long",
        "wide",
        "narrow",
    )
)
_NO_NOUN = "it is no noun phrase that says anything"
_MATERIAL = re.compile(r"[a-z][a-z -]*[a-z]")
_SENTENCES = re.compile(r"[.!?](?=\s+\S)")


def answer_schema() -> dict[str, Any]:
    """Return the JSON schema of a reply, in the subset that strict servers take."""
    text: dict[str, Any] = {"type": "string"}
    properties = {
        "label": text,
        "caption": text,
        "category": text,
        "colors": {"type": "array", "items": {"type": "string", "enum": list(BASIC_TERMS)}},
        "materials": {"type": "array", "items": text},
        "parts": {"type": "array", "items": text},
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def answer_of(reply: str, seen: SeenAsset, *, instructions: str, is_last: bool) -> AssetAnswer:
    """Return what is kept of a reply.

    Args:
        reply: The model's text.
        seen: The asset.
        instructions: The prompts without data: a reply that copies them is refused.
        is_last: Whether there is no other turn: then a caption that does not hold is left out instead of being asked for
            again.

    Raises:
        ReplyError: It has not the right form, or its label or (in an earlier turn) its caption does not hold; the message
            says why, in words for the model.
    """
    try:
        return _Reading(json_of(reply, KEYS), seen, CopyCheck(instructions)).answer(is_last=is_last)
    except ReplyError as error:
        raise ReplyError(str(error), reply=reply) from None


class _Reading:
    """One reply on its way through the checks."""

    def __init__(self, values: Mapping[str, Any], seen: SeenAsset, copied: CopyCheck) -> None:
        missing = [key for key in KEYS if key not in values]
        if missing:
            raise ReplyError(f"the key {quoted(missing[0])} is missing.")
        self._values = values
        self._seen = seen
        self._copied = copied
        self._dropped: list[str] = []

    def answer(self, *, is_last: bool) -> AssetAnswer:
        colors = [clean_text(item).lower() for item in self._texts("colors")]
        materials, parts = self._texts("materials"), self._texts("parts")
        label, named_colors = self._label()
        if label is None:
            return AssetAnswer(None)
        attributes = {
            "category": self._category(label),
            "color": join_list(self._colors(colors or list(named_colors))),
            "material": join_list(self._materials(materials)),
            "parts": ", ".join(self._parts(parts)),
        }
        caption = self._caption(label, is_last=is_last)
        return AssetAnswer(label, caption, {kind: value for kind, value in attributes.items() if value}, tuple(self._dropped))

    # -- texts -------------------------------------------------------------------------------------------------------------

    def _text(self, key: str) -> str:
        value = self._values[key]
        if not isinstance(value, str):
            raise ReplyError(f'"{key}" must be a string.')
        return clean_text(value, limit=MAX_CAPTION + 20)

    def _texts(self, key: str) -> list[str]:
        value = self._values[key]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ReplyError(f'"{key}" must be a list of strings.')
        return value[:_MOST_LOOKED_AT]

    def _label(self) -> tuple[str | None, tuple[str, ...]]:
        """Return the label without colours and sizes, and the colours that it had."""
        text = self._text("label").rstrip(".")
        if len(text) > MAX_LABEL:
            raise ReplyError(f'"label" is longer than {MAX_LABEL} characters.')
        self._copied.check(text, "label")
        name = parse_label(text)
        if not text or name.quoted or _MARKUP.search(text):
            raise ReplyError('"label" must be a short noun phrase of plain English words, such as "office chair".')
        if name.generic:
            return None, ()
        short = name
        while len(short.tokens) > short.core and short.tokens[0] in _SIZES:
            self._drop("label", short.tokens[0], "sizes are measured")
            short = dataclasses.replace(short, tokens=short.tokens[1:], leading=max(0, short.leading - 1))
        return noun_text(short), name.colors

    def _caption(self, label: str, *, is_last: bool) -> str | None:
        text = self._text("caption")
        wrong = self._wrong_caption(text, label)
        if not wrong:
            return text
        if not is_last:
            raise ReplyError(f'"caption" {wrong}.')
        self._dropped.append(f"the caption was left out: it {wrong}")
        return None

    def _wrong_caption(self, text: str, label: str) -> str:
        """Return what is wrong with a caption, or ""."""
        if not re.search(r"[^\W\d_]{2}", text):
            return "is empty"
        if len(text) > MAX_CAPTION:
            return f"is longer than {MAX_CAPTION} characters"
        if len(_SENTENCES.findall(text)) > 1:
            return "has more than two sentences"
        if _MARKUP.search(text):
            return "must be plain text without any markup"
        if _MEASURE.search(text):
            return "states a measurement"
        if _ABOUT_PICTURE.search(text):
            return "speaks of the picture instead of the thing"
        try:
            self._copied.check(text, "caption")
        except ReplyError:
            return "repeats the instructions"
        for color in colors_in(text, but=label):
            why = objection(self._seen, color, detail=True)
            if why:
                return f"says {quoted(color)}, but {why}"
        return ""

    # -- attributes --------------------------------------------------------------------------------------------------------

    def _colors(self, claimed: Sequence[str]) -> list[str]:
        kept: list[str] = []
        for color in claimed:
            why = objection(self._seen, color)
            if why:
                self._drop("color", color, why)
            elif basic_color(color) not in kept:
                kept.append(basic_color(color))
        kept = kept[:_MOST_COLORS]
        covered = covered_by(self._seen, kept)
        if kept and covered < COVERED:
            self._drop("color", join_list(kept), f"that is {covered:.0%} of its surface at most")
            return []
        return kept

    def _category(self, label: str) -> str:
        text = self._text("category").rstrip(".")
        if not text or text.lower() == label:
            return ""
        name = self._noun(text)
        if name is None:
            self._drop("category", text, _NO_NOUN)
            return ""
        return noun_text(name)

    def _materials(self, given: Sequence[str]) -> list[str]:
        kept: list[str] = []
        for item in given:
            text = clean_text(item).lower()
            if not _MATERIAL.fullmatch(text) or len(text) > _MAX_WORD:
                self._drop("material", text, "it is no word for a material")
            elif text not in kept:
                kept.append(text)
        return kept[:_MOST_MATERIALS]

    def _parts(self, given: Sequence[str]) -> list[str]:
        kept: list[str] = []
        for item in given:
            name = self._noun(clean_text(item))
            if name is None:
                self._drop("part", item, _NO_NOUN)
            elif (text := noun_text(name)) not in kept and len(", ".join([*kept, text])) <= MAX_VALUE:
                kept.append(text)
        return kept[:_MOST_PARTS]

    @staticmethod
    def _noun(text: str) -> Name | None:
        name = parse_label(text)
        return None if len(text) > MAX_LABEL or name.quoted or name.generic or _MARKUP.search(text) else name

    def _drop(self, kind: str, value: str, why: str) -> None:
        self._dropped.append(f"{kind} '{label_of(value)}' was left out: {why}")
