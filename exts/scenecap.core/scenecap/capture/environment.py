"""Light from all around: a stage's domes, suns and sky as one latitude-longitude map in world, z up."""

from __future__ import annotations

import functools
import logging
import math
from dataclasses import dataclass, field, replace

import numpy as np

from scenecap.stage.lights import LightKind, StageLight, StageLights
from scenecap.stage.materials.textures import TextureStore, read_asset

logger = logging.getLogger(__name__)

#: Map size [px]; 0.7 degrees a pixel, enough for soft light.
MAP_HEIGHT, MAP_WIDTH = 256, 512
#: Distant lights wider than this [deg] are drawn into the map; narrower ones are directions.
_WIDEST_SUN = 4.0
#: Share of the distant lights' irradiance that comes from all around where a stage has no dome: a room is never black.
_FILL = 0.15

# The soft sky of a stage without lights: an evenly overcast dome with a broad sun, about as strong as the sky itself.
_ZENITH, _HORIZON, _GROUND = (0.50, 0.56, 0.63), (0.80, 0.80, 0.79), (0.34, 0.32, 0.30)
_SUN_TOWARDS = np.array([0.42, -0.55, 0.78]) / np.linalg.norm([0.42, -0.55, 0.78])
_SUN_IRRADIANCE = np.array([2.10, 2.00, 1.85])
_SUN_WIDTH = 24.0


@dataclass(frozen=True, eq=False)
class Sun:
    """Light from one direction.

    Attributes:
        towards: (3,) float64 unit vector in world, from the scene to the light.
        irradiance: (3,) float64 linear RGB that a surface facing it gets.
        width: Apparent diameter [deg].
    """

    towards: np.ndarray
    irradiance: np.ndarray
    width: float


@dataclass(frozen=True, eq=False)
class Environment:
    """What surrounds a scene.

    Attributes:
        sky: (256, 512, 3) float32 linear radiance without the suns. Row 0 looks up (+z); column 0 looks along +y, a quarter
            of the width on along +x.
        suns: Distant lights, strongest first.
        local: Lights that stand somewhere, strongest first.
        is_default: Whether it is the soft sky of a stage that has no lights.
        problems: One line for each texture that could not be used.
        source: The lights that it was made from.
        tint: (3,) float64 factor of red, green and blue that all light has got (:meth:`tinted`).
    """

    sky: np.ndarray
    suns: tuple[Sun, ...]
    local: tuple[StageLight, ...]
    is_default: bool
    problems: tuple[str, ...] = ()
    source: StageLights = field(default_factory=lambda: StageLights(()))
    tint: np.ndarray = field(default_factory=lambda: np.ones(3))

    def tinted(self, tint: np.ndarray) -> Environment:
        """Return the same light in another colour: (3,) factors of red, green and blue."""
        return replace(
            self,
            sky=(self.sky * tint).astype(np.float32),
            suns=tuple(replace(sun, irradiance=sun.irradiance * tint) for sun in self.suns),
            local=tuple(replace(light, radiance=light.radiance * tint) for light in self.local),
            tint=self.tint * tint,
        )

    @functools.cached_property
    def map_with_suns(self) -> tuple[np.ndarray, tuple[Sun, ...]]:
        """The map with all broad suns drawn into it, and the suns that are too narrow for it."""
        image = self.sky.astype(np.float64)
        directions, solid_angles = _map_directions(), _map_solid_angles()
        narrow = []
        for sun in self.suns:
            if sun.width <= _WIDEST_SUN:
                narrow.append(sun)
                continue
            inside = directions @ sun.towards >= math.cos(math.radians(min(sun.width, 180.0) / 2.0))
            cosine = np.maximum(directions @ sun.towards, 0.0)
            image[inside] += sun.irradiance / max(float((solid_angles * cosine)[inside].sum()), 1e-9)
        return image.astype(np.float32), tuple(narrow)

    def radiance(self, directions: np.ndarray) -> np.ndarray:
        """Return what is seen of the sky in some directions.

        Args:
            directions: (..., 3) unit vectors in world.

        Returns:
            (..., 3) float32 linear radiance, without the suns' discs.
        """
        x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
        u = (np.arctan2(x, y) / (2.0 * np.pi)) % 1.0
        v = np.arccos(np.clip(z, -1.0, 1.0)) / np.pi
        return _bilinear(self.sky, u, v)

    @functools.cached_property
    def ambient(self) -> np.ndarray:
        """(9, 3) float64 spherical harmonics that give a surface's irradiance / pi from its normal.

        Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps", SIGGRAPH 2001. The basis is
        that of :func:`harmonics`.
        """
        weights = np.array([math.pi] + [2.0 * math.pi / 3.0] * 3 + [math.pi / 4.0] * 5) / math.pi
        basis = harmonics(_map_directions()) * _map_solid_angles()[..., None]
        return weights[:, None] * np.einsum("hwk,hwc->kc", basis, self.sky.astype(np.float64))


#: Constants of the nine harmonics, each times a polynomial of the direction.
HARMONIC_CONSTANTS = np.array([0.282095, 0.488603, 0.488603, 0.488603, 1.092548, 1.092548, 0.315392, 1.092548, 0.546274])


def harmonics(directions: np.ndarray) -> np.ndarray:
    """Return (..., 9) real spherical harmonics up to the second band of (..., 3) unit vectors."""
    x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
    polynomials = [np.ones_like(x), y, z, x, x * y, y * z, 3.0 * z * z - 1.0, x * z, x * x - y * y]
    return np.stack(polynomials, axis=-1) * HARMONIC_CONSTANTS


def build_environment(
    stage_lights: StageLights, textures: TextureStore | None = None, *, previous: Environment | None = None
) -> Environment:
    """Turn a stage's lights into an environment; without lights, into the soft sky.

    Args:
        stage_lights: What :func:`scenecap.stage.lights.read_lights` found.
        textures: Store for domes' pictures; without it they shine plain.
        previous: Returned where its lights are the same ones, so that nothing is computed twice over time.
    """
    if previous is not None and previous.source.same_as(stage_lights):
        return previous
    lights = stage_lights.lights
    problems: list[str] = []
    if not lights:
        return Environment(_soft_sky(), (Sun(_SUN_TOWARDS, _SUN_IRRADIANCE, _SUN_WIDTH),), (), True, (), stage_lights)
    suns = sorted(
        (Sun(-light.direction_world, light.irradiance, light.angle) for light in lights if light.kind is LightKind.DISTANT),
        key=lambda sun: -float(sun.irradiance.sum()),
    )
    local = sorted(
        (light for light in lights if light.kind not in (LightKind.DISTANT, LightKind.DOME)),
        key=lambda light: -float(light.radiance.sum() * light.area_world),
    )
    sky = np.zeros((MAP_HEIGHT, MAP_WIDTH, 3), dtype=np.float32)
    domes = [light for light in lights if light.kind is LightKind.DOME]
    for dome in domes:
        sky += _dome_map(dome, textures, problems)
    if suns and not domes:
        sky += (_FILL / math.pi * np.sum([sun.irradiance for sun in suns], axis=0)).astype(np.float32)
    return Environment(sky, tuple(suns), tuple(local), False, tuple(problems), stage_lights)


def _soft_sky() -> np.ndarray:
    up = _map_directions()[..., 2:3]
    zenith, horizon, ground = np.array(_ZENITH), np.array(_HORIZON), np.array(_GROUND)
    above = horizon + (zenith - horizon) * np.clip(up, 0.0, 1.0) ** 0.6
    below = horizon + (ground - horizon) * np.clip(-up * 6.0, 0.0, 1.0)
    return np.where(up >= 0.0, above, below).astype(np.float32)


def _dome_map(dome: StageLight, textures: TextureStore | None, problems: list[str]) -> np.ndarray:
    picture = None
    if dome.texture is not None:
        picture = _read_panorama(dome.texture, textures, problems)
    if picture is None:
        return np.broadcast_to(dome.radiance.astype(np.float32), (MAP_HEIGHT, MAP_WIDTH, 3))
    rotation = dome.to_world[:3, :3] / np.maximum(np.linalg.norm(dome.to_world[:3, :3], axis=1, keepdims=True), 1e-12)
    local = _map_directions() @ rotation.T  # row vectors: the rotation's transpose takes world to local
    x, y, z = local[..., 0], local[..., 1], local[..., 2]
    if dome.pole_up:  # the texture's top is +z: turn the dome by a quarter about x
        y, z = z, -y
    # OpenEXR's latitude-longitude: +z in the middle, +x to the left of it, +y on top.
    u = (0.5 - np.arctan2(x, z) / (2.0 * np.pi)) % 1.0
    v = np.arccos(np.clip(y, -1.0, 1.0)) / np.pi
    return _bilinear(picture, u, v) * dome.radiance.astype(np.float32)


def _read_panorama(file: str, textures: TextureStore | None, problems: list[str]) -> np.ndarray | None:
    """Return (h, w, 3) float32 linear radiance of a dome's picture, or None (reported)."""
    if file.rstrip("]").lower().endswith((".hdr", ".exr", ".pic", ".rgbe")):
        try:
            return _read_high_range(file)
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            problems.append(f"dome texture {file}: {str(error)[:150]}; it shines plain")
            return None
    texture = textures.load(file) if textures is not None else None
    if texture is None:
        return None
    from scenecap.colours import srgb8_to_linear

    return srgb8_to_linear(texture.pixels[..., :3])


def _read_high_range(file: str) -> np.ndarray:
    import mitsuba

    if mitsuba.variant() is None:
        mitsuba.set_variant("scalar_rgb")
    stream = mitsuba.MemoryStream()
    stream.write(read_asset(file))
    stream.seek(0)
    bitmap = mitsuba.Bitmap(stream)
    pixels = np.array(
        bitmap.convert(mitsuba.Bitmap.PixelFormat.RGB, mitsuba.Struct.Type.Float32, srgb_gamma=False), dtype=np.float32
    )
    pixels = np.where(np.isfinite(pixels), np.maximum(pixels, 0.0), 0.0)
    while pixels.shape[0] >= 2 * MAP_HEIGHT and pixels.shape[1] >= 2 * MAP_WIDTH:
        height, width = pixels.shape[0] // 2 * 2, pixels.shape[1] // 2 * 2
        pixels = pixels[:height, :width].reshape(height // 2, 2, width // 2, 2, 3).mean(axis=(1, 3))
    return pixels


def _map_directions() -> np.ndarray:
    """Return (256, 512, 3) float64 unit vectors in world of the map's pixel centres."""
    azimuth = (np.arange(MAP_WIDTH) + 0.5) / MAP_WIDTH * 2.0 * np.pi
    polar = ((np.arange(MAP_HEIGHT) + 0.5) / MAP_HEIGHT * np.pi)[:, None]
    z = np.broadcast_to(np.cos(polar), (MAP_HEIGHT, MAP_WIDTH))
    return np.stack([np.sin(azimuth) * np.sin(polar), np.cos(azimuth) * np.sin(polar), z], axis=-1)


def _map_solid_angles() -> np.ndarray:
    """Return (256, 512) float64 solid angles [sr] of the map's pixels; their sum is 4 pi."""
    edges = np.cos(np.arange(MAP_HEIGHT + 1) / MAP_HEIGHT * np.pi)
    rows = (edges[:-1] - edges[1:]) * 2.0 * np.pi / MAP_WIDTH
    return np.broadcast_to(rows[:, None], (MAP_HEIGHT, MAP_WIDTH))


def _bilinear(image: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    x, y = u * width - 0.5, np.clip(v * height - 0.5, 0.0, height - 1.0)
    left, upper = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = (x - left)[..., None].astype(np.float32), (y - upper)[..., None].astype(np.float32)
    right, lower = (left + 1) % width, np.minimum(upper + 1, height - 1)
    left = left % width
    top = image[upper, left] * (1.0 - fx) + image[upper, right] * fx
    bottom = image[lower, left] * (1.0 - fx) + image[lower, right] * fx
    return top * (1.0 - fy) + bottom * fy
