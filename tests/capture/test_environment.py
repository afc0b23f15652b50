"""Light from all around: radiometry against closed forms, and which way a dome faces."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pxr", reason="needs usd-core")

from scenecap.capture.environment import _map_directions, _map_solid_angles, build_environment, harmonics
from scenecap.stage.lights import LightKind, StageLight, StageLights
from scenecap.stage.materials import TextureStore

DOWN = np.eye(4)


def light(kind: LightKind, *, radiance=(1.0, 1.0, 1.0), to_world: np.ndarray = DOWN, **options) -> StageLight:
    return StageLight("/L", kind, np.array(radiance, float), to_world, **options)


def irradiance(sky: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Irradiance of a surface by adding up the map: the definition."""
    weight = _map_solid_angles() * np.maximum(_map_directions() @ normal, 0.0)
    return (sky * weight[..., None]).sum(axis=(0, 1))


def test_the_maps_pixels_cover_the_sphere():
    assert _map_solid_angles().sum() == pytest.approx(4 * math.pi)
    assert np.linalg.norm(_map_directions(), axis=-1) == pytest.approx(np.ones((256, 512)))
    # Directions balance out: the map has no preferred side.
    assert np.abs((_map_directions() * _map_solid_angles()[..., None]).sum(axis=(0, 1))).max() < 1e-6


def test_a_stage_without_lights_gets_the_soft_sky_and_one_sun():
    sky = build_environment(StageLights(()))
    assert sky.is_default
    assert len(sky.suns) == 1
    assert sky.suns[0].towards[2] > 0.5
    up, down = irradiance(sky.sky, np.array([0, 0, 1.0])), irradiance(sky.sky, np.array([0, 0, -1.0]))
    assert (up > down).all()
    assert (sky.sky > 0.1).all()


def test_ambient_harmonics_equal_the_integral_over_the_map():
    sky = build_environment(StageLights(()))
    for normal in ([0, 0, 1], [0, 0, -1], [1, 0, 0], [0.6, -0.48, 0.64]):
        expected = irradiance(sky.sky, np.array(normal, float)) / math.pi
        assert harmonics(np.array(normal, float)) @ sky.ambient == pytest.approx(expected, rel=0.04)


def test_a_plain_dome_is_the_same_from_everywhere():
    dome = build_environment(StageLights((light(LightKind.DOME, radiance=(1.0, 2.0, 3.0)),)))
    assert dome.sky.reshape(-1, 3).min(axis=0) == pytest.approx([1, 2, 3])
    assert dome.sky.reshape(-1, 3).max(axis=0) == pytest.approx([1, 2, 3])
    assert not dome.is_default
    # Irradiance under a uniform sky is pi times its radiance.
    assert irradiance(dome.sky, np.array([0, 0, 1.0])) == pytest.approx(np.pi * np.array([1, 2, 3]), rel=1e-3)


def test_domes_add_up():
    two = build_environment(StageLights((light(LightKind.DOME), light(LightKind.DOME, radiance=(2.0, 2.0, 2.0)))))
    assert two.sky == pytest.approx(np.full((256, 512, 3), 3.0))


@pytest.fixture
def panorama(tmp_path: Path) -> str:
    """Top half red, bottom half blue; a green patch in the middle of the picture."""
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:32, :, 0], pixels[32:, :, 2] = 255, 255
    pixels[16:48, 60:68] = (0, 255, 0)
    file = tmp_path / "sky.png"
    Image.fromarray(pixels).save(file)
    return str(file)


@pytest.mark.parametrize(
    ("pole_up", "turn", "top", "middle"),
    [
        # OpenEXR's latitude-longitude map: +y on top, +z in the middle (UsdLuxDomeLight).
        (False, np.eye(3), [0, 1, 0], [0, 0, 1]),
        # The stage turned from y up to z up: y -> z, z -> -y.
        (False, np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]), [0, 0, 1], [0, -1, 0]),
        # poleAxis Z: the texture's top is +z without any turn.
        (True, np.eye(3), [0, 0, 1], [0, -1, 0]),
    ],
)
def test_a_domes_picture_faces_where_usd_says(panorama, pole_up, turn, top, middle):
    to_world = np.eye(4)
    to_world[:3, :3] = turn
    dome = light(LightKind.DOME, to_world=to_world, texture=panorama, pole_up=pole_up)
    found = build_environment(StageLights((dome,)), TextureStore())
    assert not found.problems
    assert found.radiance(np.array(top, float)).argmax() == 0
    assert found.radiance(-np.array(top, float)).argmax() == 2
    assert found.radiance(np.array(middle, float)).argmax() == 1


def test_a_domes_map_is_not_mirrored(tmp_path):
    pixels = np.zeros((64, 128, 3), np.uint8)
    pixels[:, :64, 0] = 255  # left half red: towards +x, for +z is in the middle and +x to the left of it
    file = tmp_path / "half.png"
    Image.fromarray(pixels).save(file)
    found = build_environment(StageLights((light(LightKind.DOME, texture=str(file)),)), TextureStore())
    assert found.radiance(np.array([1.0, 0.0, 0.0]))[0] > 0.9
    assert found.radiance(np.array([-1.0, 0.0, 0.0]))[0] < 0.1


def test_a_high_range_picture_is_read_as_radiance(tmp_path):
    mitsuba = pytest.importorskip("mitsuba", reason="needs Mitsuba to read .exr")
    mitsuba.set_variant("scalar_rgb")
    file = tmp_path / "sky.exr"
    mitsuba.Bitmap(np.full((8, 16, 3), 50.0, np.float32)).write(str(file))
    found = build_environment(StageLights((light(LightKind.DOME, texture=str(file)),)), TextureStore())
    assert found.sky == pytest.approx(np.full((256, 512, 3), 50.0))


def test_a_broken_panorama_is_reported_and_the_dome_shines_plain(tmp_path):
    file = tmp_path / "sky.hdr"
    file.write_bytes(b"no picture")
    found = build_environment(StageLights((light(LightKind.DOME, texture=str(file)),)), TextureStore())
    assert len(found.problems) == 1
    assert "sky.hdr" in found.problems[0]
    assert found.sky == pytest.approx(np.ones((256, 512, 3)))


@pytest.mark.parametrize("angle", [8.0, 40.0, 120.0])
def test_a_broad_sun_in_the_map_gives_its_irradiance(angle):
    sun = light(LightKind.DISTANT, radiance=(10.0, 10.0, 10.0), angle=angle)
    found = build_environment(StageLights((sun,)))
    image, narrow = found.map_with_suns
    assert not narrow
    lit = irradiance(image - found.sky, np.array([0, 0, 1.0]))
    assert lit == pytest.approx(sun.irradiance, rel=1e-5)


def test_a_narrow_sun_stays_a_direction_and_brings_some_light_from_around():
    found = build_environment(StageLights((light(LightKind.DISTANT, angle=0.53),)))
    image, narrow = found.map_with_suns
    assert len(narrow) == 1
    assert narrow[0].towards == pytest.approx([0, 0, 1])
    assert image == pytest.approx(found.sky)
    assert found.sky.min() > 0


def test_the_strongest_sun_comes_first():
    lights = (light(LightKind.DISTANT, angle=1.0), light(LightKind.DISTANT, radiance=(9.0, 9.0, 9.0), angle=1.0))
    suns = build_environment(StageLights(lights)).suns
    assert suns[0].irradiance.sum() > suns[1].irradiance.sum()


def test_an_environment_is_kept_while_its_lights_stay_the_same():
    lights = StageLights((light(LightKind.DOME),))
    first = build_environment(lights)
    assert build_environment(StageLights((light(LightKind.DOME),)), previous=first) is first
    assert build_environment(StageLights((light(LightKind.DOME, radiance=(2.0, 1.0, 1.0)),)), previous=first) is not first
