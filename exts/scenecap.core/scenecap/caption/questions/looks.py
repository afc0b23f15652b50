"""What color it is, and which is larger."""

from __future__ import annotations

from collections.abc import Iterator

from scenecap.caption.attributes import basic_color, clearly_different
from scenecap.caption.english import join_list
from scenecap.caption.model import Fact, Question, QuestionKind
from scenecap.caption.questions.base import Asker
from scenecap.caption.refer.phrasing import color_facts
from scenecap.caption.refer.query import Extreme, QueryKind
from scenecap.caption.refer.referrer import Reference
from scenecap.caption.spans import phrase

_BASIC = ("black", "white", "red", "green", "blue", "yellow", "brown", "orange", "purple", "pink")


def ask_color(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "What color is the bowl?" and "Is the bowl red?"."""
    inventory = asker.inventory
    present = sorted({basic_color(color) for description in inventory.descriptions for color in description.colors})
    for (node,) in asker.order([(node,) for node in asker.subjects], f"color {polarity}", 8):
        description = inventory.descriptions[node]
        if not description.colors:
            continue
        subject = asker.name(node, looks=False)
        if subject is None:
            continue
        facts = [*subject.facts, *color_facts(inventory, (node,))]
        colors = join_list(description.colors)
        if polarity is None:
            words = phrase(f"what color {subject.be} ", subject.phrase)
            yield asker.question(QuestionKind.COLOR, words, colors, nodes=(node, *subject.anchors), facts=facts)
            continue
        if len(description.colors) > 1:
            continue
        asked = colors
        if polarity is False:
            # Colors that other objects have make the harder question.
            options = [
                color for color in (*asker.chooser.shuffled(present, f"color {node}"), *asker.chooser.shuffled(_BASIC, "any"))
            ]
            wrong = [color for color in options if clearly_different(description.basic_colors, frozenset((color,)))]
            if not wrong:
                continue
            asked = wrong[0]
        words = phrase(f"{subject.be} ", subject.phrase, f" {asked}")
        yield asker.yes_no(QuestionKind.COLOR, words, polarity, nodes=(node, *subject.anchors), facts=facts)


def ask_size(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "Which is larger, the box or the mug?" and "Is the mug larger than the box?"; only where it is clear."""
    inventory = asker.inventory
    whole = [node for node in asker.subjects if not _cut(asker, node)]
    pairs = [(one, other) for one in whole for other in whole if one != other and inventory.larger(one, other)]
    for large, small in asker.order(pairs, f"size {polarity}", 8):
        one = asker.name(large, avoid=(small,), allow=_fair)
        other = asker.name(small, avoid=(large,), allow=_fair)
        if one is None or other is None:
            continue
        facts = [*one.facts, *other.facts, Fact("size", (large,), (small,), value="larger")]
        nodes, edges = (large, small, *one.anchors, *other.anchors), ((large, small),)
        turned = asker.chooser.number(f"size {large} {small}") % 2 == 1
        if polarity is None:
            verb = "are" if one.plural and other.plural else "is"
            first, second = (other, one) if turned else (one, other)
            word = "smaller" if asker.chooser.number(f"smaller {large} {small}") % 2 else "larger"
            words = phrase(f"which {verb} {word}, ", first.phrase, " or ", second.phrase)
            answer = one.phrase if word == "larger" else other.phrase
            yield asker.question(QuestionKind.SIZE, words, answer, nodes=nodes, facts=facts, edges=edges)
            continue
        first, second = (other, one) if turned else (one, other)
        says_larger = (first is one) == polarity
        words = phrase(f"{first.be} ", first.phrase, f" {'larger' if says_larger else 'smaller'} than ", second.phrase)
        yield asker.yes_no(QuestionKind.SIZE, words, polarity, nodes=nodes, facts=facts, edges=edges)


def _cut(asker: Asker, node: int) -> bool:
    """Whether the picture does not show how large an object is."""
    view = asker.inventory.nodes[node].observed.visibility
    return view is None or view.truncated


def _fair(reference: Reference) -> bool:
    """Whether a name neither gives the answer away nor is hard to read next to "or"."""
    return reference.query.extreme not in (Extreme.LARGEST, Extreme.SMALLEST) and reference.query.kind is not QueryKind.BETWEEN
