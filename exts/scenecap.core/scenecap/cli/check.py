"""``scenecap check DIR``: does the scene hold what captions say?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenecap.cli.console import counted, print_error, print_json
from scenecap.errors import DatasetError, UsageError
from scenecap.text import clean_text

if TYPE_CHECKING:
    from scenecap.caption.verify import Verdict, VerifySettings
    from scenecap.output.dataset.documents import CaptionDocument
    from scenecap.output.dataset.verdicts import VerdictDocument

_KINDS = ("brief_caption", "global_caption")


def add_parser(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        parents=[common],
        help="check captions against the scene graphs of a dataset",
        description="Read captions as claims and say which of them the scene graph does not hold. A model's questions are "
        "checked by their statements. Where the dataset holds verdicts they are compared. Needs the extra 'verify'. Exit "
        "codes: 0 every claim is supported, 1 some are not or verdicts differ, 2 there is no dataset or no such captions.",
    )
    parser.add_argument("dataset", metavar="DIR", type=Path, help="output folder of a run")
    parser.add_argument(
        "--captions",
        metavar="FILE.jsonl",
        type=Path,
        help='captions to check instead of the dataset\'s own: lines {"frame": KEY, "text": ...}; KEY as in manifest.jsonl',
    )
    parser.add_argument(
        "--strictness",
        choices=("strict", "normal", "lenient"),
        help="how words may be taken (default: as the dataset's own verdicts took them, else normal)",
    )
    parser.set_defaults(run=run_check)


def run_check(args: argparse.Namespace) -> int:
    """Check captions."""
    from scenecap.caption.verify import Scores, Verifier
    from scenecap.output.dataset.reader import open_dataset
    from scenecap.output.dataset.reload import reload_frame

    dataset = open_dataset(args.dataset)
    given = None if args.captions is None else read_captions(args.captions)
    if given is not None:
        unknown = sorted(set(given) - {row.key for row in dataset.rows})
        if unknown:
            raise UsageError(
                f"{args.captions}: the dataset has no frame {unknown[0]!r}.", remedy="manifest.jsonl has the keys."
            )
    total, results, differing = Scores(), [], []
    for written in dataset.frames():
        key = written.row.key
        captions = written.captions()
        texts = _own_texts(captions) if given is None else [_Text(kind, text) for kind, text in given.get(key, [])]
        if not texts:
            continue
        recorded = None if captions is None or given is not None else captions.verdict
        settings = _settings(args.strictness, recorded)
        verifier = Verifier(*reload_frame(written), settings)
        parts = [(one, verifier.check(one.text, kind=one.kind)) for one in texts]
        result = _result(parts)
        total += result.scores
        results.append({"frame": key, **_json(parts, result)})
        if recorded is not None and settings.model_dump(mode="json") == recorded.settings and _differs(parts, recorded):
            differing.append(key)
        if not args.json:
            _print(key, parts, result, quiet=args.quiet)
    if args.json:
        print_json({"scores": total.to_dict(), "differing": differing, "frames": results})
    elif not args.quiet:
        print(f"{counted(len(results), 'frame')}: {_summary(total.to_dict())}")
    for key in differing:
        print_error(f"{key}: its file holds another verdict.")
    if not results:
        raise UsageError(f"{args.dataset}: no captions to check.", remedy="Give --captions, or run with captions.")
    unsupported = any(not text["supported"] for result in results for text in result["texts"])
    return int(unsupported or bool(differing))


@dataclass(frozen=True)
class _Text:
    """A text to check; ``question`` is the place of the question whose statement it is."""

    kind: str
    text: str
    question: int | None = None


def _own_texts(captions: CaptionDocument | None) -> list[_Text]:
    if captions is None:
        return []
    texts = [_Text(kind, text.text) for kind, text in captions.texts() if text.text]
    statements = [(place, str(item.raw.get("statement") or "")) for place, item in enumerate(captions.questions)]
    return texts + [_Text("qa_caption", text, place) for place, text in statements if text]


def _settings(strictness: str | None, recorded: VerdictDocument | None) -> VerifySettings:
    """Return how words are to be taken: as a person says, else as the frame's own verdict took them."""
    from scenecap.caption.verify import VerifySettings

    values = {} if recorded is None else dict(recorded.settings)
    if strictness is not None:
        values["strictness"] = strictness
    try:
        return VerifySettings.model_validate(values)
    except ValueError as error:
        raise DatasetError(
            f"The settings of a verdict in the dataset are not known: {clean_text(error, limit=300)}"
        ) from error


def _result(parts: Sequence[tuple[_Text, Verdict]]) -> Verdict:
    """Return the verdict on the captions of a frame together; statements of questions do not count in its scores."""
    from scenecap.caption.verify.verify import join

    return join([verdict for one, verdict in parts if one.question is None])


def _json(parts: Sequence[tuple[_Text, Verdict]], result: Verdict) -> dict[str, Any]:
    texts = [verdict.to_dict() | ({} if one.question is None else {"question": one.question}) for one, verdict in parts]
    return {"scores": result.scores.to_dict(), "texts": texts}


def _differs(parts: Sequence[tuple[_Text, Verdict]], recorded: VerdictDocument) -> bool:
    """Whether the file holds other claims, or another status of one."""
    now = {
        (one.kind, one.question): sorted((claim.span, claim.kind.value, claim.status.value) for claim in verdict.claims)
        for one, verdict in parts
    }
    then = {
        (text.kind, text.question): sorted((claim.span, claim.kind, claim.status) for claim in text.claims)
        for text in recorded.texts
    }
    return now != then


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


def _print(key: str, parts: Sequence[tuple[_Text, Verdict]], result: Verdict, *, quiet: bool) -> None:
    if not quiet:
        print(f"{key}: {_summary(result.scores.to_dict())}")
    for one, verdict in parts:
        where = key if one.question is None else f"{key}, question {one.question}"
        for claim in verdict.failed:
            print_error(clean_text(f"{where}: {claim.status.value}: {claim.words!r}: {claim.why}", limit=600))


def _summary(scores: Mapping[str, float | int]) -> str:
    hallucination = f"CHAIR-i {scores['chair_i']:.3f}, CHAIR-s {scores['chair_s']:.3f}"
    relations = f"relation hallucination {scores['relation_hallucination']:.3f}"
    claims = f"{scores['supported']} of {scores['claims']} claims supported"
    return f"{claims}, {hallucination}, {relations}, coverage {scores['coverage']:.2f}"
