"""``scenecap judge DIR``: a chat model scores a dataset's captions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from scenecap.cli.console import CountLine, counted, print_error, print_json, shown_path, table
from scenecap.cli.options import CAPTION_KINDS, set_overrides
from scenecap.errors import UsageError
from scenecap.run.config import load_config, make_config
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.run.judging import JudgeResult

_SHOWN = 10
#: From so many captions and such a share of equal scores on, the summary says so.
_FEW, _ALIKE = 4, 0.75
_KINDS = {name: key for name, key in CAPTION_KINDS.items() if name != "qa"}


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "judge",
        parents=[common],
        help="score a dataset's captions by a chat model",
        description="Let a chat model score captions: by the scene graph (visce2, 0 to 100), or by a reference caption "
        "(capscore: similarity and quality, 0 to 1). Needs the extra 'models'. A judge is a model, and errs like one: "
        "'scenecap check' asks none. Exit codes: 0 every caption was judged, 1 some were not, 2 a wrong argument, no dataset, "
        "or a model that cannot be asked, 3 none was judged.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, nargs="+", help="output folder of a run; several are compared")
    parser.add_argument("--metric", choices=("visce2", "capscore"), default="visce2", help="how (default: visce2)")
    parser.add_argument(
        "--against",
        metavar="DIR2",
        default="template",
        help="capscore: the dataset whose captions are the reference, or 'template' (default): the scene graph's own",
    )
    parser.add_argument(
        "--engine-config", metavar="FILE", type=Path, help="config file whose model_... keys say which model judges"
    )
    parser.add_argument(
        "--permutations",
        metavar="N",
        type=int,
        help="in how many orders each request is made (default: capscore 2, its least; visce2 1, at most 2)",
    )
    parser.add_argument("--kinds", metavar="K[,K]", default="brief,global", help="captions to judge: brief, global")
    parser.add_argument("--limit", metavar="N", type=int, help="judge the first N frames only")
    parser.add_argument("--out", metavar="FILE", type=Path, help="where the judgements go (default: in the first DIR)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any model_... config key, value as in YAML; may be given more than once",
    )
    parser.set_defaults(run=run_judge)


def run_judge(args: argparse.Namespace) -> int:
    """Judge captions."""
    from scenecap.caption.judges.model import Metric
    from scenecap.run.judging import TEMPLATE, JudgeOptions, default_file, judge_datasets

    overrides = tuple(set_overrides(args))
    config = (
        make_config(overrides=overrides)
        if args.engine_config is None
        else load_config(args.engine_config, overrides=overrides)
    )
    if args.limit is not None and args.limit < 1:
        raise UsageError(f"--limit: {args.limit} is not allowed; give 1 or more.")
    options = JudgeOptions(
        roots=tuple(args.dataset),
        metric=Metric(args.metric),
        against=TEMPLATE if args.against == TEMPLATE else Path(args.against),
        arrangements=args.permutations,
        kinds=_kinds(args.kinds),
        limit=args.limit,
    )
    counter = CountLine("judging frame", quiet=args.quiet)
    try:
        result = judge_datasets(options, config.chat, progress=counter)
    finally:
        counter.clear()
    file = default_file(options) if args.out is None else args.out
    result.write(file)
    _print_problems(result)
    if args.json:
        print_json(_as_json(result, file))
    elif not args.quiet:
        print("\n".join(_lines(result, file)))
    return result.exit_code


def _kinds(text: str) -> tuple[str, ...]:
    given = {word.strip() for word in text.split(",") if word.strip()}
    for word in sorted(given - set(_KINDS)) or ([""] if not given else []):
        raise UsageError(f"--kinds: '{word}' is not allowed; give {', '.join(_KINDS)}, separated by commas.")
    return tuple(key for word, key in _KINDS.items() if word in given)


def _print_problems(result: JudgeResult) -> None:
    failed = [text for text in result.texts if not text.is_judged]
    for text in failed[:_SHOWN]:
        print_error(clean_text(f"{text.frame}: {text.kind}: {'; '.join(text.problems)}", limit=600))
    if len(failed) > _SHOWN:
        print_error(f"and {len(failed) - _SHOWN} more; the file has all.")


def _as_json(result: JudgeResult, file: Path) -> dict[str, object]:
    return {
        **result.header,
        "texts": len(result.texts),
        "failed": result.failed,
        "scores": [
            {
                "dataset": dataset,
                "text": kind,
                "scale": scale,
                "count": one.count,
                "mean": round(one.mean, 6),
                "deviation": round(one.deviation, 6),
                "order_spread": round(one.spread, 6),
                "least": one.values[0],
                "most": one.values[-1],
                "alike": one.alike,
            }
            for dataset, kind, scale, one in result.summaries()
        ],
        "model_account": dict(result.account),
        "file": str(file),
    }


def _lines(result: JudgeResult, file: Path) -> list[str]:
    account = result.account
    rows = []
    for dataset, kind, scale, one in result.summaries():
        spread = f"{one.spread:.3g}" if result.header["arrangements"] > 1 else "-"
        cells = (f"{one.mean:.3g}", f"{one.deviation:.3g}", f"{one.values[0]:.3g}", f"{one.values[-1]:.3g}", spread)
        rows.append((dataset, kind, scale, one.count, *cells))
    head = ("dataset", "text", "scale", "count", "mean", "deviation", "least", "most", "by order")
    lines = [table(rows, head=head)] if rows else []
    for dataset, kind, scale, one in result.summaries():
        if one.count >= _FEW and one.alike >= _ALIKE * one.count:
            alike = f"{one.alike} of {counted(one.count, 'caption')} have the same {scale}"
            lines.append(f"{dataset}, {kind}: {alike}: this judge can hardly tell them apart.")
    same = sum(text.is_reference for text in result.texts)
    if same:
        lines.append(f"{counted(same, 'caption')} of these are the reference itself: what a judge makes of equal texts.")
    money = f", {account['money']:g} spent" if account["money"] else ""
    lines.append(
        f"{counted(len(result.texts), 'caption')}, {result.failed} not judged. {counted(account['requests'], 'request')} "
        f"({account['repeated']} of them repeated), {account['replies_kept']} kept, {account['tokens_in']} tokens in, "
        f"{account['tokens_out']} out{money}."
    )
    if account["ended"]:
        lines.append(f"The model was not asked to the end: {clean_text(account['ended'], limit=300)}")
    lines.append(f"Judgements: {shown_path(file)}")
    return lines
