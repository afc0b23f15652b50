"""Mugs, plates, bowls, vases, fruit, books. Each stands on z = 0."""

from __future__ import annotations

import math

from .asset import Asset
from .shapes import Shape, box, lathe, leaf, merged, rounded_box, sphere, spline, tube
from .usda import Prim


def mug(name: str, file: str, material: str, **options) -> Asset:
    asset = Asset(name, file, **options)
    outer = [(0.029, 0.0015), (0.031, 0.0), (0.036, 0.0), (0.039, 0.003), (0.0405, 0.012), (0.0405, 0.088), (0.0398, 0.0925)]
    inner = [(0.0385, 0.0935), (0.0372, 0.0925), (0.0365, 0.088), (0.0365, 0.012), (0.033, 0.007), (0, 0.006)]
    cup = lathe([(0, 0.0015), *outer, *inner], segments=36)
    loop = spline(
        [(0.039, 0, 0.074), (0.054, 0, 0.078), (0.067, 0, 0.066), (0.068, 0, 0.044), (0.056, 0, 0.026), (0.039, 0, 0.024)], 4
    )
    handle = tube(loop, 0.0052, segments=12).scaled(1, 1.15, 1)
    coffee = lathe([(0, 0.07), (0.0364, 0.07), (0.0364, 0.071), (0, 0.071)], segments=28)
    return asset.mesh("Cup", merged(cup, handle), material).mesh("Coffee", coffee, "Coffee")


def plate() -> Asset:
    asset = Asset("Plate_Dinner_01", "plate", info_name="dinner plate")
    profile = [
        (0, 0.003),
        (0.07, 0.003),
        (0.073, 0.0),
        (0.08, 0.0),
        (0.084, 0.003),
        (0.115, 0.0135),
        (0.131, 0.0185),
        (0.133, 0.0205),
        (0.131, 0.0215),
        (0.113, 0.0165),
        (0.088, 0.0085),
        (0.08, 0.0065),
        (0, 0.006),
    ]
    return asset.mesh("Plate", lathe(profile, segments=48), "WhitePorcelain")


#: Inside of the fruit bowl from the middle outwards (radius, height) [m]: what the fruit rests on.
BOWL_INSIDE = spline([(0.0, 0.012), (0.045, 0.0135), (0.085, 0.028), (0.12, 0.066), (0.138, 0.114)], 6)


def bowl() -> Asset:
    asset = Asset("SM_FruitBowl", "fruit_bowl")
    outside = spline([(0.055, 0.006), (0.09, 0.021), (0.127, 0.062), (0.142, 0.1135)], 5)
    profile = [(0, 0.004), (0.043, 0.004), (0.045, 0.0), (0.053, 0.0), *outside, (0.1415, 0.1165), *reversed(BOWL_INSIDE)]
    return asset.mesh("Bowl", lathe(profile, segments=48), "GreenGlaze", crease=50)


#: Radius of apples and oranges [m].
FRUIT_RADIUS = 0.036


def apple() -> Asset:
    asset = Asset("Apple", "apple")
    profile = [
        (0, -0.031),
        (0.006, -0.0335),
        (0.014, -0.0345),
        (0.025, -0.028),
        (0.0335, -0.013),
        (0.036, 0.004),
        (0.0335, 0.019),
        (0.0255, 0.0295),
        (0.0145, 0.0325),
        (0.0065, 0.0295),
        (0, 0.0245),
    ]
    body = lathe([profile[0], *spline(profile[1:-1], 2), profile[-1]], segments=28)
    stem = tube(spline([(0, 0, 0.024), (0.001, 0, 0.034), (0.005, 0.001, 0.044)], 3), [0.0018] * 6 + [0.0024], segments=6)
    asset.mesh("Skin", body, "AppleSkin", crease=70)
    return asset.mesh("Stem", stem, "Stem")


def orange() -> Asset:
    asset = Asset("Orange", "orange")
    ball = sphere(FRUIT_RADIUS, rings=14, segments=28)
    asset.mesh("Peel", ball, "OrangePeel")
    return asset.mesh("Navel", lathe([(0, 0.0352), (0.004, 0.0352), (0.003, 0.0366), (0, 0.0366)], segments=10), "Stem")


def vase() -> Asset:
    asset = Asset("SM_Vase_Slim", "vase", doc="A slim ceramic vase, glazed in deep blue.")
    outer = spline(
        [(0.036, 0.0), (0.048, 0.03), (0.057, 0.085), (0.05, 0.15), (0.03, 0.205), (0.026, 0.225), (0.031, 0.25)], 4
    )
    inner = [(max(0.0, r - 0.0035), max(0.008, z)) for r, z in reversed(outer)]
    return asset.mesh(
        "Vase", lathe([(0, 0.0), *outer, (0.0295, 0.2515), *inner, (0, 0.008)], segments=40), "BlueGlaze", crease=50
    )


def tulips() -> Asset:
    """Stems from the vase's floor (8 mm above its foot, taken as z = 0 here) up through its neck."""
    asset = Asset("TulipBunch", "tulips", doc="A bunch of pink and yellow tulips.")
    stems, leaves, pink, yellow = [], [], [], []
    bud = [
        (0, 0),
        (0.006, 0.001),
        *spline([(0.013, 0.006), (0.019, 0.018), (0.0185, 0.032), (0.012, 0.045)], 3),
        (0.006, 0.05),
        (0, 0.046),
    ]
    for k in range(7):
        angle = 2 * math.pi * k / 7 + 0.3
        lean = 0.0 if k == 6 else 1.0
        reach, height = (0.055 + 0.022 * (k % 3)) * lean, 0.4 - 0.035 * (k % 3)
        c, s = math.cos(angle), math.sin(angle)
        path = spline(
            [
                (0.012 * c, 0.012 * s, 0.0),
                (-0.004 * c, -0.004 * s, 0.12),
                (0.012 * c, 0.012 * s, 0.235),
                (reach * c, reach * s, height),
            ],
            4,
        )
        stems.append(tube(path, 0.0026, segments=7))
        head = (
            lathe(bud, segments=14)
            .turned("y", 16 * lean)
            .turned("z", math.degrees(angle))
            .moved(reach * c, reach * s, height - 0.004)
        )
        (pink if k % 2 else yellow).append(head)
        if k % 2 == 0 and lean:
            leaves.append(
                leaf(0.19, 0.032, rise=1.5, fall=1.6).turned("z", math.degrees(angle) + 24).moved(0.012 * c, 0.012 * s, 0.2)
            )
    asset.mesh("Stems", merged(*stems), "LeafGreen").mesh("Leaves", merged(*leaves), "LeafGreen", double_sided=True, crease=80)
    return asset.mesh("PinkBuds", merged(*pink), "TulipPink", crease=70).mesh(
        "YellowBuds", merged(*yellow), "TulipYellow", crease=70
    )


#: Book's size [m]: thickness, depth, height, standing with its spine towards -y.
BOOK_SIZE = (0.034, 0.165, 0.24)


def book() -> Asset:
    """A hardcover, standing upright; its colour is a variant, its cover a material subset."""
    asset = Asset("Book_Hardcover", "book")
    x, y, z = BOOK_SIZE
    boards = [
        rounded_box((0.003, y, z), 0.0012, steps=1).moved(x=-(x - 0.003) / 2),
        rounded_box((0.003, y, z), 0.0012, steps=1).moved(x=(x - 0.003) / 2),
        rounded_box((x, 0.006, z), 0.0028, steps=2).moved(y=-(y - 0.006) / 2),
    ]
    band = box((x * 1.002, 0.0005, 0.012))
    bands = [band.moved(y=-y / 2 - 0.0001, z=h) for h in (0.195, 0.035)]
    pages = box((x - 0.006, y - 0.012, z - 0.008)).moved(y=-0.001, z=0.004).part("Paper")
    shape = merged(*boards, *bands, pages)
    asset.mesh("Book", shape, "CoverRed")
    for name in COVERS.values():
        if name not in asset.materials:
            asset.materials.append(name)
    over = {}
    for option, material in COVERS.items():
        mesh = Prim("", "Book", specifier="over", properties=[f"rel material:binding = </{asset.name}/Materials/{material}>"])
        over[option] = [Prim("", "Geom", specifier="over").add(mesh)]
    asset.variants["cover"] = over
    asset.metadata += ['prepend variantSets = "cover"', "variants = {", '    string cover = "red"', "}"]
    # A variant is weaker than what the prim itself says: the mesh leaves its binding to the variants.
    asset.parts[0].properties = [line for line in asset.parts[0].properties if "material:binding" not in line]
    return asset


COVERS = {"black": "CoverBlack", "blue": "CoverBlue", "green": "CoverGreen", "red": "CoverRed", "yellow": "CoverYellow"}


def laptop() -> Asset:
    """In centimetres, as many asset libraries are."""
    asset = Asset("Laptop_13in", "laptop", units=0.01)
    base = rounded_box((0.304, 0.212, 0.012), 0.0055).moved(z=0.002)
    feet = [rounded_box((0.03, 0.012, 0.0035), 0.0015, steps=1).moved(x=x, y=y) for x in (-0.11, 0.11) for y in (-0.08, 0.08)]
    keys = [
        box((0.0165, 0.0155, 0.0006)).moved(x=-0.1235 + 0.019 * column + 0.003 * (row % 2), y=0.062 - 0.0185 * row, z=0.0139)
        for row in range(5)
        for column in range(14)
        if not (row == 4 and 3 < column < 10)
    ]
    keys.append(box((0.11, 0.0155, 0.0006)).moved(x=0.0, y=0.062 - 0.0185 * 4, z=0.0139))
    pad = box((0.1, 0.06, 0.0004)).moved(y=-0.067, z=0.0139)

    def opened(shape: Shape) -> Shape:  # the lid lies on the base, hinged at the back, and is opened by 110 degrees
        return shape.moved(y=-0.102).turned("x", -110).moved(y=0.1, z=0.016)

    lid = opened(rounded_box((0.304, 0.206, 0.006), 0.0028).moved(y=-0.001))
    screen = opened(box((0.284, 0.178, 0.0004)).moved(y=-0.001, z=-0.0003))
    asset.mesh("Body", merged(base, lid), "Aluminium").mesh("Keys", merged(*keys, *feet), "BlackPlastic")
    return asset.mesh("Touchpad", pad, "Steel").mesh("Screen", screen, "LaptopScreen")
