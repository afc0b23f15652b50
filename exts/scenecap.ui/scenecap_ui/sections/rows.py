"""Rows that all sections are made of: a label, a widget bound to a field, and what is wrong with it below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import omni.ui as ui  # pyright: ignore[reportMissingImports]

from scenecap_ui.fields import Field
from scenecap_ui.messages import Message
from scenecap_ui.observable import Observable, Subscriptions
from scenecap_ui.pickers import PickKind, Services
from scenecap_ui.style import GAP, LABEL_WIDTH, PAD, ROW


class Section:
    """Base of the sections.

    Args:
        services: File picker and clipboard.
    """

    def __init__(self, services: Services) -> None:
        self.services = services
        self.subscriptions = Subscriptions()

    def follow(self, observable: Observable[Any], listener: Callable[[Any], None]) -> None:
        """Call a function with a value, now and at each change, until the section is destroyed."""
        self.subscriptions.add(observable.subscribe(listener))

    def destroy(self) -> None:
        """Stop listening."""
        self.subscriptions.close()

    # -- rows

    def label(self, text: str, tooltip: str = "") -> None:
        """Build the label at the start of a row."""
        ui.Label(text, width=LABEL_WIDTH, height=ROW, name="row", tooltip=tooltip, elided_text=True)

    def string_row(
        self,
        text: str,
        field: Field[str],
        *,
        tooltip: str,
        pick: PickKind | None = None,
        on_typed: Callable[[str], None] | None = None,
        button: tuple[str, str, Callable[[], None]] | None = None,
    ) -> ui.VStack:
        """Build a text field, with a button that picks a path or does something else.

        Args:
            text: Label.
            field: What is edited.
            tooltip: What it means.
            pick: What the picker's button picks.
            on_typed: Takes what is typed instead of the field.
            button: (identifier, text, action) of a button at the end of the row.
        """
        with ui.VStack(height=0, spacing=2) as row:
            with ui.HStack(height=ROW, spacing=GAP):
                self.label(text, tooltip)
                widget = ui.StringField(identifier=f"field_{field.name}", tooltip=tooltip, height=ROW)
                if pick is not None and self.services.picker is not None:
                    ui.Button(
                        "...",
                        width=30,
                        height=ROW,
                        identifier=f"pick_{field.name}",
                        tooltip="Choose",
                        clicked_fn=lambda: self._pick(pick, field),
                    )
                if button is not None:
                    identifier, title, action = button
                    ui.Button(title, width=96, height=ROW, identifier=identifier, clicked_fn=action)
            self.error_row(field.error, field.name)
        self._bind(widget.model, field, on_typed or field.set, lambda model: model.as_string)
        self.follow(field.error, lambda error: setattr(widget, "name", "wrong" if error else ""))
        return row

    def int_row(self, text: str, field: Field[int], *, tooltip: str) -> None:
        """Build a field for a whole number."""
        with ui.VStack(height=0, spacing=2):
            with ui.HStack(height=ROW, spacing=GAP):
                self.label(text, tooltip)
                widget = ui.IntField(identifier=f"field_{field.name}", tooltip=tooltip, height=ROW)
            self.error_row(field.error, field.name)
        self._bind(widget.model, field, field.set, lambda model: model.as_int)
        self.follow(field.error, lambda error: setattr(widget, "name", "wrong" if error else ""))

    def slider_row(self, text: str, field: Field[float], *, tooltip: str) -> None:
        """Build a slider from 0 to 1."""
        with ui.VStack(height=0, spacing=2):
            with ui.HStack(height=ROW, spacing=GAP):
                self.label(text, tooltip)
                widget = ui.FloatSlider(
                    identifier=f"field_{field.name}", tooltip=tooltip, min=0.0, max=1.0, step=0.01, height=ROW
                )
            self.error_row(field.error, field.name)
        self._bind(widget.model, field, lambda value: field.set(round(value, 3)), lambda model: model.as_float)

    def check_box(self, text: str, field: Field[bool], *, tooltip: str, width: int = 112) -> None:
        """Build a check box and the text after it, which can be clicked too."""
        with ui.HStack(width=width, height=ROW, spacing=5):
            with ui.VStack(width=16, height=ROW):
                ui.Spacer()
                widget = ui.CheckBox(identifier=f"check_{field.name}", tooltip=tooltip, width=16, height=16)
                ui.Spacer()
            label = ui.Label(text, name="row", height=ROW, tooltip=tooltip, width=width - 21)
            label.set_mouse_pressed_fn(lambda *_: field.set(not field.value))
        self._bind(widget.model, field, field.set, lambda model: model.as_bool)

    def combo_row(self, text: str, field: Field[str], titles: Sequence[tuple[str, str]], *, tooltip: str) -> None:
        """Build a drop-down of (value, title)."""
        values = [value for value, _ in titles]
        with ui.VStack(height=0, spacing=2):
            with ui.HStack(height=ROW, spacing=GAP):
                self.label(text, tooltip)
                index = values.index(field.value) if field.value in values else 0
                box = ui.ComboBox(
                    index, *[title for _, title in titles], identifier=f"combo_{field.name}", tooltip=tooltip, height=ROW
                )
            self.error_row(field.error, field.name)
        model = box.model.get_item_value_model()

        def show(value: str) -> None:
            if value in values and model.as_int != values.index(value):
                model.set_value(values.index(value))

        self.follow(field, show)
        self.hold(model.subscribe_value_changed_fn(lambda item: field.set(values[item.as_int])))

    def error_row(self, error: Observable[str], name: str) -> None:
        """Build the place below a row where its error stands, in words."""
        with ui.HStack(height=0) as row:
            ui.Spacer(width=LABEL_WIDTH + GAP)
            label = ui.Label("", name="error", word_wrap=True, height=0, identifier=f"error_{name}")

        def show(text: str) -> None:
            label.text = text
            row.visible = bool(text)

        self.follow(error, show)

    def message_row(self, message: Observable[Message], identifier: str) -> None:
        """Build the place where a section says what happened."""
        label = ui.Label("", word_wrap=True, height=0, identifier=identifier)

        def show(item: Message) -> None:
            label.text = item.text
            label.name = item.tone.value
            label.visible = bool(item.text)

        self.follow(message, show)

    def heading(self, text: str) -> None:
        """Build a small heading within a section."""
        with ui.HStack(height=18, spacing=GAP):
            ui.Label(text, name="heading", width=0)
            with ui.VStack():
                ui.Spacer()
                ui.Rectangle(name="line", height=1)
                ui.Spacer()

    # -- helpers

    def hold(self, subscription: Any) -> None:
        """Keep a subscription of omni.ui alive for as long as the section."""
        held = [subscription]
        self.subscriptions.add(held.clear)

    def _bind(self, model: Any, field: Field[Any], write: Callable[[Any], None], read: Callable[[Any], Any]) -> None:
        def show(value: Any) -> None:
            if read(model) != value:
                model.set_value(value)

        self.follow(field, show)
        self.hold(model.subscribe_value_changed_fn(lambda item: write(read(item))))

    def _pick(self, kind: PickKind, field: Field[str]) -> None:
        if self.services.picker is not None:
            self.services.picker.pick(kind, field.value, field.set)


def collapsable(title: str, name: str, opened: Field[bool], build: Callable[[], None]) -> ui.CollapsableFrame:
    """Build a group with a header that opens and closes it; whether it is open is kept."""

    def header(collapsed: bool, text: str) -> None:
        with ui.ZStack(height=ROW + 4):
            ui.Rectangle(name="section")
            with ui.HStack(spacing=8):
                ui.Spacer(width=4)
                with ui.VStack(width=9):
                    ui.Spacer()
                    alignment = ui.Alignment.RIGHT_CENTER if collapsed else ui.Alignment.CENTER_BOTTOM
                    ui.Triangle(name="section", width=9, height=9, alignment=alignment)
                    ui.Spacer()
                ui.Label(text, name="section", identifier=f"header_{name}")

    frame = ui.CollapsableFrame(
        title, height=0, collapsed=not opened.value, build_header_fn=header, identifier=f"section_{name}"
    )
    with frame, ui.ZStack(height=0):
        ui.Rectangle(name="body")
        with ui.VStack(height=0):
            ui.Spacer(height=PAD)
            with ui.HStack(height=0):
                ui.Spacer(width=PAD)
                with ui.VStack(height=0, spacing=GAP):
                    build()
                ui.Spacer(width=PAD)
            ui.Spacer(height=PAD)
    frame.set_collapsed_changed_fn(lambda collapsed: opened.set(not collapsed))
    return frame
