"""A polite client around an endpoint: kept replies, budget, bounded concurrency, repetitions, what the endpoint can do."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from scenecap.caption.chat.budget import Budget, Reservation, estimate_tokens
from scenecap.caption.chat.cache import ReplyCache, cache_key
from scenecap.caption.chat.capabilities import Capabilities, corrected
from scenecap.caption.chat.endpoint import Reply
from scenecap.caption.chat.errors import BudgetError, ChatError, EndpointError, TransientError, UnsupportedError
from scenecap.caption.chat.requests import Ask, params_of
from scenecap.caption.chat.settings import ChatSettings

_LOG = logging.getLogger(__name__)
#: Most corrections of what an endpoint can do, in one request.
_MAX_CORRECTIONS = 10


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> float:
        """Seconds since any moment; it only ever grows."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> float:
        """Seconds since any moment."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Sender(Protocol):
    """What sends a request: :class:`scenecap.caption.chat.endpoint.Endpoint`."""

    async def send(self, params: Mapping[str, Any], *, sent: frozenset[str]) -> Reply:
        """Send one request and wait for the whole reply."""
        ...


@dataclass
class Traffic:
    """What went to the server and what came back, of one run.

    Attributes:
        cached: Replies that were there already.
        repeated: Requests that were sent again.
        failures: Requests without a usable reply, by kind.
        corrections: Times that the endpoint turned out to be unable to do something.
    """

    cached: int = 0
    repeated: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    corrections: int = 0


class ChatClient:
    """Asks one model. Used from one event loop.

    Args:
        sender: The endpoint.
        url: Its address; what is remembered of it, and kept replies, belong to this.
        settings: Model, limits, sampling.
        start: What the endpoint is taken to be able to do.
        cache: Kept replies, or None.
        clock: Time.
    """

    def __init__(
        self,
        sender: Sender,
        *,
        url: str,
        settings: ChatSettings,
        start: Capabilities,
        cache: ReplyCache | None,
        clock: Clock | None = None,
    ) -> None:
        self._sender = sender
        self._url = url
        self._settings = settings
        self._cache = cache
        self._clock = clock or SystemClock()
        self._gate = asyncio.Semaphore(settings.concurrency)
        self._pause_until = 0.0
        self._endpoint_key = _endpoint_key(url, settings)
        known = cache.capabilities(self._endpoint_key) if cache is not None else None
        self.known = known or start
        self.is_probed = known is not None
        self.budget = Budget(settings)
        self.traffic = Traffic()
        self._ended: ChatError | None = None

    @property
    def max_tokens(self) -> int:
        """Longest reply [tokens]."""
        return self._settings.max_tokens

    @property
    def ended(self) -> ChatError | None:
        """Why nothing is asked any more, or None."""
        return self._ended

    def end(self, reason: ChatError) -> None:
        """Ask nothing any more; kept replies are still found."""
        if self._ended is None:
            self._ended = reason
            _LOG.warning("the model is not asked any more: %s", reason)

    def remember(self, known: Capabilities) -> None:
        """Take over what is known of the endpoint, for this run and the next."""
        self.known, self.is_probed = known, True
        if self._cache is not None:
            self._cache.remember(self._endpoint_key, known)

    def forget(self, start: Capabilities) -> None:
        """Begin anew with what an endpoint is taken to be able to do."""
        self.known, self.is_probed = start, False

    async def ask(self, ask: Ask, *, before: Callable[[], Awaitable[None]] | None = None, use_cache: bool = True) -> Reply:
        """Return the model's reply.

        Args:
            ask: Messages and schema.
            before: Awaited before a first request is really sent: the probe. Kept replies do not need it.
            use_cache: Whether a kept reply will do, and a new one is kept.

        Raises:
            ChatError: There is none; says why.
        """
        cache = self._cache if use_cache else None
        for _ in range(_MAX_CORRECTIONS):
            known = self.known
            params, sent = params_of(ask, self._settings, known)
            key = cache_key(self._url, params)
            reply = cache.get(key) if cache is not None else None
            if reply is not None:
                self.traffic.cached += 1
                return reply
            if self._ended is not None:
                raise self._ended
            if before is not None:
                await before()
                before = None
                if self.known != known:
                    continue
            try:
                reply = await self._send_patiently(ask, params, sent, key)
            except UnsupportedError as error:
                self._correct(known, error)
                continue
            if cache is not None:
                cache.put(key, reply)
            return reply
        raise EndpointError("the endpoint refuses one thing after another; nothing is left to leave out.")

    def _correct(self, known: Capabilities, error: UnsupportedError) -> None:
        """Learn from a refusal, or raise it where there is nothing to learn."""
        if self.known != known:
            return  # somebody else has, while this request was under way
        better = corrected(known, str(error), status=error.status, sent=error.sent)
        if better is None:
            raise error
        self.traffic.corrections += 1
        _LOG.info("the endpoint cannot do what was asked (%s); asking differently", error)
        if self.is_probed:
            self.remember(better)
        else:
            self.known = better

    async def _send_patiently(self, ask: Ask, params: Mapping[str, Any], sent: frozenset[str], key: str) -> Reply:
        """Send a request, and again where it failed by chance."""
        characters = sum(len(message.text) for message in ask.messages) + len(ask.schema_text)
        pictures = sum(message.picture is not None for message in ask.messages)
        cost = Reservation(estimate_tokens(characters, pictures, self._settings.picture_edge), self._settings.max_tokens)
        attempt = 0
        while True:
            try:
                return await self._send_once(params, sent, cost)
            except TransientError as error:
                self.traffic.failures[error.kind] += 1
                wait = self._wait(error, key, attempt)
                if attempt >= self._settings.retries or wait is None:
                    again = f" It was asked {attempt + 1} times." if attempt else ""
                    raise TransientError(f"{error}{again}", kind=error.kind, wait=error.wait) from None
                if error.kind == "rate limited":  # all requests hold back, not this one alone
                    self._pause_until = max(self._pause_until, self._clock.now() + wait)
                attempt += 1
                self.traffic.repeated += 1
                await self._clock.sleep(wait)

    async def _send_once(self, params: Mapping[str, Any], sent: frozenset[str], cost: Reservation) -> Reply:
        async with self._gate:
            while (pause := self._pause_until - self._clock.now()) > 0:
                await self._clock.sleep(pause)
            if self._ended is not None:
                raise self._ended
            try:
                self.budget.reserve(cost)
            except BudgetError as error:
                self.end(error)
                raise
            reply: Reply | None = None
            try:
                reply = await self._sender.send(params, sent=sent)
                return reply
            except EndpointError as error:
                self.traffic.failures["refused by the server"] += 1
                self.end(error)
                raise
            finally:
                self.budget.settle(cost, reply)

    def _wait(self, error: TransientError, key: str, attempt: int) -> float | None:
        """Return how long to wait before the next attempt; None where the server asks for too much.

        Full jitter over the upper half, seeded by what is asked: the same run waits the same, and a hundred requests that
        failed together do not come back together.
        """
        limit = self._settings.retry_wait_max
        if error.wait is not None and error.wait > limit:
            return None
        base = min(limit, self._settings.retry_wait * 2.0 ** min(attempt, 30))
        jittered = base * random.Random(f"{self._settings.seed} {key} {attempt}").uniform(0.5, 1.0)
        return max(jittered, error.wait or 0.0)


def _endpoint_key(url: str, settings: ChatSettings) -> str:
    facts = [url, settings.profile.value, settings.name, settings.picture, settings.enable_thinking is not None]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
