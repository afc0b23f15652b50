"""The draft picture: the rasteriser's own surfaces under a sky and a sun, with shadows and ambient occlusion."""

from __future__ import annotations

import math

import numpy as np

from scenecap.capture import shade_kernels as kernels
from scenecap.capture.environment import HARMONIC_CONSTANTS, Environment, Sun
from scenecap.capture.exposure import develop
from scenecap.capture.layers import CLEAR_OPACITY, SurfaceLayer, ViewedScene, expose_layers, split_layers
from scenecap.capture.raster import rasterize
from scenecap.colours import SRGB8_TO_LINEAR
from scenecap.contract import CameraView
from scenecap.stage.lights import LightKind, StageLight

#: Edge of the sun's depth map [px].
_SHADOW_MAP_SIZE = 640
#: The sun's depth map is taken from this many scene sizes away: nearly parallel rays, and depth precise to 1e-6 of the size.
_SUN_DISTANCE = 30.0
#: Surfaces shade each other over this share of the picture's median depth.
_OCCLUSION_REACH = 0.10
#: Most lamps that are taken into account.
_MAX_LAMPS = 8
#: Width of a shadow's edge: texels per radian of the sun's width, and the widest sun that is told apart [deg].
_EDGE_GROWTH, _WIDEST_EDGE = 4.0, 40.0
#: Points that the sun's depth map is fitted to.
_SAMPLES = 4000
#: Where less than this share of the picture is lit, something closes the scene to the sun: it then shines through.
_LEAST_LIT = 0.03


def draw_draft(view: ViewedScene, environment: Environment, *, exposure: float | None = None, gain: float = 1.0) -> np.ndarray:
    """Draw a picture from the rasteriser's buffers, without a ray tracer.

    The sky lights surfaces by their normal, darkened where depth says that they are closed in; the strongest sun casts
    shadows, further suns and lamps do not. The same input gives the same bytes.

    Args:
        view: What the camera sees.
        environment: The light.
        exposure: Factor on light; None to expose automatically (:func:`scenecap.capture.exposure.meter`).
        gain: Further factor on light, after any exposure.

    Returns:
        (H, W, 3) uint8 sRGB.
    """
    solid, veil, opacity = split_layers(view)
    shadow = _ShadowMap(view, environment.suns[0]) if environment.suns else None
    radiance = _shade_layer(view, solid, environment, shadow)
    kernels.paint_sky(solid.material, environment.sky, *_pinhole(view.camera), radiance)
    if veil is not None:
        kernels.lay_over(radiance, _shade_layer(view, veil, environment, shadow), opacity)
    factor = expose_layers(radiance, solid, veil, opacity) if exposure is None else exposure
    picture = develop(radiance, factor * gain)
    softened = np.empty_like(picture)
    kernels.soften_edges(picture, softened)
    return softened


def _shade_layer(view: ViewedScene, layer: SurfaceLayer, environment: Environment, shadow: _ShadowMap | None) -> np.ndarray:
    gbuffer = layer.gbuffer
    shape = gbuffer.depth.shape
    radiance = np.zeros((*shape, 3), dtype=np.float32)
    hit = layer.hit
    if not hit.any():
        return radiance
    camera_to_world, focal, center_x, center_y = _pinhole(view.camera)
    raw_open, raw_lit, openness, lit = (np.empty(shape, dtype=np.float32) for _ in range(4))
    reach = (
        _OCCLUSION_REACH * float(np.median(gbuffer.depth[::4, ::4][hit[::4, ::4]]))
        if hit[::4, ::4].any()
        else _OCCLUSION_REACH
    )
    to_camera = view.camera.world_to_camera.astype(np.float32)
    kernels.occlude(gbuffer.depth, gbuffer.normal, to_camera, focal, center_x, center_y, reach, raw_open)
    if shadow is None or not shadow.cast(view, layer, raw_lit):
        raw_lit = raw_open
    kernels.smooth(raw_open, raw_lit, gbuffer.depth, openness, lit)
    roughness, metallic, emission = view.table.shading_arrays()
    kernels.shade(
        layer.albedo.srgb,
        SRGB8_TO_LINEAR,
        layer.material,
        roughness,
        metallic,
        emission,
        gbuffer.normal,
        gbuffer.depth,
        openness,
        lit,
        camera_to_world.astype(np.float32),
        focal,
        center_x,
        center_y,
        (environment.ambient * HARMONIC_CONSTANTS[:, None]).astype(np.float32),
        _sun_rows(environment.suns),
        _lamp_rows(environment.local[:_MAX_LAMPS]),
        radiance,
    )
    return radiance


class _ShadowMap:
    """What a sun sees of the part of the scene that the camera sees."""

    def __init__(self, view: ViewedScene, sun: Sun) -> None:
        self._sun = sun
        self._depth: np.ndarray | None = None
        points = _seen_points(view)
        if not len(points):
            return
        self._camera = _sun_camera(points, sun.towards)
        casters = view.drawn & ~view.table.clear_gprims(CLEAR_OPACITY)
        self._depth = rasterize(
            view.scene,
            self._camera,
            view.local_to_world,
            entity_of_gprim=np.where(casters, 0, -1).astype(np.int32),
            entity_count=1,
        ).depth

    def cast(self, view: ViewedScene, layer: SurfaceLayer, lit: np.ndarray) -> bool:
        """Fill (H, W) ``lit``; return False where the sun reaches next to nothing that is seen."""
        if self._depth is None:
            return False
        kernels.cast_shadow(
            layer.gbuffer.depth,
            layer.gbuffer.face_normal,
            *_pinhole(view.camera),
            self._sun.towards.astype(np.float64),
            self._depth,
            np.ascontiguousarray(self._camera.world_to_camera),
            float(self._camera.focal_px),
            1.0 + math.radians(min(self._sun.width, _WIDEST_EDGE)) * _EDGE_GROWTH,
            lit,
        )
        return float((lit[layer.hit] > 0.5).mean()) >= _LEAST_LIT


def _seen_points(view: ViewedScene) -> np.ndarray:
    """Return (N, 3) float64 a few thousand of the world points that the camera sees."""
    gbuffer = view.truth.gbuffer
    camera_to_world, focal, center_x, center_y = _pinhole(view.camera)
    rows, columns = np.nonzero(view.truth.hit)
    step = max(1, len(rows) // _SAMPLES)
    rows, columns = rows[::step], columns[::step]
    depth = gbuffer.depth[rows, columns].astype(np.float64)
    x, y = (columns + 0.5 - center_x) / focal * depth, (center_y - rows - 0.5) / focal * depth
    return np.stack([x, y, -depth], axis=1) @ camera_to_world[:3, :3] + camera_to_world[3, :3]


def _sun_camera(points: np.ndarray, towards: np.ndarray) -> CameraView:
    """Return a far camera that looks from the sun at the middle 96 % of some world points."""
    side = np.cross([0.0, 0.0, 1.0] if abs(towards[2]) < 0.99 else [1.0, 0.0, 0.0], towards)
    side /= np.linalg.norm(side)
    axes = np.stack([side, np.cross(towards, side), towards])  # rows: the camera's x, y, z in world
    along = points @ axes.T
    low, high = np.percentile(along, 2.0, axis=0), np.percentile(along, 98.0, axis=0)
    size = max(float((high - low)[:2].max()) * 1.15, 1e-3)
    depth_range = max(float(high[2] - low[2]), size)
    distance = _SUN_DISTANCE * max(size, depth_range)
    eye = np.array([(low[0] + high[0]) / 2.0, (low[1] + high[1]) / 2.0, high[2] + distance]) @ axes
    camera_to_world = np.eye(4)
    camera_to_world[:3, :3], camera_to_world[3, :3] = axes, eye
    half = _SHADOW_MAP_SIZE / 2.0
    return CameraView(
        path="/sun",
        width=_SHADOW_MAP_SIZE,
        height=_SHADOW_MAP_SIZE,
        world_to_camera=np.linalg.inv(camera_to_world),
        focal_px=_SHADOW_MAP_SIZE * distance / size,
        center_px=(half, half),
        near_far=(distance * 1e-3, distance * 10.0),
    )


def _pinhole(camera: CameraView) -> tuple[np.ndarray, float, float, float]:
    center_x, center_y = camera.center_px
    return np.ascontiguousarray(camera.camera_to_world), float(camera.focal_px), float(center_x), float(center_y)


def _sun_rows(suns: tuple[Sun, ...]) -> np.ndarray:
    return np.array([[*sun.towards, *sun.irradiance] for sun in suns], dtype=np.float32).reshape(-1, 6)


def _lamp_rows(lamps: tuple[StageLight, ...]) -> np.ndarray:
    """Return (L, 10) position, direction, radiant intensity towards its front [per sr], one-sidedness."""
    rows = []
    for lamp in lamps:
        flat = lamp.kind in (LightKind.RECT, LightKind.DISK)
        # A convex body of area A shows A / 4 on average (Cauchy); a flat one shows all of it from the front.
        shown = lamp.area_world if flat else lamp.area_world / 4.0
        rows.append([*lamp.position_world, *lamp.direction_world, *(lamp.radiance * shown), 1.0 if flat else 0.0])
    return np.array(rows, dtype=np.float32).reshape(-1, 10)
