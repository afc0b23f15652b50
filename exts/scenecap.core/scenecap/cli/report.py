"""``scenecap report DIR``: look at a dataset in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from scenecap.cli.console import CountLine, counted, print_error, print_json, shown_path, size_text
from scenecap.text import clean_text

#: Files that could not be read that are named; --json names all.
_SHOWN = 10


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "report",
        parents=[common],
        help="write a gallery of a dataset to look at in a browser",
        description="Write a report of a dataset: pictures, boxes, graphs, captions and statistics as pages that any browser "
        "opens from the disk, without a server or a network. Exit codes: 0 all of it could be read, 1 some could not (the "
        "report says what), 2 nothing was started.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, help="output folder of a run")
    parser.add_argument("--out", metavar="DIR", type=Path, help="folder of the report (default: report in the dataset)")
    parser.add_argument("--force", action="store_true", help="replace a report that is there")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--copy", action="store_true", help="copy the pictures into the report, so that it can go anywhere alone")
    how.add_argument("--single-file", action="store_true", help="one HTML file that holds everything, for small datasets")
    parser.set_defaults(run=run_report)


def run_report(args: argparse.Namespace) -> int:
    """Write the report."""
    from scenecap.output.report.build import write_report

    counter = CountLine("reading frame", quiet=args.quiet)
    try:
        report = write_report(
            args.dataset,
            args.out,
            copy_pictures=args.copy,
            single_file=args.single_file,
            force=args.force,
            progress=counter,
        )
    finally:
        counter.clear()
    for problem in report.problems[:_SHOWN]:
        print_error(clean_text(problem, limit=1000))
    if len(report.problems) > _SHOWN:
        print_error(f"and {counted(len(report.problems) - _SHOWN, 'more file')} like it (the report lists them)")
    if report.problems:
        print_error("what could not be read is not in the report; 'scenecap verify' says more.")
    if args.json:
        print_json(
            {
                "page": str(report.page),
                "frames": report.frames,
                "faults": report.faults,
                "files": report.files,
                "bytes": report.bytes,
                "problems": list(report.problems),
                "unfinished": report.unfinished,
            }
        )
    elif not args.quiet:
        faults = f"; {counted(report.faults, 'frame')} empty or failed" if report.faults else ""
        print(f"{counted(report.frames, 'frame')} in {counted(report.files, 'file')}, {size_text(report.bytes)}{faults}")
        print(f"Open {shown_path(report.page)} in a browser.")
    return 1 if report.problems else 0
