"""What annotators cannot say, taken from the open stage: exact boxes, outlines, contacts, colours, objects without a label.

The same discovery, geometry and contact probe as the embedded source's, so a scene gives the same graph on either way. Where
things are comes from ``bounding_box_3d``, for physics may move prims outside USD; what is seen comes from the segmentation.

Threads
    Kit edits the stage on its main thread, and USD allows no reading beside that. So everything is read from the stage on the
    main thread: shapes, materials and objects once (and again when a notice says that they changed), and places at each frame
    where they changed (:meth:`StageProbe.read_moment`). :meth:`StageProbe.frame` works on the copies alone and runs on the
    worker.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pxr import Usd, UsdGeom, Vt

from scenecap.capture import buffers as made
from scenecap.capture.albedo import MaterialTable
from scenecap.capture.gbuffer import build_gbuffer
from scenecap.capture.layers import SurfaceLayer, make_layer
from scenecap.capture.payload import Payload
from scenecap.capture.payload_camera import meters_per_unit_of, parse_camera
from scenecap.capture.payload_frame import FrameIdentity
from scenecap.capture.raster import RasterResult, rasterize
from scenecap.capture.settings import CaptureSettings
from scenecap.capture.world import Moment, StageWorld
from scenecap.contract import Buffer, CameraView, Frame, ObservedObject, Visibility
from scenecap.stage.label_database import LabelDatabase
from scenecap.stage.model import Role, WalkState
from scenecap.stage.open import OpenStage
from scenecap.stage.settings import LabelSettings
from scenecap_replicator.seen import SeenObjects, merge_seen
from scenecap_replicator.stage_watch import Change, StageWatch

logger = logging.getLogger(__name__)

#: A row's matrix is the stage's own within this share of its largest entry: Replicator stores 32-bit floats.
_SAME = 2e-6
#: Boxes of one object, annotator's and geometry's, that differ by more than this share of its size (plus 1 mm) are two shapes.
_BOX_DIFFERS = 0.02


@dataclass(frozen=True, eq=False)
class StageMoment:
    """Where a stage's prims are at one time, as USD has it. Copies: the stage may change afterwards.

    Attributes:
        world: The shapes that it belongs to.
        time_code: When.
        state: Where the gprims are.
        prims: Prim path -> (4, 4) float64 local -> world [m], for every prim at or above a gprim.
    """

    world: StageWorld
    time_code: float
    state: WalkState
    prims: Mapping[str, np.ndarray]


class StageProbe:
    """Adds to a payload what the stage knows. Make and ask it on the main thread; only :meth:`frame` may run elsewhere.

    Args:
        open_stage: Kit's stage.
        settings: Purposes and tolerances.
        labels: What is an object and what it is called.
        database: Better labels and captions.

    Raises:
        MissingExtraError: numba is not installed (extra ``geometry``).
    """

    def __init__(
        self,
        open_stage: OpenStage,
        settings: CaptureSettings | None = None,
        labels: LabelSettings | None = None,
        database: LabelDatabase | None = None,
    ) -> None:
        self._open_stage = open_stage
        self._settings = settings or CaptureSettings.model_validate({})
        self._labels = labels or LabelSettings.model_validate({})
        self._database = database
        self._known: frozenset[str] = frozenset()
        self._watch = StageWatch(open_stage.stage, lambda path: path in self._known)
        self._moment: StageMoment | None = None
        # The worker's own: what it worked out for the world that it saw last.
        self._anchors: tuple[StageWorld | None, frozenset[str], list[str | None]] = (None, frozenset(), [])
        self._table: tuple[StageWorld | None, MaterialTable | None] = (None, None)

    @property
    def open_stage(self) -> OpenStage:
        """The stage that is read."""
        return self._open_stage

    def disregard_changes(self) -> None:
        """Take what changed since the last reading as known: labels that a capture wrote itself, for the renderer."""
        self._watch.take()

    def close(self) -> None:
        """Stop listening to the stage."""
        self._watch.close()

    def read_moment(self, time_code: float) -> StageMoment:
        """Return where everything is now. To be called on the main thread, in ``write()``.

        Shapes are read at the first call and after a change of what the stage holds, which takes seconds on a large stage;
        places are read where they changed, which takes milliseconds; else nothing is read.

        Args:
            time_code: The timeline's USD time code.
        """
        change = self._watch.take()
        before = self._moment
        if before is None or change is Change.CONTENT:
            return self._read_all(time_code)
        world = before.world
        if change is Change.NONE and (world.is_static or before.time_code == time_code):
            return before
        world.walk.refresh()
        self._moment = self._read_places(world, time_code)
        return self._moment

    def frame(self, payload: Payload, identity: FrameIdentity, moment: StageMoment) -> Frame:
        """Return the frame that a payload and the stage give together. Reads nothing from the stage.

        Args:
            payload: One render product's outputs.
            identity: Scene, camera, frame number.
            moment: What :meth:`read_moment` returned when the payload came.

        Raises:
            CameraError: The camera is no pinhole.
        """
        stage = self._open_stage
        assert payload.camera_params is not None
        up_axis = "y" if stage.up_axis == "Y" else "z"
        camera = parse_camera(payload.camera_params, path=identity.camera, up_axis=up_axis, resolution=None)
        state, prims = self._placed(payload, moment)
        at = moment.world.place(state, prims)
        result = rasterize(
            at.scene, camera, state.local_to_world, entity_of_gprim=at.slot_of_gprim, entity_count=len(at.slots)
        )
        seen = merge_seen(payload, at, result, attach=self._labels.attach_label_to_usd)
        truth = self._layer(moment.world, at, camera, result)
        known = truth.albedo.known & seen.drawn_alike
        found = made.visibilities(seen.result, slot_count=len(at.slots), albedo=truth.albedo.texel, albedo_known=known)
        by_path = {entity.path: found[slot] for slot, entity in enumerate(at.slots) if entity is not None}
        objects, warnings = self._objects(at, by_path, payload)
        meters = meters_per_unit_of(payload.camera_params)
        if abs(meters - stage.meters_per_unit) > 1e-6 * meters:
            warnings.append(f"camera_params says {meters:g} m per stage unit, the stage {stage.meters_per_unit:g}")
        labels = made.semantic_ids(at.slots)
        return Frame(
            scene=identity.scene,
            camera=camera,
            objects=objects,
            frame_index=identity.frame_index,
            time_code=identity.time_code,
            room=tuple(dataclasses.replace(item, visible_px=_pixels(by_path[item.path])) for item in at.room),
            contacts=at.contacts,
            left_out=at.left_out,
            buffers=self._buffers(payload, seen, at, labels),
            entity_ids=at.ids(),
            semantic_ids=labels,
            setting=moment.world.discovery.setting,
            meters_per_unit=stage.meters_per_unit,
            stage_from_world=stage.stage_from_world,
            source=identity.source,
            warnings=tuple(dict.fromkeys((*stage.problems, *warnings, *seen.warnings))),
        )

    # On the main thread

    def _read_all(self, time_code: float) -> StageMoment:
        world = StageWorld(self._open_stage, self._settings, self._labels, self._database)
        known: set[str] = set()
        for gprim in world.walk.gprims:
            prim = gprim.prim
            while prim and not prim.IsPseudoRoot() and str(prim.GetPath()) not in known:
                known.add(str(prim.GetPath()))
                prim = prim.GetParent()
        known.update(gprim.instancer for gprim in world.walk.gprims if gprim.instancer)
        known.update(entity.path for entity in world.discovery.entities)
        self._known = frozenset(known)
        self._moment = self._read_places(world, time_code)
        self._watch.take()  # reading may itself have edited the session layer
        logger.info("%s: %d objects read", self._open_stage.name, len(world.discovery.entities))
        return self._moment

    def _read_places(self, world: StageWorld, time_code: float) -> StageMoment:
        state = world.walk.evaluate(time_code)
        cache = UsdGeom.XformCache(Usd.TimeCode(time_code))
        stage, matrix = self._open_stage.stage, self._open_stage.world_from_stage
        found = [(path, prim) for path in self._known if "[" not in path and (prim := stage.GetPrimAtPath(path))]
        # One array for all: turning matrices one by one takes longer than asking USD for them.
        stacked = np.array(Vt.Matrix4dArray([cache.GetLocalToWorldTransform(prim) for _, prim in found]), dtype=np.float64)
        prims = dict(zip((path for path, _ in found), stacked.reshape(-1, 4, 4) @ matrix, strict=True))
        # Point instances have no prim: their frame is the one the world found, carried along with their first gprim.
        state = dataclasses.replace(state, time_code=world.walk.open_stage.start)
        prims |= world.point_instance_frames(state)
        return StageMoment(world=world, time_code=time_code, state=state, prims=prims)

    # On the worker

    def _placed(self, payload: Payload, moment: StageMoment) -> tuple[WalkState, dict[str, np.ndarray | None]]:
        """Return where gprims and entities are: USD's places, except below prims that the payload has somewhere else."""
        world_from_stage = self._open_stage.world_from_stage
        moved: dict[str, np.ndarray] = {}
        rows = {row.path: row.transform for row in payload.boxes_3d or () if row.transform is not None}
        for path, transform in rows.items():
            usd = moment.prims.get(path)
            if usd is None or _same(transform, usd @ self._open_stage.stage_from_world):
                continue
            with np.errstate(all="ignore"):
                try:
                    delta = np.linalg.inv(usd) @ (transform @ world_from_stage)
                except np.linalg.LinAlgError:
                    continue
            if np.isfinite(delta).all():
                moved[path] = delta
        discovery = moment.world.discovery
        frames: dict[str, np.ndarray | None] = {}
        for entity in discovery.entities:
            if entity.role is Role.OBJECT:
                frame = moment.prims.get(entity.path)
                anchor = _anchor(entity.path, rows)
                if frame is not None and anchor in moved:
                    frame = frame @ moved[anchor]
                frames[entity.path] = frame if frame is not None and _is_invertible(frame) else None
        if not moved:
            return moment.state, frames
        local_to_world = moment.state.local_to_world.copy()
        for row, anchor in enumerate(self._anchors_of(moment.world, rows)):
            if anchor in moved:
                local_to_world[row] = local_to_world[row] @ moved[anchor]
        return dataclasses.replace(moment.state, local_to_world=local_to_world), frames

    def _anchors_of(self, world: StageWorld, rows: Mapping[str, np.ndarray]) -> list[str | None]:
        """Return for each gprim the nearest prim at or above it that has a row; kept while the rows are of the same prims."""
        key = frozenset(rows)
        known_world, known_key, anchors = self._anchors
        if known_world is not world or known_key != key:
            anchors = [_anchor(gprim.path, rows) for gprim in world.walk.gprims]
            self._anchors = (world, key, anchors)
        return anchors

    def _layer(self, world: StageWorld, at: Moment, camera: CameraView, result: RasterResult) -> SurfaceLayer:
        known_world, table = self._table
        if known_world is not world or table is None:
            table = MaterialTable(world.bindings, world.materials.textures)
            self._table = (world, table)
        return make_layer(build_gbuffer(at.scene, camera, at.state.local_to_world, result), table)

    def _objects(
        self, at: Moment, seen: Mapping[str, Visibility | None], payload: Payload
    ) -> tuple[tuple[ObservedObject, ...], list[str]]:
        boxes = {row.path: row.values for row in payload.boxes_3d or ()}
        differing = []
        objects = []
        for item in at.objects:
            box = boxes.get(item.path)
            if box is not None and _differs(box, item.box_local):
                differing.append(item.path)
            objects.append(dataclasses.replace(item, visibility=seen[item.path]))
        warnings = []
        if differing:
            shown = ", ".join(differing[:3]) + (f" and {len(differing) - 3} more" if len(differing) > 3 else "")
            warnings.append(
                f"bounding_box_3d and the stage's geometry disagree on the size of {shown}: "
                "a skinned or deforming shape is taken as the stage has it"
            )
        return tuple(objects), warnings

    def _buffers(self, payload: Payload, seen: SeenObjects, at: Moment, labels: dict[str, int]) -> dict[Buffer, np.ndarray]:
        normals = payload.normals
        if normals is not None:
            rotation = self._open_stage.world_from_stage[:3, :3] / self._open_stage.meters_per_unit
            normals = np.concatenate([normals[..., :3] @ rotation.astype(np.float32), normals[..., 3:]], axis=2)
        entity = seen.result.entity
        found = {
            Buffer.RGB: payload.rgb,
            Buffer.DEPTH: payload.depth,
            Buffer.NORMALS: normals,
            Buffer.INSTANCE: made.instance_buffer(entity),
            Buffer.SEMANTIC: None if payload.semantic_ids is None else made.semantic_buffer(entity, at.slots, labels),
        }
        return {name: array for name, array in found.items() if array is not None}


def _anchor(path: str, rows: Mapping[str, np.ndarray]) -> str | None:
    while path and path not in rows:
        path = path.rpartition("/")[0]
    return path or None


def _same(found: np.ndarray, usd: np.ndarray) -> bool:
    """Whether two local -> stage matrices are one but for 32-bit rounding; axes and position have scales of their own."""
    axes, position = np.abs(usd[:3, :3]).max(), np.abs(usd[3, :3]).max()
    difference = np.abs(found - usd)
    return bool(difference[:3, :3].max() <= _SAME * axes and difference[3, :3].max() <= _SAME * (position + axes))


def _is_invertible(matrix: np.ndarray) -> bool:
    longest = float(np.linalg.norm(matrix[:3, :3], axis=1).max())
    return longest > 0 and abs(float(np.linalg.det(matrix[:3, :3] / longest))) > 1e-9


def _differs(box: np.ndarray, own: np.ndarray) -> bool:
    size = np.maximum(np.ptp(own, axis=0), np.ptp(box, axis=0)).max()
    return bool(np.abs(box - own).max() > _BOX_DIFFERS * size)


def _pixels(visibility: Visibility | None) -> int:
    return 0 if visibility is None else visibility.visible_px
