"""Small procedural pictures: parquet, oak grain, a woven rug, a painting. Plain numpy, a seeded generator, PNG by hand."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """Encode (H, W, 3) uint8 as a PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    # Filter 1 (difference to the left neighbour) suits smooth pictures.
    left = np.zeros_like(pixels)
    left[:, 1:] = pixels[:, :-1]
    rows = (pixels.astype(np.int16) - left).astype(np.uint8).reshape(height, -1)
    raw = b"".join(b"\x01" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def _color(value: str) -> np.ndarray:
    return np.array([int(value[k : k + 2], 16) for k in (1, 3, 5)], dtype=np.float64)


def _noise(rng: np.random.Generator, height: int, width: int, cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise in -1..1 that tiles: random values on a grid, cosine-interpolated."""
    grid = rng.uniform(-1, 1, size=cells)
    y = np.arange(height) * cells[0] / height
    x = np.arange(width) * cells[1] / width
    y0, x0 = y.astype(int), x.astype(int)
    fy, fx = (1 - np.cos(np.pi * (y - y0))) / 2, (1 - np.cos(np.pi * (x - x0))) / 2
    y1, x1 = (y0 + 1) % cells[0], (x0 + 1) % cells[1]
    top = grid[np.ix_(y0, x0)] * (1 - fx) + grid[np.ix_(y0, x1)] * fx
    bottom = grid[np.ix_(y1, x0)] * (1 - fx) + grid[np.ix_(y1, x1)] * fx
    return top * (1 - fy)[:, None] + bottom * fy[:, None]


def _finish(image: np.ndarray) -> np.ndarray:
    """Round to even steps of 2: invisible, and half the size."""
    return (np.clip(np.round(image / 2) * 2, 0, 254)).astype(np.uint8)


def parquet(size: int = 384) -> np.ndarray:
    """Planks along x in eight rows, staggered; tiles."""
    rng = np.random.default_rng(7)
    image = np.zeros((size, size, 3))
    rows = 8
    high = size // rows
    light, dark = _color("#c09a6b"), _color("#94683f")
    for row in range(rows):
        cuts = sorted({int(size * ((row * 0.37) % 1.0)), int(size * ((row * 0.37 + 0.5) % 1.0))})
        spans = [(cuts[0], cuts[1]), (cuts[1], cuts[0] + size)]
        for start, end in spans:
            shade = rng.uniform(0.1, 0.9)
            grain = _noise(rng, high, size, (16, 3)) * 0.16 + _noise(rng, high, size, (3, 2)) * 0.12
            columns = np.arange(start, end) % size
            mix = np.clip(shade + grain[:, columns], 0, 1)[..., None]
            plank = dark * mix + light * (1 - mix)
            plank[0, :] *= 0.72
            plank[:, 0] *= 0.72
            image[row * high : (row + 1) * high, columns] = plank
    return _finish(image)


def oak(size: int = 192) -> np.ndarray:
    """Straight grain along v; tiles."""
    rng = np.random.default_rng(8)
    grain = (
        0.5
        + 0.25 * _noise(rng, size, size, (2, 24))
        + 0.2 * _noise(rng, size, size, (3, 48))
        + 0.1 * _noise(rng, size, size, (2, 6))
    )
    mix = np.clip(grain, 0, 1)[..., None]
    return _finish(_color("#c79a63") * (1 - mix) + _color("#9a6a3b") * mix)


def rug(width: int = 256, height: int = 192) -> np.ndarray:
    """A border, a field with lozenges, and a weave."""
    y, x = np.mgrid[0:height, 0:width]
    image = np.broadcast_to(_color("#ded2bb"), (height, width, 3)).copy()
    lozenge = (np.abs(((x + 0.5) / 32) % 1 - 0.5) + np.abs(((y + 0.5) / 32) % 1 - 0.5)) < 0.3
    image[lozenge] = _color("#b4663f")
    small = (np.abs(((x + 0.5) / 32) % 1 - 0.5) + np.abs(((y + 0.5) / 32) % 1 - 0.5)) < 0.13
    image[small] = _color("#e6dcc8")
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y))
    image[edge < 26] = _color("#3f5560")
    image[(edge >= 20) & (edge < 24)] = _color("#d8a447")
    image[edge < 4] = _color("#e6dcc8")
    image *= np.where((x + y) % 2 == 0, 1.0, 0.95)[..., None]
    return _finish(image)


def artwork(width: int = 224, height: int = 160) -> np.ndarray:
    """Hills under a setting sun, in flat layers."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width]).reshape(2, 1, 1)
    image = _color("#f3d9b1") * (1 - y[..., None]) + _color("#eda66f") * y[..., None]
    sun = (x - 0.64) ** 2 * (width / height) ** 2 + (y - 0.4) ** 2 < 0.019
    image[sun] = _color("#d9482f")
    layers = [
        ("#c98d74", 0.55, 0.05, 5.0, 0.4),
        ("#7f7d83", 0.66, 0.06, 7.0, 1.9),
        ("#3f5d68", 0.78, 0.05, 9.0, 0.2),
        ("#22363f", 0.9, 0.03, 12.0, 1.0),
    ]
    for color, level, swing, waves, phase in layers:
        ridge = level + swing * np.sin(waves * x + phase) + 0.4 * swing * np.sin(2.3 * waves * x + 2 * phase)
        image[y > ridge] = _color(color)
    return _finish(image)


TEXTURES = {"parquet.png": parquet, "oak.png": oak, "rug.png": rug, "artwork.png": artwork}
