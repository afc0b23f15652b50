"""Tables, shelves and stands. Each stands on z = 0, centred, and faces -y."""

from __future__ import annotations

from .asset import Asset
from .shapes import Shape, box, cylinder, lathe, merged, rounded_box, tube


def _top(width: float, depth: float, thickness: float, z: float, radius: float = 0.008) -> Shape:
    return rounded_box((width, depth, thickness), radius).moved(z=z)


def coffee_table() -> Asset:
    asset = Asset("CoffeeTable_Oak_01", "coffee_table", doc="A low oak coffee table with a shelf under its top.")
    top = lathe(
        [(0, 0.37), (0.425, 0.37), (0.444, 0.373), (0.45, 0.385), (0.447, 0.396), (0.436, 0.4), (0, 0.4)], segments=56
    ).scaled(1.28, 0.78, 1.0)
    shelf = lathe([(0, 0.15), (0.36, 0.15), (0.365, 0.158), (0.36, 0.166), (0, 0.166)], segments=48).scaled(1.28, 0.74, 1.0)
    legs = [tube([(x * 1.06, y * 1.06, 0.0), (x, y, 0.372)], [0.015, 0.024]) for x in (-0.38, 0.38) for y in (-0.2, 0.2)]
    return asset.mesh("Table", merged(top, shelf, *legs).textured(0.9), "Oak", crease=38)


def side_table() -> Asset:
    asset = Asset("SideTable_Round_01", "side_table")
    top = lathe(
        [(0, 0.51), (0.2, 0.51), (0.212, 0.513), (0.216, 0.522), (0.212, 0.531), (0.2, 0.534), (0, 0.534)], segments=44
    )
    stem = cylinder(0.016, 0.5, segments=16).moved(z=0.012)
    foot = lathe([(0, 0), (0.15, 0), (0.154, 0.004), (0.15, 0.011), (0.03, 0.02), (0, 0.022)], segments=40)
    return asset.mesh("Top", top, "Walnut").mesh("Stand", merged(stem, foot), "BlackMetal")


def dining_table() -> Asset:
    asset = Asset("SM_DiningTable_A", "dining_table")
    top = _top(1.5, 0.86, 0.035, 0.705, 0.012)
    apron = merged(
        *(box((1.3, 0.022, 0.07)).moved(y=y, z=0.636) for y in (-0.36, 0.36)),
        *(box((0.022, 0.7, 0.07)).moved(x=x, z=0.636) for x in (-0.66, 0.66)),
    )
    legs = [
        tube([(x * 1.03, y * 1.04, 0.0), (x, y, 0.706)], [0.02, 0.034], segments=14)
        for x in (-0.67, 0.67)
        for y in (-0.36, 0.36)
    ]
    return asset.mesh("Table", merged(top, apron, *legs).textured(0.9), "Oak")


def bookshelf() -> Asset:
    asset = Asset(
        "SM_Bookshelf_Tall", "bookshelf", doc="A tall white bookshelf with five open compartments and a closed back."
    )
    width, depth, height, board = 0.86, 0.3, 1.9, 0.022
    boards = [
        rounded_box((board, depth, height), 0.003, steps=1).moved(x=-(width - board) / 2),
        rounded_box((board, depth, height), 0.003, steps=1).moved(x=(width - board) / 2),
        box((width - 0.02, 0.008, height - 0.04)).moved(y=depth / 2 - 0.006, z=0.03),
        rounded_box((width - 2 * board, 0.02, 0.06), 0.002, steps=1).moved(y=-depth / 2 + 0.02),
    ]
    for z in SHELF_HEIGHTS:
        boards.append(
            rounded_box((width - 2 * board + 0.002, depth - 0.008, board), 0.003, steps=1).moved(y=-0.002, z=z - board)
        )
    boards.append(rounded_box((width, depth, board), 0.003, steps=1).moved(z=height - board))
    return asset.mesh("Carcass", merged(*boards), "WhiteLacquer")


#: Upper faces of the bookshelf's boards [m].
SHELF_HEIGHTS = (0.082, 0.44, 0.8, 1.16, 1.52)


def tv_stand() -> Asset:
    asset = Asset("TVStand_Walnut", "tv_stand")
    width, depth, height, board = 1.5, 0.4, 0.46, 0.025
    carcass = [
        rounded_box((width, depth, board), 0.006).moved(z=height - board),
        rounded_box((width, depth, board), 0.006).moved(z=0.12),
        rounded_box((board, depth - 0.004, height - 0.13), 0.003, steps=1).moved(x=-(width - board) / 2, z=0.125),
        rounded_box((board, depth - 0.004, height - 0.13), 0.003, steps=1).moved(x=(width - board) / 2, z=0.125),
        rounded_box((board, depth - 0.03, height - 0.15), 0.003, steps=1).moved(x=-0.25, z=0.135),
        box((width - 0.03, 0.008, height - 0.15)).moved(y=depth / 2 - 0.01, z=0.135),
    ]
    doors = [rounded_box((0.475, 0.018, height - 0.185), 0.004).moved(x=x, y=-depth / 2 + 0.012, z=0.152) for x in (-0.493,)]
    doors.append(rounded_box((0.955, 0.018, 0.13), 0.004).moved(x=0.24, y=-depth / 2 + 0.012, z=0.152))
    legs = [tube([(x * 1.03, y * 1.05, 0.0), (x, y, 0.125)], [0.012, 0.02]) for x in (-0.64, 0.64) for y in (-0.14, 0.14)]
    asset.mesh("Carcass", merged(*carcass), "Walnut").mesh("Doors", merged(*doors), "Birch")
    return asset.mesh("Legs", merged(*legs), "BlackMetal")
