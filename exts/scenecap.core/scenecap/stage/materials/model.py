"""What a material is reduced to. Leaf module: no pxr, no image library."""

from __future__ import annotations

import enum
from dataclasses import dataclass

Color = tuple[float, float, float]
#: ``(a, b, c, d, e, f)``: ``u' = a u + c v + e``, ``v' = b u + d v + f``.
UvMatrix = tuple[float, float, float, float, float, float]

IDENTITY_UV: UvMatrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

#: Grey of a surface about which nothing is known (linear).
NEUTRAL_GREY: Color = (0.42, 0.42, 0.42)


class TextureWrap(str, enum.Enum):
    """What lies outside the unit square of a texture; USD's names."""

    REPEAT = "repeat"
    CLAMP = "clamp"
    MIRROR = "mirror"
    BLACK = "black"


@dataclass(frozen=True)
class TextureRef:
    """A picture file and how it is laid on a surface. Hashable, so that equal uses share their pixels.

    The lookup is ``value = decode(file, wrap(uv @ uv_matrix)) * scale + bias`` with row vectors ``(u, v, 1)``; ``v`` points
    up, as in USD.

    Attributes:
        file: Resolved path as the asset resolver gives it; may point into a package (``a.usdz[0/wood.png]``).
        srgb: Whether the stored values are sRGB-encoded (colours) or linear (masks, roughness).
        channel: -1 for the first three channels, else 0..3 for one of them.
        wrap_u: Outside [0, 1] in u.
        wrap_v: Outside [0, 1] in v.
        uv_primvar: Name of the primvar that holds the coordinates, without ``primvars:``.
        uv_matrix: Affine map of the coordinates, see :data:`UvMatrix`.
        scale: Factor per channel, applied to linear values.
        bias: Offset per channel, applied after ``scale``.
        fallback: Linear colour where the file cannot be read.
    """

    file: str
    srgb: bool = True
    channel: int = -1
    wrap_u: TextureWrap = TextureWrap.REPEAT
    wrap_v: TextureWrap = TextureWrap.REPEAT
    uv_primvar: str = "st"
    uv_matrix: UvMatrix = IDENTITY_UV
    scale: Color = (1.0, 1.0, 1.0)
    bias: Color = (0.0, 0.0, 0.0)
    fallback: Color = NEUTRAL_GREY


@dataclass(frozen=True)
class SurfaceMaterial:
    """One surface, in the terms of UsdPreviewSurface. Hashable and comparable by value.

    Attributes:
        name: Name of the material prim; ``""`` where there is none.
        path: Its prim path (in the prototype for native instances), or ``""``.
        base_color: Linear RGB in 0..1. With a texture: its fallback, for where it turns out to be broken.
        texture: Texture of the base colour, or None.
        opacity: 0..1. With an opacity texture: of its most opaque parts (cut-out leaves are solid, not ghosts).
        opacity_texture: Texture of the opacity, or None.
        opacity_threshold: Above 0, opacity is a mask: at or above the threshold solid, below it nothing.
        roughness: 0..1.
        metallic: 0..1.
        emissive: Linear radiance.
        ior: Index of refraction.
        transmission: 0..1, how much light passes like through glass.
        authored: Whether base colour was read from the stage; False means that nothing may be said about the colour.
    """

    name: str = ""
    path: str = ""
    base_color: Color = NEUTRAL_GREY
    texture: TextureRef | None = None
    opacity: float = 1.0
    opacity_texture: TextureRef | None = None
    opacity_threshold: float = 0.0
    roughness: float = 0.5
    metallic: float = 0.0
    emissive: Color = (0.0, 0.0, 0.0)
    ior: float = 1.5
    transmission: float = 0.0
    authored: bool = False

    @property
    def seen_opacity(self) -> float:
        """Opacity in the picture: clear glass (``transmission``) lets most of what lies behind it through."""
        return self.opacity * (1.0 - 0.8 * self.transmission)

    @property
    def uv_primvar(self) -> str | None:
        """Name of the texture coordinates this surface needs, or None."""
        texture = self.texture or self.opacity_texture
        return None if texture is None else texture.uv_primvar


#: Of a gprim without any material or colour.
NEUTRAL_MATERIAL = SurfaceMaterial()
