"""UsdPreviewSurface materials, by name, with colours as people give them (sRGB hex)."""

from __future__ import annotations

from dataclasses import dataclass

from .usda import Prim, number, vector


@dataclass(frozen=True)
class Material:
    """A surface.

    Attributes:
        color: sRGB ``"#rrggbb"``.
        roughness: 0..1.
        metallic: 0..1.
        opacity: 0..1.
        emissive: sRGB colour of its own light, or None.
        glow: Factor on the emissive colour.
        texture: Picture file beside the asset's folder (``textures/...``) in place of the colour, or None.
        clearcoat: 0..1.
    """

    color: str = "#808080"
    roughness: float = 0.6
    metallic: float = 0.0
    opacity: float = 1.0
    emissive: str | None = None
    glow: float = 1.0
    texture: str | None = None
    clearcoat: float = 0.0
    ior: float = 1.5


def linear(color: str) -> tuple[float, float, float]:
    """Linear values of an sRGB hex colour."""
    out = []
    for start in (1, 3, 5):
        value = int(color[start : start + 2], 16) / 255.0
        out.append(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
    return out[0], out[1], out[2]


LIBRARY: dict[str, Material] = {
    "WallPaint": Material("#ece6da", 0.9),
    "AccentPaint": Material("#9db4ab", 0.9),
    "CeilingPaint": Material("#f6f4ef", 0.95),
    "Skirting": Material("#f7f5f0", 0.5),
    "Parquet": Material("#b08a5e", 0.45, texture="parquet.png"),
    "RugWeave": Material("#c9b79c", 0.95, texture="rug.png"),
    "Oak": Material("#b98a57", 0.5, texture="oak.png"),
    "Walnut": Material("#6b4630", 0.45),
    "Birch": Material("#d9bd93", 0.5),
    "WhiteLacquer": Material("#f2f0eb", 0.3, clearcoat=0.3),
    "SofaFabric": Material("#4f6d7a", 0.9),
    "SofaSeat": Material("#56778a", 0.9),
    "ArmchairFabric": Material("#c2703d", 0.85),
    "YellowFabric": Material("#e0b040", 0.9),
    "CreamFabric": Material("#e8dcc4", 0.9),
    "ChairSeat": Material("#e9e2d3", 0.8),
    "BlackMetal": Material("#26272a", 0.4, metallic=0.6),
    "Brass": Material("#c9a24d", 0.3, metallic=1.0),
    "Steel": Material("#b9bcc0", 0.3, metallic=1.0),
    "Aluminium": Material("#a9adb2", 0.35, metallic=0.8),
    "BlackPlastic": Material("#1d1e20", 0.35),
    "DarkGlass": Material("#0b0d12", 0.08, clearcoat=0.5),
    "LaptopScreen": Material("#10141c", 0.3, emissive="#4c86c6", glow=0.6),
    "Lampshade": Material("#f3e3c3", 0.8, emissive="#ffcf8a", glow=0.8),
    "PendantEnamel": Material("#2f4a45", 0.35, clearcoat=0.4),
    "PendantInside": Material("#f4ead6", 0.6),
    "Bulb": Material("#fff1d0", 0.3, emissive="#ffd9a0", glow=3.0),
    "WhitePorcelain": Material("#f4f2ee", 0.2, clearcoat=0.6),
    "RedGlaze": Material("#b3261e", 0.25, clearcoat=0.5),
    "BlueGlaze": Material("#1f4e9e", 0.25, clearcoat=0.5),
    "GreenGlaze": Material("#4a7a56", 0.3, clearcoat=0.5),
    "TerracottaClay": Material("#b5623f", 0.85),
    "Soil": Material("#3a2a20", 1.0),
    "Coffee": Material("#2b170d", 0.2),
    "WindowGlass": Material("#dfeaf0", 0.02, opacity=0.08, ior=1.0),
    "AppleSkin": Material("#b5281f", 0.35, clearcoat=0.3),
    "OrangePeel": Material("#ee8a1d", 0.55),
    "Stem": Material("#5b4326", 0.9),
    "LeafGreen": Material("#3f7d3a", 0.5),
    "DeepLeafGreen": Material("#2c5f34", 0.45),
    "TulipPink": Material("#d9547a", 0.6),
    "TulipYellow": Material("#f0c02f", 0.6),
    "ClockFace": Material("#fbfaf5", 0.6),
    "ClockRim": Material("#2b2b2b", 0.4),
    "RedPaint": Material("#c5342b", 0.5),
    "Paper": Material("#f1ead8", 0.9),
    "Artwork": Material("#d8a57a", 0.8, texture="artwork.png"),
    "TeddyFur": Material("#9a6b3f", 1.0),
    "TeddyLight": Material("#d8b98c", 1.0),
    "BlackEye": Material("#111111", 0.15),
    "BallRed": Material("#d23c32", 0.4),
    "BallWhite": Material("#f5f3ee", 0.4),
    "BallBlue": Material("#2c6fb5", 0.4),
    "Cardboard": Material("#b58a58", 0.9),
    "CoverRed": Material("#9c2f2b", 0.7),
    "CoverBlue": Material("#2b4c7e", 0.7),
    "CoverGreen": Material("#3d6b4f", 0.7),
    "CoverYellow": Material("#d7a63a", 0.7),
    "CoverBlack": Material("#2a2a2d", 0.7),
    "CurtainLinen": Material("#d9d2c4", 0.95),
}


def material_prim(name: str, scope: str, *, textures: str = "../textures") -> Prim:
    """The Material prim of a surface in the library.

    Args:
        name: Key of the library.
        scope: Path of the prim that will hold it.
        textures: Folder of the pictures, seen from the layer.
    """
    material = LIBRARY[name]
    path = f"{scope}/{name}"
    surface = Prim("Shader", "Surface")
    surface.properties += [
        'uniform token info:id = "UsdPreviewSurface"',
        f"float inputs:clearcoat = {number(material.clearcoat)}" if material.clearcoat else "",
        f"color3f inputs:diffuseColor.connect = <{path}/Texture.outputs:rgb>"
        if material.texture
        else f"color3f inputs:diffuseColor = {vector(linear(material.color))}",
        f"color3f inputs:emissiveColor = {vector(material.glow * x for x in linear(material.emissive))}"
        if material.emissive
        else "",
        f"float inputs:ior = {number(material.ior)}" if material.ior != 1.5 else "",
        f"float inputs:metallic = {number(material.metallic)}" if material.metallic else "",
        f"float inputs:opacity = {number(material.opacity)}" if material.opacity < 1 else "",
        f"float inputs:roughness = {number(material.roughness)}",
        "token outputs:surface",
    ]
    surface.properties = [line for line in surface.properties if line]
    prim = Prim("Material", name, properties=[f"token outputs:surface.connect = <{path}/Surface.outputs:surface>"])
    prim.add(surface)
    if material.texture:
        texture = Prim(
            "Shader",
            "Texture",
            properties=[
                'uniform token info:id = "UsdUVTexture"',
                f"asset inputs:file = @{textures}/{material.texture}@",
                'token inputs:sourceColorSpace = "sRGB"',
                f"float2 inputs:st.connect = <{path}/TextureCoordinates.outputs:result>",
                'token inputs:wrapS = "repeat"',
                'token inputs:wrapT = "repeat"',
                "float3 outputs:rgb",
            ],
        )
        reader = Prim(
            "Shader",
            "TextureCoordinates",
            properties=[
                'uniform token info:id = "UsdPrimvarReader_float2"',
                'string inputs:varname = "st"',
                "float2 outputs:result",
            ],
        )
        prim.add(texture, reader)
    return prim
