"""The action ``check_scene_caption``, as NeMo Guardrails calls it from the flow of the ready rails folder."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from scenecap.caption.model import CaptionKind
from scenecap.contract import Frame
from scenecap.errors import ScenecapError
from scenecap.graph.model import SceneGraph
from scenecap.run.guardrails.policy import RailCheck, hold_to_scene, refused
from scenecap.run.guardrails.scenes import Scenes
from scenecap.run.guardrails.settings import RailSettings, rail_settings
from scenecap.text import clean_text

_LOG = logging.getLogger(__name__)

#: Name of the action, and of the parameter under which a configuration's rail is registered.
ACTION, RAIL = "check_scene_caption", "scene_rail"
#: Variable of the context that says which of the template's captions may stand in.
KIND = "caption_kind"


class Application(Protocol):
    """What is asked of an ``LLMRails``."""

    config: Any

    def register_action(self, action: Any, name: str | None = None) -> Any:
        """Register an action."""
        ...

    def register_action_param(self, name: str, value: Any) -> Any:
        """Register a parameter of actions."""
        ...


class SceneRail:
    """Holds bot messages to a scene.

    Args:
        settings: Policy, verifier, dataset; all defaults where None.
    """

    def __init__(self, settings: RailSettings | None = None) -> None:
        self.settings = RailSettings.model_validate({}) if settings is None else settings
        self._scenes = Scenes(self.settings)

    def register_scene(self, name: str, graph: SceneGraph, frame: Frame) -> None:
        """Let conversations name a scene: ``{"role": "context", "content": {"scene": name}}``.

        Args:
            name: Any name; one that is known gets the new scene.
            graph: The frame's scene graph.
            frame: The frame that it was built from.
        """
        self._scenes.register(name, graph, frame)

    def forget_scene(self, name: str) -> None:
        """Take a registered scene away; one that is not known is no error."""
        self._scenes.forget(name)

    def check(self, text: object, context: Mapping[str, Any]) -> RailCheck:
        """Hold a text to the scene that a context names. What cannot be judged is refused, never passed.

        Args:
            text: The bot's message.
            context: ``scene``, or ``scene_dataset`` and ``scene_frame``; ``caption_kind``.
        """
        try:
            if not isinstance(text, str) or not text.strip():
                return refused("There is no text.")
            kind = CaptionKind(context.get(KIND) or CaptionKind.GLOBAL)
            return hold_to_scene(text, self._scenes.find(context), self.settings.on_unsupported, kind=kind)
        except (ScenecapError, ValueError) as error:
            _LOG.error("The caption could not be checked, so it is refused: %s", error)
            return refused(f"It could not be checked: {clean_text(error, limit=300)}")

    async def check_scene_caption(
        self, context: dict[str, Any] | None = None, bot_message: str | None = None, **_: Any
    ) -> dict[str, Any]:
        """Check the bot's message; the action that flows execute. Never asks a model.

        Args:
            context: Variables of the conversation.
            bot_message: The message, where it is not the context's ``bot_message``.

        Returns:
            ``is_blocked``, ``text``, ``status``, ``caption_source``, ``reason``, ``verdict``.
        """
        variables = context or {}
        text = variables.get("bot_message") if bot_message is None else bot_message
        return self.check(text, variables).to_dict()


def init(app: Application) -> SceneRail:
    """Register the rail with a rails application: what the ``config.py`` of a rails folder calls.

    NeMo Guardrails reports its use to its maker unless told not to. That is switched off here, for captions are often nobody
    else's business; whoever wants it sets ``NEMO_GUARDRAILS_NO_USAGE_STATS=0``.

    Args:
        app: An ``LLMRails``; ``custom_data: {scenecap: ...}`` of its configuration holds the settings.

    Raises:
        ConfigError: A setting is wrong.
    """
    os.environ.setdefault("NEMO_GUARDRAILS_NO_USAGE_STATS", "1")
    path = getattr(app.config, "config_path", None)
    rail = SceneRail(rail_settings(app.config.custom_data, folder=Path(path) if path else None))
    app.register_action(rail.check_scene_caption, ACTION)
    app.register_action_param(RAIL, rail)
    return rail
