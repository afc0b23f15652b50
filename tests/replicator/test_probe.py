"""What the open stage adds: the embedded source's frame, moved to where physics has things, read on the main thread only."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from pxr import Gf, Sdf, Usd, UsdGeom

from scenecap.capture.payload_frame import FrameIdentity
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import Contact, ContactKind, Evidence, Frame
from scenecap.stage.open import wrap_stage
from scenecap.stage.settings import LabelSettings
from scenecap_replicator.payload_shapes import split_payload
from scenecap_replicator.probe import StageProbe
from scenecap_replicator.to_frame import payload_from_outputs
from tests.replicator import payloads
from tests.replicator.payloads import Outputs
from tests.replicator.scene import THINGS, Captured, capture, captured, make_stage

FRONT = "/World/Cameras/Front"
IDENTITY = FrameIdentity(scene="room", camera=FRONT, source="replicator")


@pytest.fixture
def scene() -> Captured:
    """A stage of the test's own, to be changed."""
    return capture(make_stage())


@pytest.fixture
def probe(scene: Captured) -> Iterator[StageProbe]:
    made = StageProbe(scene.opened)
    yield made
    made.close()


def frame_of(probe: StageProbe, outputs: Outputs) -> Frame:
    (product,) = split_payload(payloads.render_product_shape({"rp": outputs})).values()
    return probe.frame(payload_from_outputs(product), IDENTITY, probe.read_moment(0.0))


def by_path(frame: Frame) -> dict[str, object]:
    return {item.path: item for item in frame.objects}


def move_rows(outputs: Outputs, path: str, offset: tuple[float, float, float]) -> None:
    """Move an object in the payload only, as physics does with its results outside USD."""
    array, info = outputs["bounding_box_3d"]
    array["transform"][info["primPaths"].index(path), 3, :3] += np.array(offset, dtype=np.float32)


@pytest.mark.parametrize(("meters", "up_axis"), [(1.0, "Z"), (0.01, "Y")])
def test_payload_and_stage_give_the_embedded_sources_frame(meters: float, up_axis: str) -> None:
    scene = captured(meters, up_axis)
    probe = StageProbe(scene.opened)
    frame = frame_of(probe, payloads.outputs_of(scene.front, scene.stage))
    probe.close()
    expected = scene.front
    assert frame.contacts == expected.contacts
    assert len(expected.contacts or ()) >= 4
    assert frame.left_out == expected.left_out
    np.testing.assert_array_equal(frame.camera.world_to_camera, expected.camera.world_to_camera)
    for found, wanted in zip(frame.objects, expected.objects, strict=True):
        assert (found.path, found.label, found.label_source, found.labels) == (
            wanted.path,
            wanted.label,
            wanted.label_source,
            wanted.labels,
        )
        np.testing.assert_array_equal(found.aabb_world, wanted.aabb_world)
        np.testing.assert_array_equal(found.footprint_world, wanted.footprint_world)
        np.testing.assert_array_equal(found.corners_world, wanted.corners_world)
        assert vars(found.visibility) == vars(wanted.visibility)
    assert [vars(item) | {"aabb_world": 0} for item in frame.room] == [
        vars(item) | {"aabb_world": 0} for item in expected.room
    ]
    for name, buffer in frame.buffers.items():
        np.testing.assert_array_equal(buffer, expected.buffers[name])


def test_what_physics_moved_is_where_the_payload_says(scene: Captured, probe: StageProbe) -> None:
    """The box slides off the table onto the floor, in the payload only: its shape goes with it and its contact changes."""
    outputs = payloads.outputs_of(scene.front, scene.stage)
    move_rows(outputs, "/World/Box", (0.0, 1.5, -0.7))
    before = next(item for item in scene.front.objects if item.path == "/World/Box")
    frame = frame_of(probe, outputs)
    box = next(item for item in frame.objects if item.path == "/World/Box")
    np.testing.assert_allclose(box.aabb_world, before.aabb_world + np.array([0.0, 1.5, -0.7]), atol=2e-4)
    holds = {item.parent: item for item in frame.contacts or () if item.child == "/World/Box"}
    assert list(holds) == ["/World/Floor"]
    assert holds["/World/Floor"].kind is ContactKind.SUPPORT
    assert holds["/World/Floor"].evidence is Evidence.GEOMETRY
    others = [item for item in frame.contacts or () if item.child != "/World/Box"]
    assert others == [item for item in scene.front.contacts or () if item.child != "/World/Box"]


def test_things_come_back_when_physics_puts_them_back(scene: Captured, probe: StageProbe) -> None:
    outputs = payloads.outputs_of(scene.front, scene.stage)
    moved = payloads.outputs_of(scene.front, scene.stage)
    move_rows(moved, "/World/Table", (0.5, 0.0, 0.0))
    first, second, third = (frame_of(probe, given).contacts for given in (outputs, moved, outputs))
    assert first == third
    assert second != first


def test_a_moved_parent_takes_its_unlabelled_parts_along() -> None:
    """A gprim follows the nearest prim above it that has a row."""
    stage = make_stage()
    lid = UsdGeom.Cube.Define(stage, "/World/Box/Lid")
    lid.AddTranslateOp().Set(Gf.Vec3d(0.0, 0.0, 1.25))
    lid.AddScaleOp().Set(Gf.Vec3f(1.0, 1.0, 0.25))
    scene = capture(stage)
    probe = StageProbe(scene.opened)
    outputs = payloads.outputs_of(scene.front, scene.stage)
    move_rows(outputs, "/World/Box", (0.0, 2.0, 0.0))
    frame = frame_of(probe, outputs)
    probe.close()
    (before,) = (item for item in scene.front.objects if item.path == "/World/Box")
    (after,) = (item for item in frame.objects if item.path == "/World/Box")
    np.testing.assert_allclose(after.aabb_world, before.aabb_world + np.array([0.0, 2.0, 0.0]), atol=2e-4)


def test_an_edit_of_the_stage_is_seen_in_the_next_frame(scene: Captured, probe: StageProbe) -> None:
    outputs = payloads.outputs_of(scene.front, scene.stage)
    first = probe.read_moment(0.0)
    assert probe.read_moment(0.0) is first  # nothing changed: nothing is read
    UsdGeom.XformCommonAPI(scene.stage.GetPrimAtPath("/World/Crate")).SetTranslate(Gf.Vec3d(1.0, 1.5, 0.25))
    second = probe.read_moment(0.0)
    assert second.world is first.world  # places are read again, shapes are not
    move_rows(outputs, "/World/Crate", (1.0 - 1.6, 1.5 - 0.6, 0.0))
    frame = frame_of(probe, outputs)
    (crate,) = (item for item in frame.objects if item.path == "/World/Crate")
    np.testing.assert_allclose(crate.center_world, (1.0, 1.5, 0.25), atol=1e-4)


@pytest.mark.parametrize("edit", ["add", "remove", "hide", "reshape", "paint"])
def test_a_change_of_what_there_is_reads_the_stage_again(scene: Captured, probe: StageProbe, edit: str) -> None:
    stage = scene.stage
    world = probe.read_moment(0.0).world
    cube = UsdGeom.Cube.Get(stage, "/World/Box/Shape")
    if edit == "add":
        UsdGeom.Sphere.Define(stage, "/World/Ball")
    elif edit == "remove":
        stage.RemovePrim("/World/Box")
    elif edit == "hide":
        cube.MakeInvisible()
    elif edit == "reshape":
        cube.CreateSizeAttr(1.0)
    else:
        cube.CreateDisplayColorAttr([Gf.Vec3f(0.0, 1.0, 0.0)])
    again = probe.read_moment(0.0)
    assert again.world is not world
    paths = {entity.path for entity in again.world.discovery.entities}
    assert ("/World/Ball" in paths) == (edit == "add")
    assert ("/World/Box" in paths) == (edit not in ("remove", "hide"))


@pytest.mark.parametrize("path", ["/Replicator/SDGPipeline", "/Render/RenderProduct", "/OmniverseKit_Persp", "/World/Lamp"])
def test_tools_own_prims_and_lights_do_not_count_as_changes(scene: Captured, probe: StageProbe, path: str) -> None:
    first = probe.read_moment(0.0)
    prim = scene.stage.DefinePrim(path, "SphereLight" if path.endswith("Lamp") else "Scope")
    prim.CreateAttribute("inputs:intensity", Sdf.ValueTypeNames.Float).Set(3.0)
    assert probe.read_moment(0.0) is first


@pytest.mark.parametrize("root", ["/Replicator", "/RenderRoom"])
def test_objects_that_replicators_scripts_make_and_move_are_seen(scene: Captured, probe: StageProbe, root: str) -> None:
    """``rep.create.cube()`` makes its prims below /Replicator, and randomizers move them there."""
    probe.read_moment(0.0)
    holder = UsdGeom.Xform.Define(scene.stage, f"{root}/Cube_Xform")
    UsdGeom.Cube.Define(scene.stage, f"{root}/Cube_Xform/Cube")
    made = probe.read_moment(0.0)
    assert any(entity.path.startswith(root) for entity in made.world.discovery.entities)
    UsdGeom.XformCommonAPI(holder).SetTranslate(Gf.Vec3d(0.0, 0.0, 5.0))
    moved = probe.read_moment(0.0)
    path = f"{root}/Cube_Xform"
    assert moved.prims[path][3, 2] - made.prims[path][3, 2] == pytest.approx(5.0)


def test_frames_are_made_while_another_thread_edits_the_stage(scene: Captured, probe: StageProbe) -> None:
    """The worker reads no prim: removing all of them under it changes nothing."""
    outputs = payloads.outputs_of(scene.front, scene.stage)
    (product,) = split_payload(payloads.render_product_shape({"rp": outputs})).values()
    payload, moment = payload_from_outputs(product), probe.read_moment(0.0)
    scene.stage.RemovePrim("/World")
    made: list[Frame] = []
    worker = threading.Thread(target=lambda: made.append(probe.frame(payload, IDENTITY, moment)))
    worker.start()
    worker.join()
    assert made[0].contacts == scene.front.contacts


def test_an_object_without_a_label_is_seen_by_its_geometry(scene: Captured, probe: StageProbe) -> None:
    outputs = payloads.outputs_of(scene.front, scene.stage, unlabelled=frozenset({"/World/Book"}))
    frame = frame_of(probe, outputs)
    (book,) = (item for item in frame.visible if item.path == "/World/Book")
    (wanted,) = (item for item in scene.front.objects if item.path == "/World/Book")
    assert book.visibility is not None
    assert wanted.visibility is not None
    assert vars(book.visibility) == vars(wanted.visibility)
    assert any("1 object has no label in Replicator" in warning for warning in frame.warnings)


def test_with_attach_off_an_object_without_a_label_is_none(scene: Captured) -> None:
    probe = StageProbe(scene.opened, labels=LabelSettings.model_validate({"attach_label_to_usd": False}))
    frame = frame_of(probe, payloads.outputs_of(scene.front, scene.stage))
    probe.close()
    assert frame.objects == ()


def test_what_the_renderer_shows_decides_what_is_seen(scene: Captured, probe: StageProbe) -> None:
    """Half of the crate's pixels are something else's in the renderer (fog, particles): the counts follow it."""
    outputs = payloads.outputs_of(scene.front, scene.stage)
    ids, info = outputs["instance_segmentation"]
    number = next(key for key, path in info["idToLabels"].items() if path == "/World/Crate")
    rows, columns = np.nonzero(ids == number)
    upper = rows < np.median(rows)
    ids[rows[upper], columns[upper]] = 0
    array, boxes = outputs["bounding_box_2d_tight"]
    array["occlusionRatio"][boxes["primPaths"].index("/World/Crate")] = 0.5
    frame = frame_of(probe, outputs)
    (crate,) = (item for item in frame.visible if item.path == "/World/Crate")
    assert crate.visibility is not None
    assert crate.visibility.visible_px == int((~upper).sum())
    assert crate.visibility.box_tight[1] >= np.median(rows)
    assert crate.visibility.occlusion == pytest.approx(0.5, abs=0.01)


def test_a_shape_that_deforms_outside_usd_is_said(scene: Captured, probe: StageProbe) -> None:
    outputs = payloads.outputs_of(scene.front, scene.stage)
    array, info = outputs["bounding_box_3d"]
    array["z_max"][info["primPaths"].index("/World/Box")] = 2.0
    assert any("disagree on the size of /World/Box" in warning for warning in frame_of(probe, outputs).warnings)


def test_point_instances_are_placed() -> None:
    stage = make_stage()
    instancer = UsdGeom.PointInstancer.Define(stage, "/World/Cups")
    UsdGeom.Cylinder.Define(stage, "/World/Cups/Prototypes/Cup").CreateHeightAttr(0.1)
    UsdGeom.Cylinder.Get(stage, "/World/Cups/Prototypes/Cup").CreateRadiusAttr(0.04)
    instancer.CreatePrototypesRel().SetTargets([Sdf.Path("/World/Cups/Prototypes/Cup")])
    instancer.CreateProtoIndicesAttr([0, 0])
    instancer.CreatePositionsAttr([Gf.Vec3f(0.5, -0.2, 0.75), Gf.Vec3f(0.6, 0.0, 0.75)])
    scene = capture(stage)
    paths = {item.path for item in scene.front.objects}
    assert {"/World/Cups[0]", "/World/Cups[1]"} <= paths
    probe = StageProbe(scene.opened)
    outputs = payloads.outputs_of(scene.front, scene.stage)
    assert frame_of(probe, outputs).contacts == scene.front.contacts
    move_rows(outputs, "/World/Cups[1]", (0.0, 0.0, 0.3))
    frame = frame_of(probe, outputs)
    probe.close()
    (cup,) = (item for item in frame.objects if item.path == "/World/Cups[1]")
    np.testing.assert_allclose(cup.center_world, (0.6, 0.0, 1.05), atol=1e-4)


def test_a_time_code_places_an_animated_stage() -> None:
    stage = make_stage()
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(10)
    move = UsdGeom.Xformable(stage.GetPrimAtPath("/World/Crate")).GetOrderedXformOps()[0]
    move.Set(Gf.Vec3d(1.6, 0.6, 0.25), Usd.TimeCode(0))
    move.Set(Gf.Vec3d(1.6, 1.6, 0.25), Usd.TimeCode(10))
    opened = wrap_stage(stage)
    probe = StageProbe(opened, CaptureSettings.model_validate({}))
    first, last = probe.read_moment(0.0), probe.read_moment(10.0)
    probe.close()
    assert last.world is first.world
    moved = np.linalg.norm(last.prims["/World/Crate"][3] - first.prims["/World/Crate"][3])
    assert moved == pytest.approx(1.0, abs=1e-6)
    assert len(THINGS) == 4


def test_contacts_are_of_geometry_not_of_boxes(scene: Captured, probe: StageProbe) -> None:
    contacts: tuple[Contact, ...] = frame_of(probe, payloads.outputs_of(scene.front, scene.stage)).contacts or ()
    assert {item.evidence for item in contacts} == {Evidence.GEOMETRY}
