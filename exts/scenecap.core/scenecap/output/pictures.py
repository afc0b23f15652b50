"""Arrays and pictures as the bytes of a file. Same array, same Pillow and zlib: same bytes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def png_bytes(array: np.ndarray, *, compression: int = 3) -> bytes:
    """Return a picture as PNG.

    Args:
        array: (H, W), (H, W, 3) or (H, W, 4) uint8, or (H, W) uint16.
        compression: zlib level, 0..9.

    Raises:
        ValueError: Another dtype or shape.
    """
    if array.dtype not in (np.uint8, np.uint16) or (array.dtype == np.uint16 and array.ndim != 2):
        raise ValueError(f"png_bytes: expected uint8 (H, W[, 3 or 4]) or uint16 (H, W), got {array.dtype} {array.shape}")
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, "PNG", compress_level=compression)
    return buffer.getvalue()


def jpeg_bytes(image: Image.Image, *, quality: int = 92) -> bytes:
    """Return a picture as JPEG, colours at full resolution so that thin coloured lines stay clean."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def npy_bytes(array: np.ndarray) -> bytes:
    """Return an array as NPY (version 1.0, no pickles)."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()
