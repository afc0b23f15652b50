"""A config becomes units: scenes times seeds, each a run of its own over one scene."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from scenecap.run.batch.units import make_units
from scenecap.run.config import Override, load_config, make_config


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    for name in ("b/scene.usda", "a/scene.usda", "a/lamp.usd"):
        path = tmp_path / "scenes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def test_a_config_of_one_scene_is_one_unit_in_the_output_itself() -> None:
    config = make_config({"scene_path": "kitchen.usd", "output_path": "out", "random_seed": 4})
    (unit,) = make_units(config)
    assert (unit.index, unit.folder, unit.config) == (0, "", config)


def test_scenes_times_seeds(scenes: Path) -> None:
    config = make_config({"scenes": str(scenes / "scenes/*/*"), "output_path": "out", "seeds": "3..4"})
    units = make_units(config)
    assert [unit.index for unit in units] == list(range(6))
    assert [
        (unit.folder, Path(str(unit.config.job.scene_path)).parent.name, unit.config.graph.random_seed) for unit in units
    ] == [
        ("lamp/seed_3", "a", 3),
        ("lamp/seed_4", "a", 4),
        ("a_scene/seed_3", "a", 3),
        ("a_scene/seed_4", "a", 4),
        ("b_scene/seed_3", "b", 3),
        ("b_scene/seed_4", "b", 4),
    ]


def test_a_seed_reaches_every_package_that_draws(scenes: Path) -> None:
    (unit,) = make_units(make_config({"scene_path": "kitchen.usd", "seeds": 9}))
    assert (unit.config.graph.random_seed, unit.config.capture.random_seed, unit.config.caption.seed) == (9, 9, 9)
    assert unit.folder == ""  # one seed needs no folder


def test_seeds_of_one_scene_have_a_folder_each() -> None:
    units = make_units(make_config({"scene_path": "kitchen.usd", "seeds": [5, 1]}))
    assert [unit.folder for unit in units] == ["seed_5", "seed_1"]


def test_a_batch_of_one_scene_has_its_folder_all_the_same(scenes: Path) -> None:
    (unit,) = make_units(make_config({"scenes": str(scenes / "scenes/a/l*")}))
    assert unit.folder == "lamp"


def test_recordings(scenes: Path) -> None:
    keys = {"scenes": [str(scenes / "scenes/a"), str(scenes / "scenes/b")], "capture": "recorded"}
    assert [unit.config.job.recorded_path for unit in make_units(make_config(keys))] == [
        scenes / "scenes/a",
        scenes / "scenes/b",
    ]


def test_a_unit_is_a_run_over_its_scene_alone(scenes: Path) -> None:
    config = make_config({"scenes": str(scenes / "scenes/*/*"), "output_path": "out", "seeds": "3..4", "quality": "off"})
    for unit in make_units(config):
        assert pickle.loads(pickle.dumps(unit)) == unit
        alone = make_config(
            {
                "scene_path": unit.config.job.scene_path,
                "output_path": "out",
                "random_seed": unit.config.graph.random_seed,
                "quality": "off",
            }
        )
        assert unit.config == alone
        (again,) = make_units(unit.config)
        assert again.config == unit.config


def test_what_decides_a_frame_decides_its_hash(scenes: Path) -> None:
    def hashes(**keys: object) -> list[str]:
        return [unit.config.content_hash() for unit in make_units(make_config({"scenes": str(scenes / "scenes/a/*"), **keys}))]

    one = hashes(seeds=3)
    assert one == hashes(random_seed=3) == hashes(seeds=3, executor="here", limits={"frame_seconds": 5})
    assert one[0] == one[1]  # which scene it is, its layers' hashes say
    assert hashes(seeds=[3, 4])[1] not in one


def test_globs_start_at_the_config_files_folder_and_options_replace_them(
    scenes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = scenes / "batch.yaml"
    file.write_text("scenecap:\n  scenes: ['scenes/b/*']\n  seeds: 1..2\n", encoding="utf-8")
    monkeypatch.chdir("/")
    assert [unit.folder for unit in make_units(load_config(file))] == ["scene/seed_1", "scene/seed_2"]
    options = (
        Override("scene_path", str(scenes / "scenes/a/lamp.usd"), "--scene"),
        Override("random_seed", "7", "--set random_seed", is_text=True),
    )
    (unit,) = make_units(load_config(file, overrides=options))
    assert (unit.folder, unit.config.graph.random_seed) == ("", 7)
    assert str(unit.config.job.scene_path).endswith("lamp.usd")
