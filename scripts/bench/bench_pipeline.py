"""Time the whole program, from stage to files, on a generated scene, and print a Markdown table.

    python scripts/bench/bench_pipeline.py [--objects 100] [--resolution 640x480] [--frames 60] [--out DIR]

Every frame is captured, graphed, captioned with questions, drawn as an overlay and written in full: both graphs, captions and
all annotator outputs. The rate is that of the frames between a short and a long run, so starting, opening the stage and
compiling are left out and shown apart. One worker and two, pictures off and draft.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from pxr import Gf, Usd, UsdGeom

from scenecap.run.config import make_config
from scenecap.run.job import run_job

KINDS = ("Box", "Ball", "Crate", "Can", "Chair", "Table", "Lamp", "Bottle", "Mug", "Book")
#: Frames of the short run.
FEW = 8


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=100, help="objects on the floor")
    parser.add_argument("--resolution", default="640x480", help="size of the picture, WxH")
    parser.add_argument("--frames", type=int, default=60, help="frames of the long run")
    parser.add_argument("--out", type=Path, help="folder for the results (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.out or Path(folder)
        scene = write_scene(root / "scene.usda", arguments.objects, arguments.frames)
        run(scene, root / "warm", "draft", 1, arguments.resolution, 1)  # compiles what is not compiled yet
        print(f"{arguments.objects} objects, {arguments.resolution}:\n")
        print("| picture | workers | frames/s | ms a frame | start [s] |")
        print("|---|---|---|---|---|")
        for quality in ("off", "draft"):
            for workers in (1, 2):
                few, many = (
                    run(scene, root / f"{quality}_{workers}_{count}", quality, workers, arguments.resolution, count)
                    for count in (FEW, arguments.frames)
                )
                each = (many - few) / (arguments.frames - FEW)
                print(f"| {quality} | {workers} | {1 / each:.1f} | {1e3 * each:.0f} | {few - FEW * each:.1f} |", flush=True)


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
    result = run_job(config)
    elapsed = time.perf_counter() - begin
    assert len(result.frames) == frames, result
    return elapsed


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
