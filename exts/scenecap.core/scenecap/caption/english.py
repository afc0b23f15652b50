"""English morphology and small syntax: articles, plurals, numbers, lists, agreement. American spelling."""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from scenecap.caption.lexicon import lexicon


class Countability(str, enum.Enum):
    """How a noun phrase is counted."""

    COUNT = "count"  # a mug, two mugs
    MASS = "mass"  # some bread
    PLURAL = "plural"  # some cookies: a label that is a plural itself
    PAIR = "pair"  # a pair of scissors, two pairs of scissors


_VOWELS = frozenset("aeiou")
_LETTERS_WITH_AN = frozenset("aefhilmnorsx")  # letters whose name starts with a vowel sound
#: Starts of words that are spelled with a vowel and said with a consonant ("uniform", "European", "used").
_CONSONANT_SOUND = re.compile(r"(uni(?!n|m)|us[aeiou](?!b)|ut[aeio]l|ura|ubiq|uku|eu|ew|one(?![a-z])|once)")
_FIRST_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

# fmt: off
_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
# fmt: on

#: Up to this number running text spells numbers out.
LARGEST_SPELLED = 10


def indefinite_article(phrase: str) -> str:
    """Return "a" or "an" for the phrase that follows, by sound ("an hourglass", "a uniform", "an LED lamp")."""
    words = lexicon()
    match = _FIRST_WORD.search(phrase)
    if match is None:
        return "a"
    word = match.group()
    lowered = unicodedata.normalize("NFD", word.lower())
    start = re.split(r"['’-]", lowered)[0]
    if start[:1].isdigit():
        return "an" if _number_starts_with_vowel(start) else "a"
    spelled = words.acronyms.get(start) == "spelled" or len(start) == 1
    # Capitals without a vowel cannot be read as a word ("an MRT station").
    if spelled or (word.isupper() and len(start) > 1 and not _VOWELS & set(start) and start not in words.acronyms):
        return "an" if start[0] in _LETTERS_WITH_AN else "a"
    if lowered in words.a_words or start in words.a_words:
        return "a"
    if (
        lowered in words.an_words
        or start in words.an_words
        or any(start.startswith(item) for item in ("hour", "honest", "honor", "heir"))
    ):
        return "an"
    if _CONSONANT_SOUND.match(start):
        return "a"
    return "an" if start[0] in _VOWELS else "a"


def _number_starts_with_vowel(word: str) -> bool:
    digits = re.match(r"\d+", word)
    assert digits is not None
    number = digits.group()
    # "eight", "eighty", "eight hundred", "eight thousand"; "eleven", "eighteen" also in front of thousands and millions.
    return number[0] == "8" or (number[:2] in ("11", "18") and len(number) % 3 == 2)


@lru_cache(maxsize=4096)
def pluralize(word: str) -> str:
    """Return the plural of one lower-case noun ("knife" -> "knives")."""
    words = lexicon()
    if word in words.invariant_plurals:
        return word
    if word in words.irregular_plurals:
        return words.irregular_plurals[word]
    if word in words.acronyms:
        return f"{word}s"
    if "-" in word:  # "t-shirt": the last part takes the plural
        front, _, last = word.rpartition("-")
        return f"{front}-{pluralize(last)}" if last else word
    if re.search(r"(?<!hu)(?<!ger)(?<!sha)(?<!cai)(?<!ro)(?<!talis)(?<!otto)man$", word) and word != "man":
        return f"{word[:-3]}men"
    for ending, plural in (
        ("shelf", "shelves"),
        ("leaf", "leaves"),
        ("knife", "knives"),
        ("wolf", "wolves"),
        ("tooth", "teeth"),
        ("child", "children"),
        ("mouse", "mice"),
    ):
        if word.endswith(ending):
            return f"{word[: -len(ending)]}{plural}"
    if re.search(r"(s|x|z|ch|sh)$", word):
        return f"{word}es"
    if re.search(r"[^aeiou]y$", word) or word.endswith("quy"):
        return f"{word[:-1]}ies"
    return f"{word}s"


@lru_cache(maxsize=1)
def _irregular() -> frozenset[str]:
    return frozenset(lexicon().irregular_plurals.values())


@lru_cache(maxsize=4096)
def is_plural(word: str) -> bool:
    """Return whether a lower-case noun is a plural itself ("cookies", but not "bus", "glass" or "iris")."""
    words = lexicon()
    if word in words.plural_without_s or word in words.pairs or word in _irregular():
        return True
    if word in words.singular_in_s or len(word) < 4:
        return False
    if not word.endswith("s") or word.endswith(("ss", "us", "is", "'s", "’s")):
        return False
    return word not in words.acronyms


def countability(tokens: Sequence[str]) -> Countability:
    """Return how a noun is counted, from its words (head last, lower case)."""
    words = lexicon()
    head = tokens[-1]
    tail = " ".join(tokens[-2:])
    if tail in words.count_phrases:
        return Countability.COUNT
    if tail in words.mass or head in words.mass:
        return Countability.MASS
    if head in words.pairs:
        return Countability.PAIR
    if is_plural(head):
        return Countability.PLURAL
    return Countability.COUNT


def display_word(word: str) -> str:
    """Return a lower-case word as it is written in running text ("tv" -> "TV", "franka" -> "Franka")."""
    words = lexicon()
    if word in words.acronyms:
        return word.upper()
    if word.endswith("s") and word[:-1] in words.acronyms:
        return f"{word[:-1].upper()}s"
    if word in words.proper:
        return words.proper[word]
    return "-".join(display_word(part) for part in word.split("-")) if "-" in word.strip("-") else word


def number_word(number: int) -> str:
    """Return a whole number from 0 to 999,999 in words ("thirty-two", "one hundred five")."""
    if number < 20:
        return _UNITS[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return _TENS[tens - 2] + (f"-{_UNITS[unit]}" if unit else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_UNITS[hundreds]} hundred" + (f" {number_word(rest)}" if rest else "")
    thousands, rest = divmod(number, 1000)
    return f"{number_word(thousands)} thousand" + (f" {number_word(rest)}" if rest else "")


def number_text(number: int, *, start: bool = False) -> str:
    """Return a number as running text writes it: words up to ten, then digits; always words at a sentence's start."""
    return number_word(number) if start or number <= LARGEST_SPELLED else f"{number:,}"


def ordinal_word(number: int) -> str:
    """Return "first" to "tenth"."""
    return _ORDINALS[number - 1]


def join_list(items: Sequence[str], *, conjunction: str = "and") -> str:
    """Join items with commas and an Oxford comma ("a, b, and c")."""
    if len(items) <= 1:
        return "".join(items)
    if len(items) == 2:
        return f"{items[0]} {conjunction} {items[1]}"
    return f"{', '.join(items[:-1])}, {conjunction} {items[-1]}"


def length_text(meters: float) -> str:
    """Return a length of two significant digits with its unit ("38 centimeters", "1.2 meters", "12 meters", "1 meter").

    Lengths under a meter are in centimeters, those under a centimeter in millimeters.
    """
    rounded = float(f"{meters:.2g}")
    units = (("meter", 1.0), ("centimeter", 0.01), ("millimeter", 0.001))
    unit, scale = next((item for item in units if rounded >= item[1]), units[-1])
    number = float(f"{rounded / scale:.2g}")
    text = f"{number:g}" if 1e-4 <= number < 1e6 else f"{number:.0f}"
    return f"{text} {unit if number == 1 else f'{unit}s'}"


def capitalize_first(text: str) -> str:
    """Return a text with its first letter in upper case and the same length (spans must stay put)."""
    for index, char in enumerate(text):
        if char.isalpha():
            upper = char.upper()
            return text if len(upper) != 1 else f"{text[:index]}{upper}{text[index + 1 :]}"
        if char.isdigit():
            return text
    return text
