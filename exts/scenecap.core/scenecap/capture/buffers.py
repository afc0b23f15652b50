"""From what the rasteriser found to the buffers and visibilities of a Frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scenecap.capture.gbuffer import GBuffer
from scenecap.capture.raster import RasterResult, median_depths
from scenecap.colours import ColorShares, grouped_color_shares
from scenecap.contract import (
    BACKGROUND_ID,
    FIRST_ENTITY_ID,
    LENGTH_DECIMALS,
    UNLABELLED_ID,
    Visibility,
)
from scenecap.replicator_format import semantic_label
from scenecap.stage.model import StageEntity

#: Decimals of occlusion ratios.
_RATIO_DECIMALS = 6


def semantic_ids(slots: Sequence[StageEntity | None]) -> dict[str, int]:
    """Return label -> id in the semantic buffer, for all labels of a stage in alphabetical order.

    Args:
        slots: Entities by slot; None for what belongs to nothing.
    """
    labels = sorted({semantic_label(entity) for entity in slots if entity is not None})
    return {label: number for number, label in enumerate(labels, start=FIRST_ENTITY_ID)}


def instance_buffer(entity: np.ndarray) -> np.ndarray:
    """Return (H, W) uint32 ids of slots: 0 background, 1 what belongs to nothing (slot 0), from 2 on the entities."""
    return np.where(entity < 0, BACKGROUND_ID, entity + UNLABELLED_ID).astype(np.uint32)


def semantic_buffer(entity: np.ndarray, slots: Sequence[StageEntity | None], ids: Mapping[str, int]) -> np.ndarray:
    """Return (H, W) uint32 label ids of slots."""
    table = np.array(
        [BACKGROUND_ID, *(UNLABELLED_ID if slot is None else ids[semantic_label(slot)] for slot in slots)], dtype=np.uint32
    )
    return table[entity + 1]


def normal_buffer(gbuffer: GBuffer) -> np.ndarray:
    """Return (H, W, 4) float32: unit normal in world, and 1 where something was hit."""
    return np.concatenate([gbuffer.normal, (gbuffer.gprim >= 0)[..., None]], axis=2, dtype=np.float32)


def visibilities(
    result: RasterResult, *, slot_count: int, albedo: np.ndarray | None, albedo_known: np.ndarray | None
) -> list[Visibility | None]:
    """Return what the camera sees of each slot's entity; None for those that cover no pixel of the picture.

    An entity that is in the picture but wholly hidden has ``visible_px`` 0 and the empty box (0, 0, -1, -1).

    Args:
        result: The rasteriser's.
        slot_count: Number of slots.
        albedo: (H, W, 3) uint8 base colour, or None: no colour shares.
        albedo_known: (H, W) bool, where it was authored.
    """
    shares: list[ColorShares] = [()] * slot_count
    if albedo is not None:
        shares = grouped_color_shares(
            albedo.reshape(-1, 3),
            result.entity.ravel(),
            count=slot_count,
            known=None if albedo_known is None else albedo_known.ravel(),
        )
    found: list[Visibility | None] = [None] * slot_count
    counts = result.visible_px.tolist(), result.unoccluded_px.tolist()
    boxes = result.box_tight.tolist(), result.box_loose.tolist()
    truncated, median = result.truncated.tolist(), median_depths(result).tolist()
    for slot, (seen, alone) in enumerate(zip(*counts, strict=True)):
        if alone > 0:
            found[slot] = Visibility(
                box_tight=tuple(boxes[0][slot]) if seen else (0, 0, -1, -1),
                box_loose=tuple(boxes[1][slot]),
                visible_px=seen,
                unoccluded_px=alone,
                occlusion=round(1.0 - seen / alone, _RATIO_DECIMALS),
                truncated=truncated[slot],
                median_depth=round(median[slot], LENGTH_DECIMALS) if seen else None,
                color_shares=shares[slot],
            )
    return found
