"""Captions of frames by a chat model: many frames at a time, each with the template's text behind it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from scenecap.caption.chat.account import Account, FrameAccount
from scenecap.caption.chat.address import origin_of
from scenecap.caption.chat.cache import ReplyCache, default_cache_folder
from scenecap.caption.chat.client import ChatClient, Clock, SystemClock
from scenecap.caption.chat.endpoint import Endpoint
from scenecap.caption.chat.errors import BudgetError, ChatError, EndpointError, TransientError
from scenecap.caption.chat.frame_job import FrameJob, Judge, prepare_job
from scenecap.caption.chat.keys import BoundKey, find_key
from scenecap.caption.chat.probe import probe
from scenecap.caption.chat.profiles import PROFILES
from scenecap.caption.chat.prompts import Prompts
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.model import Captions
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.graph.model import SceneGraph

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")


class ChatEngine:
    """Asks a model for the captions of a run's frames.

    Requests run in one thread of their own; :meth:`submit` returns at once. To be closed, or used with ``with``.

    Args:
        settings: Model, server, limits.
        captions: Which texts are wanted.
        judge: Says what of a text the scene does not support; None accepts every text.
        environ: Where keys are looked for; the environment.
        clock: Time; the machine's.

    Raises:
        UsageError: Something is missing that no request can do without: a model's name, an address, a key.
        MissingExtraError: The extra ``models`` is not installed.
    """

    def __init__(
        self,
        settings: ChatSettings,
        captions: CaptionSettings,
        *,
        judge: Judge | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._captions = captions
        self._judge = judge
        self._clock = clock or SystemClock()
        self._url = server_url(settings)
        if not settings.name:
            raise UsageError(
                "model_name: no model is given.", remedy="Give its name as its server lists it; there is no default."
            )
        self._key = find_key(settings, origin_of(self._url), environ=environ)
        self._prompts = Prompts(settings.prompts)
        self._cache = ReplyCache(settings.cache_path or default_cache_folder()) if settings.cache else None
        self.account = Account()
        self._silent_frames = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scenecap-chat", daemon=True)
        self._thread.start()
        try:
            self._client, self._endpoint = self._wait_for(self._open(self._key))
        except BaseException:
            self._stop_loop()
            raise

    def __enter__(self) -> ChatEngine:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    async def _open(self, key: BoundKey | None) -> tuple[ChatClient, Endpoint]:
        settings = self._settings
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

    def prepare(self) -> None:
        """Find out what the endpoint can do, unless that is remembered.

        Raises:
            UsageError: The model cannot be asked: before the first frame that is an error, later a reason for templates.
        """
        if self._client.is_probed:
            return
        try:
            self._wait_for(self._probe())
        except BudgetError:
            pass  # a run that may cost nothing is written by templates, and says so
        except (ChatError, TransientError) as error:
            raise UsageError(
                f"engine: chat: {error}", remedy="" if getattr(error, "remedy", "") else "'engine: template' needs no model."
            ) from None

    def check(self) -> dict[str, Any]:
        """Probe the endpoint anew, whatever is remembered of it, and return what it can do.

        Raises:
            ChatError: It cannot be asked.
        """
        self._client.forget(PROFILES[self._settings.profile].start)
        self._wait_for(self._probe())
        return self._client.known.to_json()

    async def _probe(self) -> None:
        async with self._probing:
            if not self._client.is_probed:
                await probe(self._client, picture=self._settings.picture)

    def submit(
        self, frame: Frame, graph: SceneGraph, base: Captions, *, captions: CaptionSettings | None = None
    ) -> Future[Captions]:
        """Start to ask for a frame's texts.

        Args:
            frame: The frame.
            graph: Its graph.
            base: The template's captions: they stand where the model has nothing that can be used.
            captions: Which texts are wanted of this frame, if other than the engine's.

        Returns:
            A future that never fails for what a model or server does; its captions' notes say what was done and why.
        """
        wanted = self._captions if captions is None else captions
        job = prepare_job(frame, graph, base, self._settings, wanted, self._prompts)
        return asyncio.run_coroutine_threadsafe(self._make(job), self._loop)

    async def _make(self, job: FrameJob) -> Captions:
        captions, account = await job.make(self._client, self._judge, before=self._probe)
        self.account.add(account)
        self._watch(account)
        return captions

    def _watch(self, account: FrameAccount) -> None:
        """After many frames in a row without a reply, ask no more: each would cost all its repetitions."""
        self._silent_frames = 0 if account.replies or not account.silent else self._silent_frames + 1
        if self._silent_frames >= self._settings.give_up_after:
            self._client.end(EndpointError(f"{self._silent_frames} frames in a row got no reply (model_give_up_after)."))

    def summary(self) -> dict[str, Any]:
        """Return what was asked, spent, and written by whom, as JSON values."""
        client = self._client
        tokens_in, tokens_out = client.budget.tokens
        return {
            **self.account.to_json(),
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
        self._wait_for(self._close())
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

    def _wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


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


def check_model(settings: ChatSettings, *, environ: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Ask the model one small question, and say how that went; what it can do is remembered for the next run.

    Returns:
        Whether it can be used, and a sentence for people. It never holds the key.
    """
    from scenecap.errors import ScenecapError

    once = ChatSettings.model_validate(
        {**settings.model_dump(), "budget_requests": None, "budget_tokens": None, "budget_money": None, "retries": 1}
    )
    try:
        with ChatEngine(once, CaptionSettings.model_validate({}), environ=environ) as engine:
            known = engine.check()
    except ScenecapError as error:
        return False, str(error)
    how = {"json_schema": "a JSON schema", "json_object": "JSON mode", "plain": "plain text"}[known["rung"]]
    extras = [name for name, has in (("streaming only", known["stream"]), ("pictures", settings.picture)) if has]
    also = f", {', '.join(extras)}" if extras else ""
    return True, f"{settings.name} answers ({how}{also})."
