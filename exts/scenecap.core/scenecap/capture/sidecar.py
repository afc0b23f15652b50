"""``scenecap_frame_<n>.json``: what annotator outputs cannot say, so that a recorded dataset of ours gives back the frame.

Everything of a :class:`~scenecap.contract.Frame` but its buffers. Floats are written in full: reading gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scenecap.contract import (
    FORMAT_VERSION,
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
from scenecap.replicator_format import FRAME_PADDING

_PREFIX = "scenecap_frame_"


def sidecar_name(frame: int, *, padding: int = FRAME_PADDING) -> str:
    """Return the file name of a frame's sidecar."""
    return f"{_PREFIX}{frame:0{padding}d}.json"


def sidecar_frame(name: str) -> str | None:
    """Return the frame's digits in a sidecar's file name, or None for another file."""
    digits = name.removeprefix(_PREFIX).removesuffix(".json")
    return digits if name == f"{_PREFIX}{digits}.json" and digits.isdecimal() else None


def encode_frame(frame: Frame) -> dict[str, Any]:
    """Return a frame without its buffers as a JSON document (arrays and enums are left to the encoder)."""
    return {
        "format_version": FORMAT_VERSION,
        "scene": frame.scene,
        "frame_index": frame.frame_index,
        "time_code": frame.time_code,
        "setting": frame.setting,
        "source": frame.source,
        "meters_per_unit": frame.meters_per_unit,
        "stage_from_world": np.asarray(frame.stage_from_world),
        "camera": _encode_camera(frame.camera),
        "objects": [_encode_object(item) for item in frame.objects],
        "room": [
            {
                "path": item.path,
                "kind": item.kind,
                "label": item.label,
                "aabb_world": item.aabb_world,
                "visible_px": item.visible_px,
            }
            for item in frame.room
        ],
        "contacts": None if frame.contacts is None else [_encode_contact(item) for item in frame.contacts],
        "left_out": [[item.path, item.code, item.reason] for item in frame.left_out],
        "entity_ids": dict(sorted(frame.entity_ids.items())),
        "semantic_ids": dict(sorted(frame.semantic_ids.items())),
        "buffers": sorted(name.value for name in frame.buffers),
        "warnings": list(frame.warnings),
    }


def decode_frame(document: Mapping[str, Any], *, buffers: Mapping[Buffer, np.ndarray] | None = None) -> Frame:
    """Return the frame that :func:`encode_frame` wrote.

    Args:
        document: The parsed JSON.
        buffers: The buffers that were read beside it.

    Raises:
        KeyError, TypeError, ValueError: The document is not one of ours, or is damaged; callers name the file.
    """
    version = str(document["format_version"])
    if version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise ValueError(f"its format version is {version}, this program reads {FORMAT_VERSION}")
    contacts = document["contacts"]
    return Frame(
        scene=str(document["scene"]),
        camera=_decode_camera(document["camera"]),
        objects=tuple(_decode_object(item) for item in document["objects"]),
        frame_index=int(document["frame_index"]),
        time_code=float(document["time_code"]),
        room=tuple(
            RoomElement(
                item["path"], RoomKind(item["kind"]), item["label"], np.array(item["aabb_world"]), int(item["visible_px"])
            )
            for item in document["room"]
        ),
        contacts=None if contacts is None else tuple(_decode_contact(item) for item in contacts),
        left_out=tuple(LeftOut(path, reason, code) for path, code, reason in document["left_out"]),
        buffers=dict(buffers or {}),
        entity_ids={path: int(number) for path, number in document["entity_ids"].items()},
        semantic_ids={label: int(number) for label, number in document["semantic_ids"].items()},
        setting=document["setting"],
        meters_per_unit=float(document["meters_per_unit"]),
        stage_from_world=np.array(document["stage_from_world"], dtype=np.float64),
        source=str(document["source"]),
        warnings=tuple(document["warnings"]),
    )


def _encode_camera(camera: CameraView) -> dict[str, Any]:
    return {
        "path": camera.path,
        "width": camera.width,
        "height": camera.height,
        "world_to_camera": camera.world_to_camera,
        "focal_px": float(camera.focal_px),
        "center_px": [float(value) for value in camera.center_px],
        "near_far": [float(value) for value in camera.near_far],
        "params": dict(camera.params),
    }


def _decode_camera(item: Mapping[str, Any]) -> CameraView:
    center, clip = item["center_px"], item["near_far"]
    return CameraView(
        path=str(item["path"]),
        width=int(item["width"]),
        height=int(item["height"]),
        world_to_camera=np.array(item["world_to_camera"], dtype=np.float64),
        focal_px=float(item["focal_px"]),
        center_px=(float(center[0]), float(center[1])),
        near_far=(float(clip[0]), float(clip[1])),
        params=dict(item["params"]),
    )


def _encode_object(item: ObservedObject) -> dict[str, Any]:
    return {
        "path": item.path,
        "label": item.label,
        "label_source": item.label_source,
        "labels": {name: list(values) for name, values in sorted(item.labels.items())},
        "attributes": dict(sorted(item.attributes.items())),
        "attribute_sources": dict(sorted(item.attribute_sources.items())),
        "caption": item.caption,
        "part_of": item.part_of,
        "box_local": item.box_local,
        "object_to_world": item.object_to_world,
        "aabb_world": item.aabb_world,
        "footprint_world": item.footprint_world,
        "visibility": None if item.visibility is None else _encode_visibility(item.visibility),
    }


def _decode_object(item: Mapping[str, Any]) -> ObservedObject:
    visibility = item["visibility"]
    return ObservedObject(
        path=item["path"],
        label=item["label"],
        label_source=LabelSource(item["label_source"]),
        box_local=np.array(item["box_local"], dtype=np.float64),
        object_to_world=np.array(item["object_to_world"], dtype=np.float64),
        aabb_world=np.array(item["aabb_world"], dtype=np.float64),
        footprint_world=np.array(item["footprint_world"], dtype=np.float64),
        visibility=None if visibility is None else _decode_visibility(visibility),
        labels={name: tuple(values) for name, values in item["labels"].items()},
        attributes=dict(item["attributes"]),
        attribute_sources=dict(item["attribute_sources"]),
        caption=item["caption"],
        part_of=item["part_of"],
    )


def _encode_visibility(item: Visibility) -> dict[str, Any]:
    return {
        "box_tight": list(item.box_tight),
        "box_loose": list(item.box_loose),
        "visible_px": item.visible_px,
        "unoccluded_px": item.unoccluded_px,
        "occlusion": item.occlusion,
        "truncated": item.truncated,
        "median_depth": item.median_depth,
        "color_shares": [[name, share] for name, share in item.color_shares],
    }


def _decode_visibility(item: Mapping[str, Any]) -> Visibility:
    return Visibility(
        box_tight=_box(item["box_tight"]),
        box_loose=_box(item["box_loose"]),
        visible_px=int(item["visible_px"]),
        unoccluded_px=int(item["unoccluded_px"]),
        occlusion=_float(item["occlusion"]),
        truncated=bool(item["truncated"]),
        median_depth=_float(item["median_depth"]),
        color_shares=tuple((str(name), float(share)) for name, share in item["color_shares"]),
    )


def _box(values: Any) -> tuple[int, int, int, int]:
    x_min, y_min, x_max, y_max = (int(value) for value in values)
    return x_min, y_min, x_max, y_max


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _encode_contact(item: Contact) -> dict[str, Any]:
    return {
        "child": item.child,
        "parent": item.parent,
        "kind": item.kind,
        "gap": float(item.gap),
        "area": float(item.area),
        "share": float(item.share),
        "evidence": item.evidence,
    }


def _decode_contact(item: Mapping[str, Any]) -> Contact:
    return Contact(
        child=item["child"],
        parent=item["parent"],
        kind=ContactKind(item["kind"]),
        gap=float(item["gap"]),
        area=float(item["area"]),
        share=float(item["share"]),
        evidence=Evidence(item["evidence"]),
    )
