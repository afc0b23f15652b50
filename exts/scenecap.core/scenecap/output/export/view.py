"""What a viewer shows of a frame, as arrays: camera, depth, classes of pixels, oriented boxes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from scenecap.errors import DatasetError
from scenecap.output.dataset.documents import SceneObject
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import DatasetFrame, read_bytes, read_document
from scenecap.output.export.masks import InstanceMasks, pixel_code
from scenecap.replicator_format import Annotator, Part

#: Depth that the ``agent`` layout writes beside the annotators'.
_AGENT_DEPTH = re.compile(r"(?:^|/)depth/depth_\d+\.npy$")


@dataclass(frozen=True, eq=False)
class ViewCamera:
    """A camera as the documents state it.

    Attributes:
        width: [px].
        height: [px].
        focal_px: [px].
        center_px: x, y [px].
        camera_to_world: (4, 4) for row vectors; None without ``export_world``.
    """

    width: int
    height: int
    focal_px: float
    center_px: tuple[float, float]
    camera_to_world: np.ndarray | None


@dataclass(frozen=True, eq=False)
class ViewBox:
    """An oriented box: its label, centre (3,) and half edges (3,) [m], and quaternion (x, y, z, w)."""

    label: str
    center: np.ndarray
    half_size: np.ndarray
    quaternion: np.ndarray


def camera_of(frame: DatasetFrame) -> ViewCamera | None:
    """Return the camera of a frame; None where no document states it.

    Raises:
        DatasetError: A document is missing or damaged; names it.
    """
    for kind in (FileKind.PRUNED_GRAPH, FileKind.FULL_GRAPH, FileKind.OBJECT_DATA, FileKind.CAPTIONS):
        raw = frame.read_json(kind)
        if raw is None:
            continue
        try:
            item = raw["meta"]["camera"]
            pose = item.get("world_to_camera")
            x, y = item["center_px"]
            matrix = None if pose is None else np.linalg.inv(np.array(pose, dtype=np.float64).reshape(4, 4))
            return ViewCamera(int(item["width"]), int(item["height"]), float(item["focal_px"]), (float(x), float(y)), matrix)
        except (KeyError, TypeError, ValueError, AttributeError, np.linalg.LinAlgError) as error:
            raise DatasetError(f"{frame.files[kind].path}: its camera cannot be read ({error!r}).") from error
    return None


def depth_of(frame: DatasetFrame) -> np.ndarray | None:
    """Return distances to the image plane [m], (H, W) float32, inf where nothing is hit; None where none were written.

    Raises:
        DatasetError: The file is missing or damaged; names it.
    """
    record = frame.annotators.get((Annotator.DISTANCE_TO_IMAGE_PLANE, Part.DATA))
    if record is None:
        record = next((item for item in frame.row.files if _AGENT_DEPTH.search(item.path)), None)
    if record is None:
        return None
    try:
        depth = np.load(io.BytesIO(read_bytes(frame.root, record.path)), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(f"{record.path}: is no array ({error}).") from error
    if depth.ndim != 2 or depth.dtype.kind != "f":
        raise DatasetError(f"{record.path}: is {depth.dtype} of shape {depth.shape}, not distances.")
    return np.ascontiguousarray(depth, dtype=np.float32)


def class_picture(
    frame: DatasetFrame, masks: InstanceMasks, objects: Sequence[SceneObject], class_of: Callable[[str], int]
) -> np.ndarray:
    """Return (H, W) uint16 class ids of an instance picture's pixels; 0 where there is nothing.

    Args:
        frame: The frame, whose files name the room's elements.
        masks: Its instance picture.
        objects: Its objects, whose labels count first.
        class_of: Label -> class id.

    Raises:
        DatasetError: A mapping is missing or damaged; names it.
    """
    labels = {item.path: item.label for item in objects}
    record = frame.annotators.get((Annotator.INSTANCE_SEGMENTATION, Part.SEMANTICS_MAPPING))
    stated: dict[int, str] = {}
    for key, value in ({} if record is None else read_document(frame.root, record.path)).items():
        code, label = pixel_code(key), value.get("class") if isinstance(value, dict) else None
        if code is not None and isinstance(label, str):
            stated[code] = label
    codes, inverse = np.unique(masks.codes, return_inverse=True)
    path_of = {code: path for path, code in masks.code_of.items()}
    classes = np.zeros(len(codes), dtype=np.uint16)
    for place, code in enumerate(codes.tolist()):
        path = path_of.get(code, "")
        label = labels.get(path) or (stated.get(code) if path.startswith("/") else None)
        if label:
            classes[place] = class_of(label)
    return classes[inverse].reshape(masks.codes.shape)


def view_boxes(objects: Iterable[SceneObject], *, world: bool) -> list[ViewBox]:
    """Return the oriented boxes of objects that have one, in the world or in the camera's frame."""
    found = []
    for item in objects:
        corners = item.corners_world if world else item.raw.get("3d_bbox")
        if corners is not None:
            found.append(oriented_box(item.label, np.array(corners, dtype=np.float64).reshape(8, 3)))
    return found


def oriented_box(label: str, corners: np.ndarray) -> ViewBox:
    """Return a box of its (8, 3) corners, local x changing fastest, then y, then z."""
    edges = corners[[1, 2, 4]] - corners[0]
    lengths = np.linalg.norm(edges, axis=1)
    axes = _axes(edges, lengths)
    return ViewBox(label, corners.mean(axis=0), lengths / 2, Rotation.from_matrix(axes.T).as_quat())


def _axes(edges: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return three unit vectors as rows, right-handed; an edge without a length gets a direction square to the others."""
    axes = np.zeros((3, 3))
    known = [place for place in range(3) if lengths[place] > 1e-9]
    for place in known:
        axes[place] = edges[place] / lengths[place]
    for place in range(3):
        if place not in known:
            others = axes[[other for other in range(3) if other != place and axes[other].any()]]
            _, _, spans = np.linalg.svd(np.vstack([others, np.zeros((1, 3))]))
            axes[place] = spans[-1]
    if np.linalg.det(axes) < 0:
        axes[2] = -axes[2]  # a box is its own mirror image
    return axes
