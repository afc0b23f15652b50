"""What the picture shows at each pixel: the nearest opaque surface, and a see-through one before it.

Ground truth knows one surface per pixel. A picture also shows ghosts, which ground truth leaves out, and what lies behind a
see-through object, which ground truth counts as solid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scenecap.capture.albedo import Albedo, MaterialTable
from scenecap.capture.gbuffer import GBuffer, build_gbuffer
from scenecap.capture.raster import rasterize
from scenecap.capture.scene import RasterScene
from scenecap.contract import CameraView

#: Surfaces below this opacity are see-through.
CLEAR_OPACITY = 0.98


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
    veil = _layer_of(view, clear)
    seen = veil.hit & (veil.gbuffer.depth < np.where(view.truth.hit, view.truth.gbuffer.depth * (1.0 + 1e-5), np.inf))
    if not seen.any():
        return view.truth, None, nothing
    # Where the truth itself is see-through, what lies behind it has to be found.
    solid = view.truth
    if clear[solid.gbuffer.gprim[solid.hit]].any():
        solid = _layer_of(view, view.drawn & ~clear)
    opacity = np.where(seen, view.table.opacity_of(veil.material), 0.0).astype(np.float32)
    return solid, veil, opacity


def _layer_of(view: ViewedScene, which: np.ndarray) -> SurfaceLayer:
    slots = np.where(which, 0, -1).astype(np.int32)
    result = rasterize(view.scene, view.camera, view.local_to_world, entity_of_gprim=slots, entity_count=1)
    return make_layer(build_gbuffer(view.scene, view.camera, view.local_to_world, result), view.table)
