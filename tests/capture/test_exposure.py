"""Exposure: metered by incident light, developed without burning or turning colours."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs numba")

from scenecap.capture.exposure import develop, meter
from scenecap.colours import linear_to_srgb8


def lit(reflectance: float, light: float, *, size: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    base = np.full((size, size, 3), reflectance, np.float32)
    return base * np.float32(light), base, np.ones((size, size), bool)


@pytest.mark.parametrize("reflectance", [0.05, 0.2, 0.9])
@pytest.mark.parametrize("light", [1e-4, 1.0, 1e6])
def test_a_surface_is_drawn_as_bright_as_it_is_whatever_the_light(reflectance, light):
    radiance, base, hit = lit(reflectance, light)
    exposed = radiance * meter(radiance, base, hit)
    assert exposed.mean() / reflectance == pytest.approx(lit(1.0, 1.0)[0].mean() * meter(*lit(1.0, 1.0)), rel=1e-4)


def test_exposure_is_the_inverse_of_light():
    radiance, base, hit = lit(0.5, 1.0)
    assert meter(radiance * 8, base, hit) == pytest.approx(meter(radiance, base, hit) / 8)


def test_a_bright_patch_in_a_dark_room_is_not_burnt():
    radiance, base, hit = lit(0.8, 0.01)
    radiance[:6] *= 100.0  # 30 % of the picture in the sun
    picture = develop(radiance, meter(radiance, base, hit))
    assert 200 < picture[0, 0, 0] < 250


def test_the_background_and_black_things_do_not_count():
    radiance, base, hit = lit(0.5, 1.0)
    expected = meter(radiance, base, hit)
    radiance[:10], hit[:10] = 1e5, False
    radiance[10:12], base[10:12] = 0.5, 0.001
    assert meter(radiance, base, hit) == pytest.approx(expected)


@pytest.mark.parametrize("case", ["nothing hit", "no light", "all black", "not finite"])
def test_where_nothing_can_be_measured_the_factor_is_finite(case):
    radiance, base, hit = lit(0.5, 1.0)
    if case == "nothing hit":
        hit[:] = False
    elif case == "no light":
        radiance[:] = 0.0
    elif case == "all black":
        base[:] = 0.0
    else:
        radiance[:] = np.inf
    assert 0 < meter(radiance, base, hit) < 1e12


def test_development_is_srgb_below_the_shoulder():
    values = np.linspace(0.0, 0.6, 50, dtype=np.float32).reshape(5, 10, 1).repeat(3, axis=2)
    assert np.abs(develop(values, 1.0).astype(int) - linear_to_srgb8(values)).max() <= 1


def test_development_never_falls_and_never_wraps():
    values = (
        np.concatenate([np.linspace(0, 5, 500), [1e3, 1e30, np.inf]]).astype(np.float32).reshape(1, -1, 1).repeat(3, axis=2)
    )
    picture = develop(values, 1.0)[0, :, 0].astype(int)
    assert (np.diff(picture) >= 0).all()
    assert picture[-1] == 255


def test_broken_pixels_are_black():
    values = np.array([[[np.nan, -1.0, 0.0]]], np.float32)
    assert develop(values, 1.0).tolist() == [[[0, 0, 0]]]
