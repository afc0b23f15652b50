"""Poses on scenes by others: what carried still carries, and what was moved runs into nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from tests.capture.variation.rooms import opened
from tests.capture.variation.test_poses import EdgesThrough, drawn, moment, touching, triangles

LIVING_ROOM = Path(__file__).resolve().parents[3] / "examples" / "living_room" / "living_room.usda"
SCENES = (
    "libero_kitchen6/*_cams.usda",
    "libero_spatial/bowl_between*_cams.usda",
    "robosuite_pickplace/*_cams.usda",
    "franka_kitchen/*_cams.usda",
    "metaworld_coffee/*_cams.usda",
)


def check(scene: Path, *, numbers: int, least: int) -> None:
    run = opened(scene, variations={"count": numbers, "pose": {"distance": 0.3}})
    before = moment(run)
    moved = 0
    for number in range(1, numbers + 1):
        variation = drawn(run, number)
        moved += variation.record.counts["moved"]
        after = moment(run, variation)
        assert touching(after.contacts) == touching(before.contacts)
        held = {frozenset((item.child, item.parent)) for item in after.contacts}
        objects = {item.path: item for item in after.objects}
        shapes: dict[str, np.ndarray] = {}
        for one, other in itertools.combinations(objects, 2):
            same = np.array_equal(variation.motions.get(one, np.eye(4)), variation.motions.get(other, np.eye(4)))
            boxes = [np.asarray(objects[path].aabb_world) for path in (one, other)]
            apart = (boxes[0][0] > boxes[1][1]).any() or (boxes[1][0] > boxes[0][1]).any()
            if same or apart or frozenset((one, other)) in held:
                continue
            for path in (one, other):
                if path not in shapes:
                    shapes[path] = triangles(run, after, path)
            assert not EdgesThrough(shapes[one]).count(shapes[other]), (number, one, other)
            assert not EdgesThrough(shapes[other]).count(shapes[one]), (number, one, other)
    assert moved >= least


def test_the_demo_scene() -> None:
    check(LIVING_ROOM, numbers=2, least=60)


@pytest.mark.parametrize("pattern", SCENES)
def test_scenes_by_others(shared: Path, pattern: str) -> None:
    (scene,) = (shared / "scenes").glob(pattern)
    check(scene, numbers=3, least=5)
