"""Shading languages: which inputs of which surface shader mean colour, opacity, roughness and so on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pxr import UsdShade

from scenecap.stage.materials.model import NEUTRAL_GREY, Color, SurfaceMaterial, TextureRef, TextureWrap, UvMatrix
from scenecap.stage.materials.network import Constant, FromPrimvar, Signal, Tracer, as_color, as_number, as_pair, tinted
from scenecap.stage.materials.textures import TextureStore
from scenecap.text import clean_text

#: Emission of Omniverse's materials is in nits; this many make a surface as bright as a white one in a well-lit room.
_NITS_OF_WHITE = 1000.0


@dataclass(frozen=True)
class Dialect:
    """Names of the inputs of one surface shader; several names are tried in turn.

    Attributes:
        color: Base colour, a constant or a connection.
        color_file: Base colour as an asset input on the shader itself (MDL), which wins over ``color``.
        tint: Factor on a colour file.
        weight: Scalar factor on the base colour.
        opacity: Opacity, a number or a colour.
        opacity_switch: Boolean that turns opacity on, where the language has one.
        threshold: Mask threshold.
        default_color: Colour that the shader has when nothing is authored.
    """

    color: tuple[str, ...]
    color_file: tuple[str, ...] = ()
    tint: tuple[str, ...] = ()
    weight: tuple[str, ...] = ()
    opacity: tuple[str, ...] = ()
    opacity_switch: str = ""
    threshold: tuple[str, ...] = ()
    roughness: tuple[str, ...] = ()
    metallic: tuple[str, ...] = ()
    emissive: tuple[str, ...] = ()
    emission_weight: tuple[str, ...] = ()
    emission_switch: str = ""
    emission_unit: float = 1.0
    ior: tuple[str, ...] = ()
    transmission: tuple[str, ...] = ()
    default_color: Color = NEUTRAL_GREY
    default_roughness: float = 0.5
    default_transmission: float = 0.0


PREVIEW_SURFACE = Dialect(
    color=("diffuseColor",),
    opacity=("opacity",),
    threshold=("opacityThreshold",),
    roughness=("roughness",),
    metallic=("metallic",),
    emissive=("emissiveColor",),
    ior=("ior",),
    default_color=(0.18, 0.18, 0.18),
)
STANDARD_SURFACE = Dialect(
    color=("base_color",),
    weight=("base",),
    opacity=("opacity",),
    roughness=("specular_roughness",),
    metallic=("metalness",),
    emissive=("emission_color",),
    emission_weight=("emission",),
    ior=("specular_IOR",),
    transmission=("transmission",),
    default_color=(0.8, 0.8, 0.8),
    default_roughness=0.2,
)
OPEN_PBR = Dialect(
    color=("base_color",),
    weight=("base_weight",),
    opacity=("geometry_opacity",),
    roughness=("specular_roughness",),
    metallic=("base_metalness",),
    emissive=("emission_color",),
    emission_weight=("emission_luminance",),
    emission_unit=1.0 / _NITS_OF_WHITE,
    ior=("specular_ior",),
    transmission=("transmission_weight",),
    default_color=(0.8, 0.8, 0.8),
    default_roughness=0.3,
)
GLTF = Dialect(
    color=("base_color",),
    opacity=("alpha",),
    threshold=("alpha_cutoff",),
    roughness=("roughness",),
    metallic=("metallic",),
    emissive=("emissive",),
    ior=("ior",),
    transmission=("transmission",),
    default_color=(1.0, 1.0, 1.0),
)
# OmniPBR, OmniSurface, the glTF MDL and the names that exporters to MDL commonly use. A material whose parameters live in
# the .mdl file shows only what the stage overrides.
MDL = Dialect(
    color=(
        "diffuse_color_constant",
        "diffuse_reflection_color",
        "diffuse_color",
        "base_color_factor",
        "base_color",
        "Base_Color",
        "BaseColor",
        "albedo_color",
    ),
    color_file=(
        "diffuse_texture",
        "diffuse_reflection_color_image",
        "base_color_texture",
        "BaseColor_Texture",
        "basecolor_texture",
        "albedo_texture",
        "Albedo",
        "BaseColor_Tex",
        "diffuse_map",
    ),
    tint=("diffuse_tint",),
    opacity=("opacity_constant", "geometry_opacity", "opacity"),
    opacity_switch="enable_opacity",
    threshold=("opacity_threshold",),
    roughness=("reflection_roughness_constant", "specular_reflection_roughness", "roughness_factor", "roughness"),
    metallic=("metallic_constant", "metalness", "metallic_factor", "metallic"),
    emissive=("emissive_color",),
    emission_weight=("emissive_intensity",),
    emission_switch="enable_emission",
    emission_unit=1.0 / _NITS_OF_WHITE,
    ior=("specular_reflection_ior", "ior_constant"),
    transmission=("specular_transmission_weight",),
    default_color=(0.2, 0.2, 0.2),
)
OMNI_GLASS = Dialect(
    color=("glass_color",),
    color_file=("glass_color_texture",),
    roughness=("frosting_roughness",),
    ior=("glass_ior",),
    default_color=(1.0, 1.0, 1.0),
    default_roughness=0.0,
    default_transmission=1.0,
)

_BY_IDENTIFIER = {
    "UsdPreviewSurface": PREVIEW_SURFACE,
    "ND_UsdPreviewSurface_surfaceshader": PREVIEW_SURFACE,
    "ND_standard_surface_surfaceshader": STANDARD_SURFACE,
    "ND_open_pbr_surface_surfaceshader": OPEN_PBR,
    "ND_gltf_pbr_surfaceshader": GLTF,
}


def dialect_of(shader: UsdShade.Shader) -> Dialect | None:
    """Return the language of a surface shader, or None where it is not known."""
    identifier = str(shader.GetIdAttr().Get() or "")
    if identifier in _BY_IDENTIFIER:
        return _BY_IDENTIFIER[identifier]
    if shader.GetImplementationSource() == UsdShade.Tokens.sourceAsset:
        name = str(shader.GetSourceAssetSubIdentifier("mdl") or "")
        return OMNI_GLASS if name.startswith("OmniGlass") else MDL
    return None


def read_surface(
    material: UsdShade.Material, shader: UsdShade.Shader, dialect: Dialect, *, tracer: Tracer, textures: TextureStore
) -> tuple[SurfaceMaterial, FromPrimvar | None]:
    """Read a surface shader into a record.

    Returns:
        The material, and the primvar that feeds its base colour where one does (the caller resolves it for each gprim).
    """

    def signal(names: tuple[str, ...]) -> Signal:
        return next((found for name in names if (found := tracer.trace(shader, name)) is not None), None)

    def number(names: tuple[str, ...], default: float) -> float:
        found = signal(names)
        if isinstance(found, TextureRef):
            return _mean(found, textures, default)
        return _luma(found.value, default) if isinstance(found, Constant) else default

    def switched_on(name: str) -> bool:
        return not name or bool(tracer.value(shader, name, False))

    color, texture, primvar, authored = _base_color(shader, dialect, tracer, signal)
    weight = number(dialect.weight, 1.0)
    if weight != 1.0:
        color = (color[0] * weight, color[1] * weight, color[2] * weight)
        texture = texture and tinted(texture, (weight, weight, weight))
    if texture is not None and not textures.usable(texture.file):
        # UsdUVTexture's own default fallback is black, which would be a hole in the picture.
        color, texture, authored = texture.fallback if any(texture.fallback) else NEUTRAL_GREY, None, False

    threshold = _unit(number(dialect.threshold, 0.0))
    opacity, opacity_texture = 1.0, None
    if switched_on(dialect.opacity_switch):
        found = signal(dialect.opacity)
        if isinstance(found, TextureRef):
            opacity_texture = found if textures.load(found.file) is not None else None
            opacity = 1.0 if threshold > 0 or opacity_texture is None else _most_opaque(found, textures)
        elif isinstance(found, Constant):
            opacity = _unit(_luma(found.value, 1.0))

    emissive: Color = (0.0, 0.0, 0.0)
    if switched_on(dialect.emission_switch):
        found = signal(dialect.emissive)
        strength = number(dialect.emission_weight, 0.0 if dialect is STANDARD_SURFACE else 1.0) * dialect.emission_unit
        if isinstance(found, Constant):
            red, green, blue = as_color(found.value, emissive)
            emissive = (max(0.0, red) * strength, max(0.0, green) * strength, max(0.0, blue) * strength)

    surface = SurfaceMaterial(
        name=clean_text(material.GetPrim().GetName()),
        path=str(material.GetPath()),
        base_color=(_unit(color[0]), _unit(color[1]), _unit(color[2])),
        texture=texture,
        opacity=opacity,
        opacity_texture=opacity_texture,
        opacity_threshold=threshold,
        roughness=_unit(number(dialect.roughness, dialect.default_roughness)),
        metallic=_unit(number(dialect.metallic, 0.0)),
        emissive=emissive,
        ior=min(3.0, max(1.0, number(dialect.ior, 1.5))),
        transmission=_unit(number(dialect.transmission, dialect.default_transmission)),
        authored=authored,
    )
    return surface, primvar


def _base_color(
    shader: UsdShade.Shader, dialect: Dialect, tracer: Tracer, signal: Callable[[tuple[str, ...]], Signal]
) -> tuple[Color, TextureRef | None, FromPrimvar | None, bool]:
    """Return (linear colour, texture, primvar, authored)."""
    for name in dialect.color_file:
        file = tracer.texture_file(shader, name)
        if file is not None:
            texture = TextureRef(file=file, uv_matrix=_mdl_uv(tracer, shader), wrap_u=TextureWrap.REPEAT)
            tint = signal(dialect.tint)
            brightness = as_number(tracer.value(shader, "albedo_brightness"), 1.0)
            added = as_number(tracer.value(shader, "albedo_add"), 0.0)
            factor = as_color(tint.value if isinstance(tint, Constant) else None, (1.0, 1.0, 1.0))
            factor = (factor[0] * brightness, factor[1] * brightness, factor[2] * brightness)
            return NEUTRAL_GREY, tinted(texture, factor, offset=(added, added, added)), None, True
    found = signal(dialect.color)
    if isinstance(found, TextureRef):
        return found.fallback, found, None, True
    if isinstance(found, Constant):
        return as_color(found.value, dialect.default_color), None, None, True
    if isinstance(found, FromPrimvar):
        return as_color(found.fallback, dialect.default_color), None, found, found.fallback is not None
    return dialect.default_color, None, None, False


def _mdl_uv(tracer: Tracer, shader: UsdShade.Shader) -> UvMatrix:
    scale, move = as_pair(tracer.value(shader, "texture_scale"), 1.0), as_pair(tracer.value(shader, "texture_translate"), 0.0)
    return (scale[0], 0.0, 0.0, scale[1], move[0], move[1])


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))


def _luma(value: object, default: float) -> float:
    if isinstance(value, (int, float)):
        return as_number(value, default)
    red, green, blue = as_color(value, (default, default, default))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _scalar_plane(reference: TextureRef, textures: TextureStore) -> np.ndarray | None:
    texture = textures.load(reference.file)
    if texture is None:
        return None
    channel = max(reference.channel, 0)
    plane = texture.pixels[:: max(1, texture.pixels.shape[0] // 64), :: max(1, texture.pixels.shape[1] // 64), channel]
    return plane / 255.0 * reference.scale[0] + reference.bias[0]


def _mean(reference: TextureRef, textures: TextureStore, default: float) -> float:
    plane = _scalar_plane(reference, textures)
    return default if plane is None else float(plane.mean())


def _most_opaque(reference: TextureRef, textures: TextureStore) -> float:
    plane = _scalar_plane(reference, textures)
    return 1.0 if plane is None else _unit(float(np.percentile(plane, 95)))
