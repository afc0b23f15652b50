"""From a judge's reply to checked scores: in range, for each candidate once, and only one answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenecap.caption.chat.errors import ReplyError
from scenecap.caption.chat.quoting import quoted
from scenecap.caption.chat.replies import json_objects
from scenecap.caption.judges.model import SCALES, Metric, Scale, names_of
from scenecap.text import clean_text

#: Longest reason that is kept [characters].
MAX_REASON = 500
_NUMBER = re.compile(r"\d{1,3}(\.\d{1,6})?")


@dataclass(frozen=True)
class Answer:
    """A judge's answer about one candidate: scale -> score, and why."""

    scores: Mapping[str, float]
    reason: str


def judge_schema(metric: Metric, count: int) -> dict[str, Any]:
    """Return the JSON schema of a reply, in the subset that strict servers take. The reason comes before the score.

    Args:
        metric: How candidates are judged.
        count: How many there are.
    """
    scales = {scale.name: {"type": "number", "description": f"from 0 to {scale.high:g}"} for scale in SCALES[metric]}
    reason = {"type": "string"}  # without a description: a small model copies it
    if metric is Metric.VISCE2:
        return _object({"reason": reason, **scales})
    name = {"type": "string", "enum": list(names_of(count))}
    return _object({"judgements": {"type": "array", "items": _object({"candidate": name, "reason": reason, **scales})}})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}


def answers_of(reply: str, metric: Metric, count: int) -> list[Answer]:
    """Return the answers of a reply, in the order that the request names the candidates in.

    A reply with several objects of the right form is refused: one of them may be the caption's.

    Args:
        reply: The model's text.
        metric: How candidates are judged.
        count: How many the request has.

    Raises:
        ReplyError: It does not fit; says why, in words for the model.
    """
    try:
        if metric is Metric.VISCE2:
            return [_answer(_single(reply, ["score"]), metric)]
        return _by_candidate(_single(reply, ["judgements"])["judgements"], metric, count)
    except ReplyError as error:
        raise ReplyError(str(error), reply=reply) from None


def _single(reply: str, wanted: Sequence[str]) -> dict[str, Any]:
    objects = json_objects(reply)
    if not objects:
        raise ReplyError("it is no JSON object.")
    fitting = [item for item in objects if all(name in item for name in wanted)]
    if not fitting:
        raise ReplyError(f"the key {quoted(wanted[0])} is missing.")
    if any(item != fitting[0] for item in fitting[1:]):
        raise ReplyError("it holds several answers.")
    return fitting[0]


def _by_candidate(items: Any, metric: Metric, count: int) -> list[Answer]:
    if not isinstance(items, list):
        raise ReplyError('"judgements" must be a list.')
    names = list(names_of(count))
    found: dict[str, Answer] = {}
    for item in items[: 10 * count]:
        if not isinstance(item, dict):
            raise ReplyError('each item of "judgements" must be an object.')
        name = item.get("candidate")
        if name not in names:
            raise ReplyError(f'"candidate" must be one of {", ".join(names)}.')
        if name in found:
            raise ReplyError(f"candidate {name} is judged more than once.")
        found[name] = _answer(item, metric)
    missing = [name for name in names if name not in found]
    if missing:
        raise ReplyError(f"candidate {missing[0]} is not judged.")
    return [found[name] for name in names]


def _answer(item: Mapping[str, Any], metric: Metric) -> Answer:
    reason = item.get("reason", "")
    scores = {scale.name: _score(item.get(scale.name), scale) for scale in SCALES[metric]}
    return Answer(scores, clean_text(reason, limit=MAX_REASON) if isinstance(reason, str) else "")


def _score(value: Any, scale: Scale) -> float:
    number: Any = float(value) if isinstance(value, str) and _NUMBER.fullmatch(value.strip()) else value
    if type(number) not in (int, float) or number != number:
        raise ReplyError(f'"{scale.name}" must be a number from 0 to {scale.high:g}.')
    if not 0.0 <= number <= scale.high:
        raise ReplyError(f'"{scale.name}" is out of range; it must be a number from 0 to {scale.high:g}.')
    return float(number)
