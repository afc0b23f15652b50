"""The panel on the real omni.ui, clicked and typed into like a person does. Run by test_panel.py in an interpreter of its own.

python tests/ui/panel_cases.py            all cases, one line of JSON each
python tests/ui/panel_cases.py case_x     some of them
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
import os
import sys
import tempfile
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[2]
for _folder in (".", "scripts", "exts/scenecap.core", "exts/scenecap.ui"):
    sys.path.insert(0, str(_REPOSITORY / _folder))

WIDTH, HEIGHT = 560, 1400


class Desk:
    """The panel on a screen, with a hand and an eye."""

    def __init__(self, folder: Path, *, store: Any = None, has_open_stage: bool = False) -> None:
        import omni.ui as ui

        from scenecap_ui.panel import Panel
        from scenecap_ui.pickers import Services
        from scenecap_ui.settings_store import MemoryStore
        from scenecap_ui.view_model import PanelViewModel
        from tests.ui.scripted import ScriptedBackend

        self.folder = folder
        self.backend = ScriptedBackend(has_open_stage=has_open_stage)
        self.store = store or MemoryStore({"open_model": True, "open_labels": True})
        self.model = PanelViewModel(self.backend, self.store, environ={"SET_KEY": "x"})
        self.picked: list[tuple[Any, str]] = []
        self.pick_answer = "/picked/path.usda"
        self.copied: list[str] = []
        flags = ui.WINDOW_FLAGS_NO_TITLE_BAR | ui.WINDOW_FLAGS_NO_MOVE | ui.WINDOW_FLAGS_NO_RESIZE
        self.window = ui.Window("desk", width=WIDTH, height=HEIGHT, flags=flags, position_x=0, position_y=0)
        self.panel = Panel(self.window.frame, self.model, Services(self, self.copied.append))

    # the picker that the panel is given

    def pick(self, kind: Any, start: str, done: Callable[[str], None]) -> None:
        self.picked.append((kind, start))
        done(self.pick_answer)

    def destroy(self) -> None:
        """Close the picker; there is none."""

    # eye

    def find(self, identifier: str) -> Any:
        found = self.look_for(identifier)
        assert found is not None, f"there is no widget {identifier}"
        return found

    def look_for(self, identifier: str) -> Any | None:
        import omni.ui as ui

        waiting = [self.window.frame]
        while waiting:
            widget = waiting.pop()
            if getattr(widget, "identifier", "") == identifier:
                return widget
            if widget.visible:
                waiting += [child for child in ui.Inspector.get_children(widget) if child is not None]
        return None

    def text(self, identifier: str) -> str:
        """Return a label's text; "" where it is not shown."""
        widget = self.look_for(identifier)
        return widget.text if widget is not None and widget.visible else ""

    # hand

    async def frames(self, count: int = 3) -> None:
        from omni.ui.testing import wait_frames

        await wait_frames(count)

    async def idle(self) -> None:
        waiting = asyncio.ensure_future(self.model.wait_idle())
        while not waiting.done():
            await self.frames(1)
        await self.frames(4)

    async def click(self, identifier: str, *, double: bool = False) -> None:
        from omni.ui.testing import mouse_click, mouse_double_click

        await self._into_view(identifier)
        widget = self.find(identifier)
        x = widget.screen_position_x + min(widget.computed_width / 2, 60)
        y = widget.screen_position_y + widget.computed_height / 2
        await (mouse_double_click if double else mouse_click)(x, y)
        await self.frames(2)

    async def type(self, identifier: str, text: str) -> None:
        """Type over what a field holds, and leave it for the title."""
        from omni.ui.testing import mouse_click, type_text

        # A double click takes a word, and on a busy machine may be two clicks: what is there before must not matter.
        self.find(identifier).model.set_value("" if self._is_text(identifier) else 0)
        await self.click(identifier, double=True)
        await type_text(text)
        await mouse_click(20, 26)
        await self.frames(2)

    def _is_text(self, identifier: str) -> bool:
        import omni.ui as ui

        return isinstance(self.find(identifier), ui.StringField)

    async def choose(self, identifier: str, index: int) -> None:
        """Choose an entry of a drop-down; its list is a popup of ImGui's that no widget stands for."""
        self.find(identifier).model.get_item_value_model().set_value(index)
        await self.frames(3)

    async def _into_view(self, identifier: str) -> None:
        widget = self.find(identifier)
        in_foot = identifier in ("generate", "cancel", "open_folder")
        if not in_foot and not 0 < widget.screen_position_y < HEIGHT - 130:
            widget.scroll_here_y(0.5)
            await self.frames(4)

    async def close(self) -> None:
        self.panel.destroy()
        self.window.destroy()
        await self.frames(2)


# -- cases


async def case_every_widget_has_an_identifier(desk: Desk) -> None:
    import omni.ui as ui

    kinds = (ui.Button, ui.StringField, ui.IntField, ui.FloatSlider, ui.CheckBox, ui.ComboBox, ui.ProgressBar, ui.TreeView)
    await desk.click("load_scene")
    await desk.idle()
    waiting, seen, nameless = [desk.window.frame], set(), []
    while waiting:
        widget = waiting.pop()
        if isinstance(widget, kinds):
            if not widget.identifier:
                nameless.append(type(widget).__name__)
            assert widget.identifier not in seen, f"{widget.identifier} twice"
            seen.add(widget.identifier)
        waiting += [child for child in ui.Inspector.get_children(widget) if child is not None]
    assert not nameless, nameless
    assert len(seen) > 30


async def case_typing_reaches_the_view_model(desk: Desk) -> None:
    model, form = desk.model.model, desk.model.form
    fields = (model.url, model.model, form.scene, form.frames, form.resolution, form.output, form.label_database)
    for field in fields:
        await desk.type(f"field_{field.name}", "typed")
        assert field.value == "typed", (field.name, field.value)
        assert desk.store.get(field.name) == "typed"


async def case_numbers_are_typed(desk: Desk) -> None:
    form = desk.model.form
    for field, text in ((form.max_objects, "12"), (form.seed, "7")):
        await desk.type(f"field_{field.name}", text)
        assert field.value == int(text), (field.name, field.value)


async def case_the_slider_is_dragged(desk: Desk) -> None:
    from omni.ui.testing import mouse_drag

    name = f"field_{desk.model.form.pruning_ratio.name}"
    await desk._into_view(name)
    slider = desk.find(name)
    y = slider.screen_position_y + slider.computed_height / 2
    left, width = slider.screen_position_x, slider.computed_width
    await mouse_drag(left + width * 0.9, y, left + width * 0.25, y)
    await desk.frames()
    assert 0.1 < desk.model.form.pruning_ratio.value < 0.4, desk.model.form.pruning_ratio.value


async def case_check_boxes_are_clicked(desk: Desk) -> None:
    form = desk.model.form
    texts, files = (form.brief, form.overall, form.questions), (form.full_graph, form.pruned_graph, form.overlay)
    for field in (*texts, *files, form.start_over):
        before = field.value
        await desk.click(f"check_{field.name}")
        assert field.value is not before, field.name


async def case_the_view_follows_the_view_model(desk: Desk) -> None:
    form = desk.model.form
    form.output.set("/set/from/code")
    form.max_objects.set(5)
    form.brief.set(False)
    form.layout.set("object")
    await desk.frames()
    assert desk.find("field_output_path").model.as_string == "/set/from/code"
    assert desk.find("field_max_object_capacity").model.as_int == 5
    assert not desk.find("check_brief_caption").model.as_bool
    assert desk.find("combo_layout").model.get_item_value_model().as_int == 2


async def case_drop_downs(desk: Desk) -> None:
    form = desk.model.form
    for name, field, value in (
        ("combo_layout", form.layout, "agent"),
        ("combo_label_schema", form.label_schema, "legacy"),
        ("combo_label_target", desk.model.label_target, "layer"),
        ("combo_model_key_source", desk.model.model.source, "environment"),
    ):
        await desk.choose(name, 1)
        assert field.value == value, (name, field.value)


async def case_a_scene_is_loaded(desk: Desk) -> None:
    await desk.type("field_scene_path", "/scenes/room.usda")
    await desk.click("load_scene")
    await desk.idle()
    assert desk.text("scene_message") == "room: 4 cameras, time codes 0 to 10."
    assert desk.backend.configs[-1].job.scene_path == "/scenes/room.usda"


async def case_a_scene_that_is_not_there(desk: Desk) -> None:
    desk.model.form.scene.set("/missing.usda")
    await desk.click("load_scene")
    await desk.idle()
    assert desk.text("scene_message") == "/missing.usda: there is no such file. Check the path."
    assert desk.find("scene_message").name == "error"


async def case_no_scene_is_marked_in_place(desk: Desk) -> None:
    desk.model.form.scene.set("")
    await desk.click("load_scene")
    await desk.idle()
    assert desk.text("error_scene_path") == "Choose a USD file."
    assert desk.find("field_scene_path").name == "wrong"
    await desk.type("field_scene_path", "/scenes/room.usda")
    assert desk.text("error_scene_path") == ""
    assert desk.find("field_scene_path").name == ""


async def case_cameras_are_chosen(desk: Desk) -> None:
    form = desk.model.form
    await desk.click("load_scene")
    await desk.idle()
    await desk.choose("combo_camera", 5)  # four ways, then the cameras
    assert (form.camera_mode.value, form.camera_path.value) == ("one", "/World/Right")
    await desk.frames()
    assert desk.find("field_camera_path").model.as_string == "/World/Right"
    await desk.type("field_camera_path", "/World/T*")
    assert (form.camera_mode.value, form.camera_path.value) == ("one", "/World/T*")
    await desk.choose("combo_camera", 0)
    assert form.camera_mode.value == "all"


async def case_several_cameras_are_ticked(desk: Desk) -> None:
    await desk.choose("combo_camera", 2)
    assert desk.text("no_cameras") == "Load the scene first."
    await desk.click("load_scene")
    await desk.idle()
    await desk.click("tick_/World/Left")
    await desk.click("tick_/World/Top")
    await desk.click("tick_/World/Fish")  # a lens that cannot be captured
    assert desk.model.form.cameras_chosen.value == {"/World/Left", "/World/Top"}
    await desk.click("tick_/World/Left")
    assert desk.model.form.cameras_chosen.value == {"/World/Top"}


async def case_cameras_are_refreshed(desk: Desk) -> None:
    await desk.click("load_scene")
    await desk.idle()
    desk.backend.camera_choices = desk.backend.camera_choices[:2]
    await desk.click("refresh_cameras")
    await desk.idle()
    assert len(desk.model.usable_cameras) == 2
    assert "2 cameras" in desk.text("scene_message")


async def case_paths_are_picked(desk: Desk) -> None:
    from scenecap_ui.pickers import PickKind

    await desk.choose("combo_label_target", 1)
    await desk.choose("combo_model_key_source", 2)
    for name, kind in (
        ("scene_path", PickKind.SCENE),
        ("output_path", PickKind.FOLDER),
        ("label_database", PickKind.DATABASE),
        ("label_file", PickKind.LABEL_LAYER),
        ("model_key_file", PickKind.KEY_FILE),
    ):
        desk.pick_answer = f"/picked/{name}"
        await desk.click(f"pick_{name}")
        assert desk.picked[-1][0] is kind
        assert desk.find(f"field_{name}").model.as_string == f"/picked/{name}"


async def case_the_model_is_checked(desk: Desk) -> None:
    from scenecap_ui.view_model import NO_MODEL

    await desk.click("check_model")
    assert desk.text("model_message") == NO_MODEL
    await desk.type("field_model_url", "nowhere")
    assert desk.text("model_message") == ""
    await desk.click("check_model")
    assert desk.text("error_model_url").startswith("Give an address")
    assert desk.text("error_model_name").startswith("Give the model's name")


async def case_a_key_is_never_asked_for(desk: Desk) -> None:
    assert desk.look_for("field_model_key_variable") is None
    await desk.choose("combo_model_key_source", 1)
    await desk.type("field_model_key_variable", "SET_KEY")
    assert desk.text("model_key_state") == "SET_KEY is set."
    await desk.type("field_model_key_variable", "nvapi-abc123")
    assert "nvapi" not in str(desk.store.values)
    await desk.click("check_model")
    assert "no name of a variable" in desk.text("error_model_key_variable")
    await desk.choose("combo_model_key_source", 2)
    assert desk.look_for("field_model_key_variable") is None
    assert desk.look_for("field_model_key_file") is not None


async def case_labels_are_previewed_and_written(desk: Desk) -> None:
    assert not desk.find("write_labels").enabled
    await desk.click("write_labels")
    await desk.idle()
    assert not desk.backend.written
    await desk.click("preview_labels")
    await desk.idle()
    assert desk.text("label_message").startswith("1 prim without a label, 1 with one, 1 that cannot be labelled.")
    table = desk.find("label_table").model
    cells = [
        [table.get_item_value_model(row, column).as_string for column in range(3)] for row in table.get_item_children(None)
    ]
    assert cells[0] == ["/World/Mug_01", "mug", "from the prim's name"]
    assert [row[1] for row in cells] == ["mug", "table", "-"]
    assert desk.find("write_labels").enabled
    await desk.click("write_labels")
    await desk.idle()
    assert desk.text("label_message") == "1 label written to the session layer, which is never saved."
    assert not desk.find("write_labels").enabled  # nothing is left


async def case_labels_go_to_a_file(desk: Desk) -> None:
    from scenecap_ui.backend import LabelTarget

    assert desk.look_for("field_label_file") is None
    await desk.choose("combo_label_target", 1)
    await desk.click("preview_labels")
    await desk.idle()
    await desk.click("write_labels")
    await desk.idle()
    assert desk.text("error_label_file").startswith("Choose the label layer")
    await desk.type("field_label_file", "/out/labels.usda")
    await desk.click("write_labels")
    await desk.idle()
    assert desk.backend.written == [(LabelTarget.LAYER, "/out/labels.usda")]


async def case_frames_are_generated_and_looked_at(desk: Desk) -> None:
    assert desk.text("no_result") == "Nothing yet."
    await desk.type("field_output_path", str(desk.folder))
    await desk.click("generate")
    await desk.idle()
    assert desk.text("run_message") == f"3 frames written to {desk.folder}."
    assert desk.text("result_brief") == "A mug, seen from /World/Left."
    assert desk.text("result_full") == "A mug is on a table."
    assert (desk.text("question_0"), desk.text("answer_0")) == ("Is there a mug?", "yes")
    assert desk.text("result_summary").startswith("2 objects in view")
    assert desk.text("result_warning_0") == "a warning"
    assert desk.look_for("result_picture") is not None
    assert desk.text("frame_count") == "1 of 3"
    await desk.click("next_frame")
    await desk.idle()
    assert desk.text("result_brief") == "A mug, seen from /World/Right."
    await desk.choose("combo_frame", 2)
    await desk.idle()
    assert desk.text("frame_count") == "3 of 3"
    assert not desk.find("next_frame").enabled
    await desk.click("previous_frame")
    await desk.idle()
    assert desk.text("frame_count") == "2 of 3"
    await desk.click("copy_text")
    assert desk.copied == ["A mug, seen from /World/Right.\n\nA mug is on a table."]
    await desk.click("open_folder")
    assert desk.backend.opened_folders == [str(desk.folder / "World_Right")]


async def case_the_picture_is_on_the_screen(desk: Desk) -> None:
    from omni.ui.testing import capture_screenshot
    from PIL import Image

    desk.model.form.output.set(str(desk.folder))
    desk.model.opened["captions"].set(False)
    for group in ("model", "captions", "labels"):
        desk.panel.open_group(group, False)
    await desk.click("generate")
    await desk.idle()
    await desk.frames(8)
    frame = desk.find("result_picture_frame")
    x = frame.screen_position_x + frame.computed_width / 2
    y = frame.screen_position_y + frame.computed_height / 2
    assert abs(frame.computed_height - frame.computed_width * 36 / 64) < 2
    target = desk.folder / "shot.png"
    assert capture_screenshot(str(target))
    await asyncio.sleep(0)
    with Image.open(target) as image:
        red, green, blue = image.convert("RGB").getpixel((int(x), int(y)))
    assert red > 150 and green < 60 and blue < 90, (red, green, blue)  # noqa: PT018 - one colour


async def case_wrong_fields_are_marked_in_place(desk: Desk) -> None:
    await desk.type("field_max_object_capacity", "0")
    await desk.type("field_resolution", "big")
    await desk.click("generate")
    await desk.idle()
    assert desk.text("run_message") == "Some settings are not right; they are marked."
    assert desk.text("error_max_object_capacity") == "0 is not allowed; give a whole number, 1 or more."
    assert desk.text("error_resolution").startswith("'big' is not allowed")
    assert desk.text("error_output_path") == "Choose the folder for the results."
    assert not desk.backend.configs


async def case_nothing_to_write(desk: Desk) -> None:
    form = desk.model.form
    form.output.set(str(desk.folder))
    for field in (form.brief, form.overall, form.questions, form.full_graph, form.pruned_graph, form.overlay):
        field.set(False)
    await desk.click("generate")
    await desk.idle()
    assert desk.text("error_brief_caption") == "Choose at least one caption, graph or picture."


async def case_work_can_be_cancelled(desk: Desk) -> None:
    desk.model.form.output.set(str(desk.folder))
    assert not desk.find("cancel").visible
    desk.backend.gate.clear()
    await desk.click("generate")
    assert not desk.find("generate").enabled
    assert desk.find("cancel").visible
    await desk.click("cancel")
    assert desk.text("run_message") == "Stopping after this frame..."
    desk.backend.gate.set()
    await desk.idle()
    assert desk.text("run_message").startswith("Stopped. 1 frame written;")
    assert desk.find("generate").enabled
    assert not desk.find("cancel").visible


async def case_progress_is_shown(desk: Desk) -> None:
    desk.model.form.output.set(str(desk.folder))
    seen = set()
    desk.model.progress.subscribe(lambda _: seen.add(round(desk.find("progress").model.as_float, 2)))
    desk.backend.gate.clear()
    await desk.click("generate")
    assert desk.find("progress").visible
    desk.backend.gate.set()
    await desk.idle()
    assert {0.33, 0.67, 1.0} <= seen | {round(desk.find("progress").model.as_float, 2)}, seen
    assert not desk.find("progress").visible


async def case_an_error_is_said_and_the_panel_goes_on(desk: Desk) -> None:
    from tests.ui.scripted import our_error

    desk.model.form.output.set(str(desk.folder))
    desk.backend.error = our_error("The disk is full.")
    await desk.click("generate")
    await desk.idle()
    assert desk.text("run_message") == "The disk is full. Do this."
    assert desk.find("run_message").name == "error"
    desk.backend.error = None
    await desk.click("generate")
    await desk.idle()
    assert desk.find("run_message").name == "good"


async def case_an_empty_frame_says_why(desk: Desk) -> None:
    from scenecap.output.manifest import FrameStatus

    desk.backend.statuses = {path: FrameStatus.EMPTY for path in ("/World/Left", "/World/Right", "/World/Top")}
    desk.model.form.output.set(str(desk.folder))
    await desk.click("generate")
    await desk.idle()
    assert desk.text("result_reason") == "nothing is in view."
    assert desk.look_for("result_picture") is None


async def case_groups_open_and_close(desk: Desk) -> None:
    assert desk.model.opened["labels"].value
    desk.find("section_captions").scroll_here_y(0.0)
    await desk.frames(4)
    await desk.click("header_captions")
    assert not desk.model.opened["captions"].value
    assert desk.store.get("open_captions") is False
    await desk.click("header_captions")
    assert desk.model.opened["captions"].value


async def case_closing_lets_go_of_everything(desk: Desk) -> None:
    desk.model.form.output.set(str(desk.folder))
    desk.backend.gate.clear()
    await desk.click("generate")
    panel, model = weakref.ref(desk.panel), desk.model
    desk.panel.destroy()
    desk.panel.destroy()  # a second time does no harm
    await desk.frames(4)
    assert desk.backend.closed
    for value in (*vars(model).values(), *model.form.fields, *model.model.fields):
        assert not getattr(value, "watched", False), value
    desk.panel = type("Gone", (), {"destroy": lambda self: None})()
    await desk.frames(2)
    gc.collect()
    assert panel() is None


# -- running them


def cases() -> dict[str, Any]:
    return {name: item for name, item in globals().items() if name.startswith("case_") and inspect.iscoroutinefunction(item)}


async def run_cases(names: list[str]) -> None:
    for name in names:
        failure = ""
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(Path(folder))
            desk.model.form.scene.set("/scenes/room.usda")
            try:
                await desk.frames(6)
                await asyncio.wait_for(cases()[name](desk), 60)
            except BaseException:
                failure = traceback.format_exc()
            await desk.close()
        print(json.dumps({"case": name, "failure": failure}), flush=True)


def main(names: list[str]) -> int:
    from omniui_offscreen import OffscreenUnavailable, run, start

    with tempfile.TemporaryDirectory() as scratch:  # omni.ui writes a settings file where it starts
        os.chdir(scratch)
        try:
            start(WIDTH, HEIGHT)
        except OffscreenUnavailable as reason:
            print(json.dumps({"unavailable": str(reason)}))
            return 0
        import omni.ui.standalone as standalone

        try:
            run(run_cases(names or list(cases())))
        finally:
            standalone.shutdown()
            os.chdir("/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
