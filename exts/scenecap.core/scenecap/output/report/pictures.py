"""A frame's pictures in the report: the one on its page, a small one for the gallery, and a stand-in where none was drawn."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote

import numpy as np
from PIL import Image, UnidentifiedImageError

from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import DatasetFrame
from scenecap.replicator_format import Annotator

#: Width and height that a small picture fits into [px]: twice a card of the gallery would be sharper and load slower.
THUMBNAIL = (400, 300)
_QUALITY = 80
#: More than this is no frame of a dataset, whatever its header says [px].
_MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class FramePictures:
    """Where a frame's pictures are, as addresses from the report's page; None where there is none.

    Attributes:
        picture: The picture, or what stands in for it.
        thumbnail: The small one.
        kind: "picture", or what stands in: "normals", "depth".
    """

    picture: str | None = None
    thumbnail: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Drawn:
    """A picture to put into the report.

    Attributes:
        kind: "picture", "normals" or "depth".
        source: The file that it is, which a page may show itself; None where it was drawn from a buffer.
        small: For the gallery, a JPEG.
        large: For the frame's page, a JPEG; None where its file serves.
    """

    kind: str
    source: str | None
    small: bytes
    large: bytes | None


def draw_picture(frame: DatasetFrame, *, always: bool) -> tuple[Drawn | None, list[str]]:
    """Return a frame's picture (without one grey shading by its normals, else its depth, else None), and what cannot be read.

    Args:
        frame: The frame.
        always: Draw the large one also where its file would serve.
    """
    problems: list[str] = []
    found = _load(frame, problems)
    if found is None:
        return None, problems
    image, kind, source = found
    large = _jpeg(image) if always or source is None else None
    return Drawn(kind, source, _jpeg(_small(image)), large), problems


def _load(frame: DatasetFrame, problems: list[str]) -> tuple[Image.Image, str, str | None] | None:
    record = frame.files.get(FileKind.PICTURE)
    if record is not None:
        image = _attempt(frame.root / record.path, record.path, _open, problems)
        if image is not None:
            return image, "picture", record.path
    for annotator, read in ((Annotator.NORMALS, _shaded), (Annotator.DISTANCE_TO_IMAGE_PLANE, _near_and_far)):
        path = frame.annotator_path(annotator)
        if path is not None:
            image = _attempt(path, path.relative_to(frame.root).as_posix(), read, problems)
            if image is not None:
                return image, annotator.value.split("_")[0].replace("distance", "depth"), None
    return None


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail(THUMBNAIL, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return small


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    return buffer.getvalue()


def address(relative: str) -> str:
    """Return a path with ``/`` as the address of a link, every part escaped."""
    return "/".join(quote(part, safe="") for part in PurePosixPath(relative).parts)


def way_to(dataset: Path, report: Path) -> str | None:
    """Return the relative path from a report to its dataset with ``/``; None where there is none (another drive)."""
    try:
        return Path(os.path.relpath(dataset.resolve(), report.resolve())).as_posix()
    except ValueError:
        return None


def _attempt(path: Path, relative: str, read: Callable[[Path], Image.Image], problems: list[str]) -> Image.Image | None:
    try:
        return read(path)
    except FileNotFoundError:
        problems.append(f"{relative}: is missing.")
    except UnidentifiedImageError:  # its text names the whole path
        problems.append(f"{relative}: is neither a PNG nor a JPEG.")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.append(f"{relative}: is no picture that can be read ({reason[:1].lower()}{reason[1:]}).")
    return None


def _open(path: Path) -> Image.Image:
    with Image.open(path, formats=("PNG", "JPEG")) as image:  # no other: some of Pillow's readers start programs
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError(f"it has {image.width} by {image.height} pixels")
        if image.mode in ("RGBA", "LA", "PA"):
            image = image.convert("RGBA")
            if image.getextrema()[3] == (255, 255):  # as nearly all are; laying it over white takes as long as decoding it
                return image.convert("RGB")
            under = Image.new("RGBA", image.size, (255, 255, 255, 255))
            return Image.alpha_composite(under, image).convert("RGB")
        return image.convert("RGB")


def _shaded(path: Path) -> Image.Image:
    """Return grey shading of a picture of normals, lit from one side whatever axis is up."""
    encoded = np.asarray(_open(path), dtype=np.float32)
    normals = encoded / 127.5 - 1.0
    lamp = np.array([0.35, 0.55, 0.76], dtype=np.float32)
    shade = 0.62 + 0.3 * (normals @ lamp)
    known = (np.abs(np.linalg.norm(normals, axis=-1) - 1.0) < 0.2)[..., None]
    grey = np.where(known, np.clip(shade, 0.3, 0.95)[..., None], 0.9) * 255.0
    return Image.fromarray(np.repeat(grey.astype(np.uint8), 3, axis=2))


def _near_and_far(path: Path) -> Image.Image:
    """Return depth as grey: near is bright, and what is not hit is paper."""
    depth = np.load(path, allow_pickle=False)
    if depth.ndim != 2 or depth.dtype.kind != "f" or not 0 < depth.size <= _MOST_PIXELS:
        raise ValueError(f"it holds {depth.dtype} of shape {depth.shape}")
    known = np.isfinite(depth) & (depth > 0)
    grey = np.full(depth.shape, 0.93)
    if known.any():
        near = 1.0 / depth[known]
        low, high = np.quantile(near, (0.02, 0.98))
        grey[known] = 0.25 + 0.6 * np.clip((near - low) / max(high - low, 1e-9), 0.0, 1.0)
    return Image.fromarray(np.repeat((grey * 255.0).astype(np.uint8)[..., None], 3, axis=2))
