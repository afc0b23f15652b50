"""The embedded capture as a run's source: a USD stage on this machine, without Isaac Sim."""

from __future__ import annotations

import dataclasses
import gc
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.settings import Quality
from scenecap.capture.variation.draw import VariationDrawer, variation_draws
from scenecap.capture.variation.variants import Selection, switched_prims, switched_stage, unmatched_variants, variant_files
from scenecap.contract import Buffer, CameraView, Frame, SceneLicences
from scenecap.errors import UsageError
from scenecap.output.settings import OutputSettings
from scenecap.replicator_format import Annotator
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import Engine
from scenecap.run.inputs import hash_files
from scenecap.run.label_source import open_label_database
from scenecap.run.placements import place_cameras
from scenecap.run.plan import FrameTask, frame_times, select_cameras
from scenecap.run.uncolored import uncolored
from scenecap.stage.cameras import camera_view, list_cameras
from scenecap.stage.licences import scene_licences
from scenecap.stage.open import OpenStage, open_stage

#: Stages with other variants than the authored ones that are kept open.
_KEPT = 2


@dataclass(frozen=True, eq=False)
class _Shown:
    """A stage that is read: the authored one, or one with other variants.

    Attributes:
        opened: The stage.
        source: Captures it.
        drawer: Draws its variations.
        warnings: What was wrong with it when it had been read.
    """

    opened: OpenStage
    source: EmbeddedSource
    drawer: VariationDrawer
    warnings: tuple[str, ...]


class EmbeddedRun:
    """Opens the stage once and captures its cameras at the run's times.

    Args:
        config: All settings; ``scene_path`` must be given, or a stage.
        opened: The scene, where it is open already: with the labels that its session layer holds.

    Raises:
        StageError: The file is not there, is not USD, or cannot be reached from here.
        LabelDatabaseError: The label database cannot be read.
        MissingExtraError: What the picture's quality needs is not installed.
    """

    def __init__(self, config: ScenecapConfig, *, opened: OpenStage | None = None) -> None:
        self._config = config
        self._opened = open_stage(str(config.job.scene_path)) if opened is None else opened
        self._database = open_label_database(config.labels)
        self._authored = self._show(self._opened)
        self._source, self._drawer = self._authored.source, self._authored.drawer
        self._switched: OrderedDict[tuple[Selection, ...], _Shown] = OrderedDict()
        self._selected: dict[int, tuple[Selection, ...]] = {}
        self._placed: dict[str, CameraView] = {}
        self._warnings: tuple[str, ...] = ()
        self._short: tuple[str, ...] = ()
        #: Rule -> how many viewpoints broke it, after :meth:`tasks`.
        self.rejected: Mapping[str, int] = {}
        #: Selector of the config -> why it fits no object of this scene, after :meth:`tasks`.
        self.unmatched: Mapping[str, str] = {}

    @property
    def scene(self) -> str:
        """Name of the scene."""
        return self._opened.name

    @property
    def problems(self) -> Sequence[str]:
        """What was wrong with the stage and survived, which viewpoints could not be placed, which selectors fit nothing."""
        return (*self._opened.problems, *self._short, *self.unmatched.values())

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        """The files of all layers that the stage is made of, with any of its variants."""
        choices = self._config.batch.variations.variants
        return tuple(variant_files(self._opened, choices) if choices else self._opened.used_files())

    @property
    def licences(self) -> SceneLicences:
        """What the stage's files say of their licences."""
        return scene_licences(self._opened, self._files)

    def inputs(self) -> Mapping[str, str]:
        """Hash of each layer of the stage and of the label database, named relative to the scene's folder."""
        return hash_files(
            self._files,
            folder=Path(self._opened.path).parent,
            database=None if self._database is None else self._config.labels.label_database,
        )

    def tasks(self) -> tuple[FrameTask, ...]:
        """Return all frames: for each variation and time, every camera. Views are placed where the stage has no camera.

        Raises:
            UsageError: A camera is not there, or there is none and no view may be or could be placed.
        """
        times = frame_times(self._config.job.frames, start=self._opened.start)
        known = [info.path for info in list_cameras(self._opened)]
        if self._config.batch.viewpoints:
            cameras = self._from_placements(times[0].time_code, known)
        else:
            cameras = select_cameras(self._config.job.cameras, known) or self._place(times[0].time_code)
        variations = self._config.batch.variations
        if variations.count:
            if variations.lights is not None and self._config.capture.quality is Quality.OFF:
                self._opened.add_problem("variations.lights changes pictures only, and quality: off makes none")
            self.unmatched = {**self._drawer.unmatched(), **unmatched_variants(self._opened, variations.variants)}
        # A frame carries what was known before the first one: what turns up later depends on which frames came before, and a
        # run that goes on where another was stopped must write the same bytes.
        self._warnings = tuple(self._opened.problems)
        return tuple(FrameTask(camera, time, number) for number in variations.numbers for time in times for camera in cameras)

    def observe(self, task: FrameTask) -> Frame:
        """Capture one frame.

        Raises:
            CameraError: The camera is not a pinhole, or its transform is broken.
        """
        time_code = task.time.time_code
        if not self._config.batch.variations.count:
            camera = self._camera(self._opened, task.camera, time_code)
            frame = self._source.observe(camera, frame_index=task.time.index, time_code=time_code)
            return dataclasses.replace(frame, warnings=self._warnings)
        shown, selected = self._in_variation(task.variation)
        camera, at_start = (self._camera(shown.opened, task.camera, time) for time in (time_code, shown.opened.start))
        camera, record = shown.drawer.view(task.variation, camera, at_start=at_start)
        stage = shown.drawer.stage(task.variation)
        frame = shown.source.observe(camera, frame_index=task.time.index, time_code=time_code, variation=stage)
        if selected:
            changes = (*(item.change() for item in selected), *record.changes)
            record = dataclasses.replace(record, changes=changes, counts={"variants": len(selected), **record.counts})
        warnings = self._warnings if shown is self._authored else shown.warnings
        return dataclasses.replace(frame, warnings=warnings, variation=record)

    def _in_variation(self, number: int) -> tuple[_Shown, tuple[Selection, ...]]:
        """Return the stage with the variants of a variation, and which these are."""
        choices = self._config.batch.variations.variants
        if number == 0 or not choices:
            return self._authored, ()
        selected = self._selected.get(number)
        if selected is None or (selected and selected not in self._switched):
            draws = variation_draws(self._config.graph.random_seed, self._opened.name, number)
            composed, selected = switched_stage(self._opened, choices, draws=draws)
            self._selected[number] = selected
            if selected and selected not in self._switched:
                while len(self._switched) >= _KEPT:
                    self._switched.popitem(last=False)
                    gc.collect()  # stages and their caches hold each other
                self._switched[selected] = self._show(composed, switched_prims(self._opened, selected))
        if not selected:
            return self._authored, ()
        self._switched.move_to_end(selected)
        return self._switched[selected], selected

    def _show(self, opened: OpenStage, switched: frozenset[str] = frozenset()) -> _Shown:
        """Read a stage, of which some prims may show other variants than the authored ones."""
        config = self._config
        source = EmbeddedSource(
            opened, config.capture, config.labels, self._database, buffers=buffers_for(config.output) | _told_model(config)
        )
        source.prepare()
        drawer = VariationDrawer(
            source.world,
            config.batch.variations,
            rules=config.batch.rejection,
            contacts=config.capture.contacts,
            seed=config.graph.random_seed,
            scene=opened.name,
            uncolored=uncolored,
            switched=switched,
        )
        return _Shown(opened, source, drawer, tuple(opened.problems))

    def _camera(self, opened: OpenStage, path: str, time_code: float) -> CameraView:
        return self._placed.get(path) or camera_view(opened, path, time_code=time_code, resolution=self._config.job.resolution)

    def _from_placements(self, time_code: float, known: Sequence[str]) -> tuple[str, ...]:
        """Return the cameras of the config's placements, in their order; each once."""
        found = place_cameras(self._config, self._source, known, scene=self.scene, time_code=time_code)
        self._placed, self.rejected, self._short = dict(found.views), found.rejected, found.problems
        return found.cameras

    def _place(self, time_code: float) -> tuple[str, ...]:
        count = self._config.job.auto_views
        if count == 0:
            raise UsageError(
                f"{self.scene}: the stage has no camera, and auto_views is 0.",
                remedy="Add a camera to the stage, or let views be placed (auto_views: 3).",
            )
        views = self._source.auto_views(count, resolution=self._config.job.resolution, time_code=time_code)
        if not views:
            raise UsageError(
                f"{self.scene}: the stage has no camera, and nothing to place a view for.",
                remedy="'scenecap inspect' lists what was left out and why.",
            )
        self._placed = {view.path: view for view in views}
        return tuple(self._placed)


def _told_model(config: ScenecapConfig) -> frozenset[Buffer]:
    """Return the buffers that a chat model's picture needs, whether or not they are written."""
    if config.job.engine is not Engine.CHAT or not config.chat.picture:
        return frozenset()
    return frozenset({Buffer.RGB, Buffer.INSTANCE}) if config.chat.marks else frozenset({Buffer.RGB})


def buffers_for(output: OutputSettings) -> frozenset[Buffer]:
    """Return the per-pixel buffers that the files to be written need; what is not needed is not made."""
    wanted = {Buffer(item.value) for item in output.annotators if item.value in {buffer.value for buffer in Buffer}}
    if output.save_image:
        wanted.add(Buffer.RGB)
    if output.visualize_caption:
        wanted |= {Buffer.RGB, Buffer.INSTANCE, Buffer.NORMALS}  # where there is no picture, it is drawn on shaded ids
    if output.export_depth or output.export_point_cloud:
        wanted.add(Buffer.DEPTH)
    if Annotator.BOUNDING_BOX_2D_TIGHT in output.annotators:
        wanted.add(Buffer.INSTANCE)  # room elements have rows there, and their boxes come from the ids
    return frozenset(wanted)
