"""What the camera sees of each object: the renderer's pixels where it has them, the geometry's where it has not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects

from scenecap.capture.payload import Payload
from scenecap.capture.payload_objects import ancestors
from scenecap.capture.raster import RasterResult
from scenecap.capture.world import UNOWNED_SLOT, Moment
from scenecap.errors import CaptureError

#: Pixel counts of renderer and rasteriser that differ by less than this share (or by two pixels) are of the same view.
_AGREES = 0.02
#: A pixel is of an object that Replicator does not know where depths differ by less than this share (plus 1 cm).
_SAME_DEPTH = 0.01


@dataclass(frozen=True, eq=False)
class SeenObjects:
    """The payload's segmentation as slots.

    Attributes:
        result: As the rasteriser's, with the renderer's pixels, counts and boxes.
        drawn_alike: (H, W) bool, where renderer and rasteriser show the same object.
        warnings: What a person should know.
    """

    result: RasterResult
    drawn_alike: np.ndarray
    warnings: tuple[str, ...]


def merge_seen(payload: Payload, at: Moment, raster: RasterResult, *, attach: bool) -> SeenObjects:
    """Return what is seen of each slot.

    Args:
        payload: One render product's outputs.
        at: The stage at that time.
        raster: What the rasteriser shows from the same camera.
        attach: Objects without a label count: pixels that Replicator has under no label are theirs where the geometry says so.

    Raises:
        CaptureError: A picture has another size than the camera.
    """
    shape = raster.entity.shape
    for name, picture in (("instance_segmentation", payload.instance_ids), ("distance_to_image_plane", payload.depth)):
        if picture is not None and picture.shape[:2] != shape:
            raise CaptureError(
                f"{name} is {picture.shape[1]}x{picture.shape[0]} px, the camera {shape[1]}x{shape[0]}.",
                remedy="Attach all annotators to the same render product.",
            )
    slots = {entity.path: slot for slot, entity in enumerate(at.slots) if entity is not None}
    warnings: list[str] = []
    if payload.instance_ids is None:
        entity = raster.entity
        warnings.append("without instance_segmentation, what is seen is worked out from the stage's geometry")
    else:
        entity, known = _owned(payload.instance_ids, payload.instance_paths, slots)
        if attach:
            entity, filled = _fill(entity, known, payload, raster, slots)
            if filled:
                warnings.append(
                    f"{filled} {'object has' if filled == 1 else 'objects have'} no label in Replicator; "
                    "their pixels are worked out from the stage's geometry"
                )
    count = len(at.slots)
    visible = np.bincount(entity[entity >= 0], minlength=count).astype(np.int64)
    tight = _boxes(entity, count)
    agrees = np.abs(visible - raster.visible_px) <= np.maximum(_AGREES * raster.visible_px, 2)
    alone = np.where(agrees, np.maximum(raster.unoccluded_px, visible), visible)
    loose = np.where(agrees[:, None], raster.box_loose, tight)
    truncated = raster.truncated.copy()
    _take_rows(payload, slots, agrees, visible, alone, loose)
    for slot in np.flatnonzero(~agrees & (visible > 0)):
        loose[slot] = _union(loose[slot], tight[slot])
        x0, y0, x1, y1 = loose[slot]
        truncated[slot] = x0 <= 0 or y0 <= 0 or x1 >= shape[1] - 1 or y1 >= shape[0] - 1
    result = dataclasses.replace(
        raster,
        entity=entity,
        depth=raster.depth if payload.depth is None else payload.depth,
        visible_px=visible,
        unoccluded_px=alone,
        box_tight=tight,
        box_loose=loose,
        truncated=truncated,
    )
    return SeenObjects(result, (entity == raster.entity) & (entity >= 0), tuple(warnings))


def _owned(ids: np.ndarray, paths: Mapping[int, str], slots: Mapping[str, int]) -> tuple[np.ndarray, set[int]]:
    """Return (H, W) int32 slots, -1 background, and which slots Replicator knows. Labelled parts belong to their object."""
    lookup = np.full(int(ids.max(initial=1)) + 1, UNOWNED_SLOT, dtype=np.int32)
    lookup[0] = -1
    known: set[int] = set()
    for number, path in paths.items():
        owner = next((slots[item] for item in (path, *ancestors(path)) if item in slots), None)
        if owner is not None:
            known.add(owner)
            if 1 < number < len(lookup):
                lookup[number] = owner
    return lookup[ids], known


def _fill(
    entity: np.ndarray, known: set[int], payload: Payload, raster: RasterResult, slots: Mapping[str, int]
) -> tuple[np.ndarray, int]:
    """Give pixels that are under no label to the unlabelled objects that the geometry shows there."""
    labelled = known | {
        slots[item]
        for row in (*(payload.boxes_3d or ()), *(payload.boxes_tight or ()))
        for item in (row.path, *ancestors(row.path))
        if item in slots
    }
    unlabelled = np.ones(len(raster.visible_px), dtype=bool)
    unlabelled[[UNOWNED_SLOT, *labelled]] = False
    where = (entity <= UNOWNED_SLOT) & (raster.entity >= 0)
    where &= unlabelled[np.maximum(raster.entity, 0)]
    if payload.depth is not None:
        with np.errstate(invalid="ignore"):
            where &= np.abs(payload.depth - raster.depth) <= _SAME_DEPTH * raster.depth + np.float32(0.01)
    if not where.any():
        return entity, 0
    filled = entity.copy()
    filled[where] = raster.entity[where]
    return filled, len(np.unique(raster.entity[where]))


def _boxes(entity: np.ndarray, count: int) -> np.ndarray:
    boxes = np.empty((count, 4), dtype=np.int32)
    boxes[:, :2], boxes[:, 2:] = np.iinfo(np.int32).max, -1
    for slot, found in enumerate(find_objects(entity + 1, max_label=count)):
        if found is not None:
            rows, columns = found
            boxes[slot] = (columns.start, rows.start, columns.stop - 1, rows.stop - 1)
    return boxes


def _take_rows(
    payload: Payload,
    slots: Mapping[str, int],
    agrees: np.ndarray,
    visible: np.ndarray,
    alone: np.ndarray,
    loose: np.ndarray,
) -> None:
    """Take occlusion and loose boxes from rows where the rasteriser sees something else than the renderer."""
    for row in payload.boxes_loose or ():
        slot = next((slots[item] for item in (row.path, *ancestors(row.path)) if item in slots), None)
        if slot is not None and not agrees[slot] and row.values[2] >= row.values[0] and row.values[3] >= row.values[1]:
            loose[slot] = _union(loose[slot], row.values)
    occlusion = {row.path: row.occlusion for row in payload.boxes_3d or ()}
    occlusion |= {row.path: row.occlusion for row in payload.boxes_tight or () if row.occlusion is not None}
    for path, ratio in occlusion.items():
        slot = slots.get(path)
        if slot is not None and ratio is not None and ratio < 1.0 and not agrees[slot]:
            alone[slot] = max(round(visible[slot] / (1.0 - ratio)), visible[slot])


def _union(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([np.minimum(first[:2], second[:2]), np.maximum(first[2:], second[2:])])
