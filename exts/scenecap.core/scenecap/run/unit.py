"""A run's parts: each unit is one scene with a config of its own, and its expansion is the list of its frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scenecap.contract import SceneLicences
from scenecap.run.config import ScenecapConfig
from scenecap.run.plan import FrameTask


@dataclass(frozen=True)
class Unit:
    """One scene of a run (with one seed, where a batch has several). Picklable: a worker opens its source from it.

    Attributes:
        index: Place in the run, from 0; frames are numbered over all units in this order.
        config: Settings of a run over this scene alone. ``config.job.output_path`` is the output of the whole run.
        folder: Folder of this unit below the output, with ``/`` between its parts; empty where the run has one scene only.
            All paths in the manifest start at the output, so they hold it.
    """

    index: int
    config: ScenecapConfig
    folder: str = ""


@dataclass(frozen=True)
class Expansion:
    """What a unit consists of, found by opening its source. The same on every machine and in every worker.

    Attributes:
        scene: Name of the scene, safe for a path.
        tasks: All frames, in the order of the manifest.
        inputs: Input name -> hash (the stage's layers, the label database, ...).
        problems: What was wrong with the input and survived.
        rejected: Rule -> how many placed viewpoints it turned down.
        licences: What its files say of their licences; None where the source cannot tell.
        error: Why nothing could be listed (the scene cannot be opened, it has no camera), with the remedy; there are no tasks
            then, and the other units go on. Empty otherwise.
    """

    scene: str
    tasks: tuple[FrameTask, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    licences: SceneLicences | None = None
    error: str = ""


def single_unit(config: ScenecapConfig) -> tuple[Unit, ...]:
    """Return the units of a run over one scene: its frames lie in the output folder itself."""
    return (Unit(0, config),)
