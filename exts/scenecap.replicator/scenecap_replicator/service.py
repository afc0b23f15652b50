"""What the extension runs while it is enabled: its writers, and captures that were started from a panel or a script.

It owns the coroutines, not the ``IExt`` object: a coroutine bound to that would keep it alive after Kit has let go of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from scenecap.errors import ScenecapError
from scenecap_replicator import compat
from scenecap_replicator.settings import read_settings

if TYPE_CHECKING:
    from scenecap.run.config import ScenecapConfig
    from scenecap.run.result import RunResult

logger = logging.getLogger(__name__)

#: NVIDIA's caption extension, whose writers have the names that ours take where it is not enabled.
IRC_EXTENSION = "isaacsim.replicator.caption.core"
#: Longest wait at shutdown where the settings cannot be read [s].
_DRAIN_SECONDS = 60.0


class CaptureService:
    """Registers writers and runs captures, until it is shut down."""

    def __init__(self) -> None:
        self._writers: tuple[str, ...] = ()
        self._tasks: set[asyncio.Future[RunResult]] = set()

    @property
    def writers(self) -> tuple[str, ...]:
        """Names under which the writers are registered."""
        return self._writers

    def startup(self) -> None:
        """Register the writers. What is missing is said in the log; Kit starts all the same."""
        try:
            if not read_settings().register_writers:
                return
            from scenecap_replicator.writers.registry import register_writers  # what it imports takes a moment

            self._writers = register_writers(irc_loaded=compat.is_extension_enabled(IRC_EXTENSION) or None)
            logger.info("writers registered: %s", ", ".join(self._writers))
        except ImportError as error:
            logger.error("The writers are not registered: %s. Install scenecap into Isaac Sim's Python.", error)
        except ScenecapError as error:
            logger.error("The writers are not registered: %s", error)

    def start(self, config: ScenecapConfig, **options: Any) -> asyncio.Future[RunResult]:
        """Start a capture on Kit's event loop and return its task.

        Args:
            config: All settings.
            **options: Of :func:`scenecap_replicator.capture.run_capture`.
        """
        from scenecap_replicator.capture import run_capture

        task = asyncio.ensure_future(run_capture(config, **options))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def shutdown(self) -> None:
        """Stop captures, finish the frames that writers hold, take the writers off. Within ``drain_seconds``, never longer.

        Frames that are unfinished then are recorded as such in their manifests.
        """
        try:
            limit = read_settings().drain_seconds
        except ScenecapError:
            limit = _DRAIN_SECONDS
        end = time.monotonic() + limit
        self._stop_captures(limit)
        if compat.is_imported("scenecap_replicator.frame_sink"):
            from scenecap_replicator.frame_sink import drain_all

            unfinished = drain_all(limit_seconds=max(end - time.monotonic(), 0.0))
            if unfinished:
                logger.warning("%d frames were not finished; their manifests say so", unfinished)
        if self._writers:
            from scenecap_replicator.writers.registry import unregister_writers

            unregister_writers(self._writers)
            self._writers = ()

    def _stop_captures(self, limit: float) -> None:
        if compat.is_imported("scenecap_replicator.capture"):
            from scenecap_replicator.capture import CaptureRun

            run = CaptureRun.current()
            if run is not None:
                run.abort(limit_seconds=limit)
        for task in tuple(self._tasks):
            task.cancel()
        self._tasks.clear()


_SERVICES: list[CaptureService] = []


def get_service() -> CaptureService:
    """Return the service; it is made at the first call."""
    if not _SERVICES:
        _SERVICES.append(CaptureService())
    return _SERVICES[0]


def close_service() -> None:
    """Shut the service down and let go of it."""
    while _SERVICES:
        _SERVICES.pop().shutdown()
