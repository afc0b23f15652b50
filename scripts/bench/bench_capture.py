"""Time the embedded capture on generated stages, beside Embree's bare casts in the same run, and print Markdown tables.

    python scripts/bench/bench_capture.py [--prims 20 200 2000] [--resolution 640x480] [--repeat 9]

A stage of N prims is a floor and N - 1 bumpy balls of about 1,000 triangles on it, at constant density. "Ground truth" is ids,
depth, tight and loose boxes, visible and unoccluded pixels, occlusion and median depths of all objects, on one thread; the
casts are one ray per pixel through embreex's numpy interface, without building its scene. The best of the runs counts.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pxr import Gf, Usd, UsdGeom, Vt

from scenecap.capture.buffers import visibilities
from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.raster import rasterize
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import CameraView
from scenecap.stage.cameras import look_at
from scenecap.stage.open import open_stage
from scenecap.stage.settings import LabelSettings

RINGS, SEGMENTS = 16, 31


def main() -> None:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prims", type=int, nargs="+", default=[20, 200, 2000], help="sizes of the stages")
    parser.add_argument("--resolution", default="640x480", help="size of the picture, WxH")
    parser.add_argument("--repeat", type=int, default=9, help="runs of which the best counts")
    arguments = parser.parse_args()
    width, height = (int(part) for part in arguments.resolution.lower().split("x"))
    rows = [measure(count, (width, height), arguments.repeat) for count in sorted(arguments.prims)]
    print(f"{width}x{height}, one thread, milliseconds:\n")
    print("| prims | triangles | ground truth | embreex casts | ratio | + normals, albedo, colours | embreex build |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.prims:,} | {row.triangles:,} | {1e3 * row.truth:.1f} | {_ms(row.casts)} | {_ratio(row.casts, row.truth)} "
            f"| {1e3 * row.frame:.1f} | {_ms(row.build)} |"
        )
    print("\n| prims | open, walk, read, discover, contacts [s] | one prim moved: next frame | peak memory [MB] |")
    print("|---|---|---|---|")
    for row in rows:
        print(f"| {row.prims:,} | {row.start:.2f} | {1e3 * row.moved:.1f} | {row.memory_mb:.0f} |")


@dataclass
class Row:
    """Seconds, and the most memory that the process has had up to then."""

    prims: int
    triangles: int
    truth: float
    casts: float | None
    build: float | None
    frame: float
    start: float
    moved: float
    memory_mb: float


def measure(prims: int, resolution: tuple[int, int], repeat: int) -> Row:
    """Time one stage."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stage.usdc"
        side = write_stage(path, prims)
        begin = time.perf_counter()
        source = EmbeddedSource(
            open_stage(path), CaptureSettings.model_validate({"quality": "off"}), LabelSettings.model_validate({})
        )
        moment = source.world.at(0.0)
        start = time.perf_counter() - begin
        eye = np.array([0.7, -0.7, 0.5]) * side
        width, height = resolution
        camera = CameraView(
            "/Camera", width, height, look_at(eye, np.array([0.0, 0.0, 0.3])), 0.94 * width, (width / 2, height / 2)
        )

        def truth() -> None:
            result = rasterize(
                moment.scene,
                camera,
                moment.state.local_to_world,
                entity_of_gprim=moment.slot_of_gprim,
                entity_count=len(moment.slots),
            )
            visibilities(result, slot_count=len(moment.slots), albedo=None, albedo_known=None)

        truth_time = best(truth, repeat)
        frame_time = best(lambda: source.observe(camera), max(repeat // 2, 3))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        times = iter(range(1, 10_000))
        moved = best(lambda: source.observe(camera, time_code=float(next(times))), 3)
        casts, build = cast_with_embree(source, camera, repeat)
        triangles = sum(len(moment.scene.meshes[k].triangles) for k in moment.scene.prototype if k >= 0)
    return Row(prims, triangles, truth_time, casts, build, frame_time, start, moved, memory)


def best(run: Callable[[], object], repeat: int) -> float:
    """Return the best time of some runs [s], after one to compile and warm up."""
    run()
    times = []
    for _ in range(repeat):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times)


def write_stage(path: Path, prims: int, *, seed: int = 0) -> float:
    """Write a stage of bumpy balls on a floor, the first of which moves; return the length of its side [m]."""
    draw = np.random.default_rng(seed)
    side = float(np.sqrt(prims))
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(100)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    floor = UsdGeom.Plane.Define(stage, "/World/floor")
    floor.GetWidthAttr().Set(2 * side)
    floor.GetLengthAttr().Set(2 * side)
    for number in range(prims - 1):
        points, faces = bumpy_ball(draw)
        made = UsdGeom.Mesh.Define(stage, f"/World/ball_{number:04d}")
        made.GetPointsAttr().Set(Vt.Vec3fArray.FromNumpy(points.astype(np.float32)))
        made.GetFaceVertexCountsAttr().Set(Vt.IntArray.FromNumpy(np.full(len(faces), 3, dtype=np.int32)))
        made.GetFaceVertexIndicesAttr().Set(Vt.IntArray.FromNumpy(faces.ravel().astype(np.int32)))
        made.GetSubdivisionSchemeAttr().Set("none")
        scale = draw.uniform(0.1, 0.3)
        place = UsdGeom.XformCommonAPI(made)
        at = Gf.Vec3d(*draw.uniform(-side / 2, side / 2, 2), 1.1 * scale)
        place.SetScale(Gf.Vec3f(scale))
        if number == 0:
            place.SetTranslate(at, 0)
            place.SetTranslate(at + Gf.Vec3d(1, 0, 0), 100)
        else:
            place.SetTranslate(at)
    stage.Save()
    return side


def bumpy_ball(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return points and triangles of a closed bumpy ball of radius about 1."""
    bumps, shift, around = draw.uniform(2, 6), draw.uniform(0, 6), int(draw.integers(2, 6))
    polar, turn = np.linspace(0, np.pi, RINGS + 1), np.arange(SEGMENTS) * 2 * np.pi / SEGMENTS
    u, v = np.meshgrid(polar, turn, indexing="ij")
    radius = 1 + 0.1 * np.sin(bumps * u + shift) * np.cos(around * v)
    points = np.stack([radius * np.sin(u) * np.cos(v), radius * np.sin(u) * np.sin(v), radius * np.cos(u)], axis=-1)
    i, j = np.meshgrid(np.arange(RINGS), np.arange(SEGMENTS), indexing="ij")
    here, right = i * SEGMENTS + j, i * SEGMENTS + (j + 1) % SEGMENTS
    first = np.stack([here, here + SEGMENTS, right + SEGMENTS], axis=-1).reshape(-1, 3)
    second = np.stack([here, right + SEGMENTS, right], axis=-1).reshape(-1, 3)
    return points.reshape(-1, 3), np.concatenate([first, second])


def cast_with_embree(source: EmbeddedSource, camera: CameraView, repeat: int) -> tuple[float | None, float | None]:
    """Return the times of one cast per pixel and of building Embree's scene [s]; None where embreex is not installed."""
    try:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene
    except ImportError:
        return None, None
    moment = source.world.at(0.0)
    corners = []
    for row, number in enumerate(moment.scene.prototype):
        if number >= 0:
            mesh, matrix = moment.scene.meshes[number], moment.state.local_to_world[row]
            corners.append((mesh.points @ matrix[:3, :3] + matrix[3, :3])[mesh.triangles])
    begin = time.perf_counter()
    scene = EmbreeScene()
    TriangleMesh(scene, np.concatenate(corners).astype(np.float32))
    column, row = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    local = np.stack(
        [
            (column - camera.center_px[0]) / camera.focal_px,
            (camera.center_px[1] - row) / camera.focal_px,
            -np.ones_like(column),
        ],
        axis=-1,
    )
    directions = (local.reshape(-1, 3) @ camera.camera_to_world[:3, :3]).astype(np.float32)
    origins = np.broadcast_to(camera.position_world, directions.shape).astype(np.float32).copy()
    scene.run(origins[:1], directions[:1])  # commits the scene: this builds the tree
    build = time.perf_counter() - begin
    return best(lambda: scene.run(origins, directions, query="INTERSECT"), max(repeat // 2, 3)), build


def _ms(seconds: float | None) -> str:
    return "not installed" if seconds is None else f"{1e3 * seconds:.1f}"


def _ratio(other: float | None, ours: float) -> str:
    return "" if other is None else f"{other / ours:.1f}x"


if __name__ == "__main__":
    main()
