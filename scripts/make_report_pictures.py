"""Take the manual's pictures of the report: the demo scene from its cameras and from placed views, shown by Chromium.

    python scripts/make_report_pictures.py                    # some minutes: quality preview
    python scripts/make_report_pictures.py --quality draft

Writes docs/images/report_*.jpg. Needs the extra test and Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scenecap.output.report.build import write_report
from scenecap.run.config import Override, load_config
from scenecap.run.job import run_job

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
SIZE = {"width": 1440, "height": 900}

#: Cameras of the scene, and views from all around and within the room.
CONFIG = """\
scenecap:
  scenes: [{scene}]
  output_path: {out}
  resolution: 640x480
  viewpoints:
    - kind: all
    - kind: look_at
      at: sofa
      count: 3
    - kind: look_at
      at: dining table
      count: 3
    - kind: volume
      count: 6
      clearance: 0.3
  rejection:
    max_object_share: 0.6
"""


def gallery(page: Page) -> None:
    page.locator('[data-facet="labels"] input[value="sofa"]').check()
    page.wait_for_timeout(800)


def frame(page: Page) -> None:
    page.locator('.object[aria-label$=" coffee table"]').first.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)


def statistics(page: Page) -> None:
    page.wait_for_timeout(300)


#: Picture -> which dataset, address, what is done there.
PICTURES: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "report_gallery.jpg": ("views", "#/", gallery),
    "report_frame.jpg": ("demo", "#/frame/2?tab=relations", frame),
    "report_statistics.jpg": ("views", "#/statistics", statistics),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quality", default="preview", help="draft, preview or final")
    quality = parser.parse_args().quality
    program = os.environ.get("SCENECAP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("needs Chromium, or its path in SCENECAP_CHROMIUM", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        views = home / "views.yaml"
        scene = ROOT / "examples" / "living_room" / "living_room.usda"
        views.write_text(CONFIG.format(scene=scene, out=home / "views"), encoding="utf-8")
        for name, config in (("demo", ROOT / "config" / "demo.yaml"), ("views", views)):
            overrides = (Override("quality", quality, "--quality"), Override("output_path", str(home / name), "output"))
            run_job(load_config(config, overrides=overrides))
            write_report(home / name)
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=program, args=OPTIONS)
            for picture, (dataset, where, act) in PICTURES.items():
                page = browser.new_page(viewport=SIZE, color_scheme="light")  # type: ignore[arg-type]
                page.goto(f"{(home / dataset / 'report' / 'index.html').as_uri()}{where}")
                page.wait_for_selector("main > :not(.loading)")
                page.wait_for_timeout(800)
                act(page)
                page.screenshot(path=IMAGES / picture, type="jpeg", quality=86)
                page.close()
            browser.close()
    print(f"{len(PICTURES)} pictures in {IMAGES.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
