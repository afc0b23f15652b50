"""Scenes of raw triangles for the rasteriser's tests, and oracles that share no code with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenecap.capture.raster import RasterResult, rasterize
from scenecap.capture.scene import RasterScene, build_raster_scene
from scenecap.contract import CameraView
from scenecap.stage.cameras import look_at
from scenecap.stage.mesh import LocalMesh


def mesh_of(points, triangles) -> LocalMesh:
    triangles = np.asarray(triangles, dtype=np.int32)
    return LocalMesh(np.asarray(points, dtype=np.float64), triangles, np.zeros(len(triangles), dtype=np.int32))


def quad(width: float = 1.0, height: float = 1.0, *, flip: bool = False) -> LocalMesh:
    """Return a rectangle in the x-y plane around the origin; ``flip`` cuts it along its other diagonal."""
    x, y = width / 2, height / 2
    points = [(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0)]
    return mesh_of(points, [[1, 2, 3], [1, 3, 0]] if flip else [[0, 1, 2], [0, 2, 3]])


def blob(rings: int, segments: int, *, seed: int) -> LocalMesh:
    """Return a closed bumpy ball around the origin, radius about 1."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(2, 6, 3)
    polar = np.linspace(0, np.pi, rings + 1)
    turn = np.arange(segments) * 2 * np.pi / segments
    u, v = np.meshgrid(polar, turn, indexing="ij")
    radius = 1 + 0.12 * np.sin(a * u + b) * np.cos(np.round(c) * v)
    points = np.stack([radius * np.sin(u) * np.cos(v), radius * np.sin(u) * np.sin(v), radius * np.cos(u)], axis=-1)
    i, j = np.meshgrid(np.arange(rings), np.arange(segments), indexing="ij")
    here, right = i * segments + j, i * segments + (j + 1) % segments
    first = np.stack([here, here + segments, right + segments], axis=-1).reshape(-1, 3)
    second = np.stack([here, right + segments, right], axis=-1).reshape(-1, 3)
    return mesh_of(points.reshape(-1, 3), np.concatenate([first, second]))


def placed(*, at=(0.0, 0.0, 0.0), scale=1.0, turn: float = 0.0) -> np.ndarray:
    """Return (4, 4) local -> world: scale, turn about z [rad], translate."""
    matrix = np.eye(4)
    cosine, sine = np.cos(turn), np.sin(turn)
    matrix[:3, :3] = np.diag(np.broadcast_to(scale, 3)) @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
    matrix[3, :3] = at
    return matrix


def pinhole(
    position, target, *, width: int = 160, height: int = 120, focal: float = 150.0, near_far=(0.01, 1000.0)
) -> CameraView:
    return CameraView(
        "/cam",
        width,
        height,
        look_at(np.asarray(position, dtype=float), np.asarray(target, dtype=float)),
        focal,
        (width / 2, height / 2),
        near_far,
    )


@dataclass
class Setup:
    """Gprims, their places, and the entity slot of each."""

    meshes: list[LocalMesh]
    matrices: np.ndarray
    entity: np.ndarray

    @property
    def scene(self) -> RasterScene:
        return build_raster_scene(self.meshes)

    @property
    def count(self) -> int:
        return int(self.entity.max()) + 1

    def run(self, camera: CameraView, *, only: int | None = None) -> RasterResult:
        """Rasterise, everything or one entity alone."""
        entity = self.entity if only is None else np.where(self.entity == only, self.entity, -1)
        return rasterize(self.scene, camera, self.matrices, entity_of_gprim=entity.astype(np.int32), entity_count=self.count)

    def corners_world(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (T, 3, 3) corners of all triangles in world and (T,) their gprim."""
        corners, owner = [], []
        for row, (mesh, matrix) in enumerate(zip(self.meshes, self.matrices, strict=True)):
            points = mesh.points.astype(np.float32).astype(np.float64) @ matrix[:3, :3] + matrix[3, :3]
            corners.append(points[mesh.triangles])
            owner.append(np.full(len(mesh.triangles), row))
        return np.concatenate(corners), np.concatenate(owner)


def clutter(seed: int, *, prims: int = 25, parts: int = 2) -> Setup:
    """Return blobs on a floor; every entity has several gprims."""
    rng = np.random.default_rng(seed)
    meshes, matrices, entity = [quad(12, 12)], [placed()], [0]
    shapes = [blob(6, 9, seed=k) for k in range(5)]
    for number in range(prims):
        at = np.array([*rng.uniform(-2, 2, 2), rng.uniform(0.1, 1.2)])
        for _ in range(parts):
            meshes.append(shapes[int(rng.integers(5))])
            matrices.append(placed(at=at + rng.uniform(-0.3, 0.3, 3), scale=rng.uniform(0.1, 0.45, 3), turn=rng.uniform(0, 6)))
            entity.append(number + 1)
    return Setup(meshes, np.array(matrices), np.array(entity, dtype=np.int32))


def rays(camera: CameraView) -> tuple[np.ndarray, np.ndarray]:
    """Return the camera's centre and (H * W, 3) directions through pixel centres with unit depth, in world."""
    column, row = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    local = np.stack(
        [
            (column - camera.center_px[0]) / camera.focal_px,
            (camera.center_px[1] - row) / camera.focal_px,
            -np.ones_like(column),
        ],
        axis=-1,
    )
    return camera.position_world, local.reshape(-1, 3) @ camera.camera_to_world[:3, :3]


def cast(setup: Setup, camera: CameraView) -> tuple[np.ndarray, np.ndarray]:
    """Cast one ray per pixel at every triangle (Moeller and Trumbore), in float64: the slow and plain oracle.

    Returns:
        (H, W) gprim, -1 for none, and (H, W) depth, inf for none.
    """
    corners, owner = setup.corners_world()
    origin, directions = rays(camera)
    best = np.full(len(directions), np.inf)
    hit = np.full(len(directions), -1)
    for (a, b, c), gprim in zip(corners, owner, strict=True):
        edge1, edge2 = b - a, c - a
        p = np.cross(directions, edge2)
        determinant = p @ edge1
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / determinant
            s = origin - a
            u = (p @ s) * inverse
            q = np.cross(s, edge1)
            v = (directions @ q) * inverse
            t = float(edge2 @ q) * inverse
            inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (t >= camera.near_far[0]) & (t <= camera.near_far[1])
        nearer = inside & (t < best)
        best[nearer], hit[nearer] = t[nearer], gprim
    shape = (camera.height, camera.width)
    return hit.reshape(shape), best.reshape(shape)


def box_of(mask: np.ndarray) -> list[int]:
    rows, columns = np.nonzero(mask)
    return [int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())]
