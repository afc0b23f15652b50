"""A small stage of the tests' own: a table in a room with things on it, turned and scaled, in any units and up axis."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from pxr import Gf, Usd, UsdGeom

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.settings import CaptureSettings
from scenecap.contract import Frame
from scenecap.stage.cameras import camera_view
from scenecap.stage.open import OpenStage, wrap_stage

#: Name -> (centre, edges) [m] and turn about z [degrees].
THINGS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    "Table": ((0.0, 0.0, 0.35), (1.6, 0.9, 0.7), 15.0),
    "Box": ((0.2, 0.1, 0.8), (0.2, 0.3, 0.2), 40.0),
    "Book": ((-0.4, -0.1, 0.725), (0.2, 0.15, 0.05), -20.0),
    "Crate": ((1.6, 0.6, 0.25), (0.5, 0.5, 0.5), 0.0),
}
COLORS = {"Table": (0.4, 0.2, 0.1), "Box": (0.8, 0.05, 0.05), "Book": (0.05, 0.1, 0.8), "Crate": (0.1, 0.6, 0.1)}
CAMERAS = {"/World/Cameras/Front": (0.3, -3.6, 2.2), "/World/Cameras/Side": (3.6, -1.5, 2.0)}


@dataclass(frozen=True, eq=False)
class Captured:
    """A stage and what the embedded source sees of it."""

    opened: OpenStage
    frames: dict[str, Frame]

    @property
    def stage(self) -> Usd.Stage:
        return self.opened.stage

    @property
    def front(self) -> Frame:
        return self.frames["/World/Cameras/Front"]


def make_stage(*, meters_per_unit: float = 1.0, up_axis: str = "Z") -> Usd.Stage:
    """Return the stage. Things are cubes of edge 2 under a turned and scaled Xform."""
    stage = Usd.Stage.CreateInMemory("room.usda")
    UsdGeom.SetStageMetersPerUnit(stage, meters_per_unit)
    UsdGeom.SetStageUpAxis(stage, up_axis)
    world = UsdGeom.Xform.Define(stage, "/World")
    stage.SetDefaultPrim(world.GetPrim())
    if up_axis == "Y":
        world.AddRotateXOp().Set(-90.0)
    world.AddScaleOp().Set(Gf.Vec3f(1.0 / meters_per_unit))
    _cube(stage, "/World/Floor", (0.0, 0.0, -0.05), (8.0, 8.0, 0.1), 0.0)
    for name, (centre, edges, turn) in THINGS.items():
        cube = _cube(stage, f"/World/{name}", centre, edges, turn)
        cube.CreateDisplayColorAttr([Gf.Vec3f(*COLORS[name])])
    for path, eye in CAMERAS.items():
        camera = UsdGeom.Camera.Define(stage, path)
        camera.CreateFocalLengthAttr(24.0)
        look = Gf.Matrix4d().SetLookAt(Gf.Vec3d(*eye), Gf.Vec3d(0.2, 0.1, 0.5), Gf.Vec3d(0.0, 0.0, 1.0))
        camera.AddTransformOp().Set(look.GetInverse())
    return stage


def _cube(stage: Usd.Stage, path: str, centre: tuple, edges: tuple, turn: float) -> UsdGeom.Cube:
    holder = UsdGeom.Xform.Define(stage, path)
    holder.AddTranslateOp().Set(Gf.Vec3d(*centre))
    holder.AddRotateZOp().Set(turn)
    holder.AddScaleOp().Set(Gf.Vec3f(*(edge / 2 for edge in edges)))
    return UsdGeom.Cube.Define(stage, f"{path}/Shape")


def capture(stage: Usd.Stage, *, resolution: tuple[int, int] = (320, 240)) -> Captured:
    """Return what the embedded source sees through all cameras, in drafts."""
    opened = wrap_stage(stage)
    source = EmbeddedSource(opened, CaptureSettings.model_validate({"quality": "draft"}))
    frames = {}
    for path in CAMERAS:
        view = camera_view(opened, path, time_code=opened.start, resolution=resolution)
        frames[path] = source.observe(view)
    return Captured(opened, frames)


@functools.cache
def captured(meters_per_unit: float = 1.0, up_axis: str = "Z") -> Captured:
    """Return the stage as captured once for all tests that do not change it."""
    return capture(make_stage(meters_per_unit=meters_per_unit, up_axis=up_axis))


def matrix_of(value: Gf.Matrix4d) -> np.ndarray:
    return np.array(value, dtype=np.float64)
