"""Texts as training data: what a person asks for, what a model should answer, and nothing that a trainer takes for markup."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from scenecap.output.dataset.documents import CaptionDocument, QuestionAnswer
from scenecap.output.export.settings import ExportSettings, TextKind

#: What stands for the picture in a conversation.
IMAGE_TOKEN = "<image>"

#: Angle brackets, and what Unicode's compatibility forms turn into them: ``<image>`` in a label must not become a token.
_BRACKETS = str.maketrans(dict.fromkeys("<\uff1c\ufe64", "\u2039") | dict.fromkeys(">\uff1e\ufe65", "\u203a"))

#: How the notes of a caption document say that a text was flagged.
_FLAGGED = re.compile(r"(brief|global|qa)_caption: flagged: ")

#: Ways to ask for a text.
INSTRUCTIONS: Mapping[TextKind, tuple[str, ...]] = MappingProxyType(
    {
        TextKind.BRIEF: (
            "Say in one sentence what can be seen here.",
            "What does this picture show? One sentence will do.",
            "Sum up the picture in a single sentence.",
            "Give a short caption for this picture.",
            "In a sentence: what is in view?",
            "Write one line that says what is in the picture.",
            "Caption this picture briefly.",
            "Name the main things in this picture in one sentence.",
        ),
        TextKind.GLOBAL: (
            "Describe this picture in detail.",
            "What is in the picture, and where is it? Take a paragraph.",
            "Write a paragraph about the scene: its objects, and how they are arranged.",
            "Go through the picture and say what rests on what and what is where.",
            "Give a full description of what can be seen.",
            "Explain the scene to someone who cannot see it.",
            "Which objects are here, and how are they placed to each other?",
            "Describe the objects in this scene and how they stand to one another.",
        ),
        TextKind.QA: (
            "Answer in a few words.",
            "Keep your answers short.",
            "A word or a short phrase is enough.",
            "Answer briefly.",
        ),
    }
)


def neutral(text: str) -> str:
    """Return a text without angle brackets: they become single guillemets, so no token can be spelled in it."""
    return text.translate(_BRACKETS)


def pick(options: Sequence[str], *, seed: int, key: str) -> str:
    """Return one of some texts: the same for the same seed and key."""
    return options[_number(f"{seed}\n{key}") % len(options)]


def flagged_kinds(captions: CaptionDocument) -> frozenset[TextKind]:
    """Return the texts of a frame in which the verifier found what the scene does not support, and that were kept flagged."""
    notes = captions.raw.get("notes")
    found = (_FLAGGED.match(note) for note in (notes if isinstance(notes, list) else ()) if isinstance(note, str))
    return frozenset(TextKind(match[1]) for match in found if match)


def chosen_questions(captions: CaptionDocument, settings: ExportSettings, *, key: str) -> tuple[QuestionAnswer, ...]:
    """Return the questions of a frame that are exported, in the dataset's order."""
    asked = captions.questions if TextKind.QA in _wanted(captions, settings) else ()
    if settings.questions is None or len(asked) <= settings.questions:
        return asked
    order = sorted(range(len(asked)), key=lambda place: (_number(f"{settings.seed}\n{key}\n{place}"), place))
    return tuple(asked[place] for place in sorted(order[: settings.questions]))


def captions_of(captions: CaptionDocument, settings: ExportSettings) -> dict[TextKind, str]:
    """Return the captions of a frame that are exported, without its questions."""
    found = {TextKind.BRIEF: captions.brief, TextKind.GLOBAL: captions.overall}
    wanted = _wanted(captions, settings)
    return {kind: text.text for kind, text in found.items() if kind in wanted and text is not None and text.text}


def _wanted(captions: CaptionDocument, settings: ExportSettings) -> frozenset[TextKind]:
    return frozenset(settings.kinds) - (frozenset() if settings.keep_flagged else flagged_kinds(captions))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
