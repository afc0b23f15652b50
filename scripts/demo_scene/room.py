"""The empty room: floor, walls with an opening for the window, ceiling, skirting. The front (towards -y) is open."""

from __future__ import annotations

import numpy as np

from .decor import WINDOW
from .materials import material_prim
from .shapes import Shape, box, merged, smoothed
from .usda import Prim, integers, vectors

#: Inner half width, the back wall's y, and height [m].
HALF_X, HALF_Y, HEIGHT = 3.0, 2.5, 2.6
#: Where the open front is [m].
FRONT = -3.1
WALL = 0.14
#: The window's centre along y and the height of its sill [m].
WINDOW_Y, WINDOW_Z = 0.35, 0.95


def _mesh(name: str, shape: Shape, material: str, scope: str) -> Prim:
    mesh = smoothed(shape)
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    prim = Prim("Mesh", name, metadata=['prepend apiSchemas = ["MaterialBindingAPI"]'])
    prim.properties = [
        f"float3[] extent = {vectors([low, high])}",
        f"int[] faceVertexCounts = {integers(mesh.counts)}",
        f"int[] faceVertexIndices = {integers(mesh.indices)}",
        f"rel material:binding = <{scope}/{material}>",
        f"normal3f[] normals = {vectors(mesh.normals, 3)} (",
        '    interpolation = "vertex"',
        ")",
        f"point3f[] points = {vectors(mesh.points)}",
    ]
    if mesh.uv is not None:
        prim.properties += [f"texCoord2f[] primvars:st = {vectors(mesh.uv)} (", '    interpolation = "vertex"', ")"]
    prim.properties.append('uniform token subdivisionScheme = "none"')
    for part, rows in mesh.parts.items():
        if part:
            subset = Prim("GeomSubset", part, metadata=['prepend apiSchemas = ["MaterialBindingAPI"]'])
            subset.properties = [
                'uniform token elementType = "face"',
                'uniform token familyName = "materialBind"',
                f"int[] indices = {integers(rows)}",
                f"rel material:binding = <{scope}/{part}>",
            ]
            prim.add(subset)
            prim.properties.append('uniform token subsetFamily:materialBind:familyType = "nonOverlapping"')
    return prim


def _block(low: tuple[float, float, float], high: tuple[float, float, float]) -> Shape:
    size = np.subtract(high, low)
    return box(size).moved((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2])


def architecture(path: str) -> Prim:
    """The scope of the room's parts, with its own materials."""
    x, y, t = HALF_X, HALF_Y, WALL
    scope = f"{path}/Materials"
    w0, w1 = WINDOW_Y - WINDOW[0] / 2, WINDOW_Y + WINDOW[0] / 2
    z0, z1 = WINDOW_Z, WINDOW_Z + WINDOW[1]
    left = merged(
        _block((-x - t, FRONT, 0), (-x, w0, HEIGHT)),
        _block((-x - t, w1, 0), (-x, y + t, HEIGHT)),
        _block((-x - t, w0, 0), (-x, w1, z0)),
        _block((-x - t, w0, z1), (-x, w1, HEIGHT)),
    )
    floor = box((2 * (x + t), y + t - FRONT, 0.1), tiles=1.6).moved(y=(y + t + FRONT) / 2, z=-0.1)
    skirt = 0.014
    back = merged(_block((-x, y, 0), (x, y + t, HEIGHT)), _block((-x, y - skirt, 0), (x, y, 0.09)).part("Skirting"))
    left = merged(left, _block((-x, FRONT, 0), (-x + skirt, y - skirt, 0.09)).part("Skirting"))
    right = merged(
        _block((x, FRONT, 0), (x + t, y + t, HEIGHT)), _block((x - skirt, FRONT, 0), (x, y - skirt, 0.09)).part("Skirting")
    )
    room = Prim("Scope", path.rsplit("/", 1)[1])
    room.add(
        _mesh("Floor", floor, "Parquet", scope),
        _mesh("Wall_Back", back, "AccentPaint", scope),
        _mesh("Wall_Left", left, "WallPaint", scope),
        _mesh("Wall_Right", right, "WallPaint", scope),
        _mesh("Ceiling", _block((-x - t, FRONT, HEIGHT), (x + t, y + t, HEIGHT + 0.1)), "CeilingPaint", scope),
        Prim("Scope", "Materials").add(
            *(
                material_prim(name, scope, textures="./textures")
                for name in ("Parquet", "AccentPaint", "WallPaint", "CeilingPaint", "Skirting")
            )
        ),
    )
    return room
