"""Find out which frames a unit consists of, by opening its source."""

from __future__ import annotations

from pathlib import PurePath

from scenecap.run.source import FrameSource, open_source
from scenecap.run.unit import Expansion, Unit
from scenecap.text import safe_name


def expand(unit: Unit, source: FrameSource | None = None) -> Expansion:
    """List a unit's frames.

    Args:
        unit: The unit.
        source: Its source, where it is open already.

    Raises:
        ScenecapError: The source cannot be opened, or holds no frame.
    """
    source = source or open_source(unit.config)
    tasks = source.tasks()
    return Expansion(
        scene=source.scene,
        tasks=tasks,
        inputs=dict(source.inputs()),
        problems=tuple(source.problems),
        rejected=dict(getattr(source, "rejected", {})),
        licences=getattr(source, "licences", None),
        unmatched=dict(getattr(source, "unmatched", {})),
    )


def scene_name(unit: Unit) -> str:
    """Return what to call the scene of a unit that could not be opened."""
    job = unit.config.job
    return safe_name(PurePath(str(job.scene_path or job.recorded_path or "scene")).stem)
