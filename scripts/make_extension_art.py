"""Draw the icons of the extensions, and cut their preview images from the manual's pictures.

    python scripts/make_extension_art.py

Writes exts/<name>/data/icon.png (256 x 256) and preview.png (768 x 432). Run it again when the pictures have changed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
ICON_SIZE = 256
PREVIEW_SIZE = (768, 432)
SMOOTH = 4  # drawn so many times larger, then made small: Pillow draws without antialiasing

GROUND = (30, 34, 40)
BOX = (236, 239, 244)
LINE = (148, 160, 176)

#: Extension -> colour of its graph, and the manual's pictures that its preview shows side by side.
EXTENSIONS: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]] = {
    "scenecap.core": ((118, 185, 71), ("living_room_graph.jpg",)),
    "scenecap.replicator": ((74, 163, 223), ("dining_table_graph.jpg",)),
    "scenecap.ui": ((240, 170, 64), ("panel_settings.png", "panel.png")),
}
#: Nodes of the graph on the icon, in 256ths: (x, y, radius); the first is what holds the others.
NODES = ((128, 190, 22), (70, 116, 17), (136, 82, 17), (192, 124, 17))
EDGES = ((0, 1), (0, 2), (0, 3), (1, 2))
CORNER_SPAN = (26, 230, 44)  # corners of the box around the graph: from, to, length


def draw_icon(colour: tuple[int, int, int]) -> Image.Image:
    """Return an icon: corners of a bounding box around a small graph."""
    scale = SMOOTH
    image = Image.new("RGBA", (ICON_SIZE * scale, ICON_SIZE * scale), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius=40 * scale, fill=GROUND)
    low, high, length = (value * scale for value in CORNER_SPAN)
    for x, dx in ((low, length), (high, -length)):
        for y, dy in ((low, length), (high, -length)):
            draw.line((x + dx, y, x, y, x, y + dy), fill=BOX, width=9 * scale, joint="curve")
    for first, second in EDGES:
        points = [value * scale for node in (first, second) for value in NODES[node][:2]]
        draw.line(points, fill=LINE, width=8 * scale)
    for index, (x, y, radius) in enumerate(NODES):
        bounds = [value * scale for value in (x - radius, y - radius, x + radius, y + radius)]
        draw.ellipse(bounds, fill=colour if index == 0 else BOX)
        if index:
            inner = [value + offset for value, offset in zip(bounds, (6 * scale,) * 2 + (-6 * scale,) * 2, strict=True)]
            draw.ellipse(inner, fill=colour)
    return image.resize((ICON_SIZE, ICON_SIZE), Image.Resampling.LANCZOS)


def make_preview(pictures: Sequence[Path]) -> Image.Image:
    """Return pictures side by side in the preview's shape, with few colours so that the file stays small.

    Each is cut to its share of the width: a wide one to its middle, a tall one (the panel) to its top.
    """
    whole = Image.new("RGB", PREVIEW_SIZE, GROUND)
    gap = 4
    width, height = (PREVIEW_SIZE[0] - gap * (len(pictures) - 1)) // len(pictures), PREVIEW_SIZE[1]
    for number, picture in enumerate(pictures):
        with Image.open(picture) as opened:
            image = opened.convert("RGB")
        scale = max(width / image.width, height / image.height)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
        left = (image.width - width) // 2
        whole.paste(image.crop((left, 0, left + width, height)), (number * (width + gap), 0))
    return whole.quantize(256, method=Image.Quantize.MEDIANCUT)


def main() -> int:
    for name, (colour, pictures) in EXTENSIONS.items():
        folder = ROOT / "exts" / name / "data"
        folder.mkdir(parents=True, exist_ok=True)
        found = [ROOT / "docs" / "images" / picture for picture in pictures]
        missing = [picture.name for picture in found if not picture.is_file()]
        if missing:
            print(f"docs/images: {', '.join(missing)} is not there; make the manual's pictures first.", file=sys.stderr)
            return 2
        draw_icon(colour).save(folder / "icon.png", optimize=True)
        make_preview(found).save(folder / "preview.png", optimize=True)
        print(folder.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
