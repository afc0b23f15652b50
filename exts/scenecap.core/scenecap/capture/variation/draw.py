"""Draw the variations of one stage, each from seed, scene, number and prim path alone."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping

import numpy as np

from scenecap.capture.contact_settings import ContactSettings
from scenecap.capture.variation.cameras import CameraShift, draw_camera
from scenecap.capture.variation.colors import Uncolored, doubted, draw_colors
from scenecap.capture.variation.drop_out import draw_drop_out
from scenecap.capture.variation.lights import draw_light
from scenecap.capture.variation.model import AUTHORED, StageVariation
from scenecap.capture.variation.poses import draw_poses
from scenecap.capture.variation.rigging import OverTime, Rigging, look_over_time
from scenecap.capture.variation.settings import VariationSettings
from scenecap.capture.viewpoints.judge import Judge
from scenecap.capture.viewpoints.settings import RejectionSettings
from scenecap.capture.viewpoints.surroundings import Surroundings
from scenecap.capture.world import StageWorld
from scenecap.contract import CameraView, Change, Variation
from scenecap.stage.draws import Draws
from scenecap.stage.lights import read_lights
from scenecap.stage.selector import nothing_selected, selects

#: Variations that are kept: frames come variation by variation, or nearly so.
_KEPT = 4


class VariationDrawer:
    """Draws variations; the order in which they are asked for does not matter.

    Args:
        world: The stage.
        settings: What varies.
        rules: Which views of cameras that stray are turned down.
        contacts: What touches what.
        seed: Of the draws.
        scene: Name of the scene.
        uncolored: Takes the colour words out of what an object is called.
        switched: Prims that show another variant than the authored one. What is said of the looks of objects there may not
            hold any more, and is not said.
    """

    def __init__(
        self,
        world: StageWorld,
        settings: VariationSettings,
        *,
        rules: RejectionSettings,
        contacts: ContactSettings,
        seed: int,
        scene: str,
        uncolored: Uncolored,
        switched: Collection[str] = (),
    ) -> None:
        self._world, self._settings, self._rules, self._contacts = world, settings, rules, contacts
        self._seed, self._scene, self._uncolored = seed, scene, uncolored
        self._switched = frozenset(switched)
        self._authored: tuple[Rigging, OverTime] | None = None
        self._stages: OrderedDict[int, StageVariation] = OrderedDict()
        self._cameras: dict[tuple[int, str], CameraShift] = {}
        self._judge: tuple[int, Judge] | None = None

    def stage(self, number: int) -> StageVariation:
        """Return the stage of a variation; 0 is the authored one."""
        if number == 0:
            return AUTHORED
        if number not in self._stages:
            self._stages[number] = self._draw(number)
            while len(self._stages) > _KEPT:
                old, _ = self._stages.popitem(last=False)
                self._cameras = {key: shift for key, shift in self._cameras.items() if key[0] != old}
        self._stages.move_to_end(number)
        return self._stages[number]

    def view(self, number: int, view: CameraView, *, at_start: CameraView) -> tuple[CameraView, Variation]:
        """Return a camera in a variation, and the record of all that differs in a frame of it.

        A camera at a prim below an object that was moved has moved with it.

        Args:
            number: Which variation.
            view: The camera as authored, at the frame's time.
            at_start: The camera as authored, at the stage's start.
        """
        stage = self.stage(number)
        view, at_start = _carried(view, stage), _carried(at_start, stage)
        if number == 0 or self._settings.camera is None:
            return view, stage.record
        key = (number, view.path)
        if key not in self._cameras:
            draws = self._draws(number)
            self._cameras[key] = draw_camera(at_start, self._settings.camera, self._judge_of(number), draws=draws)
        shift = self._cameras[key]
        counts = {
            **stage.record.counts,
            "views_shifted": int(not shift.given_up),
            "views_rejected": shift.rejected,
            "views_given_up": int(shift.given_up),
        }
        changes = stage.record.changes if shift.given_up else (*stage.record.changes, shift.change(view.path))
        return shift.applied(view), Variation(number, changes, counts)

    def unmatched(self) -> Mapping[str, str]:
        """Return selectors that fit no object of the stage: key and selector -> why, for a person."""
        wanted = {
            f"variations.{name}.objects": part.objects
            for name, part in (
                ("pose", self._settings.pose),
                ("drop_out", self._settings.drop_out),
                ("colors", self._settings.colors),
            )
            if part is not None
        }
        objects = self._first()[0].objects
        return {
            f"{key}: {selector}": f"{key}: {nothing_selected(selector, objects)}"
            for key, selectors in wanted.items()
            for selector in selectors
            if selector != "*" and not any(selects(selector, item) for item in objects)
        }

    def _draw(self, number: int) -> StageVariation:
        rig, over_time = self._first()
        draws, settings = self._draws(number), self._settings
        changes: list[Change] = []
        counts: dict[str, int] = {}
        varied = StageVariation(Variation(number))
        if self._switched:
            varied = dataclasses.replace(varied, entities=doubted(rig, self._switched, self._uncolored))
        if settings.drop_out is not None:
            hidden, gone = draw_drop_out(rig, settings.drop_out, draws=draws)
            changes += gone
            counts["hidden"] = len(gone)
            varied = dataclasses.replace(varied, hidden=hidden)
            if hidden and settings.pose is not None:
                rig = Rigging(self._world, self._world.at(self._world.open_stage.start, varied))
        if settings.pose is not None:
            poses = draw_poses(rig, over_time, settings.pose, contacts=self._contacts, draws=draws)
            changes += poses.changes
            counts |= poses.counts
            varied = dataclasses.replace(varied, motions=poses.motions)
        if settings.colors is not None:
            painted = draw_colors(
                self._first()[0], settings.colors, hidden=varied.hidden, uncolored=self._uncolored, draws=draws
            )
            changes += painted.changes
            counts |= painted.counts
            varied = dataclasses.replace(varied, colors=painted.colors, entities={**varied.entities, **painted.entities})
        if settings.lights is not None:
            opened = self._world.open_stage
            light, changed = draw_light(read_lights(opened, time_code=opened.start), settings.lights, draws=draws)
            changes += changed
            varied = dataclasses.replace(varied, light=light)
        return dataclasses.replace(varied, record=Variation(number, tuple(changes), dict(sorted(counts.items()))))

    def _draws(self, number: int) -> Callable[..., Draws]:
        return variation_draws(self._seed, self._scene, number)

    def _first(self) -> tuple[Rigging, OverTime]:
        if self._authored is None:
            moment = self._world.at(self._world.open_stage.start)
            self._authored = Rigging(self._world, moment), look_over_time(self._world, moment)
        return self._authored

    def _judge_of(self, number: int) -> Judge:
        if self._judge is None or self._judge[0] != number:
            moment = self._world.at(self._world.open_stage.start, self.stage(number))
            self._judge = (number, Judge(Surroundings(moment), self._rules))
        return self._judge[1]


def variation_draws(seed: int, scene: str, number: int) -> Callable[..., Draws]:
    """Return what gives the random numbers of a variation, by what they are for."""
    return lambda *names: Draws(seed, "variation", scene, number, *names)


def _carried(view: CameraView, stage: StageVariation) -> CameraView:
    motion = stage.motion_at(view.path)
    if motion is None:
        return view
    return dataclasses.replace(view, world_to_camera=np.linalg.inv(motion) @ view.world_to_camera)
