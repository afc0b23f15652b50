"""Run a config and tell what came of it: for ``caption`` and ``run`` alike."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scenecap.cli.console import counted, print_error, print_json, shown_path, size_text, table
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.run.config import ScenecapConfig
from scenecap.run.result import FrameOutcome, RunResult
from scenecap.text import clean_text

#: Warnings and problems that are shown one by one; the rest is counted.
SHOWN = 5


def execute(config: ScenecapConfig, args: argparse.Namespace) -> int:
    """Run a config and print the result.

    Args:
        config: The config.
        args: The command line's ``json`` and ``quiet``.

    Returns:
        The exit code.
    """
    from scenecap.run.job import run_job  # the parts it needs take a second to import; --help does not need them

    progress = _Progress(quiet=args.quiet)
    try:
        with _until_terminated() as stop:
            result = run_job(config, progress=progress, clock=time.time, stop=stop)
    finally:
        progress.clear()
    print_result(result, args)
    return result.exit_code


@contextlib.contextmanager
def _until_terminated() -> Iterator[Callable[[], bool]]:
    """Take SIGTERM as a request: the frames in hand are finished, and the next run goes on. Yields whether it has come."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may have handlers
        yield asked.is_set
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: asked.set())
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGTERM, before)


def print_result(result: RunResult, args: argparse.Namespace) -> None:
    """Print what came of a run, as the command line's ``json`` and ``quiet`` ask for."""
    _print_faults(result)
    if args.json:
        print_json(as_json(result))
    elif not args.quiet:
        print(as_text(result))


class _Progress:
    """One line on a terminal that says how far the run is; nothing where stderr is not a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._live = sys.stderr.isatty() and not quiet

    def __call__(self, outcome: FrameOutcome, number: int, total: int) -> None:
        if self._live and total > 1:
            print(f"\r\x1b[K[{number}/{total}] {clean_text(outcome.row.camera)}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _print_faults(result: RunResult) -> None:
    """Frames that are not there, one line for each camera and reason."""
    groups: dict[tuple[FrameStatus, str, str], list[FrameRow]] = {}
    for outcome in result.frames:
        row = outcome.row
        if row.status is not FrameStatus.WRITTEN:
            groups.setdefault((row.status, row.camera, row.reason), []).append(row)
    for (status, camera, reason), rows in groups.items():
        frames = f"frame {rows[0].frame_index}" if len(rows) == 1 else counted(len(rows), "frame")
        reason = reason.removeprefix(f"{camera}: ")
        print_error(clean_text(f"{camera}, {frames} {status.value}: {reason}", limit=1000))
    told = any(result.stopped in outcome.row.reason for outcome in result.frames)
    if result.stopped and not told:  # a full disk is said once: by the frame that met it
        print_error(
            f"the run ended here: {result.stopped} The frames that were written before are whole; run it again to go on."
        )


def as_json(result: RunResult) -> dict[str, Any]:
    """Return a run's result as JSON."""
    return {
        "scene": result.scene,
        "output": str(result.output),
        **{status.value: result.count(status) for status in FrameStatus},
        "exit_code": result.exit_code,
        "problems": list(result.problems),
        **({"model": dict(result.model)} if result.model is not None else {}),
        "frames": [
            {
                "camera": outcome.row.camera,
                "frame": outcome.row.frame_index,
                "time_code": outcome.row.time_code,
                "status": outcome.row.status.value,
                "reason": outcome.row.reason,
                "counts": dict(outcome.row.counts),
                "brief_caption": outcome.brief,
                "warnings": list(outcome.row.warnings),
                "files": [item.path for item in outcome.row.files],
            }
            for outcome in result.frames
        ],
    }


def as_text(result: RunResult) -> str:
    """Return a run's result for a person: where it is, what there is of it, the first caption."""
    written = [outcome for outcome in result.frames if outcome.row.status is FrameStatus.WRITTEN]
    if not written:
        return f"Nothing was written to {shown_path(result.output)}."
    files = [item for outcome in written for item in outcome.row.files]
    kept = sum(outcome.kept for outcome in written)
    lines = [
        f"{len(written)} of {counted(len(result.frames), 'frame')} written to {shown_path(result.output)} "
        f"({counted(len(files), 'file')}, {size_text(sum(item.bytes for item in files))})"
        + (f"; {kept} of them by the run that was stopped" if kept else ""),
        _frame_table([outcome.row for outcome in written]),
    ]
    if result.model is not None:
        lines.append(model_text(result.model))
    notes = list(dict.fromkeys(note for outcome in written for note in outcome.row.warnings))
    lines += [f"note: {clean_text(note, limit=300)}" for note in notes[:SHOWN]]
    if len(notes) > SHOWN:
        lines.append(f"note: and {len(notes) - SHOWN} more (--json has them all)")
    first = next((outcome for outcome in written if outcome.brief), None)
    if first is not None:
        lines.append(f"\n{first.brief}")
    return "\n".join(lines)


def model_text(model: Mapping[str, Any]) -> str:
    """Return the account of a chat model for a person: who wrote how many frames, why not the model, what it cost."""
    money = f", {model['money']:g} spent" if model["money"] else ""
    lines = [
        f"Captions of {counted(model['frames'], 'frame')}: {model['frames_by_model']} by the model, "
        f"{model['frames_mixed']} by both, {model['frames_by_template']} by template. "
        f"{counted(model['requests'], 'request')} ({model['repeated']} of them repeated), {model['replies_kept']} kept, "
        f"{model['tokens_in']} tokens in, {model['tokens_out']} out{money}."
    ]
    if model["reasons"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in model["reasons"].items())
        lines.append(f"Texts that are not the model's: {reasons}.")
    if model["ended"]:
        lines.append(f"The model was not asked to the end: {clean_text(model['ended'], limit=300)}")
    return "\n".join(lines)


def _frame_table(rows: list[FrameRow], limit: int = 12) -> str:
    several = len({row.frame_index for row in rows}) > 1
    head = ["camera", *(["frame"] if several else []), "objects", "relations", "questions"]
    cells = [
        [
            row.camera,
            *([row.frame_index] if several else []),
            row.counts.get("nodes", 0),
            row.counts.get("full_edges") or row.counts.get("pruned_edges", 0),
            row.counts.get("questions", 0),
        ]
        for row in rows[:limit]
    ]
    more = f"\n  ... and {len(rows) - limit} more" if len(rows) > limit else ""
    return table(cells, head=head) + more
