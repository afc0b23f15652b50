"""A source that fails as it is told to: it ends its process, hangs, eats memory. No stage and no USD library is needed.

What it does is written in a JSON file, whose path stands in for the scene, so that worker processes know it too::

    {"cameras": 2, "times": 3, "faults": {"/World/Cam_1 2": "crash"}, "open": ""}

A fault happens each time its frame is observed; one that starts with "once " happens once. Each opening and each observation
leaves a line in ``<file>.log``. With "until", frames wait until the file of that path is there.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from scenecap.contract import Frame
from scenecap.errors import StageError
from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.plan import FrameTask, FrameTime
from scenecap.run.unit import Unit
from tests.output.scenes import boxes_frame, look_at

_MB = 1 << 20


class FaultySource:
    """Ray-cast boxes, with faults."""

    problems: Sequence[str] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._plan = json.loads(path.read_text(encoding="utf-8"))
        self.scene = path.stem
        log(path, f"open {os.getpid()}")
        do(self._plan.get("open", ""), path, "open")

    def inputs(self) -> Mapping[str, str]:
        return {self._path.name: "0"}

    def tasks(self) -> tuple[FrameTask, ...]:
        return tuple(
            FrameTask(f"/World/Cam_{camera}", FrameTime(index, float(index)))
            for index in range(self._plan["times"])
            for camera in range(self._plan["cameras"])
        )

    def observe(self, task: FrameTask) -> Frame:
        log(self._path, f"observe {os.getpid()} {task.id}")
        do(self._plan["faults"].get(task.id, ""), self._path, task.id)
        time.sleep(self._plan.get("seconds", 0.0))
        wait_for(self._plan.get("until", ""))
        number = int(task.camera.rsplit("_", 1)[1])
        angle = 0.7 * number + 0.05 * task.time.index
        eye = (2.2 * np.cos(angle), 2.2 * np.sin(angle), 1.7)
        camera = look_at(eye, (0.0, 0.0, 0.7), width=64, height=48, path=task.camera)
        return boxes_frame(camera=camera, frame_index=task.time.index)


def do(fault: str, path: Path, name: str) -> None:
    """Do what the plan says."""
    if fault.startswith("once "):
        mark = path.with_name(f"{path.name}.{name.replace('/', '_').replace(' ', '_')}.done")
        if mark.exists():
            return
        mark.touch()
        fault = fault.removeprefix("once ")
    if fault == "crash":
        os._exit(9)
    if fault == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "hang":
        time.sleep(3600)
    if fault == "eat":
        eaten = []
        for _ in range(200):
            eaten.append(np.ones(20 * _MB, np.uint8))
            time.sleep(0.02)
        raise AssertionError("nobody stopped it")
    if fault == "refuse":
        raise StageError(f"{path.name}: is broken.")


def wait_for(path: str) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + 120
    while path and not Path(path).exists() and time.monotonic() < end:
        time.sleep(0.05)


def log(path: Path, line: str) -> None:
    with open(f"{path}.log", "a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")


def log_lines(path: Path) -> list[list[str]]:
    return [line.split(" ", 2) for line in Path(f"{path}.log").read_text(encoding="utf-8").splitlines()]


def open_faulty(config: ScenecapConfig) -> FaultySource:
    """Open the source; module-level, so that it goes to other processes by its name."""
    return FaultySource(Path(str(config.job.scene_path)))


def write_plan(path: Path, *, cameras: int = 2, times: int = 3, **more: object) -> Path:
    path.write_text(json.dumps({"cameras": cameras, "times": times, "faults": {}, **more}), encoding="utf-8")
    return path


def config(plan: Path, output: Path | str, **keys: object) -> ScenecapConfig:
    given = {"scene_path": str(plan), "output_path": str(output), "fsync": False, "save_object_data": False}
    return make_config({**given, "annotators": [], **keys})


def units(plans: Sequence[Path], output: Path | str, **keys: object) -> list[Unit]:
    return [Unit(number, config(plan, output, **keys), plan.stem) for number, plan in enumerate(plans)]


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a dataset, without the log of times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run_log.jsonl"
    }
