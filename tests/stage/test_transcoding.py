"""Decoding of ``tn__`` names: the examples of the public proposal, and names from real converters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.stage.transcoding import decode_identifier

#: "Bi-Directional Transcoding of Invalid Identifiers", OpenUSD proposals, section Examples.
PROPOSAL = {
    "tn__01234567890_lG7QQ": "012-345-678/9.0",
    "tn__123456555_oDT": "123-456/555",
    "tn__MnchenGermany_pDV5hi2": "München, Germany",
    "tn__MünchenGermany_rEi5": "München, Germany",
    "tn__helloworld_lA": "hello world",
    "tn__a0I26g1D": "->$.<-",
    "tn__mycoolstring": None,
    "tn__my_cool_string": None,
    "tn__///abc": None,
}

#: Names in scenes by others, with the display names that their converter wrote beside them.
CONVERTED = {
    "tn__lightwood_qD": "light-wood",
    "tn__knob1_f5": "knob 1",
    "tn__Burner1_j7": "Burner 1",
    "tn__robotpanda0_joint1_rY0": "robot:panda0_joint1",
    "tn__robotpanda0_finger_joint1_ul0": "robot:panda0_finger_joint1",
    "tn__MuJoCoModel_nB": "MuJoCo Model",
}


@pytest.mark.parametrize(("name", "meant"), [*PROPOSAL.items(), *CONVERTED.items()])
def test_known_names(name: str, meant: str | None) -> None:
    assert decode_identifier(name) == meant


@pytest.mark.parametrize("name", ["", "chair", "tn_chair", "tn__", "tn___", "xtn__knob1_f5", "tn__" + "z" * 100_000])
def test_what_is_not_encoded(name: str) -> None:
    assert decode_identifier(name) is None


@given(st.text(alphabet="0123456789ABCxyz_é", max_size=80))
def test_hostile_suffixes_never_raise_and_never_give_control_characters(text: str) -> None:
    decoded = decode_identifier("tn__" + text)
    assert decoded is None or not any(ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF for char in decoded)


def encode(text: str) -> str:
    """The proposal's encoding procedure, written apart from the decoder, for round trips."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    is_basic = [char.isascii() and (char.isalnum() or char == "_") for char in text]
    # Insert extended characters in the order of their code points, then of their places.
    order = sorted((ord(char), at) for at, char in enumerate(text) if not is_basic[at])
    present = [at for at in range(len(text)) if is_basic[at]]
    suffix, last = "", 0
    for code, at in order:
        position = sum(other < at for other in present)
        value = (code - last) * (len(present) + 1) + position
        last = code
        present.append(at)
        while value >= 31:
            low = 31 + (value - 31) % 31
            suffix, value = suffix + digits[low], (value - low) // 31
        suffix += digits[value]
    basic = "".join(char for at, char in enumerate(text) if is_basic[at])
    return "tn__" + (f"{basic}_" if basic else "") + suffix


@given(st.text(alphabet=st.sampled_from("aZ0_ -./:éß茶壶кот$"), min_size=1, max_size=30))
def test_round_trip(text: str) -> None:
    if all(char.isascii() and (char.isalnum() or char == "_") for char in text):
        return
    assert decode_identifier(encode(text)) == text


def test_the_encoder_of_this_test_agrees_with_the_proposal() -> None:
    assert encode("München, Germany") == "tn__MnchenGermany_pDV5hi2"
    assert encode("012-345-678/9.0") == "tn__01234567890_lG7QQ"
