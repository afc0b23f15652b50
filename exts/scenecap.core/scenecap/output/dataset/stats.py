"""What a dataset holds, in numbers: labels, relations, captions, questions, and what is not there and why."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scenecap.errors import DatasetError
from scenecap.graph.model import Relation
from scenecap.output.dataset.documents import CaptionDocument, GraphDocument, SceneObject
from scenecap.output.dataset.reader import Dataset, DatasetFrame
from scenecap.output.dataset.verdicts import VerdictStats, VerdictTally
from scenecap.output.manifest import FrameRow, FrameStatus
from scenecap.output.relation_words import WORDS

#: Captions, answers and reasons that are listed; the numbers count all.
LISTED = 20

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

#: Called with the number of the frame that comes next, from 1, and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Distribution:
    """How often each whole number occurs.

    Attributes:
        counts: Value -> how often, in ascending order of the values.
    """

    counts: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterable[int]) -> Distribution:
        """Count values."""
        return cls(dict(sorted(Counter(values).items())))

    @property
    def total(self) -> int:
        """How many values there are."""
        return sum(self.counts.values())

    @property
    def mean(self) -> float | None:
        """Their mean; None where there is none."""
        total = self.total
        return sum(value * count for value, count in self.counts.items()) / total if total else None

    def quantile(self, share: float) -> int | None:
        """Return the least value that at least this share of the values do not exceed; None where there is none."""
        needed, so_far = share * self.total, 0
        for value, count in self.counts.items():
            so_far += count
            if so_far >= needed:
                return value
        return None

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        values = list(self.counts)
        return {
            "count": self.total,
            "min": values[0] if values else None,
            "median": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "max": values[-1] if values else None,
            "mean": None if self.mean is None else round(self.mean, 3),
            "histogram": {str(value): count for value, count in self.counts.items()},
        }


@dataclass(frozen=True)
class LabelStats:
    """How common a label is among the objects in the graphs: objects, and frames and scenes with at least one."""

    objects: int
    frames: int
    scenes: int


@dataclass(frozen=True)
class TextStats:
    """The texts of one kind.

    Attributes:
        words: Words in each.
        distinct: How many different texts there are.
        repeated: Texts that occur more than once, most frequent first, at most :data:`LISTED`.
        sources: Who wrote them -> how many.
    """

    words: Distribution
    distinct: int
    repeated: Mapping[str, int]
    sources: Mapping[str, int]

    @property
    def duplicates(self) -> int:
        """How many texts say what an earlier one says."""
        return self.words.total - self.distinct


@dataclass(frozen=True)
class QuestionStats:
    """Questions of one kind: how many, and of those with yes or no, how many of each."""

    count: int
    yes: int
    no: int


@dataclass(frozen=True)
class Fault:
    """Frames that are not there for the same reason; ``example`` is the key of the first."""

    status: FrameStatus
    reason: str
    frames: int
    example: str


@dataclass(frozen=True)
class DatasetStats:
    """What a dataset holds.

    Attributes:
        frames: Status -> frames.
        scenes: Scene -> frames that were written; scenes of which none was are 0.
        cameras: How many cameras there are, over all scenes.
        files: Files of the frames.
        bytes: Their sizes together.
        objects: Objects in each graph.
        labels: Label -> how common it is, most common first.
        relations: Which graph ("full", "pruned") -> relation and its inverse ("left / right") -> pairs.
        silent: Which graph -> pairs on which no relation is asserted.
        texts: "brief_caption", "global_caption" -> their statistics.
        questions: Kind -> how many, most first.
        questions_per_frame: Questions of each frame with captions.
        answers: The most frequent answers, at most :data:`LISTED`.
        distinct_questions: How many different questions there are.
        vocabulary: Word of the captions -> how often, most frequent first.
        question_vocabulary: How many different words questions and answers have.
        faults: Frames that are not there, by reason.
        warnings: Warning -> frames, most first, at most :data:`LISTED`.
        verdicts: Kind of text -> what the verifier says of the texts, of frames whose files tell it.
        unreadable: What could not be read; it is in none of the numbers.
        unfinished: Whether the run was stopped, or is under way.
    """

    frames: Mapping[FrameStatus, int]
    scenes: Mapping[str, int]
    cameras: int
    files: int
    bytes: int
    objects: Distribution
    labels: Mapping[str, LabelStats]
    relations: Mapping[str, Mapping[str, int]]
    silent: Mapping[str, int]
    texts: Mapping[str, TextStats]
    questions: Mapping[str, QuestionStats]
    questions_per_frame: Distribution
    answers: Mapping[str, int]
    distinct_questions: int
    vocabulary: Mapping[str, int]
    question_vocabulary: int
    faults: tuple[Fault, ...]
    warnings: Mapping[str, int]
    verdicts: Mapping[str, VerdictStats] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    unfinished: bool = False

    def share_of_scenes(self, label: str) -> float:
        """Return the share of scenes (with at least one frame) in which a label occurs, 0..1."""
        scenes = sum(count > 0 for count in self.scenes.values())
        return self.labels[label].scenes / scenes if label in self.labels and scenes else 0.0


def collect_stats(dataset: Dataset, *, progress: Progress | None = None) -> DatasetStats:
    """Go once through a dataset.

    A document that cannot be read is told in :attr:`DatasetStats.unreadable`, and left out.

    Args:
        dataset: The dataset.
        progress: Called before each frame.
    """
    tally = StatsTally()
    total = dataset.count(FrameStatus.WRITTEN)
    for number, frame in enumerate(dataset.frames(), start=1):
        if progress is not None:
            progress(number, total)
        tally.add(frame)
    return tally.stats(dataset)


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text in lower case; "coffee-table" and "it's" are one word each."""
    for match in _WORD.finditer(text.lower()):
        yield match[0]


def relation_names() -> dict[str, str]:
    """Return word of a relation -> what it and its inverse are called together ("left" -> "left / right")."""
    names: dict[str, str] = {}
    for relation, word in WORDS.items():
        inverse = WORDS[Relation(int(relation)).inverse()]
        names.setdefault(word, word if word == inverse else f"{word} / {inverse}")
        names.setdefault(inverse, names[word])
    return names


class StatsTally:
    """The counters that one pass over a dataset fills, for callers that do more with each frame than count."""

    def __init__(self) -> None:
        self._names = relation_names()
        self._objects: Counter[int] = Counter()
        self._label_objects: Counter[str] = Counter()
        self._label_frames: Counter[str] = Counter()
        self._label_scenes: dict[str, set[str]] = defaultdict(set)
        self._relations: dict[str, Counter[str]] = {}
        self._silent: Counter[str] = Counter()
        self._texts: dict[str, Counter[str]] = {}
        self._sources: dict[str, Counter[str]] = defaultdict(Counter)
        self._questions: Counter[str] = Counter()
        self._yes: Counter[str] = Counter()
        self._no: Counter[str] = Counter()
        self._per_frame: Counter[int] = Counter()
        self._answers: Counter[str] = Counter()
        self._asked: set[str] = set()
        self._question_words: set[str] = set()
        self._verdicts = VerdictTally()
        self._unreadable: list[str] = []

    def add(self, frame: DatasetFrame) -> None:
        """Count one frame."""
        nodes: tuple[SceneObject, ...] | None = None
        for which, pruned in (("full", False), ("pruned", True)):
            try:
                graph = frame.graph(pruned=pruned)
                if graph is not None:
                    self._add_graph(which, graph)
                    nodes = graph.objects
            except DatasetError as error:
                self._unreadable.append(error.message)
        if nodes is not None:
            self._add_nodes(frame.row.scene, nodes)
        try:
            captions = frame.captions()
            if captions is not None:
                self._add_captions(captions)
        except DatasetError as error:
            self._unreadable.append(error.message)

    def _add_graph(self, which: str, graph: GraphDocument) -> None:
        if not graph.edges_written:
            return
        try:
            found = Counter(self._names.get(word, word) for text in graph.pair_relations() for word in text.split(","))
            silent = len(graph.raw.get("pairs_without_relation") or ())
        except (KeyError, TypeError, AttributeError) as error:
            raise DatasetError(f"a {which} graph's edges cannot be read ({error!r}).") from error
        self._relations.setdefault(which, Counter()).update(found)
        self._silent[which] += silent

    def _add_nodes(self, scene: str, nodes: tuple[SceneObject, ...]) -> None:
        self._objects[len(nodes)] += 1
        labels = Counter(node.label for node in nodes)
        self._label_objects.update(labels)
        self._label_frames.update(labels.keys())
        for label in labels:
            self._label_scenes[label].add(scene)

    def _add_captions(self, captions: CaptionDocument) -> None:
        if captions.verdict is not None:
            self._verdicts.add(captions.verdict.texts)
        for name, text in captions.texts():
            self._texts.setdefault(name, Counter())[text.text] += 1
            self._sources[name][text.source] += 1
        self._per_frame[len(captions.questions)] += 1
        for item in captions.questions:
            self._questions[item.kind] += 1
            self._yes[item.kind] += item.polarity is True
            self._no[item.kind] += item.polarity is False
            self._answers[item.answer] += 1
            self._asked.add(item.question)
            self._question_words.update(words_of(item.question), words_of(item.answer))

    def stats(self, dataset: Dataset) -> DatasetStats:
        """Return what was counted."""
        rows = dataset.rows
        scenes = {scene: 0 for scene in dataset.scenes}
        for row in rows:
            scenes[row.scene] += row.status is FrameStatus.WRITTEN
        records = [record for row in rows for record in row.files]
        vocabulary: Counter[str] = Counter()
        for texts in self._texts.values():
            for text, times in texts.items():
                for word in words_of(text):
                    vocabulary[word] += times
        warnings = Counter(warning for row in rows for warning in dict.fromkeys(row.warnings))
        return DatasetStats(
            frames={status: dataset.count(status) for status in FrameStatus},
            scenes=scenes,
            cameras=len({(row.scene, row.camera) for row in rows}),
            files=len(records),
            bytes=sum(record.bytes for record in records),
            objects=Distribution(dict(sorted(self._objects.items()))),
            labels={
                label: LabelStats(count, self._label_frames[label], len(self._label_scenes[label]))
                for label, count in _ranked(self._label_objects)
            },
            relations={which: dict(_ranked(counts)) for which, counts in self._relations.items()},
            silent={which: self._silent[which] for which in self._relations},
            texts={name: self._text_stats(name, texts) for name, texts in self._texts.items()},
            questions={
                kind: QuestionStats(count, self._yes[kind], self._no[kind]) for kind, count in _ranked(self._questions)
            },
            questions_per_frame=Distribution(dict(sorted(self._per_frame.items()))),
            answers=dict(_ranked(self._answers)[:LISTED]),
            distinct_questions=len(self._asked),
            vocabulary=dict(_ranked(vocabulary)),
            question_vocabulary=len(self._question_words),
            faults=_faults(rows),
            warnings=dict(_ranked(warnings)[:LISTED]),
            verdicts=self._verdicts.stats(),
            unreadable=tuple(self._unreadable),
            unfinished=dataset.unfinished,
        )

    def _text_stats(self, name: str, texts: Counter[str]) -> TextStats:
        lengths: Counter[int] = Counter()
        for text, times in texts.items():
            lengths[sum(1 for _ in words_of(text))] += times
        repeated = {text: times for text, times in _ranked(texts)[:LISTED] if times > 1}
        return TextStats(Distribution(dict(sorted(lengths.items()))), len(texts), repeated, dict(_ranked(self._sources[name])))


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _faults(rows: Iterable[FrameRow]) -> tuple[Fault, ...]:
    groups: dict[tuple[FrameStatus, str], list[str]] = {}
    for row in rows:
        if row.status is not FrameStatus.WRITTEN:
            # The same fault of another camera is the same reason.
            groups.setdefault((row.status, row.reason.removeprefix(f"{row.camera}: ")), []).append(row.key)
    faults = (Fault(status, reason, len(keys), keys[0]) for (status, reason), keys in groups.items())
    return tuple(sorted(faults, key=lambda item: (item.status.value, -item.frames, item.reason)))
