"""Walking a stage: which occurrences are drawn, where they are, and what is left out and why."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from pxr import Gf, Sdf, Usd, UsdGeom

from scenecap.stage.open import wrap_stage
from scenecap.stage.walk import StageWalk, walk_stage

from .authoring import box, instancer, mesh, new_stage, xform


def walk(stage: Usd.Stage, **options: object) -> StageWalk:
    return walk_stage(wrap_stage(stage), **options)  # type: ignore[arg-type]


def paths(found: StageWalk, time: float | None = None) -> list[str]:
    state = found.evaluate(time)
    return [gprim.path for gprim, drawn in zip(found.gprims, state.drawn, strict=True) if drawn]


def positions(found: StageWalk, time: float | None = None) -> dict[str, tuple[float, ...]]:
    state = found.evaluate(time)
    return {gprim.path: tuple(np.round(state.local_to_world[i, 3, :3], 6)) for i, gprim in enumerate(found.gprims)}


def reasons(found: StageWalk, time: float | None = None) -> dict[str, str]:
    return {item.path: item.code for item in (*found.left_out, *found.evaluate(time).left_out)}


# -- what is drawn -----------------------------------------------------------------------------------------------------


def test_every_kind_of_gprim_is_found() -> None:
    stage = new_stage()
    for kind in ("Mesh", "Cube", "Sphere", "Cylinder", "Cone", "Capsule", "Plane", "Points", "BasisCurves"):
        stage.DefinePrim(f"/World/{kind}", kind)
    for kind in ("Camera", "SphereLight", "Scope", "Xform", "Material", "PhysicsScene"):
        stage.DefinePrim(f"/World/not_{kind}", kind)
    assert paths(walk(stage)) == [
        f"/World/{kind}"
        for kind in ("Mesh", "Cube", "Sphere", "Cylinder", "Cone", "Capsule", "Plane", "Points", "BasisCurves")
    ]


def test_classes_overs_and_inactive_prims_are_no_gprims() -> None:
    stage = new_stage()
    stage.CreateClassPrim("/Template")
    box(stage, "/Template/Cube")
    stage.OverridePrim("/World/over")
    box(stage, "/World/off").SetActive(False)
    box(stage, "/World/on")
    assert paths(walk(stage)) == ["/World/on"]


def test_native_instances_are_walked_through_proxies_and_share_geometry() -> None:
    stage = new_stage()
    stage.CreateClassPrim("/Chair")
    box(stage, "/Chair/seat")
    for number in (1, 2):
        prim = xform(stage, f"/World/chair_{number}", at=(number, 0, 0))
        prim.GetReferences().AddInternalReference("/Chair")
        prim.SetInstanceable(True)
    found = walk(stage)
    assert positions(found) == {"/World/chair_1/seat": (1, 0, 0), "/World/chair_2/seat": (2, 0, 0)}
    assert len({gprim.geometry_key for gprim in found.gprims}) == 1
    assert all(gprim.prim.IsInstanceProxy() for gprim in found.gprims)


PURPOSES = [
    # purpose of the parent, of the gprim -> computed, drawn by default
    (None, None, "default", True),
    ("guide", None, "guide", False),
    ("guide", "default", "default", True),
    ("guide", "render", "render", True),
    (None, "guide", "guide", False),
    ("proxy", None, "proxy", False),
    ("render", None, "render", True),
    ("default", None, "default", True),
]


@pytest.mark.parametrize(("parent", "own", "expected", "drawn"), PURPOSES)
def test_purposes_follow_usd(parent: str | None, own: str | None, expected: str, drawn: bool) -> None:
    stage = new_stage()
    group, cube = xform(stage, "/World/group"), box(stage, "/World/group/cube")
    for prim, purpose in ((group, parent), (cube, own)):
        if purpose is not None:
            UsdGeom.Imageable(prim).CreatePurposeAttr(purpose)
    assert UsdGeom.Imageable(cube).ComputePurpose() == expected, "the table must agree with USD"
    found = walk(stage)
    assert paths(found) == (["/World/group/cube"] if drawn else [])
    if drawn:
        assert found.gprims[0].purpose == expected
    else:
        assert set(reasons(found).values()) == {expected}
    assert paths(walk(stage, purposes={"default", "render", "proxy", "guide"})) == ["/World/group/cube"]


def test_left_out_names_the_highest_prim_with_one_reason() -> None:
    stage = new_stage()
    box(stage, "/World/shown")
    for path in ("/World/a/x/one", "/World/a/y/two", "/World/b/one", "/World/b/seen"):
        box(stage, path)
    for path in ("/World/a/x/one", "/World/a/y/two", "/World/b/one"):
        UsdGeom.Imageable(stage.GetPrimAtPath(path)).CreatePurposeAttr("guide")
    assert reasons(walk(stage)) == {"/World/a": "guide", "/World/b/one": "guide"}


def test_invisible_subtrees_are_named_once_and_only_where_they_hold_something() -> None:
    stage = new_stage()
    for path in ("/World/hidden/deep/cube", "/World/seen"):
        box(stage, path)
    for path in ("/World/hidden", "/World/nothing"):
        UsdGeom.Imageable(UsdGeom.Xform.Define(stage, path)).MakeInvisible()
    found = walk(stage)
    assert paths(found) == ["/World/seen"]
    assert reasons(found) == {"/World/hidden": "invisible"}


def test_deep_nesting_does_no_harm() -> None:
    stage = new_stage()
    path = "/World" + "/x" * 3000
    stage.DefinePrim(path, "Cube")
    assert paths(walk(stage)) == [path]


# -- where things are ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("up", "meters", "expected"), [("Z", 1.0, (1, 2, 3)), ("Y", 0.01, (0.01, -0.03, 0.02))])
def test_positions_are_in_metres_z_up(up: str, meters: float, expected: tuple[float, ...]) -> None:
    stage = new_stage(up=up, meters=meters)
    box(stage, "/World/cube", at=(1, 2, 3))
    assert positions(walk(stage))["/World/cube"] == pytest.approx(expected)


def test_transforms_equal_usd_own() -> None:
    stage = new_stage(up="Y", meters=0.01)
    group = xform(stage, "/World/group", at=(10, 20, 30))
    UsdGeom.Xformable(group).AddRotateXYZOp().Set(Gf.Vec3f(10, 20, 30))
    cube = box(stage, "/World/group/cube", at=(1, 0, 0), size=(1, 2, 3))
    reset = UsdGeom.Xformable(box(stage, "/World/group/reset", at=(5, 5, 5)))
    reset.SetResetXformStack(True)
    opened = wrap_stage(stage)
    found = walk_stage(opened)
    state = found.evaluate()
    for i, gprim in enumerate(found.gprims):
        matrix = np.array(UsdGeom.Imageable(gprim.prim).ComputeLocalToWorldTransform(0.0)) @ opened.world_from_stage
        np.testing.assert_allclose(state.local_to_world[i], matrix, atol=1e-9)
    assert cube.GetPath() in [gprim.prim.GetPath() for gprim in found.gprims]


def test_time_samples_only_are_read_at_a_real_time() -> None:
    stage = new_stage()
    stage.SetStartTimeCode(10)
    stage.SetEndTimeCode(20)
    op = UsdGeom.Xformable(UsdGeom.Cube.Define(stage, "/World/cube")).AddTranslateOp()
    op.Set(Gf.Vec3d(1, 0, 0), 10)
    op.Set(Gf.Vec3d(3, 0, 0), 20)
    box(stage, "/World/still", at=(7, 0, 0))
    found = walk(stage)
    assert found.is_animated
    assert positions(found)["/World/cube"] == (1, 0, 0)
    for time, x in ((15, 2.0), (20, 3.0), (10, 1.0), (99, 3.0)):
        assert positions(found, time) == {"/World/cube": (x, 0, 0), "/World/still": (7, 0, 0)}


def test_refresh_after_an_edit() -> None:
    stage = new_stage()
    cube = box(stage, "/World/cube")
    found = walk(stage)
    assert positions(found)["/World/cube"] == (0, 0, 0)
    cube.GetAttribute("xformOp:translate").Set(Gf.Vec3d(1, 0, 0))
    found.refresh()
    assert positions(found)["/World/cube"] == (1, 0, 0)


def test_animated_visibility() -> None:
    stage = new_stage()
    stage.SetStartTimeCode(1)
    stage.SetEndTimeCode(3)
    group = xform(stage, "/World/group")
    box(stage, "/World/group/cube")
    visibility = UsdGeom.Imageable(group).CreateVisibilityAttr()
    for time, value in ((1, "invisible"), (2, "inherited"), (3, "invisible")):
        visibility.Set(value, time)
    found = walk(stage)
    assert [paths(found, time) for time in (1, 2, 3)] == [[], ["/World/group/cube"], []]
    assert set(reasons(found, 1).values()) == {"invisible"}


@pytest.mark.parametrize(
    ("scale", "code"),
    [
        ((1, 0, 1), "collapsed"),
        ((0, 0, 0), "collapsed"),
        ((math.nan, 1, 1), "not_finite"),
        ((math.inf, 1, 1), "not_finite"),
        ((1e30, 1, 1), "not_finite"),
        ((1e-4, 1, 1), None),  # thin is not nothing
        ((1e-6, 1e-6, 1e-6), None),  # nor is tiny
        ((-1, 1, 1), None),  # nor is a mirror
    ],
)
def test_broken_transforms_are_left_out(scale: tuple[float, ...], code: str | None) -> None:
    stage = new_stage()
    box(stage, "/World/good")
    group = xform(stage, "/World/bad")
    UsdGeom.Xformable(group).AddScaleOp(UsdGeom.XformOp.PrecisionDouble).Set(Gf.Vec3d(*scale))
    box(stage, "/World/bad/cube")
    found = walk(stage)
    if code is None:
        assert paths(found) == ["/World/bad/cube", "/World/good"] or set(paths(found)) == {"/World/bad/cube", "/World/good"}
        assert reasons(found) == {}
    else:
        assert paths(found) == ["/World/good"]
        assert reasons(found) == {"/World/bad": code}
        row = [gprim.path for gprim in found.gprims].index("/World/bad/cube")
        if code == "not_finite":
            assert np.isnan(found.evaluate().local_to_world[row]).all()


# -- PointInstancers -----------------------------------------------------------------------------------------------------


def trees(stage: Usd.Stage, prototypes: str = "/World/trees/protos") -> UsdGeom.PointInstancer:
    made = instancer(
        stage,
        "/World/trees",
        [f"{prototypes}/oak", f"{prototypes}/fir"],
        [0, 1, 0],
        [(0, 0, 0), (10, 0, 0), (20, 0, 0)],
    )
    xform(stage, f"{prototypes}/oak", at=(0, 1, 0))
    box(stage, f"{prototypes}/oak/crown", at=(0, 0, 5))
    box(stage, f"{prototypes}/fir", at=(0, 0, 2))
    return made


def test_point_instances_are_occurrences() -> None:
    stage = new_stage()
    trees(stage)
    found = walk(stage)
    # A prototype root's own transform counts, as USD's ComputeInstanceTransformsAtTime(IncludeProtoXform) says.
    assert positions(found) == {
        "/World/trees[0]/crown": (0, 1, 5),
        "/World/trees[1]": (10, 0, 2),
        "/World/trees[2]/crown": (20, 1, 5),
    }
    crown = found.gprims[0]
    assert crown.instancer == "/World/trees"
    assert crown.instance_root == "/World/trees[0]"
    assert crown.prototype_root is not None
    assert crown.prototype_root.GetName() == "oak"
    assert crown.geometry_key == found.gprims[2].geometry_key != found.gprims[1].geometry_key


def test_scale_orientation_and_instancer_transform_count() -> None:
    stage = new_stage()
    made = instancer(stage, "/World/many", ["/World/many/cube"], [0], [(1, 0, 0)])
    box(stage, "/World/many/cube", at=(1, 0, 0), size=(1, 1, 1))
    made.CreateScalesAttr([Gf.Vec3f(2, 2, 2)])
    made.CreateOrientationsAttr([Gf.Quath(math.sqrt(0.5), 0, 0, math.sqrt(0.5))])  # 90 degrees about z
    made.AddTranslateOp().Set(Gf.Vec3d(0, 0, 100))
    # The cube at x = 1 is scaled to 2, turned to y = 2, moved by 1 in x, then by the instancer.
    assert positions(walk(stage))["/World/many[0]"] == pytest.approx((1, 2, 100), abs=2e-3)


@pytest.mark.parametrize("specifier", ["def", "over", "class"])
def test_prototypes_elsewhere_on_the_stage(specifier: str) -> None:
    stage = new_stage()
    if specifier == "class":
        stage.CreateClassPrim("/protos")
    elif specifier == "over":
        stage.OverridePrim("/protos")
    else:
        UsdGeom.Scope.Define(stage, "/protos")
    made = trees(stage, "/elsewhere")
    for name in ("oak", "fir"):
        source, target = f"/elsewhere/{name}", f"/protos/{name}"
        Sdf.CopySpec(stage.GetRootLayer(), source, stage.GetRootLayer(), target)
    stage.RemovePrim("/elsewhere")
    made.GetPrototypesRel().SetTargets([Sdf.Path("/protos/oak"), Sdf.Path("/protos/fir")])
    drawn = paths(walk(stage))
    assert [path for path in drawn if path.startswith("/World/trees[")] == [
        "/World/trees[0]/crown",
        "/World/trees[1]",
        "/World/trees[2]/crown",
    ]
    # As in Hydra: a prototype outside of the instancer that is defined is drawn where it stands, too.
    assert [path for path in drawn if path.startswith("/protos")] == (
        ["/protos/oak/crown", "/protos/fir"] if specifier == "def" else []
    )


def test_nested_instancers_multiply() -> None:
    stage = new_stage()
    instancer(stage, "/World/rows", ["/World/rows/row"], [0, 0], [(0, 0, 0), (0, 10, 0)])
    instancer(stage, "/World/rows/row", ["/World/rows/row/seat"], [0, 0, 0], [(0, 0, 0), (1, 0, 0), (2, 0, 0)])
    box(stage, "/World/rows/row/seat")
    found = walk(stage)
    assert positions(found) == {f"/World/rows[{i}][{j}]": (float(j), 10.0 * i, 0.0) for i in range(2) for j in range(3)}
    assert {gprim.instance_root for gprim in found.gprims} == {"/World/rows[0]", "/World/rows[1]"}
    assert {gprim.instancer for gprim in found.gprims} == {"/World/rows"}


def test_instancer_in_a_native_instance() -> None:
    stage = new_stage()
    stage.CreateClassPrim("/Shelf")
    instancer(stage, "/Shelf/books", ["/Shelf/books/book"], [0, 0], [(0, 0, 0), (1, 0, 0)])
    box(stage, "/Shelf/books/book")
    for number in (1, 2):
        prim = xform(stage, f"/World/shelf_{number}", at=(0, number, 0))
        prim.GetReferences().AddInternalReference("/Shelf")
        prim.SetInstanceable(True)
    assert positions(walk(stage)) == {
        f"/World/shelf_{s}/books[{i}]": (float(i), float(s), 0.0) for s in (1, 2) for i in (0, 1)
    }


def test_invisible_and_inactive_ids() -> None:
    stage = new_stage()
    made = trees(stage)
    made.CreateIdsAttr([100, 200, 300])
    made.CreateInvisibleIdsAttr([200])
    made.DeactivateIds([300])
    found = walk(stage)
    assert paths(found) == ["/World/trees[0]/crown"]
    assert reasons(found) == {"/World/trees[1]": "invisible", "/World/trees[2]": "invisible"}


def test_animated_instancer_follows_ids() -> None:
    stage = new_stage()
    stage.SetStartTimeCode(1)
    stage.SetEndTimeCode(2)
    made = UsdGeom.PointInstancer.Define(stage, "/World/drops")
    made.CreatePrototypesRel().SetTargets([Sdf.Path("/World/drops/drop")])
    box(stage, "/World/drops/drop")
    for time, ids, xs in ((1, [5, 7], [0, 1]), (2, [7, 9], [11, 12])):
        made.GetIdsAttr().Set(ids, time)
        made.GetProtoIndicesAttr().Set([0] * len(ids), time)
        made.GetPositionsAttr().Set([Gf.Vec3f(x, 0, 0) for x in xs], time)
    found = walk(stage)
    assert [gprim.path for gprim in found.gprims] == ["/World/drops[5]", "/World/drops[7]", "/World/drops[9]"]
    assert paths(found, 1) == ["/World/drops[5]", "/World/drops[7]"]
    assert paths(found, 2) == ["/World/drops[7]", "/World/drops[9]"]
    assert positions(found, 1)["/World/drops[7]"] == (1, 0, 0)
    assert positions(found, 2)["/World/drops[7]"] == (11, 0, 0)


def test_moving_instances_make_a_stage_animated() -> None:
    stage = new_stage()
    made = trees(stage)
    assert not walk(stage).is_animated
    positions_ = made.GetPositionsAttr()
    positions_.Set([Gf.Vec3f(i, 0, 0) for i in range(3)], 1)
    positions_.Set([Gf.Vec3f(i, 9, 0) for i in range(3)], 2)
    found = walk(stage)
    assert found.is_animated
    assert positions(found, 1)["/World/trees[1]"] == (1, 0, 2)
    assert positions(found, 2)["/World/trees[1]"] == (1, 9, 2)


def test_purpose_of_an_instancer_is_inherited() -> None:
    stage = new_stage()
    made = trees(stage)
    UsdGeom.Imageable(made).CreatePurposeAttr("guide")
    assert paths(walk(stage)) == []
    assert len(paths(walk(stage, purposes={"guide"}))) == 3


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda made: made.GetProtoIndicesAttr().Set([0, 1, 9]), "broken_instancer"),
        (lambda made: made.GetProtoIndicesAttr().Set([0, -1, 0]), "broken_instancer"),
        (lambda made: made.GetPositionsAttr().Set([Gf.Vec3f(0)]), "broken_instancer"),
        (lambda made: made.GetProtoIndicesAttr().Set([]), "empty_instancer"),
        (lambda made: made.GetPrototypesRel().SetTargets([Sdf.Path("/gone"), Sdf.Path("/gone2")]), "broken_instancer"),
        (lambda made: made.GetPrototypesRel().SetTargets([Sdf.Path("/World/trees")] * 2), "broken_instancer"),
    ],
)
def test_broken_instancers_are_reported_and_the_rest_is_drawn(
    spoil: object, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    stage = new_stage()
    made = trees(stage)
    box(stage, "/World/other")
    spoil(made)  # type: ignore[operator]
    found = walk(stage)
    assert paths(found) == ["/World/other"]
    assert code in {item.code for item in found.left_out if item.path == "/World/trees"}
    assert capfd.readouterr() == ("", "")


def test_cycle_of_instancers_ends() -> None:
    stage = new_stage()
    box(stage, "/World/other")
    instancer(stage, "/World/a", ["/World/a/b"], [0], [(0, 0, 0)])
    instancer(stage, "/World/a/b", ["/World/c"], [0], [(0, 0, 0)])
    xform(stage, "/World/c")
    instancer(stage, "/World/c/d", ["/World/a/b"], [0], [(0, 0, 0)])
    found = walk(stage)
    assert paths(found) == ["/World/other"]
    assert "instancer_cycle" in {item.code for item in found.left_out}


def test_not_finite_instances_are_left_out_one_by_one() -> None:
    stage = new_stage()
    instancer(stage, "/World/many", ["/World/many/cube"], [0, 0], [(0, 0, 0), (math.nan, 0, 0)])
    box(stage, "/World/many/cube")
    found = walk(stage)
    assert paths(found) == ["/World/many[0]"]
    assert reasons(found) == {"/World/many[1]": "not_finite"}


def test_too_many_occurrences_are_cut_and_reported() -> None:
    stage = new_stage()
    instancer(stage, "/World/grass", ["/World/grass/blade"], [0] * 1000, [(i, 0, 0) for i in range(1000)])
    box(stage, "/World/grass/blade")
    found = walk(stage, max_occurrences=100)
    assert len(found.gprims) == 100
    assert [item.code for item in found.left_out] == ["too_many"]
    assert "only 100 of its 1000" in found.left_out[0].reason


def test_ten_thousand_instances_are_placed_as_one_array() -> None:
    stage = new_stage()
    count = 10_000
    made = instancer(stage, "/World/grass", ["/World/grass/blade"], [0] * count, [(i, 2 * i, 3 * i) for i in range(count)])
    box(stage, "/World/grass/blade")
    found = walk(stage)
    state = found.evaluate()
    np.testing.assert_allclose(state.local_to_world[:, 3, :3], np.arange(count)[:, None] * [1, 2, 3])
    assert made.GetPrim().IsValid()
    assert state.drawn.all()


def test_empty_stage() -> None:
    found = walk(Usd.Stage.CreateInMemory())
    assert found.gprims == ()
    assert found.evaluate().local_to_world.shape == (0, 4, 4)
    assert not found.is_animated


def test_order_is_the_same_every_time() -> None:
    def make() -> list[str]:
        stage = new_stage()
        trees(stage)
        mesh(stage, "/World/a")
        box(stage, "/World/z/b")
        return [gprim.path for gprim in walk(stage).gprims]

    assert make() == make()


# -- scenes by others ------------------------------------------------------------------------------------------------------


@pytest.mark.shared
@pytest.mark.parametrize(
    "scene", ["franka_kitchen", "libero_kitchen6", "robosuite_pickplace", "metaworld_coffee", "chess_set"]
)
def test_walk_agrees_with_a_plain_traversal(shared: Path, scene: str) -> None:
    """Gprims and transforms equal what USD's own computations say, prim by prim."""
    from scenecap.stage.open import open_stage

    for file in sorted((shared / "scenes" / scene).glob("*.usda"))[:1]:
        opened = open_stage(file)
        found = walk_stage(opened)
        state = found.evaluate()
        expected = {}
        for prim in opened.stage.Traverse(Usd.TraverseInstanceProxies()):
            inside = any(ancestor.IsA(UsdGeom.PointInstancer) for ancestor in _ancestors(prim))
            if prim.IsA(UsdGeom.Gprim) and not inside:
                image = UsdGeom.Imageable(prim)
                if image.ComputePurpose() in ("default", "render") and image.ComputeVisibility() != "invisible":
                    expected[str(prim.GetPath())] = np.array(image.ComputeLocalToWorldTransform(opened.start))
        rows = {gprim.path: i for i, gprim in enumerate(found.gprims) if gprim.instancer is None}
        assert set(rows) == set(expected)
        for path, matrix in expected.items():
            np.testing.assert_allclose(state.local_to_world[rows[path]], matrix @ opened.world_from_stage, atol=1e-9)


def _ancestors(prim: Usd.Prim) -> list[Usd.Prim]:
    found = []
    while prim := prim.GetParent():
        found.append(prim)
    return found
