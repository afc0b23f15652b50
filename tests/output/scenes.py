"""Frames for the tests of output: boxes seen by a pinhole camera, cast ray by ray without any code of capture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from scenecap.contract import (
    Buffer,
    CameraView,
    Contact,
    ContactKind,
    Evidence,
    Frame,
    LabelSource,
    LeftOut,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
)
from scenecap.output.model import JobFacts
from scenecap.output.names import CameraNames


@dataclass(frozen=True)
class Box:
    """An upright box: what it is called, its centre and its edges [m]; ``turn`` [degrees] about z."""

    name: str
    label: str
    center: tuple[float, float, float]
    size: tuple[float, float, float]
    color: tuple[int, int, int] = (200, 200, 200)
    turn: float = 0.0


KITCHEN = (
    Box("Table", "table", (0.0, 0.0, 0.375), (1.6, 0.9, 0.75), (150, 110, 70)),
    Box("Plate", "plate", (0.0, -0.1, 0.76), (0.26, 0.26, 0.02), (240, 240, 240)),
    Box("Bowl_1", "bowl", (0.0, -0.1, 0.81), (0.14, 0.14, 0.08), (30, 30, 30), 20.0),
    Box("Bowl_2", "bowl", (0.45, 0.15, 0.79), (0.14, 0.14, 0.08), (30, 30, 30)),
    Box("Mug", "mug", (-0.4, -0.2, 0.80), (0.08, 0.08, 0.10), (200, 40, 40), 45.0),
    Box("Crate", "crate", (-0.45, 0.2, 0.85), (0.3, 0.25, 0.2), (90, 120, 60)),
    Box("Chair", "chair", (1.1, -0.6, 0.45), (0.45, 0.45, 0.9), (60, 60, 160), 30.0),
)
#: (child, parent)
KITCHEN_CONTACTS = (
    ("Plate", "Table"),
    ("Bowl_1", "Plate"),
    ("Bowl_2", "Table"),
    ("Mug", "Table"),
    ("Crate", "Table"),
    ("Table", "Floor"),
    ("Chair", "Floor"),
)


def look_at(eye, target, *, width=320, height=240, fov=55.0, path="/World/Cameras/Camera") -> CameraView:
    eye, target = np.asarray(eye, float), np.asarray(target, float)
    back = (eye - target) / np.linalg.norm(eye - target)
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3] = [right, np.cross(back, right), back]
    camera_to_world[3, :3] = eye
    focal = width / 2 / np.tan(np.radians(fov) / 2)
    return CameraView(path, width, height, np.linalg.inv(camera_to_world), focal, (width / 2, height / 2), (0.01, 1000.0))


def object_to_world(box: Box) -> np.ndarray:
    angle = np.radians(box.turn)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    matrix[:3, :3] = np.diag(box.size) @ matrix[:3, :3]
    matrix[3, :3] = box.center
    return matrix


def _cast(matrix: np.ndarray, origin: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ray parameters (inf: no hit) and world normals of a unit cube placed by ``matrix`` (row vectors)."""
    inverse = np.linalg.inv(matrix)
    start = origin @ inverse[:3, :3] + inverse[3, :3]
    direction = rays @ inverse[:3, :3]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (-0.5 - start) / direction, (0.5 - start) / direction
    near, far = np.minimum(low, high), np.maximum(low, high)
    enter, leave = near.max(axis=-1), far.min(axis=-1)
    hit = (enter < leave) & (enter > 0)
    axis = near.argmax(axis=-1)
    local = -np.take_along_axis(np.sign(direction), axis[..., None], -1) * np.eye(3)[axis]
    normals = local @ inverse[:3, :3].T
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.where(hit, enter, np.inf), normals


@cache
def boxes_frame(
    boxes=KITCHEN,
    contacts=KITCHEN_CONTACTS,
    *,
    camera: CameraView | None = None,
    buffers=tuple(Buffer),
    meters_per_unit: float = 1.0,
    y_up: bool = False,
    frame_index: int = 0,
    scene: str = "kitchen",
) -> Frame:
    """Return a frame of boxes on a floor."""
    camera = camera or look_at((1.4, -2.0, 1.9), (0.0, 0.0, 0.7))
    columns, lines = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    rays = np.stack(
        [
            (columns - camera.center_px[0]) / camera.focal_px,
            (camera.center_px[1] - lines) / camera.focal_px,
            -np.ones_like(columns),
        ],
        axis=-1,
    )
    rays = rays @ camera.camera_to_world[:3, :3]
    floor = Box("Floor", "floor", (0.0, 0.0, -0.05), (8.0, 8.0, 0.1), (180, 170, 160))
    entities = sorted([*boxes, floor], key=lambda box: box.name)
    matrices = [object_to_world(box) for box in entities]
    casts = [_cast(matrix, camera.position_world, rays) for matrix in matrices]
    distances = np.stack([cast[0] for cast in casts])
    nearest = distances.argmin(axis=0)
    depth = distances.min(axis=0)
    hit = np.isfinite(depth)
    ids = np.where(hit, nearest + 2, 0).astype(np.uint32)
    normals = np.zeros((*depth.shape, 4), np.float32)
    for index, (_, normal) in enumerate(casts):
        mask = hit & (nearest == index)
        normals[mask, :3], normals[mask, 3] = normal[mask], 1.0
    colors = np.array([box.color for box in entities], dtype=np.uint8)
    albedo = np.where(hit[..., None], colors[nearest], 0).astype(np.uint8)
    light = np.clip(normals[..., :3] @ np.array([0.3, -0.5, 0.8]), 0.2, 1.0)
    rgb = np.full((*depth.shape, 4), 255, np.uint8)
    rgb[..., :3] = np.where(hit[..., None], albedo * light[..., None], (190, 205, 220)).astype(np.uint8)
    labels = sorted({box.label for box in entities})
    semantic_ids = {label: number for number, label in enumerate(labels, start=2)}
    semantic_of = np.array([0, 0, *[semantic_ids[box.label] for box in entities]], dtype=np.uint32)
    every = {
        Buffer.RGB: rgb,
        Buffer.DEPTH: depth.astype(np.float32),
        Buffer.NORMALS: normals,
        Buffer.INSTANCE: ids,
        Buffer.SEMANTIC: semantic_of[ids],
        Buffer.ALBEDO: albedo,
    }
    for array in every.values():
        array.setflags(write=False)  # the frame is shared by tests, and nobody may write into a frame anyway
    path = {box.name: f"/World/{box.name}" for box in entities}
    objects = tuple(
        ObservedObject(
            path=path[box.name],
            label=box.label,
            label_source=LabelSource.AUTHORED if box.name == "Mug" else LabelSource.PRIM_NAME,
            box_local=np.array([[-0.5] * 3, [0.5] * 3]),
            object_to_world=matrix,
            visibility=_visibility(number, ids, distances[number - 2], depth),
            labels={"class": (box.label,)} if box.name == "Mug" else {},
            attributes={"color": "red"} if box.name == "Mug" else {},
            attribute_sources={"color": "parent"} if box.name == "Mug" else {},
        )
        for number, (box, matrix) in enumerate(zip(entities, matrices, strict=True), start=2)
        if box.name != "Floor"
    )
    floor_id = entities.index(floor) + 2
    stage_from_world = np.eye(4)
    stage_from_world[:3, :3] /= meters_per_unit
    if y_up:  # world (x, y, z) -> stage (x, z, -y)
        stage_from_world[:3, :3] = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]]) / meters_per_unit
    return Frame(
        scene=scene,
        camera=camera,
        objects=objects,
        frame_index=frame_index,
        time_code=float(frame_index),
        room=(
            RoomElement(
                path["Floor"], RoomKind.FLOOR, "floor", np.array([[-4, -4, -0.1], [4, 4, 0]]), int((ids == floor_id).sum())
            ),
        ),
        contacts=tuple(
            Contact(path[child], path[parent], ContactKind.SUPPORT, 0.0, 0.01, 1.0, Evidence.GEOMETRY)
            for child, parent in contacts
        ),
        left_out=(LeftOut("/World/Guide", "it is a guide", "guide"),),
        buffers={name: every[name] for name in buffers},
        entity_ids={path[box.name]: number for number, box in enumerate(entities, start=2)},
        semantic_ids=semantic_ids,
        setting="kitchen",
        meters_per_unit=meters_per_unit,
        stage_from_world=stage_from_world,
        warnings=("a test's warning",),
    )


def _visibility(number: int, ids: np.ndarray, alone: np.ndarray, depth: np.ndarray) -> Visibility | None:
    covered = np.isfinite(alone)
    if not covered.any():
        return None
    mask = ids == number
    loose = _box_of(covered)
    tight = _box_of(mask) if mask.any() else loose
    height, width = ids.shape
    edge = loose[0] == 0 or loose[1] == 0 or loose[2] == width - 1 or loose[3] == height - 1
    return Visibility(
        box_tight=tight,
        box_loose=loose,
        visible_px=int(mask.sum()),
        unoccluded_px=int(covered.sum()),
        occlusion=round(1.0 - mask.sum() / covered.sum(), 6),
        truncated=bool(edge),
        median_depth=float(np.median(depth[mask])) if mask.any() else None,
        color_shares=(("red", 0.8), ("gray", 0.2)) if number % 2 else (),
    )


def _box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return int(columns[0]), int(lines[0]), int(columns[-1]), int(lines[-1])


def job_facts(*cameras: str, several_frames: bool = False) -> JobFacts:
    names = CameraNames.of(cameras or ("/World/Cameras/Camera",))
    return JobFacts(names, several_frames=several_frames, config_hash="0" * 64, seed=7, generator="scenecap test")
