"""The local pool: what happens to a worker costs its frame at most, and the bytes are those of one process."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from scenecap.errors import ScenecapError, UsageError
from scenecap.output.manifest import FrameStatus
from scenecap.run.executors import memory
from scenecap.run.units import run_units
from tests.run.executors.faulty import contents, log_lines, open_faulty, units, write_plan

posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def run(plans, output: Path, **keys):
    return run_units(units(plans, output, **keys), opener=open_faulty)


def statuses(result) -> list[str]:
    return [frame.row.status.value for frame in result.frames]


def test_several_workers_and_scenes_are_the_same_bytes_as_one_process(tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / f"{name}.json", times=4) for name in "abc"]
    one = run(plans, tmp_path / "one", executor="here")
    many = run(plans, tmp_path / "many", workers=2)
    assert statuses(one) == ["written"] * 24
    assert [frame.row for frame in one.frames] == [frame.row for frame in many.frames]
    assert contents(tmp_path / "one") == contents(tmp_path / "many")
    assert not (tmp_path / "many" / ".scenecap").exists()


def test_a_worker_opens_a_scene_once(tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / f"{name}.json", times=5) for name in "ab"]
    run(plans, tmp_path / "out", workers=2)
    for plan in plans:
        lines = log_lines(plan)
        opened = Counter(line[1] for line in lines if line[0] == "open")
        assert set(opened.values()) == {1}


def test_a_run_with_limits_has_a_process_of_its_own(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json")
    run([plan], tmp_path / "out", workers=1, limits={"frame_seconds": 30})
    assert {int(line[1]) for line in log_lines(plan)}.isdisjoint({os.getpid()})


FAULTS = [
    pytest.param("crash", {}, "its worker process ended with exit code 9", id="exit"),
    pytest.param("killed", {}, "ended by SIGKILL, often for want of memory", marks=posix, id="killed"),
    pytest.param("hang", {"frame_seconds": 0.6}, "it took longer than limits.frame_seconds (0.6 s)", id="hung"),
    pytest.param(
        "eat",
        {"frame_memory_mb": 600},
        "it needed more memory than limits.frame_memory_mb (600 MB)",
        id="memory",
        marks=pytest.mark.skipif(not memory.can_watch_memory(), reason="memory is not watched here"),
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "limits", "words"), FAULTS)
def test_a_frame_that_loses_its_worker_twice_fails_alone(tmp_path: Path, fault: str, limits: dict, words: str) -> None:
    (tmp_path / "good").mkdir()
    good = write_plan(tmp_path / "good" / "a.json")
    plan = write_plan(tmp_path / "a.json", faults={"/World/Cam_1 1": fault})
    run([good], tmp_path / "whole", executor="here")
    result = run([plan], tmp_path / "out", workers=2, limits=limits)
    assert statuses(result) == ["written"] * 3 + ["failed"] + ["written"] * 2
    assert result.exit_code == 1
    assert words in result.frames[3].row.reason
    observed = Counter(line[2] for line in log_lines(plan) if line[0] == "observe")
    assert observed["/World/Cam_1 1"] == 2
    whole, out = contents(tmp_path / "whole"), contents(tmp_path / "out")
    del whole["manifest.jsonl"], out["manifest.jsonl"]
    assert out == {name: content for name, content in whole.items() if "World_Cam_1/frame_0001/" not in name}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["crash", pytest.param("killed", marks=posix)])
def test_a_frame_that_loses_its_worker_once_is_made_again(tmp_path: Path, fault: str) -> None:
    plan = write_plan(tmp_path / "a.json")
    run([plan], tmp_path / "whole", executor="here")
    write_plan(plan, faults={f"/World/Cam_{camera} 1": f"once {fault}" for camera in range(2)})
    ticks = iter(range(10**9, 10**9 + 1000))
    result = run_units(units([plan], tmp_path / "out", workers=2), opener=open_faulty, clock=lambda: float(next(ticks)))
    assert result.exit_code == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    log = [json.loads(line) for line in (tmp_path / "out" / "run_log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sum(event["event"] == "worker" and event["what"] == "lost" for event in log) == 2
    attempts = {event["key"]: event["attempts"] for event in log if event["event"] == "frame"}
    assert {key for key, number in attempts.items() if number == 2} == {"a/World_Cam_0_1", "a/World_Cam_1_1"}


@pytest.mark.slow
def test_a_scene_that_kills_whoever_opens_it_costs_its_own_frames(tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / "a.json"), write_plan(tmp_path / "b.json", open="crash"), write_plan(tmp_path / "c.json")]
    result = run(plans, tmp_path / "out", workers=2)
    assert statuses(result) == ["written"] * 12
    assert result.exit_code == 1
    assert result.unopened == 1
    assert any("b" in problem and "exit code 9" in problem for problem in result.problems)


def test_a_scene_that_cannot_be_opened_costs_its_own_frames(tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / "a.json", open="refuse"), write_plan(tmp_path / "b.json")]
    for name, keys in (("here", {"executor": "here"}), ("pool", {"workers": 2})):
        result = run(plans, tmp_path / name, **keys)
        assert statuses(result) == ["written"] * 6
        assert result.exit_code == 1
        assert result.problems == ("a.json: is broken.",)
    assert contents(tmp_path / "here") == contents(tmp_path / "pool")
    with pytest.raises(UsageError, match=r"a\.json: is broken"):
        run(plans[:1], tmp_path / "none", workers=2)
    assert not (tmp_path / "none").exists()


def _exit(*arguments: object) -> None:
    os._exit(3)


def test_workers_that_cannot_start_end_the_run_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from scenecap.run.executors import pool

    monkeypatch.setattr(pool, "worker_main", _exit)
    with pytest.raises(ScenecapError, match=r"cannot be started: its worker process ended with exit code 3"):
        run([write_plan(tmp_path / "a.json")], tmp_path / "out", workers=2)


@pytest.mark.parametrize("keys", [{"executor": "here"}, {"workers": 2}], ids=["here", "pool"])
def test_a_request_to_stop_finishes_what_is_in_hand_and_the_next_run_goes_on(tmp_path: Path, keys: dict) -> None:
    plan = write_plan(tmp_path / "a.json", times=6, seconds=0.1)
    run([plan], tmp_path / "whole", executor="here")
    done: list[object] = []
    result = run_units(
        units([plan], tmp_path / "out", **keys),
        opener=open_faulty,
        progress=lambda outcome, *_: done.append(outcome),
        stop=lambda: len(done) >= 3,
    )
    assert result.exit_code == 143
    assert result.interrupted
    assert 3 <= len(result.frames) <= 5
    assert {frame.row.status for frame in result.frames} == {FrameStatus.WRITTEN}
    again = run([plan], tmp_path / "out", **keys)
    assert sum(frame.kept for frame in again.frames) == len(result.frames)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"executor": "here", "limits": {"frame_seconds": 5}}, "limits: a frame can only be stopped with its process"),
        ({"output_path": "memory://x", "workers": 2}, "memory:// is the memory of one process"),
    ],
)
def test_what_does_not_go_together_is_refused_at_the_start(tmp_path: Path, keys: dict, words: str) -> None:
    pytest.importorskip("fsspec")
    plan = write_plan(tmp_path / "a.json")
    with pytest.raises(UsageError, match=words):
        run_units(units([plan], tmp_path / "out", **keys), opener=open_faulty)
    assert not (tmp_path / "out").exists()


def test_memory_is_read_alike_from_proc_and_ps() -> None:
    pytest.importorskip("resource", reason="not on Windows")
    mine = memory.resident_mb(os.getpid())
    assert mine is not None
    asked = memory.resident_mb_of_ps(os.getpid())
    if asked is None:
        pytest.skip("there is no ps here")
    assert asked == pytest.approx(mine, rel=0.2)
    assert memory.resident_mb(2**22 + 1) is None
