"""Rasteriser, second half: which gprim and triangle each pixel shows, at what depth, and what each entity covers alone.

One pass over the triangles, entity by entity, fills a depth buffer and, with a stamp per pixel, counts the pixels that each
entity would cover were it alone. Occlusion is therefore exact to the pixel and costs no second pass.

Rules
    * A pixel is covered where its centre lies in the projected triangle, edges included; triangles are double sided.
    * The nearer surface wins. Of coplanar ones (:data:`scenecap.capture.raster_fill.TIE`) the lower entity, then the lower
      gprim, wins everywhere.
    * Triangles that cross the near plane are clipped; nothing beyond the far distance is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenecap.capture.raster_fill import draw_triangles
from scenecap.capture.raster_setup import njit
from scenecap.capture.scene import RasterScene
from scenecap.contract import CameraView


@dataclass(frozen=True, eq=False)
class RasterResult:
    """What a pass over the triangles found.

    Entities are slots: what the caller passed as ``entity_of_gprim``.

    Attributes:
        gprim: (H, W) int32 gprim of each pixel, -1 where nothing was hit.
        triangle: (H, W) int32 triangle of the gprim's prototype.
        depth: (H, W) float32 distance to the image plane [m], inf where nothing was hit.
        entity: (H, W) int32 entity slot, -1 where nothing was hit.
        unoccluded_px: (E,) int64 pixels that each entity covers alone.
        box_loose: (E, 4) int32 box of those pixels, inclusive; x_min > x_max where there are none.
        truncated: (E,) bool whether a part of the entity lies outside the picture, before the near or beyond the far distance.
        visible_px: (E,) int64 pixels that show the entity.
        box_tight: (E, 4) int32 box of the visible pixels.
    """

    gprim: np.ndarray
    triangle: np.ndarray
    depth: np.ndarray
    entity: np.ndarray
    unoccluded_px: np.ndarray
    box_loose: np.ndarray
    truncated: np.ndarray
    visible_px: np.ndarray
    box_tight: np.ndarray


def rasterize(
    scene: RasterScene,
    camera: CameraView,
    local_to_world: np.ndarray,
    *,
    entity_of_gprim: np.ndarray,
    entity_count: int,
) -> RasterResult:
    """Find what each pixel of a camera sees.

    Args:
        scene: The geometry.
        camera: The camera.
        local_to_world: (G, 4, 4) float64 gprim's local units -> world [m].
        entity_of_gprim: (G,) int32 entity slot of each gprim; negative: not drawn. Lower slots win ties.
        entity_count: Number of slots.
    """
    drawn = np.nonzero((scene.prototype >= 0) & (entity_of_gprim >= 0))[0]
    order = drawn[np.argsort(entity_of_gprim[drawn], kind="stable")].astype(np.int64)
    local_to_camera = np.ascontiguousarray(local_to_world @ camera.world_to_camera)
    width, height = camera.width, camera.height
    pixels = width * height
    near, far = camera.near_far
    inverse_depth = np.full(pixels, 0.5 / far, dtype=np.float32)
    hit = np.full(pixels, -1, dtype=np.int64)
    stamp = np.full(pixels, -1, dtype=np.int32)
    unoccluded = np.zeros(entity_count, dtype=np.int64)
    loose = _empty_boxes(entity_count)
    truncated = np.zeros(entity_count, dtype=np.bool_)
    scratch = np.empty((4, max(scene.largest, 1)))
    draw_triangles(
        scene.x, scene.y, scene.z, scene.triangles.view(np.uint32), scene.point_start, scene.triangle_start, scene.bounds,
        scene.prototype, order, np.ascontiguousarray(entity_of_gprim, dtype=np.int32), local_to_camera,
        float(camera.focal_px), float(camera.center_px[0]), float(camera.center_px[1]), width, height, float(near),
        float(far), scratch[0], scratch[1], scratch[2], scratch[3], inverse_depth, hit, stamp, unoccluded, loose,
        truncated,
    )  # fmt: skip
    gprim = np.empty(pixels, dtype=np.int32)
    triangle = np.empty(pixels, dtype=np.int32)
    entity = np.empty(pixels, dtype=np.int32)
    depth = np.empty(pixels, dtype=np.float32)
    visible = np.zeros(entity_count, dtype=np.int64)
    tight = _empty_boxes(entity_count)
    _resolve(
        hit, inverse_depth, np.ascontiguousarray(entity_of_gprim, dtype=np.int32), width, gprim, triangle, entity, depth,
        visible, tight,
    )  # fmt: skip
    shape = (height, width)
    return RasterResult(
        gprim=gprim.reshape(shape),
        triangle=triangle.reshape(shape),
        depth=depth.reshape(shape),
        entity=entity.reshape(shape),
        unoccluded_px=unoccluded,
        box_loose=loose,
        truncated=truncated,
        visible_px=visible,
        box_tight=tight,
    )


def _empty_boxes(count: int) -> np.ndarray:
    boxes = np.empty((count, 4), dtype=np.int32)
    boxes[:, :2] = np.iinfo(np.int32).max
    boxes[:, 2:] = -1
    return boxes


def median_depths(result: RasterResult) -> np.ndarray:
    """Return (E,) float64 median distance to the image plane [m] of each entity's visible pixels, nan where there are none."""
    return _medians(result.entity.ravel(), result.depth.ravel(), result.visible_px)


@njit(cache=True, error_model="numpy")
def _medians(entity, depth, counts):
    starts = np.zeros(counts.size + 1, dtype=np.int64)
    for e in range(counts.size):
        starts[e + 1] = starts[e] + counts[e]
    fill = starts[:-1].copy()
    values = np.empty(starts[-1], dtype=np.float32)
    for pixel in range(entity.size):
        e = entity[pixel]
        if e >= 0:
            values[fill[e]] = depth[pixel]
            fill[e] += 1
    medians = np.full(counts.size, np.nan)
    for e in range(counts.size):
        n = counts[e]
        if n > 0:
            mine = values[starts[e] : starts[e + 1]]
            upper = _select(mine, n // 2)
            if n % 2 == 1:
                medians[e] = upper
            else:  # what is left of the middle is not larger than it
                lower = mine[0]
                for k in range(1, n // 2):
                    lower = max(lower, mine[k])
                medians[e] = 0.5 * (np.float64(lower) + np.float64(upper))
    return medians


@njit(cache=True, error_model="numpy")
def _select(values, k):
    """Return the k-th smallest value, with the smaller ones moved before it (Hoare 1961)."""
    low, high = 0, values.size - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return values[k]


@njit(cache=True, error_model="numpy")
def _resolve(hit, inverse, entity_of_gprim, width, gprim, triangle, entity, depth, visible, tight):
    for pixel in range(hit.size):
        code = hit[pixel]
        if code < 0:
            gprim[pixel] = -1
            triangle[pixel] = -1
            entity[pixel] = -1
            depth[pixel] = np.inf
            continue
        g = code >> 32
        e = entity_of_gprim[g]
        gprim[pixel] = g
        triangle[pixel] = code & 0xFFFFFFFF
        entity[pixel] = e
        depth[pixel] = 1.0 / inverse[pixel]
        visible[e] += 1
        row = pixel // width
        column = pixel - row * width
        tight[e, 0] = min(tight[e, 0], column)
        tight[e, 1] = min(tight[e, 1], row)
        tight[e, 2] = max(tight[e, 2], column)
        tight[e, 3] = max(tight[e, 3], row)
