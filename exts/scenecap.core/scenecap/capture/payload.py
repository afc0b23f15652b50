"""Annotator outputs as Replicator hands them over or BasicWriter stores them, taken apart into plain types.

No file is read here: a recorded folder and a writer inside Isaac Sim both end in a :class:`Payload`. What varies between
versions is met once: keys of ``idToLabels`` as int, numpy int or str, colours as keys, comma-joined labels, occlusion -1 or
NaN, depth 0 or infinity where nothing is hit, empty arrays, missing fields.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scenecap.errors import CaptureError
from scenecap.replicator_format import BACKGROUND_LABEL, UNLABELLED_LABEL, parse_color_key
from scenecap.text import MAX_LABEL, clean_text

#: Labels that say nothing.
_NO_LABEL = frozenset((BACKGROUND_LABEL.lower(), UNLABELLED_LABEL.lower(), "none", "invalid", ""))

Labels = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class BoxRow:
    """One row of a bounding box annotator.

    Attributes:
        path: Prim path.
        labels: Semantic type -> labels; empty where the row has none.
        values: ``x_min, y_min, x_max, y_max`` [px] of a 2D box, or the (2, 3) local box of a 3D one.
        transform: (4, 4) float64 local -> stage (row vectors) of a 3D box.
        occlusion: 0 (visible) to 1, None where it is not known.
    """

    path: str
    labels: Labels
    values: np.ndarray
    transform: np.ndarray | None = None
    occlusion: float | None = None


@dataclass(frozen=True, eq=False)
class Payload:
    """The annotator outputs of one camera at one time; what was not recorded is None.

    Attributes:
        camera_params: Replicator's parameters of the camera.
        rgb: (H, W, 4) uint8.
        depth: (H, W) float32 distance to the image plane [m], inf where nothing is hit.
        normals: (H, W, 4) float32 unit vectors in the stage's axes, w = 1 where there is a surface.
        instance_ids: (H, W) uint32; 0 background, 1 unlabelled.
        instance_paths: Instance id -> prim path.
        instance_labels: Instance id -> labels.
        semantic_ids: (H, W) uint32; 0 background, 1 unlabelled.
        semantic_labels: Semantic id -> labels.
        boxes_tight: Rows of ``bounding_box_2d_tight``.
        boxes_loose: Rows of ``bounding_box_2d_loose``.
        boxes_3d: Rows of ``bounding_box_3d``.
    """

    camera_params: Mapping[str, Any] | None = None
    rgb: np.ndarray | None = None
    depth: np.ndarray | None = None
    normals: np.ndarray | None = None
    instance_ids: np.ndarray | None = None
    instance_paths: Mapping[int, str] = field(default_factory=dict)
    instance_labels: Mapping[int, Labels] = field(default_factory=dict)
    semantic_ids: np.ndarray | None = None
    semantic_labels: Mapping[int, Labels] = field(default_factory=dict)
    boxes_tight: tuple[BoxRow, ...] | None = None
    boxes_loose: tuple[BoxRow, ...] | None = None
    boxes_3d: tuple[BoxRow, ...] | None = None


def parse_labels(value: Any) -> dict[str, tuple[str, ...]]:
    """Return a label set as semantic type -> labels.

    Args:
        value: ``{"class": "bowl,cup"}``, ``{"class": ["bowl"]}`` or a bare "bowl". Labels that say nothing (BACKGROUND,
            UNLABELLED, none) are dropped; text is cleaned and capped.
    """
    items = value.items() if isinstance(value, Mapping) else [("class", value)]
    result: dict[str, tuple[str, ...]] = {}
    for kind, labels in items:
        parts = labels if isinstance(labels, (list, tuple)) else str(labels).split(",")
        clean = [clean_text(part, limit=MAX_LABEL) for part in parts]
        kept = tuple(dict.fromkeys(part for part in clean if part.lower() not in _NO_LABEL))
        if kept:
            result[clean_text(kind)] = kept
    return result


def parse_id_to_labels(mapping: Mapping[Any, Any]) -> dict[int, dict[str, tuple[str, ...]]]:
    """Return ``idToLabels`` with plain int keys, whatever the keys' type was; keys that are no ids are dropped."""
    result = {}
    for key, value in mapping.items():
        number = _as_int(key)
        if number is not None:
            result[number] = parse_labels(value)
    return result


def _as_int(key: Any) -> int | None:
    try:
        return int(key)
    except (TypeError, ValueError):
        return None


def parse_boxes_2d(array: np.ndarray, id_to_labels: Mapping[Any, Any], prim_paths: Sequence[str]) -> tuple[BoxRow, ...]:
    """Return the rows of ``bounding_box_2d_tight`` or ``_loose``.

    Raises:
        CaptureError: The array has other fields, or not one prim path per row.
    """
    fields = ("semanticId", "x_min", "y_min", "x_max", "y_max")
    labels = _check_boxes("bounding_box_2d", array, fields, id_to_labels, prim_paths)
    occlusion = _occlusion(array)
    return tuple(
        BoxRow(
            path=str(path),
            labels=labels.get(int(row["semanticId"]), {}),
            values=np.array([row["x_min"], row["y_min"], row["x_max"], row["y_max"]], dtype=np.int64),
            occlusion=ratio,
        )
        for row, path, ratio in zip(array, prim_paths, occlusion, strict=True)
    )


def parse_boxes_3d(array: np.ndarray, id_to_labels: Mapping[Any, Any], prim_paths: Sequence[str]) -> tuple[BoxRow, ...]:
    """Return the rows of ``bounding_box_3d``; rows without a finite box are dropped.

    Raises:
        CaptureError: The array has other fields, or not one prim path per row.
    """
    fields = ("semanticId", "x_min", "y_min", "z_min", "x_max", "y_max", "z_max", "transform")
    labels = _check_boxes("bounding_box_3d", array, fields, id_to_labels, prim_paths)
    rows = []
    for row, path, ratio in zip(array, prim_paths, _occlusion(array), strict=True):
        values = np.array([[row[f"{axis}_{end}"] for axis in "xyz"] for end in ("min", "max")], dtype=np.float64)
        transform = np.asarray(row["transform"], dtype=np.float64).reshape(4, 4)
        # An empty prim has +-3.4e38 or an inverted box: there is nothing to place.
        if np.abs(values).max() > 1e30 or not np.isfinite(transform).all() or (values[1] < values[0]).any():
            continue
        rows.append(BoxRow(str(path), labels.get(int(row["semanticId"]), {}), values, transform=transform, occlusion=ratio))
    return tuple(rows)


def _check_boxes(
    name: str, array: np.ndarray, fields: Sequence[str], id_to_labels: Mapping[Any, Any], prim_paths: Sequence[str]
) -> dict[int, dict[str, tuple[str, ...]]]:
    missing = [item for item in fields if item not in (array.dtype.names or ())]
    if missing:
        raise CaptureError(f"{name}: the array has no field {missing[0]}; it has {list(array.dtype.names or ())}.")
    if len(array) != len(prim_paths):
        raise CaptureError(
            f"{name}: {len(array)} rows but {len(prim_paths)} prim paths.",
            remedy="The rows cannot be told apart without them; record with a Replicator that writes primPaths.",
        )
    return parse_id_to_labels(id_to_labels)


def _occlusion(array: np.ndarray) -> list[float | None]:
    """Return the occlusion of each row; None for -1 (labelled descendants), NaN, or an array without the field."""
    if "occlusionRatio" not in (array.dtype.names or ()):
        return [None] * len(array)
    ratios = array["occlusionRatio"].astype(np.float64)
    return [min(float(ratio), 1.0) if math.isfinite(ratio) and ratio >= 0 else None for ratio in ratios]


def parse_segmentation(picture: np.ndarray, *mappings: Mapping[Any, Any]) -> tuple[np.ndarray, tuple[dict[int, Any], ...]]:
    """Return a segmentation as ids, whether it was recorded as ids or as colours.

    Args:
        picture: (H, W) unsigned ids, or (H, W, 4) uint8 colours.
        mappings: Mappings whose keys are the ids (int, numpy int, str) or the colours (``"(r, g, b, a)"``).

    Returns:
        (H, W) uint32 ids, and the mappings by id. Colours get ids in the order of the first mapping, background (0, 0, 0, 0)
        0 and unlabelled (0, 0, 0, 255) 1; a colour that no mapping holds counts as unlabelled.
    """
    if picture.ndim == 2:
        ids = picture.astype(np.uint32)
        return ids, tuple({n: v for key, v in mapping.items() if (n := _as_int(key)) is not None} for mapping in mappings)
    wide = picture.astype(np.uint32)
    if wide.shape[2] == 3:
        wide = np.concatenate([wide, np.full((*wide.shape[:2], 1), 255, np.uint32)], axis=2)
    codes = (wide[..., 0] << 24) | (wide[..., 1] << 16) | (wide[..., 2] << 8) | wide[..., 3]
    number_of = {0: 0, 255: 1}
    by_id: list[dict[int, Any]] = []
    for mapping in mappings:
        numbered = {}
        for key, value in mapping.items():
            color = parse_color_key(str(key))
            if color is None or len(color) not in (3, 4):
                continue
            code = (color[0] << 24) | (color[1] << 16) | (color[2] << 8) | (color[3] if len(color) == 4 else 255)
            numbered[number_of.setdefault(code, len(number_of))] = value
        by_id.append(numbered)
    present, inverse = np.unique(codes, return_inverse=True)
    lookup = np.array([number_of.get(int(code), 1) for code in present], dtype=np.uint32)
    return lookup[inverse].reshape(codes.shape), tuple(by_id)


def parse_depth(depth: np.ndarray) -> np.ndarray:
    """Return (H, W) float32 depth [m] with infinity where nothing is hit (recorded as infinity, NaN, 0 or less)."""
    result = np.asarray(depth, dtype=np.float32)
    result = result.reshape(result.shape[:2]).copy()
    result[~(np.isfinite(result) & (result > 0))] = np.inf
    return result


def parse_rgb(picture: np.ndarray) -> np.ndarray:
    """Return a picture (H, W[, 3 or 4]) uint8 as (H, W, 4)."""
    picture = np.asarray(picture, dtype=np.uint8)
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    if picture.shape[2] == 3:
        picture = np.concatenate([picture, np.full((*picture.shape[:2], 1), 255, np.uint8)], axis=2)
    return np.ascontiguousarray(picture)
