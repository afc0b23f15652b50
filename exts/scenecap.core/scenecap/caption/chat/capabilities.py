"""What an endpoint can do, as far as it is known, and how that is corrected when it refuses something."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any


class Rung(str, enum.Enum):
    """How a reply is kept to its schema; from the strictest down."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT_SCHEMA = "json_object_schema"
    JSON_OBJECT = "json_object"
    PLAIN = "plain"


@dataclass(frozen=True)
class Capabilities:
    """What is sent to an endpoint and what is not.

    Attributes:
        rung: How replies are kept to their schema.
        stream: Whether it answers by streaming only.
        token_limit: Name of the parameter for the longest reply; empty where it takes none.
        temperature: Whether it takes a temperature.
        seed: Whether it takes a seed.
        thinking: Whether it takes ``chat_template_kwargs``.
        system: Whether it takes a system message.
        usage: Whether it takes ``stream_options``.
        picture: Whether it takes a picture.
    """

    rung: Rung = Rung.JSON_SCHEMA
    stream: bool = False
    token_limit: str = "max_tokens"
    temperature: bool = True
    seed: bool = True
    thinking: bool = True
    system: bool = True
    usage: bool = True
    picture: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "rung": self.rung.value}

    @classmethod
    def from_json(cls, values: Any) -> Capabilities | None:
        """Return what was remembered, or None where it cannot be read."""
        try:
            own = cls(**{**values, "rung": Rung(values["rung"])})
        except (TypeError, KeyError, ValueError):
            return None
        kinds = {name: type(value) for name, value in asdict(cls()).items() if name != "rung"}
        return own if all(type(getattr(own, name)) is kind for name, kind in kinds.items()) else None


def _lower_rung(known: Capabilities) -> Capabilities | None:
    rungs = list(Rung)
    place = rungs.index(known.rung) + 1
    return replace(known, rung=rungs[place]) if place < len(rungs) else None


def _other_limit(known: Capabilities) -> Capabilities | None:
    following = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "", "": None}[known.token_limit]
    return None if following is None else replace(known, token_limit=following)


def _off(name: str) -> Callable[[Capabilities], Capabilities | None]:
    return lambda known: replace(known, **{name: False}) if getattr(known, name) else None


#: Words of a refusal -> what is done without. The first that fits and changes something counts.
_CORRECTIONS: tuple[tuple[re.Pattern[str], Callable[[Capabilities], Capabilities | None]], ...] = (
    (re.compile(r"stream_options|include_usage"), _off("usage")),
    (re.compile(r"\bstream"), lambda known: None if known.stream else replace(known, stream=True)),
    (re.compile(r"max_(completion_)?tokens|max_new_tokens"), _other_limit),
    (re.compile(r"response_format|json|schema|guided|grammar|structured|strict"), _lower_rung),
    (re.compile(r"temperature"), _off("temperature")),
    (re.compile(r"\bseed\b"), _off("seed")),
    (re.compile(r"chat_template|enable_thinking|thinking"), _off("thinking")),
    (
        re.compile(r"image|picture|vision|multi-?modal|content (must|should) be a string|input should be a valid string"),
        _off("picture"),
    ),
    (re.compile(r"system (role|message|prompt)|role.{0,20}system|alternate"), _off("system")),
)
#: What is done without where the server does not say what it does not like, in this order.
_GUESSES = (_off("thinking"), _off("usage"), _off("seed"), _lower_rung, _lower_rung, _lower_rung, _off("system"))


def corrected(known: Capabilities, message: str, *, status: int, sent: frozenset[str]) -> Capabilities | None:
    """Return what to send instead after a refusal, or None where nothing that was sent explains it.

    Args:
        known: What the request was made by.
        message: The server's words.
        status: Its HTTP status.
        sent: What the request used: names of :class:`Capabilities`' fields, "rung" where it had a response format.
    """
    text = message.lower()
    for pattern, correct in _CORRECTIONS:
        if pattern.search(text) and (better := correct(known)) is not None and _uses(known, better, sent):
            return better
    if status in (400, 415, 422, 501):
        for correct in _GUESSES:
            if (better := correct(known)) is not None and _uses(known, better, sent):
                return better
    return None


def _uses(known: Capabilities, better: Capabilities, sent: frozenset[str]) -> bool:
    """Whether the correction touches something that the request used; to stream is always new."""
    changed = {name for name, value in asdict(known).items() if value != getattr(better, name)}
    return bool(changed & (sent | {"stream"}))
