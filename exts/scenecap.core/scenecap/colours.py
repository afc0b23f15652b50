"""Colours: sRGB, linear light, CIELAB, and the basic colour terms of English."""

from __future__ import annotations

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
