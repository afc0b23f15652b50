"""Texts with their grounding: phrases are built as trees and rendered once into a string and its spans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scenecap.caption.english import capitalize_first
from scenecap.caption.model import Span


@dataclass(frozen=True)
class Ref:
    """A stretch of a phrase that speaks of nodes or of the room. Refs nest ("the mug next to [the plate]")."""

    content: Phrase
    nodes: tuple[int, ...]
    room: tuple[str, ...] = ()


#: A phrase: strings and references, to be written one after the other.
Phrase = tuple["str | Ref", ...]


def phrase(*pieces: str | Ref | Phrase) -> Phrase:
    """Return one flat phrase of strings, references and other phrases; empty strings vanish."""
    result: list[str | Ref] = []
    for piece in pieces:
        if isinstance(piece, tuple):
            result.extend(piece)
        elif piece != "":
            result.append(piece)
    return tuple(result)


def join_phrases(items: Sequence[Phrase], *, conjunction: str = "and", comma: bool = False) -> Phrase:
    """Join phrases with commas and an Oxford comma ("a, b, and c").

    Args:
        items: What to join.
        conjunction: Before the last one.
        comma: Whether two items take a comma too, as clauses do.
    """
    if len(items) == 2 and not comma:
        return phrase(items[0], f" {conjunction} ", items[1])
    result: list[str | Ref] = []
    for index, item in enumerate(items):
        if index:
            result.append(f", {conjunction} " if index == len(items) - 1 else ", ")
        result.extend(item)
    return tuple(result)


def plain(pieces: Phrase) -> str:
    """Return a phrase's text without its grounding."""
    return "".join(piece if isinstance(piece, str) else plain(piece.content) for piece in pieces)


def render(pieces: Phrase, *, start: int = 0) -> tuple[str, tuple[Span, ...]]:
    """Return a phrase's text and its spans, outer before inner, in order of position.

    Args:
        pieces: The phrase.
        start: Position of its first character in the text that it becomes part of.
    """
    text: list[str] = []
    spans: list[Span] = []
    at = start
    for piece in pieces:
        if isinstance(piece, str):
            text.append(piece)
            at += len(piece)
            continue
        inner_text, inner_spans = render(piece.content, start=at)
        spans.append(Span(at, at + len(inner_text), piece.nodes, piece.room))
        spans.extend(inner_spans)
        text.append(inner_text)
        at += len(inner_text)
    return "".join(text), tuple(spans)


def sentence(pieces: Phrase, *, mark: str = ".") -> Phrase:
    """Return a phrase as a sentence: first letter in upper case, a mark at the end."""
    return phrase(_capitalize(pieces), mark)


def _capitalize(pieces: Phrase) -> Phrase:
    for index, piece in enumerate(pieces):
        text = piece if isinstance(piece, str) else plain(piece.content)
        if not any(char.isalnum() for char in text):
            continue
        first = capitalize_first(piece) if isinstance(piece, str) else Ref(_capitalize(piece.content), piece.nodes, piece.room)
        return (*pieces[:index], first, *pieces[index + 1 :])
    return pieces


def render_sentences(sentences: Iterable[Phrase]) -> tuple[str, tuple[Span, ...]]:
    """Return sentences as one paragraph, with its spans."""
    text, spans = "", []
    for pieces in sentences:
        gap = " " if text else ""
        part, part_spans = render(pieces, start=len(text) + len(gap))
        text += gap + part
        spans.extend(part_spans)
    return text, tuple(spans)
