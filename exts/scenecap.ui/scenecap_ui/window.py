"""The window that holds the panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scenecap_ui.pickers import Services
from scenecap_ui.view_model import PanelViewModel

WINDOW_NAME = "Scenecap"
WIDTH, HEIGHT = 560, 900


def make_window(
    view_model: Callable[[], PanelViewModel], services: Callable[[], Services], *, base: type[Any] | None = None
) -> Any:
    """Make the window; the panel is built into it and destroyed with it.

    Args:
        view_model: Makes the view-model.
        services: Finds the file picker and the clipboard.
        base: Kit's ``MenuHelperWindow`` where there is one; ``omni.ui.Window`` without it.
    """
    import omni.ui as ui  # pyright: ignore[reportMissingImports]

    from scenecap_ui.panel import Panel

    class ScenecapWindow(base or ui.Window):  # type: ignore[misc, valid-type]
        """The panel's window."""

        def __init__(self) -> None:
            super().__init__(WINDOW_NAME, width=WIDTH, height=HEIGHT)
            self.panel: Panel | None = Panel(self.frame, view_model(), services())
            self.deferred_dock_in("Property", ui.DockPolicy.DO_NOTHING)

        def destroy(self) -> None:
            """Let go of everything."""
            panel, self.panel = self.panel, None
            if panel is not None:
                panel.destroy()
            super().destroy()

    return ScenecapWindow()
