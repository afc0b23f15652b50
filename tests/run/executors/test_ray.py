"""The Ray executor on a real cluster: the pool's bytes, and what happens to an actor, its node or its disk costs little."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scenecap.errors import ScenecapError, UsageError
from scenecap.run.events import Event, WorkerLost, WorkerStarted
from scenecap.run.executors import memory, ray_transport
from scenecap.run.units import run_units
from tests.run.executors.faulty import contents, log_lines, open_faulty, units, write_plan

ray = pytest.importorskip("ray", reason="needs ray (extra ray)")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(os.name == "nt", reason="Ray's two nodes on one machine: POSIX only"),
]

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of two nodes, both on this machine, and a connection to it."""
    from ray.cluster_utils import Cluster

    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    store = 80 << 20
    one = {"num_cpus": 1, "object_store_memory": store, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=one)
    cluster.add_node(num_cpus=1, object_store_memory=store)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    monkeypatch.undo()


def run(plans, output: Path, **keys):
    return run_units(units(plans, output, **{"executor": "ray", **keys}), opener=open_faulty)


def statuses(result) -> list[str]:
    return [frame.row.status.value for frame in result.frames]


def events(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "run_log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_bytes_are_those_of_the_pool_and_a_worker_opens_a_scene_once(cluster: Any, tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / f"{name}.json", times=5) for name in "ab"]
    pool = run(plans, tmp_path / "pool", executor="processes", workers=2)
    for plan in plans:
        Path(f"{plan}.log").unlink()
    clock = iter(range(10**9, 10**9 + 1000))
    many = run_units(
        units(plans, tmp_path / "ray", executor="ray"), opener=open_faulty, clock=lambda: float(next(clock))
    )  # as many workers as there are CPUs
    assert statuses(many) == ["written"] * 20
    assert [frame.row for frame in pool.frames] == [frame.row for frame in many.frames]
    assert contents(tmp_path / "pool") == contents(tmp_path / "ray")
    assert not (tmp_path / "ray" / ".scenecap").exists()
    opened = Counter((str(plan), line[1]) for plan in plans for line in log_lines(plan) if line[0] == "open")
    assert set(opened.values()) == {1}
    started = [event for event in events(tmp_path / "ray") if event["event"] == "worker" and event["what"] == "started"]
    assert {pid for _, pid in opened} <= {str(event["pid"]) for event in started}  # one that starts late finds nothing to do


watched = pytest.mark.skipif(not memory.can_watch_memory(), reason="memory is not watched here")
HUNG = ("hang", {"frame_seconds": 0.6}, "it took longer than limits.frame_seconds (0.6 s)")
MEMORY = ("eat", {"frame_memory_mb": 700}, "it needed more memory than limits.frame_memory_mb (700 MB)")
FAULTS = [
    pytest.param("killed", {}, "its worker process ended", True, id="killed"),
    pytest.param(*HUNG, False, id="hung, on another machine"),
    pytest.param(*MEMORY, True, id="memory", marks=watched),
    pytest.param(*MEMORY, False, id="memory, on another machine", marks=watched),
]


@pytest.mark.parametrize(("fault", "limits", "words", "near"), FAULTS)
def test_a_frame_that_loses_its_worker_twice_fails_alone(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, limits: dict, words: str, near: bool
) -> None:
    if not near:  # the run takes its workers for those of another machine: it asks Ray to kill, and them for their memory
        monkeypatch.setattr(ray_transport, "process_space", lambda: "elsewhere")
    (tmp_path / "good").mkdir()
    run([write_plan(tmp_path / "good" / "a.json")], tmp_path / "whole", executor="here")
    plan = write_plan(tmp_path / "a.json", faults={"/World/Cam_1 1": fault})
    result = run([plan], tmp_path / "out", workers=2, limits=limits)
    assert statuses(result) == ["written"] * 3 + ["failed"] + ["written"] * 2
    assert result.exit_code == 1
    assert words in result.frames[3].row.reason
    observed = Counter(line[2] for line in log_lines(plan) if line[0] == "observe")
    # One that dies before its last words have left is tried alone first: who it was is known from then on.
    assert observed["/World/Cam_1 1"] in ((2, 3) if fault == "killed" else (2,))
    whole, out = contents(tmp_path / "whole"), contents(tmp_path / "out")
    del whole["manifest.jsonl"], out["manifest.jsonl"]
    assert out == {name: content for name, content in whole.items() if "World_Cam_1/frame_0001/" not in name}


def test_a_frame_that_loses_its_worker_once_is_made_again(cluster: Any, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json")
    run([plan], tmp_path / "whole", executor="here")
    write_plan(plan, faults={f"/World/Cam_{camera} 1": "once killed" for camera in range(2)})
    result = run([plan], tmp_path / "out")
    assert result.exit_code == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def parent(pid: object) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, timeout=30, check=True).stdout)


def test_a_lost_node_costs_nothing_but_time(cluster: Any, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=2, object_store_memory=80 << 20)
    plan = write_plan(tmp_path / "a.json", times=8)
    run([plan], tmp_path / "whole", executor="here")
    write_plan(plan, times=8, until=str(tmp_path / "lost"))
    (raylet,) = (item.process.pid for item in node.all_processes["raylet"])
    lost: list[str] = []
    removed: list[int] = []

    def watch(event: Event) -> None:
        if isinstance(event, WorkerLost):
            lost.append(event.reason)
            (tmp_path / "lost").touch()  # no frame is done before: a worker outlives its node for a moment
        if isinstance(event, WorkerStarted) and not removed and parent(event.facts["pid"]) == raylet:
            removed.append(event.worker)
            cluster.remove_node(node, allow_graceful=False)

    result = run_units(units([plan], tmp_path / "out", executor="ray", workers=4), opener=open_faulty, observer=watch)
    assert removed
    assert lost
    assert set(lost) <= {"the node of its worker is lost or cannot be reached", "its worker process ended"}
    assert result.exit_code == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_scene_that_cannot_be_opened_costs_its_own_frames(cluster: Any, tmp_path: Path) -> None:
    plans = [write_plan(tmp_path / "a.json", open="refuse"), write_plan(tmp_path / "b.json")]
    result = run(plans, tmp_path / "out", workers=2)
    assert statuses(result) == ["written"] * 6
    assert result.problems == ("a.json: is broken.",)


def test_a_request_to_stop_finishes_what_is_in_hand_and_the_next_run_goes_on(cluster: Any, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json", times=6, seconds=0.1)
    run([plan], tmp_path / "whole", executor="here")
    done: list[object] = []
    result = run_units(
        units([plan], tmp_path / "out", executor="ray"),
        opener=open_faulty,
        progress=lambda outcome, *_: done.append(outcome),
        stop=lambda: len(done) >= 3,
    )
    assert (result.exit_code, result.interrupted) == (143, True)
    assert 3 <= len(result.frames) <= 5
    again = run([plan], tmp_path / "out")
    assert sum(frame.kept for frame in again.frames) == len(result.frames)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.fixture
def hidden(tmp_path: Path) -> Iterator[Path]:
    """A folder whose path works in this process only, as that of a local disk works on one node only."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    (tmp_path / "hidden").mkdir()
    number = os.open(tmp_path / "hidden", os.O_RDONLY)
    yield Path(f"/proc/self/fd/{number}")
    os.close(number)


def test_an_output_that_a_node_does_not_see_is_refused(cluster: Any, tmp_path: Path, hidden: Path) -> None:
    plan = write_plan(tmp_path / "a.json")
    output = hidden / "out"
    with pytest.raises(UsageError, match=r"the output folder of the run is not the one of that path on node \S+ \(") as caught:
        run([plan], output)
    assert str(output) in str(caught.value)
    assert not any(line[0] == "observe" for line in log_lines(plan))


def test_a_scene_that_a_node_does_not_see_is_refused(cluster: Any, tmp_path: Path, hidden: Path) -> None:
    plan = write_plan(hidden / "a.json")
    with pytest.raises(UsageError, match=r"a\.json: is not there on node \S+ \("):
        run([plan], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_cluster_without_room_is_named(cluster: Any, tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "a.json")
    with pytest.raises(
        ScenecapError, match=r"within ray\.start_seconds \(1 s\): a worker needs 500 CPUs; of the cluster's \d+ are"
    ):
        run([plan], tmp_path / "out", ray={"cpus_per_worker": 500, "start_seconds": 1})


def open_nowhere(config: object) -> object:
    raise AssertionError


def test_a_node_without_our_code_is_named(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from types import ModuleType

    module = ModuleType("only_here")
    monkeypatch.setitem(sys.modules, "only_here", module)
    monkeypatch.setattr(open_nowhere, "__module__", "only_here")
    module.open_nowhere = open_nowhere  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"workers cannot be started on the cluster: ModuleNotFoundError: .*only_here"):
        run_units(units([write_plan(tmp_path / "a.json")], tmp_path / "out", executor="ray"), opener=open_nowhere)


def test_nothing_is_left_on_the_cluster(cluster: Any) -> None:
    end = time.monotonic() + 20
    while ray.available_resources().get("CPU") != 2.0 and time.monotonic() < end:
        time.sleep(0.2)
    assert ray.available_resources()["CPU"] == 2.0
