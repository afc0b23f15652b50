"""What viewpoints are measured against: a stage's geometry, objects and room at one time."""

from __future__ import annotations

import functools

import numpy as np

from scenecap.capture.contact_bodies import ContactBody, MeshPiece, WorldMesh
from scenecap.capture.raster import RasterResult, rasterize
from scenecap.capture.viewpoints.kernels import nearest_distance, points_world, winding_number
from scenecap.capture.world import Moment
from scenecap.contract import CameraView, ObservedObject, RoomKind

#: A gprim whose box holds at least this share of the other objects' middles is a shell around them (a sky, a building).
_SHELL = 0.5
#: Walls on so many sides make a room.
_WALLS = 3
#: Beyond this, a winding number says inside.
_INSIDE = 0.5


class Surroundings:
    """Measures what is around and in view of a camera.

    Args:
        moment: The stage at a time.

    Attributes:
        objects: All objects of the stage.
        slots: (N,) int64 slot of each object.
        room: (2, 3) box of the room [m], if walls enclose the objects.
        floor: Height of the floor [m]; the lowest point of the objects where there is none.
    """

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.objects: tuple[ObservedObject, ...] = moment.objects
        slot_of = {entity.path: slot for slot, entity in enumerate(moment.slots) if entity is not None}
        self.slots = np.array([slot_of[item.path] for item in moment.objects], dtype=np.int64)
        self._room_slots = np.array([slot_of[item.path] for item in moment.room if item.path in slot_of], dtype=np.int64)
        self._rows = np.flatnonzero(
            (moment.slot_of_gprim >= 0) & (moment.scene.prototype >= 0) & np.isfinite(moment.bounds).all(axis=(1, 2))
        )
        self._facing: dict[int, int] = {}
        self.room = _room(moment)
        floors = [item.aabb_world[1, 2] for item in moment.room if item.kind is RoomKind.FLOOR and item.aabb_world is not None]
        boxes = self.boxes
        self.floor = float(min(floors) if floors else boxes[:, 0, 2].min() if len(boxes) else 0.0)

    @property
    def boxes(self) -> np.ndarray:
        """(N, 2, 3) boxes of the objects; of the room where there is none [m]."""
        found = [item.aabb_world for item in self._moment.objects] or [item.aabb_world for item in self._moment.room]
        return np.array(found, dtype=np.float64).reshape(-1, 2, 3)

    @functools.cached_property
    def _slots_without_room(self) -> np.ndarray:
        """(G,) int32 slot of each gprim; -1 for floor, walls and ceiling too."""
        slots = self._moment.slot_of_gprim
        return np.where(np.isin(slots, self._room_slots), np.int32(-1), slots)

    @functools.cached_property
    def _shells(self) -> np.ndarray:
        """(G,) bool, gprims that are around the objects rather than among them."""
        moment = self._moment
        shells = np.zeros(len(moment.slot_of_gprim), dtype=bool)
        middles = np.array([item.center_world for item in moment.objects], dtype=np.float64).reshape(-1, 3)
        for row in self._rows:
            low, high = moment.bounds[row]
            others = middles[self.slots != moment.slot_of_gprim[row]]
            inside = ((others > low) & (others < high)).all(axis=1)
            shells[row] = len(others) > 0 and inside.mean() >= _SHELL
        return shells

    def clearance(self, position: np.ndarray, *, limit: float) -> float:
        """Return the distance [m] of a point to the nearest geometry, at most ``limit``."""
        bounds = self._moment.bounds[self._rows]
        outside = np.maximum(np.maximum(bounds[:, 0] - position, position - bounds[:, 1]), 0.0)
        away = np.sqrt((outside * outside).sum(axis=1))
        best = limit
        for at in np.argsort(away, kind="stable"):
            if away[at] >= best:
                break
            points, triangles = self._mesh(int(self._rows[at]))
            best = min(best, float(nearest_distance(points, triangles, position, best)))
        return best

    def is_inside(self, position: np.ndarray) -> bool:
        """Whether a point is inside of something solid. Shells around the objects, such as a sky, are not solid."""
        bounds = self._moment.bounds[self._rows]
        for row in self._rows[((bounds[:, 0] < position) & (position < bounds[:, 1])).all(axis=1)]:
            if not self._shells[row]:
                points, triangles = self._mesh(int(row))
                if abs(float(winding_number(points, triangles, position))) > _INSIDE:
                    return True
        return False

    def is_outside_room(self, position: np.ndarray) -> bool:
        """Whether there is a room, and a point is not in it."""
        return self.room is not None and not bool(((self.room[0] <= position) & (position <= self.room[1])).all())

    def look(self, view: CameraView) -> RasterResult:
        """Return what a camera sees."""
        return self._rasterize(view, self._moment.slot_of_gprim)

    def hidden_by_room(self, view: CameraView, result: RasterResult) -> float:
        """Return the share of the objects' pixels that the room hides: walls seen from outside, a ceiling from above.

        Args:
            view: The camera.
            result: What it sees.
        """
        room = np.isin(result.entity, self._room_slots)
        if not room.any():
            return 0.0
        objects = np.isin(self._rasterize(view, self._slots_without_room).entity, self.slots)
        return float((objects & room).sum() / max(objects.sum(), 1))

    def _rasterize(self, view: CameraView, slot_of_gprim: np.ndarray) -> RasterResult:
        moment = self._moment
        return rasterize(
            moment.scene,
            view,
            moment.state.local_to_world,
            entity_of_gprim=slot_of_gprim,
            entity_count=len(moment.slots),
        )

    def back_faces(self, view: CameraView, result: RasterResult) -> float:
        """Return the share of a picture's pixels that show a face from behind."""
        seen = result.gprim >= 0
        if not seen.any():
            return 0.0
        pairs, counts = np.unique(np.stack([result.gprim[seen], result.triangle[seen]]), axis=1, return_counts=True)
        rows = pairs[0].astype(np.int64)
        scene, matrices = self._moment.scene, self._moment.state.local_to_world[rows]
        prototype = scene.prototype[rows]
        corners = scene.point_start[prototype][:, None] + scene.triangles[scene.triangle_start[prototype] + pairs[1]]
        local = np.stack([scene.x[corners], scene.y[corners], scene.z[corners]], axis=2).astype(np.float64)
        world = local @ matrices[:, :3, :3] + matrices[:, 3:, :3]
        normal = np.cross(world[:, 1] - world[:, 0], world[:, 2] - world[:, 0])
        # A matrix that mirrors turns the winding around.
        towards = np.einsum("tk,tk->t", normal, view.position_world - world[:, 0]) * np.sign(
            np.linalg.det(matrices[:, :3, :3])
        )
        facing = np.array([self._facing_of(int(number)) for number in prototype], dtype=np.int8)
        facing[self._shells[rows]] = 0
        behind = (facing != 0) & (towards * facing < 0)
        return float(counts[behind].sum() / result.gprim.size)

    def _facing_of(self, number: int) -> int:
        """Return how a prototype is wound: 1 outwards, -1 inwards, 0 not known or, as it is open, seen from both sides."""
        if number not in self._facing:
            mesh = self._moment.scene.meshes[number]
            solid = WorldMesh(ContactBody("", pieces=[MeshPiece(mesh.points, mesh.triangles)]))
            self._facing[number] = 0 if not solid.winding_trusted() else -1 if solid.faces_inwards() else 1
        return self._facing[number]

    def _mesh(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a gprim's (N, 3) points in world [m] and (T, 3) triangles."""
        scene = self._moment.scene
        number = int(scene.prototype[row])
        start, stop = scene.point_start[number], scene.point_start[number + 1]
        points = points_world(scene.x, scene.y, scene.z, start, stop, self._moment.state.local_to_world[row])
        return points, scene.triangles[scene.triangle_start[number] : scene.triangle_start[number + 1]]


def _room(moment: Moment) -> np.ndarray | None:
    """Return the (2, 3) box within the walls; None unless walls enclose the objects."""
    walls = [item.aabb_world for item in moment.room if item.kind is RoomKind.WALL and item.aabb_world is not None]
    if not walls or not moment.objects:
        return None
    both = np.stack(walls)
    room = np.stack([both[:, 0].min(axis=0), both[:, 1].max(axis=0)])
    middles = np.array([item.center_world for item in moment.objects])
    enclosed = ((middles[:, :2] > room[0, :2]) & (middles[:, :2] < room[1, :2])).all(axis=1).mean()
    around = any(((middles[:, :2] > box[0, :2]) & (middles[:, :2] < box[1, :2])).all(axis=1).mean() > 0.5 for box in walls)
    if enclosed < 0.8 or not (around or len(walls) >= _WALLS):
        return None
    floors = [item.aabb_world[0, 2] for item in moment.room if item.kind is RoomKind.FLOOR and item.aabb_world is not None]
    ceilings = [item.aabb_world[1, 2] for item in moment.room if item.kind is RoomKind.CEILING and item.aabb_world is not None]
    room[0, 2] = min([room[0, 2], *floors])
    room[1, 2] = max(ceilings) if ceilings else np.inf
    return room
