"""The numbers behind contacts: tolerances, samples and how much of a wall makes a container."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from scenecap.geometry import SUPPORT_TOLERANCE, SupportTolerance


class ContactSettings(BaseModel):
    """How near is touching. No tolerance depends on other objects or on the scene's extent; lengths are metres."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grid: int = Field(
        default=16, ge=4, le=64, description="Samples along each side of the grid laid over an object's footprint."
    )
    underside_share: float = Field(
        default=0.02,
        gt=0,
        le=0.5,
        description="Share of an object's height, from its lowest point up, that counts as its underside.",
    )
    underside_min: float = Field(default=0.001, gt=0, le=0.1, description="Least height of the underside's band [m].")
    tolerance_min: float = Field(
        default=SUPPORT_TOLERANCE.least,
        ge=0,
        le=0.1,
        description="Least tolerance of a vertical gap, up and down [m]. One number with `support_gap_min`.",
    )
    tolerance_max: float = Field(
        default=SUPPORT_TOLERANCE.most,
        ge=0,
        le=0.5,
        description="Largest tolerance of a vertical gap, up and down [m]. One number with `support_gap_max`.",
    )
    tolerance_up: float = Field(
        default=SUPPORT_TOLERANCE.up,
        ge=0,
        le=1,
        description="Share of its height by which an object may stand above what it rests on. One number with "
        "`support_gap_up`.",
    )
    tolerance_down: float = Field(
        default=SUPPORT_TOLERANCE.down,
        ge=0,
        le=1,
        description="Share of its height by which an object may be sunk into what it rests on. One number with "
        "`support_gap_down`.",
    )
    up_normal: float = Field(
        default=0.7, gt=0, lt=1, description="A face carries if the vertical part of its unit normal is larger than this."
    )
    min_share: float = Field(
        default=0.03, ge=0, le=1, description="Least share of an object's underside that a support must carry to be listed."
    )
    coplanar: float = Field(
        default=0.0001,
        ge=0,
        le=0.01,
        description="Supports' faces closer in height than this count as level [m].",
    )
    inside_height: float = Field(
        default=0.4,
        gt=0,
        lt=1,
        description="Share of an object's height that must be below the walls around it.",
    )
    inside_rays: int = Field(default=6, ge=1, le=8, description="How many of eight horizontal rays must meet the container.")
    inside_rays_roofed: int = Field(
        default=5,
        ge=1,
        le=8,
        description="The same where the object rests on the container and is roofed by it (shelf compartments, open ovens).",
    )
    touch_distance: float = Field(
        default=0.01,
        gt=0,
        le=0.2,
        description="How near an unsupported object must be to a face to be attached or hanging [m].",
    )

    @property
    def tolerance(self) -> SupportTolerance:
        """How far an object may be from what it rests on."""
        return SupportTolerance(self.tolerance_min, self.tolerance_max, self.tolerance_up, self.tolerance_down)
