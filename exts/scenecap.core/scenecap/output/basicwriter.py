"""A frame as the files Replicator's BasicWriter writes, so that code reading a Replicator dataset reads ours.

Differences, all additions: room elements have rows in ``bounding_box_2d_tight`` (where there is an instance buffer) and
``bounding_box_3d``; objects without authored labels appear under their clean label; ``scenecap_frame_<n>.json`` holds what the
annotators cannot say. World coordinates in these files are the stage's own axes and units, as in Replicator.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scenecap.capture.sidecar import encode_frame, sidecar_name
from scenecap.contract import BACKGROUND_ID, FIRST_ENTITY_ID, UNLABELLED_ID, Buffer, CameraView, Frame
from scenecap.errors import OutputError
from scenecap.output.canonical import Digits, dumps
from scenecap.output.pictures import npy_bytes, png_bytes
from scenecap.output.settings import OutputSettings
from scenecap.replicator_format import (
    BACKGROUND_LABEL,
    BOX_2D_DTYPE,
    BOX_3D_DTYPE,
    OCCLUSION_DTYPE,
    OCCLUSION_UNKNOWN,
    UNLABELLED_LABEL,
    Annotator,
    Part,
    color_key,
    encode_normals,
    file_name,
    id_colors,
    semantic_label,
)

#: Horizontal aperture [mm] written where the camera does not say (USD's default).
DEFAULT_APERTURE = 20.955


def annotator_files(
    frame: Frame, settings: OutputSettings, *, render_product: str, nested: bool, rgb_png: bytes | None = None
) -> dict[str, bytes]:
    """Return the annotator outputs of a frame: path below the annotators' folder -> content.

    Args:
        frame: The frame. An annotator whose buffer it does not hold is left out.
        settings: Which annotators, padding, colours.
        render_product: The camera's name; a folder where ``nested``.
        nested: ``<render product>/<annotator>/`` as BasicWriter does for several render products; else flat.
        rgb_png: The picture as PNG where it is encoded already.
    """
    files: dict[str, bytes] = {}
    writer = _Encoder(frame, settings, rgb_png)
    for annotator in settings.annotators:
        folder = f"{render_product}/{annotator.value}/" if nested else ""
        for part, content in writer.encode(annotator).items():
            name = file_name(annotator, frame.frame_index, part=part, padding=settings.frame_padding)
            files[folder + name] = content
    if settings.save_sidecar and settings.annotators:
        folder = f"{render_product}/" if nested else ""
        name = sidecar_name(frame.frame_index, padding=settings.frame_padding)
        files[folder + name] = dumps(encode_frame(frame), decimals=None, levels=2)
    return files


def semantic_ids(frame: Frame) -> dict[str, int]:
    """Return label -> semantic id: the frame's own ids, and free ones for labels that have none."""
    ids = dict(frame.semantic_ids)
    free = max([FIRST_ENTITY_ID - 1, *ids.values()]) + 1
    labels = {semantic_label(item) for item in frame.objects} | {element.label for element in frame.room}
    for label in sorted(labels - set(ids)):
        ids[label] = free
        free += 1
    return ids


def camera_params(camera: CameraView, *, meters_per_unit: float, stage_from_world: np.ndarray) -> dict[str, Any]:
    """Return Replicator's ``camera_params`` of a pinhole camera, in the stage's axes and units.

    ``cameraViewTransform`` and ``cameraProjection`` are 4x4 for row vectors, flattened by rows; the projection has
    reversed depth.
    """
    stage_to_camera = np.linalg.inv(stage_from_world) @ camera.world_to_camera
    stage_to_camera[:, :3] /= meters_per_unit
    near, far = (distance / meters_per_unit for distance in camera.near_far)
    aperture = float(_param(camera, "cameraAperture", (DEFAULT_APERTURE, 0.0))[0])
    projection = np.zeros((4, 4))
    projection[0, 0] = 2.0 * camera.focal_px / camera.width
    projection[1, 1] = 2.0 * camera.focal_px / camera.height
    projection[2, 0] = 1.0 - 2.0 * camera.center_px[0] / camera.width
    projection[2, 1] = 2.0 * camera.center_px[1] / camera.height - 1.0
    projection[2, 2] = near / (far - near)
    projection[2, 3] = -1.0
    projection[3, 2] = near * far / (far - near)
    mm_per_px = aperture / camera.width
    offset = [(camera.width / 2 - camera.center_px[0]) * mm_per_px, (camera.center_px[1] - camera.height / 2) * mm_per_px]
    return {
        "cameraAperture": [aperture, camera.height * mm_per_px],
        "cameraApertureOffset": _param(camera, "cameraApertureOffset", offset),
        "cameraFStop": float(_param(camera, "cameraFStop", 0.0)),
        "cameraFocalLength": float(_param(camera, "cameraFocalLength", camera.focal_px * mm_per_px)),
        "cameraFocusDistance": float(_param(camera, "cameraFocusDistance", 0.0)),
        "cameraModel": "pinhole",
        "cameraNearFar": [near, far],
        "cameraProjection": projection.ravel(),
        "cameraViewTransform": stage_to_camera.ravel(),
        "metersPerSceneUnit": meters_per_unit,
        "renderProductResolution": [camera.width, camera.height],
    }


def _param(camera: CameraView, key: str, default: Any) -> Any:
    value = camera.params.get(key, default)
    return default if value is None else value


def _present(ids: np.ndarray) -> list[int]:
    """Return the ids in a buffer, background and unlabelled always among them."""
    counts = np.bincount(ids.ravel())
    return sorted({BACKGROUND_ID, UNLABELLED_ID, *np.flatnonzero(counts).tolist()})


class _Encoder:
    """Encodes the annotators of one frame."""

    def __init__(self, frame: Frame, settings: OutputSettings, rgb_png: bytes | None) -> None:
        self.frame = frame
        self.rgb_png = rgb_png
        self.settings = settings
        self.semantic_ids = semantic_ids(frame)
        self.visible = frame.visible
        self.in_view = tuple(item for item in frame.objects if item.visibility is not None)
        encode_box = self._boxes_2d
        self._encoders = {
            Annotator.RGB: self._rgb,
            Annotator.DISTANCE_TO_IMAGE_PLANE: self._depth,
            Annotator.NORMALS: self._normals,
            Annotator.INSTANCE_SEGMENTATION: self._instances,
            Annotator.SEMANTIC_SEGMENTATION: self._semantics,
            Annotator.BOUNDING_BOX_2D_TIGHT: lambda: encode_box(tight=True),
            Annotator.BOUNDING_BOX_2D_LOOSE: lambda: encode_box(tight=False),
            Annotator.BOUNDING_BOX_3D: self._boxes_3d,
            Annotator.CAMERA_PARAMS: self._camera,
            Annotator.OCCLUSION: self._occlusion,
        }

    def encode(self, annotator: Annotator) -> dict[Part, bytes]:
        """Return the files of one annotator; none where its buffer is absent."""
        return self._encoders[annotator]()

    def _png(self, array: np.ndarray, *, flat: bool = True) -> bytes:
        return png_bytes(array, compression=self.settings.png_compression, flat=flat)

    def _rgb(self) -> dict[Part, bytes]:
        picture = self.frame.buffers.get(Buffer.RGB)
        return {} if picture is None else {Part.DATA: self.rgb_png or self._png(picture, flat=False)}

    def _depth(self) -> dict[Part, bytes]:
        depth = self.frame.buffers.get(Buffer.DEPTH)
        return {} if depth is None else {Part.DATA: npy_bytes(depth)}

    def _normals(self) -> dict[Part, bytes]:
        normals = self.frame.buffers.get(Buffer.NORMALS)
        if normals is None:
            return {}
        stage_axes = normals.copy()
        rotation = self.frame.stage_from_world[:3, :3] * self.frame.meters_per_unit
        if not np.allclose(rotation, np.eye(3)):
            stage_axes[..., :3] = normals[..., :3] @ rotation.astype(np.float32)
        return {Part.DATA: self._png(encode_normals(stage_axes))}

    def _instances(self) -> dict[Part, bytes]:
        ids = self.frame.buffers.get(Buffer.INSTANCE)
        if ids is None:
            return {}
        path_of = {number: path for path, number in self.frame.entity_ids.items()}
        labels = {item.path: semantic_label(item) for item in self.frame.objects}
        labels |= {element.path: element.label for element in self.frame.room}
        paths: dict[int, Any] = {}
        semantics: dict[int, Any] = {}
        for number in _present(ids):
            fixed = {BACKGROUND_ID: BACKGROUND_LABEL, UNLABELLED_ID: UNLABELLED_LABEL}.get(number)
            paths[number] = fixed or path_of.get(number, UNLABELLED_LABEL)
            semantics[number] = {"class": fixed or labels.get(paths[number], UNLABELLED_LABEL)}
        picture, keys = self._segmentation(ids, colorize=self.settings.colorize_instance_segmentation)
        return {
            Part.DATA: picture,
            Part.MAPPING: dumps({keys[number]: path for number, path in paths.items()}),
            Part.SEMANTICS_MAPPING: dumps({keys[number]: label for number, label in semantics.items()}),
        }

    def _semantics(self) -> dict[Part, bytes]:
        ids = self.frame.buffers.get(Buffer.SEMANTIC)
        if ids is None:
            return {}
        label_of = {number: label for label, number in self.semantic_ids.items()}
        label_of |= {BACKGROUND_ID: BACKGROUND_LABEL, UNLABELLED_ID: UNLABELLED_LABEL}
        picture, keys = self._segmentation(ids, colorize=self.settings.colorize_semantic_segmentation)
        labels = {keys[number]: {"class": label_of.get(number, UNLABELLED_LABEL)} for number in _present(ids)}
        return {Part.DATA: picture, Part.LABELS: dumps(labels)}

    def _segmentation(self, ids: np.ndarray, *, colorize: bool) -> tuple[bytes, dict[int, str]]:
        """Return the picture of an id buffer, and the mapping key of each id in it."""
        highest = int(ids.max(initial=UNLABELLED_ID))
        if colorize:
            colors = id_colors(highest + 1)
            # One 32-bit word per pixel: four times as fast as gathering rows of four bytes.
            picture = np.take(colors.view(np.uint32)[:, 0], ids).view(np.uint8).reshape(*ids.shape, 4)
            return self._png(picture), {number: color_key(tuple(colors[number])) for number in range(highest + 1)}
        if highest > 0xFFFF:
            raise OutputError(
                f"frame {self.frame.frame_index}, {self.frame.camera.path}: {highest} ids do not fit a 16-bit picture.",
                remedy="Set colorize_instance_segmentation: true.",
            )
        return self._png(ids.astype(np.uint16)), {number: str(number) for number in range(highest + 1)}

    def _boxes_2d(self, *, tight: bool) -> dict[Part, bytes]:
        rows: list[tuple[str, str, tuple]] = []
        for item in self.visible if tight else self.in_view:
            seen = item.visibility
            assert seen is not None
            ratio = OCCLUSION_UNKNOWN if seen.occlusion is None else seen.occlusion
            rows.append((item.path, semantic_label(item), (*(seen.box_tight if tight else seen.box_loose), ratio)))
        if tight:
            rows += self._room_boxes()
        rows.sort(key=lambda row: row[0])
        array = np.zeros(len(rows), dtype=BOX_2D_DTYPE)
        for index, (_, label, values) in enumerate(rows):
            array[index] = (self.semantic_ids[label], *values)
        return self._box_parts(array, rows)

    def _room_boxes(self) -> list[tuple[str, str, tuple]]:
        ids = self.frame.buffers.get(Buffer.INSTANCE)
        if ids is None:
            return []
        rows = []
        for element in self.frame.room:
            mask = ids == self.frame.entity_ids.get(element.path, -1)
            if not mask.any():
                continue
            columns, lines = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
            box = (int(columns[0]), int(lines[0]), int(columns[-1]), int(lines[-1]))
            rows.append((element.path, element.label, (*box, OCCLUSION_UNKNOWN)))
        return rows

    def _boxes_3d(self) -> dict[Part, bytes]:
        rows: list[tuple[str, str, tuple]] = []
        stage_from_world = self.frame.stage_from_world
        for item in self.in_view:
            seen = item.visibility
            ratio = OCCLUSION_UNKNOWN if seen is None or seen.occlusion is None else seen.occlusion
            values = (*item.box_local.ravel(), item.object_to_world @ stage_from_world, ratio)
            rows.append((item.path, semantic_label(item), values))
        for element in self.frame.room:
            rows.append((element.path, element.label, (*element.aabb_world.ravel(), stage_from_world, OCCLUSION_UNKNOWN)))
        rows.sort(key=lambda row: row[0])
        array = np.zeros(len(rows), dtype=BOX_3D_DTYPE)
        for index, (_, label, values) in enumerate(rows):
            array[index] = (self.semantic_ids[label], *values)
        return self._box_parts(array, rows)

    def _box_parts(self, array: np.ndarray, rows: list[tuple[str, str, tuple]]) -> dict[Part, bytes]:
        used = sorted({(self.semantic_ids[label], label) for _, label, _ in rows})
        return {
            Part.DATA: npy_bytes(array),
            Part.LABELS: dumps({str(number): {"class": label} for number, label in used}),
            Part.PRIM_PATHS: dumps([path for path, _, _ in rows]),
        }

    def _camera(self) -> dict[Part, bytes]:
        frame = self.frame
        params = camera_params(frame.camera, meters_per_unit=frame.meters_per_unit, stage_from_world=frame.stage_from_world)
        exact = {key: Digits(value, None) if isinstance(value, np.ndarray) else value for key, value in params.items()}
        return {Part.DATA: dumps(exact, decimals=None)}

    def _occlusion(self) -> dict[Part, bytes]:
        array = np.zeros(len(self.visible), dtype=OCCLUSION_DTYPE)
        for index, item in enumerate(self.visible):
            seen = item.visibility
            ratio = OCCLUSION_UNKNOWN if seen is None or seen.occlusion is None else seen.occlusion
            array[index] = (self.frame.entity_ids.get(item.path, 0), self.semantic_ids[semantic_label(item)], ratio)
        return {Part.DATA: npy_bytes(array)}
