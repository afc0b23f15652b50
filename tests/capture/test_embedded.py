"""Frames of whole stages: ids, boxes, units, time, ghosts, point instances."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba")

from pxr import Gf, Usd, UsdGeom, UsdShade, Vt

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import BUFFER_SPECS, Buffer, CameraView, ContactKind, Frame
from scenecap.stage.cameras import look_at
from scenecap.stage.settings import LabelSettings
from tests.capture.raster_scenes import box_of
from tests.stage.stages import CUBE_FACES, CUBE_POINTS, mesh, new_stage, opened, place


def source(stage: Usd.Stage, *, labels: dict | None = None, buffers=None, **settings) -> EmbeddedSource:
    return EmbeddedSource(
        opened(stage),
        CaptureSettings.model_validate({"quality": "off"} | settings),
        LabelSettings.model_validate(labels or {}),
        buffers=buffers,
    )


def camera(position=(4, -6, 4), target=(0, 0, 0.5), *, width: int = 160, height: int = 120) -> CameraView:
    matrix = look_at(np.array(position, dtype=float), np.array(target, dtype=float))
    return CameraView("/cam", width, height, matrix, 150.0, (width / 2, height / 2))


def cube(stage: Usd.Stage, path: str, *, at, size: float = 1.0, rotate=(0, 0, 0)) -> UsdGeom.Cube:
    made = UsdGeom.Cube.Define(stage, path)
    made.GetSizeAttr().Set(size)
    place(made, translate=at, rotate=rotate)
    return made


def room(*, up: str = "Z", meters: float = 1.0) -> Usd.Stage:
    """A floor, a red box with a smaller box on it, a ball in a rotated parent; the same in any axes and units."""
    stage = new_stage(up=up, meters=meters)
    root = UsdGeom.Xform.Define(stage, "/World")
    stage.SetDefaultPrim(root.GetPrim())
    turn = Gf.Matrix4d(1) if up == "Z" else Gf.Matrix4d(1, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1)
    root.AddTransformOp().Set(turn * Gf.Matrix4d(Gf.Vec4d(1 / meters, 1 / meters, 1 / meters, 1)))
    floor = UsdGeom.Plane.Define(stage, "/World/floor")
    floor.GetWidthAttr().Set(20.0)
    floor.GetLengthAttr().Set(20.0)
    cube(stage, "/World/crate", at=(0, 0, 0.5))
    cube(stage, "/World/book", at=(0.1, 0, 1.1), size=0.2, rotate=(0, 0, 30))
    rig = UsdGeom.Xform.Define(stage, "/World/ball")
    place(rig, translate=(1.5, 0.5, 0), rotate=(0, 0, 45), scale=(2, 2, 2))
    ball = UsdGeom.Sphere.Define(stage, "/World/ball/geom")
    ball.GetRadiusAttr().Set(0.2)
    place(ball, translate=(0, 0, 0.2))
    return stage


def paint(stage: Usd.Stage, path: str, color, *, opacity: float = 1.0) -> None:
    material = UsdShade.Material.Define(stage, f"/Looks{path.replace('/', '_')}")
    shader = UsdShade.Shader.Define(stage, material.GetPath().AppendChild("Surface"))
    shader.CreateIdAttr("UsdPreviewSurface")
    shader.CreateInput("diffuseColor", _color()).Set(Gf.Vec3f(*color))
    shader.CreateInput("opacity", _float()).Set(opacity)
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdShade.MaterialBindingAPI.Apply(stage.GetPrimAtPath(path)).Bind(material)


def _color():
    from pxr import Sdf

    return Sdf.ValueTypeNames.Color3f


def _float():
    from pxr import Sdf

    return Sdf.ValueTypeNames.Float


def by_path(frame: Frame) -> dict:
    return {item.path: item for item in frame.objects}


def test_a_frame_holds_what_the_contract_says() -> None:
    frame = source(room(), quality="draft").observe(camera(), frame_index=7)
    assert set(frame.buffers) == set(Buffer)
    for name, array in frame.buffers.items():
        assert array.dtype == np.dtype(BUFFER_SPECS[name].dtype)
    assert (frame.frame_index, frame.source) == (7, "embedded")
    assert [item.label for item in frame.objects] == ["ball", "book", "crate"]
    assert [item.label for item in frame.room] == ["floor"]
    ids = frame.buffers[Buffer.INSTANCE]
    for item in frame.visible:
        seen = item.visibility
        mask = ids == frame.entity_ids[item.path]
        assert seen.visible_px == mask.sum()
        assert list(seen.box_tight) == box_of(mask)
        depth = frame.buffers[Buffer.DEPTH][mask]
        assert seen.median_depth == pytest.approx(float(np.median(depth)), abs=1e-3)
    semantic = frame.buffers[Buffer.SEMANTIC]
    for label, number in frame.semantic_ids.items():
        paths = [p for p in frame.entity_ids if p.endswith(label)]
        assert ((semantic == number) == np.isin(ids, [frame.entity_ids[p] for p in paths])).all()
    background = ids == 0
    assert np.isinf(frame.buffers[Buffer.DEPTH][background]).all()
    assert (frame.buffers[Buffer.NORMALS][background] == 0).all()
    assert (frame.buffers[Buffer.NORMALS][~background][:, 3] == 1).all()
    assert (frame.buffers[Buffer.RGB][..., 3] == 255).all()
    assert frame.room[0].visible_px == (ids == frame.entity_ids["/World/floor"]).sum()


def test_world_normals_point_up_on_the_floor_in_any_axes() -> None:
    for up in "YZ":
        frame = source(room(up=up, meters=0.01)).observe(camera())
        floor = frame.buffers[Buffer.INSTANCE] == frame.entity_ids["/World/floor"]
        assert frame.buffers[Buffer.NORMALS][floor][:, :3] == pytest.approx(np.tile([0, 0, 1], (floor.sum(), 1)), abs=1e-5)


def test_frames_do_not_depend_on_the_stages_axes_and_units() -> None:
    expected = source(room()).observe(camera())
    for up, meters in (("Y", 1.0), ("Z", 0.01), ("Y", 0.0254)):
        frame = source(room(up=up, meters=meters)).observe(camera())
        assert frame.meters_per_unit == pytest.approx(meters)
        for item, other in zip(frame.objects, expected.objects, strict=True):
            assert item.aabb_world == pytest.approx(other.aabb_world, abs=2e-4)
            assert item.footprint_world == pytest.approx(other.footprint_world, abs=2e-4)
            assert item.visibility.box_tight == other.visibility.box_tight
        same = frame.buffers[Buffer.INSTANCE] == expected.buffers[Buffer.INSTANCE]
        assert (~same).mean() < 1e-3
        back = np.array([1.0, 2.0, 3.0, 1.0]) @ np.linalg.inv(frame.stage_from_world) @ frame.stage_from_world
        assert back == pytest.approx([1, 2, 3, 1])


def test_boxes_are_in_the_prims_own_frame_and_exact_in_world() -> None:
    objects = by_path(source(room()).observe(camera()))
    book, ball = objects["/World/book"], objects["/World/ball"]
    assert book.box_local == pytest.approx(np.array([[-0.1] * 3, [0.1] * 3]))
    half = 0.1 * (np.cos(np.radians(30)) + np.sin(np.radians(30)))
    assert book.aabb_world == pytest.approx(np.array([[0.1 - half, -half, 1.0], [0.1 + half, half, 1.2]]), abs=1e-4)
    assert book.corners_world[:, 2].max() == pytest.approx(1.2)
    assert ball.box_local == pytest.approx(np.array([[-0.2, -0.2, 0.0], [0.2, 0.2, 0.4]]))
    # A ball in a turned parent: its box is smaller than the box of its eight corners.
    assert ball.aabb_world == pytest.approx(np.array([[1.1, 0.1, 0.0], [1.9, 0.9, 0.8]]), abs=2e-3)
    assert np.ptp(ball.corners_world[:, 0]) > 1.1


def test_an_object_of_several_gprims_has_one_box_in_its_xforms_frame() -> None:
    stage = new_stage()
    UsdGeom.Xform.Define(stage, "/World")
    chair = UsdGeom.Xform.Define(stage, "/World/chair")
    place(chair, translate=(1, 2, 0), rotate=(0, 0, 90))
    cube(stage, "/World/chair/seat", at=(0, 0, 0.5), size=0.4)
    cube(stage, "/World/chair/back", at=(0.2, 0, 1.0), size=0.2)
    chair_of = by_path(source(stage).observe(camera()))["/World/chair"]
    assert chair_of.box_local == pytest.approx(np.array([[-0.2, -0.2, 0.3], [0.3, 0.2, 1.1]]))
    assert chair_of.aabb_world == pytest.approx(np.array([[0.8, 1.8, 0.3], [1.2, 2.3, 1.1]]), abs=1e-4)


def test_occlusion_is_exact_and_hidden_objects_stay_listed() -> None:
    stage = new_stage()
    UsdGeom.Xform.Define(stage, "/World")
    # Seen along -x: a wide sheet whose right half is behind a nearer one, and a box behind both.
    for name, x, y, width in (("far_sheet", 0.0, 0.0, 2.0), ("near_sheet", 2.0, 0.75, 1.125)):
        sheet = UsdGeom.Plane.Define(stage, f"/World/{name}")
        sheet.GetAxisAttr().Set("X")
        sheet.GetLengthAttr().Set(width)
        sheet.GetWidthAttr().Set(2.0)
        place(sheet, translate=(x, y, 0))
    cube(stage, "/World/box", at=(-2, 0, 0), size=0.2)
    view = CameraView("/cam", 200, 200, look_at(np.array([8.0, 0, 0]), np.zeros(3)), 400.0, (100, 100))
    frame = source(stage, labels={"labels": {"/World/*": "object"}}).observe(view)
    objects = by_path(frame)
    far = objects["/World/far_sheet"].visibility
    # The far sheet covers 100 x 100 pixels; the near one, scaled by 400 / 6, hides y from 0.1875 to 1.3125: 12.5 px on.
    assert far.unoccluded_px == 100 * 100
    assert far.box_loose == (50, 50, 149, 149)
    assert far.occlusion == pytest.approx(1 - far.visible_px / 10000, abs=1e-6)
    assert far.visible_px == pytest.approx(10000 - 100 * 37.5, abs=100)
    hidden = objects["/World/box"].visibility
    assert (hidden.visible_px, hidden.occlusion, hidden.median_depth) == (0, 1.0, None)
    assert hidden.unoccluded_px > 0
    assert "/World/box" not in {item.path for item in frame.visible}
    assert not far.truncated


def test_what_is_out_of_view_has_no_visibility_and_what_is_cut_is_truncated() -> None:
    stage = room()
    cube(stage, "/World/behind", at=(8, -12, 8))
    frame = source(stage).observe(camera())
    assert by_path(frame)["/World/behind"].visibility is None
    near = source(stage).observe(camera((0.4, -1.2, 1.2), (0, 0, 1.0)))
    assert by_path(near)["/World/crate"].visibility.truncated


def test_colours_come_from_the_visible_albedo_and_only_from_authored_materials() -> None:
    stage = room()
    paint(stage, "/World/crate", (0.6, 0.02, 0.02))
    objects = by_path(source(stage).observe(camera()))
    assert objects["/World/crate"].visibility.color_shares[0] == ("red", 1.0)
    assert objects["/World/ball"].visibility.color_shares == ()


def test_ghosts_are_in_the_picture_and_in_nothing_else() -> None:
    stage = room()
    cube(stage, "/World/ghost", at=(0.6, -1.2, 1.2), size=1.0)
    paint(stage, "/World/ghost", (0.1, 0.9, 0.1), opacity=0.3)
    without = source(room(), quality="draft").observe(camera())
    frame = source(stage, quality="draft").observe(camera())
    assert [item.path for item in frame.objects] == [item.path for item in without.objects]
    assert "/World/ghost" not in frame.entity_ids
    for name in (Buffer.INSTANCE, Buffer.DEPTH, Buffer.NORMALS, Buffer.ALBEDO):
        assert (frame.buffers[name] == without.buffers[name]).all()
    assert by_path(frame)["/World/crate"].visibility.occlusion == by_path(without)["/World/crate"].visibility.occlusion
    assert (frame.buffers[Buffer.RGB] != without.buffers[Buffer.RGB]).any()
    assert [item.code for item in frame.left_out if item.path == "/World/ghost"] == ["ghost"]
    included = source(stage, labels={"ghosts": "include"}).observe(camera())
    assert "/World/ghost" in by_path(included)


def test_what_belongs_to_nothing_is_drawn_under_the_id_of_the_unlabelled() -> None:
    frame = source(room(), labels={"labels": {"/World/crate": "ignore"}}).observe(camera())
    ids = frame.buffers[Buffer.INSTANCE]
    assert (ids == 1).sum() > 100
    assert ((frame.buffers[Buffer.SEMANTIC] == 1) == (ids == 1)).all()
    whole = source(room()).observe(camera())
    book = (by_path(item)["/World/book"].visibility for item in (frame, whole))
    assert len({item.visible_px for item in book}) == 1, "it still hides what is behind it"


def test_point_instances_have_their_own_frames() -> None:
    stage = new_stage(meters=0.01)
    UsdGeom.Xform.Define(stage, "/World")
    instancer = UsdGeom.PointInstancer.Define(stage, "/World/pawns")
    place(instancer, translate=(100, 0, 0))
    pawn = UsdGeom.Xform.Define(stage, "/World/pawns/Prototypes/pawn")
    place(pawn, scale=(2, 2, 2))  # multiplied into each instance
    made = cube(stage, "/World/pawns/Prototypes/pawn/body", at=(0, 0, 5), size=10.0)
    made.GetPrim().GetAttribute("xformOp:translate")
    instancer.GetPrototypesRel().AddTarget(pawn.GetPath())
    instancer.GetProtoIndicesAttr().Set([0, 0, 0])
    instancer.GetPositionsAttr().Set([Gf.Vec3f(0, 0, 0), Gf.Vec3f(0, 100, 0), Gf.Vec3f(0, 200, 0)])
    quarter = Gf.Quath(0.70710677, Gf.Vec3h(0, 0, 0.70710677))
    instancer.GetOrientationsAttr().Set(Vt.QuathArray([Gf.Quath(1), quarter, Gf.Quath(1)]))
    objects = by_path(source(stage).observe(camera()))
    assert sorted(objects) == ["/World/pawns[0]", "/World/pawns[1]", "/World/pawns[2]"]
    for number in range(3):
        item = objects[f"/World/pawns[{number}]"]
        assert item.box_local == pytest.approx(np.array([[-5, -5, 0], [5, 5, 10]]))
        assert item.object_to_world[3, :3] == pytest.approx([1, number, 0])
        assert np.linalg.norm(item.object_to_world[0, :3]) == pytest.approx(0.02, rel=1e-3)
        expected = np.array([[0.9, number - 0.1, 0], [1.1, number + 0.1, 0.2]])
        assert item.aabb_world == pytest.approx(expected, abs=2e-3)
    assert objects["/World/pawns[1]"].object_to_world[0, :2] == pytest.approx([0, 0.02], abs=1e-4)


def moving_room() -> Usd.Stage:
    stage = room()
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(10)
    book = stage.GetPrimAtPath("/World/book")
    place(UsdGeom.Xformable(book), translate=(0.1, 0, 1.1), time=0.0)
    place(UsdGeom.Xformable(book), translate=(3.0, 0, 1.1), time=10.0)
    ball = UsdGeom.Imageable(stage.GetPrimAtPath("/World/ball/geom"))
    ball.GetVisibilityAttr().Set("inherited", 0.0)
    ball.GetVisibilityAttr().Set("invisible", 5.0)
    return stage


def test_things_move_come_and_go() -> None:
    moving = source(moving_room())
    start, middle, end, again = (moving.observe(camera(), time_code=t) for t in (0.0, 5.0, 10.0, 0.0))
    assert by_path(start)["/World/book"].center_world == pytest.approx([0.1, 0, 1.1], abs=1e-3)
    assert by_path(middle)["/World/book"].center_world == pytest.approx([1.55, 0, 1.1], abs=1e-3)
    assert "/World/ball" in by_path(start)
    assert "/World/ball" not in by_path(middle)
    assert next(item.code for item in middle.left_out if item.path == "/World/ball") == "invisible"
    on_crate = [(c.child, c.parent) for c in start.contacts if c.kind is ContactKind.SUPPORT]
    assert ("/World/book", "/World/crate") in on_crate
    assert not any(c.child == "/World/book" and c.kind is ContactKind.SUPPORT for c in end.contacts)
    for name in again.buffers:
        assert again.buffers[name].tobytes() == start.buffers[name].tobytes()
    assert again.contacts == start.contacts
    assert start.entity_ids == middle.entity_ids, "ids do not change over time"


def test_a_moving_stage_is_observed_as_one_opened_at_that_time() -> None:
    moving = source(moving_room())
    moving.observe(camera(), time_code=0.0)
    later = moving.observe(camera(), time_code=7.0)
    fresh = source(moving_room()).observe(camera(), time_code=7.0)
    for name in fresh.buffers:
        assert later.buffers[name].tobytes() == fresh.buffers[name].tobytes()
    for item, other in zip(later.objects, fresh.objects, strict=True):
        assert (item.aabb_world == other.aabb_world).all()
        assert item.box_local == pytest.approx(other.box_local)
    assert later.contacts == fresh.contacts


def test_what_does_not_move_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    still = source(room())
    first = still.world.at(0.0)
    monkeypatch.setattr("scenecap.capture.contact_tracker.find_contacts", None)
    second = still.world.at(3.0)
    assert second.objects is first.objects
    assert second.scene is first.scene
    assert second.state.time_code == 3.0


def test_animated_points_are_drawn_at_the_time() -> None:
    stage = new_stage()
    UsdGeom.Xform.Define(stage, "/World")
    made = mesh(stage, "/World/blob", CUBE_POINTS, CUBE_FACES)
    for time, scale in ((0.0, 0.5), (10.0, 1.5)):
        made.GetPointsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(*(scale * c for c in p)) for p in CUBE_POINTS]), time)
    alive = source(stage)
    small, large = (alive.observe(camera(), time_code=t).objects[0] for t in (0.0, 10.0))
    assert small.size_world == pytest.approx([1, 1, 1])
    assert large.box_local[1] == pytest.approx([1.5] * 3)
    assert large.visibility.visible_px > 4 * small.visibility.visible_px


def test_only_the_buffers_asked_for_are_made() -> None:
    frame = source(room(), quality="draft", buffers={Buffer.DEPTH}).observe(camera())
    assert set(frame.buffers) == {Buffer.DEPTH}
    assert frame.visible
    assert Buffer.RGB not in source(room(), quality="off").observe(camera()).buffers


def test_empty_and_broken_stages_give_frames_with_the_reason() -> None:
    frame = source(new_stage()).observe(camera())
    assert frame.objects == ()
    assert not frame.buffers[Buffer.INSTANCE].any()
    stage = room()
    UsdGeom.Mesh.Define(stage, "/World/nothing")
    mesh(stage, "/World/holes", [(np.nan, 0, 0)] * 3, [[0, 1, 2]])
    broken = source(stage).observe(camera())
    assert any("/World/nothing" in text for text in broken.warnings)
    assert any("/World/holes" in text for text in broken.warnings)
    assert {item.path for item in broken.objects} == {"/World/book", "/World/crate", "/World/ball"}


def test_two_sources_give_the_same_bytes() -> None:
    first, second = (source(room(), quality="draft").observe(camera()) for _ in range(2))
    for name in first.buffers:
        assert first.buffers[name].tobytes() == second.buffers[name].tobytes()
    assert [vars(item.visibility) for item in first.objects] == [vars(item.visibility) for item in second.objects]
    assert first.contacts == second.contacts
