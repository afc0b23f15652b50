"""What is asked, and how an endpoint of given abilities is asked it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scenecap.caption.chat.capabilities import Capabilities, Rung
from scenecap.caption.chat.settings import ChatSettings


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: "system", "user" or "assistant".
        text: What is said.
        picture: A picture as a data URL, of a user's turn.
    """

    role: str
    text: str
    picture: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Ask:
    """A request before it is put into an endpoint's dialect.

    Attributes:
        messages: The conversation so far; a system message is the first.
        schema: JSON schema of the reply.
        schema_name: Its name.
        schema_text: How the schema is said in words, for endpoints that take none.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    schema_name: str
    schema_text: str


def params_of(ask: Ask, settings: ChatSettings, known: Capabilities) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the parameters of the chat completion, and which of the endpoint's abilities they use.

    Args:
        ask: What is asked.
        settings: Model and sampling.
        known: What the endpoint can do.
    """
    sent: set[str] = set()
    params: dict[str, Any] = {"model": settings.name, "messages": _messages(ask, known, sent)}
    if known.token_limit:
        params[known.token_limit] = settings.max_tokens
        sent.add("token_limit")
    if known.temperature:
        params["temperature"] = settings.temperature
        sent.add("temperature")
    if known.seed:
        params["seed"] = settings.seed
        sent.add("seed")
    if known.rung is Rung.JSON_SCHEMA:
        schema = {"name": ask.schema_name, "strict": True, "schema": ask.schema}
        params["response_format"] = {"type": "json_schema", "json_schema": schema}
        sent.add("rung")
    elif known.rung is not Rung.PLAIN:
        with_schema = known.rung is Rung.JSON_OBJECT_SCHEMA  # llama-cpp-python's server keeps to it, others pass it over
        params["response_format"] = {"type": "json_object", **({"schema": ask.schema} if with_schema else {})}
        sent.add("rung")
    if known.stream:
        params["stream"] = True
        if known.usage:
            params["stream_options"] = {"include_usage": True}
            sent.add("usage")
    if known.thinking and settings.enable_thinking is not None:
        params["extra_body"] = {"chat_template_kwargs": {"enable_thinking": settings.enable_thinking}}
        sent.add("thinking")
    return params, frozenset(sent)


def _messages(ask: Ask, known: Capabilities, sent: set[str]) -> list[dict[str, Any]]:
    messages = list(ask.messages)
    if known.rung is not Rung.JSON_SCHEMA:  # after the picture and the data, where it is remembered best
        first = next(place for place, message in enumerate(messages) if message.role == "user")
        asked = messages[first]
        messages[first] = Message("user", f"{asked.text}\n\n{ask.schema_text}", asked.picture)
    if messages[0].role == "system":
        if known.system:
            sent.add("system")
        else:
            rest = messages[1]
            messages[:2] = [Message("user", f"{messages[0].text}\n\n{rest.text}", rest.picture)]
    return [_message(message, known, sent) for message in messages]


def _message(message: Message, known: Capabilities, sent: set[str]) -> dict[str, Any]:
    if message.picture is None or not known.picture:
        return {"role": message.role, "content": message.text}
    sent.add("picture")
    picture = {"type": "image_url", "image_url": {"url": message.picture}}
    return {"role": message.role, "content": [picture, {"type": "text", "text": message.text}]}


def schema_text(schema: Mapping[str, Any]) -> str:
    """Return a schema as JSON text."""
    return json.dumps(schema, ensure_ascii=True)
