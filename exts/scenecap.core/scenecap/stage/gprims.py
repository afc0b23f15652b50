"""Tessellate USD's implicit shapes: Cube, Sphere, Cylinder, Cone, Capsule (and the _1 schemas), Plane.

Sizes come from the shape's own attributes, never from ``extent``: where that is not authored, USD answers with the
schema's fallback, whatever the size. Points lie on the true surface; in the four quarter directions they touch it, so an
unrotated shape's box is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from pxr import Usd

from scenecap.stage.mesh import LocalMesh, empty_mesh

#: Segments around a round shape (a multiple of 4) and from pole to pole of a sphere.
SEGMENTS = 48
RINGS = 24

#: Cyclic axis orders: which local axes the shape's own x, y, z (z = its axis) become.
_AXES = {"X": (1, 2, 0), "Y": (2, 0, 1), "Z": (0, 1, 2)}


class _ShapeError(ValueError):
    """A size that no shape can have."""


def _size(prim: Usd.Prim, name: str, time: Usd.TimeCode, *, zero: bool = False) -> float:
    attribute = prim.GetAttribute(name)
    value = attribute.Get(time) if attribute else None
    if value is None or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise _ShapeError(f"{name} is {value}, which is not a size")
    return float(value)


def _axis(prim: Usd.Prim, time: Usd.TimeCode) -> str:
    value = prim.GetAttribute("axis").Get(time)
    if value not in _AXES:
        raise _ShapeError(f"axis is '{value}', not X, Y or Z")
    return str(value)


def read_gprim(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh | None:
    """Tessellate an implicit shape.

    Args:
        prim: A gprim.
        time: When.

    Returns:
        The shape; empty, with the reason in ``problems``, where its sizes make none; None where the type is no implicit shape.
    """
    maker = _MAKERS.get(str(prim.GetTypeName()))
    if maker is None:
        return None
    try:
        return maker(prim, time)
    except _ShapeError as error:
        return empty_mesh(str(error))


def _cube(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    half = 0.5 * _size(prim, "size", time)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64)
    points, uvs = [], []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            face = np.empty((4, 3))
            face[:, axis] = sign
            face[:, (axis + 1) % 3] = square[:, 0]
            face[:, (axis + 2) % 3] = square[:, 1]
            order = slice(None) if sign > 0 else slice(None, None, -1)
            points.append(face[order] * half)
            uvs.append((square[order] + 1.0) / 2.0)
    quads = np.arange(24).reshape(6, 4)
    return _from_quads(np.concatenate(points), quads, uv=np.concatenate(uvs), normals=None)


def _plane(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    # UsdGeomPlane: width runs along x (z for axis X), length along y (z for axis Y).
    axis = _axis(prim, time)
    width, length = _size(prim, "width", time), _size(prim, "length", time)
    x, y = 0.5 * width, 0.5 * length
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64)
    zero = np.zeros(4)
    columns = {
        "Z": [square[:, 0] * x, square[:, 1] * y, zero],
        "Y": [square[:, 0] * x, zero, -square[:, 1] * y],
        "X": [zero, square[:, 1] * y, -square[:, 0] * x],
    }[axis]
    return _from_quads(np.stack(columns, axis=1), np.arange(4)[None], uv=(square + 1.0) / 2.0, normals=None)


def _sphere(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    radius = _size(prim, "radius", time)
    angles = np.linspace(-0.5 * np.pi, 0.5 * np.pi, RINGS + 1)
    return _revolve(
        [(radius * np.cos(angles), radius * np.sin(angles), np.stack([np.cos(angles), np.sin(angles)], axis=1))], "Z"
    )


def _cylinder(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    half = 0.5 * _size(prim, "height", time)
    if prim.HasAttribute("radiusTop"):
        top, bottom = _size(prim, "radiusTop", time, zero=True), _size(prim, "radiusBottom", time, zero=True)
    else:
        top = bottom = _size(prim, "radius", time)
    return _frustum(bottom, top, half, _axis(prim, time))


def _cone(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    return _frustum(_size(prim, "radius", time), 0.0, 0.5 * _size(prim, "height", time), _axis(prim, time))


def _frustum(bottom: float, top: float, half: float, axis: str) -> LocalMesh:
    if bottom == 0.0 and top == 0.0:
        raise _ShapeError("both radii are 0")
    side = np.array([2.0 * half, bottom - top])  # across the side line (bottom, -half) to (top, half), outwards
    side = side / np.linalg.norm(side)
    down, up = np.array([[0.0, -1.0]] * 2), np.array([[0.0, 1.0]] * 2)
    sections = [(np.array([bottom, top]), np.array([-half, half]), np.array([side, side]))]
    if bottom > 0:
        sections.insert(0, (np.array([0.0, bottom]), np.array([-half, -half]), down))
    if top > 0:
        sections.append((np.array([top, 0.0]), np.array([half, half]), up))
    return _revolve(sections, axis)


def _capsule(prim: Usd.Prim, time: Usd.TimeCode) -> LocalMesh:
    half = 0.5 * _size(prim, "height", time, zero=True)
    if prim.HasAttribute("radiusTop"):
        top, bottom = _size(prim, "radiusTop", time, zero=True), _size(prim, "radiusBottom", time, zero=True)
    else:
        top = bottom = _size(prim, "radius", time)
    if top == 0.0 and bottom == 0.0:
        raise _ShapeError("both radii are 0")
    # The caps are parts of spheres that meet the sides tangentially (UsdGeomCapsule_1): where the radii differ, they are
    # not half spheres. Elevations are those of the surface normal.
    meet = math.atan2(bottom - top, 2.0 * half) if half > 0 else 0.0
    caps = []
    for radius, end, low, high in ((bottom, -half, -0.5 * np.pi, meet), (top, half, meet, 0.5 * np.pi)):
        ball = radius / math.cos(meet)
        elevation = np.linspace(low, high, RINGS // 2 + 1)
        if low < 0.0 < high:  # the widest circle, so that boxes are exact
            elevation = np.sort(np.append(elevation, 0.0))
        caps.append((ball * np.cos(elevation), end - ball * math.sin(meet) + ball * np.sin(elevation), elevation))
    radii, heights, tilt = (np.concatenate([caps[0][k], caps[1][k]]) for k in range(3))
    return _revolve([(radii, heights, np.stack([np.cos(tilt), np.sin(tilt)], axis=1))], _axis(prim, time))


_Section = tuple[np.ndarray, np.ndarray, np.ndarray]


def _revolve(sections: list[_Section], axis: str) -> LocalMesh:
    """Turn profiles around an axis.

    Args:
        sections: Each (radii (P,), heights (P,), normals (P, 2) as radial and axial parts), from bottom to top; a crease
            lies between two sections.
        axis: "X", "Y" or "Z".
    """
    turn = np.arange(SEGMENTS + 1) * (2.0 * np.pi / SEGMENTS)
    # Exact zeros and ones in the quarter directions keep boxes exact.
    cosine, sine = np.round(np.cos(turn), 15), np.round(np.sin(turn), 15)
    points, normals, uvs, quads = [], [], [], []
    offset, total = 0, sum(len(section[0]) for section in sections)
    done = 0
    for radii, heights, slopes in sections:
        count = len(radii)
        radii = np.where(np.abs(radii) < 1e-12 * max(float(np.abs(radii).max()), 1e-300), 0.0, radii)
        ring = np.stack(
            [radii[:, None] * cosine, radii[:, None] * sine, np.broadcast_to(heights[:, None], (count, SEGMENTS + 1))], axis=2
        )
        around = np.stack(
            [
                slopes[:, :1] * cosine,
                slopes[:, :1] * sine,
                np.broadcast_to(slopes[:, 1:], (count, SEGMENTS + 1)),
            ],
            axis=2,
        )
        v = (done + np.arange(count)) / max(total - 1, 1)
        uv = np.stack(
            [np.broadcast_to(turn / (2.0 * np.pi), (count, SEGMENTS + 1)), np.broadcast_to(v[:, None], (count, SEGMENTS + 1))],
            axis=2,
        )
        row, column = np.meshgrid(np.arange(count - 1), np.arange(SEGMENTS), indexing="ij")
        first = offset + row * (SEGMENTS + 1) + column
        quads.append(np.stack([first, first + 1, first + SEGMENTS + 2, first + SEGMENTS + 1], axis=2).reshape(-1, 4))
        points.append(ring.reshape(-1, 3))
        normals.append(around.reshape(-1, 3))
        uvs.append(uv.reshape(-1, 2))
        offset += count * (SEGMENTS + 1)
        done += count
    order = np.argsort(_AXES[axis])
    return _from_quads(
        np.concatenate(points)[:, order],
        np.concatenate(quads),
        uv=np.concatenate(uvs),
        normals=np.concatenate(normals)[:, order],
    )


def _from_quads(points: np.ndarray, quads: np.ndarray, *, uv: np.ndarray, normals: np.ndarray | None) -> LocalMesh:
    """Make triangles of quads, without those that a pole has collapsed. Rows of uv and normals are per point."""
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], axis=1).reshape(-1, 3)
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    flat = (a == b).all(axis=1) | (b == c).all(axis=1) | (c == a).all(axis=1)
    triangles = triangles[~flat]
    used = np.unique(triangles)
    compact = np.zeros(len(points), dtype=np.int32)
    compact[used] = np.arange(len(used), dtype=np.int32)
    rows = triangles
    return LocalMesh(
        np.ascontiguousarray(points[used]),
        compact[triangles],
        np.zeros(len(triangles), dtype=np.int32),
        smooth=normals is not None,
        _normals=None if normals is None else lambda: normals[rows],
        _uvs=lambda name: uv[rows],
    )


_MAKERS: dict[str, Callable[[Usd.Prim, Usd.TimeCode], LocalMesh]] = {
    "Cube": _cube,
    "Plane": _plane,
    "Sphere": _sphere,
    "Cylinder": _cylinder,
    "Cylinder_1": _cylinder,
    "Cone": _cone,
    "Capsule": _capsule,
    "Capsule_1": _capsule,
}

#: Attributes that decide an implicit shape's geometry.
SHAPE_ATTRIBUTES = ("size", "radius", "radiusTop", "radiusBottom", "height", "width", "length", "axis")
