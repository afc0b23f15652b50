"""One model, open for questions: its server, key, kept replies, limits and prompts, and the thread that requests run in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from scenecap.caption.chat.address import origin_of
from scenecap.caption.chat.cache import ReplyCache, default_cache_folder
from scenecap.caption.chat.client import ChatClient, Clock, SystemClock
from scenecap.caption.chat.endpoint import Endpoint
from scenecap.caption.chat.errors import EndpointError
from scenecap.caption.chat.keys import BoundKey, find_key
from scenecap.caption.chat.probe import probe
from scenecap.caption.chat.profiles import PROFILES
from scenecap.caption.chat.prompts import Prompts
from scenecap.caption.chat.settings import ChatSettings
from scenecap.errors import UsageError

_T = TypeVar("_T")


class ChatSession:
    """What all that ask a model share. To be closed, or used with ``with``.

    Args:
        settings: Model, server, limits.
        prompts: Names of the templates that are used.
        environ: Where keys are looked for; the environment.
        clock: Time; the machine's.

    Attributes:
        settings: As given.
        prompts: The templates.
        client: Asks the model; used in the session's own thread only (:meth:`start`).

    Raises:
        UsageError: Something is missing that no request can do without: a model's name, an address, a key.
        MissingExtraError: The extra ``models`` is not installed.
    """

    def __init__(
        self,
        settings: ChatSettings,
        *,
        prompts: Sequence[str],
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._url = server_url(settings)
        if not settings.name:
            raise UsageError(
                "model_name: no model is given.", remedy="Give its name as its server lists it; there is no default."
            )
        self._key = find_key(settings, origin_of(self._url), environ=environ)
        self.prompts = Prompts(settings.prompts, names=prompts)
        self._cache = ReplyCache(settings.cache_path or default_cache_folder()) if settings.cache else None
        self._silent = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scenecap-chat", daemon=True)
        self._thread.start()
        try:
            self.client, self._endpoint = self.wait_for(self._open(self._key))
        except BaseException:
            self._stop_loop()
            raise

    def __enter__(self) -> ChatSession:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    async def _open(self, key: BoundKey | None) -> tuple[ChatClient, Endpoint]:
        settings = self.settings
        endpoint = Endpoint(self._url, key=key, timeout=settings.timeout, connections=settings.concurrency)
        client = ChatClient(
            endpoint,
            url=self._url,
            settings=settings,
            start=PROFILES[settings.profile].start,
            cache=self._cache,
            clock=self._clock,
        )
        self._probing = asyncio.Lock()
        return client, endpoint

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Run something in the session's thread, and return at once."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run something in the session's thread, and return its outcome."""
        return self.start(work).result()

    def prepare(self) -> None:
        """Find out what the endpoint can do, unless that is remembered.

        Raises:
            ChatError: It cannot be asked.
        """
        if not self.client.is_probed:
            self.wait_for(self.probe())

    def check(self) -> dict[str, Any]:
        """Probe the endpoint anew, whatever is remembered of it, and return what it can do.

        Raises:
            ChatError: It cannot be asked.
        """
        self.client.forget(PROFILES[self.settings.profile].start)
        self.wait_for(self.probe())
        return self.client.known.to_json()

    async def probe(self) -> None:
        """Find out what the endpoint can do, once for all who wait for it: what is awaited before a first request."""
        async with self._probing:
            if not self.client.is_probed:
                await probe(self.client, picture=self.settings.picture)

    def watch(self, *, replied: bool, silent: bool) -> None:
        """Count what comes of piece after piece of work: after many in a row without a reply, nothing more is asked.

        Each would cost all its repetitions.

        Args:
            replied: Whether there was any reply, a kept one too.
            silent: Whether the server did not answer.
        """
        self._silent = 0 if replied or not silent else self._silent + 1
        if self._silent >= self.settings.give_up_after:
            self.client.end(EndpointError(f"{self._silent} in a row got no reply (model_give_up_after)."))

    def summary(self) -> dict[str, Any]:
        """Return what was asked and spent, as JSON values."""
        client = self.client
        tokens_in, tokens_out = client.budget.tokens
        return {
            "requests": client.budget.requests,
            "replies_kept": client.traffic.cached,
            "repeated": client.traffic.repeated,
            "failed_requests": dict(sorted(client.traffic.failures.items())),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "money": round(client.budget.money, 6),
            "ended": "" if client.ended is None else str(client.ended),
            "endpoint": client.known.to_json(),
        }

    def close(self) -> None:
        """End what is under way and close the connections."""
        if self._loop.is_closed():
            return
        self.wait_for(self._close())
        self._stop_loop()

    async def _close(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._endpoint.close()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def server_url(settings: ChatSettings) -> str:
    """Return the address of the server.

    Raises:
        UsageError: There is none.
    """
    url = settings.url or PROFILES[settings.profile].url
    if not url:
        raise UsageError(
            "model_url: no address is given.", remedy="Give the server's, up to and with /v1, or a model_profile that has one."
        )
    return url
