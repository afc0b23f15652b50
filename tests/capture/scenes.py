"""Small scenes for tests of pictures: a floor, two boxes, a see-through box, in memory."""

from __future__ import annotations

import numpy as np
from pxr import Gf, Sdf, Usd, UsdGeom, UsdShade

from scenecap.capture.albedo import MaterialTable
from scenecap.capture.gbuffer import build_gbuffer
from scenecap.capture.layers import ViewedScene, make_layer
from scenecap.capture.raster import rasterize
from scenecap.capture.settings import CaptureSettings
from scenecap.capture.world import StageWorld
from scenecap.contract import CameraView
from scenecap.stage.open import open_stage
from scenecap.stage.settings import LabelSettings

WHITE, RED, GREY = (0.8, 0.8, 0.8), (0.7, 0.03, 0.03), (0.2, 0.2, 0.2)


def new_stage(path: str) -> Usd.Stage:
    """A stage in metres, z up."""
    stage = Usd.Stage.CreateNew(path)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    return stage


def add_box(stage: Usd.Stage, path: str, center, size, color, *, opacity: float = 1.0, roughness: float = 0.6) -> Usd.Prim:
    """An Xform with a cube in it and a material of its own."""
    UsdGeom.Xform.Define(stage, path)
    cube = UsdGeom.Cube.Define(stage, f"{path}/Shape")
    cube.CreateSizeAttr(1.0)
    UsdGeom.XformCommonAPI(cube).SetTranslate(Gf.Vec3d(*center))
    UsdGeom.XformCommonAPI(cube).SetScale(Gf.Vec3f(*size))
    material = UsdShade.Material.Define(stage, f"{path}/Look")
    shader = UsdShade.Shader.Define(stage, f"{path}/Look/Surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*color))
    shader.CreateInput("opacity", Sdf.ValueTypeNames.Float).Set(opacity)
    shader.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(roughness)
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdShade.MaterialBindingAPI.Apply(cube.GetPrim()).Bind(material)
    return cube.GetPrim()


def table_top(path: str) -> Usd.Stage:
    """A white floor with a red box on the left, a grey one on the right and a see-through one in the middle."""
    stage = new_stage(path)
    add_box(stage, "/World/Floor", (0, 0, -0.05), (6, 6, 0.1), WHITE)
    add_box(stage, "/World/RedBox", (-0.5, 0, 0.2), (0.4, 0.4, 0.4), RED)
    add_box(stage, "/World/GreyBox", (0.5, 0, 0.2), (0.4, 0.4, 0.4), GREY)
    add_box(stage, "/World/Ghost", (0, -0.6, 0.15), (0.3, 0.3, 0.3), (0.1, 0.1, 0.8), opacity=0.3)
    return stage


def look(eye, target, *, width: int = 96, height: int = 72, fov: float = 50.0, shift=(0.0, 0.0)) -> CameraView:
    """A camera at a point that looks at another; ``shift`` moves the principal point [px]."""
    eye, target = np.array(eye, float), np.array(target, float)
    back = (eye - target) / np.linalg.norm(eye - target)
    right = np.cross([0.0, 0.0, 1.0], back)
    right = right / np.linalg.norm(right) if np.linalg.norm(right) > 1e-9 else np.array([1.0, 0.0, 0.0])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[3, :3] = np.stack([right, np.cross(back, right), back]), eye
    focal = width / 2 / np.tan(np.radians(fov) / 2)
    return CameraView("/cam", width, height, np.linalg.inv(matrix), focal, (width / 2 + shift[0], height / 2 + shift[1]))


class Studio:
    """A stage that is open, with what pictures need."""

    def __init__(self, stage: Usd.Stage) -> None:
        stage.Save()
        self.open_stage = open_stage(stage.GetRootLayer().realPath)
        self.world = StageWorld(self.open_stage, CaptureSettings.model_validate({}), LabelSettings.model_validate({}))
        self.table = MaterialTable(self.world.bindings, self.world.materials.textures)

    def view(self, camera: CameraView, *, time: float = 0.0) -> ViewedScene:
        moment = self.world.at(time)
        places = moment.state.local_to_world
        slots = moment.slot_of_gprim
        found = rasterize(moment.scene, camera, places, entity_of_gprim=slots, entity_count=len(moment.slots))
        truth = make_layer(build_gbuffer(moment.scene, camera, places, found), self.table)
        return ViewedScene(camera, moment.scene, places, moment.drawn, self.table, truth)

    def gprim(self, part: str) -> int:
        return next(row for row, gprim in enumerate(self.world.walk.gprims) if part in gprim.path)
