"""Random stages: whatever the tree, every drawn gprim has one owner or a reason, and the answer is the same each time."""

from __future__ import annotations

import random

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom

from scenecap.stage.model import Role
from scenecap.stage.open import wrap_stage
from scenecap.stage.walk import walk_stage

from .authoring import articulate, box, find, instancer, joint, label, new_stage, xform

WORDS = "World Geom group obj chair table Kitchen wall floor White Red SM_Cup Body mesh base props tn__knob1_f5 茶壶 room"
NAMES = WORDS.split()
KINDS = ("", "", "", "component", "group", "assembly", "subcomponent", "nonsense")


def grow(seed: int) -> Usd.Stage:
    """A stage of about sixty prims of all sorts, some of them wrong."""
    dice = random.Random(seed)
    stage = new_stage()
    stage.CreateClassPrim("/Class")
    box(stage, "/Class/part")
    spots = ["/World"]
    for number in range(60):
        parent = dice.choice(spots)
        path = f"{parent}/{dice.choice(NAMES)}_{number}"
        at = tuple(dice.uniform(-3, 3) for _ in range(3))
        kind = dice.random()
        if kind < 0.45:
            size = tuple(dice.choice((0.0, 0.1, 1.0, 4.0)) for _ in range(3)) if dice.random() < 0.2 else (0.3, 0.2, 0.1)
            prim = box(stage, path, at=at, size=size, opacity=dice.choice((None, None, None, 0.0, 0.3, float("nan"))))
        elif kind < 0.8:
            prim = xform(stage, path, at=at, kind=dice.choice(KINDS))
            spots.append(path)
        elif kind < 0.88:
            prim = UsdGeom.Scope.Define(stage, path).GetPrim()
            spots.append(path)
        elif kind < 0.94:
            count = dice.randrange(4)
            made = instancer(stage, path, [f"{path}/p"], [dice.choice((0, 0, 0, 7))] * count, [at] * count)
            xform(stage, f"{path}/p")
            box(stage, f"{path}/p/cup")
            prim = made.GetPrim()
        else:
            prim = xform(stage, path, at=at)
            prim.GetReferences().AddInternalReference(dice.choice(("/Class", "/World", "/Gone")))
            prim.SetInstanceable(dice.random() < 0.7)
        if dice.random() < 0.15:
            label(prim, dice.choice(("cup", "kitchen", "thing", "\x00", "Chair_2")), legacy=dice.random() < 0.5)
        if dice.random() < 0.1:
            UsdGeom.Imageable(prim).CreatePurposeAttr(dice.choice(("guide", "proxy", "render")))
        if dice.random() < 0.05:
            UsdGeom.Imageable(prim).MakeInvisible()
        if dice.random() < 0.1:
            articulate(prim)
        if dice.random() < 0.1 and len(spots) > 2:
            joint(stage, f"{path}_joint", dice.choice(spots), dice.choice(spots))
        if dice.random() < 0.05 and prim.IsA(UsdGeom.Xformable):
            UsdGeom.Xformable(prim).AddTranslateOp(opSuffix="bad").Set(Gf.Vec3d(float("nan"), 0, 0))
    return stage


@pytest.mark.parametrize("seed", range(40))
def test_random_stage(seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    stage = grow(seed)
    capfd.readouterr()
    labels = {"/World/*_1*": "group", "**/chair_*": "part", "*Cup*": "mug", "**/wall_2*": "ignore"} if seed % 2 else {}
    options = {"labels": labels, "parts": "keep" if seed % 3 else "rollup"}
    found = find(stage, **options)
    again = find(stage, **options)
    assert [(item.path, item.label, item.role, item.part_of) for item in found.entities] == [
        (item.path, item.label, item.role, item.part_of) for item in again.entities
    ]
    assert found.owner.tolist() == again.owner.tolist()
    paths = [item.path for item in found.entities]
    assert paths == sorted(set(paths))
    assert all(item.label and item.label.isprintable() and len(item.label) <= 80 for item in found.entities)
    assert all(item.part_of is None or item.part_of in paths for item in found.entities)
    walk = walk_stage(wrap_stage(stage))
    state = walk.evaluate()
    reported = {item.path for item in (*found.left_out, *state.left_out)}
    assert set(found.owner.tolist()) - {-1} == set(range(len(paths))), "an entity without a gprim is none"
    for gprim, owner, drawn in zip(walk.gprims, found.owner, state.drawn, strict=True):
        above = [gprim.path[:at] for at, char in enumerate(gprim.path) if char == "/" and at] + [gprim.path]
        assert owner >= 0 or not drawn or any(path in reported for path in above), gprim.path
    ghosts = np.array([item.role is Role.GHOST for item in found.entities], dtype=bool)
    assert not any(found.entities[owner].path not in reported for owner in found.owner if owner >= 0 and ghosts[owner])
    assert capfd.readouterr() == ("", "")
