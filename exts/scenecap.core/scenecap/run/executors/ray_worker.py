"""The inside of a Ray actor: messages come as calls, and answers leave as results of calls that wait for them.

Ray's streams would do the latter too, but hold on to some kilobytes for each answer as long as they last, at both ends.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
from dataclasses import dataclass

from scenecap import __version__
from scenecap.run.executors.base import Opener
from scenecap.run.executors.memory import process_space, resident_mb
from scenecap.run.executors.messages import Answer, Begun, Message, Ready, Refused
from scenecap.run.executors.seen import Sights, what_is_missing
from scenecap.run.executors.worker import answers
from scenecap.run.run_log import library_versions

#: How often a worker looks at its own memory, and whether the run is still there [s].
_LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Run:
    """What a worker is told of the run.

    Attributes:
        pid: Number of its process.
        space: Where that number means the same (:func:`scenecap.run.executors.memory.process_space`).
        memory_mb: More than this much resident memory is told [MB].
    """

    pid: int
    space: str | None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Hello:
    """The first answer of a worker: where it is, and with what.

    Attributes:
        pid: Number of its process.
        space: Where that number means the same (:func:`scenecap.run.executors.memory.process_space`).
        node: What its machine is called.
        version: Its version of Scenecap.
        libraries: Its versions of the libraries that decide bytes.
    """

    pid: int
    space: str | None
    node: str
    version: str
    libraries: dict[str, str]

    def ready(self) -> Ready:
        """Return the message for the supervisor."""
        return Ready({"node": self.node, "pid": self.pid})


@dataclass(frozen=True)
class Used:
    """How much memory the worker holds [MB]; said when it is more than a frame may have, and when it no longer is."""

    mb: float


@dataclass(frozen=True)
class Raised:
    """The worker has a bug, and ends.

    Attributes:
        what: The exception in a line.
    """

    what: str


@dataclass(frozen=True)
class Ended:
    """The worker was told to leave, or has a bug. Its last answer."""


#: What comes of a call.
Said = Answer | Used | Raised | Ended


class RayWorker:
    """One worker of a cluster.

    Args:
        opener: Opens the source of a config.
        run: The run.
    """

    def __init__(self, opener: Opener, run: Run) -> None:
        logging.getLogger("scenecap").addHandler(logging.NullHandler())  # the run has said all this already
        self._opener = opener
        self._run = run
        self._node = _name_of_node()
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self._early: dict[int, tuple[Message, Sights]] = {}
        self._next = 0
        self._lock = threading.Lock()
        self._heard = threading.Semaphore(0)
        self._unheard = 0

    def post(self, number: int, message: Message, sights: Sights) -> None:
        """Take a message in.

        Args:
            number: Its place among all messages to this worker, from 0: calls may overtake each other.
            message: The message.
            sights: What this machine must see before it can be followed; else the run is refused.
        """
        with self._lock:
            self._early[number] = (message, sights)
            while self._next in self._early:
                message, sights = self._early.pop(self._next)
                self._next += 1
                missing = what_is_missing(sights, node=self._node)
                if missing:
                    self._outbox.put(Refused(missing))
                else:
                    self._inbox.put(message)

    def begin(self) -> Hello:
        """Begin to work; returns where and with what."""
        threading.Thread(target=self._work, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()
        return Hello(os.getpid(), process_space(), self._node, __version__, library_versions())

    def take(self) -> list[Said]:
        """Wait until there is something to say, and return it. Whoever calls again has heard what was returned before."""
        for _ in range(self._unheard):
            self._heard.release()
        said = [self._outbox.get()]
        while not self._outbox.empty():
            said.append(self._outbox.get())
        self._unheard = sum(isinstance(answer, Begun) and answer.careful for answer in said)
        return said

    def _work(self) -> None:
        try:
            for answer in answers(self._inbox, self._opener):
                self._outbox.put(answer)
                if isinstance(answer, Begun) and answer.careful:
                    self._heard.acquire()
        except BaseException as error:  # a thread of its own: nobody else would hear of it
            self._outbox.put(Raised(f"{type(error).__name__}: {error}".splitlines()[0]))
        self._outbox.put(Ended())

    def _watch(self) -> None:
        most, over, wait = self._run.memory_mb, False, threading.Event()
        here = self._run.space is not None and self._run.space == process_space()
        while not wait.wait(_LOOK_EVERY):
            if here and not os.path.exists(f"/proc/{self._run.pid}"):
                # The run was killed. Ray takes seconds to notice, in which a frame could be written into a folder that the
                # next run already works in.
                os._exit(1)
            used = None if most is None else resident_mb(os.getpid())
            if used is not None and most is not None and (used > most) is not over:
                over = not over
                self._outbox.put(Used(used))


def _name_of_node() -> str:
    import ray.util  # installed wherever this runs

    return f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"
