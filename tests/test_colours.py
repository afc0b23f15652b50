"""Colours: standards, and which colour word people would use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap import colours
from scenecap.colours import BASIC_TERMS, basic_color_shares, basic_color_terms, grouped_color_shares

SURVEY = Path(__file__).with_name("xkcd_color_names.txt")


def rgb_of(hexadecimal: str) -> tuple[int, int, int]:
    text = hexadecimal.lstrip("#")
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def term_of(rgb: tuple[int, int, int]) -> str | None:
    index = int(basic_color_terms(np.array([rgb], np.uint8))[0])
    return BASIC_TERMS[index - 1] if index else None


def test_srgb_round_trip_is_exact_for_every_byte():
    every = np.arange(256, dtype=np.uint8)
    assert (colours.linear_to_srgb8(colours.srgb8_to_linear(every)) == every).all()


@pytest.mark.parametrize(("encoded", "linear"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.21404114), (0.04045, 0.0031308)])
def test_srgb_against_the_standard(encoded, linear):
    assert colours.srgb_to_linear(np.float64(encoded)) == pytest.approx(linear, rel=1e-5)
    assert colours.linear_to_srgb(np.float64(linear)) == pytest.approx(encoded, rel=1e-5)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # B. Lindbloom's calculator, sRGB, D65
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((255, 0, 0), (53.2408, 80.0925, 67.2032)),
        ((0, 255, 0), (87.7347, -86.1827, 83.1793)),
        ((0, 0, 255), (32.2970, 79.1875, -107.8602)),
        ((128, 128, 128), (53.5850, 0.0, 0.0)),
    ],
)
def test_lab_against_published_values(rgb, lab):
    assert colours.srgb8_to_lab(np.array(rgb, np.uint8)) == pytest.approx(lab, abs=0.02)


# CSS names that nobody doubts, and colours that have a word of their own.
ANCHORS = {
    "#000000": "black",
    "#ffffff": "white",
    "#808080": "gray",
    "#696969": "gray",
    "#ff0000": "red",
    "#b22222": "red",
    "#8b0000": "red",
    "#dc143c": "red",
    "#008000": "green",
    "#006400": "green",
    "#32cd32": "green",
    "#90ee90": "green",
    "#0000ff": "blue",
    "#000080": "blue",
    "#4169e1": "blue",
    "#4682b4": "blue",
    "#87cefa": "blue",
    "#ffff00": "yellow",
    "#ffd700": "yellow",
    "#ffa500": "orange",
    "#ff8c00": "orange",
    "#8b4513": "brown",
    "#5c3317": "brown",
    "#ffc0cb": "pink",
    "#ff69b4": "pink",
    "#800080": "purple",
    "#9932cc": "purple",
    "#008080": None,  # teal
    "#40e0d0": None,  # turquoise
    "#808000": None,  # olive
    "#4a0404": None,  # oxblood
    "#d2b48c": None,  # tan
    "#b48454": "brown",  # light wood
    "#e4b444": "yellow",  # golden
    "#f5f5dc": None,  # beige
    "#ffdab9": None,  # peach
    "#e6e6fa": None,  # lavender
    "#ff00ff": None,  # magenta
    "#00ffff": None,  # cyan
    "#1c1c1c": "black",
    "#3a3a3a": None,  # between black and gray
    "#d3d3d3": None,  # between gray and white
}


@pytest.mark.parametrize(("color", "term"), ANCHORS.items())
def test_anchors(color, term):
    assert term_of(rgb_of(color)) == term


def survey() -> list[tuple[str, tuple[int, int, int], set[str]]]:
    """(name, RGB, basic terms that occur in the name, as nouns or adjectives)."""
    rows = []
    for line in SURVEY.read_text().splitlines():
        if line.startswith("#") and not line.startswith("# "):
            color, name = line.split(" ", 1)
            words = name.replace("grey", "gray").split()
            found = {words[-1]}
            for word in words[:-1]:
                for term in BASIC_TERMS:
                    stem = term.rstrip("e")
                    if word == term or (word.startswith(stem) and word.endswith(("ish", "y"))):
                        found.add(term)
            rows.append((name, rgb_of(color), found))
    return rows


def test_the_colour_survey_is_hardly_ever_contradicted():
    rows = survey()
    wrong = [name for name, rgb, found in rows if (term := term_of(rgb)) is not None and term not in found]
    assert len(rows) > 500
    # "very dark brown" is #1d0200, "very light pink" #fff4f2, "pale grey" #fdfdfe: black, white and white to the eye.
    assert set(wrong) <= {"very dark brown", "very light pink", "pale grey"}


def test_most_pure_names_of_the_survey_get_their_term():
    pure = [(rgb, found) for _, rgb, found in survey() if len(found) == 1]
    decided = sum(term_of(rgb) is not None for rgb, _ in pure)
    assert decided / len(pure) > 0.7


def test_every_term_has_a_place_and_regions_of_two_terms_are_apart():
    steps = np.arange(0, 256, 5)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3).astype(np.uint8)
    terms = basic_color_terms(cube)
    assert set(np.unique(terms)) == set(range(len(BASIC_TERMS) + 1))
    # Neighbours in the sRGB cube never jump from one term to another: "none" lies between them.
    grid = terms.reshape(len(steps), len(steps), len(steps))
    jumps = []
    for axis in range(3):
        first, second = np.moveaxis(grid, axis, 0)[:-1], np.moveaxis(grid, axis, 0)[1:]
        jumps.append(((first != second) & (first != 0) & (second != 0)).mean())
    assert max(jumps) < 0.002


def test_the_table_agrees_with_the_exact_classification_away_from_borders():
    random = np.random.default_rng(0)
    colors = random.integers(0, 256, (20000, 3)).astype(np.uint8)
    exact = colours.classify_lab(colours.srgb8_to_lab(colors))
    table = basic_color_terms(colors)
    assert ((exact != table) & (exact != 0) & (table != 0)).sum() == 0
    assert (exact != table).mean() < 0.05


def test_shares_are_of_all_pixels_and_largest_first():
    pixels = np.array([(255, 0, 0)] * 6 + [(0, 0, 255)] * 3 + [(0, 128, 128)], np.uint8)
    assert basic_color_shares(pixels) == (("red", 0.6), ("blue", 0.3))
    assert basic_color_shares(np.zeros((0, 3), np.uint8)) == ()


def test_ties_go_by_the_order_of_terms():
    pixels = np.array([(255, 255, 255), (0, 0, 0)], np.uint8)
    assert basic_color_shares(pixels) == (("black", 0.5), ("white", 0.5))


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_shares_do_not_depend_on_the_order_of_pixels(pixels, random):
    array = np.array(pixels, np.uint8)
    shuffled = list(pixels)
    random.shuffle(shuffled)
    shares = basic_color_shares(array)
    assert shares == basic_color_shares(np.array(shuffled, np.uint8))
    assert sum(share for _, share in shares) <= 1.001
    assert [share for _, share in shares] == sorted((share for _, share in shares), reverse=True)


def test_groups_equal_one_call_each():
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (3000, 3)).astype(np.uint8)
    group = random.integers(-1, 6, 3000)
    shares = grouped_color_shares(pixels, group, count=7)
    assert shares == [basic_color_shares(pixels[group == index]) for index in range(7)]
    assert shares[6] == ()


def test_pixels_of_unknown_colour_count_to_no_term():
    pixels = np.array([(255, 0, 0)] * 4, np.uint8)
    known = np.array([True, False, True, False])
    assert grouped_color_shares(pixels, np.zeros(4, int), count=1, known=known) == [(("red", 0.5),)]
