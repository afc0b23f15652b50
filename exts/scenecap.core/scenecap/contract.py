"""The one type between capture and the rest: a :class:`Frame`.

A frame is what one camera saw of one stage at one time. Every capture source (embedded, recorded, Replicator) converts
into it at the edge; the graph, the captions and the files know nothing else. This module is a leaf: it imports numpy only.

Conventions
    * Lengths are metres. World is right-handed, z up.
    * Camera frame: +x right, +y up, -z forward (USD's and Replicator's).
    * Matrices are 4x4 float64 for *row* vectors and chain left to right:
      ``p_camera = p_local_h @ object_to_world @ world_to_camera``.
    * Continuous pixel coordinates: x right, y down, (0, 0) is the top left corner of the picture, so the centre of the
      pixel in row r, column c is (c + 0.5, r + 0.5). Boxes are ``[x_min, y_min, x_max, y_max]`` of pixel indices, inclusive.
    * Lengths are rounded to 1e-4 m on construction, so that float32 payloads and float64 stages meet.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

#: Version of the layout of everything that is derived from a Frame and written to disk.
FORMAT_VERSION = "1.0"

#: Lengths are rounded to this many decimals [m].
LENGTH_DECIMALS = 4

#: The view matrix is rounded to this many decimals, relative to its axes and its offset: one that went through a payload and
#: back is then the same, bit by bit.
VIEW_DECIMALS = 12

#: Number of fixed directions of :attr:`ObservedObject.footprint_world`.
FOOTPRINT_DIRECTIONS = 32

#: Ids in the instance buffer that are not an object (Replicator's).
BACKGROUND_ID = 0
UNLABELLED_ID = 1
FIRST_ENTITY_ID = 2


class Buffer(str, enum.Enum):
    """Per-pixel buffers of a frame; the values are Replicator's annotator names where it has one."""

    RGB = "rgb"
    DEPTH = "distance_to_image_plane"
    NORMALS = "normals"
    INSTANCE = "instance_segmentation"
    SEMANTIC = "semantic_segmentation"
    ALBEDO = "albedo"


@dataclass(frozen=True)
class BufferSpec:
    """What a buffer holds."""

    dtype: str
    channels: int  # 0 for a plain (H, W) array
    unit: str
    no_data: float  # where nothing was hit
    meaning: str


BUFFER_SPECS: Mapping[Buffer, BufferSpec] = {
    Buffer.RGB: BufferSpec("uint8", 4, "sRGB", 0, "the picture, RGBA"),
    Buffer.DEPTH: BufferSpec("float32", 0, "m", math.inf, "distance to the image plane (not to the camera's centre)"),
    Buffer.NORMALS: BufferSpec("float32", 4, "1", 0.0, "unit normal in world axes, towards the camera; w is 1 where hit"),
    Buffer.INSTANCE: BufferSpec("uint32", 0, "id", BACKGROUND_ID, "0 background, 1 unlabelled, else Frame.entity_ids"),
    Buffer.SEMANTIC: BufferSpec("uint32", 0, "id", BACKGROUND_ID, "0 background, 1 unlabelled, else Frame.semantic_ids"),
    Buffer.ALBEDO: BufferSpec("uint8", 3, "sRGB", 0, "authored base colour without any light"),
}


class LabelSource(str, enum.Enum):
    """Where an object's label came from, in order of precedence."""

    AUTHORED = "authored"
    MAP = "map"
    DATABASE = "database"
    ASSET_INFO = "asset_info"
    PROTOTYPE = "prototype"
    PRIM_NAME = "prim_name"
    RULE = "rule"  # e.g. "robot arm" for a serial chain of joints whose name says nothing


class RoomKind(str, enum.Enum):
    """What a room element is."""

    FLOOR = "floor"
    WALL = "wall"
    CEILING = "ceiling"
    OTHER = "room"


class ContactKind(str, enum.Enum):
    """How a child touches its parent."""

    SUPPORT = "support"
    INSIDE = "inside"
    ATTACHED = "attached"
    HANGING = "hanging"


class Evidence(str, enum.Enum):
    """What a contact or relation rests on."""

    GEOMETRY = "geometry"
    BOXES = "boxes"


@dataclass(frozen=True)
class Contact:
    """One object touching another (or the room), found for all objects whether seen or not.

    Attributes:
        child: Prim path of what rests, lies in, hangs or is attached.
        parent: Prim path of what holds it: an object or a room element.
        kind: How.
        gap: Signed vertical distance [m] from the parent's face up to the child's underside (negative: sunk in). For
            attached/hanging the distance [m] to the face; for inside 0.
        area: Contact area [m^2]; 0 where the kind has none.
        share: Share of the child's underside samples in contact (support), or of walls that enclose it (inside), in 0..1.
        evidence: Mesh geometry, or boxes only.
    """

    child: str
    parent: str
    kind: ContactKind
    gap: float
    area: float
    share: float
    evidence: Evidence


@dataclass(frozen=True)
class LeftOut:
    """A prim (or tree of prims) that is not an object of the frame, and why."""

    path: str
    reason: str
    code: str  # the reason for machines: "guide", "invisible", "transparent", "ghost", "room", "unlabelled", "not_in_view"...


@dataclass(frozen=True, eq=False)
class Visibility:
    """What one camera sees of one object.

    Attributes:
        box_tight: Visible pixels' box ``[x_min, y_min, x_max, y_max]``, inclusive, int.
        box_loose: Box of the whole object's projection, occluded parts included, clipped to the picture.
        visible_px: Number of visible pixels.
        unoccluded_px: Number of pixels it would cover in the picture were it alone; ``visible_px`` where unknown.
        occlusion: 1 - visible_px / unoccluded_px, in 0..1; None where unknown (a payload's -1 or NaN).
        truncated: Whether the picture's edge cuts the object.
        median_depth: Median distance to the image plane of its visible pixels [m]; None where there is no depth.
        color_shares: (basic colour term, share of visible albedo) with the largest share first; empty where unknown.
    """

    box_tight: tuple[int, int, int, int]
    box_loose: tuple[int, int, int, int]
    visible_px: int
    unoccluded_px: int
    occlusion: float | None
    truncated: bool
    median_depth: float | None = None
    color_shares: tuple[tuple[str, float], ...] = ()

    @property
    def box_area(self) -> int:
        """Area [px] of the tight box, edges included."""
        x0, y0, x1, y1 = self.box_tight
        return (x1 - x0 + 1) * (y1 - y0 + 1)


def footprint_directions() -> np.ndarray:
    """Return footprints' fixed directions: (32, 2) float64 unit vectors in world x, y, counter-clockwise from +x."""
    angles = np.arange(FOOTPRINT_DIRECTIONS) * (2.0 * np.pi / FOOTPRINT_DIRECTIONS)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _round(values: np.ndarray) -> np.ndarray:
    rounded = np.round(np.asarray(values, dtype=np.float64), LENGTH_DECIMALS) + 0.0  # + 0.0 turns -0.0 into 0.0
    rounded.setflags(write=False)
    return rounded


@dataclass(frozen=True, eq=False)
class ObservedObject:
    """One object of the stage, seen or not.

    Attributes:
        path: Prim path; of a point instance ``/Instancer[3]``. Unique in the frame.
        label: What to call it, clean and lower case ("office chair"); capped and free of control characters.
        label_source: Where the label came from.
        labels: All labels by taxonomy or semantic type ("class" -> ("bowl",)), as authored.
        attributes: Known facts by kind, e.g. {"color": "white"} from a parent group or the label database.
        attribute_sources: Kind -> where it came from ("parent", "database").
        caption: The object's own caption from the label database, or None.
        box_local: (2, 3) float64 min and max in the prim's local frame [local units].
        object_to_world: (4, 4) float64, local frame -> world [m], scale included.
        aabb_world: (2, 3) float64 axis-aligned box in world [m]: of the geometry where known, else of the eight corners.
        footprint_world: (32,) float64 support function [m] of the geometry's ground-plane outline in
            :func:`footprint_directions`: max over points of ``dot(direction, xy)``.
        visibility: What the frame's camera sees of it; None where it is not in view.
        part_of: Path of the object it is a part of (only with ``parts: keep``).
    """

    path: str
    label: str
    label_source: LabelSource
    box_local: np.ndarray
    object_to_world: np.ndarray
    aabb_world: np.ndarray | None = None
    footprint_world: np.ndarray | None = None
    visibility: Visibility | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    attribute_sources: Mapping[str, str] = field(default_factory=dict)
    caption: str | None = None
    part_of: str | None = None

    def __post_init__(self) -> None:
        box = np.asarray(self.box_local, dtype=np.float64).reshape(2, 3)
        matrix = np.asarray(self.object_to_world, dtype=np.float64).reshape(4, 4)
        object.__setattr__(self, "box_local", box)
        object.__setattr__(self, "object_to_world", matrix)
        corners = self.corners_world
        aabb = np.stack([corners.min(axis=0), corners.max(axis=0)]) if self.aabb_world is None else self.aabb_world
        object.__setattr__(self, "aabb_world", _round(np.asarray(aabb).reshape(2, 3)))
        if self.footprint_world is None:
            footprint = (footprint_directions() @ corners[:, :2].T).max(axis=1)
        else:
            footprint = np.asarray(self.footprint_world, dtype=np.float64).reshape(FOOTPRINT_DIRECTIONS)
        object.__setattr__(self, "footprint_world", _round(footprint))

    @property
    def corners_world(self) -> np.ndarray:
        """(8, 3) float64 corners of the oriented box in world [m], x fastest, then y, then z."""
        lo, hi = self.box_local
        corners = np.array([[x, y, z, 1.0] for z in (lo[2], hi[2]) for y in (lo[1], hi[1]) for x in (lo[0], hi[0])])
        return _round((corners @ self.object_to_world)[:, :3])

    @property
    def center_world(self) -> np.ndarray:
        """(3,) float64 centre of :attr:`aabb_world` [m]."""
        return np.asarray(self.aabb_world).mean(axis=0)

    @property
    def size_world(self) -> np.ndarray:
        """(3,) float64 edges of :attr:`aabb_world` [m]."""
        return np.ptp(np.asarray(self.aabb_world), axis=0)


@dataclass(frozen=True, eq=False)
class RoomElement:
    """A floor, wall or ceiling: the setting, not an object.

    Attributes:
        path: Prim path.
        kind: Floor, wall, ceiling.
        label: What to call it.
        aabb_world: (2, 3) float64 [m].
        visible_px: Pixels that the frame's camera sees of it.
    """

    path: str
    kind: RoomKind
    label: str
    aabb_world: np.ndarray
    visible_px: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "aabb_world", _round(np.asarray(self.aabb_world).reshape(2, 3)))


@dataclass(frozen=True, eq=False)
class CameraView:
    """A pinhole camera with square pixels at one time.

    Attributes:
        path: Prim path of the camera, or ``/auto/<n>`` for a view that was placed automatically.
        width: Picture width [px].
        height: Picture height [px].
        world_to_camera: (4, 4) float64 rigid transform, world [m] -> camera [m].
        focal_px: Focal length [px], the same along x and y.
        center_px: Principal point (x, y) in continuous pixel coordinates (aperture offsets included).
        near_far: Clipping distances [m].
        params: USD's own values, as camera_params names them: focal length and apertures [mm, i.e. tenths of a stage
            unit], focus distance, f-stop; for the files only.
    """

    path: str
    width: int
    height: int
    world_to_camera: np.ndarray
    focal_px: float
    center_px: tuple[float, float]
    near_far: tuple[float, float] = (0.01, 1e6)
    params: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        matrix = np.array(self.world_to_camera, dtype=np.float64).reshape(4, 4)
        matrix[:3] = np.round(matrix[:3], VIEW_DECIMALS)
        offset = float(np.abs(matrix[3, :3]).max())
        if math.isfinite(offset) and offset > 0:
            step = 2.0 ** math.ceil(math.log2(offset))
            matrix[3, :3] = np.round(matrix[3, :3] / step, VIEW_DECIMALS) * step
        matrix += 0.0  # turns -0.0 into 0.0
        matrix.setflags(write=False)
        object.__setattr__(self, "world_to_camera", matrix)

    @property
    def camera_to_world(self) -> np.ndarray:
        """(4, 4) float64 inverse of :attr:`world_to_camera`."""
        return np.linalg.inv(self.world_to_camera)

    @property
    def position_world(self) -> np.ndarray:
        """(3,) float64 camera centre in world [m]."""
        return self.camera_to_world[3, :3]

    @property
    def viewer_to_world(self) -> np.ndarray:
        """(3, 3) float64, rows = unit right, forward and up of the viewer frame in world.

        Forward is the view direction on the ground plane (the camera's up where it looks straight down). Right is the
        picture's right, so the frame is left-handed where the camera hangs upside down.
        """
        camera_to_world = self.camera_to_world
        view, up = -camera_to_world[2, :3], camera_to_world[1, :3]
        forward = np.array([view[0], view[1], 0.0])
        if np.linalg.norm(forward) < 0.05 * np.linalg.norm(view):
            forward = np.array([up[0], up[1], 0.0]) * (1.0 if view[2] <= 0 else -1.0)
        forward = forward / norm if (norm := np.linalg.norm(forward)) > 1e-9 else np.array([0.0, 1.0, 0.0])
        right = np.cross(forward, (0.0, 0.0, 1.0))
        return np.stack([right if right @ camera_to_world[0, :3] >= 0 else -right, forward, np.array([0.0, 0.0, 1.0])])

    def project(self, points_world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project (N, 3) points [m] to (N, 2) continuous pixel coordinates (nan behind the camera) and (N,) depths [m]."""
        points = np.asarray(points_world, dtype=np.float64).reshape(-1, 3)
        camera = points @ self.world_to_camera[:3, :3] + self.world_to_camera[3, :3]
        depth = -camera[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(depth > 0, self.focal_px / depth, np.nan)
            x = self.center_px[0] + camera[:, 0] * scale
            y = self.center_px[1] - camera[:, 1] * scale
        return np.stack([x, y], axis=1), depth


@dataclass(frozen=True, eq=False)
class Frame:
    """What one camera saw of one stage at one time.

    Attributes:
        scene: Name of the scene for people and files (file stem), safe for a path.
        camera: The camera.
        frame_index: Number of the frame in the run's frame range.
        time_code: USD time code it was evaluated at.
        objects: All objects of the stage, seen or not, sorted by path.
        room: Floor, walls, ceiling, sorted by path.
        contacts: Contacts of all objects; None where geometry is not known (the graph then works from boxes).
        left_out: What is no object, and why.
        buffers: Buffers by name, each as in :data:`BUFFER_SPECS`; those that were not asked for are absent.
        entity_ids: Prim path -> id in the instance buffer, for objects and room elements.
        semantic_ids: Label (taxonomy "class" value) -> id in the semantic buffer.
        setting: What kind of place it is ("kitchen"), or None where nothing says so.
        meters_per_unit: Of the stage: world [m] / meters_per_unit = stage units.
        stage_from_world: (4, 4) float64, world [m] -> stage's own axes and units (row vectors).
        source: "embedded", "recorded" or "replicator".
        warnings: What a person should know about this frame.
    """

    scene: str
    camera: CameraView
    objects: tuple[ObservedObject, ...]
    frame_index: int = 0
    time_code: float = 0.0
    room: tuple[RoomElement, ...] = ()
    contacts: tuple[Contact, ...] | None = None
    left_out: tuple[LeftOut, ...] = ()
    buffers: Mapping[Buffer, np.ndarray] = field(default_factory=dict)
    entity_ids: Mapping[str, int] = field(default_factory=dict)
    semantic_ids: Mapping[str, int] = field(default_factory=dict)
    setting: str | None = None
    meters_per_unit: float = 1.0
    stage_from_world: np.ndarray = field(default_factory=lambda: np.eye(4))
    source: str = "embedded"
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        paths = [obj.path for obj in self.objects]
        if len(set(paths)) != len(paths):
            twice = sorted({path for path in paths if paths.count(path) > 1})
            raise ValueError(f"Frame.objects: the path {twice[0]} occurs more than once")
        object.__setattr__(self, "objects", tuple(sorted(self.objects, key=lambda obj: obj.path)))
        object.__setattr__(self, "room", tuple(sorted(self.room, key=lambda element: element.path)))
        shape = (self.camera.height, self.camera.width)
        for name, array in self.buffers.items():
            spec = BUFFER_SPECS[name]
            expected = shape if spec.channels == 0 else (*shape, spec.channels)
            if array.dtype != np.dtype(spec.dtype) or array.shape != expected:
                found = f"{array.dtype} {array.shape}"
                raise ValueError(f"Frame.buffers[{name.value}]: expected {spec.dtype} {expected}, got {found}")

    @property
    def visible(self) -> tuple[ObservedObject, ...]:
        """Objects with at least one visible pixel."""
        return tuple(obj for obj in self.objects if obj.visibility is not None and obj.visibility.visible_px > 0)
