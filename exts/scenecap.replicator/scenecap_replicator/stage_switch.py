"""Kit shows one stage at a time; a batch captures many: each is opened when its frames are asked for.

A batch opens every scene twice: once to list its frames, so that the manifest's order is known, and once to capture them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from scenecap.contract import Frame, SceneLicences
from scenecap.run.config import ScenecapConfig
from scenecap.run.plan import FrameTask
from scenecap_replicator.session import CaptureSession
from scenecap_replicator.settings import ReplicatorSettings
from scenecap_replicator.source import ReplicatorSource, StopCapture

#: How often a worker that waits for a stage looks whether it was told to stop [s].
_POLL_SECONDS = 0.2

Result = TypeVar("Result")


class StageSwitch:
    """Holds the stage that is captured, with what the capture changed in Kit.

    :meth:`show` and :meth:`close` belong to Kit's main thread, :meth:`open` and :meth:`source_of` to a worker.

    Args:
        settings: How to render.
        stopped: Whether the capture was told to stop.
        discard_changes: Open the first scene even if the open stage has unsaved changes.
    """

    def __init__(self, settings: ReplicatorSettings, *, stopped: Callable[[], bool], discard_changes: bool = False) -> None:
        self._settings = settings
        self._stopped = stopped
        self._discard_changes = discard_changes
        self._loop = asyncio.get_running_loop()
        self._session: CaptureSession | None = None
        self._source: ReplicatorSource | None = None
        self._owner: object = None

    async def show(self, config: ScenecapConfig, *, owner: object = None) -> ReplicatorSource:
        """Put the stage that is captured back as it was, and make another ready.

        Args:
            config: Settings of the scene.
            owner: Whom the stage belongs to from now on.

        Raises:
            StageError: The scene cannot be opened.
            UsageError: No stage is open, a camera is not there, or the open stage has unsaved changes.
        """
        self.close()
        self._session = CaptureSession(semantic_filter=self._settings.semantic_filter)
        self._session.__enter__()
        self._source = ReplicatorSource(config, self._session, self._settings, stopped=self._stopped)
        await self._source.prepare(discard_changes=self._discard_changes)
        self._discard_changes = True  # the stage that is open now is one that the batch opened
        self._owner = owner
        return self._source

    def close(self) -> None:
        """Give everything back. May be called at any time and more than once."""
        self._owner = None
        if self._source is not None:
            self._source.close()
            self._source = None
        if self._session is not None:
            self._session.restore()
            self._session = None

    def open(self, config: ScenecapConfig) -> SceneSource:
        """Return the source of one scene; its stage is opened when something is asked of it."""
        return SceneSource(config, self)

    def source_of(self, scene: SceneSource) -> ReplicatorSource:
        """Return a scene's source, its stage open: the one that is open already, or after opening it.

        Raises:
            StopCapture: The capture was told to stop.
        """
        if self._owner is scene and self._source is not None:
            return self._source
        return self._wait(self.show(scene.config, owner=scene))

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while not concurrent.futures.wait([future], timeout=_POLL_SECONDS).done:
            if self._stopped():
                future.cancel()
                raise StopCapture
        if self._stopped() or future.cancelled():
            raise StopCapture
        return future.result()


class SceneSource:
    """A :class:`scenecap.run.source.FrameSource` of one scene of a batch.

    Args:
        config: Settings of the scene.
        stages: Opens its stage.
    """

    def __init__(self, config: ScenecapConfig, stages: StageSwitch) -> None:
        self.config = config
        self._stages = stages

    @property
    def scene(self) -> str:
        """Name of the scene."""
        return self._stages.source_of(self).scene

    @property
    def problems(self) -> Sequence[str]:
        """What was wrong with the stage and survived."""
        return self._stages.source_of(self).problems

    @property
    def licences(self) -> SceneLicences | None:
        """What the stage's files say of their licences."""
        return self._stages.source_of(self).licences

    def inputs(self) -> Mapping[str, str]:
        """Hash of each layer of the stage."""
        return self._stages.source_of(self).inputs()

    def tasks(self) -> tuple[FrameTask, ...]:
        """Return all frames: for each time, every camera."""
        return self._stages.source_of(self).tasks()

    @property
    def rejected(self) -> Mapping[str, int]:
        """Rule -> how many viewpoints broke it."""
        return self._stages.source_of(self).rejected

    def observe(self, task: FrameTask) -> Frame:
        """Have a frame rendered and return it.

        Raises:
            StopCapture: The capture was told to stop.
            ScenecapError: The frame cannot be captured.
        """
        return self._stages.source_of(self).observe(task)
