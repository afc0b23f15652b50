"""What names of prims say."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.stage.names import (
    clean_label,
    color_of_group,
    is_scenery,
    name_words,
    names_collection,
    names_only_robot,
    names_surroundings,
    place_in,
    readable_name,
    says_nothing,
    shared_lead,
    split_words,
)

LABELS = {
    # engines' and studios' prefixes, numbers, case
    "SM_OfficeChair_02": "office chair",
    "SK_Robot_01": "robot",
    "BP_DeskLamp": "desk lamp",
    "S_Pallet": "pallet",
    "SMOfficeLamp": "office lamp",
    "BPDoor_02": "door",
    "SMALL_BOX_OF_TEA": "small box of tea",
    "SM_CardBoxD_04_1847": "card box",
    "SM_Floor_Tile_6x6m": "floor tile",
    "officeChair": "office chair",
    "OFFICE_CHAIR": "office chair",
    "chair12": "chair",
    "003_cracker_box": "cracker box",
    "_03_cracker_box": "cracker box",
    "bottle_500ml": "bottle",
    "chair.usd": "chair",
    "TV_stand": "tv stand",
    # technical words
    "cookies_1_main": "cookies",
    "porcelain_mug_1_g0": "porcelain mug",
    "VisualMilk_main": "milk",
    "Milk_g0_visual": "milk",
    "table_LOD0": "table",
    "table_lod_1": "table",
    "lamp_geo": "lamp",
    "lamp_grp": "lamp",
    "lampMesh": "lamp",
    "lamp_inst_28194_0": "lamp",
    "model_car": "model car",  # at the start it may be what is meant
    "picture_frame": "picture frame",
    # vendors
    "akita_black_bowl_1_main": "black bowl",
    "ycb_banana": "banana",
    # variants and sides
    "BishopL": "bishop",
    "KnightR": "knight",
    "sofa_A": "sofa",
    # glued words
    "hingecabinet": "hinge cabinet",
    "slidecabinet": "slide cabinet",
    "coffeemachine": "coffee machine",
    "kettleroot": "kettle",
    "tablelink": "table",
    "lightswitchbaseroot": "light switch base",
    "Chessboard": "chessboard",
    "countertop": "countertop",
    "CounterTop": "countertop",
    "microwave": "microwave",
    "counters1": "counters",
    "nightstand": "nightstand",
    # what a thing is stays
    "white_yellow_mug_1_main": "white yellow mug",
    "glazed_rim_porcelain_ramekin_1_main": "glazed rim porcelain ramekin",
    "wooden_cabinet_1_main": "wooden cabinet",
    "flat_stove_1_main": "flat stove",
    "SquareNut_main": "square nut",
    "coffee_machine": "coffee machine",
    "RetainingWall": "retaining wall",
    "red_cube": "red cube",
    "cookie_box": "cookie box",
    # what it is for in a task is not what it is
    "bin_goal": "bin",
    "bin_start": "bin",
    "basket_goal": "basket",
    "SoccerGoal": "soccer goal",
    "archery_target": "archery target",
    "goal": "goal",
    # encoded and foreign
    "tn__knob1_f5": "knob",
    "tn__lightwood_qD": "light wood",
    "茶壶_01": "茶壶",
    "Ofen_groß": "ofen groß",
    "чайник2": "чайник",
}


@pytest.mark.parametrize(("name", "label"), LABELS.items())
def test_clean_label(name: str, label: str) -> None:
    assert clean_label(name) == label


SAY_NOTHING = (
    "Xform Xform_3 Geometry Mesh mesh_0 Cube Cube_1 Box_1 Cylinder pCube12 polySurface7 group1 root obj Object_42 body link "
    "base main node Node_001 geo right_l0 World Scene defaultPrim instance_7 A _ __ 12 5f3a9c81de tn__MuJoCoModel_nB USDModel "
    "collision visual_1 Looks Body1 part_03 SM_01 object_hidden cube_hidden"
)


@pytest.mark.parametrize("name", SAY_NOTHING.split())
def test_names_that_say_nothing(name: str) -> None:
    assert clean_label(name) == ""
    assert says_nothing(name)


def test_vendor_words_are_the_callers_own() -> None:
    assert clean_label("acme_akita_bowl", vendor_words=["acme"]) == "akita bowl"
    assert clean_label("acme", vendor_words=["acme"]) == "acme", "a name that is nothing else stays"


def test_what_all_siblings_begin_with_is_dropped() -> None:
    names = ["kitchen_background_stove_vis", "kitchen_background_hot_pot_vis", "kitchen_background_vis", "floor", "table"]
    names.append("kitchen_background_pot_vis")
    lead = shared_lead(names)
    assert lead == ("kitchen", "background")
    labels = [clean_label(name, drop_leading=lead) for name in names]
    assert labels == ["stove", "hot pot", "kitchen background", "floor", "table", "pot"]


@pytest.mark.parametrize(
    "names",
    [
        ["kitchen_background_stove", "kitchen_background_pot"],  # two are no habit
        ["red_chair", "red_table", "red_lamp"],  # a colour is theirs
        ["coffee_cup", "coffee_machine", "coffee_table"],  # so is this
        [],
    ],
)
def test_other_shared_words_stay(names: list[str]) -> None:
    assert shared_lead(names) == ()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("franka_kitchen", "kitchen"),
        ("kitchen_scene6_close_the_microwave", "kitchen"),
        ("LivingRoom", "living room"),
        ("SimpleRoom_bathroom", "bathroom"),
        ("full_warehouse", "warehouse"),
        ("warehouse_with_forklifts", "warehouse"),
        ("robosuite_pickplace", None),
        ("kitchen_knife", None),
        ("office_chair", None),
        ("bar_stool_scene", None),
        ("World", None),
    ],
)
def test_place_in(name: str, place: str | None) -> None:
    assert place_in(name) == place


@pytest.mark.parametrize(
    ("name", "color"),
    [("White", "white"), ("black_pieces", "black"), ("Grey", "gray"), ("red_chair", None), ("Group", None), ("W", None)],
)
def test_color_of_group(name: str, color: str | None) -> None:
    assert color_of_group(name) == color


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Furniture", True), ("Kitchen", True), ("props_room", True), ("kitchen_table", False), ("chair", False)],
)
def test_names_collection(name: str, expected: bool) -> None:
    assert names_collection(name_words(name) or split_words(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("panda", True),
        ("ur10", True),
        ("UR10e", True),
        ("Body", True),
        ("panda_bear", False),
        ("robot0_base", True),
        ("torso", True),
        ("excavator", False),
    ],
)
def test_names_only_robot(name: str, expected: bool) -> None:
    assert names_only_robot(name_words(name)) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("kitchen",), True),
        (("room",), True),
        (("sky", "dome"), True),
        (("environment",), True),
        (("kitchen", "table"), False),
        (("library",), False),
        (("kitchen", "background"), False),
        ((), False),
    ],
)
def test_names_surroundings(words: tuple[str, ...], expected: bool) -> None:
    assert names_surroundings(words) == expected


def test_scenery() -> None:
    assert is_scenery(("kitchen", "background"))
    assert not is_scenery(("kitchen", "background", "stove"))
    assert not is_scenery(("kitchen",))


@given(st.text(max_size=200))
def test_any_text_gives_a_clean_label_quickly(text: str) -> None:
    label = clean_label(text)
    assert len(label) <= 80
    assert label.isprintable()
    assert label == label.strip()
    assert "\n" not in label


@given(st.sampled_from(sorted(set(LABELS.values()))))
def test_cleaning_a_clean_label_changes_nothing(label: str) -> None:
    assert clean_label(label.replace(" ", "_")) == label


def test_huge_names_cost_no_more_than_their_cap() -> None:
    start = time.perf_counter()
    for text in ("a" * 1_000_000, "hinge" * 100_000, "_" * 1_000_000, "aB1" * 300_000, "tn__" + "a" * 1_000_000):
        assert len(clean_label(text)) <= 80
        assert len(readable_name(text)) <= 80
    assert time.perf_counter() - start < 2.0
