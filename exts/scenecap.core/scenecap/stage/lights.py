"""Lights of a stage: what UsdLux says, as radiance in world units."""

from __future__ import annotations

import enum
import logging
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pxr import Sdf, Usd, UsdGeom, UsdLux

from scenecap.stage.materials.network import as_color, as_number
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.stage.open import OpenStage

logger = logging.getLogger(__name__)

#: Angles of a distant light below this [deg] are a point in the sky; its radiance is then its irradiance (UsdLux).
_POINT_ANGLE = 1e-3
#: ``2 ** exposure`` beyond this is a slip of the pen, and would only overflow.
_MAX_EXPOSURE = 40.0


class LightKind(str, enum.Enum):
    """Shapes of lights."""

    DISTANT = "distant"
    SPHERE = "sphere"
    RECT = "rect"
    DISK = "disk"
    CYLINDER = "cylinder"
    DOME = "dome"


@dataclass(frozen=True, eq=False)
class StageLight:
    """One light that shines at the time it was read.

    Attributes:
        path: Prim path.
        kind: Its shape.
        radiance: (3,) float64 linear RGB that leaves its surface; for a distant light of no width, irradiance.
        to_world: (4, 4) float64, the light's local units -> world [m], z up (row vectors). It shines along local -z; a
            cylinder lies along local x.
        angle: Apparent diameter of a distant light [deg].
        radius: Of a sphere, disk or cylinder [local units].
        width: Of a rect, along local x [local units].
        height: Of a rect, along local y [local units].
        length: Of a cylinder [local units].
        is_point: Whether a sphere or cylinder asks to be treated as a point or line.
        cone_angle: Half angle of the cone that it is confined to [deg]; 90 or more where it is not.
        cone_softness: 0..1, share of the cone over which it fades.
        texture: Resolved file that colours a dome or rect, or None.
        pole_up: Whether the top of a dome's texture is local +z; else it is local +y.
    """

    path: str
    kind: LightKind
    radiance: np.ndarray
    to_world: np.ndarray
    angle: float = 0.0
    radius: float = 0.5
    width: float = 1.0
    height: float = 1.0
    length: float = 1.0
    is_point: bool = False
    cone_angle: float = 180.0
    cone_softness: float = 0.0
    texture: str | None = None
    pole_up: bool = False

    @property
    def position_world(self) -> np.ndarray:
        """(3,) float64 centre in world [m]."""
        return self.to_world[3, :3]

    @property
    def direction_world(self) -> np.ndarray:
        """(3,) float64 unit vector along which it shines (local -z)."""
        axis = -self.to_world[2, :3]
        return axis / max(float(np.linalg.norm(axis)), 1e-12)

    @property
    def irradiance(self) -> np.ndarray:
        """(3,) float64 irradiance that a distant light gives to a surface that faces it."""
        if self.angle < _POINT_ANGLE:
            return self.radiance
        return self.radiance * math.pi * math.sin(math.radians(min(self.angle, 180.0) / 2.0)) ** 2

    @property
    def area_world(self) -> float:
        """Surface that shines [m^2]; 0 for distant lights and domes."""
        sx, sy, sz = (float(value) for value in np.linalg.norm(self.to_world[:3, :3], axis=1))
        if self.kind is LightKind.SPHERE:
            return 4.0 * math.pi * self.radius**2 * (sx * sy * sz) ** (2.0 / 3.0)
        if self.kind is LightKind.RECT:
            return self.width * self.height * sx * sy
        if self.kind is LightKind.DISK:
            return math.pi * self.radius**2 * sx * sy
        if self.kind is LightKind.CYLINDER:
            return 2.0 * math.pi * self.radius * math.sqrt(sy * sz) * self.length * sx
        return 0.0


@dataclass(frozen=True)
class StageLights:
    """The lights of a stage at one time.

    Attributes:
        lights: Those that shine, in stage order.
        problems: One line for each light that is drawn otherwise than it says, or not at all.
    """

    lights: tuple[StageLight, ...]
    problems: tuple[str, ...] = field(default=())

    def same_as(self, other: StageLights) -> bool:
        """Whether all lights shine in the same way from the same places (at another time, say)."""
        return len(self.lights) == len(other.lights) and all(
            _plain_values(mine) == _plain_values(theirs)
            and np.array_equal(mine.radiance, theirs.radiance)
            and np.array_equal(mine.to_world, theirs.to_world)
            for mine, theirs in zip(self.lights, other.lights, strict=True)
        )


def _plain_values(light: StageLight) -> tuple[object, ...]:
    return tuple(value for value in vars(light).values() if not isinstance(value, np.ndarray))


def read_lights(open_stage: OpenStage, *, time_code: float) -> StageLights:
    """Read the lights that are visible and shine.

    Light linking, light filters and IES profiles are not followed. Lights inside PointInstancers are left out.

    Args:
        open_stage: The stage.
        time_code: When.
    """
    time = Usd.TimeCode(time_code)
    cache = UsdGeom.XformCache(time)
    lights: list[StageLight] = []
    problems: list[str] = []
    stage = open_stage.stage
    prims = iter(Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies()))
    for prim in prims:
        if prim.IsA(UsdGeom.PointInstancer) or prim.IsAbstract():
            prims.PruneChildren()
            continue
        if not prim.HasAPI(UsdLux.LightAPI):
            continue
        path = clean_text(prim.GetPath(), limit=300)
        try:
            imageable = UsdGeom.Imageable(prim)
            if imageable and imageable.ComputeVisibility(time) == UsdGeom.Tokens.invisible:
                continue
            with np.errstate(invalid="ignore"):
                to_world = np.array(cache.GetLocalToWorldTransform(prim)) @ open_stage.world_from_stage
            light = _read_light(prim, to_world, time, z_up=open_stage.up_axis == "Z", problems=problems)
        except (TypeError, ValueError, ArithmeticError) as error:
            problems.append(f"light {path}: {clean_text(error, limit=150)}; it is left dark")
            continue
        if light is not None:
            lights.append(light)
    for line in problems:
        logger.info("%s", line)
    return StageLights(tuple(lights), tuple(problems))


def _read_light(
    prim: Usd.Prim, to_world: np.ndarray, time: Usd.TimeCode, *, z_up: bool, problems: list[str]
) -> StageLight | None:
    path = clean_text(prim.GetPath(), limit=300)
    kind = _kind(prim)
    if kind is None:
        if not prim.IsA(UsdLux.PortalLight):
            problems.append(f"light {path}: a {prim.GetTypeName() or 'light'} cannot be drawn; it is left dark")
        return None
    if not np.isfinite(to_world).all() or (kind is not LightKind.DOME and abs(np.linalg.det(to_world[:3, :3])) < 1e-18):
        problems.append(f"light {path}: its transform is not finite or collapsed; it is left dark")
        return None

    def number(name: str, default: float) -> float:
        return as_number(_value(prim, name, time), default)

    radiance = emitted_color(prim, time)
    if radiance.max() <= 0.0:
        return None
    cone_angle, softness = 180.0, 0.0
    if prim.HasAPI(UsdLux.ShapingAPI):
        cone_angle, softness = number("inputs:shaping:cone:angle", 90.0), number("inputs:shaping:cone:softness", 0.0)
        ies = _value(prim, "inputs:shaping:ies:file", time)
        if isinstance(ies, Sdf.AssetPath) and ies.path:
            problems.append(f"light {path}: its IES profile is not used; it shines evenly")
    texture, pole_up = None, False
    if kind in (LightKind.DOME, LightKind.RECT):
        asset = _value(prim, "inputs:texture:file", time)
        if isinstance(asset, Sdf.AssetPath) and asset.path:
            texture = asset.resolvedPath or None
            if texture is None:
                problems.append(
                    f"light {path}: the texture {clean_text(asset.path, limit=200)} was not found; it shines plain"
                )
        pole = str(_value(prim, "poleAxis", time) or "Y")
        pole_up = pole == "Z" or (pole == "scene" and z_up)
    light = StageLight(
        path=str(prim.GetPath()),
        kind=kind,
        radiance=radiance,
        to_world=to_world,
        angle=max(0.0, number("inputs:angle", 0.53)) if kind is LightKind.DISTANT else 0.0,
        radius=abs(number("inputs:radius", 0.5)),
        width=abs(number("inputs:width", 1.0)),
        height=abs(number("inputs:height", 1.0)),
        length=abs(number("inputs:length", 1.0)),
        is_point=bool(_value(prim, "treatAsPoint", time) or _value(prim, "treatAsLine", time)),
        cone_angle=cone_angle if cone_angle > 0.0 else 180.0,
        cone_softness=min(1.0, max(0.0, softness)),
        texture=texture,
        pole_up=pole_up,
    )
    if _value(prim, "inputs:normalize", time):
        light = _normalized(light)
    return light


def _normalized(light: StageLight) -> StageLight:
    """Apply UsdLux's ``normalize``: divide by the world-space area, for a distant light by its solid angle's projection."""
    if light.kind is LightKind.DOME:
        return light
    if light.kind is LightKind.DISTANT:
        size = 1.0 if light.angle < _POINT_ANGLE else math.pi * math.sin(math.radians(min(light.angle, 180.0) / 2.0)) ** 2
    else:
        size = light.area_world
    return replace(light, radiance=light.radiance / size) if size > 1e-12 else light


def emitted_color(prim: Usd.Prim, time: Usd.TimeCode) -> np.ndarray:
    """Return (3,) float64 ``color * temperature * intensity * 2 ** exposure`` of a light prim, before ``normalize``."""
    color = np.array(as_color(_value(prim, "inputs:color", time), (1.0, 1.0, 1.0)))
    if _value(prim, "inputs:enableColorTemperature", time):
        kelvin = as_number(_value(prim, "inputs:colorTemperature", time), 6500.0)
        color = color * np.array(
            as_color(UsdLux.BlackbodyTemperatureAsRgb(min(10000.0, max(1000.0, kelvin))), (1.0, 1.0, 1.0))
        )
    default = 50000.0 if _kind(prim) is LightKind.DISTANT else 1.0
    intensity = as_number(_value(prim, "inputs:intensity", time), default)
    exposure = as_number(_value(prim, "inputs:exposure", time), 0.0)
    return np.maximum(color * intensity * 2.0 ** min(_MAX_EXPOSURE, max(-_MAX_EXPOSURE, exposure)), 0.0)


def _kind(prim: Usd.Prim) -> LightKind | None:
    if prim.GetTypeName() in ("DomeLight", "DomeLight_1"):
        return LightKind.DOME
    kinds = (
        (UsdLux.DistantLight, LightKind.DISTANT),
        (UsdLux.SphereLight, LightKind.SPHERE),
        (UsdLux.RectLight, LightKind.RECT),
        (UsdLux.DiskLight, LightKind.DISK),
        (UsdLux.CylinderLight, LightKind.CYLINDER),
    )
    return next((kind for schema, kind in kinds if prim.IsA(schema)), None)


def _value(prim: Usd.Prim, name: str, time: Usd.TimeCode) -> Any:
    attribute = prim.GetAttribute(name)
    if not attribute:  # files from before 21.11 have no "inputs:"
        attribute = prim.GetAttribute(name.removeprefix("inputs:"))
    elif not attribute.HasAuthoredValue():
        old = prim.GetAttribute(name.removeprefix("inputs:"))
        if old and old.HasAuthoredValue():
            attribute = old
    return attribute.Get(time) if attribute else None
