"""Make the frames in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence

from scenecap.output.model import FrameResult
from scenecap.run.config import ScenecapConfig
from scenecap.run.executors.base import Opener, UnitWork
from scenecap.run.executors.body import WorkerBody
from scenecap.run.make_frame import FrameReport
from scenecap.run.source import FrameSource, open_source
from scenecap.run.unit import Expansion, Unit


class HereExecutor:
    """One frame after the other, in this process: nothing is started, and nothing can be stopped from outside.

    Args:
        opener: Opens the source of a config.
        source: The source of the run's only unit, where the caller has one.
        on_result: Called with the graph and captions of each frame that was written.
    """

    def __init__(
        self,
        *,
        opener: Opener = open_source,
        source: FrameSource | None = None,
        on_result: Callable[[FrameResult], None] | None = None,
    ) -> None:
        given = source

        def open_given(config: ScenecapConfig) -> FrameSource:
            return given if given is not None else opener(config)

        self._body = WorkerBody(opener=open_given, on_result=on_result)

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
            yield unit.index, self._body.expand(unit) if len(units) == 1 else self._body.expand_or_explain(unit)

    def make(self, work: Sequence[UnitWork], *, stop: Callable[[], bool]) -> Generator[FrameReport, None, None]:
        """Make the frames in their order."""
        for item in work:
            for order in item.orders:
                if stop():
                    return
                yield self._body.make(item.share, order)

    def close(self) -> None:
        """Nothing was started."""
