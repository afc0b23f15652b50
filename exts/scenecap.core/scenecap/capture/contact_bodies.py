"""What :mod:`scenecap.capture.contacts` works on: bodies with lazily read meshes, and which way their faces face."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.capture import contact_faces
from scenecap.capture.contact_settings import ContactSettings
from scenecap.contract import Contact, ContactKind, Evidence


@dataclass(frozen=True, eq=False)
class MeshPiece:
    """One mesh of a body.

    Attributes:
        points: (N, 3) float32 or float64 in local units.
        triangles: (T, 3) integer corners.
        local_to_world: (4, 4) float64, local units -> world [m] (row vectors); None where the points are in world already.
    """

    points: np.ndarray
    triangles: np.ndarray
    local_to_world: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class ContactBody:
    """An object or a room element with its geometry.

    Attributes:
        path: Prim path; unique.
        aabb_world: (2, 3) [m]; a body with NaN in it touches nothing. None: computed from the geometry.
        is_room: Room elements are parents only.
        triangles_world: (T, 3, 3) corners [m]; a short form of one piece.
        pieces: The meshes, or a function that gives them, which is called only for bodies that come near another.
        mesh: All of it in world, where that has been worked out before.
    """

    path: str
    aabb_world: np.ndarray | None = None
    is_room: bool = False
    triangles_world: np.ndarray | None = None
    pieces: Sequence[MeshPiece] | Callable[[], Sequence[MeshPiece]] = ()
    mesh: WorldMesh | None = None


class WorldMesh:
    """All pieces of a body as one mesh in world; what is only sometimes needed is worked out when asked for.

    Attributes:
        points: (N, 3) float64 [m].
        triangles: (T, 3) int32; corners out of range and triangles with a corner that is not finite are left out.
        yaw: Direction [rad] on the ground of the body's first nearly level axis.
    """

    def __init__(self, body: ContactBody) -> None:
        pieces = list(body.pieces() if callable(body.pieces) else body.pieces)
        if body.triangles_world is not None:
            corners = np.asarray(body.triangles_world).reshape(-1, 3)
            pieces.append(MeshPiece(corners, np.arange(len(corners), dtype=np.int32).reshape(-1, 3)))
        points_world, triangles, start = [np.zeros((0, 3))], [np.zeros((0, 3), dtype=np.int32)], 0
        for piece in pieces:
            points, corners = _piece_world(piece)
            points_world.append(points)
            triangles.append(corners + np.int32(start) if start else corners)
            start += len(points)
        single = len(pieces) == 1
        self.points = np.ascontiguousarray(points_world[1]) if single else np.concatenate(points_world)
        self.triangles = np.ascontiguousarray(triangles[1]) if single else np.concatenate(triangles)
        self.yaw = _yaw(pieces[0]) if pieces else 0.0
        self._trusted: bool | None = None

    def box(self) -> np.ndarray:
        """Return the (2, 3) box of all corners; NaN where there are none."""
        if not len(self.triangles):
            return np.full((2, 3), np.nan)
        used = self.points[np.unique(self.triangles)]
        return np.stack([used.min(axis=0), used.max(axis=0)])

    def share_trust(self, other: WorldMesh) -> None:
        """Take over what another placing of the same pieces has found out of their winding."""
        self._trusted = other._trusted

    def faces_inwards(self) -> bool:
        """Return whether the faces as a whole are wound inside out, by the sign of the volume that they enclose."""
        if not len(self.triangles):
            return False
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        volume = contact_faces.signed_volume(self.points, self.triangles, (low + high) / 2)
        return bool(volume < -0.02 * float(np.prod(np.maximum(high - low, 1e-6))))

    def winding_trusted(self) -> bool:
        """Return whether up and down can be told by the winding: the mesh is closed and its neighbours agree.

        Corners at the same place (to a millionth of the size) count as one. Each edge must be walked as often one way as
        the other; 1 % of stray edges is forgiven.
        """
        if self._trusted is None:
            self._trusted = _closed(self.points, self.triangles)
        return self._trusted


class BodySet:
    """Bodies in order of path: boxes and tolerances up front, meshes when a pair needs them.

    Attributes:
        bodies: The bodies, sorted; indices below are into it.
        settings: Tolerances.
        boxes: (N, 2, 3) world boxes [m]; NaN where there is no geometry.
        room: (N,) bool.
        height: (N,) [m].
        up: (N,) how far each may stand above its support [m].
        down: (N,) how far it may be sunk in [m].
        rank: (N,) order in which faces at the same height carry: objects before the room, small before large, then path.
    """

    def __init__(self, bodies: Sequence[ContactBody], settings: ContactSettings) -> None:
        self.bodies = sorted(bodies, key=lambda body: body.path)
        self.settings = settings
        self._meshes: dict[int, WorldMesh] = {}
        boxes = [self.mesh(i).box() if body.aabb_world is None else body.aabb_world for i, body in enumerate(self.bodies)]
        self.boxes = np.array(boxes, dtype=np.float64).reshape(-1, 2, 3)
        self.room = np.array([body.is_room for body in self.bodies], dtype=bool)
        self.height = self.boxes[:, 1, 2] - self.boxes[:, 0, 2]
        self.up, self.down = settings.tolerance.above(self.height), settings.tolerance.below(self.height)
        base = self.boxes[:, 1, :2] - self.boxes[:, 0, :2]
        order = np.lexsort((np.arange(len(self.bodies)), base[:, 0] * base[:, 1], self.room))
        self.rank = np.empty(len(self.bodies), dtype=np.int64)
        self.rank[order] = np.arange(len(self.bodies))

    def mesh(self, index: int) -> WorldMesh:
        """Return the world mesh of a body, read once."""
        if index not in self._meshes:
            self._meshes[index] = self.bodies[index].mesh or WorldMesh(self.bodies[index])
        return self._meshes[index]

    def contact(self, child: int, parent: int, kind: ContactKind, *, gap: float, area: float, share: float) -> Contact:
        """Return a contact of two bodies, rounded to 0.1 mm and 1 mm^2."""
        return Contact(
            child=self.bodies[child].path,
            parent=self.bodies[parent].path,
            kind=kind,
            gap=round(gap, 4) + 0.0,
            area=round(area, 6),
            share=round(share, 4),
            evidence=Evidence.GEOMETRY,
        )


def runs(values: np.ndarray) -> list[tuple[int, int]]:
    """Return the half-open row ranges of equal values in a sorted array."""
    cuts = np.flatnonzero(np.diff(values)) + 1
    edges = [0, *cuts.tolist(), len(values)] if len(values) else []
    return list(itertools.pairwise(edges))


def _piece_world(piece: MeshPiece) -> tuple[np.ndarray, np.ndarray]:
    points = np.asarray(piece.points, dtype=np.float64).reshape(-1, 3)
    corners = np.asarray(piece.triangles, dtype=np.int32).reshape(-1, 3)
    if piece.local_to_world is not None:
        matrix = np.asarray(piece.local_to_world, dtype=np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            points = points @ matrix[:3, :3] + matrix[3, :3]
    if len(corners) and (corners.min() < 0 or corners.max() >= len(points)):
        corners = corners[((corners >= 0) & (corners < len(points))).all(axis=1)]
    if not np.isfinite(points).all():
        corners = corners[np.isfinite(points[corners]).all(axis=(1, 2))]
    return points, corners


def _yaw(piece: MeshPiece) -> float:
    if piece.local_to_world is None:
        return 0.0
    for row in np.asarray(piece.local_to_world, dtype=np.float64)[:3, :3]:
        level = math.hypot(row[0], row[1])
        if level > 0.7 * float(np.linalg.norm(row)):
            return math.atan2(row[1], row[0])
    return 0.0


def _closed(points: np.ndarray, triangles: np.ndarray) -> bool:
    if not len(triangles):
        return False
    used, corners = np.unique(triangles, return_inverse=True)
    place = points[used]
    extent = float((place.max(axis=0) - place.min(axis=0)).max())
    if extent <= 0:
        return False
    quantised = np.round((place - place.min(axis=0)) / (extent * 1e-6)).astype(np.int64)
    _, welded = np.unique(quantised, axis=0, return_inverse=True)
    corners = welded.reshape(-1)[corners.reshape(-1)].reshape(-1, 3).astype(np.int64)
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = edges[edges[:, 0] != edges[:, 1]]
    count = int(corners.max()) + 1
    key = np.minimum(edges[:, 0], edges[:, 1]) * count + np.maximum(edges[:, 0], edges[:, 1])
    sign = np.where(edges[:, 0] < edges[:, 1], 1, -1)
    _, index = np.unique(key, return_inverse=True)
    balance = np.bincount(index.reshape(-1), weights=sign)
    return float(np.abs(balance).sum()) <= 0.01 * len(key)
