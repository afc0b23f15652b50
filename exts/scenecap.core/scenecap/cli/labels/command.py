"""``scenecap labels attach``, ``export``, ``import``, ``set``, ``list``; the other actions have modules of their own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import counted, print_json, table
from scenecap.cli.labels import annotate, review
from scenecap.cli.options import label_overrides, set_overrides
from scenecap.errors import EmptyFrameError, UsageError
from scenecap.run.config import Override, make_config

if TYPE_CHECKING:
    from scenecap.stage.label_database import LabelEntry

_DESCRIPTION = """\
Labels live in two places, and never in your scene's own files:
  a label layer   a small USD file that sublayers one scene and labels its prims   (attach)
  a database      one SQLite file of what assets are called, for all scenes        (import, export, set, list,
                                                                                   annotate, review)

A scene's assets as a table to fill in, and back:
  scenecap labels export labels.csv --scene scene.usda
  scenecap labels import labels.csv --database labels.sqlite
  scenecap caption scene.usda --out out/ --label-database labels.sqlite

Assets named by a model that sees them, and reviewed by people:
  scenecap labels annotate scene.usda --database labels.sqlite --engine-config model.yaml
  scenecap labels review labels.sqlite --out review/
  scenecap labels import labels.sqlite corrections.json
"""


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command and its actions."""
    parser = commands.add_parser(
        "labels",
        help="label layer files and the label database: attach, export, import, set, list, annotate, review",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)

    attach = actions.add_parser("attach", parents=[common], help="write a label layer: a USD file that sublayers a scene")
    attach.add_argument("scene", metavar="SCENE", help="USD file; it is not changed")
    attach.add_argument("--out", required=True, metavar="FILE", help="label layer to write: .usda, .usd or .usdc")
    attach.add_argument("--schema", metavar="S", help="labels (default), legacy (Isaac Sim 4) or both")
    attach.add_argument("--overwrite", action="store_true", help="replace a file that is no label layer")
    _add_label_options(attach)
    attach.set_defaults(run=run_attach)

    export = actions.add_parser("export", parents=[common], help="write a database, or a scene's assets, to a table")
    export.add_argument("table", metavar="TABLE", help="file to write: .csv or .json")
    what = export.add_mutually_exclusive_group(required=True)
    what.add_argument("--database", metavar="FILE", help="label database (SQLite) to export")
    what.add_argument("--scene", metavar="SCENE", help="USD file whose assets are listed, with the labels they have now")
    _add_label_options(export)
    export.set_defaults(run=run_export)

    take = actions.add_parser(
        "import",
        parents=[common],
        help="read a table, or the corrections of a review, into a label database; it is made if need be",
        usage="%(prog)s [options] TABLE --database FILE\n       %(prog)s [options] DATABASE TABLE",
    )
    take.add_argument(
        "files",
        nargs="+",
        metavar="TABLE",
        help=".csv or .json with identifier, label, caption, attributes, ...; without --database, the database before it",
    )
    take.add_argument("--database", metavar="FILE", help="label database (SQLite)")
    take.add_argument(
        "--source", default="person", metavar="WHO", help="who made entries that do not say it: person, model, doc"
    )
    take.set_defaults(run=run_import)

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

    annotate.add_parser(actions, common)
    review.add_parser(actions, common)


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", required=True, metavar="FILE", help="label database (SQLite)")


def _add_label_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--label-database", metavar="FILE", help="take better labels from this database")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any config key, value as in YAML")


def run_attach(args: argparse.Namespace) -> int:
    """Write a label layer for one scene."""
    from scenecap.run.inspection import inspect_stage
    from scenecap.stage.attach import plan_labels, write_label_layer

    schema = [Override("label_schema", args.schema, "--schema")] if args.schema is not None else []
    config = make_config(overrides=(*_scene_overrides(args), *schema))
    found = inspect_stage(config)
    plan = plan_labels(found.opened, found.discovery)
    if not plan.labels:
        raise EmptyFrameError(
            f"{args.scene}: there is nothing to label: {counted(len(plan.skipped), 'prim')} left as they are.",
            remedy="'scenecap inspect' lists what is there.",
        )
    path = write_label_layer(found.opened, plan, args.out, schema=config.labels.label_schema, overwrite=args.overwrite)
    document = {
        "layer": str(path),
        "labels": [{"prim": item.prim_path, "label": item.label, "source": item.source.value} for item in plan.labels],
        "skipped": [{"prim": item.path, "reason": item.reason} for item in plan.skipped],
    }
    skipped = f", {counted(len(plan.skipped), 'prim')} left as they are" if plan.skipped else ""
    text = f"{counted(len(plan.labels), 'label')} written to {args.out}{skipped}. Open that file instead of the scene."
    return _tell(args, document, text)


def run_export(args: argparse.Namespace) -> int:
    """Write a table of a database or of a scene's assets."""
    from scenecap.stage.label_database import LabelDatabase
    from scenecap.stage.label_exchange import write_export

    if args.scene is None:
        database = LabelDatabase.open(args.database)
    else:
        from scenecap.run.inspection import inspect_stage

        database = LabelDatabase(inspect_stage(make_config(overrides=tuple(_scene_overrides(args)))).label_entries())
    number = write_export(database, args.table)
    return _tell(
        args, {"table": args.table, "entries": number}, f"{counted(number, 'entry', 'entries')} written to {args.table}"
    )


def run_import(args: argparse.Namespace) -> int:
    """Read a table into a database."""
    from scenecap.stage.label_database import EntrySource, write_entries
    from scenecap.stage.label_exchange import read_table

    words = [item.value for item in EntrySource]
    if args.source not in words:
        raise UsageError(f"--source: '{args.source}' is not allowed; give {', '.join(words)}.")
    database, tables = (args.database, args.files) if args.database is not None else (args.files[0], args.files[1:])
    if len(tables) != 1:
        raise UsageError(
            "labels import: one table and one database are needed.", remedy="Give TABLE --database FILE, or DATABASE TABLE."
        )
    table = read_table(tables[0], source=EntrySource(args.source))
    number = write_entries(database, table.entries, decided=table.decided, reject=table.rejected)
    document = {"database": database, "entries": number, "rejected": len(table.rejected)}
    turned_down = f", {len(table.rejected)} turned down" if table.rejected else ""
    return _tell(args, document, f"{counted(number, 'entry', 'entries')} read into {database}{turned_down}")


def _scene_overrides(args: argparse.Namespace) -> list[Override]:
    return [Override("scene_path", args.scene, "SCENE"), *label_overrides(args), *set_overrides(args)]


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
