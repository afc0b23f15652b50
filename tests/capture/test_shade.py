"""The draft picture: light falls from where it should, colours stay what they are, and nothing is black or burnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs numba")
pytest.importorskip("pxr", reason="needs usd-core")

from pxr import UsdLux

from scenecap.capture import shade_kernels as kernels
from scenecap.capture.environment import build_environment
from scenecap.capture.shade import draw_draft
from scenecap.colours import srgb8_to_lab
from scenecap.stage.lights import StageLights, read_lights
from tests.capture.scenes import RED, WHITE, Studio, add_box, look, new_stage, table_top

SKY = build_environment(StageLights(()))
CAMERA = look((0, -3, 1.6), (0, 0, 0.1), width=160, height=120)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(table_top(str(tmp_path / "scene.usda")))


def pixels_of(view, studio: Studio, part: str) -> np.ndarray:
    return view.truth.gbuffer.gprim == studio.gprim(part)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture.astype(float) @ [0.299, 0.587, 0.114]


def test_a_picture_is_neither_black_nor_burnt_and_repeats_to_the_byte(studio):
    view = studio.view(CAMERA)
    picture = draw_draft(view, SKY)
    assert picture.shape == (120, 160, 3)
    assert picture.dtype == np.uint8
    assert (luma(picture) < 8).mean() < 0.02
    assert (luma(picture) > 252).mean() < 0.02
    assert (draw_draft(view, SKY) == picture).all()


def test_colours_are_those_of_the_surfaces(studio):
    view = studio.view(CAMERA)
    picture = draw_draft(view, SKY)
    red = picture[pixels_of(view, studio, "/RedBox/")].astype(float).mean(axis=0)
    assert red[0] > 2 * red[1]
    assert red[0] > 2 * red[2]
    grey = picture[pixels_of(view, studio, "/GreyBox/")].astype(float).mean(axis=0)
    white = picture[pixels_of(view, studio, "/Floor/")].astype(float).mean(axis=0)
    assert np.ptp(grey) < 20
    assert grey.mean() < 0.7 * white.mean()


def test_a_sun_casts_a_shadow_on_the_far_side(tmp_path):
    stage = new_stage(str(tmp_path / "sun.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (6, 6, 0.1), WHITE)
    add_box(stage, "/World/Box", (0, 0, 0.4), (0.3, 0.3, 0.8), RED)
    sun = UsdLux.DistantLight.Define(stage, "/World/Sun")
    sun.AddRotateYOp().Set(45.0)  # shines along (-1, 0, -1): the shadow falls towards -x
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    camera = look((0, -0.01, 5), (0, 0, 0), width=160, height=160)
    view = studio.view(camera)
    picture = luma(draw_draft(view, light))
    shadow, open_floor = camera.project(np.array([[-0.5, 0, 0], [0.5, 0, 0]]))[0].astype(int)
    assert picture[shadow[1], shadow[0]] < 0.7 * picture[open_floor[1], open_floor[0]]
    # Its tip: a tower of 0.8 m under a sun at 45 degrees throws a shadow of 0.8 m from its edge at -0.15 m.
    inside, outside = camera.project(np.array([[-0.85, 0, 0], [-1.1, 0, 0]]))[0].astype(int)
    assert picture[inside[1], inside[0]] < 0.8 * picture[outside[1], outside[0]]


def test_corners_are_darker_than_open_floor(studio):
    view = studio.view(CAMERA)
    depth, normal = view.truth.gbuffer.depth, view.truth.gbuffer.normal
    out = np.empty_like(depth)
    camera = view.camera
    kernels.occlude(depth, normal, camera.world_to_camera.astype(np.float32), camera.focal_px, *camera.center_px, 0.3, out)
    at = camera.project(np.array([[0.5, -0.22, 0.0], [1.2, -0.9, 0.0]]))[0].astype(int)
    assert out[at[0, 1], at[0, 0]] < out[at[1, 1], at[1, 0]] - 0.05
    assert ((out >= 0) & (out <= 1)).all()


def test_a_flat_floor_does_not_shade_itself(tmp_path):
    stage = new_stage(str(tmp_path / "flat.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (50, 50, 0.1), WHITE)
    studio = Studio(stage)
    camera = look((0, -4, 1.0), (0, 0, 0), width=160, height=120)
    view = studio.view(camera)
    floor = pixels_of(view, studio, "/Floor/")
    raw = np.empty_like(view.truth.gbuffer.depth)
    kernels.occlude(
        view.truth.gbuffer.depth,
        view.truth.gbuffer.normal,
        camera.world_to_camera.astype(np.float32),
        camera.focal_px,
        *camera.center_px,
        0.4,
        raw,
    )
    assert raw[floor].min() > 0.97
    lit = luma(draw_draft(view, SKY))[floor]
    assert np.percentile(lit, 98) - np.percentile(lit, 2) < 25  # no shadow acne


def test_ghosts_are_drawn_half_seen(studio):
    view = studio.view(CAMERA)
    with_ghost = draw_draft(view, SKY, exposure=1.0)
    hidden = studio.view(CAMERA)
    drawn = hidden.drawn.copy()
    drawn[studio.gprim("/Ghost/")] = False
    object.__setattr__(hidden, "drawn", drawn)
    without = draw_draft(hidden, SKY, exposure=1.0)
    changed = (with_ghost != without).any(axis=2)
    assert 0.01 < changed.mean() < 0.3
    bluer = srgb8_to_lab(with_ghost)[changed][:, 2].mean() < srgb8_to_lab(without)[changed][:, 2].mean() - 3
    assert bluer


def test_exposure_given_by_hand_is_used(studio):
    view = studio.view(CAMERA)
    dark, bright = draw_draft(view, SKY, exposure=0.1), draw_draft(view, SKY, exposure=1.0)
    assert luma(dark).mean() < 0.6 * luma(bright).mean()


def test_a_view_of_nothing_is_the_sky(studio):
    picture = draw_draft(studio.view(look((0, -3, 5), (0, -6, 12))), SKY)
    assert picture.std() < 20
    assert luma(picture).mean() > 60


def test_inside_a_closed_box_there_is_light(tmp_path):
    stage = new_stage(str(tmp_path / "closed.usda"))
    add_box(stage, "/World/Room", (0, 0, 1.0), (4, 4, 2), WHITE)
    add_box(stage, "/World/Box", (0, 0, 0.4), (0.4, 0.4, 0.4), RED)
    studio = Studio(stage)
    picture = draw_draft(studio.view(look((0, -1.5, 1.5), (0, 0, 0.4))), SKY)
    assert 60 < luma(picture).mean() < 250


@pytest.mark.parametrize("schema", ["SphereLight", "RectLight", "DiskLight", "CylinderLight"])
def test_lamps_light_what_is_near_them(tmp_path, schema):
    stage = new_stage(str(tmp_path / "lamp.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (8, 8, 0.1), WHITE)
    lamp = UsdLux.RectLight.Define(stage, "/World/Lamp").GetPrim()
    lamp.SetTypeName(schema)
    from pxr import UsdGeom

    UsdGeom.XformCommonAPI(lamp).SetTranslate((1.5, 0, 1.0))
    studio = Studio(stage)
    light = build_environment(read_lights(studio.open_stage, time_code=0.0))
    camera = look((0, -0.01, 6), (0, 0, 0), width=120, height=120)
    picture = luma(draw_draft(studio.view(camera), light))
    near, far = camera.project(np.array([[1.5, 0, 0], [-1.5, 0, 0]]))[0].astype(int)
    assert picture[near[1], near[0]] > picture[far[1], far[0]] + 20
