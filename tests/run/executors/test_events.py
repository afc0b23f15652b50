"""What executors tell while they work: scenes that are opened, workers that come and go, what is tried again."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from scenecap.run.events import (
    Event,
    FrameEnded,
    Retried,
    RunEnded,
    RunOpened,
    RunStarted,
    SceneOpened,
    ScenePlan,
    WorkerLost,
    WorkerStarted,
)
from scenecap.run.timings import OPEN, STEPS
from scenecap.run.units import run_units
from tests.run.executors.faulty import open_faulty, units, write_plan


def run(plans, output: Path, **keys) -> list[Event]:
    """Make a run and return what was told."""
    told: list[Event] = []
    run_units(units(plans, output, **keys), opener=open_faulty, observer=told.append)
    return told


def of(kind, told: list[Event]) -> list:
    return [event for event in told if isinstance(event, kind)]


@pytest.mark.parametrize("keys", [{"executor": "here"}, {"workers": 2}], ids=["here", "pool"])
def test_a_run_is_told_from_the_first_scene_to_its_end(tmp_path: Path, keys: dict) -> None:
    plans = [write_plan(tmp_path / f"{name}.json", times=4) for name in "ab"]
    told = run(plans, tmp_path / "out", **keys)
    kinds = [type(event) for event in told]
    assert kinds[0] is RunOpened
    assert kinds[-1] is RunEnded
    listed = [event for event in of(SceneOpened, told) if event.frames is not None]
    assert {(event.scene, event.folder, event.frames) for event in listed} == {("a", "a", 8), ("b", "b", 8)}
    (started,) = of(RunStarted, told)
    assert (started.frames, started.kept) == (16, 0)
    assert started.plan == (ScenePlan("a", "a", 8), ScenePlan("b", "b", 8))
    assert max(kinds.index(SceneOpened), 0) < kinds.index(RunStarted) < kinds.index(FrameEnded)
    frames = of(FrameEnded, told)
    assert sorted(frame.number for frame in frames) == list(range(16))
    assert all(set(frame.steps) == set(STEPS) for frame in frames)
    assert all(seconds >= 0 for frame in frames for seconds in frame.steps.values())
    (ended,) = of(RunEnded, told)
    assert (ended.frames, ended.written, ended.exit_code) == (16, 16, 0)
    for step in STEPS:
        assert ended.steps[step] == pytest.approx(sum(frame.steps[step] for frame in frames))
    assert ended.steps[OPEN] == pytest.approx(sum(event.took for event in of(SceneOpened, told)))


@pytest.mark.parametrize("keys", [{"executor": "here"}, {"workers": 2}], ids=["here", "pool"])
def test_every_opening_is_told_and_there_is_one_for_each_worker_and_scene(tmp_path: Path, keys: dict) -> None:
    plans = [write_plan(tmp_path / f"{name}.json", times=6) for name in "ab"]
    told = run(plans, tmp_path / "out", **keys)
    opened = Counter((event.worker, event.scene) for event in of(SceneOpened, told))
    assert set(opened.values()) == {1}
    really = sum(line.startswith("open") for plan in plans for line in Path(f"{plan}.log").read_text().splitlines())
    assert sum(opened.values()) == really
    assert all(event.took > 0 for event in of(SceneOpened, told))


def test_a_scene_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / "a.json", open="refuse"), write_plan(tmp_path / "b.json")]
    for name, keys in (("here", {"executor": "here"}), ("pool", {"workers": 2})):
        told = run(plans, tmp_path / name, **keys)
        broken = [event for event in of(SceneOpened, told) if event.error]
        assert [(event.scene, event.frames, event.error) for event in broken] == [("a", 0, "a.json: is broken.")]


@pytest.mark.slow
def test_a_lost_worker_is_replaced_and_its_frame_tried_again(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json", faults={"/World/Cam_1 1": "once crash", "/World/Cam_0 2": "crash"})
    told = run([plan], tmp_path / "out", workers=2)
    reason = "its worker process ended with exit code 9"
    lost = of(WorkerLost, told)
    assert [event.reason for event in lost] == [reason] * 3
    assert {(event.what, event.name, event.reason) for event in of(Retried, told)} == {
        ("frame", "a/World_Cam_1_1", reason),
        ("frame", "a/World_Cam_0_2", reason),
    }
    started = of(WorkerStarted, told)
    assert len({event.worker for event in started}) == len(started)
    replaced = {event.replaces for event in started} - {None}
    assert replaced <= {event.worker for event in lost}
    assert replaced
    failed = [event for event in of(FrameEnded, told) if event.reason]
    assert [(event.key, event.reason, event.steps, event.attempts) for event in failed] == [("a/World_Cam_0_2", reason, {}, 2)]


@pytest.mark.slow
def test_a_scene_that_kills_its_worker_once_is_opened_again(tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / "a.json", open="once crash"), write_plan(tmp_path / "b.json")]
    told = run(plans, tmp_path / "out", workers=2)
    assert [(event.what, event.name) for event in of(Retried, told)] == [("scene", "a")]
    assert of(RunEnded, told)[0].exit_code == 0


def test_the_log_has_what_is_told_but_progress(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json")
    told: list[Event] = []
    run_units(units([plan], tmp_path / "out"), opener=open_faulty, observer=told.append, clock=lambda: 1e9)
    lines = (tmp_path / "out" / "run_log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == [event.event for event in told]


def test_a_run_that_goes_on_tells_what_is_kept(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json", times=4)
    done: list[object] = []
    given = {"opener": open_faulty, "progress": lambda outcome, *_: done.append(outcome)}
    run_units(units([plan], tmp_path / "out", executor="here"), stop=lambda: len(done) >= 3, **given)
    told = run([plan], tmp_path / "out", executor="here")
    (started,) = of(RunStarted, told)
    assert (started.frames, started.kept) == (5, 3)
    (ended,) = of(RunEnded, told)
    assert (ended.frames, ended.written, ended.kept) == (8, 8, 3)
