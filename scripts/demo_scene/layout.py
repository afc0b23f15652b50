"""Where everything stands in the living room."""

from __future__ import annotations

import itertools
import math

import numpy as np

from . import decor, lamps, seating, tables, tableware
from .asset import Asset
from .placing import Placed, put_down
from .room import HALF_X, HALF_Y, HEIGHT, WINDOW_Y, WINDOW_Z


def assets() -> dict[str, Asset]:
    """All assets by file name."""
    made = [
        seating.sofa(),
        seating.armchair(),
        seating.dining_chair(),
        seating.cushion("Cushion_Yellow_01", "cushion_yellow", "YellowFabric"),
        seating.cushion("Cushion_Cream_01", "cushion_cream", "CreamFabric"),
        tables.coffee_table(),
        tables.side_table(),
        tables.dining_table(),
        tables.bookshelf(),
        tables.tv_stand(),
        lamps.floor_lamp(),
        lamps.table_lamp(),
        lamps.pendant_lamp(),
        tableware.mug("Mug_Red_01", "mug_red", "RedGlaze"),
        tableware.mug("Mug_Blue_01", "mug_blue", "BlueGlaze"),
        tableware.plate(),
        tableware.bowl(),
        tableware.apple(),
        tableware.orange(),
        tableware.vase(),
        tableware.tulips(),
        tableware.book(),
        tableware.laptop(),
        decor.rug(),
        decor.television(),
        decor.wall_clock(),
        decor.picture(),
        decor.window(),
        decor.curtain(),
        decor.curtain_rod(),
        decor.potted_plant(),
        decor.teddy(),
        decor.ball(),
        decor.toy_box(),
        decor.toy_block(),
        decor.cardboard_box(),
    ]
    return {asset.file: asset for asset in made}


class _Room:
    def __init__(self) -> None:
        self.assets = assets()
        self.placed: dict[str, Placed] = {}

    def put(
        self, name, file, xy, *, on=(), z=None, yaw=0.0, tilt=(0.0, 0.0), scale=(1.0, 1.0, 1.0), group="Furniture", **options
    ) -> None:
        """Place an asset: on the floor, on other things (lowered until it touches), or with its origin at a height."""
        item = Placed(name, self.assets[file], (*xy, 3.0 if z is None else z), (tilt[0], tilt[1], yaw), scale, group, options)
        if z is None:
            item = put_down(item, [self.placed[other] for other in on])
        self.placed[name] = item


def place_all() -> dict[str, Placed]:
    """Everything that is referenced, by prim name."""
    room = _Room()
    put = room.put
    put("Rug", "rug", (-0.75, 0.55))
    put("SM_Sofa_01", "sofa", (-0.75, 2.03), label="sofa")
    put("SM_Armchair_01", "armchair", (-2.25, 0.62), yaw=74)
    put("CoffeeTable", "coffee_table", (-0.75, 0.62), on=["Rug"])
    put("SideTable_01", "side_table", (0.66, 2.1))
    put("SM_DiningTable_01", "dining_table", (1.55, -0.75), label="dining table")
    for number, (x, y, yaw) in enumerate(((1.2, -0.14, 4), (1.93, -0.16, -6), (1.78, -1.36, 172), (0.64, -0.72, 86)), start=1):
        put(f"SM_DiningChair_{number:02d}", "dining_chair", (x, y), yaw=yaw, instanceable="true")
    put("Bookshelf", "bookshelf", (2.06, HALF_Y - 0.17), legacy="bookshelf")
    put("TVStand", "tv_stand", (HALF_X - 0.225, 0.95), yaw=-90)
    put("FloorLamp_03", "floor_lamp", (-2.5, 2.05))
    put("PottedPlant_01", "potted_plant", (-2.52, -0.95), yaw=20, group="Decor")
    put("TV", "television", (HALF_X - 0.24, 0.95), on=["TVStand"], yaw=-90, group="Decor", legacy="television")
    put("SM_TableLamp_01", "table_lamp", (0.66, 2.12), on=["SideTable_01"], group="Decor")
    put("Cushion_Yellow_01", "cushion_yellow", (-1.38, 1.845), on=["SM_Sofa_01"], tilt=(66, 0), yaw=9, group="Decor")
    put("Cushion_Cream_01", "cushion_cream", (-0.14, 1.845), on=["SM_Sofa_01"], tilt=(66, 0), yaw=-8, group="Decor")
    put("Teddy_Bear_01", "teddy", (-2.2, 0.6), on=["SM_Armchair_01"], yaw=74, group="Decor")
    # Walls and ceiling.
    put("FramedPicture", "picture", (-0.75, HALF_Y - 0.001), z=1.62, group="Decor")
    put("WallClock_01", "wall_clock", (0.68, HALF_Y - 0.001), z=1.78, group="Decor")
    put("Window_01", "window", (-HALF_X - 0.05, WINDOW_Y), z=WINDOW_Z, group="Decor")
    put("CurtainRod", "curtain_rod", (-HALF_X + 0.0905, WINDOW_Y), z=2.36, group="Decor")
    put("Curtain_01", "curtain", (-HALF_X + 0.0905, WINDOW_Y - 1.04), z=2.36, group="Decor")
    put("Curtain_02", "curtain", (-HALF_X + 0.0905, WINDOW_Y + 1.04), z=2.36, group="Decor")
    put("PendantLamp_01", "pendant_lamp", (1.55, -0.75), z=HEIGHT - 0.0005, group="Decor")
    # Coffee table.
    put("Laptop", "laptop", (-0.98, 0.66), on=["CoffeeTable"], yaw=-12, group="Decor", label="laptop")
    put("Mug_Red_01", "mug_red", (-0.72, 0.47), on=["CoffeeTable"], yaw=-40, group="Tableware")
    put("Book_21", "book", (-0.49, 0.64), on=["CoffeeTable"], tilt=(0, 90), yaw=24, group="Books", cover="blue")
    put(
        "Book_22",
        "book",
        (-0.48, 0.65),
        on=["Book_21"],
        tilt=(0, 90),
        yaw=8,
        scale=(0.9, 0.92, 0.9),
        group="Books",
        cover="yellow",
    )
    # Dining table.
    put("SM_FruitBowl_01", "fruit_bowl", (1.6, -0.72), on=["SM_DiningTable_01"], group="Tableware")
    put("SM_Vase_01", "vase", (1.12, -0.78), on=["SM_DiningTable_01"], group="Tableware")
    vase = room.placed["SM_Vase_01"].at
    put("Tulips_01", "tulips", vase[:2], z=round(vase[2] + 0.0085, 4), yaw=30, group="Tableware")
    put("Plate_01", "plate", (1.18, -0.47), on=["SM_DiningTable_01"], group="Tableware")
    put("Plate_02", "plate", (1.94, -0.48), on=["SM_DiningTable_01"], group="Tableware")
    put("Plate_03", "plate", (1.78, -1.02), on=["SM_DiningTable_01"], group="Tableware")
    put("Mug_Blue_01", "mug_blue", (2.14, -0.72), on=["SM_DiningTable_01"], yaw=25, group="Tableware")
    # Toys.
    put("SM_ToyBox_01", "toy_box", (-1.3, -1.12), yaw=12, group="Decor")
    for number, (x, y, yaw) in enumerate(((-1.42, -1.12, 20), (-1.28, -1.17, 70), (-1.2, -1.06, 45)), start=1):
        put(f"Toy_Block_{number:02d}", "toy_block", (x, y), z=decor.CRATE_FLOOR + 0.0005, yaw=yaw, group="Decor")
    put("BeachBall_01", "ball", (-0.2, -1.2), group="Decor")
    put("CardboardBox_01", "cardboard_box", (2.03, HALF_Y - 0.19), on=["Bookshelf"], yaw=5, group="Decor")
    _shelve(room)
    return room.placed


def _shelve(room: _Room) -> None:
    """Fill the bookshelf: upright rows from either side, and a lying stack."""
    rng = np.random.default_rng(21)
    covers = ["red", "blue", "green", "yellow", "black", "blue", "red", "green", "black", "yellow"]
    shelf = room.placed["Bookshelf"].at
    number = 0
    for level, count, side in ((1, 4, -1), (2, 5, 1), (3, 4, -1), (4, 5, 1)):
        edge = 0.43 - 0.022 - 0.004
        for _ in range(count):
            number += 1
            thick, deep, high = rng.uniform(0.8, 1.45), rng.uniform(0.85, 1.15), rng.uniform(0.82, 1.15)
            width = tableware.BOOK_SIZE[0] * thick
            x = shelf[0] + side * (edge - width / 2)
            edge -= width + 0.002
            y = shelf[1] - 0.14 + 0.03 + tableware.BOOK_SIZE[1] * deep / 2
            scale = tuple(round(float(s), 3) for s in (thick, deep, high))
            z = round(tables.SHELF_HEIGHTS[level] + 0.0003, 4)
            room.put(
                f"Book_{number:02d}",
                "book",
                (round(x, 4), round(y, 4)),
                z=z,
                scale=scale,
                group="Books",
                cover=covers[number % len(covers)],
            )


def fruit() -> tuple[list[int], list[tuple[float, float, float]], list[float]]:
    """Apples (0) and oranges (1) in the bowl: prototype indices, positions from the bowl's foot [m], yaw [degrees].

    Four lie in a ring and touch both the bowl and their neighbours; a fifth lies on them.
    """
    radius = tableware.FRUIT_RADIUS + 0.0004
    ring = radius * math.sqrt(2.0)
    inside = np.array(tableware.BOWL_INSIDE)
    fine = np.linspace(0, 1, 40)[:, None]
    profile = np.concatenate([a + (b - a) * fine for a, b in itertools.pairwise(inside)])
    reach = radius**2 - (ring - profile[:, 0]) ** 2
    height = float((profile[reach >= 0, 1] + np.sqrt(reach[reach >= 0])).max())
    spots = [(ring * math.cos(a), ring * math.sin(a), height) for a in (0.3 + k * math.pi / 2 for k in range(4))]
    spots.append((0.0, 0.0, height + radius * math.sqrt(2.0)))
    return [0, 1, 0, 1, 0], spots, [10.0, 80.0, 200.0, 150.0, 310.0]
