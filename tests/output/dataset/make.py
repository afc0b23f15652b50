"""Datasets for tests, written by the writers themselves from frames that were cast ray by ray."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from scenecap.output.atomic import clean_up, write_frame
from scenecap.output.frame_files import frame_files
from scenecap.output.manifest import FrameRow, FrameStatus, Manifest
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.names import CameraNames
from scenecap.output.settings import OutputSettings
from tests.output.scenes import KITCHEN, KITCHEN_CONTACTS, boxes_frame, look_at

CAMERAS = ("/World/Cameras/Left", "/World/Cameras/Right")
ALL_KINDS = frozenset({"brief_caption", "global_caption", "qa_caption"})


def kitchen(camera: str = CAMERAS[0], frame_index: int = 0, scene: str = "kitchen", **options) -> Frame:
    """A frame of the kitchen, seen from the left or the right."""
    eye = (-1.4, -2.0, 1.9) if camera == CAMERAS[0] else (1.4, -2.2, 1.7)
    view = look_at(eye, (0.0, 0.0, 0.7), path=camera)
    return boxes_frame(camera=view, frame_index=frame_index, scene=scene, **options)


def result_of(frame: Frame) -> FrameResult:
    graph = build_scene_graph(frame)
    return FrameResult(frame, graph, caption_graph(graph, frame=frame, settings=CaptionSettings(), seed=frame.frame_index))


def write_dataset(
    root: Path,
    frames: Sequence[Frame],
    *,
    faults: Sequence[FrameRow] = (),
    inputs: dict[str, dict[str, str]] | None = None,
    finished: bool = True,
    **settings,
) -> Path:
    """Write frames as a run would.

    Args:
        root: The folder.
        frames: The frames.
        faults: Rows of frames that are not there; they follow the others.
        inputs: Scene -> inputs of its rows.
        finished: Whether the run came to its end.
        settings: Of the output.
    """
    output = OutputSettings(fsync=False, png_compression=1, **settings)
    scenes = list(dict.fromkeys(frame.scene for frame in frames))
    several = len({frame.frame_index for frame in frames}) > 1
    names = CameraNames.of(dict.fromkeys(frame.camera.path for frame in frames))
    job = JobFacts(names, several_frames=several, config_hash="0" * 64, seed=7, generator="scenecap test")
    manifest = Manifest(root, fsync=False)
    for number, frame in enumerate(frames):
        result = result_of(frame)
        folder = f"{frame.scene}/" if len(scenes) > 1 else ""
        files = {folder + path: content for path, content in frame_files(result, output, job, asked=ALL_KINDS).items()}
        key = folder.replace("/", "_") + f"{names.folder(frame.camera.path)}_{frame.frame_index}"
        captions = result.captions
        assert captions is not None
        manifest.append(
            FrameRow(
                number=number,
                key=key,
                scene=frame.scene,
                camera=frame.camera.path,
                frame_index=frame.frame_index,
                time_code=frame.time_code,
                variation=None if frame.variation is None else frame.variation.number,
                status=FrameStatus.WRITTEN,
                config_hash=job.config_hash,
                inputs=(inputs or {}).get(frame.scene, {f"{frame.scene}.usda": frame.scene}),
                files=write_frame(root, files, key=key, fsync=False),
                counts={
                    "objects_in_view": len(frame.visible),
                    "nodes": len(result.graph.nodes),
                    "full_edges": len(result.graph.full) if result.graph.full is not None else 0,
                    "pruned_edges": len(result.graph.pruned),
                    "questions": len(captions.questions),
                },
                warnings=frame.warnings,
            )
        )
    for offset, row in enumerate(faults):
        manifest.append(dataclasses.replace(row, number=len(frames) + offset))
    manifest.close(finished=finished)
    if finished:
        clean_up(root)
    return root


def fault(status: FrameStatus, reason: str, *, scene: str = "kitchen", camera: str = CAMERAS[0], frame: int = 99) -> FrameRow:
    return FrameRow(0, f"{scene}_{frame}", scene, camera, frame, float(frame), status, reason=reason)


__all__ = ["CAMERAS", "KITCHEN", "KITCHEN_CONTACTS", "fault", "kitchen", "result_of", "write_dataset"]
