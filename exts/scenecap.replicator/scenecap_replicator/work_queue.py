"""A bounded queue between Kit's main thread and the thread that draws, captions and writes.

``write()`` of a writer runs inside graph evaluation: it may copy and submit, nothing else. Work is done in the order of
submission by one thread, so files and manifest rows come in frame order whatever the load.
"""

from __future__ import annotations

import asyncio
import collections
import enum
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from scenecap.errors import ScenecapError

logger = logging.getLogger(__name__)


class QueueFull(str, enum.Enum):
    """What happens to a frame that arrives while the queue is full."""

    BLOCK = "block"
    FAIL = "fail"


class QueueFullError(ScenecapError):
    """A frame was refused because the queue was full."""


class QueueClosedError(ScenecapError):
    """A frame arrived after the queue had been closed."""


@dataclass(frozen=True)
class QueueReport:
    """What became of the submitted work.

    Attributes:
        submitted: Accepted items.
        finished: Items whose work ended without an error.
        failed: (name, error text) of each item whose work raised.
        refused: Names of items refused because the queue was full or closed.
        unfinished: Names of items that were dropped at the drain's time limit.
        blocked_seconds: Time that submitters waited for room [s].
        longest_queue: Largest number of items that waited at one time.
    """

    submitted: int
    finished: int
    failed: tuple[tuple[str, str], ...]
    refused: tuple[str, ...]
    unfinished: tuple[str, ...]
    blocked_seconds: float
    longest_queue: int


class WorkQueue:
    """Run submitted callables one after another on a thread of its own.

    Args:
        capacity: Number of items that may wait (the one in hand not counted).
        when_full: Block the submitter, or refuse the item.
        name: Name of the thread, for logs.
        on_error: Called on the worker thread with (item name, exception) when an item's work raises.
    """

    def __init__(
        self,
        *,
        capacity: int = 64,
        when_full: QueueFull = QueueFull.BLOCK,
        name: str = "scenecap",
        on_error: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"WorkQueue: capacity must be at least 1, got {capacity}")
        self._capacity = capacity
        self._when_full = when_full
        self._on_error = on_error
        self._items: collections.deque[tuple[str, Callable[[], object]]] = collections.deque()
        self._changed = threading.Condition()
        self._closed = False
        self._busy = False
        self._submitted = self._finished = self._longest = 0
        self._blocked = 0.0
        self._failed: list[tuple[str, str]] = []
        self._refused: list[str] = []
        self._unfinished: list[str] = []
        self._thread = threading.Thread(target=self._work, name=f"{name}-queue", daemon=True)
        self._thread.start()

    def submit(self, name: str, work: Callable[[], object]) -> None:
        """Queue one item.

        Args:
            name: What it is called in the report (the frame's name).
            work: Called on the worker thread.

        Raises:
            QueueFullError: The queue is full and ``when_full`` is FAIL.
            QueueClosedError: The queue has been closed.
        """
        with self._changed:
            if len(self._items) >= self._capacity and not self._closed:
                if self._when_full is QueueFull.FAIL:
                    self._refused.append(name)
                    raise QueueFullError(
                        f"{name}: the caption queue is full ({self._capacity} frames).",
                        remedy="Raise queue_capacity, or set queue_full: block.",
                    )
                begin = time.monotonic()
                self._changed.wait_for(lambda: len(self._items) < self._capacity or self._closed)
                self._blocked += time.monotonic() - begin
            if self._closed:
                self._refused.append(name)
                raise QueueClosedError(f"{name}: the caption queue is closed.", remedy="Attach the writer again.")
            self._items.append((name, work))
            self._submitted += 1
            self._longest = max(self._longest, len(self._items))
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more items; those that wait are still worked off. Returns at once."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in hand."""
        with self._changed:
            return not self._items and not self._busy

    def drain(self, *, limit_seconds: float | None = None) -> QueueReport:
        """Wait until all submitted work is done, at most ``limit_seconds``, then return the report.

        At the limit the items that still wait are dropped and reported as unfinished; the one in hand is left to end.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: not self._items and not self._busy, timeout=limit_seconds)
            if not done:
                self._unfinished.extend(name for name, _ in self._items)
                self._items.clear()
                self._changed.notify_all()
                logger.warning("%d frame(s) were not finished within %s s", len(self._unfinished), limit_seconds)
        return self.report()

    async def drain_async(self, *, poll_seconds: float = 0.01) -> QueueReport:
        """Wait as :meth:`drain` does without blocking the event loop."""
        while not self.idle:
            await asyncio.sleep(poll_seconds)
        return self.report()

    def report(self) -> QueueReport:
        """Return what has become of the work so far."""
        with self._changed:
            return QueueReport(
                submitted=self._submitted,
                finished=self._finished,
                failed=tuple(self._failed),
                refused=tuple(self._refused),
                unfinished=tuple(self._unfinished),
                blocked_seconds=self._blocked,
                longest_queue=self._longest,
            )

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed)
                if not self._items:
                    return
                name, work = self._items.popleft()
                self._busy = True
                self._changed.notify_all()
            try:
                work()
            except Exception as error:
                self._note_failure(name, error)
            else:
                with self._changed:
                    self._finished += 1
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()

    def _note_failure(self, name: str, error: Exception) -> None:
        logger.error("%s failed: %s", name, error, exc_info=not isinstance(error, ScenecapError))
        with self._changed:
            self._failed.append((name, str(error)))
        if self._on_error is not None:
            try:
                self._on_error(name, error)
            except Exception:
                logger.exception("%s: the error could not be recorded", name)
