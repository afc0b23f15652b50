"""Draw the icons of the extensions, and cut their preview images from the manual's pictures.

    python scripts/make_extension_art.py

Writes exts/<name>/data/icon.png (256 x 256) and preview.png (768 x 432). Run it again when the pictures have changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[1]
ICON_SIZE = 256
PREVIEW_SIZE = (768, 432)
SMOOTH = 4  # drawn so many times larger, then made small: Pillow draws without antialiasing

GROUND = (30, 34, 40)
BOX = (236, 239, 244)
LINE = (148, 160, 176)

#: Extension -> colour of its graph, and the manual's pictures for its preview (the first that is there).
EXTENSIONS: dict[str, tuple[tuple[int, int, int], tuple[str, ...]]] = {
    "scenecap.core": ((118, 185, 71), ("living_room_graph.jpg",)),
    "scenecap.replicator": ((74, 163, 223), ("dining_table_graph.jpg",)),
    "scenecap.ui": ((240, 170, 64), ("panel.png", "living_room.jpg")),
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


def make_preview(picture: Path) -> Image.Image:
    """Return the middle of a picture in the preview's shape, with few colours so that the file stays small."""
    with Image.open(picture) as opened:
        image = opened.convert("RGB")
    width, height = PREVIEW_SIZE
    scale = max(width / image.width, height / image.height)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height)).quantize(256, method=Image.Quantize.MEDIANCUT)


def main() -> int:
    for name, (colour, pictures) in EXTENSIONS.items():
        folder = ROOT / "exts" / name / "data"
        folder.mkdir(parents=True, exist_ok=True)
        found = [ROOT / "docs" / "images" / picture for picture in pictures]
        found = [picture for picture in found if picture.is_file()]
        if not found:
            print(f"docs/images: none of {', '.join(pictures)} is there; run 'make pictures' first.", file=sys.stderr)
            return 2
        draw_icon(colour).save(folder / "icon.png", optimize=True)
        make_preview(found[0]).save(folder / "preview.png", optimize=True)
        print(folder.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
