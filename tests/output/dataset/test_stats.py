"""Statistics against counts made from the files alone, without a reader: labels, relations, captions, questions, failures."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenecap.contract import Frame
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.dataset.stats import LISTED, DatasetStats, Distribution, collect_stats, relation_names, words_of
from scenecap.output.manifest import FrameStatus
from scenecap.output.relation_words import WORDS
from tests.output.dataset.make import CAMERAS, fault, kitchen, write_dataset
from tests.output.scenes import KITCHEN, KITCHEN_CONTACTS, boxes_frame, look_at

#: A word and its inverse, written by hand.
PAIRS = {
    ("supported by", "supports"),
    ("inside", "contains"),
    ("left", "right"),
    ("front", "behind"),
    ("above", "below"),
    ("hanging from", "holds"),
}


def lounge(camera: str) -> Frame:
    """A scene with fewer things in it, all of them in the kitchen too."""
    boxes = tuple(box for box in KITCHEN if box.name in ("Table", "Mug", "Bowl_2"))
    contacts = tuple(pair for pair in KITCHEN_CONTACTS if pair[0] in ("Table", "Mug", "Bowl_2"))
    return boxes_frame(boxes, contacts, camera=look_at((-1.4, -2.0, 1.9), (0.0, 0.0, 0.7), path=camera), scene="lounge")


FRAMES = (*(kitchen(camera, number) for camera in CAMERAS for number in (0, 1)), *(lounge(camera) for camera in CAMERAS))
FAULTS = (
    fault(FrameStatus.FAILED, f"{CAMERAS[0]}: is broken", camera=CAMERAS[0], frame=7),
    fault(FrameStatus.FAILED, f"{CAMERAS[1]}: is broken", camera=CAMERAS[1], frame=7),
    fault(FrameStatus.EMPTY, "nothing in view", frame=8),
    fault(FrameStatus.EMPTY, "nothing in view", scene="attic", frame=1),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("stats") / "in", FRAMES, faults=FAULTS)


@pytest.fixture(scope="module")
def stats(folder: Path) -> DatasetStats:
    return collect_stats(open_dataset(folder))


def documents(folder: Path, name: str) -> list[tuple[str, dict]]:
    """Scene and content of every file of a name."""
    paths = sorted(folder.rglob(name))
    return [(path.relative_to(folder).parts[0], json.loads(path.read_bytes())) for path in paths]


def plain_words(text: str) -> list[str]:
    """Words of a text of ASCII letters, digits, hyphens and apostrophes, found without a regular expression."""
    kept = "".join(char if char.isalnum() or char in "-'" else " " for char in text.lower())
    return [word.strip("-'") for word in kept.split() if word.strip("-'")]


def test_frames_scenes_cameras_and_bytes(folder: Path, stats: DatasetStats) -> None:
    assert stats.frames == {FrameStatus.WRITTEN: 6, FrameStatus.EMPTY: 2, FrameStatus.FAILED: 2}
    assert stats.scenes == {"kitchen": 4, "lounge": 2, "attic": 0}
    assert stats.cameras == 5  # two of each scene with frames, and the attic's
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.jsonl"]
    assert stats.files == len(files)
    assert stats.bytes == sum(path.stat().st_size for path in files)
    assert not stats.unfinished
    assert stats.unreadable == ()


def test_labels(folder: Path, stats: DatasetStats) -> None:
    objects, frames, scenes = Counter(), Counter(), defaultdict(set)
    sizes = []
    for scene, graph in documents(folder, "full_scene_graph.json"):
        labels = [item["class"] for item in graph["obj"].values()]
        sizes.append(len(labels))
        objects.update(labels)
        frames.update(set(labels))
        for label in labels:
            scenes[label].add(scene)
    assert {label: (item.objects, item.frames, item.scenes) for label, item in stats.labels.items()} == {
        label: (objects[label], frames[label], len(scenes[label])) for label in objects
    }
    counts = [item.objects for item in stats.labels.values()]
    assert counts == sorted(counts, reverse=True)
    assert stats.share_of_scenes("mug") == 1.0  # of the two scenes that have frames
    assert stats.share_of_scenes("chair") == 0.5
    assert stats.share_of_scenes("elephant") == 0.0
    assert stats.objects == Distribution.of(sizes)


@pytest.mark.parametrize("which", ["full", "pruned"])
def test_relations_are_counted_once_for_a_pair(folder: Path, stats: DatasetStats, which: str) -> None:
    name_of = {word: " / ".join(pair) for pair in PAIRS for word in pair}
    expected, silent = Counter(), 0
    for _, graph in documents(folder, f"{which}_scene_graph.json"):
        told = defaultdict(set)
        for edge in graph["edges"]["obj-obj"]:
            pair = frozenset((edge["source"], edge["target"]))
            told[pair] |= {name_of.get(word, word) for word in edge["relation"].split(",")}
        expected.update(word for words in told.values() for word in words)
        silent += len(graph["pairs_without_relation"])
    assert sum(expected.values()) > 10
    assert {frozenset(name.split(" / ")): count for name, count in stats.relations[which].items()} == {
        frozenset(name.split(" / ")): count for name, count in expected.items()
    }
    assert stats.silent[which] == silent


def test_each_relation_has_a_name_and_its_inverse_the_same() -> None:
    names = relation_names()
    assert set(names) == set(WORDS.values())
    paired = {frozenset(name.split(" / ")) for name in names.values() if " / " in name}
    assert paired == {frozenset(pair) for pair in PAIRS} | {
        frozenset(name.split(" / ")) for name in names.values() if "attached to" in name and " / " in name
    }


def test_captions_lengths_duplicates_and_vocabulary(folder: Path, stats: DatasetStats) -> None:
    captions = [document for _, document in documents(folder, "scene_graph_caption.json")]
    vocabulary: Counter[str] = Counter()
    for name in ("brief_caption", "global_caption"):
        texts = [document[name] for document in captions]
        found = stats.texts[name]
        lengths = [len(plain_words(text)) for text in texts]
        assert found.words == Distribution.of(lengths)
        assert found.words.mean == pytest.approx(statistics.mean(lengths))
        assert found.distinct == len(set(texts))
        assert found.duplicates == len(texts) - len(set(texts))
        assert found.repeated == {text: count for text, count in Counter(texts).items() if count > 1}
        assert found.sources == {"template": len(texts)}
        for text in texts:
            vocabulary.update(plain_words(text))
    assert stats.texts["brief_caption"].duplicates > 0  # two frames of one camera show the same
    assert stats.vocabulary == vocabulary
    assert list(stats.vocabulary.values()) == sorted(stats.vocabulary.values(), reverse=True)


def test_questions(folder: Path, stats: DatasetStats) -> None:
    captions = [document["qa_caption"] for _, document in documents(folder, "scene_graph_caption.json")]
    everything = [item for questions in captions for item in questions]
    assert len(everything) > 20
    for kind, found in stats.questions.items():
        ours = [item for item in everything if item["kind"] == kind]
        assert (found.count, found.yes, found.no) == (
            len(ours),
            sum(item["answer"] == "yes" for item in ours),
            sum(item["answer"] == "no" for item in ours),
        )
    assert sum(item.count for item in stats.questions.values()) == len(everything)
    assert stats.questions_per_frame == Distribution.of(len(questions) for questions in captions)
    answers = Counter(item["answer"] for item in everything)
    assert len(stats.answers) == min(LISTED, len(answers))
    assert all(answers[answer] == count for answer, count in stats.answers.items())
    assert min(stats.answers.values()) >= max(
        [0, *(count for answer, count in answers.items() if answer not in stats.answers)]
    )
    assert stats.distinct_questions == len({item["question"] for item in everything})
    words = {word for item in everything for text in (item["question"], item["answer"]) for word in plain_words(text)}
    assert stats.question_vocabulary == len(words)


def test_failures_by_reason(stats: DatasetStats) -> None:
    assert [(item.status, item.reason, item.frames, item.example) for item in stats.faults] == [
        (FrameStatus.EMPTY, "nothing in view", 2, "kitchen_8"),
        (FrameStatus.FAILED, "is broken", 2, "kitchen_7"),
    ]


def test_warnings_are_counted_by_frames(tmp_path: Path) -> None:
    write_dataset(tmp_path, FRAMES[:2])
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text("utf-8").splitlines()]
    lines[0]["warnings"], lines[1]["warnings"] = ["a", "a", "b"], ["a"]
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert collect_stats(open_dataset(tmp_path)).warnings == {"a": 2, "b": 1}


@pytest.mark.parametrize("options", [{"layout": "agent"}, {"layout": "object"}], ids=str)
def test_the_layout_does_not_matter(tmp_path: Path, stats: DatasetStats, options: dict) -> None:
    other = collect_stats(open_dataset(write_dataset(tmp_path, FRAMES, faults=FAULTS, **options)))
    for name in ("frames", "scenes", "labels", "relations", "silent", "texts", "questions", "vocabulary", "objects", "faults"):
        assert getattr(other, name) == getattr(stats, name), name


@pytest.mark.parametrize(
    ("options", "full", "pruned", "objects"),
    [
        ({"save_full_scene_graph": False}, False, True, True),
        ({"save_pruned_scene_graph": False}, True, False, True),
        ({"export_edges": False}, False, False, True),
        ({"save_full_scene_graph": False, "save_pruned_scene_graph": False}, False, False, False),
    ],
    ids=str,
)
def test_what_was_not_written_is_not_counted(tmp_path: Path, options: dict, full: bool, pruned: bool, objects: bool) -> None:
    found = collect_stats(open_dataset(write_dataset(tmp_path, FRAMES[:1], **options)))
    assert ("full" in found.relations, "pruned" in found.relations) == (full, pruned)
    assert bool(found.labels) is objects
    assert found.objects.total == int(objects)


def test_what_cannot_be_read_is_in_no_number_and_is_told(tmp_path: Path) -> None:
    write_dataset(tmp_path, FRAMES[:2])
    graphs, captions = sorted(tmp_path.rglob("full_scene_graph.json")), sorted(tmp_path.rglob("scene_graph_caption.json"))
    graphs[0].write_text("{", encoding="utf-8")
    document = json.loads(graphs[1].read_bytes())
    document["edges"]["obj-obj"][0].pop("relation")
    graphs[1].write_text(json.dumps(document), encoding="utf-8")
    captions[0].unlink()
    found = collect_stats(open_dataset(tmp_path))
    assert len(found.unreadable) == 3
    assert "full" not in found.relations
    assert found.texts["brief_caption"].words.total == 1
    assert found.objects.total == 2  # from the pruned graphs


def test_progress_is_told_before_each_frame(folder: Path) -> None:
    told = []
    collect_stats(open_dataset(folder), progress=lambda number, total: told.append((number, total)))
    assert told == [(number, 6) for number in range(1, 7)]


def test_an_empty_dataset_has_statistics(tmp_path: Path) -> None:
    found = collect_stats(open_dataset(write_dataset(tmp_path, [], faults=FAULTS[2:3])))
    assert (found.labels, found.objects.total, found.objects.mean, found.share_of_scenes("mug")) == ({}, 0, None, 0.0)
    assert found.objects.as_json()["median"] is None


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_a_distribution_is_its_values(values: list[int], share: float) -> None:
    found = Distribution.of(values)
    assert found.total == len(values)
    assert found.mean == pytest.approx(statistics.fmean(values))
    place = max(0, math.ceil(share * len(values) - 1e-9) - 1)
    assert found.quantile(share) in (sorted(values)[place], sorted(values)[min(place + 1, len(values) - 1)])
    assert found.quantile(0.5) == statistics.median_low(values)
    told = found.as_json()
    assert (told["min"], told["max"], told["count"]) == (min(values), max(values), len(values))
    assert told["histogram"] == {str(value): values.count(value) for value in sorted(set(values))}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A coffee-table, it's red.", ["a", "coffee-table", "it's", "red"]),
        ("1.4 meters", ["1", "4", "meters"]),
        ("TV_stand – Ärmel", ["tv", "stand", "ärmel"]),
        ("-- ' --", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert list(words_of(text)) == words
