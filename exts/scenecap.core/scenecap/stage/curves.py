"""Draw curves and points: BasisCurves as thin tubes, Points as octahedra.

Both are shapes for ground truth, not for beauty: six sides around a curve, eight faces for a point.
"""

from __future__ import annotations

import numpy as np
from pxr import Usd, UsdGeom

from scenecap.stage.mesh import LocalMesh, empty_mesh, read_points, unit_rows

#: Sides of a tube and samples of a cubic segment.
SIDES = 6
SAMPLES = 6
#: More points than this are not drawn one by one.
MAX_POINTS = 50_000
#: Width [local units] where none is authored: UsdGeom draws a hairline there, this a share of the curve's extent.
HAIRLINE_SHARE = 0.002

_BASES = {
    "bezier": (3, np.array([[-1, 3, -3, 1], [3, -6, 3, 0], [-3, 3, 0, 0], [1, 0, 0, 0]], dtype=np.float64)),
    "bspline": (1, np.array([[-1, 3, -3, 1], [3, -6, 3, 0], [-3, 0, 3, 0], [1, 4, 1, 0]], dtype=np.float64) / 6.0),
    "catmullRom": (1, np.array([[-1, 3, -3, 1], [2, -5, 4, -1], [-1, 0, 1, 0], [0, 2, 0, 0]], dtype=np.float64) / 2.0),
}


def read_curves(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    """Draw a UsdGeom.BasisCurves as tubes of its widths.

    Args:
        prim: The curves.
        time: When.
    """
    curves = UsdGeom.BasisCurves(prim)
    points = read_points(curves.GetPointsAttr(), time)
    counts = np.asarray(curves.GetCurveVertexCountsAttr().Get(time) or [], dtype=np.int64)
    if points is None or not len(counts):
        return empty_mesh("the curves are empty")
    if (counts < 0).any() or counts.sum() > len(points):
        return empty_mesh("curveVertexCounts does not fit the number of points")
    widths = np.asarray(curves.GetWidthsAttr().Get(time) or [], dtype=np.float64)
    kind = curves.GetTypeAttr().Get(time)
    basis = str(curves.GetBasisAttr().Get(time))
    closed = curves.GetWrapAttr().Get(time) == UsdGeom.Tokens.periodic
    pinned = curves.GetWrapAttr().Get(time) == "pinned"
    finite = points[np.isfinite(points).all(axis=1)]
    hairline = HAIRLINE_SHARE * float(np.linalg.norm(np.ptp(finite, axis=0))) if len(finite) else 0.0
    meshes = []
    starts = np.cumsum(counts) - counts
    for number, (start, count) in enumerate(zip(starts, counts, strict=True)):
        control = points[start : start + count]
        if count < 2 or not np.isfinite(control).all():
            continue
        line = _cubic(control, basis, closed=closed, pinned=pinned) if kind == UsdGeom.Tokens.cubic else control
        if closed and kind != UsdGeom.Tokens.cubic:
            line = np.concatenate([line, line[:1]])
        width = _width(widths, number, int(start), int(count), len(counts), len(points)) or hairline
        if len(line) >= 2 and width > 0:
            meshes.append(_tube(line, 0.5 * width))
    if not meshes:
        return empty_mesh("no curve can be drawn")
    return _join(meshes)


def read_point_cloud(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    """Draw a UsdGeom.Points as octahedra of its widths.

    Args:
        prim: The points.
        time: When.
    """
    cloud = UsdGeom.Points(prim)
    points = read_points(cloud.GetPointsAttr(), time)
    if points is None:
        return empty_mesh("there are no points")
    widths = np.asarray(cloud.GetWidthsAttr().Get(time) or [1.0], dtype=np.float64)
    radii = 0.5 * (widths if len(widths) == len(points) else np.full(len(points), widths[0]))
    sound = np.isfinite(points).all(axis=1) & np.isfinite(radii) & (radii > 0)
    points, radii = points[sound], radii[sound]
    if len(points) == 0:
        return empty_mesh("no point can be drawn")
    if len(points) > MAX_POINTS:
        return empty_mesh(f"{len(points)} points are more than the {MAX_POINTS} that are drawn")
    directions = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float64)
    faces = np.array([[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]])
    corners = points[:, None] + radii[:, None, None] * directions
    triangles = (np.arange(len(points))[:, None, None] * 6 + faces).reshape(-1, 3)
    return LocalMesh(corners.reshape(-1, 3), triangles.astype(np.int32), np.zeros(len(triangles), dtype=np.int32))


def _width(widths: np.ndarray, curve: int, start: int, count: int, curves: int, points: int) -> float:
    """Return one width for a curve: its own, or the mean over its points; 0 where none is usable."""
    if len(widths) == 1:
        value = widths[0]
    elif len(widths) == curves:
        value = widths[curve]
    elif len(widths) == points:
        value = widths[start : start + count].mean()
    else:
        value = widths.mean() if len(widths) else 0.0
    return float(value) if np.isfinite(value) and value > 0 else 0.0


def _cubic(control: np.ndarray, basis: str, *, closed: bool, pinned: bool) -> np.ndarray:
    """Sample a cubic curve."""
    step, matrix = _BASES.get(basis, _BASES["bezier"])
    if closed:
        control = np.concatenate([control, control[: 1 if step == 3 else 3]])
    elif pinned and step == 1:
        control = np.concatenate([2 * control[:1] - control[1:2], control, 2 * control[-1:] - control[-2:-1]])
    if len(control) < 4:
        return control
    first = np.arange(0, len(control) - 3, step)
    t = np.linspace(0.0, 1.0, SAMPLES, endpoint=False)
    powers = np.stack([t**3, t**2, t, np.ones_like(t)], axis=1)
    quads = control[first[:, None] + np.arange(4)]
    line = np.einsum("sk,kj,fjc->fsc", powers, matrix, quads).reshape(-1, 3)
    end = np.ones(4) @ matrix @ quads[-1]
    return np.concatenate([line, end[None]])


def _tube(line: np.ndarray, radius: float) -> LocalMesh:
    """Sweep a hexagon along a line, ends closed, without twist (each frame is turned on from the one before)."""
    ahead = unit_rows(np.diff(line, axis=0))
    kept = np.concatenate([[True], np.linalg.norm(ahead, axis=1) > 0])
    line = line[kept]
    if len(line) < 2:
        return empty_mesh()
    ahead = unit_rows(np.diff(line, axis=0))
    tangent = unit_rows(np.concatenate([ahead[:1], ahead[:-1] + ahead[1:], ahead[-1:]]))
    side = np.zeros_like(line)
    start = np.eye(3)[int(np.argmin(np.abs(tangent[0])))]
    for row in range(len(line)):
        start = start - tangent[row] * float(start @ tangent[row])
        length = float(np.linalg.norm(start))
        start = start / length if length > 1e-9 else np.cross(tangent[row], np.eye(3)[int(np.argmin(np.abs(tangent[row])))])
        side[row] = start
    other = np.cross(tangent, side)
    angle = np.arange(SIDES) * (2.0 * np.pi / SIDES)
    rings = line[:, None] + radius * (np.cos(angle)[:, None] * side[:, None] + np.sin(angle)[:, None] * other[:, None])
    row, k = np.meshgrid(np.arange(len(line) - 1), np.arange(SIDES), indexing="ij")
    a, b = row * SIDES + k, row * SIDES + (k + 1) % SIDES
    walls = np.stack([a, b, b + SIDES, a, b + SIDES, a + SIDES], axis=2).reshape(-1, 3)
    fan = np.stack([np.zeros(SIDES - 2, dtype=np.int64), np.arange(1, SIDES - 1), np.arange(2, SIDES)], axis=1)
    triangles = np.concatenate([walls, fan[:, ::-1], fan + (len(line) - 1) * SIDES])
    return LocalMesh(rings.reshape(-1, 3), triangles.astype(np.int32), np.zeros(len(triangles), dtype=np.int32))


def _join(meshes: list[LocalMesh]) -> LocalMesh:
    meshes = [mesh for mesh in meshes if not mesh.empty]
    if not meshes:
        return empty_mesh("no curve can be drawn")
    offsets = np.cumsum([0, *[len(mesh.points) for mesh in meshes[:-1]]])
    triangles = np.concatenate([mesh.triangles + offset for mesh, offset in zip(meshes, offsets, strict=True)])
    return LocalMesh(
        np.concatenate([mesh.points for mesh in meshes]), triangles.astype(np.int32), np.zeros(len(triangles), np.int32)
    )
