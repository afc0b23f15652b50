"""Several processes make the same bytes as one."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")

from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.executors import choose
from scenecap.run.executors.choose import FRAMES_PER_WORKER, worker_count
from scenecap.run.job import run_job
from tests.cli.stages import FLOOR, PROPS, camera, write_stage


def config(folder: Path, name: str, **keys: object) -> ScenecapConfig:
    scene = folder / "s.usda"
    if not scene.exists():
        write_stage(scene, FLOOR, PROPS, camera("A"), camera("Ortho", projection="orthographic"), camera("B", tilt=70))
    given = {
        "scene_path": str(scene),
        "output_path": str(folder / name),
        "quality": "off",
        "resolution": "96x72",
        "fsync": False,
    }
    return make_config({**given, "frames": "0..2", **keys})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("asked", "frames", "cores", "count"),
    [
        (0, 1, 8, 1),
        (0, FRAMES_PER_WORKER * 2 - 1, 8, 1),
        (0, FRAMES_PER_WORKER * 2, 8, 2),
        (0, 10_000, 8, 8),
        (0, 10_000, 1, 1),
        (3, 10_000, 8, 3),
        (3, 2, 8, 2),
        (1, 10_000, 8, 1),
    ],
)
def test_how_many_workers(monkeypatch: pytest.MonkeyPatch, asked: int, frames: int, cores: int, count: int) -> None:
    monkeypatch.setattr(choose, "_cores", lambda: cores)
    assert worker_count(asked, frames) == count


@pytest.mark.slow
def test_two_workers_make_the_same_bytes_as_one(tmp_path: Path) -> None:
    one = run_job(config(tmp_path, "one", workers=1))
    seen = []
    two = run_job(config(tmp_path, "two", workers=2), progress=lambda _outcome, done, total: seen.append((done, total)))
    assert one.exit_code == two.exit_code == 1  # the orthographic camera
    assert [frame.row for frame in one.frames] == [frame.row for frame in two.frames]
    assert [frame.brief for frame in one.frames] == [frame.brief for frame in two.frames]
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert sorted(seen) == [(number, 9) for number in range(1, 10)]
