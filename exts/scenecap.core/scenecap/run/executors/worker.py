"""The main function of a worker process of the pool."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection

from scenecap.errors import MissingExtraError
from scenecap.run.executors.base import Opener, UnitShare
from scenecap.run.executors.body import WorkerBody
from scenecap.run.executors.messages import (
    Begun,
    Drop,
    Dropped,
    Expand,
    Expanded,
    Leave,
    Make,
    Message,
    Ready,
    Refused,
    Reported,
    Share,
)


def worker_main(pipe: Connection, opener: Opener) -> None:
    """Do what comes through the pipe, until told to leave or until the other end is gone.

    Args:
        pipe: To the process that makes the run.
        opener: Opens the source of a config.
    """
    for name in ("SIGINT", "SIGTERM"):  # Ctrl-C and a scheduler's signal reach all processes; the run's own decides
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    logging.getLogger("scenecap").addHandler(logging.NullHandler())  # it has said all this already
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(pipe, inbox), daemon=True).start()
    pipe.send(Ready())
    body, shares = WorkerBody(opener=opener), dict[int, UnitShare]()
    for message in _orders(inbox, pipe, shares):
        if isinstance(message, Expand):
            try:
                expansion = body.expand_or_explain(message.unit)
                pipe.send(Expanded(message.unit.index, expansion, body.take_opening(message.unit.index)))
            except MissingExtraError as error:
                pipe.send(Refused(str(error)))
        else:
            share = shares[message.unit]
            body.prepare(share)
            pipe.send(Begun(message.order.number, body.take_opening(message.unit)))
            pipe.send(Reported(body.make(share, message.order)))
    os._exit(0)  # nothing is left to be done, and tearing USD and numba down takes a second


def _read(pipe: Connection, inbox: queue.SimpleQueue[Message]) -> None:
    """Read as soon as something comes, so that who sends never waits for a frame to be made."""
    while True:
        try:
            inbox.put(pipe.recv())
        except (EOFError, OSError):
            # The run's process is gone, in whatever way. A frame in hand stays unfinished, as its atomic write allows: going
            # on could write into a folder that the next run already works in.
            os._exit(1)


def _orders(inbox: queue.SimpleQueue[Message], pipe: Connection, shares: dict[int, UnitShare]) -> Iterator[Expand | Make]:
    """Yield the orders; take everything else in before each of them."""
    waiting: deque[Expand | Make] = deque()
    while True:
        while not (inbox.empty() and waiting):
            message = inbox.get()
            if isinstance(message, Leave):
                return
            if isinstance(message, Drop):
                waiting.clear()
                pipe.send(Dropped())
            elif isinstance(message, Share):
                shares[message.share.unit.index] = message.share
            else:
                waiting.append(message)
        yield waiting.popleft()
