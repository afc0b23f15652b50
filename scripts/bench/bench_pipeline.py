"""Time the whole program, from stage to files, on generated scenes, and print Markdown tables.

    python scripts/bench/bench_pipeline.py --all [--scenes DIR]      every table of docs/benchmarks.md, in under six minutes
    python scripts/bench/bench_pipeline.py [--objects 200] [--resolution 640x480] [--quality off draft] [--workers 1 2]

Every frame is captured, graphed, captioned with questions, drawn as an overlay and written in full: both graphs, captions and
all annotator outputs. A run is watched for some seconds once each of its workers has made two frames, so starting, opening the
stage and filling caches are left out, and shown apart as the time to the first frame. "a frame" is a worker's time for one;
the steps are means over the frames that were watched, and the rest is what lies between them: orders, rows, waiting.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pxr import Gf, Usd, UsdGeom

from scenecap.run.config import make_config
from scenecap.run.events import Event, FrameEnded
from scenecap.run.job import run_job
from scenecap.run.timings import STEPS

KINDS = ("Box", "Ball", "Crate", "Can", "Chair", "Table", "Lamp", "Bottle", "Mug", "Book")
#: Cameras around a scene, and frames of each: more than any run gets to.
CAMERAS, TIMES = 50, 100
#: Frames that a worker makes before it is watched.
WARM_UP = 2


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        objects: Objects on the floor.
        triangles: Triangles of each object; 0 for the shapes that USD knows.
        resolution: Size of the picture, WxH.
        quality: Picture.
        workers: Processes.
        nodes: Most objects in a graph.
    """

    objects: int = 200
    triangles: int = 0
    resolution: str = "640x480"
    quality: str = "off"
    workers: int = 1
    nodes: int = 100


@dataclass(frozen=True)
class Measured:
    """What a run took.

    Attributes:
        case: Which.
        frame: A worker's time for a frame [s].
        first: From the call to the first frame [s].
        steps: Step -> mean time of a frame [s].
    """

    case: Case
    frame: float
    first: float
    steps: dict[str, float]

    @property
    def rate(self) -> float:
        """Frames a second of all workers."""
        return self.case.workers / self.frame

    @property
    def rest(self) -> float:
        """What is in no step [s]."""
        return self.frame - sum(self.steps.values())

    @property
    def beside(self) -> float:
        """Share of a frame's time that is neither observing nor encoding and writing files."""
        return 1 - (self.steps["observe"] + self.steps["files"]) / self.frame


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every table")
    parser.add_argument("--scenes", type=Path, help="with --all: folder of box scenes for the table of graphs")
    parser.add_argument("--objects", type=int, nargs="+", default=[200], help="objects on the floor")
    parser.add_argument("--resolution", nargs="+", default=["640x480"], help="size of the picture, WxH")
    parser.add_argument("--quality", nargs="+", default=["off", "draft"], help="picture")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long a run is watched")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.seconds)
        bench.measure(Case(objects=20, quality=arguments.quality[-1]), seconds=0.1)  # compiles what is not compiled yet
        if arguments.all:
            print_all(bench)
            scenes = ["--scenes", str(arguments.scenes)] if arguments.scenes else []
            print("\n## Scene graph and template captions\n", flush=True)
            subprocess.run([sys.executable, str(Path(__file__).with_name("bench_graph.py")), *scenes], check=True)
            return
        given = itertools.product(arguments.objects, arguments.resolution, arguments.quality, arguments.workers)
        print_table(
            bench,
            ("objects", "resolution", "quality", "workers"),
            [
                Case(objects=objects, resolution=size, quality=quality, workers=workers)
                for objects, size, quality, workers in given
            ],
        )


def print_all(bench: Bench) -> None:
    """Print the tables of the whole program."""
    print("\n## By scene size, picture and workers\n")
    sizes = [
        Case(objects=objects, quality=quality, workers=workers)
        for objects, quality, workers in itertools.product((20, 200, 2000), ("off", "draft"), (1, 2))
    ]
    rows = print_table(bench, ("objects", "quality", "workers"), sizes)
    pairs = [(one, two) for one, two in itertools.pairwise(rows) if (one.case.workers, two.case.workers) == (1, 2)]
    said = ", ".join(f"{two.rate / one.rate:.2f}x ({two.case.objects:,} {two.case.quality})" for one, two in pairs)
    print(f"\nTwo workers against one: {said}.")
    print("\n## By resolution\n")
    wide = [Case(resolution=size, quality=quality) for size in ("320x240", "1280x720") for quality in ("off", "draft")]
    print_table(bench, ("resolution", "quality"), wide)
    print("\n## By triangles of an object\n")
    print_table(bench, ("objects", "triangles"), [Case(triangles=number) for number in (100, 1000, 10_000)])
    print("\n## By objects in a graph\n")
    print_table(bench, ("objects", "nodes"), [Case(objects=2000, nodes=number) for number in (20, 100, 500)])


def print_table(bench: Bench, columns: Sequence[str], cases: Sequence[Case]) -> list[Measured]:
    """Measure cases and print a row of each as it is done; returns what was measured."""
    head = (*columns, "frames/s", "first frame [s]", "a frame [ms]", *STEPS, "rest", "beside observe and files")
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|", flush=True)
    rows = []
    for case in cases:
        done = bench.measure(case)
        rows.append(done)
        times = [1e3 * done.steps[name] for name in STEPS] + [1e3 * done.rest]
        given = [getattr(case, name) for name in columns]
        cells = [
            *(f"{value:,}" if isinstance(value, int) else value for value in given),
            f"{done.rate:.1f}",
            f"{done.first:.1f}",
            f"{1e3 * done.frame:.0f}",
            *(f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" for value in times),
            f"{100 * done.beside:.0f} %",
        ]
        print("| " + " | ".join(cells) + " |", flush=True)
    return rows


class Bench:
    """Makes runs and measures them.

    Args:
        root: Folder for scenes and results.
        seconds: How long a run is watched [s].
    """

    def __init__(self, root: Path, seconds: float) -> None:
        self._root = root
        self._seconds = seconds

    def measure(self, case: Case, *, seconds: float | None = None) -> Measured:
        """Make frames until enough of them were watched."""
        scene = self._root / f"scene_{case.objects}_{case.triangles}.usda"
        if not scene.exists():
            write_scene(scene, case.objects, CAMERAS, triangles=case.triangles)
        output = self._root / "out"
        config = make_config(
            {
                "scene_path": str(scene),
                "output_path": str(output),
                "quality": case.quality,
                "workers": case.workers,
                "resolution": case.resolution,
                "frames": f"0..{TIMES - 1}",
                "max_object_capacity": case.nodes,
            }
        )
        watch = Watch(case.workers, self._seconds if seconds is None else seconds)
        run_job(config, observer=watch, stop=watch.is_over)
        shutil.rmtree(output)
        frames = len(watch.frames)
        steps = {name: sum(frame.steps[name] for frame in watch.frames) / frames for name in STEPS}
        return Measured(case, watch.spent / frames, watch.first - watch.begin, steps)


class Watch:
    """Watches a run once each worker is warm, until so many seconds have passed and a few frames are there.

    Args:
        workers: How many there are.
        seconds: How long.
    """

    def __init__(self, workers: int, seconds: float) -> None:
        self._workers = workers
        self._seconds = seconds
        self._made: Counter[int | None] = Counter()
        self._ends: dict[int | None, float] = {}
        self._since = self._last = 0.0
        self.begin = time.perf_counter()
        self.first = self.spent = 0.0
        self.frames: list[FrameEnded] = []

    def __call__(self, event: Event) -> None:
        """Take in a frame."""
        if not isinstance(event, FrameEnded):
            return
        assert event.status == "written", event
        now = time.perf_counter()
        self.first = self.first or now
        before, self._ends[event.worker] = self._ends.get(event.worker, now), now
        self._made[event.worker] += 1
        if self._since and not self.is_over():
            self.frames.append(event)
            self.spent += now - before  # from a worker's frame to its next, so that no frame counts in part
            self._last = now
        elif not self._since and len(self._made) == self._workers and min(self._made.values()) >= WARM_UP:
            self._since = now

    def is_over(self) -> bool:
        """Whether enough was seen."""
        return len(self.frames) >= 4 * self._workers and self._last - self._since >= self._seconds


def write_scene(path: Path, objects: int, cameras: int, *, triangles: int = 0) -> Path:
    """Write a floor with a jittered grid of coloured shapes on it, and cameras on a circle around.

    Args:
        path: Where to.
        objects: How many shapes.
        cameras: How many cameras.
        triangles: About how many triangles a shape has, which is a ball then; 0 for cubes, spheres and cylinders.
    """
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    side = int(np.ceil(np.sqrt(objects)))
    half = 0.6 * side
    floor = UsdGeom.Mesh.Define(stage, "/World/Floor")
    floor.CreatePointsAttr(
        [(-2 * half, -2 * half, 0), (2 * half, -2 * half, 0), (2 * half, 2 * half, 0), (-2 * half, 2 * half, 0)]
    )
    floor.CreateFaceVertexCountsAttr([4])
    floor.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    floor.CreateSubdivisionSchemeAttr("none")
    rng = np.random.default_rng(0)
    for index in range(objects):
        kind = KINDS[(3 * (index // side) + index % side) % len(KINDS)]
        height = 0.2 + 0.3 * rng.random()
        x, y = (1.1 * np.array([index // side, index % side]) - half + 0.2 * rng.random(2)).tolist()
        xform = UsdGeom.Xform.Define(stage, f"/World/{kind}_{index:04d}")
        xform.AddTranslateOp().Set(Gf.Vec3d(x, y, height))
        place = f"{xform.GetPath()}/Shape"
        shape = _ball(stage, place, height, triangles) if triangles else _shape(stage, place, kind, height)
        shape.CreateDisplayColorAttr([Gf.Vec3f(*rng.random(3).tolist())])
    for index in range(cameras):
        angle = 2 * np.pi * index / cameras
        eye = Gf.Vec3d(2 * half * np.cos(angle), 2 * half * np.sin(angle), 1.3 * half)
        look = Gf.Matrix4d().SetLookAt(eye, Gf.Vec3d(0, 0, 0), Gf.Vec3d(0, 0, 1)).GetInverse()
        UsdGeom.Camera.Define(stage, f"/World/Camera_{index:03d}").AddTransformOp().Set(look)
    stage.Save()
    return path


def _shape(stage: Usd.Stage, path: str, kind: str, height: float) -> UsdGeom.Gprim:
    if kind == "Ball":
        sphere = UsdGeom.Sphere.Define(stage, path)
        sphere.CreateRadiusAttr(height)
        return sphere
    if kind in ("Can", "Bottle"):
        cylinder = UsdGeom.Cylinder.Define(stage, path)
        cylinder.CreateRadiusAttr(0.2)
        cylinder.CreateHeightAttr(2 * height)
        return cylinder
    cube = UsdGeom.Cube.Define(stage, path)
    cube.CreateSizeAttr(2 * height)
    return cube


def _ball(stage: Usd.Stage, path: str, radius: float, triangles: int) -> UsdGeom.Gprim:
    """Define a ball of quads, about half as many as triangles."""
    rings = max(2, round(np.sqrt(triangles) / 2))
    around = 2 * rings
    polar = np.pi * np.arange(rings + 1)[:, None] / rings
    angle = 2 * np.pi * np.arange(around)[None, :] / around
    points = radius * np.stack(
        np.broadcast_arrays(np.sin(polar) * np.cos(angle), np.sin(polar) * np.sin(angle), np.cos(polar)), axis=-1
    )
    row, column = np.meshgrid(np.arange(rings), np.arange(around), indexing="ij")
    after = (column + 1) % around
    corners = [row * around + column, (row + 1) * around + column, (row + 1) * around + after, row * around + after]
    quads = np.stack(corners, axis=-1)
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr([Gf.Vec3f(*point) for point in points.reshape(-1, 3).tolist()])
    mesh.CreateFaceVertexCountsAttr([4] * (rings * around))
    mesh.CreateFaceVertexIndicesAttr(quads.reshape(-1).tolist())
    mesh.CreateSubdivisionSchemeAttr("none")
    return mesh


if __name__ == "__main__":
    main()
