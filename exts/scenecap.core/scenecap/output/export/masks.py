"""Which pixels an object has, from the instance picture of a dataset, and how COCO writes them down."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image

from scenecap.errors import DatasetError
from scenecap.output.dataset.reader import DatasetFrame, read_bytes, read_document
from scenecap.replicator_format import Annotator, Part, parse_color_key


class InstanceMasks:
    """Pixels of each entity of a frame.

    Args:
        codes: (H, W) uint32 code of each pixel.
        code_of: Prim path -> its code.
    """

    def __init__(self, codes: np.ndarray, code_of: Mapping[str, int]) -> None:
        self.codes = codes
        self.code_of = code_of

    @property
    def size(self) -> tuple[int, int]:
        """Width and height [px]."""
        return self.codes.shape[1], self.codes.shape[0]

    def mask(self, path: str) -> np.ndarray | None:
        """Return the visible pixels of an entity as (H, W) bool; None where the picture does not know it."""
        code = self.code_of.get(path)
        return None if code is None else self.codes == code


def read_masks(frame: DatasetFrame) -> InstanceMasks | None:
    """Return the instance picture of a frame, coloured or not; None where none was written.

    Raises:
        DatasetError: A file of it is missing or damaged; names it.
    """
    picture = frame.annotators.get((Annotator.INSTANCE_SEGMENTATION, Part.DATA))
    mapping = frame.annotators.get((Annotator.INSTANCE_SEGMENTATION, Part.MAPPING))
    if picture is None or mapping is None:
        return None
    pixels = _pixels(read_bytes(frame.root, picture.path), picture.path)
    code_of: dict[str, int] = {}
    for key, path in read_document(frame.root, mapping.path).items():
        code = pixel_code(key)
        if code is None or not isinstance(path, str):
            raise DatasetError(f"{mapping.path}: {key!r:.40} is no key of an instance mapping.")
        code_of.setdefault(path, code)
    return InstanceMasks(pixels, code_of)


def encode_rle(mask: np.ndarray) -> str:
    """Return the ``counts`` of COCO's compressed run-length encoding of a mask.

    Runs go down the columns and begin with zeros. From the third on, each is written as its difference from the last but one,
    in groups of five bits, the lowest first: bit 5 says that another group follows, bit 4 of the last group is the sign; 48 is
    added to make it a printable character (the format of cocoapi's ``maskApi.c``).

    Args:
        mask: (H, W) bool.
    """
    flat = np.asarray(mask, dtype=bool).ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]]))
    if flat.size and flat[0]:
        runs = np.concatenate([[0], runs])
    runs[3:] = runs[3:] - runs[1:-2].copy()
    text = bytearray()
    for value in runs.tolist():
        while True:
            group, value = value & 31, value >> 5
            last = value == (-1 if group & 16 else 0)
            text.append(48 + (group if last else group | 32))
            if last:
                break
    return text.decode("ascii")


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return x_min, y_min, x_max, y_max of a mask with at least one pixel, inclusive."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def pixel_code(key: str) -> int | None:
    """Return the code of the pixels that a mapping's key stands for, or None where it is no such key."""
    color = parse_color_key(key)
    if color is not None:
        return int.from_bytes(bytes(color), "big") if len(color) == 4 and all(0 <= part < 256 for part in color) else None
    return int(key) if key.isascii() and key.isdigit() else None


def _pixels(content: bytes, path: str) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            pixels = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{path}: is no picture ({error}).") from error
    if pixels.ndim == 2:
        return pixels.astype(np.uint32)
    if pixels.shape[2] != 4:
        raise DatasetError(f"{path}: has {pixels.shape[2]} channels; ids have 1, coloured ids 4.")
    return np.ascontiguousarray(pixels).view(">u4")[..., 0].astype(np.uint32)
