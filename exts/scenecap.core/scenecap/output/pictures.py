"""Arrays and pictures as the bytes of a file. Same array, same Pillow and zlib: same bytes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

#: PNG's colour type by number of channels, and its filter "up": each row minus the one above.
_COLOR_TYPES = {1: 0, 3: 2, 4: 6}
_FILTER_UP = 2


def png_bytes(array: np.ndarray, *, compression: int = 3, flat: bool = False) -> bytes:
    """Return a picture as PNG.

    Args:
        array: (H, W), (H, W, 3) or (H, W, 4) uint8, or (H, W) uint16.
        compression: zlib level, 0..9.
        flat: The picture has flat areas (ids, normals): one filter for all rows, three times as fast as choosing one for each.

    Raises:
        ValueError: Another dtype or shape.
    """
    if array.dtype not in (np.uint8, np.uint16) or (array.dtype == np.uint16 and array.ndim != 2):
        raise ValueError(f"png_bytes: expected uint8 (H, W[, 3 or 4]) or uint16 (H, W), got {array.dtype} {array.shape}")
    if flat:
        return _flat_png(array, compression)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, "PNG", compress_level=compression)
    return buffer.getvalue()


def _flat_png(array: np.ndarray, compression: int) -> bytes:
    height, width = array.shape[:2]
    wide = array.dtype == np.uint16
    rows = np.ascontiguousarray(array.astype(">u2") if wide else array).view(np.uint8).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), dtype=np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[:1, 1:] = rows[:1]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    color = _COLOR_TYPES[1 if array.ndim == 2 else array.shape[2]]
    header = struct.pack(">IIBBBBB", width, height, 16 if wide else 8, color, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.data, compression)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


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
