"""Ask for a reply of a certain form: once, and once more with what was wrong with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from scenecap.caption.chat.client import ChatClient
from scenecap.caption.chat.errors import ReplyError
from scenecap.caption.chat.prompts import Prompts
from scenecap.caption.chat.requests import Ask, Message, schema_text

#: Longest reply that is sent back [characters].
_MAX_SENT_BACK = 8000

_T = TypeVar("_T")


@dataclass(frozen=True)
class Form(Generic[_T]):
    """What a reply has to be.

    Attributes:
        name: Of the schema, for servers that want one.
        schema: JSON schema, in the subset that strict servers take.
        parse: Makes a value of a reply's text; raises :class:`ReplyError` with what is wrong, in words for the model.
    """

    name: str
    schema: Mapping[str, Any]
    parse: Callable[[str], _T]


async def ask_structured(
    client: ChatClient,
    prompts: Prompts,
    messages: tuple[Message, ...],
    form: Form[_T],
    *,
    before: Callable[[], Awaitable[None]] | None = None,
    on_reply: Callable[[], None] | None = None,
) -> tuple[_T, str]:
    """Return a reply's value, and its text.

    Args:
        client: Asks the model.
        prompts: With the templates ``schema`` and ``repair_json``.
        messages: The conversation so far.
        form: What the reply has to be.
        before: Awaited before a first request is really sent: the probe.
        on_reply: Called for each reply, whatever it is.

    Raises:
        ReplyError: The second reply is of the wrong form, too.
        ChatError: There is no reply; says why.
    """
    words = prompts.render("schema", schema=schema_text(form.schema))
    asked = messages
    for is_last in (False, True):
        reply = await client.ask(Ask(asked, form.schema, form.name, words), before=before)
        if on_reply is not None:
            on_reply()
        try:
            if reply.finish == "length":
                raise ReplyError(
                    f"it is longer than {client.max_tokens} tokens (model_max_tokens). Be shorter.", reply=reply.text
                )
            return form.parse(reply.text), reply.text
        except ReplyError as error:
            if is_last:
                raise
            problem = prompts.render("repair_json", problem=str(error), schema=schema_text(form.schema))
            asked = (*messages, said(reply.text), Message("user", problem))
    raise AssertionError("unreachable")


def said(text: str) -> Message:
    """Return a reply as the model's turn of a conversation."""
    return Message("assistant", text[:_MAX_SENT_BACK] or "(nothing)")
