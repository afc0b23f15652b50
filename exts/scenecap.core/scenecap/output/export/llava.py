"""LLaVA's conversation files: a JSON list of ``id``, ``image``, and turns of a person and a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenecap.output.dataset.documents import CaptionDocument
from scenecap.output.export.settings import ExportSettings, TextKind
from scenecap.output.export.texts import IMAGE_TOKEN, INSTRUCTIONS, captions_of, chosen_questions, neutral, pick

Turn = tuple[str, str]


def conversations(name: str, image: str, captions: CaptionDocument, settings: ExportSettings) -> list[dict[str, Any]]:
    """Return the conversations about one picture; none where it has no text of the kinds that are exported.

    Args:
        name: Of the frame, unique in the export.
        image: The picture, relative to the export's ``images``.
        captions: The frame's texts.
        settings: Which texts, joined or apart.
    """
    parts = dict(_parts(name, captions, settings))
    if settings.join and parts:
        return [_entry(name, image, [turn for turns in parts.values() for turn in turns])]
    return [_entry(f"{name}/{kind.value}", image, turns) for kind, turns in parts.items()]


def _parts(name: str, captions: CaptionDocument, settings: ExportSettings) -> Iterator[tuple[TextKind, list[Turn]]]:
    """Yield the turns of each kind of text."""
    for kind, text in captions_of(captions, settings).items():
        yield kind, [(_instruction(name, kind, settings), neutral(text))]
    questions = chosen_questions(captions, settings, key=name)
    if questions:
        turns = [(neutral(item.question), neutral(item.answer)) for item in questions]
        first, answer = turns[0]
        yield TextKind.QA, [(f"{first} {_instruction(name, TextKind.QA, settings)}", answer), *turns[1:]]


def _instruction(name: str, kind: TextKind, settings: ExportSettings) -> str:
    return pick(INSTRUCTIONS[kind], seed=settings.seed, key=f"{name}/{kind.value}")


def _entry(identifier: str, image: str, turns: list[Turn]) -> dict[str, Any]:
    values: list[dict[str, str]] = []
    for place, (asked, answered) in enumerate(turns):
        # The picture stands before the first turn, and only there.
        values.append({"from": "human", "value": f"{IMAGE_TOKEN}\n{asked}" if place == 0 else asked})
        values.append({"from": "gpt", "value": answered})
    return {"id": identifier, "image": image, "conversations": values}
