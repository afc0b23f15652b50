"""Reading joints and their chains."""

from __future__ import annotations

import pytest
from pxr import Usd

from scenecap.stage.joints import Joints

from .authoring import articulate, joint, new_stage, xform


def chain(stage: Usd.Stage, root: str, length: int, *, nested: bool, kind: str = "PhysicsRevoluteJoint") -> None:
    """Links link_0 .. link_n below a root, joined one after the other."""
    path = xform(stage, f"{root}/link_0").GetPath().pathString
    for number in range(1, length + 1):
        below = f"{path}/link_{number}" if nested else f"{root}/link_{number}"
        xform(stage, below)
        joint(stage, f"{below}/joint", path, below, kind=kind)
        path = below


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("length", [0, 1, 3, 7])
def test_serial_chain(nested: bool, length: int) -> None:
    stage = new_stage()
    chain(stage, "/World/arm", length, nested=nested)
    assert Joints(stage).chains("/World/arm") == (length, 0)


def test_doors_side_by_side_are_no_chain() -> None:
    stage = new_stage()
    xform(stage, "/World/cabinet/body")
    for number in range(5):
        xform(stage, f"/World/cabinet/door_{number}")
        joint(stage, f"/World/cabinet/j{number}", "/World/cabinet/body", f"/World/cabinet/door_{number}")
    assert Joints(stage).chains("/World/cabinet") == (1, 1)


def test_fixed_joints_join_bodies_without_counting() -> None:
    stage = new_stage()
    for name in "abcd":
        xform(stage, f"/World/r/{name}")
    joint(stage, "/World/r/j1", "/World/r/a", "/World/r/b")
    joint(stage, "/World/r/j2", "/World/r/b", "/World/r/c", kind="PhysicsFixedJoint")
    joint(stage, "/World/r/j3", "/World/r/c", "/World/r/d")
    assert Joints(stage).chains("/World/r")[0] == 2


def test_two_chains() -> None:
    stage = new_stage()
    xform(stage, "/World/r/body")
    for side in ("left", "right"):
        last = "/World/r/body"
        for number in range(4):
            path = f"/World/r/{side}_{number}"
            xform(stage, path)
            joint(stage, f"{path}/joint", last, path)
            last = path
    assert Joints(stage).chains("/World/r") == (4, 4)


def test_cycles_end() -> None:
    stage = new_stage()
    for name in "abc":
        xform(stage, f"/World/r/{name}")
    for first, second in ("ab", "bc", "ca"):
        joint(stage, f"/World/r/j_{first}{second}", f"/World/r/{first}", f"/World/r/{second}")
    joint(stage, "/World/r/self", "/World/r/a", "/World/r/a")
    assert 1 <= Joints(stage).chains("/World/r")[0] <= 3


def test_joints_that_do_not_move_anything() -> None:
    stage = new_stage()
    for name in "ab":
        xform(stage, f"/World/r/{name}")
    off = joint(stage, "/World/r/off", "/World/r/a", "/World/r/b")
    off.CreateAttribute("physics:jointEnabled", _bool()).Set(False)
    locked = joint(stage, "/World/r/locked", "/World/r/a", "/World/r/b", kind="PhysicsJoint")
    for axis in ("transX", "transY", "transZ", "rotX", "rotY", "rotZ"):
        locked.CreateAttribute(f"limit:{axis}:physics:low", _float()).Set(1.0)
        locked.CreateAttribute(f"limit:{axis}:physics:high", _float()).Set(-1.0)
    stage.DefinePrim("/World/r/nothing", "PhysicsRevoluteJoint")
    found = Joints(stage)
    assert found.chains("/World/r") == (0, 0)
    assert found.meeting_points == frozenset()


def test_meeting_points() -> None:
    stage = new_stage()
    for name in ("box", "box/lid", "box/a/x", "box/ab"):
        xform(stage, f"/World/{name}")
    joint(stage, "/World/j1", "/World/box", "/World/box/lid")
    assert Joints(stage).meeting_points == {"/World/box"}
    joint(stage, "/World/j2", "/World/box/a/x", "/World/box/ab")
    assert Joints(stage).meeting_points == {"/World/box"}, "a and ab are two names"


def test_articulation_roots_by_name() -> None:
    stage = new_stage()
    articulate(xform(stage, "/World/arm"))
    articulate(xform(stage, "/World/b/root_joint"))
    found = Joints(stage)
    assert found.roots == {"/World/arm", "/World/b/root_joint"}
    assert found.roots_below["/World/b"] == ["/World/b/root_joint"]


def test_long_ropes_are_quick() -> None:
    stage = new_stage()
    chain(stage, "/World/rope", 400, nested=False)
    assert Joints(stage).chains("/World/rope") == (400, 0)


def _bool() -> object:
    from pxr import Sdf

    return Sdf.ValueTypeNames.Bool


def _float() -> object:
    from pxr import Sdf

    return Sdf.ValueTypeNames.Float
