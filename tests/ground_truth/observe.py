"""Observe a scene file through the program's own parts, for tests against other people's ground truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import SceneGraph
from scenecap.graph.settings import GraphSettings
from scenecap.stage.cameras import camera_view, list_cameras
from scenecap.stage.open import open_stage
from scenecap.stage.settings import LabelSettings


def frames(
    path: Path,
    *,
    resolution: tuple[int, int] = (640, 480),
    cameras: list[str] | None = None,
    labels: LabelSettings | None = None,
) -> Iterator[Frame]:
    """Yield one frame of each camera (or of the named ones)."""
    opened = open_stage(path)
    source = EmbeddedSource(opened, CaptureSettings.model_validate({"quality": "off"}), labels or LabelSettings())
    for info in list_cameras(opened):
        if cameras is None or info.path in cameras or info.path.rsplit("/", 1)[-1] in cameras:
            yield source.observe(camera_view(opened, info.path, time_code=opened.start, resolution=resolution))


def graphs(path: Path, **options: object) -> Iterator[tuple[Frame, SceneGraph]]:
    """Yield (frame, graph) of each camera that sees an object."""
    for frame in frames(path, **options):  # type: ignore[arg-type]
        if frame.visible:
            yield frame, build_scene_graph(frame, GraphSettings())
