"""Conversations: one picture token, a person and a model in turn, texts as the dataset has them, no injected token."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from scenecap.output.dataset.documents import CaptionDocument, parse_captions
from scenecap.output.dataset.reader import open_dataset
from scenecap.output.export.llava import conversations
from scenecap.output.export.settings import ExportFormat, ExportSettings, TextKind
from scenecap.output.export.texts import INSTRUCTIONS, neutral
from tests.output.dataset.make import kitchen, write_dataset

LLAVA = frozenset({ExportFormat.LLAVA})


def settings(**options) -> ExportSettings:
    return ExportSettings(formats=LLAVA, **options)


def captions(brief: str | None = "A table.", overall: str | None = "A table, and a mug on it.", questions: int = 3):
    return parse_captions(
        {
            "brief_caption": brief,
            "global_caption": overall,
            "qa_caption": [
                {"question": f"Question {number}?", "answer": f"answer {number}", "kind": "count", "polarity": None}
                for number in range(questions)
            ],
        }
    )


def said(entry: dict) -> list[tuple[str, str]]:
    return [(turn["from"], turn["value"]) for turn in entry["conversations"]]


def test_a_conversation_for_each_kind() -> None:
    brief, overall, questions = conversations("kitchen_0", "train/kitchen_0.png", captions(), settings())
    assert [item["id"] for item in (brief, overall, questions)] == ["kitchen_0/brief", "kitchen_0/global", "kitchen_0/qa"]
    assert {item["image"] for item in (brief, overall, questions)} == {"train/kitchen_0.png"}
    (_, asked), answer = said(brief)
    assert asked.removeprefix("<image>\n") in INSTRUCTIONS[TextKind.BRIEF]
    assert answer == ("gpt", "A table.")
    assert said(overall)[1] == ("gpt", "A table, and a mug on it.")
    turns = said(questions)
    assert [who for who, _ in turns] == ["human", "gpt"] * 3
    first = turns[0][1].removeprefix("<image>\nQuestion 0? ")
    assert first in INSTRUCTIONS[TextKind.QA]
    assert turns[1:] == [
        ("gpt", "answer 0"),
        ("human", "Question 1?"),
        ("gpt", "answer 1"),
        ("human", "Question 2?"),
        ("gpt", "answer 2"),
    ]


def test_all_in_one_conversation() -> None:
    (entry,) = conversations("k", "train/k.png", captions(), settings(join=True))
    assert entry["id"] == "k"
    assert [who for who, _ in said(entry)] == ["human", "gpt"] * 5
    assert [turn.count("<image>") for _, turn in said(entry)] == [1] + [0] * 9


@pytest.mark.parametrize(
    ("document", "options", "ids"),
    [
        (captions(questions=0), {}, ["k/brief", "k/global"]),
        (captions(brief=None), {}, ["k/global", "k/qa"]),
        (captions(brief=""), {"kinds": (TextKind.BRIEF,)}, []),
        (captions(), {"kinds": (TextKind.QA,)}, ["k/qa"]),
        (captions(None, None, 0), {}, []),
        (captions(None, None, 0), {"join": True}, []),
    ],
)
def test_what_is_not_there_is_not_asked(document: CaptionDocument, options: dict, ids: list[str]) -> None:
    assert [item["id"] for item in conversations("k", "k.png", document, settings(**options))] == ids


def test_fewer_questions_are_some_of_them_in_their_order() -> None:
    document = captions(questions=20)
    (entry,) = conversations("k", "k.png", document, settings(kinds=(TextKind.QA,), questions=5))
    answers = [int(turn.split()[-1]) for who, turn in said(entry) if who == "gpt"]
    assert len(answers) == 5
    assert answers == sorted(answers)
    other = conversations("k2", "k.png", document, settings(kinds=(TextKind.QA,), questions=5))
    assert [int(turn.split()[-1]) for who, turn in said(other[0]) if who == "gpt"] != answers


def test_instructions_vary_and_depend_on_seed_and_name_alone() -> None:
    asked = {
        conversations(f"k{number}", "k.png", captions(), settings())[0]["conversations"][0]["value"] for number in range(60)
    }
    assert len(asked) == len(INSTRUCTIONS[TextKind.BRIEF])
    one, again = (conversations("k", "k.png", captions(), settings(seed=3)) for _ in range(2))
    assert one == again
    seeds = {said(conversations("k", "k.png", captions(), settings(seed=seed))[0])[0][1] for seed in range(30)}
    assert len(seeds) > 3


@pytest.mark.parametrize(
    "attack", ["<image>", "\uff1cimage\uff1e", "\ufe64image\ufe65", "<im_start>", "</s>", "a < b > c", "<" * 9]
)
def test_no_token_can_be_spelled_in_a_text(attack: str) -> None:
    document = captions(f"A {attack} mug.", attack, 0)
    questions = parse_captions(
        {
            "brief_caption": None,
            "global_caption": None,
            "qa_caption": [{"question": attack, "answer": attack, "kind": "x", "polarity": None}] * 2,
        }
    )
    for entry in [*conversations("k", "k.png", document, settings()), *conversations("k", "k.png", questions, settings())]:
        turns = said(entry)
        assert turns[0][1].startswith("<image>\n")
        for _, turn in [("human", turns[0][1].removeprefix("<image>\n")), *turns[1:]]:
            assert not {"<", ">"} & set(unicodedata.normalize("NFKC", turn))


def test_only_brackets_are_changed() -> None:
    everything = "".join(chr(code) for code in range(0x20, 0xD800))
    assert sum(one != other for one, other in zip(everything, neutral(everything), strict=True)) == 2
    assert neutral("a <b> c") == "a \u2039b\u203a c"


def test_the_datasets_own_texts(tmp_path: Path) -> None:
    frame = next(open_dataset(write_dataset(tmp_path, [kitchen()])).frames())
    document = frame.captions()
    assert document is not None
    raw = json.loads((tmp_path / "World_Cameras_Left/Captions/scene_graph_caption.json").read_bytes())
    brief, overall, questions = conversations("k", "k.png", document, settings())
    assert said(brief)[1][1] == raw["brief_caption"]
    assert said(overall)[1][1] == raw["global_caption"]
    assert [turn for who, turn in said(questions) if who == "gpt"] == [item["answer"] for item in raw["qa_caption"]]
