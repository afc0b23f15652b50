"""Scenes are dealt out whole, in shares, in an order that nothing but seed and content decides."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.errors import UsageError
from scenecap.output.dataset.scene_identity import identity_of, scene_identity
from scenecap.output.export.split import DEFAULT_SHARES, parse_shares, split_scenes
from scenecap.output.manifest import FrameStatus
from tests.output.dataset.make import fault
from tests.output.export.make import digest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train=0.9,val=0.1", {"train": 0.9, "val": 0.1}),
        (" train = 1 ", {"train": 1.0}),
        ("a=0.333,b=0.333,c=0.333", {"a": 0.333, "b": 0.333, "c": 0.333}),
    ],
)
def test_shares_are_read(text: str, expected: dict[str, float]) -> None:
    assert parse_shares(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no name of a split"),
        ("train", "must be a number"),
        ("train=0.9", "sum to 0.9"),
        ("train=0.9,val=0.2", "sum to 1.1"),
        ("train=1,val=0", "above 0"),
        ("train=1,val=nan", "must be a number"),
        ("train=1,val=-0.1", "above 0"),
        ("train=0.5,Train=0.5", "twice"),
        ("../x=1", "no name"),
        ("a b=1", "no name"),
        (".=1", "no name"),
    ],
)
def test_shares_that_cannot_be(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_shares(text)


@given(
    count=st.integers(1, 60),
    weights=st.lists(st.integers(1, 50), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_shares_are_kept_and_no_split_is_empty(count: int, weights: list[int], seed: int) -> None:
    shares = {f"s{number}": weight / sum(weights) for number, weight in enumerate(weights)}
    scenes = [digest(f"{seed} {number}") for number in range(count)]
    if count < len(shares):
        with pytest.raises(UsageError, match="never divided"):
            split_scenes(scenes, shares, seed=seed)
        return
    split_of = split_scenes(scenes, shares, seed=seed)
    shuffled = [*scenes, *scenes]
    random.Random(seed).shuffle(shuffled)
    assert split_scenes(shuffled, shares, seed=seed) == split_of
    assert set(split_of) == set(scenes)
    counts = {name: list(split_of.values()).count(name) for name in shares}
    assert all(counts.values())
    forced = sum(share * count < 1 for share in shares.values())
    for name, share in shares.items():
        exact = share * count
        if not forced:
            assert math.floor(exact + 1e-9) <= counts[name] <= math.ceil(exact - 1e-9)  # quota rule of largest remainders
        else:
            assert counts[name] <= math.ceil(exact)
            assert counts[name] >= min(1, math.floor(exact))


def test_another_seed_deals_otherwise() -> None:
    scenes = [digest(str(number)) for number in range(40)]
    first, second = (split_scenes(scenes, DEFAULT_SHARES, seed=seed) for seed in (0, 1))
    assert first != second
    assert list(first.values()).count("val") == list(second.values()).count("val") == 4


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("a", {"a.usda": digest("x")}), ("b", {"else/b.usda": digest("x")}), True),
        (("a", {"a.usda": digest("x"), "label database": digest("1")}), ("a", {"a.usda": digest("x")}), True),
        (("a", {"p": digest("x"), "q": digest("y")}), ("b", {"q": digest("x"), "p": digest("y")}), True),
        (("a", {"a.usda": digest("x")}), ("a", {"a.usda": digest("y")}), False),
        (("a", {"a.usda": digest("x")}), ("b", {"a.usda": digest("x"), "b.usda": digest("y")}), False),
        (("a", {}), ("a", {}), True),
        (("a", {}), ("b", {}), False),
        (("a", {"a.usda": "unreadable: gone"}), ("b", {"a.usda": "unreadable: gone"}), False),
        (("a", {"label database": digest("1")}), ("b", {"label database": digest("1")}), False),
    ],
)
def test_what_makes_a_scene_the_same(one: tuple, other: tuple, same: bool) -> None:
    assert (identity_of(*one) == identity_of(*other)) is same


def test_a_row_is_known_by_its_inputs() -> None:
    row = fault(FrameStatus.FAILED, "x", scene="kitchen")
    assert scene_identity(row) == identity_of("kitchen", {})
    inputs = {"k.usda": digest("k")}
    assert scene_identity(dataclasses.replace(row, inputs=inputs)) == identity_of("other", inputs)
