"""What a run will cost: frames, time and disk, reckoned from one measured frame per scene."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenecap.output.manifest import FrameStatus
from scenecap.run.unit import Expansion, Unit


@dataclass(frozen=True)
class MeasuredFrame:
    """What one scene cost when it was tried.

    Attributes:
        camera: Camera of the frame that was measured.
        frame_index: Its number.
        open_seconds: Until the scene was open and its frames listed [s]; every worker that works on it pays that once.
        first_seconds: Its first frame [s], which also reads the geometry.
        frame_seconds: A frame after the first [s].
        frame_bytes: Its files [bytes].
        status: What became of it.
        reason: Why it is empty or failed.
    """

    camera: str
    frame_index: int
    open_seconds: float
    first_seconds: float
    frame_seconds: float
    frame_bytes: int
    status: FrameStatus = FrameStatus.WRITTEN
    reason: str = ""


@dataclass(frozen=True)
class UnitPlan:
    """One unit of a run that is planned.

    Attributes:
        unit: The unit.
        expansion: Its frames, or why there are none.
        measured: What a frame of its scene costs, tried with the scene's first seed; None where none was tried.
    """

    unit: Unit
    expansion: Expansion
    measured: MeasuredFrame | None = None

    @property
    def frames(self) -> int:
        """Number of its frames."""
        return len(self.expansion.tasks)


@dataclass(frozen=True)
class RunPlan:
    """What a run would make.

    Attributes:
        output: The output folder or address, as the config has it; empty where none is given yet.
        units: Its units, in the order of the manifest.
        workers: How many frames would be made at a time; 0 where that is the cluster's size.
        seconds: About how long [s], on one worker where ``workers`` is 0; None where no frame could be measured.
        bytes: About how much disk [bytes]; None likewise.
    """

    output: str
    units: tuple[UnitPlan, ...]
    workers: int
    seconds: float | None = None
    bytes: int | None = None

    @property
    def frames(self) -> int:
        """Number of all frames."""
        return sum(unit.frames for unit in self.units)

    @property
    def rejected(self) -> Mapping[str, int]:
        """Rule -> how many viewpoints it turned down."""
        total: Counter[str] = Counter()
        for unit in self.units:
            total.update(unit.expansion.rejected)
        return dict(sorted(total.items()))

    @property
    def errors(self) -> tuple[str, ...]:
        """Why scenes cannot be opened."""
        return tuple(dict.fromkeys(unit.expansion.error for unit in self.units if unit.expansion.error))

    @property
    def exit_code(self) -> int:
        """0 where every scene can be opened and the frames tried are written, else 1; 2 where there is no frame at all."""
        if not self.frames:
            return 2
        tried = (unit.measured for unit in self.units)
        bad = any(item is not None and item.status is not FrameStatus.WRITTEN for item in tried)
        return 1 if bad or self.errors else 0


@dataclass(frozen=True)
class _Cost:
    """What a worker pays once for a scene [s], and each of its frames [s], [bytes]."""

    start: float
    frame: float
    bytes: float


def scene_of(unit: Unit) -> str:
    """Return which scene a unit is of; units of one scene with several seeds cost the same."""
    job = unit.config.job
    return str(job.scene_path or job.recorded_path or "")


def estimate(units: Sequence[UnitPlan], *, workers: int) -> tuple[float, int] | None:
    """Return about how long a run takes [s] and how much disk it needs [bytes].

    Frames are independent, so ``workers`` share their work evenly; a worker pays for opening a scene and for what its first
    frame reads once, and workers stay with a scene while there are others without one.

    Args:
        units: The units, some or all measured.
        workers: How many frames are made at a time.

    Returns:
        None where no scene was measured.
    """
    known = {scene_of(unit.unit): _cost(unit.measured) for unit in units if unit.measured is not None}
    if not known:
        return None
    usual = _mean(list(known.values()))
    busy = [(known.get(scene_of(unit.unit), usual), unit.frames) for unit in units if unit.frames]
    openings = -(-workers // max(1, len(busy)))  # so many workers share a scene
    work = sum(min(openings, frames) * cost.start + frames * cost.frame for cost, frames in busy)
    longest = max((cost.start + cost.frame for cost, _ in busy), default=0.0)  # more workers than frames help nobody
    return max(work / max(1, workers), longest), round(sum(cost.bytes * frames for cost, frames in busy))


def _mean(costs: Sequence[_Cost]) -> _Cost:
    """Return what a scene that was not measured is taken to cost."""
    return _Cost(
        statistics.fmean(cost.start for cost in costs),
        statistics.fmean(cost.frame for cost in costs),
        statistics.fmean(cost.bytes for cost in costs),
    )


def _cost(measured: MeasuredFrame) -> _Cost:
    start = measured.open_seconds + max(0.0, measured.first_seconds - measured.frame_seconds)
    return _Cost(start, measured.frame_seconds, float(measured.frame_bytes))
