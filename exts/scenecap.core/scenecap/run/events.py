"""What happens in a run, told as it happens: typed events for whoever watches. The core tells; it neither shows nor counts.

``docs/batches.md`` lists the events as a reader of ``--json-log`` and of ``run_log.jsonl`` meets them: the fields here are the
fields there, with the event's name and the time before them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, ClassVar

from scenecap.output.manifest import FrameStatus


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        event: Its name in logs.
    """

    event: ClassVar[str] = ""


#: Is told each event, in the process of the run, on the thread that makes it.
Observer = Callable[[Event], None]


@dataclass(frozen=True)
class RunOpened(Event):
    """The scenes are about to be opened.

    Attributes:
        scenes: How many; a scene counts once for each seed.
        output: Address of the output.
    """

    event: ClassVar[str] = "open"
    scenes: int
    output: str


@dataclass(frozen=True)
class SceneOpened(Event):
    """A worker has opened a scene: once for each scene that it makes frames of, as long as it holds it open.

    Attributes:
        scene: Name of the scene.
        folder: Its folder below the output; empty where the run has one scene only.
        worker: Which worker.
        took: How long opening and, where asked for, listing its frames took [s].
        frames: How many frames it has; None where it was opened to make frames that are known.
        rejected: Rule -> how many placed viewpoints it turned down.
        error: Why it cannot be opened, or empty.
    """

    event: ClassVar[str] = "scene"
    scene: str
    folder: str
    worker: int
    took: float
    frames: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class ScenePlan:
    """A scene's part in a run.

    Attributes:
        scene: Its name.
        folder: Its folder below the output.
        frames: How many frames it has.
    """

    scene: str
    folder: str
    frames: int


@dataclass(frozen=True)
class RunStarted(Event):
    """The frames are known, and are being made from here on.

    Attributes:
        generator: Program and version.
        scene: Names of the scenes.
        frames: How many frames are to be made.
        kept: How many an earlier run has left.
        workers: How many are made at the same time.
        rejected: Rule -> how many placed viewpoints were turned down.
        plan: The scenes with their frames, those that are kept included.
        facts: Of the host: Python, platform, versions of libraries.
    """

    event: ClassVar[str] = "start"
    generator: str
    scene: str
    frames: int
    kept: int
    workers: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    plan: tuple[ScenePlan, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FrameEnded(Event):
    """A frame is done, one way or another.

    Attributes:
        key: Name of the frame, unique in the run.
        number: Place in the run, from 0.
        scene: Name of the scene.
        camera: Path of the camera.
        frame: Frame number.
        status: Written, empty or failed.
        reason: Why it is empty or failed.
        steps: Step -> how long it took [s]; empty where its worker was lost.
        worker: Which worker made it; None where that is not known.
        attempts: How often it was begun; None where that is not known.
        variation: Which variation of the stage it shows; None where the run has none.
        varied: What became of the variation's draws (:data:`scenecap.contract.VARIATION_COUNTS`); None
            where nothing was drawn.
    """

    event: ClassVar[str] = "frame"
    key: str
    number: int
    scene: str
    camera: str
    frame: int
    status: FrameStatus
    reason: str = ""
    steps: Mapping[str, float] = field(default_factory=dict)
    worker: int | None = None
    attempts: int | None = None
    variation: int | None = None
    varied: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Retried(Event):
    """What a lost worker had in hand is tried once more.

    Attributes:
        what: "frame", or "scene" where the worker was lost while opening it.
        name: Key of the frame, or name of the scene.
        worker: The worker that was lost.
        reason: How.
    """

    event: ClassVar[str] = "retry"
    what: str
    name: str
    worker: int
    reason: str


@dataclass(frozen=True)
class WorkerStarted(Event):
    """A worker is ready.

    Attributes:
        worker: Its number; each worker of a run has its own.
        what: "started".
        took: How long starting took [s].
        replaces: The lost worker whose place it takes, or None.
        facts: Where it is, where that is not this machine.
    """

    event: ClassVar[str] = "worker"
    worker: int
    what: str = field(default="started", init=False)
    took: float = 0.0
    replaces: int | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkerLost(Event):
    """A worker is gone: it crashed, or was stopped for being over a limit.

    Attributes:
        worker: Its number.
        what: "lost".
        reason: How.
    """

    event: ClassVar[str] = "worker"
    worker: int
    what: str = field(default="lost", init=False)
    reason: str = ""


@dataclass(frozen=True)
class Progress(Event):
    """How far a run is. Made by :class:`scenecap.run.progress.ProgressMeter`, now and then.

    Attributes:
        done: Frames that are done, those that an earlier run has left included.
        total: Frames of the run.
        kept: Frames that an earlier run has left.
        written: Frames that were written in this run.
        empty: Frames that are empty.
        failed: Frames that failed.
        rejected: Placed viewpoints that were turned down.
        rate: Frames a second over the last half minute; frames that were kept do not count. None before the first.
        left: Seconds to go at that rate [s]; None where there is no rate.
    """

    event: ClassVar[str] = "progress"
    done: int
    total: int
    kept: int = 0
    written: int = 0
    empty: int = 0
    failed: int = 0
    rejected: int = 0
    rate: float | None = None
    left: float | None = None


@dataclass(frozen=True)
class ModelAsked(Event):
    """What was asked of a model, and what came of it.

    Attributes:
        facts: The model's account.
    """

    event: ClassVar[str] = "model"
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class RunEnded(Event):
    """The run has ended.

    Attributes:
        frames: Frames that are done.
        exit_code: That of the command line.
        stopped: Why it ended before its last frame, or empty.
        written: How many of the frames were written, by this run or an earlier one.
        empty: How many are empty.
        failed: How many failed.
        kept: How many an earlier run has left.
        rejected: Placed viewpoints that were turned down.
        steps: Step -> its time over all frames and workers [s]; "open" is opening scenes.
        error: Why nothing was made, or what broke the run off.
        varied: What was drawn in all variations, and what became of it; None where nothing was.
    """

    event: ClassVar[str] = "end"
    frames: int
    exit_code: int
    stopped: str = ""
    written: int = 0
    empty: int = 0
    failed: int = 0
    kept: int = 0
    rejected: int = 0
    steps: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    varied: Mapping[str, int] | None = None


def event_json(event: Event, *, now: float, began: float) -> dict[str, Any]:
    """Return an event as a line of a log holds it: what is not known is left out, seconds have four digits.

    Args:
        event: The event.
        now: Seconds since 1970.
        began: When the run began, on the same clock.
    """
    time = datetime.fromtimestamp(now, tz=timezone.utc).isoformat(timespec="milliseconds")
    fields = dataclasses.asdict(event)
    facts = fields.pop("facts", {})
    known = {name: _plain(value) for name, value in fields.items() if value is not None}
    return {"event": event.event, "time": time, "seconds": round(now - began, 3), **known, **facts}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, FrameStatus):
        return value.value
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
