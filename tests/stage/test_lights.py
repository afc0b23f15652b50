"""Lights: UsdLux's quantities, by the formulas of its specification."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, Sdf, UsdGeom, UsdLux  # noqa: E402

from scenecap.stage.lights import LightKind, StageLight, read_lights  # noqa: E402


@pytest.fixture
def stage():
    return Usd.Stage.CreateInMemory()


def lights_of(stage, *, scale: float = 1.0, up: str = "Z", time: float = 0.0):
    world = np.diag([scale, scale, scale, 1.0])
    return read_lights(SimpleNamespace(stage=stage, world_from_stage=world, up_axis=up), time_code=time)


def only(stage, **options) -> StageLight:
    found = lights_of(stage, **options)
    assert len(found.lights) == 1, found
    return found.lights[0]


def test_radiance_is_color_times_intensity_times_two_to_the_exposure(stage):
    light = UsdLux.RectLight.Define(stage, "/L")
    light.CreateIntensityAttr(3.0)
    light.CreateExposureAttr(2.0)
    light.CreateColorAttr((1.0, 0.5, 0.25))
    assert only(stage).radiance == pytest.approx([12.0, 6.0, 3.0])


@pytest.mark.parametrize(("kelvin", "order"), [(2500.0, "warm"), (9500.0, "cold"), (1e9, "cold"), (-5.0, "warm")])
def test_color_temperature_counts_only_where_it_is_enabled(stage, kelvin, order):
    light = UsdLux.SphereLight.Define(stage, "/L")
    light.CreateColorTemperatureAttr(kelvin)
    assert only(stage).radiance == pytest.approx([1.0, 1.0, 1.0])
    light.CreateEnableColorTemperatureAttr(True)
    red, _, blue = only(stage).radiance
    assert (red > blue) == (order == "warm")


def test_distant_light_default_and_irradiance(stage):
    UsdLux.DistantLight.Define(stage, "/Sun")
    sun = only(stage)
    assert sun.kind is LightKind.DISTANT
    assert sun.radiance == pytest.approx([50000.0] * 3)
    # A disc of 0.53 degrees across is 2 pi (1 - cos) = 6.72e-5 sr.
    assert sun.irradiance == pytest.approx([50000.0 * 2 * math.pi * (1 - math.cos(math.radians(0.265)))] * 3, rel=1e-4)
    assert sun.direction_world == pytest.approx([0.0, 0.0, -1.0])


@pytest.mark.parametrize("angle", [0.0, 0.53, 30.0, 180.0])
def test_a_normalized_distant_light_gives_its_intensity_whatever_its_width(stage, angle):
    light = UsdLux.DistantLight.Define(stage, "/Sun")
    light.CreateIntensityAttr(7.0)
    light.CreateAngleAttr(angle)
    light.CreateNormalizeAttr(True)
    assert only(stage).irradiance == pytest.approx([7.0] * 3)


SHAPES = {
    "sphere": (lambda s: UsdLux.SphereLight.Define(s, "/L"), {"radius": 2.0}, 4 * math.pi * 4),
    "rect": (lambda s: UsdLux.RectLight.Define(s, "/L"), {"width": 2.0, "height": 3.0}, 6.0),
    "disk": (lambda s: UsdLux.DiskLight.Define(s, "/L"), {"radius": 2.0}, math.pi * 4),
    "cylinder": (lambda s: UsdLux.CylinderLight.Define(s, "/L"), {"radius": 2.0, "length": 3.0}, 2 * math.pi * 2 * 3),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_normalize_keeps_the_power_whatever_the_size_and_the_units(stage, shape, scale):
    define, sizes, area = SHAPES[shape]
    light = define(stage)
    for name, value in sizes.items():
        light.GetPrim().GetAttribute(f"inputs:{name}").Set(value)
    UsdGeom.XformCommonAPI(light).SetScale(Gf.Vec3f(5.0))
    light.CreateIntensityAttr(10.0)
    plain = only(stage, scale=scale)
    assert plain.area_world == pytest.approx(area * (5.0 * scale) ** 2)
    light.CreateNormalizeAttr(True)
    normalized = only(stage, scale=scale)
    assert normalized.radiance * normalized.area_world == pytest.approx([10.0] * 3)


def test_position_and_direction_are_in_world_metres_z_up(stage):
    light = UsdLux.DiskLight.Define(stage, "/L")
    UsdGeom.XformCommonAPI(light).SetTranslate((100.0, 200.0, 300.0))
    UsdGeom.XformCommonAPI(light).SetRotate((90.0, 0.0, 0.0))
    found = only(stage, scale=0.01)
    assert found.position_world == pytest.approx([1.0, 2.0, 3.0])
    assert found.direction_world == pytest.approx([0.0, 1.0, 0.0])


@pytest.mark.parametrize("kind", ["invisible", "no intensity", "negative", "collapsed", "not finite"])
def test_what_does_not_shine_is_left_out(stage, kind):
    light = UsdLux.SphereLight.Define(stage, "/L")
    if kind == "invisible":
        UsdGeom.Imageable(light).MakeInvisible()
    elif kind == "no intensity":
        light.CreateIntensityAttr(0.0)
    elif kind == "negative":
        light.CreateIntensityAttr(-5.0)
    elif kind == "collapsed":
        UsdGeom.XformCommonAPI(light).SetScale(Gf.Vec3f(0.0))
    else:
        UsdGeom.XformCommonAPI(light).SetTranslate((math.inf, 0.0, 0.0))
    found = lights_of(stage)
    assert not found.lights
    assert len(found.problems) == (kind in ("collapsed", "not finite"))


def test_values_that_are_not_finite_fall_back_to_the_default(stage):
    light = UsdLux.SphereLight.Define(stage, "/L")
    light.CreateIntensityAttr(math.nan)
    light.CreateExposureAttr(1e30)
    light.CreateRadiusAttr(-2.0)
    found = only(stage)
    assert np.isfinite(found.radiance).all()
    assert found.radius == 2.0


def test_intensity_with_time_samples(stage):
    light = UsdLux.RectLight.Define(stage, "/L")
    light.CreateIntensityAttr().Set(1.0, 0.0)
    light.GetIntensityAttr().Set(3.0, 10.0)
    assert only(stage, time=5.0).radiance == pytest.approx([2.0] * 3)


def test_names_of_older_files_are_read(stage):
    prim = stage.DefinePrim("/L", "SphereLight")
    prim.CreateAttribute("intensity", Sdf.ValueTypeNames.Float).Set(8.0)
    prim.CreateAttribute("radius", Sdf.ValueTypeNames.Float).Set(3.0)
    found = only(stage)
    assert found.radiance == pytest.approx([8.0] * 3)
    assert found.radius == 3.0


@pytest.mark.parametrize(
    ("schema", "pole", "up", "expected"),
    [
        ("DomeLight", None, "Z", False),
        ("DomeLight_1", "scene", "Z", True),
        ("DomeLight_1", "scene", "Y", False),
        ("DomeLight_1", "Z", "Y", True),
        ("DomeLight_1", "Y", "Z", False),
    ],
)
def test_dome_pole(stage, schema, pole, up, expected):
    prim = stage.DefinePrim("/Dome", schema)
    if pole is not None:
        prim.GetAttribute("poleAxis").Set(pole)
    dome = only(stage, up=up)
    assert dome.kind is LightKind.DOME
    assert dome.pole_up is expected


def test_a_missing_texture_is_reported_and_the_dome_shines_plain(stage):
    dome = UsdLux.DomeLight.Define(stage, "/Dome")
    dome.CreateTextureFileAttr(Sdf.AssetPath("nowhere.hdr"))
    found = lights_of(stage)
    assert found.lights[0].texture is None
    assert found.problems == ("light /Dome: the texture nowhere.hdr was not found; it shines plain",)


def test_shaping(stage):
    light = UsdLux.SphereLight.Define(stage, "/Spot")
    shaping = UsdLux.ShapingAPI.Apply(light.GetPrim())
    shaping.CreateShapingConeAngleAttr(30.0)
    shaping.CreateShapingConeSoftnessAttr(0.2)
    light.CreateTreatAsPointAttr(True)
    shaping.CreateShapingIesFileAttr(Sdf.AssetPath("lamp.ies"))
    found = lights_of(stage)
    assert (found.lights[0].cone_angle, found.lights[0].is_point) == (30.0, True)
    assert found.lights[0].cone_softness == pytest.approx(0.2)
    assert "IES" in found.problems[0]


def test_lights_of_native_instances_shine_and_those_of_point_instancers_do_not(stage):
    UsdLux.SphereLight.Define(stage, "/Lamp/Bulb")
    prim = stage.DefinePrim("/Copy")
    prim.GetReferences().AddInternalReference("/Lamp")
    prim.SetInstanceable(True)
    UsdGeom.PointInstancer.Define(stage, "/Many")
    UsdLux.SphereLight.Define(stage, "/Many/Prototypes/Bulb")
    assert [light.path for light in lights_of(stage).lights] == ["/Lamp/Bulb", "/Copy/Bulb"]


def test_a_light_of_unknown_kind_is_named(stage):
    stage.DefinePrim("/Glow", "GeometryLight")
    UsdLux.PortalLight.Define(stage, "/Window")
    found = lights_of(stage)
    assert not found.lights
    assert found.problems == ("light /Glow: a GeometryLight cannot be drawn; it is left dark",)


def test_lights_are_the_same_until_one_changes_or_moves(stage):
    light = UsdLux.RectLight.Define(stage, "/L")
    light.CreateIntensityAttr().Set(1.0, 0.0)
    light.GetIntensityAttr().Set(1.0, 10.0)
    light.GetIntensityAttr().Set(3.0, 20.0)
    move = UsdGeom.Xformable(light).AddTranslateOp()
    move.Set((0, 0, 0), 10.0)
    move.Set((1, 0, 0), 11.0)
    first = lights_of(stage, time=0.0)
    assert first.same_as(lights_of(stage, time=5.0))
    assert not first.same_as(lights_of(stage, time=11.0))
    assert not first.same_as(lights_of(stage, time=20.0))
    light.CreateWidthAttr(2.0)
    assert not first.same_as(lights_of(stage, time=0.0))
