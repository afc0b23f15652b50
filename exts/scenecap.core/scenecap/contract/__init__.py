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

from scenecap.contract.buffers import BACKGROUND_ID, BUFFER_SPECS, FIRST_ENTITY_ID, UNLABELLED_ID, Buffer, BufferSpec
from scenecap.contract.camera import VIEW_DECIMALS, CameraView
from scenecap.contract.frame import FORMAT_VERSION, Frame
from scenecap.contract.licences import AssetLicence, SceneLicences
from scenecap.contract.objects import (
    FOOTPRINT_DIRECTIONS,
    LENGTH_DECIMALS,
    Contact,
    ContactKind,
    Evidence,
    LabelSource,
    LeftOut,
    ObservedObject,
    RoomElement,
    RoomKind,
    Visibility,
    footprint_directions,
)
from scenecap.contract.variation import VARIATION_COUNTS, Change, ChangeKind, Variation

__all__ = [
    "BACKGROUND_ID",
    "BUFFER_SPECS",
    "FIRST_ENTITY_ID",
    "FOOTPRINT_DIRECTIONS",
    "FORMAT_VERSION",
    "LENGTH_DECIMALS",
    "UNLABELLED_ID",
    "VARIATION_COUNTS",
    "VIEW_DECIMALS",
    "AssetLicence",
    "Buffer",
    "BufferSpec",
    "CameraView",
    "Change",
    "ChangeKind",
    "Contact",
    "ContactKind",
    "Evidence",
    "Frame",
    "LabelSource",
    "LeftOut",
    "ObservedObject",
    "RoomElement",
    "RoomKind",
    "SceneLicences",
    "Variation",
    "Visibility",
    "footprint_directions",
]
