"""``scenecap labels review``: a page on which people look at assets and correct what is said of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from scenecap.cli.console import counted, print_json, shown_path


def add_parser(actions: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "review",
        parents=[common],
        help="write a page on which people look at assets and correct what is said of them",
        description="Write a folder with one page and the assets' pictures. Open index.html in a browser: no server and no "
        "network is needed. The page saves corrections as a file, which 'scenecap labels import' reads.",
    )
    parser.add_argument("database", metavar="DATABASE", help="label database (SQLite)")
    parser.add_argument("--out", required=True, metavar="DIR", type=Path, help="folder to write; a review there is replaced")
    parser.add_argument("--sheets", metavar="DIR", type=Path, help="folder of the sheets (default: NAME_sheets beside it)")
    parser.set_defaults(run=run_review)


def run_review(args: argparse.Namespace) -> int:
    """Write a review."""
    from scenecap.run.annotate.review import write_review_of

    number, pictures = write_review_of(Path(args.database), args.out, sheets=args.sheets)
    page = args.out / "index.html"
    if args.json:
        print_json({"page": str(page), "assets": number, "pictures": pictures})
    elif not args.quiet:
        print(f"{counted(number, 'asset')}, {counted(pictures, 'picture')}: open {shown_path(page)} in a browser.")
    return 0
