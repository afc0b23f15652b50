"""Several processes make the same bytes as one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("pxr", reason="needs usd-core (extra capture)")

from scenecap.errors import MissingExtraError, UsageError
from scenecap.run.config import ScenecapConfig, make_config
from scenecap.run.executors import choose
from scenecap.run.executors.choose import FRAMES_PER_WORKER, worker_count
from scenecap.run.job import run_job
from scenecap.run.source import open_source
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


@pytest.mark.parametrize(
    ("keys", "count"),
    [
        ({"workers": 3}, 3),
        ({}, 4),
        ({"ray": {"address": "auto"}}, 0),
        ({"ray": {"address": "auto"}, "workers": 5}, 5),
    ],
)
def test_how_many_workers_a_plan_expects_of_ray(monkeypatch: pytest.MonkeyPatch, keys: dict, count: int) -> None:
    monkeypatch.setattr(choose, "_cores", lambda: 4)
    assert choose.expected_workers(make_config({"executor": "ray", **keys}), units=1, frames=100) == count


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"output_path": "memory://x"}, "memory:// is the memory of one process"),
        ({"output_path": "local://x"}, "on every node of a cluster that is another folder"),
        (
            {"ray": {"address": "ray://head:10001"}},
            "it is started on a node of the cluster. Start it there",
        ),
        ({"ray": {"address": "127.0.0.1:1"}}, r"127.0.0.1:1: no Ray cluster answers there \(connection refused\)"),
        ({"ray": {"address": "head"}}, r"head: no Ray cluster answers there \(it is not host:port\)"),
    ],
)
def test_what_ray_cannot_do_is_refused_at_the_start(tmp_path: Path, keys: dict, words: str) -> None:
    if "ray" in keys:
        pytest.importorskip("ray", reason="needs ray (extra ray)")
    pytest.importorskip("fsspec")
    with pytest.raises(UsageError, match=words):
        run_job(config(tmp_path, "out", executor="ray", **keys))
    assert not (tmp_path / "out").exists()


def test_ray_that_is_not_installed_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"executor: ray needs the package 'ray'.*pip install 'scenecap\[ray\]'"):
        run_job(config(tmp_path, "out", executor="ray"))


def test_ray_is_refused_with_a_model_that_the_run_itself_asks(tmp_path: Path) -> None:
    asks = config(tmp_path, "out", executor="ray", engine="chat", model_name="m", model_url="http://localhost:1")
    with pytest.raises(UsageError, match="the run's own process asks the model"):
        choose.ExecutorChoice(asks, 1, open_source).to_expand()
