"""The verifier's word lists, kept as data in ``words.json``, and the phrases that are matched before the parse."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from scenecap.caption.english import number_word, pluralize
from scenecap.caption.lexicon import lexicon, neighbors_of
from scenecap.caption.verify.wordnet import wordnet


class PhraseKind(str, enum.Enum):
    """What a phrase of several words (or one) is."""

    RELATION = "relation"  # "to the left of"
    POSSESSIVE = "possessive"  # "to its left": the relation and its object
    RECIPROCAL = "reciprocal"  # "next to each other"
    QUANTIFIER = "quantifier"  # "a pair of"
    VAGUE = "vague"  # "a few"
    BOUND = "bound"  # "at least"
    UNIVERSAL = "universal"  # "all of"
    NONE = "none"  # "none of"
    COORDINATOR = "coordinator"  # "as well as"
    PASSIVE = "passive"  # "held by"


@dataclass(frozen=True)
class PhraseUse:
    """What one phrase stands for.

    Attributes:
        kind: What it is.
        value: Its relation, number or bound.
        length: Number of words.
    """

    kind: PhraseKind
    value: str | int
    length: int


@dataclass(frozen=True)
class Words:
    """Word lists, lower case. See ``words.json`` for the words.

    Attributes:
        phrases: First word -> (words, use) of the phrases that start with it, the longest first.
        verbs: Verb form -> what kind of verb it is ("be", "posture", "hang", "hold", "contain", "have", "show", "surround",
            "touch"); the first kind that lists it.
        numbers: Number word -> number, up to a hundred.
        near: Noun -> nouns that many people say of the same thing. The lexicon's list of the same name is wider: it holds what
            one may take for the other in a picture, so that nothing of that kind is said to be absent.
        raw: The other lists.
    """

    phrases: Mapping[str, tuple[tuple[tuple[str, ...], PhraseUse], ...]]
    verbs: Mapping[str, str]
    numbers: Mapping[str, int]
    near: Mapping[str, frozenset[str]]
    raw: Mapping[str, Any]

    def has(self, name: str, word: str) -> bool:
        """Return whether a list holds a word."""
        return word in self.raw[name]


@cache
def words() -> Words:
    """Return the word lists, read once."""
    text = resources.files("scenecap.caption.verify").joinpath("words.json").read_text(encoding="utf-8")
    raw: dict[str, Any] = json.loads(text)
    raw.pop("about")
    near = neighbors_of(raw.pop("near"))
    found: dict[str, list[tuple[tuple[str, ...], PhraseUse]]] = {}

    def add(phrase: str, kind: PhraseKind, value: str | int) -> None:
        parts = tuple(phrase.split(" "))
        found.setdefault(parts[0], []).append((parts, PhraseUse(kind, value, len(parts))))

    for relation, phrases in raw["relations"].items():
        for phrase in phrases:
            add(phrase, PhraseKind.RELATION, relation)
            for other in raw["each_other"]:
                add(f"{phrase} {other}", PhraseKind.RECIPROCAL, relation)
    for relation, phrases in raw["possessive_relations"].items():
        for phrase in phrases:
            add(phrase, PhraseKind.POSSESSIVE, relation)
    for phrase in ("side by side",):
        add(phrase, PhraseKind.RECIPROCAL, "next_to")
    for phrase, relation in raw["passive_by"].items():
        add(phrase, PhraseKind.PASSIVE, relation)
    for name, kind in (
        ("quantifiers", PhraseKind.QUANTIFIER),
        ("vague_quantifiers", PhraseKind.VAGUE),
        ("bounds", PhraseKind.BOUND),
    ):
        for phrase, value in raw[name].items():
            add(phrase, kind, value)
    for name, kind in (
        ("universal", PhraseKind.UNIVERSAL),
        ("none", PhraseKind.NONE),
        ("coordinators", PhraseKind.COORDINATOR),
    ):
        for phrase in raw[name]:
            add(phrase, kind, phrase)
    verbs: dict[str, str] = {}
    for kind in ("be", "hang", "posture", "hold", "contain", "have", "surround", "touch", "show"):
        for form in raw[kind]:
            verbs.setdefault(form, kind)
    numbers = {number_word(number): number for number in range(101)}
    lists = {name: frozenset(value) if isinstance(value, list) else value for name, value in raw.items()}
    ordered = {first: tuple(sorted(items, key=lambda item: -len(item[0]))) for first, items in found.items()}
    return Words(ordered, verbs, numbers, near, lists)


@cache
def _irregular_singulars() -> Mapping[str, str]:
    return {plural: one for one, plural in lexicon().irregular_plurals.items()}


@lru_cache(maxsize=16_384)
def singular(word: str) -> str:
    """Return the singular of a lower-case noun ("knives" -> "knife"); a word that is none stays as it is."""
    words_ = lexicon()
    if word in _irregular_singulars():
        return _irregular_singulars()[word]
    if word in words_.invariant_plurals or word in words_.singular_in_s or word in words_.pairs or len(word) < 3:
        return word
    if word.endswith("men") and len(word) > 4:
        return f"{word[:-3]}man"
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    stems = [word[:-1]]
    if word.endswith("es"):
        stems.append(word[:-2])
    if word.endswith("ies"):
        stems.append(f"{word[:-3]}y")
    if word.endswith("ves"):
        stems += [f"{word[:-3]}f", f"{word[:-3]}fe"]
    fitting = [stem for stem in stems if pluralize(stem) == word]
    known = [stem for stem in fitting if wordnet().is_noun(stem)]
    return (known or fitting or [word[:-1]])[0]


def is_plural_form(word: str) -> bool:
    """Return whether a lower-case noun has the form of a plural."""
    return singular(word) != word or word in lexicon().plural_without_s
