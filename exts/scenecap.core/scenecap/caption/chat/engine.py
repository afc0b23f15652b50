"""Captions of frames by a chat model: many frames at a time, each with the template's text behind it."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from scenecap.caption.chat.account import Account
from scenecap.caption.chat.claim_check import ClaimCheck
from scenecap.caption.chat.client import Clock
from scenecap.caption.chat.errors import BudgetError, ChatError
from scenecap.caption.chat.frame_job import FrameJob, prepare_job
from scenecap.caption.chat.prompts import CAPTION_PROMPTS
from scenecap.caption.chat.session import ChatSession
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.model import Captions
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.graph.model import SceneGraph


class ChatEngine:
    """Asks a model for the captions of a run's frames.

    Requests run in one thread of their own; :meth:`submit` returns at once. To be closed, or used with ``with``.

    Args:
        settings: Model, server, limits.
        captions: Which texts are wanted.
        claim_check: Says what of a text the scene does not support; None accepts every text.
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
        claim_check: ClaimCheck | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._captions = captions
        self._claim_check = claim_check
        self.account = Account()
        self._session = ChatSession(settings, prompts=CAPTION_PROMPTS, environ=environ, clock=clock)

    def __enter__(self) -> ChatEngine:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Find out what the endpoint can do, unless that is remembered.

        Raises:
            UsageError: The model cannot be asked: before the first frame that is an error, later a reason for templates.
        """
        try:
            self._session.prepare()
        except BudgetError:
            pass  # a run that may cost nothing is written by templates, and says so
        except ChatError as error:
            raise UsageError(
                f"engine: chat: {error}", remedy="" if getattr(error, "remedy", "") else "'engine: template' needs no model."
            ) from None

    def check(self) -> dict[str, Any]:
        """Probe the endpoint anew, whatever is remembered of it, and return what it can do.

        Raises:
            ChatError: It cannot be asked.
        """
        return self._session.check()

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
        job = prepare_job(frame, graph, base, self._settings, wanted, self._session.prompts)
        return self._session.start(self._make(job))

    async def _make(self, job: FrameJob) -> Captions:
        captions, account = await job.make(self._session.client, self._claim_check, before=self._session.probe)
        self.account.add(account)
        self._session.watch(replied=bool(account.replies), silent=account.silent)
        return captions

    def summary(self) -> dict[str, Any]:
        """Return what was asked, spent, and written by whom, as JSON values."""
        return {**self.account.to_json(), **self._session.summary()}

    def close(self) -> None:
        """End what is under way and close the connections."""
        self._session.close()


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
    rungs = {"json_schema": "a JSON schema", "json_object_schema": "JSON mode with a schema", "json_object": "JSON mode"}
    how = rungs.get(known["rung"], "plain text")
    extras = [name for name, has in (("streaming only", known["stream"]), ("pictures", settings.picture)) if has]
    also = f", {', '.join(extras)}" if extras else ""
    return True, f"{settings.name} answers ({how}{also})."
