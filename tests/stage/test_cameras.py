"""Cameras against USD's own frustum, and every kind of camera that cannot be captured."""

from __future__ import annotations

import numpy as np
import pytest
from pxr import Gf, Sdf, Usd, UsdGeom

from scenecap.errors import CameraError
from scenecap.stage import cameras
from scenecap.stage.cameras import camera_view, list_cameras, look_at
from tests.stage.stages import new_stage, opened, place

SIZE = (640, 480)


def camera(stage: Usd.Stage, path: str = "/Cam", **attributes) -> UsdGeom.Camera:
    made = UsdGeom.Camera.Define(stage, path)
    for name, value in attributes.items():
        made.GetPrim().GetAttribute(name).Set(value)
    return made


def by_gf(stage: Usd.Stage, path: str, points_stage: np.ndarray, time: float = 0.0) -> np.ndarray:
    """Project points with GfCamera and GfFrustum, widened to the picture's aspect by the horizontal aperture."""
    gf = UsdGeom.Camera(stage.GetPrimAtPath(path)).GetCamera(time)
    gf.verticalAperture = gf.horizontalAperture * SIZE[1] / SIZE[0]
    matrix = gf.frustum.ComputeViewMatrix() * gf.frustum.ComputeProjectionMatrix()
    ndc = np.array([matrix.Transform(Gf.Vec3d(*map(float, point))) for point in points_stage])
    return np.stack([(ndc[:, 0] + 1) / 2 * SIZE[0], (1 - ndc[:, 1]) / 2 * SIZE[1]], axis=1)


@pytest.mark.parametrize("up", ["Y", "Z"])
@pytest.mark.parametrize("meters", [1.0, 0.01, 0.0254])
@pytest.mark.parametrize(
    "lens",
    [
        {},
        {"focalLength": 18.0, "horizontalAperture": 36.0, "verticalAperture": 5.0},
        {"horizontalApertureOffset": 3.0, "verticalApertureOffset": -2.0},
    ],
)
def test_projection_is_usds_own(up: str, meters: float, lens: dict) -> None:
    stage = new_stage(up=up, meters=meters)
    root = UsdGeom.Xform.Define(stage, "/Rig")
    place(root, translate=(3, 4, 5), rotate=(20, 30, 40))
    made = camera(stage, "/Rig/Cam", **lens)
    place(made, translate=(1, -2, 0.5), rotate=(-10, 5, 70))
    to_stage = np.array(UsdGeom.XformCache().GetLocalToWorldTransform(made.GetPrim()))
    rng = np.random.default_rng(0)
    in_camera = np.column_stack([rng.uniform(-2, 2, (20, 2)), rng.uniform(-9, -2, 20), np.ones(20)])
    points_stage = (in_camera @ to_stage)[:, :3]
    open_stage = opened(stage)
    view = camera_view(open_stage, "/Rig/Cam", time_code=0.0, resolution=SIZE)
    points_world = np.column_stack([points_stage, np.ones(20)]) @ open_stage.world_from_stage
    pixels, depth = view.project(points_world[:, :3])
    assert pixels == pytest.approx(by_gf(stage, "/Rig/Cam", points_stage), abs=1e-6 * SIZE[0] + 2e-4)
    assert depth == pytest.approx(-in_camera[:, 2] * meters)


def test_the_matrix_is_rigid_even_under_scaled_sheared_and_mirrored_parents() -> None:
    stage = new_stage()
    root = UsdGeom.Xform.Define(stage, "/Root")
    root.AddTransformOp().Set(Gf.Matrix4d(2, 0.3, 0, 0, 0, -3, 0, 0, 0, 0.5, 0.1, 0, 7, 8, 9, 1))
    camera(stage, "/Root/Cam")
    view = camera_view(opened(stage), "/Root/Cam", time_code=0.0, resolution=SIZE)
    rotation = view.world_to_camera[:3, :3]
    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert view.position_world == pytest.approx([7, 8, 9])
    # The view direction is that of the authored -z axis.
    assert -view.camera_to_world[2, :3] == pytest.approx(np.array([0, -0.5, -0.1]) / np.hypot(0.5, 0.1))


def test_animated_poses_and_lenses_are_read_at_the_time() -> None:
    stage = new_stage()
    made = camera(stage)
    place(made, translate=(0, 0, 0), time=0.0)
    place(made, translate=(10, 0, 0), time=10.0)
    made.GetFocalLengthAttr().Set(20.0, 0.0)
    made.GetFocalLengthAttr().Set(40.0, 10.0)
    open_stage = opened(stage)
    first, later = (camera_view(open_stage, "/Cam", time_code=t, resolution=SIZE) for t in (0.0, 5.0))
    assert later.position_world == pytest.approx([5, 0, 0])
    assert later.focal_px / first.focal_px == pytest.approx(1.5)
    assert list_cameras(open_stage)[0].animated


def test_clipping_is_in_metres_and_the_schemas_fallback_is_not_used() -> None:
    stage = new_stage(meters=0.01)
    camera(stage, "/Plain")
    camera(stage, "/Own", clippingRange=Gf.Vec2f(10, 2000))
    camera(stage, "/Odd", clippingRange=Gf.Vec2f(0, -5))
    open_stage = opened(stage)
    ranges = {p: camera_view(open_stage, p, time_code=0.0, resolution=SIZE).near_far for p in ("/Plain", "/Own", "/Odd")}
    assert ranges["/Plain"] == (0.01, 1e6)
    assert ranges["/Own"] == pytest.approx((0.1, 20.0))
    assert 0 < ranges["/Odd"][0] < ranges["/Odd"][1]


def test_params_keep_usds_values() -> None:
    stage = new_stage(meters=0.01)
    camera(stage, focalLength=24.0, horizontalAperture=36.0, verticalAperture=99.0, fStop=2.8, focusDistance=150.0)
    params = camera_view(opened(stage), "/Cam", time_code=0.0, resolution=SIZE).params
    assert params["cameraFocalLength"] == 24.0
    assert params["cameraAperture"] == [36.0, 27.0]
    assert params["cameraFStop"] == pytest.approx(2.8)
    assert params["cameraFocusDistance"] == 150.0


@pytest.mark.parametrize(
    ("author", "words"),
    [
        (lambda c: c.GetProjectionAttr().Set("orthographic"), "orthographic"),
        (lambda c: token(c, "cameraProjectionType", "fisheyePolynomial"), "fisheyePolynomial"),
        (lambda c: token(c, "omni:lensdistortion:model", "ftheta"), "ftheta"),
        (lambda c: c.GetPrim().AddAppliedSchema("OmniLensDistortionFthetaAPI"), "OmniLensDistortionFthetaAPI"),
        (lambda c: c.GetFocalLengthAttr().Set(0.0), "focalLength"),
        (lambda c: c.GetHorizontalApertureAttr().Set(-1.0), "horizontalAperture"),
        (lambda c: place(c, scale=(0, 0, 0)), "scale of zero"),
        (lambda c: place(c, translate=(float("nan"), 0, 0)), "NaN"),
    ],
)
def test_cameras_that_cannot_be_captured_are_named_errors(author, words: str) -> None:
    stage = new_stage()
    author(camera(stage, "/World/Bad"))
    camera(stage, "/World/Good")
    open_stage = opened(stage)
    with pytest.raises(CameraError, match=words) as caught:
        camera_view(open_stage, "/World/Bad", time_code=0.0, resolution=SIZE)
    assert "/World/Bad" in str(caught.value)
    camera_view(open_stage, "/World/Good", time_code=0.0, resolution=SIZE)


def token(made: UsdGeom.Camera, name: str, value: str) -> None:
    made.GetPrim().CreateAttribute(name, Sdf.ValueTypeNames.Token).Set(value)


def test_a_pinhole_by_name_is_a_pinhole() -> None:
    stage = new_stage()
    token(camera(stage), "cameraProjectionType", "pinhole")
    assert list_cameras(opened(stage))[0].unsupported == ""


@pytest.mark.parametrize(
    ("asked", "guess"),
    [
        ("/World/Cameras/Frnt", "Did you mean /World/Cameras/Front?"),
        ("front", "Did you mean /World/Cameras/Front?"),
        ("/World/Cameras", "Did you mean|cameras are: /World/Cameras/Front"),
        ("", "/World/Cameras/Front"),
        ("/zzz not a path", "/World/Cameras/Front"),
    ],
)
def test_a_wrong_path_names_the_nearest_camera(asked: str, guess: str) -> None:
    stage = new_stage()
    camera(stage, "/World/Cameras/Front")
    camera(stage, "/World/Cameras/Top")
    with pytest.raises(CameraError, match=guess.replace("?", r"\?")):
        camera_view(opened(stage), asked, time_code=0.0, resolution=SIZE)


def test_a_stage_without_cameras_says_so() -> None:
    with pytest.raises(CameraError, match="the stage has none"):
        camera_view(opened(new_stage()), "/Cam", time_code=0.0, resolution=SIZE)


def test_cameras_in_instances_are_listed_and_kits_and_classes_are_not() -> None:
    stage = new_stage()
    camera(stage, "/Asset/Cam")
    rig = stage.DefinePrim("/Rig", "Xform")
    rig.GetReferences().AddInternalReference("/Asset")
    rig.SetInstanceable(True)
    place(UsdGeom.Xform(rig), translate=(1, 2, 3))
    camera(stage, "/OmniverseKit_Persp")
    stage.CreateClassPrim("/_class")
    UsdGeom.Camera.Define(stage, "/_class/Cam")
    open_stage = opened(stage)
    assert [info.path for info in list_cameras(open_stage)] == ["/Asset/Cam", "/Rig/Cam"]
    view = camera_view(open_stage, "/Rig/Cam", time_code=0.0, resolution=SIZE)
    assert view.position_world == pytest.approx([1, 2, 3])


@pytest.mark.parametrize("position", [(3, 2, 5), (0, 0, 4), (-1, 0, 0.5), (0, 0, -4)])
def test_look_at_looks_there_with_up_up(position) -> None:
    matrix = look_at(np.array(position, dtype=float), np.zeros(3))
    assert np.array([0, 0, 0, 1.0]) @ matrix == pytest.approx([0, 0, -np.linalg.norm(position), 1])
    assert matrix[:3, :3] @ matrix[:3, :3].T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.inv(matrix)[1, 2] >= -1e-9


def test_a_camera_that_is_there_is_found_without_a_walk_through_the_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every frame asks for its camera, and a stage may have a million prims."""
    stage = new_stage()
    camera(stage)
    open_stage = opened(stage)
    monkeypatch.setattr(cameras, "list_cameras", lambda _: pytest.fail("it walks through the stage"))
    assert camera_view(open_stage, "/Cam", time_code=0.0, resolution=SIZE).path == "/Cam"
