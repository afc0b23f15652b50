"""Time one job by each executor, in turns, and print Markdown tables of rates, ratios and start-up.

    python scripts/bench/bench_executors.py [--frames 200] [--rounds 3] [--objects 100] [--resolution 640x480] [--quality off]

The job: frames of one generated scene, each captured, graphed, captioned with questions and written in full. Each round runs
all executors, every second one in the opposite order, so that a machine that is busy is busy for all; ratios are taken within
a round, and the table has their medians. A rate is that of the frames after the last worker's first, so starting, opening the
stage and compiling are left out; start-up is the time until then. Both are read from the run's own log.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench_pipeline import write_scene

from scenecap.run.config import make_config
from scenecap.run.job import run_job

#: Name -> (executor, workers).
EXECUTORS = {"here": ("here", 0), "pool 1": ("processes", 1), "pool 2": ("processes", 2), "ray 2": ("ray", 2)}
#: What is held against what.
RATIOS = [("pool 2", "pool 1"), ("ray 2", "pool 2"), ("pool 1", "here")]


@dataclass(frozen=True)
class Measured:
    """One run.

    Attributes:
        rate: Frames a second after start-up.
        start: Until the last worker's first frame was there [s].
        whole: The run [s].
        openings: Openings of the stage by the worker that opened it most often.
    """

    rate: float
    start: float
    whole: float
    openings: int


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=200, help="frames of the job")
    parser.add_argument("--rounds", type=int, default=3, help="how often each executor is run")
    parser.add_argument("--objects", type=int, default=100, help="objects of the scene")
    parser.add_argument("--resolution", default="640x480", help="size of the picture, WxH")
    parser.add_argument("--quality", default="off", help="picture")
    parser.add_argument("--executors", nargs="+", default=list(EXECUTORS), choices=list(EXECUTORS), help="which executors")
    arguments = parser.parse_args()
    runs: dict[str, list[Measured]] = {name: [] for name in arguments.executors}
    loads = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        scene = write_scene(root / "scene.usda", arguments.objects, arguments.frames)
        measure(scene, root / "warm", ("here", 0), 2, arguments)  # compiles what is not compiled yet
        for number in range(arguments.rounds):
            for name in arguments.executors if number % 2 == 0 else reversed(arguments.executors):
                output = root / f"{name.replace(' ', '_')}_{number}"
                loads.append(os.getloadavg()[0])
                runs[name].append(measure(scene, output, EXECUTORS[name], arguments.frames, arguments))
                print(f"<!-- round {number}, {name}: {runs[name][-1]}, load {loads[-1]:.1f} -->", flush=True)
    print("\n| executor | frames/s | start-up [s] | whole run [s] | openings of the stage by one worker |")
    print("|---|---|---|---|---|")
    for name, measured in runs.items():
        rate, start, whole = (
            statistics.median(getattr(item, field) for item in measured) for field in ("rate", "start", "whole")
        )
        print(f"| {name} | {rate:.1f} | {start:.1f} | {whole:.1f} | {max(item.openings for item in measured)} |")
    print("\n| ratio of rates | median | by round |")
    print("|---|---|---|")
    for one, other in RATIOS:
        if one in runs and other in runs:
            ratios = [a.rate / b.rate for a, b in zip(runs[one], runs[other], strict=True)]
            print(f"| {one} / {other} | {statistics.median(ratios):.2f} | {', '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    print(f"\nLoad average while measuring: {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores.")


def measure(scene: Path, output: Path, executor: tuple[str, int], frames: int, arguments: argparse.Namespace) -> Measured:
    """Run the job once."""
    config = make_config(
        {
            "scene_path": str(scene),
            "output_path": str(output),
            "quality": arguments.quality,
            "resolution": arguments.resolution,
            "cameras": [f"/World/Camera_{index:03d}" for index in range(frames)],
            "executor": executor[0],
            "workers": executor[1],
            # one worker alone has a process of its own only where there is a limit
            **({"limits": {"frame_seconds": 600}} if executor[0] != "here" else {}),
        }
    )
    begin = time.time()
    result = run_job(config, clock=time.time)
    whole = time.time() - begin
    assert len(result.frames) == frames, result
    assert result.exit_code == 0, result
    return read(output, begin, whole)


def read(output: Path, begin: float, whole: float) -> Measured:
    """Return what the log of a run says."""
    events: list[dict[str, Any]] = [json.loads(line) for line in (output / "run_log.jsonl").read_text().splitlines()]
    done = [
        (datetime.fromisoformat(event["time"]).timestamp(), event["worker"]) for event in events if event["event"] == "frame"
    ]
    firsts: dict[int, float] = {}
    for moment, worker in done:
        firsts.setdefault(worker, moment)
    start = max(firsts.values())
    after = [moment for moment, _ in done if moment > start]
    rate = len(after) / (after[-1] - start) if after else 0.0
    openings = Counter(event.get("worker") for event in events if event["event"] == "scene")
    return Measured(rate, start - begin, whole, max(openings.values(), default=0))


if __name__ == "__main__":
    main()
