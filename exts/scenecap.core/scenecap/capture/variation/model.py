"""A variation of a stage, drawn: what a world needs to show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from scenecap.contract import Variation

if TYPE_CHECKING:
    from scenecap.stage.model import StageEntity


@dataclass(frozen=True, eq=False)
class LightChange:
    """How the light differs from the authored one.

    Attributes:
        intensity: Factor of how bright the picture is.
        tint: (3,) float64 factors of red, green and blue of all light.
        balance: Path of a light -> factor of its strength against the others.
    """

    intensity: float = 1.0
    tint: np.ndarray = field(default_factory=lambda: np.ones(3))
    balance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class StageVariation:
    """How a stage differs from the authored one. It holds at all times of the stage.

    Attributes:
        record: What was drawn, for the dataset.
        motions: Path of an object (or of what goes with it) -> (4, 4) float64 rigid motion in world [m] for row vectors,
            applied after where the stage has it.
        hidden: Paths of objects that are not there, and of what goes with them.
        colors: Path of an object (or of what belongs to it) -> 8-bit sRGB of all its surfaces.
        entities: Path -> what an object is called now, where that differs.
        light: How the light differs.
    """

    record: Variation
    motions: Mapping[str, np.ndarray] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    colors: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    entities: Mapping[str, StageEntity] = field(default_factory=dict)
    light: LightChange = field(default_factory=LightChange)

    def motion_at(self, path: str) -> np.ndarray | None:
        """Return the motion of the nearest prim at or above a path that has one, or None."""
        return self.motions.get(anchor(path, self.motions) or "")

    def hides(self, path: str) -> bool:
        """Whether a prim at or above a path is hidden."""
        return anchor(path, self.hidden) is not None


def anchor(path: str, known: Mapping[str, object] | frozenset[str]) -> str | None:
    """Return the nearest path at or above a path that is known; ``/A[3]`` is below ``/A``."""
    while path and path not in known:
        cut = max(path.rfind("/"), path.rfind("["))
        path = path[: max(cut, 0)]
    return path or None


#: The stage as it was authored.
AUTHORED = StageVariation(Variation(0))
