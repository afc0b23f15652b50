"""How Replicator names, types and stores its annotator outputs: dtypes, BasicWriter's file names, mapping keys, colours.

A leaf that capture (reading a recorded dataset), output (writing one) and the Isaac Sim extension share. The facts come from
NVIDIA's public annotator documentation and from public code that reads BasicWriter folders; no renderer was asked.

What BasicWriter does
    * One render product: files lie flat in the output folder (``rgb_0000.png``). Several: ``<render product>/<annotator>/``.
      With ``use_common_output_dir`` the folders are the annotators and the render product becomes a prefix of the file name.
    * Images are PNG, per-pixel floats and structured arrays are NPY, mappings are JSON objects with *string* keys.
    * ``normals`` are stored as an 8-bit picture, ``(n * 0.5 + 0.5) * 255`` in all four channels: directions survive to about
      half a degree.
    * Segmentations are coloured unless told otherwise, and the keys of their mapping are then ``"(r, g, b, a)"``; uncoloured
      they are a 16-bit picture of ids with keys ``"2"``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

#: Rows of ``bounding_box_2d_tight`` and ``bounding_box_2d_loose``: pixel indices, inclusive; occlusionRatio
#: -1 or NaN: unknown.
BOX_2D_DTYPE = np.dtype(
    [
        ("semanticId", "<u4"),
        ("x_min", "<i4"),
        ("y_min", "<i4"),
        ("x_max", "<i4"),
        ("y_max", "<i4"),
        ("occlusionRatio", "<f4"),
    ]
)

#: Rows of ``bounding_box_3d``: box in the prim's local frame [local units], and the row-vector matrix local -> stage.
BOX_3D_DTYPE = np.dtype(
    [
        ("semanticId", "<u4"),
        ("x_min", "<f4"),
        ("y_min", "<f4"),
        ("z_min", "<f4"),
        ("x_max", "<f4"),
        ("y_max", "<f4"),
        ("z_max", "<f4"),
        ("transform", "<f4", (4, 4)),
        ("occlusionRatio", "<f4"),
    ]
)

#: Rows of ``occlusion``.
OCCLUSION_DTYPE = np.dtype([("instanceId", "<u4"), ("semanticId", "<u4"), ("occlusionRatio", "<f4")])

#: What Replicator calls pixels without an object.
BACKGROUND_LABEL = "BACKGROUND"
UNLABELLED_LABEL = "UNLABELLED"

#: occlusionRatio where it is not known (Replicator writes it for a prim that has labelled descendants).
OCCLUSION_UNKNOWN = -1.0

#: Digits of the frame number in a file name, unless ``frame_padding`` says otherwise.
FRAME_PADDING = 4


class Annotator(str, enum.Enum):
    """Annotators that are written and read; the values are Replicator's names and the config's."""

    RGB = "rgb"
    DISTANCE_TO_IMAGE_PLANE = "distance_to_image_plane"
    NORMALS = "normals"
    INSTANCE_SEGMENTATION = "instance_segmentation"
    SEMANTIC_SEGMENTATION = "semantic_segmentation"
    BOUNDING_BOX_2D_TIGHT = "bounding_box_2d_tight"
    BOUNDING_BOX_2D_LOOSE = "bounding_box_2d_loose"
    BOUNDING_BOX_3D = "bounding_box_3d"
    CAMERA_PARAMS = "camera_params"
    OCCLUSION = "occlusion"


class Part(str, enum.Enum):
    """What one of the files of an annotator holds."""

    DATA = "data"
    LABELS = "labels"
    PRIM_PATHS = "prim_paths"
    MAPPING = "mapping"
    SEMANTICS_MAPPING = "semantics_mapping"


#: Annotator -> (part, infix of the file name, extension), the data first.
FILES: dict[Annotator, tuple[tuple[Part, str, str], ...]] = {
    Annotator.RGB: ((Part.DATA, "", "png"),),
    Annotator.DISTANCE_TO_IMAGE_PLANE: ((Part.DATA, "", "npy"),),
    Annotator.NORMALS: ((Part.DATA, "", "png"),),
    Annotator.INSTANCE_SEGMENTATION: (
        (Part.DATA, "", "png"),
        (Part.MAPPING, "mapping_", "json"),
        (Part.SEMANTICS_MAPPING, "semantics_mapping_", "json"),
    ),
    Annotator.SEMANTIC_SEGMENTATION: ((Part.DATA, "", "png"), (Part.LABELS, "labels_", "json")),
    Annotator.CAMERA_PARAMS: ((Part.DATA, "", "json"),),
    Annotator.OCCLUSION: ((Part.DATA, "", "npy"),),
} | {
    box: ((Part.DATA, "", "npy"), (Part.LABELS, "labels_", "json"), (Part.PRIM_PATHS, "prim_paths_", "json"))
    for box in (Annotator.BOUNDING_BOX_2D_TIGHT, Annotator.BOUNDING_BOX_2D_LOOSE, Annotator.BOUNDING_BOX_3D)
}


def file_name(annotator: Annotator, frame: int, *, part: Part = Part.DATA, padding: int = FRAME_PADDING) -> str:
    """Return BasicWriter's name of one file, without its folder.

    Args:
        annotator: What the file belongs to.
        frame: Number of the frame; a number longer than the padding is written in full.
        part: The data, or one of its mappings.
        padding: Digits of the frame number.

    Raises:
        ValueError: The annotator has no such part.
    """
    for candidate, infix, extension in FILES[annotator]:
        if candidate is part:
            return f"{annotator.value}_{infix}{frame:0{padding}d}.{extension}"
    raise ValueError(f"{annotator.value} has no {part.value} file; it has {[item[0].value for item in FILES[annotator]]}")


@dataclass(frozen=True)
class ParsedName:
    """A file name taken apart.

    Attributes:
        annotator: What it belongs to.
        part: The data, or one of its mappings.
        frame: The frame's digits as written ("0000"; "0_0012" with a sequence number), which join the files of one frame.
        render_product: Prefix of the name (``use_common_output_dir``), else "".
    """

    annotator: Annotator
    part: Part
    frame: str
    render_product: str = ""


_NAME = re.compile(
    r"^(?:(?P<prefix>.+)_)?(?P<annotator>"
    + "|".join(sorted((item.value for item in Annotator), key=len, reverse=True))
    + r")(?:_fast)?_(?P<infix>(?:semantics_mapping|mapping|labels|prim_paths)_)?"
    + r"(?P<frame>\d+(?:_\d+)?)\.(?P<extension>[a-z]+)$"
)


def parse_file_name(name: str) -> ParsedName | None:
    """Return what a file of a BasicWriter folder holds, or None for a file of another kind.

    Any padding is accepted, a sequence number before the frame's (``rgb_0_0012.png``), a render product as prefix, ``.jpg``
    and ``.jpeg`` for pictures, and the ``_fast`` variants of the annotators.
    """
    match = _NAME.match(name)
    if match is None:
        return None
    annotator = Annotator(match["annotator"])
    extension = {"jpg": "png", "jpeg": "png"}.get(match["extension"], match["extension"])
    for part, infix, expected in FILES[annotator]:
        if infix == (match["infix"] or "") and extension == expected:
            return ParsedName(annotator, part, match["frame"], match["prefix"] or "")
    return None


def frame_number(digits: str) -> int:
    """Return the frame number of a :attr:`ParsedName.frame` ("0_0012" -> 12)."""
    return int(digits.rsplit("_", 1)[-1])


def color_key(color: tuple[int, ...]) -> str:
    """Return the key of a coloured id in a mapping: ``"(25, 255, 140, 255)"``."""
    return "(" + ", ".join(str(int(channel)) for channel in color) + ")"


def parse_color_key(key: str) -> tuple[int, ...] | None:
    """Return the colour of a mapping key, or None where the key is a plain id."""
    if not key.startswith("("):
        return None
    try:
        return tuple(int(channel) for channel in key.strip("()").split(","))
    except ValueError:
        return None


def id_colors(count: int) -> np.ndarray:
    """Return the colours in which segmentation ids are written.

    Ids 0 (background) and 1 (unlabelled) are (0, 0, 0, 0) and (0, 0, 0, 255) as in Replicator. From 2 on, colours are
    distinct, opaque and depend on the id alone: hues a golden angle apart, so that neighbours differ, at changing lightness.

    Args:
        count: Number of ids, from 0.

    Returns:
        (max(count, 2), 4) uint8 RGBA.

    Raises:
        ValueError: More ids than 24 bits can tell apart.
    """
    count = max(count, 2)
    if count > 1 << 22:
        raise ValueError(f"id_colors: {count} ids are more than colours can tell apart; write segmentations uncoloured")
    index = np.arange(count, dtype=np.float64)
    hue = (index * 0.6180339887498949) % 1.0 * 6.0
    value = np.array([1.0, 0.75, 0.55])[np.arange(count) % 3]
    saturation = np.array([0.9, 0.6])[(np.arange(count) // 3) % 2]
    # HSV to RGB by the distance of the hue from each channel's peak.
    distance = np.abs((hue[:, None] + np.array([0.0, 4.0, 2.0])) % 6.0 - 3.0) - 1.0
    rgb = value[:, None] * (1.0 + saturation[:, None] * (np.clip(distance, 0.0, 1.0) - 1.0))
    colors = np.full((count, 4), 255, dtype=np.uint8)
    colors[:, :3] = np.round(rgb * 255.0).astype(np.uint8)
    colors[0] = (0, 0, 0, 0)
    colors[1] = (0, 0, 0, 255)
    _make_distinct(colors)
    return colors


def _make_distinct(colors: np.ndarray) -> None:
    """Move each colour that an earlier id has to the next free one."""
    codes = (colors[:, 0].astype(np.int64) << 16) | (colors[:, 1].astype(np.int64) << 8) | colors[:, 2]
    _, first = np.unique(codes[1:], return_index=True)
    if len(first) == len(codes) - 1:
        return
    taken: set[int] = set()
    for row in range(1, len(codes)):
        code = int(codes[row])
        while code in taken:
            code = (code + 0x050B11) & 0xFFFFFF
        taken.add(code)
        colors[row, :3] = (code >> 16, (code >> 8) & 255, code & 255)


class Labelled(Protocol):
    """What has labels: an object of a frame, or an entity of a stage."""

    @property
    def label(self) -> str:
        """The clean label."""
        ...

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Authored labels by semantic type."""
        ...


def semantic_label(item: Labelled) -> str:
    """Return the value of the semantic type "class": the authored labels joined by comma, else the clean label."""
    return ",".join(sorted(item.labels.get("class", ()))) or item.label


def encode_normals(normals: np.ndarray) -> np.ndarray:
    """Return normals (H, W, 4) float32 in -1..1 as the picture BasicWriter stores, (H, W, 4) uint8."""
    return ((np.clip(normals, -1.0, 1.0) * 0.5 + 0.5) * 255.0).astype(np.uint8)


def decode_normals(picture: np.ndarray) -> np.ndarray:
    """Return stored normals (H, W, 3 or 4) uint8 as unit vectors (H, W, 4) float32; w is 1 where there is a surface.

    A pixel without a surface holds a zero vector, which the encoding turns into mid grey.
    """
    vectors = (picture[..., :3].astype(np.float32) + 0.5) / 255.0 * 2.0 - 1.0
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    hit = length > 0.5
    result = np.zeros((*picture.shape[:2], 4), dtype=np.float32)
    result[..., :3] = np.where(hit, vectors / np.maximum(length, 1e-6), 0.0)
    result[..., 3] = hit[..., 0]
    return result
