"""Payloads as Replicator hands them over, made from a frame of the embedded source, in every shape that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pxr import Usd, UsdGeom

from scenecap.contract import Buffer, Frame
from scenecap.output.basicwriter import camera_params

BOX_2D = np.dtype(
    [("semanticId", "<u4"), ("x_min", "<i4"), ("y_min", "<i4"), ("x_max", "<i4"), ("y_max", "<i4"), ("occlusionRatio", "<f4")]
)
BOX_3D = np.dtype(
    [("semanticId", "<u4"), *((f"{axis}_{end}", "<f4") for end in ("min", "max") for axis in "xyz"),
     ("transform", "<f4", (4, 4)), ("occlusionRatio", "<f4")]
)  # fmt: skip

#: Annotators whose legacy value has no ``info``.
_PLAIN = frozenset({"rgb", "distance_to_image_plane", "normals"})

#: (data, info) by annotator.
Outputs = dict[str, tuple[Any, dict[str, Any]]]


def outputs_of(
    frame: Frame, stage: Usd.Stage, *, key: Callable[[int], Any] = int, unlabelled: frozenset[str] = frozenset()
) -> Outputs:
    """Return the annotators' outputs of a frame.

    Args:
        frame: Of the embedded source, with rgb, depth, instance and semantic buffers.
        stage: Its stage, for the boxes of floor and walls in their own frames.
        key: Type of the ids in mappings: int, str or a numpy integer.
        unlabelled: Objects that Replicator knows nothing of.
    """
    labels = {item.path: ",".join(sorted(item.labels.get("class", ()))) or item.label for item in frame.objects}
    labels |= {item.path: item.label for item in frame.room}
    labels = {path: label for path, label in sorted(labels.items()) if path not in unlabelled}
    semantic = {label: number for number, label in enumerate(sorted(set(labels.values())), start=2)}
    id_to_labels = {key(number): {"class": label} for label, number in semantic.items()}
    ids = {path: number for number, path in enumerate(labels, start=2)}
    own = {frame.entity_ids[path]: number for path, number in ids.items() if path in frame.entity_ids}
    table = np.ones(max([1, *frame.entity_ids.values()]) + 1, dtype=np.uint32)
    table[0] = 0
    for before, after in own.items():
        table[before] = after
    instance = table[frame.buffers[Buffer.INSTANCE]]
    seen = {item.path: item.visibility for item in frame.objects if item.visibility is not None and item.path in ids}
    tight = [
        (path, (semantic[labels[path]], *item.box_tight, item.occlusion if item.occlusion is not None else -1.0))
        for path, item in sorted(seen.items())
        if item.visible_px
    ]
    loose = [(path, (semantic[labels[path]], *item.box_loose, item.occlusion)) for path, item in sorted(seen.items())]
    boxes: list[tuple[str, Any]] = []
    for item in frame.objects:
        if item.path in seen:
            visibility = seen[item.path]
            matrix = item.object_to_world @ frame.stage_from_world
            boxes.append((item.path, (semantic[labels[item.path]], *item.box_local.ravel(), matrix, visibility.occlusion)))
    for item in frame.room:
        if item.path in ids:
            boxes.append((item.path, (semantic[item.label], *_own_box(stage, item.path), -1.0)))
    params = camera_params(frame.camera, meters_per_unit=frame.meters_per_unit, stage_from_world=frame.stage_from_world)
    result: Outputs = {
        "distance_to_image_plane": (frame.buffers[Buffer.DEPTH].copy(), {}),
        "instance_segmentation": (
            instance,
            {
                "idToLabels": {key(0): "BACKGROUND", key(1): "UNLABELLED", **{key(n): path for path, n in ids.items()}},
                "idToSemantics": {
                    key(0): {"class": "BACKGROUND"},
                    key(1): {"class": "UNLABELLED"},
                    **{key(number): {"class": labels[path]} for path, number in ids.items()},
                },
            },
        ),
        "bounding_box_2d_tight": _boxes(tight, BOX_2D, id_to_labels),
        "bounding_box_2d_loose": _boxes(loose, BOX_2D, id_to_labels),
        "bounding_box_3d": _boxes(sorted(boxes, key=lambda row: row[0]), BOX_3D, id_to_labels),
        "camera_params": (params, {}),
    }
    if Buffer.RGB in frame.buffers:
        result["rgb"] = (frame.buffers[Buffer.RGB].copy(), {})
    if Buffer.SEMANTIC in frame.buffers:
        result["semantic_segmentation"] = (frame.buffers[Buffer.SEMANTIC].copy(), {"idToLabels": id_to_labels})
    return result


def empty_outputs(outputs: Outputs) -> Outputs:
    """Return a warm-up frame: zero-length arrays of the same types."""
    result: Outputs = {}
    for name, (data, info) in outputs.items():
        if isinstance(data, Mapping):
            result[name] = ({**data, "cameraViewTransform": np.zeros(16)}, {})
        else:
            result[name] = (data[:0], {key: type(value)() for key, value in info.items()})
    return result


def legacy(products: Mapping[str, Outputs]) -> dict[str, Any]:
    """Return the legacy shape; with several render products keys end in ``-<name>``."""
    data: dict[str, Any] = {"trigger_outputs": {"on_frame": 1}, "reference_time": (1, 60)}
    for product, outputs in products.items():
        suffix = f"-{product}" if len(products) > 1 else ""
        for name, (value, info) in outputs.items():
            plain = name in _PLAIN or name == "camera_params"
            data[f"{name}{suffix}"] = value if plain else {"data": value, "info": info}
    return data


def annotator_shape(products: Mapping[str, Outputs]) -> dict[str, Any]:
    """Return the ``annotator`` shape."""
    data: dict[str, Any] = {}
    for product, outputs in products.items():
        for name, (value, info) in outputs.items():
            entry = value if name == "camera_params" else {"data": value, **info}
            data.setdefault(name, {})[product] = entry
    return {"annotators": data, "reference_time": (1, 60)}


def render_product_shape(products: Mapping[str, Outputs], *, cameras: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the ``renderProduct`` shape: what ``info`` holds stands beside ``data``."""
    data: dict[str, Any] = {}
    for product, outputs in products.items():
        entry: dict[str, Any] = {}
        for name, (value, info) in outputs.items():
            entry[name] = value if name == "camera_params" else {"data": value, **info}
        resolution = outputs["camera_params"][0]["renderProductResolution"]
        entry["resolution"] = np.array(resolution)
        if cameras is not None:
            entry["camera"] = cameras[product]
        data[product] = entry
    return {"renderProducts": data, "reference_time": (1, 60)}


def _own_box(stage: Usd.Stage, path: str) -> tuple[Any, ...]:
    """Return a prim's box in its own frame, six numbers, and its local -> stage matrix."""
    prim = stage.GetPrimAtPath(path)
    time = Usd.TimeCode(stage.GetStartTimeCode())
    purposes = [UsdGeom.Tokens.default_, UsdGeom.Tokens.render]
    box = UsdGeom.BBoxCache(time, purposes).ComputeUntransformedBound(prim).ComputeAlignedRange()
    matrix = np.array(UsdGeom.XformCache(time).GetLocalToWorldTransform(prim))
    return (*box.GetMin(), *box.GetMax(), matrix)


def _boxes(rows: Sequence[tuple[str, Any]], dtype: np.dtype, id_to_labels: Mapping[Any, Any]) -> tuple[np.ndarray, dict]:
    array = np.zeros(len(rows), dtype=dtype)
    for index, (_, values) in enumerate(rows):
        array[index] = values
    info = {"idToLabels": dict(id_to_labels), "primPaths": [path for path, _ in rows], "bboxIds": list(range(len(rows)))}
    return array, info
