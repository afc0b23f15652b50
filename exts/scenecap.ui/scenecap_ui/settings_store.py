"""Where the panel's settings are kept between sessions. Secrets are not among them: see :mod:`scenecap_ui.model_form`."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

#: What a setting can be; carb keeps these types.
Value: TypeAlias = "str | bool | int | float"

#: Where they are in Kit; ``/persistent`` survives the session.
CARB_ROOT = "/persistent/exts/scenecap.ui"


class SettingsStore(Protocol):
    """Keeps values by name."""

    def get(self, name: str) -> Value | None:
        """Return a value, or None where none was kept."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Keep a value."""
        ...


class MemoryStore:
    """Keeps values as long as it lives: without Kit, and in tests."""

    def __init__(self, values: dict[str, Value] | None = None) -> None:
        self.values: dict[str, Value] = dict(values or {})

    def get(self, name: str) -> Value | None:
        """Return a value, or None where none was kept."""
        return self.values.get(name)

    def set(self, name: str, value: Value) -> None:
        """Keep a value."""
        self.values[name] = value


class CarbStore:
    """Keeps values in Kit's persistent settings.

    Args:
        settings: ``carb.settings.get_settings()``.
        root: Prefix of the names.
    """

    def __init__(self, settings: Any, *, root: str = CARB_ROOT) -> None:
        self._settings = settings
        self._root = root

    def get(self, name: str) -> Value | None:
        """Return a value, or None where none was kept or something else was."""
        value = self._settings.get(f"{self._root}/{name}")
        return value if isinstance(value, (str, bool, int, float)) else None

    def set(self, name: str, value: Value) -> None:
        """Keep a value."""
        self._settings.set(f"{self._root}/{name}", value)


def open_store() -> SettingsStore:
    """Return Kit's settings where there are any, else a store that forgets."""
    try:
        import carb.settings  # type: ignore[import-not-found]
    except ImportError:
        return MemoryStore()
    return CarbStore(carb.settings.get_settings())
