"""Left and right, in front and behind, above and below, between."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenecap.caption.lexicon import lexicon
from scenecap.caption.model import Fact, Question, QuestionKind
from scenecap.caption.questions.base import Asker
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name
from scenecap.caption.refer.query import Extreme, QueryKind
from scenecap.caption.refer.referrer import Reference
from scenecap.caption.spans import phrase
from scenecap.graph.model import Relation

#: How an open question puts two opposite relations, and the answers.
_CHOICES = {
    QuestionKind.LEFT_RIGHT: ("to the left or to the right of", {Relation.LEFT: "left", Relation.RIGHT: "right"}),
    QuestionKind.FRONT_BEHIND: ("in front of or behind", {Relation.FRONT: "in front", Relation.BEHIND: "behind"}),
    QuestionKind.ABOVE_BELOW: ("above or below", {Relation.ABOVE: "above", Relation.BELOW: "below"}),
}
_EXTREMES = {
    QuestionKind.LEFT_RIGHT: (Extreme.LEFT, Extreme.RIGHT),
    QuestionKind.FRONT_BEHIND: (Extreme.FRONT, Extreme.BACK),
    QuestionKind.ABOVE_BELOW: (),
}


def ask_left_right(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "Is the mug to the left of the plate?" and "Is the mug to the left or to the right of the plate?"."""
    yield from _ask(asker, polarity, QuestionKind.LEFT_RIGHT)


def ask_front_behind(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "Is the chair behind the table?" and "Is the chair in front of or behind the table?"."""
    yield from _ask(asker, polarity, QuestionKind.FRONT_BEHIND)


def ask_above_below(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "Is the lamp above the table?" and "Is the lamp above or below the table?"."""
    yield from _ask(asker, polarity, QuestionKind.ABOVE_BELOW)


def _ask(asker: Asker, polarity: bool | None, kind: QuestionKind) -> Iterator[Question]:
    wording, answers = _CHOICES[kind]
    one, other = answers
    pairs = [*((*pair, 0) for pair in asker.pairs_with(one)), *((*pair, 1) for pair in asker.pairs_with(other))]
    # Each pair is there in both directions; a question takes one of them, as the seed decides.
    forward: dict[tuple[int, int], bool] = {}
    halved = []
    for source, target, side in pairs:
        pair = (source, target) if source < target else (target, source)
        if pair not in forward:
            forward[pair] = bool(asker.chooser.number(f"{kind.value} {polarity} {pair[0]} {pair[1]}") % 2)
        if (source < target) == forward[pair] and not asker.related(source, target):
            halved.append((source, target, side))
    for source, target, side in asker.order_pairs(halved, f"{kind.value} {polarity}"):
        relation = one if side == 0 else other

        def fair(reference: Reference) -> bool:
            return reference.query.extreme not in _EXTREMES[kind] and reference.query.relation not in answers

        subject = asker.name(source, avoid=(target,), allow=fair)
        place = asker.name(target, avoid=(source,), allow=fair)
        if subject is None or place is None:
            continue
        fact = Fact(fact_name(relation), (source,), (target,))
        facts = [*subject.facts, *place.facts, fact]
        seen = ", as seen from the camera" if _has_front(asker, target, kind) else ""
        nodes, edges = (source, target, *subject.anchors, *place.anchors), ((source, target),)
        if polarity is None:
            words = phrase(f"{subject.be} ", subject.phrase, f" {wording} ", place.phrase, seen)
            yield asker.question(kind, words, answers[relation], nodes=nodes, facts=facts, edges=edges)
            continue
        asked = relation if polarity else relation.inverse()
        words = phrase(f"{subject.be} ", subject.phrase, f" {RELATION_WORDS[asked]} ", place.phrase, seen)
        yield asker.yes_no(kind, words, polarity, nodes=nodes, facts=facts, edges=edges)


def _has_front(asker: Asker, anchor: int, kind: QuestionKind) -> bool:
    """Whether "in front of the sofa" may be read from the sofa's own side, so that the question must say whose it is."""
    return kind is QuestionKind.FRONT_BEHIND and asker.inventory.descriptions[anchor].name.head in lexicon().has_front


def ask_between(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "What is between the plate and the ramekin?" and "Is the bowl between the plate and the ramekin?"."""
    inventory = asker.inventory
    subjects = set(asker.subjects)
    facts = [fact for fact in inventory.graph.between if {fact.subject, fact.first, fact.second} <= subjects][:256]
    triples = asker.order([(fact.subject, *inventory.ends(fact)) for fact in facts], f"between {polarity}", 8)
    for subject, first, second in triples:
        if polarity is False:
            subject = _beyond(asker, first, second)
            if subject is None:
                continue
        nested = (QueryKind.BETWEEN, QueryKind.RELATION)
        one = asker.name(first, avoid=(subject, second), kinds=nested)
        other = asker.name(second, avoid=(subject, first), kinds=nested)
        if one is None or other is None:
            continue
        ends = phrase("between ", one.phrase, " and ", other.phrase)
        named = [*one.facts, *other.facts]
        edges = ((subject, first), (subject, second))
        anchors = (first, second, *one.anchors, *other.anchors)
        fact = Fact("not_between" if polarity is False else "between", (subject,), (first, second))
        if polarity is None:
            if not _alone_between(asker, subject, first, second):
                continue
            yield asker.question(
                QuestionKind.BETWEEN,
                phrase("what is ", ends),
                asker.indefinite(subject),
                nodes=(subject, *anchors),
                facts=[*named, fact],
                edges=edges,
            )
            continue
        name = asker.name(subject, avoid=(first, second), kinds=(QueryKind.BETWEEN,))
        if name is None:
            continue
        yield asker.yes_no(
            QuestionKind.BETWEEN,
            phrase(f"{name.be} ", name.phrase, " ", ends),
            polarity,
            nodes=(subject, *anchors, *name.anchors),
            facts=[*named, *name.facts, fact],
            edges=edges,
        )


def along_and_off(asker: Asker, node: int, first: int, second: int) -> tuple[float, float]:
    """Return where a node lies along the line between two others (0 and 1 at the ends), and its distance from it [m]."""
    centers = asker.inventory.centers_viewer[:, :2]
    line = centers[second] - centers[first]
    length = float(np.linalg.norm(line))
    if length < 1e-9:
        return 0.5, float(np.linalg.norm(centers[node] - centers[first]))
    reach = centers[node] - centers[first]
    fraction = float(reach @ line) / length**2
    return fraction, float(np.linalg.norm(reach - fraction * line))


def _beyond(asker: Asker, first: int, second: int) -> int | None:
    """Return an object on the same thing that surely is not between two others: it lies beyond one of them."""
    inventory = asker.inventory
    parent = inventory.nodes[first].parent_path
    options = []
    for node in asker.subjects:
        if node in (first, second) or inventory.nodes[node].parent_path != parent:
            continue
        fraction, _ = along_and_off(asker, node, first, second)
        if fraction < -0.15 or fraction > 1.15:
            options.append(node)
    return asker.chooser.pick(options, f"beyond {first} {second}") if options else None


def _alone_between(asker: Asker, subject: int, first: int, second: int) -> bool:
    """Return whether nothing else that the picture shows may be called between two objects."""
    inventory = asker.inventory
    if inventory.others or inventory.may_hide_unknowns:
        return False
    if len(inventory.between_of(first, second)) != 1:
        return False
    centers = inventory.centers_viewer[:, :2]
    line = centers[second] - centers[first]
    length = float(np.linalg.norm(line))
    if length < 1e-9:
        return False
    reach = centers - centers[first]
    fraction = reach @ line / length**2
    off = np.linalg.norm(reach - fraction[:, None] * line, axis=1)
    half = inventory.edges_sorted[:, 0] / 2
    near = (fraction > -0.05) & (fraction < 1.05) & (off <= half + 0.5 * np.median(inventory.edges_sorted[subject]))
    near[[subject, first, second]] = False
    for end in (first, second):
        near[inventory.ancestors(end)] = False
    return not near.any()
