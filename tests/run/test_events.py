"""Events as lines of a log: what is in them, and that the manual lists it."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from scenecap.output.manifest import FrameStatus
from scenecap.run import events
from scenecap.run.events import Event, FrameEnded, ModelAsked, RunStarted, ScenePlan, WorkerLost, WorkerStarted, event_json

KINDS = [value for value in vars(events).values() if isinstance(value, type) and issubclass(value, Event) and value.event]


def line(event: Event) -> dict:
    """The event as somebody reads it who has only the line."""
    return json.loads(json.dumps(event_json(event, now=1_000_000_002.5, began=1_000_000_000.0), allow_nan=False))


def test_every_line_says_what_and_when() -> None:
    said = line(WorkerLost(3, reason="it crashed"))
    assert said == {
        "event": "worker",
        "time": "2001-09-09T01:46:42.500+00:00",
        "seconds": 2.5,
        "worker": 3,
        "what": "lost",
        "reason": "it crashed",
    }


def test_what_is_not_known_is_left_out_and_facts_stand_beside_the_rest() -> None:
    assert "replaces" not in line(WorkerStarted(1, took=0.25))
    assert line(WorkerStarted(1, took=0.123456, replaces=0, facts={"node": "a"})).items() >= {
        ("took", 0.1235),
        ("replaces", 0),
        ("node", "a"),
    }
    assert line(ModelAsked({"requests": 3}))["requests"] == 3


def test_a_frame_and_a_plan() -> None:
    frame = FrameEnded("room_0", 4, "room", "/Cam", 0, FrameStatus.FAILED, "why", {"observe": 0.123456}, worker=1)
    said = line(frame)
    assert said["status"] == "failed"
    assert said["steps"] == {"observe": 0.1235}
    assert "attempts" not in said
    plan = (ScenePlan("room", "a/room", 3),)
    started = line(RunStarted("scenecap", "room", 3, 0, 2, {"too_close": 1}, plan, {"python": "3"}))
    assert started["plan"] == [{"scene": "room", "folder": "a/room", "frames": 3}]
    assert (started["rejected"], started["python"]) == ({"too_close": 1}, "3")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_manual_lists_every_field(kind: type[Event]) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "batches.md").read_text(encoding="utf-8")
    rows = [row for row in manual.splitlines() if row.startswith(f"| `{kind.event}`")]
    told = set(re.findall(r"`(\w+)`", " ".join(rows)))
    assert dataclasses.is_dataclass(kind)
    fields = {field.name for field in dataclasses.fields(kind)} - {"facts"}
    assert fields <= told, f"docs/batches.md: {kind.event}: {', '.join(sorted(fields - told))}"
