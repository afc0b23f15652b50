"""Draw new colours of objects: all of an object gets one, and its old ones are no longer said of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenecap.capture.variation.model import StageVariation, anchor
from scenecap.capture.variation.rigging import Rigging
from scenecap.capture.variation.settings import ColorDraw, ColorName
from scenecap.capture.world import StageWorld
from scenecap.colours import srgb8_to_linear
from scenecap.contract import Change, ChangeKind
from scenecap.stage.draws import Draws
from scenecap.stage.materials.model import SurfaceMaterial
from scenecap.stage.model import Role, StageEntity

#: 8-bit sRGB of surfaces, each well inside of what its name is certain of (:mod:`scenecap.colours`).
SURFACES: dict[ColorName, tuple[int, int, int]] = {
    ColorName.BLACK: (24, 24, 26),
    ColorName.WHITE: (242, 242, 240),
    ColorName.GRAY: (130, 130, 130),
    ColorName.RED: (178, 28, 34),
    ColorName.GREEN: (38, 130, 55),
    ColorName.BLUE: (38, 84, 180),
    ColorName.YELLOW: (242, 206, 40),
    ColorName.ORANGE: (238, 124, 28),
    ColorName.BROWN: (108, 66, 34),
    ColorName.PURPLE: (112, 46, 140),
    ColorName.PINK: (240, 150, 178),
}

#: Returns an entity of which no colour is said any more, or None where its name cannot do without one ("orange").
Uncolored = Callable[[StageEntity], StageEntity | None]


@dataclass(frozen=True)
class DrawnColors:
    """Objects that got a colour.

    Attributes:
        colors: Path -> 8-bit sRGB, of all that belongs to them too.
        entities: Path -> what it is called now.
        changes: What was drawn, in the order of paths.
        counts: ``recolored``, and ``colors_fixed`` (objects whose name is a colour's too).
    """

    colors: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    entities: dict[str, StageEntity] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"recolored": 0, "colors_fixed": 0})


def draw_colors(
    rig: Rigging, settings: ColorDraw, *, hidden: frozenset[str], uncolored: Uncolored, draws: Callable[..., Draws]
) -> DrawnColors:
    """Draw the colours of one variation.

    Args:
        rig: The stage as authored.
        settings: Which objects, which colours.
        hidden: What is not there.
        uncolored: Takes the colour words out of what an object is called.
        draws: The random numbers.
    """
    drawn = DrawnColors()
    entities = {entity.path: entity for entity in rig.world.discovery.entities}
    for item in rig.chosen(settings.objects):
        source = draws("color", item.path)
        if source.unit() >= settings.share or item.path in hidden:
            continue
        kin = [entities[path] for path in rig.kin(item.path)]
        renamed = [uncolored(entity) for entity in kin]
        if any(entity is None and old.role is Role.OBJECT for entity, old in zip(renamed, kin, strict=True)):
            drawn.counts["colors_fixed"] += 1
            continue
        name = source.choice(settings.colors)
        drawn.entities.update({entity.path: entity for entity in renamed if entity is not None})
        drawn.colors.update({entity.path: SURFACES[name] for entity in kin})
        drawn.changes.append(Change(ChangeKind.RECOLORED, item.path, {"color": name.value, "srgb": list(SURFACES[name])}))
        drawn.counts["recolored"] += 1
    return drawn


def doubted(rig: Rigging, switched: frozenset[str], uncolored: Uncolored) -> dict[str, StageEntity]:
    """Return objects whose looks another variant may have changed, without what was known of these.

    It may where the object, a prototype of it or a material of it is at, below or above such a prim.

    Args:
        rig: The stage.
        switched: Prims that show another variant than the authored one.
        uncolored: Takes the colour words out of what an object is called.
    """
    found, world = {}, rig.world
    for number, entity in enumerate(world.discovery.entities):
        rows = np.flatnonzero(world.followed == number).tolist()
        paths = {entity.path, *(str(world.walk.gprims[row].prim.GetPath()) for row in rows)}
        paths |= {material.path for row in rows for material in world.bindings[row]}
        around = any(path.startswith(f"{entity.path}/") for path in switched)
        if entity.role is Role.OBJECT and (around or any(anchor(path, switched) is not None for path in paths)):
            renamed = uncolored(entity) or entity  # an orange is an orange
            found[entity.path] = dataclasses.replace(renamed, caption=None)
    return found


def varied_bindings(world: StageWorld, variation: StageVariation) -> Sequence[tuple[SurfaceMaterial, ...]]:
    """Return the materials of each gprim in a variation."""
    if not variation.colors:
        return world.bindings
    bindings = list(world.bindings)
    for number, entity in enumerate(world.discovery.entities):
        color = variation.colors.get(entity.path)
        if color is not None:
            for row in np.flatnonzero(world.followed == number).tolist():
                bindings[row] = tuple(_painted(material, color) for material in bindings[row])
    return bindings


def _painted(material: SurfaceMaterial, color: Sequence[int]) -> SurfaceMaterial:
    linear = srgb8_to_linear(np.array(color, dtype=np.uint8)).astype(np.float64)
    red, green, blue = (float(value) for value in linear)
    return dataclasses.replace(material, base_color=(red, green, blue), texture=None, authored=True)
