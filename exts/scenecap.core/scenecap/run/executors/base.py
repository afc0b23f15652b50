"""What an executor is: it opens the sources of a run's units and makes their frames, here or in other processes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from scenecap.output.model import JobFacts
from scenecap.run.batch.expand import scene_name
from scenecap.run.config import ScenecapConfig
from scenecap.run.events import SceneOpened
from scenecap.run.make_frame import FrameOrder, FrameReport
from scenecap.run.source import FrameSource
from scenecap.run.unit import Expansion, Unit

#: Opens the source that a config names: :func:`scenecap.run.source.open_source`, or a stand-in. It must be picklable.
Opener = Callable[[ScenecapConfig], FrameSource]

#: Sources that a worker holds open at a time: the one it works on, and the one before, whose frames may come back.
MAX_OPEN = 2


@dataclass(frozen=True)
class UnitShare:
    """What the frames of a unit share; a worker is told once.

    Attributes:
        unit: The unit.
        output: Address of the output.
        facts: What its frames share, for the writers.
        varied: Whether its stage has variations.
    """

    unit: Unit
    output: str
    facts: JobFacts
    varied: bool = False


@dataclass(frozen=True)
class UnitWork:
    """Frames of one unit that are to be made.

    Attributes:
        share: What they share.
        orders: The frames.
    """

    share: UnitShare
    orders: tuple[FrameOrder, ...]


class Executor(Protocol):
    """Opens units and makes frames. A context manager: leaving it ends what it started."""

    @property
    def workers(self) -> int:
        """How many frames are made at the same time."""
        ...

    def expand(self, units: Sequence[Unit]) -> Iterator[tuple[int, Expansion]]:
        """Open the units and list their frames; yields (index of the unit, expansion) in the order in which they are done."""
        ...

    def make(self, work: Sequence[UnitWork], *, stop: Callable[[], bool]) -> Generator[FrameReport, None, None]:
        """Make the frames; yields their reports in the order in which they are done.

        Args:
            work: The frames, by unit.
            stop: Asked between frames; once it is true, no frame is begun, and those in hand are finished.
        """
        ...

    def close(self) -> None:
        """End the workers. Frames that are being made are given a moment, then they are left unfinished."""
        ...


def scene_opened(unit: Unit, took: float, *, worker: int = 0, expansion: Expansion | None = None) -> SceneOpened:
    """Return the event of a scene that was opened.

    Args:
        unit: The unit.
        took: How long it took [s].
        worker: Who opened it.
        expansion: Its frames, where they were listed.
    """
    if expansion is None:
        return SceneOpened(scene_name(unit), unit.folder, worker, took)
    return SceneOpened(
        expansion.scene,
        unit.folder,
        worker,
        took,
        frames=len(expansion.tasks),
        rejected=expansion.rejected,
        error=expansion.error,
    )
