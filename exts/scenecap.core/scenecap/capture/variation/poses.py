"""Draw new poses of objects: each moves and turns on what carries it, with all that it carries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from scenecap.capture.contacts import ContactSettings
from scenecap.capture.variation.placing import Placing
from scenecap.capture.variation.rigging import OverTime, Rigging
from scenecap.capture.variation.settings import PoseJitter
from scenecap.contract import Change, ChangeKind
from scenecap.stage.draws import Draws

#: Gives the random numbers of a use: ``draws("pose", path, attempt)``.
DrawsFor = Callable[..., Draws]


@dataclass(frozen=True)
class DrawnPoses:
    """Objects that were moved.

    Attributes:
        motions: Path -> (4, 4) motion in world [m], of all that goes along as well.
        changes: What was drawn, in the order in which it was done.
        counts: ``moved``, ``poses_rejected`` (draws), ``poses_given_up`` (objects that no draw would do for) and
            ``poses_fixed`` (objects that can only stay).
    """

    motions: dict[str, np.ndarray] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def draw_poses(
    rig: Rigging, over_time: OverTime, settings: PoseJitter, *, contacts: ContactSettings, draws: DrawsFor
) -> DrawnPoses:
    """Draw the poses of one variation.

    What carries others is moved before them, else the order is that of paths. A draw that comes too near to something, or
    that changes what touches what, is drawn again, each time from a smaller range around where the object is.

    Args:
        rig: The stage as authored, without what is hidden.
        over_time: What moves by itself.
        settings: Which objects, how far.
        contacts: What touches what.
        draws: The random numbers.
    """
    drawn = DrawnPoses(counts=Counter(moved=0, poses_rejected=0, poses_given_up=0, poses_fixed=0))
    placing = Placing(rig, over_time, clearance=settings.clearance, settings=contacts)
    objects = {item.path for item in rig.objects}
    for path in rig.upwards(item.path for item in rig.chosen(settings.objects)):
        if draws("pose", path).unit() >= settings.share:
            continue
        if placing.is_fixed(path):
            drawn.counts["poses_fixed"] += 1
            continue
        pivot = placing.pivot(path)
        for attempt in range(settings.attempts):
            source, scope = draws("pose", path, attempt), 1.0 - attempt / settings.attempts
            offset = np.round(source.disk(settings.distance * scope), 4) + 0.0
            yaw = round(source.between(-settings.yaw * scope, settings.yaw * scope), 2) + 0.0
            if placing.take(path, planar_motion(offset, yaw, pivot)):
                values = {"offset": offset.tolist(), "yaw": yaw, "pivot": pivot.tolist()}
                drawn.changes.append(Change(ChangeKind.MOVED, path, values))
                along = [one for one in rig.load(path) if one != path and one in objects]
                drawn.changes.extend(Change(ChangeKind.CARRIED, one, {"with": path}) for one in along)
                drawn.counts["moved"] += 1
                break
            drawn.counts["poses_rejected"] += 1
        else:
            drawn.counts["poses_given_up"] += 1
    drawn.motions.update(placing.motions)
    return drawn


def planar_motion(offset: np.ndarray, yaw: float, pivot: np.ndarray) -> np.ndarray:
    """Return (4, 4) for row vectors: a turn about a vertical axis, then a shift on the ground.

    Args:
        offset: (2,) shift along x and y [m].
        yaw: Turn [degrees], counter-clockwise from above.
        pivot: (2,) where the axis is [m].
    """
    angle = math.radians(yaw)
    cosine, sine = math.cos(angle), math.sin(angle)
    motion = np.eye(4)
    motion[:2, :2] = [[cosine, sine], [-sine, cosine]]
    motion[3, :2] = pivot - pivot @ motion[:2, :2] + offset
    return motion
