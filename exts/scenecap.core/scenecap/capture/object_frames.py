"""Boxes of objects: in the object prim's own frame, as Replicator's ``bounding_box_3d``, and exact in world."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from pxr import Usd, UsdGeom

from scenecap.capture.variation.model import AUTHORED, StageVariation
from scenecap.contract import ObservedObject
from scenecap.stage.geometry import GeometryCache
from scenecap.stage.model import StageEntity, WalkState
from scenecap.stage.walk import StageWalk

#: Decimals that are kept of matrices between gprims and their object, relative to their largest entry.
_MATRIX_DECIMALS = 12


class ObjectFrames:
    """Works out where objects are at a time. Results depend on the time alone, not on the times asked for before.

    Args:
        walk: The drawn gprims.
        geometry: Their triangles.
    """

    def __init__(self, walk: StageWalk, geometry: GeometryCache) -> None:
        self._walk = walk
        self._geometry = geometry
        self._boxes: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._cache: tuple[float, UsdGeom.XformCache] | None = None
        self._pinned: Mapping[str, np.ndarray | None] = {}
        self._variation: StageVariation = AUTHORED

    def pin(self, frames: Mapping[str, np.ndarray | None]) -> None:
        """Take these frames (object path -> (4, 4) to world [m], or None) from now on instead of the stage's."""
        self._pinned = frames

    def displace(self, variation: StageVariation) -> None:
        """Move prims as a variation does, from now on."""
        self._variation = variation

    def frame_of(self, path: str, rows: np.ndarray, state: WalkState) -> np.ndarray | None:
        """Return (4, 4) the object prim's frame -> world [m] as the stage has it; None where it cannot be inverted."""
        return self._object_to_world(path, rows, state)

    def observe(
        self, entity: StageEntity, rows: np.ndarray, *, state: WalkState, bounds: np.ndarray, footprints: np.ndarray
    ) -> ObservedObject:
        """Return an object at a time, without anything that depends on a camera.

        Args:
            entity: The object.
            rows: Its gprims that are drawn.
            state: Where gprims are.
            bounds: (G, 2, 3) boxes of gprims in world [m].
            footprints: (G, 32) outlines of gprims in world [m].
        """
        aabb = np.stack([bounds[rows, 0].min(axis=0), bounds[rows, 1].max(axis=0)])
        pinned = entity.path in self._pinned
        frame = self._pinned[entity.path] if pinned else self._object_to_world(entity.path, rows, state)
        if frame is None:  # flattened or broken transforms have no frame to measure in
            frame, box = np.eye(4), aabb
        else:
            box = self._box_local(entity.path, rows, frame, state)
        return ObservedObject(
            path=entity.path,
            label=entity.label,
            label_source=entity.label_source,
            box_local=box,
            object_to_world=frame,
            aabb_world=aabb,
            footprint_world=footprints[rows].max(axis=0),
            labels=entity.labels,
            attributes=entity.attributes,
            attribute_sources=entity.attribute_sources,
            caption=entity.caption,
            part_of=entity.part_of,
        )

    def moves_by_itself(self, entity: StageEntity) -> bool:
        """Return whether the object prim's own frame may move, whatever its gprims do."""
        prim = self._walk.open_stage.stage.GetPrimAtPath(entity.path) if "[" not in entity.path else None
        while prim and not prim.IsPseudoRoot():
            xformable = UsdGeom.Xformable(prim)
            if xformable and xformable.TransformMightBeTimeVarying():
                return True
            prim = prim.GetParent()
        return False

    def _xforms(self, time_code: float) -> UsdGeom.XformCache:
        if self._cache is None or self._cache[0] != time_code:
            self._cache = (time_code, UsdGeom.XformCache(Usd.TimeCode(time_code)))
        return self._cache[1]

    def _object_to_world(self, path: str, rows: np.ndarray, state: WalkState) -> np.ndarray | None:
        """Return (4, 4) the object prim's frame -> world [m]; None where it has none that can be inverted."""
        xforms = self._xforms(state.time_code)
        open_stage = self._walk.open_stage
        if "[" not in path:
            prim = open_stage.stage.GetPrimAtPath(path)
            if not prim:
                return None
            frame = np.array(xforms.GetLocalToWorldTransform(prim)) @ open_stage.world_from_stage
            motion = self._variation.motions.get(path)
            return _invertible(frame if motion is None else frame @ motion)
        # A point instance has no prim of its own: go up from one of its gprims to the prototype's root.
        gprim = self._walk.gprims[rows[0]]
        below = gprim.path[len(path) :] if gprim.path.startswith(path) else "["
        if "[" in below:
            return None
        root = gprim.prim
        for _ in range(below.count("/")):
            root = root.GetParent()
        gprim_to_root = _invertible(np.array(xforms.ComputeRelativeTransform(gprim.prim, root)[0]))
        if gprim_to_root is None:
            return None
        return _invertible(np.linalg.inv(gprim_to_root) @ state.local_to_world[rows[0]])

    def _box_local(self, path: str, rows: np.ndarray, frame: np.ndarray, state: WalkState) -> np.ndarray:
        """Return (2, 3) box of the object's points in its own frame; kept while its gprims do not move in it."""
        to_object = _rounded(state.local_to_world[rows] @ np.linalg.inv(frame))
        gprims = [self._walk.gprims[row] for row in rows]
        known = self._boxes.get(path)
        if known is not None and np.array_equal(known[0], to_object) and not any(map(self._geometry.varies, gprims)):
            return known[1]
        low, high = np.full(3, np.inf), np.full(3, -np.inf)
        for gprim, matrix in zip(gprims, to_object, strict=True):
            points = self._geometry.get(gprim, state.time_code).points @ matrix[:3, :3] + matrix[3, :3]
            low, high = np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))
        box = np.stack([low, high])
        self._boxes[path] = (to_object, box)
        return box


def _rounded(matrices: np.ndarray) -> np.ndarray:
    """Return matrices without the float noise that moving together leaves between a gprim and its object."""
    largest = float(np.abs(matrices).max())
    step = 2.0 ** math.ceil(math.log2(largest)) if largest > 0 else 1.0
    return np.round(matrices / step, _MATRIX_DECIMALS) * step


def _invertible(matrix: np.ndarray) -> np.ndarray | None:
    axes = matrix[:3, :3]
    if not np.isfinite(matrix).all():
        return None
    longest = float(np.linalg.norm(axes, axis=1).max())
    return matrix if longest > 0 and abs(float(np.linalg.det(axes / longest))) > 1e-9 else None
