"""Opinions in a stage's session layer that are there for one capture, and what takes them off without touching others'."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pxr import Gf, Sdf, Usd

from scenecap.contract import CameraView
from scenecap.stage.open import OpenStage
from scenecap_replicator.stage_watch import is_of_tools


def override_value(stage: Usd.Stage, path: str, attribute: Usd.Attribute, value: float) -> Callable[[], None]:
    """Give an attribute another value in the session layer; return what takes exactly that back."""
    layer = stage.GetSessionLayer()
    present = layer.GetAttributeAtPath(f"{path}.{attribute.GetName()}")
    before = present.default if present is not None and present.HasInfo("default") else None
    had_value = present is not None and present.HasInfo("default")
    made = _missing_specs(layer, path)
    with Sdf.ChangeBlock():
        prim = Sdf.CreatePrimInLayer(layer, path)
        spec = present or Sdf.AttributeSpec(prim, attribute.GetName(), attribute.GetTypeName())
        spec.default = value

    def undo() -> None:
        spec = layer.GetAttributeAtPath(f"{path}.{attribute.GetName()}")
        if spec is None:
            return
        with Sdf.ChangeBlock():
            if had_value:
                spec.default = before
            elif present is not None:
                spec.ClearInfo("default")
            else:
                spec.owner.RemoveProperty(spec)
            _remove_empty(layer, made)

    return undo


def session_opinions(layer: Sdf.Layer) -> str:
    """Return what a session layer says of the scene, as text: what was hidden, moved or labelled for the session alone.

    What Kit's tools keep there of their own (the viewport's cameras, render products) is left out; "" where that is all.
    """
    copy = Sdf.Layer.CreateAnonymous(".usda")
    copy.TransferContent(layer)
    copy.ClearCustomLayerData()
    for prim in list(copy.rootPrims):
        if is_of_tools(str(prim.path)):
            del copy.rootPrims[prim.name]
    return copy.ExportToString() if copy.rootPrims else ""


def camera_prim_of(view: CameraView) -> str:
    """Return the prim path that a placed view gets: "/auto/view_0" for "/auto/0", which is no path of USD's."""
    above, _, name = view.path.rpartition("/")
    return view.path if Sdf.Path.IsValidIdentifier(name) else f"{above}/view_{name}"


def write_cameras(opened: OpenStage, views: Sequence[CameraView]) -> tuple[str, ...]:
    """Write placed views as camera prims into the session layer; return the prims that were not there before."""
    layer = opened.session
    made: list[str] = []
    with Sdf.ChangeBlock():
        for view in views:
            path = camera_prim_of(view)
            new = _missing_specs(layer, path)
            prim = Sdf.CreatePrimInLayer(layer, path)
            for item in new:
                spec = layer.GetPrimAtPath(item)
                spec.specifier = Sdf.SpecifierDef
                spec.typeName = "Camera" if item == path else "Scope"
            _write_camera(prim, view, opened)
            made += new
    return tuple(made)


def remove_prims(opened: OpenStage, paths: Sequence[str]) -> None:
    """Take prims off the session layer, children first."""
    layer = opened.session
    with Sdf.ChangeBlock():
        for path in sorted(paths, key=len, reverse=True):
            prim = layer.GetPrimAtPath(path)
            if prim is not None and not prim.nameChildren:
                del (prim.nameParent or layer.pseudoRoot).nameChildren[prim.name]


def _write_camera(prim: Sdf.PrimSpec, view: CameraView, opened: OpenStage) -> None:
    pose = view.camera_to_world @ opened.stage_from_world
    pose[:3, :3] /= np.linalg.norm(pose[:3, :3], axis=1, keepdims=True)  # a camera has no scale
    near, far = (value / opened.meters_per_unit for value in view.near_far)
    aperture = float(np.ravel(np.asarray(view.params["cameraAperture"]))[0])
    types = Sdf.ValueTypeNames
    values = (
        ("focalLength", types.Float, view.focal_px * aperture / view.width),
        ("horizontalAperture", types.Float, aperture),
        ("verticalAperture", types.Float, aperture * view.height / view.width),
        ("clippingRange", types.Float2, Gf.Vec2f(near, far)),
        ("xformOp:transform", types.Matrix4d, Gf.Matrix4d(*(float(value) for value in pose.ravel()))),
        ("xformOpOrder", types.TokenArray, ["xformOp:transform"]),
    )
    for name, kind, value in values:
        uniform = Sdf.VariabilityUniform if name == "xformOpOrder" else Sdf.VariabilityVarying
        Sdf.AttributeSpec(prim, name, kind, uniform).default = value


def _missing_specs(layer: Sdf.Layer, path: str) -> list[str]:
    """Return the prims at and above a path that the layer says nothing of, outermost first."""
    prefixes = [str(item) for item in Sdf.Path(path).GetPrefixes()]
    return [item for item in prefixes if layer.GetPrimAtPath(item) is None]


def _remove_empty(layer: Sdf.Layer, paths: Sequence[str]) -> None:
    for path in reversed(paths):
        prim = layer.GetPrimAtPath(path)
        if prim is not None and not prim.nameChildren and not prim.properties:
            del (prim.nameParent or layer.pseudoRoot).nameChildren[prim.name]
