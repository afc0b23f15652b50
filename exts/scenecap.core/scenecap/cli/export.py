"""``scenecap export DIR``: training files and viewer recordings of a dataset."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import CountLine, counted, print_error, print_json, print_warning, shown_path, table
from scenecap.errors import UsageError
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.output.export.export import ExportReport
    from scenecap.output.export.settings import ExportSettings

#: Frames that could not be read that are named; --json names all.
SHOWN = 20

_KINDS = ("brief", "global", "qa")

#: Options that a recording has no use for, and their defaults.
_TRAINING_ONLY = {
    "llava": False,
    "coco": False,
    "split": None,
    "seed": 0,
    "kinds": None,
    "questions": None,
    "join": False,
    "keep_flagged": False,
    "link": False,
    "licence": [],
}


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export",
        parents=[common],
        help="training files of a dataset (LLaVA, COCO), split by scene; a recording for the Rerun viewer",
        description="Make training files or a viewer recording of a dataset. The dataset is not changed. "
        "Exit codes: 0 all of it is exported, 1 some frames could not be read, 2 nothing was written.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, help="output folder of a run")
    formats = parser.add_argument_group("what is made")
    formats.add_argument("--llava", action="store_true", help="pictures and conversations in LLaVA's form")
    formats.add_argument("--coco", action="store_true", help="pictures, boxes, masks and captions in COCO's form")
    formats.add_argument("--rerun", action="store_true", help="a recording for the Rerun viewer (extra 'rerun')")
    parser.add_argument(
        "--out", metavar="OUT", type=Path, required=True, help="folder to make (--rerun: file.rrd), not in the dataset"
    )
    parser.add_argument("--force", action="store_true", help="replace an earlier export")
    training = parser.add_argument_group("training files")
    training.add_argument(
        "--split",
        metavar="NAME=SHARE[,...]",
        help="shares of the scenes; a scene is never divided (default: train=0.9,val=0.1; one scene is all train)",
    )
    training.add_argument("--seed", type=int, default=0, metavar="N", help="another seed, another split (default: 0)")
    training.add_argument("--kinds", metavar="K[,K]", help="texts: brief, global, qa (default: all that are there)")
    training.add_argument("--questions", type=int, metavar="N", help="at most N questions of a frame (default: all)")
    training.add_argument("--join", action="store_true", help="LLaVA: all texts of a picture in one conversation")
    training.add_argument(
        "--keep-flagged", action="store_true", help="also a model's texts that the verifier flagged (default: left out)"
    )
    training.add_argument("--link", action="store_true", help="hard-link the pictures instead of copying them")
    training.add_argument(
        "--licence",
        action="append",
        default=[],
        metavar="[SCENE=]NAME",
        help="licence of the assets of a scene (name or glob; all without one), as in 'kitchen*=CC-BY-4.0'; may be given "
        "more than once",
    )
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Export a dataset."""
    if args.rerun:
        return _run_rerun(args)
    from scenecap.output.dataset.reader import open_dataset
    from scenecap.output.export.export import export_dataset

    settings = _settings(args)
    counter = CountLine("exporting frame", quiet=args.quiet)
    try:
        report = export_dataset(open_dataset(args.dataset), args.out, settings, progress=counter)
    finally:
        counter.clear()
    _tell_left_out(report.left_out)
    if not args.quiet:
        for warning in report.warnings:
            print_warning(warning)
    if args.json:
        print_json(_as_json(report, args.out))
    elif not args.quiet:
        print("\n".join(_lines(report, args.out)))
    return 1 if report.left_out else 0


def _run_rerun(args: argparse.Namespace) -> int:
    """Make a recording."""
    from scenecap.output.dataset.reader import open_dataset
    from scenecap.output.export.rerun_file import export_recording

    given = [f"--{name.replace('_', '-')}" for name, default in _TRAINING_ONLY.items() if getattr(args, name) != default]
    if given:
        raise UsageError(f"export: {given[0]} does not go with --rerun.", remedy="Make the recording in a command of its own.")
    counter = CountLine("recording frame", quiet=args.quiet)
    try:
        report = export_recording(open_dataset(args.dataset), args.out, force=args.force, progress=counter)
    finally:
        counter.clear()
    _tell_left_out(report.left_out)
    if args.json:
        print_json(
            {
                "out": str(args.out),
                "frames": report.frames,
                "pictures": report.pictures,
                "scenes": list(report.scenes),
                "left_out": [{"frame": key, "reason": reason} for key, reason in report.left_out],
            }
        )
    elif not args.quiet:
        shown = shown_path(args.out)
        print(f"{counted(report.frames, 'frame')} of {counted(len(report.scenes), 'scene')} recorded in {shown}")
        print(f"open it with: rerun {shown}")
    return 1 if report.left_out else 0


def _tell_left_out(left_out: tuple[tuple[str, str], ...]) -> None:
    for key, reason in left_out[:SHOWN]:
        print_error(clean_text(f"{key}: left out: {reason}", limit=1000))
    if len(left_out) > SHOWN:
        print_error(f"and {counted(len(left_out) - SHOWN, 'more frame')} left out (--json names all)")


def _settings(args: argparse.Namespace) -> ExportSettings:
    from scenecap.output.export.settings import ExportFormat, ExportSettings, TextKind
    from scenecap.output.export.split import parse_shares

    formats = frozenset(item for item in ExportFormat if getattr(args, item.value))
    if not formats:
        raise UsageError("export: nothing to make was chosen.", remedy="Give --llava or --coco, or both; or --rerun.")
    kinds = tuple(TextKind(word) for word in _checked_kinds(args.kinds)) if args.kinds is not None else tuple(TextKind)
    if args.questions is not None and args.questions < 1:
        raise UsageError(f"--questions {args.questions}: give 1 or more.", remedy="Without questions: --kinds brief,global")
    return ExportSettings(
        formats=formats,
        shares=None if args.split is None else parse_shares(args.split),
        seed=args.seed,
        kinds=kinds,
        questions=args.questions,
        join=args.join,
        keep_flagged=args.keep_flagged,
        link=args.link,
        licences=dict(_licence(item) for item in args.licence),
        force=args.force,
    )


def _checked_kinds(text: str) -> list[str]:
    given = list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in given or [text]:
        if word not in _KINDS:
            raise UsageError(f"--kinds: '{word}' is not allowed; give {', '.join(_KINDS)}, separated by commas.")
    return [kind for kind in _KINDS if kind in given]


def _licence(item: str) -> tuple[str, str]:
    scene, separator, name = (part.strip() for part in item.partition("="))
    if not separator:
        scene, name = "*", scene
    if not scene or not name:
        raise UsageError(f"--licence {item}: is not [SCENE=]NAME.", remedy="Example: --licence 'kitchen*=CC-BY-4.0'")
    return scene, name


def _as_json(report: ExportReport, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "splits": {
            name: {
                "scenes": sorted(item.scenes.values()),
                "pictures": item.pictures,
                "conversations": item.conversations,
                "answers": item.turns,
                "objects": item.objects,
                "captions": item.captions,
            }
            for name, item in report.splits.items()
        },
        "licences": dict(report.licences),
        "labels": dict(report.labels),
        "objects_without_mask": report.without_mask,
        "warnings": list(report.warnings),
        "left_out": [{"frame": key, "reason": reason} for key, reason in report.left_out],
    }


def _lines(report: ExportReport, out: Path) -> Iterator[str]:
    pictures = sum(item.pictures for item in report.splits.values())
    yield f"{counted(pictures, 'picture')} exported to {shown_path(out)}"
    columns = (
        ("scenes", lambda item: len(item.scenes)),
        ("pictures", lambda item: item.pictures),
        ("conversations", lambda item: item.conversations),
        ("answers", lambda item: item.turns),
        ("objects", lambda item: item.objects),
        ("captions", lambda item: item.captions),
    )
    used = [(name, value) for name, value in columns if any(value(item) for item in report.splits.values())]
    rows = [(split, *(value(item) for _, value in used)) for split, item in report.splits.items()]
    yield table(rows, head=("split", *(name for name, _ in used)))
    yield f"licences of the assets: {', '.join(clean_text(name) for name in report.licences)} (README.md says whose)"
