"""Time the support tree, the scene graph and the captions on box scenes, and print a Markdown table.

The scenes are generated here (a seeded warehouse of tables, shelves and stacked things), or read from files ``scene_<N>.json``
in a folder: ``{"objects": [{"id", "label", "min", "max", "parent"}]}``, axis-aligned boxes in metres, object 0 the floor;
``parent`` is what a box rests on. Recall and precision of the support tree against it are printed below the table.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scenecap.contract import CameraView, Frame, LabelSource, ObservedObject, RoomElement, RoomKind, Visibility
from scenecap.graph.build import build_scene_graph
from scenecap.graph.settings import GraphSettings
from scenecap.graph.support import build_support_tree

#: Others' code on the same kind of boxes and machine (two cores): what was measured, by number of boxes.
OTHERS = (
    ("SceneVerse: scene graph (support, proximity, alignment)", {50: "0.2 s", 500: "22 s", 5000: "about 30 min"}),
    ("CLEVR: relations of all pairs", {50: "0.04 s", 500: "6.0 s", 5000: "142 s"}),
    ("SpatialRGPT: nine facts a pair", {50: "0.09 s", 500: "9.7 s", 5000: "about 16 min"}),
    ("ProVision: caption from a finished graph", {5000: "1.6 s"}),
    ("ProVision: caption and 12 kinds of questions", {50: "0.08 s", 500: "0.73 s", 5000: "22.8 s"}),
)


def generate(count: int, *, seed: int = 0) -> list[dict[str, Any]]:
    """Return a floor and ``count - 1`` boxes on it and on each other, without two in one place."""
    draw = random.Random(seed)
    furniture = {"table": (1.6, 0.9, 0.75), "shelf": (1.2, 0.4, 1.0), "pallet": (1.2, 1.0, 0.15), "cabinet": (0.9, 0.5, 0.9)}
    things = {"box": (0.3, 0.3, 0.25), "mug": (0.09, 0.09, 0.1), "book": (0.15, 0.22, 0.03), "bottle": (0.08, 0.08, 0.3)}
    cells = max(int(np.ceil(np.sqrt(count / 5))), 1)
    size = 2.5 * cells
    objects = [{"id": 0, "label": "floor", "min": [0, 0, -0.1], "max": [size, size, 0], "parent": None}]

    def put(label: str, edges: tuple[float, float, float], x: float, y: float, z: float, parent: int) -> dict[str, Any]:
        low = [x - edges[0] / 2, y - edges[1] / 2, z]
        high = [low[k] + edges[k] for k in range(3)]
        objects.append({"id": len(objects), "label": label, "min": low, "max": high, "parent": parent})
        return objects[-1]

    for cell in range(cells * cells):
        x, y = 2.5 * (cell % cells) + 1.25, 2.5 * (cell // cells) + 1.25
        label = draw.choice(sorted(furniture))
        base = put(label, furniture[label], x + draw.uniform(-0.2, 0.2), y + draw.uniform(-0.2, 0.2), 0.0, 0)
        for slot in (-0.3, 0.3):
            below = base
            for _ in range(draw.randint(1, 3)):
                label = draw.choice(sorted(things))
                middle = (base["min"][0] + base["max"][0]) / 2 + slot, (base["min"][1] + base["max"][1]) / 2
                below = put(label, things[label], *middle, below["max"][2], below["id"])
    return objects[:count]


def frame_of(objects: list[dict[str, Any]]) -> tuple[Frame, dict[str, str | None]]:
    """Return the frame of a box scene, seen from above its southern edge, and what each box rests on."""
    low, high = np.array([item["min"] for item in objects]), np.array([item["max"] for item in objects])
    size = float(high[:, :2].max())
    camera = _camera(np.array([size / 2, -0.6 * size, 0.6 * size]), np.array([size / 2, size / 2, 0.0]))
    corners = np.stack([np.where(np.array(list(np.ndindex(2, 2, 2)))[k], high, low) for k in range(8)])
    pixels, depth = camera.project(corners.reshape(-1, 3))
    pixels = pixels.reshape(8, -1, 2)
    boxes = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)], axis=1).astype(int)
    depths = depth.reshape(8, -1).mean(axis=0)
    paths = {item["id"]: f"/World/{item['label']}_{item['id']}" for item in objects}
    observed, room = [], []
    for row, item in enumerate(objects):
        bounds = np.stack([low[row], high[row]])
        if item["id"] == 0:
            room.append(RoomElement(paths[0], RoomKind.FLOOR, "floor", bounds))
            continue
        x0, y0, x1, y1 = boxes[row].tolist()
        area = (x1 - x0 + 1) * (y1 - y0 + 1)
        seen = Visibility((x0, y0, x1, y1), (x0, y0, x1, y1), area, area, 0.0, False, median_depth=float(depths[row]))
        observed.append(
            ObservedObject(paths[item["id"]], item["label"], LabelSource.PRIM_NAME, bounds, np.eye(4), visibility=seen)
        )
    truth = {paths[item["id"]]: paths.get(item["parent"]) for item in objects if item["id"] != 0}
    return Frame("boxes", camera, tuple(observed), room=tuple(room)), truth


def _camera(position: np.ndarray, target: np.ndarray) -> CameraView:
    view = (target - position) / np.linalg.norm(target - position)
    right = np.cross(view, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[3, :3] = [right, np.cross(right, view), -view], position
    return CameraView("/Camera", 1280, 960, np.linalg.inv(matrix), 1000.0, (640.0, 480.0))


def best(task: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the best and the median time [s] of a task, after one run to warm up."""
    task()
    times = []
    for _ in range(repeats):
        gc.collect()
        begin = time.perf_counter()
        task()
        times.append(time.perf_counter() - begin)
    return min(times), statistics.median(times)


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scenes", type=Path, help="folder with scene_<N>.json; generated scenes where not given")
    parser.add_argument("--counts", type=int, nargs="+", default=[50, 500, 5000], help="numbers of boxes")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each, of which the best counts")
    parser.add_argument("--no-captions", action="store_true", help="leave the captions out")
    arguments = parser.parse_args()

    rows: dict[str, dict[int, str]] = {}
    notes = []
    for count in arguments.counts:
        if arguments.scenes is None:
            objects = generate(count)
        else:
            objects = json.loads((arguments.scenes / f"scene_{count}.json").read_text())["objects"]
        frame, truth = frame_of(objects)
        settings = GraphSettings(max_object_capacity=max(count, 1))
        graph = build_scene_graph(frame, settings, full=False)
        tasks: dict[str, Callable[[], object]] = {
            "support tree": lambda frame=frame, settings=settings: build_support_tree(frame, settings),
            "MST-pruned graph, support tree included": lambda frame=frame, settings=settings: build_scene_graph(
                frame, settings, full=False
            ),
            "the same and the full graph (`full_edges: auto`)": lambda frame=frame, settings=settings: build_scene_graph(
                frame, settings
            ),
        }
        if count <= 500:
            one, two = np.triu_indices(len(graph.nodes), 1)
            tasks["all relations of all pairs"] = lambda graph=graph, one=one, two=two: graph.pairs(one, two)
        if not arguments.no_captions:
            from scenecap.caption.template import caption_graph

            tasks["MST-pruned graph and template captions"] = lambda frame=frame, settings=settings: caption_graph(
                build_scene_graph(frame, settings, full=False), frame=frame, seed=0
            )
        for name, task in tasks.items():
            rows.setdefault(name, {})[count] = _shown(best(task, arguments.repeats)[0])
        tree = build_support_tree(frame, settings)
        found = {path: tree.parent[path].parent for path in truth if path in tree.parent}
        wanted = {path: parent for path, parent in truth.items() if parent is not None}
        right = sum(wanted.get(path) == parent for path, parent in found.items())
        notes.append(
            f"{count} boxes: support recall {right / max(len(wanted), 1):.4f}, precision {right / max(len(found), 1):.4f}"
        )

    print("| | " + " | ".join(f"{count} boxes" for count in arguments.counts) + " |")
    print("|---" * (len(arguments.counts) + 1) + "|")
    for name, values in rows.items():
        print(f"| Scenecap: {name} | " + " | ".join(values.get(count, "") for count in arguments.counts) + " |")
    for name, values in OTHERS:
        print(f"| {name} | " + " | ".join(values.get(count, "") for count in arguments.counts) + " |")
    print()
    print("\n".join(notes))


if __name__ == "__main__":
    main()
