"""What a worker does with its messages, and the main function of a worker process of the pool."""

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
    Answer,
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
    for answer in answers(inbox, opener):
        pipe.send(answer)
    os._exit(0)  # nothing is left to be done, and tearing USD and numba down takes a second


def answers(inbox: queue.SimpleQueue[Message], opener: Opener) -> Iterator[Answer]:
    """Do what comes in, until told to leave; yields what there is to say, also while a frame is being made.

    Args:
        inbox: What the run sends.
        opener: Opens the source of a config.
    """
    body, shares, waiting = WorkerBody(opener=opener), dict[int, UnitShare](), deque[Expand | Make]()
    while True:
        while not (inbox.empty() and waiting):  # all that has come is taken in before the next order is begun
            message = inbox.get()
            if isinstance(message, Leave):
                return
            if isinstance(message, Drop):
                waiting.clear()
                yield Dropped()
            elif isinstance(message, Share):
                shares[message.share.unit.index] = message.share
            else:
                waiting.append(message)
        order = waiting.popleft()
        if isinstance(order, Expand):
            try:
                expansion = body.expand_or_explain(order.unit)
                yield Expanded(order.unit.index, expansion, body.take_opening(order.unit.index))
            except MissingExtraError as error:
                yield Refused(str(error))
        else:
            share = shares[order.unit]
            body.prepare(share)
            yield Begun(order.order.number, body.take_opening(order.unit), order.careful)
            yield Reported(body.make(share, order.order))


def _read(pipe: Connection, inbox: queue.SimpleQueue[Message]) -> None:
    """Read as soon as something comes, so that who sends never waits for a frame to be made."""
    while True:
        try:
            inbox.put(pipe.recv())
        except (EOFError, OSError):
            # The run's process is gone, in whatever way. A frame in hand stays unfinished, as its atomic write allows: going
            # on could write into a folder that the next run already works in.
            os._exit(1)
