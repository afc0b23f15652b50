"""A stand-in of ``carb.settings``: values by path; :func:`reset` makes them new."""

from __future__ import annotations

from typing import Any


class Settings:
    """The settings; ``written`` has every path that was set, in order."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.written: list[str] = []

    def get(self, path: str) -> Any:
        return self.values.get(path)

    def set(self, path: str, value: Any) -> None:
        self.values[path] = value
        self.written.append(path)

    def destroy_item(self, path: str) -> None:
        self.values.pop(path, None)


_STORES = [Settings()]


def get_settings() -> Settings:
    return _STORES[0]


def reset() -> Settings:
    """Start anew, for a test."""
    _STORES[0] = Settings()
    return _STORES[0]
