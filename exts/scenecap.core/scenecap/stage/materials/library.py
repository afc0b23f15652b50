"""Bind drawn gprims to their materials, all in one batch, and read each material once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pxr import Usd, UsdGeom, UsdShade

from scenecap.stage.materials.dialects import dialect_of, read_surface
from scenecap.stage.materials.model import NEUTRAL_MATERIAL, SurfaceMaterial
from scenecap.stage.materials.network import READ_TIME, FromPrimvar, Tracer, as_color
from scenecap.stage.materials.textures import TextureStore
from scenecap.stage.model import DrawnGprim
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.stage.open import OpenStage

logger = logging.getLogger(__name__)

#: A colour primvar that varies over the gprim is one colour only while it stays within this much of its mean (linear).
_ONE_COLOR_SPREAD = 0.05

_CONTEXTS = ("", "mtlx", "mdl")


class MaterialLibrary:
    """Materials of one stage.

    Args:
        open_stage: The stage; a plain ``Usd.Stage`` will do.

    Attributes:
        textures: The store that holds the textures' pixels.
        problems: One line for each material or texture that could not be read as written; the open stage gets them too.
    """

    def __init__(self, open_stage: OpenStage | Usd.Stage) -> None:
        self._open_stage = None if isinstance(open_stage, Usd.Stage) else open_stage
        self.problems: list[str] = []
        self.textures = TextureStore(self._report)
        self._read: dict[str, tuple[SurfaceMaterial, FromPrimvar | None] | None] = {}
        self._bound: dict[str, tuple[SurfaceMaterial, ...]] = {}

    def bind(self, gprims: Sequence[DrawnGprim]) -> list[tuple[SurfaceMaterial, ...]]:
        """Return the materials of each gprim.

        Args:
            gprims: Drawn gprims, e.g. ``walk.gprims``.

        Returns:
            One tuple per gprim, indexed by ``LocalMesh.face_material``: first the gprim's own binding, for faces in no
            subset, then one for each of its ``materialBind`` subsets in the order of ``UsdGeom.Subset.GetGeomSubsets``.
        """
        missing: dict[str, Usd.Prim] = {}
        for gprim in gprims:
            key = str(gprim.prim.GetPath())
            if key not in self._bound:
                missing.setdefault(key, gprim.prim)
        if missing:
            self._bind_all(list(missing.values()))
        return [self._bound[str(gprim.prim.GetPath())] for gprim in gprims]

    def _bind_all(self, prims: list[Usd.Prim]) -> None:
        targets: list[Usd.Prim] = []
        counts: list[int] = []
        for prim in prims:
            subsets = [subset.GetPrim() for subset in material_subsets(prim)]
            targets += [prim, *subsets]
            counts.append(1 + len(subsets))
        materials, _ = UsdShade.MaterialBindingAPI.ComputeBoundMaterials(targets)
        at = 0
        for prim, count in zip(prims, counts, strict=True):
            bound = materials[at : at + count]
            self._bound[str(prim.GetPath())] = tuple(self._surface(prim, material) for material in bound)
            at += count

    def _surface(self, prim: Usd.Prim, material: UsdShade.Material) -> SurfaceMaterial:
        read = self._read_once(material) if material else None
        if read is None:
            return _from_display_color(prim)
        surface, primvar = read
        if primvar is not None:
            color, uniform = _primvar_color(prim, primvar.name)
            if color is not None:
                return replace(surface, base_color=color, authored=uniform)
        elif not surface.authored:  # the look of a material that cannot be read; nothing is said about it
            color, _ = _primvar_color(prim, "displayColor")
            return surface if color is None else replace(surface, base_color=color)
        return surface

    def _read_once(self, material: UsdShade.Material) -> tuple[SurfaceMaterial, FromPrimvar | None] | None:
        prim = material.GetPrim()
        if prim.IsInstanceProxy():  # every instance has a proxy of the same material: read the prototype's
            prim = prim.GetPrimInPrototype()
            material = UsdShade.Material(prim)
        key = str(prim.GetPath())
        if key not in self._read:
            self._read[key] = self._read_material(material)
        return self._read[key]

    def _read_material(self, material: UsdShade.Material) -> tuple[SurfaceMaterial, FromPrimvar | None] | None:
        best: tuple[SurfaceMaterial, FromPrimvar | None] | None = None
        known = False
        lost = False
        unresolved: list[str] = []
        seen: set[str] = set()
        for context in _CONTEXTS:
            shader = material.ComputeSurfaceSource(context)[0]
            if not shader or str(shader.GetPath()) in seen:
                continue
            seen.add(str(shader.GetPath()))
            dialect = dialect_of(shader)
            if dialect is None:
                continue
            known = True
            tracer = Tracer(unresolved)
            read = read_surface(material, shader, dialect, tracer=tracer, textures=self.textures)
            lost |= tracer.lost
            if best is None or (read[0].authored and not best[0].authored):
                best = read
            if best[0].authored or best[1] is not None:
                break
        path = clean_text(material.GetPath(), limit=300)
        for file in unresolved:
            self._report(f"{path}: the texture {clean_text(file, limit=200)} was not found")
        if not known:
            self._report(f"{path}: no surface shader that can be read (UsdPreviewSurface, MDL, MaterialX); drawn grey")
            return replace(NEUTRAL_MATERIAL, name=clean_text(material.GetPrim().GetName()), path=str(material.GetPath())), None
        if best is not None and not best[0].authored and best[1] is None and lost:
            self._report(f"{path}: the base colour comes from shading nodes that cannot be read; drawn in a plain colour")
        return best

    def _report(self, line: str) -> None:
        if line not in self.problems:
            logger.info("%s", line)
            self.problems.append(line)
            if self._open_stage is not None:
                self._open_stage.add_problem(line)


def material_subsets(prim: Usd.Prim) -> list[UsdGeom.Subset]:
    """Return the face subsets of a gprim that bind materials, in the order that ``face_material`` counts them from 1."""
    imageable = UsdGeom.Imageable(prim)
    if not prim.IsA(UsdGeom.Mesh) or not imageable:
        return []
    return UsdGeom.Subset.GetGeomSubsets(imageable, UsdGeom.Tokens.face, UsdShade.Tokens.materialBind)


def _from_display_color(prim: Usd.Prim) -> SurfaceMaterial:
    color, uniform = _primvar_color(prim, "displayColor")
    opacity = 1.0
    primvar = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance("displayOpacity")
    if primvar and primvar.HasAuthoredValue():
        values = _finite(primvar.ComputeFlattened(READ_TIME), 1)
        if len(values):
            opacity = float(np.clip(values.mean(), 0.0, 1.0))
    if color is None:
        return replace(NEUTRAL_MATERIAL, opacity=opacity)
    return replace(NEUTRAL_MATERIAL, base_color=color, opacity=opacity, authored=uniform)


def _primvar_color(prim: Usd.Prim, name: str) -> tuple[tuple[float, float, float] | None, bool]:
    """Return the mean linear colour of a primvar, and whether it is one colour all over; (None, False) where it has none."""
    primvar = UsdGeom.PrimvarsAPI(prim).FindPrimvarWithInheritance(name)
    if not primvar or not primvar.HasAuthoredValue():
        return None, False
    values = _finite(primvar.ComputeFlattened(READ_TIME), 3)
    if not len(values):
        return None, False
    mean = np.clip(values.mean(axis=0), 0.0, 1.0)
    uniform = bool(np.abs(values - values.mean(axis=0)).max() <= _ONE_COLOR_SPREAD)
    return as_color(mean, (0.0, 0.0, 0.0)), uniform


def _finite(values: object, channels: int) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64).reshape(-1, channels)
    except (TypeError, ValueError):  # a primvar of another type than its name promises
        return np.zeros((0, channels))
    return array[np.isfinite(array).all(axis=1)]
