"""Follow a shading input upstream to the constant, primvar or texture that feeds it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from pxr import Sdf, Usd, UsdShade

from scenecap.stage.materials.model import IDENTITY_UV, Color, TextureRef, TextureWrap, UvMatrix

#: Longest chain of nodes that is followed; longer ones are loops or beyond what a small record can hold.
MAX_DEPTH = 12

#: Materials are read at the earliest time: an attribute with samples only has no value at the default time.
READ_TIME = Usd.TimeCode.EarliestTime()


@dataclass(frozen=True)
class Constant:
    """A plain value: a float, a colour, a string, an asset."""

    value: Any


@dataclass(frozen=True)
class FromPrimvar:
    """A primvar of the gprim, ``fallback`` where it has none."""

    name: str
    fallback: Any = None


#: What feeds an input. None: nothing is authored, or it is beyond what can be read.
Signal = Constant | FromPrimvar | TextureRef | None


class Tracer:
    """Traces the inputs of one material.

    Args:
        unresolved: Collects texture paths that the asset resolver did not find.
    """

    def __init__(self, unresolved: list[str]) -> None:
        self._unresolved = unresolved
        #: Whether a connection was met that could not be followed to a value.
        self.lost = False

    def trace(self, node: UsdShade.ConnectableAPI | UsdShade.Shader, name: str, *, depth: int = 0) -> Signal:
        """Return what feeds the input ``name`` of a node; None where nothing is authored."""
        found = node.GetInput(name)
        if not found or depth > MAX_DEPTH:
            return None
        for attribute in UsdShade.Utils.GetValueProducingAttributes(found):
            if UsdShade.Utils.GetType(attribute.GetName()) == UsdShade.AttributeType.Output:
                signal = self._follow(
                    UsdShade.Shader(attribute.GetPrim()), UsdShade.Output(attribute).GetBaseName(), depth + 1
                )
                self.lost |= signal is None
                return signal
            value = attribute.Get(READ_TIME)
            if value is not None:
                return Constant(value)
        return None

    def value(self, node: UsdShade.Shader, name: str, default: Any = None) -> Any:
        """Return the constant that feeds an input, or the default."""
        signal = self.trace(node, name)
        return signal.value if isinstance(signal, Constant) else default

    def _follow(self, shader: UsdShade.Shader, output: str, depth: int) -> Signal:
        identifier = _identifier(shader)
        if identifier == "UsdUVTexture":
            return self._uv_texture(shader, output, depth)
        if identifier.startswith("UsdPrimvarReader"):
            return FromPrimvar(str(self.value(shader, "varname", "")), self.value(shader, "fallback"))
        if identifier.startswith("ND_geompropvalue") or identifier.startswith("ND_geomcolor"):
            return FromPrimvar(str(self.value(shader, "geomprop", "displayColor")), self.value(shader, "default"))
        if identifier.startswith(("ND_image_", "ND_tiledimage_", "ND_UsdUVTexture", "ND_gltf_colorimage", "ND_gltf_image")):
            return self._materialx_image(shader, identifier, output, depth)
        if identifier.startswith("ND_multiply_"):
            return self._product(shader, depth)
        for name in ("in", "in1", "value", "color", "input"):  # conversions, swizzles, colour corrections: nearly the input
            if shader.GetInput(name):
                return self.trace(shader, name, depth=depth)
        return None

    def _uv_texture(self, shader: UsdShade.Shader, output: str, depth: int) -> Signal:
        fallback = as_color(self.value(shader, "fallback"), (0.0, 0.0, 0.0))
        file = self.texture_file(shader, "file", depth)
        if file is None:
            return None
        primvar, matrix = self._coordinates(shader, "st", depth)
        space = str(self.value(shader, "sourceColorSpace", "auto"))
        single = {"r": 0, "g": 1, "b": 2, "a": 3}.get(output, -1)
        # "auto" means sRGB for 8-bit colour; one channel that is wired to a number is data.
        srgb = space == "sRGB" or (space != "raw" and single < 0)
        scale, bias = _four(self.value(shader, "scale"), 1.0), _four(self.value(shader, "bias"), 0.0)
        if single >= 0:
            scale, bias = [scale[single]] * 3, [bias[single]] * 3
        return TextureRef(
            file=file,
            srgb=srgb,
            channel=single,
            wrap_u=_wrap(self.value(shader, "wrapS")),
            wrap_v=_wrap(self.value(shader, "wrapT")),
            uv_primvar=primvar,
            uv_matrix=matrix,
            scale=(scale[0], scale[1], scale[2]),
            bias=(bias[0], bias[1], bias[2]),
            fallback=fallback,
        )

    def _materialx_image(self, shader: UsdShade.Shader, identifier: str, output: str, depth: int) -> Signal:
        file = self.texture_file(shader, "file", depth)
        if file is None:
            return None
        coordinates = "st" if shader.GetInput("st") else "texcoord"
        primvar, matrix = self._coordinates(shader, coordinates, depth)
        tiling = as_pair(self.value(shader, "uvtiling"), 1.0)
        offset = as_pair(self.value(shader, "uvoffset"), 0.0)
        a, b, c, d, e, f = matrix
        matrix = (
            a * tiling[0],
            b * tiling[1],
            c * tiling[0],
            d * tiling[1],
            e * tiling[0] - offset[0],
            f * tiling[1] - offset[1],
        )
        space = str(shader.GetInput("file").GetAttr().GetColorSpace() or "")
        colored = "color" in identifier or "UsdUVTexture" in identifier
        single = 0 if identifier.endswith("_float") else {"r": 0, "g": 1, "b": 2, "a": 3}.get(output, -1)
        srgb = "srgb" in space.lower() or (not space and colored and single < 0)
        return TextureRef(
            file=file,
            srgb=srgb,
            channel=single,
            wrap_u=_wrap(self.value(shader, "uaddressmode") or self.value(shader, "wrapS")),
            wrap_v=_wrap(self.value(shader, "vaddressmode") or self.value(shader, "wrapT")),
            uv_primvar=primvar,
            uv_matrix=matrix,
            fallback=as_color(self.value(shader, "default"), (0.0, 0.0, 0.0)),
        )

    def _product(self, shader: UsdShade.Shader, depth: int) -> Signal:
        first, second = self.trace(shader, "in1", depth=depth), self.trace(shader, "in2", depth=depth)
        if isinstance(first, Constant):
            first, second = second, first
        if not isinstance(second, Constant):
            return None
        factor = as_color(second.value, (1.0, 1.0, 1.0))
        if isinstance(first, TextureRef):
            return tinted(first, factor)
        if isinstance(first, Constant):
            red, green, blue = as_color(first.value, (1.0, 1.0, 1.0))
            return Constant((red * factor[0], green * factor[1], blue * factor[2]))
        return None

    def texture_file(self, shader: UsdShade.Shader, name: str, depth: int = 0) -> str | None:
        """Return the resolved file of an asset input; one that cannot be found is noted and gives its authored path."""
        signal = self.trace(shader, name, depth=depth)
        if not isinstance(signal, Constant) or not isinstance(signal.value, Sdf.AssetPath) or not signal.value.path:
            return None
        if signal.value.resolvedPath:
            return signal.value.resolvedPath
        if "<UDIM>" in signal.value.path:
            pattern = _udim_pattern(shader, name, signal.value.path)
            if pattern:
                return pattern
        self._unresolved.append(signal.value.path)
        return signal.value.path

    def _coordinates(self, shader: UsdShade.Shader, name: str, depth: int) -> tuple[str, UvMatrix]:
        found = shader.GetInput(name)
        if not found or depth > MAX_DEPTH:
            return "st", IDENTITY_UV
        for attribute in UsdShade.Utils.GetValueProducingAttributes(found):
            source = UsdShade.Shader(attribute.GetPrim())
            identifier = _identifier(source)
            if identifier == "UsdTransform2d":
                primvar, inner = self._coordinates(source, "in", depth + 1)
                return primvar, _chain(inner, _transform2d(self, source))
            if identifier.startswith("UsdPrimvarReader"):
                return str(self.value(source, "varname", "st") or "st"), IDENTITY_UV
            if identifier.startswith("ND_geompropvalue"):
                return str(self.value(source, "geomprop", "st") or "st"), IDENTITY_UV
            if identifier.startswith("ND_place2d"):
                primvar, inner = self._coordinates(source, "texcoord", depth + 1)
                return primvar, _chain(inner, _place2d(self, source))
        return "st", IDENTITY_UV


def _identifier(shader: UsdShade.Shader) -> str:
    return str(shader.GetIdAttr().Get() or "") if shader else ""


def _udim_pattern(shader: UsdShade.Shader, name: str, path: str) -> str | None:
    for attribute in UsdShade.Utils.GetValueProducingAttributes(shader.GetInput(name)):
        for spec in attribute.GetPropertyStack(READ_TIME):
            resolved = UsdShade.UdimUtils.ResolveUdimPath(path, spec.layer)
            if resolved:
                return resolved
    return None


def _transform2d(tracer: Tracer, shader: UsdShade.Shader) -> UvMatrix:
    """``result = in * scale * rotate + translation`` (UsdPreviewSurface specification), rotation counter-clockwise [deg]."""
    scale, move = as_pair(tracer.value(shader, "scale"), 1.0), as_pair(tracer.value(shader, "translation"), 0.0)
    angle = math.radians(as_number(tracer.value(shader, "rotation"), 0.0))
    cosine, sine = math.cos(angle), math.sin(angle)
    return (scale[0] * cosine, scale[0] * sine, -scale[1] * sine, scale[1] * cosine, move[0], move[1])


def _place2d(tracer: Tracer, shader: UsdShade.Shader) -> UvMatrix:
    """MaterialX place2d without pivot: ``rotate(uv / scale) - offset``."""
    scale, move = as_pair(tracer.value(shader, "scale"), 1.0), as_pair(tracer.value(shader, "offset"), 0.0)
    angle = math.radians(as_number(tracer.value(shader, "rotate"), 0.0))
    cosine, sine = math.cos(angle), math.sin(angle)
    inverse = [1.0 / value if abs(value) > 1e-9 else 1.0 for value in scale]
    return (inverse[0] * cosine, inverse[0] * sine, -inverse[1] * sine, inverse[1] * cosine, -move[0], -move[1])


def _chain(first: UvMatrix, then: UvMatrix) -> UvMatrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def tinted(texture: TextureRef, factor: Color, *, offset: Color = (0.0, 0.0, 0.0)) -> TextureRef:
    """Return the texture with its linear values multiplied, then shifted."""
    (red, green, blue), (r, g, b), (x, y, z), (p, q, s) = texture.scale, factor, texture.bias, offset
    return replace(texture, scale=(red * r, green * g, blue * b), bias=(x * r + p, y * g + q, z * b + s))


def _wrap(value: object) -> TextureWrap:
    # USD's default is "useMetadata", which no common file carries; what follows in practice is repetition, as in Omniverse.
    name = str(value or "repeat")
    names = {
        "clamp": TextureWrap.CLAMP,
        "mirror": TextureWrap.MIRROR,
        "black": TextureWrap.BLACK,
        "constant": TextureWrap.BLACK,
    }
    return names.get(name, TextureWrap.REPEAT)


def as_number(value: object, default: float) -> float:
    """Return a finite float, or the default."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) else default


def _sequence(value: object, size: int, default: float) -> list[float]:
    try:
        items = [as_number(item, default) for item in value][:size]  # type: ignore[union-attr]
    except TypeError:
        items = [as_number(value, default)] * size if value is not None else []
    return items + [default] * (size - len(items))


def as_pair(value: object, default: float) -> tuple[float, float]:
    """Return two finite floats; a scalar counts for both."""
    first, second = _sequence(value, 2, default)
    return first, second


def _four(value: object, default: float) -> list[float]:
    return _sequence(value, 4, default)


def as_color(value: object, default: Color) -> Color:
    """Return three finite floats; a scalar counts for all, None gives the default."""
    if value is None:
        return default
    red, green, blue = _sequence(value, 3, 0.0)
    return red, green, blue
