"""What was varied in a frame's stage, as numbers that a reader of the dataset can use."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

#: What became of the draws of a variation: name -> what is counted. Names with ``view`` are of one camera's view.
VARIATION_COUNTS = {
    "variants": "variant sets that were drawn from",
    "hidden": "objects that were taken away",
    "moved": "objects that were moved by a draw of their own",
    "poses_rejected": "poses that were drawn and turned down",
    "poses_given_up": "objects that no draw would do for; they are where they were",
    "poses_fixed": "objects that can only stay",
    "recolored": "objects that got another colour",
    "colors_fixed": "objects whose name is also that of a colour; they keep theirs",
    "views_shifted": "views that were shifted",
    "views_rejected": "views that were drawn and turned down",
    "views_given_up": "views that no draw would do for; they are the authored ones",
}


class ChangeKind(str, enum.Enum):
    """What became of a prim in a variation."""

    VARIANT = "variant"
    HIDDEN = "hidden"
    MOVED = "moved"
    CARRIED = "carried"  # it stands on, lies in or hangs from something that was moved
    RECOLORED = "recolored"
    LIGHT = "light"  # of a light; of all light where the path is that of the root, "/"
    CAMERA = "camera"


@dataclass(frozen=True)
class Change:
    """One prim that differs from the stage as authored.

    Attributes:
        kind: How.
        path: The prim.
        values: What was drawn, by name; lengths in metres, angles in degrees, in world.
    """

    kind: ChangeKind
    path: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Variation:
    """How the stage of a frame differs from the authored one.

    Attributes:
        number: Which variation; 0 is the stage as it was authored.
        changes: What differs, in the order in which it was done: what carries others is moved before them.
        counts: What became of the draws (:data:`VARIATION_COUNTS`).
    """

    number: int
    changes: tuple[Change, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
