"""Config files: ours, Isaac Sim's, and wrong ones."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import yaml

from scenecap.errors import ConfigError
from scenecap.run.config import load_config, make_config
from scenecap.run.config.keys import IRC_CAPTION_KEYS
from scenecap.run.config.load import IRC_DEFAULTS, IRC_ROOT, ROOT
from scenecap.run.config.schema import as_keys, config_schema

REPOSITORY = Path(__file__).resolve().parents[3]
CONFIGS = sorted((REPOSITORY / "config").glob("*.yaml"))

#: The sample of Isaac Sim's documentation, key for key.
IRC_SAMPLE = """\
isaacsim.replicator.caption.core:
  version: {version}
  camera_prim_path: /World/Cameras/Camera
  scene_path: scene.usd
  output_path: out
  caption_configs:
    save_full_scene_graph: true
    save_pruned_scene_graph: true
    pruning_ratio: 1.0
    random_seed: 0
    attach_label_to_usd: false
    use_ai_label: false
    visualize_caption: true
    max_object_capacity: 100
    export_edges: true
    export_world: true
    global_caption: true
    brief_caption: true
    qa_caption: false
    caption_only: false
    verbose: true
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def fault(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value)


@pytest.mark.parametrize(("version", "warned"), [("0.0.9", False), ("0.6.6", False), ("0.7", True), ("'99.1-beta'", True)])
def test_isaac_sims_sample_works_with_any_version(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, version: str, warned: bool
) -> None:
    with caplog.at_level(logging.WARNING, logger="scenecap"):
        config = load_config(write(tmp_path / "c.yaml", IRC_SAMPLE.format(version=version)))
    assert len([record for record in caplog.records if "version" in record.getMessage()]) == int(warned)
    assert config.job.cameras == ("/World/Cameras/Camera",)
    assert config.job.scene_path == str(tmp_path / "scene.usd")
    assert config.job.output_path == tmp_path / "out"
    assert config.labels.attach_label_to_usd is False
    assert config.graph.pruning_strategy.value == "random"
    assert (config.caption.brief, config.caption.overall, config.caption.questions) == (True, True, False)
    assert config.job.verbose is True


def test_isaac_sims_sample_sets_every_key_it_has() -> None:
    block = yaml.safe_load(IRC_SAMPLE.format(version="0.6.6"))[IRC_ROOT]["caption_configs"]
    assert tuple(block) == IRC_CAPTION_KEYS


def test_its_defaults_hold_where_it_says_nothing_and_ours_elsewhere(tmp_path: Path) -> None:
    theirs = as_keys(load_config(write(tmp_path / "c.yaml", f"{IRC_ROOT}:\n  scene_path: ''\n")))
    ours = as_keys(load_config(write(tmp_path / "d.yaml", f"{ROOT}:\n  scene_path:\n")))
    assert {key: theirs[key] for key in theirs if theirs[key] != ours[key]} == dict(IRC_DEFAULTS)
    assert theirs["scene_path"] is None


def test_it_keeps_what_it_says(tmp_path: Path) -> None:
    text = (
        f"{IRC_ROOT}:\n  caption_configs:\n    attach_label_to_usd: true\n    qa_caption: true\n  pruning_strategy: salient\n"
    )
    config = load_config(write(tmp_path / "c.yaml", text))
    assert config.labels.attach_label_to_usd
    assert config.caption.questions
    assert config.graph.pruning_strategy.value == "salient"


def test_flat_and_grouped_keys_are_the_same(tmp_path: Path) -> None:
    flat = load_config(write(tmp_path / "c.yaml", "scenecap:\n  pruning_ratio: 0.5\n  quality: off\n"))
    grouped = load_config(
        write(tmp_path / "d.yaml", "scenecap:\n  caption_configs:\n    pruning_ratio: 0.5\n  quality: off\n")
    )
    assert flat == grouped
    assert flat.capture.quality.value == "off"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scenecap:\n  a: 1\n  quality: draft\n  quality: final\n", ":4: the key 'quality' is given twice (first on line 3)"),
        (
            "scenecap:\n  scene_path: a\n  prunning_ratio: 1\n",
            ":3: unknown key 'prunning_ratio'; did you mean 'pruning_ratio'?",
        ),
        (
            "scenecap:\n  caption_configs:\n    random_seed: -1\n",
            ":3: random_seed: -1 is not allowed; give a whole number, 0 or more.",
        ),
        ("scenecap:\n  labels:\n    /a: b\n    /c: 3\n", ":4: labels./c: 3 is not allowed"),
        ("scenecp:\n  a: 1\n", ":1: unknown root 'scenecp'; did you mean 'scenecap'?"),
        ("scene_path: a\n", ":1: unknown root 'scene_path'"),
        ("scenecap:\n  layout: agent\nlayout: agent\n", ":3: 'layout' stands beside the root 'scenecap'"),
        ("scenecap: 5\n", ":1: 'scenecap' must hold keys, not '5'"),
        ("- a\n", ":1: the root must be the key 'scenecap', not a list"),
        ("", ": the file is empty"),
        ("isaacsim.replicator.agent:\n  a: 1\n", ":1: 'isaacsim.replicator.agent' configs drive a simulation"),
        ("isaacsim.replicator.object:\n  a: 1\n", "run inside Isaac Sim only"),
        (f"scenecap:\n  a: 1\n{IRC_ROOT}:\n  b: 1\n", f":3: '{IRC_ROOT}' stands beside the root 'scenecap'"),
    ],
)
def test_a_wrong_file_names_the_line_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path / "c.yaml", text)
    message = [line for line in fault(path).splitlines() if "unknown key 'a'" not in line]
    assert len(message) == 1
    assert message[0].startswith(str(path))
    assert words in message[0]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_ready_files_are_right_and_their_scenes_are_there(path: Path) -> None:
    config = load_config(path)
    assert config.job.output_path is not None
    assert config.job.output_path.resolve().is_relative_to(REPOSITORY / "out")
    if config.job.scene_path is not None:
        assert Path(config.job.scene_path).is_file()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_ready_files_say_how_to_run_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#")
    assert f"config/{path.name}" in text or path.name == "demo.yaml" or "\n# " in text


def test_a_config_survives_being_printed(tmp_path: Path) -> None:
    config = make_config(
        {"labels": {"/a*": "b", "/c": "ignore"}, "frames": "0..4:2", "cameras": ["/A", "/B"], "resolution": "64x48"}
    )
    printed = write(tmp_path / "c.yaml", yaml.safe_dump({ROOT: as_keys(config)}, sort_keys=False))
    assert load_config(printed) == config


def test_the_schema_is_json_and_names_every_key() -> None:
    schema = json.loads(json.dumps(config_schema()))
    keys = schema["$defs"]["keys"]["properties"]
    assert set(as_keys(make_config())) <= set(keys)
    text = json.dumps(schema)
    for name in {part.split('"')[0] for part in text.split("#/$defs/")[1:]}:
        assert name.split("/")[0] in schema["$defs"], name
