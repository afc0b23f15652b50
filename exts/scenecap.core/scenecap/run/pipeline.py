"""One frame in, its graph, captions and files out. Kit's writers call the same function as the command line."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from scenecap.caption.chat.settings import GraphPart
from scenecap.caption.model import CaptionKind, Captions
from scenecap.caption.verify.settings import VerifySettings
from scenecap.contract import Frame
from scenecap.graph.build import build_scene_graph
from scenecap.graph.model import SceneGraph
from scenecap.output.atomic import FileRecord
from scenecap.output.frame_files import frame_files
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.store import Store, open_store
from scenecap.run.captioner import Captioner, TemplateCaptioner
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import Engine
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


@dataclass(frozen=True, eq=False)
class BegunFrame:
    """A frame whose graph is there and whose captions are being written.

    Attributes:
        frame: What a camera saw.
        graph: Its graph.
        captions: Its captions to be; None where none are asked for.
        verify: How the verifier is to judge them for the files; None where it is not to.
    """

    frame: Frame
    graph: SceneGraph
    captions: Future[Captions] | None
    verify: VerifySettings | None = None

    def result(self) -> FrameResult:
        """Wait for the captions, and have them judged.

        Raises:
            MissingExtraError: They are to be judged, and the extra ``verify`` is not installed.
        """
        if self.captions is None:
            return FrameResult(self.frame, self.graph, None)
        captions = self.captions.result()
        if self.verify is not None:
            from scenecap.caption.verify import judge_frame  # word lists: not for runs without verdicts

            verdict = judge_frame(captions, self.graph, self.frame, self.verify)
            captions = dataclasses.replace(captions, verdict=verdict)
        return FrameResult(self.frame, self.graph, captions)


def begin_frame(
    frame: Frame,
    config: ScenecapConfig,
    *,
    variation: int = 0,
    timer: StepTimer | None = None,
    captioner: Captioner | None = None,
) -> BegunFrame:
    """Build the graph of a frame and start to write its captions.

    Args:
        frame: What a camera saw.
        config: All settings.
        variation: Which variation of the stage it shows.
        timer: Measures the steps.
        captioner: Who writes the captions; the templates without one.

    Raises:
        EmptyFrameError: No object is left to make a graph of.
    """
    timer = timer or StepTimer()
    with timer.step("graph"):
        told_all = config.job.engine is Engine.CHAT and config.chat.graph is GraphPart.FULL
        graph = build_scene_graph(frame, config.graph, full=config.output.save_full_scene_graph or told_all)
    if not asked_kinds(config):
        return BegunFrame(frame, graph, None)
    with timer.step("captions"):
        seed = frame_seed(frame, config.caption.seed, variation=variation)
        captions = (captioner or TemplateCaptioner()).submit(frame, graph, config, seed=seed)
    return BegunFrame(frame, graph, captions, config.verify.verify if config.writes_verdicts else None)


def caption_frame(
    frame: Frame,
    config: ScenecapConfig,
    *,
    variation: int = 0,
    timer: StepTimer | None = None,
    captioner: Captioner | None = None,
) -> FrameResult:
    """Build the graph and the captions of a frame, and write nothing.

    Args:
        frame: What a camera saw.
        config: All settings.
        variation: Which variation of the stage it shows.
        timer: Measures the steps.
        captioner: Who writes the captions; the templates without one.

    Raises:
        EmptyFrameError: No object is left to make a graph of.
    """
    return begin_frame(frame, config, variation=variation, timer=timer, captioner=captioner).result()


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
    captioner: Captioner | None = None,
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
        captioner: Who writes the captions; the templates without one.

    Raises:
        EmptyFrameError: No object is left to make a graph of; nothing is written.
        OutputError: A file could not be written; nothing of the frame is there.
    """
    timer = timer or StepTimer()
    begun = begin_frame(frame, config, variation=variation, timer=timer, captioner=captioner)
    return write_begun(begun, config, job=job, output=output, folder=folder, key=key, obsolete=obsolete, timer=timer)


def write_begun(
    begun: BegunFrame,
    config: ScenecapConfig,
    *,
    job: JobFacts,
    output: Path | Store,
    folder: str = "",
    key: str | None = None,
    obsolete: Iterable[str] = (),
    timer: StepTimer | None = None,
) -> ProcessedFrame:
    """Wait for the captions of a frame and write its files, all or none. Arguments and errors as :func:`process_frame`."""
    timer = timer or StepTimer()
    frame = begun.frame
    with timer.step("captions"):
        result = begun.result()
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
