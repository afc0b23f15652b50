"""Layers of a picture: ghosts and what lies behind see-through things, which ground truth does not have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs numba")
pytest.importorskip("pxr", reason="needs usd-core")

from scenecap.capture.layers import split_layers
from tests.capture.scenes import RED, Studio, add_box, look, new_stage, table_top


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(table_top(str(tmp_path / "scene.usda")))


CAMERA = look((0, -3, 1.6), (0, 0, 0.1))


def test_a_ghost_is_no_ground_truth_and_lies_over_what_is_behind_it(studio):
    view = studio.view(CAMERA)
    ghost = studio.gprim("/Ghost/")
    assert not (view.truth.gbuffer.gprim == ghost).any()
    solid, veil, opacity = split_layers(view)
    assert solid is view.truth
    assert veil is not None
    assert set(np.unique(veil.gbuffer.gprim)) == {-1, ghost}
    assert (opacity[veil.hit] == np.float32(0.3)).all()
    assert (opacity[~veil.hit] == 0).all()


def test_a_ghost_behind_something_is_not_seen(studio):
    view = studio.view(look((0, 3, 0.2), (0, 0, 0.2)))
    _, veil, opacity = split_layers(view)
    front = studio.view(CAMERA)
    assert (split_layers(front)[2] > 0).sum() > 0
    if veil is not None:
        behind = (opacity > 0) & (veil.gbuffer.depth > view.truth.gbuffer.depth)
        assert not behind.any()


def test_behind_a_pane_the_wall_is_found(tmp_path):
    stage = new_stage(str(tmp_path / "pane.usda"))
    add_box(stage, "/World/Floor", (0, 0, -0.05), (6, 6, 0.1), (0.8, 0.8, 0.8))
    add_box(stage, "/World/Pane", (0, -0.5, 0.5), (1.0, 0.02, 1.0), (0.1, 0.3, 0.1), opacity=0.7)
    add_box(stage, "/World/Block", (0, 0.5, 0.4), (0.6, 0.6, 0.8), RED)
    studio = Studio(stage)
    view = studio.view(look((0, -4, 0.6), (0, 0, 0.5)))
    pane, block = studio.gprim("/Pane/"), studio.gprim("/Block/")
    assert (view.truth.gbuffer.gprim == pane).any()  # ground truth counts the pane as solid
    solid, veil, opacity = split_layers(view)
    through = view.truth.gbuffer.gprim == pane
    assert veil is not None
    assert (veil.gbuffer.gprim[through] == pane).all()
    assert opacity[through] == pytest.approx(np.full(through.sum(), 0.7))
    assert not (solid.gbuffer.gprim == pane).any()
    assert (solid.gbuffer.gprim[through] == block).any()
    assert (solid.gbuffer.depth[through] > view.truth.gbuffer.depth[through]).all()
    same = ~through
    assert (solid.gbuffer.depth[same] == view.truth.gbuffer.depth[same]).all()


def test_without_see_through_things_nothing_is_done(tmp_path):
    stage = new_stage(str(tmp_path / "solid.usda"))
    add_box(stage, "/World/Box", (0, 0, 0.2), (0.4, 0.4, 0.4), RED)
    view = Studio(stage).view(CAMERA)
    solid, veil, opacity = split_layers(view)
    assert solid is view.truth
    assert veil is None
    assert not opacity.any()
