"""Canonical JSON: the same bytes for the same document, and nothing that is no JSON."""

from __future__ import annotations

import enum
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenecap.output.canonical import (
    Digits,
    Encoded,
    EncodedItems,
    content_hash,
    dumps,
    dumps_line,
    encode_value,
)

_TEXT = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20)
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda child: st.lists(child, max_size=5) | st.dictionaries(_TEXT, child, max_size=5),
    max_leaves=40,
)


@settings(max_examples=200, deadline=None)
@given(_DOCUMENTS, st.integers(0, 4))
def test_reading_gives_back_the_document_whatever_the_line_breaks(document, levels):
    content = dumps(document, decimals=None, levels=levels)
    assert json.loads(content) == json.loads(json.dumps(document))  # 0.0 == -0.0
    assert content.endswith(b"\n")
    assert b"-0.0," not in content


@settings(max_examples=100, deadline=None)
@given(_DOCUMENTS)
def test_writing_what_was_read_changes_nothing(document):
    once = dumps(document)
    assert dumps(json.loads(once)) == once


def test_floats_are_rounded_and_have_no_minus_zero():
    assert dumps_line([1 / 3, -0.00001, 1e-9, 2.0, 1e6]) == "[0.3333, 0.0, 0.0, 2.0, 1000000.0]"
    assert dumps_line(np.array([-0.00001, 0.1234567], np.float32)) == "[0.0, 0.1235]"
    assert dumps_line({"a": np.float32(0.1)}, decimals=3) == '{"a": 0.1}'


def test_own_digits_beat_the_documents():
    assert dumps_line([Digits(1 / 3, 9), 1 / 3]) == "[0.333333333, 0.3333]"
    exact = json.loads(dumps_line(Digits(np.array([math.pi, 1 / 3]), None)))
    assert exact == [math.pi, 1 / 3]


def test_numpy_enums_and_tuples_are_plain():
    class Kind(str, enum.Enum):
        ONE = "one"

    document = {"i": np.int64(3), "b": np.bool_(True), "k": Kind.ONE, "t": (1, 2), "a": np.arange(4).reshape(2, 2), 5: "key"}
    assert json.loads(dumps(document)) == {"i": 3, "b": True, "k": "one", "t": [1, 2], "a": [[0, 1], [2, 3]], "5": "key"}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float32("nan"), np.array([1.0, np.inf])])
def test_nan_and_infinity_are_errors_that_name_the_key(bad):
    with pytest.raises(ValueError, match=r"obj\[1\]\.depth"):
        dumps({"obj": [0, {"depth": bad}]})


@pytest.mark.parametrize("bad", [object(), {1, 2}, np.array(["a"]), b"bytes"])
def test_what_has_no_json_form_is_an_error_that_names_the_key(bad):
    with pytest.raises(ValueError, match=r"meta\.thing"):
        dumps({"meta": {"thing": bad}})


def test_text_stays_readable_and_lone_surrogates_do_no_harm():
    assert dumps_line({"ü": "日本\u2028"}) == '{"ü": "日本\u2028"}'
    assert json.loads(dumps({"a": "\udc80"}))["a"] == "?"


def test_long_arrays_of_items_stand_on_their_own_lines():
    edges = [
        {"source": "/World/Table", "target": "/World/Mug", "offset": [0.1, 0.2, 0.3], "relation": "left"} for _ in range(3)
    ]
    text = dumps({"edges": {"obj-obj": edges}}).decode()
    assert sum(line.strip().startswith('{"source"') for line in text.splitlines()) == 3


def test_encoded_parts_are_the_same_bytes_as_plain_ones():
    node = {"class": "mug", "3d_bbox": [[0.1, 0.2, 0.3]] * 8, "support": {"level": 1, "contacts": [{"path": "/a"}] * 9}}
    edges = [{"source": "/a" * 60, "n": number} for number in range(3)]
    plain = {"obj": {"/a": node}, "edges": {"obj-obj": edges}}
    encoded = {
        "obj": {"/a": encode_value(node, levels=1, margin="    ")},
        "edges": {"obj-obj": EncodedItems(dumps_line(edge) for edge in edges)},
    }
    assert dumps(encoded) == dumps(plain)
    assert json.loads(dumps({"edges": EncodedItems()})) == {"edges": []}
    assert isinstance(encoded["obj"]["/a"], Encoded)


def test_content_hash_is_sha_256():
    assert content_hash(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
