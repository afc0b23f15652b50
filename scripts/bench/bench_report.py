"""Time the report of a large dataset: writing it, its first paint, its filters and opening a frame; print a Markdown table.

The demo scene is captioned at 640x480 from its cameras (or --dataset names a dataset), and its frames are repeated under other
names until there are --frames of them. Chromium opens the report from the disk; needs the extra test and Chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scenecap.output.dataset.files import file_kind
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.manifest import MANIFEST_NAME, FrameRow
from scenecap.output.report.build import write_report
from scenecap.run.config import Override, load_config
from scenecap.run.job import run_job

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

#: Waits for what a change of the address brings: another number of frames, drawn. Returns milliseconds.
FILTER = """
async (where) => {
  const found = document.getElementById("found");
  const drawn = new Promise((resolve) => new MutationObserver((_, watch) => {
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(resolve));
  }).observe(found, { childList: true, characterData: true, subtree: true }));
  const start = performance.now();
  location.replace(where);
  await drawn;
  return performance.now() - start;
}
"""
#: Opens a frame and waits until its picture is there.
OPEN = """
async (number) => {
  const start = performance.now();
  location.hash = `#/frame/${number}`;
  for (;;) {
    const frame = document.querySelector(`.frame[data-number="${number}"]`);
    const shot = frame && frame.querySelector(".shot");
    if (shot && shot.complete && shot.naturalWidth) return performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--dataset", type=Path, help="a dataset whose frames are repeated, instead of the demo's")
    parser.add_argument("--keep", type=Path, help="keep the large dataset and its report in this folder")
    options = parser.parse_args()
    program = os.environ.get("SCENECAP_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("needs Chromium, or its path in SCENECAP_CHROMIUM", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        base = options.dataset or demo(Path(folder) / "demo")
        large = options.keep or Path(folder) / "large"
        multiply(base, large, options.frames)
        start, work = time.perf_counter(), time.process_time()
        report = write_report(large, force=True)
        seconds, busy = time.perf_counter() - start, time.process_time() - work
        index = (large / "report" / "data" / "index.js").stat().st_size
        print(f"{report.frames} frames; index {index / 1e6:.1f} MB\n")
        print("| | |\n|---|---|")
        print(f"| write the report | {seconds:.1f} s; of processors {1000 * busy / report.frames:.0f} ms a frame |")
        print(f"| size | {report.bytes / 1e6:.0f} MB, {report.bytes / 1e3 / report.frames:.0f} kB a frame |")
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=program, args=OPTIONS)
            measure(browser.new_page(viewport={"width": 1440, "height": 900}), report.page)
            browser.close()
    return 0


def demo(folder: Path) -> Path:
    """Caption the demo scene from its cameras."""
    overrides = (
        Override("quality", "draft", "bench"),
        Override("resolution", [640, 480], "bench"),
        Override("output_path", str(folder), "bench"),
    )
    run_job(load_config(ROOT / "config" / "demo.yaml", overrides=overrides))
    return folder


def multiply(base: Path, large: Path, count: int) -> None:
    """Repeat the frames of a dataset: documents and pictures are linked, scenes and cameras are named anew."""
    frames = list(open_dataset(base).frames())
    rows: list[FrameRow] = []
    for number in range(count):
        row = frames[number % len(frames)].row
        copy = number // len(frames)
        records = tuple(
            replace(record, path=f"copy_{copy}/{record.path}") for record in row.files if file_kind(record.path) is not None
        )
        for record in records:
            target = large / record.path
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                link(base / record.path.removeprefix(f"copy_{copy}/"), target)
        name = f"{row.scene}_{copy % 20:02d}"
        rows.append(replace(row, number=number, key=f"{copy}_{row.key}", scene=name, frame_index=copy, files=records))
    (large / MANIFEST_NAME).write_text("".join(row.to_line() for row in rows), encoding="utf-8")


def link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def measure(page: Page, html: Path) -> None:
    """Print what a person waits for."""
    paints, cards = [], []
    for _ in range(3):
        start = time.perf_counter()
        page.goto(html.resolve().as_uri())
        page.wait_for_selector(".card")
        cards.append(1000 * (time.perf_counter() - start))
        paints.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
    print(
        f"| first paint, first cards (median of 3) | {statistics.median(paints):.0f} ms, {statistics.median(cards):.0f} ms |"
    )
    for name, places in (
        ("filter by one label", ["#/?label=book", "#/?label=sofa", "#/?label=vase"]),
        ("filter by words", ["#/?q=rug", '#/?q="on the sofa"', "#/?q=red+mug"]),
        ("filter by a scene", ["#/?scene=living_room_03", "#/?scene=living_room_04", "#/?scene=living_room_05"]),
        ("take the filter away, sort", ["#/", "#/?sort=hidden", "#/?sort=least"]),
    ):
        times = [page.evaluate(FILTER, place) for place in places]
        print(f"| {name} (median of 3) | {statistics.median(times):.0f} ms |")
    place = "#/?relation=supported+by&subject=book"
    print(f"| filter by a relation between labels, the first time | {page.evaluate(FILTER, place):.0f} ms |")
    print(f"| the next time | {page.evaluate(FILTER, f'{place}&object=book'):.0f} ms |")
    page.evaluate(FILTER, "#/")
    opened = [page.evaluate(OPEN, number) for number in (10, 501, 1002)]
    print(f"| open a frame, its picture drawn (median of 3) | {statistics.median(opened):.0f} ms |")


if __name__ == "__main__":
    sys.exit(main())
