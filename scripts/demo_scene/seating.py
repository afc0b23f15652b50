"""Sofa, armchair, dining chair, cushions. Each stands on z = 0, centred, and faces -y."""

from __future__ import annotations

from .asset import Asset
from .shapes import cylinder, merged, pillow, rounded_box, spline, tube
from .usda import Prim, vectors


def sofa() -> Asset:
    asset = Asset("SM_Sofa_3Seater", "sofa", doc="A three-seat sofa with loose cushions, in slate-blue fabric on walnut legs.")
    frame = merged(
        rounded_box((2.04, 0.86, 0.24), 0.03).moved(z=0.12),
        rounded_box((0.17, 0.86, 0.48), 0.05, steps=2).moved(x=-0.985, z=0.12),
        rounded_box((0.17, 0.86, 0.48), 0.05, steps=2).moved(x=0.985, z=0.12),
        rounded_box((2.0, 0.2, 0.62), 0.06, steps=2).moved(y=0.34, z=0.12),
    )
    seats = merged(
        *(
            rounded_box((0.593, 0.64, 0.15), 0.045, steps=2, inner=4, bulge=0.022).moved(x=x, y=-0.1, z=0.345)
            for x in (-0.6, 0, 0.6)
        )
    )
    backs = merged(
        *(
            rounded_box((0.585, 0.36, 0.14), 0.06, steps=2, inner=4, bulge=0.03).turned("x", 78).moved(x=x, y=0.27, z=0.49)
            for x in (-0.6, 0, 0.6)
        )
    )
    legs = merged(*(cylinder(0.02, 0.125, top=0.03).moved(x=x, y=y) for x in (-0.92, 0.92) for y in (-0.34, 0.34)))
    asset.mesh("Frame", frame, "SofaFabric").mesh("SeatCushions", seats, "SofaSeat").mesh("BackCushions", backs, "SofaSeat")
    asset.mesh("Legs", legs, "Walnut")
    # What a simulator would collide with: a guide, never seen.
    guide = Prim(
        "Cube", "Collision", properties=["double size = 1", f"float3[] extent = {vectors([(-0.5,) * 3, (0.5,) * 3])}"]
    )
    guide.properties += [
        'uniform token purpose = "guide"',
        "double3 xformOp:translate = (0, 0, 0.4)",
        "float3 xformOp:scale = (2.14, 0.88, 0.8)",
        'uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]',
    ]
    asset.parts.append(guide)
    return asset


def armchair() -> Asset:
    asset = Asset("SM_Armchair_01", "armchair")
    body = merged(
        rounded_box((0.76, 0.74, 0.24), 0.04, steps=3).moved(z=0.14),
        rounded_box((0.15, 0.74, 0.42), 0.06, steps=3).moved(x=-0.345, z=0.14),
        rounded_box((0.15, 0.74, 0.42), 0.06, steps=3).moved(x=0.345, z=0.14),
        rounded_box((0.76, 0.17, 0.70), 0.07, steps=3).turned("x", -8).moved(y=0.3, z=0.15),
    )
    seat = rounded_box((0.525, 0.58, 0.14), 0.05, steps=3, inner=5, bulge=0.02).moved(y=-0.08, z=0.36)
    legs = merged(*(cylinder(0.014, 0.145, top=0.022).moved(x=x, y=y) for x in (-0.31, 0.31) for y in (-0.3, 0.3)))
    return asset.mesh("Body", body, "ArmchairFabric").mesh("Seat", seat, "ArmchairFabric").mesh("Legs", legs, "Walnut")


def dining_chair() -> Asset:
    asset = Asset("SM_DiningChair_02", "dining_chair")
    seat_height = 0.45
    legs = [tube([(x * 1.12, -0.2, 0.0), (x, -0.18, seat_height - 0.03)], [0.011, 0.017]) for x in (-0.18, 0.18)]
    posts = [
        tube(spline([(x * 1.12, 0.235, 0.0), (x, 0.18, 0.42), (x * 0.98, 0.215, 0.66), (x * 0.9, 0.26, 0.86)], 5), 0.015)
        for x in (-0.18, 0.18)
    ]
    rails = [tube([(x, -0.17, 0.38), (x, 0.18, 0.38)], 0.011, segments=8) for x in (-0.175, 0.175)]
    arc = [(0.345 * (t - 0.5), 0.222 + 0.028 * (1 - (2 * t - 1) ** 2), 0.68) for t in (0, 0.2, 0.4, 0.6, 0.8, 1.0)]
    slat = tube(arc, 0.011)
    top = rounded_box((0.36, 0.03, 0.075), 0.012).moved(y=0.255, z=0.79)
    wood = merged(*legs, *posts, *rails, slat, top, rounded_box((0.4, 0.4, 0.025), 0.012).moved(z=seat_height - 0.04))
    seat = rounded_box((0.4, 0.39, 0.045), 0.02, steps=3, inner=4, bulge=0.008).moved(y=-0.005, z=seat_height - 0.017)
    return asset.mesh("Frame", wood, "Walnut").mesh("SeatPad", seat, "ChairSeat")


def cushion(name: str, file: str, material: str, doc: str = "") -> Asset:
    asset = Asset(name, file, doc=doc)
    return asset.mesh("Cushion", pillow(0.44, 0.44, 0.15), material)
