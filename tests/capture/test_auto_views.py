"""Views placed in stages without cameras."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from pxr import Usd, UsdGeom

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import Buffer, CameraView, Frame
from scenecap.stage.open import open_stage
from scenecap.stage.settings import LabelSettings
from tests.stage.stages import new_stage, opened, place

SIZE = (320, 240)


def source(stage: Usd.Stage | Path) -> EmbeddedSource:
    made = open_stage(stage) if isinstance(stage, Path) else opened(stage)
    return EmbeddedSource(made, CaptureSettings.model_validate({"quality": "off"}), LabelSettings.model_validate({}))


def box(stage: Usd.Stage, path: str, *, at, size) -> None:
    made = UsdGeom.Cube.Define(stage, path)
    made.GetSizeAttr().Set(1.0)
    place(made, translate=at, scale=size)


def table_top(*, meters: float = 1.0, count: int = 6) -> Usd.Stage:
    stage = new_stage(meters=meters)
    UsdGeom.Xform.Define(stage, "/World")
    for k in range(count):
        turn = 2 * np.pi * k / count
        at = np.array([np.cos(turn), np.sin(turn), 0.15]) / meters
        box(stage, f"/World/box_{k}", at=at, size=np.array([0.2, 0.2, 0.3]) / meters)
    return stage


def whole(frame: Frame) -> list[str]:
    return [item.path for item in frame.visible if not item.visibility.truncated and item.visibility.occlusion < 0.7]


@pytest.mark.parametrize("meters", [1.0, 0.01])
def test_every_object_is_seen_whole_from_sides_well_apart(meters: float) -> None:
    made = source(table_top(meters=meters))
    views = made.auto_views(3, resolution=SIZE)
    assert [view.path for view in views] == ["/auto/0", "/auto/1", "/auto/2"]
    assert all((view.width, view.height) == SIZE for view in views)
    sides = []
    for view in views:
        assert len(whole(made.observe(view))) == 6
        assert view.position_world[2] > 0.5, "from above"
        sides.append(np.arctan2(view.position_world[1], view.position_world[0]))
    for k in range(3):
        for j in range(k):
            assert abs((sides[k] - sides[j] + np.pi) % (2 * np.pi) - np.pi) > np.radians(45)


def test_objects_fill_the_picture() -> None:
    made = source(table_top())
    (view,) = made.auto_views(1, resolution=SIZE)
    boxes = np.array([item.visibility.box_tight for item in made.observe(view).visible])
    width, height = boxes[:, 2].max() - boxes[:, 0].min(), boxes[:, 3].max() - boxes[:, 1].min()
    assert max(width / SIZE[0], height / SIZE[1]) > 0.8


def test_views_in_a_room_are_inside_its_walls() -> None:
    stage = table_top()
    box(stage, "/World/floor", at=(0, 0, -0.05), size=(5, 5, 0.1))
    for name, at, size in (
        ("wall_left", (-2.5, 0, 1.3), (0.1, 5, 2.6)),
        ("wall_right", (2.5, 0, 1.3), (0.1, 5, 2.6)),
        ("wall_front", (0, -2.5, 1.3), (5, 0.1, 2.6)),
        ("wall_back", (0, 2.5, 1.3), (5, 0.1, 2.6)),
        ("ceiling", (0, 0, 2.65), (5, 5, 0.1)),
    ):
        box(stage, f"/World/{name}", at=at, size=size)
    made = source(stage)
    assert {item.label for item in made.world.at(0.0).room} >= {"floor", "wall", "ceiling"}
    views = made.auto_views(2, resolution=SIZE)
    assert len(views) == 2
    for view in views:
        assert (np.abs(view.position_world[:2]) < 2.45).all()
        assert 0 < view.position_world[2] < 2.6
        assert len(made.observe(view).visible) == 6


def test_a_view_that_a_screen_blocks_is_passed_over() -> None:
    stage = table_top()
    # A screen of no kind that anybody knows of, right where the first view would like to stand.
    box(stage, "/World/screen/panel", at=(1.0, -1.7, 1.0), size=(6, 0.05, 2.0))
    made = source(stage)
    for view in made.auto_views(3, resolution=SIZE):
        seen = made.observe(view)
        boxes = [item for item in seen.visible if "box_" in item.path]
        assert len(boxes) == 6


def test_placing_is_deterministic_and_needs_something_to_see() -> None:
    first, second = (source(table_top()).auto_views(2, resolution=SIZE) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert (one.world_to_camera == other.world_to_camera).all()
    assert source(new_stage()).auto_views(2, resolution=SIZE) == []
    assert source(table_top()).auto_views(0, resolution=SIZE) == []


def test_a_few_things_far_away_do_not_push_the_camera_back() -> None:
    stage = table_top(count=12)
    box(stage, "/World/lonely", at=(80, 10, 0.2), size=(0.3, 0.3, 0.3))
    (view,) = source(stage).auto_views(1, resolution=SIZE)
    assert np.linalg.norm(view.position_world) < 6


@pytest.mark.shared
def test_the_chess_set_is_seen_whole(shared: Path) -> None:
    made = source(shared / "scenes" / "chess_set" / "chess_set.usda")
    views: list[CameraView] = made.auto_views(2, resolution=(640, 480))
    for view in views:
        frame = made.observe(view)
        pieces = [item for item in frame.visible if item.label != "chessboard"]
        assert len(pieces) == 32
        assert not any(item.visibility.truncated for item in frame.visible)
        assert (frame.buffers[Buffer.INSTANCE] > 1).mean() > 0.25
