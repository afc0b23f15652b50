"""What the overlay is drawn on: the picture, or a neutral rendering of the ground truth where there is none."""

from __future__ import annotations

import numpy as np
from PIL import Image

from scenecap.contract import Buffer, Frame
from scenecap.replicator_format import id_colors

_PAPER = 232  # grey of what nothing is known about


def base_picture(frame: Frame) -> Image.Image:
    """Return an RGB picture of the frame's size.

    The rendered picture over white; without one, grey shading by the normals with a tint per object; with ids only, flat
    tints; without any buffer, plain grey. The room has no tint.
    """
    rgb = frame.buffers.get(Buffer.RGB)
    shape = (frame.camera.height, frame.camera.width)
    if rgb is not None:
        alpha = rgb[..., 3:].astype(np.uint16)
        if (alpha == 255).all():
            return Image.fromarray(np.ascontiguousarray(rgb[..., :3]))
        over_white = (rgb[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
        return Image.fromarray(over_white.astype(np.uint8))
    shade = _shade(frame)
    ids = frame.buffers.get(Buffer.INSTANCE)
    if ids is None:
        return Image.fromarray(np.repeat((shade * _PAPER).astype(np.uint8)[..., None], 3, axis=2).reshape(*shape, 3))
    # Half-way between grey and the id's colour: objects are told apart and the drawing on top still stands out.
    tints = np.full((int(ids.max()) + 1, 3), _PAPER, dtype=np.float32)  # the room stays paper
    objects = [number for item in frame.objects if (number := frame.entity_ids.get(item.path)) is not None]
    objects = [number for number in objects if number < len(tints)]
    tints[objects] = 0.35 * id_colors(len(tints))[objects, :3].astype(np.float32) + 0.65 * _PAPER
    return Image.fromarray((np.take(tints, ids, axis=0) * shade[..., None]).astype(np.uint8))


def _shade(frame: Frame) -> np.ndarray:
    """Return (H, W) float32 brightness 0..1: a lamp at the viewer's left shoulder, or flat without normals."""
    normals = frame.buffers.get(Buffer.NORMALS)
    if normals is None:
        return np.ones((frame.camera.height, frame.camera.width), dtype=np.float32)
    rotation = frame.camera.camera_to_world[:3, :3]
    lamp = np.append(np.array([-0.35, 0.6, 0.72]) @ rotation, 0.0)  # four entries: a product over whole rows is quicker
    facing = np.clip(normals @ lamp.astype(np.float32), 0.0, 1.0)
    return np.where(normals[..., 3] > 0, 0.45 + 0.55 * facing, 1.0).astype(np.float32)
