from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scenecap.caption.spans import Ref, join_phrases, phrase, plain, render, render_sentences, sentence


def words(text: str, *nodes: int) -> Ref:
    return Ref(phrase(text), nodes)


def test_nested_spans_cover_their_words() -> None:
    mug = Ref(phrase("the mug next to ", words("the plate", 2)), (1,))
    text, spans = render(sentence(phrase(mug, " is red")))
    assert text == "The mug next to the plate is red."
    assert [(text[s.start : s.end], s.nodes) for s in spans] == [("The mug next to the plate", (1,)), ("the plate", (2,))]


def test_sentences_move_their_spans() -> None:
    text, spans = render_sentences(
        [sentence(phrase(words("a mug", 0), " is here")), sentence(phrase(words("two cups", 1, 2), " too"))]
    )
    assert text == "A mug is here. Two cups too."
    assert [(text[s.start : s.end], s.nodes) for s in spans] == [("A mug", (0,)), ("Two cups", (1, 2))]


def test_the_first_letter_may_be_inside_a_reference_or_after_a_quote() -> None:
    assert render(sentence((Ref(phrase(Ref(phrase("a mug"), (0,))), (0,)),)))[0] == "A mug."
    assert render(sentence(phrase("", '"x" is')))[0] == '"X" is.'


def test_lists_of_phrases() -> None:
    items = [phrase(words(text, i)) for i, text in enumerate(["a", "b", "c"])]
    assert plain(join_phrases(items)) == "a, b, and c"
    assert plain(join_phrases(items[:2])) == "a and b"
    assert plain(join_phrases(items[:2], comma=True)) == "a, and b"
    assert plain(join_phrases(items[:1])) == "a"


nested = st.recursive(
    st.text("ab c", min_size=1, max_size=5), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=12
)


def build(tree: object, counter: list[int]):
    if isinstance(tree, str):
        return tree
    counter[0] += 1
    number = counter[0]
    assert isinstance(tree, list)
    return Ref(phrase(*(build(item, counter) for item in tree)), (number,))


@given(st.lists(nested, min_size=1, max_size=4))
def test_rendering_agrees_with_plain_text_at_every_node(trees: list[object]) -> None:
    counter = [0]
    pieces = phrase(*(build(tree, counter) for tree in trees))
    text, spans = render(pieces)
    assert text == plain(pieces)
    assert sorted(node for span in spans for node in span.nodes) == list(range(1, counter[0] + 1))
    by_node = {span.nodes[0]: text[span.start : span.end] for span in spans}

    def compare(items: object) -> None:
        for item in items:  # type: ignore[attr-defined]
            if isinstance(item, Ref):
                assert by_node[item.nodes[0]] == plain(item.content)
                compare(item.content)

    compare(pieces)
