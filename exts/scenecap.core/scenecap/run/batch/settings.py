"""What makes a config a batch: many scenes, placed viewpoints, variations, seeds, and how much a frame may cost."""

from __future__ import annotations

import enum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from scenecap.capture.variation.settings import VariationSettings
from scenecap.capture.viewpoints.settings import Placements, RejectionSettings

#: Seeds of one batch; more is a typing mistake.
MAX_SEEDS = 10_000
#: Largest seed: that of `random_seed`'s users.
MAX_SEED = 2**32 - 1


class ExecutorKind(str, enum.Enum):
    """Where frames are made."""

    HERE = "here"
    PROCESSES = "processes"
    RAY = "ray"


def parse_scenes(value: Any) -> tuple[str, ...]:
    """Return the paths and globs that a ``scenes`` value names, each once, in the order in which they are given.

    Raises:
        ValueError: It is not text or a list of texts.
    """
    if value is None:
        return ()
    items = value if isinstance(value, (list, tuple)) else [value]
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError("not scenes")
    return tuple(dict.fromkeys(item.strip() for item in items))


def parse_seeds(value: Any) -> tuple[int, ...]:
    """Return the seeds that a ``seeds`` value stands for, each once.

    Args:
        value: ``0..9`` (both ends included), a whole number, or a list of these.

    Raises:
        ValueError: It is none of these, the range is empty, or there are too many.
    """
    from scenecap.run.config.values import parse_frames  # not above: the config's package imports this module

    if value is None or (isinstance(value, (list, tuple)) and not value):
        return ()
    try:
        seeds = parse_frames(value) or ()
    except ValueError as error:
        raise ValueError(str(error).replace("frames", "seeds").replace("frame", "seed")) from None
    if len(seeds) > MAX_SEEDS:
        raise ValueError(f"more than {MAX_SEEDS} seeds")
    if not all(seed.is_integer() and 0 <= seed <= MAX_SEED for seed in seeds):
        raise ValueError(f"a seed is a whole number from 0 to {MAX_SEED}")
    return tuple(int(seed) for seed in seeds)


#: Paths and globs of scenes, as written by a person.
Scenes = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_scenes),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            "x-allowed": "a path, a glob (scenes/**/*.usd), or a list of paths and globs",
        }
    ),
]

#: Seeds, as written by a person.
Seeds = Annotated[
    tuple[int, ...],
    BeforeValidator(parse_seeds),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MAX_SEED},
                {"type": "string", "pattern": r"^\s*\d+\s*(\.\.\s*\d+\s*(:\s*\d+\s*)?)?$", "description": "0..9"},
                {"type": "array", "items": {"type": ["integer", "string"]}},
            ],
            "x-allowed": "a range with both ends included (0..9), a whole number, or a list",
        }
    ),
]


class LimitSettings(BaseModel):
    """What one frame may cost before it is given up. The run goes on with the next frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    frame_seconds: float | None = Field(
        None,
        gt=0.0,
        le=86_400.0,
        description="Longest time for one frame [s]. One that takes longer is stopped, tried once more, then recorded as "
        "failed.",
    )
    frame_memory_mb: int | None = Field(
        None,
        ge=64,
        le=16_000_000,
        description="Most memory for a worker while it makes a frame [MB, resident]; a frame that needs more is recorded as "
        "failed.",
    )

    @property
    def given(self) -> bool:
        """Whether there is any limit."""
        return any(value is not None for _, value in self)


class RaySettings(BaseModel):
    """The Ray cluster that makes the frames, with `executor: ray` (extra `ray`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = Field(
        None,
        min_length=1,
        description="Which cluster: `auto` (the one that this machine is part of, or that `RAY_ADDRESS` names) or `host:port` "
        "of its head node. Without it, a cluster of this machine alone is started for the run and ended with it.",
    )
    cpus_per_worker: float = Field(
        1.0, gt=0.0, le=1024.0, description="CPUs that Ray sets aside for a worker; decides how many fit on a node."
    )
    start_seconds: float = Field(
        600.0,
        gt=0.0,
        le=86_400.0,
        description="Longest wait for the first worker [s], where a cluster has no free CPUs or is still growing.",
    )


class BatchSettings(BaseModel):
    """Many scenes in one run, what their frames are taken of, and where and within which limits they are made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenes: Scenes = Field(
        (),
        description="Scenes of a batch instead of `scene_path`: paths and globs (`**` stands for any folders), relative to "
        "the config file. A glob takes USD files only, in the order of their paths; one that matches nothing is an error. "
        "Each scene has a folder of its own in the output. With `capture: recorded`, folders of saved annotator outputs.",
        json_schema_extra={"x-path": True},
    )
    viewpoints: Placements = Field(
        (),
        description="Viewpoints instead of `cameras`: one or more placements, each a mapping with its `kind`, or the kind "
        "alone. Frames are taken from all of them.",
    )
    rejection: RejectionSettings = Field(
        default_factory=lambda: RejectionSettings.model_validate({}),
        description="Which placed viewpoints are turned down; how many, and by which rule, is reported.",
    )
    variations: VariationSettings = Field(
        default_factory=lambda: VariationSettings.model_validate({}),
        description="Variations of each stage: every camera and time once in each, in `variation_<n>/` below the scene's "
        "folder.",
    )
    seeds: Seeds = Field(
        (),
        description="Seeds instead of `random_seed`: every scene is done once with each. Seeds decide where views are placed, "
        "what varies, and the choice of words. With more than one, each has a folder `seed_<n>` below its scene's.",
    )
    limits: LimitSettings = Field(
        default_factory=lambda: LimitSettings.model_validate({}), description="What one frame may cost."
    )
    executor: ExecutorKind = Field(
        ExecutorKind.PROCESSES,
        description="Where frames are made: `here` (one after the other, in this process), `processes` (`workers` of "
        "them on this machine) or `ray` (`workers` on a Ray cluster; 0 takes as many as it has CPUs for). The files are the "
        "same bytes.",
    )
    ray: RaySettings = Field(
        default_factory=lambda: RaySettings.model_validate({}), description="Which Ray cluster, with `executor: ray`."
    )
