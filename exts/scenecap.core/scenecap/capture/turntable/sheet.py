"""Lay an asset's views out on one sheet, each with a bar that tells its scale. No text of the stage is on it."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFont

from scenecap.capture.turntable.studio import KNOWN_COLOR, AssetViews, TurntablePicture

_PAPER, _INK, _LIGHT = (245, 245, 245), (20, 20, 20), (255, 255, 255)
_GAP = 4
#: JPEG: a tenth of a PNG's bytes.
_QUALITY = 90


def draw_sheet(asset: AssetViews) -> Image.Image:
    """Return the sheet: the views in rows, and below them the asset's size in words.

    Args:
        asset: The views.
    """
    pictures = asset.pictures
    edge = pictures[0].rgb.shape[0]
    columns = columns_of(len(pictures))
    rows = math.ceil(len(pictures) / columns)
    strip = max(edge // 10, 20)
    size = (columns * (edge + _GAP) + _GAP, rows * (edge + _GAP) + _GAP + strip)
    sheet = Image.new("RGB", size, _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = _font(max(edge // 20, 10))
    for number, picture in enumerate(pictures):
        left = _GAP + (number % columns) * (edge + _GAP)
        top = _GAP + (number // columns) * (edge + _GAP)
        sheet.paste(Image.fromarray(picture.rgb), (left, top))
        _draw_bar(draw, picture, left, top, font)
    words = size_words(asset.size)
    if asset.color_known < KNOWN_COLOR:
        words += "; its colors are not known"
    draw.text((2 * _GAP, size[1] - strip + strip // 5), words, fill=_INK, font=font)
    return sheet


def sheet_bytes(sheet: Image.Image) -> bytes:
    """Return a sheet as a JPEG file."""
    stream = io.BytesIO()
    sheet.save(stream, format="JPEG", quality=_QUALITY)
    return stream.getvalue()


def columns_of(count: int) -> int:
    """Return in how many columns so many views are laid out."""
    return 2 if count <= 4 else 3 if count <= 6 else 4


def size_words(size: tuple[float, float, float]) -> str:
    """Return an asset's size in words: "0.42 m wide, 0.4 m deep, 0.9 m high".

    Args:
        size: Width, depth and height [m].
    """
    names = ("wide", "deep", "high")
    return ", ".join(f"{length_words(value)} {name}" for value, name in zip(size, names, strict=True))


def length_words(meters: float) -> str:
    """Return a length for a person: "3 mm", "12 cm", "1.4 m"."""
    if meters < 0.0005:
        return "0 mm"
    if meters < 0.02:
        return f"{meters * 1000:.2g} mm"
    if meters < 1.0:
        return f"{meters * 100:.{1 if meters < 0.0995 else 0}f}".removesuffix(".0") + " cm"
    return f"{meters:.2f}".rstrip("0").rstrip(".") + " m"


def bar_length(meters_per_px: float, room: float) -> float:
    """Return the longest of 1, 2, 5, 10, ... [m] that is at most ``room`` pixels long."""
    longest = max(meters_per_px * room, 1e-12)
    power = 10.0 ** math.floor(math.log10(longest) + 1e-9)
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest * (1.0 + 1e-9))


def _draw_bar(draw: ImageDraw.ImageDraw, picture: TurntablePicture, left: int, top: int, font: ImageFont.ImageFont) -> None:
    edge = picture.rgb.shape[0]
    length = bar_length(picture.view.meters_per_px, 0.3 * edge)
    x0, y = left + edge // 24, top + edge - edge // 20
    x1 = x0 + length / picture.view.meters_per_px
    tick = max(edge // 80, 3)
    for width, ink in ((5, _INK), (2, _LIGHT)):  # a light line in a dark one, for any ground
        draw.line([(x0, y), (x1, y)], fill=ink, width=width)
        for x in (x0, x1):
            draw.line([(x, y - tick), (x, y + tick)], fill=ink, width=width)
    draw.text(
        (x0, y - tick - 2),
        length_words(length),
        fill=_INK,
        font=font,
        anchor="ls" if hasattr(font, "font") else None,
    )


def _font(size: int) -> ImageFont.ImageFont:
    """Return Pillow's own font; where it is built without FreeType, its bitmap font of one size."""
    try:
        return ImageFont.load_default(size)  # type: ignore[return-value]
    except (ImportError, TypeError):  # Pillow 10.0 takes no size
        return ImageFont.load_default()  # type: ignore[return-value]
