"""``scenecap verify DIR``: is a dataset whole, and does it say what its manifest says?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import CountLine, counted, print_error, print_json, size_text
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.output.dataset.problems import Problem
    from scenecap.output.dataset.verify import Verification

#: Problems of one kind that are shown; --json and --all show the rest.
SHOWN = 20


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "verify",
        parents=[common],
        help="check a dataset: files, hashes, documents, counts",
        description="Check that a dataset is whole and as it was written. Nothing is changed. "
        "Exit codes: 0 nothing is wrong, 1 something is, 2 there is no dataset.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, help="output folder of a run")
    parser.add_argument("--no-hashes", action="store_true", help="compare sizes only: quick, but does not see changed bytes")
    parser.add_argument("--all", action="store_true", help="show all problems of a kind")
    parser.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    """Check a dataset."""
    from scenecap.output.dataset.verify import verify_dataset

    counter = CountLine("checking frame", quiet=args.quiet)
    try:
        done = verify_dataset(args.dataset, hashes=not args.no_hashes, progress=counter)
    finally:
        counter.clear()
    if args.json:
        print_json(_as_json(done))
    else:
        _print_problems(done.problems, limit=None if args.all else SHOWN)
        if not args.quiet:
            print(_summary(done))
    return 0 if done.sound else 1


def _as_json(done: Verification) -> dict[str, Any]:
    return {
        "sound": done.sound,
        "frames": done.frames,
        "written": done.written,
        "files": done.files,
        "bytes": done.bytes,
        "hashes_compared": done.hashed,
        "problems": [
            {
                "kind": problem.kind.value,
                "frame": problem.frame,
                "path": problem.path,
                "problem": problem.text,
                "remedy": problem.remedy,
            }
            for problem in done.problems
        ],
    }


def _print_problems(problems: tuple[Problem, ...], *, limit: int | None) -> None:
    """One line for each, kinds together: the remedy is said with the first of a kind."""
    kinds = dict.fromkeys(problem.kind for problem in problems)
    for kind in kinds:
        ours = [problem for problem in problems if problem.kind is kind]
        for place, problem in enumerate(ours[:limit]):
            remedy = f". {problem.remedy}" if place == 0 else ""
            print_error(clean_text(f"{problem.path}: {problem.text}{remedy}", limit=1000))
        if limit is not None and len(ours) > limit:
            print_error(f"and {counted(len(ours) - limit, 'more file')} like it (--all shows them)")


def _summary(done: Verification) -> str:
    what = f"{counted(done.frames, 'frame')}, {counted(done.files, 'file')}, {size_text(done.bytes)}"
    if done.sound:
        how = "files, hashes, documents and counts" if done.hashed else "files, sizes, documents and counts"
        return f"{what}: {how} are as they were written."
    return f"{what}: {counted(len(done.problems), 'problem')}."
