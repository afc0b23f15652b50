"""Texture files: found through the asset resolver, decoded once, and kept at a bounded size."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import numpy as np
from PIL import Image

from scenecap.text import clean_text

logger = logging.getLogger(__name__)

#: Longest edge that is kept [px]. Pictures are about this size themselves, and fifty textures then take 150 MB at most.
MAX_TEXTURE_EDGE = 1024
#: Largest file that is decoded [px]: 8192 x 8192. Beyond it lies a decompression bomb, or a file no frame needs.
MAX_SOURCE_PIXELS = 8192 * 8192
#: Largest file that is read [bytes].
MAX_SOURCE_BYTES = 256 * 2**20
#: Longest edge of one tile of a UDIM set [px].
MAX_UDIM_TILE_EDGE = 256

#: What Pillow and the asset resolver raise on bad files (SyntaxError: broken PNG chunks).
_FAILURES = (OSError, ValueError, SyntaxError, MemoryError)


@dataclass(frozen=True, eq=False)
class Texture:
    """A decoded texture.

    Attributes:
        pixels: (h, w, 4) uint8 RGBA as stored in the file (not linearised), first row at the top.
        uv_origin: (u, v) of the picture's lower left corner; not (0, 0) for UDIM sets only.
        uv_size: Extent of the picture in u and v; (1, 1) except for UDIM sets.
    """

    pixels: np.ndarray
    uv_origin: tuple[float, float] = (0.0, 0.0)
    uv_size: tuple[float, float] = (1.0, 1.0)


class TextureStore:
    """Loads textures on first use and keeps them.

    Args:
        report: Called with one line for each file that cannot be used.
        max_edge: Longest edge that is kept [px].
    """

    def __init__(self, report: Callable[[str], None] | None = None, *, max_edge: int = MAX_TEXTURE_EDGE) -> None:
        self._report = report or (lambda line: logger.warning("%s", line))
        self._max_edge = max_edge
        self._loaded: dict[str, Texture | None] = {}
        self._usable: dict[str, bool] = {}

    def load(self, file: str) -> Texture | None:
        """Return the texture of a resolved path, or None where it cannot be read (reported once)."""
        if file not in self._loaded:
            try:
                self._loaded[file] = self._load_udim(file) if "<UDIM>" in file else Texture(self._decode(file, self._max_edge))
            except _FAILURES as error:
                self._fail(file, error)
                self._loaded[file] = None
        return self._loaded[file]

    def usable(self, file: str) -> bool:
        """Whether a file is there and is a picture within the limits (reported once); its pixels are not decoded."""
        if file not in self._usable:
            try:
                if "<UDIM>" not in file:
                    _open(file)
                self._usable[file] = True
            except _FAILURES as error:
                self._fail(file, error)
        return self._usable[file]

    def _fail(self, file: str, error: Exception) -> None:
        if self._usable.get(file) is not False:
            self._report(f"texture {clean_text(file, limit=300)}: {clean_text(error, limit=200)}; its fallback is used")
        self._usable[file] = False

    def _load_udim(self, pattern: str) -> Texture:
        tiles: dict[tuple[int, int], np.ndarray] = {}
        for number in range(1001, 1101):
            path = pattern.replace("<UDIM>", str(number))
            if _exists(path):
                tiles[(number - 1001) % 10, (number - 1001) // 10] = self._decode(path, MAX_UDIM_TILE_EDGE)
        if not tiles:
            raise ValueError("no tile of this UDIM set exists")
        columns = [u for u, _ in tiles]
        rows = [v for _, v in tiles]
        u0, v0, width, height = min(columns), min(rows), max(columns) - min(columns) + 1, max(rows) - min(rows) + 1
        edge = max(max(tile.shape[:2]) for tile in tiles.values())
        atlas = np.zeros((height * edge, width * edge, 4), np.uint8)
        for (u, v), tile in tiles.items():
            resized = np.asarray(Image.fromarray(tile, "RGBA").resize((edge, edge), Image.Resampling.BOX))
            top = (height - 1 - (v - v0)) * edge
            atlas[top : top + edge, (u - u0) * edge : (u - u0 + 1) * edge] = resized
        return Texture(atlas, uv_origin=(float(u0), float(v0)), uv_size=(float(width), float(height)))

    def _decode(self, file: str, max_edge: int) -> np.ndarray:
        image = _open(file)
        image.draft("RGB", (max_edge, max_edge))  # JPEG: decode at a fraction of the size; others ignore it
        if image.mode.startswith("I;16") or image.mode in ("I", "F"):
            values = np.asarray(image).astype(np.float64)
            top = 65535.0 if image.mode != "F" else 1.0
            image = Image.fromarray(np.clip(np.nan_to_num(values) / top * 255.0 + 0.5, 0, 255).astype(np.uint8), "L")
        rgba = image.convert("RGBA")
        factor = max_edge / max(rgba.size)
        if factor < 1.0:
            size = (max(1, round(rgba.size[0] * factor)), max(1, round(rgba.size[1] * factor)))
            rgba = rgba.resize(size, Image.Resampling.BOX)
        return np.asarray(rgba)


def read_asset(file: str) -> bytes:
    """Return the bytes of an asset, from packages too.

    Raises:
        OSError: It does not exist or cannot be read.
        ValueError: It is larger than :data:`MAX_SOURCE_BYTES`.
    """
    from pxr import Ar

    resolver = Ar.GetResolver()
    if not hasattr(resolver, "OpenAsset"):  # OpenUSD before 24.11, as in Isaac Sim 4.5 and 5
        return _read_local(file)
    asset = resolver.OpenAsset(Ar.ResolvedPath(file))
    if not asset:
        raise FileNotFoundError("no such file")
    if asset.GetSize() > MAX_SOURCE_BYTES:
        raise ValueError(f"{asset.GetSize()} bytes are more than the limit of {MAX_SOURCE_BYTES}")
    return asset.GetBuffer()


def _read_local(file: str) -> bytes:
    """Read a file of this machine, or one in a package, which is an uncompressed zip that may hold others."""
    from pxr import Ar

    outer, inner = Ar.SplitPackageRelativePathOuter(file)
    if os.path.getsize(outer) > MAX_SOURCE_BYTES and not inner:
        raise ValueError(f"{os.path.getsize(outer)} bytes are more than the limit of {MAX_SOURCE_BYTES}")
    stream: IO[bytes] = open(outer, "rb")  # noqa: SIM115 - closed below, whichever member it has become
    with contextlib.ExitStack() as opened:
        opened.enter_context(stream)
        while inner:
            member, inner = Ar.SplitPackageRelativePathOuter(inner)
            try:
                archive = opened.enter_context(zipfile.ZipFile(stream))
                size = archive.getinfo(member).file_size
                stream = opened.enter_context(archive.open(member))
            except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
                raise FileNotFoundError("no such file") from None
            if size > MAX_SOURCE_BYTES and not inner:
                raise ValueError(f"{size} bytes are more than the limit of {MAX_SOURCE_BYTES}")
        return stream.read()


def _open(file: str) -> Image.Image:
    """Open a picture without decoding it, refusing what is too large."""
    data = read_asset(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked right below
        try:
            image = Image.open(io.BytesIO(data))
        except Image.DecompressionBombError as error:
            raise ValueError(str(error)) from error
    width, height = image.size
    if width * height > MAX_SOURCE_PIXELS:
        raise ValueError(f"{width} x {height} pixels are more than the limit of {MAX_SOURCE_PIXELS}")
    return image


def _exists(file: str) -> bool:
    from pxr import Ar

    return bool(Ar.GetResolver().Resolve(file))
