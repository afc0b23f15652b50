"""Draw the panel without Isaac Sim: the real omni.ui, off-screen, with the demo scene behind it.

    python scripts/panel_preview.py docs/images

writes panel.png (a result), panel_settings.png (Caption Settings), panel_labels.png (the preview of labels) and
panel_error.png (what is wrong, in place).
Needs Python 3.12 with ovui and scenecap[capture].
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
for folder in ("scripts", "exts/scenecap.core", "exts/scenecap.ui"):
    sys.path.insert(0, str(REPOSITORY / folder))

from omniui_offscreen import OffscreenUnavailable, run, start  # noqa: E402

WIDTH, HEIGHT = 560, 1180
SCENE = REPOSITORY / "examples" / "living_room" / "living_room.usda"


async def draw(target: Path, *, quality: str) -> None:
    """Take the pictures."""
    import omni.ui as ui
    from omni.ui.testing import capture_screenshot, wait_frames

    from scenecap_ui.caption_form import CameraMode
    from scenecap_ui.embedded_backend import EmbeddedBackend
    from scenecap_ui.panel import Panel
    from scenecap_ui.pickers import Services
    from scenecap_ui.view_model import PanelViewModel

    model = PanelViewModel(EmbeddedBackend({"quality": quality}))
    flags = ui.WINDOW_FLAGS_NO_TITLE_BAR | ui.WINDOW_FLAGS_NO_RESIZE | ui.WINDOW_FLAGS_NO_MOVE | ui.WINDOW_FLAGS_NO_SCROLLBAR
    window = ui.Window(
        "Scenecap", width=WIDTH, height=HEIGHT, position_x=0, position_y=0, flags=flags, padding_x=0, padding_y=0
    )
    panel = Panel(window.frame, model, Services(_NoDialog(), print))  # with the buttons that there are in Kit

    async def shoot(name: str) -> None:
        await wait_frames(12)
        if not capture_screenshot(str(target / name)):
            raise SystemExit(f"{name} cannot be written")

    async def done() -> None:
        waiting = asyncio.ensure_future(model.wait_idle())
        while not waiting.done():
            await wait_frames(1)
            await asyncio.sleep(0.1)

    model.form.scene.set(os.path.relpath(SCENE, REPOSITORY))
    model.form.output.set("out/living_room")
    model.load_scene()
    await done()
    _open(panel, "model", "captions")
    model.model.url.set("localhost:8000")
    model.check_model()
    model.form.max_objects.set(0)
    model.form.frames.set("0..ten")
    model.generate()
    await done()
    await shoot("panel_error.png")
    model.form.max_objects.set(100)
    model.form.frames.set("")
    _open(panel, "labels")
    model.preview_labels()
    await done()
    await shoot("panel_labels.png")
    model.form.resolution.set("960x540")
    model.choose_cameras(CameraMode.SEVERAL)
    for camera in ("DiningTable", "CoffeeTable"):
        model.tick_camera(f"/LivingRoom/Cameras/{camera}", True)
    _open(panel, "captions")
    await shoot("panel_settings.png")
    _open(panel, "captions", "result")
    model.generate()
    await done()
    model.select_frame(1)
    await done()
    _open(panel, "result")
    await shoot("panel.png")
    panel.destroy()
    window.destroy()


class _NoDialog:
    """A file picker that nobody uses."""

    def pick(self, kind: Any, start: str, done: Callable[[str], None]) -> None:
        """Show nothing."""

    def destroy(self) -> None:
        """Close nothing."""


def _open(panel: Any, *names: str) -> None:
    for name in ("model", "captions", "labels", "result"):
        panel.open_group(name, name in names)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="folder for the pictures")
    parser.add_argument("--quality", default="preview", help="quality of the scene's picture (default: preview)")
    args = parser.parse_args()
    target = args.target.resolve()
    target.mkdir(parents=True, exist_ok=True)
    os.chdir(REPOSITORY)
    with tempfile.TemporaryDirectory() as scratch:  # omni.ui writes a settings file where it starts
        os.chdir(scratch)
        try:
            start(WIDTH, HEIGHT)
        except OffscreenUnavailable as reason:
            print(f"panel_preview: {reason}", file=sys.stderr)
            return 2
        import omni.ui.standalone as standalone

        os.chdir(REPOSITORY)
        try:
            run(draw(target, quality=args.quality))
        finally:
            standalone.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
