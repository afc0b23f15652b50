"""Make frames one after the other, or in several processes. The files are the same bytes either way."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from scenecap.output.manifest import FrameRow
from scenecap.output.model import JobFacts
from scenecap.run.config import ScenecapConfig
from scenecap.run.make_frame import FrameMaker, Made, failed
from scenecap.run.plan import FrameTask
from scenecap.run.source import open_source

#: A frame to make and its row.
Work = tuple[FrameTask, FrameRow]

#: A worker opens the stage anew (a second or two), which only pays for this many frames each.
FRAMES_PER_WORKER = 12
#: Frames that are handed out ahead, per worker.
_AHEAD = 2


def worker_count(asked: int, frames: int) -> int:
    """Return how many processes make frames.

    Args:
        asked: ``workers`` of the config; 0 decides by the number of frames and cores.
        frames: Number of frames to make.
    """
    if asked:
        return max(1, min(asked, frames))
    return max(1, min(_cores(), frames // FRAMES_PER_WORKER))


def make_here(maker: FrameMaker, work: Sequence[Work]) -> Generator[Made, None, None]:
    """Make the frames in this process, in order."""
    for task, row in work:
        yield maker.make(task, row)


def make_in_processes(
    config: ScenecapConfig,
    output: Path,
    facts: JobFacts,
    work: Sequence[Work],
    *,
    workers: int,
    old_files: Mapping[str, tuple[str, ...]] | None = None,
) -> Generator[Made, None, None]:
    """Make the frames in several processes; they come back in the order in which they are done.

    Every worker opens the config's source itself. A worker that dies (out of memory, a crash in a native library) fails the
    frames that were not done. Closing the iterator hands out no more frames, and waits for those that are being made.

    Args:
        config: All settings.
        output: The output folder.
        facts: What the frames share.
        work: The frames.
        workers: How many processes.
        old_files: Of :class:`scenecap.run.make_frame.FrameMaker`.
    """
    # spawn: a fork of a process with USD's and numba's threads in it may hang
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(config, output, facts, old_files))
    left = {row.number: row for _, row in work}
    waiting = iter(work)
    running: set[Future[Made]] = set()
    try:
        while left:
            while len(running) < workers * _AHEAD and (item := next(waiting, None)) is not None:
                running.add(pool.submit(_make, *item))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for made in [future.result() for future in done]:
                left.pop(made.outcome.row.number)
                yield made
    except BrokenProcessPool:
        for row in left.values():
            yield Made(failed(row, "a worker process ended unexpectedly (often: not enough memory). Try workers: 1."))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_maker: FrameMaker | None = None


def _start(config: ScenecapConfig, output: Path, facts: JobFacts, old_files: Mapping[str, tuple[str, ...]] | None) -> None:
    """Open the source, once per worker."""
    global _maker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run's own process decides what becomes of Ctrl-C
    logging.getLogger("scenecap").addHandler(logging.NullHandler())  # it has said all this already
    source = open_source(config)
    source.tasks()
    _maker = FrameMaker(config, source, output, facts, old_files)


def _make(task: FrameTask, row: FrameRow) -> Made:
    assert _maker is not None
    return _maker.make(task, row)


def _cores() -> int:
    """Number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
