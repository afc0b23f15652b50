"""Time the whole program, from stage to files, on generated scenes, and print a Markdown table.

    python scripts/bench/bench_pipeline.py [--objects 100] [--resolution 640x480] [--quality off draft] [--workers 1 2]

Every frame is captured, graphed, captioned with questions, drawn as an overlay and written in full: both graphs, captions and
all annotator outputs. The rate is that of the frames between a short and a long run, so starting, opening the stage and
compiling are left out and shown apart. The steps are the run log's: their medians over the frames of the long run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from pxr import Gf, Usd, UsdGeom

from scenecap.run.config import make_config
from scenecap.run.job import run_job
from scenecap.run.timings import STEPS

KINDS = ("Box", "Ball", "Crate", "Can", "Chair", "Table", "Lamp", "Bottle", "Mug", "Book")
#: Frames of the short run.
FEW = 8


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, nargs="+", default=[100], help="objects on the floor")
    parser.add_argument("--resolution", nargs="+", default=["640x480"], help="size of the picture, WxH")
    parser.add_argument("--quality", nargs="+", default=["off", "draft"], help="picture")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes")
    parser.add_argument("--frames", type=int, default=60, help="frames of the long run")
    parser.add_argument("--out", type=Path, help="folder for the results (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.out or Path(folder)
        print(
            "| objects | resolution | picture | workers | frames/s | ms a frame | start [s] | " + " | ".join(STEPS) + " [ms] |"
        )
        print("|---" * (7 + len(STEPS)) + "|")
        for objects in arguments.objects:
            place = root / str(objects)
            scene = write_scene(place / "scene.usda", objects, arguments.frames)
            warm = arguments.quality[-1]
            run(scene, place / "warm", warm, 1, arguments.resolution[0], 1)  # compiles what is not compiled yet
            for resolution, quality, workers in itertools.product(arguments.resolution, arguments.quality, arguments.workers):
                output = place / f"{quality}_{workers}_{resolution}"
                few, many = (
                    run(scene, output.with_name(f"{output.name}_{count}"), quality, workers, resolution, count)
                    for count in (FEW, arguments.frames)
                )
                each = (many - few) / (arguments.frames - FEW)
                steps = step_medians(output.with_name(f"{output.name}_{arguments.frames}"))
                print(
                    f"| {objects:,} | {resolution} | {quality} | {workers} | {1 / each:.1f} | {1e3 * each:.0f} "
                    f"| {few - FEW * each:.1f} | " + " | ".join(f"{1e3 * steps[name]:.0f}" for name in STEPS) + " |",
                    flush=True,
                )


def run(scene: Path, output: Path, quality: str, workers: int, resolution: str, frames: int) -> float:
    """Make frames of the scene; return how long that took [s]."""
    config = make_config(
        {
            "scene_path": str(scene),
            "output_path": str(output),
            "quality": quality,
            "workers": workers,
            "resolution": resolution,
            "cameras": [f"/World/Camera_{index:03d}" for index in range(frames)],
        }
    )
    begin = time.perf_counter()
    result = run_job(config, clock=time.time)
    elapsed = time.perf_counter() - begin
    assert len(result.frames) == frames, result
    return elapsed


def step_medians(output: Path) -> dict[str, float]:
    """Return the median time [s] of each step over the frames of a run."""
    events = [json.loads(line) for line in (output / "run_log.jsonl").read_text().splitlines()]
    frames = [event["steps"] for event in events if event["event"] == "frame"]
    return {name: statistics.median(steps.get(name, 0.0) for steps in frames) for name in STEPS}


def write_scene(path: Path, objects: int, cameras: int) -> Path:
    """Write a floor with a jittered grid of coloured shapes on it, and cameras on a circle around."""
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
        shape = _shape(stage, f"{xform.GetPath()}/Shape", kind, height)
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


if __name__ == "__main__":
    main()
