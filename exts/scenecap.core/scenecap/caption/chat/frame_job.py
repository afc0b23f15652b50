"""One frame's texts: asked for, checked, held against the scene, and replaced by the template's where that is needed."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scenecap.caption.chat.account import DROPPED, NOT_SUPPORTED, FrameAccount, reason_of
from scenecap.caption.chat.claim_check import ClaimCheck, FailedClaim, Failures
from scenecap.caption.chat.client import ChatClient
from scenecap.caption.chat.errors import ChatError, TransientError
from scenecap.caption.chat.picture import picture_url
from scenecap.caption.chat.prompts import Prompts
from scenecap.caption.chat.quoting import block, label_of, note_of, quoted
from scenecap.caption.chat.replies import BRIEF, GLOBAL, QUESTIONS, Texts, reply_schema, texts_of
from scenecap.caption.chat.requests import Message
from scenecap.caption.chat.scene_data import scene_block
from scenecap.caption.chat.settings import ChatSettings, OnUnsupported, Requests
from scenecap.caption.chat.structured import Form, ask_structured, said
from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Caption, Captions, CaptionSource, ModelFacts
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph

#: How often claims are sent back.
MAX_REPAIRS = 2
_KEYS = {BRIEF: "brief_caption", GLOBAL: "global_caption", QUESTIONS: "qa_caption"}

Before = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class _Talk:
    """A conversation about some of the texts."""

    asked: tuple[str, ...]
    messages: tuple[Message, ...]
    instructions: str
    replied: str = ""


@dataclass
class _Text:
    """A model's text and what became of it."""

    value: Any
    talk: _Talk
    repairs: int = 0

    @property
    def source(self) -> CaptionSource:
        return CaptionSource.MODEL_REPAIRED if self.repairs else CaptionSource.MODEL


def prepare_job(
    frame: Frame,
    graph: SceneGraph,
    base: Captions,
    settings: ChatSettings,
    captions: CaptionSettings,
    prompts: Prompts,
) -> FrameJob:
    """Put a frame's requests into words; no request is sent yet.

    Raises:
        ConfigError: A template of the user's is wrong.
    """
    asked = tuple(
        name
        for name, wanted in ((BRIEF, captions.brief), (GLOBAL, captions.overall), (QUESTIONS, captions.questions))
        if wanted
    )
    scene = scene_block(Inventory(graph, frame, captions), base.references, settings)
    picture = picture_url(frame, graph, edge=settings.picture_edge, marks=settings.marks) if settings.picture else None
    system = prompts.render("system", picture=picture is not None, marks=picture is not None and settings.marks)
    limits = {"max_sentences": captions.max_sentences, "max_questions": settings.max_questions}
    talks = []
    for group in (asked,) if settings.requests is Requests.TOGETHER else tuple((name,) for name in asked):
        text = prompts.render("captions", scene=scene, asked=list(group), **limits)
        instructions = f"{system}\n{prompts.render('captions', scene='', asked=list(group), **limits)}"
        messages = (Message("system", system), Message("user", text, picture))
        talks.append(_Talk(group, messages, instructions))
    if settings.picture and picture is None:
        missing = "the model was asked without a picture: the frame has none."
        base = dataclasses.replace(base, notes=(*base.notes, missing))
    return FrameJob(frame, graph, base, settings, prompts, tuple(talks))


class FrameJob:
    """One frame's requests and what comes of them; made by :func:`prepare_job`."""

    def __init__(
        self,
        frame: Frame,
        graph: SceneGraph,
        base: Captions,
        settings: ChatSettings,
        prompts: Prompts,
        talks: tuple[_Talk, ...],
    ) -> None:
        self._frame = frame
        self._graph = graph
        self._base = base
        self._settings = settings
        self._prompts = prompts
        self._talks = talks
        self._texts: dict[str, _Text] = {}
        self._account = FrameAccount()
        self._notes: list[str] = []
        self._dropped: set[str] = set()

    async def make(
        self, client: ChatClient, claim_check: ClaimCheck | None, *, before: Before
    ) -> tuple[Captions, FrameAccount]:
        """Ask, check, repair.

        Args:
            client: Asks the model.
            claim_check: Says what the scene does not support; None accepts all.
            before: Awaited before a first real request.
        """
        await asyncio.gather(*(self._ask(client, talk, before) for talk in self._talks))
        policy = self._settings.on_unsupported
        if claim_check is not None and policy is not OnUnsupported.ACCEPT and self._texts:
            failed = await self._check(claim_check)
            for _ in range(MAX_REPAIRS if policy is OnUnsupported.REPAIR else 0):
                if not failed:
                    break
                await self._repair(client, failed)
                failed = await self._check(claim_check)
            for name, claims in failed.items():
                self._not_supported(name, claims, policy)
        return self._captions(), self._account

    async def _ask(self, client: ChatClient, talk: _Talk, before: Before) -> None:
        try:
            texts, replied = await self._structured(client, talk, before)
        except ChatError as error:
            for name in talk.asked:
                self._template(name, reason_of(error), str(error))
            self._account.silent = self._account.silent or isinstance(error, TransientError)
            return
        done = dataclasses.replace(talk, replied=replied)
        for name, value in _values(texts, talk.asked):
            self._texts[name] = _Text(value, done)

    async def _structured(self, client: ChatClient, talk: _Talk, before: Before | None) -> tuple[Texts, str]:
        nodes, limit = len(self._graph.nodes), self._settings.max_questions

        def parse(reply: str) -> Texts:
            return texts_of(reply, talk.asked, nodes=nodes, max_questions=limit, instructions=talk.instructions)

        form = Form("captions", reply_schema(talk.asked, nodes=nodes), parse)
        return await ask_structured(
            client, self._prompts, talk.messages, form, before=before, on_reply=self._account.count_reply
        )

    async def _repair(self, client: ChatClient, failed: Failures) -> None:
        """Send failed claims back, once for each conversation; what comes replaces the texts that failed."""
        talks = {id(self._texts[name].talk): self._texts[name].talk for name in failed}
        await asyncio.gather(*(self._repair_talk(client, talk, failed) for talk in talks.values()))

    async def _repair_talk(self, client: ChatClient, talk: _Talk, failed: Failures) -> None:
        names = tuple(name for name in talk.asked if name in failed and self._texts[name].talk is talk)
        lines = [
            quoted({"text": name, "statement": note_of(claim.words), "problem": note_of(claim.why)})
            for name in names
            for claim in failed[name][:20]
        ]
        request = self._prompts.render("repair_claims", claims=block("claims", lines), asked=list(names))
        messages = (*talk.messages, said(talk.replied), Message("user", request))
        again = dataclasses.replace(talk, asked=names, messages=messages)
        try:
            texts, replied = await self._structured(client, again, None)
        except ChatError as error:
            for name in names:
                self._texts[name].repairs = MAX_REPAIRS  # its claims stand; the last check says what becomes of it
                self._notes.append(f"{_KEYS[name]}: a repair could not be had: {error}")
            return
        done = dataclasses.replace(again, replied=replied)
        for name, value in _values(texts, names):
            self._texts[name] = _Text(value, done, self._texts[name].repairs + 1)

    async def _check(self, claim_check: ClaimCheck) -> dict[str, tuple[FailedClaim, ...]]:
        captions = self._captions()
        found = await asyncio.get_running_loop().run_in_executor(None, claim_check, captions, self._graph, self._frame)
        return {name: claims for name, claims in found.items() if name in self._texts and claims}

    def _not_supported(self, name: str, claims: Sequence[FailedClaim], policy: OnUnsupported) -> None:
        shown = "; ".join(f"'{label_of(claim.words)}' ({label_of(claim.why)})" for claim in claims[:3])
        more = f" and {len(claims) - 3} more" if len(claims) > 3 else ""
        said = f"the scene does not support {shown}{more}"
        if policy is OnUnsupported.FLAG:
            self._notes.append(f"{_KEYS[name]}: flagged: {said}.")
            return
        if name == QUESTIONS:  # questions stand alone: the others are kept
            bad = {claim.question for claim in claims}
            kept = tuple(item for place, item in enumerate(self._texts[name].value) if place not in bad)
            if kept and None not in bad:
                self._texts[name].value = kept
                self._notes.append(f"{_KEYS[name]}: {len(bad)} questions were left out: {said}.")
                return
        if policy is OnUnsupported.DROP:
            del self._texts[name]
            self._dropped.add(name)
            self._account.reasons[name] = NOT_SUPPORTED
            self._notes.append(f"{_KEYS[name]}: left out: {said}.")
            return
        after = f" after {self._texts[name].repairs} repairs" if policy is OnUnsupported.REPAIR else ""
        self._template(name, NOT_SUPPORTED, f"{said}{after}.")

    def _template(self, name: str, reason: str, words: str) -> None:
        self._texts.pop(name, None)
        self._account.reasons[name] = reason
        self._notes.append(f"{_KEYS[name]}: written by template: {words}")

    def _captions(self) -> Captions:
        """Return the captions as they stand, and count them."""
        asked = [name for talk in self._talks for name in talk.asked]
        sources = {name: self._source(name) for name in asked}
        self._account.sources = sources
        questions = self._texts.get(QUESTIONS)
        facts = ModelFacts(
            name=self._settings.name,
            profile=self._settings.profile.value,
            picture=any(message.picture is not None for talk in self._talks for message in talk.messages),
            prompts=self._prompts.versions,
            questions=questions.source if questions is not None else CaptionSource.TEMPLATE,
        )
        base = self._base
        template = () if QUESTIONS in self._dropped else base.questions
        return dataclasses.replace(
            base,
            brief=self._caption(BRIEF, base.brief),
            overall=self._caption(GLOBAL, base.overall),
            questions=questions.value if questions is not None else template,
            notes=(*base.notes, *self._notes),
            model=facts,
        )

    def _caption(self, name: str, template: Caption | None) -> Caption | None:
        text = self._texts.get(name)
        if text is not None:
            return Caption(text.value, source=text.source)
        return None if name in self._dropped else template

    def _source(self, name: str) -> str:
        text = self._texts.get(name)
        if text is not None:
            return text.source.value
        return DROPPED if name in self._dropped else CaptionSource.TEMPLATE.value


def _values(texts: Texts, asked: Sequence[str]) -> list[tuple[str, Any]]:
    values: Mapping[str, Any] = {BRIEF: texts.brief, GLOBAL: texts.overall, QUESTIONS: texts.questions}
    return [(name, values[name]) for name in asked]
