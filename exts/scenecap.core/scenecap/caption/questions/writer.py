"""Collects the questions of a frame: a few of each kind, yes and no in balance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from scenecap.caption.choice import Chooser
from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Question, QuestionKind
from scenecap.caption.questions.base import Asker
from scenecap.caption.questions.contact import ask_inside, ask_support
from scenecap.caption.questions.distance import ask_distance, ask_nearest
from scenecap.caption.questions.looks import ask_color, ask_size
from scenecap.caption.questions.place import ask_above_below, ask_between, ask_front_behind, ask_left_right
from scenecap.caption.questions.presence import ask_count, ask_existence
from scenecap.caption.refer.referrer import Referrer

#: Kind -> yields questions: those of the given polarity (True, False), or with an open answer (None), best first.
_WRITERS: dict[QuestionKind, Callable[[Asker, bool | None], Iterator[Question]]] = {
    QuestionKind.EXISTENCE: ask_existence,
    QuestionKind.COUNT: ask_count,
    QuestionKind.COLOR: ask_color,
    QuestionKind.SIZE: ask_size,
    QuestionKind.SUPPORT: ask_support,
    QuestionKind.INSIDE: ask_inside,
    QuestionKind.LEFT_RIGHT: ask_left_right,
    QuestionKind.FRONT_BEHIND: ask_front_behind,
    QuestionKind.ABOVE_BELOW: ask_above_below,
    QuestionKind.NEAREST: ask_nearest,
    QuestionKind.DISTANCE: ask_distance,
    QuestionKind.BETWEEN: ask_between,
}


def write_questions(inventory: Inventory, referrer: Referrer, chooser: Chooser) -> tuple[Question, ...]:
    """Write the questions of a frame, in order of kind.

    Within each kind, and in all, the numbers of questions whose answer is yes and no differ by one at most.

    Args:
        inventory: The frame.
        referrer: Its referring expressions.
        chooser: Decides among candidates and wordings.
    """
    settings = inventory.settings
    asker = Asker(inventory, referrer, chooser)
    most = settings.max_questions_per_kind
    result: list[Question] = []
    surplus = 0  # yes minus no so far
    for kind in QuestionKind:
        if kind not in settings.question_kinds or most == 0:
            continue
        write = _WRITERS[kind]
        opened = _distinct(write(asker, None), most)
        room = most if not opened else max(most // 2, most - len(opened))
        half = -(-room // 2)
        yes, no = _distinct(write(asker, True), half), _distinct(write(asker, False), half)
        both = min(len(yes), len(no), room // 2)
        chosen = [question for pair in zip(yes[:both], no[:both], strict=True) for question in pair]
        # One more where the other kinds left an odd one the other way, or where nothing else can be asked.
        spare = no[both:] if surplus > 0 else yes[both:] if surplus < 0 else [*yes[both:], *no[both:]]
        if len(chosen) < room and spare:
            chosen.append(spare[0])
            surplus += 1 if spare[0].polarity else -1
        result.extend(chosen)
        result.extend(opened[: most - len(chosen)])
    return tuple(result)


def _distinct(questions: Iterable[Question], most: int) -> list[Question]:
    """Return the first questions with different texts."""
    seen: set[str] = set()

    def fresh() -> Iterator[Question]:
        for question in questions:
            if question.question not in seen:
                seen.add(question.question)
                yield question

    return list(islice(fresh(), most))
