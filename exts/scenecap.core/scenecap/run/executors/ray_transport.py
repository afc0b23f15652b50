"""Make frames in actors of a Ray cluster; see :mod:`scenecap.run.executors.supervise` for who gets what."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any

from scenecap import __version__
from scenecap.errors import ScenecapError
from scenecap.run.batch.settings import LimitSettings, RaySettings
from scenecap.run.events import Observer
from scenecap.run.executors.base import Opener
from scenecap.run.executors.memory import process_space, resident_mb
from scenecap.run.executors.messages import Answer, Drop, Expand, Leave, Lost, Message, Refused, Share
from scenecap.run.executors.pool import GRACE_SECONDS
from scenecap.run.executors.ray_cluster import RayCluster
from scenecap.run.executors.ray_worker import Ended, Hello, Raised, RayWorker, Run, Said, Used
from scenecap.run.executors.seen import Mark, Sights, inputs_of
from scenecap.run.executors.supervise import Link, SupervisedExecutor
from scenecap.run.run_log import library_versions
from scenecap.run.source import open_source

_LOG = logging.getLogger(__name__)

#: Calls that an actor takes at the same time: the one that waits for its answers, and what is posted meanwhile.
_CALLS = 4


class RayLink:
    """An actor and the call that waits for its answers."""

    def __init__(self, number: int, actor: Any, sights: Callable[[Message], Sights]) -> None:
        self._number = number
        self.actor = actor
        self.pending = actor.begin.remote()
        self._sights = sights
        self._sent = 0
        self._used: float | None = None
        self._pid: int | None = None
        self._process: int | None = None
        self.met = False
        self.since = time.monotonic()

    @property
    def number(self) -> int:
        """Which worker, from 0."""
        return self._number

    def send(self, message: Message) -> None:
        """Send a message; that an actor is gone shows where its answers are waited for."""
        self.actor.post.options(num_returns=0).remote(self._sent, message, self._sights(message))
        self._sent += 1

    def meet(self, hello: Hello) -> None:
        """Take hold of its process, where that is one of this machine's."""
        self.met = True
        if hello.space is not None and hello.space == process_space():
            self._pid = hello.pid
            with contextlib.suppress(OSError):
                self._process = os.pidfd_open(hello.pid)  # the number may be another process's once this one is gone

    def kill(self) -> None:
        """End it at once: by its process, where that can be, and by Ray."""
        import ray

        if self._process is not None:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
        with contextlib.suppress(Exception):
            ray.kill(self.actor, no_restart=True)

    def let_go(self) -> None:
        """Forget its process."""
        if self._process is not None:
            os.close(self._process)
            self._process = None

    def memory_mb(self) -> float | None:
        """Resident memory [MB]: looked at from here where that can be, else as the worker says of itself."""
        return self._used if self._pid is None else resident_mb(self._pid)

    def take(self, used: Used) -> None:
        """Remember what the worker says of its memory."""
        self._used = used.mb


class RayTransport:
    """Starts actors and carries their messages.

    Args:
        cluster: The cluster; it is closed with the transport.
        settings: What a worker is given.
        opener: Opens the source of a config.
        memory_mb: Most memory of a worker [MB], which it watches itself.
    """

    loses_last_words = True  # they leave the worker a moment after they are said
    remedy = (
        "Every node needs scenecap with the extras that the config needs (capture, remote), and Ray's logs are in the "
        "cluster's session folder; or use executor: processes."
    )

    def __init__(
        self,
        cluster: RayCluster,
        *,
        settings: RaySettings,
        opener: Opener = open_source,
        memory_mb: int | None = None,
    ) -> None:
        self._cluster = cluster
        self._settings = settings
        self._opener = opener
        self._run = Run(os.getpid(), process_space(), memory_mb)
        self._links: list[RayLink] = []
        self._marks: dict[str, Mark] = {}
        self._told: set[str] = set()
        self._actors = cluster.ray.remote(RayWorker).options(
            num_cpus=settings.cpus_per_worker,
            max_concurrency=_CALLS,
            max_restarts=0,  # the supervisor decides what is tried again
            scheduling_strategy="SPREAD",
        )

    def start(self, number: int) -> RayLink:
        """Start an actor, as soon as the cluster has room for it."""
        actor = self._actors.remote(self._opener, self._run)
        link = RayLink(number, actor, self._sights)
        self._links.append(link)
        return link

    def wait(self, seconds: float) -> list[tuple[Link, Answer]]:
        """Return what the workers have said."""
        said: list[tuple[Link, Answer]] = []
        ray = self._cluster.ray
        if not self._links:
            return said
        try:
            ready, _ = ray.wait([link.pending for link in self._links], timeout=seconds)
            if ready:
                ready, _ = ray.wait([link.pending for link in self._links], num_returns=len(self._links), timeout=0)
        except ray.exceptions.RayError as error:
            raise ScenecapError(
                f"the Ray cluster is gone: {_last_line(str(error))}",
                remedy="What was written so far is whole; run it again to go on.",
            ) from error
        for link in [link for link in self._links if link.pending in ready]:
            for answer in self._take(link):
                said.append((link, answer))
                if isinstance(answer, Lost):
                    self._links.remove(link)
                    link.kill()  # what cannot be reached must not go on with a frame that somebody else is given
                    link.let_go()
                    break
        self._refuse_to_wait_for_ever()
        return said

    def finish(self) -> None:
        """Take the marks away that workers have looked for."""
        for mark in self._marks.values():
            mark.remove()
        self._marks.clear()

    def close(self, links: Sequence[Link]) -> None:
        """End all actors: at once where they are idle, after a moment where they are not; then the connection."""
        ray = self._cluster.ray
        with contextlib.suppress(Exception):  # the cluster may be gone
            for link in self._links:
                link.send(Drop())
                link.send(Leave())
            end = time.monotonic() + GRACE_SECONDS
            busy = [link for link in self._links if link.met]
            while busy and time.monotonic() < end:
                ready, _ = ray.wait([link.pending for link in busy], timeout=max(0.0, end - time.monotonic()))
                ended = [
                    link
                    for link in busy
                    if link.pending in ready and any(isinstance(answer, Lost) for answer in self._take(link))
                ]
                for link in ended:
                    link.let_go()  # Ray alone ends it, and tells nobody of a crash
                busy = [link for link in busy if link not in ended]
        for link in self._links:
            link.kill()
            link.let_go()
        self._links.clear()
        self._cluster.close()

    def _take(self, link: RayLink) -> list[Answer]:
        """Return what a worker has said, and ask for more; a lost one says so as its last."""
        ray = self._cluster.ray
        try:
            result: Hello | list[Said] = ray.get(link.pending)
        except ray.exceptions.RayError as error:
            _LOG.debug("worker %d", link.number, exc_info=True)
            return [_why_it_is_lost(ray, error)]
        link.pending = link.actor.take.remote()
        if isinstance(result, Hello):
            link.meet(result)
            return [self._greet(result)]
        answers: list[Answer] = []
        for answer in result:
            if isinstance(answer, Used):
                link.take(answer)
            elif isinstance(answer, Raised):
                answers.append(Lost(f"its worker failed: unexpected {answer.what}"))
            elif isinstance(answer, Ended):
                answers.append(Lost("its worker ended"))
            else:
                answers.append(answer)
        return answers

    def _greet(self, hello: Hello) -> Answer:
        """Take a worker in, unless it would make other frames."""
        if hello.version != __version__:
            return Refused(
                f"node {hello.node} has scenecap {hello.version}, and the run is started with {__version__}. "
                "Install the same version on every node."
            )
        ours = library_versions()
        differs = {name: have for name, have in hello.libraries.items() if ours.get(name, have) != have}
        if differs and hello.node not in self._told:
            self._told.add(hello.node)
            _LOG.warning(
                "node %s has other libraries than this one, so its frames may differ: %s",
                hello.node,
                ", ".join(f"{name} {have}, not {ours[name]}" for name, have in differs.items()),
            )
        return hello.ready()

    def _sights(self, message: Message) -> Sights:
        """Return what a worker must see to do what a message says."""
        if isinstance(message, Expand):
            return Sights(inputs_of(message.unit.config))
        if not isinstance(message, Share):
            return Sights()
        share = message.share
        inputs = inputs_of(share.unit.config)
        if "://" in share.output:
            return Sights(inputs)
        if share.output not in self._marks:
            self._marks[share.output] = Mark(share.output)
        return Sights(inputs, share.output, self._marks[share.output].path)

    def _refuse_to_wait_for_ever(self) -> None:
        limit = self._settings.start_seconds
        waiting = [link for link in self._links if not link.met]
        if not waiting or len(waiting) < len(self._links):
            return
        if time.monotonic() - min(link.since for link in waiting) > limit:
            raise ScenecapError(
                f"no worker has started within ray.start_seconds ({limit:g} s): a worker needs "
                f"{self._settings.cpus_per_worker:g} CPUs; of the cluster's {self._cluster.total_cpus():g} are "
                f"{self._cluster.free_cpus():g} free.",
                remedy="Wait until the cluster has room, add nodes, or lower ray.cpus_per_worker.",
            )


def ray_executor(
    settings: RaySettings,
    *,
    workers: int,
    cores: int,
    opener: Opener = open_source,
    limits: LimitSettings | None = None,
    on_event: Observer | None = None,
) -> SupervisedExecutor:
    """Connect to a cluster and return an executor of its workers.

    Args:
        settings: Which cluster.
        workers: How many workers; 0 for as many as it has CPUs for.
        cores: Cores of this machine, for a cluster that is started here.
        opener: Opens the source of a config.
        limits: What a frame may cost.
        on_event: Called with what happens to workers, for the run log.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: There is no such cluster.
        ScenecapError: It cannot be started.
    """
    cluster = RayCluster(settings, workers=workers, cores=cores)
    memory_mb = None if limits is None else limits.frame_memory_mb
    transport = RayTransport(cluster, settings=settings, opener=opener, memory_mb=memory_mb)
    return SupervisedExecutor(transport, workers=workers or cluster.capacity(), limits=limits, on_event=on_event)


def _why_it_is_lost(ray: Any, error: Exception) -> Answer:
    """Say how a worker ended, in words that hold no number of a machine's: they go into the manifest."""
    kinds, text = ray.exceptions, str(error)
    if isinstance(error, kinds.OutOfMemoryError) or "memory usage threshold" in text or "OutOfMemory" in text:
        return Lost("its worker was ended by Ray, as its node was short of memory")
    if isinstance(error, kinds.ActorDiedError) and ("creation task" in text or "failed to import" in text):
        return Refused(f"workers cannot be started on the cluster: {_last_line(text)} {RayTransport.remedy}")
    gone = ("node died", "node has died", "node was terminated")
    if isinstance(error, kinds.ActorUnavailableError) or any(words in text for words in gone):
        return Lost("the node of its worker is lost or cannot be reached")  # which of them Ray says depends on the moment
    if isinstance(error, kinds.RayActorError):
        return Lost("its worker process ended")
    return Lost(f"its worker failed: unexpected {type(error).__name__}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{lines[-1].rstrip('.')}." if lines else ""
