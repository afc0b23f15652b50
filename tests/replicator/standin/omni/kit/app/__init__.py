"""A stand-in of ``omni.kit.app``: updates are turns of the event loop; :func:`reset` makes the application new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class ExtensionManager:
    """Which extensions are enabled."""

    def __init__(self) -> None:
        self.enabled: set[str] = set()

    def is_extension_enabled(self, name: str) -> bool:
        return name in self.enabled

    def set_extension_enabled_immediate(self, name: str, enabled: bool) -> bool:
        (self.enabled.add if enabled else self.enabled.discard)(name)
        return True


class App:
    """The application."""

    def __init__(self) -> None:
        self.updates = 0
        self.exit_codes: list[int] = []
        self.on_update: list[Callable[[], None]] = []
        self._manager = ExtensionManager()

    async def next_update_async(self) -> float:
        await asyncio.sleep(0)
        self.updates += 1
        for function in tuple(self.on_update):
            function()
        return 1.0 / 60.0

    def post_quit(self, return_code: int = 0) -> None:
        self.exit_codes.append(return_code)

    def get_extension_manager(self) -> ExtensionManager:
        return self._manager


_APPS = [App()]


def get_app() -> App:
    return _APPS[0]


def reset() -> App:
    """Start anew, for a test."""
    _APPS[0] = App()
    return _APPS[0]
