"""Make frames in several processes of this machine, each on a pipe of its own."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections.abc import Sequence
from multiprocessing import connection
from multiprocessing.context import SpawnProcess

from scenecap.run.executors.base import Opener
from scenecap.run.executors.memory import resident_mb
from scenecap.run.executors.messages import Answer, Drop, Leave, Lost, Message
from scenecap.run.executors.supervise import Link
from scenecap.run.executors.worker import worker_main
from scenecap.run.source import open_source

#: How long frames in hand may take when a run is broken off [s]; then their workers are ended, and the frames are unfinished.
GRACE_SECONDS = 5.0


class ProcessLink:
    """A worker process and the pipe to it."""

    def __init__(self, number: int, process: SpawnProcess, pipe: connection.Connection) -> None:
        self._number = number
        self.process = process
        self.pipe = pipe

    @property
    def number(self) -> int:
        """Which worker, from 0."""
        return self._number

    def send(self, message: Message) -> None:
        """Send a message."""
        with contextlib.suppress(OSError):  # it is gone, and whoever waits for it hears so
            self.pipe.send(message)

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(OSError):
            self.process.kill()

    def memory_mb(self) -> float | None:
        """Resident memory [MB]."""
        return None if self.process.pid is None else resident_mb(self.process.pid)


class ProcessTransport:
    """Starts worker processes and carries their messages.

    Args:
        opener: Opens the source of a config.
    """

    loses_last_words = False  # what was written to a pipe can be read after the death of who wrote it
    remedy = "Use executor: here. A script that starts a run needs 'if __name__ == \"__main__\":' around it."

    def __init__(self, *, opener: Opener = open_source) -> None:
        self._opener = opener
        # spawn: a fork of a process with USD's and numba's threads in it may hang
        self._context = multiprocessing.get_context("spawn")
        self._links: list[ProcessLink] = []

    def start(self, number: int) -> ProcessLink:
        """Start a worker process."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=worker_main, args=(theirs, self._opener), name=f"scenecap-worker-{number}", daemon=True
        )
        process.start()
        theirs.close()  # so that its end of the pipe is the only one
        link = ProcessLink(number, process, ours)
        self._links.append(link)
        return link

    def wait(self, seconds: float) -> list[tuple[Link, Answer]]:
        """Return what the workers have said."""
        ready = set(connection.wait([link.pipe for link in self._links], timeout=seconds))
        said: list[tuple[Link, Answer]] = []
        for link in [link for link in self._links if link.pipe in ready]:
            try:
                while link.pipe.poll():
                    said.append((link, link.pipe.recv()))
            except (EOFError, OSError):
                self._links.remove(link)
                said.append((link, Lost(_how_it_ended(link))))
        return said

    def finish(self) -> None:
        """Nothing is in the output but the dataset."""

    def close(self, links: Sequence[Link]) -> None:
        """End all workers: at once where they are idle, after a moment where they are not."""
        for link in self._links:
            link.send(Drop())
            link.send(Leave())
        end = time.monotonic() + GRACE_SECONDS
        for link in self._links:
            link.process.join(max(0.0, end - time.monotonic()))
            if link.process.is_alive():
                link.kill()
                link.process.join()
            link.pipe.close()
        self._links.clear()


def _how_it_ended(link: ProcessLink) -> str:
    """Say how a process ended, in words that hold no number of this machine's."""
    link.process.join(GRACE_SECONDS)
    if link.process.is_alive():  # it closed its pipe and lives on: no worker of ours does
        link.kill()
        link.process.join()
    link.pipe.close()
    code = link.process.exitcode
    if code is None or code >= 0:
        return f"its worker process ended with exit code {code}"
    name = next((item.name for item in signal.Signals if item == -code), f"signal {-code}")
    why = ", often for want of memory" if name == "SIGKILL" else ""
    return f"its worker process was ended by {name}{why}"
