"""The panel's behaviour, without omni.ui."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scenecap.caption.chat.settings import ChatSettings
from scenecap.output.manifest import FrameStatus
from scenecap_ui.backend import LabelTarget
from scenecap_ui.caption_form import CameraMode
from scenecap_ui.messages import Tone
from scenecap_ui.settings_store import MemoryStore
from scenecap_ui.view_model import MARKED, NO_MODEL, Activity, PanelViewModel
from tests.ui.scripted import CAMERAS, SCENE, Bug, ScriptedBackend, our_error

Scenario = Callable[[PanelViewModel, ScriptedBackend], Awaitable[None]]


def play(scenario: Scenario, *, store: MemoryStore | None = None, has_open_stage: bool = False) -> None:
    """Run a scenario on a view-model with the scripted back end."""

    async def main() -> None:
        backend = ScriptedBackend(has_open_stage=has_open_stage)
        model = PanelViewModel(backend, store, environ={})
        model.form.scene.set(SCENE)
        try:
            await scenario(model, backend)
        finally:
            model.destroy()

    asyncio.run(main())


async def do(model: PanelViewModel, action: Callable[[], None]) -> None:
    action()
    await model.wait_idle()


class TestScene:
    def test_loading_shows_its_cameras(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.load_scene()
            assert model.activity.value is Activity.LOADING
            await model.wait_idle()
            assert model.activity.value is Activity.IDLE
            assert [item.path for item in model.usable_cameras] == list(CAMERAS)
            assert model.scene_message.value.text == "room: 4 cameras, time codes 0 to 10."
            assert backend.configs[0].job.scene_path == SCENE

        play(scenario)

    @pytest.mark.parametrize(
        ("path", "at_field", "message"),
        [
            ("", "Choose a USD file.", MARKED.text),
            ("/missing.usda", "", "/missing.usda: there is no such file. Check the path."),
        ],
    )
    def test_what_cannot_be_loaded_is_said_in_place(self, path: str, at_field: str, message: str) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.scene.set(path)
            await do(model, model.load_scene)
            assert model.form.scene.error.value == at_field
            assert model.scene_message.value.text == message
            assert model.scene_message.value.tone is Tone.ERROR
            assert model.scene.value is None

        play(scenario)

    def test_an_empty_path_is_the_open_stage_where_there_is_one(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.scene.set("")
            await do(model, model.load_scene)
            assert backend.configs[0].job.scene_path is None
            assert model.scene.value is not None

        play(scenario, has_open_stage=True)

    def test_problems_are_shown_and_counted(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            backend.problems = ("a", "b", "c", "d", "e")
            await do(model, model.load_scene)
            message = model.scene_message.value
            assert message.tone is Tone.WARNING
            assert message.text.splitlines()[1:] == ["a", "b", "c", "and 2 more"]

        play(scenario)

    def test_a_new_scene_forgets_ticks_of_cameras_that_it_has_not(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.cameras_chosen.set(frozenset({"/World/Left", "/Other/Camera"}))
            await do(model, model.load_scene)
            assert model.form.cameras_chosen.value == {"/World/Left"}

        play(scenario)

    def test_cameras_that_were_added_are_found(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            await do(model, model.load_scene)
            backend.camera_choices = backend.camera_choices[:1]
            await do(model, model.refresh_cameras)
            assert [item.path for item in model.usable_cameras] == ["/World/Left"]

        play(scenario)


class TestCameras:
    @pytest.mark.parametrize(
        ("mode", "path", "ticked", "cameras"),
        [
            (CameraMode.ALL, "", (), ("all",)),
            (CameraMode.AUTO, "", (), ("auto",)),
            (CameraMode.ONE, "/World/Left", (), ("/World/Left",)),
            (CameraMode.ONE, "/World/L*, /World/Top", (), ("/World/L*", "/World/Top")),
            (CameraMode.SEVERAL, "", ("/World/Top", "/World/Left"), ("/World/Left", "/World/Top")),
        ],
    )
    def test_reach_the_config(self, mode: CameraMode, path: str, ticked: tuple[str, ...], cameras: tuple, tmp_path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            model.choose_cameras(mode, path)
            for camera in ticked:
                model.tick_camera(camera, True)
            await do(model, model.generate)
            assert backend.configs[-1].job.cameras == cameras

        play(scenario)

    @pytest.mark.parametrize("mode", [CameraMode.ONE, CameraMode.SEVERAL])
    def test_none_chosen_is_an_error_at_the_field(self, mode: CameraMode, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            model.choose_cameras(mode)
            await do(model, model.generate)
            assert model.form.camera_path.error.value
            assert not backend.configs

        play(scenario)

    def test_typing_a_path_chooses_it(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.type_camera("/World/Top")
            assert model.form.camera_mode.value == CameraMode.ONE
            model.type_camera("")
            assert model.form.camera_mode.value == CameraMode.ALL

        play(scenario)


class TestLabels:
    def test_preview_counts_and_changes_nothing(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            await do(model, model.preview_labels)
            assert model.preview.value is not None
            assert model.preview.value.rows == backend.rows
            text = model.label_message.value.text
            assert text == "1 prim without a label, 1 with one, 1 that cannot be labelled. Nothing is written yet."
            assert not backend.written
            assert model.scene.value is not None  # it was loaded for it

        play(scenario)

    def test_writing_to_the_session_shows_what_is_left(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            await do(model, model.preview_labels)
            await do(model, model.write_labels)
            assert backend.written == [(LabelTarget.SESSION, "")]
            assert model.label_message.value.text == "1 label written to the session layer, which is never saved."
            assert model.preview.value is not None
            assert model.preview.value.rows[0].action.value == "has one"

        play(scenario)

    @pytest.mark.parametrize(
        ("path", "at_field", "message"),
        [
            ("", "Choose the label layer to write: .usda, .usd or .usdc.", ""),
            (SCENE, "", f"'{SCENE}' is a layer of the scene, which is never changed. Give another file."),
            ("/out/labels.usda", "", "1 label written to /out/labels.usda. Open that file instead of the scene."),
        ],
    )
    def test_writing_to_a_layer(self, path: str, at_field: str, message: str) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.label_target.set(LabelTarget.LAYER.value)
            model.label_file.set(path)
            await do(model, model.write_labels)
            assert model.label_file.error.value == at_field
            assert model.label_message.value.text == message

        play(scenario)

    def test_a_database_reaches_the_config(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.label_database.set("/labels.sqlite")
            await do(model, model.preview_labels)
            labels = backend.configs[-1].labels
            assert (str(labels.label_database), labels.use_ai_label) == ("/labels.sqlite", True)

        play(scenario)


class TestGenerate:
    def test_all_frames_with_progress_and_result(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            seen: list[tuple[int, int]] = []
            model.progress.subscribe(seen.append)
            model.form.output.set(str(tmp_path))
            await do(model, model.generate)
            assert seen == [(0, 0), (1, 3), (2, 3), (3, 3)]
            assert model.run_message.value.text == f"3 frames written to {tmp_path}."
            view = model.view.value
            assert view is not None
            assert view.picture is not None
            assert view.picture.drawn_on
            assert view.brief == "A mug, seen from /World/Left."
            assert view.questions == (("Is there a mug?", "yes"),)
            assert view.summary == "2 objects in view, 2 in the graph, 2 edges, 1 after pruning"
            model.select_frame(2)
            await model.wait_idle()
            assert model.view.value is not None
            assert model.view.value.title == "/World/Top"
            model.open_folder()
            assert backend.opened_folders == [str(tmp_path / "World_Top")]

        play(scenario)

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            ("output", " ", "Choose the folder for the results."),
            ("max_objects", 0, "0 is not allowed; give a whole number, 1 or more."),
            ("pruning_ratio", 1.5, "1.5 is not allowed; give a number from 0 to 1."),
            ("resolution", "12", "'12' is not allowed; give WIDTHxHEIGHT in pixels, as in 1280x720."),
            ("frames", "ten", "'ten' is not allowed; give a range"),
            ("seed", -1, "-1 is not allowed"),
        ],
    )
    def test_a_wrong_field_is_marked_until_it_is_corrected(self, name: str, value, error: str, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            field = getattr(model.form, name)
            right = field.value
            field.set(value)
            await do(model, model.generate)
            assert field.error.value.startswith(error)
            assert model.run_message.value == MARKED
            assert not backend.configs
            field.set(right)
            assert not field.error.value
            assert not model.run_message.value.text

        play(scenario)

    def test_nothing_to_write_is_an_error(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            form = model.form
            form.output.set(str(tmp_path))
            for field in (form.brief, form.overall, form.questions, form.full_graph, form.pruned_graph, form.overlay):
                field.set(False)
            await do(model, model.generate)
            assert form.brief.error.value == "Choose at least one caption, graph or picture."
            assert not backend.configs

        play(scenario)

    def test_cancel_keeps_what_was_written(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            backend.gate.clear()
            model.generate()
            await asyncio.sleep(0.01)
            assert model.activity.value is Activity.GENERATING
            model.cancel()
            assert model.run_message.value.text == "Stopping after this frame..."
            backend.gate.set()
            await model.wait_idle()
            assert model.run_message.value.text.startswith("Stopped. 1 frame written;")
            assert len(model.outcomes.value) == 1
            assert model.view.value is not None
            model.generate()  # and again, to the end
            await model.wait_idle()
            assert len(model.outcomes.value) == 3

        play(scenario)

    def test_only_one_thing_runs_at_a_time(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            backend.gate.clear()
            model.generate()
            await asyncio.sleep(0)
            model.generate()
            model.load_scene()
            model.preview_labels()
            backend.gate.set()
            await model.wait_idle()
            assert len(backend.configs) == 1

        play(scenario)

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (our_error("The disk is full."), "The disk is full. Do this."),
            (Bug("odd"), "Unexpected Bug: odd. The log has the details."),
        ],
    )
    def test_an_error_is_said_and_the_panel_goes_on(self, error: Exception, text: str, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            backend.error = error
            await do(model, model.generate)
            assert model.run_message.value.text == text
            assert model.activity.value is Activity.IDLE
            backend.error = None
            await do(model, model.generate)
            assert model.run_message.value.tone is Tone.GOOD

        play(scenario)

    def test_empty_and_failed_frames_are_said_with_a_reason(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            backend.statuses = {"/World/Left": FrameStatus.EMPTY, "/World/Top": FrameStatus.FAILED}
            await do(model, model.generate)
            message = model.run_message.value
            assert message.tone is Tone.WARNING
            assert "1 empty and 1 failed. /World/Left: nothing is in view." in message.text
            assert model.frame_index.value == 1  # the first that was written
            model.select_frame(0)
            await model.wait_idle()
            assert model.view.value is not None
            assert model.view.value.reason == "nothing is in view."
            assert model.view.value.picture is None

        play(scenario)

    def test_without_the_drawn_picture_the_plain_one_is_shown(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.output.set(str(tmp_path))
            model.form.overlay.set(False)
            model.form.brief.set(False)
            await do(model, model.generate)
            view = model.view.value
            assert view is not None
            assert view.picture is not None
            assert not view.picture.drawn_on
            assert (view.brief, view.overall) == ("", "A mug is on a table.")

        play(scenario)

    def test_a_folder_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.open_folder()
            assert model.form.output.error.value
            model.form.output.set(str(tmp_path / "none"))
            model.open_folder()
            assert model.run_message.value.text.endswith("there is no such folder yet. Generate first.")

        play(scenario)


class TestModelSettings:
    def test_check_says_that_no_model_is_given(self) -> None:
        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.check_model()
            assert model.model_message.value.text == NO_MODEL
            model.model.url.set("localhost")
            assert not model.model_message.value.text  # it spoke of other settings
            model.check_model()
            assert model.model.url.error.value
            assert model.model_message.value.tone is Tone.ERROR

        play(scenario)

    def test_check_asks_the_model(self) -> None:
        asked: list[ChatSettings] = []

        def answer(settings: ChatSettings) -> tuple[bool, str]:
            asked.append(settings)
            return True, "fake answers."

        async def scenario(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model._ask_model = answer
            model.model.url.set("http://localhost:8000/v1")
            model.model.model.set("fake")
            model.check_model()
            await model.wait_idle()
            assert [(item.url, item.name, item.key_variable) for item in asked] == [("http://localhost:8000/v1", "fake", "")]
            assert model.model_message.value.text.startswith("fake answers.")
            assert model.activity.value is Activity.IDLE

        play(scenario)


class TestKeeping:
    def test_settings_come_back(self) -> None:
        store = MemoryStore()

        async def first(model: PanelViewModel, backend: ScriptedBackend) -> None:
            model.form.max_objects.set(7)
            model.form.pruning_ratio.set(0.5)
            model.form.questions.set(False)
            model.label_target.set(LabelTarget.LAYER.value)
            model.opened["model"].set(True)

        async def second(model: PanelViewModel, backend: ScriptedBackend) -> None:
            form = model.form
            assert (form.max_objects.value, form.pruning_ratio.value, form.questions.value) == (7, 0.5, False)
            assert model.label_target.value == LabelTarget.LAYER
            assert model.opened["model"].value

        play(first, store=store)
        play(second, store=store)

    @pytest.mark.parametrize("kept", [{"max_object_capacity": "many"}, {"layout": "tree"}, {"camera_mode": 3}])
    def test_values_that_make_no_sense_fall_back(self, kept: dict) -> None:
        model = PanelViewModel(ScriptedBackend(), MemoryStore(kept))
        assert (model.form.max_objects.value, model.form.layout.value) == (100, "standalone")
        assert model.form.camera_mode.value == CameraMode.ALL
        model.destroy()


def test_destroy_stops_what_runs_and_lets_go(tmp_path: Path) -> None:
    async def main() -> None:
        backend = ScriptedBackend()
        store = MemoryStore()
        model = PanelViewModel(backend, store)
        model.form.scene.set(SCENE)
        model.form.output.set(str(tmp_path))
        backend.gate.clear()
        model.generate()
        await asyncio.sleep(0.01)
        model.destroy()
        await asyncio.sleep(0.01)
        assert backend.closed
        assert model.activity.value is Activity.IDLE
        kept = dict(store.values)
        model.form.seed.set(99)
        assert store.values == kept
        assert not model.form.seed.watched

    asyncio.run(main())
