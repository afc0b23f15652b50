"""``scenecap inspect SCENE``: what is in a stage, and what would be left out and why."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scenecap.cli.console import counted, print_json, table
from scenecap.cli.options import label_overrides, set_overrides
from scenecap.contract import LabelSource, LeftOut
from scenecap.run.config import Override, make_config

if TYPE_CHECKING:
    from scenecap.run.inspection import Inspection

#: Rows of one list that are shown; --json and --all show the rest.
SHOWN = 100

_SOURCES = {
    LabelSource.AUTHORED: "authored label",
    LabelSource.MAP: "labels map",
    LabelSource.DATABASE: "label database",
    LabelSource.ASSET_INFO: "asset's name",
    LabelSource.PROTOTYPE: "prototype's name",
    LabelSource.PRIM_NAME: "prim's name",
    LabelSource.RULE: "rule",
}


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "inspect",
        parents=[common],
        help="cameras, objects, where labels come from, what is left out and why",
        description="Show what is in a USD scene, without capturing it.",
    )
    parser.add_argument("scene", metavar="SCENE", help="USD file (usd, usda, usdc, usdz)")
    parser.add_argument("--explain", metavar="PRIM", help="say why one prim is an object, a part, or left out")
    parser.add_argument("--all", action="store_true", help="show all rows of long lists")
    parser.add_argument("--label-database", metavar="FILE", help="take better labels from this database")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any config key, value as in YAML")
    parser.set_defaults(run=run_inspect)


def run_inspect(args: argparse.Namespace) -> int:
    """Inspect a scene."""
    from scenecap.run.inspection import inspect_stage

    overrides = (Override("scene_path", args.scene, "SCENE"), *label_overrides(args), *set_overrides(args))
    inspection = inspect_stage(make_config(overrides=overrides))
    if args.explain is not None:
        text = inspection.explain(args.explain)
        if args.json:
            print_json({"path": args.explain, "explanation": text})
        else:
            print(f"{args.explain}: {text}")
    elif args.json:
        print_json(inspection.as_json())
    else:
        print("\n".join(_lines(inspection, limit=None if args.all else SHOWN)))
    return 0


def _lines(found: Inspection, *, limit: int | None) -> Iterator[str]:
    from scenecap.stage.model import Role

    opened = found.opened
    times = f"time codes {opened.start:g} to {opened.end:g}" if opened.end > opened.start else "no animation"
    place = f", setting: {found.discovery.setting}" if found.discovery.setting else ""
    yield f"{opened.name}: {opened.up_axis.lower()} up, 1 unit = {opened.meters_per_unit:g} m, {times}{place}"

    yield f"\nCameras ({len(found.cameras)})"
    rows = [(item.path, item.unsupported or ("animated" if item.animated else "")) for item in found.cameras]
    yield table(rows) if rows else "  none: views are placed automatically"

    objects = found.objects
    entities = found.entities(Role.OBJECT)
    yield f"\nObjects ({len(entities)})"
    rows = []
    for entity in entities:
        seen = objects.get(entity.path)
        size = " x ".join(f"{edge:.2f}" for edge in seen.size_world) if seen is not None else "-"
        label = f"{entity.label} ({', '.join(entity.attributes.values())})" if entity.attributes else entity.label
        rows.append((label, size, _SOURCES[entity.label_source], entity.rule, entity.path))
    yield from _table(rows, ("label", "size [m]", "label from", "why an object", "prim"), limit)
    if not entities:
        yield "  none" if found.left_out else "  none: the stage holds no geometry that is drawn"

    room = found.entities(Role.ROOM)
    if room:
        yield f"\nRoom ({len(room)}), the setting and no objects"
        yield from _table(
            [(item.room_kind.value if item.room_kind else "", item.label, item.path) for item in room], (), limit
        )
    ghosts = found.entities(Role.GHOST)
    if ghosts:
        yield f"\nGhosts and markers ({len(ghosts)}), drawn but in no ground truth"
        yield from _table([(item.label, item.path) for item in ghosts], (), limit)
    if found.left_out:
        yield f"\nLeft out ({len(found.left_out)})"
        yield from _table(list(_grouped(found.left_out)), ("prims", "why", "for example"), limit)
    if opened.problems:
        yield f"\nProblems ({len(opened.problems)})"
        yield from _table([(problem,) for problem in opened.problems], (), limit)


def _table(rows: list[tuple], head: tuple[str, ...], limit: int | None) -> Iterator[str]:
    if rows:
        yield table(rows[:limit], head=head)
    if limit is not None and len(rows) > limit:
        yield f"  ... and {counted(len(rows) - limit, 'more row', 'more rows')} (--all shows them)"


def _grouped(left_out: tuple[LeftOut, ...]) -> Iterator[tuple[int, str, str]]:
    """One row for each reason, most prims first."""
    numbers = Counter(item.reason for item in left_out)
    first = {item.reason: item.path for item in reversed(left_out)}
    for reason, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0])):
        yield number, reason, first[reason]
