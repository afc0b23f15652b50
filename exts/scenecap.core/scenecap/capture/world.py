"""The stage at one time: where everything is, which objects there are, their boxes, and what touches what.

Built once for a stage that does not move; of one that moves, only what moved is computed again.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scenecap.capture.contact_tracker import ContactTracker
from scenecap.capture.contacts import ContactBody, MeshPiece
from scenecap.capture.object_frames import ObjectFrames
from scenecap.capture.scene import RasterScene, build_raster_scene
from scenecap.capture.settings import CaptureSettings
from scenecap.capture.variation.model import AUTHORED, StageVariation, anchor
from scenecap.contract import FIRST_ENTITY_ID, Contact, LeftOut, ObservedObject, RoomElement, RoomKind
from scenecap.stage.discover import MIN_OPACITY, discover_objects
from scenecap.stage.geometry import GeometryCache
from scenecap.stage.label_database import LabelDatabase
from scenecap.stage.materials import MaterialLibrary
from scenecap.stage.model import Role, StageEntity, WalkState
from scenecap.stage.open import OpenStage
from scenecap.stage.settings import LabelSettings
from scenecap.stage.walk import walk_stage

#: Entity slot of gprims that belong to nothing: they are drawn and hide things, under Replicator's id for the unlabelled.
UNOWNED_SLOT = 0

#: Geometry that reaches further than this [m] from the origin is as broken as NaN.
_FARTHEST = 1e12


@dataclass(frozen=True, eq=False)
class Moment:
    """The stage at one time.

    Attributes:
        state: Where the gprims are.
        scene: Their geometry.
        bounds: (G, 2, 3) float64 boxes in world [m], nan where nothing is drawn.
        footprints: (G, 32) float64 outlines on the ground [m] (:func:`scenecap.contract.footprint_directions`), likewise.
        slot_of_gprim: (G,) int32 entity slot for the rasteriser; -1 for what is not in ground truth (not drawn, ghosts).
        slots: Entities by slot; slot 0 is what belongs to nothing. Ids in the instance buffer are the slot's plus 1.
        objects: All objects at this time, nothing said yet of what a camera sees.
        room: Floor, walls, ceiling.
        drawn: (G,) bool, gprims that the picture shows: those of ground truth, and ghosts.
        contacts: What touches what.
        left_out: What is no object, and why.
    """

    state: WalkState
    scene: RasterScene
    bounds: np.ndarray
    footprints: np.ndarray
    slot_of_gprim: np.ndarray
    slots: tuple[StageEntity | None, ...]
    objects: tuple[ObservedObject, ...]
    room: tuple[RoomElement, ...]
    drawn: np.ndarray
    contacts: tuple[Contact, ...]
    left_out: tuple[LeftOut, ...]

    def ids(self) -> dict[str, int]:
        """Return prim path -> id in the instance buffer."""
        return {entity.path: slot - 1 + FIRST_ENTITY_ID for slot, entity in enumerate(self.slots) if entity is not None}


class StageWorld:
    """Everything about a stage that does not depend on a camera.

    Args:
        open_stage: The stage.
        settings: What is drawn.
        label_settings: What is an object, and what it is called.
        database: Better labels.

    Attributes:
        walk: The drawn gprims.
        geometry: Their triangles.
        materials: The stage's materials.
        bindings: Materials of each gprim.
        discovery: Objects, room and ghosts, found at the stage's first time and the same at all times.
        own_motion: (E,) bool, entities whose own frame may move, whatever their gprims do.
    """

    def __init__(
        self,
        open_stage: OpenStage,
        settings: CaptureSettings,
        label_settings: LabelSettings,
        database: LabelDatabase | None = None,
    ) -> None:
        self.open_stage = open_stage
        self.walk = walk_stage(open_stage, purposes=frozenset(purpose.value for purpose in settings.purposes))
        self.geometry = GeometryCache(open_stage, subdivision_level=settings.subdivision_level)
        self.materials = MaterialLibrary(open_stage)
        self.bindings = self.materials.bind(self.walk.gprims)
        opacity = np.array([max(material.opacity for material in binding) for binding in self.bindings], dtype=np.float64)
        self._opaque_enough = opacity >= MIN_OPACITY - 1e-6  # stages hold 32-bit floats
        state = self.walk.evaluate(open_stage.start)
        self._bounds, self._footprints = self.geometry.extremes_world(self.walk, state)
        self._state = state
        self.discovery = discover_objects(
            open_stage,
            self.walk,
            state=state,
            bounds_world=self._bounds,
            opacity=opacity,
            settings=label_settings,
            database=database,
        )
        self._varying = np.array([self.geometry.varies(gprim) for gprim in self.walk.gprims], dtype=bool)
        self._number = {entity.path: number for number, entity in enumerate(self.discovery.entities)}
        self._members = _members(self.discovery.owner, len(self.discovery.entities))
        self._frames = ObjectFrames(self.walk, self.geometry)
        self._tracker = ContactTracker(settings.contacts)
        self.own_motion = np.array([self._frames.moves_by_itself(item) for item in self.discovery.entities], dtype=bool)
        self._objects: dict[int, ObservedObject] = {}
        self._scene = self._read_scene(state.time_code)
        self._moment: Moment | None = None
        self._variation = AUTHORED

    @property
    def is_static(self) -> bool:
        """Whether nothing moves or changes shape over time."""
        return not self.walk.is_animated and not self._varying.any()

    @functools.cached_property
    def followed(self) -> np.ndarray:
        """(G,) int32, number of the entity that each gprim goes with: its owner, else the nearest above it; -1 for none."""
        followed = self.discovery.owner.astype(np.int32)
        for row in np.flatnonzero(followed < 0):
            above = anchor(self.walk.gprims[row].path, self._number)
            followed[row] = -1 if above is None else self._number[above]
        return followed

    def at(self, time_code: float, variation: StageVariation = AUTHORED) -> Moment:
        """Return the stage at a time, in a variation; the last answer is kept."""
        if self._moment is None:
            self._moment = self._make_moment(np.arange(len(self.discovery.entities)))
        same = variation is self._variation
        if same and time_code == self._moment.state.time_code:
            return self._moment
        if same and self.is_static:
            state = dataclasses.replace(self._state, time_code=time_code)
            self._moment = dataclasses.replace(self._moment, state=state)
            return self._moment
        for path in {*self._variation.entities, *variation.entities}:
            self._objects.pop(self._number[path], None)
        self._variation = variation
        self._frames.displace(variation)
        self._moment = self._make_moment(self._advance(time_code))
        return self._moment

    def place(self, state: WalkState, frames: Mapping[str, np.ndarray | None]) -> Moment:
        """Return the stage with everything where the caller says that it is (a physics engine moves prims outside USD).

        Nothing is read from the stage, so this may run on another thread than the one that changes it. Shapes are those of the
        time at which the world was made.

        Args:
            state: Where the gprims are, at the time code at which the world was made.
            frames: Entity path -> (4, 4) the entity prim's frame -> world [m]; None where it has none that can be inverted.
        """
        self._frames.pin(frames)
        first = self._moment is None
        changed = self._move(state, varying=False)
        if first or len(changed) or self._moment is None:
            self._moment = self._make_moment(np.arange(len(self.discovery.entities)) if first else changed)
        return self._moment

    def point_instance_frames(self, state: WalkState) -> dict[str, np.ndarray]:
        """Return path -> (4, 4) frame to world [m] of the point instances, which have no prim of their own."""
        frames = {}
        for number, entity in enumerate(self.discovery.entities):
            rows = self._members[number]
            if "[" in entity.path and entity.role is Role.OBJECT and len(rows):
                frame = self._frames.frame_of(entity.path, rows, state)
                if frame is not None:
                    frames[entity.path] = frame
        return frames

    def _advance(self, time_code: float) -> np.ndarray:
        """Move to another time; return the entities of which something moved, changed its shape, came or went."""
        changed = self._move(self._varied(self.walk.evaluate(time_code)))
        return np.union1d(changed, np.nonzero(self.own_motion)[0])

    def _varied(self, state: WalkState) -> WalkState:
        """Return where the gprims are in the variation that is shown."""
        motions, hidden = self._variation.motions, self._variation.hidden
        if not motions and not hidden:
            return state
        places, drawn = state.local_to_world.copy(), state.drawn.copy()
        for number, entity in enumerate(self.discovery.entities):
            if entity.path in motions:
                rows = self.followed == number
                places[rows] = places[rows] @ motions[entity.path]
            if entity.path in hidden:
                drawn[self.followed == number] = False
        return dataclasses.replace(state, local_to_world=places, drawn=drawn)

    def _move(self, state: WalkState, *, varying: bool = True) -> np.ndarray:
        moved = (state.local_to_world != self._state.local_to_world).any(axis=(1, 2))
        changed = (moved & (state.drawn | self._state.drawn)) | (state.drawn != self._state.drawn)
        if varying:
            changed |= self._varying
        time_code, self._state = state.time_code, state
        rows = np.nonzero(changed)[0]
        if len(rows):
            if varying and self._varying.any():
                self._scene = self._read_scene(time_code)
            self._bounds, self._footprints = self._bounds.copy(), self._footprints.copy()
            self._bounds[rows], self._footprints[rows] = self.geometry.extremes_world(self.walk, state, rows=rows)
        owners = self.discovery.owner[rows]
        return np.unique(owners[owners >= 0])

    def _read_scene(self, time_code: float) -> RasterScene:
        names = [next((m.uv_primvar for m in binding if m.uv_primvar), None) for binding in self.bindings]
        return build_raster_scene([self.geometry.get(gprim, time_code) for gprim in self.walk.gprims], uv_names=names)

    def _make_moment(self, changed: np.ndarray) -> Moment:
        owner, called = self.discovery.owner, self._variation.entities
        entities = [called.get(entity.path, entity) for entity in self.discovery.entities]
        there = self._state.drawn & self._opaque_enough & (np.abs(self._bounds) < _FARTHEST).all(axis=(1, 2))
        role = np.array([entity.role is Role.GHOST for entity in entities] or [False], dtype=bool)
        ghosts = (owner >= 0) & role[owner] & there
        slots: list[StageEntity | None] = [None]
        slot_of_entity = np.zeros(max(len(entities), 1), dtype=np.int32)
        for number, entity in enumerate(entities):
            if entity.role is not Role.GHOST:
                slot_of_entity[number] = len(slots)
                slots.append(entity)
        slot = np.where(owner >= 0, slot_of_entity[owner], UNOWNED_SLOT).astype(np.int32)
        slot[~there | ghosts] = -1
        for number in changed:
            self._objects.pop(int(number), None)
        objects, room, left_out = [], [], []
        for number, entity in enumerate(entities):
            rows = self._members[number]
            rows = rows[there[rows]]
            if entity.role is Role.GHOST:
                continue
            if not len(rows):
                left_out.append(LeftOut(entity.path, "nothing of it is drawn at this time", "invisible"))
            elif entity.role is Role.ROOM:
                room.append(RoomElement(entity.path, entity.room_kind or RoomKind.OTHER, entity.label, self._aabb(rows)))
            else:
                if number not in self._objects:
                    self._objects[number] = self._frames.observe(
                        entity, rows, state=self._state, bounds=self._bounds, footprints=self._footprints
                    )
                objects.append(self._objects[number])
        return Moment(
            state=self._state,
            scene=self._scene,
            bounds=self._bounds,
            footprints=self._footprints,
            slot_of_gprim=slot,
            slots=tuple(slots),
            objects=tuple(objects),
            room=tuple(room),
            drawn=there,
            contacts=self._find_contacts(there, {entities[number].path for number in changed}),
            left_out=_unique([*self.walk.left_out, *self._state.left_out, *self.discovery.left_out, *left_out]),
        )

    def _find_contacts(self, there: np.ndarray, changed: set[str]) -> tuple[Contact, ...]:
        bodies = []
        for number, entity in enumerate(self.discovery.entities):
            rows = self._members[number][there[self._members[number]]]
            if entity.role is Role.GHOST or not len(rows):
                continue
            bodies.append(
                ContactBody(
                    path=entity.path,
                    aabb_world=self._aabb(rows),
                    is_room=entity.role is Role.ROOM,
                    pieces=lambda rows=rows: [self._piece(row) for row in rows],
                )
            )
        return self._tracker.update(bodies, changed=changed)

    def _aabb(self, rows: np.ndarray) -> np.ndarray:
        return np.stack([self._bounds[rows, 0].min(axis=0), self._bounds[rows, 1].max(axis=0)])

    def _piece(self, row: int) -> MeshPiece:
        mesh = self.geometry.get(self.walk.gprims[row], self._state.time_code)
        return MeshPiece(mesh.points, mesh.triangles, self._state.local_to_world[row])


def _members(owner: np.ndarray, count: int) -> list[np.ndarray]:
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(count + 1))
    return [order[starts[number] : starts[number + 1]] for number in range(count)]


def _unique(items: list[LeftOut]) -> tuple[LeftOut, ...]:
    seen = {(item.path, item.code): item for item in reversed(items)}
    return tuple(seen[key] for key in sorted(seen))
