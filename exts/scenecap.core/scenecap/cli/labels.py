"""``scenecap labels``: label layer files of scenes, and the label database of assets."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import print_json, table
from scenecap.errors import UsageError

if TYPE_CHECKING:
    from scenecap.stage.label_database import LabelEntry

_DESCRIPTION = """\
Labels live in two places, and never in your scene's own files:
  a label layer   a small USD file that sublayers one scene and labels its prims   (attach)
  a database      one SQLite file of what assets are called, for all scenes        (import, export, set, list)

A scene's assets as a table to fill in, and back:
  scenecap labels export labels.csv --scene scene.usda
  scenecap labels import labels.csv --database labels.sqlite
  scenecap caption scene.usda --out out/ --label-database labels.sqlite
"""


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command and its actions."""
    parser = commands.add_parser(
        "labels",
        help="label layer files and the label database: attach, export, import, set, list",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)

    change = actions.add_parser("set", parents=[common], help="say what one asset is, in a label database")
    change.add_argument("asset", metavar="ASSET", help="the asset's identifier, as 'scenecap labels list' shows it")
    _add_database(change)
    change.add_argument("--label", help="what it is called")
    change.add_argument("--caption", help="what it is, in a sentence")
    change.add_argument("--attribute", action="append", default=[], metavar="KIND=VALUE", help="a fact, as in color=red")
    change.add_argument("--remove", action="store_true", help="forget what people said of it")
    change.set_defaults(run=run_set)

    show = actions.add_parser("list", parents=[common], help="show a label database")
    _add_database(show)
    show.set_defaults(run=run_list)


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", required=True, metavar="FILE", help="label database (SQLite)")


def run_set(args: argparse.Namespace) -> int:
    """Change one entry of a database."""
    from scenecap.stage.label_database import EntrySource, LabelDatabase, LabelEntry, remove_entries, write_entries

    path = Path(args.database)
    if args.remove:
        if args.label or args.caption or args.attribute:
            raise UsageError("--remove stands alone; it cannot be mixed with --label, --caption or --attribute.")
        number = remove_entries(path, args.asset, source=EntrySource.PERSON)
        if not number:
            raise UsageError(f"{path}: people have said nothing of the asset '{args.asset}'.")
        return _tell(args, {"removed": number}, f"{args.asset}: forgotten.")
    attributes = dict(_attribute(item) for item in args.attribute)
    if args.label is None and args.caption is None and not attributes:
        raise UsageError("Nothing to set.", remedy="Give --label, --caption or --attribute.")
    before = _entry_of(LabelDatabase.open(path).entries, args.asset) if path.exists() else None
    entry = LabelEntry(
        identifier=args.asset,
        label=args.label if args.label is not None else before.label if before else None,
        caption=args.caption if args.caption is not None else before.caption if before else None,
        attributes={**(before.attributes if before else {}), **attributes},
        source=EntrySource.PERSON,
        content_hash=before.content_hash if before else "",
    )
    write_entries(path, [entry])
    return _tell(args, _entry_json(entry), f"{entry.identifier}: {entry.label or '(no label)'}")


def run_list(args: argparse.Namespace) -> int:
    """Show a database."""
    from scenecap.stage.label_database import LabelDatabase

    entries = LabelDatabase.open(args.database).entries
    if args.json:
        print_json([_entry_json(entry) for entry in entries])
        return 0
    rows = [
        (
            entry.identifier,
            entry.label or "-",
            entry.source.value,
            ", ".join(f"{kind}: {value}" for kind, value in entry.attributes.items()) or "-",
            entry.caption or "-",
        )
        for entry in entries
    ]
    print(
        table(rows, head=("asset", "label", "from", "attributes", "caption"), indent="") if rows else "The database is empty."
    )
    return 0


def _attribute(item: str) -> tuple[str, str]:
    kind, separator, value = item.partition("=")
    if not separator or not kind.strip() or not value.strip():
        raise UsageError(f"--attribute {item}: is not KIND=VALUE.", remedy="Example: --attribute color=red")
    return kind.strip(), value.strip()


def _entry_of(entries: tuple[LabelEntry, ...], asset: str) -> LabelEntry | None:
    return next((entry for entry in entries if entry.identifier == asset and entry.source.value == "person"), None)


def _entry_json(entry: LabelEntry) -> dict[str, Any]:
    return {
        "asset": entry.identifier,
        "label": entry.label,
        "caption": entry.caption,
        "attributes": dict(entry.attributes),
        "source": entry.source.value,
        "model": entry.model,
        "content_hash": entry.content_hash,
    }


def _tell(args: argparse.Namespace, document: Any, text: str) -> int:
    if args.json:
        print_json(document)
    elif not args.quiet:
        print(text)
    return 0
