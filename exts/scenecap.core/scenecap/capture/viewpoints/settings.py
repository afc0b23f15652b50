"""Settings of viewpoints: how they are placed, which are turned down."""

from __future__ import annotations

import enum
import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator

from scenecap.stage.ranges import range_type
from scenecap.stage.selector import Selector

#: Most views of one placement.
MAX_VIEWS = 10_000
_FORBID = ConfigDict(extra="forbid", frozen=True)


class PlacementKind(str, enum.Enum):
    """How viewpoints come about."""

    ALL = "all"
    PATHS = "paths"
    AUTO = "auto"
    ORBIT = "orbit"
    LOOK_AT = "look_at"
    VOLUME = "volume"
    KEY_POINTS = "key_points"


class Rule(str, enum.Enum):
    """Why a viewpoint is turned down; the first of them, in this order, that it breaks is counted."""

    OUTSIDE_ROOM = "outside_room"
    INSIDE_GEOMETRY = "inside_geometry"
    TOO_CLOSE = "too_close"
    TOO_LITTLE_IN_VIEW = "too_little_in_view"
    TOO_FEW_OBJECTS = "too_few_objects"
    ONE_OBJECT_FILLS = "one_object_fills"
    HIDDEN_BY_ROOM = "hidden_by_room"
    BACK_FACES = "back_faces"
    TARGET_NOT_SEEN = "target_not_seen"
    SHARE_NOT_REACHED = "share_not_reached"


class Interpolation(str, enum.Enum):
    """How a camera goes from one key point to the next."""

    SMOOTH = "smooth"
    LINEAR = "linear"


if TYPE_CHECKING:
    Elevation = Factor = Metres = Degrees = tuple[float, float]
else:
    Elevation = range_type(-89.0, 89.0, "degrees")
    Degrees = range_type(-360.0, 360.0, "degrees")
    Factor = range_type(0.05, 100.0, "times")
    Metres = range_type(-1e6, 1e6, "metres")


def _parse_point(value: Any) -> tuple[float, float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise ValueError("not a point")
    if not all(isinstance(item, (int, float)) and not isinstance(item, bool) and math.isfinite(item) for item in value):
        raise ValueError("not a point")
    return float(value[0]), float(value[1]), float(value[2])


#: A point in world, metres, z up.
Point = Annotated[
    tuple[float, float, float],
    BeforeValidator(_parse_point),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 3,
            "maxItems": 3,
            "x-allowed": "a point [x, y, z] in metres, z up",
        }
    ),
]


class StageCameras(BaseModel):
    """All cameras of the stage, as they are."""

    model_config = _FORBID

    kind: Literal[PlacementKind.ALL] = Field(description="All cameras of the stage, as they are.")


class NamedCameras(BaseModel):
    """Some cameras of the stage, as they are."""

    model_config = _FORBID

    kind: Literal[PlacementKind.PATHS] = Field(description="Some cameras of the stage, as they are.")
    paths: tuple[str, ...] = Field(min_length=1, description="Prim paths of cameras, or globs of them.")

    @field_validator("paths", mode="before")
    @classmethod
    def _check(cls, value: Any) -> tuple[str, ...]:
        items = value if isinstance(value, (list, tuple)) else [value]
        if not all(isinstance(item, str) and item.startswith(("/", "*")) for item in items):
            raise ValueError("a prim path starts with /, a glob with / or *")
        return tuple(dict.fromkeys(items))


class _Placed(BaseModel):
    """What all views that are placed have: a name."""

    model_config = _FORBID

    name: str | None = Field(
        None,
        pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$",
        description="What its views are called: /name/0, /name/1, ... By default, the kind (and a number where there are "
        "several of it).",
    )


class _WithLens(_Placed):
    """And a lens."""

    field_of_view: float = Field(55.0, ge=1.0, le=170.0, description="Horizontal angle of view [degrees].")


class AutoViews(_Placed):
    """The views that show most, found among some hundred around the scene."""

    kind: Literal[PlacementKind.AUTO] = Field(description="The views that show most, found among many around the scene.")
    count: int = Field(3, ge=1, le=64, description="How many.")


class OrbitViews(_WithLens):
    """Views from all around the scene, or around objects."""

    kind: Literal[PlacementKind.ORBIT] = Field(description="Views from all around the scene, or around objects.")
    around: Selector | None = Field(
        None, description="Objects to go around, by label or glob; views are shared out evenly. Default: around the scene."
    )
    count: int = Field(8, ge=1, le=MAX_VIEWS, description="How many views in all.")
    azimuth: Degrees = Field((0.0, 360.0), description="Directions to look from [degrees], counter-clockwise from world +x.")
    elevation: Elevation = Field((15.0, 60.0), description="Heights to look from [degrees] above the horizon.")
    distance: Factor = Field((1.0, 1.3), description="Distance, as a multiple of the one at which all of it just fits.")


class LookAtViews(_WithLens):
    """Views in which an object has a given size."""

    kind: Literal[PlacementKind.LOOK_AT] = Field(description="Views in which an object has a given size.")
    at: Selector = Field(description="Objects to look at, by label or glob; views are shared out evenly.")
    count: int = Field(4, ge=1, le=MAX_VIEWS, description="How many views in all.")
    share: float = Field(
        0.1, gt=0.0, le=0.9, description="Share of the picture that the object covers, if nothing stands before it."
    )
    tolerance: float = Field(0.25, ge=0.02, le=0.9, description="How far from that the share may be, relative to it.")
    azimuth: Degrees = Field((0.0, 360.0), description="Directions to look from [degrees], counter-clockwise from world +x.")
    elevation: Elevation = Field((15.0, 60.0), description="Heights to look from [degrees] above the horizon.")
    min_visible: float = Field(
        0.3, ge=0.0, le=1.0, description="Least share of the object that is not hidden by others (rule target_not_seen)."
    )


class VolumeViews(_WithLens):
    """Views from anywhere in the room (or around the objects), clear of everything, that look at objects."""

    kind: Literal[PlacementKind.VOLUME] = Field(
        description="Views from anywhere in the room (or around the objects), clear of everything, that look at objects."
    )
    count: int = Field(8, ge=1, le=MAX_VIEWS, description="How many.")
    clearance: float = Field(0.2, ge=0.0, le=1e4, description="Least distance of the camera from any geometry [m].")
    at: Selector | None = Field(None, description="Objects to look at, by label or glob. Default: any.")
    low: Point | None = Field(
        None, description="Lower corner of the volume. Default: of the room, or of the objects' surroundings."
    )
    high: Point | None = Field(None, description="Upper corner of the volume.")
    height: Metres | None = Field(None, description="Heights of the camera above the floor [m]. Default: all of the volume.")


class KeyPoint(BaseModel):
    """A point that the camera passes."""

    model_config = _FORBID

    position: Point = Field(description="Where the camera is.")
    look_at: Point | Selector | None = Field(
        None, description="What it looks at: a point, or an object by label or glob. Default: the middle of the objects."
    )


class KeyPointViews(_WithLens):
    """Views along a path through given points, evenly spaced."""

    kind: Literal[PlacementKind.KEY_POINTS] = Field(description="Views along a path through given points, evenly spaced.")
    points: tuple[KeyPoint, ...] = Field(min_length=1, max_length=1000, description="The points, in order.")
    count: int = Field(10, ge=1, le=MAX_VIEWS, description="How many views along the path, both ends included.")
    interpolation: Interpolation = Field(
        Interpolation.SMOOTH, description="Between points: `smooth` (a curve) or `linear` (straight lines)."
    )
    closed: bool = Field(False, description="Go back to the first point at the end.")


#: One way of getting viewpoints, told apart by its ``kind``.
Placement = Annotated[
    StageCameras | NamedCameras | AutoViews | OrbitViews | LookAtViews | VolumeViews | KeyPointViews,
    Field(discriminator="kind"),
]


def parse_placements(value: Any) -> Any:
    """Return a list of placements: one alone stands for a list of it, and a kind alone for one with its defaults."""
    if value is None or value == "":
        return ()
    items = value if isinstance(value, (list, tuple)) else [value]
    return [{"kind": item.strip()} if isinstance(item, str) else item for item in items]


#: Placements, as written by a person.
Placements = Annotated[tuple[Placement, ...], BeforeValidator(parse_placements)]


class RejectionSettings(BaseModel):
    """Which placed viewpoints are turned down. What is in view is measured on a small picture from the rasteriser."""

    model_config = _FORBID

    candidates: int = Field(
        24, ge=1, le=10_000, description="Most viewpoints that are tried for each view; if none will do, the view is missing."
    )
    edge: int = Field(160, ge=16, le=2048, description="Longer edge of the small picture [px].")
    inside_geometry: bool = Field(True, description="Turn down what is inside of solid things.")
    outside_room: bool = Field(True, description="Turn down what is outside of the walls, where the room has some.")
    clearance: float = Field(
        0.05, ge=0.0, le=1e4, description="Least distance of the camera from any geometry [m] (rule too_close)."
    )
    min_covered: float = Field(
        0.1, ge=0.0, le=1.0, description="Least share of the picture that shows geometry (rule too_little_in_view)."
    )
    min_objects: int = Field(1, ge=0, le=1000, description="Least number of objects in view (rule too_few_objects).")
    min_object_share: float = Field(
        0.0005, ge=0.0, le=1.0, description="Share of the picture from which on an object counts as in view."
    )
    max_object_share: float = Field(
        0.7, gt=0.0, le=1.0, description="Largest share of the picture that one object may cover (rule one_object_fills)."
    )
    max_hidden_by_room: float = Field(
        0.25,
        ge=0.0,
        le=1.0,
        description="Largest share of the objects in the picture that floor, walls, ceiling may hide (rule hidden_by_room): "
        "what is seen over a wall from behind is turned down, whether or not the walls enclose a room.",
    )
    max_back_faces: float = Field(
        0.1,
        ge=0.0,
        le=1.0,
        description="Largest share of the picture that may show faces from behind: of walls from outside, of shells from "
        "within (rule back_faces). Open meshes that are double-sided have no behind.",
    )
