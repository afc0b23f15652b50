"""Model Settings."""

from __future__ import annotations

import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.model_form import KEY_SOURCE_TITLES, KeySource
from scenecap_ui.pickers import PickKind, Services
from scenecap_ui.sections.rows import Section
from scenecap_ui.style import GAP, LABEL_WIDTH, ROW
from scenecap_ui.view_model import PanelViewModel


class ModelSection(Section):
    """URL, model, where its key is, and a check of these.

    Args:
        view_model: The panel's.
        services: File picker and clipboard.
    """

    def __init__(self, view_model: PanelViewModel, services: Services) -> None:
        super().__init__(services)
        self._vm = view_model

    def build(self) -> None:
        """Build the widgets."""
        form = self._vm.model
        self.string_row("Service URL", form.url, tooltip="Address of an OpenAI-compatible server, up to and with /v1.")
        self.string_row("Model name", form.model, tooltip="Name of the model, as its server lists it.")
        self.combo_row(
            "Key from",
            form.source,
            [(source.value, title) for source, title in KEY_SOURCE_TITLES.items()],
            tooltip="Where the key is read from when it is needed. The key itself is never typed, shown or stored here.",
        )
        variable = self.string_row("Variable", form.variable, tooltip="Name of the environment variable that holds the key.")
        file = self.string_row(
            "Key file", form.file, tooltip="Text file that holds the key and nothing else.", pick=PickKind.KEY_FILE
        )
        with ui.HStack(height=0):
            ui.Spacer(width=LABEL_WIDTH + GAP)
            state = ui.Label("", name="dim", height=0, word_wrap=True, identifier="model_key_state")

        def show(_: object) -> None:
            variable.visible = form.key_source is KeySource.ENVIRONMENT
            file.visible = form.key_source is KeySource.FILE
            state.text = form.key_state()
            state.visible = bool(state.text)

        for field in (form.source, form.variable, form.file):
            self.follow(field, show)
        with ui.HStack(height=ROW):
            ui.Spacer(width=LABEL_WIDTH + GAP)
            ui.Button(
                "Check",
                width=96,
                height=ROW,
                identifier="check_model",
                clicked_fn=self._vm.check_model,
                tooltip="Check these settings.",
            )
            ui.Spacer()
        self.message_row(self._vm.model_message, "model_message")
