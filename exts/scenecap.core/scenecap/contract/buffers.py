"""Per-pixel buffers of a frame: dtype, channels, unit, no-data value."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

#: Ids in the instance buffer that are not an object (Replicator's).
BACKGROUND_ID = 0
UNLABELLED_ID = 1
FIRST_ENTITY_ID = 2


class Buffer(str, enum.Enum):
    """Per-pixel buffers of a frame; the values are Replicator's annotator names where it has one."""

    RGB = "rgb"
    DEPTH = "distance_to_image_plane"
    NORMALS = "normals"
    INSTANCE = "instance_segmentation"
    SEMANTIC = "semantic_segmentation"
    ALBEDO = "albedo"


@dataclass(frozen=True)
class BufferSpec:
    """What a buffer holds."""

    dtype: str
    channels: int  # 0 for a plain (H, W) array
    unit: str
    no_data: float  # where nothing was hit
    meaning: str


BUFFER_SPECS: Mapping[Buffer, BufferSpec] = {
    Buffer.RGB: BufferSpec("uint8", 4, "sRGB", 0, "the picture, RGBA"),
    Buffer.DEPTH: BufferSpec("float32", 0, "m", math.inf, "distance to the image plane (not to the camera's centre)"),
    Buffer.NORMALS: BufferSpec("float32", 4, "1", 0.0, "unit normal in world axes, towards the camera; w is 1 where hit"),
    Buffer.INSTANCE: BufferSpec("uint32", 0, "id", BACKGROUND_ID, "0 background, 1 unlabelled, else Frame.entity_ids"),
    Buffer.SEMANTIC: BufferSpec("uint32", 0, "id", BACKGROUND_ID, "0 background, 1 unlabelled, else Frame.semantic_ids"),
    Buffer.ALBEDO: BufferSpec("uint8", 3, "sRGB", 0, "authored base colour without any light"),
}
