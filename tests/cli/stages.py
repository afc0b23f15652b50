"""Small USD stages, written as text, for tests of the command line."""

from __future__ import annotations

from pathlib import Path

_HEAD = '#usda 1.0\n(\n    defaultPrim = "World"\n    upAxis = "Z"\n    metersPerUnit = 1\n)\n\ndef Xform "World"\n{\n'

FLOOR = """    def Cube "Floor"
    {
        double size = 1
        double3 xformOp:translate = (0, 0, -0.05)
        float3 xformOp:scale = (8, 8, 0.1)
        uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
    }
"""

#: Looks along +y from (0, -4, 1.5), a little downwards.
CAMERA = """    def Camera "{name}"
    {{
        float focalLength = 24
        float horizontalAperture = 36
        token projection = "{projection}"
        double3 xformOp:translate = (0, -4, 1.5)
        double3 xformOp:rotateXYZ = ({tilt}, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateXYZ"]
    }}
"""

BOX = """    def Xform "{name}"
    {{
        double3 xformOp:translate = {place}
        uniform token[] xformOpOrder = ["xformOp:translate"]
        def Cube "Shape"
        {{
            double size = {size}
        }}
    }}
"""


def box(name: str, place: tuple[float, float, float], size: float = 0.4) -> str:
    return BOX.format(name=name, place=place, size=size)


def camera(name: str = "Camera", *, projection: str = "perspective", tilt: float = 75.0) -> str:
    return CAMERA.format(name=name, projection=projection, tilt=tilt)


def write_stage(path: Path, *parts: str) -> Path:
    path.write_text(_HEAD + "".join(parts) + "}\n", encoding="utf-8")
    return path


#: Three boxes on the floor.
PROPS = box("Crate_01", (-0.8, 0.0, 0.2)) + box("SM_OfficeChair_02", (0.0, 0.3, 0.2)) + box("Mug", (0.9, 0.0, 0.1), 0.2)


def room(path: Path) -> Path:
    """Write a floor, three props and a camera."""
    return write_stage(path, FLOOR, PROPS, camera())
