"""Labels: what writing labels would do, and writing them."""

from __future__ import annotations

from typing import Any

import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.backend import LabelAction, LabelPreview, LabelRow, LabelTarget
from scenecap_ui.caption_form import SCHEMA_TITLES
from scenecap_ui.pickers import PickKind, Services
from scenecap_ui.sections.rows import Section
from scenecap_ui.style import GAP, LABEL_WIDTH, ROW
from scenecap_ui.view_model import Activity, PanelViewModel

_COLUMNS = ("Prim", "Label", "Why")
_TARGETS = (
    (LabelTarget.SESSION.value, "This session (never saved)"),
    (LabelTarget.LAYER.value, "A label layer file"),
)
#: Rows of the table that are shown; a scene may have tens of thousands.
MAX_ROWS = 500
_TABLE_HEIGHT = 264


class _Item(ui.AbstractItem):
    def __init__(self, row: LabelRow) -> None:
        super().__init__()
        detail = "has one already" if row.action is LabelAction.KEEP else row.detail
        self.row = row
        self.models = [ui.SimpleStringModel(text) for text in (row.prim, row.label or "-", detail)]


class LabelTable(ui.AbstractItemModel):
    """Rows of a preview, for a TreeView.

    Args:
        preview: The preview, or None for an empty table.
    """

    def __init__(self, preview: LabelPreview | None = None) -> None:
        super().__init__()
        self._items: list[_Item] = []
        self.show(preview)

    def show(self, preview: LabelPreview | None) -> None:
        """Show another preview."""
        self._items = [_Item(row) for row in (preview.rows[:MAX_ROWS] if preview else ())]
        self._item_changed(None)

    def get_item_children(self, item: _Item | None) -> list[_Item]:
        """Return all rows; they have none below them."""
        return self._items if item is None else []

    def get_item_value_model_count(self, item: _Item | None) -> int:
        """Return the number of columns."""
        return len(_COLUMNS)

    def get_item_value_model(self, item: _Item | None, column_id: int) -> Any:
        """Return a cell."""
        return None if item is None else item.models[column_id]


class _Delegate(ui.AbstractItemDelegate):
    def build_branch(self, model: Any, item: Any, column_id: int, level: int, expanded: bool) -> None:
        """Build nothing: no row has rows below it."""

    def build_widget(self, model: Any, item: Any, column_id: int, level: int, expanded: bool) -> None:
        """Build a cell."""
        if item is None:
            return
        text = item.models[column_id].as_string
        new = item.row.action is LabelAction.WRITE
        name = "label_new" if new and column_id == 1 else "row" if column_id < 2 else "dim"
        with ui.HStack(height=20):
            ui.Spacer(width=6)
            ui.Label(text, name=name, elided_text=True, tooltip=text)

    def build_header(self, column_id: int) -> None:
        """Build a column's header."""
        with ui.ZStack(height=22):
            ui.Rectangle(name="table_header")
            with ui.HStack():
                ui.Spacer(width=6)
                ui.Label(_COLUMNS[column_id], name="heading")


class LabelsSection(Section):
    """Preview of labels, and writing them.

    Args:
        view_model: The panel's.
        services: File picker and clipboard.
    """

    def __init__(self, view_model: PanelViewModel, services: Services) -> None:
        super().__init__(services)
        self._vm = view_model
        self._table = LabelTable()
        self._delegate = _Delegate()

    def build(self) -> None:
        """Build the widgets."""
        form = self._vm.form
        self.string_row(
            "Label database",
            form.label_database,
            tooltip="SQLite file of what assets are called (scenecap labels import). Empty: names decide.",
            pick=PickKind.DATABASE,
        )
        with ui.HStack(height=ROW, spacing=GAP):
            ui.Spacer(width=LABEL_WIDTH)
            preview = ui.Button(
                "Preview Labels",
                width=124,
                height=ROW,
                identifier="preview_labels",
                clicked_fn=self._vm.preview_labels,
                tooltip="Show which prims have no label, and what they would be called. Nothing is written.",
            )
            ui.Spacer()
        self.message_row(self._vm.label_message, "label_message")
        self._build_table()
        self.combo_row("Write to", self._vm.label_target, _TARGETS, tooltip="The scene's own files are never changed.")
        file = self.string_row(
            "Label layer",
            self._vm.label_file,
            tooltip="USD file that sublayers the scene and adds labels (.usda, .usd, .usdc): open it instead of the scene.",
            pick=PickKind.LABEL_LAYER,
        )
        self.follow(self._vm.label_target, lambda target: setattr(file, "visible", target == LabelTarget.LAYER))
        self.combo_row(
            "Schema",
            form.label_schema,
            [(schema.value, title) for schema, title in SCHEMA_TITLES.items()],
            tooltip="How labels are written.",
        )
        with ui.HStack(height=ROW, spacing=GAP):
            ui.Spacer(width=LABEL_WIDTH)
            write = ui.Button(
                "Write Labels", width=124, height=ROW, identifier="write_labels", clicked_fn=self._vm.write_labels
            )
            ui.Spacer()

        def enable(_: object) -> None:
            idle = self._vm.activity.value is Activity.IDLE
            shown = self._vm.preview.value
            preview.enabled = idle
            write.enabled = idle and shown is not None and shown.count(LabelAction.WRITE) > 0
            write.tooltip = "" if write.enabled else "Preview first; then there must be something to write."

        self.follow(self._vm.activity, enable)
        self.follow(self._vm.preview, enable)

    def _build_table(self) -> None:
        with ui.ScrollingFrame(
            height=_TABLE_HEIGHT,
            name="table",
            horizontal_scrollbar_policy=ui.ScrollBarPolicy.SCROLLBAR_ALWAYS_OFF,
            identifier="label_table_frame",
        ) as frame:
            ui.TreeView(
                self._table,
                delegate=self._delegate,
                root_visible=False,
                header_visible=True,
                columns_resizable=True,
                column_widths=[ui.Fraction(5), ui.Fraction(2), ui.Fraction(4)],
                identifier="label_table",
            )
        more = ui.Label("", name="dim", height=0, identifier="label_table_more")

        def show(preview: LabelPreview | None) -> None:
            self._table.show(preview)
            rows = len(preview.rows) if preview else 0
            frame.visible = rows > 0
            more.visible = rows > MAX_ROWS
            more.text = f"and {rows - MAX_ROWS:,} more"

        self.follow(self._vm.preview, show)
