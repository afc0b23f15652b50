"""Captions through a rails folder, as a program would check them: no model, no network."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenecap.caption.model import CaptionKind
from scenecap.contract import Frame
from scenecap.errors import MissingExtraError, UsageError
from scenecap.graph.model import SceneGraph
from scenecap.run.guardrails.action import KIND, RAIL, SceneRail
from scenecap.run.guardrails.policy import RailStatus
from scenecap.run.guardrails.scenes import DATASET, FRAME, SCENE
from scenecap.run.guardrails.settings import SECTION

#: The ready folder: configuration, flow, and the registration of the action. To be used as it is or copied.
RAILS_FOLDER = Path(__file__).resolve().parent / "ready"


@dataclass(frozen=True)
class RailsAnswer:
    """What all output rails of a folder made of a text.

    Attributes:
        status: Whether it passed, was modified or was blocked.
        text: The text that goes on; of a blocked one what the bot says instead.
        rail: Name of the rail that blocked it, or "".
        check: What the scene's rail said: ``status``, ``text``, ``caption_source``, ``reason``, ``verdict``; empty where it
            was not asked.
        llm_calls: How often a model was asked; 0 unless the folder has rails that ask one.
    """

    status: RailStatus
    text: str
    rail: str
    check: Mapping[str, Any]
    llm_calls: int


class CaptionRails:
    """Checks captions by the output rails of a folder.

    Args:
        folder: A rails folder whose ``config.py`` calls :func:`scenecap.run.guardrails.init`.
        settings: Replaces the folder's ``custom_data.scenecap``, if given.

    Raises:
        MissingExtraError: NeMo Guardrails is not installed.
        UsageError: The folder has no rail of the scene.
    """

    def __init__(self, folder: Path = RAILS_FOLDER, *, settings: Mapping[str, Any] | None = None) -> None:
        try:
            from nemoguardrails import LLMRails, RailsConfig  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise MissingExtraError("nemoguardrails", extra="guardrails", purpose="The caption rail") from error
        config = RailsConfig.from_path(str(folder))
        if settings is not None:
            config.custom_data = {**config.custom_data, SECTION: dict(settings)}
        #: The library's own object, for whatever else is to be asked of it.
        self.app = LLMRails(config)
        rail = self.app.runtime.registered_action_params.get(RAIL)
        if not isinstance(rail, SceneRail):
            raise UsageError(
                f"{folder}: its config.py registers no rail of a scene.",
                remedy="Add to it: from scenecap.run.guardrails import init",
            )
        self.rail: SceneRail = rail
        self._names = (f"scene {number}" for number in itertools.count())

    def check(self, text: str, graph: SceneGraph, frame: Frame, *, kind: CaptionKind = CaptionKind.GLOBAL) -> RailsAnswer:
        """Check a text against a scene. Not to be called where an event loop runs: there, ask :attr:`app` itself.

        Args:
            text: A caption, whoever wrote it.
            graph: The frame's scene graph.
            frame: The frame that it was built from.
            kind: Which of the template's captions may stand in for it.
        """
        name = next(self._names)
        self.rail.register_scene(name, graph, frame)
        try:
            return self._ask(text, {SCENE: name, KIND: kind.value})
        finally:
            self.rail.forget_scene(name)

    def check_written(
        self, text: str, dataset: Path, frame: str | int | None = None, *, kind: CaptionKind = CaptionKind.GLOBAL
    ) -> RailsAnswer:
        """Check a text against a frame of a finished dataset.

        Args:
            text: A caption, whoever wrote it.
            dataset: Output folder of a run.
            frame: The frame's key or number in ``manifest.jsonl``; not needed where there is one only.
            kind: Which of the template's captions may stand in for it.
        """
        return self._ask(text, {DATASET: str(dataset), FRAME: frame, KIND: kind.value})

    def _ask(self, text: str, context: dict[str, Any]) -> RailsAnswer:
        response: Any = self.app.generate(
            messages=[
                {"role": "context", "content": context},
                {"role": "user", "content": "Describe the scene."},  # rails of output run on an answer to something
                {"role": "assistant", "content": text},
            ],
            options={
                "rails": ["output"],
                "output_vars": ["scene_check"],
                "log": {"activated_rails": True, "llm_calls": True},
            },
            state={},  # without a state the library keeps the events of every conversation
        )
        content = response.response[-1]["content"]
        said = content if isinstance(content, str) else str(content.get("message", ""))  # with enable_rails_exceptions
        blocking = next((rail.name for rail in response.log.activated_rails if rail.stop), "")
        status = RailStatus.BLOCKED if blocking else RailStatus.PASSED if said == text else RailStatus.MODIFIED
        check = dict((response.output_data or {}).get("scene_check") or {})
        return RailsAnswer(status, said, blocking, check, len(response.log.llm_calls or ()))
