"""The word lists behind the English: what rules cannot derive, kept as data in ``lexicon.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Lexicon:
    """Word lists, lower case. See ``lexicon.json`` for the words.

    Attributes:
        irregular_plurals: Singular -> plural.
        invariant_plurals: Nouns whose plural is the same word.
        singular_in_s: Singular nouns that end in a single s.
        plural_without_s: Plural nouns that do not end in s.
        pairs: Nouns counted in pairs ("a pair of scissors").
        mass: Nouns that take "some" and no plural, one or two words.
        count_phrases: Countable compounds of a mass noun ("bell pepper").
        an_words: Words spelled with a consonant that take "an".
        a_words: Words spelled with a vowel that take "a".
        acronyms: Acronym -> "spelled" or "word": how it is read aloud.
        proper: Lower-case word -> its proper spelling.
        colors: Color word -> basic color term.
        color_spelling: British -> American spelling.
        confusable_colors: Unordered pairs of basic terms that people may mix up.
        shade_words: Words that modify a color ("dark").
        color_compounds: Pairs of words in which the color word is part of the name ("orange juice").
        materials: Material word -> the adjective.
        material_compounds: Pairs of words in which the material word is part of the name ("pine tree").
        adjectives: Adjectives that labels carry in front of the noun.
        adjective_nouns: Adjectives that are nouns too ("light").
        has_front: Nouns of things with a front of their own, for which "in front of" has two readings.
        function_words: Words that show that a label is not a noun phrase.
        post_prepositions: Prepositions that may follow the head noun ("box of cookies").
        generic_nouns: Labels that say nothing.
        animate: Nouns for which "sits" or "stands" would claim a posture.
        same: Noun -> nouns that mean the same thing.
        near: Noun -> nouns that people may use for the same thing.
        hypernyms: Noun -> kinds of it.
        parts: Nouns that are often parts or surface details of other things.
        movable: Adjectives and materials that a name may put after its noun ("crate large").
        color_nouns: Colors that are nouns too ("orange", "cream").
        color_noun_friends: Words in front of such a noun that make it one ("ice" cream, "blood" orange).
        before_color: Adjectives that stand before a color (size, age, shape, place).
        packaged: Plural nouns whose visible color is the package's ("cookies").
        surfaces: Nouns of things that "hold" what is on them.
        containers: Nouns of things that others may be in.
        resting_places: Further nouns of things that others may be on.
        common_objects: Kind of place -> things to ask about that are often there, and may not be; "other" for any place.
        setting_prepositions: Place word -> preposition, where it is not "in".
    """

    irregular_plurals: Mapping[str, str]
    invariant_plurals: frozenset[str]
    singular_in_s: frozenset[str]
    plural_without_s: frozenset[str]
    pairs: frozenset[str]
    mass: frozenset[str]
    count_phrases: frozenset[str]
    an_words: frozenset[str]
    a_words: frozenset[str]
    acronyms: Mapping[str, str]
    proper: Mapping[str, str]
    colors: Mapping[str, str]
    color_spelling: Mapping[str, str]
    confusable_colors: frozenset[frozenset[str]]
    shade_words: frozenset[str]
    color_compounds: frozenset[tuple[str, str]]
    materials: Mapping[str, str]
    material_compounds: frozenset[tuple[str, str]]
    adjectives: frozenset[str]
    adjective_nouns: frozenset[str]
    has_front: frozenset[str]
    function_words: frozenset[str]
    post_prepositions: frozenset[str]
    generic_nouns: frozenset[str]
    animate: frozenset[str]
    same: Mapping[str, frozenset[str]]
    near: Mapping[str, frozenset[str]]
    hypernyms: Mapping[str, frozenset[str]]
    parts: frozenset[str]
    movable: frozenset[str]
    color_nouns: frozenset[str]
    color_noun_friends: frozenset[str]
    before_color: frozenset[str]
    packaged: frozenset[str]
    surfaces: frozenset[str]
    containers: frozenset[str]
    resting_places: frozenset[str]
    common_objects: Mapping[str, tuple[str, ...]]
    setting_prepositions: Mapping[str, str]


@cache
def lexicon() -> Lexicon:
    """Return the word lists, read once."""
    raw: dict[str, Any] = json.loads(resources.files("scenecap.caption").joinpath("lexicon.json").read_text(encoding="utf-8"))
    raw.pop("about")
    for name in ("same", "near"):
        raw[name] = neighbors_of(raw[name])
    raw["hypernyms"] = {noun: frozenset(kinds) for noun, kinds in raw["hypernyms"].items()}
    raw["confusable_colors"] = frozenset(frozenset(pair) for pair in raw["confusable_colors"])
    for name in ("color_compounds", "material_compounds"):
        raw[name] = frozenset((first, second) for first, second in raw[name])
    raw["common_objects"] = {place: tuple(things) for place, things in raw["common_objects"].items()}
    lists: dict[str, Any] = {name: frozenset(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Lexicon(**lists)


def neighbors_of(groups: list[list[str]]) -> dict[str, frozenset[str]]:
    """Turn groups of words into word -> the other words of all its groups."""
    result: dict[str, set[str]] = {}
    for group in groups:
        for word in group:
            result.setdefault(word, set()).update(group)
    return {word: frozenset(others - {word}) for word, others in result.items()}
