"""A field of the panel: its value, what is wrong with it, and whether it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, cast

from scenecap_ui.observable import Observable
from scenecap_ui.settings_store import SettingsStore

V = TypeVar("V", str, bool, int, float)


class Field(Observable[V], Generic[V]):
    """A value that a person edits.

    Args:
        name: Name in the settings store and in widget identifiers.
        default: Value where none was kept.
        keep: Decides of each value whether it may be kept between sessions; None keeps all.
    """

    def __init__(self, name: str, default: V, *, keep: Callable[[V], bool] | None = None) -> None:
        super().__init__(default)
        self.name = name
        self.default = default
        self.error: Observable[str] = Observable("")
        self._keep = keep

    def set(self, value: V) -> None:
        """Change the value; what was wrong with the old one is forgotten."""
        if value != self.value:
            self.error.set("")
        super().set(value)

    def restore(self, store: SettingsStore) -> None:
        """Take the kept value, where one of the right type was kept."""
        value: Any = store.get(self.name)
        if isinstance(self.default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is type(self.default):  # a bool is no int here
            self.set(cast(V, value))

    def persist(self, store: SettingsStore) -> None:
        """Keep the value; one that may not be kept is replaced by the default, so that no older one comes back."""
        store.set(self.name, self.value if self._keep is None or self._keep(self.value) else self.default)


def clear_errors(fields: Iterable[Field[Any]]) -> None:
    """Forget what was wrong."""
    for field in fields:
        field.error.set("")
