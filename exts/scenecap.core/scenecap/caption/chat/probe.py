"""Find out once what an endpoint can do, with a question so small that it costs next to nothing."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from scenecap.caption.chat.capabilities import Capabilities, Rung
from scenecap.caption.chat.client import ChatClient
from scenecap.caption.chat.errors import EndpointError, ReplyError
from scenecap.caption.chat.picture import data_url
from scenecap.caption.chat.replies import json_of
from scenecap.caption.chat.requests import Ask, Message, schema_text

_SCHEMA = {
    "type": "object",
    "properties": {"color": {"type": "string", "enum": ["red", "green", "blue"]}},
    "required": ["color"],
    "additionalProperties": False,
}


async def probe(client: ChatClient, *, picture: bool) -> Capabilities:
    """Ask one small question, ever more plainly until the endpoint answers in the form asked for, and remember how.

    A server that takes a schema and does not keep to it is one that knows no schemas. The plainest form is taken whatever the
    answer: replies are checked, and asked for again, anyway.

    Args:
        client: The client; its ``known`` is the starting point and is set to the outcome.
        picture: Whether the run sends pictures.

    Raises:
        EndpointError: It takes no such request at all; or it takes no picture, and the run needs that.
        ChatError: It cannot be asked.
    """
    url = data_url(Image.new("RGB", (32, 32), (220, 30, 30))) if picture else None
    ask = Ask(
        messages=(
            Message("system", "You answer with JSON only."),
            Message("user", 'What color is an unripe lemon? Answer with {"color": "red"}, "green" or "blue".', url),
        ),
        schema=_SCHEMA,
        schema_name="probe",
        schema_text=f"Answer with one JSON object that fits this schema: {schema_text(_SCHEMA)}",
    )
    while True:
        reply = await client.ask(ask, use_cache=False)
        known = client.known
        if picture and not known.picture:
            raise EndpointError("the model takes no picture.", remedy="Set model_picture: false, or choose a model that sees.")
        if _fits(reply.text) or known.rung is Rung.PLAIN:
            client.remember(known)
            return known
        rungs = list(Rung)
        client.known = replace(known, rung=rungs[rungs.index(known.rung) + 1])


def _fits(text: str) -> bool:
    try:
        return json_of(text, ["color"]).get("color") in ("red", "green", "blue")
    except ReplyError:
        return False
