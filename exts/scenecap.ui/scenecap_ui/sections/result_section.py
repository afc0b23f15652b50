"""The result: the picture with its graph, and the texts, frame by frame."""

from __future__ import annotations

import numpy as np
import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.pickers import Services
from scenecap_ui.results import FrameView, Picture, frame_title
from scenecap_ui.sections.rows import Section
from scenecap_ui.style import GAP, ROW
from scenecap_ui.view_model import PanelViewModel

#: Height of the picture until its width is known [px].
_FIRST_HEIGHT = 260


class ResultSection(Section):
    """What was made.

    Args:
        view_model: The panel's.
        services: File picker and clipboard.
    """

    def __init__(self, view_model: PanelViewModel, services: Services) -> None:
        super().__init__(services)
        self._vm = view_model
        self._chooser: ui.Frame | None = None
        self._body: ui.Frame | None = None
        self._picture_frame: ui.Frame | None = None
        self._provider: ui.ByteImageProvider | None = None

    def build(self) -> None:
        """Build the widgets."""
        self._chooser = ui.Frame(height=0, build_fn=self._build_chooser)
        self._body = ui.Frame(height=0, build_fn=self._build_body)
        self.follow(self._vm.outcomes, lambda _: self._rebuild(self._chooser))
        self.follow(self._vm.frame_index, lambda _: self._rebuild(self._chooser))
        self.follow(self._vm.view, lambda _: self._rebuild(self._body))

    def destroy(self) -> None:
        """Stop listening, and let go of the widgets and the picture."""
        super().destroy()
        self._chooser = self._body = self._picture_frame = None
        self._provider = None

    def _rebuild(self, frame: ui.Frame | None) -> None:
        if frame is not None:
            frame.rebuild()

    def _build_chooser(self) -> None:
        outcomes = self._vm.outcomes.value
        index = self._vm.frame_index.value
        if not outcomes or index < 0:
            return
        several = len({item.row.frame_index for item in outcomes}) > 1
        titles = [frame_title(item.row, several=several) for item in outcomes]
        with ui.HStack(height=ROW, spacing=GAP):
            previous = ui.Button("<", width=30, height=ROW, identifier="previous_frame", tooltip="Previous frame")
            box = ui.ComboBox(index, *titles, identifier="combo_frame", height=ROW)
            following = ui.Button(">", width=30, height=ROW, identifier="next_frame", tooltip="Next frame")
            ui.Label(f"{index + 1} of {len(outcomes)}", name="dim", width=0, identifier="frame_count")
        previous.enabled = index > 0
        following.enabled = index + 1 < len(outcomes)
        previous.set_clicked_fn(lambda: self._vm.select_frame(index - 1))
        following.set_clicked_fn(lambda: self._vm.select_frame(index + 1))
        box.model.add_item_changed_fn(lambda model, _: self._vm.select_frame(model.get_item_value_model().as_int))

    def _build_body(self) -> None:
        view = self._vm.view.value
        with ui.VStack(height=0, spacing=GAP):
            if view is None:
                ui.Label("Nothing yet.", name="dim", height=ROW, identifier="no_result")
                return
            self._build_picture(view)
            if view.reason:
                ui.Label(view.reason, name="error", word_wrap=True, height=0, identifier="result_reason")
            if view.summary:
                ui.Label(view.summary, name="dim", word_wrap=True, height=0, identifier="result_summary")
            self._build_text("Brief", view.brief, "result_brief")
            self._build_text("Full", view.overall, "result_full")
            self._build_questions(view)
            for number, warning in enumerate(view.warnings):
                ui.Label(warning, name="warning", word_wrap=True, height=0, identifier=f"result_warning_{number}")
            if self.services.copy_text is not None and (view.brief or view.overall):
                with ui.HStack(height=ROW):
                    ui.Button("Copy Text", width=96, height=ROW, identifier="copy_text", clicked_fn=lambda: self._copy(view))
                    ui.Spacer()

    def _build_picture(self, view: FrameView) -> None:
        picture = view.picture
        if picture is None:
            if not view.reason:
                ui.Label("No picture was written.", name="dim", height=ROW, identifier="no_picture")
            return
        self._provider = provider = _provider_of(picture)
        self._picture_frame = frame = ui.Frame(height=_FIRST_HEIGHT, identifier="result_picture_frame")
        with frame, ui.ZStack():
            ui.Rectangle(name="picture")
            ui.ImageWithProvider(
                provider,
                identifier="result_picture",
                fill_policy=ui.IwpFillPolicy.IWP_PRESERVE_ASPECT_FIT,
                alignment=ui.Alignment.CENTER,
            )

        def fit() -> None:
            wanted = frame.computed_width * picture.height / picture.width
            if wanted > 1 and abs(float(frame.height) - wanted) > 1:
                frame.height = ui.Pixel(wanted)

        frame.set_computed_content_size_changed_fn(fit)

    def _build_text(self, title: str, text: str, identifier: str) -> None:
        if text:
            self.heading(title)
            ui.Label(text, word_wrap=True, height=0, identifier=identifier)

    def _build_questions(self, view: FrameView) -> None:
        if not view.questions:
            return
        self.heading("Questions")
        for number, (question, answer) in enumerate(view.questions):
            with ui.HStack(height=0, spacing=GAP):
                ui.Label(question, word_wrap=True, height=0, identifier=f"question_{number}")
                ui.Label(answer, name="good", word_wrap=True, width=ui.Percent(30), height=0, identifier=f"answer_{number}")

    def _copy(self, view: FrameView) -> None:
        if self.services.copy_text is not None:
            self.services.copy_text("\n\n".join(text for text in (view.brief, view.overall) if text))


def _provider_of(picture: Picture) -> ui.ByteImageProvider:
    """Return a picture for omni.ui. A path would be cached: a picture that was made again would look as before."""
    provider = ui.ByteImageProvider()
    size = [picture.width, picture.height]
    if hasattr(provider, "set_data_array"):
        provider.set_data_array(np.frombuffer(picture.rgba, np.uint8).reshape(picture.height, picture.width, 4), size)
    else:  # older Kit: every byte becomes a Python number, which takes its time
        provider.set_bytes_data(list(picture.rgba), size)
    return provider
