"""The inside of a worker, whatever carries its messages: it opens units' sources, few at a time, and makes their frames."""

from __future__ import annotations

import gc
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from scenecap.errors import MissingExtraError, ScenecapError
from scenecap.output.model import FrameResult
from scenecap.output.store import open_store
from scenecap.run.batch.expand import expand, scene_name
from scenecap.run.captioner import Captioner
from scenecap.run.executors.base import MAX_OPEN, Opener, UnitShare
from scenecap.run.make_frame import FrameInHand, FrameMaker, FrameOrder, FrameReport, failed_report
from scenecap.run.source import FrameSource, open_source
from scenecap.run.unit import Expansion, Unit

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class FinishFrame:
    """Finishes a frame that was begun; called once.

    Attributes:
        maker: What began it; the source may be closed by then.
        in_hand: The frame.
    """

    maker: FrameMaker
    in_hand: FrameInHand

    def __call__(self) -> FrameReport:
        """Wait for the captions and write the frame."""
        return self.maker.finish(self.in_hand)


class WorkerBody:
    """Expands units and makes frames, one after the other.

    Args:
        opener: Opens the source of a config.
        on_result: Called with the graph and captions of each frame that was written.
        captioner: Who writes the captions; the templates without one.
    """

    def __init__(
        self,
        *,
        opener: Opener = open_source,
        on_result: Callable[[FrameResult], None] | None = None,
        captioner: Captioner | None = None,
    ) -> None:
        self._captioner = captioner
        self._opener = opener
        self._on_result = on_result
        self._sources: OrderedDict[int, FrameSource] = OrderedDict()
        self._makers: dict[int, FrameMaker] = {}
        self._broken: dict[int, str] = {}
        self._took: dict[int, float] = {}

    def expand(self, unit: Unit) -> Expansion:
        """Open a unit's source and list its frames; it stays open for the frames that may follow.

        Raises:
            ScenecapError: It cannot be opened, or has nothing to list.
        """
        start = time.perf_counter()
        try:
            return expand(unit, self._opened(unit))
        finally:
            self._took[unit.index] = time.perf_counter() - start

    def expand_or_explain(self, unit: Unit) -> Expansion:
        """Expand a unit; what goes wrong with it becomes the expansion's error.

        Raises:
            MissingExtraError: What the config needs is not installed, which concerns every unit.
        """
        try:
            return self.expand(unit)
        except MissingExtraError:
            raise
        except ScenecapError as error:
            reason = str(error)
        except MemoryError:
            reason = f"{scene_name(unit)}: not enough memory to open the scene."
        except Exception as error:  # one scene's bug must not cost the others
            _LOG.debug("unit %d cannot be expanded", unit.index, exc_info=True)
            reason = f"{scene_name(unit)}: unexpected {type(error).__name__}: {error}"
        return Expansion(scene=scene_name(unit), tasks=(), error=reason)

    def prepare(self, share: UnitShare) -> None:
        """Open a unit's source for its frames, unless it is open. A failure is told with each frame."""
        index = share.unit.index
        if index in self._makers or index in self._broken:
            if index in self._sources:
                self._sources.move_to_end(index)
            return
        start = time.perf_counter()
        try:
            listed = index in self._sources
            source = self._opened(share.unit)
            if not listed:
                source.tasks()  # places the views and notes what was known before the first frame
        except ScenecapError as error:
            self._broken[index] = str(error)
            return
        except Exception as error:
            _LOG.debug("unit %d cannot be opened", index, exc_info=True)
            self._broken[index] = f"unexpected {type(error).__name__}: {error}"
            return
        if not listed:
            self._took[index] = time.perf_counter() - start
        self._makers[index] = FrameMaker(
            share.unit.config,
            source,
            open_store(share.output),
            share.facts,
            folder=share.unit.folder,
            varied=share.varied,
            on_result=self._on_result,
            captioner=self._captioner,
        )

    def take_opening(self, index: int) -> float | None:
        """Return how long it took to open a unit, with the listing of its frames [s]; None where it was open already.

        Each opening is told once.
        """
        return self._took.pop(index, None)

    def make(self, share: UnitShare, order: FrameOrder) -> FrameReport:
        """Make one frame of a unit."""
        done = self.begin(share, order)
        return done if isinstance(done, FrameReport) else done()

    def begin(self, share: UnitShare, order: FrameOrder) -> FrameReport | FinishFrame:
        """Begin a frame of a unit. Returns its report where it is done already, else what finishes it."""
        self.prepare(share)
        index = share.unit.index
        if index in self._broken:
            return failed_report(order, f"the scene cannot be opened: {self._broken[index]}")
        maker = self._makers[index]
        begun = maker.begin(order)
        return begun if isinstance(begun, FrameReport) else FinishFrame(maker, begun)

    def _opened(self, unit: Unit) -> FrameSource:
        source = self._sources.get(unit.index)
        if source is None:
            while len(self._sources) >= MAX_OPEN:
                oldest, _ = self._sources.popitem(last=False)
                self._makers.pop(oldest, None)
                gc.collect()  # stages and their caches hold each other
            source = self._sources[unit.index] = self._opener(unit.config)
        self._sources.move_to_end(unit.index)
        return source
