from __future__ import annotations

import dataclasses
import re

import pytest

from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Caption
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.template import caption_graph
from scenecap.graph.model import SceneGraph
from tests.caption.checker import wrong
from tests.caption.rooms import random_room, with_faint_objects
from tests.caption.scenes import TABLE, Box, kitchen, make_frame, make_graph, on_table, two_bowls
from tests.caption.text_resolver import resolve_text


def settings(**values: object) -> CaptionSettings:
    return CaptionSettings.model_validate(values)


def texts_of(captions) -> list[Caption]:
    return [text for text in (captions.brief, captions.overall) if text is not None]


def check_spans(caption: Caption, graph: SceneGraph) -> None:
    """Every span is a noun phrase of its nodes: it lies in the text, starts and ends at a word, and nests properly."""
    stack: list[tuple[int, int]] = []
    for span in caption.spans:
        words = caption.text[span.start : span.end]
        assert 0 <= span.start < span.end <= len(caption.text)
        assert words == words.strip()
        assert span.start == 0 or not caption.text[span.start - 1].isalnum()
        assert span.end == len(caption.text) or not caption.text[span.end].isalnum()
        assert span.nodes or span.room
        while stack and stack[-1][1] <= span.start:
            stack.pop()
        assert not stack or span.end <= stack[-1][1], "spans cross"
        stack.append((span.start, span.end))
        if len(span.nodes) == 1 and not span.room and re.match(r"(?i)(a|an|the(?! other$)|another|some) ", words):
            head = graph.nodes[span.nodes[0]].label.replace("\u202e", " ").rstrip(" 2").split()[-1:] or ["object"]
            core = re.split(r" (?:with|on|in|to|next|between|behind|above|below|from|at|labeled|hanging|attached)\b", words)[0]
            assert head[0] in core.lower() or "object" in core, (words, head)


def check_sentences(text: str) -> None:
    for sentence in re.split(r"(?<=\.) (?=[A-Z\"])", text):
        assert sentence[0].isupper() or not sentence[0].isalpha(), sentence
        assert sentence.endswith("."), sentence
        assert not re.search(r"  | ,|\.\.", sentence), sentence
    assert not re.search(r"\ba (?=[aeio])(?!one\b|ewe)", text.lower().replace("a u", "")), text
    assert not re.search(r"\b(\w+) \1\b", re.sub(r'"[^"]*"', "", text)), text


@pytest.mark.parametrize("seed", range(40))
def test_every_fact_is_held_by_the_graph(seed: int) -> None:
    frame = random_room(seed, count=6 + seed % 17)
    graph = make_graph(frame, capacity=100 if seed % 3 else 8)
    captions = caption_graph(graph, frame=frame, seed=seed)
    for text in texts_of(captions):
        assert text.facts
        assert [reason for fact in text.facts if (reason := wrong(fact, graph, frame))] == []
        check_spans(text, graph)
        check_sentences(text.text)


@pytest.mark.parametrize("seed", range(40))
def test_every_reference_means_one_object_by_a_second_reading_too(seed: int) -> None:
    frame = random_room(seed, count=6 + seed % 17)
    graph = make_graph(frame)
    references = caption_graph(graph, frame=frame, settings=settings(questions=False)).references
    assert references or len(graph.nodes) < 3
    for node, text in references.items():
        assert resolve_text(text, graph) == {node}, (text, [n.label for n in graph.nodes])


@pytest.mark.parametrize("seed", range(25))
def test_hostile_labels_never_break_a_sentence(seed: int) -> None:
    frame = random_room(seed, count=12, odd=True)
    graph = make_graph(frame)
    captions = caption_graph(graph, frame=frame, seed=seed)
    for text in [*texts_of(captions)]:
        check_sentences(text.text)
        check_spans(text, graph)
        assert not set("<>{}%\\") & set(text.text)
        assert text.text.count('"') % 2 == 0
        assert len(text.text) < 4000
        assert "ignore all previous" not in re.sub(r'"[^"]*"', "", text.text)
    for question in captions.questions:
        assert not set('<>{}%\\"') & set(question.question)


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_same_graph_and_seed_give_the_same_captions(seed: int) -> None:
    frame = random_room(seed)
    first = caption_graph(make_graph(frame), frame=frame, seed=seed)
    second = caption_graph(make_graph(frame), frame=frame, seed=seed)
    assert first == second


def test_seeds_vary_the_wording_but_not_the_objects() -> None:
    frame = make_frame(kitchen(), setting="kitchen")
    graph = make_graph(frame)
    texts = {caption_graph(graph, frame=frame, seed=seed).overall.text for seed in range(12)}  # type: ignore[union-attr]
    assert len(texts) >= 6
    for text in texts:
        assert {"bread", "scissors", "kettle", "tray"} <= set(re.findall(r"\w+", text))


def test_two_like_bowls_are_told_apart() -> None:
    frame = make_frame(two_bowls())
    captions = caption_graph(make_graph(frame), frame=frame)
    assert captions.references[1] == "the bowl between the plate and the ramekin"
    assert captions.overall is not None
    assert "One bowl is between the plate and the ramekin" in captions.overall.text
    assert "the other is" in captions.overall.text


def test_kitchen_reads_as_expected() -> None:
    frame = make_frame(kitchen(), setting="kitchen")
    captions = caption_graph(make_graph(frame), frame=frame)
    assert captions.overall is not None
    assert captions.brief is not None
    text = captions.overall.text
    for words in (
        "some bread",
        "a pair of scissors",
        "two black office chairs",
        "a wooden cabinet",
        "red mug",
        "blue mug",
        "kitchen",
    ):
        assert words in text.lower()
    assert "a scissors" not in text
    assert "a bread" not in text
    assert captions.brief.text.count(".") == 1


def test_brief_is_one_sentence_and_the_paragraph_keeps_its_length() -> None:
    for seed in range(6):
        frame = random_room(seed, count=24)
        graph = make_graph(frame)
        captions = caption_graph(graph, frame=frame, settings=settings(max_sentences=4), seed=seed)
        assert captions.brief is not None
        assert captions.overall is not None
        assert len(re.findall(r"\.(?: |$)", captions.brief.text)) == 1
        assert len(re.findall(r"\.(?: |$)", captions.overall.text)) <= 4


def test_first_mention_is_indefinite() -> None:
    for seed in range(20):
        frame = random_room(seed, count=12)
        graph = make_graph(frame)
        captions = caption_graph(graph, frame=frame, seed=seed)
        assert captions.overall is not None
        seen: set[int] = set()
        for span in captions.overall.spans:
            words = captions.overall.text[span.start : span.end].lower()
            if not seen.issuperset(span.nodes):
                assert not words.startswith("the "), (words, captions.overall.text)
            seen.update(span.nodes)


def test_a_count_is_not_said_as_the_whole_where_one_was_dropped() -> None:
    boxes = [TABLE, *(on_table("mug", -0.5 + 0.3 * i, 0.0) for i in range(3)), on_table("mug", 0.6, 0.3, (0.04, 0.04, 0.04))]
    frame = make_frame(boxes)
    graph = make_graph(frame, capacity=4)
    assert len(graph.selection.dropped) == 1
    captions = caption_graph(graph, frame=frame)
    assert captions.overall is not None
    assert "at least three mugs" in captions.overall.text.lower()
    assert not any(q.kind.value == "count" and "mug" in q.question for q in captions.questions)
    assert all("mug" not in text for text in captions.references.values())


def test_nothing_is_said_to_be_on_a_floor_that_nobody_sees() -> None:
    for kwargs in ({"floor": False}, {"floor": True}):
        frame = make_frame([TABLE, Box("chair", (1.4, 0, 0), (0.5, 0.5, 0.9))], **kwargs)  # type: ignore[arg-type]
        if kwargs["floor"]:
            frame = dataclasses.replace(frame, room=tuple(dataclasses.replace(item, visible_px=0) for item in frame.room))
        captions = caption_graph(make_graph(frame), frame=frame)
        assert captions.overall is not None
        assert "floor" not in captions.overall.text
        assert not any("floor" in question.question for question in captions.questions)


def test_what_floats_rests_on_nothing() -> None:
    frame = make_frame([TABLE, Box("drone", (0, 0, 1.4), (0.3, 0.3, 0.1))])
    captions = caption_graph(make_graph(frame), frame=frame)
    assert captions.overall is not None
    assert not any(fact.kind == "on" and 0 in fact.nodes for fact in captions.overall.facts)
    assert "drone" in captions.overall.text
    assert "The drone is above the table" in captions.overall.text or "Above the table is the drone" in captions.overall.text


def test_many_objects_are_summed_up_truly() -> None:
    boxes = []
    for cell in range(12):
        x, y = -4 + 2.0 * (cell % 4), 1.5 * (cell // 4)
        boxes.append(Box("shelf" if cell % 2 else "table", (x, y, 0), (1.0, 0.6, 0.7)))
        boxes.extend(Box("box", (x - 0.3 + 0.3 * k, y, 0.7), (0.15, 0.15, 0.15)) for k in range(3 if cell % 2 else 2))
    frame = make_frame(boxes)
    graph = make_graph(frame)
    captions = caption_graph(graph, frame=frame, settings=settings(summarize_above=20))
    assert captions.overall is not None
    boxes_in_graph = sum(node.label == "box" for node in graph.nodes)
    assert f"{boxes_in_graph} boxes" in captions.overall.text
    assert [reason for fact in captions.overall.facts if (reason := wrong(fact, graph, frame))] == []


def test_only_what_was_asked_for_is_written() -> None:
    frame = make_frame(two_bowls())
    graph = make_graph(frame)
    captions = caption_graph(graph, frame=frame, settings=settings(brief=False, overall=False, questions=False))
    assert captions.brief is None
    assert captions.overall is None
    assert captions.questions == ()
    assert captions.references


def test_above_the_limit_only_what_the_texts_name_is_referred_to() -> None:
    frame = make_frame(two_bowls())
    graph = make_graph(frame)
    silent = settings(max_references=3, brief=False, overall=False, questions=False)
    captions = caption_graph(graph, frame=frame, settings=silent)
    assert captions.references == {}
    captions = caption_graph(graph, frame=frame, settings=settings(max_references=3, questions=False))
    assert captions.overall is not None
    assert 0 < len(captions.references) <= len(graph.nodes)
    for node, text in captions.references.items():
        assert resolve_text(text, graph) == {node}


def test_one_object() -> None:
    frame = make_frame([Box("hourglass", (0, 0, 0), (0.3, 0.3, 0.5))], floor=False)
    captions = caption_graph(make_graph(frame), frame=frame)
    assert captions.brief is not None
    assert captions.overall is not None
    assert "n hourglass" in captions.brief.text
    assert captions.references == {0: "the hourglass"}


@pytest.mark.parametrize("seed", range(30))
def test_what_is_hardly_visible_is_spoken_of_only_with_what_is_visible(seed: int) -> None:
    frame = with_faint_objects(random_room(seed, count=10 + seed % 3 * 20), seed)
    graph = make_graph(frame)
    carries = {node.id for node in graph.nodes if node.observed.visibility.visible_px >= 31}
    for node in sorted(graph.nodes, key=lambda node: -node.level):
        if node.id in carries and node.parent is not None:
            carries.add(node.parent)
    names = [item.name for item in Inventory(graph, frame, settings()).descriptions]
    nouns = {(names[node].core_tokens, names[node].post) for node in carries}
    captions = caption_graph(graph, frame=frame, settings=settings())
    for caption in texts_of(captions):
        assert not [fact for fact in caption.facts if wrong(fact, graph, frame)]
        for node in {node for span in caption.spans for node in span.nodes}:
            assert (names[node].core_tokens, names[node].post) in nouns, names[node]


def test_where_all_is_hardly_visible_it_is_spoken_of() -> None:
    frame = make_frame([dataclasses.replace(on_table("mug", 0, 0), visible_px=7)])
    assert "mug" in caption_graph(make_graph(frame), frame=frame, settings=settings()).brief.text


def test_a_holder_that_is_hardly_visible_still_carries() -> None:
    table = dataclasses.replace(TABLE, visible_px=5)
    mug, plate = on_table("mug", 0, 0), dataclasses.replace(on_table("plate", 0.3, 0), visible_px=19)
    frame = make_frame([table, mug, plate])
    captions = caption_graph(make_graph(frame), frame=frame, settings=settings())
    for text in texts_of(captions):
        assert "mug" in text.text
        assert "table" in text.text
        assert "plate" not in text.text
    both = caption_graph(make_graph(frame), frame=frame, settings=settings(min_mention_share=5e-5))
    assert "plate" in both.overall.text
