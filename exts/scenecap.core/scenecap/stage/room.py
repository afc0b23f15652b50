"""Read the points of a gprim, by which floor, walls and ceiling are told."""

from __future__ import annotations

import numpy as np

from scenecap.errors import MissingExtraError

try:
    from pxr import Usd, UsdGeom, Vt
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Finding the room") from error


def world_points(prim: Usd.Prim, local_to_world: np.ndarray, time_code: float) -> np.ndarray:
    """Return points (N, 3) [m] that span a gprim: a mesh's own, else the corners of its extent; (0, 3) where unknown."""
    points = None
    if prim.IsA(UsdGeom.PointBased):
        points = UsdGeom.PointBased(prim).GetPointsAttr().Get(time_code)
    if points is None or not len(points):
        extent = UsdGeom.Boundable.ComputeExtentFromPlugins(UsdGeom.Boundable(prim), Usd.TimeCode(time_code))
        if extent is None or len(extent) != 2:
            return np.zeros((0, 3))
        low, high = np.array(extent, dtype=np.float64)
        points = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    array = (
        np.array(points, dtype=np.float64) if not isinstance(points, Vt.Vec3fArray) else np.asarray(points, dtype=np.float64)
    )
    array = array[np.isfinite(array).all(axis=1) & (np.abs(array) < 1e30).all(axis=1)]
    return array @ local_to_world[:3, :3] + local_to_world[3, :3]
