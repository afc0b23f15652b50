"""Place viewpoints: candidates of each kind are drawn, held against the rules, and counted where they break one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from scenecap.capture.viewpoints import candidates as kinds
from scenecap.capture.viewpoints.framing import placed_camera
from scenecap.capture.viewpoints.judge import Judge
from scenecap.capture.viewpoints.settings import (
    KeyPointViews,
    LookAtViews,
    OrbitViews,
    RejectionSettings,
    VolumeViews,
)
from scenecap.capture.viewpoints.surroundings import Surroundings
from scenecap.contract import CameraView
from scenecap.stage.draws import Draws

#: Placements whose views are drawn and judged here; the others' are found elsewhere.
Drawn = OrbitViews | LookAtViews | VolumeViews | KeyPointViews


@dataclass
class PlacedViews:
    """Viewpoints, and what became of the others.

    Attributes:
        views: In order of placement and number. A view that could not be placed leaves a gap in the numbers.
        rejected: Rule -> how many candidates broke it (the first that each broke).
        problems: One line for each placement that is short of views, or has nothing to look at.
    """

    views: list[CameraView] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def place_views(
    placement: Drawn,
    name: str,
    surroundings: Surroundings,
    *,
    rules: RejectionSettings,
    seed: int,
    scene: str,
    resolution: tuple[int, int],
    meters_per_unit: float,
) -> PlacedViews:
    """Place the views of one placement.

    Each view depends on the seed, the scene's name, the placement's name and the view's number alone (in an
    orbit also on how many views share it): more views, other placements and another order do not change it.

    Args:
        placement: What is asked for.
        name: What its views are called: ``/<name>/<number>``.
        surroundings: The stage.
        rules: Which views are turned down.
        seed: Of the draws.
        scene: Name of the scene.
        resolution: Width and height [px].
        meters_per_unit: Of the stage.
    """
    placed = PlacedViews()

    def lens(world_to_camera, distance, path=f"/{name}"):
        return placed_camera(
            path,
            world_to_camera,
            resolution=resolution,
            field_of_view=placement.field_of_view,
            near=max(min(0.002 * distance, 0.5 * rules.clearance or distance), 1e-4),
            far=max(1000.0 * distance, 1000.0),
            meters_per_unit=meters_per_unit,
        )

    try:
        make = _maker(placement, surroundings, lens, rules)
    except kinds.NothingToLookAtError as error:
        placed.problems.append(f"viewpoints '{name}': {error}")
        return placed
    judge = Judge(surroundings, rules)
    attempts = 1 if isinstance(placement, KeyPointViews) else rules.candidates
    missing: Counter[str] = Counter()
    for number in range(placement.count):
        broken: Counter[str] = Counter()
        for attempt in range(attempts):
            candidate = make(number, Draws(seed, "viewpoint", scene, name, number, attempt))
            view = lens(candidate.world_to_camera, candidate.distance, f"/{name}/{number}")
            rule = judge.view(view, candidate.demand)
            if rule is None:
                placed.views.append(view)
                break
            broken[rule.value] += 1
        else:
            missing += broken
        placed.rejected += broken
    short = placement.count - len(placed.views)
    if short:
        why = ", ".join(f"{rule} {count}" for rule, count in sorted(missing.items()))
        placed.problems.append(f"viewpoints '{name}': {short} of {placement.count} views could not be placed ({why})")
    return placed


def _maker(placement: Drawn, surroundings: Surroundings, lens: kinds.Lens, rules: RejectionSettings) -> kinds.Maker:
    if isinstance(placement, OrbitViews):
        return kinds.orbit(placement, surroundings, lens)
    if isinstance(placement, LookAtViews):
        return kinds.look_at_object(placement, surroundings, lens, rules)
    if isinstance(placement, VolumeViews):
        return kinds.volume(placement, surroundings)
    return kinds.key_points(placement, surroundings)


def placement_names(placements: Sequence[object]) -> list[str]:
    """Return what each placement's views are called: its name, or its kind with a number from the second of it on."""
    taken: set[str] = {item.name for item in placements if getattr(item, "name", None)}
    names = []
    for item in placements:
        name = getattr(item, "name", None)
        if name is None:
            kind = item.kind.value
            number, name = 2, kind
            while name in taken:
                name, number = f"{kind}_{number}", number + 1
            taken.add(name)
        names.append(name)
    return names
