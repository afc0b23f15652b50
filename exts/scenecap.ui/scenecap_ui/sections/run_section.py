"""The foot of the panel: Generate, Cancel, progress, and what became of it. It is always in sight."""

from __future__ import annotations

import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.pickers import Services
from scenecap_ui.sections.rows import Section
from scenecap_ui.style import GAP
from scenecap_ui.view_model import Activity, PanelViewModel


class RunSection(Section):
    """Generate with progress and Cancel.

    Args:
        view_model: The panel's.
        services: File picker and clipboard.
    """

    def __init__(self, view_model: PanelViewModel, services: Services) -> None:
        super().__init__(services)
        self._vm = view_model

    def build(self) -> None:
        """Build the widgets."""
        self.message_row(self._vm.run_message, "run_message")
        bar = ui.ProgressBar(height=16, identifier="progress")
        with ui.HStack(height=30, spacing=GAP):
            generate = ui.Button(
                "Generate",
                name="main",
                height=30,
                identifier="generate",
                clicked_fn=self._vm.generate,
                tooltip="Caption every chosen camera and frame.",
            )
            cancel = ui.Button(
                "Cancel",
                width=96,
                height=30,
                identifier="cancel",
                clicked_fn=self._vm.cancel,
                tooltip="Stop after the frame that is being made.",
            )
            ui.Button(
                "Open Folder",
                width=110,
                height=30,
                identifier="open_folder",
                clicked_fn=self._vm.open_folder,
                tooltip="Show the results in the system's file manager.",
            )

        def enable(activity: Activity) -> None:
            generate.enabled = activity is Activity.IDLE
            cancel.visible = activity is Activity.GENERATING
            bar.visible = activity is Activity.GENERATING

        def show(progress: tuple[int, int]) -> None:
            done, total = progress
            bar.model.set_value(done / total if total else 0.0)

        self.follow(self._vm.activity, enable)
        self.follow(self._vm.progress, show)
