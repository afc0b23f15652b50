"""Small stages made in memory, for tests of geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, Vt

from scenecap.stage.model import DrawnGprim
from scenecap.stage.open import OpenStage, wrap_stage

#: A prim does not keep its stage alive.
_KEPT: list[Usd.Stage] = []


def new_stage(*, up: str = "Z", meters: float = 1.0) -> Usd.Stage:
    """Return an empty stage in memory, which lives as long as the tests run."""
    stage = Usd.Stage.CreateInMemory()
    _KEPT.append(stage)
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, meters)
    return stage


def opened(stage: Usd.Stage) -> OpenStage:
    """Return the stage as the program's own type."""
    return wrap_stage(stage)


def drawn(prim: Usd.Prim) -> DrawnGprim:
    """Return a prim as the walk would give it."""
    return DrawnGprim(path=str(prim.GetPath()), prim=prim, geometry_key=str(prim.GetPath()), purpose="default")


def mesh(
    stage: Usd.Stage,
    path: str,
    points: Sequence[Sequence[float]] | np.ndarray,
    faces: Sequence[Sequence[int]],
    *,
    scheme: str = "none",
) -> UsdGeom.Mesh:
    """Define a mesh of polygons."""
    made = UsdGeom.Mesh.Define(stage, path)
    made.GetPointsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(*map(float, point)) for point in points]))
    made.GetFaceVertexCountsAttr().Set([len(face) for face in faces])
    made.GetFaceVertexIndicesAttr().Set([int(index) for face in faces for index in face])
    made.GetSubdivisionSchemeAttr().Set(scheme)
    return made


CUBE_POINTS = [(x, y, z) for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]
#: Wound counter-clockwise seen from outside.
CUBE_FACES = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]


def place(prim: Usd.Prim | UsdGeom.Imageable, *, translate=None, scale=None, rotate=None, time: float | None = None) -> None:
    """Give a prim a transform: scale first, then rotation [degrees, XYZ], then translation."""
    api = UsdGeom.XformCommonAPI(prim.GetPrim() if hasattr(prim, "GetPrim") else prim)
    at = Usd.TimeCode.Default() if time is None else Usd.TimeCode(time)
    if translate is not None:
        api.SetTranslate(Gf.Vec3d(*map(float, translate)), at)
    if rotate is not None:
        api.SetRotate(Gf.Vec3f(*map(float, rotate)), time=at)
    if scale is not None:
        api.SetScale(Gf.Vec3f(*map(float, scale)), at)


def primvar(prim: UsdGeom.Mesh, name: str, type_name: Sdf.ValueTypeName, values, interpolation: str, indices=None) -> None:
    """Author a primvar, indexed where indices are given."""
    made = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(name, type_name, interpolation)
    made.Set(values)
    if indices is not None:
        made.SetIndices(indices)


def signed_volume(points: np.ndarray, triangles: np.ndarray) -> float:
    """Return the volume that triangles enclose, positive where they face outwards."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)


def area(points: np.ndarray, triangles: np.ndarray) -> float:
    """Return the summed area of triangles."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2.0)
