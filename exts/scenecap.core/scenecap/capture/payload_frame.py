"""A :class:`~scenecap.capture.payload.Payload` as a :class:`~scenecap.contract.Frame`.

Replicator reports labelled prims, not objects: a labelled prim below a labelled object is its part here, and its pixels roll
up to the outermost. Geometry is not in the outputs, so there are no contacts and the graph works from boxes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from scenecap.capture.payload import BoxRow, Payload
from scenecap.capture.payload_camera import meters_per_unit_of, parse_camera, stage_axes
from scenecap.capture.payload_objects import ancestors, find_objects, room_kinds
from scenecap.contract import (
    FIRST_ENTITY_ID,
    UNLABELLED_ID,
    Buffer,
    CameraView,
    Frame,
    LeftOut,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
)
from scenecap.errors import CaptureError
from scenecap.stage.settings import LabelSettings

_T = TypeVar("_T")


@dataclass(frozen=True)
class FrameIdentity:
    """What a payload does not say about its frame.

    Attributes:
        scene: Name of the scene, safe for a path.
        camera: What the camera is called: a prim path.
        frame_index: Number of the frame.
        time_code: USD time code.
        up_axis: The stage's up axis, "z" or "y".
        source: "recorded" or "replicator".
    """

    scene: str
    camera: str
    frame_index: int = 0
    time_code: float = 0.0
    up_axis: str = "z"
    source: str = "recorded"


def frame_from_payload(payload: Payload, identity: FrameIdentity, *, labels: LabelSettings | None = None) -> Frame:
    """Return the frame that annotator outputs describe.

    Args:
        payload: The outputs of one camera.
        identity: What they do not say.
        labels: How labels are cleaned; defaults where None.

    Raises:
        CaptureError: An output that is needed is missing: ``camera_params``, ``bounding_box_3d``, and one of
            ``bounding_box_2d_tight`` and ``instance_segmentation``.
        CameraError: The camera is no pinhole.
    """
    labels = labels or LabelSettings.model_validate({})
    params = _needed(payload.camera_params, "camera_params", "the camera's pose and lens", identity)
    rows_3d = _needed(payload.boxes_3d, "bounding_box_3d", "positions and sizes", identity)
    if payload.boxes_tight is None and payload.instance_ids is None:
        _needed(None, "bounding_box_2d_tight (or instance_segmentation)", "what is in view", identity)
    camera = parse_camera(params, path=identity.camera, up_axis=identity.up_axis, resolution=_picture_size(payload))
    world_from_stage = stage_axes(identity.up_axis, meters_per_unit_of(params))
    prims, left_out = find_objects(rows_3d, labels)
    boxes = {row.path: row for row in rows_3d}
    views = _Views(payload, camera, [prim.path for prim in prims])
    things = []
    for prim in prims:
        row = boxes[prim.path]
        assert row.transform is not None
        things.append(
            ObservedObject(
                path=prim.path,
                label=prim.label,
                label_source=prim.source,
                box_local=row.values,
                object_to_world=row.transform @ world_from_stage,
                visibility=views.visibility(prim.path),
                labels=prim.labels,
                attributes=prim.attributes,
                attribute_sources=prim.attribute_sources,
                part_of=prim.part_of,
            )
        )
    kinds = room_kinds(prims, np.array([item.corners_world for item in things]).reshape(-1, 8, 3), labels)
    objects = tuple(item for item, kind in zip(things, kinds, strict=True) if kind is None)
    room = tuple(_room(item, kind) for item, kind in zip(things, kinds, strict=True) if kind is not None)
    return Frame(
        scene=identity.scene,
        camera=camera,
        objects=objects,
        frame_index=identity.frame_index,
        time_code=identity.time_code,
        room=room,
        contacts=None,
        left_out=_left_out(payload, left_out, set(boxes), room),
        buffers=_buffers(payload, camera, views, world_from_stage),
        entity_ids=views.entity_ids if payload.instance_ids is not None else {},
        semantic_ids=_semantic_ids(payload),
        setting=labels.scene_label,
        meters_per_unit=meters_per_unit_of(params),
        stage_from_world=np.linalg.inv(world_from_stage),
        source=identity.source,
        warnings=_warnings(payload, camera, identity.up_axis),
    )


def _needed(value: _T | None, name: str, purpose: str, identity: FrameIdentity) -> _T:
    if value is None:
        raise CaptureError(
            f"{identity.scene}, {identity.camera}, frame {identity.frame_index}: {name} is not there, and it tells {purpose}.",
            remedy=f"Record the dataset with {name.split(' ')[0]} switched on.",
        )
    return value


def _picture_size(payload: Payload) -> tuple[int, int] | None:
    for array in (payload.rgb, payload.depth, payload.instance_ids, payload.semantic_ids, payload.normals):
        if array is not None:
            return array.shape[1], array.shape[0]
    return None


def _room(item: ObservedObject, kind: RoomKind) -> RoomElement:
    assert item.aabb_world is not None
    visible = 0 if item.visibility is None else item.visibility.visible_px
    return RoomElement(item.path, kind, item.label, item.aabb_world, visible)


def _left_out(
    payload: Payload, no_objects: Sequence[LeftOut], boxed: Collection[str], room: Sequence[RoomElement]
) -> tuple[LeftOut, ...]:
    result = [*no_objects, *(LeftOut(element.path, f"it is the room: {element.kind.value}", "room") for element in room)]
    for row in payload.boxes_tight or ():
        if row.labels and not any(path in boxed for path in (row.path, *ancestors(row.path))):
            result.append(LeftOut(row.path, "it has no row in bounding_box_3d", "no_box"))
    return tuple(sorted(result, key=lambda item: item.path))


def _semantic_ids(payload: Payload) -> dict[str, int]:
    if payload.semantic_ids is None:
        return {}
    ids: dict[str, int] = {}
    for number, labels in sorted(payload.semantic_labels.items()):
        values = labels.get("class") or next(iter(labels.values()), ())
        if values and number > UNLABELLED_ID:
            ids.setdefault(",".join(values), number)
    return ids


def _buffers(payload: Payload, camera: CameraView, views: _Views, world_from_stage: np.ndarray) -> dict[Buffer, np.ndarray]:
    normals = payload.normals
    if normals is not None:
        rotation = world_from_stage[:3, :3] / np.linalg.norm(world_from_stage[0, :3])
        normals = normals.astype(np.float32)
        normals[..., :3] = normals[..., :3] @ rotation.astype(np.float32)
    found = {
        Buffer.RGB: payload.rgb,
        Buffer.DEPTH: payload.depth,
        Buffer.NORMALS: normals,
        Buffer.INSTANCE: views.entity_buffer,
        Buffer.SEMANTIC: payload.semantic_ids,
    }
    shape = (camera.height, camera.width)
    for name, array in found.items():
        if array is not None and array.shape[:2] != shape:
            raise CaptureError(
                f"{camera.path}: {name.value} is {array.shape[1]}x{array.shape[0]} px, the camera {shape[1]}x{shape[0]}.",
                remedy="Record all annotators with the same render product.",
            )
    return {name: array for name, array in found.items() if array is not None}


def _warnings(payload: Payload, camera: CameraView, up_axis: str) -> tuple[str, ...]:
    warnings = []
    up = camera.camera_to_world[1]
    if up[2] < -0.05:
        other = "y" if up_axis == "z" else "z"
        warnings.append(f"the camera stands on its head: if the stage's up axis is {other}, give up_axis: {other}")
    if payload.boxes_tight is not None and payload.instance_ids is None:
        warnings.append("without instance_segmentation, visible pixels are estimated from boxes")
    return tuple(warnings)


@dataclass
class _Views:
    """What the camera sees of each owner, from masks where there are any, else from boxes."""

    payload: Payload
    camera: CameraView
    paths: list[str]
    entity_ids: dict[str, int] = field(init=False)
    entity_buffer: np.ndarray | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.entity_ids = {path: number for number, path in enumerate(self.paths, start=FIRST_ENTITY_ID)}
        self._tight = self._by_owner(self.payload.boxes_tight)
        self._loose = self._by_owner(self.payload.boxes_loose)
        self._occlusion = {row.path: row.occlusion for row in self.payload.boxes_3d or ()}
        self._occlusion |= {row.path: row.occlusion for row in self.payload.boxes_tight or ()}
        ids = self.payload.instance_ids
        if ids is None:
            return
        lookup = np.full(int(ids.max(initial=0)) + 1, UNLABELLED_ID, dtype=np.uint32)
        lookup[0] = 0
        for number, path in self.payload.instance_paths.items():
            owner = self._owner(path)
            if owner is not None and 0 <= number < len(lookup):
                lookup[number] = self.entity_ids[owner]
        self.entity_buffer = lookup[ids]

    def _owner(self, path: str) -> str | None:
        return next((item for item in (path, *ancestors(path)) if item in self.entity_ids), None)

    def _by_owner(self, rows: Sequence[BoxRow] | None) -> dict[str, np.ndarray]:
        """Return the box that holds all rows of an owner and its parts."""
        boxes: dict[str, np.ndarray] = {}
        for row in rows or ():
            owner = self._owner(row.path)
            box = row.values
            if owner is None or box[2] < box[0] or box[3] < box[1]:
                continue
            before = boxes.get(owner)
            boxes[owner] = (
                box if before is None else np.concatenate([np.minimum(before[:2], box[:2]), np.maximum(before[2:], box[2:])])
            )
        return boxes

    def visibility(self, path: str) -> Visibility | None:
        """Return what the camera sees of an owner, or None where it is not in view."""
        mask = None if self.entity_buffer is None else self.entity_buffer == self.entity_ids[path]
        pixels = 0 if mask is None else int(np.count_nonzero(mask))
        tight = self._tight.get(path)
        if tight is None and pixels and mask is not None:
            columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
            tight = np.array([columns[0], lines[0], columns[-1], lines[-1]])
        if tight is None or (mask is not None and not pixels):
            return None
        box = self._clip(tight)
        loose = self._clip(self._loose.get(path, tight))
        occlusion = self._occlusion.get(path)
        area = (box[2] - box[0] + 1) * (box[3] - box[1] + 1)
        visible = pixels or max(round(area * (1.0 - (occlusion or 0.0))), 1)
        alone = visible if occlusion is None or occlusion >= 1.0 else max(round(visible / (1.0 - occlusion)), visible)
        edge = loose[0] == 0 or loose[1] == 0 or loose[2] == self.camera.width - 1 or loose[3] == self.camera.height - 1
        return Visibility(
            box_tight=box,
            box_loose=loose,
            visible_px=visible,
            unoccluded_px=alone,
            occlusion=occlusion,
            truncated=edge,
            median_depth=self._median_depth(mask),
        )

    def _clip(self, box: np.ndarray) -> tuple[int, int, int, int]:
        width, height = self.camera.width - 1, self.camera.height - 1
        x0, y0, x1, y1 = (int(value) for value in box)
        return min(max(x0, 0), width), min(max(y0, 0), height), min(max(x1, 0), width), min(max(y1, 0), height)

    def _median_depth(self, mask: np.ndarray | None) -> float | None:
        depth = self.payload.depth
        if depth is None or mask is None:
            return None
        values = depth[mask]
        values = values[np.isfinite(values)]
        return float(np.median(values)) if len(values) else None
