"""What a label says: noun, colors, materials; and what color an object is.

Labels are data from a stage and may hold anything. What does not look like an English noun phrase is quoted
(``an object labeled "机器人"``) or left out, so no label can break a sentence or pose as one.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scenecap.caption.color_terms import basic_color, clearly_different, color_words, seen_color
from scenecap.caption.english import (
    Countability,
    countability,
    display_word,
    indefinite_article,
    is_plural,
    join_list,
    number_text,
    pluralize,
)
from scenecap.caption.lexicon import lexicon
from scenecap.contract import ObservedObject
from scenecap.text import clean_text

#: Longest label that is used as a noun phrase [characters, words]; longer ones are quoted.
_MAX_CHARS, _MAX_WORDS = 40, 6
#: Longest quotation [characters].
_MAX_QUOTE = 40

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?(?:-[^\W_]+)*|[^\W\d_]*\d[^\W_]*(?:-[^\W_]+)*")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_VENDOR_PREFIX = re.compile(r"^(sm|sk|bp|geo|mesh|obj|prop|s)(?=_)", re.IGNORECASE)


class ColorSource(str, enum.Enum):
    """Where an object's color is known from, in order of precedence."""

    NAME = "name"
    PARENT = "parent"
    DATABASE = "database"
    ALBEDO = "albedo"


@dataclass(frozen=True)
class Name:
    """A label taken apart.

    Attributes:
        tokens: Its words without colors, lower case, head noun last ("glazed", "rim", "porcelain", "ramekin"); "object" for
            a label that is quoted.
        core: How many of the last tokens are the noun itself ("office chair": 2).
        leading: How many of the first tokens stand before a color.
        post: What follows the head noun (" of cookies", ' labeled "x"'), or "".
        colors: Color words of the label, in its order.
        materials: Materials among the tokens, as adjectives.
        countability: How it is counted.
        quoted: Whether the label was no noun phrase and is quoted or left out.
    """

    tokens: tuple[str, ...]
    core: int
    leading: int
    post: str
    colors: tuple[str, ...]
    materials: tuple[str, ...]
    countability: Countability
    quoted: bool = False

    @property
    def core_tokens(self) -> tuple[str, ...]:
        """The noun itself ("office", "chair")."""
        return self.tokens[len(self.tokens) - self.core :]

    @property
    def head(self) -> str:
        """Last word of the noun."""
        return self.tokens[-1]

    @property
    def generic(self) -> bool:
        """Whether the noun says nothing ("object")."""
        return self.head in lexicon().generic_nouns


@dataclass(frozen=True)
class Description:
    """What an object is called and looks like.

    Attributes:
        name: Its label, taken apart.
        colors: Color words to say; empty where the color is not known or several.
        color_source: Where the color is known from; None without one.
        material: Material adjective from the database that the label lacks, or "".
    """

    name: Name
    colors: tuple[str, ...] = ()
    color_source: ColorSource | None = None
    material: str = ""

    @property
    def basic_colors(self) -> frozenset[str]:
        """Basic color terms of :attr:`colors`."""
        return _basic_colors(self.colors)


@lru_cache(maxsize=1024)  # asked for a thousand times a frame
def _basic_colors(colors: tuple[str, ...]) -> frozenset[str]:
    return frozenset(basic_color(color) for color in colors)


@lru_cache(maxsize=8192)
def parse_label(label: str) -> Name:
    """Return a label taken apart. Any text is accepted."""
    words = lexicon()
    tokens = _tokens(label)
    if tokens is None:
        return _quoted(label)
    post = ""
    for index, token in enumerate(tokens):
        if index and token in words.post_prepositions:
            rest = tokens[index + 1 :]
            if not rest or token in rest:
                return _quoted(label)
            post = f" {token} {' '.join(display_word(item) for item in rest)}"
            tokens = tokens[:index]
            break
    if len(tokens) == 1 and tokens[0] in words.adjectives and tokens[0] not in words.adjective_nouns:
        return _quoted(label)
    tokens, colors, after_color = _split_colors(_modifiers_first(tokens))
    if not tokens or tokens[-1] in words.generic_nouns:
        if not tokens and not colors:
            return _quoted(label)
        material = tuple(words.materials[token] for token in tokens[:-1] if token in words.materials)
        return Name((*material, "object"), 1, 0, post, colors, material, Countability.COUNT)
    materials: list[str] = []
    core = len(tokens) - after_color
    for index, token in enumerate(tokens[:-1]):
        pair = (token, tokens[index + 1])
        if token in words.materials and pair not in words.material_compounds:
            if token == "wood":
                tokens = (*tokens[:index], "wooden", *tokens[index + 1 :])
            materials.append(words.materials[token])
            core = len(tokens) - index - 1
        elif token in words.adjectives:
            core = len(tokens) - index - 1
    leading = 0
    while leading < len(tokens) - core and tokens[leading] in words.before_color:
        leading += 1
    return Name(tokens, core, leading, post, colors, tuple(materials), countability(tokens[len(tokens) - core :]))


def _tokens(label: str) -> tuple[str, ...] | None:
    """Return a label's words, or None where it does not look like a noun phrase."""
    text = clean_text(label)
    if "_" in text:
        text = _VENDOR_PREFIX.sub("", text).replace("_", " ")
    if not text or len(text) > _MAX_CHARS:
        return None
    if not all(char.isalnum() or char in " -'’" for char in text):
        return None
    if any(char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in text):
        return None
    text = " ".join(part if part.isupper() else _CAMEL.sub(" ", part) for part in text.split())
    tokens = [token.lower() for token in text.split()]
    while tokens and tokens[-1].isdigit():  # "chair 2": a number, not a name
        tokens.pop()
    if tokens:
        tokens[-1] = re.sub(r"(?<=[a-z]{3})\d+$", "", tokens[-1])
    if len(tokens) > 1 and tokens[0] in ("a", "an", "the"):
        del tokens[0]
    if not tokens or len(tokens) > _MAX_WORDS or not all(_WORD.fullmatch(token) for token in tokens):
        return None
    words = lexicon()
    # A head without a vowel, or with digits, is a code, not a noun.
    head = tokens[-1]
    readable = (
        head in words.acronyms or (len(head) > 1 and head.isascii() is False) or re.search(r"[aeiouy]", head) is not None
    )
    if not readable or len(head) < 2 or any(len(token) > 24 for token in tokens) or any(char.isdigit() for char in head):
        return None
    if any(token in words.function_words for token in tokens) or tokens[0] in ("and", *words.post_prepositions):
        return None
    if tokens[-1] in ("and", *words.post_prepositions):
        return None
    return tuple(words.color_spelling.get(token, token) for token in tokens)


def _modifiers_first(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """Move colors, materials and sizes that a prim name puts last to the front ("mug red", "crate large 02")."""
    words = lexicon()
    front: list[str] = []
    while len(tokens) > 1:
        before, last = tokens[-2], tokens[-1]
        movable = last in words.movable or (last in words.colors and last not in words.color_nouns)
        movable |= bool(front) and front[0] in words.colors and last in words.shade_words
        movable |= (
            last in words.color_nouns
            and before not in words.color_noun_friends
            and (before, last) not in words.color_compounds
        )
        if not movable or before in ("and", *words.post_prepositions):
            break
        front.insert(0, last)
        tokens = tokens[:-1]
    return (*front, *tokens)


def _split_colors(tokens: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return the words without colors, the colors ("dark red" stays one), and how many words stood before the last color."""
    words = lexicon()
    if (
        len(tokens) == 1
        and tokens[0] in words.colors
        and tokens[0] not in ("orange", "charcoal", "violet", "lavender", "ebony")
    ):
        return (), tokens, 0
    kept: list[str] = []
    colors: list[str] = []
    shade = ""
    before = 0
    for index, token in enumerate(tokens):
        last = index == len(tokens) - 1
        following = "" if last else tokens[index + 1]
        if token in words.shade_words and following in words.colors and index + 1 < len(tokens) - 1:
            shade = f"{token} "
        elif not last and token in words.colors and (token, following) not in words.color_compounds:
            color = f"{shade}{token}"
            if color not in colors:
                colors.append(color)
            shade = ""
            before = len(kept)
        elif token == "and" and colors and following in words.colors and index + 1 < len(tokens) - 1:
            continue
        else:
            kept.append(token)
    return tuple(kept), tuple(colors), before


def _quoted(label: str) -> Name:
    """Return the name of a label that is no noun phrase: it is quoted, without anything that could end the quotation."""
    text = clean_text(label)
    text = "".join(char for char in text if char.isalnum() or char in " -_.,:/+#&()'")
    text = re.sub(r"\s+", " ", text).strip(" .,:;-_/")
    if len(text) > _MAX_QUOTE:
        text = text[: _MAX_QUOTE - 1].rstrip() + "…"
    if not any(char.isalnum() for char in text):
        text = ""
    post = f' labeled "{text}"' if text else ""
    return Name(("object",), 1, 0, post, (), (), Countability.COUNT, quoted=True)


def describe(
    obj: ObservedObject, *, colors: bool = True, min_share: float = 0.6, max_other: float = 0.2, min_px: int = 32
) -> Description:
    """Return what an object is called and what color it is.

    A color in the name wins. Else the color that its parent group or the label database gives, else the basic term that covers
    ``min_share`` of its visible albedo; where an attribute and the albedo clearly disagree, none.

    Args:
        obj: The object.
        colors: Whether colors are said at all (those in a name stay in the name).
        min_share: Share of visible albedo that one term must cover.
        max_other: Largest share of another term that is clearly a different color.
        min_px: Fewest visible pixels from which albedo is read.
    """
    name = parse_label(obj.label)
    material = _material(obj, name)
    if name.colors:
        return Description(name, name.colors, ColorSource.NAME, material)
    if not colors:
        return Description(name, (), None, material)
    seen = seen_color(obj, min_share=min_share, max_other=max_other, min_px=min_px)
    authored = color_words(obj.attributes.get("color", ""))
    if authored and not set(authored) & set(name.tokens):
        basics = frozenset(basic_color(color) for color in authored)
        if seen and clearly_different(basics, frozenset((seen,))):
            return Description(name, (), None, material)
        source = ColorSource.PARENT if obj.attribute_sources.get("color") == "parent" else ColorSource.DATABASE
        return Description(name, authored, source, material)
    # What is seen of bread or cookies is as a rule their package.
    packaged = name.countability is Countability.MASS or name.head in lexicon().packaged
    if seen and not packaged and seen not in name.tokens:  # no "orange orange"
        return Description(name, (seen,), ColorSource.ALBEDO, material)
    return Description(name, (), None, material)


def _material(obj: ObservedObject, name: Name) -> str:
    """Return the material that the database or a parent gives, where the label has none."""
    value = clean_text(obj.attributes.get("material", "")).lower()
    material = lexicon().materials.get(value, "")
    return "" if not material or name.materials or name.quoted else material


def adjectives_text(description: Description) -> str:
    """Return colors and material in front of a noun ("black wooden"), or ""."""
    return " ".join(part for part in (join_list(description.colors), description.material) if part)


def noun_text(name: Name, *, plural: bool = False, suffix: int | None = None, adjectives: str = "") -> str:
    """Return the noun phrase without article ("black bowls", "small red mug", "pair of scissors" has its own article).

    Args:
        name: The name.
        plural: Whether to put the head in the plural (no effect on nouns that have none).
        suffix: How many of the last tokens to say; all by default.
        adjectives: Colors and material, placed where English wants them.
    """
    tokens = name.tokens if suffix is None else name.tokens[len(name.tokens) - suffix :]
    leading = max(0, name.leading - (len(name.tokens) - len(tokens)))
    head = pluralize(tokens[-1]) if plural and name.countability is Countability.COUNT else tokens[-1]
    shown = [display_word(token) for token in (*tokens[:-1], head)]
    front, rest = shown[:leading], shown[leading:]
    return " ".join([*front, *([adjectives] if adjectives else []), *rest]) + name.post


def indefinite_text(
    description: Description, count: int, *, start: bool = False, counted: bool = True, more: bool = False
) -> str:
    """Return an indefinite noun phrase for a group of like objects ("a black bowl", "two red mugs", "some bread").

    Args:
        description: What they are.
        count: How many.
        start: Whether it opens a sentence (numbers are then words).
        counted: Whether the count may be said as the whole ("two"); else "at least two".
        more: Whether others of that name were named before ("another mug", "two more mugs").
    """
    name, adjectives = description.name, adjectives_text(description)
    kind = name.countability
    if kind in (Countability.MASS, Countability.PLURAL):
        return ("some more " if more else "some ") + noun_text(name, adjectives=adjectives)
    plural = count > 1
    body = noun_text(name, plural=plural, adjectives=adjectives)
    if kind is Countability.PAIR:
        body = f"{'pairs' if plural else 'pair'} of {body}"
    if not plural:
        return f"another {body}" if more else f"{indefinite_article(body)} {body}"
    number = number_text(count, start=start and counted)
    if more:
        return f"{number} more {body}"
    return f"{number} {body}" if counted else f"at least {number_text(count)} {body}"


def is_plural_phrase(description: Description, count: int) -> bool:
    """Return whether a group takes a plural verb as "a mug", "some cookies", "a pair of scissors" do or do not."""
    kind = description.name.countability
    if kind is Countability.MASS:
        return False
    if kind is Countability.PLURAL:
        return True
    return count > 1


def definite_is_plural(name: Name, count: int = 1) -> bool:
    """Return whether "the ..." takes a plural verb ("the scissors are")."""
    return count > 1 or name.countability in (Countability.PLURAL, Countability.PAIR) or is_plural(name.head)


def suffix_matches(tokens: Sequence[str], noun: Sequence[str]) -> bool:
    """Return whether a name ends in the given noun ("office", "chair" ends in "chair")."""
    return len(tokens) >= len(noun) and tuple(tokens[len(tokens) - len(noun) :]) == tuple(noun)
