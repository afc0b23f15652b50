"""Candidates of each kind of placement: where a view may stand, drawn anew for each attempt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scenecap.capture.viewpoints.framing import corners_of, fit, near_boxes, outwards, reach_in, resized, small
from scenecap.capture.viewpoints.judge import Demand
from scenecap.capture.viewpoints.settings import (
    KeyPointViews,
    LookAtViews,
    OrbitViews,
    RejectionSettings,
    VolumeViews,
)
from scenecap.capture.viewpoints.surroundings import Surroundings
from scenecap.capture.viewpoints.tracks import along, walk
from scenecap.contract import CameraView, ObservedObject
from scenecap.stage.cameras import look_at
from scenecap.stage.draws import Draws
from scenecap.stage.selector import nothing_selected, selects

#: A volume around objects reaches beyond them by this share of their diagonal, to the sides and upwards.
_AROUND = 0.6
#: Steps in which the distance that gives an object its size is found.
_STEPS = 6


class NothingToLookAtError(Exception):
    """A selector that fits no object of the stage; the text says so."""


@dataclass(frozen=True)
class Candidate:
    """A viewpoint that may be taken.

    Attributes:
        world_to_camera: (4, 4).
        distance: From what it looks at [m]; clipping distances follow from it.
        demand: What it has to show.
    """

    world_to_camera: np.ndarray
    distance: float
    demand: Demand


#: Gives the candidate of a view (by its number) from a stream of draws.
Maker = Callable[[int, Draws], Candidate]
#: Gives a view of that size for a pose and a distance.
Lens = Callable[[np.ndarray, float], CameraView]


def orbit(settings: OrbitViews, around: Surroundings, lens: Lens) -> Maker:
    """Views from all sides: directions are spread evenly, and each strays within its part."""
    targets = _targets(settings.around, around)
    low, high = settings.azimuth

    def make(number: int, draws: Draws) -> Candidate:
        item = targets[number % len(targets)] if targets else None
        round_, rounds = (number // len(targets), -(-settings.count // len(targets))) if targets else (number, settings.count)
        azimuth = low + (high - low) * (round_ + draws.unit()) / rounds
        direction = outwards(azimuth, draws.between(*settings.elevation))
        box = around.boxes if item is None else np.asarray(item.aabb_world)[None]
        sample = lens(np.eye(4), 1.0)
        framed = fit(corners_of(near_boxes(box)), direction, width=sample.width, height=sample.height, focal=sample.focal_px)
        distance = framed.distance * draws.factor(*settings.distance)
        if around.room is not None:
            distance = min(distance, reach_in(around.room, framed.target, direction))
        slots = None if item is None else (_slot(around, item),)
        return Candidate(look_at(framed.target + direction * distance, framed.target), distance, Demand(slots))

    return make


def look_at_object(settings: LookAtViews, around: Surroundings, lens: Lens, rules: RejectionSettings) -> Maker:
    """Views of an object at a size: the distance is searched for, as the object's outline decides it."""
    targets = _targets(settings.at, around)
    low, high = settings.azimuth

    def make(number: int, draws: Draws) -> Candidate:
        item = targets[number % len(targets)]
        slot = _slot(around, item)
        direction = outwards(draws.between(low, high), draws.between(*settings.elevation))
        center, radius = item.center_world, 0.5 * float(np.linalg.norm(item.size_world))
        sample = lens(np.eye(4), 1.0)
        # A ball of the object's size would cover the share from here.
        covered = settings.share * sample.width * sample.height
        distance = max(radius * sample.focal_px * math.sqrt(math.pi / covered), 1e-3)
        limit = math.inf if around.room is None else reach_in(around.room, center, direction)
        for _ in range(_STEPS):
            distance = min(distance, limit)
            view = lens(look_at(center + direction * distance, center), distance)
            tiny = resized(view, small((view.width, view.height), rules.edge))
            share = float(around.look(tiny).unoccluded_px[slot]) / (tiny.width * tiny.height)
            if abs(share - settings.share) <= 0.1 * settings.tolerance * settings.share:
                break
            distance *= min(max(math.sqrt(max(share, 1e-6) / settings.share), 0.4), 2.5)
        distance = min(distance, limit)
        demand = Demand((slot,), min_visible=settings.min_visible, share=settings.share, tolerance=0.8 * settings.tolerance)
        return Candidate(look_at(center + direction * distance, center), distance, demand)

    return make


def volume(settings: VolumeViews, around: Surroundings) -> Maker:
    """Views from anywhere in a box, each looking at one of the objects."""
    targets = _targets(settings.at, around) if settings.at is not None else list(around.objects)
    if not targets:
        raise NothingToLookAtError("there is no object to look at")
    low, high = _volume(settings, around)

    def make(_number: int, draws: Draws) -> Candidate:
        position = np.array([draws.between(float(low[k]), float(high[k])) for k in range(3)])
        item = draws.choice(targets)
        distance = max(float(np.linalg.norm(position - item.center_world)), 1e-6)
        demand = Demand((_slot(around, item),), clearance=settings.clearance)
        return Candidate(_pose(position, item.center_world), distance, demand)

    return make


def key_points(settings: KeyPointViews, around: Surroundings) -> Maker:
    """Views along a path; these stand where they stand, so that there is one candidate for each."""
    points = np.array([point.position for point in settings.points], dtype=np.float64)
    targets = np.array([_aim(point.look_at, around) for point in settings.points])
    at = walk(points, count=settings.count, interpolation=settings.interpolation, closed=settings.closed)
    positions = along(points, at, settings.interpolation, closed=settings.closed)
    aims = along(targets, at, settings.interpolation, closed=settings.closed)

    def make(number: int, _draws: Draws) -> Candidate:
        distance = max(float(np.linalg.norm(positions[number] - aims[number])), 1e-6)
        return Candidate(_pose(positions[number], aims[number]), distance, Demand())

    return make


def _aim(what: tuple[float, float, float] | str | None, around: Surroundings) -> np.ndarray:
    if isinstance(what, tuple):
        return np.array(what)
    if what is None:
        return corners_of(near_boxes(around.boxes)).mean(axis=0)
    return np.mean([item.center_world for item in _targets(what, around)], axis=0)


def _pose(position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return a camera's pose; one that is at its target looks along +y."""
    if float(np.linalg.norm(position - target)) < 1e-9:
        target = position + np.array([0.0, 1.0, 0.0])
    return look_at(position, target)


def _targets(selector: str | None, around: Surroundings) -> list[ObservedObject]:
    if selector is None:
        return []
    found = [item for item in around.objects if selects(selector, item)]
    if not found:
        raise NothingToLookAtError(nothing_selected(selector, around.objects))
    return found


def _slot(around: Surroundings, item: ObservedObject) -> int:
    return int(around.slots[next(row for row, other in enumerate(around.objects) if other is item)])


def _volume(settings: VolumeViews, around: Surroundings) -> tuple[np.ndarray, np.ndarray]:
    boxes = near_boxes(around.boxes)
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    beyond = _AROUND * float(np.linalg.norm(high - low))
    low, high = low - [beyond, beyond, 0.0], high + beyond
    if around.room is not None:
        low, high = around.room[0].copy(), np.where(np.isfinite(around.room[1]), around.room[1], high)
    if settings.low is not None:
        low = np.array(settings.low)
    if settings.high is not None:
        high = np.array(settings.high)
    if settings.height is not None:
        low[2], high[2] = around.floor + settings.height[0], around.floor + settings.height[1]
    return low, np.maximum(low, high)
