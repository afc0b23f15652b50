"""YAML: safe, with lines, without YAML 1.1's surprises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scenecap.errors import ConfigError
from scenecap.run.config.yaml_source import MAX_BYTES, parse_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("1:30", "1:30"),
        ("0..10", "0..10"),
        ("2024-01-01", "2024-01-01"),
        ("012", 12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-3", -3),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ("1280x720", "1280x720"),
        ("a: {b: [1, 2]}", {"a": {"b": [1, 2]}}),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    got = parse_yaml(text, name="t").values
    assert got == value
    assert type(got) is type(value)


def test_lines_of_keys_and_items() -> None:
    source = parse_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\nd: 2\n", name="f.yaml")
    assert source.where(("a", "b")) == "f.yaml:2"
    assert source.where(("a", "c", 1)) == "f.yaml:5"
    assert source.where(("d",)) == "f.yaml:6"
    assert source.where(("a", "b", "deeper")) == "f.yaml:2"
    assert source.where(("unknown",)) == "f.yaml"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' is given twice (first on line 1)"),
        ("x:\n  a: 1\n  a: 1\n", 3, "given twice"),
        ("a: [1\nb: 2\n", 2, "not valid YAML"),
        ("a:\n\t- b\n", 2, "not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "a tag (!...) is not allowed"),
        ("? [1, 2]\n: 3\n", 1, "a key must be a word"),
    ],
)
def test_faults_name_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, name="f.yaml")
    assert str(caught.value).startswith(f"f.yaml:{line}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
        ),
        "a: &a [*a]\n",
        "[" * 3000 + "]" * 3000,
        "a: " + "9" * 5000,
        "a: \x00\n",
        "a: 1\n---\nb: 2\n",
    ],
    ids=["alias bomb", "recursive alias", "deep", "long number", "control character", "two documents"],
)
def test_hostile_text_is_a_plain_error(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, name="f.yaml")
    assert len(str(caught.value)) < 400


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x01")
    (tmp_path / "huge.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    for name, words in (
        ("none.yaml", "no such config file"),
        (".", "is a folder"),
        ("binary.yaml", "not UTF-8"),
        ("huge.yaml", "larger than"),
    ):
        with pytest.raises(ConfigError, match=words):
            read_yaml(tmp_path / name)


def _not_a_number(text: str) -> bool:
    """PyYAML leaves "0E0" and "0o7" bare, for they are text to YAML 1.1 and numbers to 1.2."""
    return re.fullmatch(r"[-+]?(0o[0-7]+|(\.\d+|\d+\.?\d*)([eE][-+]?\d+)?)", text) is None


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(alphabet=st.characters(codec="ascii", categories=("L", "N", "P", "S")), max_size=20).filter(_not_a_number),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.from_regex(r"\A[a-z]{1,8}\Z"), inner, max_size=4),
        max_leaves=12,
    )
)
def test_what_pyyaml_writes_is_read_back(value: object) -> None:
    assert parse_yaml(yaml.safe_dump(value, default_flow_style=False), name="t").values == value
