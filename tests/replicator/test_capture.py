"""A capture through the stand-in of Replicator: what it writes, and that Kit is as it was afterwards."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pxr import Usd, UsdGeom

from scenecap.errors import UsageError
from scenecap.output.manifest import FrameStatus, read_manifest
from scenecap.run.config import make_config
from scenecap.run.embedded_run import EmbeddedRun
from scenecap.run.job import run_job
from scenecap.stage.open import wrap_stage
from tests.replicator.kit import Kit, config_of, run
from tests.replicator.scene import CAMERAS, make_stage

FRONT, SIDE = CAMERAS


def test_a_capture_writes_what_the_embedded_source_writes(kit: Kit, tmp_path: Path) -> None:
    result = run(config_of(tmp_path / "ours"))
    assert [frame.row.camera for frame in result.frames] == [FRONT, SIDE]
    assert result.exit_code == 0, [frame.row.reason for frame in result.frames]
    config = config_of(tmp_path / "embedded")
    run_job(config, source=EmbeddedRun(config, opened=wrap_stage(make_stage())))
    for camera in (FRONT, SIDE):
        name = f"{camera.strip('/').replace('/', '_')}/Captions/full_scene_graph.json"
        ours, theirs = (json.loads((tmp_path / kind / name).read_text()) for kind in ("ours", "embedded"))
        assert ours["obj"] == theirs["obj"]
        assert ours["edges"] == theirs["edges"]
        text = name.replace("full_scene_graph", "scene_graph_caption")
        ours, theirs = (json.loads((tmp_path / kind / text).read_text()) for kind in ("ours", "embedded"))
        for key in ("brief_caption", "global_caption", "qa_caption"):
            assert ours[key] == theirs[key]


@pytest.mark.parametrize("playing", [False, True])
@pytest.mark.parametrize("broken", [False, True])
def test_kit_is_as_it_was(kit: Kit, tmp_path: Path, playing: bool, broken: bool) -> None:
    if playing:
        kit.timeline.play()
    before = kit.state()
    during: list[dict[str, Any]] = []
    kit.renderer.during.append(lambda: during.append(kit.state()))
    kit.renderer.broken = broken
    result = run(config_of(tmp_path, frames=[0, 12]))
    assert result.exit_code == (1 if broken else 0)
    assert kit.state() == before
    assert kit.renderer.made == 2
    if broken:
        assert all("renderer is gone" in frame.row.reason for frame in result.frames)
        return
    seen = during[-1]
    assert seen["filter"] == "*:*"
    assert not any(seen["settings"].values())
    assert not seen["playing"]
    assert seen["layers"] != before["layers"], "labels were written for the renderer"
    assert {time for _, time in kit.renderer.rendered} == {0.0, 12.0}
    assert all(step["delta_time"] == 0.0 and not step["pause_timeline"] for step in kit.renderer.steps)


def test_one_camera_is_rendered_at_a_time_and_warm_up_frames_are_passed_over(kit: Kit, tmp_path: Path) -> None:
    kit.renderer.warm_up = 5
    assert run(config_of(tmp_path)).exit_code == 0
    cameras = [camera for camera, _ in kit.renderer.rendered]
    assert cameras == [FRONT] * 6 + [SIDE] * 6


def test_a_renderer_that_never_gives_a_picture_fails_the_frame_within_bounds(kit: Kit, tmp_path: Path) -> None:
    kit.renderer.warm_up = 10**6
    kit.settings.values["/exts/scenecap.replicator/warm_up_frames"] = 3
    result = run(config_of(tmp_path, cameras=FRONT))
    assert len(kit.renderer.rendered) == 3
    assert result.exit_code == 1
    assert "no picture in 3 frames" in result.frames[0].row.reason


def test_a_wrong_camera_is_refused_with_the_nearest_before_anything_is_made(kit: Kit, tmp_path: Path) -> None:
    before = kit.state()
    with pytest.raises(UsageError, match="/World/Cameras/Front"):
        run(config_of(tmp_path / "out", cameras="/World/Cameras/Frnt"))
    assert kit.state() == before
    assert kit.renderer.made == 0
    assert not (tmp_path / "out").exists()


def test_an_unusable_camera_fails_its_own_frames_only(kit: Kit, tmp_path: Path) -> None:
    kit.stage.GetPrimAtPath(SIDE).GetAttribute("projection").Set("orthographic")
    result = run(config_of(tmp_path))
    assert [frame.row.status for frame in result.frames] == [FrameStatus.WRITTEN, FrameStatus.FAILED]
    assert "orthographic" in result.frames[1].row.reason


def test_a_tick_rate_is_overridden_for_the_capture(kit: Kit, tmp_path: Path) -> None:
    from pxr import Sdf

    attribute = kit.stage.GetPrimAtPath(FRONT).CreateAttribute("omni:sensor:tickRate", Sdf.ValueTypeNames.Double)
    attribute.Set(10.0)
    before, rates = kit.state(), []
    kit.renderer.during.append(lambda: rates.append(attribute.Get()))
    assert run(config_of(tmp_path, cameras=FRONT)).exit_code == 0
    assert set(rates) == {0.0}
    assert attribute.Get() == 10.0
    assert kit.state() == before


def test_views_are_placed_where_the_stage_has_no_camera(kit: Kit, tmp_path: Path) -> None:
    kit.stage.RemovePrim("/World/Cameras")
    before = kit.state()
    result = run(config_of(tmp_path, auto_views=2))
    assert result.exit_code == 0, [frame.row.reason for frame in result.frames]
    assert len(result.frames) == 2
    assert kit.state() == before
    config = config_of(tmp_path / "embedded", auto_views=2)
    stage = make_stage()
    stage.RemovePrim("/World/Cameras")
    theirs = run_job(config, source=EmbeddedRun(config, opened=wrap_stage(stage)))
    assert [frame.brief for frame in result.frames] == [frame.brief for frame in theirs.frames]


def test_cancelling_stops_after_the_frame_and_the_next_run_goes_on(kit: Kit, tmp_path: Path) -> None:
    from scenecap_replicator.capture import CaptureCancelled

    before, done = kit.state(), []
    config = config_of(tmp_path, frames=[0, 1, 2])
    with pytest.raises(CaptureCancelled):
        run(config, progress=lambda outcome, number, total: done.append((number, total)), cancelled=lambda: len(done) >= 2)
    assert done == [(1, 6), (2, 6)]
    assert kit.state() == before
    result = run(config)
    assert [frame.kept for frame in result.frames] == [True, True, False, False, False, False]
    assert len(read_manifest(tmp_path)) == 6


@pytest.mark.parametrize(
    ("edit", "kept"),
    [
        (lambda stage: stage.DefinePrim("/OmniverseKit_Persp", "Camera"), True),
        (lambda stage: UsdGeom.Imageable(stage.GetPrimAtPath("/World/Crate")).MakeInvisible(), False),
    ],
    ids=["the viewport's camera", "an object is hidden"],
)
def test_a_run_goes_on_only_where_the_session_shows_the_same_scene(kit: Kit, tmp_path: Path, edit: Any, kept: bool) -> None:
    from scenecap_replicator.capture import CaptureCancelled

    config = config_of(tmp_path, frames=[0, 1], cameras="/World/Cameras/Front")
    done: list[int] = []
    with pytest.raises(CaptureCancelled):
        run(config, progress=lambda outcome, number, total: done.append(number), cancelled=lambda: bool(done))
    with Usd.EditContext(kit.stage, kit.stage.GetSessionLayer()):
        edit(kit.stage)
    assert [frame.kept for frame in run(config).frames] == [kept, False]


def test_a_cancelled_task_restores_before_it_ends(kit: Kit, tmp_path: Path) -> None:
    from scenecap_replicator.capture import CaptureRun, run_capture

    before = kit.state()

    async def main() -> None:
        task = asyncio.ensure_future(run_capture(config_of(tmp_path, frames=list(range(50)))))
        while not kit.renderer.steps:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert kit.state() == before
    assert CaptureRun.current() is None


def test_a_second_capture_at_the_same_time_is_refused(kit: Kit, tmp_path: Path) -> None:
    from scenecap_replicator.capture import run_capture

    async def main() -> None:
        first = asyncio.ensure_future(run_capture(config_of(tmp_path / "a", cameras=FRONT)))
        await asyncio.sleep(0)
        with pytest.raises(UsageError, match="running already"):
            await run_capture(config_of(tmp_path / "b"))
        assert (await first).exit_code == 0

    asyncio.run(main())


def test_an_open_stage_with_unsaved_changes_is_not_replaced(kit: Kit, tmp_path: Path) -> None:
    scene = tmp_path / "scene.usda"
    kit.stage.Export(str(scene))
    kit.context.pending_edit = True
    with pytest.raises(UsageError, match="unsaved changes"):
        run(config_of(tmp_path / "out", scene_path=str(scene)))
    assert kit.context.opened == []


def test_the_scene_of_the_config_is_opened(kit: Kit, tmp_path: Path) -> None:
    scene = tmp_path / "scene.usda"
    kit.stage.Export(str(scene))
    kit.renderer.stage = None

    def follow() -> None:
        kit.renderer.stage = kit.context.stage

    kit.app.on_update.append(follow)
    result = run(config_of(tmp_path / "out", scene_path=str(scene), cameras=FRONT))
    assert kit.context.opened == [str(scene)]
    assert result.scene == "scene"
    assert result.exit_code == 0
    assert "scene.usda" in result.frames[0].row.inputs


@pytest.mark.parametrize("keys", [{"scene_path": "nowhere.usda"}, {"output_path": None}])
def test_what_cannot_start_is_told(kit: Kit, tmp_path: Path, keys: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run(config_of(tmp_path, **keys) if keys.get("output_path", 1) else make_config({}))


def test_no_stage(kit: Kit, tmp_path: Path) -> None:
    kit.context.stage = None
    with pytest.raises(UsageError, match="No stage is open"):
        run(config_of(tmp_path))


@pytest.mark.shared
def test_a_kitchen_gives_the_graph_of_the_embedded_source(kit: Kit, tmp_path: Path, shared: Path) -> None:
    from scenecap.stage.open import open_stage

    scene = next((shared / "scenes" / "libero_kitchen6").glob("*_cams.usda"))
    kit.stage = kit.renderer.stage = kit.context.stage = open_stage(scene).stage
    before = kit.state()
    camera = EmbeddedRun(config_of(tmp_path, scene_path=str(scene))).tasks()[0].camera
    ours = run(config_of(tmp_path / "ours", cameras=camera))
    theirs = run_job(config_of(tmp_path / "embedded", cameras=camera, scene_path=str(scene)))
    assert [frame.row.status for frame in ours.frames] == [frame.row.status for frame in theirs.frames]
    assert ours.exit_code == 0, ours.frames[0].row.reason
    assert kit.state() == before
    for file in ("full_scene_graph", "pruned_scene_graph", "scene_graph_caption"):
        found = [json.loads(next((tmp_path / kind).rglob(f"{file}.json")).read_text()) for kind in ("ours", "embedded")]
        for document in found:
            document.pop("meta")
        assert found[0] == found[1], file
