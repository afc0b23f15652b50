"""The back end without Isaac Sim, on the demo scene: real stage, real labels, real frames."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scenecap.output.manifest import FrameStatus
from scenecap_ui.backend import LabelAction, LabelTarget
from scenecap_ui.caption_form import CameraMode
from scenecap_ui.messages import Tone
from scenecap_ui.view_model import PanelViewModel

pytest.importorskip("pxr", reason="needs usd-core (extra 'capture')")
pytest.importorskip("numba", reason="needs numba (extra 'capture')")

DEMO = Path(__file__).resolve().parents[2] / "examples" / "living_room" / "living_room.usda"
CAMERA = "/LivingRoom/Cameras/CoffeeTable"


def play(scenario: Callable[[PanelViewModel], Awaitable[None]]) -> None:
    from scenecap_ui.embedded_backend import EmbeddedBackend

    async def main() -> None:
        model = PanelViewModel(EmbeddedBackend({"quality": "draft"}))
        model.form.scene.set(str(DEMO))
        model.form.resolution.set("192x108")
        try:
            await scenario(model)
        finally:
            model.destroy()

    asyncio.run(main())


async def do(model: PanelViewModel, action: Callable[[], None]) -> None:
    action()
    await model.wait_idle()


def test_from_a_scene_to_its_captions(tmp_path: Path) -> None:
    async def scenario(model: PanelViewModel) -> None:
        await do(model, model.load_scene)
        assert CAMERA in [item.path for item in model.usable_cameras]
        model.choose_cameras(CameraMode.ONE, CAMERA)
        model.form.output.set(str(tmp_path))
        await do(model, model.generate)
        assert model.run_message.value.tone is Tone.GOOD
        view = model.view.value
        assert view is not None
        assert view.picture is not None
        assert (view.picture.width, view.picture.height, view.picture.drawn_on) == (192, 108, True)
        assert "table" in view.brief
        assert view.questions
        assert Path(view.folder, "Captions", "scene_graph_caption.json").is_file()

    play(scenario)


def test_labels_in_the_session_are_there_for_the_frames_and_the_file_stays_as_it_was(tmp_path: Path) -> None:
    before = DEMO.read_bytes()

    async def scenario(model: PanelViewModel) -> None:
        await do(model, model.preview_labels)
        assert model.preview.value is not None
        missing = [row for row in model.preview.value.rows if row.action is LabelAction.WRITE]
        assert missing
        await do(model, model.write_labels)
        assert model.preview.value is not None
        assert model.preview.value.count(LabelAction.WRITE) == 0
        model.choose_cameras(CameraMode.ONE, CAMERA)
        model.form.output.set(str(tmp_path))
        await do(model, model.generate)
        [row] = [item.row for item in model.outcomes.value]
        assert row.status is FrameStatus.WRITTEN
        data = next(tmp_path.glob("*/Data/object_data.json")).read_text(encoding="utf-8")
        assert '"prim_name"' not in data  # no label had to be read off a name any more

    play(scenario)
    assert DEMO.read_bytes() == before


def test_a_label_layer_can_be_opened_in_the_scenes_place(tmp_path: Path) -> None:
    layer = tmp_path / "labels.usda"

    async def scenario(model: PanelViewModel) -> None:
        model.label_target.set(LabelTarget.LAYER.value)
        model.label_file.set(str(layer))
        await do(model, model.preview_labels)
        await do(model, model.write_labels)
        assert layer.is_file()
        model.form.scene.set(str(layer))
        await do(model, model.load_scene)
        await do(model, model.preview_labels)
        assert model.preview.value is not None
        assert model.preview.value.count(LabelAction.WRITE) == 0
        model.form.scene.set(str(DEMO))
        await do(model, model.load_scene)
        model.label_file.set(str(DEMO))
        await do(model, model.write_labels)
        assert "is a layer of the scene, which is never changed" in model.label_message.value.text

    play(scenario)


@pytest.mark.parametrize("again", [False, True], ids=["go on", "start over"])
def test_after_a_cancel_the_next_run_goes_on_or_starts_over(tmp_path: Path, again: bool) -> None:
    async def scenario(model: PanelViewModel) -> None:
        model.form.output.set(str(tmp_path))
        model.form.start_over.set(again)
        model.choose_cameras(CameraMode.ONE, "/LivingRoom/Cameras/D*, /LivingRoom/Cameras/C*")
        stop = model.outcomes.subscribe(lambda outcomes: outcomes and model.cancel(), now=False)
        # The first frame's message reaches this thread while the worker makes the second, or before it starts with it.
        await do(model, model.generate)
        stop()
        message = model.run_message.value.text
        stopped = message.startswith("Stopped")
        if stopped:
            assert len(model.outcomes.value) == 1
            assert ("makes all frames anew" if again else "goes on after them") in message
        await do(model, model.generate)
        outcomes = model.outcomes.value
        assert [item.row.status for item in outcomes] == [FrameStatus.WRITTEN] * 2
        assert [item.kept for item in outcomes] == [stopped and not again, False]
        kept = "2 frames written to {}, of which 1 by the run that was stopped."
        assert model.run_message.value.text == (kept if outcomes[0].kept else "2 frames written to {}.").format(tmp_path)

    play(scenario)


def test_a_scene_that_is_none_and_a_camera_that_is_not_there(tmp_path: Path) -> None:
    async def scenario(model: PanelViewModel) -> None:
        model.form.output.set(str(tmp_path))
        model.choose_cameras(CameraMode.ONE, "/LivingRoom/Cameras/CofeeTable")
        await do(model, model.generate)
        assert f"Did you mean {CAMERA}?" in model.run_message.value.text
        model.form.scene.set(str(tmp_path / "none.usda"))
        await do(model, model.load_scene)
        assert model.scene_message.value.tone is Tone.ERROR
        assert "none.usda" in model.scene_message.value.text

    play(scenario)


def test_the_stage_is_never_touched_on_the_panels_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    from scenecap.stage import open as opening

    threads: list[str] = []
    real = opening.open_stage

    def watched(path: str):
        threads.append(threading.current_thread().name)
        return real(path)

    monkeypatch.setattr(opening, "open_stage", watched)

    async def scenario(model: PanelViewModel) -> None:
        await do(model, model.load_scene)

    play(scenario)
    assert threads
    assert all(name.startswith("scenecap-panel") for name in threads)
