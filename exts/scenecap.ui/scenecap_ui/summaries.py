"""What the panel says of a scene that was loaded and of a run that has ended."""

from __future__ import annotations

from collections.abc import Iterable

from scenecap.output.manifest import FrameStatus
from scenecap.run.result import FrameOutcome, RunResult
from scenecap_ui.backend import SceneInfo
from scenecap_ui.messages import Message, Tone, counted

#: Problems of a scene that are shown one by one.
_SHOWN = 3


def scene_summary(info: SceneInfo) -> Message:
    """Say what a scene holds, and what is wrong with it."""
    text = f"{info.name}: {counted(len(info.cameras), 'camera')}"
    if not info.cameras:
        text += "; views are placed automatically"
    first, last = info.frames
    if last > first:
        text += f", time codes {first:g} to {last:g}"
    if not info.problems:
        return Message(f"{text}.", Tone.GOOD)
    more = len(info.problems) - _SHOWN
    lines = [f"{text}.", *info.problems[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]
    return Message("\n".join(lines), Tone.WARNING)


def stop_summary(outcomes: Iterable[FrameOutcome], *, start_over: bool) -> Message:
    """Say what a run that was cancelled has left, and what the next one makes of it."""
    done = sum(item.row.status is FrameStatus.WRITTEN for item in outcomes)
    after = "makes all frames anew" if start_over else "goes on after them"
    return Message(f"Stopped. {counted(done, 'frame')} written; the next run into this folder {after}.", Tone.WARNING)


def run_summary(result: RunResult, folder: str) -> Message:
    """Say what became of a run.

    Args:
        result: The run.
        folder: The output folder, as the person wrote it.
    """
    written, empty, failed = (result.count(status) for status in FrameStatus)
    if result.stopped:
        return Message(f"The run ended early: {result.stopped}", Tone.ERROR)
    text = f"{counted(written, 'frame')} written to {folder}"
    kept = sum(item.kept for item in result.frames)
    if kept:
        text += f", of which {kept} by the run that was stopped"
    parts = [f"{number} {word}" for number, word in ((empty, "empty"), (failed, "failed")) if number]
    if not parts:
        return Message(f"{text}.", Tone.GOOD)
    first = next(item.row for item in result.frames if item.row.status is not FrameStatus.WRITTEN)
    text = f"{text}; {' and '.join(parts)}. {first.camera}: {first.reason}"
    return Message(text, Tone.WARNING if written else Tone.ERROR)
