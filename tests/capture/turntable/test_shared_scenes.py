"""Sheets of other people's assets: each whole in every view, large, lit and not hidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")
pytest.importorskip("numba", reason="needs the extra capture")

from scenecap.capture.turntable.studio import AssetOnGround, Studio
from scenecap.run.config import make_config
from scenecap.run.inspection import inspect_stage
from scenecap.stage.model import Role

SCENES = (
    "chess_set/chess_set.usda",
    "franka_kitchen/franka_kitchen_cams.usda",
    "libero_kitchen6/kitchen_scene6_close_the_microwave_cams.usda",
)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("name", SCENES)
def test_each_asset_is_whole_large_and_lit(shared: Path, name: str) -> None:
    found = inspect_stage(make_config({"scene_path": str(shared / "scenes" / name)}))
    studio = Studio(found.world, found.moment, edge=64)
    firsts = {entity.identity: entity for entity in reversed(found.entities(Role.OBJECT))}
    assert len(firsts) >= 7
    for entity in firsts.values():
        views = studio.observe(entity.path)
        owner = list(found.discovery.entities).index(entity)
        rows = np.flatnonzero((found.discovery.owner == owner) & found.moment.drawn)
        stand = AssetOnGround(found.world, found.moment, rows)
        for picture in views.pictures:
            truth = stand.seen_from(picture.view).truth
            mine = truth.hit & (truth.gbuffer.gprim != stand.ground)
            inside = mine[1:-1, 1:-1].sum()
            assert mine.sum() == inside, f"{entity.path}: the picture's edge cuts it"
            rows_seen, columns_seen = np.nonzero(mine)
            assert max(np.ptp(rows_seen), np.ptp(columns_seen)) >= 32, f"{entity.path}: it is small"
            assert picture.rgb.reshape(-1, 3).max() > 80, f"{entity.path}: it is dark"
            assert picture.rgb.std() > 3, f"{entity.path}: it cannot be told from the ground"
        assert min(picture.share for picture in views.pictures) > 0.004
        assert np.mean([picture.share for picture in views.pictures]) > 0.05
