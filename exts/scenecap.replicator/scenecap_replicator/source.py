"""Kit's open stage, rendered by Replicator, as a run's source of frames."""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenecap.contract import Frame, SceneLicences
from scenecap.errors import MissingExtraError, UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.inputs import hash_files
from scenecap.run.label_source import open_label_database
from scenecap.run.plan import FrameTask, FrameTime, frame_times, select_cameras
from scenecap_replicator import compat
from scenecap_replicator.annotators import annotators_for
from scenecap_replicator.payload_shapes import RenderProductPayload
from scenecap_replicator.render_products import RenderProducts
from scenecap_replicator.session import CaptureSession
from scenecap_replicator.settings import ReplicatorSettings
from scenecap_replicator.stage_access import StageAccess
from scenecap_replicator.to_frame import FrameContext, frame_from_outputs, missing_outputs

if TYPE_CHECKING:
    from scenecap.capture.embedded import EmbeddedSource
    from scenecap.stage.open import OpenStage

logger = logging.getLogger(__name__)

#: How often a worker that waits for a frame looks whether it was told to stop [s].
_POLL_SECONDS = 0.2


class StopCapture(BaseException):
    """A capture was told to stop. No error of a frame: it must pass the handlers that turn those into rows."""


class ReplicatorSource:
    """A :class:`scenecap.run.source.FrameSource` whose frames Replicator renders.

    :meth:`prepare`, :meth:`capture` and :meth:`close` belong to Kit's main thread; the protocol's methods may be called from a
    worker.

    Args:
        config: All settings.
        session: Gives back what is changed.
        settings: How to render.
        stopped: Whether the capture was told to stop.
    """

    def __init__(
        self,
        config: ScenecapConfig,
        session: CaptureSession,
        settings: ReplicatorSettings,
        *,
        stopped: Callable[[], bool],
    ) -> None:
        self._config = config
        self._session = session
        self._settings = settings
        self._stopped = stopped
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened: OpenStage | None = None
        self._access: StageAccess | None = None
        self._products: RenderProducts | None = None
        self._tasks: tuple[FrameTask, ...] = ()
        self._inputs: Mapping[str, str] = {}
        #: What the stage's files say of their licences, as they were when the capture began.
        self.licences: SceneLicences | None = None
        self._placed: Mapping[str, str] = {}  # placed view -> its camera prim
        self._short: tuple[str, ...] = ()
        #: Rule -> how many viewpoints broke it, after :meth:`prepare`.
        self.rejected: Mapping[str, int] = {}

    async def prepare(self, *, discard_changes: bool = False) -> None:
        """Open the scene if it is not open, choose cameras, label, make render products. On Kit's main thread.

        Raises:
            StageError: The scene cannot be opened.
            UsageError: No stage is open, a camera is not there (names the nearest), or the open stage has unsaved changes.
        """
        from scenecap.stage.licences import scene_licences
        from scenecap.stage.open import wrap_stage

        self._loop = asyncio.get_running_loop()
        await self._open_scene(discard_changes=discard_changes)
        stage = compat.current_stage()
        if stage is None:
            raise UsageError("No stage is open.", remedy="Open one, or give scene_path.")
        self._opened = opened = wrap_stage(stage)
        database = open_label_database(self._config.labels)
        self._inputs = _inputs(opened, None if database is None else self._config.labels.label_database)
        self.licences = scene_licences(opened)
        self._access = access = StageAccess(stage, self._config, database)
        times = self._times(access, opened)
        cameras = self._choose_cameras(opened, times[0].time_code)
        self._tasks = tuple(FrameTask(camera, time) for time in times for camera in cameras)
        rated = self._session.render_every_frame(stage, cameras)
        if rated:
            logger.info("rendered at every frame for this capture: %s", ", ".join(rated))
        self._label(access, opened, times[0].time_code)
        self._products = RenderProducts(
            self._session,
            annotators_for(self._config),
            resolution=self._config.job.resolution,
            settings=self._settings,
            check=self._check,
        )
        for camera in cameras:
            self._products.add(camera, prim=self._placed.get(camera, camera))
        await compat.next_update(self._settings.settle_updates)  # labels and render products reach Replicator

    def close(self) -> None:
        """Stop listening to the stage."""
        if self._access is not None:
            self._access.close()

    async def capture(self, task: FrameTask) -> tuple[RenderProductPayload, FrameContext]:
        """Render one frame and return a copy of its outputs, with what the stage knows now. On Kit's main thread.

        Raises:
            CameraError: The camera is no pinhole.
            CaptureError: There was no picture.
        """
        from scenecap.stage.cameras import camera_view

        opened, access, products = self._opened, self._access, self._products
        assert opened is not None
        assert access is not None
        assert products is not None
        self._check()
        time_code = task.time.time_code
        prim = self._placed.get(task.camera, task.camera)
        camera_view(opened, prim, time_code=time_code, resolution=self._config.job.resolution)  # or says why not
        if self._config.job.frames is not None:
            self._session.set_time(opened.stage, time_code)
            await compat.next_update(self._settings.settle_updates)
        outputs = await products.render(task.camera)
        context = FrameContext(
            scene=access.scene,
            camera=task.camera,
            frame_index=task.time.index,
            time_code=time_code,
            up_axis=access.up_axis,
            labels=self._config.labels,
            warnings=missing_outputs(outputs, annotators_for(self._config)),
        )
        return outputs, access.with_probe(context)

    # FrameSource

    @property
    def scene(self) -> str:
        """Name of the scene."""
        return "stage" if self._access is None else self._access.scene

    @property
    def problems(self) -> Sequence[str]:
        """What was wrong with the stage and survived, and which viewpoints could not be placed."""
        return self._short if self._opened is None else (*self._opened.problems, *self._short)

    def inputs(self) -> Mapping[str, str]:
        """Hash of each layer of the stage, as it was when the capture began."""
        return self._inputs

    def tasks(self) -> tuple[FrameTask, ...]:
        """Return all frames: for each time, every camera."""
        return self._tasks

    def observe(self, task: FrameTask) -> Frame:
        """Have a frame rendered and return it. On a worker thread, while Kit's event loop runs.

        Raises:
            StopCapture: The capture was told to stop.
            ScenecapError: The frame cannot be captured.
        """
        if self._loop is None:
            raise RuntimeError("ReplicatorSource.observe: prepare() comes first")
        future = asyncio.run_coroutine_threadsafe(self.capture(task), self._loop)
        while not concurrent.futures.wait([future], timeout=_POLL_SECONDS).done:
            if self._stopped():
                future.cancel()
                raise StopCapture
        if self._stopped() or future.cancelled():
            raise StopCapture
        outputs, context = future.result()
        return frame_from_outputs(outputs, context)

    # Parts

    def _check(self) -> None:
        if self._stopped():
            raise asyncio.CancelledError

    async def _open_scene(self, *, discard_changes: bool) -> None:
        wanted = self._config.job.scene_path
        if not wanted:
            return
        if _is_open(compat.current_stage(), wanted):
            return
        if not discard_changes and compat.has_unsaved_changes():
            raise UsageError(
                "scene_path: the stage that is open has unsaved changes, which opening another would lose.",
                remedy="Save them, or leave scene_path out to capture the open stage.",
            )
        if "://" not in wanted and not os.path.isfile(wanted):
            raise UsageError(f"scene_path: there is no file '{wanted}'.", remedy="Check the path.")
        await compat.open_stage(wanted)

    def _times(self, access: StageAccess, opened: OpenStage) -> tuple[FrameTime, ...]:
        frames = self._config.job.frames
        if frames is None:  # the stage as it stands
            return (FrameTime(0, access.time_code(opened.start)),)
        return frame_times(frames, start=opened.start)

    def _choose_cameras(self, opened: OpenStage, time_code: float) -> tuple[str, ...]:
        from scenecap.stage.cameras import KIT_CAMERAS, list_cameras

        known = [info.path for info in list_cameras(opened)]
        if self._config.batch.viewpoints:
            return self._from_placements(opened, time_code, known)
        patterns = self._config.job.cameras
        # The viewport's own cameras are captured where one is named, never by `all` or a glob.
        known += [path for path in patterns if path in KIT_CAMERAS and opened.stage.GetPrimAtPath(path)]
        return select_cameras(patterns, known) or self._place_views(opened, time_code)

    def _place_views(self, opened: OpenStage, time_code: float) -> tuple[str, ...]:
        count = self._config.job.auto_views
        if count == 0:
            raise UsageError(
                f"{opened.name}: the stage has no camera, and auto_views is 0.",
                remedy="Add a camera to the stage, or let views be placed (auto_views: 3).",
            )
        source = self._geometry(opened, "the stage has no camera, and placing views", remedy="Add a camera")
        views = source.auto_views(count, resolution=self._config.job.resolution, time_code=time_code)
        if not views:
            raise UsageError(f"{opened.name}: the stage has no camera, and nothing to place a view for.")
        self._placed = self._session.add_cameras(opened, views)
        return tuple(self._placed)

    def _from_placements(self, opened: OpenStage, time_code: float, known: Sequence[str]) -> tuple[str, ...]:
        """Return the cameras of the config's placements; those that are placed become prims of the session layer."""
        source = self._geometry(opened, "viewpoints: placing views", remedy="Use cameras of the stage")
        from scenecap.run.placements import place_cameras

        found = place_cameras(self._config, source, known, scene=opened.name, time_code=time_code)
        self._placed = self._session.add_cameras(opened, tuple(found.views.values()))
        self.rejected, self._short = found.rejected, found.problems
        return found.cameras

    def _geometry(self, opened: OpenStage, why: str, *, remedy: str) -> EmbeddedSource:
        """Return what knows the stage's geometry.

        Raises:
            UsageError: It needs what is not installed.
        """
        try:
            from scenecap.capture.embedded import EmbeddedSource
        except MissingExtraError as error:
            raise UsageError(
                f"{opened.name}: {why} needs '{error.package}'.",
                remedy=f"{remedy}, or pip install 'scenecap[geometry]' into Isaac Sim's Python.",
            ) from error
        return EmbeddedSource(opened, self._config.capture, self._config.labels, buffers=())

    def _label(self, access: StageAccess, opened: OpenStage, time_code: float) -> None:
        """Label unlabelled objects for the renderer. What they are called was decided before, from the stage without these."""
        if not (self._config.labels.attach_label_to_usd and self._settings.attach_to_replicator):
            return
        probed = access.with_probe(FrameContext(access.scene, "", time_code=time_code))
        if probed.moment is None or probed.probe is None:
            return  # the frames say that the geometry cannot be read
        from scenecap.stage.attach import plan_labels

        plan = plan_labels(opened, probed.moment.world.discovery)
        if plan.labels:
            number = self._session.attach_labels(opened, plan, schema=self._config.labels.label_schema)
            probed.probe.disregard_changes()
            logger.info("%d objects labelled in the session layer for this capture", number)


def _is_open(stage: object, wanted: str) -> bool:
    if stage is None:
        return False
    root = stage.GetRootLayer()  # type: ignore[attr-defined]
    if "://" in wanted:
        return root.identifier == wanted
    return bool(root.realPath) and os.path.realpath(root.realPath) == os.path.realpath(wanted)


def _inputs(opened: OpenStage, database: Path | None) -> dict[str, str]:
    """Hash files, layers that differ from their files or have none, and the session layer but for Kit's own prims."""
    from scenecap_replicator.session_prims import session_opinions

    folder = Path(opened.path).parent
    hashes = hash_files(opened.used_files(), folder=folder, database=database)
    session = opened.session
    for layer in opened.stage.GetUsedLayers():
        if layer != session and (layer.dirty or layer.anonymous):
            name = Path(layer.realPath or layer.GetDisplayName() or "layer").name
            hashes[f"unsaved: {name}"] = _hash(layer.ExportToString())
    said = session_opinions(session)
    if said:
        hashes["session layer"] = _hash(said)
    return hashes


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
