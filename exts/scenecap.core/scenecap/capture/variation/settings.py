"""Settings of variations: what is drawn at random in each. ``docs/batches.md`` explains them."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scenecap.stage.ranges import range_type
from scenecap.stage.selector import Selector, Selectors

_FORBID = ConfigDict(extra="forbid", frozen=True)
#: Most variations of one stage: they have three digits in folder names, and may have more.
MAX_VARIATIONS = 100_000

if TYPE_CHECKING:
    FocalFactor = LightFactor = Kelvin = tuple[float, float]
else:
    LightFactor = range_type(0.001, 1000.0, "times")
    Kelvin = range_type(1000.0, 10_000.0, "kelvin")
    FocalFactor = range_type(0.1, 10.0, "times")


class ColorName(str, enum.Enum):
    """Colours that objects can be given: those that captions have a word for."""

    BLACK = "black"
    WHITE = "white"
    GRAY = "gray"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    BROWN = "brown"
    PURPLE = "purple"
    PINK = "pink"


class CameraJitter(BaseModel):
    """How far cameras stray, in each variation anew. A view that breaks a rule of `rejection` is not taken."""

    model_config = _FORBID

    position: float = Field(0.0, ge=0.0, le=1000.0, description="Farthest that a camera moves [m], in any direction.")
    turn: float = Field(0.0, ge=0.0, le=180.0, description="Most that it turns left, right, up or down [degrees].")
    roll: float = Field(0.0, ge=0.0, le=180.0, description="Most that it leans to a side [degrees].")
    zoom: FocalFactor = Field((1.0, 1.0), description="Factor of the focal length.")
    attempts: int = Field(8, ge=1, le=1000, description="How many views are tried; if none will do, the camera stays.")


class PoseJitter(BaseModel):
    """How far objects stray on what carries them. What stands on or in them goes along."""

    model_config = _FORBID

    objects: Selectors = Field(("*",), description="Which objects may move, by label or glob.")
    share: float = Field(1.0, ge=0.0, le=1.0, description="Probability that an object that may move does.")
    distance: float = Field(0.1, ge=0.0, le=1000.0, description="Farthest that an object moves in the plane [m].")
    yaw: float = Field(180.0, ge=0.0, le=180.0, description="Most that it turns about the vertical, to either side [degrees].")
    clearance: float = Field(0.002, ge=0.0, le=10.0, description="Least distance to what it does not rest on [m].")
    attempts: int = Field(
        8, ge=1, le=1000, description="How many poses are tried, each from a smaller range; if none will do, the object stays."
    )


class DropOut(BaseModel):
    """Which objects are taken away. What carries others goes only together with them."""

    model_config = _FORBID

    objects: Selectors = Field(("*",), description="Which objects may vanish, by label or glob.")
    share: float = Field(0.1, ge=0.0, le=1.0, description="Probability that an object vanishes.")
    most: int | None = Field(
        None, ge=1, description="Most objects that vanish in one variation, counted with all that goes along."
    )
    supporters: bool = Field(
        False, description="Whether objects that carry others may vanish, together with all that they carry."
    )


class VariantChoice(BaseModel):
    """A variant set to choose from. Every prim that has it shows a variant of its own."""

    model_config = _FORBID

    prim: Selector = Field(description="Prims that have the set: a prim path or a glob of them.")
    variant_set: str = Field(min_length=1, max_length=200, description="Name of the variant set.")
    variants: tuple[str, ...] | None = Field(
        None, min_length=1, description="Variants to choose from. Default: all that the set has."
    )

    @field_validator("prim")
    @classmethod
    def _is_path(cls, value: str) -> str:
        if not value.startswith(("/", "*")):
            raise ValueError("a prim path starts with /, a glob with / or *")
        return value


class ColorDraw(BaseModel):
    """Which objects get a new colour, all over."""

    model_config = _FORBID

    objects: Selectors = Field(("*",), description="Which objects may be coloured, by label or glob.")
    share: float = Field(0.5, ge=0.0, le=1.0, description="Probability that an object that may be coloured is.")
    colors: tuple[ColorName, ...] = Field(
        (
            ColorName.RED,
            ColorName.GREEN,
            ColorName.BLUE,
            ColorName.YELLOW,
            ColorName.ORANGE,
            ColorName.PURPLE,
            ColorName.WHITE,
            ColorName.BLACK,
        ),
        min_length=1,
        description="Colours to choose from. Captions use these words for the objects.",
    )


class LightDraw(BaseModel):
    """How the light of pictures changes. Nothing else does: graphs and captions do not speak of light."""

    model_config = _FORBID

    intensity: LightFactor = Field((1.0, 1.0), description="Factor of the brightness of the picture, after any exposure.")
    balance: LightFactor = Field(
        (1.0, 1.0), description="Factor of each light of its own, on top: some get stronger against others."
    )
    temperature: Kelvin | None = Field(
        None, description="Colour temperature of all light [K], relative to white at 6500. Default: the colours stay."
    )


class VariationSettings(BaseModel):
    """Variations of the stage. Each is drawn from seed, scene and number alone; nothing is written to the scene's files."""

    model_config = _FORBID

    count: int = Field(0, ge=0, le=MAX_VARIATIONS, description="How many variations, numbered from 1. 0: none.")
    authored: bool = Field(True, description="Make the stage as it was authored too, as variation 0.")
    camera: CameraJitter | None = Field(None, description="Move cameras.")
    pose: PoseJitter | None = Field(None, description="Move objects on what carries them.")
    drop_out: DropOut | None = Field(None, description="Take objects away.")
    variants: tuple[VariantChoice, ...] = Field((), description="Switch variant sets.")
    colors: ColorDraw | None = Field(None, description="Colour objects.")
    lights: LightDraw | None = Field(None, description="Change the light.")

    @model_validator(mode="before")
    @classmethod
    def _from_null(cls, value: Any) -> Any:
        return {} if value is None else value

    @model_validator(mode="after")
    def _something_varies(self) -> VariationSettings:
        kinds = (self.camera, self.pose, self.drop_out, self.variants, self.colors, self.lights)
        if self.count and not any(kinds):
            named = "camera, pose, drop_out, variants, colors or lights"
            raise ValueError(f"count asks for variations, but nothing varies: give {named}")
        if not self.count and not self.authored:
            raise ValueError("without variations, the stage as authored is all there is: leave authored on")
        return self

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the variations that are made, in order."""
        return tuple(range(0 if self.authored else 1, self.count + 1))
