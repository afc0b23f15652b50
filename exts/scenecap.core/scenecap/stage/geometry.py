"""Geometry of gprims, read once per prototype, and exact bounds in world."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from pxr import Usd, UsdGeom
from scipy.spatial import ConvexHull, QhullError

from scenecap.contract import FOOTPRINT_DIRECTIONS, footprint_directions
from scenecap.stage.curves import read_curves, read_point_cloud
from scenecap.stage.gprims import SHAPE_ATTRIBUTES, read_gprim
from scenecap.stage.mesh import LocalMesh, empty_mesh, read_mesh
from scenecap.stage.model import DrawnGprim, WalkState
from scenecap.stage.open import OpenStage
from scenecap.stage.walk import StageWalk

logger = logging.getLogger(__name__)

#: Default of how often a subdivision surface is refined.
DEFAULT_SUBDIVISION_LEVEL = 2

#: From this many occurrences on, a mesh's hull is worked out once instead of transforming all its points each time.
_MANY = 8
#: Meshes with fewer points are not worth a hull.
_HULL_FROM = 64
#: Points that are transformed at once.
_CHUNK = 100_000

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
        self._extreme: dict[int, tuple[LocalMesh, np.ndarray]] = {}
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
        bounds = np.full((len(rows), 2, 3), np.nan)
        footprints = np.full((len(rows), FOOTPRINT_DIRECTIONS), np.nan)
        together: dict[int, tuple[LocalMesh, list[int]]] = {}
        for at, row in enumerate(rows):
            if state.drawn[row]:
                mesh = self.get(walk.gprims[row], state.time_code)
                if not mesh.empty:
                    together.setdefault(id(mesh), (mesh, []))[1].append(at)
        for mesh, places in together.values():
            points = mesh.points if len(places) < _MANY else self.extreme_points(mesh)
            for start in range(0, len(places), chunk := max(_CHUNK // len(points), 1)):
                part = places[start : start + chunk]
                bounds[part], footprints[part] = _extremes(points, state.local_to_world[rows[part]])
        return bounds, footprints

    def extreme_points(self, mesh: LocalMesh) -> np.ndarray:
        """Return points whose convex hull is the mesh's: no affine map makes another point extreme."""
        known = self._extreme.get(id(mesh))
        if known is None:
            points = mesh.points
            if len(points) > _HULL_FROM:
                try:
                    points = points[ConvexHull(points).vertices]
                except QhullError:  # flat or a line
                    points = mesh.points
            known = (mesh, points)  # holding the mesh keeps its id its own
            self._extreme[id(mesh)] = known
        return known[1]

    def bounds_world(self, walk: StageWalk, state: WalkState) -> np.ndarray:
        """Return (G, 2, 3) float64 exact axis-aligned boxes in world [m]; nan where nothing is drawn."""
        return self.extremes_world(walk, state)[0]


def _extremes(points: np.ndarray, local_to_world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (K, 2, 3) boxes and (K, 32) ground-plane outlines in world of (N, 3) points under (K, 4, 4) matrices."""
    world = points @ local_to_world[:, :3, :3] + local_to_world[:, 3:, :3]
    outline = (world[:, :, :2] @ footprint_directions().T).max(axis=1)
    return np.stack([world.min(axis=1), world.max(axis=1)], axis=1), outline
