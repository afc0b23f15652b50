"""``scenecap labels annotate``: ask a model that sees what the assets of scenes are."""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import CountLine, counted, print_error, print_json, shown_path, table
from scenecap.cli.options import set_overrides
from scenecap.errors import UsageError
from scenecap.run.config import Override, ScenecapConfig, load_config, make_config

if TYPE_CHECKING:
    from scenecap.run.annotate.job import Annotated, AnnotateOptions, AnnotationResult

_DESCRIPTION = """\
Draw each asset that has no label of its own from all sides, alone; ask a model that sees (any server of OpenAI's chat
protocol) for its label, a caption and attributes; check the answer; store it in a label database, as the model's.
What is known from a prim's name only counts as unlabelled. Instances of an asset are asked about once. What people
said is never replaced, and what was answered before is not asked again.

  scenecap labels annotate scene.usda --database labels.sqlite --dry-run --sheets sheets/
  scenecap labels annotate scene.usda --database labels.sqlite --model-profile vllm --model Qwen/Qwen2.5-VL-7B-Instruct
"""
#: Characters of a request beside the picture, about.
_REQUEST_CHARACTERS = 4500


def add_parser(actions: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the action."""
    parser = actions.add_parser(
        "annotate",
        parents=[common],
        help="ask a model that sees what the assets of scenes are",
        description=_DESCRIPTION,
        epilog="exit codes: 0 all answered, 1 some failed, 2 a wrong argument, or the model cannot be asked",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenes", nargs="+", metavar="SCENE", help="USD files, globs, or folders of USD files")
    parser.add_argument("--database", metavar="FILE", help="label database (SQLite); it is made if need be")
    which = parser.add_argument_group("which assets")
    which.add_argument("--all", action="store_true", help="those that are labelled on the stage, too")
    which.add_argument("--again", action="store_true", help="those that were answered or turned down before, too")
    which.add_argument(
        "--select", action="append", default=[], metavar="GLOB", help="a label, or a glob of labels or prim paths; repeatable"
    )
    which.add_argument("--limit", type=int, metavar="N", help="at most so many")
    which.add_argument("--assets", action="store_true", help="each file is one asset with all that is in it, no scene")
    model = parser.add_argument_group("the model")
    model.add_argument("--engine-config", metavar="CONFIG", help="YAML config whose model_* keys say which model; see config/")
    model.add_argument("--model", metavar="NAME", help="the model, as its server lists it")
    model.add_argument("--model-url", metavar="URL", help="address of the server, up to and with /v1")
    model.add_argument(
        "--model-profile", metavar="P", help="nim, nim_local, vllm, trtllm, llamacpp, transformers, openai, other"
    )
    model.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any config key, value as in YAML")
    sheets = parser.add_argument_group("the pictures")
    sheets.add_argument("--sheets", metavar="DIR", help="folder of the sheets (default: NAME_sheets beside the database)")
    sheets.add_argument("--views", type=int, default=6, metavar="N", help="views of each asset, 4 to 8 (default: 6)")
    sheets.add_argument("--quality", default="draft", metavar="Q", help="draft (default), preview or final")
    parser.add_argument(
        "--dry-run", action="store_true", help="list assets and requests, write sheets with --sheets; ask and store nothing"
    )
    parser.set_defaults(run=run_annotate)


def run_annotate(args: argparse.Namespace) -> int:
    """Ask about the assets of scenes."""
    from scenecap.run.annotate.job import annotate

    config = _config(args)
    database = Path(args.database) if args.database is not None else config.labels.label_database
    options = _options(args, database)
    scenes = _scenes(args.scenes)
    progress = CountLine("answered: asset", quiet=args.quiet or args.json)
    done = itertools.count(1)
    try:
        result = annotate(config, scenes, database=database, options=options, on_done=lambda item: progress(next(done)))
    finally:
        progress.clear()
    _print(args, config, result, options)
    return result.exit_code


def _config(args: argparse.Namespace) -> ScenecapConfig:
    given = (("model_name", "model"), ("model_url", "model_url"), ("model_profile", "model_profile"))
    overrides = [
        Override(key, getattr(args, name), f"--{name.replace('_', '-')}")
        for key, name in given
        if getattr(args, name) is not None
    ]
    overrides += set_overrides(args)
    if args.engine_config is not None:
        return load_config(Path(args.engine_config), overrides=tuple(overrides))
    return make_config(overrides=tuple(overrides))


def _options(args: argparse.Namespace, database: Path | None) -> AnnotateOptions:
    from scenecap.capture.settings import Quality
    from scenecap.run.annotate.assets import Choice
    from scenecap.run.annotate.job import AnnotateOptions
    from scenecap.run.annotate.sheets import default_folder
    from scenecap.stage.selector import parse_selector

    qualities = [item.value for item in Quality]
    if args.quality not in qualities:
        raise UsageError(f"--quality: '{args.quality}' is not allowed; give draft, preview or final.")
    if args.limit is not None and args.limit < 1:
        raise UsageError(f"--limit {args.limit}: is not allowed; give 1 or more.")
    try:
        select = tuple(parse_selector(item) for item in args.select)
    except ValueError as error:
        raise UsageError(f"--select: {error}.") from None
    sheets = Path(args.sheets) if args.sheets is not None else None
    if sheets is None and database is not None and not args.dry_run:
        sheets = default_folder(database)
    return AnnotateOptions(
        choice=Choice(labelled=args.all, again=args.again, select=select),
        limit=args.limit,
        whole_files=args.assets,
        sheets=sheets,
        quality=Quality(args.quality),
        views=args.views,
        dry_run=args.dry_run,
    )


def _scenes(given: Sequence[str]) -> list[str]:
    from scenecap.run.batch.scenes import find_scenes

    patterns = []
    for item in given:
        path = item if "://" in item else os.path.abspath(item)
        patterns.append(os.path.join(path, "*.usd*") if os.path.isdir(path) else path)
    return [scene.path for scene in find_scenes(patterns)]


def _print(args: argparse.Namespace, config: ScenecapConfig, result: AnnotationResult, options: AnnotateOptions) -> None:
    for scene, reason in result.scenes:
        print_error(f"{shown_path(scene)}: {reason}")
    for item in result.failed:
        print_error(f"{item.asset.identifier}: {item.reason}")
    if args.json:
        print_json(_document(result, options))
        return
    if args.quiet:
        return
    skipped = ", ".join(f"{number} {reason.value}" for reason, number in result.skipped.most_common())
    left = f" Left: {skipped}." if skipped else ""
    if not result.items:
        print(f"There is nothing to ask.{left}")
        return
    if options.dry_run:
        rows = [
            (item.asset.identifier, item.asset.label, item.asset.source.value, item.asset.objects) for item in result.items
        ]
        print(table(rows, head=("asset", "label now", "from", "objects"), indent=""))
        print(_estimate(len(result.items), config) + left)
        return
    answered = [item for item in result.items if item.answer is not None]
    rows = [
        (
            item.asset.identifier,
            item.answer.label or "",
            ", ".join(f"{kind}: {value}" for kind, value in item.answer.attributes.items()) or "-",
            item.answer.caption or "-",
        )
        for item in answered
        if item.answer is not None
    ]
    if rows:
        print(table(rows, head=("asset", "label", "attributes", "caption"), indent=""))
    for item in answered:
        for remark in item.answer.dropped if item.answer is not None else ():
            print(f"{item.asset.identifier}: {remark}")
    print(_told(result) + left)


def _told(result: AnnotationResult) -> str:
    failed = f", {len(result.failed)} failed" if result.failed else ""
    text = f"{counted(len(result.items) - len(result.failed), 'asset')} stored{failed}"
    model = result.model
    if model is None:
        return f"{text}."
    kept = f" ({model['replies_kept']} replies were kept from before)" if model["replies_kept"] else ""
    return f"{text}; {counted(model['requests'], 'request')}{kept}, {model['tokens_in'] + model['tokens_out']:,} tokens."


def _estimate(number: int, config: ScenecapConfig) -> str:
    from scenecap.caption.chat.budget import estimate_tokens

    tokens = number * estimate_tokens(_REQUEST_CHARACTERS, 1, config.chat.picture_edge)
    return (
        f"{counted(number, 'asset')}: {counted(number, 'request')}, twice as many at most where answers have to be asked for "
        f"again; about {round(tokens, -3):,} tokens."
    )


def _document(result: AnnotationResult, options: AnnotateOptions) -> dict[str, Any]:
    return {
        "dry_run": options.dry_run,
        "assets": [_item_json(item) for item in result.items],
        "skipped": {reason.value: number for reason, number in sorted(result.skipped.items())},
        "scenes_failed": [{"scene": scene, "reason": reason} for scene, reason in result.scenes],
        "model": None if result.model is None else dict(result.model),
        "exit_code": result.exit_code,
    }


def _item_json(item: Annotated) -> dict[str, Any]:
    asset, answer = item.asset, item.answer
    return {
        "asset": asset.identifier,
        "content_hash": asset.content_hash,
        "scene": item.scene,
        "path": asset.path,
        "objects": asset.objects,
        "label_before": asset.label,
        "label_source": asset.source.value,
        "label": None if answer is None else answer.label,
        "caption": None if answer is None else answer.caption,
        "attributes": {} if answer is None else dict(answer.attributes),
        "left_out": [] if answer is None else list(answer.dropped),
        "failed": item.reason or None,
        "sheet": None if item.sheet is None else str(item.sheet),
    }
