"""The keys of a batch: what they allow, and the errors of what they do not."""

from __future__ import annotations

import pytest

from scenecap.errors import ConfigError
from scenecap.run.batch.settings import ExecutorKind, parse_scenes, parse_seeds
from scenecap.run.config import load_config, make_config
from scenecap.run.config.schema import as_keys


@pytest.mark.parametrize(
    ("value", "seeds"),
    [
        (None, ()),
        ([], ()),
        (7, (7,)),
        ("7", (7,)),
        ("0..3", (0, 1, 2, 3)),
        ("0..9:3", (0, 3, 6, 9)),
        ([4, "1..2", 4], (4, 1, 2)),
    ],
)
def test_seeds(value: object, seeds: tuple[int, ...]) -> None:
    assert parse_seeds(value) == seeds


@pytest.mark.parametrize("value", ["x", [1.5], -1, "3..1", True, {}, 2**32, "0..10000"])
def test_what_is_no_seed(value: object) -> None:
    with pytest.raises(ValueError, match=r"seed|range"):
        parse_seeds(value)


def test_scenes_are_each_named_once() -> None:
    assert parse_scenes("a.usd") == ("a.usd",)
    assert parse_scenes(["b/*.usd", " a.usd", "b/*.usd"]) == ("b/*.usd", "a.usd")
    for wrong in ([1], [""], 3, [["a"]]):
        with pytest.raises(ValueError, match="not scenes"):
            parse_scenes(wrong)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (
            {"seeds": "many"},
            "config: seeds: 'many' is not allowed; give a range with both ends included (0..9), a whole number",
        ),
        ({"seeds": [0.5]}, "config: seeds: [0.5]: a seed is a whole number from 0 to 4294967295"),
        (
            {"scenes": 3},
            "config: scenes: 3 is not allowed; give a path, a glob (scenes/**/*.usd), or a list of paths and globs.",
        ),
        (
            {"executor": "proceses"},
            "config: executor: 'proceses' is not allowed; give here, processes or ray. Did you mean 'processes'?",
        ),
        ({"limits": {"frame_second": 3}}, "config: limits: unknown key 'frame_second'; did you mean 'frame_seconds'?"),
        ({"limits": {"frame_seconds": 0}}, "config: limits.frame_seconds: 0 is not allowed; give a number, greater than 0"),
        ({"scenes": "a.usd", "scene_path": "b.usd"}, "config: scene_path: stands beside 'scenes'; give one of the two."),
        ({"recorded_path": "b", "scenes": "a"}, "config: scenes: stands beside 'recorded_path'; give one of the two."),
        ({"seeds": 1, "random_seed": 1}, "config: random_seed: stands beside 'seeds'; give one of the two."),
    ],
)
def test_faults_name_the_key_and_what_is_allowed(keys: dict[str, object], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_config(keys)
    assert str(caught.value).splitlines()[0].startswith(line)


def test_a_key_left_empty_stands_beside_nothing() -> None:
    config = make_config({"scenes": [], "scene_path": "a.usd", "seeds": None, "random_seed": 2})
    assert config.job.scene_path
    assert config.batch.executor is ExecutorKind.PROCESSES


def test_a_batch_that_is_printed_can_be_run(tmp_path) -> None:
    import yaml

    config = make_config({"scenes": ["a/*.usd"], "seeds": "0..2", "limits": {"frame_seconds": 30}, "executor": "here"})
    file = tmp_path / "printed.yaml"
    file.write_text(yaml.safe_dump({"scenecap": as_keys(config)}), encoding="utf-8")
    assert load_config(file) == config


def test_whether_there_is_a_limit() -> None:
    assert not make_config({}).batch.limits.given
    for limits in ({"frame_seconds": 1}, {"frame_memory_mb": 64}):
        assert make_config({"limits": limits}).batch.limits.given
