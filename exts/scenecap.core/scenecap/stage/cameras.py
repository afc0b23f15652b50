"""Read the cameras of a stage as pinholes with square pixels, in metres and z-up world."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pxr import Sdf, Usd, UsdGeom

from scenecap.contract import CameraView
from scenecap.errors import CameraError
from scenecap.stage.open import OpenStage
from scenecap.text import clean_text, nearest

#: Cameras of Kit's viewport, which a saved stage may hold; they are views of the editor, not of the scene.
KIT_CAMERAS = frozenset({"/OmniverseKit_Persp", "/OmniverseKit_Front", "/OmniverseKit_Top", "/OmniverseKit_Right"})

#: Clipping distances [m] where ``clippingRange`` is not authored. The schema's fallback, 1 to 1,000,000 stage units, would cut
#: away a table-top scene in metres.
DEFAULT_NEAR_FAR = (0.01, 1.0e6)

#: Nearest clipping distance [m] that is drawn.
_MIN_NEAR = 1e-4

#: Values of Kit's ``cameraProjectionType`` that are a plain pinhole.
_PINHOLE_TYPES = frozenset({"", "pinhole", "perspective"})


@dataclass(frozen=True)
class CameraInfo:
    """A camera of the stage.

    Attributes:
        path: Its prim path.
        unsupported: Why it cannot be captured, or "".
        animated: Whether its pose or lens changes over time.
    """

    path: str
    unsupported: str = ""
    animated: bool = False


def list_cameras(open_stage: OpenStage) -> list[CameraInfo]:
    """List the cameras of a stage in stage order, those in instances too, without Kit's viewport cameras."""
    found: list[CameraInfo] = []
    for prim in Usd.PrimRange.Stage(open_stage.stage, Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)):
        if prim.IsA(UsdGeom.Camera) and str(prim.GetPath()) not in KIT_CAMERAS:
            time = Usd.TimeCode(open_stage.start)
            found.append(CameraInfo(str(prim.GetPath()), unsupported_lens(prim, time), _is_animated(prim)))
    return found


def camera_view(open_stage: OpenStage, path: str, *, time_code: float, resolution: tuple[int, int]) -> CameraView:
    """Read one camera at a time.

    The vertical aperture follows from the horizontal one and the picture's aspect (square pixels), as in Isaac Sim; the
    authored one is ignored. Scale in the camera's transform is removed. Lens offsets move the principal point.

    Args:
        open_stage: The stage.
        path: Prim path.
        time_code: When.
        resolution: Width and height [px].

    Raises:
        CameraError: There is no such camera, it is no pinhole, or its lens or pose is not usable.
    """
    prim = _find(open_stage, path)
    time = Usd.TimeCode(time_code)
    reason = unsupported_lens(prim, time)
    if reason:
        raise CameraError(f"{path}: {reason}.", remedy="Use a perspective camera without lens distortion.")
    camera = UsdGeom.Camera(prim)
    width, height = resolution
    focal = _number(camera.GetFocalLengthAttr(), time)
    aperture = _number(camera.GetHorizontalApertureAttr(), time)
    if not (focal > 0 and aperture > 0):
        raise CameraError(
            f"{path}: focalLength is {focal:g} and horizontalAperture {aperture:g}; both must be larger than 0.",
            remedy="Correct the camera.",
        )
    shift_x = _number(camera.GetHorizontalApertureOffsetAttr(), time)
    shift_y = _number(camera.GetVerticalApertureOffsetAttr(), time)
    pixels = width / aperture
    near_far = _near_far(camera, time, open_stage.meters_per_unit)
    units = open_stage.meters_per_unit
    return CameraView(
        path=path,
        width=width,
        height=height,
        world_to_camera=_world_to_camera(open_stage, prim, time),
        focal_px=focal * pixels,
        center_px=(width / 2.0 - shift_x * pixels, height / 2.0 + shift_y * pixels),
        near_far=near_far,
        params={
            "cameraModel": "pinhole",
            "cameraFocalLength": focal,
            "cameraAperture": [aperture, aperture * height / width],
            "cameraApertureOffset": [shift_x, shift_y],
            "cameraFocusDistance": _number(camera.GetFocusDistanceAttr(), time),
            "cameraFStop": _number(camera.GetFStopAttr(), time),
            "cameraNearFar": [near_far[0] / units, near_far[1] / units],
            "metersPerSceneUnit": units,
        },
    )


def unsupported_lens(prim: Usd.Prim, time: Usd.TimeCode) -> str:
    """Return why a camera is no plain pinhole, or ""."""
    if UsdGeom.Camera(prim).GetProjectionAttr().Get(time) == UsdGeom.Tokens.orthographic:
        return "an orthographic camera is not supported"
    for name in ("cameraProjectionType", "omni:lensdistortion:model"):
        attribute = prim.GetAttribute(name)
        value = str(attribute.Get(time) or "") if attribute else ""
        if value.lower() not in _PINHOLE_TYPES:
            return f"a {clean_text(value)} lens ({name}) is not supported"
    # Not GetAppliedSchemas(), which leaves out schemas that this USD build does not know, such as Kit's.
    for schema in prim.GetPrimTypeInfo().GetAppliedAPISchemas():
        if str(schema).startswith("OmniLensDistortion"):
            return f"a lens with distortion ({clean_text(schema)}) is not supported"
    return ""


def _find(open_stage: OpenStage, path: str) -> Usd.Prim:
    valid = Sdf.Path.IsValidPathString(path) if path else False
    prim = open_stage.stage.GetPrimAtPath(path) if valid and path.startswith("/") else None
    if prim and prim.IsA(UsdGeom.Camera):
        return prim
    known = [info.path for info in list_cameras(open_stage)]  # walks all of the stage: not for every frame
    what = f"'{clean_text(path, limit=200)}' is no camera"
    if prim:
        what = f"'{clean_text(path, limit=200)}' is a {prim.GetTypeName() or 'prim without a type'}, not a camera"
        below = [item for item in known if item.startswith(f"{prim.GetPath()}/")]
        known = below or known
    if not known:
        raise CameraError(f"{what}, and the stage has none.", remedy="Leave the camera out to have views placed.")
    by_name = [item for item in known if item.rpartition("/")[2].lower() == path.rpartition("/")[2].lower()]
    guess = by_name[0] if by_name else nearest(path, known)
    remedy = f"Did you mean {guess}?" if guess else f"The stage's cameras are: {', '.join(known[:8])}."
    raise CameraError(f"{what}.", remedy=remedy)


def _number(attribute: Usd.Attribute, time: Usd.TimeCode) -> float:
    value = attribute.Get(time)
    return float(value) if value is not None and math.isfinite(value) else 0.0


def _near_far(camera: UsdGeom.Camera, time: Usd.TimeCode, units: float) -> tuple[float, float]:
    attribute = camera.GetClippingRangeAttr()
    if not attribute.HasAuthoredValue():
        return DEFAULT_NEAR_FAR
    near, far = (float(value) * units for value in attribute.Get(time))
    near = max(near, _MIN_NEAR) if math.isfinite(near) else DEFAULT_NEAR_FAR[0]
    if not math.isfinite(far) or far <= near:
        far = max(DEFAULT_NEAR_FAR[1], 2.0 * near)
    return near, far


def _world_to_camera(open_stage: OpenStage, prim: Usd.Prim, time: Usd.TimeCode) -> np.ndarray:
    local_to_stage = np.array(UsdGeom.XformCache(time).GetLocalToWorldTransform(prim), dtype=np.float64)
    local_to_world = local_to_stage @ open_stage.world_from_stage
    back, up = local_to_world[2, :3], local_to_world[1, :3]
    length = float(np.linalg.norm(back))
    if not np.isfinite(local_to_world).all() or length <= 0:
        raise CameraError(f"{prim.GetPath()}: its transform is not usable (NaN or a scale of zero).", remedy="Correct it.")
    back = back / length
    up = up - back * float(up @ back)
    length = float(np.linalg.norm(up))
    if length <= 1e-12 * float(np.linalg.norm(local_to_world[1, :3])) or length == 0.0:
        raise CameraError(f"{prim.GetPath()}: its transform is not usable (its axes lie in a line).", remedy="Correct it.")
    up = up / length
    return rigid_world_to_camera(local_to_world[3, :3], back=back, up=up)


def rigid_world_to_camera(position: np.ndarray, *, back: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Return (4, 4) float64 world -> camera for unit vectors ``back`` (against the view) and ``up`` at right angles to it."""
    rotation = np.stack([np.cross(up, back), up, back])  # rows: camera axes in world
    matrix = np.eye(4)
    matrix[:3, :3] = rotation.T
    matrix[3, :3] = -position @ rotation.T
    return matrix


def look_at(position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return (4, 4) float64 world -> camera of a camera at a position that looks at a target, with world up."""
    back = np.asarray(position, dtype=np.float64) - np.asarray(target, dtype=np.float64)
    back = back / np.linalg.norm(back)
    side = np.cross([0.0, 0.0, 1.0], back)
    length = float(np.linalg.norm(side))
    side = np.array([1.0, 0.0, 0.0]) if length < 1e-9 else side / length
    return rigid_world_to_camera(np.asarray(position, dtype=np.float64), back=back, up=np.cross(back, side))


def _is_animated(prim: Usd.Prim) -> bool:
    if any(attribute.ValueMightBeTimeVarying() for attribute in prim.GetAttributes()):
        return True
    node = prim
    while node and not node.IsPseudoRoot():
        xformable = UsdGeom.Xformable(node)
        if xformable and xformable.TransformMightBeTimeVarying():
            return True
        if xformable and xformable.GetResetXformStack():
            return False
        node = node.GetParent()
    return False
