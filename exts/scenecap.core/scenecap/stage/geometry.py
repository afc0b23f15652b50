"""Geometry of gprims, read once per prototype, and exact bounds in world."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from pxr import Usd, UsdGeom

from scenecap.contract import footprint_directions
from scenecap.stage.curves import read_curves, read_point_cloud
from scenecap.stage.gprims import SHAPE_ATTRIBUTES, read_gprim
from scenecap.stage.mesh import LocalMesh, empty_mesh, read_mesh
from scenecap.stage.model import DrawnGprim, WalkState
from scenecap.stage.open import OpenStage
from scenecap.stage.walk import StageWalk

logger = logging.getLogger(__name__)

#: Default of how often a subdivision surface is refined.
DEFAULT_SUBDIVISION_LEVEL = 2

_SHAPE_OF_MESH = (
    "points",
    "faceVertexCounts",
    "faceVertexIndices",
    "holeIndices",
    "curveVertexCounts",
    "widths",
    "normals",
    "primvars:normals",
    "creaseSharpnesses",
)


@dataclass(frozen=True, eq=False)
class _Entry:
    mesh: LocalMesh
    time: float | None  # None: the same at any time


class GeometryCache:
    """Triangles of every gprim, in its own space.

    Occurrences with one ``geometry_key`` share one :class:`LocalMesh`; geometry with time samples is read again at each new
    time (the last one is kept).

    Args:
        open_stage: The stage.
        subdivision_level: How often ``catmullClark`` and ``loop`` meshes are refined; 0 keeps their cages.

    Attributes:
        problems: One text for each gprim that could not be read whole, naming its path; the open stage gets them too.
    """

    def __init__(self, open_stage: OpenStage, *, subdivision_level: int = DEFAULT_SUBDIVISION_LEVEL) -> None:
        self._open_stage = open_stage
        self._level = subdivision_level
        self._entries: dict[str, _Entry] = {}
        self._varying: dict[str, bool] = {}
        self.problems: list[str] = []

    def get(self, gprim: DrawnGprim, time_code: float) -> LocalMesh:
        """Return a gprim's triangles at a time; an empty mesh where there is nothing to draw.

        Args:
            gprim: One of the walk's.
            time_code: When.
        """
        key = gprim.geometry_key
        entry = self._entries.get(key)
        if entry is None or (entry.time is not None and entry.time != time_code):
            varies = self.varies(gprim)
            mesh = self._read(gprim, Usd.TimeCode(time_code))
            if entry is None:
                for problem in mesh.problems:
                    self.problems.append(f"{gprim.path}: {problem}")
                    self._open_stage.add_problem(f"{gprim.path}: {problem}")
            entry = _Entry(mesh, time_code if varies else None)
            self._entries[key] = entry
        return entry.mesh

    def varies(self, gprim: DrawnGprim) -> bool:
        """Return whether a gprim's own geometry changes over time (its transform does not count)."""
        key = gprim.geometry_key
        if key not in self._varying:
            names = (*_SHAPE_OF_MESH, *SHAPE_ATTRIBUTES)
            attributes = (gprim.prim.GetAttribute(name) for name in names)
            self._varying[key] = any(a and a.ValueMightBeTimeVarying() for a in attributes)
        return self._varying[key]

    def _read(self, gprim: DrawnGprim, time: Usd.TimeCode) -> LocalMesh:
        prim = gprim.prim
        try:
            if prim.IsA(UsdGeom.Mesh):
                return read_mesh(prim, time, subdivision_level=self._level)
            shape = read_gprim(prim, time)
            if shape is not None:
                return shape
            if prim.IsA(UsdGeom.BasisCurves):
                return read_curves(prim, time)
            if prim.IsA(UsdGeom.Points):
                return read_point_cloud(prim, time)
        except (ValueError, IndexError, TypeError) as error:  # a file may hold anything; one bad prim must not end a run
            logger.debug("reading %s failed", gprim.path, exc_info=True)
            return empty_mesh(f"the geometry cannot be read ({error})")
        return empty_mesh(f"a {prim.GetTypeName()} is not drawn")

    def bounds_local(self, gprim: DrawnGprim, time_code: float) -> np.ndarray:
        """Return (2, 3) float64 min and max in the gprim's local units; nan where empty."""
        return self.get(gprim, time_code).bounds

    def extremes_world(
        self, walk: StageWalk, state: WalkState, *, rows: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return exact boxes and ground-plane outlines of gprims, from their points.

        Args:
            walk: The drawn gprims.
            state: Where they are.
            rows: (R,) int, the gprims that are wanted; None for all.

        Returns:
            (R, 2, 3) float64 axis-aligned boxes in world [m] and (R, 32) float64 support functions [m] in
            :func:`scenecap.contract.footprint_directions`; nan where nothing is drawn.
        """
        rows = np.arange(len(walk.gprims)) if rows is None else rows
        directions = footprint_directions().T
        bounds = np.full((len(rows), 2, 3), np.nan)
        footprints = np.full((len(rows), directions.shape[1]), np.nan)
        for at, row in enumerate(rows):
            if not state.drawn[row]:
                continue
            mesh = self.get(walk.gprims[row], state.time_code)
            if mesh.empty:
                continue
            matrix = state.local_to_world[row]
            points = mesh.points @ matrix[:3, :3] + matrix[3, :3]
            bounds[at, 0], bounds[at, 1] = points.min(axis=0), points.max(axis=0)
            footprints[at] = (points[:, :2] @ directions).max(axis=0)
        return bounds, footprints

    def bounds_world(self, walk: StageWalk, state: WalkState) -> np.ndarray:
        """Return (G, 2, 3) float64 exact axis-aligned boxes in world [m]; nan where nothing is drawn."""
        return self.extremes_world(walk, state)[0]
