"""Rug, television, clock, picture, window, curtain, plant and toys."""

from __future__ import annotations

import math

from .asset import Asset, colour_array
from .materials import linear
from .shapes import Shape, box, lathe, leaf, merged, rounded_box, sphere, spline, tube
from .usda import vector

RUG_SIZE = (2.4, 1.7, 0.01)


def rug() -> Asset:
    asset = Asset("Rug_Kilim_240", "rug")
    shape = box(RUG_SIZE)
    x, y = RUG_SIZE[0], RUG_SIZE[1]
    uv = [tuple((shape.points[c][0] / x + 0.5, shape.points[c][1] / y + 0.5) for c in face) for face in shape.faces]
    return asset.mesh("Weave", Shape(shape.points, shape.faces, uv), "RugWeave")


def television() -> Asset:
    asset = Asset("TV_55in", "television")
    panel = rounded_box((1.24, 0.035, 0.715), 0.008).moved(z=0.065)
    foot = rounded_box((0.42, 0.2, 0.012), 0.005)
    neck = rounded_box((0.12, 0.03, 0.09), 0.008).moved(y=0.012, z=0.008)
    screen = box((1.216, 0.001, 0.69)).moved(y=-0.0179, z=0.078)
    return asset.mesh("Body", merged(panel, foot, neck), "BlackPlastic").mesh("Screen", screen, "DarkGlass")


def wall_clock() -> Asset:
    """Flat against the plane y = 0, facing -y, centred on the origin."""
    asset = Asset("WallClock_Round", "wall_clock", doc="A round wall clock that shows ten past ten.")
    rim = lathe(
        [
            (0, 0),
            (0.148, 0),
            (0.15, 0.003),
            (0.15, 0.032),
            (0.146, 0.036),
            (0.138, 0.036),
            (0.135, 0.03),
            (0.135, 0.012),
            (0, 0.012),
        ],
        segments=56,
    )
    face = lathe([(0, 0.012), (0.1345, 0.012), (0.1345, 0.014), (0, 0.014)], segments=56)
    marks = []
    for hour in range(12):
        long = hour % 3 == 0
        marks.append(
            box((0.008 if long else 0.004, 0.022 if long else 0.014, 0.0012)).moved(y=0.114, z=0.014).turned("z", -30 * hour)
        )
    hands = [
        box((0.009, 0.085, 0.0014)).moved(y=0.033, z=0.0155).turned("z", -305),
        box((0.006, 0.12, 0.0014)).moved(y=0.045, z=0.017).turned("z", -60),
    ]
    hub = lathe([(0, 0.014), (0.008, 0.014), (0.008, 0.02), (0, 0.021)], segments=16)
    second = box((0.0025, 0.13, 0.001)).moved(y=0.045, z=0.0185).turned("z", -200)
    up = {"axis": "x", "degrees": 90}
    asset.mesh("Rim", rim.turned(**up), "ClockRim").mesh("Face", face.turned(**up), "ClockFace")
    return asset.mesh("Hands", merged(*marks, *hands, hub).turned(**up), "BlackPlastic").mesh(
        "SecondHand", second.turned(**up), "RedPaint"
    )


def picture() -> Asset:
    """A framed picture against y = 0, facing -y, centred on the origin."""
    asset = Asset("FramedPicture_Hills", "picture", info_name="framed picture")
    width, height, bar, depth = 0.9, 0.66, 0.035, 0.028
    bars = [rounded_box((width, depth, bar), 0.004).moved(y=-depth / 2, z=z) for z in (-height / 2, height / 2 - bar)] + [
        rounded_box((bar, depth, height - 2 * bar + 0.004), 0.004).moved(x=x, y=-depth / 2, z=-height / 2 + bar - 0.002)
        for x in (-(width - bar) / 2, (width - bar) / 2)
    ]
    x, z = width / 2 - bar + 0.003, height / 2 - bar + 0.003
    corners = [(-x, -0.012, -z), (x, -0.012, -z), (x, -0.012, z), (-x, -0.012, z)]
    canvas = Shape(corners, [(0, 1, 2, 3)], [((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))])
    return asset.mesh("Frame", merged(*bars), "Walnut").mesh("Canvas", canvas, "Artwork")


WINDOW = (1.5, 1.25)


def window() -> Asset:
    """A sliding window in the plane x = 0, from z = 0, centred in y, facing +x (into the room)."""
    asset = Asset("Window_Sliding", "window")
    width, height = WINDOW
    bar, depth = 0.055, 0.07
    bars = [box((depth, width, bar)).moved(z=z) for z in (0.001, height - bar - 0.001)]
    bars += [box((depth, bar, height - 2 * bar)).moved(y=y, z=bar) for y in (-(width - bar) / 2, 0.0, (width - bar) / 2)]
    sill = rounded_box((0.14, width - 0.004, 0.03), 0.008).moved(x=0.033)
    # The far sash is slid behind the near one: that half stands open, and the sun comes in.
    half, rail = (width - 3 * bar) / 2 + 0.02, 0.035
    middle = -(width - bar) / 4
    sashes, panes = [], []
    for x in (-0.014, 0.014):
        sashes += [box((0.024, half, rail)).moved(x=x, y=middle, z=z) for z in (bar, height - bar - rail)]
        sashes += [
            box((0.024, rail, height - 2 * (bar + rail))).moved(x=x, y=middle + side * (half - rail) / 2, z=bar + rail)
            for side in (-1, 1)
        ]
        panes.append(box((0.004, half - 2 * rail, height - 2 * (bar + rail))).moved(x=x, y=middle, z=bar + rail))
    return asset.mesh("Frame", merged(*bars, *sashes, sill), "WhiteLacquer").mesh("Glass", merged(*panes), "WindowGlass")


def curtain() -> Asset:
    """A gathered curtain in the plane x = 0 that hangs from z = 0 (its rod) down."""
    asset = Asset("Curtain_Linen", "curtain")
    points, faces = [], []
    columns, drop = 45, 2.12
    for row, z in enumerate((0.0, -0.5 * drop, -drop)):
        spread = 1.0 + 0.06 * row
        for k in range(columns):
            t = k / (columns - 1)
            points.append((0.032 * math.sin(2 * math.pi * 7 * t) * (1 + 0.12 * row), (t - 0.5) * 0.5 * spread, z))
    for row in range(2):
        for k in range(columns - 1):
            p = row * columns + k
            faces.append((p, p + columns, p + columns + 1, p + 1))
    return asset.mesh("Cloth", Shape(points, faces), "CurtainLinen", double_sided=True, crease=85)


def curtain_rod() -> Asset:
    asset = Asset("CurtainRod_Brass", "curtain_rod")
    rod = tube([(0, -1.3, 0), (0, 1.3, 0)], 0.011, segments=12)
    ends = [sphere(0.022, rings=8, segments=14).moved(y=y) for y in (-1.31, 1.31)]
    arms = [tube([(-0.09, y, 0), (0, y, 0)], 0.007, segments=8) for y in (-1.2, 1.2)]
    return asset.mesh("Rod", merged(rod, *ends, *arms), "Brass")


def potted_plant() -> Asset:
    """A tall plant in a clay pot, in centimetres with y up."""
    asset = Asset(
        "PottedPlant_Ficus_01", "potted_plant", doc="A leafy green plant in a terracotta pot.", units=0.01, y_up=True
    )
    outer = [(0.12, 0.0), (0.126, 0.004), (0.165, 0.26), (0.182, 0.262), (0.186, 0.268), (0.188, 0.315), (0.184, 0.32)]
    inner = [(0.17, 0.32), (0.166, 0.315), (0.16, 0.27)]
    asset.mesh("Pot", lathe([(0, 0.0), *outer, *inner, (0, 0.27)], segments=40), "TerracottaClay")
    asset.mesh("Soil", lathe([(0, 0.275), (0.162, 0.275), (0.1, 0.285), (0, 0.292)], segments=28), "Soil")
    stems, leaves = [], []
    for k in range(3):
        angle = 2 * math.pi * k / 3 + 0.5
        c, s = math.cos(angle), math.sin(angle)
        tip = 0.95 - 0.12 * k
        path = spline(
            [
                (0.03 * c, 0.03 * s, 0.27),
                (0.055 * c, 0.055 * s, 0.5),
                (0.1 * c, 0.1 * s, 0.8),
                (0.13 * c, 0.13 * s, 0.27 + tip),
            ],
            3,
        )
        stems.append(tube(path, [0.011 - 0.0007 * i for i in range(len(path))], segments=8))
        count = 11
        for j in range(count):
            t = (j + 2) / (count + 1)
            at = path[min(len(path) - 1, round(t * (len(path) - 1)))]
            turn = math.degrees(angle) + 137.5 * j
            size = 0.29 - 0.1 * t
            leaves.append(leaf(size, 0.46 * size, rise=0.75 + 0.4 * t, fall=1.7).turned("z", turn).moved(at[0], at[1], at[2]))
    asset.mesh("Stems", merged(*stems), "Stem")
    return asset.mesh("Leaves", merged(*leaves), "DeepLeafGreen", double_sided=True, crease=80)


def teddy() -> Asset:
    """A sitting bear of implicit spheres, in centimetres."""
    asset = Asset("Teddy_Bear", "teddy", doc="A brown teddy bear.", units=0.01)
    parts = [
        ("Body", (0, 0, 10.4), (8.6, 7.6, 10.4), "TeddyFur"),
        ("Belly", (0, -2.6, 9.6), (6.0, 5.6, 7.4), "TeddyLight"),
        ("Head", (0, -0.6, 26.0), (7.6, 7.0, 7.0), "TeddyFur"),
        ("Snout", (0, -6.4, 24.2), (3.4, 3.0, 2.6), "TeddyLight"),
        ("EarLeft", (-5.8, 0, 31.6), (2.8, 1.6, 2.8), "TeddyFur"),
        ("EarRight", (5.8, 0, 31.6), (2.8, 1.6, 2.8), "TeddyFur"),
        ("ArmLeft", (-9.0, -3.2, 14.0), (3.2, 5.2, 3.4), "TeddyFur"),
        ("ArmRight", (9.0, -3.2, 14.0), (3.2, 5.2, 3.4), "TeddyFur"),
        ("LegLeft", (-5.8, -9.4, 3.7), (3.7, 6.8, 3.7), "TeddyFur"),
        ("LegRight", (5.8, -9.4, 3.7), (3.7, 6.8, 3.7), "TeddyFur"),
        ("SoleLeft", (-5.8, -15.6, 3.9), (2.6, 0.9, 2.6), "TeddyLight"),
        ("SoleRight", (5.8, -15.6, 3.9), (2.6, 0.9, 2.6), "TeddyLight"),
        ("EyeLeft", (-2.9, -6.7, 28.0), (0.8, 0.6, 0.8), "BlackEye"),
        ("EyeRight", (2.9, -6.7, 28.0), (0.8, 0.6, 0.8), "BlackEye"),
        ("Nose", (0, -9.2, 25.0), (1.3, 0.8, 0.9), "BlackEye"),
    ]
    for name, center, radii, material in parts:
        asset.gprim(
            "Sphere",
            name,
            [
                "float3[] extent = [(-1, -1, -1), (1, 1, 1)]",
                "double radius = 1",
                f"double3 xformOp:translate = {vector(center)}",
                f"float3 xformOp:scale = {vector(radii)}",
                'uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]',
            ],
            sphere(1.0).scaled(*(0.01 * r for r in radii)).moved(*(0.01 * c for c in center)),
            material,
        )
    return asset


BALL_RADIUS = 0.13


def ball() -> Asset:
    """A beach ball about the origin; its stripes are material subsets."""
    asset = Asset("BeachBall", "ball")
    segments = 36
    shape = sphere(BALL_RADIUS, rings=18, segments=segments)
    names = ["BallRed", "BallWhite", "BallBlue", "BallWhite", "BallRed", "BallWhite"]
    parts = []
    for face in shape.faces:
        center = shape.points[list(face)].mean(axis=0)
        angle = math.atan2(center[1], center[0]) % (2 * math.pi)
        parts.append("BallWhite" if abs(center[2]) > 0.97 * BALL_RADIUS else names[int(angle / (2 * math.pi) * 6) % 6])
    return asset.mesh("Skin", Shape(shape.points, shape.faces, None, parts), "")


CRATE_SIZE = (0.5, 0.36, 0.175)


def toy_box() -> Asset:
    """An open crate of boards."""
    asset = Asset("SM_ToyBox_Open", "toy_box")
    x, y, z = CRATE_SIZE
    board = 0.014
    parts = [box((x - 0.002, y - 0.002, board)).moved(z=0.006)]
    for level in range(2):
        low, high = 0.0 + level * 0.0875, 0.079
        parts += [rounded_box((x, board, high), 0.003, steps=1).moved(y=s * (y - board) / 2, z=low) for s in (-1, 1)]
        parts += [
            rounded_box((board, y - 2 * board, high), 0.003, steps=1).moved(x=s * (x - board) / 2, z=low) for s in (-1, 1)
        ]
    parts += [
        box((0.02, 0.02, z - 0.02)).moved(x=sx * (x / 2 - board - 0.01), y=sy * (y / 2 - board - 0.01), z=0.01)
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    return asset.mesh("Boards", merged(*parts), "Birch")


#: Upper face of the crate's floor [m].
CRATE_FLOOR = 0.02
BLOCK = 0.11


def toy_block() -> Asset:
    """A cube coloured by its display colour alone."""
    asset = Asset("Toy_Block", "toy_block")
    half = BLOCK / 2
    return asset.gprim(
        "Cube",
        "Block",
        [
            f"float3[] extent = [({-half:g}, {-half:g}, {-half:g}), ({half:g}, {half:g}, {half:g})]",
            colour_array(linear("#e3b23c")),
            f"double size = {BLOCK:g}",
            f"double3 xformOp:translate = (0, 0, {half:g})",
            'uniform token[] xformOpOrder = ["xformOp:translate"]',
        ],
        box((BLOCK, BLOCK, BLOCK)),
    )


def cardboard_box() -> Asset:
    """A closed parcel with tape."""
    asset = Asset("CardboardBox", "cardboard_box")
    tape = box((0.05, 0.3015, 0.2015)).moved(z=-0.0005).part("Paper")
    return asset.mesh("Box", merged(rounded_box((0.42, 0.3, 0.2), 0.003, steps=1), tape), "Cardboard")
