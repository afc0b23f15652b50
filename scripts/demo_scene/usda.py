"""Write usda text by hand: the bytes then depend on this code alone and not on the version of USD that is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


def number(value: float, digits: int = 4) -> str:
    """A decimal number without trailing zeros."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def vector(values: Iterable[float], digits: int = 4) -> str:
    return "(" + ", ".join(number(float(value), digits) for value in values) + ")"


def vectors(rows: Iterable[Iterable[float]], digits: int = 4) -> str:
    return "[" + ", ".join(vector(row, digits) for row in rows) + "]"


def numbers(values: Iterable[float], digits: int = 4) -> str:
    return "[" + ", ".join(number(float(value), digits) for value in values) + "]"


def integers(values: Iterable[int]) -> str:
    return "[" + ", ".join(str(int(value)) for value in values) + "]"


def text(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass
class Prim:
    """One prim: ``def Type "name" (metadata) { properties, variant sets, children }``."""

    type: str
    name: str
    specifier: str = "def"
    metadata: list[str] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)
    variants: dict[str, dict[str, list[Prim]]] = field(default_factory=dict)
    children: list[Prim] = field(default_factory=list)

    def add(self, *children: Prim) -> Prim:
        self.children.extend(children)
        return self

    def lines(self, depth: int = 0) -> list[str]:
        pad = "    " * depth
        head = f'{pad}{self.specifier} {self.type + " " if self.type else ""}"{self.name}"'
        out = [head]
        if self.metadata:
            out[-1] += " ("
            out += [f"{pad}    {line}" for line in self.metadata]
            out.append(f"{pad})")
        out.append(f"{pad}{{")
        out += [f"{pad}    {line}" for line in self.properties]
        for set_name, options in self.variants.items():
            out.append(f'{pad}    variantSet "{set_name}" = {{')
            for option, prims in options.items():
                out.append(f'{pad}        "{option}" {{')
                for prim in prims:
                    out += prim.lines(depth + 3)
                out.append(f"{pad}        }}")
            out.append(f"{pad}    }}")
        for child in self.children:
            out.append("")
            out += child.lines(depth + 1)
        out.append(f"{pad}}}")
        return out


def layer(root: Prim, *, metadata: Sequence[str], comment: str) -> str:
    """The text of a layer with one root prim, which is its default prim."""
    head = [
        "#usda 1.0",
        "(",
        f"    {text(comment)}",
        f'    defaultPrim = "{root.name}"',
        *(f"    {line}" for line in metadata),
        ")",
        "",
    ]
    return "\n".join([*head, *root.lines(), ""])


def transform(
    *,
    translate: Sequence[float] | None = None,
    rotate: Sequence[float] | None = None,
    scale: Sequence[float] | float | None = None,
) -> list[str]:
    """Properties of a translate, rotate (degrees about x, then y, then z) and scale stack."""
    out, order = [], []
    if translate is not None:
        out.append(f"double3 xformOp:translate = {vector(translate)}")
        order.append("xformOp:translate")
    if rotate is not None:
        out.append(f"float3 xformOp:rotateXYZ = {vector(rotate)}")
        order.append("xformOp:rotateXYZ")
    if scale is not None:
        values = (scale,) * 3 if isinstance(scale, (int, float)) else scale
        out.append(f"float3 xformOp:scale = {vector(values)}")
        order.append("xformOp:scale")
    if order:
        out.append("uniform token[] xformOpOrder = [" + ", ".join(f'"{item}"' for item in order) + "]")
    return out
