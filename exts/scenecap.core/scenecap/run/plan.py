"""Which frames a run consists of: cameras by pattern, times by range."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from scenecap.errors import UsageError
from scenecap.run.config.values import CAMERAS_ALL, CAMERAS_AUTO
from scenecap.text import nearest


@dataclass(frozen=True)
class FrameTime:
    """One time to capture.

    Attributes:
        index: Number in file names: the time code itself where all times of the run are whole and not negative (so that
            two runs over parts of a range do not meet), else its place in the run.
        time_code: USD time code.
    """

    index: int
    time_code: float


@dataclass(frozen=True)
class FrameTask:
    """One frame to make: a camera at a time, in a variation of the stage.

    Attributes:
        camera: Prim path of the camera, or name of a placed view.
        time: When.
        variation: Which variation of the stage; 0 is the stage as it was authored.
    """

    camera: str
    time: FrameTime
    variation: int = 0

    @property
    def id(self) -> str:
        """What it is called in messages and seeds: "/World/Camera 12", "/World/Camera 12 variation 3"."""
        return f"{self.camera} {self.time.index}" + (f" variation {self.variation}" if self.variation else "")


def frame_times(frames: Sequence[float] | None, *, start: float) -> tuple[FrameTime, ...]:
    """Return the times of a run.

    Args:
        frames: Time codes that were asked for; None for the first frame of the stage, which is number 0.
        start: The stage's first time code.
    """
    if frames is None:
        return (FrameTime(0, start),)
    whole = all(time >= 0 and float(time).is_integer() for time in frames)
    return tuple(FrameTime(int(time) if whole else place, float(time)) for place, time in enumerate(frames))


def select_cameras(patterns: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the cameras that patterns stand for, in stage order; an empty tuple asks for placed views.

    Args:
        patterns: ``("all",)``, ``("auto",)``, or prim paths and globs.
        known: Paths of the stage's cameras.

    Raises:
        UsageError: A path or glob matches no camera; names the nearest one.
    """
    if patterns == (CAMERAS_AUTO,):
        return ()
    if patterns == (CAMERAS_ALL,):
        return tuple(known)
    chosen: set[str] = set()
    for pattern in patterns:
        matches = {path for path in known if path == pattern or fnmatch.fnmatchcase(path, pattern)}
        if not matches:
            raise UsageError(f"camera {pattern}: {_no_camera(pattern, known)}")
        chosen |= matches
    return tuple(path for path in known if path in chosen)


def _no_camera(pattern: str, known: Sequence[str]) -> str:
    if not known:
        return "the stage has no camera. Remove the option and views are placed automatically."
    if any(char in pattern for char in "*?["):
        return f"no camera matches it. The stage has: {_listed(known)}."
    by_name = {path.rsplit("/", 1)[-1]: path for path in reversed(known)}
    hint = nearest(pattern, tuple(known)) or by_name.get(nearest(pattern.rsplit("/", 1)[-1], tuple(by_name)) or "")
    return f"there is no such camera. Did you mean {hint}?" if hint else f"no such camera. The stage has: {_listed(known)}."


def _listed(paths: Sequence[str], limit: int = 5) -> str:
    shown = ", ".join(paths[:limit])
    return shown if len(paths) <= limit else f"{shown} and {len(paths) - limit} more"
