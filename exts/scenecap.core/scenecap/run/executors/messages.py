"""What goes between a run and its workers. Small on purpose: a frame's pixels never leave the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scenecap.run.executors.base import UnitShare
from scenecap.run.make_frame import FrameOrder, FrameReport
from scenecap.run.unit import Expansion, Unit

# To a worker


@dataclass(frozen=True)
class Expand:
    """Open a unit and list its frames."""

    unit: Unit


@dataclass(frozen=True)
class Share:
    """What the frames of a unit share; sent before the first of them."""

    share: UnitShare


@dataclass(frozen=True)
class Make:
    """Make one frame of a unit.

    Attributes:
        unit: Which unit.
        order: The frame.
        careful: It may have cost a worker already. Its worker has nothing else in hand, and begins once it is sure that the
            run has heard so.
    """

    unit: int
    order: FrameOrder
    careful: bool = False


@dataclass(frozen=True)
class Drop:
    """Do not begin what has not been begun."""


@dataclass(frozen=True)
class Leave:
    """End."""


# From a worker


@dataclass(frozen=True)
class Ready:
    """The worker has started.

    Attributes:
        facts: Where, for the run log.
    """

    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """The scene is open, and the frame is begun: from here its time counts.

    Attributes:
        number: The frame's.
        opening: How long the scene took to open [s]; None where it was open already.
        careful: As its order says.
    """

    number: int
    opening: float | None = None
    careful: bool = False


@dataclass(frozen=True)
class Expanded:
    """A unit's frames.

    Attributes:
        unit: Index of the unit.
        expansion: Its frames.
        opening: How long opening it and listing them took [s]; None where nobody opened it.
    """

    unit: int
    expansion: Expansion
    opening: float | None = None


@dataclass(frozen=True)
class Reported:
    """What became of a frame."""

    report: FrameReport


@dataclass(frozen=True)
class Refused:
    """No unit can be opened here, and the run ends: something is not installed.

    Attributes:
        reason: What, and how to install it.
    """

    reason: str


@dataclass(frozen=True)
class Dropped:
    """All that was handed out and not begun is dropped."""


@dataclass(frozen=True)
class Lost:
    """The worker is gone.

    Attributes:
        reason: How, in words that are the same whenever it happens again: they go into the manifest.
    """

    reason: str


Order = Expand | Make
Message = Expand | Share | Make | Drop | Leave
Answer = Ready | Begun | Expanded | Reported | Refused | Dropped | Lost
