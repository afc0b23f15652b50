"""Objects of a stage that are being moved: whether a new place is free, and whether all that carried still carries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenecap.capture.contact_bodies import ContactBody, MeshPiece, WorldMesh
from scenecap.capture.contacts import ContactSettings, find_contacts
from scenecap.capture.variation.rigging import OverTime, Rigging, rests
from scenecap.capture.variation.separation import CROSSING, Solid, nearer_than, within_reach
from scenecap.contract import Contact, ContactKind
from scenecap.stage.mesh import LocalMesh
from scenecap.stage.model import Role

#: A gap to what carries an object may change by this [m].
_GAP_CHANGE = 2e-3
#: At least this part of what carried an object's underside must carry it afterwards.
_STILL_CARRIED = 0.9
#: An object that rests on something is held against it raised by this, beyond what it has sunk in [m].
_RAISED = 2e-3


class Placing:
    """Where everything is while objects are moved one after the other.

    Args:
        rig: The stage as authored, without what is hidden.
        over_time: What moves by itself.
        clearance: Least distance [m] of what was moved to what it does not rest on.
        settings: What touches what.

    Attributes:
        motions: Path -> (4, 4) motion in world [m] of all that was moved so far.
    """

    def __init__(self, rig: Rigging, over_time: OverTime, *, clearance: float, settings: ContactSettings) -> None:
        self.motions: dict[str, np.ndarray] = {}
        self._rig, self._over_time, self._settings = rig, over_time, settings
        self._clearance = max(clearance, CROSSING)
        self._reach = max(settings.tolerance_max, settings.tolerance_min, settings.touch_distance) + 5e-3
        moment = rig.moment
        self._solid = rig.obstacles & (moment.scene.prototype >= 0)
        self._authored, self._places = moment.state.local_to_world, moment.state.local_to_world.copy()
        self._boxes, self._outlines = moment.bounds.copy(), moment.footprints.copy()
        self._boxes[over_time.rows], self._outlines[over_time.rows] = over_time.reach[over_time.rows], np.inf
        self._solids: dict[int, Solid] = {}
        self._swept: dict[int, Sequence[Solid]] = {}
        self._entities = [item for item in rig.world.discovery.entities if item.role is not Role.GHOST]
        order = {entity.path: number for number, entity in enumerate(rig.world.discovery.entities)}
        owner = np.where(moment.drawn, rig.world.discovery.owner, -1)
        rows = [np.flatnonzero(owner == order[item.path]) for item in self._entities]
        self._entities = [item for item, own in zip(self._entities, rows, strict=True) if len(own)]
        self._rows = [own for own in rows if len(own)]
        self._number = {item.path: number for number, item in enumerate(self._entities)}
        self._bodies = np.array([self._box(own) for own in self._rows]).reshape(-1, 2, 3)
        self._meshes: dict[int, WorldMesh] = {}

    def pivot(self, path: str) -> np.ndarray:
        """Return (2,) the middle of an object on the ground, as it is now [m], to 0.1 mm."""
        own = [self._bodies[self._number[one]] for one in self._rig.kin(path) if one in self._number]
        both = np.stack(own)
        return np.round((both[:, 0, :2].min(axis=0) + both[:, 1, :2].max(axis=0)) / 2.0, 4) + 0.0

    def is_fixed(self, path: str) -> bool:
        """Whether an object can only stay.

        Nothing carries it, or it hangs or sticks; it, its load or what carries it moves by itself; part of its load stands on
        something else as well; or it is stuck in what carries it.
        """
        rig, moving = self._rig, self._over_time.moving
        holders = rig.holders(path)
        if not holders or not all(map(rests, holders)) or rig.is_tied(path):
            return True
        load = rig.rows(rig.load(path))
        if moving[load].any() or moving[self._rows_of(holders)].any():
            return True
        return any(
            nearer_than(self._solid_at(row).raised(self._lift(holders)), self._solid_at(other), CROSSING)
            for row in load[self._solid[load]]
            for other in self._near(self._boxes[row], self._outlines[row], self._rows_of(holders), 0.1)
        )

    def take(self, path: str, motion: np.ndarray) -> bool:
        """Move an object with its load, if the place is free and it is carried there as before; return whether it was.

        Args:
            path: The object.
            motion: (4, 4) rigid motion in world [m].
        """
        load = self._rig.load(path)
        rows = self._rig.rows(load)
        places = self._places[rows] @ motion
        solids = {
            int(row): self._solid_of(int(row), place) for row, place in zip(rows, places, strict=True) if self._solid[row]
        }
        bodies = self._bodies.copy()
        for number in self._numbers(load):
            boxes = np.stack([solids[row].box for row in self._rows[number].tolist()])
            bodies[number] = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
        if not (self._stays_over(path, bodies) and self._is_free(path, rows, solids)):
            return False
        meshes = self._moved_meshes(load, rows, places)
        if not self._is_carried(path, load, meshes, bodies):
            return False
        self._places[rows], self._bodies = places, bodies
        self._solids.update(solids)
        for row, solid in solids.items():
            self._boxes[row], self._outlines[row] = solid.box, solid.outline
        self._meshes.update(meshes)
        for one in load:
            self.motions[one] = self.motions.get(one, np.eye(4)) @ motion
        return True

    def _stays_over(self, path: str, boxes: np.ndarray) -> bool:
        """Whether what stood with its middle over what carries it still does."""
        for item in self._rig.holders(path):
            child, parent = self._number[item.child], self._number[item.parent]
            before, after = (_is_over(where[child], where[parent]) for where in (self._bodies, boxes))
            if before and not after:
                return False
        return True

    def _is_free(self, path: str, rows: np.ndarray, solids: dict[int, Solid]) -> bool:
        holders = self._rig.holders(path)
        carriers, lift = set(self._rows_of(holders).tolist()), self._lift(holders)
        others = self._solid.copy()
        others[rows] = False
        known = np.flatnonzero(others)
        for row, solid in solids.items():
            raised = solid.raised(lift)
            for other in self._near(solid.box, solid.outline, known, self._clearance):
                mine, limit = (raised, CROSSING) if other in carriers else (solid, self._clearance)
                if any(nearer_than(mine, theirs, limit) for theirs in self._solids_over_time(other)):
                    return False
                if not self._over_time.moving[other] and self._goes_in(row, solid, other):
                    return False
        return True

    def _goes_in(self, row: int, solid: Solid, other: int) -> bool:
        """Whether one of two that do not cross is inside of the other, and was not before."""
        theirs = self._solid_at(other)
        before = [self._solid_of(number, self._authored[number]) for number in (row, other)]
        if _holds(theirs.box, solid.box) and theirs.is_around(solid) and not before[1].is_around(before[0]):
            return True
        return _holds(solid.box, theirs.box) and solid.is_around(theirs) and not before[0].is_around(before[1])

    def _is_carried(self, path: str, load: Sequence[str], meshes: dict[int, WorldMesh], boxes: np.ndarray) -> bool:
        """Whether what touches an object and its load is what did before, and carries it as well."""
        near = set(meshes)
        for number in meshes:
            apart = (boxes[:, 0] > boxes[number, 1] + self._reach) | (boxes[:, 1] < boxes[number, 0] - self._reach)
            near |= set(np.flatnonzero(~apart.any(axis=1)).tolist())
        for number in sorted(near - set(meshes)):  # what else carries the neighbours
            near |= {self._number[item.parent] for item in self._rig.contacts_of(self._entities[number].path)}
        bodies = [
            ContactBody(
                path=self._entities[number].path,
                aabb_world=boxes[number],
                is_room=self._entities[number].role is Role.ROOM,
                mesh=meshes.get(number) or self._mesh(number),
            )
            for number in sorted(near)
        ]
        members = set(load)
        found = [
            item for item in find_contacts(bodies, settings=self._settings) if item.child in members or item.parent in members
        ]
        for number, mesh in meshes.items():
            self._mesh(number).share_trust(mesh)
        wanted = self._rig.holders(path)
        inner = [item for one in load for item in self._rig.contacts_of(one) if item.parent in members]
        if {_key(item) for item in found} != {_key(item) for item in (*wanted, *inner)}:
            return False
        return _carries_as_well({_key(item): item for item in found}, wanted)

    def _moved_meshes(self, load: Sequence[str], rows: np.ndarray, places: np.ndarray) -> dict[int, WorldMesh]:
        place_of = dict(zip(rows.tolist(), places, strict=True))
        meshes = {}
        for number in self._numbers(load):
            pieces = [self._piece(row, place_of[row]) for row in self._rows[number].tolist()]
            meshes[number] = WorldMesh(ContactBody(self._entities[number].path, pieces=pieces))
            meshes[number].share_trust(self._mesh(number))
        return meshes

    def _numbers(self, paths: Sequence[str]) -> list[int]:
        return [self._number[path] for path in paths if path in self._number]

    def _mesh(self, number: int) -> WorldMesh:
        if number not in self._meshes:
            pieces = [self._piece(row, self._places[row]) for row in self._rows[number].tolist()]
            self._meshes[number] = WorldMesh(ContactBody(self._entities[number].path, pieces=pieces))
        return self._meshes[number]

    def _piece(self, row: int, place: np.ndarray) -> MeshPiece:
        mesh = self._local(row)
        return MeshPiece(mesh.points, mesh.triangles, place)

    def _local(self, row: int) -> LocalMesh:
        return self._rig.world.geometry.get(self._rig.world.walk.gprims[row], self._rig.moment.state.time_code)

    def _solid_of(self, row: int, place: np.ndarray) -> Solid:
        return self._placed(self._local(row), place)

    def _placed(self, mesh: LocalMesh, place: np.ndarray) -> Solid:
        points, extremes = (
            some.astype(np.float64) @ place[:3, :3] + place[3, :3]
            for some in (mesh.points, self._rig.world.geometry.extreme_points(mesh))
        )
        return Solid(points, mesh.triangles, extremes)

    def _solid_at(self, row: int) -> Solid:
        if row not in self._solids:
            self._solids[row] = self._solid_of(row, self._places[row])
        return self._solids[row]

    def _solids_over_time(self, row: int) -> Sequence[Solid]:
        if not self._over_time.moving[row]:
            return (self._solid_at(row),)
        return self._moving_solids(row)

    def _moving_solids(self, row: int) -> Sequence[Solid]:
        if row not in self._swept:
            at = int(np.searchsorted(self._over_time.rows, row))
            gprim, geometry, solids = self._rig.world.walk.gprims[row], self._rig.world.geometry, []
            for time, place in zip(self._over_time.times, self._over_time.places[:, at], strict=True):
                mesh = geometry.get(gprim, float(time))
                if np.isfinite(place).all() and not mesh.empty:
                    solids.append(self._placed(mesh, place))
            self._swept[row] = tuple(solids)
        return self._swept[row]

    def _near(self, box: np.ndarray, outline: np.ndarray, rows: np.ndarray, reach: float) -> list[int]:
        return rows[within_reach(self._boxes[rows], self._outlines[rows], box, outline, reach)].tolist()

    def _rows_of(self, holders: Sequence[Contact]) -> np.ndarray:
        paths = {one for item in holders for one in self._rig.kin(item.parent)}
        rows = self._rig.rows(paths)
        return rows[self._solid[rows]]

    @staticmethod
    def _lift(holders: Sequence[Contact]) -> float:
        return _RAISED + max((max(0.0, -item.gap) for item in holders), default=0.0)

    def _box(self, rows: np.ndarray) -> np.ndarray:
        return np.stack([self._boxes[rows, 0].min(axis=0), self._boxes[rows, 1].max(axis=0)])


def _key(contact: Contact) -> tuple[str, str, ContactKind]:
    return contact.child, contact.parent, contact.kind


def _carries_as_well(found: dict[tuple[str, str, ContactKind], Contact], wanted: Sequence[Contact]) -> bool:
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for item in wanted:
        if item.kind is ContactKind.SUPPORT:
            now = found[_key(item)]
            if abs(now.gap - item.gap) > _GAP_CHANGE:
                return False
            before[item.child] = before.get(item.child, 0.0) + item.share
            after[item.child] = after.get(item.child, 0.0) + now.share
    return all(after[child] >= _STILL_CARRIED * share for child, share in before.items())


def _is_over(box: np.ndarray, other: np.ndarray) -> bool:
    middle = box[:, :2].mean(axis=0)
    return bool((other[0, :2] <= middle).all() and (middle <= other[1, :2]).all())


def _holds(box: np.ndarray, other: np.ndarray) -> bool:
    return bool((box[0] < other[0]).all() and (box[1] > other[1]).all())
