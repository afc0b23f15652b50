"""Author small stages for tests, and find their objects with shapes measured apart from the program's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom

from scenecap.stage.discover import discover_objects
from scenecap.stage.label_database import LabelDatabase
from scenecap.stage.model import Discovery, Role
from scenecap.stage.open import OpenStage, wrap_stage
from scenecap.stage.settings import LabelSettings
from scenecap.stage.walk import StageWalk, walk_stage


def new_stage(path: Path | None = None, *, up: str = "Z", meters: float = 1.0) -> Usd.Stage:
    """A stage with /World as its default prim."""
    stage = Usd.Stage.CreateInMemory() if path is None else Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, meters)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    return stage


def box(
    stage: Usd.Stage,
    path: str,
    *,
    size: tuple[float, float, float] = (0.2, 0.2, 0.2),
    at: tuple[float, float, float] = (0.0, 0.0, 0.0),
    opacity: float | None = None,
) -> Usd.Prim:
    """A Cube with edges `size` and its centre at `at`."""
    cube = UsdGeom.Cube.Define(stage, path)
    cube.CreateSizeAttr(1.0)
    cube.AddTranslateOp().Set(Gf.Vec3d(*at))
    cube.AddScaleOp().Set(Gf.Vec3f(*size))
    if opacity is not None:
        cube.CreateDisplayOpacityAttr([opacity])
    return cube.GetPrim()


def mesh(stage: Usd.Stage, path: str, points: list[tuple[float, float, float]] | None = None) -> Usd.Prim:
    """A triangle, or the given points as one polygon."""
    made = UsdGeom.Mesh.Define(stage, path)
    points = [(0, 0, 0), (1, 0, 0), (0, 1, 0)] if points is None else points
    made.CreatePointsAttr([Gf.Vec3f(*point) for point in points])
    made.CreateFaceVertexCountsAttr([len(points)] if points else [])
    made.CreateFaceVertexIndicesAttr(list(range(len(points))))
    return made.GetPrim()


def xform(stage: Usd.Stage, path: str, *, at: tuple[float, float, float] = (0.0, 0.0, 0.0), kind: str = "") -> Usd.Prim:
    made = UsdGeom.Xform.Define(stage, path)
    made.AddTranslateOp().Set(Gf.Vec3d(*at))
    if kind:
        Usd.ModelAPI(made.GetPrim()).SetKind(kind)
    return made.GetPrim()


def label(prim: Usd.Prim, text: str, *, taxonomy: str = "class", legacy: bool = False) -> None:
    """Author a label by attribute, as a tool without the schema would."""
    if legacy:
        prim.CreateAttribute(f"semantic:Semantics_{taxonomy}:params:semanticType", Sdf.ValueTypeNames.String).Set(taxonomy)
        prim.CreateAttribute(f"semantic:Semantics_{taxonomy}:params:semanticData", Sdf.ValueTypeNames.String).Set(text)
    else:
        prim.CreateAttribute(f"semantics:labels:{taxonomy}", Sdf.ValueTypeNames.TokenArray).Set([text])


def joint(stage: Usd.Stage, path: str, body0: str, body1: str, *, kind: str = "PhysicsRevoluteJoint") -> Usd.Prim:
    made = stage.DefinePrim(path, kind)
    if body0:
        made.CreateRelationship("physics:body0").SetTargets([body0])
    made.CreateRelationship("physics:body1").SetTargets([body1])
    return made


def articulate(prim: Usd.Prim) -> None:
    """Apply the articulation root API by name, which needs no physics schema."""
    prim.AddAppliedSchema("PhysicsArticulationRootAPI")


def instancer(
    stage: Usd.Stage, path: str, prototypes: list[str], indices: list[int], positions: list[tuple[float, float, float]]
) -> UsdGeom.PointInstancer:
    made = UsdGeom.PointInstancer.Define(stage, path)
    made.CreatePrototypesRel().SetTargets([Sdf.Path(item) for item in prototypes])
    made.CreateProtoIndicesAttr(indices)
    made.CreatePositionsAttr([Gf.Vec3f(*item) for item in positions])
    return made


def measure(opened: OpenStage, walk: StageWalk, time_code: float | None = None) -> np.ndarray:
    """(G, 2, 3) world boxes [m] of the corners of USD's own extents; nan where there is nothing."""
    state = walk.evaluate(time_code)
    boxes = np.full((len(walk.gprims), 2, 3), np.nan)
    for row, gprim in enumerate(walk.gprims):
        extent = UsdGeom.Boundable.ComputeExtentFromPlugins(UsdGeom.Boundable(gprim.prim), Usd.TimeCode(state.time_code))
        if extent is None or len(extent) != 2 or not state.drawn[row]:
            continue
        low, high = np.array(extent, dtype=np.float64)
        if not (low <= high).all():
            continue
        corners = np.array([(x, y, z, 1.0) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        world = (corners @ state.local_to_world[row])[:, :3]
        boxes[row] = world.min(axis=0), world.max(axis=0)
    return boxes


def display_opacity(walk: StageWalk) -> np.ndarray:
    """(G,) opacity from the display primvar alone."""
    values = [UsdGeom.PrimvarsAPI(gprim.prim).FindPrimvarWithInheritance("displayOpacity").Get() for gprim in walk.gprims]
    return np.array([float(value[0]) if value else 1.0 for value in values])


def find(stage: Usd.Stage | OpenStage, *, database: LabelDatabase | None = None, **settings: object) -> Discovery:
    """Discover a stage's objects."""
    opened = stage if isinstance(stage, OpenStage) else wrap_stage(stage)
    walk = walk_stage(opened)
    return discover_objects(
        opened,
        walk,
        state=walk.evaluate(),
        bounds_world=measure(opened, walk),
        opacity=display_opacity(walk),
        settings=LabelSettings.model_validate(settings),
        database=database,
    )


def labels_of(discovery: Discovery, role: Role = Role.OBJECT) -> dict[str, str]:
    """Path -> label of the entities with a role."""
    return {entity.path: entity.label for entity in discovery.entities if entity.role is role}
