"""What becomes of frames between ``write()`` and the files: failures, full queues, time limits, warm-up frames."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scenecap.output.manifest import FrameStatus, read_manifest
from scenecap.run.config.load import make_config
from scenecap_replicator import frame_sink
from scenecap_replicator.frame_sink import FrameSink, SinkSettings
from scenecap_replicator.payload_shapes import RenderProductPayload, split_payload
from scenecap_replicator.to_frame import FrameContext
from scenecap_replicator.work_queue import QueueFull
from tests.replicator import payloads
from tests.replicator.scene import captured

FRONT = "/World/Cameras/Front"
CONFIG = make_config({"quality": "draft", "save_image": False, "visualize_caption": False, "annotators": [], "fsync": False})


def product(change: Callable[[payloads.Outputs], Any] | None = None) -> RenderProductPayload:
    scene = captured()
    outputs = payloads.outputs_of(scene.front, scene.stage)
    if change is not None:
        change(outputs)
    return next(iter(split_payload(payloads.render_product_shape({"rp": outputs})).values()))


def context(number: int = 0, camera: str = FRONT) -> FrameContext:
    return FrameContext(scene="room", camera=camera, frame_index=number)


class Gate:
    """Holds the worker until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Event()
        self._open = threading.Event()
        make = frame_sink.frame_from_outputs

        def held(*args: Any) -> Any:
            self.entered.set()
            assert self._open.wait(20)
            return make(*args)

        monkeypatch.setattr(frame_sink, "frame_from_outputs", held)

    def open(self) -> None:
        self._open.set()


def test_frames_are_written_in_order_with_their_rows(tmp_path: Path) -> None:
    sink = FrameSink(CONFIG, tmp_path, inputs={"room.usda": "abc"})
    for number in range(3):
        sink.submit(product(), context(number))
    report = sink.drain()
    assert [outcome.row.status for outcome in report.outcomes] == [FrameStatus.WRITTEN] * 3
    rows = read_manifest(tmp_path)
    assert [(row.number, row.frame_index, row.camera, dict(row.inputs)) for row in rows] == [
        (number, number, FRONT, {"room.usda": "abc"}) for number in range(3)
    ]
    for row in rows:
        assert row.files
        assert all((tmp_path / item.path).is_file() for item in row.files)
    assert not list(tmp_path.rglob("journal.jsonl"))


def test_a_frame_that_fails_is_recorded_and_the_others_are_written(tmp_path: Path) -> None:
    sink = FrameSink(CONFIG, tmp_path)
    sink.submit(product(), context(0))
    sink.submit(product(lambda given: given.pop("bounding_box_3d")), context(1))
    sink.submit(product(lambda given: given["camera_params"][0].update(cameraModel="fisheyePolynomial")), context(2))
    sink.submit(product(lambda given: given.update(bounding_box_3d=("no array", {}))), context(3))
    sink.submit(product(), context(4))
    report = sink.drain()
    statuses = [row.status.value for row in read_manifest(tmp_path)]
    assert statuses == ["written", "failed", "failed", "failed", "written"]
    reasons = [outcome.row.reason for outcome in report.outcomes]
    assert "bounding_box_3d is not in the payload" in reasons[1]
    assert "fisheyePolynomial" in reasons[2]
    assert reasons[3]


def test_an_empty_view_is_an_empty_frame_with_the_reason(tmp_path: Path) -> None:
    def nothing(given: payloads.Outputs) -> None:
        for name in ("bounding_box_3d", "bounding_box_2d_tight", "bounding_box_2d_loose"):
            given[name] = (given[name][0][:0], {"idToLabels": {}, "primPaths": []})
        given["instance_segmentation"][0][:] = 1

    sink = FrameSink(CONFIG, tmp_path)
    sink.submit(product(nothing), context())
    (outcome,) = sink.drain().outcomes
    assert outcome.row.status is FrameStatus.EMPTY
    assert outcome.row.reason


def test_a_full_queue_fails_the_frame_where_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    sink = FrameSink(CONFIG, tmp_path, settings=SinkSettings(queue_capacity=1, queue_full=QueueFull.FAIL))
    sink.submit(product(), context(0))
    assert gate.entered.wait(20)
    sink.submit(product(), context(1))
    sink.submit(product(), context(2))  # no room
    gate.open()
    report = sink.drain()
    assert [row.status.value for row in read_manifest(tmp_path)] == ["written", "written", "failed"]
    assert "queue is full" in report.outcomes[2].row.reason
    assert report.queue.blocked_seconds == 0.0


def test_a_full_queue_blocks_by_default_and_the_wait_is_in_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    sink = FrameSink(CONFIG, tmp_path, settings=SinkSettings(queue_capacity=1))
    sink.submit(product(), context(0))
    assert gate.entered.wait(20)
    sink.submit(product(), context(1))
    threading.Timer(0.2, gate.open).start()
    sink.submit(product(), context(2))
    report = sink.drain()
    assert report.count(FrameStatus.WRITTEN) == 3
    assert report.queue.blocked_seconds >= 0.15
    events = [json.loads(line) for line in (tmp_path / "run_log.jsonl").read_text().splitlines()]
    (queue,) = (event for event in events if event["event"] == "queue")
    assert queue["blocked_seconds"] == pytest.approx(report.queue.blocked_seconds, abs=1e-3)
    assert [event["event"] for event in events] == ["start", "frame", "frame", "frame", "queue", "end"]


def test_frames_that_are_unfinished_at_the_limit_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    sink = FrameSink(CONFIG, tmp_path)
    sink.submit(product(), context(0))
    assert gate.entered.wait(20)
    sink.submit(product(), context(1))
    begin = time.monotonic()
    report = sink.drain(limit_seconds=0.1)
    assert time.monotonic() - begin < 5
    gate.open()
    assert [outcome.row.status for outcome in report.outcomes] == [FrameStatus.FAILED] * 2
    assert "not finished" in report.outcomes[1].row.reason
    assert report.unfinished == 2


def test_the_extensions_shutdown_drains_all_sinks_within_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = FrameSink(CONFIG, tmp_path / "done")
    done.submit(product(), context(0))
    assert frame_sink.drain_all(limit_seconds=30) == 0
    assert [row.status.value for row in read_manifest(tmp_path / "done")] == ["written"]
    gate = Gate(monkeypatch)
    stuck = [FrameSink(CONFIG, tmp_path / name) for name in ("a", "b")]
    for sink in stuck:
        sink.submit(product(), context(0))
        sink.submit(product(), context(1))
    begin = time.monotonic()
    assert frame_sink.drain_all(limit_seconds=0.2) == 4
    assert time.monotonic() - begin < 5
    gate.open()
    assert frame_sink.drain_all(limit_seconds=0.2) == 0


def test_close_returns_at_once_and_the_manifest_is_closed_after_the_last_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    sink = FrameSink(CONFIG, tmp_path)
    sink.submit(product(), context(0))
    assert gate.entered.wait(20)
    begin = time.monotonic()
    sink.close()
    assert time.monotonic() - begin < 0.5
    sink.submit(product(), context(1))  # after the end
    gate.open()
    report = sink.drain()
    assert [outcome.row.status.value for outcome in report.outcomes] == ["written", "failed"]
    assert "closed" in report.outcomes[1].row.reason


def test_warm_up_frames_are_left_out_and_counted_only_at_the_start(tmp_path: Path) -> None:
    scene = captured()
    outputs = payloads.outputs_of(scene.front, scene.stage)
    (empty,) = split_payload(payloads.render_product_shape({"rp": payloads.empty_outputs(outputs)})).values()
    sink = FrameSink(CONFIG, tmp_path)
    assert [sink.is_warm_up(item) for item in (empty, empty, product(), empty)] == [True, True, False, False]
    sink.submit(product(), context())
    assert dict(sink.drain().warm_up) == {"rp": 2}


def test_a_camera_that_never_shows_a_label_is_captured_after_a_few_frames(tmp_path: Path) -> None:
    def unlabelled(given: payloads.Outputs) -> None:
        for name in ("bounding_box_3d", "bounding_box_2d_tight", "bounding_box_2d_loose"):
            given[name] = (given[name][0][:0], {"idToLabels": {}, "primPaths": []})
        given["instance_segmentation"][0][:] = 1

    sink = FrameSink(CONFIG, tmp_path, settings=SinkSettings(warm_up_frames=3))
    assert [sink.is_warm_up(product(unlabelled)) for _ in range(5)] == [True, True, True, False, False]
    sink.drain()


def test_an_output_folder_that_cannot_be_written_fails_frames_and_ends_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    sink = FrameSink(CONFIG, blocked)
    for number in range(2):
        sink.submit(product(), context(number))
    report = sink.drain()
    assert [outcome.row.status for outcome in report.outcomes] == [FrameStatus.FAILED] * 2
    assert report.stopped


def test_cameras_whose_names_collide_have_folders_of_their_own(tmp_path: Path) -> None:
    sink = FrameSink(CONFIG, tmp_path)
    sink.name_cameras(["/World/A_B", "/World/A/B"])
    sink.submit(product(), context(0, "/World/A_B"))
    sink.submit(product(), context(0, "/World/A/B"))
    sink.submit(product(), context(0, "/World/C"))  # a render product that came later
    report = sink.drain()
    folders = {outcome.row.files[0].path.split("/")[0] for outcome in report.outcomes}
    assert len(folders) == 3
    assert "World_C" in folders


def test_a_second_capture_replaces_the_first_ones_frames(tmp_path: Path) -> None:
    first = FrameSink(CONFIG, tmp_path)
    for number in range(2):
        first.submit(product(), context(number))
    first.drain()
    more = make_config({**_keys(), "save_full_scene_graph": False})
    second = FrameSink(more, tmp_path)
    second.submit(product(), context(0))
    second.drain()
    assert not list(tmp_path.rglob("frame_0/**/full_scene_graph.json"))
    assert [row.frame_index for row in read_manifest(tmp_path)] == [0]


def _keys() -> dict[str, Any]:
    return {"quality": "draft", "save_image": False, "visualize_caption": False, "annotators": [], "fsync": False}
