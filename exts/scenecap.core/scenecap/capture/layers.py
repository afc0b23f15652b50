"""What the picture shows at each pixel: the nearest opaque surface, and a see-through one before it.

Ground truth knows one surface per pixel. A picture also shows ghosts, which ground truth leaves out, and what lies behind a
see-through object, which ground truth counts as solid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from scenecap.capture.albedo import Albedo, MaterialTable
from scenecap.capture.exposure import meter
from scenecap.capture.gbuffer import GBuffer, build_gbuffer
from scenecap.capture.raster import RasterResult, rasterize
from scenecap.capture.scene import RasterScene
from scenecap.colours import srgb8_to_linear
from scenecap.contract import CameraView

#: Surfaces below this opacity are see-through.
CLEAR_OPACITY = 0.98
#: About how many pixels are measured for the exposure.
_METERED = 40000


@dataclass(frozen=True, eq=False)
class SurfaceLayer:
    """One surface per pixel.

    Attributes:
        gbuffer: Where it is and how it lies.
        material: (H, W) int32 number in ``MaterialTable.materials``, -1 where nothing is.
        albedo: Its base colour.
    """

    gbuffer: GBuffer
    material: np.ndarray
    albedo: Albedo

    @property
    def hit(self) -> np.ndarray:
        """(H, W) bool, where there is a surface."""
        return self.gbuffer.gprim >= 0


@dataclass(frozen=True, eq=False)
class ViewedScene:
    """One camera's view of a stage at one time: what a picture is made from.

    Attributes:
        camera: The camera.
        scene: The geometry.
        local_to_world: (G, 4, 4) float64 gprim's local units -> world [m].
        drawn: (G,) bool, gprims that the picture shows, ghosts included.
        table: The materials of the gprims.
        truth: The surface that ground truth has at each pixel.
    """

    camera: CameraView
    scene: RasterScene
    local_to_world: np.ndarray
    drawn: np.ndarray
    table: MaterialTable
    truth: SurfaceLayer


def make_layer(viewed_gbuffer: GBuffer, table: MaterialTable) -> SurfaceLayer:
    """Look up the materials and base colours of a G-buffer."""
    material = table.material_of(viewed_gbuffer.gprim, viewed_gbuffer.material)
    return SurfaceLayer(viewed_gbuffer, material, table.albedo(material, viewed_gbuffer.uv, viewed_gbuffer.gprim))


def split_layers(view: ViewedScene) -> tuple[SurfaceLayer, SurfaceLayer | None, np.ndarray]:
    """Return the opaque layer, the see-through layer before it, and how much of that one is seen.

    Of several see-through surfaces behind each other the nearest one is shown.

    Returns:
        The opaque layer; the see-through one or None; and (H, W) float32 opacity of the latter where it is nearer, else 0.
    """
    nothing = np.zeros(view.truth.material.shape, dtype=np.float32)
    clear = view.drawn & view.table.clear_gprims(CLEAR_OPACITY)
    if not clear.any():
        return view.truth, None, nothing
    truth = view.truth
    reach = np.where(truth.hit, truth.gbuffer.depth * np.float32(1.0 + 1e-5), np.float32(np.inf))
    found = _find(view, clear)
    veil_at = (found.gprim >= 0) & (found.depth <= reach)
    if not veil_at.any():
        return truth, None, nothing
    veil = _complete(view, found, veil_at)
    # Where the truth itself is see-through, what lies behind it has to be found.
    hidden = np.zeros_like(veil_at)
    hidden[truth.hit] = clear[truth.gbuffer.gprim[truth.hit]]
    solid = truth
    if hidden.any():
        behind = _complete(view, _find(view, view.drawn & ~clear), hidden)
        solid = _merge(truth, behind, hidden)
    opacity = np.where(veil_at, view.table.opacity_of(veil.material), np.float32(0.0))
    return solid, veil, opacity


def _find(view: ViewedScene, which: np.ndarray) -> RasterResult:
    slots = np.where(which, 0, -1).astype(np.int32)
    return rasterize(view.scene, view.camera, view.local_to_world, entity_of_gprim=slots, entity_count=1)


def _complete(view: ViewedScene, found: RasterResult, where: np.ndarray) -> SurfaceLayer:
    """Look up the surfaces of a rasteriser's result in some pixels; elsewhere there is nothing."""
    kept = replace(
        found,
        gprim=np.where(where, found.gprim, -1).astype(np.int32),
        depth=np.where(where, found.depth, np.float32(np.inf)),
    )
    return make_layer(build_gbuffer(view.scene, view.camera, view.local_to_world, kept), view.table)


def _merge(base: SurfaceLayer, other: SurfaceLayer, where: np.ndarray) -> SurfaceLayer:
    """Return a layer that has the other's surfaces in some pixels."""

    def mixed(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        out = first.copy()
        out[where] = second[where]
        return out

    names = [entry.name for entry in fields(GBuffer)]
    gbuffer = GBuffer(**{name: mixed(getattr(base.gbuffer, name), getattr(other.gbuffer, name)) for name in names})
    albedo = Albedo(
        mixed(base.albedo.srgb, other.albedo.srgb),
        mixed(base.albedo.texel, other.albedo.texel),
        mixed(base.albedo.known, other.albedo.known),
    )
    return SurfaceLayer(gbuffer, mixed(base.material, other.material), albedo)


def expose_layers(radiance: np.ndarray, solid: SurfaceLayer, veil: SurfaceLayer | None, opacity: np.ndarray) -> float:
    """Return the automatic exposure of a picture of these layers (:func:`scenecap.capture.exposure.meter`).

    Args:
        radiance: (H, W, 3) float32 linear picture.
        solid: The opaque layer.
        veil: The see-through layer, or None.
        opacity: (H, W) float32 of the veil.
    """
    step = max(1, int(math.sqrt(opacity.size / _METERED)))
    reflectance = srgb8_to_linear(solid.albedo.srgb[::step, ::step])
    if veil is not None:
        cover = opacity[::step, ::step, None]
        reflectance += (srgb8_to_linear(veil.albedo.srgb[::step, ::step]) - reflectance) * cover
    return meter(radiance[::step, ::step], reflectance, solid.hit[::step, ::step])
