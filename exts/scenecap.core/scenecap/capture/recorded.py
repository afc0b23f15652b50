"""Frames from a folder of saved annotator outputs: one that this project wrote, or a Replicator BasicWriter's.

Ours have a sidecar beside the annotator outputs and give back the exact frame. Others are read as Replicator wrote them, which
takes ``camera_params``, ``bounding_box_3d`` and one of ``bounding_box_2d_tight`` and ``instance_segmentation``; the rest is
used where it is there.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scenecap.capture.payload import (
    Payload,
    parse_boxes_2d,
    parse_boxes_3d,
    parse_depth,
    parse_labels,
    parse_rgb,
    parse_segmentation,
)
from scenecap.capture.payload_frame import FrameIdentity, frame_from_payload
from scenecap.capture.sidecar import decode_frame, sidecar_frame
from scenecap.contract import Buffer, Frame
from scenecap.errors import CaptureError, StageError
from scenecap.replicator_format import Annotator, Part, decode_normals, frame_number, parse_file_name
from scenecap.stage.settings import LabelSettings
from scenecap.text import safe_name

logger = logging.getLogger(__name__)

#: How deep below the folder outputs are looked for: <folder>/<render product>/<annotator>/<file>, and one more for ours.
_DEPTH = 4
#: Largest JSON file that is read [bytes]: mappings of a frame are far smaller.
_MAX_JSON = 256 * 1024 * 1024


@dataclass(frozen=True)
class RecordedFrame:
    """One frame of a recorded folder.

    Attributes:
        camera: Prim path: the sidecar's, else ``/<render product>`` (``/Camera`` where there is only one).
        frame_index: Number of the frame.
        time_code: USD time code; the frame's number where there is no sidecar.
        render_product: Name of the render product, "" for a flat folder.
        digits: The frame's number as the files spell it.
    """

    camera: str
    frame_index: int
    time_code: float
    render_product: str
    digits: str


class RecordedSource:
    """Reads frames back from files.

    Args:
        folder: The folder; its annotator outputs may lie in ``replicator/`` below it, as ours do.
        up_axis: Up axis of the stage that was recorded, "z" or "y", for folders without our sidecars.
        labels: How labels are cleaned, for folders without our sidecars.
        scene: What to call the scene; the folder's name by default. Our sidecars have their own.

    Attributes:
        scene: Name of the scene, safe for a path.
        frames_found: The frames, sorted by camera and number.

    Raises:
        StageError: There is no such folder, or no annotator output in it.
    """

    def __init__(
        self, folder: Path, *, up_axis: str = "z", labels: LabelSettings | None = None, scene: str | None = None
    ) -> None:
        self.folder = Path(folder)
        if up_axis not in ("z", "y"):
            raise StageError(f"up_axis: {up_axis!r} is not an axis that can be up.", remedy="Give z or y.")
        if not self.folder.is_dir():
            raise StageError(f"{folder}: there is no such folder.", remedy="Give the folder that a writer saved into.")
        self._up_axis = up_axis
        self._labels = labels
        self._files, self._sidecars = _scan(self.folder)
        if not self._files:
            raise StageError(
                f"{folder}: there are no annotator outputs (rgb_0000.png, bounding_box_3d_0000.npy, ...) in it.",
                remedy="Give the folder that BasicWriter, or this program, wrote into.",
            )
        self.scene = safe_name(scene or self.folder.resolve().name)
        self.frames_found = tuple(sorted((self._frame(key) for key in self._files), key=lambda f: (f.camera, f.frame_index)))

    @property
    def cameras(self) -> tuple[str, ...]:
        """Paths of the cameras."""
        return tuple(dict.fromkeys(frame.camera for frame in self.frames_found))

    def inputs(self) -> dict[str, str]:
        """Return name -> SHA-256 of the folder's outputs: one hash for each frame over all its files."""
        result = {}
        for recorded in self.frames_found:
            digest = hashlib.sha256()
            key = (recorded.render_product, recorded.digits)
            paths = [*self._files[key].values(), *([self._sidecars[key]] if key in self._sidecars else [])]
            for path in sorted(paths, key=lambda path: path.name):
                digest.update(path.name.encode() + b"\0" + hashlib.sha256(_read_bytes(path)).digest())
            result[f"{recorded.render_product or 'frame'}_{recorded.digits}"] = digest.hexdigest()
        return result

    def frames(self) -> Iterator[Frame]:
        """Read all frames, in order."""
        for recorded in self.frames_found:
            yield self.observe(recorded)

    def observe(self, recorded: RecordedFrame) -> Frame:
        """Read one frame.

        Raises:
            CaptureError: A file is damaged, or an output that is needed is missing; names it.
            CameraError: The camera is no pinhole.
        """
        key = (recorded.render_product, recorded.digits)
        reader = _FrameReader(self._files[key])
        payload = reader.payload()
        sidecar = self._sidecars.get(key)
        if sidecar is not None:
            return _exact_frame(sidecar, payload)
        identity = FrameIdentity(
            scene=self.scene,
            camera=recorded.camera,
            frame_index=recorded.frame_index,
            time_code=recorded.time_code,
            up_axis=self._up_axis,
        )
        try:
            return frame_from_payload(payload, identity, labels=self._labels)
        except CaptureError as error:
            raise CaptureError(f"{self.folder}: {error.message}", remedy=error.remedy) from error

    def _frame(self, key: tuple[str, str]) -> RecordedFrame:
        render_product, digits = key
        number = frame_number(digits)
        sidecar = self._sidecars.get(key)
        if sidecar is not None:
            document = _read_json(sidecar)
            try:
                camera, number, time = document["camera"]["path"], document["frame_index"], document["time_code"]
                return RecordedFrame(str(camera), int(number), float(time), render_product, digits)
            except (KeyError, TypeError, ValueError) as error:
                raise _damaged(sidecar, error) from error
        return RecordedFrame(f"/{render_product or 'Camera'}", number, float(number), render_product, digits)


_Files = dict[tuple[Annotator, Part], Path]


def _scan(folder: Path) -> tuple[dict[tuple[str, str], _Files], dict[tuple[str, str], Path]]:
    """Return the outputs by (render product, frame digits), and the sidecars likewise."""
    found: dict[tuple[str, str], _Files] = {}
    sidecars: dict[tuple[str, str], Path] = {}
    for path in _walk(folder, _DEPTH):
        digits = sidecar_frame(path.name)
        if digits is not None:
            sidecars[_render_product(path, folder, in_annotator_folder=False), digits] = path
            continue
        name = parse_file_name(path.name)
        if name is None:
            continue
        product = name.render_product or _render_product(path, folder, in_annotator_folder=True)
        found.setdefault((product, name.frame), {}).setdefault((name.annotator, name.part), path)
    ours = {key: path for key, path in sidecars.items() if key in found}
    # A whole output folder of ours holds other pictures with such names; there, only what has a sidecar is a frame.
    return ({key: found[key] for key in ours} if ours else found), ours


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if depth > 0 and not path.name.startswith("."):
                yield from _walk(path, depth - 1)
        else:
            yield path


def _render_product(path: Path, folder: Path, *, in_annotator_folder: bool) -> str:
    """Return the render product that the folders of a file name: the last one that is neither an annotator nor ours."""
    parts = list(path.parent.relative_to(folder).parts)
    if parts and in_annotator_folder and parts[-1] in {item.value for item in Annotator}:
        parts.pop()
    return parts[-1] if parts and parts[-1] != "replicator" else ""


class _FrameReader:
    """Reads the files of one frame."""

    def __init__(self, files: _Files) -> None:
        self._files = files

    def payload(self) -> Payload:
        """Return all outputs of the frame."""
        camera = self._path(Annotator.CAMERA_PARAMS)
        instance, (paths, labels) = self._segmentation(Annotator.INSTANCE_SEGMENTATION, Part.MAPPING, Part.SEMANTICS_MAPPING)
        semantic, (semantic_labels,) = self._segmentation(Annotator.SEMANTIC_SEGMENTATION, Part.LABELS)
        rgb, depth = self._path(Annotator.RGB), self._path(Annotator.DISTANCE_TO_IMAGE_PLANE)
        normals = self._path(Annotator.NORMALS)
        return Payload(
            camera_params=None if camera is None else _read_camera_params(camera),
            rgb=None if rgb is None else parse_rgb(_read_picture(rgb)),
            depth=None if depth is None else parse_depth(_read_array(depth)),
            normals=None if normals is None else decode_normals(parse_rgb(_read_picture(normals))),
            instance_ids=instance,
            instance_paths={number: str(path) for number, path in paths.items()},
            instance_labels={number: parse_labels(value) for number, value in labels.items()},
            semantic_ids=semantic,
            semantic_labels={number: parse_labels(value) for number, value in semantic_labels.items()},
            boxes_tight=self._boxes(Annotator.BOUNDING_BOX_2D_TIGHT),
            boxes_loose=self._boxes(Annotator.BOUNDING_BOX_2D_LOOSE),
            boxes_3d=self._boxes(Annotator.BOUNDING_BOX_3D),
        )

    def _path(self, annotator: Annotator, part: Part = Part.DATA) -> Path | None:
        return self._files.get((annotator, part))

    def _boxes(self, annotator: Annotator) -> Any:
        data = self._path(annotator)
        if data is None:
            return None
        labels = _read_mapping(self._path(annotator, Part.LABELS))
        listed = self._path(annotator, Part.PRIM_PATHS)
        prim_paths = [] if listed is None else _read_json(listed)
        if not isinstance(prim_paths, list):
            raise CaptureError(f"{listed}: it is not a list of prim paths.", remedy="Record the dataset again.")
        parse = parse_boxes_3d if annotator is Annotator.BOUNDING_BOX_3D else parse_boxes_2d
        try:
            return parse(_read_array(data), labels, prim_paths)
        except CaptureError as error:
            raise CaptureError(f"{data}: {error.message}", remedy=error.remedy) from error

    def _segmentation(self, annotator: Annotator, *parts: Part) -> tuple[np.ndarray | None, tuple[dict[int, Any], ...]]:
        data = self._path(annotator)
        if data is None:
            return None, tuple({} for _ in parts)
        mappings = [_read_mapping(self._path(annotator, part)) for part in parts]
        return parse_segmentation(_read_picture(data), *mappings)


def _exact_frame(sidecar: Path, payload: Payload) -> Frame:
    """Return the frame of a sidecar with the buffers that lie beside it."""
    document = _read_json(sidecar)
    try:
        bare = decode_frame(document)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _damaged(sidecar, error) from error
    buffers: dict[Buffer, np.ndarray] = {}
    if payload.rgb is not None:
        buffers[Buffer.RGB] = payload.rgb
    if payload.depth is not None:
        buffers[Buffer.DEPTH] = payload.depth
    if payload.normals is not None:
        normals = payload.normals
        rotation = np.linalg.inv(bare.stage_from_world)[:3, :3] / bare.meters_per_unit
        normals[..., :3] = normals[..., :3] @ rotation.astype(np.float32)
        buffers[Buffer.NORMALS] = normals
    if payload.instance_ids is not None:
        known = dict(bare.entity_ids)
        buffers[Buffer.INSTANCE] = _renumber(
            payload.instance_ids, {number: known.get(path, 0) for number, path in payload.instance_paths.items()}
        )
    if payload.semantic_ids is not None:
        numbers = {parse_labels(label).get("class"): number for label, number in bare.semantic_ids.items()}
        by_label = {number: numbers.get(labels.get("class"), 0) for number, labels in payload.semantic_labels.items()}
        buffers[Buffer.SEMANTIC] = _renumber(payload.semantic_ids, by_label)
    try:
        return decode_frame(document, buffers=buffers)
    except ValueError as error:
        raise _damaged(sidecar, error) from error


def _renumber(ids: np.ndarray, new: Mapping[int, int]) -> np.ndarray:
    """Return ids under other numbers; background and unlabelled keep theirs, unknown ones become unlabelled."""
    lookup = np.ones(int(ids.max(initial=1)) + 1, dtype=np.uint32)
    lookup[0] = 0
    for old, number in new.items():
        if 1 < old < len(lookup) and number:
            lookup[old] = number
    return lookup[ids]


def _read_camera_params(path: Path) -> dict[str, Any]:
    document = _read_json(path)
    if isinstance(document, dict) and isinstance(document.get("camera_params"), dict):
        document = document["camera_params"]
    if not isinstance(document, dict):
        raise CaptureError(f"{path}: it is not a JSON object.", remedy="Record camera_params with BasicWriter.")
    return document


def _read_mapping(path: Path | None) -> dict[str, Any]:
    document = {} if path is None else _read_json(path)
    if not isinstance(document, dict):
        raise CaptureError(f"{path}: it is not a JSON object.", remedy="Record the dataset again.")
    return document


def _read_json(path: Path) -> Any:
    try:
        if path.stat().st_size > _MAX_JSON:
            raise ValueError(f"it is larger than {_MAX_JSON // (1024 * 1024)} MB")
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, error) from error


def _read_array(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from error


def _read_picture(path: Path) -> np.ndarray:
    """Return a picture as stored: uint8 (H, W[, 3 or 4]), or uint32 (H, W) for a wider grey one."""
    try:
        with Image.open(path) as image:
            if image.mode in ("P", "1", "LA", "CMYK", "YCbCr"):
                image = image.convert("RGBA")
            array = np.asarray(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _damaged(path, error) from error
    return array if array.dtype == np.uint8 else array.astype(np.uint32)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CaptureError:
    return CaptureError(f"{path}: it cannot be read ({error}).", remedy="Record the frame again, or remove its files.")
