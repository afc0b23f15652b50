"""From light to a picture: automatic exposure by the light that falls in, and a gentle shoulder for what is too bright."""

from __future__ import annotations

import math

import numpy as np

from scenecap.capture.raster_setup import njit
from scenecap.colours import linear_to_srgb8

#: What a surface of reflectance 1 in the scene's median light becomes (linear; 1 is white).
_TARGET = 0.74
#: Values up to here stay as they are; above, they approach 1.
_SHOULDER = 0.65
#: Reflectance below which a pixel says too little about the light that falls on it.
_DARKEST = 0.04


LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def meter(radiance: np.ndarray, reflectance: np.ndarray, hit: np.ndarray) -> float:
    """Return the factor that exposes a picture so that colours look like their surfaces.

    It measures incident light, as a photographer's dome does: radiance over reflectance of each pixel. A black object then
    stays black and a white room white, which a meter of the picture's mean brightness would both turn gray.

    Args:
        radiance: (H, W, 3) float32 linear picture.
        reflectance: (H, W, 3) float32 linear base colour.
        hit: (H, W) bool, where something was hit.

    Returns:
        Factor on radiance; 1 where there is nothing to measure.
    """
    albedo = reflectance @ LUMINANCE
    measured = hit & (albedo >= _DARKEST)
    if not measured.any():
        return 1.0
    light = np.minimum(radiance @ LUMINANCE, np.float32(1e30))[measured] / albedo[measured]
    median = float(np.median(light))
    # Mostly shadow around a bright spot: the median alone would burn the spot, and an object in it.
    bright = float(np.percentile(light, 90.0)) / 1.6
    level = max(median, bright)
    return _TARGET / level if np.isfinite(level) and level > 1e-9 else 1.0


def develop(radiance: np.ndarray, exposure: float) -> np.ndarray:
    """Return the 8-bit sRGB picture of linear radiance.

    Args:
        radiance: (H, W, 3) float32.
        exposure: Factor from :func:`meter`, or the user's own.

    Returns:
        (H, W, 3) uint8.
    """
    out = np.empty(radiance.shape, dtype=np.uint8)
    _develop(np.ascontiguousarray(radiance, dtype=np.float32), np.float32(exposure), _CURVE, np.float32(_CURVE_TOP), out)
    return out


def _curve() -> np.ndarray:
    """Table of 8-bit values over the square root of exposed light, 0 to the square root of :data:`_CURVE_TOP`."""
    value = np.linspace(0.0, math.sqrt(_CURVE_TOP), 8192) ** 2
    rest = 1.0 - _SHOULDER
    shoulder = _SHOULDER + rest * (1.0 - np.exp(-np.maximum(value - _SHOULDER, 0.0) / rest))
    return linear_to_srgb8(np.where(value > _SHOULDER, shoulder, value))


#: Light beyond which the shoulder is white.
_CURVE_TOP = 4.0
_CURVE = _curve()


@njit(cache=True, error_model="numpy")
def _develop(radiance, exposure, curve, top, out):
    last = np.float32(curve.size - 1)
    scale = last / math.sqrt(top)
    zero, half = np.float32(0.0), np.float32(0.5)
    for row in range(radiance.shape[0]):
        for column in range(radiance.shape[1]):
            for channel in range(3):
                value = radiance[row, column, channel] * exposure
                value = value if value > zero else zero  # nan becomes black
                out[row, column, channel] = curve[int(math.sqrt(min(value, top)) * scale + half)]
