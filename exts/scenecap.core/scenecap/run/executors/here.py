"""Make the frames in this process: observed one after the other, several of them waiting for their captions."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait

from scenecap.output.model import FrameResult
from scenecap.run.captioner import Captioner
from scenecap.run.config import ScenecapConfig
from scenecap.run.events import Observer
from scenecap.run.executors.base import Opener, UnitWork, scene_opened
from scenecap.run.executors.body import FinishFrame, WorkerBody
from scenecap.run.make_frame import FrameReport
from scenecap.run.source import FrameSource, open_source
from scenecap.run.unit import Expansion, Unit


class HereExecutor:
    """One frame after the other, in this process: nothing is started, and nothing can be stopped from outside.

    Where a model writes the captions, frames are observed while it thinks about others, ``captioner.ahead`` at most.

    Args:
        opener: Opens the source of a config.
        source: The source of the run's only unit, where the caller has one.
        on_result: Called with the graph and captions of each frame that was written.
        captioner: Who writes the captions; the templates without one.
        on_event: Told when a scene was opened.
    """

    def __init__(
        self,
        *,
        opener: Opener = open_source,
        source: FrameSource | None = None,
        on_result: Callable[[FrameResult], None] | None = None,
        captioner: Captioner | None = None,
        on_event: Observer | None = None,
    ) -> None:
        self._on_event = on_event or (lambda event: None)
        self._ahead = 1 if captioner is None else captioner.ahead
        given = source

        def open_given(config: ScenecapConfig) -> FrameSource:
            return given if given is not None else opener(config)

        self._body = WorkerBody(opener=open_given, on_result=on_result, captioner=captioner)

    @property
    def workers(self) -> int:
        """One."""
        return 1

    def expand(self, units: Sequence[Unit]) -> Iterator[tuple[int, Expansion]]:
        """Open the units one after the other.

        Raises:
            ScenecapError: The only unit cannot be opened: the error as it is.
        """
        for unit in units:
            expansion = self._body.expand(unit) if len(units) == 1 else self._body.expand_or_explain(unit)
            self._on_event(scene_opened(unit, self._body.take_opening(unit.index) or 0.0, expansion=expansion))
            yield unit.index, expansion

    def make(self, work: Sequence[UnitWork], *, stop: Callable[[], bool]) -> Generator[FrameReport, None, None]:
        """Make the frames. They are begun in their order, and come back as their captions do."""
        waiting: list[FinishFrame] = []
        for item in work:
            for order in item.orders:
                if stop():
                    yield from (finish() for finish in waiting)
                    return
                begun = self._body.begin(item.share, order)
                opening = self._body.take_opening(item.share.unit.index)
                if opening is not None:
                    self._on_event(scene_opened(item.share.unit, opening))
                if isinstance(begun, FrameReport):
                    yield begun
                    continue
                waiting.append(begun)
                yield from _finished(waiting, leave=self._ahead - 1)
        yield from _finished(waiting, leave=0)

    def close(self) -> None:
        """Nothing was started."""


def _finished(waiting: list[FinishFrame], *, leave: int) -> Iterator[FrameReport]:
    """Finish the frames whose captions are there, and wait until no more than some are left."""
    while waiting:
        ready = [finish for finish in waiting if finish.in_hand.ready]
        if not ready:
            if len(waiting) <= leave:
                return
            futures = [finish.in_hand.begun.captions for finish in waiting]
            wait([future for future in futures if future is not None], return_when=FIRST_COMPLETED)
        for finish in ready:
            waiting.remove(finish)
            yield finish()
