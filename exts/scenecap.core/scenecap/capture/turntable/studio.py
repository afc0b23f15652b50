"""Draw an asset of a stage alone, on a neutral ground in even light, whatever stands around it and lights it there."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scenecap.capture.albedo import MaterialTable
from scenecap.capture.environment import MAP_HEIGHT, MAP_WIDTH, Environment, Sun
from scenecap.capture.gbuffer import build_gbuffer
from scenecap.capture.layers import ViewedScene, make_layer
from scenecap.capture.raster import rasterize
from scenecap.capture.scene import RasterScene, build_raster_scene
from scenecap.capture.settings import Quality
from scenecap.capture.shade import draw_draft
from scenecap.capture.turntable.looks import near_color_shares
from scenecap.capture.turntable.views import TurntableView, front_of, turntable_views
from scenecap.capture.viewpoints.framing import outwards, resized
from scenecap.capture.world import Moment, StageWorld
from scenecap.colours import ColorShares, basic_color_shares
from scenecap.errors import CaptureError, MissingExtraError
from scenecap.stage.materials.model import SurfaceMaterial
from scenecap.stage.mesh import LocalMesh

if TYPE_CHECKING:
    from scenecap.capture.picture import PathTracer

_LOG = logging.getLogger(__name__)

#: Grey of the ground (linear), darker than white things and those of no known colour and lighter than black ones; and of what
#: is around.
_GROUND, _AROUND = 0.2, 0.62
#: The ground's lines, in extents of the asset: it reaches so far that no view sees its edge.
_LINES = np.array([0.35, 1.0, 2.0, 4.0, 12.0, 40.0, 200.0])
#: The ground lies this share of the extent below the asset, so that what is flat does not fight with it.
_BELOW = 2e-3
#: The sun: to the left of each view, behind the camera.
_SUN_TURN, _SUN_ELEVATION, _SUN_WIDTH = -40.0, 52.0, 12.0
_SUN_IRRADIANCE = np.array([1.5, 1.5, 1.5])
#: Factor on light, the same for all views, so that a thing looks the same from all sides.
_EXPOSURE = 0.9
#: Pictures are drawn so many times finer and averaged: drafts have hard edges.
_FINER = 2
#: Share of an asset's surface whose colour must be authored, for its colour to be known.
KNOWN_COLOR = 0.5
#: Most surface points that views are fitted to.
_MAX_POINTS = 60_000


@dataclass(frozen=True, eq=False)
class TurntablePicture:
    """One view of an asset.

    Attributes:
        view: From where.
        rgb: (E, E, 3) uint8 sRGB.
        share: Share of the picture that shows the asset.
    """

    view: TurntableView
    rgb: np.ndarray
    share: float


@dataclass(frozen=True, eq=False)
class AssetViews:
    """An asset seen from all sides.

    Attributes:
        path: Prim path of the occurrence that was drawn.
        size: Width (left to right of the front), depth and height [m] of its box.
        pictures: The views.
        color_shares: Which basic colours cover which share of its surface as seen in all views; what is missing to 1 is of
            no certain term.
        color_near: Basic colour term -> share of its surface that might be called so, generously.
        color_known: Share of that surface whose colour is authored; the rest is drawn with a stand-in.
    """

    path: str
    size: tuple[float, float, float]
    pictures: tuple[TurntablePicture, ...]
    color_shares: ColorShares
    color_near: Mapping[str, float]
    color_known: float


class Studio:
    """Takes the pictures of a stage's assets.

    Args:
        world: The stage.
        moment: The time that poses are taken from.
        quality: ``DRAFT``, ``PREVIEW`` or ``FINAL``.
        views: Pictures of each asset.
        edge: Of each picture [px].

    Raises:
        MissingExtraError: ``FINAL``, and Mitsuba is not installed.
    """

    def __init__(
        self, world: StageWorld, moment: Moment, *, quality: Quality = Quality.DRAFT, views: int = 6, edge: int = 320
    ) -> None:
        self._world = world
        self._moment = moment
        self._quality = quality
        self._views = views
        self._edge = edge
        self._members: dict[str, np.ndarray] = {}
        for number, entity in enumerate(world.discovery.entities):
            self._members[entity.path] = np.nonzero(world.discovery.owner == number)[0]
        self._objects = {item.path: item for item in moment.objects}
        if quality is Quality.FINAL:
            from scenecap.capture.path_scene import load_mitsuba

            load_mitsuba()

    def observe(self, path: str) -> AssetViews:
        """Draw an object of the stage from all sides.

        Args:
            path: The object's prim path.

        Raises:
            CaptureError: There is nothing of it to draw.
        """
        observed = self._objects.get(path)
        rows = self._members.get(path, np.zeros(0, dtype=np.int64))
        rows = rows[self._moment.drawn[rows]]
        set_up = AssetOnGround(self._world, self._moment, rows) if len(rows) else None
        if observed is None or set_up is None or not len(set_up.points):
            raise CaptureError(f"{path}: there is nothing of it to draw.")
        front = front_of(observed.object_to_world)
        views = turntable_views(
            set_up.points,
            front=front,
            count=self._views,
            edge=self._edge * _FINER,
            meters_per_unit=self._world.open_stage.meters_per_unit,
        )
        tracer = self._tracer(set_up)
        pictures, texels, known, seen = [], [], 0, 0
        for number, view in enumerate(views):
            viewed = set_up.seen_from(view)
            light = studio_light(view.azimuth)
            if tracer is None:
                rgb = draw_draft(viewed, light, exposure=_EXPOSURE)
            else:
                rgb = tracer.draw(viewed, light, seed=number, exposure=_EXPOSURE)
            mine = viewed.truth.hit & (viewed.truth.gbuffer.gprim != set_up.ground)
            authored = mine & viewed.truth.albedo.known
            texels.append(viewed.truth.albedo.texel[authored])
            known, seen = known + int(authored.sum()), seen + int(mine.sum())
            pictures.append(TurntablePicture(_coarser(view, _FINER), _averaged(rgb, _FINER), float(mine.mean())))
        if not seen:
            raise CaptureError(f"{path}: none of it can be seen; its surface may be a line or a point.")
        surface = np.concatenate(texels)
        return AssetViews(
            path=path,
            size=_size(set_up.points, front),
            pictures=tuple(pictures),
            color_shares=basic_color_shares(surface),
            color_near=near_color_shares(surface),
            color_known=known / seen,
        )

    def _tracer(self, set_up: AssetOnGround) -> PathTracer | None:
        if self._quality not in (Quality.PREVIEW, Quality.FINAL):
            return None
        from scenecap.capture.picture import PathTracer  # needs Mitsuba, which drafts do not

        try:
            return PathTracer(self._world.materials, quality=self._quality)
        except MissingExtraError as error:
            if self._quality is Quality.FINAL:
                raise
            _LOG.warning("%s Drawing drafts instead.", error)
            self._quality = Quality.DRAFT
            return None


class AssetOnGround:
    """An asset's geometry on its ground.

    Args:
        world: The stage.
        moment: The time that poses are taken from.
        rows: (N,) the asset's gprims that are drawn.

    Attributes:
        points: (P, 3) of its surface, in world [m]; none where there is nothing to draw.
        bindings: Materials of its gprims, and of the ground last.
        ground: Number of the ground among the gprims.
    """

    def __init__(self, world: StageWorld, moment: Moment, rows: np.ndarray) -> None:
        self._table: MaterialTable | None = None
        self._textures = world.materials.textures
        gprims = [world.walk.gprims[row] for row in rows]
        meshes = [world.geometry.get(gprim, moment.state.time_code) for gprim in gprims]
        places = moment.state.local_to_world[rows]
        placed = [
            mesh.points @ place[:3, :3] + place[3, :3] for mesh, place in zip(meshes, places, strict=True) if not mesh.empty
        ]
        points = np.concatenate(placed) if placed else np.zeros((0, 3))
        points = points[np.isfinite(points).all(axis=1)]
        self.points = points
        self.ground = len(rows)
        self.bindings = [world.bindings[row] for row in rows] + [(_GROUND_MATERIAL,)]
        if not len(points):
            return
        low, high = points.min(axis=0), points.max(axis=0)
        extent = max(float(np.linalg.norm(high - low)), 1e-6)
        middle = (low + high) / 2.0
        ground_place = np.eye(4)
        ground_place[3, :3] = middle[0], middle[1], low[2] - _BELOW * extent
        names = [next((m.uv_primvar for m in binding if m.uv_primvar), None) for binding in self.bindings]
        self._scene: RasterScene = build_raster_scene([*meshes, _plane(extent)], uv_names=names)
        self._places = np.concatenate([places, ground_place[None]])
        self._slots = np.append(np.zeros(len(rows), np.int32), np.int32(1))
        step = max(1, len(points) // _MAX_POINTS)
        corners = np.array([points[np.argmin(points @ axis)] for axis in _EXTREMES])
        self.points = np.concatenate([points[::step], corners])

    def seen_from(self, view: TurntableView) -> ViewedScene:
        """Return what a view sees."""
        if self._table is None:
            self._table = MaterialTable(self.bindings, self._textures)
        found = rasterize(self._scene, view.camera, self._places, entity_of_gprim=self._slots, entity_count=2)
        gbuffer = build_gbuffer(self._scene, view.camera, self._places, found)
        return ViewedScene(
            camera=view.camera,
            scene=self._scene,
            local_to_world=self._places,
            drawn=np.ones(len(self._places), dtype=bool),
            table=self._table,
            truth=make_layer(gbuffer, self._table),
        )


_GROUND_MATERIAL = SurfaceMaterial(name="ground", base_color=(_GROUND, _GROUND, _GROUND), roughness=1.0, authored=True)
#: Directions whose outermost points are always among those that views are fitted to.
_EXTREMES = np.array(
    [[x, y, z] for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0) for z in (-1.0, 0.0, 1.0) if x or y or z], dtype=np.float64
)


def studio_light(azimuth: float) -> Environment:
    """Return the light of a view: the same from all around, and a soft sun over the camera's left shoulder.

    Args:
        azimuth: From where the view looks [degrees].
    """
    towards = outwards(azimuth + _SUN_TURN, _SUN_ELEVATION)
    return Environment(_even_sky(), (Sun(towards, _SUN_IRRADIANCE, _SUN_WIDTH),), (), True)


@functools.lru_cache(maxsize=1)
def _even_sky() -> np.ndarray:
    return np.full((MAP_HEIGHT, MAP_WIDTH, 3), _AROUND, dtype=np.float32)


def _plane(unit: float) -> LocalMesh:
    """Return a level square, cut finer towards its middle: depth within one vast triangle is not exact enough for shadows."""
    steps = np.concatenate([-_LINES[::-1], _LINES]) * unit
    x, y = np.meshgrid(steps, steps, indexing="ij")
    points = np.stack([x, y, np.zeros_like(x)], axis=-1).reshape(-1, 3)
    count = len(steps)
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).reshape(-1)
    first = np.stack([corner, corner + count, corner + count + 1], axis=1)
    second = np.stack([corner, corner + count + 1, corner + 1], axis=1)
    triangles = np.concatenate([first, second]).astype(np.int32)
    return LocalMesh(points, triangles, np.zeros(len(triangles), dtype=np.int32))


def _size(points: np.ndarray, front: float) -> tuple[float, float, float]:
    """Return width, depth and height [m] of points as seen from the front."""
    turn = math.radians(front)
    right = np.array([-math.sin(turn), math.cos(turn)])
    away = np.array([-math.cos(turn), -math.sin(turn)])
    width, depth = np.ptp(points[:, :2] @ right), np.ptp(points[:, :2] @ away)
    return round(float(width), 4), round(float(depth), 4), round(float(np.ptp(points[:, 2])), 4)


def _averaged(rgb: np.ndarray, times: int) -> np.ndarray:
    """Return a picture so many times smaller."""
    edge = rgb.shape[0] // times
    blocks = rgb.reshape(edge, times, edge, times, 3).astype(np.uint32).sum(axis=(1, 3))
    return ((blocks + times * times // 2) // (times * times)).astype(np.uint8)


def _coarser(view: TurntableView, times: int) -> TurntableView:
    size = (view.camera.width // times, view.camera.height // times)
    return TurntableView(resized(view.camera, size), view.azimuth, view.meters_per_px * times)
