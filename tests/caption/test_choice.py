from __future__ import annotations

from collections import Counter

from scenecap.caption.choice import Chooser


def test_choices_do_not_change_with_time_or_machine() -> None:
    # `printf 'x\0y' | b2sum -l 64`, read as a little-endian number
    assert Chooser("x").number("y") == 16_054_406_920_451_504_176
    assert Chooser("x").pick("abcd", "y") == "a"


def test_choices_are_spread_evenly() -> None:
    chooser = Chooser("seed")
    counts = Counter(chooser.pick("abcd", str(index)) for index in range(4000))
    assert all(850 < count < 1150 for count in counts.values())


def test_shuffling_keeps_the_items_and_depends_on_the_seed() -> None:
    items = list(range(20))
    one, other = Chooser("1").shuffled(items, "k"), Chooser("2").shuffled(items, "k")
    assert sorted(one) == sorted(other) == items
    assert one != other
    assert one == Chooser("1").shuffled(items, "k")
