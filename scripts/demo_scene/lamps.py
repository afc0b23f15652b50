"""Lamps: shades, stands, bulbs. The light itself is placed in the room."""

from __future__ import annotations

from .asset import Asset
from .shapes import cylinder, lathe, merged, sphere, spline, tube


def _shade(low: float, high: float, height: float, z: float, wall: float = 0.003):
    """An open cone of cloth."""
    return lathe([(low - wall, z), (low, z), (high, z + height), (high - wall, z + height), (low - wall, z)], segments=44)


def floor_lamp() -> Asset:
    asset = Asset("FloorLamp_Arc_03", "floor_lamp")
    base = lathe([(0, 0), (0.15, 0), (0.156, 0.004), (0.153, 0.016), (0.14, 0.022), (0.02, 0.026), (0, 0.026)], segments=44)
    pole = tube([(0, 0, 0.02), (0, 0, 1.46)], 0.011, segments=14)
    spokes = [
        tube([(0, 0, 1.44), (x, y, 1.44)], 0.004, segments=8) for x, y in ((0.19, 0.0), (-0.095, 0.1645), (-0.095, -0.1645))
    ]
    asset.mesh("Stand", merged(base, pole, *spokes), "BlackMetal")
    asset.mesh("Shade", _shade(0.22, 0.17, 0.3, 1.33), "Lampshade").mesh("Bulb", sphere(0.035).moved(z=1.47), "Bulb")
    return asset


def table_lamp() -> Asset:
    asset = Asset("SM_TableLamp_Ceramic", "table_lamp", doc="A table lamp with a green ceramic foot and a cream shade.")
    outline = spline([(0.062, 0.012), (0.085, 0.05), (0.088, 0.1), (0.06, 0.165), (0.026, 0.205), (0.018, 0.225)], 4)
    foot = lathe([(0, 0), (0.056, 0), (0.06, 0.004), *outline, (0, 0.226)], segments=40)
    neck = cylinder(0.009, 0.09, segments=14).moved(z=0.22)
    asset.mesh("Foot", foot, "GreenGlaze", crease=50).mesh("Neck", neck, "Brass")
    asset.mesh("Shade", _shade(0.145, 0.095, 0.2, 0.27), "Lampshade").mesh("Bulb", sphere(0.028).moved(z=0.335), "Bulb")
    spokes = [
        tube([(0, 0, 0.305), (x, y, 0.305)], 0.003, segments=8) for x, y in ((0.134, 0.0), (-0.067, 0.116), (-0.067, -0.116))
    ]
    return asset.mesh("Spokes", merged(*spokes), "Brass")


def pendant_lamp() -> Asset:
    """Origin at the ceiling, everything below it."""
    asset = Asset("PendantLamp_Dome", "pendant_lamp")
    canopy = lathe([(0, -0.03), (0.03, -0.03), (0.052, -0.012), (0.055, 0.0), (0, 0.0)], segments=32)
    cord = tube([(0, 0, -0.86), (0, 0, -0.02)], 0.0035, segments=8)
    outer = spline([(0.21, -1.08), (0.205, -1.03), (0.165, -0.95), (0.09, -0.9), (0.035, -0.875)], 4)
    inner = [(r - 0.004, z - 0.004) for r, z in reversed(outer)]
    shade = lathe([(0.206, -1.08), *outer, (0.03, -0.855), (0, -0.855)], segments=48)
    lining = lathe([(0, -0.885), *inner, (0.206, -1.08)], segments=48)
    asset.mesh("Canopy", canopy, "BlackMetal").mesh("Cord", cord, "BlackPlastic")
    asset.mesh("Shade", shade, "PendantEnamel").mesh("Lining", lining, "PendantInside", double_sided=True)
    return asset.mesh("Bulb", sphere(0.045).moved(z=-0.985), "Bulb")
