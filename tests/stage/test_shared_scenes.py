"""The node set of each scene by others is the one a person would list."""

from __future__ import annotations

import functools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scenecap.stage.attach import plan_labels, write_label_layer
from scenecap.stage.discover import discover_objects
from scenecap.stage.materials import MaterialLibrary
from scenecap.stage.model import Discovery, Role
from scenecap.stage.open import OpenStage, open_stage
from scenecap.stage.settings import LabelSchema, LabelSettings
from scenecap.stage.walk import StageWalk, walk_stage

from .authoring import measure

pytestmark = pytest.mark.shared

WALLS = {"left", "right", "rear", "front"}


@functools.lru_cache(maxsize=32)
def discover(file: Path) -> tuple[OpenStage, StageWalk, Discovery]:
    opened = open_stage(file)
    walk = walk_stage(opened)
    materials = MaterialLibrary(opened).bind(walk.gprims)
    found = discover_objects(
        opened,
        walk,
        state=walk.evaluate(),
        bounds_world=measure(opened, walk),
        opacity=np.array([max(material.opacity for material in binding) for binding in materials]),
        settings=LabelSettings.model_validate({}),
    )
    return opened, walk, found


def by_name(found: Discovery, role: Role) -> dict[str, str]:
    """Path below the scene's Geometry scope -> label."""
    return {item.path.split("/Geometry/")[1]: item.label for item in found.entities if item.role is role}


def test_chess_set(shared: Path) -> None:
    _, _, found = discover(shared / "scenes/chess_set/chess_set.usda")
    assert all(item.role is Role.OBJECT for item in found.entities)
    counted = Counter((item.label, item.attributes.get("color")) for item in found.entities)
    pieces = {"king": 1, "queen": 1, "bishop": 2, "knight": 2, "rook": 2, "pawn": 8}
    assert counted == {
        ("chessboard", None): 1,
        **{(name, color): count for name, count in pieces.items() for color in ("black", "white")},
    }


def test_franka_kitchen(shared: Path) -> None:
    _, _, found = discover(shared / "scenes/franka_kitchen/franka_kitchen_cams.usda")
    assert by_name(found, Role.OBJECT) == {
        "Body": "robot arm",
        "desk/counters1": "counters",
        "desk/hingecabinet": "hinge cabinet",
        "desk/microwave": "microwave",
        "desk/oven/hoodroot": "hood",
        "desk/oven/ovenroot": "oven",
        "desk/slidecabinet": "slide cabinet",
        "kettle": "kettle",
    }
    assert by_name(found, Role.ROOM) == {"floor": "floor", "desk/backwall/wallroot": "wall", "desk/backwall/wall2": "wall"}
    assert found.setting == "kitchen"


def test_libero_kitchen(shared: Path) -> None:
    _, _, found = discover(shared / "scenes/libero_kitchen6/kitchen_scene6_close_the_microwave_cams.usda")
    assert by_name(found, Role.OBJECT) == {
        "kitchen_background_fridge_vis": "fridge",
        "kitchen_background_hot_pot_vis": "hot pot",
        "kitchen_background_pot_vis": "pot",
        "kitchen_background_stove_vis": "stove",
        "kitchen_background_vis": "kitchen furniture",
        "microwave_1_main": "microwave",
        "porcelain_mug_1_main": "porcelain mug",
        "table": "table",
        "white_yellow_mug_1_main": "white yellow mug",
    }
    assert by_name(found, Role.ROOM) == {"floor": "floor", **{f"wall_{side}_visual": "wall" for side in WALLS}}
    assert found.setting == "kitchen"


@pytest.mark.parametrize(
    "layout",
    [
        "between_the_plate_and_the_ramekin",
        "from_table_center",
        "in_the_top_drawer_of_the_wooden_cabinet",
        "next_to_the_plate",
        "on_the_cookie_box",
        "on_the_stove",
    ],
)
def test_libero_spatial(shared: Path, layout: str) -> None:
    _, walk, found = discover(shared / f"scenes/libero_spatial/bowl_{layout}_cams.usda")
    assert by_name(found, Role.OBJECT) == {
        "akita_black_bowl_1_main": "black bowl",
        "akita_black_bowl_2_main": "black bowl",
        "cookies_1_main": "cookies",
        "flat_stove_1_main": "flat stove",
        "glazed_rim_porcelain_ramekin_1_main": "glazed rim porcelain ramekin",
        "plate_1_main": "plate",
        "table": "table",
        "wooden_cabinet_1_main": "wooden cabinet",
    }
    walls = {f"wall_{side}_visual": "wall" for side in (*WALLS, "leftcorner", "rightcorner")}
    assert by_name(found, Role.ROOM) == {"floor": "floor", **walls}
    assert {item.code for item in walk.left_out} == {"guide"}, "nine of ten gprims are guides"


def test_robosuite_pickplace(shared: Path) -> None:
    _, _, found = discover(shared / "scenes/robosuite_pickplace/robosuite_pickplace_cams.usda")
    things = ("Milk", "Bread", "Cereal", "Can")
    assert by_name(found, Role.OBJECT) == {
        **{f"{name}_main": name.lower() for name in things},
        "bin1": "bin",
        "bin2": "bin",
    }
    assert by_name(found, Role.GHOST) == {f"Visual{name}_main": name.lower() for name in things}


def test_robosuite_nutassembly(shared: Path) -> None:
    _, _, found = discover(shared / "scenes/robosuite_nutassembly/robosuite_nutassembly_cams.usda")
    assert by_name(found, Role.OBJECT) == {
        "RoundNut_main": "round nut",
        "SquareNut_main": "square nut",
        "peg1": "peg",
        "peg2": "peg",
        "table": "table",
    }


def test_metaworld_coffee(shared: Path) -> None:
    _, _, found = discover(shared / "scenes/metaworld_coffee/MuJoCo Model_cams.usda")
    assert by_name(found, Role.OBJECT) == {
        "RetainingWall": "retaining wall",  # 12 cm high, on the table
        "base": "robot arm",
        "coffee_machine": "coffee machine",
        "obj": "mug",
        "tablelink": "table",
    }
    assert by_name(found, Role.ROOM) == {"floor": "floor"}
    assert any(item.path.endswith("/mocap") and item.code == "transparent" for item in found.left_out), "a marker"


def test_libero_ground_truth(shared: Path) -> None:
    """Every object that LIBERO's authors list is one object here, and its label contains its category's noun."""
    truth = json.loads((shared / "scenes/ground_truth_libero.json").read_text())
    for file, scene in truth.items():
        _, _, found = discover(shared / "scenes" / file)
        labels = {item.path: item.label for item in found.entities if item.role is Role.OBJECT}
        for name, path in scene["prim_of"].items():
            noun = scene["objects"][name].rsplit("_", 1)[-1]
            assert noun in labels[path].split(), f"{file}: {name}"
        tables = [name for name in scene["objects"] if name not in scene["prim_of"]]
        assert tables
        assert "table" in labels.values()


ALL = [
    "chess_set/chess_set.usda",
    "franka_kitchen/franka_kitchen_cams.usda",
    "libero_kitchen6/kitchen_scene6_close_the_microwave_cams.usda",
    "libero_spatial/bowl_on_the_stove_cams.usda",
    "robosuite_pickplace/robosuite_pickplace_cams.usda",
    "robosuite_nutassembly/robosuite_nutassembly_cams.usda",
    "metaworld_coffee/MuJoCo Model_cams.usda",
]


@pytest.mark.parametrize("scene", ALL)
def test_labels_that_were_attached_are_found_again(shared: Path, scene: str, tmp_path: Path) -> None:
    opened, _, found = discover(shared / "scenes" / scene)
    plan = plan_labels(opened, found)
    file = write_label_layer(opened, plan, tmp_path / "labels.usda", schema=LabelSchema.BOTH)
    again = discover(file)[2]
    assert [(item.path, item.role, item.label, item.room_kind) for item in again.entities] == [
        (item.path, item.role, item.label, item.room_kind) for item in found.entities
    ]
    assert not plan_labels(open_stage(file), again).labels
    names = [item.identity for item in found.entities]
    moved = [item.identity for item in again.entities]
    # The database knows them by the same names, whichever layer is opened.
    assert [name.rpartition("/")[2] for name in moved if name] == [name.rpartition("/")[2] for name in names if name]


@pytest.mark.parametrize("scene", ALL)
def test_every_drawn_gprim_belongs_to_something_or_is_reported(shared: Path, scene: str) -> None:
    _, walk, found = discover(shared / "scenes" / scene)
    reported = [item.path for item in found.left_out]
    for gprim, owner in zip(walk.gprims, found.owner, strict=True):
        assert owner >= 0 or any(gprim.path == path or gprim.path.startswith(f"{path}/") for path in reported)
    assert set(found.owner) - {-1} == set(range(len(found.entities)))
