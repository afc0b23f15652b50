"""Sentences on where objects are: relations of neighbors, joined where they share an end or are short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from scenecap.caption.discourse import Mention
from scenecap.caption.model import Fact
from scenecap.caption.plan.messages import Relate
from scenecap.caption.realize.clause import Clause, be, is_short
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name
from scenecap.caption.refer.query import EXTREME_SIDES, Query
from scenecap.caption.refer.referrer import Reference
from scenecap.caption.spans import Phrase, join_phrases, phrase
from scenecap.graph.model import Relation

if TYPE_CHECKING:
    from scenecap.caption.realize.voice import Voice

#: Subjects that are joined in one sentence, at most.
_MOST_SUBJECTS = 3


def word_relations(writer: Voice, messages: Sequence[Relate]) -> Iterator[Clause]:
    """Yield clauses for relations; two short ones become one."""
    waiting: Clause | None = None
    for clause in _single_clauses(writer, list(messages)):
        if waiting is not None and clause.short:
            joint = writer.chooser.pick((", and ", ", while "), f"join relations {len(writer.sentences)}")
            yield Clause(phrase(waiting.pieces, joint, clause.pieces), [*waiting.facts, *clause.facts])
            waiting = None
            continue
        if waiting is not None:
            yield waiting
            waiting = None
        if clause.short and writer.chooser.number(f"join {len(writer.sentences)}") % 2:
            waiting = clause
        else:
            yield clause
    if waiting is not None:
        yield waiting


def _single_clauses(writer: Voice, left: list[Relate]) -> Iterator[Clause]:
    while left:
        first = left.pop(0)
        if not _worth_saying(writer, first):
            continue
        same = [item for item in left if _same_place(first, item) and _worth_saying(writer, item)][: _MOST_SUBJECTS - 1]
        clause = _word_subjects(writer, first, same) if same else None
        if clause is not None:
            left = [item for item in left if item not in same]
        else:
            clause = _word_one(writer, first)
        if clause is not None:
            yield clause


def _same_place(first: Relate, other: Relate) -> bool:
    return (
        bool(first.relation)
        and other.relation is first.relation
        and other.anchors == first.anchors
        and other.subject != first.subject
    )


def _worth_saying(writer: Voice, message: Relate) -> bool:
    """Whether all ends were introduced and no sentence related them yet."""
    known = writer.discourse.introduced.issuperset((message.subject, *message.anchors))
    return known and not any((message.subject, anchor) in writer.related for anchor in message.anchors)


def _tells_nothing(message: Relate, query: Query) -> bool:
    """Whether a name says the relation already ("the mug on the left is to the left of ...")."""
    return query.extreme is not None and message.relation in EXTREME_SIDES.get(query.extreme, ())


def _name(writer: Voice, message: Relate, node: int, avoid: Sequence[int]) -> Mention | None:
    """Return a short expression for one end, or None."""

    def fits(reference: Reference) -> bool:
        return is_short(reference) and not _tells_nothing(message, reference.query)

    return writer.discourse.definite(node, avoid=avoid, allow=fits)


def _word_subjects(writer: Voice, first: Relate, others: Sequence[Relate]) -> Clause | None:
    """Word "The mug and the kettle are to the left of the stove"."""
    subjects = [first.subject, *(item.subject for item in others)]
    anchor = writer.discourse.plain(first.anchors[0])
    mentions = [writer.discourse.plain(node) for node in subjects]
    named = [mention for mention in mentions if mention is not None]
    if anchor is None or len(named) < len(subjects):
        return None
    _remember(writer, subjects, first.anchors)
    facts = [fact for mention in (*named, anchor) for fact in mention.facts]
    facts.append(Fact(fact_name(first.relation), tuple(subjects), first.anchors))
    words = join_phrases([mention.phrase for mention in named])
    return Clause(phrase(words, f" are {RELATION_WORDS[first.relation]} ", anchor.phrase), facts)


def _word_one(writer: Voice, message: Relate) -> Clause | None:
    """Word "The plate is in front of the stove" or "Behind the table is the cabinet"; one end at least has a plain name."""
    anchors = [writer.discourse.plain(anchor) for anchor in message.anchors]
    if all(anchor is not None for anchor in anchors):
        subject = _name(writer, message, message.subject, message.anchors)
    elif len(anchors) == 1:
        subject = writer.discourse.plain(message.subject)
        anchors = [] if subject is None else [_name(writer, message, message.anchors[0], (message.subject,))]
    else:
        return None
    named = [anchor for anchor in anchors if anchor is not None]
    if subject is None or len(named) < len(message.anchors):
        return None
    facts = [fact for mention in (subject, *named) for fact in mention.facts]
    _remember(writer, [message.subject], message.anchors)
    if message.relation:
        facts.append(Fact(fact_name(message.relation), (message.subject,), message.anchors))
        place = phrase(f"{RELATION_WORDS[message.relation]} ", named[0].phrase)
    else:
        facts.append(Fact("between", (message.subject,), message.anchors))
        place = phrase("between ", named[0].phrase, " and ", named[1].phrase)
    return _ordered(writer, message, subject, place, facts)


def _ordered(writer: Voice, message: Relate, subject: Mention, place: Phrase, facts: list[Fact]) -> Clause:
    """Put the place first in one sentence of four, never in two in a row."""
    turned = not writer.inverted and writer.chooser.number(f"invert {message.subject} {message.anchors}") % 4 == 0
    writer.inverted = turned
    if turned and message.relation not in (Relation.NEXT_TO, Relation.NEAR):
        return Clause(phrase(place, f" {be(subject.plural)} ", subject.phrase), facts)
    return Clause(phrase(subject.phrase, f" {be(subject.plural)} ", place), facts, short=bool(message.relation))


def _remember(writer: Voice, subjects: Sequence[int], anchors: Sequence[int]) -> None:
    for subject in subjects:
        for anchor in anchors:
            writer.related |= {(subject, anchor), (anchor, subject)}
