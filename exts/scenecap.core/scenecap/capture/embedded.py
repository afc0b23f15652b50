"""The embedded source: Frames of a stage on the CPU, with usd-core and a software rasteriser."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from scenecap.capture import buffers as made
from scenecap.capture.albedo import MaterialTable
from scenecap.capture.auto_views import auto_views
from scenecap.capture.environment import Environment, build_environment
from scenecap.capture.gbuffer import build_gbuffer
from scenecap.capture.layers import SurfaceLayer, ViewedScene, make_layer
from scenecap.capture.raster import RasterResult, rasterize
from scenecap.capture.settings import CaptureSettings, Quality
from scenecap.capture.shade import draw_draft
from scenecap.capture.variation.colors import varied_bindings
from scenecap.capture.variation.lights import varied_lights
from scenecap.capture.variation.model import AUTHORED, StageVariation
from scenecap.capture.world import Moment, StageWorld
from scenecap.contract import Buffer, CameraView, Frame, ObservedObject, RoomKind, Visibility
from scenecap.errors import MissingExtraError
from scenecap.stage.label_database import LabelDatabase
from scenecap.stage.lights import read_lights
from scenecap.stage.open import OpenStage
from scenecap.stage.settings import LabelSettings

if TYPE_CHECKING:
    from scenecap.capture.picture import PathTracer

logger = logging.getLogger(__name__)

#: An object with fewer pixels than this in a small picture counts for less when views are placed.
_RECOGNISABLE_PX = 30


class EmbeddedSource:
    """Observe a stage through cameras.

    The stage is walked, its geometry, materials and objects are read once; a new camera or time costs no re-read of what
    does not change.

    Args:
        open_stage: The stage.
        settings: What is drawn and how the picture is made.
        label_settings: What is an object, and what it is called.
        database: Better labels and captions.
        buffers: Which per-pixel buffers frames hold; None for all (the picture only as ``quality`` says). Boxes, counts and
            colours are there in any case.

    Attributes:
        world: The stage apart from any camera.
    """

    def __init__(
        self,
        open_stage: OpenStage,
        settings: CaptureSettings | None = None,
        label_settings: LabelSettings | None = None,
        database: LabelDatabase | None = None,
        *,
        buffers: Collection[Buffer] | None = None,
    ) -> None:
        self.settings = settings or CaptureSettings.model_validate({})
        self._open_stage = open_stage
        self._wanted = frozenset(Buffer if buffers is None else buffers)
        if self.settings.quality is Quality.OFF:
            self._wanted -= {Buffer.RGB}
        self.world = StageWorld(open_stage, self.settings, label_settings or LabelSettings.model_validate({}), database)
        self._materials = MaterialTable(self.world.bindings, self.world.materials.textures)
        self._painted = (AUTHORED, self._materials)
        self._environment: tuple[float, StageVariation, Environment, Environment] | None = None
        self._tracer: PathTracer | None = None
        self._no_tracer = False

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong with the stage and survived."""
        return tuple(self._open_stage.problems)

    @property
    def meters_per_unit(self) -> float:
        """Length of the stage's unit [m]."""
        return self._open_stage.meters_per_unit

    def observe(
        self,
        camera: CameraView,
        *,
        frame_index: int = 0,
        time_code: float | None = None,
        variation: StageVariation = AUTHORED,
    ) -> Frame:
        """Observe the stage through a camera at a time.

        Args:
            camera: The camera, at that time.
            frame_index: Number of the frame in its run.
            time_code: When; the stage's start without it.
            variation: How the stage differs from the authored one.

        Returns:
            The frame. One that shows no object is a frame like any other.
        """
        time_code = self._open_stage.start if time_code is None else float(time_code)
        moment = self.world.at(time_code, variation)
        result = self._rasterize(moment, camera)
        table = self._table(variation)
        truth = make_layer(build_gbuffer(moment.scene, camera, moment.state.local_to_world, result), table)
        seen = made.visibilities(
            result, slot_count=len(moment.slots), albedo=truth.albedo.texel, albedo_known=truth.albedo.known
        )
        by_path = {entity.path: seen[slot] for slot, entity in enumerate(moment.slots) if entity is not None}
        labels = made.semantic_ids(moment.slots)
        return Frame(
            scene=self._open_stage.name,
            camera=camera,
            objects=tuple(_with_visibility(item, by_path[item.path]) for item in moment.objects),
            frame_index=frame_index,
            time_code=time_code,
            room=tuple(dataclasses.replace(item, visible_px=_visible_px(by_path[item.path])) for item in moment.room),
            contacts=moment.contacts,
            left_out=moment.left_out,
            buffers=self._buffers(moment, camera, result, truth, labels, frame_index, variation),
            entity_ids=moment.ids(),
            semantic_ids=labels,
            setting=self.world.discovery.setting,
            meters_per_unit=self._open_stage.meters_per_unit,
            stage_from_world=self._open_stage.stage_from_world,
            source="embedded",
            warnings=tuple(self._open_stage.problems),
        )

    def auto_views(self, count: int, *, resolution: tuple[int, int], time_code: float | None = None) -> list[CameraView]:
        """Place views in the stage (see :mod:`scenecap.capture.auto_views`), judged by what they would show.

        Args:
            count: Number of views.
            resolution: Width and height [px].
            time_code: When; the stage's start without it.
        """
        moment = self.world.at(self._open_stage.start if time_code is None else float(time_code))
        boxes = [item.aabb_world for item in moment.objects] or [item.aabb_world for item in moment.room]
        walls = [item.aabb_world for item in moment.room if item.kind in (RoomKind.WALL, RoomKind.CEILING)]
        room = None
        if walls:
            both = np.stack([item for item in [*walls, *boxes] if item is not None])
            room = np.stack([both[:, 0].min(axis=0), both[:, 1].max(axis=0)])
            if not any(item.kind is RoomKind.CEILING for item in moment.room):
                room[1, 2] = np.inf
        slots = {entity.path: slot for slot, entity in enumerate(moment.slots) if entity is not None}
        wanted = np.array([slots[item.path] for item in moment.objects], dtype=np.int64)

        def judge(view: CameraView) -> float:
            return _worth(self._rasterize(moment, view), wanted)

        return auto_views(
            np.array(boxes, dtype=np.float64).reshape(-1, 2, 3),
            count=count,
            resolution=resolution,
            judge=judge,
            room_world=room,
            triangles=int(moment.scene.triangle_start[-1]),
            meters_per_unit=self._open_stage.meters_per_unit,
        )

    def _rasterize(self, moment: Moment, camera: CameraView) -> RasterResult:
        return rasterize(
            moment.scene,
            camera,
            moment.state.local_to_world,
            entity_of_gprim=moment.slot_of_gprim,
            entity_count=len(moment.slots),
        )

    def _buffers(
        self,
        moment: Moment,
        camera: CameraView,
        result: RasterResult,
        truth: SurfaceLayer,
        labels: dict[str, int],
        frame_index: int,
        variation: StageVariation,
    ) -> dict[Buffer, np.ndarray]:
        makers = {
            Buffer.RGB: lambda: self._picture(moment, camera, truth, frame_index, variation),
            Buffer.DEPTH: lambda: result.depth,
            Buffer.NORMALS: lambda: made.normal_buffer(truth.gbuffer),
            Buffer.INSTANCE: lambda: made.instance_buffer(result.entity),
            Buffer.SEMANTIC: lambda: made.semantic_buffer(result.entity, moment.slots, labels),
            Buffer.ALBEDO: lambda: truth.albedo.srgb,
        }
        return {buffer: make() for buffer, make in makers.items() if buffer in self._wanted}

    def _picture(
        self, moment: Moment, camera: CameraView, truth: SurfaceLayer, frame_index: int, variation: StageVariation
    ) -> np.ndarray:
        """Return (H, W, 4) uint8 RGBA."""
        view = ViewedScene(
            camera=camera,
            scene=moment.scene,
            local_to_world=moment.state.local_to_world,
            drawn=moment.drawn,
            table=self._table(variation),
            truth=truth,
        )
        environment = self._light(moment.state.time_code, variation)
        exposure = None if self.settings.exposure is None else 2.0**self.settings.exposure
        gain = variation.light.intensity
        tracer = self._path_tracer()
        if tracer is None:
            rgb = draw_draft(view, environment, exposure=exposure, gain=gain)
        else:
            seed = _seed(self.settings.random_seed, camera.path, frame_index, variation.record.number)
            rgb = tracer.draw(view, environment, seed=seed, exposure=exposure, gain=gain)
        return np.concatenate([rgb, np.full((*rgb.shape[:2], 1), 255, dtype=np.uint8)], axis=2)

    def prepare(self) -> None:
        """Make ready what pictures need, so that what is missing is told before the first frame.

        Raises:
            MissingExtraError: ``quality: final``, and Mitsuba or the denoiser is not installed.
        """
        if Buffer.RGB in self._wanted:
            self._path_tracer()

    def _path_tracer(self) -> PathTracer | None:
        """Return what draws path-traced pictures, made once; None where drafts are drawn."""
        quality = self.settings.quality
        if quality not in (Quality.PREVIEW, Quality.FINAL) or self._no_tracer:
            return None
        if self._tracer is None:
            from scenecap.capture.picture import PathTracer  # needs Mitsuba, which drafts do not

            try:
                self._tracer = PathTracer(
                    self.world.materials,
                    quality=quality,
                    samples=self.settings.spp,
                    denoise=self.settings.denoise,
                )
            except MissingExtraError as error:
                if quality is Quality.FINAL:
                    raise
                # Mitsuba has no wheel for some machines; a preview there is a draft, and says so.
                logger.warning("%s Drawing drafts instead.", error)
                self._open_stage.add_problem(f"{error.message} Pictures are drafts.")
                self._no_tracer = True
        return self._tracer

    def _light(self, time_code: float, variation: StageVariation) -> Environment:
        known = self._environment
        if known is None or known[0] != time_code or known[1] is not variation:
            lights = varied_lights(read_lights(self._open_stage, time_code=time_code), variation)
            previous = None if known is None else known[2]
            environment = build_environment(lights, self.world.materials.textures, previous=previous)
            for problem in (*lights.problems, *environment.problems):
                self._open_stage.add_problem(problem)
            tint = variation.light.tint
            tinted = environment if (tint == 1.0).all() else environment.tinted(tint)
            self._environment = known = (time_code, variation, environment, tinted)
        return known[3]

    def _table(self, variation: StageVariation) -> MaterialTable:
        """Return the materials in a variation; the last ones are kept, and textures are read once for all."""
        if not variation.colors:
            return self._materials
        if self._painted[0] is not variation:
            bindings = varied_bindings(self.world, variation)
            table = MaterialTable(bindings, self.world.materials.textures, share=self._materials)
            self._painted = (variation, table)
        return self._painted[1]


def _seed(seed: int, camera: str, frame_index: int, variation: int) -> int:
    """Return the seed of one frame's picture: the same whatever was captured before it, and on any worker."""
    text = f"{seed}\n{camera}\n{frame_index}" + (f"\n{variation}" if variation else "")
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _with_visibility(item: ObservedObject, visibility: Visibility | None) -> ObservedObject:
    # Not dataclasses.replace: boxes are rounded already, and a frame may hold thousands of objects.
    copy = object.__new__(ObservedObject)
    for field in dataclasses.fields(ObservedObject):
        object.__setattr__(copy, field.name, getattr(item, field.name))
    object.__setattr__(copy, "visibility", visibility)
    return copy


def _visible_px(visibility: Visibility | None) -> int:
    return 0 if visibility is None else visibility.visible_px


def _worth(result: RasterResult, wanted: np.ndarray) -> float:
    """Return how well a small picture shows the wanted slots: the mean of visible share, size and wholeness."""
    if not len(wanted):
        return float((result.entity >= 0).mean())
    seen, alone = result.visible_px[wanted], result.unoccluded_px[wanted]
    share = np.divide(seen, alone, out=np.zeros(len(wanted)), where=alone > 0)
    size = np.minimum(seen / _RECOGNISABLE_PX, 1.0)
    whole = np.where(result.truncated[wanted], 0.6, 1.0)
    return float((np.sqrt(share) * (0.5 * size + 0.5 * (seen > 0)) * whole).mean())
