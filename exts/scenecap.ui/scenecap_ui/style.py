"""Colours and sizes of the panel; close to Kit's dark style, so that it sits well beside Kit's own windows."""

from __future__ import annotations

from typing import Any

#: Height of a row [px], width of its label, space between rows, and inside a section.
ROW = 24
LABEL_WIDTH = 118
GAP = 6
PAD = 10


def color(hex_rgb: str, alpha: int = 255) -> int:
    """Return "#RRGGBB" as omni.ui takes colours: 0xAABBGGRR."""
    value = int(hex_rgb.lstrip("#"), 16)
    red, green, blue = value >> 16, value >> 8 & 255, value & 255
    return alpha << 24 | blue << 16 | green << 8 | red


BACKGROUND = color("#2a2b2e")
SURFACE = color("#333539")
HEADER = color("#3c3f44")
HEADER_HOVER = color("#464a50")
FIELD = color("#1e1f22")
LINE = color("#4a4e55")
TEXT = color("#d6d8dc")
DIM = color("#9498a0")
ACCENT = color("#3d8fb5")
ACCENT_HOVER = color("#4aa3cc")
ACCENT_PRESSED = color("#347c9e")
DISABLED = color("#6b6f77")
ERROR = color("#f08a7d")
GOOD = color("#8ccf9b")
WARNING = color("#e8c06a")

_FIELD_STYLE = {
    "background_color": FIELD,
    "color": TEXT,
    "secondary_color": ACCENT,
    "secondary_selected_color": ACCENT_HOVER,
    "border_radius": 3,
    "border_color": FIELD,
    "border_width": 1,
    "padding": 4,
}

STYLE: dict[str, dict[str, Any]] = {
    "Window": {"background_color": BACKGROUND},
    "ScrollingFrame": {"background_color": BACKGROUND, "secondary_color": LINE, "scrollbar_size": 8},
    "Label": {"color": TEXT, "font_size": 14},
    "Label::row": {"color": TEXT},
    "Label::dim": {"color": DIM},
    "Label::title": {"color": TEXT, "font_size": 18},
    "Label::heading": {"color": DIM, "font_size": 14},
    "Label::section": {"color": TEXT, "font_size": 16},
    "Label::info": {"color": DIM},
    "Label::good": {"color": GOOD},
    "Label::warning": {"color": WARNING},
    "Label::error": {"color": ERROR},
    "Label::label_new": {"color": GOOD},
    "Rectangle::section": {"background_color": HEADER, "border_radius": 3},
    "Rectangle::section:hovered": {"background_color": HEADER_HOVER},
    "Rectangle::body": {"background_color": SURFACE, "border_radius": 3},
    "Rectangle::footer": {"background_color": SURFACE},
    "Rectangle::picture": {"background_color": FIELD, "border_radius": 3},
    "Rectangle::table_header": {"background_color": HEADER},
    "Rectangle::line": {"background_color": LINE},
    "Triangle::section": {"background_color": DIM},
    "CollapsableFrame": {
        "background_color": 0,
        "secondary_color": 0,
        "border_width": 0,
        "border_color": 0,
        "padding": 0,
        "margin": 0,
    },
    "Field": _FIELD_STYLE,
    "StringField": _FIELD_STYLE,
    "IntField": _FIELD_STYLE,
    "StringField::wrong": {**_FIELD_STYLE, "border_color": ERROR},
    "IntField::wrong": {**_FIELD_STYLE, "border_color": ERROR},
    "Field::wrong": {**_FIELD_STYLE, "border_color": ERROR},
    "ComboBox": {
        "background_color": FIELD,
        "secondary_color": FIELD,
        "secondary_background_color": FIELD,
        "color": TEXT,
        "selected_color": ACCENT,
        "secondary_selected_color": TEXT,
        "border_radius": 3,
        "padding": 4,
        "padding_width": 6,
        "font_size": 14,
    },
    "CheckBox": {"background_color": FIELD, "color": ACCENT_HOVER, "border_radius": 3, "font_size": 14},
    "Slider": {
        "background_color": FIELD,
        "secondary_color": ACCENT,
        "secondary_selected_color": ACCENT_HOVER,
        "color": TEXT,
        "border_radius": 3,
    },
    "Button": {"background_color": HEADER_HOVER, "border_radius": 3, "padding": 3, "margin": 0},
    "Button:hovered": {"background_color": LINE},
    "Button:pressed": {"background_color": HEADER},
    "Button:disabled": {"background_color": HEADER},
    "Button.Label": {"color": TEXT, "font_size": 14},
    "Button.Label:disabled": {"color": DISABLED},
    "Button::main": {"background_color": ACCENT},
    "Button::main:hovered": {"background_color": ACCENT_HOVER},
    "Button::main:pressed": {"background_color": ACCENT_PRESSED},
    "Button::main:disabled": {"background_color": HEADER},
    "ProgressBar": {
        "background_color": FIELD,
        "color": ACCENT,
        "secondary_color": TEXT,
        "border_radius": 3,
        "font_size": 13,
    },
    "TreeView": {
        "background_color": FIELD,
        "background_selected_color": HEADER,
        "secondary_color": LINE,
        "secondary_selected_color": LINE,
        "color": TEXT,
    },
    "TreeView:selected": {"background_color": HEADER},
    "TreeView.Header": {"background_color": HEADER, "color": DIM},
    "TreeView.ScrollingFrame": {"background_color": FIELD},
    "ScrollingFrame::table": {"background_color": FIELD, "secondary_color": LINE, "scrollbar_size": 8, "border_radius": 3},
}
