"""Caption Settings: scene, cameras, what is written, and where to."""

from __future__ import annotations

import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.caption_form import LAYOUT_TITLES, CameraMode
from scenecap_ui.pickers import PickKind, Services
from scenecap_ui.sections.rows import Section
from scenecap_ui.style import GAP, LABEL_WIDTH, ROW
from scenecap_ui.view_model import PanelViewModel

#: Entries of the camera drop-down before the scene's cameras.
_MODES = (
    (CameraMode.ALL, "All cameras"),
    (CameraMode.AUTO, "Views placed automatically"),
    (CameraMode.SEVERAL, "Several, ticked below"),
    (CameraMode.ONE, "The path below"),
)


class CaptionSection(Section):
    """What is captioned, how, and where to.

    Args:
        view_model: The panel's.
        services: File picker and clipboard.
    """

    def __init__(self, view_model: PanelViewModel, services: Services) -> None:
        super().__init__(services)
        self._vm = view_model
        self._chooser: ui.Frame | None = None
        self._ticks: ui.Frame | None = None

    def build(self) -> None:
        """Build the widgets."""
        form = self._vm.form
        hint = " Empty: the stage that is open." if self._vm.backend.has_open_stage else ""
        self.heading("Scene and cameras")
        self.string_row(
            "Scene",
            form.scene,
            tooltip=f"USD file to caption (usd, usda, usdc, usdz).{hint}",
            pick=PickKind.SCENE,
            button=("load_scene", "Load Scene", self._vm.load_scene),
        )
        self.message_row(self._vm.scene_message, "scene_message")
        with ui.HStack(height=ROW, spacing=GAP):
            self.label("Camera", "Which cameras are captioned.")
            self._chooser = ui.Frame(height=ROW, build_fn=self._build_chooser)
            ui.Button(
                "Refresh",
                width=72,
                height=ROW,
                identifier="refresh_cameras",
                clicked_fn=self._vm.refresh_cameras,
                tooltip="Look for cameras anew.",
            )
        self._ticks = ui.Frame(height=0, build_fn=self._build_ticks)
        self.string_row(
            "Camera path",
            form.camera_path,
            tooltip="Prim path of a camera, a glob such as /World/Cam*, or several with commas.",
            on_typed=self._vm.type_camera,
        )
        self.string_row(
            "Frames",
            form.frames,
            tooltip="Time codes: 0..10 (both ends included), 0..100:5, or a list. "
            + ("Empty: the stage as it stands." if self._vm.backend.has_open_stage else "Empty: the first."),
        )
        self.string_row("Resolution", form.resolution, tooltip="Width and height of the pictures in pixels, as in 1280x720.")
        self._build_results()
        self.heading("Output")
        self.string_row("Folder", form.output, tooltip="Folder that the results go to; it is created.", pick=PickKind.FOLDER)
        self.combo_row(
            "Layout",
            form.layout,
            [(layout.value, title) for layout, title in LAYOUT_TITLES.items()],
            tooltip="File tree and names, as programs that read IRC's results expect them.",
        )
        with ui.HStack(height=ROW, spacing=GAP):
            self.label("Start over", "A run that ended is always replaced; one that was stopped is gone on with.")
            self.check_box(
                "Also make anew what a stopped run has left",
                form.start_over,
                tooltip="Off: a run that was stopped goes on after its last frame.",
                width=330,
            )
        self.follow(self._vm.scene, lambda _: self._rebuild())
        self.follow(form.camera_mode, lambda _: self._rebuild())
        self.follow(form.camera_path, lambda _: self._chooser.rebuild() if self._chooser else None)

    def _build_results(self) -> None:
        form = self._vm.form
        self.heading("Captions and graphs")
        with ui.HStack(height=ROW, spacing=GAP):
            self.label("Captions", "Which texts are written.")
            self.check_box("Brief", form.brief, tooltip="One sentence.")
            self.check_box("Full", form.overall, tooltip="A paragraph: what is there, where, and on what.")
            self.check_box("Questions", form.questions, tooltip="Questions with their answers and the evidence for them.")
        self.error_row(form.brief.error, form.brief.name)
        with ui.HStack(height=ROW, spacing=GAP):
            self.label("Graphs", "Which graphs are written.")
            self.check_box("Full graph", form.full_graph, tooltip="Objects and all relations between them.")
            self.check_box("Pruned graph", form.pruned_graph, tooltip="The spanning tree of it that captions follow.")
            self.check_box("Picture", form.overlay, tooltip="The picture with boxes, labels and the pruned graph on it.")
        self.int_row("Max objects", form.max_objects, tooltip="Most objects in a graph; the largest in the picture are kept.")
        self.slider_row("Pruning ratio", form.pruning_ratio, tooltip="Share of the spanning tree's edges that are kept.")
        self.int_row("Random seed", form.seed, tooltip="Which edges are dropped, and how the texts are worded.")

    def destroy(self) -> None:
        """Stop listening, and let go of the widgets."""
        super().destroy()
        self._chooser = self._ticks = None

    def _rebuild(self) -> None:
        if self._ticks is not None:
            self._ticks.visible = self._vm.form.camera_mode.value == CameraMode.SEVERAL
        for frame in (self._chooser, self._ticks):
            if frame is not None:
                frame.rebuild()

    def _build_chooser(self) -> None:
        cameras = self._vm.usable_cameras
        paths = [item.path for item in cameras]
        count = f" ({len(cameras)})" if cameras else ""
        titles = [title + (count if mode is CameraMode.ALL else "") for mode, title in _MODES]
        box = ui.ComboBox(
            self._chosen(paths), *titles, *paths, identifier="combo_camera", tooltip="Which cameras are captioned.", height=ROW
        )
        box.model.add_item_changed_fn(lambda model, _: self._choose(model.get_item_value_model().as_int, paths))

    def _chosen(self, paths: list[str]) -> int:
        mode = CameraMode(self._vm.form.camera_mode.value)
        path = self._vm.form.camera_path.value.strip()
        if mode is CameraMode.ONE and path in paths:
            return len(_MODES) + paths.index(path)
        return next(index for index, (item, _) in enumerate(_MODES) if item is mode)

    def _choose(self, index: int, paths: list[str]) -> None:
        if index < len(_MODES):
            self._vm.choose_cameras(_MODES[index][0])
        else:
            self._vm.choose_cameras(CameraMode.ONE, paths[index - len(_MODES)])

    def _build_ticks(self) -> None:
        if self._vm.form.camera_mode.value != CameraMode.SEVERAL:
            return
        info = self._vm.scene.value
        with ui.HStack(height=0):
            ui.Spacer(width=LABEL_WIDTH + GAP)
            with ui.VStack(height=0, spacing=2):
                if info is None or not info.cameras:
                    text = "Load the scene first." if info is None else "The scene has no camera."
                    ui.Label(text, name="dim", height=ROW, identifier="no_cameras")
                    return
                for item in info.cameras:
                    self._build_tick(item.path, item.unusable)

    def _build_tick(self, path: str, unusable: str) -> None:
        with ui.HStack(height=20, spacing=6):
            with ui.VStack(width=16):
                ui.Spacer()
                box = ui.CheckBox(width=16, height=16, identifier=f"tick_{path}", enabled=not unusable)
                ui.Spacer()
            text = f"{path}  ({unusable})" if unusable else path
            ui.Label(text, name="dim" if unusable else "row", elided_text=True, tooltip=text)
        box.model.set_value(path in self._vm.form.cameras_chosen.value)
        box.model.add_value_changed_fn(lambda model: self._vm.tick_camera(path, model.as_bool))
