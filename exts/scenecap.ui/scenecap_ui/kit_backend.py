"""The panel inside Isaac Sim: Kit's stage, rendered by Replicator. Kit's modules are imported when they are used.

Kit's stage belongs to Kit's main thread, and USD allows nobody to read while it is edited. So the stage is read there: finding
objects holds Kit up for as long as it takes (0.1 s for a room, some seconds for a factory). Rendering yields to Kit between
updates, and graphs, captions, pictures and files are made on the capture's worker thread.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from scenecap.errors import UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.result import RunResult
from scenecap_ui.backend import CameraChoice, Cancelled, CancelToken, LabelPreview, LabelTarget, Progress, SceneInfo
from scenecap_ui.folders import show_folder
from scenecap_ui.label_work import camera_choices, preview_of, write_plan

if TYPE_CHECKING:
    from scenecap.stage.model import Discovery
    from scenecap.stage.open import OpenStage


class KitBackend:
    """Runs Scenecap through ``scenecap_replicator``. To be used on Kit's main thread."""

    title = "Isaac Sim (Replicator)"
    has_open_stage = True

    async def load_scene(self, config: ScenecapConfig) -> SceneInfo:
        """Open the config's scene in Kit, unless it is open; without one, take the open stage.

        Raises:
            UsageError: No stage is open, the open one has unsaved changes, or there is no such file.
            StageError: Kit cannot open it.
        """
        from scenecap_replicator import compat

        path = config.job.scene_path
        if path and not _is_open(compat.current_stage(), path):
            if "://" not in path and not os.path.isfile(path):
                raise UsageError(f"{path}: there is no such file.", remedy="Check the path.")
            if compat.has_unsaved_changes():
                raise UsageError(
                    "The open stage has unsaved changes, which opening another would lose.",
                    remedy="Save them first, or open the scene from the File menu.",
                )
            await compat.open_stage(path)
        opened = _open()
        return SceneInfo(
            opened.name, opened.path, camera_choices(opened), tuple(opened.problems), frames=(opened.start, opened.end)
        )

    async def cameras(self) -> tuple[CameraChoice, ...]:
        """Return the cameras of the open stage."""
        return camera_choices(_open())

    async def preview_labels(self, config: ScenecapConfig) -> LabelPreview:
        """Find the objects of the open stage, and which of them would get which label."""
        return preview_of(*await self._discover(config))

    async def write_labels(self, config: ScenecapConfig, target: LabelTarget, path: str, *, overwrite: bool = False) -> int:
        """Write labels to Kit's session layer or to a label layer file.

        Raises:
            UsageError: The stage has no file, or the label layer is a layer of the scene, or exists and is none of ours.
            OutputError: It cannot be written.
        """
        from scenecap_replicator import compat

        opened, discovery = await self._discover(config)
        count = write_plan(opened, discovery, target, path, schema=config.labels.label_schema, overwrite=overwrite)
        await compat.next_update(2)  # until Replicator knows of them
        return count

    async def generate(self, config: ScenecapConfig, progress: Progress, cancel: CancelToken) -> RunResult:
        """Render, caption and write all frames; stage, timeline and filter are afterwards as they were.

        Raises:
            Cancelled: The token was cancelled; finished frames stay.
        """
        from scenecap_replicator.capture import CaptureCancelled, run_capture

        try:
            return await run_capture(config, progress=progress, cancelled=lambda: cancel.cancelled)
        except CaptureCancelled:
            raise Cancelled from None

    def open_folder(self, path: str) -> None:
        """Show a folder in the system's file manager."""
        show_folder(path)

    def close(self) -> None:
        """Nothing is held between calls."""

    async def _discover(self, config: ScenecapConfig) -> tuple[OpenStage, Discovery]:
        from scenecap.capture.world import StageWorld  # needs numba
        from scenecap.run.label_source import open_label_database
        from scenecap_replicator import compat

        await compat.next_update(2)  # what the panel says meanwhile is drawn
        opened = _open()
        world = StageWorld(opened, config.capture, config.labels, open_label_database(config.labels))
        return opened, world.discovery


def _open() -> OpenStage:
    from scenecap.stage.open import wrap_stage
    from scenecap_replicator import compat

    stage = compat.current_stage()
    if stage is None:
        raise UsageError("No stage is open.", remedy="Open one, or choose a USD file.")
    return wrap_stage(stage)


def _is_open(stage: Any, path: str) -> bool:
    if stage is None:
        return False
    root = stage.GetRootLayer()
    if "://" in path:
        return path == root.identifier
    return bool(root.realPath) and os.path.realpath(path) == os.path.realpath(root.realPath)
