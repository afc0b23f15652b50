"""What is read from a run's log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scenecap.run.run_log import read_step_times
from scenecap.run.timings import STEPS


def frame(key: str, seconds: float, *, status: str = "written") -> str:
    return json.dumps({"event": "frame", "key": key, "status": status, "steps": dict.fromkeys(STEPS, seconds)})


def test_the_last_time_of_each_frame_counts(tmp_path: Path) -> None:
    lines = [
        json.dumps({"event": "start", "frames": 4}),
        frame("a", 100.0),
        frame("a", 1.0),
        frame("b", 2.0),
        frame("c", 7.0),
        frame("d", 50.0, status="failed"),
        json.dumps({"event": "frame", "key": "e", "status": "written"}),
        json.dumps([1]),
        "null",
        frame("f", 3.0)[:-9],
    ]
    (tmp_path / "run_log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    times = read_step_times(tmp_path)
    assert times is not None
    assert times.frames == 3
    assert times.medians == dict.fromkeys(STEPS, 2.0)


@pytest.mark.parametrize("text", [None, "", "\x00\n", '{"event": "end"}\n'])
def test_no_log_no_times(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "run_log.jsonl").write_text(text, encoding="utf-8")
    assert read_step_times(tmp_path) is None
