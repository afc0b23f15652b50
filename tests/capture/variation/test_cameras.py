"""Cameras that stray: how far, by which rules, and the same way at all times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from pxr import Gf, Usd, UsdGeom

from scenecap.capture.viewpoints.judge import Judge
from scenecap.capture.viewpoints.settings import RejectionSettings, Rule
from scenecap.capture.viewpoints.surroundings import Surroundings
from scenecap.contract import CameraView, ChangeKind
from tests.capture.variation.rooms import opened, write_room

CAMERA = "/Room/Frame/Camera"
JITTER = {"position": 0.3, "turn": 12, "roll": 6, "zoom": [0.8, 1.4]}


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.usda")


def views(scene: Path, count: int, camera: dict, path: str = CAMERA, **keys) -> list[CameraView]:
    run = opened(scene, variations={"count": count, "camera": camera}, **keys)
    return [run.observe(task).camera for task in run.tasks() if task.camera == path]


def angles(authored: CameraView, view: CameraView) -> tuple[float, float, float]:
    """How far a view is turned to the left, up and to a side [degrees], from its axes as the authored camera sees them."""
    axes = view.camera_to_world[:3, :3] @ authored.world_to_camera[:3, :3]
    back, up = axes[2], axes[1]
    left, lift = np.degrees(np.arctan2(back[0], back[2])), np.degrees(np.arcsin(-back[1]))
    level = np.cross([0.0, 1.0, 0.0], back)
    side = np.degrees(np.arctan2(-up @ level / np.linalg.norm(level), up @ np.cross(back, level / np.linalg.norm(level))))
    return float(left), float(lift), float(side)


def test_a_camera_strays_no_farther_than_asked_and_in_every_direction(room: Path) -> None:
    authored, *varied = views(room, 40, {**JITTER, "attempts": 50}, resolution="64x48")
    offsets = np.array([view.position_world - authored.position_world for view in varied])
    assert np.linalg.norm(offsets, axis=1).max() <= 0.3 + 1e-4
    assert (offsets.max(axis=0) > 0.08).all()
    assert (offsets.min(axis=0) < -0.08).all()
    turns = np.array([angles(authored, view) for view in varied])
    assert (np.abs(turns).max(axis=0) <= np.array([12.0, 12.0, 6.0]) + 0.01).all()
    assert (np.abs(turns).max(axis=0) >= np.array([6.0, 6.0, 3.0])).all()
    zooms = np.array([view.focal_px / authored.focal_px for view in varied])
    assert zooms.min() >= 0.8 - 1e-4
    assert zooms.max() <= 1.4 + 1e-4
    assert np.ptp(zooms) > 0.3
    for view, zoom in zip(varied, zooms, strict=True):  # the files tell the same lens
        assert view.params["cameraFocalLength"] == pytest.approx(18.0 * zoom)


def test_what_is_written_gives_the_view_again(room: Path) -> None:
    run = opened(room, variations={"count": 3, "camera": JITTER})
    authored = None
    for task in run.tasks():
        if task.camera != CAMERA:
            continue
        frame = run.observe(task)
        if task.variation == 0:
            authored = frame.camera
            continue
        change = next(item for item in frame.variation.changes if item.kind is ChangeKind.CAMERA)
        assert change.path == CAMERA
        np.testing.assert_allclose(angles(authored, frame.camera), change.values["turn"], atol=1e-3)
        offset = (frame.camera.position_world - authored.position_world) @ authored.world_to_camera[:3, :3]
        np.testing.assert_allclose(offset, change.values["offset"], atol=1e-6)


def test_views_keep_the_rules_that_their_camera_keeps(room: Path) -> None:
    rules = {"clearance": 0.3, "min_objects": 3}
    run = opened(room, rejection=rules, variations={"count": 25, "camera": {"position": 1.8, "turn": 40, "attempts": 40}})
    judge = Judge(Surroundings(run._source.world.at(0.0)), RejectionSettings.model_validate(rules))
    rejected = 0
    for task in run.tasks():
        if task.camera == CAMERA:
            frame = run.observe(task)
            assert judge.view(frame.camera) is None
            rejected += frame.variation.counts.get("views_rejected", 0)
    assert rejected > 10


def test_a_camera_may_break_what_its_author_let_it_break(room: Path) -> None:
    """All objects in view are too few for the rule, as authored already; no view is turned down for that."""
    run = opened(room, rejection={"min_objects": 100}, variations={"count": 4, "camera": {"position": 0.05}})
    judge = Judge(Surroundings(run._source.world.at(0.0)), RejectionSettings.model_validate({"min_objects": 100}))
    for task in run.tasks():
        if task.camera == CAMERA and task.variation:
            frame = run.observe(task)
            assert frame.variation.counts["views_shifted"] == 1
            assert list(judge.broken(frame.camera)) == [Rule.TOO_FEW_OBJECTS]


def test_a_camera_that_no_draw_would_do_for_stays_and_is_counted(room: Path) -> None:
    run = opened(room, rejection={"clearance": 2.0}, variations={"count": 2, "camera": {"position": 400.0, "attempts": 3}})
    authored, *varied = (run.observe(task) for task in run.tasks() if task.camera == CAMERA)
    for frame in varied:
        assert np.array_equal(frame.camera.world_to_camera, authored.camera.world_to_camera)
        assert frame.variation.counts == {"views_shifted": 0, "views_rejected": 3, "views_given_up": 1}
        assert not frame.variation.changes


def test_a_camera_that_moves_is_shifted_the_same_way_at_all_times(tmp_path: Path) -> None:
    scene = write_room(tmp_path / "room.usda")
    stage = Usd.Stage.Open(str(scene))
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(4)
    op = UsdGeom.Xformable(stage.GetPrimAtPath(CAMERA)).GetOrderedXformOps()[0]
    op.Set(Gf.Vec3d(0, -3.2, 2.2), 0)
    op.Set(Gf.Vec3d(0.8, -3.0, 2.0), 4)
    stage.Save()
    run = opened(scene, frames="0..4:2", variations={"count": 1, "camera": JITTER})
    found = {(task.variation, task.time.index): run.observe(task).camera for task in run.tasks() if task.camera == CAMERA}
    shifts = [found[1, time].camera_to_world @ found[0, time].world_to_camera for time in (0, 2, 4)]
    np.testing.assert_allclose(shifts[1], shifts[0], atol=1e-9)
    np.testing.assert_allclose(shifts[2], shifts[0], atol=1e-9)
    assert not np.allclose(found[1, 0].position_world, found[1, 4].position_world)


def test_placed_viewpoints_stray_too(room: Path) -> None:
    run = opened(room, viewpoints={"kind": "orbit", "count": 2}, variations={"count": 2, "camera": {"position": 0.2}})
    found = {(task.camera, task.variation): run.observe(task).camera.position_world for task in run.tasks()}
    assert len(found) == 6
    for camera in ("/orbit/0", "/orbit/1"):
        moved = [np.linalg.norm(found[camera, number] - found[camera, 0]) for number in (1, 2)]
        assert min(moved) > 0
        assert max(moved) <= 0.2 + 1e-4
