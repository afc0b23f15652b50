"""Meshes as a ray tracer wants them: one vertex where the corners of several triangles agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenecap.stage.mesh import LocalMesh

#: Corners whose normals and coordinates differ by less are one vertex.
_SAME = 1e-5


@dataclass(frozen=True, eq=False)
class VertexMesh:
    """Triangles over shared vertices.

    Attributes:
        points: (V, 3) float32.
        faces: (T, 3) uint32.
        normals: (V, 3) float32 unit normals, or None where every triangle is flat.
        uv: (V, 2) float32, or None.
    """

    points: np.ndarray
    faces: np.ndarray
    normals: np.ndarray | None
    uv: np.ndarray | None


def share_vertices(
    mesh: LocalMesh, uv: np.ndarray | None, *, faces: np.ndarray | None = None, placed: np.ndarray | None = None
) -> VertexMesh:
    """Return a mesh with shared vertices: a third of the memory of separate corners, in the scenes that are large.

    Args:
        mesh: The mesh.
        uv: (T, 3, 2) coordinates of its corners, or None.
        faces: Numbers of the triangles to take; all without it.
        placed: (4, 4) matrix that moves the mesh (row vectors); it stays where it is without it.
    """
    triangles = mesh.triangles if faces is None else mesh.triangles[faces]
    used, corner_point = np.unique(triangles, return_inverse=True)
    corner_point = corner_point.reshape(-1)
    points = mesh.points[used]
    attributes = []
    if mesh.smooth:
        attributes.append((mesh.normals if faces is None else mesh.normals[faces]).reshape(-1, 3))
    if uv is not None:
        attributes.append((uv if faces is None else uv[faces]).reshape(-1, 2))
    if attributes:
        values = np.concatenate(attributes, axis=1, dtype=np.float32)
        lead = np.empty(len(used), dtype=np.int64)  # a corner of each point
        lead[corner_point[::-1]] = np.arange(len(corner_point))[::-1]
        differs = np.nonzero(~(np.abs(values - values[lead[corner_point]]) <= _SAME).all(axis=1))[0]
        vertex = corner_point.copy()
        vertex[differs] = len(used) + np.arange(len(differs))
        points = np.concatenate([points, points[corner_point[differs]]])
        values = np.concatenate([values[lead], values[differs]])
    else:
        vertex, values = corner_point, np.zeros((len(used), 0), np.float32)
    normals = np.ascontiguousarray(values[:, :3]) if mesh.smooth else None
    coordinates = np.ascontiguousarray(values[:, -2:]) if uv is not None else None
    if placed is not None:
        points = points @ placed[:3, :3] + placed[3, :3]
        if normals is not None:
            turned = normals @ np.linalg.inv(placed[:3, :3]).T
            length = np.linalg.norm(turned, axis=1, keepdims=True)
            normals = np.divide(turned, length, out=np.zeros_like(turned), where=length > 0.0).astype(np.float32)
    return VertexMesh(points.astype(np.float32), vertex.astype(np.uint32).reshape(-1, 3), normals, coordinates)
