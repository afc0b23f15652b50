"""``scenecap stats DIR``: what a dataset holds, in numbers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from scenecap.cli.console import CountLine, counted, print_error, print_json, size_text, table
from scenecap.output.dataset.verdicts import STATUSES
from scenecap.output.manifest import FrameStatus
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.output.dataset.stats import DatasetStats, Distribution
    from scenecap.run.run_log import StepTimes

#: Rows of a table that are shown; --json and --all show the rest.
SHOWN = 15

_NAMES = {"brief_caption": "brief captions", "global_caption": "global captions", "qa_caption": "questions"}


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "stats",
        parents=[common],
        help="what a dataset holds: labels, relations, captions, questions, failures",
        description="Count what is in a dataset. Exit codes: 0 all of it could be read, 1 some could not, 2 there is none.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, help="output folder of a run")
    parser.add_argument("--all", action="store_true", help="show all rows of long tables")
    parser.set_defaults(run=run_stats)


def run_stats(args: argparse.Namespace) -> int:
    """Count what is in a dataset."""
    from scenecap.output.dataset.reader import open_dataset
    from scenecap.output.dataset.stats import collect_stats
    from scenecap.output.dataset.stats_json import stats_json
    from scenecap.run.run_log import read_step_times

    counter = CountLine("reading frame", quiet=args.quiet)
    try:
        stats = collect_stats(open_dataset(args.dataset), progress=counter)
    finally:
        counter.clear()
    for problem in stats.unreadable:
        print_error(clean_text(problem, limit=1000))
    if stats.unreadable:
        print_error("what could not be read is in none of the numbers; 'scenecap verify' says more.")
    times = read_step_times(args.dataset)
    if args.json:
        medians = {} if times is None else {name: round(seconds, 4) for name, seconds in times.medians.items()}
        print_json({**stats_json(stats), "seconds_per_frame": medians})
    elif not args.quiet:
        print("\n".join(_lines(stats, None if args.all else SHOWN)))
        if times is not None:
            print(f"\n{_times(times)}")
    return 1 if stats.unreadable else 0


def _times(times: StepTimes) -> str:
    steps = ", ".join(f"{name} {1e3 * seconds:.0f} ms" for name, seconds in times.medians.items())
    return f"Time of a frame (median of {times.frames}, by run_log.jsonl): {steps}"


def _lines(stats: DatasetStats, limit: int | None) -> Iterator[str]:
    frames = stats.frames
    faults = [f"{frames[status]} {status.value}" for status in (FrameStatus.EMPTY, FrameStatus.FAILED) if frames[status]]
    yield (
        f"{counted(frames[FrameStatus.WRITTEN], 'frame')} written{''.join(f', {fault}' for fault in faults)}; "
        f"{counted(len(stats.scenes), 'scene')}, {counted(stats.cameras, 'camera')}; "
        f"{counted(stats.files, 'file')}, {size_text(stats.bytes)}" + (" (the run is unfinished)" if stats.unfinished else "")
    )
    if len(stats.scenes) > 1:
        yield from _section("Scenes", list(stats.scenes.items()), ("scene", "frames"), limit)
    if stats.objects.total:
        yield f"\nObjects in a frame: {_spread(stats.objects)}"
    rows = [(label, item.objects, item.frames, f"{stats.share_of_scenes(label):.0%}") for label, item in stats.labels.items()]
    yield from _section(f"Labels ({len(rows)})", rows, ("label", "objects", "frames", "of scenes"), limit)
    yield from _relations(stats, limit)
    for name, item in stats.texts.items():
        sources = "" if set(item.sources) == {"template"} else f"; written by {_shares(item.sources)}"
        yield f"\n{_NAMES.get(name, name).capitalize()} ({item.words.total}): words {_spread(item.words)}"
        yield f"  {item.distinct} different, {counted(item.duplicates, 'duplicate')}{sources}"
        for text, times in list(item.repeated.items())[:3]:
            yield f"  {times} times: {clean_text(text, limit=160)}"
    if stats.vocabulary:
        tokens = sum(stats.vocabulary.values())
        yield f"\nVocabulary: {counted(len(stats.vocabulary), 'different word')} in {tokens} of the captions"
    yield from _questions(stats, limit)
    yield from _verdicts(stats, limit)
    rows = [(item.status.value, item.frames, item.reason, item.example) for item in stats.faults]
    yield from _section("Frames that are not there", rows, ("", "frames", "reason", "for example"), limit)
    yield from _section("Warnings", [(count, text) for text, count in stats.warnings.items()], ("frames", "warning"), limit)


def _relations(stats: DatasetStats, limit: int | None) -> Iterator[str]:
    names = dict.fromkeys(name for counts in stats.relations.values() for name in counts)
    which = list(stats.relations)
    rows = [(name, *(stats.relations[graph].get(name, 0) for graph in which)) for name in names]
    if rows:
        rows.append(("(none is clear)", *(stats.silent[graph] for graph in which)))
    yield from _section("Relations, pairs", rows, ("relation", *(f"{graph} graph" for graph in which)), limit)


def _questions(stats: DatasetStats, limit: int | None) -> Iterator[str]:
    total = sum(item.count for item in stats.questions.values())
    if not total:
        return
    yes, no = (sum(getattr(item, name) for item in stats.questions.values()) for name in ("yes", "no"))
    balance = f"; yes {yes}, no {no} ({yes / (yes + no):.0%} yes)" if yes + no else ""
    rows = [
        (kind, item.count, item.yes if item.yes + item.no else "", item.no if item.yes + item.no else "")
        for kind, item in stats.questions.items()
    ]
    title = (
        f"Questions ({total}), {stats.distinct_questions} different{balance}; in a frame {_spread(stats.questions_per_frame)}"
    )
    yield from _section(title, rows, ("kind", "questions", "yes", "no"), limit)


def _verdicts(stats: DatasetStats, limit: int | None) -> Iterator[str]:
    for name, item in stats.verdicts.items():
        total, rates = sum(map(item.count, STATUSES)), item.rates()
        rows = [
            (kind, sum(counts.values()), *(counts.get(status, 0) for status in STATUSES))
            for kind, counts in item.claims.items()
        ]
        title = (
            f"Verdicts on {_NAMES.get(name, name)} ({item.texts}): {item.supported} true throughout; "
            f"{item.count('supported')} of {total} claims supported, CHAIR-i {rates['chair_i']:.3f}, "
            f"CHAIR-s {rates['chair_s']:.3f}, relation hallucination {rates['relation_hallucination']:.3f}, "
            f"coverage {rates['coverage']:.2f}"
        )
        yield from _section(title, rows, ("claim", "all", *STATUSES), limit)


def _section(title: str, rows: list[tuple], head: tuple[str, ...], limit: int | None) -> Iterator[str]:
    if not rows:
        return
    yield f"\n{title}"
    yield table(rows[:limit], head=head)
    if limit is not None and len(rows) > limit:
        yield f"  ... and {counted(len(rows) - limit, 'more row', 'more rows')} (--all shows them)"


def _spread(values: Distribution) -> str:
    low, high = next(iter(values.counts)), next(reversed(values.counts))
    return f"{low} to {high}, median {values.quantile(0.5)}, mean {values.mean:.1f}" if low != high else str(low)


def _shares(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
