"""Time ``write()`` of the Replicator writers on the stand-in of Replicator that the tests use, and print a Markdown table.

A stage of a table with many things on it is captured once; its payload is then handed over again and again, as Kit would each
frame. Three cases: nothing moves; physics moves things outside USD (the payload's matrices change); physics writes to USD.
``write()`` runs on Kit's main thread, so its time is what the simulation loses; the rest happens on the worker.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "exts" / "scenecap.replicator"), str(ROOT / "tests" / "replicator" / "standin")]

import omni.replicator.core as rep  # noqa: E402
import omni.usd  # noqa: E402
from pxr import Gf, Usd, UsdGeom  # noqa: E402
from tests.replicator import payloads  # noqa: E402

from scenecap.capture.embedded import EmbeddedSource  # noqa: E402
from scenecap.capture.settings import CaptureSettings  # noqa: E402
from scenecap.stage.cameras import camera_view  # noqa: E402
from scenecap.stage.open import wrap_stage  # noqa: E402
from scenecap_replicator.writers.registry import register_writers  # noqa: E402

CAMERA = "/World/Camera"


def make_stage(count: int) -> Usd.Stage:
    """Return a table with ``count - 1`` boxes on it, all of which the camera sees."""
    stage = Usd.Stage.CreateInMemory("bench.usda")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.Xform.Define(stage, "/World")
    side = int((count - 1) ** 0.5) + 1
    add(stage, "/World/Table", (0, 0, 0.35), (0.3 * side + 0.2, 0.3 * side + 0.2, 0.7))
    for number in range(count - 1):
        x, y = (0.3 * (number % side - (side - 1) / 2), 0.3 * (number // side - (side - 1) / 2))
        add(stage, f"/World/Box_{number}", (x, y, 0.75), (0.12, 0.1, 0.1))
    camera = UsdGeom.Camera.Define(stage, CAMERA)
    camera.CreateFocalLengthAttr(24.0)
    eye = Gf.Vec3d(0.1, -0.3 * side, 0.35 * side)
    view = Gf.Matrix4d().SetLookAt(eye, Gf.Vec3d(0, 0, 0.5), Gf.Vec3d(0, 0, 1))
    camera.AddTransformOp().Set(view.GetInverse())
    return stage


def add(stage: Usd.Stage, path: str, centre: tuple[float, float, float], edges: tuple[float, float, float]) -> None:
    holder = UsdGeom.Xform.Define(stage, path)
    holder.AddTranslateOp().Set(Gf.Vec3d(*centre))
    holder.AddScaleOp().Set(Gf.Vec3f(*(edge / 2 for edge in edges)))
    UsdGeom.Cube.Define(stage, f"{path}/Shape")


def measure(
    stage: Usd.Stage, outputs: payloads.Outputs, before: Callable[[int], None], *, frames: int
) -> tuple[list[float], float]:
    """Return the times of ``write()`` [ms] and the worker's time per frame [ms]."""
    omni.usd.get_context().stage = stage
    data = payloads.render_product_shape({"rp": outputs}, cameras={"rp": CAMERA})
    with tempfile.TemporaryDirectory() as folder:
        writer: Any = rep.WriterRegistry.get("ScenecapWriter")
        writer.initialize(output_dir=folder, annotators=[], fsync=False, queue_capacity=frames + 5)
        writer.attach(["/Render/rp"])
        rep.deliver(writer, data)
        writer._sink.queue.drain()  # the first frame compiles
        times = []
        begin = time.perf_counter()
        for number in range(frames):
            before(number)
            start = time.perf_counter()
            rep.deliver(writer, data)
            times.append(1000 * (time.perf_counter() - start))
            writer._sink.queue.drain()  # the queue has room: what is measured is not the fight for cores
        total = 1000 * (time.perf_counter() - begin)
        writer.detach()
    return times, (total - sum(times)) / frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--frames", type=int, default=20)
    arguments = parser.parse_args()
    register_writers(irc_loaded=False)
    print("| objects | case | write(), best [ms] | median [ms] | worst [ms] | worker [ms] |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for count in arguments.objects:
        stage = make_stage(count)
        opened = wrap_stage(stage)
        source = EmbeddedSource(opened, CaptureSettings.model_validate({"quality": "draft"}))
        frame = source.observe(camera_view(opened, CAMERA, time_code=opened.start, resolution=(1280, 720)))
        outputs = payloads.outputs_of(frame, stage)
        rows = outputs["bounding_box_3d"][0]

        def still(_: int) -> None:
            return None

        def outside_usd(number: int, rows: Any = rows) -> None:
            rows["transform"][:, 3, 2] += 1e-3 if number % 2 else -1e-3

        def in_usd(number: int, stage: Usd.Stage = stage, count: int = count) -> None:
            for box in range(count - 1):
                prim = stage.GetPrimAtPath(f"/World/Box_{box}")
                operation = UsdGeom.Xformable(prim).GetOrderedXformOps()[0]
                operation.Set(operation.Get() + Gf.Vec3d(0, 0, 1e-3 if number % 2 else -1e-3))

        for name, before in (("nothing moves", still), ("moved outside USD", outside_usd), ("moved in USD", in_usd)):
            times, worker = measure(stage, outputs, before, frames=arguments.frames)
            spread = f"{min(times):.1f} | {statistics.median(times):.1f} | {max(times):.1f}"
            print(f"| {len(frame.visible)} | {name} | {spread} | {worker:.0f} |")


if __name__ == "__main__":
    main()
