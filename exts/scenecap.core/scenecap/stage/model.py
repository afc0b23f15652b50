"""What a stage is taken apart into: drawn gprims, and the entities (objects, room, ghosts) that own them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from scenecap.contract import LabelSource, LeftOut, RoomKind

if TYPE_CHECKING:
    from pxr import Usd


@dataclass(frozen=True, eq=False)
class DrawnGprim:
    """One drawn occurrence of a gprim. A native instance or a point instance gives one for each occurrence.

    Attributes:
        path: Stable address: the prim's path (an instance proxy's for native instances); for point instances
            ``<instancer path>[<index>]/<path below the prototype root>``. Unique.
        prim: The prim to read from at that address: a scene prim or an instance proxy; for point instances the gprim
            below the prototype root. Primvars, bindings and attributes resolve on it.
        geometry_key: Occurrences with the same key have the same local geometry at any time (the prototype cache's key).
        purpose: "default", "render", "proxy" or "guide".
        instancer: Path of the outermost PointInstancer this occurrence comes from, or None.
        instance_root: ``<instancer>[<index>]`` of the outermost instancer, or None.
        prototype_root: The prim of the point instance's prototype root, or None.
    """

    path: str
    prim: Usd.Prim
    geometry_key: str
    purpose: str
    instancer: str | None = None
    instance_root: str | None = None
    prototype_root: Usd.Prim | None = None


@dataclass(frozen=True, eq=False)
class WalkState:
    """Where the drawn gprims of a walk are at one time.

    Attributes:
        time_code: The time.
        local_to_world: (G, 4, 4) float64, gprim's local units -> world [m], z up (row vectors).
        drawn: (G,) bool: visible, finite and not collapsed (a NaN or zero-scale transform is not drawn).
        left_out: What is not drawn at this time, and why.
    """

    time_code: float
    local_to_world: np.ndarray
    drawn: np.ndarray
    left_out: tuple[LeftOut, ...] = ()


class Role(str, enum.Enum):
    """What an entity is to the frame."""

    OBJECT = "object"
    ROOM = "room"
    GHOST = "ghost"  # semi-transparent, or a marker by name: drawn, listed, kept out of ground truth and graph


@dataclass(frozen=True, eq=False)
class StageEntity:
    """An object, a room element or a ghost of the stage.

    Attributes:
        path: Prim path (``/Instancer[3]`` for a point instance).
        role: What it is.
        label: Clean label.
        label_source: Where that came from.
        rule: Which discovery rule made it ("1 label", "2 instance", ... as ``inspect --explain`` shows), in words.
        labels: Authored labels by taxonomy.
        attributes: Known facts ({"color": "white"}), with ``attribute_sources``.
        caption: The object's own caption from the label database.
        room_kind: For the room.
        part_of: Path of the object it is a part of (only with ``parts: keep``).
        identity: What it is called in the label database (asset identifier), or None.
    """

    path: str
    role: Role
    label: str
    label_source: LabelSource
    rule: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    attribute_sources: Mapping[str, str] = field(default_factory=dict)
    caption: str | None = None
    room_kind: RoomKind | None = None
    part_of: str | None = None
    identity: str | None = None


@dataclass(frozen=True, eq=False)
class Discovery:
    """The entities of a stage and which gprim belongs to which.

    Attributes:
        entities: Objects, room and ghosts, sorted by path.
        owner: (G,) int32, entity index of each drawn gprim; -1 for none (left out).
        left_out: What is nothing of these, and why.
        setting: What kind of place it is ("kitchen"), or None.
        explanations: Prim path -> why it became what it is, for ``inspect --explain``.
    """

    entities: tuple[StageEntity, ...]
    owner: np.ndarray
    left_out: tuple[LeftOut, ...]
    setting: str | None = None
    explanations: Mapping[str, str] = field(default_factory=dict)
