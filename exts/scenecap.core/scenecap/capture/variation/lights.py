"""Lights of a varied stage: a lamp that was moved shines from its new place, one that is gone not at all."""

from __future__ import annotations

import dataclasses

from scenecap.capture.variation.model import StageVariation
from scenecap.stage.lights import StageLight, StageLights


def varied_lights(lights: StageLights, variation: StageVariation) -> StageLights:
    """Return the lights of a stage in a variation.

    Args:
        lights: As authored, at some time.
        variation: How the stage differs.
    """
    if not variation.motions and not variation.hidden:
        return lights
    kept = tuple(_moved(light, variation) for light in lights.lights if not variation.hides(light.path))
    return dataclasses.replace(lights, lights=kept)


def _moved(light: StageLight, variation: StageVariation) -> StageLight:
    motion = variation.motion_at(light.path)
    return light if motion is None else dataclasses.replace(light, to_world=light.to_world @ motion)
