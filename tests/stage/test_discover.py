"""The rules that find objects, one by one, and what becomes of the rest."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pxr import Sdf, Usd, UsdGeom

from scenecap.contract import LabelSource, RoomKind
from scenecap.stage.label_database import LabelDatabase, LabelEntry
from scenecap.stage.model import Discovery, Role, StageEntity
from scenecap.stage.open import open_stage, wrap_stage
from scenecap.stage.walk import walk_stage

from .authoring import (
    articulate,
    box,
    find,
    instancer,
    joint,
    label,
    labels_of,
    mesh,
    new_stage,
    xform,
)


def entity(found: Discovery, path: str) -> StageEntity:
    return next(item for item in found.entities if item.path == path)


def codes(found: Discovery) -> dict[str, str]:
    return {item.path: item.code for item in found.left_out}


# -- rule 1: labels and the map ----------------------------------------------------------------------------------------


def test_authored_label_makes_one_object() -> None:
    stage = new_stage()
    label(xform(stage, "/World/thing"), "toy_train")
    box(stage, "/World/thing/engine/body")
    box(stage, "/World/thing/wagon/body")
    found = find(stage)
    assert labels_of(found) == {"/World/thing": "toy train"}
    assert entity(found, "/World/thing").label_source is LabelSource.AUTHORED
    assert entity(found, "/World/thing").labels == {"class": ("toy_train",)}
    assert set(found.owner) == {0}


def test_labelled_prim_below_a_labelled_object_is_its_part() -> None:
    stage = new_stage()
    label(xform(stage, "/World/car"), "car")
    box(stage, "/World/car/body")
    label(box(stage, "/World/car/wheel"), "wheel")
    assert labels_of(find(stage)) == {"/World/car": "car"}
    kept = find(stage, parts="keep")
    assert labels_of(kept) == {"/World/car": "car", "/World/car/wheel": "wheel"}
    assert entity(kept, "/World/car/wheel").part_of == "/World/car"
    assert sorted(np.bincount(kept.owner).tolist()) == [1, 1]


def test_labelled_prim_below_an_unlabelled_object_is_an_object() -> None:
    stage = new_stage()
    xform(stage, "/World/table")
    box(stage, "/World/table/top")
    label(box(stage, "/World/table/cup"), "cup")
    assert labels_of(find(stage)) == {"/World/table": "table", "/World/table/cup": "cup"}


def test_group_whose_things_are_all_labelled_is_no_object() -> None:
    stage = new_stage()
    xform(stage, "/World/table")
    label(box(stage, "/World/table/a"), "cup")
    label(box(stage, "/World/table/b"), "saucer")
    found = find(stage)
    assert labels_of(found) == {"/World/table/a": "cup", "/World/table/b": "saucer"}
    assert "group" in found.explanations["/World/table"]


def test_label_of_the_whole_on_one_of_its_gprims() -> None:
    stage = new_stage()
    xform(stage, "/World/Chair_01")
    label(box(stage, "/World/Chair_01/seat"), "chair")
    box(stage, "/World/Chair_01/legs")
    found = find(stage)
    assert labels_of(found) == {"/World/Chair_01": "chair"}
    assert entity(found, "/World/Chair_01").label_source is LabelSource.AUTHORED


def test_label_of_a_place_is_the_setting() -> None:
    stage = new_stage()
    label(xform(stage, "/World/env"), "kitchen")
    box(stage, "/World/env/table")
    box(stage, "/World/env/chair")
    found = find(stage)
    assert labels_of(found) == {"/World/env/chair": "chair", "/World/env/table": "table"}
    assert found.setting == "kitchen"


@pytest.mark.parametrize("legacy", [True, False])
def test_color_label_is_an_attribute(legacy: bool) -> None:
    stage = new_stage()
    cup = box(stage, "/World/cup")
    label(cup, "cup", legacy=legacy)
    label(cup, "Red", taxonomy="color", legacy=legacy)
    found = entity(find(stage), "/World/cup")
    assert (found.attributes, found.attribute_sources) == ({"color": "red"}, {"color": "label"})


def test_map_of_labels() -> None:
    stage = new_stage()
    for name in ("a1", "a2", "secret", "wall"):
        box(stage, f"/World/{name}")
    xform(stage, "/World/set")
    box(stage, "/World/set/fork")
    box(stage, "/World/set/knife")
    xform(stage, "/World/chest")
    for name in ("body", "drawer"):
        box(stage, f"/World/chest/{name}/geo")
    found = find(
        stage,
        labels={
            "/World/a*": "apple",
            "/World/secret": "ignore",
            "/World/set": "group",
            "/World/chest/*": "part",
            "/World/wall": {"label": "screen", "role": "room"},
        },
    )
    assert labels_of(found) == {
        "/World/a1": "apple",
        "/World/a2": "apple",
        "/World/set/fork": "fork",
        "/World/set/knife": "knife",
        "/World/chest": "chest",
    }
    assert labels_of(found, Role.ROOM) == {"/World/wall": "screen"}
    assert codes(found) == {"/World/secret": "ignored", "/World/wall": "room"}
    assert entity(found, "/World/a1").label_source is LabelSource.MAP


def test_map_keeps_authored_labels() -> None:
    stage = new_stage()
    instancer(stage, "/World/many", ["/World/many/p"], [0], [(0, 0, 0)])
    box(stage, "/World/many/p")
    label(stage.GetPrimAtPath("/World/many"), "daisy")
    label(xform(stage, "/World/chest"), "trunk")
    box(stage, "/World/chest/drawer/geo")
    box(stage, "/World/chest/body/geo")
    box(stage, "/World/lone_cup")
    rules = {"/World/many": "flower", "/World/chest/drawer": "part", "/World/lone*": "group"}
    assert labels_of(find(stage, labels=rules)) == {
        "/World/chest": "trunk",
        "/World/lone_cup": "lone cup",  # a gprim is no group
        "/World/many[0]": "daisy",
    }


def test_part_of_something_that_is_not_seen_stands_alone() -> None:
    stage = new_stage()
    label(xform(stage, "/World/car"), "car")
    box(stage, "/World/car/body", opacity=0.0)
    label(box(stage, "/World/car/wheel"), "wheel")
    (wheel,) = find(stage, parts="keep").entities
    assert (wheel.path, wheel.part_of) == ("/World/car/wheel", None)


def test_ignored_part_of_an_object() -> None:
    stage = new_stage()
    xform(stage, "/World/lamp")
    box(stage, "/World/lamp/foot")
    box(stage, "/World/lamp/halo")
    found = find(stage, labels={"/World/lamp/halo": "ignore"})
    assert sorted(found.owner.tolist()) == [-1, 0]
    assert codes(found) == {"/World/lamp/halo": "ignored"}


def test_authored_beats_map_beats_names() -> None:
    stage = new_stage()
    label(box(stage, "/World/cup_1"), "mug")
    box(stage, "/World/cup_2")
    box(stage, "/World/cup_3")
    found = find(stage, labels={"/World/cup_[": "x", "/World/cup_1": "beaker", "/World/cup_2": "beaker"})
    assert labels_of(found) == {"/World/cup_1": "mug", "/World/cup_2": "beaker", "/World/cup_3": "cup"}


# -- rule 2: instances -------------------------------------------------------------------------------------------------


def test_point_instances_are_objects_named_by_their_prototype() -> None:
    stage = new_stage()
    xform(stage, "/World/White")
    instancer(stage, "/World/White/Pawns", ["/World/White/Pawns/SM_Pawn"], [0, 0], [(0, 0, 0), (1, 0, 0)])
    xform(stage, "/World/White/Pawns/SM_Pawn")
    for part in ("head", "foot"):
        box(stage, f"/World/White/Pawns/SM_Pawn/{part}")
    found = find(stage)
    assert labels_of(found) == {"/World/White/Pawns[0]": "pawn", "/World/White/Pawns[1]": "pawn"}
    assert entity(found, "/World/White/Pawns[0]").label_source is LabelSource.PROTOTYPE
    assert entity(found, "/World/White/Pawns[0]").attributes == {"color": "white"}
    assert np.bincount(found.owner).tolist() == [2, 2]


@pytest.mark.parametrize("where", ["/World/many", "/World/many/proto"])
def test_label_of_an_instancer_or_prototype_is_each_instances(where: str) -> None:
    stage = new_stage()
    instancer(stage, "/World/many", ["/World/many/proto"], [0, 0], [(0, 0, 0), (1, 0, 0)])
    box(stage, "/World/many/proto")
    label(stage.GetPrimAtPath(where), "daisy")
    assert labels_of(find(stage)) == {"/World/many[0]": "daisy", "/World/many[1]": "daisy"}


def test_native_instances_are_objects() -> None:
    stage = new_stage()
    stage.CreateClassPrim("/Armchair")
    box(stage, "/Armchair/seat/mesh")
    box(stage, "/Armchair/back/mesh")
    for number in (1, 2):
        prim = xform(stage, f"/World/inst_{number}")
        prim.GetReferences().AddInternalReference("/Armchair")
        prim.SetInstanceable(True)
    found = find(stage)
    assert set(labels_of(found)) == {"/World/inst_1", "/World/inst_2"}
    assert {item.rule for item in found.entities} == {"rule 2: a native instance"}


def test_native_instance_of_an_assembly_is_a_group() -> None:
    stage = new_stage()
    stage.CreateClassPrim("/Office")
    for name in ("desk", "chair"):
        box(stage, f"/Office/{name}/geo")
    prim = xform(stage, "/World/office_1", kind="assembly")
    prim.GetReferences().AddInternalReference("/Office")
    prim.SetInstanceable(True)
    assert labels_of(find(stage)) == {"/World/office_1/chair": "chair", "/World/office_1/desk": "desk"}


# -- rule 3: kinds and references ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["component", "subcomponent"])
def test_component_is_one_object(kind: str) -> None:
    stage = new_stage()
    xform(stage, "/World/desk", kind=kind)
    for part in ("top", "left_leg", "right_leg"):
        box(stage, f"/World/desk/{part}/geo")
    assert labels_of(find(stage)) == {"/World/desk": "desk"}


def test_component_default_prim_is_never_an_object() -> None:
    stage = new_stage()
    Usd.ModelAPI(stage.GetDefaultPrim()).SetKind("component")
    box(stage, "/World/Geometry/cup/geo")
    box(stage, "/World/Geometry/plate/geo")
    UsdGeom.Scope.Define(stage, "/World/Geometry")
    assert labels_of(find(stage)) == {"/World/Geometry/cup": "cup", "/World/Geometry/plate": "plate"}


def asset(folder: Path, name: str, *parts: str) -> Path:
    stage = Usd.Stage.CreateNew(str(folder / f"{name}.usda"))
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, f"/{name}").GetPrim())
    for part in parts:
        box(stage, f"/{name}/{part}/geo")
    stage.Save()
    return folder / f"{name}.usda"


@pytest.mark.parametrize("arc", ["reference", "payload"])
def test_reference_to_another_file_is_one_object(tmp_path: Path, arc: str) -> None:
    asset(tmp_path, "SM_OfficeChair", "seat", "back")
    stage = new_stage(tmp_path / "scene.usda")
    for name in ("OfficeChair_1", "Xform_7"):
        prim = xform(stage, f"/World/{name}")
        getattr(prim, f"Get{arc.title()}s")().__getattribute__(f"Add{arc.title()}")("./SM_OfficeChair.usda")
    stage.Save()
    found = find(open_stage(tmp_path / "scene.usda"))
    assert labels_of(found) == {"/World/OfficeChair_1": "office chair", "/World/Xform_7": "office chair"}
    assert entity(found, "/World/Xform_7").label_source is LabelSource.ASSET_INFO
    assert entity(found, "/World/Xform_7").identity == "SM_OfficeChair.usda"
    whole = {"/SM_OfficeChair": {"role": "object"}}
    (alone,) = find(open_stage(tmp_path / "SM_OfficeChair.usda"), labels=whole).entities
    assert (alone.identity, alone.label_source) == ("SM_OfficeChair.usda", LabelSource.PRIM_NAME), "alone, the same asset"


def test_referenced_scene_of_components_is_a_group(tmp_path: Path) -> None:
    inner = Usd.Stage.CreateNew(str(tmp_path / "set.usda"))
    inner.SetDefaultPrim(UsdGeom.Xform.Define(inner, "/set").GetPrim())
    for name in ("sofa", "lamp"):
        xform(inner, f"/set/{name}", kind="component")
        box(inner, f"/set/{name}/a/geo")
        box(inner, f"/set/{name}/b/geo")
    inner.Save()
    stage = new_stage(tmp_path / "scene.usda")
    xform(stage, "/World/corner").GetReferences().AddReference("./set.usda")
    stage.Save()
    assert labels_of(find(open_stage(tmp_path / "scene.usda"))) == {
        "/World/corner/lamp": "lamp",
        "/World/corner/sofa": "sofa",
    }


def test_internal_references_and_gprims_do_not_count_as_assets(tmp_path: Path) -> None:
    library = Usd.Stage.CreateNew(str(tmp_path / "library.usda"))
    mesh(library, "/plate_mesh")
    library.Save()
    stage = new_stage(tmp_path / "scene.usda")
    plate = xform(stage, "/World/group/plate_1_main")
    mesh(stage, "/World/group/plate_1_main/plate_1_g0").GetReferences().AddReference("./library.usda", "/plate_mesh")
    box(stage, "/World/group/cup")
    stage.Save()
    found = find(open_stage(tmp_path / "scene.usda"))
    assert plate
    assert labels_of(found) == {"/World/group/cup": "cup", "/World/group/plate_1_main": "plate"}


# -- rules 4 to 6: articulations, bodies, joints -----------------------------------------------------------------------


def arm(stage: Usd.Stage, path: str, length: int, *, root_on: str) -> None:
    prim = xform(stage, path)
    last = f"{path}/link_0"
    xform(stage, last)
    box(stage, f"{last}/visuals/geo")
    for number in range(1, length + 1):
        below = f"{path}/link_{number}"
        xform(stage, below)
        box(stage, f"{below}/visuals/geo")
        joint(stage, f"{below}/joint", last, below)
        last = below
    if root_on == "prim":
        articulate(prim)
    elif root_on == "first link":
        articulate(stage.GetPrimAtPath(f"{path}/link_0"))
    elif root_on == "root joint":
        articulate(joint(stage, f"{path}/root_joint", "", f"{path}/link_0", kind="PhysicsFixedJoint"))


@pytest.mark.parametrize("root_on", ["prim", "first link", "root joint"])
@pytest.mark.parametrize(
    ("name", "expected", "source"),
    [
        ("Body", "robot arm", LabelSource.RULE),
        ("panda", "robot arm", LabelSource.RULE),
        ("ur10", "robot arm", LabelSource.RULE),
        ("robot0_base", "robot arm", LabelSource.RULE),
        ("excavator", "excavator", LabelSource.PRIM_NAME),
    ],
)
def test_serial_chain_is_a_robot_arm(root_on: str, name: str, expected: str, source: LabelSource) -> None:
    stage = new_stage()
    arm(stage, f"/World/{name}", 6, root_on=root_on)
    box(stage, "/World/cup")
    found = find(stage)
    assert labels_of(found) == {f"/World/{name}": expected, "/World/cup": "cup"}
    assert entity(found, f"/World/{name}").rule.startswith("rule 4:")
    assert entity(found, f"/World/{name}").label_source is source


@pytest.mark.parametrize(
    ("name", "expected"), [("torso", "robot"), ("forearm", "robot hand"), ("robot0_hand_mount", "robot hand")]
)
def test_two_long_chains_are_a_robot_or_a_hand(name: str, expected: str) -> None:
    stage = new_stage()
    articulate(xform(stage, f"/World/{name}"))
    xform(stage, f"/World/{name}/body")
    box(stage, f"/World/{name}/body/visuals/geo")
    for side in ("left", "right"):
        last = f"/World/{name}/body"
        for number in range(4):
            xform(stage, f"/World/{name}/{side}_{number}")
            box(stage, f"/World/{name}/{side}_{number}/visuals/geo")
            joint(stage, f"/World/{name}/{side}_{number}/joint", last, f"/World/{name}/{side}_{number}")
            last = f"/World/{name}/{side}_{number}"
    assert labels_of(find(stage)) == {f"/World/{name}": expected}


def test_articulated_group_of_cabinets_is_no_arm() -> None:
    stage = new_stage()
    articulate(xform(stage, "/World/desk"))
    for name in ("left_cabinet", "right_cabinet"):
        box(stage, f"/World/desk/{name}/body")
        xform(stage, f"/World/desk/{name}/door")
        box(stage, f"/World/desk/{name}/door/geo")
        joint(stage, f"/World/desk/{name}/door/hinge", f"/World/desk/{name}", f"/World/desk/{name}/door")
    assert labels_of(find(stage)) == {
        "/World/desk/left_cabinet": "left cabinet",
        "/World/desk/right_cabinet": "right cabinet",
    }


def test_xform_with_gprims_is_one_object_with_all_below() -> None:
    stage = new_stage()
    xform(stage, "/World/oven")
    box(stage, "/World/oven/body")
    box(stage, "/World/oven/knob_1/geo")
    box(stage, "/World/oven/knob_2/geo")
    found = find(stage)
    assert labels_of(found) == {"/World/oven": "oven"}
    assert found.owner.tolist() == [0, 0, 0]


def test_models_own_folder_is_no_level() -> None:
    stage = new_stage()
    xform(stage, "/World/chair")
    UsdGeom.Scope.Define(stage, "/World/chair/Geom")
    box(stage, "/World/chair/Geom/seat")
    box(stage, "/World/chair/Geom/back")
    assert labels_of(find(stage)) == {"/World/chair": "chair"}


def test_root_prim_with_bare_gprims_is_a_group() -> None:
    stage = new_stage()
    for name in ("cup", "plate", "Cube"):
        box(stage, f"/World/{name}")
    assert labels_of(find(stage)) == {"/World/Cube": "cube", "/World/cup": "cup", "/World/plate": "plate"}


@pytest.mark.parametrize("name", ["Geometry", "Meshes", "Objects", "Furniture", "Kitchen", "props"])
def test_container_of_bare_gprims_is_a_group(name: str) -> None:
    stage = new_stage()
    xform(stage, f"/World/{name}")
    for child in ("sofa", "lamp"):
        box(stage, f"/World/{name}/{child}")
    assert labels_of(find(stage)) == {f"/World/{name}/lamp": "lamp", f"/World/{name}/sofa": "sofa"}


@pytest.mark.parametrize("body0", ["/World/chest", "/World/chest/body"])
def test_moving_joint_makes_one_object(body0: str) -> None:
    stage = new_stage()
    xform(stage, "/World/chest")
    for part in ("body", "drawer"):
        box(stage, f"/World/chest/{part}/geo")
    joint(stage, "/World/chest/slide", body0, "/World/chest/drawer", kind="PhysicsPrismaticJoint")
    found = find(stage)
    assert labels_of(found) == {"/World/chest": "chest"}
    assert entity(found, "/World/chest").rule.startswith("rule 6:")


def test_fixed_joint_makes_no_object() -> None:
    stage = new_stage()
    xform(stage, "/World/pair")
    for part in ("cup", "saucer"):
        box(stage, f"/World/pair/{part}/geo")
    joint(stage, "/World/pair/fix", "/World/pair/cup", "/World/pair/saucer", kind="PhysicsFixedJoint")
    assert labels_of(find(stage)) == {"/World/pair/cup": "cup", "/World/pair/saucer": "saucer"}


# -- rules 7 and 8 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "owner", "expected"),
    [
        ("/World/Chair_1/Geom/Mesh_0/mesh", "/World/Chair_1", "chair"),
        ("/World/Xform_1/Group_2/Chair/mesh", "/World/Xform_1/Group_2/Chair", "chair"),
        ("/World/Furniture/Chair/mesh", "/World/Furniture/Chair", "chair"),
        ("/World/Red/Chair/mesh", "/World/Red/Chair", "chair"),
        ("/World/Xform_1/Group_2/mesh_chair", "/World/Xform_1", "chair"),
    ],
)
def test_outermost_informative_name(path: str, owner: str, expected: str) -> None:
    stage = new_stage()
    steps = path.split("/")
    for size in range(3, len(steps)):
        UsdGeom.Xform.Define(stage, "/".join(steps[:size]))
    mesh(stage, path)
    box(stage, "/World/other")
    found = find(stage)
    label_ = {key: value for key, value in labels_of(found).items() if key != "/World/other"}
    if path.endswith("mesh_chair"):
        # The Xform right above the gprim is the body; it borrows the name.
        assert list(label_.values()) == ["chair"]
    else:
        assert label_ == {owner: expected}


def test_rigid_body_is_the_object_though_its_name_says_nothing() -> None:
    stage = new_stage()
    xform(stage, "/World/obj").AddAppliedSchema("PhysicsRigidBodyAPI")
    xform(stage, "/World/obj/mug")
    for part in ("mug", "handle"):
        box(stage, f"/World/obj/mug/{part}")
    assert labels_of(find(stage)) == {"/World/obj": "mug"}


def test_color_of_a_group_is_an_attribute() -> None:
    stage = new_stage()
    for color in ("White", "Black", "chess"):
        for piece in ("King", "Queen"):
            xform(stage, f"/World/{color}/{piece}")
            box(stage, f"/World/{color}/{piece}/geo")
    found = find(stage)
    assert {item.path: item.attributes.get("color") for item in found.entities} == {
        "/World/White/King": "white",
        "/World/White/Queen": "white",
        "/World/Black/King": "black",
        "/World/Black/Queen": "black",
        "/World/chess/King": None,
        "/World/chess/Queen": None,
    }
    assert entity(found, "/World/White/King").attribute_sources == {"color": "parent"}


def test_words_of_the_place_before_siblings_names_are_dropped() -> None:
    stage = new_stage()
    UsdGeom.Scope.Define(stage, "/World/Geometry")
    for name in ("stove", "pot", "fridge"):
        box(stage, f"/World/Geometry/kitchen_background_{name}_vis")
    box(stage, "/World/Geometry/kitchen_background_vis")
    assert sorted(labels_of(find(stage)).values()) == ["fridge", "kitchen furniture", "pot", "stove"]


def test_flat_background_is_the_room() -> None:
    stage = new_stage()
    box(stage, "/World/kitchen_background", size=(4, 0.01, 3), at=(0, 2, 1.5))
    box(stage, "/World/cup")
    found = find(stage)
    assert labels_of(found) == {"/World/cup": "cup"}
    assert entity(found, "/World/kitchen_background").room_kind is RoomKind.OTHER


@pytest.mark.parametrize(
    ("text", "children", "expected"),
    [
        ("thing", 2, {"/World/x": "thing"}),  # a word that a name could not use, but a person can
        ("box", 2, {"/World/x": "box"}),
        ("furniture", 2, {"/World/x": "furniture"}),
        ("library", 2, {"/World/x": "library"}),  # a shelf, maybe
        ("environment", 2, {"/World/x/a": "cup", "/World/x/b": "bowl"}),
        ("kitchen", 1, {"/World/x": "kitchen"}),  # a toy
    ],
)
def test_which_labels_are_places(text: str, children: int, expected: dict[str, str]) -> None:
    stage = new_stage()
    label(xform(stage, "/World/x"), text)
    for name, what in list({"a": "cup", "b": "bowl"}.items())[:children]:
        xform(stage, f"/World/x/{name}").SetMetadata("displayName", what)
        box(stage, f"/World/x/{name}/geo")
    box(stage, "/World/spoon")
    found = labels_of(find(stage))
    assert found.pop("/World/spoon") == "spoon"
    assert found == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("Cube", "cube"), ("Sphere", "sphere"), ("Cylinder", "cylinder"), ("Cone", "cone"), ("Mesh", "object")],
)
def test_last_resort_is_the_shape(kind: str, expected: str) -> None:
    stage = new_stage()
    if kind == "Mesh":
        mesh(stage, "/World/Mesh_12")
    else:
        stage.DefinePrim(f"/World/{kind}_12", kind)
    found = find(stage)
    assert [(item.label, item.label_source) for item in found.entities] == [(expected, LabelSource.RULE)]


def test_name_from_what_is_below() -> None:
    stage = new_stage()
    xform(stage, "/World/Xform_3")
    for part in ("bench_top", "bench_leg_1", "bench_leg_2"):
        box(stage, f"/World/Xform_3/{part}")
    assert labels_of(find(stage)) == {"/World/Xform_3": "bench"}


def test_display_names_are_read() -> None:
    stage = new_stage()
    prim = box(stage, "/World/tn__xyz_1")
    prim.SetMetadata("displayName", "Bücher-Regal")
    assert labels_of(find(stage)) == {"/World/tn__xyz_1": "bücher regal"}


def test_label_style_basename() -> None:
    stage = new_stage()
    xform(stage, "/World/SM_OfficeChair_02")
    box(stage, "/World/SM_OfficeChair_02/mesh")
    instancer(stage, "/World/many", ["/World/many/SM_Pawn"], [0], [(0, 0, 0)])
    box(stage, "/World/many/SM_Pawn")
    assert labels_of(find(stage, label_style="basename")) == {
        "/World/SM_OfficeChair_02": "SM_OfficeChair_02",
        "/World/many[0]": "SM_Pawn",
    }


# -- room, ghosts, what is not seen ---------------------------------------------------------------------------------------


def room(stage: Usd.Stage) -> None:
    box(stage, "/World/Floor", size=(6, 6, 0.1), at=(0, 0, -0.05))
    box(stage, "/World/Wall_1", size=(6, 0.1, 3), at=(0, 3, 1.5))
    box(stage, "/World/Ceiling", size=(6, 6, 0.1), at=(0, 0, 3.05))


def test_room_by_name_and_shape() -> None:
    stage = new_stage()
    room(stage)
    box(stage, "/World/RetainingWall", size=(1, 0.1, 0.12), at=(0, 0, 0.06))
    box(stage, "/World/wall_clock", size=(0.3, 0.05, 0.3), at=(0, 2.9, 2))
    found = find(stage)
    assert labels_of(found, Role.ROOM) == {"/World/Ceiling": "ceiling", "/World/Floor": "floor", "/World/Wall_1": "wall"}
    assert labels_of(found) == {"/World/RetainingWall": "retaining wall", "/World/wall_clock": "wall clock"}
    assert {item.path: item.room_kind for item in found.entities if item.role is Role.ROOM} == {
        "/World/Ceiling": RoomKind.CEILING,
        "/World/Floor": RoomKind.FLOOR,
        "/World/Wall_1": RoomKind.WALL,
    }
    assert codes(found) == {"/World/Ceiling": "room", "/World/Floor": "room", "/World/Wall_1": "room"}


@pytest.mark.parametrize("group", ["/World/Room", "/World/house_12", "/World/Walls"])
def test_room_built_of_gprims_under_one_xform(group: str) -> None:
    stage = new_stage()
    xform(stage, group)
    box(stage, f"{group}/floor", size=(6, 6, 0.1), at=(0, 0, -0.05))
    for number, (x, y) in enumerate(((3, 0), (-3, 0))):
        box(stage, f"{group}/wall_{number}", size=(0.1, 6, 3), at=(x, y, 1.5))
    box(stage, "/World/chair", at=(0, 0, 0.1))
    found = find(stage)
    assert labels_of(found) == {"/World/chair": "chair"}
    assert sorted(labels_of(found, Role.ROOM).values()) == ["floor", "wall", "wall"]


def test_walls_of_unnamed_boxes() -> None:
    stage = new_stage()
    xform(stage, "/World/backwall")
    for number, (size, at) in enumerate((((4, 0.1, 2.5), (0, 2, 1.25)), ((0.1, 4, 2.5), (2, 0, 1.25)))):
        box(stage, f"/World/backwall/Box_{number}", size=size, at=at)
    box(stage, "/World/chair", at=(10, 10, 0.1))
    found = find(stage)
    assert labels_of(found, Role.ROOM) == {"/World/backwall": "wall"}


def test_turned_wall() -> None:
    stage = new_stage()
    wall = box(stage, "/World/wall_corner", size=(3, 0.1, 3), at=(0, 0, 1.5))
    ops = UsdGeom.Xformable(wall)
    rotate = ops.AddRotateZOp()
    rotate.Set(45.0)
    translate, scale = ops.GetOrderedXformOps()[0], ops.GetOrderedXformOps()[1]
    ops.SetXformOpOrder([translate, rotate, scale])
    box(stage, "/World/chair", at=(2, 0, 0.1))
    assert labels_of(find(stage), Role.ROOM) == {"/World/wall_corner": "wall"}


def test_building_and_sky_around_the_things_are_the_room() -> None:
    stage = new_stage()
    xform(stage, "/World/Kitchen_1", kind="component")
    box(stage, "/World/Kitchen_1/shell", size=(6, 6, 3), at=(0, 0, 1.5))
    box(stage, "/World/sky_dome", size=(900, 900, 900))
    for number in range(4):
        box(stage, f"/World/chair_{number}", at=(number - 2, 0, 0.1))
    found = find(stage)
    assert set(labels_of(found).values()) == {"chair"}
    assert set(labels_of(found, Role.ROOM)) == {"/World/Kitchen_1", "/World/sky_dome"}


@pytest.mark.parametrize(("width", "is_floor"), [(5.0, True), (1.0, False)])
def test_wide_unnamed_plane_under_everything_is_the_floor(width: float, is_floor: bool) -> None:
    stage = new_stage()
    box(stage, "/World/Plane", size=(width, width, 0.01))
    for number in range(2):
        box(stage, f"/World/cup_{number}", at=(0.1 * number, 0, 0.1))
    found = find(stage)
    assert ("/World/Plane" in labels_of(found, Role.ROOM)) == is_floor
    assert ("/World/Plane" in labels_of(found)) != is_floor


def test_labelled_room_stays_the_room() -> None:
    stage = new_stage()
    room(stage)
    label(stage.GetPrimAtPath("/World/Floor"), "wooden floor")
    box(stage, "/World/chair", at=(0, 0, 0.1))
    assert labels_of(find(stage), Role.ROOM)["/World/Floor"] == "wooden floor"


def test_include_room() -> None:
    stage = new_stage()
    room(stage)
    box(stage, "/World/chair", at=(0, 0, 0.1))
    found = find(stage, include_room=True)
    assert sorted(labels_of(found).values()) == ["ceiling", "chair", "floor", "wall"]


@pytest.mark.parametrize(
    ("opacity", "role"),
    [
        (0.0, None),
        (0.019, None),
        (0.02, Role.GHOST),
        (0.3, Role.GHOST),
        (0.5, Role.GHOST),
        (0.51, Role.OBJECT),
        (1.0, Role.OBJECT),
    ],
)
def test_opacity(opacity: float, role: Role | None) -> None:
    stage = new_stage()
    box(stage, "/World/milk", opacity=opacity)
    box(stage, "/World/table")
    found = find(stage)
    assert {item.role for item in found.entities if item.path == "/World/milk"} == ({role} if role else set())
    assert codes(found) == (
        {"/World/milk": "transparent"} if role is None else {"/World/milk": "ghost"} if role is Role.GHOST else {}
    )


def test_object_with_a_window_is_no_ghost() -> None:
    stage = new_stage()
    xform(stage, "/World/oven")
    box(stage, "/World/oven/body")
    box(stage, "/World/oven/window", opacity=0.3)
    box(stage, "/World/oven/marker", opacity=0.0)
    found = find(stage)
    assert labels_of(found) == {"/World/oven": "oven"}
    assert sorted(found.owner.tolist()) == [-1, 0, 0]
    assert codes(found) == {"/World/oven/marker": "transparent"}


@pytest.mark.parametrize(
    ("name", "is_marker"),
    [("robot0_mocap", True), ("Gizmo", True), ("target0", True), ("goal_site", True), ("marker", True), ("bin_goal", False)],
)
def test_markers_by_name(name: str, is_marker: bool) -> None:
    stage = new_stage()
    box(stage, f"/World/{name}")
    box(stage, "/World/mug")
    found = find(stage)
    assert (codes(found).get(f"/World/{name}") == "marker") is is_marker
    assert entity(found, f"/World/{name}").role is (Role.GHOST if is_marker else Role.OBJECT)
    assert f"/World/{name}" in labels_of(find(stage, labels={f"/World/{name}": "mug"})), "unless somebody says so"


def test_a_thing_that_is_modelled_is_no_marker() -> None:
    stage = new_stage()
    mesh(stage, "/World/marker")
    assert labels_of(find(stage)) == {"/World/marker": "marker"}


def test_ghosts_that_are_wanted() -> None:
    stage = new_stage()
    box(stage, "/World/VisualMilk", opacity=0.3)
    box(stage, "/World/milk")
    label(box(stage, "/World/glass", opacity=0.3), "glass")
    label(box(stage, "/World/goal", opacity=0.3), "milk")
    assert labels_of(find(stage)) == {"/World/glass": "glass", "/World/milk": "milk"}
    assert set(labels_of(find(stage, ghosts="include"))) == {"/World/VisualMilk", "/World/glass", "/World/goal", "/World/milk"}
    mapped = find(stage, labels={"/World/VisualMilk": "milk"})
    assert "/World/VisualMilk" in labels_of(mapped)


def test_attach_off_leaves_only_what_is_labelled() -> None:
    stage = new_stage()
    room(stage)
    label(box(stage, "/World/a", at=(0, 0, 0.1)), "cup")
    box(stage, "/World/plate", at=(1, 0, 0.1))
    box(stage, "/World/b", at=(2, 0, 0.1))
    found = find(stage, attach_label_to_usd=False, labels={"/World/b": "bowl"})
    assert labels_of(found) == {"/World/a": "cup", "/World/b": "bowl"}
    assert codes(found)["/World/plate"] == "unlabelled"
    assert labels_of(found, Role.ROOM), "things still rest on the floor"


@pytest.mark.parametrize(
    ("default", "scene_label", "expected"),
    [("franka_kitchen", None, "kitchen"), ("World", None, None), ("franka_kitchen", "workshop", "workshop")],
)
def test_setting(default: str, scene_label: str | None, expected: str | None) -> None:
    stage = new_stage()
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, f"/{default}").GetPrim())
    box(stage, f"/{default}/cup")
    assert find(stage, scene_label=scene_label).setting == expected


# -- database ------------------------------------------------------------------------------------------------------------


def test_database_names_assets(tmp_path: Path) -> None:
    asset(tmp_path, "prop_17", "a", "b")
    stage = new_stage(tmp_path / "scene.usda")
    xform(stage, "/World/x1").GetReferences().AddReference("./prop_17.usda")
    xform(stage, "/World/x2").GetReferences().AddReference("./prop_17.usda")
    label(stage.GetPrimAtPath("/World/x2"), "thing")
    stage.Save()
    database = LabelDatabase(
        [LabelEntry("prop_17.usda", label="toaster", caption="A chrome toaster.", attributes={"color": "gray"})]
    )
    found = find(open_stage(tmp_path / "scene.usda"), database=database, use_ai_label=True)
    assert labels_of(found) == {"/World/x1": "toaster", "/World/x2": "thing"}, "authored labels come first"
    first = entity(found, "/World/x1")
    assert (first.label_source, first.caption) == (LabelSource.DATABASE, "A chrome toaster.")
    assert (first.attributes, first.attribute_sources) == ({"color": "gray"}, {"color": "database"})
    unused = find(open_stage(tmp_path / "scene.usda"), database=database, use_ai_label=False)
    assert entity(unused, "/World/x1").caption is None


def test_documentation_of_an_asset_is_its_caption_where_the_database_has_none() -> None:
    stage = new_stage()
    box(stage, "/World/cup").SetMetadata("documentation", "A blue\n\x00cup.")
    assert entity(find(stage, use_ai_label=True), "/World/cup").caption == "A blue cup."
    assert entity(find(stage), "/World/cup").caption is None


# -- bad input -----------------------------------------------------------------------------------------------------------


def test_empty_stage() -> None:
    found = find(Usd.Stage.CreateInMemory())
    assert found.entities == ()
    assert found.owner.shape == (0,)


def test_empty_and_broken_gprims_are_no_objects() -> None:
    stage = new_stage()
    mesh(stage, "/World/nothing", [])
    box(stage, "/World/flat", size=(0, 1, 1))
    box(stage, "/World/lost", at=(math.nan, 0, 0))
    box(stage, "/World/cup")
    found = find(stage)
    assert labels_of(found) == {"/World/cup": "cup"}
    assert codes(found) == {"/World/nothing": "empty"}, "the others are the walk's to report"
    assert {item.code for item in walk_stage(wrap_stage(stage)).evaluate().left_out} == {"collapsed", "not_finite"}


def test_what_is_seen_later_is_found_too() -> None:
    stage = new_stage()
    stage.SetStartTimeCode(1)
    stage.SetEndTimeCode(2)
    visibility = UsdGeom.Imageable(box(stage, "/World/rabbit")).CreateVisibilityAttr()
    visibility.Set("invisible", 1)
    visibility.Set("inherited", 2)
    box(stage, "/World/hat")
    assert labels_of(find(stage)) == {"/World/hat": "hat", "/World/rabbit": "rabbit"}


def test_hidden_things_of_a_still_stage_are_not_found() -> None:
    stage = new_stage()
    UsdGeom.Imageable(box(stage, "/World/rabbit")).MakeInvisible()
    box(stage, "/World/hat")
    assert labels_of(find(stage)) == {"/World/hat": "hat"}


def test_hostile_names_and_labels() -> None:
    stage = new_stage()
    evil = box(stage, "/World/cup")
    label(evil, "cup\x1b]0;owned\x07\n../../../etc/passwd " + "A" * 100_000)
    evil.SetMetadata("displayName", "\x00\x01")
    found = find(stage)
    text = labels_of(found)["/World/cup"]
    assert len(text) <= 80
    assert text.isprintable()


def test_missing_payload_leaves_the_rest(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    stage = new_stage(tmp_path / "scene.usda")
    xform(stage, "/World/gone").GetPayloads().AddPayload("./gone.usda")
    box(stage, "/World/cup")
    stage.Save()
    capfd.readouterr()
    opened = open_stage(tmp_path / "scene.usda")
    assert labels_of(find(opened)) == {"/World/cup": "cup"}
    assert any("gone.usda" in problem for problem in opened.problems)
    assert capfd.readouterr() == ("", "")


def test_every_gprim_has_at_most_one_owner_and_entities_are_sorted() -> None:
    stage = new_stage()
    room(stage)
    arm(stage, "/World/panda", 6, root_on="prim")
    instancer(stage, "/World/many", ["/World/many/p"], [0, 0], [(0, 0, 0), (1, 0, 0)])
    box(stage, "/World/many/p")
    label(box(stage, "/World/panda/link_3/camera"), "camera")
    found = find(stage)
    paths = [item.path for item in found.entities]
    assert paths == sorted(set(paths))
    assert found.owner.min() >= 0
    assert set(found.owner) == set(range(len(paths)))
    assert found.owner.dtype == np.int32


def test_same_stage_same_answer() -> None:
    def answer() -> tuple[object, ...]:
        stage = new_stage()
        room(stage)
        arm(stage, "/World/panda", 6, root_on="root joint")
        found = find(stage)
        return labels_of(found), found.owner.tolist(), found.left_out, dict(found.explanations)

    assert answer() == answer()


def test_explanations_say_which_rule_fired() -> None:
    stage = new_stage()
    xform(stage, "/World/desk", kind="component")
    box(stage, "/World/desk/a/geo")
    box(stage, "/World/desk/b/geo")
    found = find(stage)
    assert "rule 3" in found.explanations["/World/desk"]
    assert "kind is component" in found.explanations["/World/desk"]
    assert "rule 7" in found.explanations["/World"]


def test_deep_and_wide_stages_do_no_harm() -> None:
    stage = new_stage()
    layer = stage.GetRootLayer()
    with Sdf.ChangeBlock():
        for number in range(300):
            spec = Sdf.CreatePrimInLayer(layer, f"/World/g/cup_{number}")
            spec.specifier, spec.typeName = Sdf.SpecifierDef, "Cube"
        deep = Sdf.CreatePrimInLayer(layer, "/World" + "/x" * 1500 + "/spoon")
        for spec in _chain(deep):
            spec.specifier = Sdf.SpecifierDef
            spec.typeName = "Cube" if spec == deep else "Xform"
        group = layer.GetPrimAtPath("/World/g")
        group.specifier, group.typeName = Sdf.SpecifierDef, "Scope"
    found = find(stage)
    assert len(found.entities) == 301
    assert "spoon" in labels_of(found).values()


def _chain(spec: Sdf.PrimSpec) -> list[Sdf.PrimSpec]:
    found = [spec]
    while spec.nameParent and spec.nameParent.path != Sdf.Path.absoluteRootPath:
        spec = spec.nameParent
        found.append(spec)
    return found


def test_point_instances_share_their_identity() -> None:
    """One database entry names them all."""
    stage = new_stage()
    instancer(stage, "/World/many", ["/World/many/p"], [0, 0], [(0, 0, 0), (1, 0, 0)])
    box(stage, "/World/many/p")
    assert len({item.identity for item in find(stage).entities}) == 1
