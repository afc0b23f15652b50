from __future__ import annotations

import pytest

from scenecap.caption.english import (
    Countability,
    capitalize_first,
    countability,
    display_word,
    indefinite_article,
    is_plural,
    join_list,
    length_text,
    number_text,
    number_word,
    ordinal_word,
    pluralize,
)
from scenecap.caption.lexicon import lexicon

AN = """apple|hourglass|umbrella|urn|usher|LED lamp|X-ray|8-ball|11-inch pan|18 foot ladder|uninstalled lamp|MRT map|SUV|
honest man|heirloom|herb|hour|office chair|ice cream|oven|eight ball|object|orange|F-150|unimportant box|undershirt|RV"""
A = """mug|uniform|unit|union flag|unicycle|user|utensil|utility cart|ukulele|European plug|ewer|one-way sign|TV|USB hub|UFO|
T-shirt|house|hammer|1 m rod|7-up can|100 watt bulb|eucalyptus|once-over|university|PVC pipe|HVAC duct|yo-yo"""


@pytest.mark.parametrize(("article", "phrases"), [("an", AN), ("a", A)])
def test_articles_go_by_sound(article: str, phrases: str) -> None:
    for phrase in phrases.replace("\n", "").split("|"):
        assert indefinite_article(phrase) == article, phrase


PLURALS = """bowl bowls, knife knives, box boxes, bench benches, brush brushes, glass glasses, berry berries, key keys,
toy toys,
potato potatoes, piano pianos, photo photos, shelf shelves, bookshelf bookshelves, leaf leaves, roof roofs, chef chefs,
bus buses,
lens lenses, cactus cacti, woman women, fireman firemen, human humans, child children, person people, mouse mice, tooth teeth,
t-shirt t-shirts, sheep sheep, aircraft aircraft, quiz quizzes, mango mangoes, tv tvs, dish dishes, hourglass hourglasses,
wolf wolves, stomach stomachs, watch watches, daisy daisies"""


@pytest.mark.parametrize("pair", PLURALS.replace("\n", " ").split(", "))
def test_plurals(pair: str) -> None:
    singular, plural = pair.split()
    assert pluralize(singular) == plural


def test_no_irregular_plural_is_taken_for_a_singular() -> None:
    words = lexicon()
    for plural in [*words.irregular_plurals.values(), *words.plural_without_s, *words.pairs]:
        assert is_plural(plural) or plural in words.invariant_plurals or plural in words.singular_in_s or len(plural) < 4, (
            plural
        )


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        (
            Countability.COUNT,
            "mug|office chair|glass|bus|lens|canvas|mattress|cookie box|milk carton|bell pepper|iris|chess set|iron",
        ),
        (Countability.MASS, "bread|milk|cereal|orange juice|ice cream|tomato sauce|furniture|kitchen furniture|cream cheese"),
        (Countability.PLURAL, "cookies|books|kitchen counters|people|stairs|dice|shelves"),
        (Countability.PAIR, "scissors|pliers|reading glasses|pants|safety goggles"),
    ],
)
def test_countability(kind: Countability, labels: str) -> None:
    for label in labels.split("|"):
        assert countability(label.split()) is kind, label


def test_numbers() -> None:
    assert [number_word(n) for n in (0, 7, 13, 20, 32, 100, 105, 999, 1000, 21_042)] == [
        "zero", "seven", "thirteen", "twenty", "thirty-two", "one hundred", "one hundred five", "nine hundred ninety-nine",
        "one thousand", "twenty-one thousand forty-two",
    ]  # fmt: skip
    assert [number_text(n) for n in (2, 10, 11, 32, 1200)] == ["two", "ten", "11", "32", "1,200"]
    assert number_text(32, start=True) == "thirty-two"
    assert [ordinal_word(n) for n in (1, 2, 3, 6)] == ["first", "second", "third", "sixth"]


def test_every_number_word_is_its_own() -> None:
    words = [number_word(n) for n in range(3000)]
    assert len(set(words)) == len(words)


def test_lists_take_the_oxford_comma() -> None:
    assert join_list([]) == ""
    assert join_list(["a"]) == "a"
    assert join_list(["a", "b"]) == "a and b"
    assert join_list(["a", "b", "c"]) == "a, b, and c"
    assert join_list(["a", "b", "c"], conjunction="or") == "a, b, or c"


LENGTHS = {
    0.384: "38 centimeters",
    0.4: "40 centimeters",
    1.23: "1.2 meters",
    2.0: "2 meters",
    12.4: "12 meters",
    123.0: "120 meters",
    0.052: "5.2 centimeters",
    0.01: "1 centimeter",
    0.0042: "4.2 millimeters",
    0.994: "99 centimeters",
    0.999: "1 meter",
}


def test_lengths() -> None:
    assert {meters: length_text(meters) for meters in LENGTHS} == LENGTHS


def test_capitals_keep_the_length() -> None:
    assert capitalize_first("a mug") == "A mug"
    assert capitalize_first('"x" is') == '"X" is'
    assert capitalize_first("32 mugs") == "32 mugs"
    assert capitalize_first("ßtraße") == "ßtraße"  # its capital is two letters: spans would move
    assert display_word("tv") == "TV"
    assert display_word("tvs") == "TVs"
    assert display_word("franka") == "Franka"
