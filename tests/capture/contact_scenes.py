"""World meshes of prim subtrees, read with pxr alone: an independent feed for the contact tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scenecap.capture.contacts import ContactBody, MeshPiece

pxr = pytest.importorskip("pxr")
from pxr import Gf, Usd, UsdGeom  # noqa: E402


def read_stage(path: Path) -> Usd.Stage:
    return Usd.Stage.Open(str(path))


def subtree_pieces(stage: Usd.Stage, path: str, *, skip: tuple[str, ...] = ()) -> list[MeshPiece]:
    """Triangles of all visible, non-guide gprims at and below a prim, in world [m], z up."""
    scale = UsdGeom.GetStageMetersPerUnit(stage)
    z_up = UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z
    turn = np.eye(3) if z_up else np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    pieces = []
    cache = UsdGeom.XformCache(0)
    for prim in Usd.PrimRange(stage.GetPrimAtPath(path), Usd.TraverseInstanceProxies()):
        if any(prim.GetPath().HasPrefix(p) for p in skip):
            continue
        mesh = gprim_mesh(prim)
        if mesh is None:
            continue
        points, triangles = mesh
        matrix = np.array(cache.GetLocalToWorldTransform(prim))
        matrix[:, :3] = (matrix[:, :3] @ turn) * scale
        matrix[:3, 3] = 0
        pieces.append(MeshPiece(points, triangles, matrix))
    return pieces


def gprim_mesh(prim: Usd.Prim) -> tuple[np.ndarray, np.ndarray] | None:
    gprim = UsdGeom.Gprim(prim)
    if not gprim or gprim.ComputePurpose() == "guide" or gprim.ComputeVisibility(0) == "invisible":
        return None
    opacity = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance("primvars:displayOpacity")
    if opacity and opacity.HasValue() and np.max(opacity.Get()) < 0.5:
        return None
    if prim.IsA(UsdGeom.Mesh):
        mesh = UsdGeom.Mesh(prim)
        points = np.array(mesh.GetPointsAttr().Get(0) or [], dtype=np.float64).reshape(-1, 3)
        counts = np.array(mesh.GetFaceVertexCountsAttr().Get(0) or [], dtype=np.int64)
        indices = np.array(mesh.GetFaceVertexIndicesAttr().Get(0) or [], dtype=np.int64)
        triangles, start = [], 0
        for count in counts:
            for k in range(1, count - 1):
                triangles.append((indices[start], indices[start + k], indices[start + k + 1]))
            start += count
        result = np.array(triangles, dtype=np.int32).reshape(-1, 3)
        if gprim.GetOrientationAttr().Get() == "leftHanded":
            result = result[:, ::-1]
        return points, result
    kind = prim.GetTypeName()
    if kind == "Cube":
        return box(
            -np.full(3, UsdGeom.Cube(prim).GetSizeAttr().Get() / 2), np.full(3, UsdGeom.Cube(prim).GetSizeAttr().Get() / 2)
        )
    if kind == "Sphere":
        return sphere(UsdGeom.Sphere(prim).GetRadiusAttr().Get())
    if kind == "Cylinder":
        shape = UsdGeom.Cylinder(prim)
        points, triangles = cylinder(shape.GetRadiusAttr().Get(), shape.GetHeightAttr().Get())
        axis = shape.GetAxisAttr().Get()
        return {"X": points[:, [2, 0, 1]], "Y": points[:, [1, 2, 0]], "Z": points}[axis], triangles
    if kind == "Capsule":
        shape = UsdGeom.Capsule(prim)
        points, triangles = sphere(shape.GetRadiusAttr().Get())
        points[:, 2] += np.sign(points[:, 2]) * shape.GetHeightAttr().Get() / 2
        axis = shape.GetAxisAttr().Get()
        return {"X": points[:, [2, 0, 1]], "Y": points[:, [1, 2, 0]], "Z": points}[axis], triangles
    if kind == "Plane":
        return np.array([[-50.0, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]]), np.array([[0, 1, 2], [0, 2, 3]])
    return None


def box(low, high) -> tuple[np.ndarray, np.ndarray]:
    """Closed box, wound outwards."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    points = np.array([[x, y, z] for z in (low[2], high[2]) for y in (low[1], high[1]) for x in (low[0], high[0])])
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    return points, np.array([face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))])


def lathe(profile, *, segments: int = 32, turn: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Turn a profile (r, z), from the axis below to the axis above along the outside, about z."""
    profile = np.asarray(profile, dtype=float)
    angles = turn + np.arange(segments) * 2 * np.pi / segments
    points = np.concatenate(
        [np.stack([r * np.cos(angles), r * np.sin(angles), np.full(segments, z)], axis=1) for r, z in profile]
    )
    triangles = []
    for row in range(len(profile) - 1):
        for k in range(segments):
            a, b = row * segments + k, row * segments + (k + 1) % segments
            c, d = a + segments, b + segments
            triangles += [(a, b, d), (a, d, c)]
    return points, np.array(triangles)


def sphere(radius: float, *, rings: int = 16, segments: int = 32) -> tuple[np.ndarray, np.ndarray]:
    angles = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    return lathe(np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1), segments=segments)


def cylinder(radius: float, height: float, *, segments: int = 32) -> tuple[np.ndarray, np.ndarray]:
    h = height / 2
    return lathe([(0, -h), (radius, -h), (radius, h), (0, h)], segments=segments)


def body(path: str, *meshes, is_room: bool = False, matrix: np.ndarray | None = None) -> ContactBody:
    return ContactBody(path, pieces=[MeshPiece(points, triangles, matrix) for points, triangles in meshes], is_room=is_room)


def stage_body(stage: Usd.Stage, path: str, *, is_room: bool = False, skip: tuple[str, ...] = ()) -> ContactBody:
    return ContactBody(path, pieces=subtree_pieces(stage, path, skip=skip), is_room=is_room)


def instance_bodies(stage: Usd.Stage, path: str) -> list[ContactBody]:
    """One body for each point instance, ``<path>[<index>]``, from pxr's own transforms."""
    scale = UsdGeom.GetStageMetersPerUnit(stage)
    turn = np.eye(4)
    if UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.y:
        turn[:3, :3] = [[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]]
    turn[:3, :3] *= scale
    prim = stage.GetPrimAtPath(path)
    instancer, cache = UsdGeom.PointInstancer(prim), UsdGeom.XformCache(0)
    world = np.array(cache.GetLocalToWorldTransform(prim))
    matrices = instancer.ComputeInstanceTransformsAtTime(0, 0, UsdGeom.PointInstancer.ExcludeProtoXform)
    targets = instancer.GetPrototypesRel().GetTargets()
    bodies = []
    for k, (matrix, index) in enumerate(zip(matrices, instancer.GetProtoIndicesAttr().Get(0), strict=True)):
        prototype = stage.GetPrimAtPath(targets[index])
        to_prototype = np.linalg.inv(np.array(cache.GetLocalToWorldTransform(prototype)))
        pieces = []
        for part in Usd.PrimRange(prototype):
            mesh = gprim_mesh(part)
            if mesh is not None:
                local = np.array(cache.GetLocalToWorldTransform(part)) @ to_prototype
                pieces.append(MeshPiece(*mesh, local @ np.array(matrix) @ world @ turn))
        bodies.append(ContactBody(f"{path}[{k}]", pieces=pieces))
    return bodies


def yaw_matrix(degrees: float, offset) -> np.ndarray:
    matrix = np.array(Gf.Matrix4d(Gf.Rotation(Gf.Vec3d(0, 0, 1), degrees), Gf.Vec3d(*map(float, offset))))
    return matrix
