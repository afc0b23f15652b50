"""The entry under Tools > Replicator that shows the window: by Kit's menu helper (Isaac Sim 5 and later), else by hand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

_LOG = logging.getLogger(__name__)

MENU_GROUP = "Tools/Replicator"


class Menu(Protocol):
    """A menu entry with the window behind it."""

    def destroy(self) -> None:
        """Take the entry off the menu and close the window."""
        ...


def add_menu(make_window: Callable[[type[Any] | None], Any], title: str) -> Menu | None:
    """Add the entry; return None where this app has no menu.

    Args:
        make_window: Makes the window, given the base class that it must have (None: any).
        title: Name of entry and window.
    """
    try:
        import omni.kit.menu.utils as menus  # type: ignore[import-not-found]
    except ImportError:
        _LOG.info("omni.kit.menu.utils is not enabled: the panel has no menu entry")
        return None
    if hasattr(menus, "MenuHelperExtensionFull") and hasattr(menus, "MenuHelperWindow"):
        return _HelperMenu(menus, make_window, title)
    return _PlainMenu(menus, make_window, title)


class _HelperMenu:
    """Kit's helper: it keeps the entry's check mark and the window's visibility in step."""

    def __init__(self, menus: Any, make_window: Callable[[type[Any] | None], Any], title: str) -> None:
        class Helper(menus.MenuHelperExtensionFull):  # type: ignore[misc, name-defined]
            """Holds what the helper keeps; not the IExt, which Kit must be able to let go of."""

        self._window: Any = None

        def create() -> Any:
            self._window = make_window(menus.MenuHelperWindow)
            return self._window

        self._helper: Any = Helper()
        self._helper.menu_startup(create, title, title, MENU_GROUP)

    def destroy(self) -> None:
        """Take the entry off the menu and close the window."""
        helper, self._helper = self._helper, None
        window, self._window = self._window, None
        if helper is not None:
            helper.menu_shutdown()
        if window is not None:
            window.destroy()


class _PlainMenu:
    """Entry and window by hand, for Kit before the helper."""

    def __init__(self, menus: Any, make_window: Callable[[type[Any] | None], Any], title: str) -> None:
        self._menus = menus
        self._make_window = make_window
        self._window: Any = None
        group, submenu = MENU_GROUP.split("/")
        entry = menus.MenuItemDescription(name=title, onclick_fn=self.toggle)
        self._items = [menus.MenuItemDescription(name=submenu, sub_menu=[entry])]
        self._group = group
        menus.add_menu_items(self._items, group)

    def toggle(self, *_: Any) -> None:
        """Show the window, or hide it."""
        if self._window is None:
            self._window = self._make_window(None)
        else:
            self._window.visible = not self._window.visible

    def destroy(self) -> None:
        """Take the entry off the menu and close the window."""
        if self._items:
            self._menus.remove_menu_items(self._items, self._group)
            self._items = []
        window, self._window = self._window, None
        if window is not None:
            window.destroy()
