"""The cameras of a config's `viewpoints`: those of the stage that they name, and the views that they place."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenecap.capture.embedded import EmbeddedSource
from scenecap.capture.viewpoints.place import place_views, placement_names
from scenecap.capture.viewpoints.settings import AutoViews, NamedCameras, StageCameras
from scenecap.capture.viewpoints.surroundings import Surroundings
from scenecap.contract import CameraView
from scenecap.errors import UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.plan import select_cameras


@dataclass(frozen=True)
class PlacedCameras:
    """What a scene is seen from.

    Attributes:
        cameras: All cameras, in the order of the placements, each once.
        views: Camera -> view, of those that are no prims of the stage.
        rejected: Rule -> how many candidates broke it.
        problems: One line for each placement that is short of views.
    """

    cameras: tuple[str, ...]
    views: Mapping[str, CameraView]
    rejected: Mapping[str, int]
    problems: tuple[str, ...]


def place_cameras(
    config: ScenecapConfig, source: EmbeddedSource, known: Sequence[str], *, scene: str, time_code: float
) -> PlacedCameras:
    """Find the cameras of a config's placements.

    Args:
        config: All settings.
        source: Knows the stage's geometry.
        known: The stage's cameras.
        scene: Name of the scene, which the draws depend on.
        time_code: When views are placed and judged.

    Raises:
        UsageError: A camera that is named is not there, or there is no view at all.
    """
    batch, resolution = config.batch, config.job.resolution
    found: dict[str, None] = {}
    placed: dict[str, CameraView] = {}
    rejected: Counter[str] = Counter()
    short: list[str] = []
    surroundings: Surroundings | None = None
    for placement, name in zip(batch.viewpoints, placement_names(batch.viewpoints), strict=True):
        if isinstance(placement, StageCameras):
            found |= dict.fromkeys(known)
            continue
        if isinstance(placement, NamedCameras):
            found |= dict.fromkeys(select_cameras(placement.paths, known))
            continue
        if isinstance(placement, AutoViews):
            auto = source.auto_views(placement.count, resolution=resolution, time_code=time_code)
            views = [dataclasses.replace(view, path=f"/{name}/{number}") for number, view in enumerate(auto)]
        else:
            surroundings = surroundings or Surroundings(source.world.at(time_code))
            drawn = place_views(
                placement,
                name,
                surroundings,
                rules=batch.rejection,
                seed=config.graph.random_seed,
                scene=scene,
                resolution=resolution,
                meters_per_unit=source.meters_per_unit,
            )
            views = drawn.views
            rejected += drawn.rejected
            short += drawn.problems
        placed |= {view.path: view for view in views}
        found |= dict.fromkeys(view.path for view in views)
    if not found:
        raise UsageError(
            f"{scene}: viewpoints: none could be placed. {' '.join(short)}".rstrip(),
            remedy="Ask for other viewpoints, or turn fewer down (rejection).",
        )
    return PlacedCameras(tuple(found), placed, dict(sorted(rejected.items())), tuple(short))
