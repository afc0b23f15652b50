"""``scenecap check DIR``: does the scene hold what captions say?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import counted, print_error, print_json
from scenecap.errors import UsageError
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.caption.verify import Verdict

_KINDS = ("brief_caption", "global_caption")


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        parents=[common],
        help="check captions against the scene graphs of a dataset",
        description="Read captions as claims and say which of them the scene graph does not hold. Needs the extra 'verify'. "
        "Exit codes: 0 every claim is supported, 1 some are not, 2 there is no dataset or no such captions.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, help="output folder of a run")
    parser.add_argument(
        "--captions",
        metavar="FILE.jsonl",
        type=Path,
        help='captions to check instead of the dataset\'s own: lines {"frame": KEY, "text": ...}; KEY as in manifest.jsonl',
    )
    parser.add_argument(
        "--strictness", choices=("strict", "normal", "lenient"), default="normal", help="how words may be taken"
    )
    parser.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> int:
    """Check captions."""
    from scenecap.caption.verify import Scores, Verifier, VerifySettings
    from scenecap.caption.verify.verify import join
    from scenecap.output.dataset.files import FileKind
    from scenecap.output.dataset.reader import open_dataset
    from scenecap.output.dataset.reload import reload_frame

    settings = VerifySettings.model_validate({"strictness": args.strictness})
    dataset = open_dataset(args.dataset)
    given = None if args.captions is None else read_captions(args.captions)
    if given is not None:
        unknown = sorted(set(given) - {row.key for row in dataset.rows})
        if unknown:
            raise UsageError(
                f"{args.captions}: the dataset has no frame {unknown[0]!r}.", remedy="manifest.jsonl has the keys."
            )
    total, results = Scores(), []
    for written in dataset.frames():
        key = written.row.key
        if given is not None:
            texts = given.get(key, [])
        else:
            document = written.read_json(FileKind.CAPTIONS) or {}
            texts = [(kind, str(document[kind])) for kind in _KINDS if document.get(kind)]
        if not texts:
            continue
        verifier = Verifier(*reload_frame(written), settings)
        verdict = join([verifier.check(text, kind=kind) for kind, text in texts])
        total += verdict.scores
        results.append({"frame": key, **verdict.to_dict()})
        if not args.json:
            _print(key, verdict, quiet=args.quiet)
    if args.json:
        print_json({"scores": total.to_dict(), "frames": results})
    elif not args.quiet:
        print(f"{counted(len(results), 'frame')}: {_summary(total.to_dict())}")
    if not results:
        raise UsageError(f"{args.dataset}: no captions to check.", remedy="Give --captions, or run with captions.")
    return 0 if total.supported == total.claims else 1


def read_captions(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Return frame key -> (kind, text) of a JSONL file.

    Raises:
        UsageError: The file cannot be read, or a line is no such object; names the line.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}", remedy="Give a UTF-8 file of JSON lines.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{path}, line {number}: not JSON: {error}", remedy="One JSON object a line.") from error
        texts = list(_texts(item)) if isinstance(item, dict) and isinstance(item.get("frame"), str) else []
        if not texts:
            raise UsageError(
                f"{path}, line {number}: no frame or no text.",
                remedy='Lines are {"frame": KEY, "text": ...} or have "brief_caption" or "global_caption".',
            )
        found.setdefault(item["frame"], []).extend(texts)
    return found


def _texts(item: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind in ("text", *_KINDS):
        if isinstance(item.get(kind), str):
            yield ("" if kind == "text" else kind), item[kind]


def _print(key: str, verdict: Verdict, *, quiet: bool) -> None:
    if not quiet:
        print(f"{key}: {_summary(verdict.scores.to_dict())}")
    for part in verdict.parts:
        for claim in part.failed:
            print_error(clean_text(f"{key}: {claim.status.value}: {claim.words!r}: {claim.why}", limit=600))


def _summary(scores: Mapping[str, float | int]) -> str:
    hallucination = f"CHAIR-i {scores['chair_i']:.3f}, CHAIR-s {scores['chair_s']:.3f}"
    relations = f"relation hallucination {scores['relation_hallucination']:.3f}"
    claims = f"{scores['supported']} of {scores['claims']} claims supported"
    return f"{claims}, {hallucination}, {relations}, coverage {scores['coverage']:.2f}"
