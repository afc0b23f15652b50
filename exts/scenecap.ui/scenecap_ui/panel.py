"""The panel: its sections in one scrolling column, with Generate at its foot."""

from __future__ import annotations

from typing import Any

import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.pickers import Services
from scenecap_ui.sections.caption_section import CaptionSection
from scenecap_ui.sections.labels_section import LabelsSection
from scenecap_ui.sections.model_section import ModelSection
from scenecap_ui.sections.result_section import ResultSection
from scenecap_ui.sections.rows import Section, collapsable
from scenecap_ui.sections.run_section import RunSection
from scenecap_ui.style import GAP, PAD, STYLE
from scenecap_ui.view_model import PanelViewModel

TITLE = "Scenecap"


class Panel:
    """Builds the panel into a frame (a window's, as a rule).

    Args:
        frame: What it is built into.
        view_model: What it shows; the panel destroys it.
        services: File picker and clipboard.
    """

    def __init__(self, frame: Any, view_model: PanelViewModel, services: Services | None = None) -> None:
        self._frame: Any = frame
        self.view_model = view_model
        self._services = services or Services()
        self._groups: dict[str, Any] = {}
        self.model = ModelSection(view_model, self._services)
        self.captions = CaptionSection(view_model, self._services)
        self.labels = LabelsSection(view_model, self._services)
        self.result = ResultSection(view_model, self._services)
        self.run = RunSection(view_model, self._services)
        self._sections: tuple[Section, ...] = (self.model, self.captions, self.labels, self.result, self.run)
        self._build()

    def _build(self) -> None:
        opened = self.view_model.opened
        self._frame.set_style(STYLE)
        with self._frame, ui.VStack(spacing=0):
            with (
                ui.ScrollingFrame(
                    horizontal_scrollbar_policy=ui.ScrollBarPolicy.SCROLLBAR_ALWAYS_OFF, identifier="panel_scroll"
                ),
                ui.HStack(height=0),
            ):
                ui.Spacer(width=PAD)
                with ui.VStack(height=0, spacing=GAP):
                    ui.Spacer(height=GAP)
                    self._build_title()
                    for name, title, section in (
                        ("model", "Model Settings", self.model),
                        ("captions", "Caption Settings", self.captions),
                        ("labels", "Labels", self.labels),
                        ("result", "Result", self.result),
                    ):
                        self._groups[name] = collapsable(title, name, opened[name], section.build)
                    ui.Spacer(height=GAP)
            self._build_foot()

    def _build_title(self) -> None:
        with ui.HStack(height=26, spacing=8):
            ui.Label(TITLE, name="title", width=0)
            ui.Label(self.view_model.backend.title, name="dim", identifier="backend", alignment=ui.Alignment.RIGHT_CENTER)

    def _build_foot(self) -> None:
        with ui.ZStack(height=0):
            ui.Rectangle(name="footer")
            with ui.VStack(height=0):
                ui.Rectangle(name="line", height=1)
                ui.Spacer(height=PAD)
                with ui.HStack(height=0):
                    ui.Spacer(width=PAD)
                    with ui.VStack(height=0, spacing=GAP):
                        self.run.build()
                    ui.Spacer(width=PAD)
                ui.Spacer(height=PAD)

    def open_group(self, name: str, opened: bool) -> None:
        """Open or close a group."""
        self._groups[name].collapsed = not opened

    def destroy(self) -> None:
        """Stop what runs, and let go of everything. A second call does no harm."""
        if self._frame is None:
            return
        for section in self._sections:
            section.destroy()
        if self._services.picker is not None:
            self._services.picker.destroy()
        self.view_model.destroy()
        self._groups.clear()
        self._frame.clear()
        self._frame = None
