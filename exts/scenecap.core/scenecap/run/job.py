"""One run: all frames that a config names, each written whole or not at all, and the manifest of them."""

from __future__ import annotations

from collections.abc import Callable

from scenecap.output.model import FrameResult
from scenecap.run.batch.units import make_units
from scenecap.run.config import ScenecapConfig
from scenecap.run.events import Observer
from scenecap.run.result import RunResult
from scenecap.run.run_log import Clock
from scenecap.run.source import FrameSource
from scenecap.run.unit import single_unit
from scenecap.run.units import Progress, job_facts, run_units

__all__ = ["Progress", "job_facts", "run_job"]


def run_job(
    config: ScenecapConfig,
    *,
    source: FrameSource | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
    observer: Observer | None = None,
    on_result: Callable[[FrameResult], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Make all frames of a run, over one scene or many. See :func:`scenecap.run.units.run_units`.

    Args:
        config: All settings; ``output_path`` must be given.
        source: Where the frames of the only scene come from; what the config names without it. A given source is used in this
            process only.
        progress: Called after each frame.
        clock: Seconds since 1970, for ``run_log.jsonl``; without one no log is written.
        observer: Told each event as it happens (:mod:`scenecap.run.events`).
        on_result: Called with the graph and captions of each frame that is written in this process: with a given source,
            all that an earlier run has not left.
        stop: Asked between frames; once it is true, the frames in hand are finished, and the run can be gone on with.

    Raises:
        UsageError: Nothing can be started: no scene, no camera, an output folder that cannot be written.
    """
    units = make_units(config) if source is None else single_unit(config)
    return run_units(units, source=source, progress=progress, clock=clock, observer=observer, on_result=on_result, stop=stop)
