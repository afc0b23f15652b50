"""All files of one frame: the chosen layout's, and the annotator outputs beside them."""

from __future__ import annotations

from collections.abc import Callable

from scenecap.output.agent import agent_files
from scenecap.output.basicwriter import annotator_files
from scenecap.output.documents import Documents
from scenecap.output.model import FrameResult, JobFacts
from scenecap.output.object import object_files
from scenecap.output.settings import AnnotatorTree, Layout, OutputSettings
from scenecap.output.standalone import standalone_files

_LAYOUTS: dict[Layout, Callable[[Documents], dict[str, bytes | None]]] = {
    Layout.STANDALONE: standalone_files,
    Layout.AGENT: agent_files,
    Layout.OBJECT: object_files,
}


def frame_files(
    result: FrameResult, settings: OutputSettings, job: JobFacts, *, asked: frozenset[str] | None = None
) -> dict[str, bytes]:
    """Return every file of a frame: path below the output folder -> content. Nothing is written.

    Args:
        result: The frame with its graph and captions.
        settings: Layout and what is written.
        job: What the job's frames share.
        asked: Caption kinds that were asked for ("brief_caption", ...); None where that is not known.

    Raises:
        OutputError: The camera is not one of the job's, or the frame does not fit a file format.
    """
    documents = Documents(result, settings, job, asked=asked)
    files = {path: content for path, content in _LAYOUTS[settings.layout](documents).items() if content is not None}
    frame = result.frame
    if settings.annotators_tree is AnnotatorTree.AUTO:
        nested = len(job.cameras.folders) > 1
    else:
        nested = settings.annotators_tree is AnnotatorTree.NESTED
    folder = f"{settings.annotators_dir}/" if settings.annotators_dir else ""
    render_product = job.cameras.folder(frame.camera.path)
    annotators = annotator_files(frame, settings, render_product=render_product, nested=nested, rgb_png=documents.image)
    for path, content in annotators.items():
        files[folder + path] = content
    return files
