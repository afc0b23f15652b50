"""Is it there, and how many are there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenecap.caption.attributes import (
    Description,
    Name,
    adjectives_text,
    basic_color,
    indefinite_text,
    noun_text,
    parse_label,
)
from scenecap.caption.discourse import shared_description
from scenecap.caption.english import Countability, number_text
from scenecap.caption.lexicon import lexicon
from scenecap.caption.model import Fact, Question, QuestionKind
from scenecap.caption.questions.base import Asker
from scenecap.caption.refer.phrasing import color_facts
from scenecap.caption.spans import Phrase, Ref, phrase

#: Nobody counts more than this at a glance.
_MOST_COUNTED = 20
#: Most questions whose answer is "one".
_MOST_ONES = 2


def ask_existence(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "Is there a mug in the picture?"."""
    if polarity is True:
        yield from _present(asker)
    elif polarity is False:
        yield from _absent(asker)


def _present(asker: Asker) -> Iterator[Question]:
    inventory = asker.inventory
    shown = np.flatnonzero(inventory.visible_px >= inventory.settings.min_question_px)
    first_of: dict[tuple[object, ...], int] = {}
    for node in sorted(shown.tolist(), key=lambda node: (-int(inventory.visible_px[node]), node)):
        name = inventory.descriptions[node].name
        if not name.quoted and not name.generic:
            first_of.setdefault((name.tokens, name.post), node)
    for (node,) in asker.order([(node,) for node in first_of.values()], "existence", 8):
        name = inventory.descriptions[node].name
        group = tuple(
            other
            for other in inventory.named(name.tokens, name.post).certain
            if inventory.visible_px[other] >= inventory.settings.min_question_px
            and set(name.colors) <= {*inventory.descriptions[other].name.colors, *inventory.descriptions[other].colors}
        )
        words = _is_there(asker, name, (Ref(phrase(_any(name)), group),), f"existence {node}")
        yield asker.yes_no(QuestionKind.EXISTENCE, words, True, nodes=group, facts=[Fact("exists", group)])


def _absent(asker: Asker) -> Iterator[Question]:
    """Ask for what is elsewhere in the stage, then for what such a place often has; never where one may be in view."""
    inventory = asker.inventory
    if inventory.may_hide_unknowns or inventory.others_unknown:
        return
    elsewhere = sorted({obj.label for obj in inventory.frame.objects if obj.visibility is None})
    places = lexicon().common_objects
    common = list(places.get(inventory.frame.setting or "", places["other"]))
    for label in (*asker.chooser.shuffled(elsewhere, "elsewhere"), *asker.chooser.shuffled(common, "common")):
        name = parse_label(label)
        if is_absent(asker, name):
            words = _is_there(asker, name, phrase(_any(name)), f"absent {label}")
            fact = Fact("absent", (), value=" ".join(name.core_tokens))
            yield asker.yes_no(QuestionKind.EXISTENCE, words, False, nodes=(), facts=[fact])


def is_absent(asker: Asker, name: Name) -> bool:
    """Return whether the picture surely shows nothing of a name.

    No word of it, and no noun that people may use for it, is part of the name of anything that the picture may show.
    """
    if name.quoted or name.generic or name.head in lexicon().parts:
        return False
    inventory = asker.inventory
    shown = inventory.shown_words
    if any(token in shown or f"{token}s" in shown or token.rstrip("s") in shown for token in (*name.core_tokens, name.head)):
        return False
    text = " ".join(name.core_tokens)
    return not any(word in shown for kin in related_nouns(text, name.head) for word in (kin.split(" ")[-1],))


def related_nouns(text: str, head: str) -> frozenset[str]:
    """Return nouns that people may use for the same thing, for kinds of it, or for what it is a kind of."""
    words = lexicon()
    related: set[str] = set()
    for noun in {text, head}:
        related |= (
            words.same.get(noun, frozenset()) | words.near.get(noun, frozenset()) | words.hypernyms.get(noun, frozenset())
        )
        related |= {kind for kind, kinds in words.hypernyms.items() if noun in kinds}
    return frozenset(related)


def _any(name: Name) -> str:
    """Return "a mug", "any cookies", "any bread", "a pair of scissors"."""
    if name.countability in (Countability.MASS, Countability.PLURAL):
        return f"any {noun_text(name, adjectives=' and '.join(name.colors))}"
    return indefinite_text(Description(name, name.colors), 1)


def _is_there(asker: Asker, name: Name, noun: Phrase, key: str) -> Phrase:
    plural = name.countability is Countability.PLURAL
    start = asker.chooser.pick(["is there ", "is there ", "can you see "], key)
    start = "are there " if plural and start == "is there " else start
    where = " in the image" if name.head in ("picture", "pictures") else " in the picture"
    return phrase(start, noun, where)


def ask_count(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "How many mugs are in the picture?" and "How many red mugs are on the table?"."""
    if polarity is not None:
        return
    inventory = asker.inventory
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for node, description in enumerate(inventory.descriptions):
        if description.name.countability in (Countability.COUNT, Countability.PAIR):
            groups.setdefault((description.name.core_tokens, ()), []).append(node)
            if description.colors:
                groups.setdefault((description.name.core_tokens, description.colors), []).append(node)
    several = sorted(groups.items(), key=lambda item: (len(item[1]) < 2, item[0]))
    ordered = [item for item in several if len(item[1]) > 1]
    # Colors that all of a noun's objects share add nothing.
    ordered = [item for item in ordered if not item[0][1] or item[1] != groups[(item[0][0], ())]]
    single = [item for item in several if len(item[1]) == 1 and not (item[0][1] and item[1] == groups[(item[0][0], ())])]
    ones = 0
    for (noun, colors), members in (*asker.chooser.shuffled(ordered, "count"), *asker.chooser.shuffled(single, "count one")):
        if ones < _MOST_ONES and countable(asker, noun, colors, members):
            ones += len(members) == 1
            yield _count(asker, members, bool(colors))


def countable(asker: Asker, noun: tuple[str, ...], colors: tuple[str, ...], members: list[int]) -> bool:
    """Return whether these are surely all that anybody would count, and each can be seen."""
    inventory = asker.inventory
    if inventory.may_hide_unknowns or inventory.others_unknown:
        return False
    names = [inventory.descriptions[node].name for node in members]
    if len(members) > _MOST_COUNTED:
        return False
    if any(name.quoted or name.generic for name in names):
        return False
    if not inventory.matching(noun, colors=map(basic_color, colors)).is_exactly(members):
        return False
    if any(inventory.visible_px[node] < inventory.settings.min_question_px for node in members):
        return False
    text = " ".join(noun)
    own = {names[0].head}
    heads = {description.name.head for description in (*inventory.descriptions, *inventory.others)} - own
    kin = {item.split(" ")[-1] for item in related_nouns(text, noun[-1])}
    shorter = any(
        len(description.name.core_tokens) < len(noun) and description.name.head == noun[-1]
        for description in inventory.descriptions
    )
    return not (heads & kin) and not shorter


def _count(asker: Asker, members: list[int], colored: bool) -> Question:
    inventory = asker.inventory
    shared = shared_description([inventory.descriptions[node] for node in members])
    noun = noun_text(
        shared.name, plural=True, suffix=len(shared.name.core_tokens), adjectives=adjectives_text(shared) if colored else ""
    )
    if shared.name.countability is Countability.PAIR:
        noun = f"pairs of {noun}"
    picture = "image" if shared.name.head == "picture" else "picture"
    where = asker.chooser.pick((" are in the", " are there in the", " can be seen in the"), f"count {noun}") + f" {picture}"
    group = tuple(members)
    facts = [Fact("exists", group), Fact("count", group, value=len(group))]
    if colored:
        facts += color_facts(inventory, group)
    words = phrase("how many ", Ref(phrase(noun), group), where)
    return asker.question(QuestionKind.COUNT, words, number_text(len(group)), nodes=group, facts=facts)
