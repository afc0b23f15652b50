"""Base colour of each pixel: materials and textures looked up through the rasteriser's buffers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.capture.raster_setup import njit
from scenecap.colours import SRGB8_TO_LINEAR, linear_to_srgb8
from scenecap.stage.materials.model import SurfaceMaterial, TextureRef, TextureWrap
from scenecap.stage.materials.textures import Texture, TextureStore

_WRAPS = (TextureWrap.REPEAT, TextureWrap.CLAMP, TextureWrap.MIRROR, TextureWrap.BLACK)
#: Most samples along the long side of a pixel's footprint on a texture.
_MAX_TAPS = 4
_LINEAR_TABLE_SIZE = 4096
#: 8-bit sRGB of the square of index / (size - 1): equidistant in the square root of light, where sRGB is nearly straight.
_SQRT_TO_SRGB8 = linear_to_srgb8(np.linspace(0.0, 1.0, _LINEAR_TABLE_SIZE) ** 2)


@dataclass(frozen=True, eq=False)
class Albedo:
    """Base colour of a picture.

    Attributes:
        srgb: (H, W, 3) uint8 sRGB, 0 where nothing was hit.
        known: (H, W) bool, whether the colour was authored on the stage and could be read.
    """

    srgb: np.ndarray
    known: np.ndarray


class MaterialTable:
    """The materials of a stage's gprims as flat arrays, textures with their pyramids included.

    Textures are decoded on first use: :meth:`albedo` loads those of the materials it meets.

    Args:
        bindings: Materials of each gprim, as ``MaterialLibrary.bind`` returns them.
        textures: The library's store.

    Attributes:
        materials: The distinct materials.
        first: (G + 1,) int32, where each gprim's materials begin in :attr:`index`.
        index: (S,) int32, number of the material in :attr:`materials`.
    """

    def __init__(self, bindings: Sequence[tuple[SurfaceMaterial, ...]], textures: TextureStore) -> None:
        numbers: dict[SurfaceMaterial, int] = {}
        index = [numbers.setdefault(material, len(numbers)) for binding in bindings for material in binding]
        self.materials: tuple[SurfaceMaterial, ...] = tuple(numbers)
        self.first = np.concatenate([[0], np.cumsum([len(binding) for binding in bindings])]).astype(np.int32)
        self.index = np.array(index, dtype=np.int32)
        self._textures = textures
        count = len(self.materials)
        self._known = np.array([material.authored for material in self.materials], dtype=np.bool_)
        colors = np.array([material.base_color for material in self.materials], dtype=np.float64).reshape(count, 3)
        self._base = linear_to_srgb8(colors)
        self._roughness = np.array([material.roughness for material in self.materials], dtype=np.float32)
        self._metallic = np.array([material.metallic for material in self.materials], dtype=np.float32)
        self._emissive = np.array([material.emissive for material in self.materials], dtype=np.float32).reshape(count, 3)
        self._texture_of = np.full(count, -1, dtype=np.int32)  # -1: none, or not loaded yet
        self._pending = np.array([material.texture is not None for material in self.materials], dtype=np.bool_)
        self._uv = np.zeros((count, 6), dtype=np.float32)
        self._wrap = np.zeros((count, 2), dtype=np.int32)
        self._scale = np.ones((count, 3), dtype=np.float32)
        self._bias = np.zeros((count, 3), dtype=np.float32)
        self._bank = _TextureBank()

    def material_of(self, gprim: np.ndarray, face_material: np.ndarray) -> np.ndarray:
        """Return the number of the material in each pixel.

        Args:
            gprim: (H, W) int32 gprim of each pixel, -1 where nothing was hit.
            face_material: (H, W) int32 as in ``LocalMesh.face_material``.

        Returns:
            (H, W) int32 number in :attr:`materials`, -1 where nothing was hit.
        """
        if not len(self.materials):
            return np.full(gprim.shape, -1, dtype=np.int32)
        start, stop = self.first[gprim], self.first[np.maximum(gprim, 0) + 1]
        slot = np.clip(start + face_material, 0, np.maximum(stop - 1, 0))
        return np.where((gprim >= 0) & (stop > start), self.index[slot], -1).astype(np.int32)

    def albedo(self, material: np.ndarray, uv: np.ndarray, gprim: np.ndarray) -> Albedo:
        """Look up the base colour of each pixel.

        Textures are filtered trilinearly with up to four samples along the footprint, which is taken from the neighbouring
        pixels on the same gprim (the anisotropic filter of McCormack et al., "Feline", SIGGRAPH 1999, much reduced).

        Args:
            material: (H, W) int32 from :meth:`material_of`.
            uv: (H, W, 2) float32 texture coordinates, nan where there are none.
            gprim: (H, W) int32 gprim of each pixel.

        Returns:
            Colours, and where they are authored.
        """
        self._load(material)
        srgb = np.zeros((*material.shape, 3), dtype=np.uint8)
        known = np.zeros(material.shape, dtype=np.bool_)
        if len(self.materials):
            _sample(
                np.ascontiguousarray(material),
                np.ascontiguousarray(uv, dtype=np.float32),
                np.ascontiguousarray(gprim, dtype=np.int32),
                self._base,
                self._known,
                self._texture_of,
                self._uv,
                self._wrap,
                self._scale,
                self._bias,
                *self._bank.arrays(),
                SRGB8_TO_LINEAR,
                _SQRT_TO_SRGB8,
                srgb,
                known,
            )
        return Albedo(srgb, known)

    def surface(self, material: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (H, W) float32 roughness and metallic and (H, W, 3) float32 emission, 0 where nothing is."""
        hit = material >= 0
        number = np.maximum(material, 0)
        if not len(self.materials):
            zero = np.zeros(material.shape, np.float32)
            return zero, zero, np.zeros((*material.shape, 3), np.float32)
        return self._roughness[number] * hit, self._metallic[number] * hit, self._emissive[number] * hit[..., None]

    def _load(self, material: np.ndarray) -> None:
        if not self._pending.any():
            return
        seen = np.unique(material)
        for number in seen[seen >= 0]:
            if self._pending[number]:
                self._pending[number] = False
                self._load_texture(int(number))

    def _load_texture(self, number: int) -> None:
        reference = self.materials[number].texture
        assert reference is not None
        texture = self._textures.load(reference.file)
        if texture is None:
            self._known[number] = False
            return
        self._texture_of[number] = self._bank.add(reference, texture)
        a, b, c, d, e, f = reference.uv_matrix
        (left, bottom), (width, height) = texture.uv_origin, texture.uv_size
        self._uv[number] = (a / width, b / height, c / width, d / height, (e - left) / width, (f - bottom) / height)
        self._wrap[number] = (_WRAPS.index(reference.wrap_u), _WRAPS.index(reference.wrap_v))
        self._scale[number], self._bias[number] = reference.scale, reference.bias


class _TextureBank:
    """Texture pyramids end to end in one byte array, for the compiled lookup."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, bool], int] = {}
        self._levels: list[list[np.ndarray]] = []
        self._arrays: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None

    def add(self, reference: TextureRef, texture: Texture) -> int:
        key = (reference.file, reference.channel, reference.srgb)
        if key not in self._numbers:
            pixels = texture.pixels[..., :3]
            if reference.channel >= 0:
                pixels = np.repeat(texture.pixels[..., reference.channel : reference.channel + 1], 3, axis=2)
            self._numbers[key] = len(self._levels)
            self._levels.append(_pyramid(np.ascontiguousarray(pixels), srgb=reference.srgb))
            self._arrays = None
        return self._numbers[key]

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return all bytes, and for each texture its levels' starts and (height, width), and whether it is sRGB."""
        if self._arrays is None:
            deepest = max((len(levels) for levels in self._levels), default=1)
            start = np.zeros((max(len(self._levels), 1), deepest), dtype=np.int64)
            size = np.ones((max(len(self._levels), 1), deepest, 2), dtype=np.int32)
            parts: list[np.ndarray] = [np.zeros(3, np.uint8)]
            at = 3
            for number, levels in enumerate(self._levels):
                for depth in range(deepest):
                    level = levels[min(depth, len(levels) - 1)]
                    size[number, depth] = level.shape[:2]
                    if depth < len(levels):
                        start[number, depth] = at
                        parts.append(level.reshape(-1))
                        at += level.size
                    else:
                        start[number, depth] = start[number, depth - 1]
            srgb = np.array([key[2] for key in self._numbers] or [True], dtype=np.bool_)
            self._arrays = (np.concatenate(parts), start, size, srgb)
        return self._arrays


def _pyramid(pixels: np.ndarray, *, srgb: bool) -> list[np.ndarray]:
    """Halve a picture down to a few pixels, averaging light, not code values."""
    levels = [pixels]
    linear = SRGB8_TO_LINEAR[pixels] if srgb else pixels.astype(np.float32) / np.float32(255.0)
    while min(linear.shape[:2]) > 4:
        height, width = linear.shape[0] // 2 * 2, linear.shape[1] // 2 * 2
        linear = linear[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
        levels.append(linear_to_srgb8(linear) if srgb else (linear * 255.0 + 0.5).astype(np.uint8))
    return levels


@njit(cache=True, error_model="numpy", inline="always")
def _wrapped(index, size, mode):
    """Return the texel in 0..size-1, or -1 for black."""
    if mode == 0:
        return index % size
    if mode == 1:
        return min(max(index, 0), size - 1)
    if mode == 2:
        index = index % (2 * size)
        return index if index < size else 2 * size - 1 - index
    return index if 0 <= index < size else -1


@njit(cache=True, error_model="numpy")
def _bilinear(bank, begin, height, width, u, v, wrap_u, wrap_v, srgb, decode, out):
    x = u * width - 0.5
    y = (1.0 - v) * height - 0.5
    x0, y0 = math.floor(x), math.floor(y)
    fx, fy = x - x0, y - y0
    for dy in range(2):
        row = _wrapped(int(y0) + dy, height, wrap_v)
        wy = fy if dy else 1.0 - fy
        for dx in range(2):
            column = _wrapped(int(x0) + dx, width, wrap_u)
            weight = wy * (fx if dx else 1.0 - fx)
            if row < 0 or column < 0:
                continue
            at = begin + (row * width + column) * 3
            for k in range(3):
                code = bank[at + k]
                out[k] += weight * (decode[code] if srgb else code / 255.0)


@njit(cache=True, error_model="numpy")
def _sample(
    material, uv, gprim, base, known_of, texture_of, uv_of, wrap_of, scale_of, bias_of,
    bank, level_start, level_size, is_srgb, decode, encode, out, known,
):  # fmt: skip
    height, width = material.shape
    top = encode.size - 1
    color, part = np.zeros(3), np.zeros(3)
    for row in range(height):
        for column in range(width):
            m = material[row, column]
            if m < 0:
                continue
            t = texture_of[m]
            u0, v0 = uv[row, column, 0], uv[row, column, 1]
            if t < 0 or not (math.isfinite(u0) and math.isfinite(v0)) or abs(u0) > 1e6 or abs(v0) > 1e6:
                out[row, column, 0], out[row, column, 1], out[row, column, 2] = base[m, 0], base[m, 1], base[m, 2]
                known[row, column] = known_of[m] and t < 0
                continue
            known[row, column] = known_of[m]
            a, b, c, d = uv_of[m, 0], uv_of[m, 1], uv_of[m, 2], uv_of[m, 3]
            u = a * u0 + c * v0 + uv_of[m, 4]
            v = b * u0 + d * v0 + uv_of[m, 5]
            tall, wide = level_size[t, 0, 0], level_size[t, 0, 1]
            # Footprint [texels] along the two picture axes; of the two neighbours the nearer one, so that a seam is not met.
            longest, shortest, major_u, major_v = 0.0, np.inf, 0.0, 0.0
            for axis in range(2):
                best, best_u, best_v = np.inf, 0.0, 0.0
                for side in range(-1, 2, 2):
                    r = row + side if axis else row
                    q = column if axis else column + side
                    if r < 0 or q < 0 or r >= height or q >= width:
                        continue
                    if gprim[r, q] != gprim[row, column] or material[r, q] != m:
                        continue
                    du0, dv0 = uv[r, q, 0] - u0, uv[r, q, 1] - v0
                    du, dv = a * du0 + c * dv0, b * du0 + d * dv0
                    length = math.hypot(du * wide, dv * tall)
                    if length < best:
                        best, best_u, best_v = length, du, dv
                if best == np.inf:
                    continue
                if best > longest:
                    longest, major_u, major_v = best, best_u, best_v
                shortest = min(shortest, best)
            if shortest == np.inf:
                shortest = 0.0
            taps = 1
            if longest > 1.0:
                taps = int(min(max(math.ceil(longest / max(shortest, 1.0)), 1.0), _MAX_TAPS))
            level = math.log2(max(longest / taps, 1.0))
            deepest = level_start.shape[1] - 1
            lower = int(min(math.floor(level), deepest))
            blend = min(level - lower, 1.0) if lower < deepest else 0.0
            color[:] = 0.0
            for tap in range(taps):
                shift = (tap + 0.5) / taps - 0.5
                tap_u, tap_v = u + shift * major_u, v + shift * major_v
                for step in range(2):
                    weight = blend if step else 1.0 - blend
                    if weight <= 0.0:
                        continue
                    at = lower + step
                    part[:] = 0.0
                    _bilinear(
                        bank, level_start[t, at], level_size[t, at, 0], level_size[t, at, 1], tap_u, tap_v,
                        wrap_of[m, 0], wrap_of[m, 1], is_srgb[t], decode, part,
                    )  # fmt: skip
                    for k in range(3):
                        color[k] += weight * part[k] / taps
            for k in range(3):
                value = min(max(color[k] * scale_of[m, k] + bias_of[m, k], 0.0), 1.0)
                out[row, column, k] = encode[int(math.sqrt(value) * top + 0.5)]
