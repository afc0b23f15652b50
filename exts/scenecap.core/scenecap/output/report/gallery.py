"""What the gallery shows and filters by, gathered frame by frame: texts, labels, relations, and where a look pays off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenecap.graph.model import Relation
from scenecap.output.dataset.reader import Dataset
from scenecap.output.dataset.stats import DatasetStats
from scenecap.output.dataset.stats_json import stats_json
from scenecap.output.manifest import FrameStatus
from scenecap.output.overlay import PALETTE
from scenecap.output.relation_words import WORDS
from scenecap.output.report.frame_page import FrameContent
from scenecap.output.report.pictures import FramePictures

#: Words of the captions that the page lists; the number counts all.
_WORDS_LISTED = 60
#: Words that say nothing about a dataset, and lead every list of words.
_LITTLE_WORDS = frozenset({"a", "an", "the", "and", "is", "are", "it", "its", "of", "to", "with", "that", "which"})


class Numbered:
    """Texts that stand in for many: each gets a number when it is first met."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)


@dataclass(frozen=True)
class _Word:
    """A relation's word: its bit among all, the word of its inverse, and the one of the two that triples are kept under."""

    bit: int
    inverse: str
    kept: str


def _vocabulary() -> dict[str, _Word]:
    words: dict[str, _Word] = {}
    for bit, (relation, word) in enumerate(WORDS.items()):
        inverse = WORDS[Relation(int(relation)).inverse()]
        words[word] = _Word(bit, inverse, inverse if inverse in words else word)
    return words


class Gallery:
    """Gathers what the gallery needs of each frame."""

    def __init__(self) -> None:
        self._words = _vocabulary()
        self._scenes, self._cameras, self._labels = Numbered(), Numbered(), Numbered()
        self._variations, self._seeds = Numbered(), Numbered()
        self._frames: list[dict[str, Any]] = []
        self._questions: list[str] = []
        self._triples: dict[tuple[int, int, int], list[int]] = defaultdict(list)

    def add(self, content: FrameContent, pictures: FramePictures) -> None:
        """Take a frame up.

        Args:
            content: What was read of it.
            pictures: Its pictures in the report.
        """
        row, captions = content.frame.row, content.captions
        texts = [] if captions is None else [text for _, text in captions.texts()]
        entry: dict[str, Any] = {
            "number": row.number,
            "key": row.key,
            "scene": self._scenes[row.scene],
            "camera": self._cameras[row.camera],
            "frame": row.frame_index,
            "variation": self._variations["none" if row.variation is None else str(row.variation)],
            "seed": self._seeds[str(content.meta.get("seed"))],
            "thumb": pictures.thumbnail,
            "brief": None if captions is None or captions.brief is None else captions.brief.text,
            "global": None if captions is None or captions.overall is None else captions.overall.text,
            "labels": sorted({self._labels[node.label] for node in content.nodes}),
            "relations": self._add_relations(content),
            "objects": len(content.nodes),
            "questions": 0 if captions is None else len(captions.questions),
            "model": any(text.source != "template" for text in texts),
            "notes": len(row.warnings) + len(content.problems),
            **_spoken_of(content),
        }
        if pictures.thumbnail is None:
            entry["boxes"] = [[number, *item.box_tight] for number, item in content.objects if item.box_tight is not None]
        if content.size is not None:
            entry["size"] = list(content.size)
        self._frames.append(entry)
        asked = () if captions is None else captions.questions
        self._questions.append("\n".join(f"{item.question} {item.answer}" for item in asked))

    def _add_relations(self, content: FrameContent) -> int:
        """Keep the frame under its "label relation label", and return the bits of the relations in it."""
        labels = {item.path: self._labels[item.label] for item in content.nodes}
        bits, found = 0, set()
        for edge in content.edges:
            if edge.source not in labels or edge.target not in labels:
                continue
            for name in edge.relations:
                word = self._words.get(name)
                if word is None:
                    continue
                bits |= 1 << word.bit
                if word.kept == name:  # the other direction is an edge of its own
                    found.add((labels[edge.source], word.bit, labels[edge.target]))
        for triple in found:
            self._triples[triple].append(len(self._frames))
        return bits

    def index(self, dataset: Dataset, stats: DatasetStats, *, name: str, generator: str) -> dict[str, Any]:
        """Return what the page loads first.

        Args:
            dataset: The dataset.
            stats: Its statistics.
            name: What the report is called.
            generator: Program and version.
        """
        faults = [row for row in dataset.rows if row.status is not FrameStatus.WRITTEN]
        return {
            "name": name,
            "generator": generator,
            "unfinished": dataset.unfinished,
            "palette": ["#{:02x}{:02x}{:02x}".format(*color) for color in PALETTE],
            "scenes": list(self._scenes),
            "cameras": list(self._cameras),
            "variations": list(self._variations),
            "seeds": list(self._seeds),
            "labels": list(self._labels),
            "relations": [[word, item.inverse, item.kept] for word, item in self._words.items()],
            "frames": self._frames,
            "faults": [[row.number, row.key, row.scene, row.camera, row.status.value, row.reason] for row in faults],
            "stats": _listed(stats),
        }

    def relations(self) -> dict[str, Any]:
        """Return "label relation label" -> places of the frames that assert it, for the gallery's relation filter."""
        return {"triples": [[*triple, frames] for triple, frames in sorted(self._triples.items())]}

    def questions(self) -> dict[str, Any]:
        """Return the questions and answers of each frame as one text, for the search."""
        return {"texts": self._questions}


def _spoken_of(content: FrameContent) -> dict[str, Any]:
    """Return the least visible area [px] and the largest hidden share (0..1) among the objects that the captions speak of.

    A caption that speaks of a few pixels, or of something mostly hidden, is where a look pays off first.
    """
    if content.captions is None:
        return {"least_px": None, "most_hidden": None}
    objects = dict(content.objects)
    ids = {number for _, text in content.captions.texts() for mention in text.mentions for number in mention.ids}
    spoken = [objects[number] for number in ids if number in objects]
    hidden = [item.occlusion for item in spoken if item.occlusion is not None]
    return {
        "least_px": min((item.visible_px for item in spoken), default=None),
        "most_hidden": round(max(hidden), 4) if hidden else None,
    }


def _listed(stats: DatasetStats) -> dict[str, Any]:
    """Return the statistics with lists of pairs for what texts of a stage are keys of, and long lists cut."""
    known = stats_json(stats)
    labels = [
        [label, item["objects"], item["frames"], item["scenes"], item["share_of_scenes"]]
        for label, item in known["labels"].items()
    ]
    words = [list(item) for item in known["vocabulary"]["words"].items() if item[0] not in _LITTLE_WORDS]
    return {
        **known,
        "scenes": [list(item) for item in known["scenes"].items()],
        "labels": labels,
        "vocabulary": {"size": known["vocabulary"]["size"], "words": words[:_WORDS_LISTED]},
        "captions": {
            name: {**item, "most_repeated": [list(pair) for pair in item["most_repeated"].items()]}
            for name, item in known["captions"].items()
        },
        "questions": {
            **known["questions"],
            "kinds": [[kind, *item.values()] for kind, item in known["questions"]["kinds"].items()],
            "most_frequent_answers": [list(item) for item in known["questions"]["most_frequent_answers"].items()],
        },
        "warnings": [list(item) for item in known["warnings"].items()],
    }


def report_name(root: Path) -> str:
    """Return what the report of a dataset is called: its folder's name."""
    return root.resolve().name or "dataset"
