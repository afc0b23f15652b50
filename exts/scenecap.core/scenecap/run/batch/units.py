"""From a config to the units of its run: every scene with every seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scenecap.run.batch.scenes import find_scenes
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import CaptureKind
from scenecap.run.config.keys import config_keys
from scenecap.run.unit import Unit, require_embedded


def make_units(config: ScenecapConfig) -> tuple[Unit, ...]:
    """Return the units of a run: scene after scene, and of each scene seed after seed.

    A scene that ``scenes`` names has a folder of its own, also where it is the only one: a glob that matches one file today
    may match two tomorrow. A config with ``scene_path`` alone is one unit, whose folder is the output itself.

    Args:
        config: All settings.

    Raises:
        UsageError: A scene is not there, a glob matches nothing, or the source cannot do what the config asks for.
    """
    require_embedded(config)
    recorded = config.job.capture is CaptureKind.RECORDED
    scenes: list[tuple[dict[str, Any], str]] = [({}, "")]
    if config.batch.scenes:
        key = "recorded_path" if recorded else "scene_path"
        scenes = [
            ({key: Path(item.path) if recorded else item.path}, item.name)
            for item in find_scenes(config.batch.scenes, recorded=recorded)
        ]
    units: list[Unit] = []
    for paths, folder in scenes:
        for seed in config.batch.seeds or (None,):
            parts = [folder] if folder else []
            if len(config.batch.seeds) > 1:
                parts.append(f"seed_{seed}")
            units.append(Unit(len(units), _single(config, paths, seed), "/".join(parts)))
    return tuple(units)


def _single(config: ScenecapConfig, paths: dict[str, Any], seed: int | None) -> ScenecapConfig:
    """Return the config of a run over one scene with one seed."""
    changes: dict[str, dict[str, Any]] = {"job": paths, "batch": {"scenes": (), "seeds": ()}}
    if seed is not None:
        for section, name in config_keys()["random_seed"].places:
            changes.setdefault(section, {})[name] = seed
    return config.model_copy(
        update={section: getattr(config, section).model_copy(update=values) for section, values in changes.items()}
    )
