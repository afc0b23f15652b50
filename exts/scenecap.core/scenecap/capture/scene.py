"""The stage's geometry as flat arrays that the rasteriser reads: one copy per prototype, placed by matrices."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.stage.mesh import LocalMesh


@dataclass(frozen=True, eq=False)
class RasterScene:
    """Triangles of all prototypes end to end, and which prototype each gprim draws.

    Attributes:
        x, y, z: (N,) float32 points of all prototypes, local units.
        triangles: (T, 3) int32 point numbers, relative to the prototype's first point.
        point_start: (P + 1,) int64 first point of each prototype.
        triangle_start: (P + 1,) int64 first triangle of each prototype.
        bounds: (P, 2, 3) float64 local boxes.
        prototype: (G,) int32 prototype of each gprim; -1 where it has no triangles.
        meshes: The prototypes.
        uv_names: Name of the texture coordinates that each prototype's material reads; None for the usual ones.
    """

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    triangles: np.ndarray
    point_start: np.ndarray
    triangle_start: np.ndarray
    bounds: np.ndarray
    prototype: np.ndarray
    meshes: tuple[LocalMesh, ...]
    uv_names: tuple[str | None, ...]

    @property
    def largest(self) -> int:
        """Most points of one prototype: the size of the rasteriser's scratch."""
        return int(np.diff(self.point_start).max(initial=0))

    def corner_normals(self) -> np.ndarray:
        """Return (T, 3, 3) float32 local normals per corner."""
        return self._corner_normals

    def corner_uv(self) -> np.ndarray:
        """Return (T, 3, 2) float32 texture coordinates per corner, nan where a prototype has none."""
        return self._corner_uv

    def face_material(self) -> np.ndarray:
        """Return (T,) int32 material numbers of triangles (see :attr:`LocalMesh.face_material`)."""
        return self._face_material

    @functools.cached_property
    def _corner_normals(self) -> np.ndarray:
        return np.concatenate([np.zeros((0, 3, 3), np.float32), *(mesh.normals for mesh in self.meshes)])

    @functools.cached_property
    def _corner_uv(self) -> np.ndarray:
        parts = [np.zeros((0, 3, 2), np.float32)]
        for mesh, name in zip(self.meshes, self.uv_names, strict=True):
            uv = mesh.uv_named(name)
            uv = mesh.uv if uv is None else uv
            parts.append(np.full((len(mesh.triangles), 3, 2), np.nan, np.float32) if uv is None else uv)
        return np.concatenate(parts)

    @functools.cached_property
    def _face_material(self) -> np.ndarray:
        return np.concatenate([np.zeros(0, np.int32), *(mesh.face_material for mesh in self.meshes)])


def build_raster_scene(meshes_of_gprims: Sequence[LocalMesh], *, uv_names: Sequence[str | None] | None = None) -> RasterScene:
    """Lay the meshes of gprims end to end, each shared one once.

    Args:
        meshes_of_gprims: One mesh per gprim; occurrences of one prototype give the same object.
        uv_names: Name of the texture coordinates each gprim's material reads; the first gprim of a prototype decides.
    """
    number: dict[int, int] = {}
    meshes: list[LocalMesh] = []
    names: list[str | None] = []
    prototype = np.full(len(meshes_of_gprims), -1, dtype=np.int32)
    for row, mesh in enumerate(meshes_of_gprims):
        if mesh.empty:
            continue
        if id(mesh) not in number:
            number[id(mesh)] = len(meshes)
            meshes.append(mesh)
            names.append(uv_names[row] if uv_names is not None else None)
        prototype[row] = number[id(mesh)]
    points = [mesh.points for mesh in meshes]
    point_start = np.concatenate([[0], np.cumsum([len(mesh.points) for mesh in meshes])]).astype(np.int64)
    triangle_start = np.concatenate([[0], np.cumsum([len(mesh.triangles) for mesh in meshes])]).astype(np.int64)
    flat = np.empty((3, int(point_start[-1])), dtype=np.float32)
    for k, mesh_points in enumerate(points):
        flat[:, point_start[k] : point_start[k + 1]] = mesh_points.T
    return RasterScene(
        x=flat[0],
        y=flat[1],
        z=flat[2],
        triangles=np.concatenate([mesh.triangles for mesh in meshes]) if meshes else np.zeros((0, 3), np.int32),
        point_start=point_start,
        triangle_start=triangle_start,
        bounds=np.stack([mesh.bounds for mesh in meshes]) if meshes else np.zeros((0, 2, 3)),
        prototype=prototype,
        meshes=tuple(meshes),
        uv_names=tuple(names),
    )
