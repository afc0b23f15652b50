"""What is in a frame: objects, the room, contacts between them, and what was left out."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

#: Lengths are rounded to this many decimals [m].
LENGTH_DECIMALS = 4

#: Number of fixed directions of :attr:`ObservedObject.footprint_world`.
FOOTPRINT_DIRECTIONS = 32


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
