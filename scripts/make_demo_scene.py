#!/usr/bin/env python3
"""Write the project's own demo scene: ``python scripts/make_demo_scene.py [FOLDER]``.

The same code gives the same bytes on every machine (the pictures the same pixels); the result is committed under
``examples/living_room``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo_scene.layout import assets, place_all
from demo_scene.stage import stage_text
from demo_scene.textures import TEXTURES, png


def scene_files() -> dict[str, bytes]:
    """All files of the scene by path relative to its folder."""
    files = {"living_room.usda": stage_text(place_all()).encode("utf-8")}
    files.update({f"assets/{name}.usda": asset.text().encode("utf-8") for name, asset in sorted(assets().items())})
    files.update({f"textures/{name}": png(make()) for name, make in sorted(TEXTURES.items())})
    return files


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else Path(__file__).resolve().parents[1] / "examples" / "living_room"
    files = scene_files()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.2f} MB in {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
