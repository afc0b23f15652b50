"""Frames of scenes on disk, as the embedded source sees them."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from scenecap.contract import Frame


@functools.cache
def frames_of(path: Path) -> tuple[Frame, ...]:
    """Return what each camera of a scene sees, without pictures."""
    pytest.importorskip("pxr")
    from scenecap.capture.embedded import EmbeddedSource
    from scenecap.capture.settings import CaptureSettings
    from scenecap.stage.cameras import camera_view, list_cameras
    from scenecap.stage.open import open_stage

    stage = open_stage(str(path))
    source = EmbeddedSource(stage, CaptureSettings.model_validate({"quality": "off"}), buffers=())
    size = (640, 480)
    views = [camera_view(stage, info.path, time_code=stage.start, resolution=size) for info in list_cameras(stage)]
    return tuple(source.observe(view) for view in (views or source.auto_views(2, resolution=size))[:4])
