"""Light of a varied stage: brighter, warmer, shared out otherwise; lamps that were moved or are gone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from pxr import UsdLux

from scenecap.capture.exposure import LUMINANCE
from scenecap.capture.variation.model import LightChange, StageVariation
from scenecap.capture.variation.settings import LightDraw
from scenecap.contract import Change, ChangeKind
from scenecap.stage.draws import Draws
from scenecap.stage.lights import StageLight, StageLights

#: Colour temperature of white light [K].
_WHITE = 6500.0


def draw_light(lights: StageLights, settings: LightDraw, *, draws: Callable[..., Draws]) -> tuple[LightChange, list[Change]]:
    """Draw the light of one variation.

    Args:
        lights: Of the stage, at its start; one that comes on later keeps its strength against the others.
        settings: How far.
        draws: The random numbers.
    """
    source = draws("light")
    intensity = round(source.factor(*settings.intensity), 4)
    values: dict[str, object] = {"intensity": intensity}
    tint = np.ones(3)
    if settings.temperature is not None:
        kelvin = round(source.factor(*settings.temperature), 0)
        values["temperature"], tint = kelvin, _tint(kelvin)
    balance: dict[str, float] = {}
    if settings.balance != (1.0, 1.0):
        balance = {item.path: round(draws("light", item.path).factor(*settings.balance), 4) for item in lights.lights}
    changes = [Change(ChangeKind.LIGHT, "/", values)]
    changes += [Change(ChangeKind.LIGHT, path, {"intensity": factor}) for path, factor in sorted(balance.items())]
    return LightChange(intensity, tint, balance), changes


def varied_lights(lights: StageLights, variation: StageVariation) -> StageLights:
    """Return the lights of a stage in a variation, in their own colours.

    Args:
        lights: As authored, at some time.
        variation: How the stage differs.
    """
    if not (variation.motions or variation.hidden or variation.light.balance):
        return lights
    kept = tuple(_varied(light, variation) for light in lights.lights if not variation.hides(light.path))
    return dataclasses.replace(lights, lights=kept)


def _varied(light: StageLight, variation: StageVariation) -> StageLight:
    motion, factor = variation.motion_at(light.path), variation.light.balance.get(light.path, 1.0)
    if motion is not None:
        light = dataclasses.replace(light, to_world=light.to_world @ motion)
    return light if factor == 1.0 else dataclasses.replace(light, radiance=light.radiance * factor)


def _tint(kelvin: float) -> np.ndarray:
    """Return (3,) factors of red, green and blue that leave white as bright as it is."""
    color, white = (np.array(UsdLux.BlackbodyTemperatureAsRgb(value), dtype=np.float64) for value in (kelvin, _WHITE))
    tint = color / white
    return tint / float(tint @ LUMINANCE)
