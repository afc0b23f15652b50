"""What lies at each pixel's surface point: normal, texture coordinates, material, from the rasteriser's hits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenecap.capture.raster import RasterResult
from scenecap.capture.raster_setup import njit
from scenecap.capture.scene import RasterScene
from scenecap.contract import CameraView


@dataclass(frozen=True, eq=False)
class GBuffer:
    """Surface attributes of the pixels of one picture; zeros where nothing was hit.

    Attributes:
        gprim: (H, W) int32 gprim, -1 where nothing was hit.
        material: (H, W) int32 which of the gprim's materials (:attr:`LocalMesh.face_material`).
        depth: (H, W) float32 distance to the image plane [m], inf where nothing was hit.
        normal: (H, W, 3) float32 unit shading normal in world, towards the camera.
        face_normal: (H, W, 3) float32 unit normal of the triangle in world, towards the camera.
        uv: (H, W, 2) float32 texture coordinates, nan where the gprim has none.
        triangle: (H, W) int32 triangle of the gprim's mesh.
    """

    gprim: np.ndarray
    material: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    face_normal: np.ndarray
    uv: np.ndarray
    triangle: np.ndarray


def build_gbuffer(scene: RasterScene, camera: CameraView, local_to_world: np.ndarray, result: RasterResult) -> GBuffer:
    """Intersect each pixel's ray with the triangle that it shows and interpolate the triangle's corners.

    Args:
        scene: The geometry that was rasterised.
        camera: The camera.
        local_to_world: (G, 4, 4) float64.
        result: The rasteriser's result.
    """
    height, width = result.gprim.shape
    normal = np.zeros((height, width, 3), dtype=np.float32)
    face_normal = np.zeros((height, width, 3), dtype=np.float32)
    uv = np.full((height, width, 2), np.nan, dtype=np.float32)
    material = np.zeros((height, width), dtype=np.int32)
    _attributes(
        scene.x,
        scene.y,
        scene.z,
        scene.triangles,
        scene.point_start,
        scene.triangle_start,
        scene.prototype,
        scene.corner_normals(),
        scene.corner_uv(),
        scene.face_material(),
        np.ascontiguousarray(local_to_world),
        _normal_matrices(local_to_world),
        np.ascontiguousarray(local_to_world @ camera.world_to_camera),
        np.ascontiguousarray(camera.camera_to_world[:3, :3]),
        float(camera.focal_px),
        float(camera.center_px[0]),
        float(camera.center_px[1]),
        result.gprim,
        result.triangle,
        normal,
        face_normal,
        uv,
        material,
    )
    return GBuffer(result.gprim, material, result.depth, normal, face_normal, uv, result.triangle)


def _normal_matrices(local_to_world: np.ndarray) -> np.ndarray:
    """Return (G, 3, 3) matrices that turn local normals (row vectors) into world ones: inverse transposed, det included."""
    axes = local_to_world[:, :3, :3]
    cofactors = np.stack(
        [np.cross(axes[:, 1], axes[:, 2]), np.cross(axes[:, 2], axes[:, 0]), np.cross(axes[:, 0], axes[:, 1])], axis=1
    )
    # Rows times cofactors need no division, and so no care for collapsed matrices; only the sign of a mirror.
    with np.errstate(invalid="ignore"):  # transforms that are not finite are not drawn, but they are in the array
        sign = np.where(np.linalg.det(axes) < 0, -1.0, 1.0)
    return np.ascontiguousarray(cofactors * sign[:, None, None])


@njit(cache=True, error_model="numpy")
def _attributes(
    x,
    y,
    z,
    triangles,
    point_start,
    triangle_start,
    prototype,
    corner_normals,
    corner_uv,
    face_material,
    to_world,
    normal_to_world,
    to_camera,
    camera_axes,
    focal,
    center_x,
    center_y,
    gprim,
    triangle,
    normal,
    face_normal,
    uv,
    material,
):
    height, width = gprim.shape
    corner = np.empty((3, 3))
    weight = np.empty((3, 3))
    nx = ny = nz = wx = wy = wz = sx = sy = sz = 0.0
    flat = False
    last_gprim, last_triangle = np.int64(-1), np.int64(-1)
    for row in range(height):
        dy = (center_y - row - 0.5) / focal
        for column in range(width):
            g = np.int64(gprim[row, column])
            if g < 0:
                continue
            p = prototype[g]
            t = triangle_start[p] + triangle[row, column]
            if g != last_gprim or t != last_triangle:
                # What depends on the triangle alone; its neighbours in the row mostly show the same one.
                last_gprim, last_triangle = g, t
                first = point_start[p]
                m = to_camera[g]
                for k in range(3):
                    v = first + triangles[t, k]
                    px, py, pz = float(x[v]), float(y[v]), float(z[v])
                    for j in range(3):
                        corner[k, j] = px * m[0, j] + py * m[1, j] + pz * m[2, j] + m[3, j]
                _cross_into(weight, 0, corner, 1, 2)
                _cross_into(weight, 1, corner, 2, 0)
                _cross_into(weight, 2, corner, 0, 1)
                # The sum of the corners' cross products is the triangle's normal (twice its area long), in camera axes.
                nx = weight[0, 0] + weight[1, 0] + weight[2, 0]
                ny = weight[0, 1] + weight[1, 1] + weight[2, 1]
                nz = weight[0, 2] + weight[1, 2] + weight[2, 2]
                length = (nx * nx + ny * ny + nz * nz) ** 0.5
                if length > 0.0:
                    nx, ny, nz = nx / length, ny / length, nz / length
                wx = nx * camera_axes[0, 0] + ny * camera_axes[1, 0] + nz * camera_axes[2, 0]
                wy = nx * camera_axes[0, 1] + ny * camera_axes[1, 1] + nz * camera_axes[2, 1]
                wz = nx * camera_axes[0, 2] + ny * camera_axes[1, 2] + nz * camera_axes[2, 2]
                flat = True
                for j in range(3):
                    flat = flat and corner_normals[t, 0, j] == corner_normals[t, 1, j] == corner_normals[t, 2, j]
                if flat:
                    sx, sy, sz = _turned(
                        corner_normals[t, 0, 0], corner_normals[t, 0, 1], corner_normals[t, 0, 2], normal_to_world[g]
                    )
            dx = (column + 0.5 - center_x) / focal
            # Barycentric weights of the ray (dx, dy, -1): its triple products with pairs of corners (Moeller, Trumbore 1997).
            w0 = dx * weight[0, 0] + dy * weight[0, 1] - weight[0, 2]
            w1 = dx * weight[1, 0] + dy * weight[1, 1] - weight[1, 2]
            w2 = dx * weight[2, 0] + dy * weight[2, 1] - weight[2, 2]
            total = w0 + w1 + w2
            if total != 0.0:
                w0, w1, w2 = w0 / total, w1 / total, w2 / total
            else:
                w0 = w1 = w2 = 1.0 / 3.0
            # A pixel on an edge may lie outside by a rounding error.
            w0, w1, w2 = min(max(w0, 0.0), 1.0), min(max(w1, 0.0), 1.0), min(max(w2, 0.0), 1.0)
            total = w0 + w1 + w2
            w0, w1, w2 = w0 / total, w1 / total, w2 / total
            material[row, column] = face_material[t]
            for j in range(2):
                uv[row, column, j] = w0 * corner_uv[t, 0, j] + w1 * corner_uv[t, 1, j] + w2 * corner_uv[t, 2, j]
            turn = -1.0 if nx * dx + ny * dy - nz > 0.0 else 1.0
            fx, fy, fz = turn * wx, turn * wy, turn * wz
            face_normal[row, column, 0] = fx
            face_normal[row, column, 1] = fy
            face_normal[row, column, 2] = fz
            if not flat:
                sx, sy, sz = _turned(
                    w0 * corner_normals[t, 0, 0] + w1 * corner_normals[t, 1, 0] + w2 * corner_normals[t, 2, 0],
                    w0 * corner_normals[t, 0, 1] + w1 * corner_normals[t, 1, 1] + w2 * corner_normals[t, 2, 1],
                    w0 * corner_normals[t, 0, 2] + w1 * corner_normals[t, 1, 2] + w2 * corner_normals[t, 2, 2],
                    normal_to_world[g],
                )
            # A normal is authored for one side; the other side is drawn too.
            side = sx * fx + sy * fy + sz * fz
            if side == 0.0 and sx == 0.0 and sy == 0.0 and sz == 0.0:
                normal[row, column, 0] = fx
                normal[row, column, 1] = fy
                normal[row, column, 2] = fz
                continue
            turn = -1.0 if side < 0.0 else 1.0
            normal[row, column, 0] = turn * sx
            normal[row, column, 1] = turn * sy
            normal[row, column, 2] = turn * sz


@njit(cache=True, error_model="numpy", inline="always")
def _turned(x, y, z, matrix):
    """Return a local normal in world, of unit length; zeros where it has no length."""
    sx = x * matrix[0, 0] + y * matrix[1, 0] + z * matrix[2, 0]
    sy = x * matrix[0, 1] + y * matrix[1, 1] + z * matrix[2, 1]
    sz = x * matrix[0, 2] + y * matrix[1, 2] + z * matrix[2, 2]
    length = (sx * sx + sy * sy + sz * sz) ** 0.5
    if not length > 0.0:
        return 0.0, 0.0, 0.0
    return sx / length, sy / length, sz / length


@njit(cache=True, error_model="numpy", inline="always")
def _cross_into(out, row, corner, i, j):
    out[row, 0] = corner[i, 1] * corner[j, 2] - corner[i, 2] * corner[j, 1]
    out[row, 1] = corner[i, 2] * corner[j, 0] - corner[i, 0] * corner[j, 2]
    out[row, 2] = corner[i, 0] * corner[j, 1] - corner[i, 1] * corner[j, 0]
