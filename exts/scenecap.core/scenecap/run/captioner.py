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
from scenecap.errors import ScenecapError, UsageError
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
        claim_check = None
        if config.chat.on_unsupported is not OnUnsupported.ACCEPT:
            from scenecap.caption.chat.verifier_check import verifier_check  # a parser: it takes a while to load

            claim_check = verifier_check(config.verify.verify)
        self._engine = ChatEngine(config.chat, config.caption, claim_check=claim_check)
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


class LazyCaptioner:
    """Opens a run's captioner with the first frame, where nobody waits for the start of a run; fails the same way each time.

    Args:
        config: Of the run.
    """

    def __init__(self, config: ScenecapConfig) -> None:
        self._config = config
        self._opened: Captioner | None = None
        self._error: ScenecapError | None = None

    @property
    def ahead(self) -> int:
        """How many frames may wait for their captions at a time."""
        return 1 if self._opened is None else self._opened.ahead

    def submit(self, frame: Frame, graph: SceneGraph, config: ScenecapConfig, *, seed: int) -> Future[Captions]:
        """Start to write a frame's captions.

        Raises:
            ScenecapError: The model cannot be asked; it was asked once.
        """
        if self._error is not None:
            raise self._error
        if self._opened is None:
            try:
                self._opened = open_captioner(self._config)
            except ScenecapError as error:
                self._error = error
                raise
        return self._opened.submit(frame, graph, config, seed=seed)

    def summary(self) -> Mapping[str, Any] | None:
        """Return the account of the captioner, if there was one."""
        return None if self._opened is None else self._opened.summary()

    def close(self) -> None:
        """End what is under way."""
        if self._opened is not None:
            self._opened.close()


def open_captioner(config: ScenecapConfig) -> Captioner:
    """Return who writes a run's captions; a model is asked what it can do before the first frame.

    Raises:
        UsageError: The model cannot be asked.
        MissingExtraError: An extra is not installed.
    """
    if config.writes_verdicts:
        from scenecap.caption.verify.tagging import load_tagger

        load_tagger()  # now, not in the first frame: where it is missing nothing is begun
    return ChatCaptioner(config) if config.job.engine is Engine.CHAT else TemplateCaptioner()


def _check(config: ScenecapConfig) -> None:
    if config.chat.picture and config.job.capture is CaptureKind.EMBEDDED and config.capture.quality is Quality.OFF:
        raise UsageError(
            "model_picture: there is no picture with quality: off.", remedy="Set quality: draft, or model_picture: false."
        )
