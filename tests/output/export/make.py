"""Datasets of several scenes for the tests of exports."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scenecap.contract import Buffer, Frame
from tests.output.dataset.make import CAMERAS, kitchen, write_dataset


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def frames_of(*scenes: str) -> list[Frame]:
    """Each scene from two cameras."""
    return [kitchen(camera, scene=scene) for scene in scenes for camera in CAMERAS]


def scenes_dataset(root: Path, *scenes: str, same: tuple[str, ...] = (), **options) -> Path:
    """A dataset of scenes; those in ``same`` are one scene under several names."""
    inputs = {
        scene: {f"{scene}.usda": digest("same" if scene in same else scene), "label database": digest(f"{scene} labels")}
        for scene in scenes
    }
    return write_dataset(root, options.pop("frames", None) or frames_of(*scenes), inputs=inputs, **options)


def without_picture(frame: Frame) -> Frame:
    return kitchen(
        frame.camera.path, frame.frame_index, frame.scene, buffers=tuple(item for item in Buffer if item is not Buffer.RGB)
    )
