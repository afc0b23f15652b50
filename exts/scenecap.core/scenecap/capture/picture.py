"""The path-traced picture: Mitsuba's light, cleaned by Open Image Denoise along the rasteriser's edges."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from scenecap.capture import shade_kernels as kernels
from scenecap.capture.environment import Environment
from scenecap.capture.exposure import LUMINANCE, develop
from scenecap.capture.layers import SurfaceLayer, ViewedScene, expose_layers, split_layers
from scenecap.capture.path_scene import PathScene, has_shaped_lamps, load_mitsuba
from scenecap.capture.settings import Quality
from scenecap.colours import srgb8_to_linear
from scenecap.contract import CameraView
from scenecap.errors import CaptureError, MissingExtraError
from scenecap.stage.materials import MaterialLibrary

logger = logging.getLogger(__name__)

#: Blocks of the picture have their own random numbers: with a fixed size, any number of threads gives the same bytes.
_BLOCK_SIZE = 32
#: A pixel brighter than this many times the picture's 99th percentile is a stray path, which the denoiser would spread.
_STRAY = 3.0
#: Pixels that are added around a picture for the denoiser, which leaves noise along the edges of what it gets.
_MARGIN = 8
#: Below this share of the light outside, the scene is closed to sky and suns.
_CLOSED = 0.03
#: Size of the lamp that then lights it, as a share of its height over what is seen.
_LAMP_SIZE = 0.25


@dataclass(frozen=True)
class PathQuality:
    """How much work goes into a picture.

    Attributes:
        samples: Per pixel.
        depth: Most surfaces on a light path, the light's included.
        thorough: Whether the denoiser takes its time.
    """

    samples: int
    depth: int
    thorough: bool


QUALITIES = {Quality.PREVIEW: PathQuality(1, 4, False), Quality.FINAL: PathQuality(32, 6, True)}


class PathTracer:
    """Draws pictures of one stage.

    The same view, light, seed and versions give the same bytes on one kind of processor, whatever the number of threads.

    Args:
        library: The stage's materials.
        quality: ``PREVIEW`` or ``FINAL``.
        samples: Samples per pixel; by default what the quality says.
        denoise: Whether to denoise.

    Raises:
        MissingExtraError: Mitsuba or the denoiser is not installed.
    """

    def __init__(
        self,
        library: MaterialLibrary,
        *,
        quality: Quality = Quality.PREVIEW,
        samples: int | None = None,
        denoise: bool = True,
    ) -> None:
        self._mi = load_mitsuba()
        self._work = QUALITIES[quality]
        self._samples = samples or self._work.samples
        self._denoiser = _Denoiser(thorough=self._work.thorough) if denoise else None
        self._scene = PathScene(library.textures)
        self._integrators = {
            hide: self._mi.load_dict(
                {"type": "path", "max_depth": self._work.depth, "hide_emitters": hide, "block_size": _BLOCK_SIZE}
            )
            for hide in (False, True)
        }

    def draw(
        self,
        view: ViewedScene,
        environment: Environment,
        *,
        seed: int = 0,
        exposure: float | None = None,
        gain: float = 1.0,
    ) -> np.ndarray:
        """Draw a picture.

        Args:
            view: What the camera sees.
            environment: The light.
            seed: Of the random numbers.
            exposure: Factor on light; None to expose automatically (:func:`scenecap.capture.exposure.meter`).
            gain: Further factor on light, after any exposure.

        Returns:
            (H, W, 3) uint8 sRGB.

        Raises:
            CaptureError: Mitsuba refused the scene.
        """
        solid, veil, opacity = split_layers(view)
        sky = self._sky(view.camera, solid, environment)
        try:
            scene = self._scene.at(view.scene, view.local_to_world, view.drawn, environment, view.table.bindings)
            radiance = self._trace(scene, view.camera, seed, sky, solid.hit | (opacity > 0.0), has_shaped_lamps(environment))
            if not environment.local and _is_closed(radiance, solid, environment):
                scene = self._scene.with_lamp(*self._place_lamp(scene, view, solid))
                radiance = self._trace(scene, view.camera, seed, sky, solid.hit | (opacity > 0.0), False)
        except RuntimeError as error:
            raise CaptureError(
                f"camera {view.camera.path}: Mitsuba could not draw the picture ({str(error)[:200]}).",
                remedy="Use `quality: draft`, which does not need it.",
            ) from error
        if self._denoiser is not None:
            radiance = self._denoiser.clean(_without_strays(radiance, solid.hit), *_guides(solid, veil, opacity))
        emission = view.table.shading_arrays()[2]
        if emission.any():
            radiance = radiance + emission[np.maximum(solid.material, 0)] * (solid.hit * (1.0 - opacity))[..., None]
        factor = expose_layers(radiance, solid, veil, opacity) if exposure is None else exposure
        return develop(radiance, factor * gain)

    def _trace(
        self, scene: Any, camera: CameraView, seed: int, sky: np.ndarray, covered: np.ndarray, hide: bool
    ) -> np.ndarray:
        """Return (H, W, 3) float32 noisy radiance before the sky."""
        image = self._mi.render(
            scene,
            sensor=self._mi.load_dict(sensor_dict(self._mi, camera)),
            integrator=self._integrators[hide],
            spp=self._samples,
            seed=seed & 0xFFFFFFFF,
        )
        pixels = np.array(image, dtype=np.float32)
        pixels = np.where(np.isfinite(pixels), np.maximum(pixels, 0.0), np.float32(0.0))
        radiance = pixels[..., :3]
        if hide:  # the environment is hidden with the lamps
            return radiance + sky * (1.0 - np.minimum(pixels[..., 3:], 1.0))
        return np.where(covered[..., None], radiance, sky)  # without the discs of suns

    def _place_lamp(self, scene: Any, view: ViewedScene, solid: SurfaceLayer) -> tuple[np.ndarray, float]:
        """Return a place over the middle of what is seen, below what closes the scene, and a size."""
        camera, depth = view.camera, solid.gbuffer.depth
        rows, columns = depth.shape
        center = depth[rows // 3 : rows - rows // 3, columns // 3 : columns - columns // 3]
        center = center[np.isfinite(center)] if np.isfinite(center).any() else depth[solid.hit]
        reach = 0.7 * float(np.percentile(center, 5.0))  # before the nearest thing in the middle, so in none
        start = camera.position_world - camera.camera_to_world[2, :3] * reach
        ray = self._mi.Ray3f(o=start.tolist(), d=[0.0, 0.0, 1.0])
        hit = scene.ray_intersect(ray)
        height = min(float(hit.t), 3.0 * reach) if hit.is_valid() else reach
        return start + np.array([0.0, 0.0, 0.8 * height]), _LAMP_SIZE * height

    @staticmethod
    def _sky(camera: CameraView, solid: SurfaceLayer, environment: Environment) -> np.ndarray:
        """Return (H, W, 3) float32 the environment where nothing opaque is, without discs of suns."""
        sky = np.zeros((*solid.material.shape, 3), dtype=np.float32)
        # Edges are smooth in Mitsuba's picture: a pixel beside a hit one may show some sky.
        open_to_it = np.where(erode(solid.hit), solid.material, -1).astype(np.int32)
        center_x, center_y = camera.center_px
        to_world = np.ascontiguousarray(camera.camera_to_world)
        kernels.paint_sky(open_to_it, environment.sky, to_world, float(camera.focal_px), float(center_x), float(center_y), sky)
        return sky


def erode(mask: np.ndarray) -> np.ndarray:
    """Return a mask without its outermost pixels (those beside a pixel outside of it)."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return inner


def sensor_dict(mi: Any, camera: CameraView) -> dict[str, Any]:
    """Return Mitsuba's description of a camera whose pixels are the rasteriser's."""
    turned = np.diag([-1.0, 1.0, -1.0, 1.0]) @ camera.camera_to_world  # Mitsuba looks along +z with +x to the left
    near, far = camera.near_far
    return {
        "type": "perspective",
        "to_world": mi.ScalarTransform4f(np.ascontiguousarray(turned.T)),
        "fov": 2.0 * math.degrees(math.atan(camera.width / (2.0 * camera.focal_px))),
        "fov_axis": "x",
        "near_clip": near,
        "far_clip": far,
        "principal_point_offset_x": (camera.width / 2.0 - camera.center_px[0]) / camera.width,
        "principal_point_offset_y": (camera.height / 2.0 - camera.center_px[1]) / camera.height,
        "sampler": {"type": "independent"},
        "film": {
            "type": "hdrfilm",
            "width": camera.width,
            "height": camera.height,
            "rfilter": {"type": "box"},  # samples count to their own pixel: no seams between blocks
            "pixel_format": "rgba",
            "component_format": "float32",
        },
    }


def _is_closed(radiance: np.ndarray, solid: SurfaceLayer, environment: Environment) -> bool:
    """Whether next to no light of sky and suns reaches what is seen."""
    some = (slice(None, None, 4), slice(None, None, 4))
    hit = solid.hit[some]
    if not hit.any():
        return False
    light = radiance[some][hit] @ LUMINANCE
    reflectance = np.maximum(srgb8_to_linear(solid.albedo.srgb[some][hit]) @ LUMINANCE, 0.04)
    around = float(environment.sky.mean(axis=(0, 1)) @ LUMINANCE)
    around += sum(float(sun.irradiance @ LUMINANCE) for sun in environment.suns) / math.pi
    return float(light.mean() / reflectance.mean()) < _CLOSED * around


def _guides(solid: SurfaceLayer, veil: SurfaceLayer | None, opacity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (H, W, 3) float32 base colour and normal that the denoiser keeps the edges of."""
    albedo, normal = srgb8_to_linear(solid.albedo.srgb), solid.gbuffer.normal
    if veil is not None:
        cover = opacity[..., None]
        albedo = albedo + (srgb8_to_linear(veil.albedo.srgb) - albedo) * cover
        normal = normal + (veil.gbuffer.normal - normal) * cover
    return np.ascontiguousarray(albedo), np.ascontiguousarray(normal)


def _without_strays(radiance: np.ndarray, covered: np.ndarray) -> np.ndarray:
    brightness = radiance @ LUMINANCE
    seen = brightness[covered]
    if not len(seen):
        return radiance
    limit = _STRAY * float(np.percentile(seen, 99.0)) + 1e-6
    return radiance * np.minimum(1.0, limit / np.maximum(brightness, 1e-12))[..., None].astype(np.float32)


def _input_scale(radiance: np.ndarray) -> float:
    """Return the factor that brings a picture's log-average brightness to the denoiser's middle gray, 0.18."""
    rows, columns = radiance.shape[0] // 8 * 8, radiance.shape[1] // 8 * 8
    if not rows or not columns:
        return 1.0
    blocks = (radiance[:rows, :columns] @ LUMINANCE).reshape(rows // 8, 8, columns // 8, 8).mean(axis=(1, 3))
    lit = blocks[blocks > 1e-8]
    return float(0.18 / np.exp(np.log(lit).mean())) if len(lit) else 1.0


class _Denoiser:
    """Open Image Denoise on the CPU (the fastest device may be another one on each machine)."""

    def __init__(self, *, thorough: bool) -> None:
        try:
            import mitsuba_oidn
        except ImportError as error:
            purpose = "Denoising a picture (set `denoise: false` to do without)"
            raise MissingExtraError("mitsuba_oidn", extra="capture", purpose=purpose) from error
        self._oidn = mitsuba_oidn
        self._device = mitsuba_oidn.Device(mitsuba_oidn.DeviceType.CPU)
        self._quality = mitsuba_oidn.Quality.High if thorough else mitsuba_oidn.Quality.Fast

    def clean(self, radiance: np.ndarray, albedo: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Return the denoised (H, W, 3) float32 radiance."""
        rows, columns = radiance.shape[:2]
        across = ((_MARGIN, _MARGIN), (_MARGIN, _MARGIN), (0, 0))
        color, guide, facing = (np.pad(image, across, mode="symmetric") for image in (radiance, albedo, normal))
        cleaned = self._oidn.denoise(
            np.ascontiguousarray(color, dtype=np.float32),
            guide,
            facing,
            hdr=True,
            input_scale=_input_scale(radiance),  # its own measure adds up in an order that depends on the threads
            clean_aux=False,  # it samples pixel centres, the light all of the pixel: edges trusted blindly turn ragged
            quality=self._quality,
            device=self._device,
        )
        return np.array(cleaned)[_MARGIN : _MARGIN + rows, _MARGIN : _MARGIN + columns]


def set_threads(count: int) -> None:
    """Let Mitsuba use this many threads (the denoiser shares them); the picture does not depend on it."""
    import drjit

    drjit.set_thread_count(max(1, min(count, os.cpu_count() or 1)))
