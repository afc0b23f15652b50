"""Read a text: sentences, tokens, tags, elements, statements."""

from __future__ import annotations

from scenecap.caption.verify.chunks import Chunker, Vocabulary
from scenecap.caption.verify.clauses import ClauseReader
from scenecap.caption.verify.syntax import Group, Sentence
from scenecap.caption.verify.tagging import load_tagger
from scenecap.caption.verify.tokens import match_phrases, split_sentences


def read_text(text: str, vocabulary: Vocabulary, *, max_sentence_tokens: int = 300) -> list[Sentence]:
    """Return what the sentences of a text state.

    Args:
        text: Any text.
        vocabulary: Nouns of the frame.
        max_sentence_tokens: Longer sentences are cut there.

    Raises:
        MissingExtraError: The parser is not installed.
    """
    parts = [match_phrases(tokens, vocabulary.labels) for tokens in split_sentences(text, most=max_sentence_tokens)]
    sentences: list[Sentence] = []
    known: list[Group] = []
    for tokens in load_tagger().tag(parts):
        elements = Chunker(tokens, vocabulary).run()
        reader = ClauseReader(elements, known=known, heads=vocabulary.heads, start=tokens[0].start, end=tokens[-1].end)
        sentences.append(reader.run())
        known = [*known[-8:], *reader.groups]
    return sentences
