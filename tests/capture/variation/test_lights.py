"""Light that is drawn: pictures change as was drawn, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("pxr")

from scenecap.contract import Buffer, ChangeKind, Frame
from tests.capture.variation.rooms import bake, opened, write_room

CAMERA = "/Room/Frame/Camera"


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Path:
    return write_room(tmp_path_factory.mktemp("room") / "room.usda")


def frames(room: Path, lights: dict, **keys) -> tuple[Frame, Frame]:
    run = opened(room, quality="draft", variations={"count": 1, "lights": lights}, **keys)
    tasks = [task for task in run.tasks() if task.camera == CAMERA]
    return run.observe(tasks[0]), run.observe(tasks[1])


def brightness(frame: Frame) -> np.ndarray:
    return frame.buffers[Buffer.RGB][..., :3].astype(float).mean(axis=(0, 1))


@pytest.mark.parametrize("exposure", [None, 0.0])
@pytest.mark.parametrize(("factor", "low", "high"), [(0.4, 0.3, 0.9), (1.0, 1.0, 1.0), (1.8, 1.02, 2.0)])
def test_pictures_are_brighter_or_darker(room: Path, factor: float, low: float, high: float, exposure: float | None) -> None:
    before, after = frames(room, {"intensity": factor}, exposure=exposure)
    assert low <= brightness(after).mean() / brightness(before).mean() <= high
    assert after.variation.changes[0].values == {"intensity": factor}


@pytest.mark.parametrize(("kelvin", "warmer"), [(3000, True), (9500, False)])
def test_pictures_are_warmer_or_colder(room: Path, kelvin: float, warmer: bool) -> None:
    before, after = frames(room, {"temperature": kelvin})
    red, _, blue = brightness(after) / brightness(before)
    assert (red > 1.03 * blue) == warmer
    assert (blue > 1.03 * red) == (not warmer)
    assert after.variation.changes[0].values["temperature"] == kelvin


def test_white_light_stays_as_it_is(room: Path) -> None:
    before, after = frames(room, {"temperature": 6500})
    assert np.abs(before.buffers[Buffer.RGB].astype(int) - after.buffers[Buffer.RGB]).max() <= 1


def test_light_changes_nothing_but_the_picture(room: Path) -> None:
    before, after = frames(room, {"intensity": [0.3, 3], "temperature": [2000, 9000], "balance": [0.2, 5]})
    assert len(before.buffers) > 3
    for buffer in before.buffers.keys() - {Buffer.RGB}:
        assert np.array_equal(before.buffers[buffer], after.buffers[buffer]), buffer
    assert before.contacts == after.contacts


def test_each_light_has_the_factor_that_is_written(room: Path) -> None:
    run = opened(room, quality="draft", variations={"count": 3, "lights": {"balance": [0.25, 4]}})
    lamp = "/Room/Frame/Furniture/Table/Lamp"
    factors = set()
    for number in (1, 2, 3):
        stage = run._drawer.stage(number)
        written = {c.path: c.values["intensity"] for c in stage.record.changes if c.kind is ChangeKind.LIGHT and c.path != "/"}
        before, after = (run._source._light(0.0, run._drawer.stage(n)).local[0].radiance for n in (0, number))
        np.testing.assert_allclose(after, before * written[lamp])
        factors.add(written[lamp])
    assert len(factors) == 3
    assert all(0.25 <= factor <= 4 for factor in factors)


def test_a_lamp_that_is_gone_with_its_table_is_dark_as_on_a_stage_without_it(room: Path, tmp_path: Path) -> None:
    drop = {"objects": "table", "share": 1.0, "supporters": True}
    run = opened(room, quality="draft", variations={"count": 1, "drop_out": drop})
    stage = run._drawer.stage(1)
    written = opened(bake(room, tmp_path / "room.usda", stage), quality="draft")
    camera = run._camera(run._opened, CAMERA, 0.0)
    varied, authored = run._source.observe(camera, variation=stage), written._source.observe(camera)
    assert np.array_equal(varied.buffers[Buffer.RGB], authored.buffers[Buffer.RGB])
    assert not run._source._light(0.0, stage).local
