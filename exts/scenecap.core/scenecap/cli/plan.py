"""``scenecap run CONFIG.yaml --plan``: what a run would make and about what it would cost, without making it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import counted, print_error, print_json, shown_path, size_text, summary, table, time_text
from scenecap.run.config import ScenecapConfig
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.run.batch.estimate import MeasuredFrame, RunPlan, UnitPlan
    from scenecap.run.unit import Unit

#: Rows of the table of scenes that are shown; the rest is summed up.
SHOWN = 20


def plan(config: ScenecapConfig, args: argparse.Namespace) -> int:
    """Plan a run and print the plan.

    Args:
        config: The config.
        args: The command line's ``json`` and ``quiet``.

    Returns:
        The exit code.
    """
    from scenecap.run.batch.measure import plan_run  # the parts it needs take a second to import
    from scenecap.run.batch.units import make_units

    live = sys.stderr.isatty() and not args.quiet

    def tell(number: int, total: int, unit: Unit) -> None:
        if live:
            print(f"\r\x1b[K[{number}/{total}] {clean_text(unit.folder)}", end="", file=sys.stderr, flush=True)

    try:
        planned = plan_run(make_units(config), progress=tell)
    finally:
        if live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    for error in planned.errors:
        print_error(error)
    if args.json:
        print_json(as_json(planned))
    elif not args.quiet and planned.frames:
        print(as_text(planned))
    return planned.exit_code


def as_text(planned: RunPlan) -> str:
    """Return a plan for a person: how many frames, of what, how long, how much disk."""
    scenes = counted(len({unit.expansion.scene for unit in planned.units}), "scene")
    where = f" to {shown_path(planned.output)}" if planned.output else ""
    lines = [f"{counted(planned.frames, 'frame')} of {scenes} would be written{where}:"]
    lines.append(_table(planned.units[:SHOWN]))
    if len(planned.units) > SHOWN:
        lines.append(f"  ... and {len(planned.units) - SHOWN} more")
    if planned.rejected:
        lines.append(f"viewpoints rejected: {summary(planned.rejected)}")
    lines += [f"note: {clean_text(note, limit=300)}" for note in _notes(planned)]
    lines.append(_cost(planned))
    return "\n".join(lines)


def as_json(planned: RunPlan) -> dict[str, Any]:
    """Return a plan with every frame, as JSON."""
    return {
        "output": planned.output,
        "frames": planned.frames,
        "rejected": dict(planned.rejected),
        "workers": planned.workers,
        "estimated_seconds": None if planned.seconds is None else round(planned.seconds, 1),
        "estimated_bytes": planned.bytes,
        "exit_code": planned.exit_code,
        "units": [
            {
                "folder": item.unit.folder,
                "scene": item.expansion.scene,
                "scene_path": str(item.unit.config.job.scene_path or item.unit.config.job.recorded_path or ""),
                "seed": item.unit.config.graph.random_seed,
                "rejected": dict(item.expansion.rejected),
                "problems": list(item.expansion.problems),
                "error": item.expansion.error,
                "measured": None if item.measured is None else _measured(item.measured),
                "frames": [
                    {
                        "camera": task.camera,
                        "frame": task.time.index,
                        "time_code": task.time.time_code,
                        "variation": task.variation,
                    }
                    for task in item.expansion.tasks
                ],
            }
            for item in planned.units
        ],
    }


def _table(units: Sequence[UnitPlan]) -> str:
    """Return a row for each unit; a column that says the same small thing everywhere is left out."""
    columns: dict[str, list[Any]] = {
        "folder": [item.unit.folder or item.expansion.scene for item in units],
        "frames": [item.frames for item in units],
        "views": [len({task.camera for task in item.expansion.tasks}) for item in units],
        "times": [len({task.time for task in item.expansion.tasks}) for item in units],
        "variations": [len({task.variation for task in item.expansion.tasks}) for item in units],
        "rejected": [sum(item.expansion.rejected.values()) for item in units],
        "s/frame": ["" if item.measured is None else f"{item.measured.frame_seconds:.2f}" for item in units],
        "on disk": ["" if item.measured is None else size_text(item.measured.frame_bytes * item.frames) for item in units],
    }
    shown = {
        name: values
        for name, values in columns.items()
        if not (name in ("times", "variations") and max(values) <= 1) and not (name == "rejected" and not any(values))
    }
    return table(list(zip(*shown.values(), strict=True)), head=list(shown))


def _measured(frame: MeasuredFrame) -> Mapping[str, Any]:
    return {
        "camera": frame.camera,
        "frame": frame.frame_index,
        "status": frame.status.value,
        "reason": frame.reason,
        "open_seconds": round(frame.open_seconds, 3),
        "first_seconds": round(frame.first_seconds, 3),
        "frame_seconds": round(frame.frame_seconds, 3),
        "frame_bytes": frame.frame_bytes,
    }


def _notes(planned: RunPlan) -> list[str]:
    """Return what became of measured frames that were not written."""
    notes = []
    for item in planned.units:
        if item.measured is not None and item.measured.reason:
            notes.append(
                f"{item.expansion.scene}: {item.measured.camera} is {item.measured.status.value}: {item.measured.reason}"
            )
    return list(dict.fromkeys(notes))


def _cost(planned: RunPlan) -> str:
    if planned.seconds is None or planned.bytes is None:
        return "No frame could be tried, so there is no estimate."
    where = counted(planned.workers, "worker") if planned.workers else "one worker, less by as many as the cluster has"
    tried = len({id(item.measured) for item in planned.units if item.measured is not None})
    basis = f"measured on one frame of {'the scene' if tried == 1 else f'each of {tried} scenes'}"
    return f"About {time_text(planned.seconds)} on {where}, and {size_text(planned.bytes)} of disk ({basis})."
