"""Follow the memory of a long run, and print a Markdown table.

    python scripts/bench/bench_memory.py [--frames 5000] [--objects 30] [--resolution 160x120] [--out DIR]

One worker, so that all is in one process; every file is written but the overlay. The resident set is read after each tenth of
the run: memory that grows with frames would show here.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from bench_pipeline import write_scene

from scenecap.run.config import make_config
from scenecap.run.job import run_job
from scenecap.run.result import FrameOutcome

_CAMERAS = 50


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=5000, help="frames of the run, a multiple of 500")
    parser.add_argument("--objects", type=int, default=30, help="objects on the floor")
    parser.add_argument("--resolution", default="160x120", help="size of the picture, WxH")
    parser.add_argument("--out", type=Path, help="folder for the results (default: a temporary one)")
    arguments = parser.parse_args()
    rows: list[tuple[int, float, float]] = []
    begin = time.perf_counter()

    def follow(outcome: FrameOutcome, number: int, total: int) -> None:
        if number in (1, _CAMERAS) or number % (total // 10) == 0:
            rows.append((number, resident_mb(), time.perf_counter() - begin))

    with tempfile.TemporaryDirectory() as folder:
        root = arguments.out or Path(folder)
        config = make_config(
            {
                "scene_path": str(write_scene(root / "scene.usda", arguments.objects, _CAMERAS)),
                "output_path": str(root / "run"),
                "quality": "off",
                "workers": 1,
                "resolution": arguments.resolution,
                "frames": f"0..{arguments.frames // _CAMERAS - 1}",
                "visualize_caption": False,
                "fsync": False,
            }
        )
        run_job(config, progress=follow)
    print("| frames | resident [MB] | frames/s so far |")
    print("|---|---|---|")
    for number, size, seconds in rows:
        print(f"| {number:,} | {size:.0f} | {number / seconds:.1f} |")


def resident_mb() -> float:
    """Return this process's resident set [MB] (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1000


if __name__ == "__main__":
    main()
