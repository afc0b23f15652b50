"""Flat keys into typed settings: every fault names the key, what was given, what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.errors import ConfigError
from scenecap.run.config import Override, make_config
from scenecap.run.config.keys import ALIASES, IRC_CAPTION_KEYS, IRC_TOP_KEYS, KEY_NAMES, config_keys
from scenecap.run.config.model import SECTIONS


def faults(keys: dict[str, object]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        make_config(keys)
    return str(caught.value).splitlines()


def test_every_field_of_every_package_has_one_key() -> None:
    reached = [place for key in config_keys().values() for place in key.places]
    assert sorted(reached) == sorted((section, field) for section, model in SECTIONS.items() for field in model.model_fields)
    assert set(KEY_NAMES) <= set(reached)


def test_every_key_is_described_and_says_what_it_allows() -> None:
    for key in config_keys().values():
        assert key.description, key.name
        assert key.allowed != "another value", key.name


def test_all_of_isaac_sims_keys_are_known() -> None:
    assert {ALIASES.get(key, key) for key in (*IRC_TOP_KEYS, *IRC_CAPTION_KEYS)} <= set(config_keys())


def test_a_key_that_several_packages_use_reaches_all_of_them() -> None:
    config = make_config({"random_seed": 7})
    assert (config.graph.random_seed, config.caption.seed, config.capture.random_seed) == (7, 7, 7)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ({"prunning_ratio": 1}, "unknown key 'prunning_ratio'; did you mean 'pruning_ratio'?"),
        ({"camera_prim_pth": "/a"}, "unknown key 'camera_prim_pth'; did you mean 'camera_prim_path'?"),
        ({"xyzzy": 1}, "unknown key 'xyzzy'; docs/configuration.md lists the keys."),
        ({"pruning_ratio": 2}, "pruning_ratio: 2 is not allowed; give a number from 0 to 1."),
        ({"pruning_ratio": True}, "pruning_ratio: true is not allowed; give a number from 0 to 1."),
        ({"pruning_ratio": "half"}, "pruning_ratio: 'half' is not allowed; give a number from 0 to 1."),
        ({"max_object_capacity": 2.5}, "max_object_capacity: 2.5 is not allowed; give a whole number, 1 or more."),
        ({"export_edges": "maybe"}, "export_edges: 'maybe' is not allowed; give true or false."),
        ({"export_edges": [True]}, "export_edges: [true] is not allowed; give true or false."),
        ({"layout": "agnt"}, "layout: 'agnt' is not allowed; give standalone, agent or object. Did you mean 'agent'?"),
        ({"quality": "fnal"}, "quality: 'fnal' is not allowed; give off, draft, preview or final. Did you mean 'final'?"),
        ({"resolution": "big"}, "resolution: 'big' is not allowed; give WIDTHxHEIGHT in pixels, as in 1280x720."),
        ({"labels": {"/a": 1}}, "labels./a: 1 is not allowed; give a label, or group, part, room or ignore."),
        ({"labels": {"/a": {"labl": "b"}}}, "labels./a: unknown key 'labl'; did you mean 'label'?"),
        ({"contacts": {"grid": 1}}, "contacts.grid: 1 is not allowed; give a whole number from 4 to 64."),
        ({"caption_configs": {"caption_configs": {}}}, "unknown key 'caption_configs'"),
        ({"caption_configs": [1]}, "caption_configs: must hold keys, not a list."),
    ],
)
def test_a_fault_names_key_value_and_what_is_allowed(keys: dict[str, object], line: str) -> None:
    assert [fault.removeprefix("config: ")[: len(line)] for fault in faults(keys)] == [line]


def test_all_faults_are_told_at_once() -> None:
    assert len(faults({"prunning_ratio": 1, "quality": "x", "layout": 3, "frames": "5..1"})) == 4


def test_a_value_is_never_repeated_at_length() -> None:
    (fault,) = faults({"layout": "x" * 5000})
    assert len(fault) < 200


@pytest.mark.parametrize(
    "given_twice", [{"cameras": "all", "camera_prim_path": "/A"}, {"verbose": True, "caption_configs": {"verbose": True}}]
)
def test_a_key_under_two_names_is_a_fault(given_twice: dict[str, object]) -> None:
    assert "given twice" in faults(given_twice)[0]


def test_null_means_not_given() -> None:
    assert make_config({"pruning_ratio": None, "caption_configs": None, "quality": None}) == make_config()


def test_words_and_numbers_may_be_written_either_way() -> None:
    config = make_config({"agent_version": 5, "version": 1.0, "annotators": "rgb, normals", "export_world": "no"})
    assert config.output.agent_version.value == "5"
    assert config.job.version == "1.0"
    assert [item.value for item in config.output.annotators] == ["rgb", "normals"]
    assert config.output.export_world is False


@pytest.mark.parametrize(
    ("keys", "same"),
    [
        ({"scene_path": "/elsewhere/x.usda", "output_path": "/elsewhere/out", "label_database": "/elsewhere/l.sqlite"}, True),
        ({"cameras": "/World/A", "frames": "0..5", "verbose": True, "version": "9", "fsync": False, "auto_views": 1}, True),
        ({"resolution": "640x480"}, False),
        ({"random_seed": 1}, False),
        ({"pruning_ratio": 0.5}, False),
        ({"labels": {"/a": "b"}}, False),
        ({"quality": "off"}, False),
        ({"contacts": {"grid": 8}}, False),
        ({"layout": "agent"}, False),
        ({"verify": {"strictness": "strict"}}, True),  # nobody asks the verifier
        ({"verdicts": "never"}, True),
        ({"verdicts": "always"}, False),
    ],
)
def test_the_hash_holds_what_decides_the_content(keys: dict[str, object], same: bool) -> None:
    assert (make_config(keys).content_hash() == make_config().content_hash()) is same


def test_the_hash_knows_the_order_of_the_label_map() -> None:
    """The first glob that fits wins, so the order decides."""
    one, other = ({"/a*": "x", "/ab*": "y"}, {"/ab*": "y", "/a*": "x"})
    assert make_config({"labels": one}).content_hash() != make_config({"labels": other}).content_hash()


def test_relative_paths_start_at_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = make_config(
        {"scene_path": "a.usda", "output_path": "out"}, overrides=(Override("label_database", "l.db", "--x"),)
    )
    assert config.job.scene_path == str(tmp_path / "a.usda")
    assert config.job.output_path == tmp_path / "out"
    assert config.labels.label_database == tmp_path / "l.db"


def test_an_address_stays_an_address() -> None:
    assert make_config({"scene_path": "omniverse://host/a.usd"}).job.scene_path == "omniverse://host/a.usd"


def test_overrides_replace_and_are_named_in_faults() -> None:
    keys = {"quality": "final", "pruning_ratio": 0.5}
    config = make_config(keys, overrides=(Override("pruning_ratio", "0.25", "--set pruning_ratio", is_text=True),))
    assert (config.graph.pruning_ratio, config.capture.quality.value) == (0.25, "final")
    with pytest.raises(ConfigError, match=r"^--quality: 'x' is not allowed"):
        make_config(keys, overrides=(Override("quality", "x", "--quality"),))
    with pytest.raises(ConfigError, match=r"^--set qualty: unknown key 'qualty'; did you mean 'quality'\?"):
        make_config(keys, overrides=(Override("qualty", "x", "--set qualty", is_text=True),))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=6
)


@given(st.dictionaries(st.sampled_from(sorted(config_keys())), VALUES, max_size=4))
def test_any_value_is_taken_or_refused_in_one_line_each(keys: dict[str, object]) -> None:
    message = ""
    try:
        make_config(keys)
    except ConfigError as error:
        message = str(error)
    assert all(line.strip() and len(line) < 800 for line in message.splitlines())
