"""A back end that does what a test says: it writes real files of small frames, and can be held up and made to fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from scenecap.errors import ScenecapError, StageError, UsageError
from scenecap.output.atomic import FileRecord
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.run.config import ScenecapConfig
from scenecap.run.plan import select_cameras
from scenecap.run.result import FrameOutcome, RunResult
from scenecap_ui.backend import (
    CameraChoice,
    Cancelled,
    CancelToken,
    LabelAction,
    LabelPreview,
    LabelRow,
    LabelTarget,
    Progress,
    SceneInfo,
)

CAMERAS = ("/World/Left", "/World/Right", "/World/Top")
SCENE = "/scenes/room.usda"
WRITE = LabelRow("/World/Mug_01", "mug", LabelAction.WRITE, "from the prim's name")
KEEP = LabelRow("/World/Table", "table", LabelAction.KEEP, "authored")
SKIP = LabelRow("/World/Set/Bolt", "", LabelAction.SKIP, "it is within an instance, which cannot be edited; label the asset")


class ScriptedBackend:
    """Acts at once, unless a gate is shut."""

    def __init__(self, *, has_open_stage: bool = False) -> None:
        self.title = "Scripted"
        self.has_open_stage = has_open_stage
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.statuses: Mapping[str, FrameStatus] = {}
        self.problems: tuple[str, ...] = ()
        self.camera_choices = (*(CameraChoice(path) for path in CAMERAS), CameraChoice("/World/Fish", "a fisheye lens"))
        self.rows: tuple[LabelRow, ...] = (WRITE, KEEP, SKIP)
        self.configs: list[ScenecapConfig] = []
        self.written: list[tuple[LabelTarget, str]] = []
        self.opened_folders: list[str] = []
        self.closed = False

    async def _pass(self, config: ScenecapConfig) -> None:
        self.configs.append(config)
        await self.gate.wait()
        if self.error is not None:
            raise self.error

    async def load_scene(self, config: ScenecapConfig) -> SceneInfo:
        await self._pass(config)
        path = config.job.scene_path or SCENE
        if "missing" in path:
            raise StageError(f"{path}: there is no such file.", remedy="Check the path.")
        return SceneInfo(Path(path).stem, path, self.camera_choices, self.problems, (0.0, 10.0))

    async def cameras(self) -> tuple[CameraChoice, ...]:
        return self.camera_choices

    async def preview_labels(self, config: ScenecapConfig) -> LabelPreview:
        await self._pass(config)
        return LabelPreview(self.rows)

    async def write_labels(self, config: ScenecapConfig, target: LabelTarget, path: str, *, overwrite: bool = False) -> int:
        await self._pass(config)
        if path == SCENE:
            raise UsageError(f"'{path}' is a layer of the scene, which is never changed.", remedy="Give another file.")
        self.written.append((target, path))
        count = sum(row.action is LabelAction.WRITE for row in self.rows)
        if target is LabelTarget.SESSION:
            self.rows = (LabelRow(WRITE.prim, WRITE.label, LabelAction.KEEP, "authored"), KEEP, SKIP)
        return count

    async def generate(self, config: ScenecapConfig, progress: Progress, cancel: CancelToken) -> RunResult:
        self.configs.append(config)
        if self.error is not None:
            raise self.error
        output = Path(str(config.job.output_path))
        cameras = select_cameras(config.job.cameras, CAMERAS) or ("/auto/View_1",)
        outcomes = []
        for number, camera in enumerate(cameras):
            await self.gate.wait()
            outcomes.append(self._frame(output, number, camera, config))
            progress(outcomes[-1], number + 1, len(cameras))
            await asyncio.sleep(0)
            if cancel.cancelled and number + 1 < len(cameras):
                raise Cancelled
        return RunResult("room", output, tuple(outcomes))

    def _frame(self, output: Path, number: int, camera: str, config: ScenecapConfig) -> FrameOutcome:
        status = self.statuses.get(camera, FrameStatus.WRITTEN)
        row = FrameRow(number, f"{number}", "room", camera, 0, 0.0, status)
        if status is not FrameStatus.WRITTEN:
            return FrameOutcome(FrameRow(**{**vars(row), "reason": "nothing is in view."}))
        name = camera.strip("/").replace("/", "_")
        files = [f"{name}/Captions/scene_graph_caption.json", f"{name}/Image/{name}.png"]
        captions = {
            "brief_caption": f"A mug, seen from {camera}." if config.caption.brief else None,
            "global_caption": "A mug is on a table." if config.caption.overall else None,
            "qa_caption": [{"question": "Is there a mug?", "answer": "yes"}] if config.caption.questions else None,
        }
        for path in files:
            (output / path).parent.mkdir(parents=True, exist_ok=True)
        (output / files[0]).write_text(json.dumps(captions), encoding="utf-8")
        Image.new("RGB", (64, 36), (40 * number, 80, 120)).save(output / files[1])
        if config.output.visualize_caption:
            files.append(f"{name}/Captions/vis_camera_scene_graph.jpg")
            Image.new("RGB", (64, 36), (200, 40 * number, 40)).save(output / files[2])
        counts = {"objects_in_view": 2, "nodes": 2, "full_edges": 2, "pruned_edges": 1}
        records = tuple(FileRecord(path, (output / path).stat().st_size, "") for path in files)
        return FrameOutcome(FrameRow(**{**vars(row), "files": records, "counts": counts, "warnings": ("a warning",)}))

    def open_folder(self, path: str) -> None:
        if not Path(path).is_dir():
            raise UsageError(f"{path}: there is no such folder yet.", remedy="Generate first.")
        self.opened_folders.append(path)

    def close(self) -> None:
        self.closed = True


class Bug(Exception):  # noqa: N818 - stands for any unexpected one
    """No error of ours."""


def our_error(text: str) -> ScenecapError:
    return ScenecapError(text, remedy="Do this.")
