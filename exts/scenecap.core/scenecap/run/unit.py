"""A run's parts: each unit is one scene with a config of its own, and its expansion is the list of its frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scenecap.contract import SceneLicences
from scenecap.errors import UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import CaptureKind
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
        unmatched: Selector of the config -> why it fits no object of this scene. One that fits in no scene is an error.
        error: Why nothing could be listed (the scene cannot be opened, it has no camera), with the remedy; there are no tasks
            then, and the other units go on. Empty otherwise.
    """

    scene: str
    tasks: tuple[FrameTask, ...]
    inputs: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    rejected: Mapping[str, int] = field(default_factory=dict)
    licences: SceneLicences | None = None
    unmatched: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


def single_unit(config: ScenecapConfig) -> tuple[Unit, ...]:
    """Return the units of a run over one scene: its frames lie in the output folder itself.

    Raises:
        UsageError: The source cannot do what the config asks for.
    """
    require_embedded(config)
    return (Unit(0, config),)


def require_embedded(config: ScenecapConfig) -> None:
    """Make sure that variations are asked of a source that can draw them.

    Raises:
        UsageError: It cannot.
    """
    kind = config.job.capture
    if config.batch.variations.count and kind is not CaptureKind.EMBEDDED:
        raise UsageError(
            f"variations: capture: {kind.value} shows the stage as it is.",
            remedy="Use capture: embedded, or take the key out.",
        )


def require_matches(expansions: Iterable[Expansion]) -> None:
    """Make sure that each selector of the config fits an object in some scene.

    Raises:
        UsageError: One fits nothing anywhere; names its key.
    """
    opened = [expansion for expansion in expansions if not expansion.error]
    for key in opened[0].unmatched if opened else ():
        if all(key in expansion.unmatched for expansion in opened):
            raise UsageError(opened[0].unmatched[key])
