"""Who writes the captions of a run's frames: the templates, or a chat model that is asked for many frames at a time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Protocol

from scenecap.caption.chat.engine import ChatEngine
from scenecap.caption.chat.settings import OnUnsupported
from scenecap.caption.model import Captions
from scenecap.caption.template import caption_graph
from scenecap.capture.settings import Quality
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.graph.model import SceneGraph
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import CaptureKind, Engine


class Captioner(Protocol):
    """Writes captions. To be closed."""

    @property
    def ahead(self) -> int:
        """How many frames may wait for their captions at a time."""
        ...

    def submit(self, frame: Frame, graph: SceneGraph, config: ScenecapConfig, *, seed: int) -> Future[Captions]:
        """Start to write a frame's captions."""
        ...

    def summary(self) -> Mapping[str, Any] | None:
        """Return what was asked of a model and what came of it, for the run log; None where none was asked."""
        ...

    def close(self) -> None:
        """End what is under way."""
        ...


class TemplateCaptioner:
    """Writes captions from the graph alone, at once."""

    ahead = 1

    def submit(self, frame: Frame, graph: SceneGraph, config: ScenecapConfig, *, seed: int) -> Future[Captions]:
        """Write a frame's captions."""
        done: Future[Captions] = Future()
        done.set_result(caption_graph(graph, frame=frame, settings=config.caption, seed=seed))
        return done

    def summary(self) -> None:
        """Nothing was asked."""

    def close(self) -> None:
        """Nothing was started."""


class ChatCaptioner:
    """Asks a chat model. The template's captions are written too: they stand where the model has nothing that can be used.

    Args:
        config: Of the run.

    Raises:
        UsageError: Something is missing: a model's name, an address, a key, pictures.
        MissingExtraError: An extra is not installed.
    """

    def __init__(self, config: ScenecapConfig) -> None:
        _check(config)
        judge = None
        if config.chat.on_unsupported is not OnUnsupported.ACCEPT:
            from scenecap.caption.chat.verifying import verifier_judge  # a parser: it takes a while to load

            judge = verifier_judge()
        self._engine = ChatEngine(config.chat, config.caption, judge=judge)
        try:
            self._engine.prepare()
        except BaseException:
            self._engine.close()
            raise
        self.ahead = config.chat.concurrency

    def submit(self, frame: Frame, graph: SceneGraph, config: ScenecapConfig, *, seed: int) -> Future[Captions]:
        """Ask for a frame's captions."""
        base = caption_graph(graph, frame=frame, settings=config.caption, seed=seed)
        return self._engine.submit(frame, graph, base, captions=config.caption)

    def summary(self) -> Mapping[str, Any]:
        """Return the engine's account."""
        return self._engine.summary()

    def close(self) -> None:
        """End what is under way and close the connections."""
        self._engine.close()


def open_captioner(config: ScenecapConfig) -> Captioner:
    """Return who writes a run's captions; a model is asked what it can do before the first frame.

    Raises:
        UsageError: The model cannot be asked.
        MissingExtraError: An extra is not installed.
    """
    return ChatCaptioner(config) if config.job.engine is Engine.CHAT else TemplateCaptioner()


def _check(config: ScenecapConfig) -> None:
    if config.chat.picture and config.job.capture is CaptureKind.EMBEDDED and config.capture.quality is Quality.OFF:
        raise UsageError(
            "model_picture: there is no picture with quality: off.", remedy="Set quality: draft, or model_picture: false."
        )
