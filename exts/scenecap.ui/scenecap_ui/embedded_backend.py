"""The panel without Isaac Sim: scenes are opened with usd-core and captured on the CPU.

A stage is read by one thread at a time, so all work is done in one worker thread, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from scenecap.errors import StageError
from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.config.schema import as_keys
from scenecap.run.job import run_job
from scenecap.run.result import FrameOutcome, RunResult
from scenecap_ui.backend import CameraChoice, Cancelled, CancelToken, LabelPreview, LabelTarget, Progress, SceneInfo
from scenecap_ui.folders import show_folder
from scenecap_ui.label_work import camera_choices, preview_of, write_plan

if TYPE_CHECKING:
    from scenecap.stage.model import Discovery
    from scenecap.stage.open import OpenStage

T = TypeVar("T")


class EmbeddedBackend:
    """Runs Scenecap on usd-core.

    Args:
        keys: Config keys that the panel has no field for, such as ``quality``.
    """

    title = "Embedded capture (usd-core, CPU)"
    has_open_stage = False

    def __init__(self, keys: Mapping[str, object] | None = None) -> None:
        self._keys = dict(keys or {})
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scenecap-panel")
        self._opened: OpenStage | None = None
        self._asked = ""  # scene path as it was given

    async def load_scene(self, config: ScenecapConfig) -> SceneInfo:
        """Open the config's scene anew.

        Raises:
            StageError: There is no such file, or it is not USD.
        """
        return await self._in_worker(lambda: self._load(config))

    async def cameras(self) -> tuple[CameraChoice, ...]:
        """Return the cameras of the scene."""
        return await self._in_worker(lambda: () if self._opened is None else camera_choices(self._opened))

    async def preview_labels(self, config: ScenecapConfig) -> LabelPreview:
        """Find the objects, and which of them would get which label."""
        return await self._in_worker(lambda: self._preview(config))

    async def write_labels(self, config: ScenecapConfig, target: LabelTarget, path: str, *, overwrite: bool = False) -> int:
        """Write labels to the session layer or a label layer file.

        Raises:
            UsageError: The file is a layer of the scene, or exists and is none of ours.
            OutputError: It cannot be written.
        """
        return await self._in_worker(lambda: self._write(config, target, path, overwrite))

    async def generate(self, config: ScenecapConfig, progress: Progress, cancel: CancelToken) -> RunResult:
        """Capture and caption all frames; labels of the session layer count.

        Raises:
            Cancelled: The token was cancelled; finished frames stay.
        """
        return await self._in_worker(lambda: self._generate(config, progress, cancel))

    def open_folder(self, path: str) -> None:
        """Show a folder in the system's file manager."""
        show_folder(path)

    def close(self) -> None:
        """End the worker thread once it has finished what it does, and let go of the stage."""
        self._opened = None
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _in_worker(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _load(self, config: ScenecapConfig) -> SceneInfo:
        from scenecap.stage.open import open_stage  # needs pxr

        self._opened = None
        self._asked = str(config.job.scene_path)
        opened = open_stage(self._asked)
        self._opened = opened
        return SceneInfo(
            opened.name, opened.path, camera_choices(opened), tuple(opened.problems), frames=(opened.start, opened.end)
        )

    def _stage(self, config: ScenecapConfig) -> OpenStage:
        """Return the open stage, opening the one that the config names where it is another."""
        if self._opened is None or self._asked != str(config.job.scene_path):
            self._load(config)
        if self._opened is None:
            raise StageError("No scene is loaded.", remedy="Choose a USD file and load it.")
        return self._opened

    def _discover(self, config: ScenecapConfig) -> tuple[OpenStage, Discovery]:
        from scenecap.capture.world import StageWorld  # needs numba
        from scenecap.run.label_source import open_label_database

        opened = self._stage(config)
        world = StageWorld(opened, config.capture, config.labels, open_label_database(config.labels))
        return opened, world.discovery

    def _preview(self, config: ScenecapConfig) -> LabelPreview:
        return preview_of(*self._discover(config))

    def _write(self, config: ScenecapConfig, target: LabelTarget, path: str, overwrite: bool) -> int:
        opened, discovery = self._discover(config)
        return write_plan(opened, discovery, target, path, schema=config.labels.label_schema, overwrite=overwrite)

    def _generate(self, config: ScenecapConfig, progress: Progress, cancel: CancelToken) -> RunResult:
        from scenecap.run.embedded_run import EmbeddedRun

        if self._keys:
            config = make_config({**_given(config), **self._keys})
        source = EmbeddedRun(config, opened=self._stage(config))
        _stop_if(cancel)

        def forward(outcome: FrameOutcome, done: int, total: int) -> None:
            progress(outcome, done, total)
            if done < total:  # the last frame is done all the same
                _stop_if(cancel)

        return run_job(config, source=source, progress=forward)


def _given(config: ScenecapConfig) -> dict[str, object]:
    """Return a config as flat keys again."""
    return {key: value for key, value in as_keys(config).items() if value is not None}


def _stop_if(cancel: CancelToken) -> None:
    if cancel.cancelled:
        raise Cancelled
