"""Meshes by construction: rounded boxes, turned profiles, tubes, cushions, leaves. Metres, z up, wound outwards."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

#: Edges sharper than this stay sharp when normals are made smooth.
CREASE = math.radians(42)


@dataclass
class Shape:
    """Points, polygons and texture coordinates for each corner (or none).

    Attributes:
        points: (N, 3) float64 [m].
        faces: Corner indices of each polygon, counter-clockwise seen from outside.
        uv: For each polygon, for each corner (u, v); None without texture.
        parts: For each polygon, the name of its material part ("" for the main one).
    """

    points: np.ndarray
    faces: list[tuple[int, ...]]
    uv: list[tuple[tuple[float, float], ...]] | None = None
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.points = np.asarray(self.points, dtype=np.float64).reshape(-1, 3)
        if not self.parts:
            self.parts = [""] * len(self.faces)

    def part(self, name: str) -> Shape:
        """The same with all polygons in a named material part."""
        return Shape(self.points, self.faces, self.uv, [name] * len(self.faces))

    def textured(self, tile: float) -> Shape:
        """The same with texture coordinates, projected along each polygon's main axis; v follows x on level faces, else z.

        Args:
            tile: Metres that the picture covers.
        """
        uv = []
        for face in self.faces:
            corners = self.points[list(face)]
            normal = np.abs(np.cross(corners[1] - corners[0], corners[2] - corners[0]))
            u, v = ((1, 2), (0, 2), (1, 0))[int(np.argmax(normal))]
            uv.append(tuple((round(float(c[u]) / tile, 4), round(float(c[v]) / tile, 4)) for c in corners))
        return Shape(self.points, self.faces, uv, self.parts)

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
        return Shape(self.points + np.array([x, y, z]), self.faces, self.uv, self.parts)

    def scaled(self, x: float, y: float | None = None, z: float | None = None) -> Shape:
        return Shape(
            self.points * np.array([x, x if y is None else y, x if z is None else z]), self.faces, self.uv, self.parts
        )

    def turned(self, axis: str, degrees: float) -> Shape:
        """Turned about x, y or z, counter-clockwise seen from the axis' end."""
        angle = math.radians(degrees)
        c, s = math.cos(angle), math.sin(angle)
        matrix = {
            "x": [[1, 0, 0], [0, c, s], [0, -s, c]],
            "y": [[c, 0, -s], [0, 1, 0], [s, 0, c]],
            "z": [[c, s, 0], [-s, c, 0], [0, 0, 1]],
        }[axis]
        return Shape(self.points @ np.array(matrix), self.faces, self.uv, self.parts)


def merged(*shapes: Shape) -> Shape:
    """Several shapes as one."""
    points, faces, uv, parts, start = [], [], [], [], 0
    textured = all(shape.uv is not None for shape in shapes)
    for shape in shapes:
        points.append(shape.points)
        faces += [tuple(corner + start for corner in face) for face in shape.faces]
        parts += shape.parts
        if textured:
            uv += shape.uv or []
        start += len(shape.points)
    return Shape(np.concatenate(points), faces, uv if textured else None, parts)


@dataclass
class SmoothMesh:
    """What is written: points split at creases, a normal and perhaps a texture coordinate for each point."""

    points: np.ndarray
    normals: np.ndarray
    uv: np.ndarray | None
    counts: list[int]
    indices: list[int]
    parts: dict[str, list[int]]


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def smoothed(shape: Shape, *, crease: float = CREASE) -> SmoothMesh:
    """Give each corner the normal of the polygons around its place that do not turn away by more than the crease angle.

    Polygons weigh by area and by their angle at the corner, so large flat faces stay flat beside small bevels.
    """
    places = shape.points.tolist()
    place: dict[tuple[int, int, int], int] = {}
    weld = [place.setdefault((round(x * 1e6), round(y * 1e6), round(z * 1e6)), len(place)) for x, y, z in places]
    normals, units = [], []
    around: dict[int, list[tuple[int, float]]] = {}
    for f, face in enumerate(shape.faces):
        corners = [places[c] for c in face]
        nx = ny = nz = 0.0
        for (x0, y0, z0), (x1, y1, z1) in zip(corners, corners[1:] + corners[:1], strict=True):  # Newell's method
            nx += (y0 - y1) * (z0 + z1)
            ny += (z0 - z1) * (x0 + x1)
            nz += (x0 - x1) * (y0 + y1)
        length = max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)
        normals.append((nx, ny, nz))
        units.append((nx / length, ny / length, nz / length))
        for k, corner in enumerate(face):
            here = corners[k]
            a = [p - q for p, q in zip(corners[k - 1], here, strict=True)]
            b = [p - q for p, q in zip(corners[(k + 1) % len(face)], here, strict=True)]
            cosine = _dot(a, b) / max(math.sqrt(_dot(a, a) * _dot(b, b)), 1e-12)
            around.setdefault(weld[corner], []).append((f, math.acos(max(-1.0, min(1.0, cosine)))))
    limit = math.cos(crease)
    table: dict[tuple, int] = {}
    points, out_normals, out_uv, counts, indices = [], [], [], [], []
    for f, face in enumerate(shape.faces):
        counts.append(len(face))
        for k, corner in enumerate(face):
            x = y = z = 0.0
            for g, angle in around[weld[corner]]:
                if _dot(units[g], units[f]) >= limit:
                    x += angle * normals[g][0]
                    y += angle * normals[g][1]
                    z += angle * normals[g][2]
            length = max(math.sqrt(x * x + y * y + z * z), 1e-12)
            normal = (round(x / length, 3) + 0.0, round(y / length, 3) + 0.0, round(z / length, 3) + 0.0)
            uv = shape.uv[f][k] if shape.uv is not None else None
            key = (weld[corner], normal, uv)
            if key not in table:
                table[key] = len(points)
                points.append(places[corner])
                out_normals.append(normal)
                out_uv.append(uv)
            indices.append(table[key])
    parts: dict[str, list[int]] = {}
    for f, name in enumerate(shape.parts):
        parts.setdefault(name, []).append(f)
    uv_array = np.array(out_uv) if shape.uv is not None else None
    return SmoothMesh(np.array(points), np.array(out_normals), uv_array, counts, indices, parts)


def box(size: Sequence[float], *, tiles: float | None = None) -> Shape:
    """A sharp box that stands on z = 0, centred on the z axis; ``tiles``: metres that one texture tile covers."""
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    points = [(i * x, j * y, k * z) for k in (0, 1) for j in (-1, 1) for i in (-1, 1)]
    faces = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    uv = None
    if tiles is not None:
        flat = [(0, 1), (0, 1), (0, 2), (0, 2), (1, 2), (1, 2)]
        uv = [
            tuple((points[c][a] / tiles, points[c][b] / tiles) for c in face) for face, (a, b) in zip(faces, flat, strict=True)
        ]
    return Shape(np.array(points), faces, uv)


def rounded_box(size: Sequence[float], radius: float, *, steps: int = 2, inner: int = 1, bulge: float = 0.0) -> Shape:
    """A box with rounded edges that stands on z = 0, centred on the z axis.

    Args:
        size: Edges [m].
        radius: Of the rounding [m].
        steps: Polygons across half of a rounded edge.
        inner: Polygons across the flat part of each side.
        bulge: How far the middle of the top is raised [m] (cushions); wants ``inner`` of 4 or more.
    """
    half = np.array(size, dtype=float) / 2
    radius = min(radius, float(half.min()) * 0.999)
    core = half - radius
    bend = [radius * math.tan(math.radians(45.0 * k / steps)) for k in range(1, steps + 1)]
    lines = []
    for axis in range(3):
        flat = [core[axis] * (2.0 * k / inner - 1.0) for k in range(inner + 1)]
        lines.append([-core[axis] - d for d in reversed(bend)] + flat + [core[axis] + d for d in bend])
    points: list[np.ndarray] = []
    faces: list[tuple[int, ...]] = []
    for axis in range(3):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        for side in (-1.0, 1.0):
            start = len(points)
            for u in lines[a]:
                for v in lines[b]:
                    point = np.zeros(3)
                    point[axis], point[a], point[b] = side * half[axis], u, v
                    base = np.clip(point, -core, core)
                    out = point - base
                    points.append(base + radius * out / np.linalg.norm(out))
            columns = len(lines[b])
            for i in range(len(lines[a]) - 1):
                for j in range(columns - 1):
                    p = start + i * columns + j
                    quad = (p, p + columns, p + columns + 1, p + 1)
                    faces.append(quad if side > 0 else quad[::-1])
    result = np.array(points)
    if bulge:
        x, y = result[:, 0] / half[0], result[:, 1] / half[1]
        lift = np.maximum(0, 1 - x**2) * np.maximum(0, 1 - y**2)
        result[:, 2] += bulge * lift * (result[:, 2] > 0)
    result[:, 2] += half[2]
    return Shape(result, faces)


def spline(knots: Sequence[Sequence[float]], steps: int = 4) -> list[tuple[float, ...]]:
    """Points of a centripetal-looking Catmull-Rom curve through the knots (uniform parameter, ends repeated)."""
    k = [np.array(knot, dtype=float) for knot in knots]
    k = [2 * k[0] - k[1], *k, 2 * k[-1] - k[-2]]
    out = []
    for i in range(1, len(k) - 2):
        for s in range(steps):
            t = s / steps
            out.append(
                0.5
                * (
                    2 * k[i]
                    + (k[i + 1] - k[i - 1]) * t
                    + (2 * k[i - 1] - 5 * k[i] + 4 * k[i + 1] - k[i + 2]) * t**2
                    + (3 * k[i] - k[i - 1] - 3 * k[i + 1] + k[i + 2]) * t**3
                )
            )
    out.append(k[-2])
    return [tuple(float(x) for x in point) for point in out]


def lathe(profile: Sequence[Sequence[float]], *, segments: int = 32) -> Shape:
    """Turn a profile (radius, height) about z; it runs from the axis below, along the outside, to the axis above."""
    points: list[tuple[float, float, float]] = []
    rows: list[list[int]] = []
    for radius, height in profile:
        if radius < 1e-7:
            rows.append([len(points)] * segments)
            points.append((0.0, 0.0, height))
            continue
        rows.append(list(range(len(points), len(points) + segments)))
        for k in range(segments):
            angle = 2 * math.pi * k / segments
            points.append((radius * math.cos(angle), radius * math.sin(angle), height))
    faces: list[tuple[int, ...]] = []
    for low, high in itertools.pairwise(rows):
        for k in range(segments):
            n = (k + 1) % segments
            corners = (low[k], low[n], high[n], high[k])
            face = tuple(dict.fromkeys(corners))
            if len(face) > 2:
                faces.append(face)
    return Shape(np.array(points), faces)


def sphere(radius: float, *, rings: int = 12, segments: int = 24) -> Shape:
    """A ball about the origin."""
    angles = [math.pi * (k / rings - 0.5) for k in range(rings + 1)]
    profile = [(radius * math.cos(a) if 0 < k < rings else 0.0, radius * math.sin(a)) for k, a in enumerate(angles)]
    return lathe(profile, segments=segments)


def cylinder(radius: float, height: float, *, bevel: float = 0.0, segments: int = 24, top: float | None = None) -> Shape:
    """A cylinder, or cone with another top radius, that stands on z = 0; its edges may be bevelled."""
    top = radius if top is None else top
    if bevel <= 0:
        return lathe([(0, 0), (radius, 0), (top, height), (0, height)], segments=segments)
    b = bevel
    return lathe(
        [
            (0, 0),
            (radius - b, 0),
            (radius - 0.3 * b, 0.3 * b),
            (radius, b),
            (top, height - b),
            (top - 0.3 * b, height - 0.3 * b),
            (top - b, height),
            (0, height),
        ],
        segments=segments,
    )


def tube(
    path: Sequence[Sequence[float]], radius: float | Sequence[float], *, segments: int = 10, closed: bool = False
) -> Shape:
    """A round tube along a path, with flat ends unless the path is closed; one radius, or one for each point."""
    curve = np.array(path, dtype=float)
    count = len(curve)
    radii = [radius] * count if isinstance(radius, (int, float)) else list(radius)
    tangents = np.array(
        [
            curve[(i + 1) % count if closed else min(i + 1, count - 1)] - curve[(i - 1) % count if closed else max(i - 1, 0)]
            for i in range(count)
        ]
    )
    tangents /= np.linalg.norm(tangents, axis=1)[:, None]
    side = np.cross(tangents[0], [0.0, 0.0, 1.0] if abs(tangents[0][2]) < 0.9 else [1.0, 0.0, 0.0])
    points = []
    for i in range(count):
        side = side - (side @ tangents[i]) * tangents[i]
        side /= np.linalg.norm(side)
        other = np.cross(tangents[i], side)
        for k in range(segments):
            angle = 2 * math.pi * k / segments
            points.append(curve[i] + radii[i] * (math.cos(angle) * side + math.sin(angle) * other))
    faces: list[tuple[int, ...]] = []
    for i in range(count if closed else count - 1):
        n = (i + 1) % count
        for k in range(segments):
            m = (k + 1) % segments
            faces.append((i * segments + k, i * segments + m, n * segments + m, n * segments + k))
    if not closed:
        faces.append(tuple(reversed(range(segments))))
        faces.append(tuple((count - 1) * segments + k for k in range(segments)))
    return Shape(np.array(points), faces)


def pillow(width: float, height: float, thickness: float, *, cells: int = 12) -> Shape:
    """A filled cushion lying on z = 0 with four slightly pointed corners."""
    points, faces = [], []
    steps = [math.sin(math.pi * (k / cells - 0.5)) for k in range(cells + 1)]
    for side in (1.0, -1.0):
        start = len(points)
        for u in steps:
            for v in steps:
                puff = ((1 - u * u) * (1 - v * v)) ** 0.55 if abs(u) < 1 and abs(v) < 1 else 0.0
                pinch = 1 - 0.09 * (1 - abs(u * v)) * (u**4 + v**4)
                points.append((u * width / 2 * pinch, v * height / 2 * pinch, side * thickness / 2 * puff))
        for i in range(cells):
            for j in range(cells):
                p = start + i * (cells + 1) + j
                quad = (p, p + cells + 1, p + cells + 2, p + 1)
                faces.append(quad if side > 0 else quad[::-1])
    return Shape(np.array(points) + np.array([0, 0, thickness / 2]), faces)


def leaf(length: float, width: float, *, rise: float = 0.6, fall: float = 0.8, cells: int = 7) -> Shape:
    """A keeled leaf from the origin along +x that rises and bends over; one layer of polygons.

    Args:
        length: Along x [m].
        width: At its widest [m].
        rise: Slope at the stem.
        fall: How much of the slope is lost to the tip; above 2 times ``rise`` the tip hangs below the stem.
    """
    points, faces = [], []
    for i in range(cells + 1):
        t = i / cells
        half = 0.5 * width * math.sin(math.pi * t**0.7) if i < cells else 0.0
        z = length * (rise * t - 0.5 * fall * t * t)
        for side in (-1.0, 0.0, 1.0):
            points.append((length * t, side * half, z + 0.3 * half * abs(side)))
    for i in range(cells):
        for j in range(2):
            p = i * 3 + j
            faces.append((p, p + 3, p + 4, p + 1))
    return Shape(np.array(points), faces)
