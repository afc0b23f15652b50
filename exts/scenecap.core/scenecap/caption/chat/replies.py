"""From a model's reply to checked texts: the schema that is asked for, and what is done about replies that do not fit it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from scenecap.caption.chat.errors import ReplyError
from scenecap.caption.chat.quoting import quoted
from scenecap.caption.model import Question, QuestionKind
from scenecap.text import clean_text

#: Names of the texts in requests and replies.
BRIEF, GLOBAL, QUESTIONS = "brief", "global", "questions"
#: Longest texts that are taken [characters].
LIMITS: Mapping[str, int] = {BRIEF: 500, GLOBAL: 4000, "question": 300, "answer": 200, "statement": 500}

_THINKING = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")
#: So many words in a row as in the instructions, and a text is taken for a copy of them.
_COPIED_WORDS = 8
#: Fewest words of a caption: "There are two mugs."
_SENTENCE_WORDS = 4
#: Places where a JSON object may begin that are looked at.
_MAX_STARTS = 50


@dataclass(frozen=True)
class Texts:
    """What a model wrote; what it was not asked for is None.

    Attributes:
        brief: The sentence.
        overall: The paragraph.
        questions: Questions with their answers.
    """

    brief: str | None = None
    overall: str | None = None
    questions: tuple[Question, ...] | None = None


def reply_schema(asked: Sequence[str], *, nodes: int) -> dict[str, Any]:
    """Return the JSON schema of a reply, in the subset that strict servers take.

    Args:
        asked: Names of the texts.
        nodes: Number of objects in the scene.
    """
    question = {
        "question": {"type": "string"},
        "answer": {"type": "string"},
        "statement": {"type": "string", "description": "question and answer as one sentence"},
        "kind": {"type": "string", "enum": [kind.value for kind in QuestionKind]},
        "objects": {"type": "array", "items": {"type": "integer"}, "description": f"ids from 0 to {max(0, nodes - 1)}"},
    }
    known = {
        BRIEF: {"type": "string"},
        GLOBAL: {"type": "string"},
        QUESTIONS: {"type": "array", "items": _object(question)},
    }
    return _object({name: known[name] for name in asked})


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties), "additionalProperties": False}


def json_of(reply: str, wanted: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON object in a reply: alone, in a code fence, after reasoning, or among other words.

    Args:
        reply: The model's text.
        wanted: Keys that it should have; of several objects, the first that has them counts, else the first.

    Raises:
        ReplyError: There is none.
    """
    objects = json_objects(reply)
    if not objects:
        raise ReplyError("it is no JSON object.", reply=reply)
    return next((value for value in objects if all(name in value for name in wanted)), objects[0])


def json_objects(reply: str) -> list[dict[str, Any]]:
    """Return the JSON objects in a reply that are in no other: alone, in code fences, after reasoning, among other words."""
    text = _THINKING.sub("", reply, count=1).strip()
    decoder = json.JSONDecoder()
    starts = [match.start() for match, _ in zip(re.finditer(r"\{", text), range(_MAX_STARTS), strict=False)]
    found: list[dict[str, Any]] = []
    end = 0
    for start in starts:
        if start < end:
            continue  # inside the one before
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        found.append(value)
    return found


def texts_of(reply: str, asked: Sequence[str], *, nodes: int, max_questions: int, instructions: str) -> Texts:
    """Return the texts of a reply, cleaned.

    Args:
        reply: The model's text.
        asked: Names of the texts that it should hold.
        nodes: Number of objects in the scene; other ids in it are wrong.
        max_questions: More are cut off.
        instructions: The prompts without the scene's data: a reply that copies them is refused.

    Raises:
        ReplyError: It does not fit; the message says why, in words for the model.
    """
    values = json_of(reply, asked)
    missing = [name for name in asked if name not in values]
    if missing:
        raise ReplyError(f"the key {quoted(missing[0])} is missing.", reply=reply)
    copied = CopyCheck(instructions)
    try:
        return Texts(
            brief=_text(values, BRIEF, copied) if BRIEF in asked else None,
            overall=_text(values, GLOBAL, copied) if GLOBAL in asked else None,
            questions=_questions(values[QUESTIONS], nodes, copied)[:max_questions] if QUESTIONS in asked else None,
        )
    except ReplyError as error:
        raise ReplyError(str(error), reply=reply) from None


def _text(values: Mapping[str, Any], name: str, copied: CopyCheck) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise ReplyError(f'"{name}" must be a string.')
    limit = LIMITS[name]
    text = clean_text(value, limit=limit + 1)
    if not _WORD.search(text):
        raise ReplyError(f'"{name}" is empty.')
    if name in (BRIEF, GLOBAL) and len(_WORD.findall(text)) < _SENTENCE_WORDS:
        raise ReplyError(f'"{name}" must be whole sentences.')
    if len(text) > limit:
        raise ReplyError(f'"{name}" is longer than {limit} characters.')
    copied.check(text, name)
    return text


def _questions(value: Any, nodes: int, copied: CopyCheck) -> tuple[Question, ...]:
    if not isinstance(value, list) or not value:
        raise ReplyError('"questions" must be a list with at least one question.')
    found: dict[str, Question] = {}
    for item in value[:200]:
        if not isinstance(item, dict):
            raise ReplyError('each item of "questions" must be an object.')
        question, answer, statement = (_text(item, name, copied) for name in ("question", "answer", "statement"))
        try:
            kind = QuestionKind(item.get("kind"))
        except ValueError:
            known = ", ".join(kind.value for kind in QuestionKind)
            raise ReplyError(f'"kind" must be one of {known}.') from None
        ids = item.get("objects")
        if not isinstance(ids, list) or not all(type(one) is int and 0 <= one < nodes for one in ids):
            raise ReplyError(f'"objects" must be a list of ids from 0 to {nodes - 1}.')
        short = answer.lower().rstrip(".")
        polarity = {"yes": True, "no": False}.get(short)
        text = short if polarity is not None else answer
        one = Question(question, text, kind, polarity, evidence_nodes=tuple(sorted(set(ids))), statement=statement)
        found.setdefault(question.lower(), one)
    return tuple(found.values())


class CopyCheck:
    """Finds pieces of the instructions in a text.

    Args:
        instructions: The prompts without data.
    """

    def __init__(self, instructions: str) -> None:
        self._known = _runs(instructions)

    def check(self, text: str, name: str) -> None:
        """Refuse a text with a piece of the instructions, or a mark of the prompt, in it."""
        if "<" in text or self._known & _runs(text):
            raise ReplyError(f'"{name}" repeats the instructions instead of describing the scene.')


@lru_cache(maxsize=64)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return frozenset(tuple(words[at : at + _COPIED_WORDS]) for at in range(len(words) - _COPIED_WORDS + 1))
