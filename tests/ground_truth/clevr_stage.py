"""Build USD stages from CLEVR's scene files, with a camera fitted to the published pixel coordinates.

CLEVR: Johnson et al., "CLEVR: A Diagnostic Dataset for Compositional Language and Elementary Visual Reasoning", CVPR 2017.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

#: CLEVR renders here are 320x240 with this focal length [px] (given with the files).
FOCAL_PX = 350.0
WIDTH, HEIGHT = 320, 240

#: CLEVR's eight colours, sRGB 0..255 (published with the dataset's generator settings).
COLORS = {
    "gray": (87, 87, 87),
    "red": (173, 35, 35),
    "blue": (42, 75, 215),
    "green": (29, 105, 20),
    "brown": (129, 74, 25),
    "purple": (129, 38, 192),
    "cyan": (41, 208, 208),
    "yellow": (255, 238, 51),
}


def load(path: Path) -> dict[str, Any]:
    """Return one CLEVR scene."""
    return json.loads(path.read_text())


def fit_camera(scene: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Fit the camera's pose to 3d_coords and pixel_coords.

    Returns:
        (3, 3) rotation whose rows are the camera's right, up and backward axes in world, and (3,) its centre.
    """
    points = np.array([obj["3d_coords"] for obj in scene["objects"]])
    pixels = np.array([obj["pixel_coords"] for obj in scene["objects"]], dtype=float)

    def residuals(pose: np.ndarray) -> np.ndarray:
        camera = (points - pose[3:]) @ Rotation.from_rotvec(pose[:3]).as_matrix().T
        x = WIDTH / 2 + FOCAL_PX * camera[:, 0] / -camera[:, 2]
        y = HEIGHT / 2 - FOCAL_PX * camera[:, 1] / -camera[:, 2]
        # Depth is known to far more digits than the rounded pixels.
        return np.concatenate([x - pixels[:, 0], y - pixels[:, 1], 20.0 * (-camera[:, 2] - pixels[:, 2])])

    center = np.array(scene["directions"]["front"]) * 7.0 + np.array([0.0, 0.0, 5.0])
    view = -center / np.linalg.norm(center)
    right = np.cross(view, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(right, view), -view])
    start = np.concatenate([Rotation.from_matrix(axes).as_rotvec(), center])
    pose = least_squares(residuals, start, loss="soft_l1").x
    return Rotation.from_rotvec(pose[:3]).as_matrix(), pose[3:]


def write_stage(scene: dict[str, Any], path: Path) -> Path:
    """Write a USD stage of a CLEVR scene: labelled gprims on a floor, and the fitted camera.

    Object i is ``/World/Object_i`` with the label "<shape>"; its colour is a UsdPreviewSurface material.
    """
    from pxr import Gf, Sdf, Usd, UsdGeom, UsdShade

    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    world = UsdGeom.Xform.Define(stage, "/World")
    stage.SetDefaultPrim(world.GetPrim())
    floor = UsdGeom.Mesh.Define(stage, "/World/Floor")
    floor.CreatePointsAttr([(-20, -20, 0), (20, -20, 0), (20, 20, 0), (-20, 20, 0)])
    floor.CreateFaceVertexCountsAttr([4])
    floor.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    floor.CreateSubdivisionSchemeAttr("none")
    for index, obj in enumerate(scene["objects"]):
        half = obj["3d_coords"][2]  # all rest on the floor, so the centre's height is the half size
        prim_path = f"/World/Object_{index}"
        xform = UsdGeom.Xform.Define(stage, prim_path)
        xform.AddTranslateOp().Set(Gf.Vec3d(*obj["3d_coords"]))
        xform.AddRotateZOp().Set(float(obj["rotation"]))
        if obj["shape"] == "cube":
            UsdGeom.Cube.Define(stage, f"{prim_path}/Shape").CreateSizeAttr(2 * half)
        elif obj["shape"] == "sphere":
            UsdGeom.Sphere.Define(stage, f"{prim_path}/Shape").CreateRadiusAttr(half)
        else:
            cylinder = UsdGeom.Cylinder.Define(stage, f"{prim_path}/Shape")
            cylinder.CreateRadiusAttr(half)
            cylinder.CreateHeightAttr(2 * half)
            cylinder.CreateAxisAttr("Z")
        xform.GetPrim().AddAppliedSchema("SemanticsLabelsAPI:class")
        labels = xform.GetPrim().CreateAttribute("semantics:labels:class", Sdf.ValueTypeNames.TokenArray)
        labels.Set([obj["shape"]])
        material = UsdShade.Material.Define(stage, f"/World/Looks/Material_{index}")
        shader = UsdShade.Shader.Define(stage, f"/World/Looks/Material_{index}/Surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        linear = [_linear(channel / 255.0) for channel in COLORS[obj["color"]]]
        shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*linear))
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        shape = stage.GetPrimAtPath(f"{prim_path}/Shape")
        UsdShade.MaterialBindingAPI.Apply(shape).Bind(material)
    axes, center = fit_camera(scene)
    matrix = np.eye(4)
    matrix[:3, :3], matrix[3, :3] = axes, center
    camera = UsdGeom.Camera.Define(stage, "/World/Camera")
    camera.AddTransformOp().Set(Gf.Matrix4d(matrix.tolist()))
    aperture = 20.955
    camera.CreateHorizontalApertureAttr(aperture)
    camera.CreateVerticalApertureAttr(aperture * HEIGHT / WIDTH)
    camera.CreateFocalLengthAttr(FOCAL_PX * aperture / WIDTH)
    camera.CreateClippingRangeAttr(Gf.Vec2f(0.1, 100.0))
    stage.Save()
    return path


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else math.pow((value + 0.055) / 1.055, 2.4)
