"""The path-traced picture: in line with ground truth to the pixel, lit as USD says, the same on any number of threads."""

from __future__ import annotations

import builtins
import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs numba")
pytest.importorskip("pxr", reason="needs usd-core")
pytest.importorskip("mitsuba", reason="needs Mitsuba")
pytest.importorskip("mitsuba_oidn", reason="needs the denoiser")

from PIL import Image
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, UsdShade

from scenecap.capture.environment import build_environment
from scenecap.capture.path_scene import load_mitsuba
from scenecap.capture.picture import PathTracer, sensor_dict
from scenecap.capture.settings import Quality
from scenecap.errors import CaptureError, MissingExtraError
from scenecap.stage.lights import StageLights, read_lights
from tests.capture.scenes import GREY, RED, WHITE, Studio, add_box, look, new_stage, table_top

SKY = build_environment(StageLights(()))
CAMERA = look((0, -3, 1.6), (0, 0, 0.1), width=128, height=96)


def tracer_of(studio: Studio, **options) -> PathTracer:
    return PathTracer(studio.world.materials, **options)


@pytest.fixture(scope="module")
def studio(tmp_path_factory) -> Studio:
    return Studio(table_top(str(tmp_path_factory.mktemp("picture") / "scene.usda")))


@pytest.fixture(scope="module")
def tracer(studio) -> PathTracer:
    return tracer_of(studio)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture.astype(float) @ [0.299, 0.587, 0.114]


def coverage(studio: Studio, camera) -> np.ndarray:
    """Mitsuba's own share of each pixel that is covered."""
    view = studio.view(camera)
    uniform = dataclasses.replace(SKY, sky=np.ones_like(SKY.sky), suns=())
    scene = tracer_of(studio, denoise=False)._scene.at(
        view.scene, view.local_to_world, view.drawn, uniform, view.table.bindings
    )
    mi = load_mitsuba()
    # Paths of length 1 show emitters only: the sky, of radiance 1, where no surface is before it.
    emitters = mi.load_dict({"type": "path", "max_depth": 1})
    lit = np.array(mi.render(scene, sensor=mi.load_dict(sensor_dict(mi, camera)), integrator=emitters, spp=64))
    return 1.0 - lit[..., 0]


@pytest.mark.parametrize("shift", [(0.0, 0.0), (17.0, -9.0), (-25.5, 14.25)])
def test_the_picture_lies_over_ground_truth_to_the_pixel(tmp_path, shift):
    stage = new_stage(str(tmp_path / "edges.usda"))
    add_box(stage, "/World/Box", (-0.3, 0, 0.3), (0.5, 0.5, 0.7), RED)
    add_box(stage, "/World/Other", (0.5, 0.4, 0.1), (0.3, 0.4, 0.2), GREY)
    studio = Studio(stage)
    camera = look((0.4, -2.6, 1.3), (0, 0, 0.2), width=160, height=120, shift=shift)
    truth = studio.view(camera).truth.hit
    assert truth.any()
    covered = coverage(studio, camera) > 0.5
    differs = covered != truth
    inner = truth.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(truth, step, axis=axis)
    outer = truth.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            outer |= np.roll(truth, step, axis=axis)
    assert not (differs & (inner | ~outer)).any()  # only pixels that an edge runs through may differ
    rows, columns = np.nonzero(truth)
    other_rows, other_columns = np.nonzero(covered)
    assert other_rows.mean() == pytest.approx(rows.mean(), abs=0.3)
    assert other_columns.mean() == pytest.approx(columns.mean(), abs=0.3)


def test_the_picture_repeats_to_the_byte_and_follows_its_seed(studio, tracer):
    view = studio.view(CAMERA)
    first = tracer.draw(view, SKY, seed=5)
    assert first.shape == (96, 128, 3)
    assert first.dtype == np.uint8
    assert (tracer_of(studio).draw(view, SKY, seed=5) == first).all()
    assert (tracer.draw(view, SKY, seed=6) != first).any()


def test_any_number_of_threads_gives_the_same_bytes(tmp_path):
    path = str(tmp_path / "scene.usda")
    table_top(path).Save()
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[3])\n"
        "from pxr import Usd\n"
        "from scenecap.capture.picture import set_threads\n"
        "set_threads(int(sys.argv[2]))\n"
        "from tests.capture.test_picture import *\n"
        "studio = Studio(Usd.Stage.Open(sys.argv[1]))\n"
        "print(hashlib.sha256(tracer_of(studio).draw(studio.view(CAMERA), SKY).tobytes()).hexdigest())\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    hashes = {
        subprocess.run([sys.executable, "-c", code, path, str(count), root], capture_output=True, text=True, check=True).stdout
        for count in (1, 2)
    }
    assert len(hashes) == 1


def test_colours_and_brightness_are_those_of_the_surfaces(studio, tracer):
    view = studio.view(CAMERA)
    picture = tracer.draw(view, SKY)
    mean = {
        part: picture[view.truth.gbuffer.gprim == studio.gprim(part)].astype(float).mean(axis=0)
        for part in ("/RedBox/", "/GreyBox/", "/Floor/")
    }
    assert mean["/RedBox/"][0] > 2 * mean["/RedBox/"][1:].max()
    assert np.ptp(mean["/GreyBox/"]) < 25
    assert mean["/GreyBox/"].mean() < 0.75 * mean["/Floor/"].mean()
    assert (luma(picture) < 5).mean() < 0.02
    assert (luma(picture) > 252).mean() < 0.05


def test_the_denoiser_takes_the_noise(studio, tracer):
    view = studio.view(look((0, -0.01, 3), (1.2, 1.2, 0), width=96, height=96, fov=20))  # plain floor
    # Exposed so low that noise is not cut off at white, which would pull its mean down.
    clean = luma(tracer.draw(view, SKY, exposure=0.1))
    noisy = luma(tracer_of(studio, denoise=False, samples=1).draw(view, SKY, exposure=0.1))
    assert np.abs(np.diff(clean)).mean() < 0.25 * np.abs(np.diff(noisy)).mean()
    assert clean.mean() == pytest.approx(noisy.mean(), rel=0.1)


def test_more_samples_come_near_the_same_picture(studio):
    view = studio.view(CAMERA)
    few = tracer_of(studio, quality=Quality.PREVIEW).draw(view, SKY, exposure=1.0).astype(float)
    many = tracer_of(studio, quality=Quality.FINAL, samples=32).draw(view, SKY, exposure=1.0).astype(float)
    assert np.abs(few - many).mean() < 8.0


def test_a_ghost_lets_what_is_behind_it_through(studio, tracer):
    view = studio.view(CAMERA)
    ghost = studio.gprim("/Ghost/")
    drawn = view.drawn.copy()
    drawn[ghost] = False
    without = studio.view(CAMERA)
    object.__setattr__(without, "drawn", drawn)
    both = tracer.draw(view, SKY, exposure=0.7).astype(float)
    bare = tracer_of(studio).draw(without, SKY, exposure=0.7).astype(float)
    from scenecap.capture.layers import split_layers

    seen = split_layers(view)[2] > 0
    blue = (both[..., 2] - both[..., 0])[seen].mean() - (bare[..., 2] - bare[..., 0])[seen].mean()
    assert blue > 8.0
    assert both[seen].mean() > 40  # neither a hole nor a solid block


def moving_stage(path: str):
    stage = table_top(path)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(10)
    mover = UsdGeom.Xformable(stage.GetPrimAtPath("/World/RedBox")).AddTranslateOp()
    mover.Set(Gf.Vec3d(0, 0, 0), 0)
    mover.Set(Gf.Vec3d(0, 0, 0.6), 10)
    return stage


def test_what_moves_is_placed_anew_without_building_its_mesh_again(tmp_path):
    studio = Studio(moving_stage(str(tmp_path / "moving.usda")))
    path = tracer_of(studio)
    path.draw(studio.view(CAMERA, time=0), SKY)
    groups = dict(path._scene._groups)
    view = studio.view(CAMERA, time=10)
    moved = path.draw(view, SKY, exposure=0.7)
    assert path._scene._groups == groups
    assert (moved == tracer_of(studio).draw(view, SKY, exposure=0.7)).all()
    red = view.truth.gbuffer.gprim == studio.gprim("/RedBox/")
    assert moved[red][:, 0].mean() > 2 * moved[red][:, 1].mean()


def test_geometry_that_changes_its_shape_is_built_again_and_the_old_one_forgotten(tmp_path):
    stage = table_top(str(tmp_path / "bend.usda"))
    mesh = UsdGeom.Mesh.Define(stage, "/World/Sheet/Shape")
    UsdGeom.Xform.Define(stage, "/World/Sheet")
    mesh.CreateFaceVertexCountsAttr([4])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    mesh.CreateSubdivisionSchemeAttr("none")
    square = [(-0.3, 0.5, 0.0), (0.3, 0.5, 0.0), (0.3, 0.5, 0.4), (-0.3, 0.5, 0.4)]
    mesh.GetPointsAttr().Set(square, 0)
    mesh.GetPointsAttr().Set([(x, y, z * 2) for x, y, z in square], 10)
    studio = Studio(stage)
    path = tracer_of(studio)
    path.draw(studio.view(CAMERA, time=0), SKY)
    count = len(path._scene._groups)
    late = path.draw(studio.view(CAMERA, time=10), SKY, exposure=0.7)
    assert len(path._scene._groups) == count
    assert (late == tracer_of(studio).draw(studio.view(CAMERA, time=10), SKY, exposure=0.7)).all()


def textured_wall(path: str, picture: np.ndarray, file: Path, **inputs) -> Usd.Stage:
    """A wall of 1 x 1 m that faces the camera at -y and shows a picture once."""
    Image.fromarray(picture).save(file)
    stage = new_stage(path)
    mesh = UsdGeom.Mesh.Define(stage, "/World/Wall/Shape")
    UsdGeom.Xform.Define(stage, "/World/Wall")
    mesh.CreatePointsAttr([(-0.5, 0, 0), (0.5, 0, 0), (0.5, 0, 1), (-0.5, 0, 1)])
    mesh.CreateFaceVertexCountsAttr([4])
    mesh.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    mesh.CreateSubdivisionSchemeAttr("none")
    st = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.varying)
    st.Set([(0, 0), (1, 0), (1, 1), (0, 1)])
    material = UsdShade.Material.Define(stage, "/World/Look")
    shader = UsdShade.Shader.Define(stage, "/World/Look/Surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    node = UsdShade.Shader.Define(stage, "/World/Look/Picture")
    node.CreateIdAttr("UsdUVTexture")
    node.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(Sdf.AssetPath(str(file)))
    for name, value in inputs.items():
        node.CreateInput(name, Sdf.ValueTypeNames.Float4).Set(value)
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(node.ConnectableAPI(), "rgb")
    shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(1.0)
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)
    return stage


QUADRANTS = np.zeros((64, 64, 3), np.uint8)
QUADRANTS[:32, :32], QUADRANTS[:32, 32:] = (200, 20, 20), (20, 200, 20)
QUADRANTS[32:, :32], QUADRANTS[32:, 32:] = (20, 20, 200), (200, 200, 20)


def test_textures_are_the_same_way_up_as_in_ground_truth(tmp_path):
    studio = Studio(textured_wall(str(tmp_path / "wall.usda"), QUADRANTS, tmp_path / "quad.png"))
    view = studio.view(look((0, -2, 0.5), (0, 0, 0.5), width=96, height=96, fov=30))
    albedo = view.truth.albedo.srgb
    picture = tracer_of(studio).draw(view, SKY)
    for row in (30, 66):
        for column in (30, 66):
            assert picture[row, column].argmax() == albedo[row, column].argmax()
    assert albedo[30, 30].tolist() == pytest.approx([200, 20, 20], abs=3)  # the picture's upper left


def test_scale_of_a_texture_reaches_the_picture(tmp_path):
    wall = textured_wall(
        str(tmp_path / "wall.usda"), np.full((8, 8, 3), 200, np.uint8), tmp_path / "grey.png", scale=(1.0, 0.1, 0.1, 1.0)
    )
    studio = Studio(wall)
    picture = tracer_of(studio).draw(studio.view(look((0, -2, 0.5), (0, 0, 0.5), width=64, height=64, fov=20)), SKY)
    red, green, _ = picture[20:44, 20:44].reshape(-1, 3).mean(axis=0)
    assert red > 2 * green


@pytest.mark.parametrize("schema", ["SphereLight", "RectLight", "DiskLight", "CylinderLight"])
def test_lamps_light_the_scene_and_are_not_seen_themselves(tmp_path, schema):
    stage = new_stage(str(tmp_path / "lamp.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (8, 8, 0.1), WHITE, roughness=1.0)
    lamp = UsdLux.RectLight.Define(stage, "/World/Lamp").GetPrim()
    lamp.SetTypeName(schema)
    UsdGeom.XformCommonAPI(lamp).SetTranslate((1.0, 0, 1.5))
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    camera = look((0, -0.01, 6), (0, 0, 0), width=96, height=96)
    view = studio.view(camera)
    picture = luma(tracer_of(studio, samples=8).draw(view, light))
    near, far = camera.project(np.array([[1.0, 0, 0], [-1.8, 0, 0]]))[0].astype(int)
    assert picture[near[1], near[0]] > picture[far[1], far[0]] + 25
    # Straight under the camera's line to the lamp lies floor, as ground truth has it; a lamp in view would be plain white.
    top = camera.project(np.array([[1.0, 0, 1.5]]))[0][0].astype(int)
    assert picture[top[1], top[0]] < 254
    sizes = np.abs(np.diff(picture, axis=1)).max()
    assert sizes < 60


def test_a_rect_lamps_light_follows_the_closed_form(tmp_path):
    """Irradiance straight below a small one-sided lamp is L A / d^2; a white diffuse floor then shows rho E / pi."""
    stage = new_stage(str(tmp_path / "small.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (8, 8, 0.1), (0.5, 0.5, 0.5), roughness=1.0)
    lamp = UsdLux.RectLight.Define(stage, "/World/Lamp")
    lamp.CreateWidthAttr(0.2)
    lamp.CreateHeightAttr(0.2)
    lamp.CreateIntensityAttr(100.0)
    UsdGeom.XformCommonAPI(lamp).SetTranslate((0, 0, 2.0))
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    path = tracer_of(studio, samples=64, denoise=False)
    camera = look((0, -0.4, 1.0), (0, 0, 0), width=48, height=48, fov=8)
    view = studio.view(camera)
    scene = path._scene.at(view.scene, view.local_to_world, view.drawn, light, view.table.bindings)
    radiance = path._trace(scene, camera, 0, np.zeros((48, 48, 3), np.float32), view.truth.hit, True)
    expected = 0.5 / np.pi * 100.0 * 0.04 / 4.0
    assert radiance[16:32, 16:32].mean() == pytest.approx(expected, rel=0.05)


def test_a_distant_light_gives_its_irradiance(tmp_path):
    stage = new_stage(str(tmp_path / "sun.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (80, 80, 0.1), (0.5, 0.5, 0.5), roughness=1.0)
    sun = UsdLux.DistantLight.Define(stage, "/World/Sun")
    sun.CreateIntensityAttr(3.0)
    sun.CreateNormalizeAttr(True)
    sun.AddRotateYOp().Set(60.0)
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    path = tracer_of(studio, samples=16, denoise=False)
    camera = look((0, -2, 2), (0, 0, 0), width=32, height=32, fov=10)
    view = studio.view(camera)
    scene = path._scene.at(view.scene, view.local_to_world, view.drawn, light, view.table.bindings)
    radiance = path._trace(scene, camera, 0, np.zeros((32, 32, 3), np.float32), view.truth.hit, False)
    fill = float(light.sky[0, 0, 0]) * np.pi  # what comes from around as well
    assert radiance.mean() == pytest.approx(0.5 / np.pi * (3.0 * 0.5 + fill), rel=0.05)


def test_inside_a_closed_room_without_lights_a_lamp_is_put_up(tmp_path):
    stage = new_stage(str(tmp_path / "closed.usda"))
    add_box(stage, "/World/Room", (0, 0, 1.25), (4, 4, 2.5), WHITE)
    add_box(stage, "/World/Box", (0, 0.6, 0.3), (0.5, 0.5, 0.6), RED)
    studio = Studio(stage)
    view = studio.view(look((0, -1.5, 1.2), (0, 0.6, 0.4), width=96, height=72))
    picture = tracer_of(studio).draw(view, SKY)
    assert 60 < luma(picture).mean() < 245
    red = view.truth.gbuffer.gprim == studio.gprim("/Box/")
    assert picture[red][:, 0].mean() > 1.5 * picture[red][:, 1].mean()


def test_a_room_closed_to_the_sun_outside_gets_a_lamp_too(tmp_path):
    stage = new_stage(str(tmp_path / "closed.usda"))
    add_box(stage, "/World/Room", (0, 0, 1.25), (4, 4, 2.5), WHITE)
    add_box(stage, "/World/Box", (0, 0.6, 0.3), (0.5, 0.5, 0.6), RED)
    UsdLux.DistantLight.Define(stage, "/World/Sun")
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    view = studio.view(look((0, -1.5, 1.2), (0, 0.6, 0.4), width=96, height=72))
    assert 60 < luma(tracer_of(studio).draw(view, light)).mean() < 245


@pytest.mark.parametrize("as_point", [False, True])
def test_a_cone_lights_inside_it_only(tmp_path, as_point):
    stage = new_stage(str(tmp_path / "spot.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (8, 8, 0.1), WHITE, roughness=1.0)
    lamp = UsdLux.SphereLight.Define(stage, "/World/Spot")
    lamp.CreateRadiusAttr(0.1)
    lamp.CreateTreatAsPointAttr(as_point)
    UsdLux.ShapingAPI.Apply(lamp.GetPrim()).CreateShapingConeAngleAttr(30.0)
    UsdGeom.XformCommonAPI(lamp).SetTranslate((0, 0, 2.0))
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    camera = look((0, -0.01, 6), (0, 0, 0), width=96, height=96)
    picture = luma(tracer_of(studio, samples=16).draw(studio.view(camera), light, exposure=1.0))
    # tan(30 deg) * 2 m = 1.15 m
    inside, outside = camera.project(np.array([[0.7, 0, 0], [1.6, 0, 0]]))[0].astype(int)
    assert picture[inside[1], inside[0]] > picture[outside[1], outside[0]] + 3
    assert picture[inside[1], inside[0]] > 1.5 * picture[outside[1], outside[0]]


def test_an_emissive_surface_shines(tmp_path):
    stage = new_stage(str(tmp_path / "screen.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (4, 4, 0.1), GREY)
    add_box(stage, "/World/Screen", (0, 0, 0.4), (0.8, 0.1, 0.6), (0.0, 0.0, 0.0))
    shader = UsdShade.Shader(stage.GetPrimAtPath("/World/Screen/Look/Surface"))
    shader.CreateInput("emissiveColor", Sdf.ValueTypeNames.Color3f).Set((0.0, 2.0, 0.0))
    studio = Studio(stage)
    view = studio.view(look((0, -3, 0.6), (0, 0, 0.4)))
    picture = tracer_of(studio).draw(view, SKY)
    on = picture[view.truth.gbuffer.gprim == studio.gprim("/Screen/")].astype(float).mean(axis=0)
    assert on[1] > on[0] + 60


def test_a_view_of_nothing_is_the_sky(studio, tracer):
    picture = tracer.draw(studio.view(look((0, -3, 5), (0, -6, 12))), SKY)
    assert picture.std() < 20
    assert luma(picture).mean() > 60


def test_an_empty_stage_can_be_drawn(tmp_path):
    stage = new_stage(str(tmp_path / "empty.usda"))
    UsdGeom.Xform.Define(stage, "/World")
    studio = Studio(stage)
    assert tracer_of(studio).draw(studio.view(CAMERA), SKY).shape == (96, 128, 3)


def test_collapsed_gprims_are_left_out(tmp_path):
    stage = table_top(str(tmp_path / "flat.usda"))
    UsdGeom.XformCommonAPI(stage.GetPrimAtPath("/World/GreyBox")).SetScale(Gf.Vec3f(1, 1, 0))
    studio = Studio(stage)
    assert luma(tracer_of(studio).draw(studio.view(CAMERA), SKY)).mean() > 60


def test_without_mitsuba_the_error_names_the_extra(studio, monkeypatch):
    real = builtins.__import__

    def broken(name, *args, **kwargs):
        if name.split(".")[0] == "mitsuba":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(MissingExtraError, match=r"mitsuba.*scenecap\[capture\]"):
        tracer_of(studio)


def test_a_scene_that_mitsuba_refuses_is_an_error_with_a_remedy(studio, monkeypatch):
    path = tracer_of(studio)

    def refuse(*_args, **_kwargs):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(path._scene, "at", refuse)
    with pytest.raises(CaptureError, match="quality: draft"):
        path.draw(studio.view(CAMERA), SKY)
