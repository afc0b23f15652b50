"""Which colours a surface might be called, generously: what is not among them contradicts a claim."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np
from scipy.spatial import KDTree

from scenecap.colours import BASIC_TERMS, basic_color_terms, srgb8_to_lab

#: Difference of colour (CIE76) up to which a colour that has no certain name might be called like one that has; and one that
#: has a name of its own like one that has another.
NEAR, NEXT = 20.0, 8.0
#: Bits of a colour value that are told apart.
_BITS = 5


def near_color_shares(srgb: np.ndarray) -> Mapping[str, float]:
    """Return which share of some pixels might be called by each basic colour term; shares overlap.

    Args:
        srgb: (N, 3) uint8 sRGB.

    Returns:
        Term -> share in 0..1, without those of share 0.
    """
    if not len(srgb):
        return {}
    cell = (np.asarray(srgb, dtype=np.uint8) >> (8 - _BITS)).astype(np.int64)
    codes, counts = np.unique((cell[:, 0] << (2 * _BITS)) | (cell[:, 1] << _BITS) | cell[:, 2], return_counts=True)
    colors = _colors_of(codes)
    lab, own = srgb8_to_lab(colors), basic_color_terms(colors)
    reach = np.where(own > 0, NEXT, NEAR)
    shares = {}
    for term, tree in zip(BASIC_TERMS, _trees(), strict=True):
        distance, _ = tree.query(lab, distance_upper_bound=NEAR)
        share = float(counts[distance <= reach].sum() / counts.sum())
        if share > 0.0:
            shares[term] = round(share, 4)
    return shares


def _colors_of(codes: np.ndarray) -> np.ndarray:
    """Return (N, 3) uint8 sRGB in the middle of each cell."""
    mask, half = (1 << _BITS) - 1, 1 << (7 - _BITS)
    parts = [(codes >> shift) & mask for shift in (2 * _BITS, _BITS, 0)]
    return (np.stack(parts, axis=1) << (8 - _BITS)).astype(np.uint8) + np.uint8(half)


@functools.lru_cache(maxsize=1)
def _trees() -> tuple[KDTree, ...]:
    """Return, for each term, the colours that people are certain of."""
    colors = _colors_of(np.arange(1 << (3 * _BITS)))
    corners = np.array([[0, 0, 0], [255, 255, 255]], dtype=np.uint8)
    colors = np.concatenate([colors, corners])
    terms, lab = basic_color_terms(colors), srgb8_to_lab(colors)
    return tuple(KDTree(lab[terms == number + 1]) for number in range(len(BASIC_TERMS)))
