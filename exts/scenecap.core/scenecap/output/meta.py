"""The ``meta`` block that every JSON file carries."""

from __future__ import annotations

from typing import Any

from scenecap.contract import FORMAT_VERSION, Frame, Variation
from scenecap.output.canonical import Digits
from scenecap.output.model import JobFacts
from scenecap.output.names import camera_id

#: What the coordinates and words in the files refer to.
FRAMES_OF_REFERENCE = {
    "camera": "origin at the camera, +x right, +y up, -z forward (3d_bbox and every key without 'world')",
    "world": "right-handed, z up, the stage's origin (keys with 'world')",
    "viewer": "right = camera's +x on the ground plane, forward = view direction on the ground plane, up = world up "
    "(relations, offset, clock)",
    "pixel": "x right, y down, [x_min, y_min, x_max, y_max] of pixel indices, inclusive",
}

UNITS = {"length": "m", "image": "px", "matrix": "row vectors: p_camera = p_world @ world_to_camera"}


def meta_block(kind: str, frame: Frame, job: JobFacts, *, export_world: bool) -> dict[str, Any]:
    """Return the ``meta`` block of one file.

    Nothing in it depends on when, where or by how many workers the file was made.

    Args:
        kind: What the file is, e.g. "full_scene_graph".
        frame: The frame it speaks of.
        job: What the job's frames share.
        export_world: Whether the camera's pose in the world may be written.
    """
    camera = frame.camera
    block: dict[str, Any] = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "generator": job.generator,
        "config_hash": job.config_hash,
        "seed": job.seed,
        "scene": frame.scene,
        "source": frame.source,
        "frame": frame.frame_index,
        "time_code": frame.time_code,
        "camera": {
            "id": camera_id(camera.path),
            "path": camera.path,
            "width": camera.width,
            "height": camera.height,
            "focal_px": camera.focal_px,
            "center_px": list(camera.center_px),
        },
        "units": UNITS,
        "frames_of_reference": FRAMES_OF_REFERENCE,
    }
    if frame.variation is not None:
        block["variation"] = _variation(frame.variation, export_world=export_world)
    if export_world:
        # Rotations need more digits than lengths: 1e-4 over 100 m would be a centimetre.
        block["camera"]["world_to_camera"] = Digits(camera.world_to_camera, 9)
    return block


def _variation(variation: Variation, *, export_world: bool) -> dict[str, Any]:
    hidden = frozenset() if export_world else frozenset({"pivot"})
    changes = [
        {"what": item.kind, "path": item.path, **{name: value for name, value in item.values.items() if name not in hidden}}
        for item in variation.changes
    ]
    return {"number": variation.number, "changes": changes}
