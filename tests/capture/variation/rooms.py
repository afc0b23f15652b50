"""A stage with a table that is set, in any units and axes, and the same stage with a variation authored into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, Vt

from scenecap.capture.variation.model import StageVariation
from scenecap.run.config import make_config
from scenecap.run.embedded_run import EmbeddedRun
from scenecap.stage.open import open_stage

#: name, parent, size and centre in metres, z up. All stand on the table or the floor.
THINGS = (
    ("Mug", "Tableware", (0.08, 0.08, 0.1), (-0.4, 0.1, 0.8)),
    ("Bowl", "Tableware", (0.16, 0.16, 0.06), (0.1, -0.1, 0.78)),
    ("Book", "Tableware", (0.2, 0.14, 0.04), (0.45, 0.1, 0.77)),
    ("Apple", "Tableware", (0.07, 0.07, 0.07), (0.45, 0.12, 0.825)),
    ("Stool", "Furniture", (0.35, 0.35, 0.45), (-1.4, 0.3, 0.225)),
    ("Crate", "Furniture", (0.4, 0.3, 0.3), (1.5, -0.4, 0.15)),
)


def write_room(path: Path, *, up: str = "Z", meters: float = 1.0, animated: bool = False, pawns: bool = False) -> Path:
    """Write the stage. Lengths are given in metres, z up, and authored in the stage's units and axes."""
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, meters)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/Room").GetPrim())
    # All is authored below a prim that turns z up to what is up, and scales: nested transforms in any case.
    to_stage = UsdGeom.Xform.Define(stage, "/Room/Frame")
    matrix = Gf.Matrix4d(1.0).SetScale(1.0 / meters)
    if up == "Y":
        matrix *= Gf.Matrix4d(1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1)
    to_stage.AddTransformOp().Set(matrix)
    add_box(stage, "/Room/Frame/Floor", (6.0, 6.0, 0.1), (0.0, 0.0, -0.05))
    add_table(stage, "/Room/Frame/Furniture/Table")
    for name, parent, size, centre in THINGS:
        add_box(stage, f"/Room/Frame/{parent}/{name}", size, centre)
    add_camera(stage, "/Room/Frame/Camera", (0.0, -3.2, 2.2))
    if animated:
        stage.SetStartTimeCode(0)
        stage.SetEndTimeCode(10)
        rolling = add_box(stage, "/Room/Frame/Ball", (0.2, 0.2, 0.2), (-1.0, -1.2, 0.1))
        op = UsdGeom.Xformable(rolling).GetOrderedXformOps()[0]
        op.Set(Gf.Vec3d(-1.0, -1.2, 0.1), 0)
        op.Set(Gf.Vec3d(1.5, -1.0, 0.1), 10)
    if pawns:
        add_pawns(stage, "/Room/Frame/Pawns")
    stage.Save()
    return path


def add_box(stage: Usd.Stage, path: str, size, centre) -> Usd.Prim:
    """An Xform with a cube in it."""
    xform = UsdGeom.Xform.Define(stage, path)
    xform.AddTranslateOp().Set(Gf.Vec3d(*centre))
    cube = UsdGeom.Cube.Define(stage, f"{path}/Shape")
    cube.CreateSizeAttr(1.0)
    cube.AddScaleOp().Set(Gf.Vec3f(*size))
    return xform.GetPrim()


def add_table(stage: Usd.Stage, path: str) -> None:
    """A table of a top and four legs, with a lamp and a camera that belong to it."""
    UsdGeom.Xform.Define(stage, path)
    for name, size, centre in [("Top", (1.4, 0.7, 0.05), (0.0, 0.0, 0.725))] + [
        (f"Leg{number}", (0.05, 0.05, 0.7), (0.6 * x, 0.28 * y, 0.35))
        for number, (x, y) in enumerate([(-1, -1), (1, -1), (-1, 1), (1, 1)])
    ]:
        cube = UsdGeom.Cube.Define(stage, f"{path}/{name}")
        cube.CreateSizeAttr(1.0)
        cube.AddTranslateOp().Set(Gf.Vec3d(*centre))
        cube.AddScaleOp().Set(Gf.Vec3f(*size))
    lamp = UsdLux.SphereLight.Define(stage, f"{path}/Lamp")
    lamp.AddTranslateOp().Set(Gf.Vec3d(0.3, 0.0, 1.5))
    lamp.CreateIntensityAttr(50.0)
    add_camera(stage, f"{path}/Camera", (0.0, -1.5, 1.6))


def add_camera(stage: Usd.Stage, path: str, eye) -> None:
    camera = UsdGeom.Camera.Define(stage, path)
    down = float(np.degrees(np.arctan2(-eye[1], eye[2] - 0.7)))
    camera.AddTranslateOp().Set(Gf.Vec3d(*eye))
    camera.AddRotateXOp().Set(down)
    camera.CreateFocalLengthAttr(18.0)
    camera.CreateHorizontalApertureAttr(24.0)


def add_pawns(stage: Usd.Stage, path: str) -> None:
    """Six point instances on the floor, of one prototype."""
    instancer = UsdGeom.PointInstancer.Define(stage, path)
    add_box(stage, f"{path}/Prototypes/Pawn", (0.15, 0.1, 0.3), (0.0, 0.0, 0.0))
    instancer.CreatePrototypesRel().SetTargets([Sdf.Path(f"{path}/Prototypes/Pawn")])
    instancer.CreateProtoIndicesAttr([0] * 6)
    instancer.CreatePositionsAttr([Gf.Vec3f(-1.5 + 0.6 * number, 1.6, 0.15) for number in range(6)])


def opened(scene: Path, **keys) -> EmbeddedRun:
    """The stage as a run opens it."""
    keys = {"quality": "off", "resolution": "200x150", "output_path": "out", **keys}
    return EmbeddedRun(make_config({"scene_path": str(scene), **keys}))


def bake(scene: Path, target: Path, variation: StageVariation) -> Path:
    """Write a copy of a stage into which a variation is authored, prim by prim, as a person would do it."""
    Sdf.Layer.FindOrOpen(str(scene)).Export(str(target))
    stage = Usd.Stage.Open(str(target))
    axes = open_stage(target)
    for path, motion in variation.motions.items():
        in_stage = Gf.Matrix4d(*(axes.world_from_stage @ motion @ axes.stage_from_world).ravel().tolist())
        if "[" in path:
            _bake_instance(stage, path, in_stage)
            continue
        prim = stage.GetPrimAtPath(path)
        cache = UsdGeom.XformCache()
        local = cache.GetLocalToWorldTransform(prim) * in_stage * cache.GetParentToWorldTransform(prim).GetInverse()
        UsdGeom.Xformable(prim).ClearXformOpOrder()
        UsdGeom.Xformable(prim).AddTransformOp(opSuffix="baked").Set(local)
    for path in variation.hidden:
        UsdGeom.Imageable(stage.GetPrimAtPath(path)).MakeInvisible()
    stage.Save()
    return target


def _bake_instance(stage: Usd.Stage, path: str, in_stage: Gf.Matrix4d) -> None:
    """Move one point instance by its position and orientation; its instancer is only turned and scaled."""
    owner, _, index = path.rstrip("]").partition("[")
    instancer, number = UsdGeom.PointInstancer(stage.GetPrimAtPath(owner)), int(index)
    above = UsdGeom.XformCache().GetLocalToWorldTransform(instancer.GetPrim())
    motion = above * in_stage * above.GetInverse()
    positions = list(instancer.GetPositionsAttr().Get())
    count = len(positions)
    turns = list(instancer.GetOrientationsAttr().Get() or Vt.QuathArray([Gf.Quath(1, 0, 0, 0)] * count))
    positions[number] = Gf.Vec3f(motion.Transform(Gf.Vec3d(positions[number])))
    turns[number] = Gf.Quath(motion.ExtractRotationQuat())
    instancer.GetPositionsAttr().Set(positions)
    instancer.CreateOrientationsAttr().Set(turns)
