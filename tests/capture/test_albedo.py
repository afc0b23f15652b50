"""The albedo buffer: the right material in each pixel, textures the right way up, filtered, and what is unknown said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("numba", reason="needs numba")
pytest.importorskip("pxr", reason="needs usd-core")

from scenecap.capture.albedo import MaterialTable
from scenecap.colours import SRGB8_TO_LINEAR, linear_to_srgb8
from scenecap.stage.materials import NEUTRAL_MATERIAL, SurfaceMaterial, TextureRef, TextureStore, TextureWrap

RED = SurfaceMaterial(name="red", base_color=(1.0, 0.0, 0.0), authored=True)
BLUE = SurfaceMaterial(name="blue", base_color=(0.0, 0.0, 1.0), authored=True)

# Four texels, seen with v up: green left and yellow right above, red and blue below.
CORNERS = np.array([[[0, 255, 0], [255, 255, 0]], [[255, 0, 0], [0, 0, 255]]], np.uint8)


@pytest.fixture
def corners(tmp_path: Path) -> str:
    file = tmp_path / "corners.png"
    Image.fromarray(CORNERS).save(file)
    return str(file)


def textured(file: str, **options) -> SurfaceMaterial:
    return SurfaceMaterial(
        name="textured", texture=TextureRef(file=file, **options), base_color=(0.1, 0.2, 0.3), authored=True
    )


def grid(height: int, width: int, *, u: tuple[float, float] = (0, 1), v: tuple[float, float] = (0, 1)) -> np.ndarray:
    """Texture coordinates of a picture that shows u from left to right and v from bottom to top, at pixel centres."""
    us = u[0] + (np.arange(width) + 0.5) / width * (u[1] - u[0])
    vs = v[0] + (np.arange(height)[::-1] + 0.5) / height * (v[1] - v[0])
    return np.stack(np.meshgrid(us, vs), axis=-1).astype(np.float32)


def look_up(material: SurfaceMaterial, uv: np.ndarray):
    table = MaterialTable([(material,)], TextureStore())
    gprim = np.zeros(uv.shape[:2], np.int32)
    return table.albedo(table.material_of(gprim, np.zeros_like(gprim)), uv, gprim)


def test_each_pixel_has_its_gprims_and_faces_material():
    table = MaterialTable([(RED,), (BLUE, RED), ()], TextureStore())
    gprim = np.array([[-1, 0, 1, 1, 2]], np.int32)
    face = np.array([[0, 0, 0, 1, 0]], np.int32)
    material = table.material_of(gprim, face)
    names = [table.materials[m].name if m >= 0 else None for m in material[0]]
    assert names == [None, "red", "blue", "red", None]
    albedo = table.albedo(material, np.full((1, 5, 2), np.nan, np.float32), gprim)
    assert albedo.srgb[0].tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255], [255, 0, 0], [0, 0, 0]]
    assert albedo.known[0].tolist() == [False, True, True, True, False]


def test_a_face_number_beyond_the_materials_gets_the_last_one():
    table = MaterialTable([(RED, BLUE)], TextureStore())
    assert table.materials[table.material_of(np.zeros((1, 1), np.int32), np.full((1, 1), 9, np.int32))[0, 0]] is BLUE


def test_without_materials_everything_is_empty():
    table = MaterialTable([], TextureStore())
    gprim = np.full((2, 2), -1, np.int32)
    material = table.material_of(gprim, gprim)
    assert (material == -1).all()
    assert not table.albedo(material, np.zeros((2, 2, 2), np.float32), gprim).known.any()


def test_an_unauthored_colour_is_drawn_and_not_known():
    albedo = look_up(NEUTRAL_MATERIAL, grid(2, 2))
    assert (albedo.srgb > 0).all()
    assert not albedo.known.any()


def test_textures_are_the_right_way_up(corners):
    albedo = look_up(textured(corners), grid(2, 2))
    assert albedo.srgb.tolist() == CORNERS.tolist()
    assert albedo.known.all()


@pytest.mark.parametrize(
    ("wrap", "expected"),
    [
        (TextureWrap.REPEAT, (0, 1, 0, 1, 0, 1)),
        (TextureWrap.CLAMP, (0, 0, 0, 1, 1, 1)),
        (TextureWrap.MIRROR, (1, 0, 0, 1, 1, 0)),
        (TextureWrap.BLACK, (-1, -1, 0, 1, -1, -1)),
    ],
)
def test_wrapping(corners, wrap, expected):
    row = look_up(textured(corners, wrap_u=wrap, wrap_v=wrap), grid(2, 6, u=(-1, 2))).srgb[1]
    colors = {-1: [0, 0, 0], 0: [255, 0, 0], 1: [0, 0, 255]}
    assert row.tolist() == [colors[index] for index in expected]


def test_scale_and_bias_act_on_linear_light(tmp_path):
    file = tmp_path / "grey.png"
    Image.new("RGB", (4, 4), (188, 188, 188)).save(file)
    material = textured(str(file), scale=(0.5, 1.0, 1.0), bias=(0.0, 0.25, 0.0))
    value = SRGB8_TO_LINEAR[188]
    expected = linear_to_srgb8(np.array([value * 0.5, value + 0.25, value]))
    assert np.abs(look_up(material, grid(3, 3)).srgb[1, 1].astype(int) - expected).max() <= 1


def test_one_channel_and_raw_values(tmp_path):
    file = tmp_path / "data.png"
    Image.new("RGBA", (4, 4), (10, 20, 64, 255)).save(file)
    assert look_up(textured(str(file), channel=2), grid(2, 2)).srgb[0, 0].tolist() == [64, 64, 64]
    raw = look_up(textured(str(file), srgb=False), grid(2, 2)).srgb[0, 0]
    assert np.abs(raw.astype(int) - linear_to_srgb8(np.array([10, 20, 64]) / 255.0)).max() <= 1


def test_the_transform_of_coordinates(corners):
    # A quarter turn counter-clockwise about the origin, moved back into the unit square: u' = 1 - v, v' = u.
    turned = look_up(textured(corners, uv_matrix=(0.0, 1.0, -1.0, 0.0, 1.0, 0.0)), grid(2, 2)).srgb
    assert turned.tolist() == np.rot90(CORNERS, k=-1).tolist()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_pixels_without_coordinates_show_the_fallback_and_are_not_known(corners, bad):
    uv = grid(2, 2)
    uv[0, 0] = bad
    albedo = look_up(textured(corners), uv)
    assert albedo.srgb[0, 0].tolist() == linear_to_srgb8(np.array([0.1, 0.2, 0.3])).tolist()
    assert albedo.known.tolist() == [[False, True], [True, True]]


def test_a_texture_that_breaks_on_decoding_makes_its_pixels_unknown(tmp_path):
    file = tmp_path / "broken.png"
    file.write_bytes(b"no picture")
    albedo = look_up(textured(str(file)), grid(2, 2))
    assert not albedo.known.any()


@pytest.mark.parametrize(
    ("u", "v"), [((0, 32), (0, 32)), ((0, 4), (0, 64)), ((0, 64), (0, 4))], ids=["far", "steep", "steeper"]
)
def test_a_minified_checkerboard_turns_to_its_mean_light(tmp_path, u, v):
    cells = np.indices((64, 64)).sum(axis=0) % 2
    file = tmp_path / "checker.png"
    Image.fromarray((np.repeat(cells[..., None], 3, axis=2) * 255).astype(np.uint8)).save(file)
    srgb = look_up(textured(str(file)), grid(32, 32, u=u, v=v)).srgb[2:-2, 2:-2]
    mean = int(linear_to_srgb8(np.array([0.5]))[0])
    assert np.abs(srgb.astype(int) - mean).max() <= 24  # the mean of light (188), not of code values (128)
    assert abs(srgb.mean() - mean) < 4


def test_colours_to_be_named_are_texels_not_means(tmp_path):
    cells = np.indices((64, 64)).sum(axis=0) % 2
    file = tmp_path / "checker.png"
    Image.fromarray((np.repeat(cells[..., None], 3, axis=2) * 255).astype(np.uint8)).save(file)
    albedo = look_up(textured(str(file)), grid(40, 40, u=(0, 7.3), v=(0, 5.9)))
    assert set(np.unique(albedo.texel)) == {0, 255}
    assert 0.35 < (albedo.texel[..., 0] > 0).mean() < 0.65
    plain = look_up(RED, grid(2, 2))
    assert (plain.texel == plain.srgb).all()


def test_magnified_texels_blend_without_ringing(corners):
    srgb = look_up(textured(corners, wrap_u=TextureWrap.CLAMP, wrap_v=TextureWrap.CLAMP), grid(64, 64)).srgb
    lower = SRGB8_TO_LINEAR[srgb[-1]]
    assert (np.diff(lower[:, 0]) <= 1e-6).all()  # red fades
    assert (np.diff(lower[:, 2]) >= -1e-6).all()  # blue rises
    assert lower[:, 0] + lower[:, 2] == pytest.approx(np.ones(64), abs=0.02)


def test_see_through_gprims_and_pixels():
    glass = SurfaceMaterial(name="glass", transmission=1.0)
    veil = SurfaceMaterial(name="veil", opacity=0.3)
    table = MaterialTable([(RED,), (RED, veil), (), (glass,)], TextureStore())
    assert table.clear_gprims(0.98).tolist() == [False, True, False, True]
    opacity = table.opacity_of(np.array([[0, 1, 2, -1]], np.int32))
    assert opacity[0] == pytest.approx([1.0, 0.3, 0.2, 0.0])


def test_shading_arrays_follow_the_materials():
    metal = SurfaceMaterial(roughness=0.2, metallic=1.0, emissive=(1.0, 2.0, 3.0))
    roughness, metallic, emissive = MaterialTable([(RED, metal)], TextureStore()).shading_arrays()
    assert roughness == pytest.approx([RED.roughness, 0.2])
    assert metallic == pytest.approx([0.0, 1.0])
    assert emissive[1] == pytest.approx([1.0, 2.0, 3.0])
