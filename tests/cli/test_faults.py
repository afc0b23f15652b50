"""Frames that are not there are summed up by reason and scene."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from scenecap.cli.execute import FAULTS_SHOWN, print_result
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.run.result import FrameOutcome, RunResult

Fault = tuple[str, str, int, str]


def lines(faults: list[Fault], capsys: pytest.CaptureFixture[str], *, status: FrameStatus = FrameStatus.FAILED) -> list[str]:
    rows = [
        FrameRow(number, f"{number}", scene, camera, frame, 0.0, status if reason else FrameStatus.WRITTEN, reason)
        for number, (scene, camera, frame, reason) in enumerate(faults)
    ]
    result = RunResult("a", Path("out"), tuple(FrameOutcome(row) for row in rows))
    print_result(result, argparse.Namespace(json=False, quiet=True))
    captured = capsys.readouterr()
    assert captured.out == ""
    return [line.removeprefix("scenecap: error: ") for line in captured.err.splitlines()]


def test_one_frame_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines([("room", "/Cam", 3, "/Cam: it hangs.")], capsys) == ["/Cam, frame 3 failed: it hangs."]


def test_one_camera_is_named_with_how_many_frames(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [("room", "/Cam", frame, "nothing in view") for frame in range(3)]
    assert lines(faults, capsys, status=FrameStatus.EMPTY) == ["/Cam, 3 frames empty: nothing in view"]


def test_a_reason_is_said_once_for_all_cameras_of_a_scene(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [("room", f"/Cam{camera}", frame, f"/Cam{camera}: it hangs.") for frame in range(5) for camera in range(4)]
    assert lines(faults, capsys) == ["20 frames of 4 cameras (/Cam0, /Cam1, ...) failed: it hangs."]


def test_scenes_are_apart_and_named_where_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [
        ("hall", "/Cam", 0, ""),
        ("room", "/Cam", 0, "it hangs"),
        *(("shed", "/Cam", frame, "it hangs") for frame in range(2)),
        ("shed", "/Cam", 3, "it is dark"),
    ]
    assert lines(faults, capsys) == [
        "shed: /Cam, 2 frames failed: it hangs",
        "room: /Cam, frame 0 failed: it hangs",
        "shed: /Cam, frame 3 failed: it is dark",
    ]


def test_many_reasons_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [("room", "/Cam", frame, f"reason {frame}") for frame in range(FAULTS_SHOWN + 7)]
    said = lines(faults, capsys)
    assert len(said) == FAULTS_SHOWN + 1
    assert said[-1] == "and 7 frames more, for other reasons; manifest.jsonl has them all."


def test_a_camera_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines([("room", "/Cam\x1b[2J", 3, "a\nb")], capsys) == ["/Cam [2J, frame 3 failed: a b"]
