"""Implicit shapes against their formulas and USD's own extents."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pxr import Usd, UsdGeom

from scenecap.stage.gprims import read_gprim
from scenecap.stage.mesh import LocalMesh
from tests.stage.stages import area, new_stage, signed_volume


def shape(kind: str, **attributes) -> tuple[UsdGeom.Gprim, LocalMesh]:
    prim = new_stage().DefinePrim("/Shape", kind)
    for name, value in attributes.items():
        prim.GetAttribute(name).Set(value)
    made = read_gprim(prim, Usd.TimeCode(0.0))
    assert made is not None
    return UsdGeom.Gprim(prim), made


CASES = [
    ("Cube", {}),
    ("Cube", {"size": 0.4}),
    ("Sphere", {}),
    ("Sphere", {"radius": 20.0}),
    *[(kind, {"axis": axis}) for kind in ("Cylinder", "Cone", "Capsule", "Plane") for axis in "XYZ"],
    ("Cylinder", {"axis": "X", "radius": 0.3, "height": 5.0}),
    ("Cone", {"axis": "Y", "radius": 2.0, "height": 1.0}),
    ("Capsule", {"axis": "X", "radius": 0.25, "height": 3.0}),
    ("Plane", {"axis": "X", "width": 4.0, "length": 6.0}),
    ("Plane", {"axis": "Y", "width": 4.0, "length": 6.0}),
    ("Plane", {"axis": "Z", "width": 4.0, "length": 6.0}),
    ("Cylinder_1", {"axis": "Y", "radiusTop": 0.5, "radiusBottom": 2.0, "height": 3.0}),
    ("Cylinder_1", {"radiusTop": 0.0}),
    ("Capsule_1", {}),
]


@pytest.mark.parametrize(("kind", "attributes"), CASES)
def test_boxes_equal_those_usd_computes(kind: str, attributes: dict) -> None:
    gprim, made = shape(kind, **attributes)
    extent = UsdGeom.Boundable.ComputeExtentFromPlugins(UsdGeom.Boundable(gprim), Usd.TimeCode(0.0))
    assert made.bounds == pytest.approx(np.array(extent), abs=1e-6)


#: Ends of the capsule below along its axis, as USD 26.11 works them out. Releases up to 26.8 take half the height and the
#: larger radius for both ends (-3.5, 3.5), which the drawn shape leaves on one side and does not reach on the other.
TAPERED_ENDS = (-2.2207592, 4.2748518)


@pytest.mark.parametrize("axis", "XYZ")
def test_a_tapered_capsule_lies_in_usds_box_and_reaches_its_poles(axis: str) -> None:
    gprim, made = shape("Capsule_1", axis=axis, radiusTop=2.0, radiusBottom=1.0, height=3.0)
    along = "XYZ".index(axis)
    assert made.bounds[:, along] == pytest.approx(np.array(TAPERED_ENDS), abs=1e-5)
    if Usd.GetVersion() >= (0, 26, 11):
        extent = np.array(UsdGeom.Boundable.ComputeExtentFromPlugins(UsdGeom.Boundable(gprim), Usd.TimeCode(0.0)))
        assert made.bounds[:, along] == pytest.approx(extent[:, along], abs=1e-5)
        assert (made.bounds[0] >= extent[0] - 1e-5).all()
        assert (made.bounds[1] <= extent[1] + 1e-5).all()


def test_an_unauthored_extent_is_not_believed() -> None:
    gprim, made = shape("Sphere", radius=20.0)
    assert np.array(gprim.GetExtentAttr().Get()).max() == 1.0  # the schema's fallback
    assert made.bounds[1].max() == 20.0


VOLUMES = [
    ("Cube", {"size": 3.0}, 27.0, 54.0, 1e-9),
    ("Sphere", {"radius": 2.0}, 4 / 3 * math.pi * 8, 4 * math.pi * 4, 0.02),
    ("Cylinder", {"radius": 2.0, "height": 3.0, "axis": "X"}, math.pi * 12, 2 * math.pi * 2 * 5, 0.01),
    ("Cone", {"radius": 3.0, "height": 4.0, "axis": "Y"}, math.pi * 12, math.pi * 3 * (3 + 5), 0.01),
    ("Capsule", {"radius": 1.0, "height": 2.0}, math.pi * (2 + 4 / 3), math.pi * (4 + 4), 0.02),
    ("Cylinder_1", {"radiusTop": 1.0, "radiusBottom": 2.0, "height": 3.0}, math.pi * 7, None, 0.01),
]


@pytest.mark.parametrize(("kind", "attributes", "volume", "surface", "error"), VOLUMES)
def test_volume_and_area_are_the_formulas_and_faces_look_out(kind, attributes, volume, surface, error) -> None:
    _, made = shape(kind, **attributes)
    measured = signed_volume(made.points, made.triangles)
    assert measured == pytest.approx(volume, rel=error)
    assert measured <= volume * (1 + 1e-9)  # points lie on the surface, chords inside
    if surface is not None:
        assert area(made.points, made.triangles) == pytest.approx(surface, rel=error)


@pytest.mark.parametrize(("kind", "attributes"), CASES)
def test_normals_are_unit_and_on_the_side_of_their_face(kind: str, attributes: dict) -> None:
    _, made = shape(kind, **attributes)
    assert np.linalg.norm(made.normals, axis=2) == pytest.approx(np.ones(made.triangles.shape), abs=1e-5)
    a, b, c = (made.points[made.triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    assert np.linalg.norm(face, axis=1).min() > 0
    assert (np.einsum("ij,ikj->ik", face, made.normals) > 0).all()
    assert made.uv is not None
    assert made.uv.min() >= 0
    assert made.uv.max() <= 1


def test_sphere_normals_are_exact() -> None:
    _, made = shape("Sphere", radius=2.0)
    assert made.normals == pytest.approx(made.points[made.triangles] / 2.0, abs=1e-6)


@pytest.mark.parametrize(("axis", "normal"), [("X", (1, 0, 0)), ("Y", (0, 1, 0)), ("Z", (0, 0, 1))])
def test_a_plane_faces_along_its_axis(axis: str, normal: tuple[int, int, int]) -> None:
    _, made = shape("Plane", axis=axis)
    assert made.normals == pytest.approx(np.broadcast_to(np.array(normal, dtype=np.float32), (2, 3, 3)))


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("Sphere", {"radius": 0.0}),
        ("Sphere", {"radius": -1.0}),
        ("Cube", {"size": math.nan}),
        ("Cylinder", {"height": math.inf}),
        ("Cylinder_1", {"radiusTop": 0.0, "radiusBottom": 0.0}),
        ("Capsule", {"axis": "W"}),
        ("Plane", {"width": 0.0}),
    ],
)
def test_impossible_sizes_draw_nothing_and_say_why(kind: str, attributes: dict) -> None:
    _, made = shape(kind, **attributes)
    assert made.empty
    assert made.problems


def test_what_is_no_implicit_shape_is_none() -> None:
    assert read_gprim(new_stage().DefinePrim("/M", "Mesh"), Usd.TimeCode(0.0)) is None
