"""Measure the template captioner on box scenes: a graph in, all texts out.

    python scripts/bench/bench_captions.py [SCENE.json ...]

A scene file holds ``objects`` = [{id, label, min, max, parent}], axis-aligned boxes in meters, z up; object 0 is the floor.
Without one, furnished rooms are made up. Reports the median of a few runs, in milliseconds of this process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.contract import CameraView, Frame, LabelSource, ObservedObject, RoomElement, RoomKind, Visibility
from scenecap.graph.build import build_scene_graph
from scenecap.graph.settings import FullEdges, GraphSettings

_NOUNS = ("table", "chair", "shelf", "box", "mug", "plate", "book", "lamp", "bottle", "monitor", "crate", "bowl")
_COLORS = ("red", "blue", "green", "white", "black", "brown")


def main() -> None:
    """Run the benchmark and print a table."""
    parser = argparse.ArgumentParser(description="Measure the template captioner.")
    parser.add_argument("scenes", nargs="*", type=Path, help="box scenes as JSON")
    parser.add_argument("--repeat", type=int, default=5, help="runs of which the median is taken")
    arguments = parser.parse_args()
    frames = {path.stem: read_frame(path) for path in arguments.scenes}
    if not frames:
        frames = {f"made up, {count}": made_up_frame(count) for count in (20, 100, 500, 5000)}
    print(f"{'scene':<20} {'objects':>8} {'graph':>9} {'captions':>9} {'with QA':>9}   [ms]")
    for name, frame in frames.items():
        settings = GraphSettings(max_object_capacity=100_000, full_edges=FullEdges.NEAREST)
        graph = build_scene_graph(frame, settings, full=False)
        plain = CaptionSettings.model_validate({"questions": False})
        asking = CaptionSettings.model_validate({})
        rows = (
            median_ms(lambda f=frame, s=settings: build_scene_graph(f, s, full=False), arguments.repeat),
            median_ms(lambda g=graph, f=frame, s=plain: caption_graph(g, frame=f, settings=s, seed=0), arguments.repeat),
            median_ms(lambda g=graph, f=frame, s=asking: caption_graph(g, frame=f, settings=s, seed=0), arguments.repeat),
        )
        print(f"{name:<20} {len(graph.nodes):>8} " + " ".join(f"{value:>9.1f}" for value in rows))


def median_ms(run: Callable[[], object], repeat: int) -> float:
    """Return the median time of a few runs in milliseconds of this process, after one to warm up."""
    run()
    times = []
    for _ in range(repeat):
        begin = time.process_time()
        run()
        times.append(1e3 * (time.process_time() - begin))
    return statistics.median(times)


def read_frame(path: Path) -> Frame:
    """Return a box scene as a frame that a camera in one corner sees all of."""
    scene = json.loads(path.read_text(encoding="utf-8"))
    boxes = [(str(item["label"]), np.array([item["min"], item["max"]], dtype=float)) for item in scene["objects"]]
    return frame_of(boxes[1:], floor=boxes[0][1], name=path.stem)


def made_up_frame(count: int) -> Frame:
    """Return a room of tables with things on them."""
    side = int(np.ceil(np.sqrt(count / 5)))
    boxes = []
    for index in range(count):
        cell, slot = divmod(index, 5)
        x, y = 2.0 * (cell % side), 2.0 * (cell // side)
        if slot == 0:
            label, low, size = _NOUNS[cell % 3], (x, y, 0.0), (1.2, 0.8, 0.7)
        else:
            label = f"{_COLORS[(index * 7) % 6]} {_NOUNS[3 + (index * 5) % 9]}"
            low, size = (x + 0.25 * slot, y + 0.1 + 0.13 * (index % 5), 0.7), (0.1, 0.08, 0.06 + 0.02 * slot)
        boxes.append((label, np.array([low, np.add(low, size)])))
    return frame_of(
        boxes, floor=np.array([[-2.0, -2.0, -0.1], [2.0 * side + 2, 2.0 * side + 2, 0.0]]), name=f"made_up_{count}"
    )


def frame_of(boxes: list[tuple[str, np.ndarray]], *, floor: np.ndarray, name: str) -> Frame:
    """Return labelled boxes as a frame; a box's visible area is its size over its distance, squared."""
    eye = np.array([floor[0, 0] - 2.0, floor[0, 1] - 2.0, 0.25 * np.ptp(floor[:, 0]) + 2.0])
    forward = floor.mean(axis=0) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = np.stack([right, np.cross(right, forward), -forward])
    camera_to_world[3, :3] = eye
    camera = CameraView("/Camera", 1280, 720, np.linalg.inv(camera_to_world), 700.0, (640.0, 360.0))
    objects = [made_object(f"/World/object_{index:05d}", label, box, camera) for index, (label, box) in enumerate(boxes)]
    return Frame(name, camera, tuple(objects), room=(RoomElement("/World/floor", RoomKind.FLOOR, "floor", floor, 100_000),))


def made_object(path: str, label: str, box: np.ndarray, camera: CameraView) -> ObservedObject:
    """Return one box as an observed object."""
    size, center = box[1] - box[0], box.mean(axis=0)
    matrix = np.eye(4)
    matrix[3, :3] = center
    pixel, depth = camera.project(center)
    x, y = (int(value) for value in np.nan_to_num(pixel[0]))
    extent = max(2, int(700.0 * float(np.linalg.norm(size)) / max(float(depth[0]), 1.0) / 2))
    tight = (x - extent, y - extent, x + extent, y + extent)
    seen = Visibility(tight, tight, extent * extent * 2, extent * extent * 2, 0.0, False, float(depth[0]))
    local = np.array([-size / 2, size / 2])
    return ObservedObject(path, label, LabelSource.PRIM_NAME, local, matrix, visibility=seen)


if __name__ == "__main__":
    main()
