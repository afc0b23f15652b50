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
        srgb: (H, W, 3) uint8 sRGB, filtered over each pixel's footprint; 0 where nothing was hit.
        texel: (H, W, 3) uint8 sRGB, not filtered: one colour that the surface really has there. A black and white pattern
            seen from afar is gray in ``srgb`` and black and white in this one, which is the one to name colours by.
        known: (H, W) bool, whether the colour was authored on the stage and could be read.
    """

    srgb: np.ndarray
    texel: np.ndarray
    known: np.ndarray


class MaterialTable:
    """The materials of a stage's gprims as flat arrays, textures with their pyramids included.

    Textures are decoded on first use: :meth:`albedo` loads those of the materials it meets.

    Args:
        bindings: Materials of each gprim, as ``MaterialLibrary.bind`` returns them.
        textures: The library's store.
        share: A table that has read some of the textures already.

    Attributes:
        bindings: As given.
        materials: The distinct materials.
        first: (G + 1,) int32, where each gprim's materials begin in :attr:`index`.
        index: (S,) int32, number of the material in :attr:`materials`.
    """

    def __init__(
        self,
        bindings: Sequence[tuple[SurfaceMaterial, ...]],
        textures: TextureStore,
        *,
        share: MaterialTable | None = None,
    ) -> None:
        self.bindings = bindings
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
        self._bank = _TextureBank() if share is None else share._bank

    def material_of(self, gprim: np.ndarray, face_material: np.ndarray) -> np.ndarray:
        """Return the number of the material in each pixel.

        Args:
            gprim: (H, W) int32 gprim of each pixel, -1 where nothing was hit.
            face_material: (H, W) int32 as in ``LocalMesh.face_material``.

        Returns:
            (H, W) int32 number in :attr:`materials`, -1 where nothing was hit.
        """
        material = np.full(gprim.shape, -1, dtype=np.int32)
        _assign(gprim, face_material, self.first, self.index, material)
        return material

    def albedo(self, material: np.ndarray, uv: np.ndarray, gprim: np.ndarray) -> Albedo:
        """Look up the base colour of each pixel.

        Textures are filtered with up to four samples along the pixel's footprint, at the level of the pyramid that fits its
        short side (after McCormack et al., "Feline", SIGGRAPH 1999, reduced). The footprint is the step to the
        neighbouring pixels on the same gprim.

        Args:
            material: (H, W) int32 from :meth:`material_of`.
            uv: (H, W, 2) float32 texture coordinates, nan where there are none.
            gprim: (H, W) int32 gprim of each pixel.

        Returns:
            Colours, and where they are authored.
        """
        self._load(material)
        srgb, texel = (np.zeros((*material.shape, 3), dtype=np.uint8) for _ in range(2))
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
                _SQRT_TO_SRGB8,
                srgb,
                texel,
                known,
            )
        return Albedo(srgb, texel, known)

    def clear_gprims(self, limit: float) -> np.ndarray:
        """Return (G,) bool, the gprims of which at least one material has less opacity than a limit."""
        clear = np.array([material.seen_opacity < limit for material in self.materials], dtype=np.bool_)
        counts = np.diff(self.first)
        owner = np.repeat(np.arange(len(counts)), counts)
        return np.bincount(owner, weights=clear[self.index], minlength=len(counts)) > 0

    def opacity_of(self, material: np.ndarray) -> np.ndarray:
        """Return (H, W) float32 opacity of each pixel's surface, 0 where there is none."""
        values = np.array([entry.seen_opacity for entry in self.materials] or [0.0], dtype=np.float32)
        return np.where(material >= 0, values[np.maximum(material, 0)], np.float32(0.0))

    def shading_arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (M,) float32 roughness, (M,) float32 metallic, (M, 3) float32 emission of the materials; never empty."""
        if not len(self.materials):
            return np.ones(1, np.float32), np.zeros(1, np.float32), np.zeros((1, 3), np.float32)
        return self._roughness, self._metallic, self._emissive

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
        """Return all bytes, and for each texture its levels' starts, their (height, width), and its table of linear values."""
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
            straight = np.linspace(0.0, 1.0, 256, dtype=np.float32)
            decoders = np.stack([SRGB8_TO_LINEAR if key[2] else straight for key in self._numbers] or [straight])
            self._arrays = (np.concatenate(parts), start, size, decoders)
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


@njit(cache=True)
def _assign(gprim, face_material, first, index, out):
    for row in range(gprim.shape[0]):
        for column in range(gprim.shape[1]):
            g = gprim[row, column]
            if g >= 0 and first[g + 1] > first[g]:
                slot = first[g] + max(face_material[row, column], 0)
                out[row, column] = index[min(slot, first[g + 1] - 1)]


@njit(cache=True, error_model="numpy", inline="always")
def _wrapped(index, size, mode):
    """Return the texel in 0..size-1, or -1 for black."""
    if 0 <= index < size:
        return index
    if mode == 0:
        return index % size
    if mode == 1:
        return 0 if index < 0 else size - 1
    if mode == 2:
        index = index % (2 * size)
        return index if index < size else 2 * size - 1 - index
    return -1


@njit(cache=True, error_model="numpy", inline="always")
def _texel(bank, decode, table, begin, width, row, column):
    """Return the linear red, green and blue of a texel."""
    at = begin + (row * width + column) * 3
    return decode[table, bank[at]], decode[table, bank[at + 1]], decode[table, bank[at + 2]]


@njit(cache=True, error_model="numpy", inline="always")
def _step(uv, gprim, material, row, column, d_row, d_column, a, b, c, d):
    """Return the step of the transformed coordinates to the nearer of two neighbours; nan where both show another surface.

    A seam of the texture lies on one side only, so that the nearer one is not across it.
    """
    height, width = gprim.shape
    best, best_u, best_v = np.float32(np.inf), np.float32(np.nan), np.float32(np.nan)
    for side in range(-1, 2, 2):
        r, q = row + side * d_row, column + side * d_column
        if r < 0 or q < 0 or r >= height or q >= width:
            continue
        if gprim[r, q] != gprim[row, column] or material[r, q] != material[row, column]:
            continue
        du0, dv0 = uv[r, q, 0] - uv[row, column, 0], uv[r, q, 1] - uv[row, column, 1]
        du, dv = a * du0 + c * dv0, b * du0 + d * dv0
        if du * du + dv * dv < best:
            best, best_u, best_v = du * du + dv * dv, du, dv
    return best_u, best_v


@njit(cache=True, error_model="numpy", fastmath={"contract", "arcp"})
def _sample(
    material, uv, gprim, base, known_of, texture_of, uv_of, wrap_of, scale_of, bias_of,
    bank, level_start, level_size, decoders, encode, out, plain, known,
):  # fmt: skip
    height, width = material.shape
    top = np.float32(encode.size - 1)
    half, zero, one, limit = np.float32(0.5), np.float32(0.0), np.float32(1.0), np.float32(1e6)
    deepest = level_start.shape[1] - 1
    for row in range(height):
        for column in range(width):
            m = material[row, column]
            if m < 0:
                continue
            t = texture_of[m]
            u0, v0 = uv[row, column, 0], uv[row, column, 1]
            if t < 0 or not (abs(u0) < limit and abs(v0) < limit):  # false for nan as well
                out[row, column, 0], out[row, column, 1], out[row, column, 2] = base[m, 0], base[m, 1], base[m, 2]
                plain[row, column, 0], plain[row, column, 1], plain[row, column, 2] = base[m, 0], base[m, 1], base[m, 2]
                known[row, column] = known_of[m] and t < 0
                continue
            known[row, column] = known_of[m]
            a, b, c, d = uv_of[m, 0], uv_of[m, 1], uv_of[m, 2], uv_of[m, 3]
            u = a * u0 + c * v0 + uv_of[m, 4]
            v = b * u0 + d * v0 + uv_of[m, 5]
            # The texel at the pixel's centre.
            r0 = _wrapped(math.floor((one - v) * level_size[t, 0, 0]), level_size[t, 0, 0], wrap_of[m, 1])
            c0 = _wrapped(math.floor(u * level_size[t, 0, 1]), level_size[t, 0, 1], wrap_of[m, 0])
            ra, ga, ba = zero, zero, zero
            if r0 >= 0 and c0 >= 0:
                ra, ga, ba = _texel(bank, decoders, t, level_start[t, 0], level_size[t, 0, 1], r0, c0)
            ra = min(max(ra * scale_of[m, 0] + bias_of[m, 0], zero), one)
            ga = min(max(ga * scale_of[m, 1] + bias_of[m, 1], zero), one)
            ba = min(max(ba * scale_of[m, 2] + bias_of[m, 2], zero), one)
            plain[row, column, 0] = encode[int(math.sqrt(ra) * top + half)]
            plain[row, column, 1] = encode[int(math.sqrt(ga) * top + half)]
            plain[row, column, 2] = encode[int(math.sqrt(ba) * top + half)]
            # The pixel's footprint on the texture [texels].
            tall, wide = np.float32(level_size[t, 0, 0]), np.float32(level_size[t, 0, 1])
            across_u, across_v = _step(uv, gprim, material, row, column, 0, 1, a, b, c, d)
            down_u, down_v = _step(uv, gprim, material, row, column, 1, 0, a, b, c, d)
            across = math.sqrt((across_u * wide) ** 2 + (across_v * tall) ** 2) if across_u == across_u else zero
            down = math.sqrt((down_u * wide) ** 2 + (down_v * tall) ** 2) if down_u == down_u else zero
            major_u, major_v, longest, shortest = across_u, across_v, across, down
            if down > across:
                major_u, major_v, longest, shortest = down_u, down_v, down, across
            taps, level = 1, 0
            if longest > one:
                taps = int(min(math.ceil(longest / max(shortest, one) - 0.01), _MAX_TAPS))
                size = longest / taps
                while size > np.float32(1.4142) and level < deepest:
                    size *= half
                    level += 1
            begin = level_start[t, level]
            h, w = level_size[t, level, 0], level_size[t, level, 1]
            red, green, blue = zero, zero, zero
            for tap in range(taps):
                x, y = u, v
                if taps > 1:
                    shift = (np.float32(tap) + half) / taps - half
                    x, y = u + shift * major_u, v + shift * major_v
                x, y = x * w - half, (one - y) * h - half
                left, upper = math.floor(x), math.floor(y)
                fx, fy = np.float32(x - left), np.float32(y - upper)
                r0, r1 = _wrapped(int(upper), h, wrap_of[m, 1]), _wrapped(int(upper) + 1, h, wrap_of[m, 1])
                c0, c1 = _wrapped(int(left), w, wrap_of[m, 0]), _wrapped(int(left) + 1, w, wrap_of[m, 0])
                w00, w01, w10, w11 = (one - fx) * (one - fy), fx * (one - fy), (one - fx) * fy, fx * fy
                if (
                    r0 < 0 or r1 < 0 or c0 < 0 or c1 < 0
                ):  # beyond a black border; a branch for each texel costs four times more
                    w00 = zero if r0 < 0 or c0 < 0 else w00
                    w01 = zero if r0 < 0 or c1 < 0 else w01
                    w10 = zero if r1 < 0 or c0 < 0 else w10
                    w11 = zero if r1 < 0 or c1 < 0 else w11
                    r0, r1, c0, c1 = max(r0, 0), max(r1, 0), max(c0, 0), max(c1, 0)
                ra, ga, ba = _texel(bank, decoders, t, begin, w, r0, c0)
                rb, gb, bb = _texel(bank, decoders, t, begin, w, r0, c1)
                rc, gc, bc = _texel(bank, decoders, t, begin, w, r1, c0)
                rd, gd, bd = _texel(bank, decoders, t, begin, w, r1, c1)
                red += w00 * ra + w01 * rb + w10 * rc + w11 * rd
                green += w00 * ga + w01 * gb + w10 * gc + w11 * gd
                blue += w00 * ba + w01 * bb + w10 * bc + w11 * bd
            share = one / np.float32(taps)
            red = min(max(red * share * scale_of[m, 0] + bias_of[m, 0], zero), one)
            green = min(max(green * share * scale_of[m, 1] + bias_of[m, 1], zero), one)
            blue = min(max(blue * share * scale_of[m, 2] + bias_of[m, 2], zero), one)
            out[row, column, 0] = encode[int(math.sqrt(red) * top + half)]
            out[row, column, 1] = encode[int(math.sqrt(green) * top + half)]
            out[row, column, 2] = encode[int(math.sqrt(blue) * top + half)]
