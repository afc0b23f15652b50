"""Caption the demo scene and take the manual's pictures and example captions from the result.

    python scripts/make_docs_pictures.py            # a minute or two: quality final
    python scripts/make_docs_pictures.py --quality draft
    python scripts/make_docs_pictures.py --only sheet     # a few seconds: the sheet of an asset

Writes docs/images/*.jpg and the captions between the demo marks of README.md.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tempfile
from pathlib import Path

from PIL import Image

from scenecap.capture.turntable.sheet import draw_sheet, sheet_bytes
from scenecap.capture.turntable.studio import Studio
from scenecap.run.config import Override, load_config
from scenecap.run.inspection import inspect_stage
from scenecap.run.job import run_job

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
README = ROOT / "README.md"
#: The README's example.
EXAMPLE = "LivingRoom_Cameras_CoffeeTable"
#: Picture of the manual -> file of the run.
PICTURES = {
    "living_room.jpg": "LivingRoom_Cameras_Overview/Image/LivingRoom_Cameras_Overview.png",
    "living_room_graph.jpg": f"{EXAMPLE}/Captions/vis_camera_scene_graph.jpg",
    "dining_table_graph.jpg": "LivingRoom_Cameras_DiningTable/Captions/vis_camera_scene_graph.jpg",
}
#: The asset whose sheet labels.md shows, and the picture's name.
SHEET = ("/LivingRoom/Furniture/SM_Armchair_01", "asset_sheet.jpg")
#: Questions of each kind that the README shows.
SHOWN_KINDS = ("count", "color", "support", "left_right", "nearest", "distance")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quality", default="final", help="draft, preview or final")
    parser.add_argument("--only", choices=("sheet",), help="make this one alone")
    args = parser.parse_args()
    make_sheet()
    if args.only == "sheet":
        return 0
    quality = args.quality
    with tempfile.TemporaryDirectory() as folder:
        overrides = (Override("quality", quality, "--quality"), Override("output_path", folder, "output"))
        result = run_job(load_config(ROOT / "config" / "demo.yaml", overrides=overrides))
        if result.exit_code:
            print([frame.row.reason for frame in result.frames], file=sys.stderr)
            return 1
        IMAGES.mkdir(parents=True, exist_ok=True)
        for name, source in PICTURES.items():
            (IMAGES / name).write_bytes(_jpeg(Path(folder) / source))
        captions = json.loads((Path(folder) / EXAMPLE / "Captions" / "scene_graph_caption.json").read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    begin, end = "<!-- demo:begin -->\n", "<!-- demo:end -->"
    before, after = text.split(begin)[0], text.split(end)[1]
    README.write_text(f"{before}{begin}{_example(captions)}{end}{after}", encoding="utf-8")
    print(f"{len(PICTURES) + 1} pictures in {IMAGES.relative_to(ROOT)}, example captions in README.md")
    return 0


def make_sheet() -> None:
    """Draw an asset as ``scenecap labels annotate`` shows it to a model."""
    found = inspect_stage(load_config(ROOT / "config" / "demo.yaml"))
    asset = Studio(found.world, found.moment).observe(SHEET[0])
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / SHEET[1]).write_bytes(sheet_bytes(draw_sheet(asset)))


def _jpeg(path: Path) -> bytes:
    buffer = io.BytesIO()
    Image.open(path).convert("RGB").save(buffer, "JPEG", quality=88, optimize=True, progressive=True)
    return buffer.getvalue()


def _example(captions: dict) -> str:
    questions = []
    for kind in SHOWN_KINDS:
        one = next((item for item in captions["qa_caption"] if item["kind"] == kind), None)
        if one is not None:
            questions.append(f"| {one['question']} | {one['answer']} |")
    lines = [
        f"> **brief** {captions['brief_caption']}",
        ">",
        f"> **global** {captions['global_caption']}",
        "",
        "| question | answer |",
        "|---|---|",
        *questions,
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


if __name__ == "__main__":
    sys.exit(main())
