"""The frame itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scenecap.contract.buffers import BUFFER_SPECS, Buffer
from scenecap.contract.camera import CameraView
from scenecap.contract.objects import Contact, LeftOut, ObservedObject, RoomElement
from scenecap.contract.variation import Variation

#: Version of the layout of everything that is derived from a Frame and written to disk.
FORMAT_VERSION = "1.0"


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
        variation: How its stage differs from the authored one; None where the run has no variations.
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
    variation: Variation | None = None

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
