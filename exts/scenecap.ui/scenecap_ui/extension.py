"""What Kit starts and stops. Nothing but the menu entry is made at start: the panel is built when it is first shown."""

from __future__ import annotations

from typing import Any

try:
    from omni.ext import IExt  # type: ignore[import-not-found]
except ImportError:  # outside Kit, where the package is imported by tests and tools

    class IExt:  # type: ignore[no-redef]
        """Stands in for Kit's base class."""


class ScenecapUiExtension(IExt):
    """Owns the menu entry, and through it the window."""

    _menu: Any = None

    def on_startup(self, ext_id: str) -> None:
        """Add the menu entry."""
        from scenecap_ui.menu import add_menu
        from scenecap_ui.window import WINDOW_NAME

        self._menu = add_menu(_make_window, WINDOW_NAME)

    def on_shutdown(self) -> None:
        """Take the menu entry off, stop what runs, close the window."""
        menu, self._menu = self._menu, None
        if menu is not None:
            menu.destroy()


def _make_window(base: type[Any] | None) -> Any:
    from scenecap.run.config.job_settings import CaptureKind
    from scenecap_ui.kit_backend import KitBackend
    from scenecap_ui.pickers import kit_services
    from scenecap_ui.settings_store import open_store
    from scenecap_ui.view_model import PanelViewModel
    from scenecap_ui.window import make_window

    def view_model() -> PanelViewModel:
        return PanelViewModel(KitBackend(), open_store(), capture=CaptureKind.REPLICATOR)

    return make_window(view_model, kit_services, base=base)
