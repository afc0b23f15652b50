"""One frame in, its graph, captions and files out. Kit's writers call the same function as the command line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scenecap.caption.model import CaptionKind, Captions
from scenecap.caption.template import caption_graph
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import SceneGraph
from scenecap.output.atomic import FileRecord
from scenecap.output.frame_files import frame_files
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.store import Store, open_store
from scenecap.run.config import ScenecapConfig
from scenecap.run.timings import StepTimer
from scenecap.text import safe_name


@dataclass(frozen=True, eq=False)
class ProcessedFrame:
    """What became of one frame.

    Attributes:
        result: The frame, its graph and its captions.
        files: What was written, relative to the output folder, sorted by path.
    """

    result: FrameResult
    files: tuple[FileRecord, ...]


def caption_frame(frame: Frame, config: ScenecapConfig, *, variation: int = 0, timer: StepTimer | None = None) -> FrameResult:
    """Build the graph and the captions of a frame, and write nothing.

    Args:
        frame: What a camera saw.
        config: All settings.
        variation: Which variation of the stage it shows.
        timer: Measures the steps.

    Raises:
        EmptyFrameError: No object is left to make a graph of.
    """
    timer = timer or StepTimer()
    with timer.step("graph"):
        graph = build_scene_graph(frame, config.graph, full=config.output.save_full_scene_graph)
    with timer.step("captions"):
        captions = _captions(frame, graph, config, variation)
    return FrameResult(frame=frame, graph=graph, captions=captions)


def process_frame(
    frame: Frame,
    config: ScenecapConfig,
    *,
    job: JobFacts,
    output: Path | Store,
    folder: str = "",
    key: str | None = None,
    variation: int = 0,
    obsolete: Iterable[str] = (),
    timer: StepTimer | None = None,
) -> ProcessedFrame:
    """Build the graph and the captions of a frame and write its files, all or none.

    Args:
        frame: What a camera saw.
        config: All settings.
        job: What the frames of the job share: folder names of the cameras, hash of the config.
        output: The output folder, which is made if need be, or a store.
        folder: Folder below the output that the frame's files go to, with ``/`` between its parts.
        key: Name of the frame, unique among those that are being written to the output; from camera and number without it.
        variation: Which variation of the stage it shows.
        obsolete: Files of an earlier version of this frame, relative to the output; those that are not written anew go.
        timer: Measures the steps.

    Raises:
        EmptyFrameError: No object is left to make a graph of; nothing is written.
        OutputError: A file could not be written; nothing of the frame is there.
    """
    timer = timer or StepTimer()
    result = caption_frame(frame, config, variation=variation, timer=timer)
    with timer.step("files"):
        files = frame_files(result, config.output, job, asked=asked_kinds(config))
        if folder:
            files = {f"{folder}/{path}": content for path, content in files.items()}
        name = safe_name(key or f"{job.cameras.folder(frame.camera.path)}_{frame.frame_index}")
        written = open_store(output).write_frame(files, key=name, obsolete=obsolete, fsync=config.output.fsync)
    return ProcessedFrame(result, written)


def asked_kinds(config: ScenecapConfig) -> frozenset[str]:
    """Return the caption kinds that a config asks for, by their config keys."""
    asked = {
        CaptionKind.BRIEF: config.caption.brief,
        CaptionKind.GLOBAL: config.caption.overall,
        CaptionKind.QA: config.caption.questions,
    }
    return frozenset(kind.value for kind, wanted in asked.items() if wanted)


def frame_seed(frame: Frame, seed: int, *, variation: int = 0) -> int:
    """Return the seed of a frame's wording: it depends on what the frame is, never on which frames came before."""
    text = f"{seed}\n{frame.scene}\n{frame.camera.path}\n{frame.frame_index}" + (f"\n{variation}" if variation else "")
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4], "big")


def _captions(frame: Frame, graph: SceneGraph, config: ScenecapConfig, variation: int) -> Captions | None:
    if not asked_kinds(config):
        return None
    seed = frame_seed(frame, config.caption.seed, variation=variation)
    return caption_graph(graph, frame=frame, settings=config.caption, seed=seed)
