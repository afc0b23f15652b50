"""Replicator's ``camera_params`` as a :class:`~scenecap.contract.CameraView`.

Conventions (checked by others against projected keypoints of NVIDIA's own files): matrices are for row vectors and flattened
by rows; camera space is +x right, +y up, -z forward, in stage units; ``ndc = (p @ cameraProjection)`` divided by w; the third
column is reversed depth and of no use. The up axis is not in the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from scenecap.contract import CameraView
from scenecap.errors import CameraError, CaptureError
from scenecap.text import clean_text

#: How far fx and fy may lie apart before pixels count as not square.
_SQUARE = 0.01
_PINHOLES = frozenset(("pinhole", "pinholeopencv", ""))


def stage_axes(up_axis: str, meters_per_unit: float) -> np.ndarray:
    """Return world_from_stage, (4, 4) float64 for row vectors: stage units and axes -> world [m], z up.

    Args:
        up_axis: "z" or "y" (USD's Y-up to Z-up: (x, y, z) -> (x, -z, y)).
        meters_per_unit: Of the stage.
    """
    rotation = {"z": np.eye(3), "y": np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])}[up_axis]
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * meters_per_unit
    return matrix


def meters_per_unit_of(params: Mapping[str, Any]) -> float:
    """Return the stage's unit [m] as ``camera_params`` tells it.

    Raises:
        CaptureError: It is not a positive number.
    """
    value = float(params.get("metersPerSceneUnit", 1.0))
    if not (math.isfinite(value) and value > 0):
        raise CaptureError(f"camera_params: metersPerSceneUnit is {value}; a positive number of metres is needed.")
    return value


def parse_camera(
    params: Mapping[str, Any], *, path: str, up_axis: str, resolution: tuple[int, int] | None = None
) -> CameraView:
    """Return the pinhole camera that ``camera_params`` describes.

    Args:
        params: Replicator's parameters: ``cameraViewTransform`` and ``cameraProjection`` for row vectors, or focal length and
            aperture where there is no projection.
        path: What the camera is called.
        up_axis: The stage's up axis, "z" or "y", which the parameters do not tell.
        resolution: Width and height [px] where the parameters do not tell.

    Raises:
        CameraError: It is no pinhole with square pixels, or a value is missing or unusable.
    """
    model = str(params.get("cameraModel", "pinhole"))
    if model.lower() not in _PINHOLES:
        raise CameraError(
            f"{path}: cameraModel is {clean_text(model)}, which is not supported.", remedy="Record with a pinhole camera."
        )
    width, height = _resolution(params, path, resolution)
    units = meters_per_unit_of(params)
    stage_to_camera = _matrix(params, "cameraViewTransform", path)
    if stage_to_camera is None:
        raise CameraError(
            f"{path}: camera_params has no cameraViewTransform.", remedy="Record camera_params with BasicWriter."
        )
    focal, center = _intrinsics(params, path, width, height)
    near, far = _pair(params.get("cameraNearFar"), (0.01 / units, 1e6 / units))
    return CameraView(
        path=path,
        width=width,
        height=height,
        world_to_camera=_rigid(np.linalg.inv(stage_axes(up_axis, units)) @ stage_to_camera, path),
        focal_px=focal,
        center_px=center,
        near_far=(near * units, far * units),
        params={key: value for key, value in params.items() if key.startswith("camera") and _is_short(value)},
    )


def _is_short(value: Any) -> bool:
    return isinstance(value, (str, int, float)) or (isinstance(value, (list, tuple)) and len(value) <= 6)


def _rigid(world_to_camera: np.ndarray, path: str) -> np.ndarray:
    """Return a view transform whose axes are unit vectors at right angles: float32 and a scaled camera prim leave traces."""
    rows = world_to_camera[:3, :3]
    left, scale, right = np.linalg.svd(rows)
    if not np.isfinite(world_to_camera).all() or scale[2] < 1e-9 or np.linalg.det(rows) <= 0:
        raise CameraError(f"{path}: cameraViewTransform is not a rotation and a translation.", remedy="Correct the camera.")
    rotation = left @ right
    position = -world_to_camera[3, :3] @ np.linalg.inv(rows)  # camera centre in world [m]
    result = np.eye(4)
    result[:3, :3] = rotation
    result[3, :3] = -position @ rotation
    return result


def _resolution(params: Mapping[str, Any], path: str, resolution: tuple[int, int] | None) -> tuple[int, int]:
    value = params.get("renderProductResolution")
    width, height = _pair(value, resolution or (0, 0))
    if width < 1 or height < 1:
        raise CameraError(f"{path}: camera_params has no renderProductResolution and there is no picture to take it from.")
    return int(width), int(height)


def _intrinsics(params: Mapping[str, Any], path: str, width: int, height: int) -> tuple[float, tuple[float, float]]:
    projection = _matrix(params, "cameraProjection", path)
    if projection is not None and projection[0, 0] > 0 and projection[1, 1] > 0:
        if projection[2, 3] == 0:
            raise CameraError(f"{path}: an orthographic camera is not supported.", remedy="Record with a pinhole camera.")
        across, down = projection[0, 0] * width / 2, projection[1, 1] * height / 2
        if abs(across - down) > _SQUARE * across:
            raise CameraError(
                f"{path}: its pixels are not square (focal length {across:.1f} px across, {down:.1f} px down).",
                remedy="Record with square pixels: let the vertical aperture follow from the picture's size.",
            )
        return float(across), ((1 - projection[2, 0]) / 2 * width, (1 + projection[2, 1]) / 2 * height)
    focal = float(params.get("cameraFocalLength", 0.0))
    aperture = _pair(params.get("cameraAperture"), (0.0, 0.0))[0]
    if not (focal > 0 and aperture > 0):
        raise CameraError(f"{path}: camera_params has neither cameraProjection nor cameraFocalLength and cameraAperture.")
    pixels = width / aperture
    shift = _pair(params.get("cameraApertureOffset"), (0.0, 0.0))
    return focal * pixels, (width / 2 - shift[0] * pixels, height / 2 + shift[1] * pixels)


def _matrix(params: Mapping[str, Any], key: str, path: str) -> np.ndarray | None:
    value = params.get(key)
    if value is None:
        return None
    try:
        matrix = np.asarray(value, dtype=np.float64).reshape(4, 4)
    except (TypeError, ValueError):
        raise CameraError(f"{path}: {key} in camera_params is not 16 numbers.") from None
    return matrix


def _pair(value: Any, default: tuple[float, float]) -> tuple[float, float]:
    if value is None or isinstance(value, (str, bytes)):
        return default
    numbers = np.asarray(value, dtype=np.float64).ravel()
    return default if len(numbers) < 2 else (float(numbers[0]), float(numbers[1]))
