"""Kill a batch with SIGKILL at random moments, go on with it, and hold the dataset against one that was not disturbed.

    python scripts/bench/kill_resume.py [SCENE...] [--frames 60] [--kills 5] [--executor processes ray] [--seed 0]

All is done by the command line, as a person does it: one batch over all scenes, views on orbits, pictures off. At each kill
the driver or one of its workers goes, drawn at random; a driver that was killed is started again with the same command. Then,
of the first scene, a run in which one frame hangs and one eats memory: both fail, and the other frames are the same bytes.

Linux only: workers are found in /proc. Exits with 1 where a dataset differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from scenecap.contract import Frame
from scenecap.run.batch.units import make_units
from scenecap.run.config import ScenecapConfig, load_config
from scenecap.run.plan import FrameTask
from scenecap.run.source import FrameSource, open_source
from scenecap.run.units import run_units

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "living_room" / "living_room.usda"

#: Views of the run with a frame that hangs and one that eats memory, and which these are.
FAULTY_VIEWS, HANGS, EATS = 24, 3, 7
#: What a frame may cost there [s], [MB].
LIMITS = {"frame_seconds": 30, "frame_memory_mb": 3000}


def main() -> int:
    """Run it for each executor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenes", nargs="*", default=[EXAMPLE], type=Path, metavar="SCENE", help="USD files")
    parser.add_argument("--frames", type=int, default=60, help="views asked for, over all scenes")
    parser.add_argument("--kills", type=int, default=5, help="how often something is killed")
    parser.add_argument("--executor", nargs="+", default=["processes", "ray"], choices=["processes", "ray"])
    parser.add_argument("--workers", type=int, default=2, help="workers")
    parser.add_argument("--resolution", default="640x480", help="size of the picture, WxH")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--out", type=Path, help="folder for the datasets (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = (arguments.out or Path(folder)).resolve()
        root.mkdir(parents=True, exist_ok=True)
        config = write_config(root / "batch.yaml", arguments)
        begin = time.monotonic()
        run(config, root / "whole", "processes", arguments.workers).wait()
        rows = manifest(root / "whole")
        print(f"undisturbed: {len(rows)} frames, {time.monotonic() - begin:.0f} s", flush=True)
        good = True
        for executor in arguments.executor:
            good &= kill_and_resume(config, root, executor, len(rows), arguments)
            good &= hang_and_eat(root, executor, arguments)
    return 0 if good else 1


def write_config(path: Path, arguments: argparse.Namespace) -> Path:
    """Write the batch's config."""
    count = -(-arguments.frames // len(arguments.scenes))
    keys = {
        "scenes": [str(scene.resolve()) for scene in arguments.scenes],
        "resolution": arguments.resolution,
        "quality": "off",
        "viewpoints": [{"kind": "orbit", "count": count, "elevation": [20, 60]}],
    }
    path.write_text(yaml.safe_dump({"scenecap": keys}), encoding="utf-8")
    return path


def run(config: Path, output: Path, executor: str, workers: int) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own."""
    options = ["--out", str(output), "--set", f"executor={executor}", "--set", f"workers={workers}", "--quiet"]
    command = [sys.executable, "-m", "scenecap", "run", str(config), *options]
    with open(output.with_name(f"{output.name}.log"), "ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def kill_and_resume(config: Path, root: Path, executor: str, frames: int, arguments: argparse.Namespace) -> bool:
    """Disturb a run, and compare."""
    output, draw = root / f"killed_{executor}", random.Random(arguments.seed)
    victims = ["driver", "worker"] + [draw.choice(["driver", "worker"]) for _ in range(arguments.kills - 2)]
    draw.shuffle(victims)
    begin, starts = time.monotonic(), 1
    process = run(config, output, executor, arguments.workers)
    for number, victim in enumerate(victims):
        there = journal(output)
        # Somewhere in its share of what is left; every now and then before the first new frame is there.
        goal = there + draw.randint(0, max(1, (frames - there) // (len(victims) - number + 1)))
        while journal(output) < goal and process.poll() is None:
            time.sleep(0.02)
        time.sleep(draw.uniform(0.0, 1.0))
        ended = process.poll() is not None
        found = [] if ended else workers_of(process.pid)
        if victim == "worker" and not found:
            victim = "driver"  # before the workers have started
        if not ended:
            os.kill(process.pid if victim == "driver" else draw.choice(found), signal.SIGKILL)
        print(
            f"{executor}: kill {number + 1}: {'nothing (it had ended)' if ended else victim}, {journal(output)} frames there"
        )
        if victim == "driver" or ended:
            process.wait()
            process, starts = run(config, output, executor, arguments.workers), starts + 1
    code = process.wait()
    rows = manifest(output)
    same = contents(output) == contents(root / "whole")
    once = len({row["key"] for row in rows}) == len(rows) == frames
    print(
        f"{executor}: killed {len(victims)} times, started {starts} times, {time.monotonic() - begin:.0f} s; "
        f"exit code {code}; {len(rows)} frames, {'each once' if once else 'NOT EACH ONCE'}; "
        f"{'identical bytes' if same else 'THE BYTES DIFFER'} ({len(contents(output)):,} files but run_log.jsonl)",
        flush=True,
    )
    return same and once


def hang_and_eat(root: Path, executor: str, arguments: argparse.Namespace) -> bool:
    """Make frames of the first scene of which one hangs and one eats memory, and compare the others."""
    scene = str(arguments.scenes[0].resolve())
    keys: dict[str, Any] = {
        "scenes": [scene],
        "resolution": arguments.resolution,
        "quality": "off",
        "viewpoints": [{"kind": "orbit", "count": FAULTY_VIEWS, "elevation": [20, 60]}],
        "workers": arguments.workers,
        "executor": executor,
        "limits": LIMITS,
    }
    datasets = []
    for name, opener in (("good", open_source), ("faulty", open_faulty)):
        path = root / f"{name}_{executor}.yaml"
        path.write_text(
            yaml.safe_dump({"scenecap": {**keys, "output_path": str(root / f"{name}_{executor}")}}), encoding="utf-8"
        )
        datasets.append(run_units(make_units(load_config(path)), opener=opener, clock=time.time))
    good, faulty = datasets
    failed = {frame.row.camera: frame.row.reason for frame in faulty.frames if frame.row.status.value == "failed"}
    before = {frame.row.key: frame.row for frame in good.frames}
    others = [frame.row for frame in faulty.frames if frame.row.camera not in failed]
    same = all(before[row.key].files == row.files for row in others)
    print(f"{executor}: of {len(faulty.frames)} frames, {len(failed)} failed: {failed}")
    print(f"{executor}: the other {len(others)} frames: {'the same bytes' if same else 'THE BYTES DIFFER'}", flush=True)
    return same and len(failed) == 2


class FaultySource:
    """A source, two of whose frames cannot be made."""

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._ids: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def observe(self, task: FrameTask) -> Frame:
        self._ids = self._ids or [item.id for item in self._source.tasks()]
        number = self._ids.index(task.id)
        if number == HANGS:
            time.sleep(3600)
        eaten = []
        while number == EATS:
            eaten.append(np.ones(50 << 20, np.uint8))
            time.sleep(0.02)
        return self._source.observe(task)


def open_faulty(config: ScenecapConfig) -> FaultySource:
    """Open a source with faults; module-level, so that it goes to other processes."""
    return FaultySource(open_source(config))


def workers_of(driver: int) -> list[int]:
    """Return the processes that make frames for a driver: those of its session that are workers by their command."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if not folder.name.isdecimal() or os.getsid(int(folder.name)) != driver:
                continue
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::RayWorker") or b"multiprocessing.spawn" in command:
            found.append(int(folder.name))
    return found


def journal(output: Path) -> int:
    """Return how many frames are done, as far as the journal says."""
    path = output / ".scenecap" / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def manifest(output: Path) -> list[dict[str, Any]]:
    """Return the rows of the frames."""
    lines = (output / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "key" in row]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files of a dataset, without the log of times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run_log.jsonl"
    }


if __name__ == "__main__":
    sys.exit(main())
