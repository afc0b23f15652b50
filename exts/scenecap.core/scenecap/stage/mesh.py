"""Read a UsdGeom.Mesh into triangles: winding, holes, n-gons, subdivision, normals, texture coordinates, subsets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from pxr import Usd, UsdGeom, UsdShade

from scenecap.stage.subdivide import Cage, refine_catmull_clark, refine_loop, to_limit
from scenecap.stage.triangulate import Polygons, read_polygons, triangulate

logger = logging.getLogger(__name__)

#: A mesh is not refined past this many faces, whatever the level that was asked for: a cage that fine shows no corners.
MAX_REFINED_FACES = 40_000

#: Names that texture coordinates go by, in order of preference.
UV_NAMES = ("st", "st0", "st_0", "UVMap", "uv", "map1", "UVChannel_1")


@dataclass(eq=False)
class LocalMesh:
    """Triangles of one gprim in its own space.

    Corners of a triangle run counter-clockwise seen from outside (``leftHanded`` is already turned around).

    Attributes:
        points: (N, 3) float64 in the gprim's local units, all of them used by a triangle.
        triangles: (T, 3) int32 indices of points.
        face_material: (T,) int32: 0 = the gprim's own material, k = the k-th of its ``materialBind`` GeomSubsets (from 1,
            in the order of ``UsdShade.MaterialBindingAPI.GetMaterialBindSubsets()``).
        smooth: Whether normals vary over the surface (authored per corner, or a refined or round shape).
        refined: Subdivision levels that were applied.
        problems: What was wrong with what is authored, without the path.
    """

    points: np.ndarray
    triangles: np.ndarray
    face_material: np.ndarray
    smooth: bool = False
    refined: int = 0
    problems: tuple[str, ...] = ()
    _normals: Callable[[], np.ndarray | None] | None = field(default=None, repr=False)
    _uvs: Callable[[str | None], np.ndarray | None] | None = field(default=None, repr=False)
    _normals_made: np.ndarray | None = field(default=None, repr=False)
    _uv_made: dict[str | None, np.ndarray | None] = field(default_factory=dict, repr=False)

    @property
    def normals(self) -> np.ndarray:
        """(T, 3, 3) float32 unit normals per corner, local space; the face's own where nothing is authored."""
        if self._normals_made is None:
            made = self._normals() if self._normals is not None else None
            if made is None:
                made = np.repeat(face_normals(self.points, self.triangles)[:, None, :], 3, axis=1)
            self._normals_made = np.ascontiguousarray(made, dtype=np.float32)
        return self._normals_made

    @property
    def uv(self) -> np.ndarray | None:
        """(T, 3, 2) float32 texture coordinates per corner of the first usual set (``st`` ...), or None."""
        return self.uv_named(None)

    def uv_named(self, name: str | None) -> np.ndarray | None:
        """Return (T, 3, 2) float32 texture coordinates of the primvar of that name (None: the usual one), or None."""
        if name not in self._uv_made:
            made = self._uvs(name) if self._uvs is not None else None
            self._uv_made[name] = None if made is None else np.ascontiguousarray(made, dtype=np.float32)
        return self._uv_made[name]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return len(self.triangles) == 0

    @property
    def bounds(self) -> np.ndarray:
        """(2, 3) float64 min and max of the points, nan where empty."""
        if self.empty:
            return np.full((2, 3), np.nan)
        return np.stack([self.points.min(axis=0), self.points.max(axis=0)])


def empty_mesh(*problems: str) -> LocalMesh:
    """Return a mesh without triangles."""
    return LocalMesh(np.zeros((0, 3)), np.zeros((0, 3), np.int32), np.zeros(0, np.int32), problems=tuple(problems))


def face_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return (T, 3) float64 unit normals of triangles; zero for those without area."""
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    return unit_rows(np.cross(b - a, c - a))


def smooth_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return (T, 3, 3) float64 normals per corner: the faces' at each point, weighted by their angle there.

    Angles do not depend on how a polygon was cut into triangles (Thuermer and Wuethrich 1998).
    """
    corners = points[triangles]
    normal = unit_rows(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    ahead = unit_rows(np.roll(corners, -1, axis=1) - corners)
    back = unit_rows(np.roll(corners, 1, axis=1) - corners)
    angle = np.arccos(np.clip(np.einsum("tkj,tkj->tk", ahead, back), -1.0, 1.0))
    weighted = (angle[:, :, None] * normal[:, None, :]).reshape(-1, 3)
    at = triangles.ravel()
    sums = np.stack([np.bincount(at, weighted[:, k], minlength=len(points)) for k in range(3)], axis=1)
    return unit_rows(sums)[triangles]


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Return vectors over the last axis at length 1; zero and not finite ones become zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    sound = np.isfinite(length) & (length > 1e-30)
    return np.divide(vectors, length, out=np.zeros_like(vectors, dtype=np.float64), where=sound)


def read_mesh(prim: Usd.Prim, time: Usd.TimeCode, *, subdivision_level: int) -> LocalMesh:
    """Read a mesh.

    Args:
        prim: A UsdGeom.Mesh (an instance proxy will do).
        time: When.
        subdivision_level: How often a ``catmullClark`` or ``loop`` mesh is refined; 0 draws its cage with smooth normals.

    Returns:
        The mesh; empty, with the reason in ``problems``, where nothing can be drawn.
    """
    mesh = UsdGeom.Mesh(prim)
    points = read_points(mesh.GetPointsAttr(), time)
    counts = mesh.GetFaceVertexCountsAttr().Get(time)
    indices = mesh.GetFaceVertexIndicesAttr().Get(time)
    if points is None or counts is None or indices is None or not len(points) or not len(counts) or not len(indices):
        return empty_mesh("the mesh is empty")
    holes = mesh.GetHoleIndicesAttr().Get(time)
    polygons, problems = read_polygons(
        np.asarray(counts), np.asarray(indices), points=points, holes=None if not holes else np.asarray(holes)
    )
    if not len(polygons.counts):
        return empty_mesh(*problems, "no face of the mesh can be drawn")
    if prim.HasAttribute("primvars:skel:jointIndices"):
        problems.append("the mesh is skinned; it is drawn in its rest pose")
    authored = _Authored(prim, time, points=len(points), faces=len(counts), corners=len(indices))
    scheme = mesh.GetSubdivisionSchemeAttr().Get(time) or UsdGeom.Tokens.catmullClark
    refined, uv_columns, uv_slices = 0, None, {}
    if scheme in (UsdGeom.Tokens.catmullClark, UsdGeom.Tokens.loop):
        if scheme == UsdGeom.Tokens.loop and not (polygons.counts == 3).all():
            problems.append("the Loop scheme needs triangles; refined as Catmull-Clark")
            scheme = UsdGeom.Tokens.catmullClark
        growth = 4 if scheme == UsdGeom.Tokens.loop else None
        levels = _levels(polygons, subdivision_level, growth)
        if levels:
            uv_columns, uv_slices = authored.all_uv_columns(polygons)
            cage = _cage(mesh, time, points, polygons, uv_columns)
            refine = refine_loop if scheme == UsdGeom.Tokens.loop else refine_catmull_clark
            for _ in range(levels):
                cage = refine(cage)
            cage = to_limit(cage)
            points, polygons, uv_columns, refined = cage.points, cage.polygons, cage.weights, levels
    if mesh.GetOrientationAttr().Get(time) == UsdGeom.Tokens.leftHanded:
        if uv_columns is not None:  # rows are by position, and so must turn with the corners
            turned = Polygons(polygons.counts, polygons.vertices, np.arange(len(polygons.vertices)), polygons.faces).flipped()
            uv_columns = uv_columns[turned.corners]
        polygons = polygons.flipped()
    corners, face = triangulate(polygons, points)
    triangles = polygons.vertices[corners]
    is_surface = scheme in (UsdGeom.Tokens.catmullClark, UsdGeom.Tokens.loop)
    normals_source, uv_source = _sources(
        authored, polygons, corners, face, is_surface=is_surface, uv_columns=uv_columns, uv_slices=uv_slices
    )
    compact, kept = _only_used(points, triangles)
    result = LocalMesh(
        compact,
        kept.astype(np.int32),
        _face_material(prim, time, polygons.faces[face], len(counts)),
        smooth=is_surface or authored.normals_vary,
        refined=refined,
        problems=tuple(problems),
        _uvs=uv_source,
    )
    if is_surface:
        result._normals = lambda: smooth_normals(result.points, result.triangles)
    else:
        result._normals = normals_source
    return result


def read_points(attribute: Usd.Attribute, time: Usd.TimeCode) -> np.ndarray | None:
    """Return (N, 3) float64 points, or None where there are none."""
    values = attribute.Get(time)
    if values is None or len(values) == 0:
        return None
    return np.asarray(values, dtype=np.float64).reshape(-1, 3)


def _levels(polygons: Polygons, wanted: int, growth: int | None) -> int:
    """Return how many refinements stay under MAX_REFINED_FACES."""
    faces = len(polygons.counts)
    for level in range(wanted):
        faces = len(polygons.vertices) if growth is None and level == 0 else faces * 4
        if faces > MAX_REFINED_FACES:
            return level
    return wanted


def _cage(mesh: UsdGeom.Mesh, time: Usd.TimeCode, points: np.ndarray, polygons: Polygons, weights: np.ndarray | None) -> Cage:
    pairs: list[tuple[int, int, float]] = []
    chain = np.asarray(mesh.GetCreaseIndicesAttr().Get(time) or [], dtype=np.int64)
    lengths = np.asarray(mesh.GetCreaseLengthsAttr().Get(time) or [], dtype=np.int64)
    sharpness = np.asarray(mesh.GetCreaseSharpnessesAttr().Get(time) or [], dtype=np.float64)
    at, per_edge = 0, len(sharpness) != len(lengths)
    edge = 0
    for number, length in enumerate(lengths):
        for step in range(max(int(length) - 1, 0)):
            slot = edge if per_edge else number
            if at + step + 1 < len(chain) and slot < len(sharpness):
                pairs.append((int(chain[at + step]), int(chain[at + step + 1]), float(sharpness[slot])))
            edge += 1
        at += int(length)
    sound = [p for p in pairs if min(p[:2]) >= 0 and max(p[:2]) < len(points) and p[2] > 0]
    corner = np.asarray(mesh.GetCornerIndicesAttr().Get(time) or [], dtype=np.int64)
    corner_sharpness = np.asarray(mesh.GetCornerSharpnessesAttr().Get(time) or [], dtype=np.float64)
    n = min(len(corner), len(corner_sharpness))
    kept = (corner[:n] >= 0) & (corner[:n] < len(points)) & (corner_sharpness[:n] > 0)
    # A point that is not finite is in no face, but would spread through sums of zero weight.
    points = np.where(np.isfinite(points).all(axis=1, keepdims=True), points, 0.0)
    return Cage(
        points,
        polygons,
        weights,
        np.array([p[:2] for p in sound], dtype=np.int64).reshape(-1, 2),
        np.array([p[2] for p in sound], dtype=np.float64),
        corner[:n][kept],
        corner_sharpness[:n][kept],
    )


def _only_used(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the points that a triangle uses, so that stray points do not widen bounds, and renumbered triangles."""
    used = np.zeros(len(points), dtype=bool)
    used[triangles.ravel()] = True
    if used.all():
        return points, triangles
    return points[used], (np.cumsum(used) - 1)[triangles]


class _Authored:
    """Primvars of a mesh, resolved to corners."""

    def __init__(self, prim: Usd.Prim, time: Usd.TimeCode, *, points: int, faces: int, corners: int) -> None:
        self.prim, self.time = prim, time
        self.sizes = {
            UsdGeom.Tokens.constant: 1,
            UsdGeom.Tokens.uniform: faces,
            UsdGeom.Tokens.vertex: points,
            UsdGeom.Tokens.varying: points,
            UsdGeom.Tokens.faceVarying: corners,
        }
        self.primvars = UsdGeom.PrimvarsAPI(prim)
        self._normals_found = self._find_normals()

    @property
    def normals_vary(self) -> bool:
        """Whether normals are authored per point or corner."""
        return self._normals_found is not None and self._normals_found[1] not in (
            UsdGeom.Tokens.constant,
            UsdGeom.Tokens.uniform,
        )

    def _find_normals(self) -> tuple[np.ndarray, str] | None:
        primvar = self.primvars.FindPrimvarWithInheritance("normals")
        if primvar and primvar.HasAuthoredValue():  # takes precedence over the attribute, as UsdGeom says
            values, kind = primvar.ComputeFlattened(self.time), primvar.GetInterpolation()
        else:
            mesh = UsdGeom.Mesh(self.prim)
            attribute = mesh.GetNormalsAttr()
            if not attribute.HasAuthoredValue():
                return None
            values, kind = attribute.Get(self.time), mesh.GetNormalsInterpolation()
        if values is None or len(values) != self.sizes.get(kind, -1):
            return None
        array = np.asarray(values, dtype=np.float64)
        return (array, kind) if array.ndim == 2 and array.shape[1] == 3 else None

    def spread(self, values: np.ndarray, kind: str, polygons: Polygons, corners: np.ndarray, face: np.ndarray) -> np.ndarray:
        """Return values at corners (R, k) of faces (R,), as (R, k, ...)."""
        if kind == UsdGeom.Tokens.constant:
            return np.broadcast_to(values[0], (*corners.shape, *values.shape[1:]))
        if kind == UsdGeom.Tokens.uniform:
            return np.repeat(values[polygons.faces[face]][:, None], corners.shape[1], axis=1)
        if kind == UsdGeom.Tokens.faceVarying:
            return values[polygons.corners[corners]]
        return values[polygons.vertices[corners]]

    def normals(self, polygons: Polygons, corners: np.ndarray, face: np.ndarray) -> np.ndarray | None:
        """Return (T, 3, 3) authored normals, or None."""
        if self._normals_found is None:
            return None
        return unit_rows(self.spread(*self._normals_found, polygons, corners, face))

    def uv_values(self, name: str | None) -> tuple[np.ndarray, str] | None:
        """Return texture coordinates of a primvar and how they are spread."""
        names = UV_NAMES if name is None else (name,)
        candidates = [self.primvars.FindPrimvarWithInheritance(item) for item in names]
        if name is None:
            candidates += [p for p in self.primvars.GetPrimvarsWithValues() if "texCoord2" in str(p.GetTypeName())]
        for primvar in candidates:
            if not primvar or not primvar.HasValue():
                continue
            values = primvar.ComputeFlattened(self.time)
            kind = primvar.GetInterpolation()
            if values is None or len(values) == 0 or len(values) != self.sizes.get(kind, -1):
                continue
            array = np.asarray(values, dtype=np.float64)
            if array.ndim == 2 and array.shape[1] >= 2:
                return array[:, :2], kind
        return None

    def all_uv_columns(self, polygons: Polygons) -> tuple[np.ndarray | None, dict[str | None, int]]:
        """Return all texture coordinates at corners side by side, for refining, and each one's column."""
        names = [p.GetPrimvarName() for p in self.primvars.GetPrimvarsWithValues() if "2" in str(p.GetTypeName())]
        face = np.repeat(np.arange(len(polygons.counts)), polygons.counts)
        columns: list[np.ndarray] = []
        slices: dict[str | None, int] = {}
        for name in [None, *names]:
            found = self.uv_values(name)
            if found is not None:
                slices[name] = 2 * len(columns)
                at = np.arange(len(polygons.vertices))
                columns.append(self.spread(*found, polygons, at[:, None], face).reshape(-1, 2))
        return (np.concatenate(columns, axis=1) if columns else None), slices


def _sources(
    authored: _Authored,
    polygons: Polygons,
    corners: np.ndarray,
    face: np.ndarray,
    *,
    is_surface: bool,
    uv_columns: np.ndarray | None,
    uv_slices: dict[str | None, int],
) -> tuple[Callable[[], np.ndarray | None], Callable[[str | None], np.ndarray | None]]:
    """Return functions that read normals and texture coordinates when somebody asks for them."""

    def normals() -> np.ndarray | None:
        return None if is_surface else authored.normals(polygons, corners, face)

    def uv(name: str | None) -> np.ndarray | None:
        if uv_columns is not None:
            return None if name not in uv_slices else uv_columns[corners][:, :, uv_slices[name] : uv_slices[name] + 2]
        found = authored.uv_values(name)
        return None if found is None else authored.spread(*found, polygons, corners, face)

    return normals, uv


def _face_material(prim: Usd.Prim, time: Usd.TimeCode, authored_face: np.ndarray, faces: int) -> np.ndarray:
    """Return (T,) int32 material numbers of triangles from the materialBind subsets."""
    subsets = UsdShade.MaterialBindingAPI(prim).GetMaterialBindSubsets()
    if not subsets:
        return np.zeros(len(authored_face), dtype=np.int32)
    by_face = np.zeros(faces, dtype=np.int32)
    for number, subset in enumerate(subsets, start=1):
        rows = np.asarray(subset.GetIndicesAttr().Get(time) or [], dtype=np.int64)
        by_face[rows[(rows >= 0) & (rows < faces)]] = number
    return by_face[authored_face]
