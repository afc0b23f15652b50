"""Kit as the stand-ins have it, for tests of captures."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.result import RunResult
from tests.replicator.scene import make_stage

FILTER = "class:chair"
ASYNC = ("/omni/replicator/asyncRendering", "/app/asyncRendering")
ON_PLAY = "/omni/replicator/captureOnPlay"


@dataclass
class Kit:
    """The stand-ins of one test."""

    stage: Any
    renderer: Any
    timeline: Any
    settings: Any
    app: Any
    syntheticdata: Any
    context: Any

    def state(self) -> dict[str, Any]:
        """What a capture must leave as it is."""
        names = (*ASYNC, ON_PLAY)
        return {
            "layers": [layer.ExportToString() for layer in self.stage.GetLayerStack()],
            "edit target": self.stage.GetEditTarget().GetLayer().identifier,
            "products": list(self.renderer.products),
            "annotators": list(self.renderer.attached),
            "time": self.timeline.get_current_time(),
            "playing": self.timeline.is_playing(),
            "filter": self.syntheticdata.get_instance_mapping_semantic_filter(),
            "settings": {name: self.settings.get(name) for name in names},
        }


def make_kit(rep: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kit]:
    """Give Kit with a stage open, in a state that is not the default one."""
    stage = make_stage()
    renderer = importlib.import_module("tests.replicator.renderer").Renderer(stage)
    for name, module in (("create", renderer), ("orchestrator", renderer)):
        monkeypatch.setattr(rep, name, module, raising=False)
    monkeypatch.setattr(rep.AnnotatorRegistry, "get_annotator", renderer.get_annotator)
    load = importlib.import_module
    context = load("omni.usd").get_context()
    context.stage, context.pending_edit = stage, False
    context.opened.clear()
    kit = Kit(
        stage,
        renderer,
        load("omni.timeline").reset(),
        load("carb.settings").reset(),
        load("omni.kit.app").reset(),
        load("omni.syntheticdata").reset(),
        context,
    )
    kit.syntheticdata.set_instance_mapping_semantic_filter(FILTER)
    kit.timeline.set_current_time(0.25)
    for name in (*ASYNC, ON_PLAY):
        kit.settings.values[name] = True
    renderer.set_capture_on_play = lambda on: kit.settings.set(ON_PLAY, on)
    yield kit
    context.stage = None


def config_of(folder: Path, **keys: Any) -> ScenecapConfig:
    return make_config(
        {
            "output_path": str(folder),
            "resolution": [160, 120],
            "save_image": False,
            "visualize_caption": False,
            "fsync": False,
            "quality": "draft",
            **keys,
        }
    )


def run(config: ScenecapConfig, **options: Any) -> RunResult:
    from scenecap_replicator.capture import run_capture

    return asyncio.run(run_capture(config, **options))
