"""What a run itself needs to know: which scene, which cameras, which frames, where to."""

from __future__ import annotations

import enum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from scenecap.run.config.values import CAMERAS_ALL, Cameras, Frames, OutputPath, Resolution


class CaptureKind(str, enum.Enum):
    """Where frames come from."""

    EMBEDDED = "embedded"
    RECORDED = "recorded"
    REPLICATOR = "replicator"


class UpAxis(str, enum.Enum):
    """Which axis of a recorded stage is up."""

    Z = "z"
    Y = "y"


class Engine(str, enum.Enum):
    """Who writes the captions."""

    TEMPLATE = "template"
    CHAT = "chat"


class JobSettings(BaseModel):
    """Scene, cameras, frames and destination of one run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str = Field("", description="Version of the config's format. Any is accepted; an unknown one is warned about.")
    # A text, not a Path: an address such as omniverse://host/x.usd must reach the error message whole.
    scene_path: str | None = Field(
        None,
        description="USD file to caption (usd, usda, usdc, usdz). Relative paths start at the config file's folder.",
        json_schema_extra={"x-path": True},
    )
    recorded_path: Path | None = Field(
        None, description="With `capture: recorded`: folder of saved annotator outputs, ours or a Replicator BasicWriter's."
    )
    recorded_up_axis: UpAxis = Field(
        UpAxis.Z, description="Up axis of the stage that was recorded; folders that scenecap wrote say it themselves."
    )
    output_path: OutputPath | None = Field(
        None,
        description="Folder that the results go to; it is created. Or an address that fsspec knows, such as `s3://bucket/run` "
        "(needs the extra `remote`).",
        json_schema_extra={"x-path": True},
    )
    cameras: Cameras = Field(
        (CAMERAS_ALL,),
        description="Which cameras: `all` of the stage (views are placed automatically where it has none), `auto` (placed "
        "views only), a prim path, a glob, or a list of these. `camera_prim_path` is another name for it.",
    )
    auto_views: int = Field(
        3,
        ge=0,
        le=64,
        description="How many views are placed automatically where the stage has no camera, or with `cameras: auto`. "
        "0 turns that off: a stage without a camera is then an error.",
    )
    resolution: Resolution = Field((1280, 720), description="Size of the pictures [px].")
    frames: Frames = Field(
        None, description="Time codes to caption: `0..10` (both ends included), `0..100:5`, or a list. Default: the first."
    )
    capture: CaptureKind = Field(
        CaptureKind.EMBEDDED,
        description="Where frames come from: `embedded` (the stage, on the CPU), `recorded` (a folder of saved annotator "
        "outputs) or `replicator` (inside Isaac Sim only).",
    )
    engine: Engine = Field(
        Engine.TEMPLATE,
        description="Who writes the captions: `template` needs no network; `chat` asks a language model (`model_name`, ...).",
    )
    licence: str = Field(
        "",
        max_length=200,
        description="Licence of the scenes' assets (an SPDX identifier such as `CC-BY-4.0`, or words), where their files do "
        "not say it. It is noted in `licences.json` beside what the files say, and goes into the card of an export.",
    )
    workers: int = Field(
        0,
        ge=0,
        le=256,
        description="Processes that make frames; 0 takes one per core where there are frames enough. The files are the same "
        "bytes for any number.",
    )
    verbose: bool = Field(False, description="Log the support tree, counts and what was left out.")
