"""Colours: sRGB, linear light, CIELAB, and the basic colour terms of English."""

from __future__ import annotations

import functools

import numpy as np


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """Encode linear light as sRGB (IEC 61966-2-1); values in 0..1, any shape."""
    linear = np.asarray(linear)
    clipped = np.maximum(linear, 0.0)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * clipped ** (1.0 / 2.4) - 0.055)


def srgb_to_linear(encoded: np.ndarray) -> np.ndarray:
    """Decode sRGB to linear light (IEC 61966-2-1); values in 0..1, any shape."""
    encoded = np.asarray(encoded)
    clipped = np.maximum(encoded, 0.0)
    return np.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4)


#: Linear light of each 8-bit sRGB value, (256,) float32.
SRGB8_TO_LINEAR = srgb_to_linear(np.arange(256) / 255.0).astype(np.float32)


def srgb8_to_linear(encoded: np.ndarray) -> np.ndarray:
    """Decode 8-bit sRGB to linear light, float32 of the same shape."""
    return SRGB8_TO_LINEAR[encoded]


def linear_to_srgb8(linear: np.ndarray) -> np.ndarray:
    """Encode linear light as 8-bit sRGB, rounded, uint8 of the same shape."""
    return (np.clip(linear_to_srgb(linear), 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


#: CIE 1931 XYZ of the sRGB primaries, rows = X, Y, Z (IEC 61966-2-1).
_XYZ_FROM_RGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE_D65 = _XYZ_FROM_RGB.sum(axis=1)


def linear_to_lab(linear: np.ndarray) -> np.ndarray:
    """Convert linear sRGB to CIELAB (D65).

    Args:
        linear: (..., 3) linear RGB in 0..1.

    Returns:
        (..., 3) float64: L* in 0..100, a*, b*.
    """
    ratio = np.asarray(linear, dtype=np.float64) @ _XYZ_FROM_RGB.T / _WHITE_D65
    edge = 6.0 / 29.0
    root = np.where(ratio > edge**3, np.cbrt(ratio), ratio / (3.0 * edge**2) + 4.0 / 29.0)
    x, y, z = root[..., 0], root[..., 1], root[..., 2]
    return np.stack([116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)], axis=-1)


def srgb8_to_lab(encoded: np.ndarray) -> np.ndarray:
    """Convert (..., 3) uint8 sRGB to CIELAB (D65), (..., 3) float64."""
    return linear_to_lab(srgb8_to_linear(encoded))


#: The eleven basic colour terms of English (Berlin & Kay, 1969), American spelling. Index 0 of a term map is "none".
BASIC_TERMS = ("black", "white", "gray", "red", "green", "blue", "yellow", "orange", "brown", "pink", "purple")

_ANY = 360.0
_MAX_CHROMA = 200.0

# Where each term is certain: (term, lightness L* from, to, chroma C*ab from, to, hue h_ab from, to [deg]); a hue range may
# go through 0.
#
# Neutral lightness follows ISCC-NBS (Kelly & Judd, "Color: Universal Language and Dictionary of Names", NBS SP 440, 1976):
# black below Munsell value 2.5 (L* 25), white above 8.5 (L* 86), gray between, near-neutrals up to Munsell chroma 1 or so.
# The chromatic regions hold the names that end in the term in the xkcd colour survey (R. Munroe, 2010; 222,500 people;
# public domain), drawn with a gap between neighbours. What people call by another word (teal, tan, beige, olive,
# magenta, peach, lavender) and the borders between terms are in no region: there nothing is said.
_REGIONS: tuple[tuple[str, float, float, float, float, float, float], ...] = (
    ("black", 0.0, 12.0, 0.0, 12.0, 0.0, _ANY),
    ("black", 12.0, 22.0, 0.0, 7.0, 0.0, _ANY),
    ("gray", 29.0, 80.0, 0.0, 6.5, 0.0, _ANY),
    ("gray", 29.0, 80.0, 6.5, 8.5, 180.0, 270.0),  # cool grays reach farther out than warm ones
    ("white", 88.0, 101.0, 0.0, 7.0, 0.0, _ANY),
    ("red", 24.0, 55.0, 48.0, _MAX_CHROMA, 18.0, 42.0),
    ("orange", 58.0, 85.0, 56.0, _MAX_CHROMA, 49.0, 74.0),
    ("orange", 52.0, 58.0, 74.0, _MAX_CHROMA, 49.0, 70.0),
    ("brown", 13.0, 46.0, 18.0, 62.0, 48.0, 84.0),
    ("brown", 46.0, 58.0, 22.0, 46.0, 56.0, 80.0),
    ("brown", 58.0, 62.0, 24.0, 42.0, 60.0, 76.0),
    ("yellow", 72.0, 86.0, 55.0, _MAX_CHROMA, 83.0, 102.0),
    ("yellow", 86.0, 101.0, 54.0, _MAX_CHROMA, 86.0, 112.0),
    ("yellow", 96.0, 101.0, 42.0, _MAX_CHROMA, 100.0, 112.0),
    ("green", 12.0, 60.0, 22.0, _MAX_CHROMA, 117.0, 166.0),
    ("green", 60.0, 101.0, 26.0, _MAX_CHROMA, 120.0, 162.0),
    ("blue", 2.0, 90.0, 16.0, _MAX_CHROMA, 228.0, 298.0),
    ("blue", 2.0, 50.0, 58.0, _MAX_CHROMA, 298.0, 307.5),
    ("purple", 8.0, 76.0, 26.0, _MAX_CHROMA, 312.0, 324.0),
    ("purple", 8.0, 46.0, 24.0, _MAX_CHROMA, 324.0, 336.0),
    ("pink", 52.0, 60.0, 36.0, _MAX_CHROMA, 343.0, 8.0),  # duller ones are mauve
    ("pink", 60.0, 92.0, 16.0, _MAX_CHROMA, 343.0, 8.0),
    ("pink", 66.0, 92.0, 18.0, _MAX_CHROMA, 334.0, 343.0),
    ("pink", 62.0, 92.0, 18.0, 60.0, 8.0, 27.0),
)

_LUT_BITS = 6


def classify_lab(lab: np.ndarray) -> np.ndarray:
    """Return the basic colour term of CIELAB values.

    Args:
        lab: (..., 3) CIELAB (D65).

    Returns:
        (...) uint8: 0 where no term is certain, else 1 + index in :data:`BASIC_TERMS`.
    """
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360.0
    terms = np.zeros(lightness.shape, dtype=np.uint8)
    for name, l_from, l_to, c_from, c_to, h_from, h_to in _REGIONS:
        in_hue = (hue >= h_from) & (hue <= h_to) if h_from <= h_to else (hue >= h_from) | (hue <= h_to)
        inside = in_hue & (lightness >= l_from) & (lightness <= l_to) & (chroma >= c_from) & (chroma <= c_to)
        terms[inside] = BASIC_TERMS.index(name) + 1
    return terms


@functools.lru_cache(maxsize=1)
def _term_table() -> np.ndarray:
    """Term of each cell of the sRGB cube, (2**18,) uint8: a table, because a frame has 300,000 pixels to name."""
    steps = 1 << _LUT_BITS
    levels = (np.arange(steps) + 0.5) * (256 / steps) - 0.5
    levels[0], levels[-1] = 0.0, 255.0  # keep pure black, white and the primaries pure
    linear = srgb_to_linear(levels / 255.0)
    cube = np.stack(np.meshgrid(linear, linear, linear, indexing="ij"), axis=-1).reshape(-1, 3)
    return classify_lab(linear_to_lab(cube))


def basic_color_terms(srgb: np.ndarray) -> np.ndarray:
    """Return the basic colour term of each pixel.

    Args:
        srgb: (..., 3) uint8 sRGB.

    Returns:
        (...) uint8: 0 where no term is certain, else 1 + index in :data:`BASIC_TERMS`.
    """
    cell = srgb >> (8 - _LUT_BITS)
    index = (cell[..., 0].astype(np.int32) << (2 * _LUT_BITS)) | (cell[..., 1].astype(np.int32) << _LUT_BITS) | cell[..., 2]
    return _term_table()[index]


ColorShares = tuple[tuple[str, float], ...]


def basic_color_shares(srgb: np.ndarray) -> ColorShares:
    """Return which basic colours cover which share of some pixels.

    Args:
        srgb: (N, 3) uint8 sRGB, e.g. an object's visible albedo.

    Returns:
        (term, share in 0..1) with the largest share first, ties in the order of :data:`BASIC_TERMS`. Shares are of all
        pixels, so those of no certain term are what is missing to 1. Empty without pixels.
    """
    pixels = np.asarray(srgb, dtype=np.uint8).reshape(-1, 3)
    return grouped_color_shares(pixels, np.zeros(len(pixels), dtype=np.intp), count=1)[0]


def grouped_color_shares(
    srgb: np.ndarray, group: np.ndarray, *, count: int, known: np.ndarray | None = None
) -> list[ColorShares]:
    """Return the colour shares of several groups of pixels in one pass.

    Args:
        srgb: (N, 3) uint8 sRGB.
        group: (N,) integer group of each pixel, 0..count-1; others are ignored.
        count: Number of groups.
        known: (N,) bool, where the colour was authored; elsewhere a pixel counts to its group and to no term.

    Returns:
        For each group what :func:`basic_color_shares` says of its pixels.
    """
    group = np.asarray(group).reshape(-1).astype(np.intp)
    terms = basic_color_terms(np.asarray(srgb, dtype=np.uint8).reshape(-1, 3)).astype(np.intp)
    if known is not None:
        terms[~np.asarray(known, dtype=bool).reshape(-1)] = 0
    valid = (group >= 0) & (group < count)
    width = len(BASIC_TERMS) + 1
    table = np.bincount(group[valid] * width + terms[valid], minlength=count * width).reshape(count, width)
    totals = table.sum(axis=1)
    shares: list[ColorShares] = []
    for row, total in zip(table, totals, strict=True):
        order = sorted((term for term in range(1, width) if row[term]), key=lambda term: (-row[term], term))
        shares.append(tuple((BASIC_TERMS[term - 1], round(float(row[term] / total), 4)) for term in order))
    return shares
