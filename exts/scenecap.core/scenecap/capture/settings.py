"""Settings of the embedded capture."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict, Field

from scenecap.capture.contact_settings import ContactSettings


class Quality(str, enum.Enum):
    """How the picture is made. Ground truth is the same for all."""

    OFF = "off"
    DRAFT = "draft"
    PREVIEW = "preview"
    FINAL = "final"


class Purpose(str, enum.Enum):
    """USD purposes that can be drawn."""

    DEFAULT = "default"
    RENDER = "render"
    PROXY = "proxy"
    GUIDE = "guide"


class CaptureSettings(BaseModel):
    """What the embedded source draws, and how the picture is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    quality: Quality = Field(
        Quality.PREVIEW,
        description="The picture: `off` (none), `draft` (shaded ground truth, needs no Mitsuba), `preview` (path traced, few "
        "samples, denoised) or `final` (many samples). Graphs and captions are the same for all.",
    )
    spp: int | None = Field(
        None, ge=1, le=65536, description="Samples per pixel of the path-traced picture; by default what `quality` says."
    )
    denoise: bool = Field(True, description="Denoise the path-traced picture (Open Image Denoise).")
    exposure: float | None = Field(
        None,
        ge=-40,
        le=40,
        description="Exposure of the picture in stops: light is multiplied by 2 to this power. By default each picture is "
        "exposed automatically, by the light that falls on what is seen.",
    )
    random_seed: int = Field(0, ge=0, description="Seed of the picture's samples; ground truth has none.")
    purposes: tuple[Purpose, ...] = Field(
        (Purpose.DEFAULT, Purpose.RENDER),
        min_length=1,
        description="USD purposes that are drawn. `proxy` belongs here only where `render` does not; `guide` is for tests.",
    )
    subdivision_level: int = Field(
        2,
        ge=0,
        le=5,
        description="How often subdivision surfaces are refined, while a mesh stays under 40,000 faces. 0 draws the cages.",
    )
    contacts: ContactSettings = Field(
        default_factory=lambda: ContactSettings.model_validate({}), description="Tolerances of what touches what."
    )
