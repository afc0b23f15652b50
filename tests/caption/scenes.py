"""Frames made of boxes, for tests of the captioner: no stage, no rasteriser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenecap.contract import (
    CameraView,
    Contact,
    Frame,
    LabelSource,
    LeftOut,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
)
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import SceneGraph
from scenecap.graph.settings import GraphSettings


@dataclass(frozen=True)
class Box:
    """A labelled box: center of its base and size [m], z up."""

    label: str
    base: tuple[float, float, float]
    size: tuple[float, float, float]
    path: str = ""
    color: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    attribute_source: str = "database"
    visible: bool = True
    visible_px: int | None = None
    part_of: str | None = None


def camera_at(
    eye: Sequence[float],
    target: Sequence[float],
    *,
    width: int = 640,
    height: int = 480,
    focal_px: float = 500.0,
    path: str = "/Cameras/A",
) -> CameraView:
    """Return a camera that looks from one point to another, upright."""
    eye_, target_ = np.asarray(eye, dtype=float), np.asarray(target, dtype=float)
    forward = (target_ - eye_) / np.linalg.norm(target_ - eye_)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = np.stack([right, up, -forward])
    camera_to_world[3, :3] = eye_
    return CameraView(path, width, height, np.linalg.inv(camera_to_world), focal_px, (width / 2, height / 2))


def default_camera() -> CameraView:
    """Return a camera at y = -3 that looks along +y: right is +x, forward is +y."""
    return camera_at((0.0, -3.0, 1.6), (0.0, 0.0, 0.5))


def make_object(box: Box, index: int, camera: CameraView) -> ObservedObject:
    """Return a box as an observed object."""
    size = np.asarray(box.size)
    matrix = np.eye(4)
    matrix[3, :3] = np.asarray(box.base) + np.array([0.0, 0.0, size[2] / 2])
    obj = ObservedObject(
        path=box.path or f"/World/{index:03d}",
        label=box.label,
        label_source=LabelSource.PRIM_NAME,
        box_local=np.stack([-size / 2, size / 2]),
        object_to_world=matrix,
        attributes=dict(box.attributes),
        attribute_sources={kind: box.attribute_source for kind in box.attributes},
        part_of=box.part_of,
        visibility=None,
    )
    if not box.visible:
        return obj
    pixels, depth = camera.project(obj.corners_world)
    if not np.all(np.isfinite(pixels)):
        return obj
    limit = [camera.width - 1, camera.height - 1]
    low = np.clip(np.floor(pixels.min(axis=0)), 0, limit).astype(int)
    high = np.clip(np.floor(pixels.max(axis=0)), 0, limit).astype(int)
    tight = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    area = (tight[2] - tight[0] + 1) * (tight[3] - tight[1] + 1)
    px = max(1, int(0.6 * area)) if box.visible_px is None else box.visible_px
    shares = () if box.color is None else ((box.color, 0.9),)
    visibility = Visibility(tight, tight, px, px, 0.0, False, float(np.median(depth)), shares)
    return ObservedObject(
        path=obj.path,
        label=obj.label,
        label_source=obj.label_source,
        box_local=obj.box_local,
        object_to_world=obj.object_to_world,
        attributes=obj.attributes,
        attribute_sources=obj.attribute_sources,
        part_of=obj.part_of,
        visibility=visibility,
    )


def make_frame(
    boxes: Sequence[Box],
    *,
    camera: CameraView | None = None,
    floor: bool = True,
    setting: str | None = None,
    contacts: tuple[Contact, ...] | None = None,
    room: Sequence[RoomElement] = (),
    left_out: Sequence[LeftOut] = (),
    scene: str = "test",
) -> Frame:
    """Return a frame of boxes."""
    camera = default_camera() if camera is None else camera
    floors = (
        [RoomElement("/World/floor", RoomKind.FLOOR, "floor", np.array([[-20, -20, -0.1], [20, 20, 0.0]]), 5000)]
        if floor
        else []
    )
    return Frame(
        scene=scene,
        camera=camera,
        objects=tuple(make_object(box, index, camera) for index, box in enumerate(boxes)),
        room=tuple([*floors, *room]),
        contacts=contacts,
        left_out=tuple(left_out),
        setting=setting,
    )


def make_graph(frame: Frame, *, capacity: int = 100) -> SceneGraph:
    """Return the frame's scene graph."""
    return build_scene_graph(frame, GraphSettings(max_object_capacity=capacity))


TABLE = Box("table", (0, 0, 0), (1.6, 1.0, 0.7))


def on_table(label: str, x: float, y: float, size: tuple[float, float, float] = (0.12, 0.12, 0.1), **more: object) -> Box:
    """Return a box on the top of :data:`TABLE`."""
    return Box(label, (x, y, 0.7), size, **more)  # type: ignore[arg-type]


def two_bowls() -> list[Box]:
    """Return a table with two like bowls, one between a plate and a ramekin."""
    return [
        TABLE,
        on_table("black bowl", -0.2, 0.0),
        on_table("plate", -0.45, 0.0, (0.2, 0.2, 0.02)),
        on_table("glazed rim porcelain ramekin", 0.05, 0.0, (0.08, 0.08, 0.05)),
        on_table("black bowl", 0.5, 0.2),
        on_table("cookies", 0.35, -0.3, (0.15, 0.08, 0.05)),
        on_table("flat stove", -0.5, 0.35, (0.25, 0.2, 0.06)),
    ]


def kitchen() -> list[Box]:
    """Return a furnished kitchen with groups, colors, mass and plural nouns."""
    return [
        TABLE,
        on_table("mug", -0.5, -0.2, (0.08, 0.08, 0.1), color="red"),
        on_table("mug", -0.2, -0.2, (0.08, 0.08, 0.1), color="blue"),
        on_table("bread", 0.2, 0.1, (0.2, 0.1, 0.1)),
        on_table("scissors", 0.5, -0.2, (0.15, 0.06, 0.01)),
        on_table("tray", 0.0, 0.3, (0.4, 0.3, 0.02), attributes={"material": "wood"}),
        Box("apple", (0.05, 0.3, 0.72), (0.07, 0.07, 0.07), color="red"),
        Box("apple", (-0.1, 0.3, 0.72), (0.07, 0.07, 0.07), color="green"),
        Box("office chair", (-1.6, 0.1, 0), (0.5, 0.5, 0.9), color="black"),
        Box("office chair", (1.6, 0.1, 0), (0.5, 0.5, 0.9), color="black"),
        Box("wooden cabinet", (0.8, 1.6, 0), (0.8, 0.5, 1.2)),
        Box("kettle", (0.8, 1.6, 1.2), (0.2, 0.2, 0.25)),
    ]
