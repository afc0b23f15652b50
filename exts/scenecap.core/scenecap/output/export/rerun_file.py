"""A dataset as a recording for the Rerun viewer: pictures, boxes, cameras, graphs and texts on timelines.

Entities; names of scenes and cameras are made safe for paths, all other texts of a stage are data:

::

    <scene>                                     world: right-handed, z up [m]
    <scene>/cameras/<camera>                    pose of the camera; its axes are right, up, back
    <scene>/cameras/<camera>/image              pinhole and picture; below it depth, segmentation, boxes
    <scene>/cameras/<camera>/objects            boxes in the camera's frame, where the dataset has none in the world
    <scene>/objects/<camera>                    boxes in the world of what the camera's frame knows
    <scene>/graph/<camera>                      pruned scene graph, else the full one
    <scene>/texts/<camera>/{brief,global,questions}

Timelines are ``frame`` (the frame's number in its scene) and ``number`` (its place in the dataset, which is unique).
"""

from __future__ import annotations

import hashlib
import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenecap import __version__
from scenecap.errors import DatasetError, MissingExtraError, OutputError, UsageError
from scenecap.output.dataset.documents import GraphDocument, SceneObject
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import Dataset, DatasetFrame, read_bytes
from scenecap.output.dataset.scene_identity import scene_identity
from scenecap.output.export.masks import read_masks
from scenecap.output.export.place import check_apart, new_file
from scenecap.output.export.view import ViewBox, camera_of, class_picture, depth_of, view_boxes
from scenecap.output.names import CameraNames
from scenecap.replicator_format import id_colors
from scenecap.text import clean_text, safe_name

#: Called with the number of the frame that comes next, from 1, and how many there are.
Progress = Callable[[int, int], None]

_APPLICATION = "scenecap"
#: Highest class id of a segmentation picture.
_MAX_CLASS = 0xFFFF


@dataclass(frozen=True, kw_only=True)
class RecordingReport:
    """What was recorded.

    Attributes:
        frames: Frames that are in it.
        pictures: Of these, how many have a picture.
        scenes: Names of the scenes.
        left_out: Frames that could not be read: key and reason.
    """

    frames: int
    pictures: int
    scenes: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def export_recording(dataset: Dataset, out: Path, *, force: bool = False, progress: Progress | None = None) -> RecordingReport:
    """Write a dataset into a new ``.rrd`` file. The dataset is not changed; an error leaves no file.

    The same dataset gives the same content; identifiers of Rerun's own, which hold a time, differ from file to file.

    Args:
        dataset: The dataset.
        out: The file to be; not in the dataset.
        force: Replace a file that is there.
        progress: Called before each frame.

    Raises:
        MissingExtraError: rerun-sdk is not installed.
        UsageError: There is no frame, Rerun is turned off, or not this file.
        OutputError: The file cannot be written.
        DatasetError: Not one frame could be read.
    """
    rerun = _library()
    if out.suffix.lower() != ".rrd":
        raise UsageError(f"{out}: a recording ends in .rrd.", remedy=f"Example: --out {out.stem or 'dataset'}.rrd")
    check_apart(dataset.root, out)
    frames = list(dataset.frames())
    if not frames:
        raise UsageError(f"{dataset.root}: no frame of it was written.", remedy="'scenecap stats' says why.")
    stream = rerun.RecordingStream(_APPLICATION, recording_id=_recording_id(dataset), send_properties=False)
    if not stream.is_enabled():
        raise UsageError("Rerun is turned off, so nothing would be recorded.", remedy="Unset the variable RERUN.")
    _without_wall_clock(stream)
    with new_file(out, force=force) as path:
        try:
            stream.save(path)
            stream.send_recording_name(f"{clean_text(dataset.root.resolve().name)} (scenecap {__version__})")
            recording = _Recording(rerun, stream, frames)
            for number, frame in enumerate(frames, start=1):
                if progress is not None:
                    progress(number, len(frames))
                recording.add(frame)
            report = recording.finish()
            stream.flush()
        except (RuntimeError, ValueError) as error:
            raise OutputError(f"{out}: cannot be recorded ({error}).", remedy="Choose another place.") from error
        finally:
            stream.disconnect()
        if not report.frames:
            raise DatasetError(
                f"{dataset.root}: not one frame could be read ({report.left_out[0][1]})",
                remedy="'scenecap verify' lists what is wrong.",
            )
        return report


def _library() -> Any:
    try:
        return importlib.import_module("rerun")
    except ImportError as error:
        raise MissingExtraError("rerun-sdk", extra="rerun", purpose="A recording for the Rerun viewer") from error


def _recording_id(dataset: Dataset) -> str:
    """Return an id that stands for what the manifest says: a viewer takes the same dataset for the same recording."""
    digest = hashlib.sha256()
    for row in dataset.rows:
        digest.update(row.to_line().encode("utf-8", "replace"))
    return digest.hexdigest()[:32]


def _without_wall_clock(stream: Any) -> None:
    """Leave out the timelines that say when the recording was made."""
    for name in ("set_log_time_enabled", "set_log_tick_enabled"):
        turn = getattr(stream, name, None)
        if turn is not None:
            turn(False)


class _Recording:
    """One recording under way.

    Args:
        rerun: The library.
        stream: Where it goes.
        frames: All frames, for names that are unique.
    """

    def __init__(self, rerun: Any, stream: Any, frames: Sequence[DatasetFrame]) -> None:
        self._rr, self._stream = rerun, stream
        self._scenes = _scene_names(frames)
        cameras: dict[str, dict[str, None]] = {}
        for frame in frames:
            cameras.setdefault(self._scenes[scene_identity(frame.row)], {})[frame.row.camera] = None
        self._cameras = {scene: CameraNames.of(paths) for scene, paths in cameras.items()}
        self._classes: dict[str, int] = {}
        self._left_out: list[tuple[str, str]] = []
        self._frames = self._pictures = 0
        for scene in cameras:
            stream.log(self._path(scene), rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True, strict=True)

    def _path(self, *parts: str) -> str:
        return "/" + self._rr.new_entity_path(list(parts)).lstrip("/")

    def add(self, frame: DatasetFrame) -> None:
        """Record a frame, or nothing of it where a file cannot be read."""
        scene = self._scenes[scene_identity(frame.row)]
        camera = self._cameras[scene].folder(frame.row.camera)
        try:
            entries = list(self._entries(frame, scene, camera))
        except DatasetError as error:
            self._left_out.append((frame.row.key, error.message))
            return
        self._stream.set_time("frame", sequence=frame.row.frame_index)
        self._stream.set_time("number", sequence=frame.row.number)
        for path, *components in entries:
            self._stream.log(path, *components, strict=True)
        self._frames += 1
        self._pictures += FileKind.PICTURE in frame.files

    def _entries(self, frame: DatasetFrame, scene: str, camera: str) -> Iterator[tuple[Any, ...]]:
        """Yield entity path and components of all that a frame has. All files are read here."""
        rr = self._rr
        objects, graph = frame.objects(), frame.graph(pruned=True) or frame.graph()
        at = self._path(scene, "cameras", camera)
        view = camera_of(frame)
        if view is not None:
            pinhole = rr.Pinhole(
                focal_length=[view.focal_px, view.focal_px],
                principal_point=list(view.center_px),
                resolution=[view.width, view.height],
                camera_xyz=rr.ViewCoordinates.RUB,
            )
            if view.camera_to_world is not None:
                # Rerun's matrices are for column vectors.
                pose = rr.Transform3D(translation=view.camera_to_world[3, :3], mat3x3=view.camera_to_world[:3, :3].T)
                yield at, pose
            yield f"{at}/image", pinhole
        record = frame.files.get(FileKind.PICTURE)
        if record is not None:
            picture = read_bytes(frame.root, record.path)
            yield f"{at}/image", rr.EncodedImage(contents=picture, media_type="image/png")
        depth = depth_of(frame)
        if depth is not None:
            yield f"{at}/image/depth", rr.DepthImage(depth, meter=1.0)
        masks = read_masks(frame)
        if masks is not None:
            yield f"{at}/image/segmentation", rr.SegmentationImage(class_picture(frame, masks, objects, self._class))
        seen = [item for item in objects if item.box_tight is not None]
        yield f"{at}/image/boxes", self._boxes_2d(seen)
        nodes = () if graph is None else graph.objects
        listed = objects if any(item.corners_world for item in objects) else nodes
        in_world = view_boxes(listed, world=True)
        if in_world:
            yield self._path(scene, "objects", camera), self._boxes_3d(in_world)
        else:
            yield f"{at}/objects", self._boxes_3d(view_boxes(objects, world=False) or view_boxes(nodes, world=False))
        if graph is not None:
            yield self._path(scene, "graph", camera), *self._graph(graph)
        for name, text in _texts(frame):
            yield self._path(scene, "texts", camera, name), rr.TextDocument(text, media_type="text/plain")

    def _boxes_2d(self, objects: Sequence[SceneObject]) -> Any:
        boxes = np.array([item.box_tight for item in objects], dtype=np.float64).reshape(-1, 4)
        labels, classes, colors = self._look([item.label for item in objects])
        sizes = boxes[:, 2:] - boxes[:, :2] + 1  # pixel indices, both ends included
        return self._rr.Boxes2D(mins=boxes[:, :2], sizes=sizes, labels=labels, class_ids=classes, colors=colors)

    def _boxes_3d(self, boxes: Sequence[ViewBox]) -> Any:
        labels, classes, colors = self._look([box.label for box in boxes])
        return self._rr.Boxes3D(
            centers=np.array([box.center for box in boxes]).reshape(-1, 3),
            half_sizes=np.array([box.half_size for box in boxes]).reshape(-1, 3),
            quaternions=np.array([box.quaternion for box in boxes]).reshape(-1, 4),
            labels=labels,
            class_ids=classes,
            colors=colors,
        )

    def _graph(self, graph: GraphDocument) -> Iterator[Any]:
        rr = self._rr
        labels, _, colors = self._look([item.label for item in graph.objects])
        yield rr.GraphNodes([item.path for item in graph.objects], labels=labels, colors=colors)
        edges = list(graph.edges())[::2]  # the others say the same the other way round
        if edges:
            yield rr.GraphEdges([(edge.source, edge.target) for edge in edges], graph_type="directed")
            yield rr.AnyValues(
                relations=[",".join(edge.relations) for edge in edges],
                distances=[float("nan") if edge.distance is None else float(edge.distance) for edge in edges],
            )

    def _look(self, labels: list[str]) -> tuple[list[str], list[int], np.ndarray]:
        classes = [self._class(label) for label in labels]
        return labels, classes, id_colors(len(self._classes) + 2)[[number + 1 for number in classes]]

    def _class(self, label: str) -> int:
        """Return the class id of a label: the same all through the recording; 0 where there are too many."""
        number = self._classes.setdefault(label, len(self._classes) + 1)
        return number if number <= _MAX_CLASS else 0

    def finish(self) -> RecordingReport:
        """Record what the class ids stand for."""
        colors = id_colors(len(self._classes) + 2)
        context = [(0, "", (0, 0, 0, 0))]
        context += [
            (number, label, tuple(int(part) for part in colors[number + 1]))
            for label, number in self._classes.items()
            if number <= _MAX_CLASS
        ]
        self._stream.log("/", self._rr.AnnotationContext(context), static=True, strict=True)
        return RecordingReport(
            frames=self._frames, pictures=self._pictures, scenes=tuple(self._cameras), left_out=tuple(self._left_out)
        )


def _scene_names(frames: Sequence[DatasetFrame]) -> Mapping[str, str]:
    """Return identity -> name of each scene; where two scenes share a name, it gets a part of the identity."""
    named: dict[str, str] = {}
    for frame in frames:
        named.setdefault(scene_identity(frame.row), safe_name(frame.row.scene))
    uses = Counter(named.values())
    return {identity: name if uses[name] == 1 else f"{name}_{identity[:8]}" for identity, name in named.items()}


def _texts(frame: DatasetFrame) -> Iterator[tuple[str, str]]:
    captions = frame.captions()
    if captions is None:
        return
    for name, text in captions.texts():
        yield name.removesuffix("_caption"), text.text
    if captions.questions:
        yield "questions", "\n\n".join(f"{item.question}\n{item.answer}" for item in captions.questions)
