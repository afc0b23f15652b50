"""What the tests of the chat engine share: a server, settings for it, frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scenecap.caption.chat.engine import ChatEngine
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.model import Captions
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph
from tests.chat.fake_server import Brain, FakeServer, truthful
from tests.chat.scenes import desk

pytest.importorskip("openai", reason="needs the extra [models]")
pytest.importorskip("jinja2", reason="needs the extra [models]")


class QuickClock:
    """Time that passes when somebody waits, and only then."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def scene() -> tuple[Frame, SceneGraph]:
    """A mug and a bowl on a table, and a chair beside it."""
    return desk()


def template(frame: Frame, graph: SceneGraph) -> Captions:
    return caption_graph(graph, frame=frame)


@pytest.fixture
def open_engine(tmp_path: Path, clock: QuickClock) -> Iterator[Callable[..., tuple[FakeServer, ChatEngine]]]:
    """Return a function that starts a server with a brain and an engine that asks it; both are closed at the end."""
    opened: list[Any] = []

    def start(
        brain: Brain = truthful,
        *,
        claim_check: Any = None,
        captions: dict[str, Any] | None = None,
        real_time: bool = False,
        **keys: Any,
    ) -> tuple[FakeServer, ChatEngine]:
        server = FakeServer(brain)
        opened.append(server)
        environ = keys.pop("environ", {})
        settings = settings_for(server, cache_path=tmp_path / "cache", **keys)
        engine = ChatEngine(
            settings,
            CaptionSettings.model_validate(captions or {}),
            claim_check=claim_check,
            environ=environ,
            clock=None if real_time else clock,
        )
        opened.append(engine)
        return server, engine

    yield start
    for item in reversed(opened):
        item.close()


def settings_for(server: FakeServer, **keys: Any) -> ChatSettings:
    return ChatSettings.model_validate({"url": server.url, "name": "fake", "timeout": 10.0, **keys})


def captions_of(engine: ChatEngine, scene: tuple[Frame, SceneGraph]) -> Captions:
    return engine.submit(*scene, template(*scene)).result(timeout=30)
