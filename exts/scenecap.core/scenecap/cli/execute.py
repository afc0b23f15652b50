"""Run a config and tell what came of it: for ``caption`` and ``run`` alike."""

from __future__ import annotations

import argparse
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from scenecap.cli.console import counted, print_error, print_json, shown_path, size_text, stderr_log, table
from scenecap.cli.json_log import JsonLog, open_json_log
from scenecap.cli.watch import ClearingHandler, Watch, time_spent
from scenecap.errors import ScenecapError
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.run.config import ScenecapConfig
from scenecap.run.events import RunEnded
from scenecap.run.progress import in_order
from scenecap.run.result import RunResult
from scenecap.text import clean_text

#: Warnings and problems that are shown one by one; the rest is counted.
SHOWN = 5
#: Lines about frames that are not there; the rest is counted.
FAULTS_SHOWN = 20
#: Exit code of a run that Ctrl-C has ended.
EXIT_STOPPED = 130


def execute(config: ScenecapConfig, args: argparse.Namespace) -> int:
    """Run a config and print the result.

    Args:
        config: The config.
        args: The command line's ``json`` and ``quiet``.

    Returns:
        The exit code.
    """
    from scenecap.run.job import run_job  # the parts it needs take a second to import; --help does not need them

    watch = Watch(quiet=args.quiet or stderr_log() is not None, log=_json_log(config, args))
    try:
        with _until_terminated() as stop, _line_below(watch):
            result = run_job(config, observer=watch, clock=time.time, stop=stop)
    except BaseException as error:
        watch(_broken_off(watch, error))
        raise
    print_result(result, args, spent=time_spent(watch.meter.steps, openings=watch.meter.openings))
    return result.exit_code


def _json_log(config: ScenecapConfig, args: argparse.Namespace) -> JsonLog | None:
    if args.json_log is None:
        return None
    return stderr_log() or open_json_log(args.json_log, output=config.job.output_path)


def _broken_off(watch: Watch, error: BaseException) -> RunEnded:
    """Return the last event of a run that an error ended, so that a log always says how it ended."""
    code = error.exit_code if isinstance(error, ScenecapError) else EXIT_STOPPED if isinstance(error, KeyboardInterrupt) else 1
    progress = watch.meter.progress()
    text = clean_text(str(error) or type(error).__name__, limit=1000)
    if progress is None:
        return RunEnded(0, code, error=text)
    return RunEnded(
        progress.done,
        code,
        written=progress.written + progress.kept,
        empty=progress.empty,
        failed=progress.failed,
        kept=progress.kept,
        rejected=progress.rejected,
        steps=in_order(watch.meter.steps),
        error=text,
    )


@contextlib.contextmanager
def _line_below(watch: Watch) -> Iterator[None]:
    """Keep the live line below what the log prints, and take it away in the end."""
    logger = logging.getLogger("scenecap")
    before = list(logger.handlers)
    logger.handlers[:] = [
        ClearingHandler(handler, watch) if type(handler) is logging.StreamHandler else handler for handler in before
    ]
    try:
        yield
    finally:
        logger.handlers[:] = before
        watch.clear()


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


def print_result(result: RunResult, args: argparse.Namespace, *, spent: str = "") -> None:
    """Print what came of a run, as the command line's ``json`` and ``quiet`` ask for.

    Args:
        result: What came of it.
        args: The command line's ``json`` and ``quiet``.
        spent: Where the time went, in words.
    """
    _print_faults(result)
    if args.json:
        print_json(as_json(result))
    elif not args.quiet:
        print(as_text(result, spent=spent))


def _print_faults(result: RunResult) -> None:
    """Frames that are not there: one line for each reason and scene, those of most frames first."""
    groups: dict[tuple[FrameStatus, str, str], list[FrameRow]] = {}
    for outcome in result.frames:
        row = outcome.row
        if row.status is not FrameStatus.WRITTEN:
            reason = row.reason.removeprefix(f"{row.camera}: ")
            groups.setdefault((row.status, row.scene, reason), []).append(row)
    several = len({outcome.row.scene for outcome in result.frames}) > 1
    ranked = sorted(groups.items(), key=lambda item: -len(item[1]))  # of as many frames: in the order of the run
    for (status, scene, reason), rows in ranked[:FAULTS_SHOWN]:
        where = f"{scene}: {_which(rows)}" if several else _which(rows)
        print_error(clean_text(f"{where} {status.value}: {reason}", limit=1000))
    if len(ranked) > FAULTS_SHOWN:
        rest = sum(len(rows) for _, rows in ranked[FAULTS_SHOWN:])
        print_error(f"and {counted(rest, 'frame')} more, for other reasons; manifest.jsonl has them all.")
    told = any(result.stopped in outcome.row.reason for outcome in result.frames)
    if result.stopped and not told:  # a full disk is said once: by the frame that met it
        print_error(
            f"the run ended here: {result.stopped} The frames that were written before are whole; run it again to go on."
        )


def _which(rows: list[FrameRow]) -> str:
    """Return which frames: "/World/Cam, frame 3", "/World/Cam, 12 frames", "30 frames of 4 cameras (/World/Cam, ...)"."""
    cameras = list(dict.fromkeys(row.camera for row in rows))
    if len(cameras) > 1:
        shown = ", ".join(cameras[:2]) + (", ..." if len(cameras) > 2 else "")
        return f"{counted(len(rows), 'frame')} of {len(cameras)} cameras ({shown})"
    return f"{cameras[0]}, frame {rows[0].frame_index}" if len(rows) == 1 else f"{cameras[0]}, {counted(len(rows), 'frame')}"


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
                **({} if outcome.row.variation is None else {"variation": outcome.row.variation}),
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


def as_text(result: RunResult, *, spent: str = "") -> str:
    """Return a run's result for a person: where it is, what there is of it, where the time went, the first caption."""
    written = [outcome for outcome in result.frames if outcome.row.status is FrameStatus.WRITTEN]
    if not written:
        return f"Nothing was written to {shown_path(result.output)}."
    files = sum(len(outcome.row.files) for outcome in written)
    size = sum(item.bytes for outcome in written for item in outcome.row.files)
    kept = sum(outcome.kept for outcome in written)
    lines = [
        f"{len(written)} of {counted(len(result.frames), 'frame')} written to {shown_path(result.output)} "
        f"({counted(files, 'file')}, {size_text(size)})" + (f"; {kept} of them by the run that was stopped" if kept else ""),
        _frame_table([outcome.row for outcome in written]),
    ]
    if result.varied:
        lines.append(varied_text(result.varied))
    if result.model is not None:
        lines.append(model_text(result.model))
    notes = list(dict.fromkeys(note for outcome in written for note in outcome.row.warnings))
    lines += [f"note: {clean_text(note, limit=300)}" for note in notes[:SHOWN]]
    if len(notes) > SHOWN:
        lines.append(f"note: and {len(notes) - SHOWN} more (--json has them all)")
    if spent:
        lines.append(f"time: {spent}")
    first = next((outcome for outcome in written if outcome.brief), None)
    if first is not None:
        lines.append(f"\n{first.brief}")
    return "\n".join(lines)


def varied_text(varied: Mapping[str, int]) -> str:
    """Return the account of all variations for a person: what was varied how often, and what could not be."""
    done = ", ".join(f"{VARIED[name]} {count}" for name, count in varied.items() if name in VARIED)
    kept = [f"{KEPT[name]} {count}" for name, count in varied.items() if name in KEPT and count]
    return f"In all variations: {done}." + (f" Left as authored: {', '.join(kept)}." if kept else "")


#: Counts of variations -> how they are called.
VARIED = {
    "variants": "variants drawn",
    "hidden": "objects hidden",
    "moved": "objects moved",
    "recolored": "objects recoloured",
    "views_shifted": "views shifted",
}
KEPT = {
    "poses_fixed": "objects that can only stay",
    "poses_given_up": "objects that no draw would do for",
    "colors_fixed": "objects that are called after a colour",
    "views_given_up": "views that no draw would do for",
}


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
    varied = any(row.variation is not None for row in rows)
    head = [*(["variation"] if varied else []), "camera", *(["frame"] if several else []), "objects", "relations", "questions"]
    cells = [
        [
            *([row.variation] if varied else []),
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
