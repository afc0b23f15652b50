"""Plan a run: open every scene, list its frames, try one of them. Nothing is written to the output folder."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from scenecap.output.manifest import FrameStatus
from scenecap.run.batch.estimate import MeasuredFrame, RunPlan, UnitPlan, estimate, scene_of
from scenecap.run.config.job_settings import CaptureKind
from scenecap.run.executors.base import Opener, UnitShare
from scenecap.run.executors.body import WorkerBody
from scenecap.run.executors.choose import expected_workers
from scenecap.run.make_frame import FrameOrder, FrameReport
from scenecap.run.plan import FrameTask
from scenecap.run.source import open_source
from scenecap.run.unit import Expansion, Unit, require_matches
from scenecap.run.units import job_facts, output_folder

#: So many scenes are tried; of more, these are picked evenly, and the others are taken to cost as much.
MEASURED_SCENES = 8

#: Called before each scene with its number from 1, how many there are, and the unit.
PlanProgress = Callable[[int, int, Unit], None]


def plan_run(units: Sequence[Unit], *, opener: Opener = open_source, progress: PlanProgress | None = None) -> RunPlan:
    """Say what a run would make and about what it would cost.

    Every scene is opened, as the run would, and its frames are listed. Of at most :data:`MEASURED_SCENES` scenes, two frames
    are made in a temporary folder: the first, and one from the middle, which is measured.

    Args:
        units: The run's units.
        opener: Opens the source of a unit's config.
        progress: Called before each scene.

    Raises:
        MissingExtraError: What the config needs is not installed.
        UsageError: A selector fits no object in any scene.
    """
    config = units[0].config
    if config.job.capture is CaptureKind.EMBEDDED:
        import scenecap.run.embedded_run  # noqa: F401 - loading the libraries is no scene's cost
    tried = _scenes_to_try(units)
    plans: list[UnitPlan] = []
    costs: dict[str, MeasuredFrame] = {}
    with tempfile.TemporaryDirectory(prefix="scenecap_plan_") as scratch:
        for number, unit in enumerate(units, start=1):
            if progress is not None:
                progress(number, len(units), unit)
            plan = _plan_unit(unit, opener, Path(scratch) / str(unit.index), measured=unit.index in tried)
            if plan.measured is not None:
                costs[scene_of(unit)] = plan.measured
            plans.append(plan)
    require_matches(plan.expansion for plan in plans)
    plans = [dataclasses.replace(plan, measured=costs.get(scene_of(plan.unit))) if plan.frames else plan for plan in plans]
    workers = expected_workers(config, units=len(units), frames=sum(plan.frames for plan in plans))
    cost = estimate(plans, workers=max(1, workers))
    plan = RunPlan(str(output_folder(config)) if config.job.output_path else "", tuple(plans), workers)
    return plan if cost is None else dataclasses.replace(plan, seconds=cost[0], bytes=cost[1])


def _scenes_to_try(units: Sequence[Unit]) -> set[int]:
    """Return the indices of the units to try: the first of each scene, or as many as are affordable, evenly."""
    first: dict[str, int] = {}
    for unit in units:
        first.setdefault(scene_of(unit), unit.index)
    every = list(first.values())
    count = min(len(every), MEASURED_SCENES)
    return {every[number * len(every) // count] for number in range(count)}


def _plan_unit(unit: Unit, opener: Opener, scratch: Path, *, measured: bool) -> UnitPlan:
    body = WorkerBody(opener=opener)
    start = time.perf_counter()
    expansion = body.expand_or_explain(unit)
    opened = time.perf_counter() - start
    if not (measured and expansion.tasks):
        return UnitPlan(unit, expansion)
    share = _share(unit, expansion, scratch)
    middle = len(expansion.tasks) // 2
    first, seconds = _try(body, share, 0, expansion.tasks[0])
    frame_seconds, report = seconds, first
    if middle:
        report, frame_seconds = _try(body, share, middle, expansion.tasks[middle])
    written = [item for item in (first, report) if item.status is FrameStatus.WRITTEN]
    size = sum(file.bytes for item in written for file in item.files) // max(1, len(written))
    task = expansion.tasks[middle]
    result = MeasuredFrame(
        camera=task.camera,
        frame_index=task.time.index,
        open_seconds=opened,
        first_seconds=seconds,
        frame_seconds=frame_seconds,
        frame_bytes=size,
        status=report.status,
        reason=report.reason,
    )
    return UnitPlan(unit, expansion, result)


def _share(unit: Unit, expansion: Expansion, scratch: Path) -> UnitShare:
    tasks = expansion.tasks
    facts = job_facts(unit.config, [task.camera for task in tasks], several_frames=len({task.time for task in tasks}) > 1)
    return UnitShare(unit, str(scratch), facts, varied=any(task.variation for task in tasks))


def _try(body: WorkerBody, share: UnitShare, number: int, task: FrameTask) -> tuple[FrameReport, float]:
    """Make one frame in the scratch folder and measure it."""
    start = time.perf_counter()
    report = body.make(share, FrameOrder(number, f"plan_{number}", task))
    return report, time.perf_counter() - start
