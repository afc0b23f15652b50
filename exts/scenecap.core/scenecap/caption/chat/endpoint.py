"""One server: sends a request through the client library, and says in our errors what came of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from scenecap.caption.chat.address import origin_of
from scenecap.caption.chat.errors import ChatError, EndpointError, RefusalError, ReplyError, TransientError, UnsupportedError
from scenecap.caption.chat.keys import BoundKey, KeyFilter
from scenecap.caption.chat.transport import guarded_client, load_openai
from scenecap.text import clean_text

#: Longest piece of a server's message that is shown.
_MAX_MESSAGE = 300
_UNSUPPORTED = re.compile(
    r"validation error|unsupported|not support|not implemented|unrecogni[sz]ed|unknown (field|param|arg)"
    r"|not (allowed|permitted)"
)
_TOO_LONG = re.compile(
    r"context.{0,20}(length|window|size)|(prompt|input|request).{0,30}too (long|large)|exceed.{0,40}(context|length)"
)
_NO_MODEL = re.compile(
    r"model.{0,120}(not found|not exist|unknown|not available|not loaded)|no (such )?model|(unknown|invalid) model"
)
_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|billing|credit")


@dataclass(frozen=True)
class Reply:
    """What a model answered.

    Attributes:
        text: Its text.
        finish: Why it ended ("stop", "length").
        tokens_in: Tokens of the prompt; None where the server does not count.
        tokens_out: Tokens of the reply; None where the server does not count.
    """

    text: str
    finish: str
    tokens_in: int | None = None
    tokens_out: int | None = None


class Endpoint:
    """Sends chat requests to one server. To be made and used in one event loop.

    Args:
        url: Its address.
        key: Its key.
        timeout: Longest time of a request [s], whatever the server does.
        connections: Most connections.
    """

    def __init__(self, url: str, *, key: BoundKey | None, timeout: float, connections: int) -> None:
        self.origin = origin_of(url)
        self._key = key
        self._timeout = timeout
        self._openai = load_openai()
        self._http = guarded_client(self._openai, self.origin, key, connections=connections)
        # The library gets no key: the transport puts it on. Nor do its environment variables reach the server.
        self._filter = KeyFilter(key) if key is not None else None
        self._client = self._openai.AsyncOpenAI(
            api_key="unused", base_url=url, max_retries=0, timeout=timeout, http_client=self._http
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        if self._filter is not None:
            self._filter.remove()

    async def send(self, params: Mapping[str, Any], *, sent: frozenset[str]) -> Reply:
        """Send one request and wait for the whole reply.

        Args:
            params: Of the chat completion; with ``stream`` the reply is put together here.
            sent: What the request uses, for :class:`UnsupportedError`.

        Raises:
            TransientError: It may go well the next time.
            UnsupportedError: The server does not take such a request.
            EndpointError: The server will take none.
            RefusalError: The model declined.
        """
        openai = self._openai
        try:
            return await asyncio.wait_for(self._send(dict(params)), self._timeout)
        except (asyncio.TimeoutError, openai.APITimeoutError):
            raise TransientError(
                f"{self.origin} did not answer within {self._timeout:g} s (model_timeout).", kind="timeout"
            ) from None
        except openai.APIStatusError as error:
            raise self._of_status(error, sent) from None
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, ChatError):
                raise error.__cause__ from None
            reason = self._clean(error.__cause__ or error)
            raise TransientError(f"{self.origin} cannot be reached ({reason}).", kind="connection") from None
        except openai.APIError as error:  # in the middle of a stream
            raise TransientError(f"{self.origin} broke off: {self._clean(error)}.", kind="server error") from None
        except UnsupportedError as error:
            raise UnsupportedError(str(error), status=error.status, sent=sent) from None
        except ChatError:
            raise
        except Exception as error:  # the connection ended in the middle of a body, or the body is no text
            raise TransientError(f"the reply of {self.origin} was cut ({self._clean(error)}).", kind="cut reply") from None

    async def _send(self, params: dict[str, Any]) -> Reply:
        create = self._client.chat.completions
        if not params.get("stream"):
            raw = await create.with_raw_response.create(**params)
            response = raw.http_response
            if "event-stream" in response.headers.get("content-type", ""):
                raise UnsupportedError("the server answers by streaming only: stream", status=0)
            return self._of_document(response.text)
        stream = await create.create(**params)
        try:
            if "json" in stream.response.headers.get("content-type", ""):
                return self._of_document((await stream.response.aread()).decode("utf-8", "replace"))
            return await self._of_stream(stream)
        finally:
            await stream.close()

    async def _of_stream(self, stream: Any) -> Reply:
        parts: list[str] = []
        refusal: list[str] = []
        finish, tokens = "", (None, None)
        async for chunk in stream:
            if chunk.usage is not None:
                tokens = _tokens(chunk.usage.model_dump())
            for choice in (chunk.choices or ())[:1]:
                parts.append(choice.delta.content or "")
                refusal.append(getattr(choice.delta, "refusal", None) or "")
                finish = choice.finish_reason or finish
        if not finish:
            raise TransientError(f"the reply of {self.origin} was cut in the middle.", kind="cut reply")
        return self._reply("".join(parts), finish, "".join(refusal), tokens)

    def _of_document(self, text: str) -> Reply:
        try:
            document = json.loads(text)
            choice = document["choices"][0]
            message = choice["message"]
            content, refusal = message.get("content"), message.get("refusal")
            if not isinstance(content, (str, type(None))) or not isinstance(refusal, (str, type(None))):
                raise TypeError("content is no text")
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise TransientError(
                f"{self.origin} answered with something that is no chat completion: '{self._clean(text[:200])}'.",
                kind="no chat completion",
            ) from None
        return self._reply(content or "", str(choice.get("finish_reason") or "stop"), refusal, _tokens(document.get("usage")))

    def _reply(self, text: str, finish: str, refusal: str | None, tokens: tuple[int | None, int | None]) -> Reply:
        if refusal or finish == "content_filter":
            raise RefusalError(f"the model declined ({self._clean(refusal or 'content filter')}).")
        if self._key is not None:
            text = self._key.redact(text)  # a server knows the key, and may say it back
        return Reply(text, finish, *tokens)

    def _of_status(self, error: Any, sent: frozenset[str]) -> ChatError:
        status = int(error.status_code)
        words = self._clean(_server_message(error))
        low = words.lower()
        said = f"{self.origin} answered {status}" + (f": {words}" if words else "") + ("" if words.endswith(".") else ".")
        if status in (401, 403):
            source = self._key.source if self._key is not None else ""
            why = f"Check the key in {source}." if source else "No key was sent; give model_key_variable or model_key_file."
            return EndpointError(said, remedy=why)
        if 300 <= status < 400:
            return EndpointError(f"{said} Redirects are not followed.", remedy="Give the address itself in model_url.")
        if status == 402 or (status == 429 and _QUOTA.search(low)):
            return EndpointError(said, remedy="The account has no quota left.")
        if _TOO_LONG.search(low):
            return ReplyError(
                f"{said} The prompt or the reply is too long for the model: lower model_max_relations or model_max_tokens."
            )
        if status in (404, 400, 422) and _NO_MODEL.search(low):
            return EndpointError(said, remedy="model_name must be a name that the server lists.")
        if status in (408, 409, 425, 429) or (status >= 500 and status != 501 and not _UNSUPPORTED.search(low)):
            kind = "rate limited" if status == 429 else "server error"
            return TransientError(said, kind=kind, wait=_wait(error.response.headers))
        return UnsupportedError(said, status=status, sent=sent)

    def _clean(self, value: object) -> str:
        """Return a message of somebody else's as one line without the key in it."""
        text = str(value)[: 4 * _MAX_MESSAGE]
        if self._key is not None:
            text = self._key.redact(str(value))[: 4 * _MAX_MESSAGE]
        return clean_text(text, limit=_MAX_MESSAGE).rstrip(".")


def _server_message(error: Any) -> str:
    body = error.body
    for name in ("error", "message", "detail"):
        if isinstance(body, Mapping) and name in body:
            body = body[name]
            if isinstance(body, Mapping):
                body = body.get("message", body)
            break
    text = body if isinstance(body, str) else json.dumps(body, default=str) if body else ""
    code = error.body.get("code") if isinstance(error.body, Mapping) else None
    return f"{text} ({code})" if code and isinstance(code, str) and code not in text else text


def _tokens(usage: Any) -> tuple[int | None, int | None]:
    if not isinstance(usage, Mapping):
        return None, None
    values = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    first, second = (value if type(value) is int and 0 <= value < 10**9 else None for value in values)
    return first, second


def _wait(headers: Mapping[str, str]) -> float | None:
    """Return how long a server asks to wait [s], from Retry-After as seconds, or as a date by the server's own clock."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None
