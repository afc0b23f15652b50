"""Text from a stage is hostile until it is clean."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.text import MAX_LABEL, clean_text, nearest, safe_name, short_hash


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("office chair", "office chair"),
        ("  a\t b \n c\r\n", "a b c"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape [31m"),
        ("right\u202eto left\u200b", "right to left"),  # bidirectional override and zero-width space
        ("\ufb01sh \uff21", "fish A"),  # ligature and full-width letter
        ("private \ue000 use, lone \ud800 surrogate", "private use, lone surrogate"),
        ("", ""),
        (42, "42"),
        (None, "None"),
    ],
)
def test_clean_text(given_: object, expected: str) -> None:
    assert clean_text(given_) == expected


@given(st.text(max_size=400), st.integers(1, 120))
def test_clean_text_is_one_capped_line_and_stays_clean(value: str, limit: int) -> None:
    text = clean_text(value, limit=limit)
    assert len(text) <= limit
    assert text == text.strip()
    assert "  " not in text
    assert not re.search(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\ufeff]", text)
    assert clean_text(text, limit=limit) == text


def test_a_hostile_label_costs_no_more_than_its_cap() -> None:
    hostile = "\ufdfa" * 5_000_000  # NFKC makes 18 characters of each
    begin = time.perf_counter()
    assert len(clean_text(hostile)) <= MAX_LABEL
    assert time.perf_counter() - begin < 0.5


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("kitchen_01", "kitchen_01"),
        ("../../etc/passwd", "etc_passwd"),
        ("/World/Camera 1", "World_Camera_1"),
        ("Caf\u00e9", "Cafe"),
        ("..", f"unnamed_{short_hash('..')}"),
        ("\u6905\u5b50", f"unnamed_{short_hash(chr(0x6905) + chr(0x5B50))}"),
        ("a\\b:c*?", "a_b_c"),
    ],
)
def test_safe_name(given_: str, expected: str) -> None:
    assert safe_name(given_) == expected


@given(st.text(max_size=300), st.integers(20, 120))
def test_safe_name_is_always_one_safe_path_element(value: str, limit: int) -> None:
    name = safe_name(value, limit=limit)
    assert re.fullmatch(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?", name)
    assert len(name) <= max(limit, len("unnamed_12345678"))


def test_long_names_that_begin_alike_stay_apart() -> None:
    one, two = safe_name("x" * 200 + "1"), safe_name("x" * 200 + "2")
    assert one != two
    assert len(one) == len(two) == 100


@pytest.mark.parametrize(
    ("word", "expected"),
    [("pruning_ration", "pruning_ratio"), ("Pruning_Ratio", "pruning_ratio"), ("layuot", "layout"), ("zzz", None)],
)
def test_nearest(word: str, expected: str | None) -> None:
    assert nearest(word, ["pruning_ratio", "layout", "random_seed"]) == expected
