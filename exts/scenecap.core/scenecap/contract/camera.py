"""The camera of a frame: a pinhole with square pixels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

#: The view matrix is rounded to this many decimals, relative to its axes and its offset: one that went through a payload and
#: back is then the same, bit by bit.
VIEW_DECIMALS = 12


@dataclass(frozen=True, eq=False)
class CameraView:
    """A pinhole camera with square pixels at one time.

    Attributes:
        path: Prim path of the camera, or ``/auto/<n>`` for a view that was placed automatically.
        width: Picture width [px].
        height: Picture height [px].
        world_to_camera: (4, 4) float64 rigid transform, world [m] -> camera [m].
        focal_px: Focal length [px], the same along x and y.
        center_px: Principal point (x, y) in continuous pixel coordinates (aperture offsets included).
        near_far: Clipping distances [m].
        params: USD's own values, as camera_params names them: focal length and apertures [mm, i.e. tenths of a stage
            unit], focus distance, f-stop; for the files only.
    """

    path: str
    width: int
    height: int
    world_to_camera: np.ndarray
    focal_px: float
    center_px: tuple[float, float]
    near_far: tuple[float, float] = (0.01, 1e6)
    params: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        matrix = np.array(self.world_to_camera, dtype=np.float64).reshape(4, 4)
        matrix[:3] = np.round(matrix[:3], VIEW_DECIMALS)
        offset = float(np.abs(matrix[3, :3]).max())
        if math.isfinite(offset) and offset > 0:
            step = 2.0 ** math.ceil(math.log2(offset))
            matrix[3, :3] = np.round(matrix[3, :3] / step, VIEW_DECIMALS) * step
        matrix += 0.0  # turns -0.0 into 0.0
        matrix.setflags(write=False)
        object.__setattr__(self, "world_to_camera", matrix)

    @property
    def camera_to_world(self) -> np.ndarray:
        """(4, 4) float64 inverse of :attr:`world_to_camera`."""
        return np.linalg.inv(self.world_to_camera)

    @property
    def position_world(self) -> np.ndarray:
        """(3,) float64 camera centre in world [m]."""
        return self.camera_to_world[3, :3]

    @property
    def viewer_to_world(self) -> np.ndarray:
        """(3, 3) float64, rows = unit right, forward and up of the viewer frame in world.

        Forward is the view direction on the ground plane (the camera's up where it looks straight down). Right is the
        picture's right, so the frame is left-handed where the camera hangs upside down.
        """
        camera_to_world = self.camera_to_world
        view, up = -camera_to_world[2, :3], camera_to_world[1, :3]
        forward = np.array([view[0], view[1], 0.0])
        if np.linalg.norm(forward) < 0.05 * np.linalg.norm(view):
            forward = np.array([up[0], up[1], 0.0]) * (1.0 if view[2] <= 0 else -1.0)
        forward = forward / norm if (norm := np.linalg.norm(forward)) > 1e-9 else np.array([0.0, 1.0, 0.0])
        right = np.cross(forward, (0.0, 0.0, 1.0))
        return np.stack([right if right @ camera_to_world[0, :3] >= 0 else -right, forward, np.array([0.0, 0.0, 1.0])])

    def project(self, points_world: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project (N, 3) points [m] to (N, 2) continuous pixel coordinates (nan behind the camera) and (N,) depths [m]."""
        points = np.asarray(points_world, dtype=np.float64).reshape(-1, 3)
        camera = points @ self.world_to_camera[:3, :3] + self.world_to_camera[3, :3]
        depth = -camera[:, 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(depth > 0, self.focal_px / depth, np.nan)
            x = self.center_px[0] + camera[:, 0] * scale
            y = self.center_px[1] - camera[:, 1] * scale
        return np.stack([x, y], axis=1), depth
