"""Time pictures of generated stages or of a scene file, and print Markdown tables.

    python scripts/bench/bench_picture.py [--prims 20 200 2000] [--scene FILE]... [--resolution 640x480] [--repeat 5]

A picture's time is what it adds to a frame whose ground truth is there already. "first" is the first picture of a stage:
meshes are handed to Mitsuba, its trees are built, textures are decoded. "moved" is a picture after one prim has moved. The
draft runs on one thread; the path tracer and its denoiser use all cores. The best of the runs counts.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_capture import write_stage

from scenecap.capture.albedo import MaterialTable
from scenecap.capture.environment import Environment, build_environment
from scenecap.capture.gbuffer import build_gbuffer
from scenecap.capture.layers import ViewedScene, make_layer
from scenecap.capture.picture import PathTracer
from scenecap.capture.raster import rasterize
from scenecap.capture.settings import CaptureSettings, Quality
from scenecap.capture.shade import draw_draft
from scenecap.capture.world import StageWorld
from scenecap.contract import CameraView
from scenecap.stage.cameras import camera_view, list_cameras, look_at
from scenecap.stage.lights import read_lights
from scenecap.stage.open import open_stage
from scenecap.stage.settings import LabelSettings


def main() -> None:
    """Run the benchmark and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prims", type=int, nargs="*", default=[20, 200, 2000], help="sizes of generated stages")
    parser.add_argument("--scene", type=Path, action="append", default=[], help="a scene with a camera")
    parser.add_argument("--resolution", default="640x480", help="size of the picture, WxH")
    parser.add_argument("--repeat", type=int, default=5, help="runs of which the best counts")
    arguments = parser.parse_args()
    width, height = (int(part) for part in arguments.resolution.lower().split("x"))
    print(f"{width}x{height}, milliseconds:\n")
    print("| scene | triangles | albedo | draft | preview | of which denoising | preview, first | moved | peak memory [MB] |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, path, camera in scenes(arguments.prims, arguments.scene, (width, height)):
        print(measure(name, path, camera, arguments.repeat), flush=True)


def scenes(prims: list[int], files: list[Path], size: tuple[int, int]) -> Iterator[tuple[str, Path, CameraView]]:
    """Yield names, files and cameras."""
    width, height = size
    for count in prims:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "stage.usdc"
            side = write_stage(path, count)
            to_camera = look_at(np.array([0.7, -0.7, 0.5]) * side, np.array([0.0, 0.0, 0.3]))
            yield (
                f"{count:,} prims",
                path,
                CameraView("/Camera", width, height, to_camera, 0.94 * width, (width / 2, height / 2)),
            )
    for path in files:
        stage = open_stage(path)
        first = list_cameras(stage)[0].path
        yield path.stem, path, camera_view(stage, first, time_code=stage.start, resolution=(width, height))


def measure(name: str, path: Path, camera: CameraView, repeat: int) -> str:
    """Return a row of the table."""
    stage = open_stage(path)
    world = StageWorld(stage, CaptureSettings.model_validate({}), LabelSettings.model_validate({}))
    table = MaterialTable(world.bindings, world.materials.textures)
    light = build_environment(read_lights(stage, time_code=stage.start), world.materials.textures)
    view = seen(world, table, camera, stage.start)
    gbuffer = view.truth.gbuffer
    tracer = PathTracer(world.materials, world.bindings, quality=Quality.PREVIEW)
    noisy = PathTracer(world.materials, world.bindings, quality=Quality.PREVIEW, denoise=False)
    noisy._scene = tracer._scene
    first = timed(lambda: tracer.draw(view, light))
    row = [
        best(lambda: make_layer(gbuffer, table), repeat),
        best(lambda: draw_draft(view, light), repeat),
        preview := best(lambda: tracer.draw(view, light), repeat),
        preview - best(lambda: noisy.draw(view, light), repeat),
        first,
        moved(world, table, camera, tracer, light, stage.start) if not world.is_static else None,
    ]
    triangles = sum(len(view.scene.meshes[k].triangles) for k in view.scene.prototype if k >= 0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    cells = " | ".join("-" if value is None else f"{1e3 * value:.0f}" for value in row)
    return f"| {name} | {triangles:,} | {cells} | {memory:.0f} |"


def moved(
    world: StageWorld, table: MaterialTable, camera: CameraView, tracer: PathTracer, light: Environment, start: float
) -> float:
    """Return the time of a picture after something has moved [s]."""
    times = []
    for step in range(1, 4):
        view = seen(world, table, camera, start + step)
        times.append(timed(lambda view=view: tracer.draw(view, light)))
    return min(times)


def seen(world: StageWorld, table: MaterialTable, camera: CameraView, time_code: float) -> ViewedScene:
    """Return what a camera sees at a time."""
    moment = world.at(time_code)
    places, slots = moment.state.local_to_world, moment.slot_of_gprim
    found = rasterize(moment.scene, camera, places, entity_of_gprim=slots, entity_count=len(moment.slots))
    truth = make_layer(build_gbuffer(moment.scene, camera, places, found), table)
    return ViewedScene(camera, moment.scene, places, moment.drawn, table, truth)


def timed(run: Callable[[], object]) -> float:
    """Return the time of one run [s]."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def best(run: Callable[[], object], repeat: int) -> float:
    """Return the best time of some runs [s], after one to compile and warm up."""
    run()
    return min(timed(run) for _ in range(repeat))


if __name__ == "__main__":
    main()
