"""What a judge scores, on which scales, in which order, and what comes of it."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


class Metric(str, enum.Enum):
    """How captions are judged."""

    VISCE2 = "visce2"
    CAPSCORE = "capscore"


@dataclass(frozen=True)
class Scale:
    """A score's name and range.

    Attributes:
        name: As in requests, replies and files.
        high: Best score; the worst is 0.
    """

    name: str
    high: float


#: The scores of each metric.
SCALES: Mapping[Metric, tuple[Scale, ...]] = {
    Metric.VISCE2: (Scale("score", 100.0),),
    Metric.CAPSCORE: (Scale("similarity", 1.0), Scale("quality", 1.0)),
}
#: Where each metric comes from.
PAPERS: Mapping[Metric, str] = {
    Metric.VISCE2: "Maeda et al. 2024, arXiv:2402.17969",
    Metric.CAPSCORE: "Li et al. 2024, arXiv:2407.18908",
}
#: Arrangements of a request unless somebody asks for others.
ARRANGEMENTS: Mapping[Metric, int] = {Metric.VISCE2: 1, Metric.CAPSCORE: 2}
#: Most candidates of one request.
MAX_CANDIDATES = 10


@dataclass(frozen=True)
class Arrangement:
    """The order in which a request shows things: judges favor places, so each text is shown in several.

    Attributes:
        shift: How many candidates are moved from the front to the end.
        turned: Whether the candidates come before what they are held against.
    """

    shift: int = 0
    turned: bool = False

    def order(self, count: int) -> list[int]:
        """Return the candidates' numbers in the order they are shown."""
        return [(place + self.shift) % count for place in range(count)]


def arrangements(count: int, wanted: int) -> tuple[Arrangement, ...]:
    """Return so many different arrangements of a number of candidates, or all there are, the rotations first."""
    every = [Arrangement(shift, turned) for turned in (False, True) for shift in range(count)]
    return tuple(every[:wanted])


@dataclass(frozen=True)
class Score:
    """One text's scores on one scale.

    Attributes:
        values: By arrangement.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return sum(self.values) / len(self.values)

    @property
    def spread(self) -> float:
        """The largest minus the smallest: what the order alone does."""
        return max(self.values) - min(self.values)


@dataclass(frozen=True)
class Judgement:
    """What a judge said of one candidate.

    Attributes:
        scores: By scale, of the arrangements that were answered; empty where none was.
        reasons: The model's words, by answered arrangement.
        problems: What went wrong with the others.
        arrangements: How many were wanted.
    """

    scores: Mapping[str, Score]
    reasons: tuple[str, ...]
    problems: tuple[str, ...]
    arrangements: int

    @property
    def is_complete(self) -> bool:
        """Whether all arrangements were answered: a mean over fewer is one of an order."""
        return not self.problems and len(self.reasons) == self.arrangements


def collect(answers: Sequence[Mapping[str, float] | None], reasons: Sequence[str], problems: Sequence[str]) -> Judgement:
    """Put the answers of all arrangements together.

    Args:
        answers: Scale -> score, by arrangement; None where there was no answer.
        reasons: Of the answers that there are.
        problems: Of those that there are not.
    """
    given = [answer for answer in answers if answer is not None]
    scores = {name: Score(tuple(answer[name] for answer in given)) for name in (given[0] if given else ())}
    return Judgement(scores, tuple(reasons), tuple(problems), len(answers))


def spread_of(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation of a sample (0 of a single value)."""
    mean = sum(values) / len(values)
    if len(values) < 2:
        return mean, 0.0
    return mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5


def names_of(count: int) -> Iterator[str]:
    """Yield the names that candidates have in a request, by place: A, B, C ..."""
    yield from (chr(ord("A") + place) for place in range(count))
