"""One asset file: a component with meshes, its own materials, and perhaps other units or another up axis."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .materials import material_prim
from .shapes import Shape, smoothed
from .usda import Prim, integers, layer, text, vector, vectors

COMMENT = "Part of Scenecap's demo scene, made by scripts/make_demo_scene.py. CC0-1.0."


@dataclass
class Asset:
    """A component to be referenced.

    Attributes:
        name: Of its default prim, as asset authors name them.
        file: Of the layer, without ending.
        doc: Written as the default prim's documentation, or "".
        units: Metres per unit of the file.
        y_up: Whether the file's up axis is y.
        info_name: Name in the default prim's assetInfo, or "".
        shapes: What has been added, in metres, z up.
    """

    name: str
    file: str
    doc: str = ""
    units: float = 1.0
    y_up: bool = False
    info_name: str = ""
    metadata: list[str] = field(default_factory=list)
    parts: list[Prim] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)
    variants: dict[str, dict[str, list[Prim]]] = field(default_factory=dict)
    shapes: list[Shape] = field(default_factory=list)

    def mesh(self, name: str, shape: Shape, material: str = "", *, crease: float = 42.0, double_sided: bool = False) -> Asset:
        """Add a mesh; ``material`` is for the main part, named parts are materials themselves (as GeomSubsets)."""
        self.parts.append(self._mesh_prim(name, shape, material, crease=crease, double_sided=double_sided))
        self.shapes.append(shape)
        return self

    def gprim(self, kind: str, name: str, properties: list[str], shape: Shape, material: str = "") -> Asset:
        """Add an implicit gprim; ``shape`` is a mesh of it [m], to place it by."""
        self.shapes.append(shape)
        prim = Prim(kind, name, properties=list(properties))
        self._bind(prim, material)
        self.parts.append(prim)
        return self

    def _bind(self, prim: Prim, material: str) -> None:
        if not material:
            return
        if material not in self.materials:
            self.materials.append(material)
        prim.metadata.append('prepend apiSchemas = ["MaterialBindingAPI"]')
        prim.properties.append(f"rel material:binding = </{self.name}/Materials/{material}>")

    def _mesh_prim(self, name: str, shape: Shape, material: str, *, crease: float, double_sided: bool) -> Prim:
        mesh = smoothed(shape, crease=np.radians(crease))
        scale = 1.0 / self.units
        points, normals = mesh.points * scale, mesh.normals
        if self.y_up:
            points, normals = points[:, [0, 2, 1]] * [1, 1, -1], normals[:, [0, 2, 1]] * [1, 1, -1]
        digits = 4 if self.units == 1.0 else 2
        prim = Prim("Mesh", name)
        self._bind(prim, material)
        low, high = points.min(axis=0), points.max(axis=0)
        prim.properties = [
            *(["uniform bool doubleSided = 1"] if double_sided else []),
            f"float3[] extent = {vectors([low, high], digits)}",
            f"int[] faceVertexCounts = {integers(mesh.counts)}",
            f"int[] faceVertexIndices = {integers(mesh.indices)}",
            *prim.properties,
            f"normal3f[] normals = {vectors(normals, 3)} (",
            '    interpolation = "vertex"',
            ")",
            f"point3f[] points = {vectors(points, digits)}",
            *(
                []
                if mesh.uv is None
                else [f"texCoord2f[] primvars:st = {vectors(mesh.uv)} (", '    interpolation = "vertex"', ")"]
            ),
            'uniform token subdivisionScheme = "none"',
        ]
        named = {part: rows for part, rows in mesh.parts.items() if part}
        for part, rows in named.items():
            subset = Prim(
                "GeomSubset",
                part,
                properties=[
                    'uniform token elementType = "face"',
                    'uniform token familyName = "materialBind"',
                    f"int[] indices = {integers(rows)}",
                ],
            )
            self._bind(subset, part)
            prim.add(subset)
        if named:
            kind = "partition" if "" not in mesh.parts else "nonOverlapping"
            prim.properties.append(f'uniform token subsetFamily:materialBind:familyType = "{kind}"')
        return prim

    def text(self) -> str:
        """The layer's text."""
        root = Prim("Xform", self.name, variants=self.variants)
        if self.info_name:
            root.metadata += ["assetInfo = {", f"    string name = {text(self.info_name)}", "}"]
        if self.doc:
            root.metadata.append(f"doc = {text(self.doc)}")
        root.metadata += ['kind = "component"', *self.metadata]
        geometry = Prim("Scope", "Geom").add(*self.parts)
        materials = Prim("Scope", "Materials")
        materials.add(*(material_prim(name, f"/{self.name}/Materials") for name in self.materials))
        root.add(geometry)
        if self.materials:
            root.add(materials)
        meta = [f"metersPerUnit = {self.units:g}", f'upAxis = "{"Y" if self.y_up else "Z"}"']
        return layer(root, metadata=meta, comment=COMMENT)


def colour_array(color: tuple[float, float, float]) -> str:
    """A constant display colour, as a property."""
    return f"color3f[] primvars:displayColor = [{vector(color)}]"
