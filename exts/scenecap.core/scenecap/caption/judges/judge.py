"""Ask a model to judge the captions of one frame: in several orders, each answer checked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenecap.caption.chat.errors import ChatError, TransientError
from scenecap.caption.chat.prompts import JUDGE_PROMPTS
from scenecap.caption.chat.quoting import block, quoted
from scenecap.caption.chat.replies import LIMITS
from scenecap.caption.chat.requests import Message
from scenecap.caption.chat.scene_data import scene_block
from scenecap.caption.chat.session import ChatSession
from scenecap.caption.chat.settings import ChatSettings
from scenecap.caption.chat.structured import Form, ask_structured
from scenecap.caption.inventory import Inventory
from scenecap.caption.judges.model import Arrangement, Judgement, Metric, arrangements, collect, names_of
from scenecap.caption.judges.replies import Answer, answers_of, judge_schema
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph
from scenecap.text import clean_text

#: Longest caption that is shown to a judge [characters].
MAX_CAPTION = LIMITS["global"]


@dataclass(frozen=True)
class Case:
    """Captions of one frame that are judged side by side.

    Attributes:
        captions: The candidates.
        context: The frame's data as a block of a prompt, for VisCE2.
        reference: The caption that is taken to be right, for CapScore.
        picture: The picture as a data URL, for models that see.
        is_brief: Whether the captions were meant to be one sentence.
    """

    captions: tuple[str, ...]
    context: str = ""
    reference: str = ""
    picture: str | None = None
    is_brief: bool = False


def context_of(graph: SceneGraph, frame: Frame, settings: ChatSettings) -> str:
    """Return a frame's objects, attributes and relations as a block of a prompt: VisCE2's visual context, from the graph.

    The paper has a model extract it from the picture (Maeda et al. 2024, arXiv:2402.17969); here it is known.
    """
    return scene_block(Inventory(graph, frame, CaptionSettings.model_validate({})), {}, settings)


class CaptionJudge:
    """Judges captions by one metric.

    Args:
        session: Asks the model; opened with :data:`JUDGE_PROMPTS`.
        metric: How.
        wanted: In how many arrangements each case is shown.
    """

    prompts: Sequence[str] = JUDGE_PROMPTS

    def __init__(self, session: ChatSession, metric: Metric, *, wanted: int) -> None:
        self._session = session
        self._metric = metric
        self._wanted = wanted

    async def judge(self, case: Case) -> tuple[Judgement, ...]:
        """Return what the judge says of each candidate; never fails for what a model or server does."""
        orders = arrangements(len(case.captions), self._wanted)
        outcomes = await asyncio.gather(*(self._ask(case, order) for order in orders))
        silent = any(isinstance(item, TransientError) for item in outcomes)
        self._session.watch(replied=not all(isinstance(item, ChatError) for item in outcomes), silent=silent)
        return tuple(_judgement(outcomes, number) for number in range(len(case.captions)))

    async def _ask(self, case: Case, order: Arrangement) -> dict[int, Answer] | ChatError:
        """Return the answer about each candidate by its number, or why there is none."""
        places = order.order(len(case.captions))
        messages = self._messages(case, order, places)

        def parse(reply: str) -> list[Answer]:
            return answers_of(reply, self._metric, len(places))

        form = Form("judgement", judge_schema(self._metric, len(places)), parse)
        session = self._session
        try:
            answers, _ = await ask_structured(session.client, session.prompts, messages, form, before=session.probe)
        except ChatError as error:
            return error
        return dict(zip(places, answers, strict=True))

    def _messages(self, case: Case, order: Arrangement, places: Sequence[int]) -> tuple[Message, ...]:
        prompts = self._session.prompts
        shown = [clean_text(case.captions[number], limit=MAX_CAPTION) for number in places]
        if self._metric is Metric.VISCE2:
            caption = block("captions", [quoted({"caption": text}) for text in shown])
            text = prompts.render(
                "judge_visce2",
                scene=case.context,
                caption=caption,
                turned=order.turned,
                picture=case.picture is not None,
                brief=case.is_brief,
            )
        else:
            lines = [
                quoted({"candidate": name, "caption": text}) for name, text in zip(names_of(len(shown)), shown, strict=True)
            ]
            truth = quoted({"caption": clean_text(case.reference, limit=MAX_CAPTION)})
            text = prompts.render(
                "judge_capscore",
                reference=block("reference", [truth]),
                captions=block("captions", lines),
                count=len(shown),
                turned=order.turned,
            )
        return (Message("system", prompts.render("judge_system")), Message("user", text, case.picture))


def _judgement(outcomes: Sequence[Mapping[int, Answer] | ChatError], number: int) -> Judgement:
    answers = [None if isinstance(item, ChatError) else item[number] for item in outcomes]
    return collect(
        [None if answer is None else answer.scores for answer in answers],
        [answer.reason for answer in answers if answer is not None],
        [clean_text(item, limit=400) for item in outcomes if isinstance(item, ChatError)],
    )
