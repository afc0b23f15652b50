"""What the panel asks its surroundings for: a file picker and the clipboard. Kit's where there are any, else none."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

_LOG = logging.getLogger(__name__)


class PickKind(str, enum.Enum):
    """What is picked."""

    SCENE = "scene"
    FOLDER = "folder"
    LABEL_LAYER = "label layer"
    DATABASE = "database"
    KEY_FILE = "key file"


TITLES = {
    PickKind.SCENE: "Choose the scene",
    PickKind.FOLDER: "Choose the output folder",
    PickKind.LABEL_LAYER: "Choose the label layer to write",
    PickKind.DATABASE: "Choose a label database",
    PickKind.KEY_FILE: "Choose the file that holds the key",
}
#: Endings that are shown; empty for all files.
ENDINGS: dict[PickKind, tuple[str, ...]] = {
    PickKind.SCENE: (".usd", ".usda", ".usdc", ".usdz"),
    PickKind.FOLDER: (),
    PickKind.LABEL_LAYER: (".usd", ".usda", ".usdc"),
    PickKind.DATABASE: (".sqlite", ".db"),
    PickKind.KEY_FILE: (),
}


class Picker(Protocol):
    """Lets a person choose a path."""

    def pick(self, kind: PickKind, start: str, done: Callable[[str], None]) -> None:
        """Show a dialog; ``done`` gets the path, and is not called where the person thinks better of it."""
        ...

    def destroy(self) -> None:
        """Close the dialog."""
        ...


@dataclass(frozen=True)
class Services:
    """What surrounds the panel; None where there is no such thing, and the panel then has no button for it."""

    picker: Picker | None = None
    copy_text: Callable[[str], None] | None = None


class KitPicker:
    """Kit's file dialog.

    Args:
        dialog_class: ``omni.kit.window.filepicker.FilePickerDialog``.
    """

    def __init__(self, dialog_class: Any) -> None:
        self._dialog_class = dialog_class
        self._dialog: Any = None

    def pick(self, kind: PickKind, start: str, done: Callable[[str], None]) -> None:
        """Show Kit's dialog, starting at a path."""
        self.destroy()
        endings = ENDINGS[kind]

        def apply(filename: str, dirname: str) -> None:
            self.destroy()
            chosen = _joined(dirname, filename)
            if chosen:
                done(chosen)

        def shown(item: Any) -> bool:
            if item is None or getattr(item, "is_folder", False):
                return True
            if kind is PickKind.FOLDER:
                return False
            return not endings or str(getattr(item, "path", "")).lower().endswith(endings)

        self._dialog = self._dialog_class(
            TITLES[kind],
            apply_button_label="Choose",
            click_apply_handler=apply,
            click_cancel_handler=lambda *_: self.destroy(),
            item_filter_fn=shown,
        )
        if start:
            self._dialog.show(path=start)
        else:
            self._dialog.show()

    def destroy(self) -> None:
        """Close the dialog."""
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.hide()
            dialog.destroy()


def _joined(dirname: str | None, filename: str | None) -> str:
    folder, name = (dirname or "").rstrip("/"), (filename or "").strip("/")
    if not folder:
        return f"/{name}" if name and dirname else name
    return f"{folder}/{name}" if name else folder


def kit_services() -> Services:
    """Return Kit's services, without those that this app does not have."""
    picker: Picker | None = None
    copy: Callable[[str], None] | None = None
    try:
        from omni.kit.window.filepicker import FilePickerDialog  # type: ignore[import-not-found]

        picker = KitPicker(FilePickerDialog)
    except ImportError:
        _LOG.info("omni.kit.window.filepicker is not enabled: paths have to be typed")
    try:
        import omni.kit.clipboard  # type: ignore[import-not-found]

        copy = omni.kit.clipboard.copy
    except ImportError:
        _LOG.info("omni.kit.clipboard is not enabled: the panel has no Copy button")
    return Services(picker, copy)
