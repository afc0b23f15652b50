"""The stage: room, references, point instancer, lights, cameras."""

from __future__ import annotations

import math

import numpy as np

from .asset import COMMENT
from .decor import BALL_RADIUS
from .layout import fruit
from .placing import Placed
from .room import architecture
from .usda import Prim, layer, number, text, transform, vector, vectors

ROOT = "LivingRoom"
FRAMES = 10
GROUPS = ("Furniture", "Tableware", "Books", "Decor")


def _reference(item: Placed) -> Prim:
    asset = item.asset
    prim = Prim("", item.name, metadata=[f"prepend references = @./assets/{asset.file}.usda@"])
    if item.options.get("instanceable"):
        prim.metadata.append("instanceable = true")
    if "cover" in item.options:
        prim.metadata += ["variants = {", f'    string cover = "{item.options["cover"]}"', "}"]
    properties = []
    if "label" in item.options:
        prim.metadata.append('prepend apiSchemas = ["SemanticsLabelsAPI:class"]')
        properties.append(f"token[] semantics:labels:class = [{text(item.options['label'])}]")
    if "legacy" in item.options:
        prim.metadata.append('prepend apiSchemas = ["SemanticsAPI:Semantics"]')
        properties.append(f"string semantic:Semantics:params:semanticData = {text(item.options['legacy'])}")
        properties.append('string semantic:Semantics:params:semanticType = "class"')
    rx, ry, rz = item.rotate
    if asset.y_up:
        rx += 90.0
    rotate = (rx, ry, rz) if (rx, ry, rz) != (0.0, 0.0, 0.0) else None
    scale = tuple(asset.units * s for s in item.scale)
    ops = transform(translate=item.at, rotate=rotate, scale=None if scale == (1.0, 1.0, 1.0) else scale)
    if item.name.startswith("BeachBall"):
        ops = _rolling(item)
    prim.properties = [*properties, *ops]
    return prim


def _rolling(item: Placed) -> list[str]:
    """The ball rolls 0.8 m along x over the frames, without slipping."""
    x, y, z = item.at
    steps = [(frame, 0.8 * (1 - math.cos(math.pi * frame / FRAMES)) / 2) for frame in range(FRAMES + 1)]
    out = ["double3 xformOp:translate.timeSamples = {"]
    out += [f"    {frame}: {vector((x + way, y, z))}," for frame, way in steps]
    out += ["}", "float3 xformOp:rotateXYZ.timeSamples = {"]
    out += [f"    {frame}: {vector((24.0, math.degrees(way / BALL_RADIUS), 0.0), 2)}," for frame, way in steps]
    return [*out, "}", 'uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateXYZ"]']


def _fruit(bowl: Placed) -> Prim:
    kinds, spots, yaws = fruit()
    turns = []
    for index, yaw in enumerate(yaws):
        half = math.radians(yaw) / 2
        lean = math.radians(7.0 * ((index % 3) - 1)) / 2
        turns.append(
            (
                math.cos(half) * math.cos(lean),
                math.cos(half) * math.sin(lean),
                math.sin(half) * math.sin(lean),
                math.sin(half) * math.cos(lean),
            )
        )
    path = f"/{ROOT}/Tableware/Fruit"
    prim = Prim("PointInstancer", "Fruit")
    prim.properties = [
        f"quath[] orientations = {vectors(turns, 3)}",
        f"point3f[] positions = {vectors(spots)}",
        f"int[] protoIndices = [{', '.join(map(str, kinds))}]",
        f"rel prototypes = [<{path}/Prototypes/Apple>, <{path}/Prototypes/Orange>]",
        *transform(translate=bowl.at),
    ]
    prototypes = Prim("Scope", "Prototypes")
    for name in ("Apple", "Orange"):
        prototypes.add(Prim("", name, metadata=[f"prepend references = @./assets/{name.lower()}.usda@"]))
    return prim.add(prototypes)


def look_at(eye: tuple[float, float, float], target: tuple[float, float, float]) -> np.ndarray:
    """Camera to world, row vectors: x right, y up, -z forward, world z up."""
    back = np.subtract(eye, target) / np.linalg.norm(np.subtract(eye, target))
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    matrix = np.eye(4)
    matrix[:3, :3] = [right, np.cross(back, right), back]
    matrix[3, :3] = eye
    return matrix


def _matrix(matrix: np.ndarray) -> str:
    return "( " + ", ".join(vector(row, 6) for row in matrix) + " )"


def _camera(name: str, focal: float, views: list[tuple[tuple[float, float, float], tuple[float, float, float]]]) -> Prim:
    eye, target = views[0]
    prim = Prim("Camera", name)
    prim.properties = [
        "float2 clippingRange = (0.05, 100)",
        f"float focalLength = {number(focal / 100, 5)}",
        f"float focusDistance = {number(float(np.linalg.norm(np.subtract(eye, target))))}",
        f"float horizontalAperture = {number(36 / 100)}",
        'token projection = "perspective"',
        f"float verticalAperture = {number(27 / 100)}",
    ]
    if len(views) == 1:
        prim.properties.append(f"matrix4d xformOp:transform = {_matrix(look_at(eye, target))}")
    else:
        prim.properties.append("matrix4d xformOp:transform.timeSamples = {")
        prim.properties += [f"    {frame}: {_matrix(look_at(*view))}," for frame, view in enumerate(views)]
        prim.properties.append("}")
    prim.properties.append('uniform token[] xformOpOrder = ["xformOp:transform"]')
    return prim


def _cameras() -> Prim:
    around = []
    for frame in range(FRAMES + 1):
        angle = math.radians(-118 + 56 * frame / FRAMES)
        around.append(((0.2 + 4.9 * math.cos(angle), 0.3 + 4.9 * math.sin(angle), 1.7), (0.1, 0.45, 0.75)))
    return Prim("Scope", "Cameras").add(
        _camera("Overview", 22.0, [((-1.5, -4.3, 1.7), (0.1, 0.55, 0.98))]),
        _camera("DiningTable", 30.0, [((0.35, -2.75, 1.6), (1.5, -0.7, 0.8))]),
        _camera("CoffeeTable", 23.0, [((0.7, -0.45, 1.5), (-0.92, 1.05, 0.5))]),
        _camera("Orbit", 21.0, around),
    )


def _lights(placed: dict[str, Placed]) -> Prim:
    dome = Prim("DomeLight", "Sky")
    dome.properties = ["color3f inputs:color = (0.92, 0.96, 1)", "float inputs:intensity = 1"]
    sun = Prim("DistantLight", "Sun")
    sun.properties = [
        "float inputs:angle = 1.2",
        "color3f inputs:color = (1, 0.9, 0.74)",
        "float inputs:intensity = 7",
        "bool inputs:normalize = 1",
        # Distant light shines along its -z: from the window side, 32 degrees above the horizon.
        f"matrix4d xformOp:transform = {_matrix(look_at((-4.0, 0.5, 2.7), (0.0, 0.0, 0.0)))}",
        'uniform token[] xformOpOrder = ["xformOp:transform"]',
    ]
    lights = Prim("Scope", "Lights").add(dome, sun)
    for name, lamp, offset, intensity, radius in (
        ("FloorLampLight", "FloorLamp_03", (0, 0, 1.47), 22, 0.05),
        ("TableLampLight", "SM_TableLamp_01", (0, 0, 0.335), 18, 0.042),
        ("PendantLight", "PendantLamp_01", (0, 0, -0.985), 24, 0.055),
    ):
        light = Prim("SphereLight", name)
        light.properties = [
            "color3f inputs:color = (1, 0.8, 0.55)",
            f"float inputs:intensity = {intensity}",
            f"float inputs:radius = {number(radius)}",
            *transform(translate=tuple(np.add(placed[lamp].at, offset))),
        ]
        lights.add(light)
    return lights


def stage_text(placed: dict[str, Placed]) -> str:
    """The root layer."""
    root = Prim("Xform", ROOT, metadata=['kind = "assembly"'])
    root.add(architecture(f"/{ROOT}/Architecture"))
    for group in GROUPS:
        scope = Prim("Scope", group)
        scope.add(*(_reference(item) for item in placed.values() if item.group == group))
        if group == "Tableware":
            scope.add(_fruit(placed["SM_FruitBowl_01"]))
        root.add(scope)
    stored = Prim("", "SM_StoredTable_01", metadata=["prepend references = @./assets/side_table.usda@"])
    stored.properties = ['token visibility = "invisible"', *transform(translate=(0.4, 0.2, 0.0))]
    marker = Prim("Sphere", "CameraTarget")
    marker.properties = [
        "float3[] extent = [(-0.1, -0.1, -0.1), (0.1, 0.1, 0.1)]",
        'uniform token purpose = "guide"',
        "double radius = 0.1",
        *transform(translate=(0.12, 0.55, 0.9)),
    ]
    root.add(Prim("Scope", "Stored").add(stored), Prim("Scope", "Guides").add(marker), _lights(placed), _cameras())
    meta = [
        f"endTimeCode = {FRAMES}",
        "metersPerUnit = 1",
        "startTimeCode = 0",
        "timeCodesPerSecond = 24",
        'upAxis = "Z"',
    ]
    return layer(root, metadata=meta, comment=COMMENT.replace("Part of Scenecap's demo scene", "Scenecap's demo scene"))
