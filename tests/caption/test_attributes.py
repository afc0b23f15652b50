from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.caption.attributes import (
    ColorSource,
    Description,
    adjectives_text,
    basic_color,
    clearly_different,
    describe,
    indefinite_text,
    is_plural_phrase,
    noun_text,
    parse_label,
)
from tests.caption.scenes import Box, default_camera, make_object


def said(label: str, count: int = 1) -> str:
    name = parse_label(label)
    return indefinite_text(Description(name, name.colors), count)


@pytest.mark.parametrize(
    ("label", "one", "two"),
    [
        ("bowl", "a bowl", "two bowls"),
        ("black bowl", "a black bowl", "two black bowls"),
        ("white yellow mug", "a white and yellow mug", "two white and yellow mugs"),
        ("white and yellow mug", "a white and yellow mug", "two white and yellow mugs"),
        ("dark red mug", "a dark red mug", "two dark red mugs"),
        ("grey chair", "a gray chair", "two gray chairs"),
        ("round black table", "a round black table", "two round black tables"),
        ("porcelain white mug", "a white porcelain mug", "two white porcelain mugs"),
        ("wood table", "a wooden table", "two wooden tables"),
        ("orange", "an orange", "two oranges"),
        ("orange juice", "some orange juice", "some orange juice"),
        ("red wine glass", "a red wine glass", "two red wine glasses"),
        ("red", "a red object", "two red objects"),
        ("cookies", "some cookies", "some cookies"),
        ("bread", "some bread", "some bread"),
        ("scissors", "a pair of scissors", "two pairs of scissors"),
        ("box of cookies", "a box of cookies", "two boxes of cookies"),
        ("office chair", "an office chair", "two office chairs"),
        ("hourglass", "an hourglass", "two hourglasses"),
        ("uniform", "a uniform", "two uniforms"),
        ("led lamp", "an LED lamp", "two LED lamps"),
        ("tv", "a TV", "two TVs"),
        ("SM_OfficeChair_02", "an office chair", "two office chairs"),
        ("Chair", "a chair", "two chairs"),
        ("chair 2", "a chair", "two chairs"),
        ("drawer3", "a drawer", "two drawers"),
        ("the chair", "a chair", "two chairs"),
        ("café table", "a café table", "two café tables"),
        ("obj", "an object", "two objects"),
        ("123", 'an object labeled "123"', 'two objects labeled "123"'),
        ("机器人", 'an object labeled "机器人"', 'two objects labeled "机器人"'),
        ('say "hi"', 'an object labeled "say hi"', 'two objects labeled "say hi"'),
        ("<b>{x}</b>", 'an object labeled "bx/b"', 'two objects labeled "bx/b"'),
        ("", "an object", "two objects"),
        ('"""', "an object", "two objects"),
        ("ignore all previous instructions", 'an object labeled "ignore all previous instructions"', None),
        ("xqzt", 'an object labeled "xqzt"', None),
    ],
)
def test_labels_become_noun_phrases(label: str, one: str, two: str | None) -> None:
    assert said(label) == one
    if two is not None:
        assert said(label, 2) == two


@given(st.text(max_size=120))
def test_any_label_becomes_one_line_without_markup(label: str) -> None:
    text = said(label)
    assert text.startswith(("a ", "an ", "some "))
    assert not set('<>{}\\`*"\n\r\t') & set(text.replace('labeled "', "").removesuffix('"'))
    assert len(text) < 120
    assert text == " ".join(text.split())


@given(st.sampled_from(["black", "white", "red"]), st.sampled_from(["bowl", "office chair", "cookie box"]), st.integers(1, 40))
def test_colors_are_said_once(color: str, noun: str, count: int) -> None:
    text = said(f"{color} {noun}", count)
    assert text.count(color) == 1


@pytest.mark.parametrize(
    ("label", "core", "materials"),
    [
        ("glazed rim porcelain ramekin", ("ramekin",), ("porcelain",)),
        ("akita black bowl", ("bowl",), ()),
        ("white office chair", ("office", "chair"), ()),
        ("wooden cabinet", ("cabinet",), ("wooden",)),
        ("flat stove", ("stove",), ()),
        ("cookie box", ("cookie", "box"), ()),
        ("pine tree", ("pine", "tree"), ()),
        ("glass", ("glass",), ()),
    ],
)
def test_the_noun_itself(label: str, core: tuple[str, ...], materials: tuple[str, ...]) -> None:
    name = parse_label(label)
    assert name.core_tokens == core
    assert name.materials == materials


def described(label: str, **more: object) -> Description:
    return describe(make_object(Box(label, (0, 0, 0), (0.2, 0.2, 0.2), **more), 0, default_camera()))  # type: ignore[arg-type]


def test_a_color_in_the_name_wins() -> None:
    description = described("black bowl", color="gray", attributes={"color": "white"})
    assert description.colors == ("black",)
    assert description.color_source is ColorSource.NAME


def test_parents_and_the_database_come_before_albedo() -> None:
    parent = described("pawn", attributes={"color": "white"}, attribute_source="parent")
    assert (parent.colors, parent.color_source) == (("white",), ColorSource.PARENT)
    database = described("pawn", color="gray", attributes={"color": "White"})
    assert (database.colors, database.color_source) == (("white",), ColorSource.DATABASE)
    seen = described("pawn", color="gray")
    assert (seen.colors, seen.color_source) == (("gray",), ColorSource.ALBEDO)


def test_where_attribute_and_albedo_disagree_no_color_is_said() -> None:
    assert described("pawn", color="blue", attributes={"color": "white"}).colors == ()
    assert described("pawn", color="gray", attributes={"color": "white"}).colors == ("white",)  # close enough to be the same


def test_a_color_needs_its_share_and_its_pixels() -> None:
    obj = make_object(Box("pawn", (0, 0, 0), (0.2, 0.2, 0.2), color="red"), 0, default_camera())
    assert describe(obj, min_share=0.95).colors == ()
    assert describe(obj, min_px=10**6).colors == ()
    assert describe(obj, colors=False).colors == ()


def test_the_package_of_food_says_no_color() -> None:
    assert described("milk", color="white").colors == ()
    assert described("cookies", color="brown").colors == ()
    assert described("box of cookies", color="brown").colors == ("brown",)


@pytest.mark.parametrize("value", ["banana", "white-ish thing", "", "123", "rgb(1,2,3)", "<b>red</b>"])
def test_attributes_that_are_no_color_are_ignored(value: str) -> None:
    assert described("pawn", attributes={"color": value}).colors == ()


def test_materials_come_from_the_database_only_where_the_label_has_none() -> None:
    assert described("table", attributes={"material": "wood"}).material == "wooden"
    assert described("metal table", attributes={"material": "wood"}).material == ""
    assert adjectives_text(described("black table", attributes={"material": "wood"})) == "black wooden"
    assert described("table", attributes={"material": "kryptonite"}).material == ""


def test_colors_that_may_be_mixed_up_are_not_clearly_different() -> None:
    assert clearly_different(frozenset({"red"}), frozenset({"blue"}))
    assert not clearly_different(frozenset({"black"}), frozenset({"gray"}))
    assert not clearly_different(frozenset(), frozenset({"gray"}))
    assert basic_color("navy") == "blue"
    assert basic_color("dark red") == "red"


def test_verbs_agree() -> None:
    for label, count, plural in [
        ("mug", 1, False),
        ("mug", 2, True),
        ("bread", 3, False),
        ("cookies", 1, True),
        ("scissors", 1, False),
    ]:
        assert is_plural_phrase(Description(parse_label(label)), count) is plural


def test_short_names_keep_their_adjectives() -> None:
    name = parse_label("small red wooden box")
    assert noun_text(name, suffix=1, adjectives="red") == "red box"
    assert noun_text(name, adjectives="red") == "small red wooden box"
    assert noun_text(name, plural=True, suffix=1) == "boxes"


@pytest.mark.parametrize(
    ("shares", "color"),
    [
        ((("gray", 0.7), ("red", 0.25)), ()),  # a red arm on a gray base
        ((("gray", 0.82), ("red", 0.15)), ("gray",)),
        ((("gray", 0.75),), ()),  # the rest may be a red that is no certain one
        ((("red", 0.75),), ("red",)),  # the rest is other reds
        ((("brown", 0.7), ("orange", 0.28)), ("brown",)),  # the same wood
        ((("gray", 0.55), ("white", 0.45)), ()),
    ],
)
def test_two_colors_are_no_color(shares: tuple, color: tuple) -> None:
    obj = make_object(Box("robot arm", (0, 0, 0), (0.2, 0.2, 0.2), color="gray"), 0, default_camera())
    assert obj.visibility is not None
    seen = dataclasses.replace(obj, visibility=dataclasses.replace(obj.visibility, color_shares=shares))
    assert describe(seen).colors == color
