"""From one render product's outputs to a :class:`~scenecap.contract.Frame`.

What Replicator gives is parsed by the same functions that read recorded datasets. Where the stage is known, a
:class:`~scenecap_replicator.probe.StageProbe` then adds what annotators cannot say: exact boxes, contacts, colours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scenecap.capture.payload import (
    Payload,
    parse_boxes_2d,
    parse_boxes_3d,
    parse_depth,
    parse_labels,
    parse_rgb,
    parse_segmentation,
)
from scenecap.capture.payload_frame import FrameIdentity, frame_from_payload
from scenecap.contract import Frame
from scenecap.errors import CaptureError
from scenecap.stage.settings import LabelSettings
from scenecap_replicator.payload_shapes import RawAnnotator, RenderProductPayload, as_array

if TYPE_CHECKING:
    from scenecap_replicator.probe import StageMoment, StageProbe

#: Annotators without which there is no frame, and what each of them tells.
NEEDED: Mapping[str, str] = {
    "camera_params": "where the camera is and how it projects",
    "bounding_box_3d": "where objects are and how large they are",
}

#: What comes of a frame without one of the others. (Without instance_segmentation, the frame itself says what is estimated.)
WITHOUT: Mapping[str, str] = {
    "rgb": "no picture is written, and the overlay is drawn on shapes",
    "distance_to_image_plane": "depths come from the stage's geometry, or there are none",
    "bounding_box_2d_tight": "what is hidden is worked out from the stage's geometry, or not known",
    "bounding_box_2d_loose": "boxes of hidden parts come from the stage's geometry, or are those of what is seen",
    "normals": "the normals are not written",
    "semantic_segmentation": "the semantic segmentation is not written",
}

_BOXES = ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d")
_PICTURES = ("rgb", "distance_to_image_plane", "normals", "instance_segmentation", "semantic_segmentation")


@dataclass(frozen=True, eq=False)
class FrameContext:
    """What a payload does not say about its frame.

    Attributes:
        scene: Name of the scene, safe for a path.
        camera: Prim path of the render product's camera.
        frame_index: Number of the frame.
        time_code: USD time code.
        up_axis: The stage's up axis, "z" or "y".
        labels: How labels are cleaned, the user's map.
        probe: What is known of the stage; None: boxes only.
        moment: Where the stage's prims were when the payload came, from :meth:`StageProbe.read_moment`.
        warnings: What a person should know about the frame.
    """

    scene: str
    camera: str
    frame_index: int = 0
    time_code: float = 0.0
    up_axis: str = "z"
    labels: LabelSettings = field(default_factory=lambda: LabelSettings.model_validate({}))
    probe: StageProbe | None = None
    moment: StageMoment | None = None
    warnings: tuple[str, ...] = ()


def empty_because(product: RenderProductPayload) -> str | None:
    """Return why a render product's outputs hold nothing yet, or None where they hold a frame.

    Replicator's first frames after ``attach`` come before anything was rendered: outputs are None, arrays have no elements, or
    there is a black picture without a single label.
    """
    for name in _PICTURES:
        raw = product.annotators.get(name)
        if raw is not None and _is_empty(raw):
            return f"{name} is empty"
    camera = product.annotators.get("camera_params")
    if camera is not None and not _has_pose(camera.data):
        return "camera_params has no pose"
    if any(not _is_empty(product.annotators[name]) for name in _BOXES if name in product.annotators):
        return None
    ids = as_array(product.annotators["instance_segmentation"].data) if "instance_segmentation" in product.annotators else None
    if ids is not None and ids.any() and not _one_value(ids):
        return None
    return "no box and no labelled pixel"


def missing_outputs(product: RenderProductPayload, asked: Iterable[str]) -> tuple[str, ...]:
    """Return, for each annotator that was asked for and that the outputs do not have, what the frame is without.

    Args:
        product: The outputs.
        asked: Names of the annotators that were attached.
    """
    there = {name for name, raw in product.annotators.items() if raw.data is not None}
    return tuple(f"the payload has no {name}: {WITHOUT[name]}" for name in asked if name in WITHOUT and name not in there)


def payload_from_outputs(product: RenderProductPayload) -> Payload:
    """Return the outputs of a render product as plain types.

    Args:
        product: The outputs; ids may be int, numpy int or str, occlusion -1 or NaN, depth 0 or infinite where nothing is.

    Raises:
        CaptureError: An array has other fields than the annotator's, or prim paths are missing.
    """
    outputs = {name: raw for name, raw in product.annotators.items() if raw.data is not None}
    instance, (paths, labels) = _segmentation(outputs.get("instance_segmentation"), "idToLabels", "idToSemantics")
    semantic, (semantic_labels,) = _segmentation(outputs.get("semantic_segmentation"), "idToLabels")
    rgb, depth, normals = (_array(outputs, name) for name in ("rgb", "distance_to_image_plane", "normals"))
    params = dict(outputs["camera_params"].data) if "camera_params" in outputs else None
    if params is not None and params.get("renderProductResolution") is None and product.resolution is not None:
        params["renderProductResolution"] = list(product.resolution)
    return Payload(
        camera_params=params,
        rgb=None if rgb is None else parse_rgb(rgb),
        depth=None if depth is None else parse_depth(depth),
        normals=None if normals is None else _normals(normals),
        instance_ids=instance,
        instance_paths={number: str(path) for number, path in paths.items()},
        instance_labels={number: parse_labels(value) for number, value in labels.items()},
        semantic_ids=semantic,
        semantic_labels={number: parse_labels(value) for number, value in semantic_labels.items()},
        boxes_tight=_boxes(outputs, "bounding_box_2d_tight"),
        boxes_loose=_boxes(outputs, "bounding_box_2d_loose"),
        boxes_3d=_boxes(outputs, "bounding_box_3d"),
    )


def frame_from_outputs(product: RenderProductPayload, context: FrameContext) -> Frame:
    """Return the frame of one render product.

    Args:
        product: Its outputs; not changed and not kept.
        context: What they do not say.

    Raises:
        CaptureError: An annotator that is needed is missing (names it and what it is for), or is not as Replicator's.
        CameraError: The camera is no pinhole with square pixels.
    """
    for name, purpose in NEEDED.items():
        raw = product.annotators.get(name)
        if raw is None or raw.data is None:
            raise CaptureError(
                f"{context.camera}, frame {context.frame_index}: {name} is not in the payload; it tells {purpose}.",
                remedy=f"Attach the annotator {name} with the writer.",
            )
    payload = payload_from_outputs(product)
    identity = FrameIdentity(
        scene=context.scene,
        camera=context.camera,
        frame_index=context.frame_index,
        time_code=context.time_code,
        up_axis=context.up_axis,
        source="replicator",
    )
    if context.probe is not None and context.moment is not None:
        frame = context.probe.frame(payload, identity, context.moment)
    else:
        frame = frame_from_payload(payload, identity, labels=context.labels)
    if not context.warnings:
        return frame
    return dataclasses.replace(frame, warnings=tuple(dict.fromkeys((*frame.warnings, *context.warnings))))


def _is_empty(raw: RawAnnotator) -> bool:
    array = as_array(raw.data)
    return array is None or array.size == 0


def _one_value(array: np.ndarray) -> bool:
    """Whether ids are background or unlabelled everywhere (as colours: one colour)."""
    if array.ndim == 3:
        return bool((array == array[:1, :1]).all())
    return bool((array <= 1).all())


def _has_pose(params: Any) -> bool:
    if not isinstance(params, Mapping):
        return False
    matrix = as_array(params.get("cameraViewTransform"))
    return matrix is not None and matrix.size == 16 and bool(np.asarray(matrix, dtype=np.float64).any())


def _array(outputs: Mapping[str, RawAnnotator], name: str) -> np.ndarray | None:
    return as_array(outputs[name].data) if name in outputs else None


def _segmentation(raw: RawAnnotator | None, *keys: str) -> tuple[np.ndarray | None, tuple[dict[int, Any], ...]]:
    picture = None if raw is None else as_array(raw.data)
    if raw is None or picture is None:
        return None, tuple({} for _ in keys)
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[..., 0]
    return parse_segmentation(picture, *(raw.info.get(key) or {} for key in keys))


def _boxes(outputs: Mapping[str, RawAnnotator], name: str) -> Any:
    raw = outputs.get(name)
    array = None if raw is None else as_array(raw.data)
    if raw is None or array is None:
        return None
    if not len(array):
        return ()
    parse = parse_boxes_3d if name == "bounding_box_3d" else parse_boxes_2d
    paths = raw.info.get("primPaths")
    try:
        return parse(array, raw.info.get("idToLabels") or {}, [] if paths is None else [str(path) for path in paths])
    except CaptureError as error:
        raise CaptureError(f"{name}: {error.message.removeprefix('bounding_box_2d: ')}", remedy=error.remedy) from error


def _normals(normals: np.ndarray) -> np.ndarray:
    """Return (H, W, 4) float32 with w = 1 where there is a surface; Replicator leaves w to chance."""
    result = np.zeros((*normals.shape[:2], 4), dtype=np.float32)
    result[..., :3] = normals[..., :3]
    result[..., 3] = np.linalg.norm(result[..., :3], axis=-1) > 0.5
    return result
