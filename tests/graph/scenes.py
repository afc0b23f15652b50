"""Hand-made frames for tests of the graph: boxes, seen by a camera without occlusion."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from scenecap.contract import (
    CameraView,
    Contact,
    Frame,
    LabelSource,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
)


def camera_at(
    position: tuple[float, float, float] = (0.0, -6.0, 2.0),
    target: tuple[float, float, float] = (0.0, 0.0, 0.5),
    *,
    up: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> CameraView:
    """A 640x480 camera that looks from one point at another. The default looks along world +y: +x is to its right."""
    view = np.subtract(target, position).astype(float)
    view /= np.linalg.norm(view)
    right = np.cross(view, up)
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[3, :3] = [right, np.cross(right, view), -view], position
    return CameraView("/Camera", 640, 480, np.linalg.inv(matrix), 500.0, (320.0, 240.0))


def see(corners: np.ndarray, camera: CameraView) -> Visibility | None:
    """What the camera sees of a box alone, whether or not it is in the picture: tests of relations need no frame edge."""
    pixels, depth = camera.project(corners)
    if not (depth > 0.01).all():
        return None
    low, high = np.floor(pixels.min(axis=0)).astype(int), np.floor(pixels.max(axis=0)).astype(int)
    box = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    area = int((high - low + 1).prod())
    return Visibility(box, box, area, area, 0.0, False, median_depth=float(depth.mean()))


def box(
    path: str,
    center: tuple[float, float, float],
    size: tuple[float, float, float],
    *,
    yaw: float = 0.0,
    camera: CameraView | None = None,
    **fields: object,
) -> ObservedObject:
    """An upright box, turned by a yaw [degrees] about its vertical axis."""
    half = np.array(size, dtype=float) / 2
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    matrix = np.eye(4)
    matrix[:2, :2], matrix[3, :3] = [[cos, sin], [-sin, cos]], center
    path = path if path.startswith("/") else f"/World/{path}"
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half @ matrix[:3, :3] + matrix[3, :3]
    fields.setdefault("visibility", see(corners, camera or camera_at()))
    fields.setdefault("label", path.rsplit("/", 1)[-1].lower())
    return ObservedObject(
        path=path,
        label_source=LabelSource.PRIM_NAME,
        box_local=np.stack([-half, half]),
        object_to_world=matrix,
        **fields,  # type: ignore[arg-type]
    )


def floor(z: float = 0.0, *, half: float = 50.0) -> RoomElement:
    """A floor whose top is at a height."""
    return RoomElement("/World/Floor", RoomKind.FLOOR, "floor", np.array([[-half, -half, z - 0.1], [half, half, z]]))


def frame_of(
    objects: Iterable[ObservedObject],
    *,
    room: Iterable[RoomElement] | None = None,
    camera: CameraView | None = None,
    contacts: Iterable[Contact] | None = None,
) -> Frame:
    """A frame of objects, on a floor at z = 0 unless another room is given."""
    return Frame(
        "test",
        camera or camera_at(),
        tuple(objects),
        room=(floor(),) if room is None else tuple(room),
        contacts=None if contacts is None else tuple(contacts),
    )


def bench_scene(shared: Path, count: int) -> tuple[list[dict], dict[str, str | None]]:
    """Objects of a box scene of ../shared/bench (with their path), and the path of what each rests on."""
    objects = json.loads((shared / "bench" / f"scene_{count}.json").read_text())["objects"]
    for item in objects:
        item["path"] = f"/World/{item['label']}_{item['id']}"
    paths = {item["id"]: item["path"] for item in objects}
    return objects, {item["path"]: paths.get(item["parent"]) for item in objects if item["id"] != 0}


def bench_frame(objects: Iterable[dict], *, raised: Mapping[str, float] | None = None) -> Frame:
    """The frame of a box scene: object 0 is the floor; each other may be raised by some metres."""
    seen = Visibility((0, 0, 9, 9), (0, 0, 9, 9), 100, 100, 0.0, False, median_depth=5.0)
    observed, room = [], []
    for item in objects:
        lift = np.array([0.0, 0.0, (raised or {}).get(item["path"], 0.0)])
        bounds = np.array([item["min"], item["max"]]) + lift
        if item["id"] == 0:
            room.append(RoomElement(item["path"], RoomKind.FLOOR, "floor", bounds))
        else:
            observed.append(
                ObservedObject(item["path"], item["label"], LabelSource.PRIM_NAME, bounds, np.eye(4), visibility=seen)
            )
    return Frame("bench", camera_at(), tuple(observed), room=tuple(room))
