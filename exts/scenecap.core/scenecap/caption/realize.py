"""Messages to sentences. Wordings vary by the chooser; a message that cannot be worded without ambiguity gives no sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenecap.caption.attributes import noun_text, parse_label
from scenecap.caption.choice import Chooser
from scenecap.caption.discourse import Discourse, Mention, shared_description
from scenecap.caption.english import Countability, indefinite_article, number_text
from scenecap.caption.lexicon import lexicon
from scenecap.caption.model import Caption, Fact
from scenecap.caption.plan import Contrast, Group, Held, HeldKinds, Message, Others, Overview, Relate
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name, room_phrase, room_words
from scenecap.caption.refer.query import HELD_RELATION, QueryKind
from scenecap.caption.refer.referrer import Reference
from scenecap.caption.spans import Phrase, Ref, join_phrases, phrase, render_sentences, sentence
from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation

#: Two objects told apart by where the one is from the other: the first is <words> the other.
_PAIR_RELATIONS = (Relation.LEFT, Relation.RIGHT, Relation.FRONT, Relation.BEHIND, Relation.ABOVE)


@dataclass
class Clause:
    """A clause without its period, and what it claims."""

    pieces: Phrase
    facts: list[Fact] = field(default_factory=list)


class Writer:
    """Words the messages of one text.

    Args:
        discourse: Who has been spoken of.
        chooser: Decides among wordings.
        setting: What kind of place it is, or None.
    """

    def __init__(self, discourse: Discourse, chooser: Chooser, setting: str | None) -> None:
        self.discourse = discourse
        self.inventory = discourse.inventory
        self.chooser = chooser
        self.place = place_words(setting)
        self.sentences: list[Phrase] = []
        self.facts: list[Fact] = []
        self._related: set[tuple[int, int]] = set()
        self._last_shape = ""

    def caption(self) -> Caption:
        """Return what was written so far."""
        text, spans = render_sentences(self.sentences)
        return Caption(text, spans, tuple(dict.fromkeys(self.facts)))

    def write(self, messages: Sequence[Message], *, limit: int) -> None:
        """Word messages until there are ``limit`` sentences. Relations are gathered and joined, so they come last."""
        relations: list[Relate] = []
        for message in messages:
            if len(self.sentences) >= limit:
                return
            if isinstance(message, Relate):
                relations.append(message)
            else:
                self._add(self._word(message))
        for clause in self._related_clauses(relations):
            if len(self.sentences) >= limit:
                return
            self._add(clause)

    def _add(self, clause: Clause | None) -> None:
        if clause is not None:
            self.sentences.append(sentence(clause.pieces))
            self.facts.extend(clause.facts)

    def _word(self, message: Message) -> Clause | None:
        if isinstance(message, Overview):
            return self._overview(message)
        if isinstance(message, Held):
            return self._held(message)
        if isinstance(message, HeldKinds):
            return self._held_kinds(message)
        if isinstance(message, Contrast):
            return self._contrast(message)
        if isinstance(message, Others):
            return self._others(message)
        return None

    def _shape(self, options: Sequence[str], key: str) -> str:
        """Choose a sentence's shape, not the one of the sentence before if another will do."""
        fresh = [option for option in options if option != self._last_shape] or list(options)
        self._last_shape = self.chooser.pick(fresh, f"{len(self.sentences)} {key}")
        return self._last_shape

    # Lists

    def _list(
        self, groups: Sequence[Group], *, start: bool = False, everywhere: bool = False
    ) -> tuple[Phrase, bool, list[Fact]]:
        """Introduce groups as a list; return its words, whether it takes a plural verb, and its facts."""
        mentions = [
            self.discourse.introduce(group, start=start and not index, everywhere=everywhere)
            for index, group in enumerate(groups)
        ]
        facts = [fact for mention in mentions for fact in mention.facts]
        plural = len(mentions) > 1 or mentions[0].plural
        return join_phrases([mention.phrase for mention in mentions]), plural, facts

    def _new(self, groups: Sequence[Group]) -> list[Group]:
        """Return groups without what was introduced before."""
        left = (tuple(node for node in group if node not in self.discourse.introduced) for group in groups)
        return [group for group in left if group]

    # Overview

    def _overview(self, message: Overview) -> Clause | None:
        groups = self._new(message.groups)
        if not groups:
            return None
        opening = not self.sentences
        expanded = self._new(message.expanded) if len(groups[-1]) == 1 else []
        shapes = ["shows", "contains"] if expanded or not opening else ["shows", "contains", "appear"]
        if self.place is not None:
            shapes = ["place_has", "place_with"]
        shape = self._shape(shapes, "overview")
        start = shape == "appear"
        words, plural, facts = self._list(groups, start=start, everywhere=True)
        tail = phrase()
        if expanded:
            holder = groups[-1][0]
            inner, _, inner_facts = self._list(expanded)
            preposition, after = {
                ContactKind.SUPPORT: ("with", " on it"),
                ContactKind.INSIDE: ("with", " in it"),
                ContactKind.ATTACHED: ("with", " attached to it"),
                ContactKind.HANGING: ("with", " hanging from it"),
            }[message.kind]
            after = after.replace(" it", " them") if self.discourse.is_plural_one(holder) else after
            tail = phrase(f" {preposition} ", inner, after)
            facts += inner_facts
            children = tuple(node for group in expanded for node in group)
            facts.append(Fact(fact_name(HELD_RELATION[message.kind]), children, (holder,)))
        if self.place is not None:
            facts.append(Fact("setting", (), value=self.place.noun))
            if shape == "place_with":
                return Clause(phrase(f"this is {self.place.indefinite} with ", words, tail), facts)
            return Clause(phrase(f"{self.place.definite} has ", words, tail), facts)
        if shape == "appear":
            return Clause(phrase(words, f" {_be(plural)} in view", tail), facts)
        if shape == "contains":
            return Clause(phrase("this scene contains ", words, tail), facts)
        return Clause(phrase("the scene shows ", words, tail), facts)

    def _others(self, message: Others) -> Clause | None:
        groups = self._new(message.groups)
        if not groups:
            return None
        words, _, facts = self._list(groups)
        subject = self.chooser.pick(["other objects include", "also in view are"], "others")
        if subject == "also in view are" and len(groups) == 1 and len(groups[0]) == 1:
            subject = "also in view is"
        return Clause(phrase(f"{subject} ", words), facts)

    # What is on what

    def _held(self, message: Held) -> Clause | None:
        groups = self._new(message.groups)
        if not groups:
            return None
        relation = HELD_RELATION[message.kind]
        children = tuple(node for group in groups for node in group)
        opening = not self.sentences
        inside_place = opening and self.place is not None
        if message.holder is None:
            assert message.room is not None
            return self._on_room(message.room, relation, groups, also=message.also, opening=opening)
        holder = self._holder(message.holder, children)
        if holder is None:
            return None
        new = message.holder not in self.discourse.introduced or not isinstance(holder, Mention)
        fact = Fact(fact_name(relation), children, (message.holder,))
        shape = self._shape(self._held_shapes(relation, groups, opening=opening, also=message.also), "held")
        # In the order in which the words come, so that "another" is said of the second.
        if shape in ("holds", "has"):
            subject = holder if isinstance(holder, Mention) else self.discourse.introduce((message.holder,))
            words, plural, facts = self._list(groups)
            verb = "contain" if relation is Relation.INSIDE and self.chooser.number("contain") % 2 else "hold"
            verb = verb if subject.plural else f"{verb}s"
            pieces = phrase(subject.phrase, f"{' also' if message.also else ''} {verb} ", words)
        elif shape == "inverted":
            subject = holder if isinstance(holder, Mention) else self.discourse.introduce((message.holder,))
            words, plural, facts = self._list(groups)
            pieces = phrase(
                f"{'also ' if message.also else ''}{RELATION_WORDS[relation]} ", subject.phrase, f" {_be(plural)} ", words
            )
        else:
            words, plural, facts = self._list(groups, start=not inside_place)
            subject = holder if isinstance(holder, Mention) else self.discourse.introduce((message.holder,))
            pieces = phrase(
                words,
                f" {self._verb(shape, plural)}{' also' if message.also else ''} ",
                _preposition(shape, relation),
                " ",
                subject.phrase,
            )
        del new
        facts = [*facts, *subject.facts, fact]
        if inside_place and self.place is not None:
            facts.append(Fact("setting", (), value=self.place.noun))
            pieces = phrase(f"{self.place.inside}, ", pieces)
        return Clause(pieces, facts)

    def _holder(self, holder: int, children: Sequence[int]) -> Mention | str | None:
        """Return how to name a holder: a mention, "new" for one to introduce, or None where it cannot be told from others."""
        if holder not in self.discourse.introduced:
            return "new"
        return self.discourse.definite(holder, avoid=children) or self.discourse.partitive(holder)

    def _held_shapes(self, relation: Relation, groups: Sequence[Group], *, opening: bool, also: bool) -> list[str]:
        if relation is Relation.HANGING:
            return ["hang", "inverted"]
        if relation is Relation.ATTACHED:
            return ["be"]
        if also:
            return ["holds", "inverted"]
        shapes = ["be", "holds"] if relation is Relation.INSIDE else ["be", "holds", "rest"]
        if relation is Relation.ON and self._may_sit(groups):
            shapes.append("sit")
        if not opening:
            shapes.append("inverted")
        if any(self._animate(node) for group in groups for node in group):
            shapes = [shape for shape in shapes if shape not in ("rest", "sit", "holds")]
        return shapes

    def _on_room(self, kind: RoomKind, relation: Relation, groups: Sequence[Group], *, also: bool, opening: bool) -> Clause:
        preposition, noun = room_words(relation, kind)
        several = self.inventory.room_kind_count(kind) > 1 and kind is RoomKind.WALL
        noun = "walls" if several and len(groups) + len(groups[0]) > 2 else f"{noun}"
        article = "a" if several and noun == "wall" else "the"
        place = room_phrase(self.inventory, kind, f"{article} {noun}")
        shapes = ["be"]
        if relation is Relation.HANGING:
            shapes = ["hang"]
        elif kind is RoomKind.FLOOR and self._may_stand(groups):
            shapes.append("stand")
        if not opening or also:
            shapes.append("inverted")
        shape = self._shape(shapes, "room")
        inside_place = opening and self.place is not None
        if shape == "inverted":
            words, plural, facts = self._list(groups)
            pieces = phrase(f"{'also ' if also else ''}{preposition} ", place, f" {_be(plural)} ", words)
        else:
            words, plural, facts = self._list(groups, start=not inside_place)
            preposition = "from" if shape == "hang" else preposition
            pieces = phrase(words, f" {self._verb(shape, plural)}{' also' if also else ''} {preposition} ", place)
        for group in groups:
            by_path: dict[str | None, list[int]] = {}
            for node in group:
                by_path.setdefault(self.inventory.nodes[node].parent_path, []).append(node)
            facts += [Fact(fact_name(relation), tuple(nodes), value=path) for path, nodes in by_path.items()]
        if inside_place and self.place is not None:
            facts.append(Fact("setting", (), value=self.place.noun))
            pieces = phrase(f"{self.place.inside}, ", pieces)
        return Clause(pieces, facts)

    def _held_kinds(self, message: HeldKinds) -> Clause | None:
        """Word how many objects of a kind are where ("26 of the boxes are on the shelves")."""
        everyone = self.discourse.definite_group(message.group, counted=False)
        if everyone is None:
            return None
        facts: list[Fact] = []
        clauses: list[Phrase] = []
        for children, holders, kind in message.parts:
            place = self.discourse.definite_group(holders, counted=False)
            if place is None:
                continue
            relation = HELD_RELATION[kind]
            words = f" {RELATION_WORDS[relation]} "
            if not clauses:
                subject, plural = self._share(children, message.group, everyone)
            else:
                subject = (Ref(phrase(number_text(len(children))), children),)
                plural = len(children) > 1
            clauses.append(phrase(subject, f" {_be(plural)}", words, place.phrase))
            facts += [*everyone.facts, *place.facts, Fact(fact_name(relation), children, holders)]
            facts.append(Fact("count", children, value=len(children)))
            if len(children) == len(message.group):
                break
        return Clause(join_phrases(clauses), facts) if clauses else None

    def _share(self, part: Group, whole: Group, everyone: Mention) -> tuple[Phrase, bool]:
        """Return "all of the boxes", "26 of the boxes" or "one of the boxes"."""
        if len(whole) == 1:
            return everyone.phrase, everyone.plural
        if len(part) == len(whole):
            return (Ref(phrase("both of " if len(whole) == 2 else "all of ", everyone.phrase), part),), True
        return (Ref(phrase(f"{number_text(len(part), start=True)} of ", everyone.phrase), part),), len(part) > 1

    # Telling like objects apart

    def _contrast(self, message: Contrast) -> Clause | None:
        """Word what tells two like objects apart ("One bowl is between ..., and the other is next to ...")."""
        first, second = message.group
        if not self.discourse.introduced.issuperset(message.group):
            return None
        inventory = self.inventory
        descriptions = [inventory.descriptions[node] for node in message.group]
        shared = shared_description(descriptions)
        if shared.name.countability is not Countability.COUNT:
            return None
        noun = noun_text(shared.name, suffix=len(shared.name.core_tokens))
        predicates = [self._predicate(node, other) for node, other in ((first, second), (second, first))]
        if predicates[0] is None and predicates[1] is not None:
            first, second = second, first
            predicates.reverse()
        if predicates[0] is not None:
            words, facts = predicates[0]
            pieces = phrase(self._one(noun, first), " is ", words)
            if predicates[1] is not None:
                other_words, other_facts = predicates[1]
                other_words = _mirrored(facts, other_facts) or other_words
                join = self.chooser.pick([", and the other is ", ", while the other is ", "; the other is "], "contrast")
                head, _, tail = join.partition("the other")
                pieces = phrase(pieces, head, Ref(phrase("the other"), (second,)), tail, other_words)
                facts = [*facts, *other_facts]
            self._related.update(_pairs_of(facts))
            return Clause(pieces, facts)
        relations = inventory.graph.relation(first, second)
        relation = next((item for item in _PAIR_RELATIONS if relations & item), None)
        other = Ref(phrase("the other"), (second,))
        if relation is not None:
            self._related.update({(first, second), (second, first)})
            fact = Fact(fact_name(relation), (first,), (second,))
            return Clause(phrase(self._one(noun, first), f" is {RELATION_WORDS[relation]} ", other), [fact])
        for one, rest in ((first, second), (second, first)):
            if inventory.larger(one, rest):
                fact = Fact("size", (one,), (rest,), value="larger")
                return Clause(phrase(self._one(noun, one), " is larger than ", Ref(phrase("the other"), (rest,))), [fact])
        return None

    def _one(self, noun: str, node: int) -> Phrase:
        return (Ref(phrase(f"one {noun}"), (node,)),)

    def _predicate(self, node: int, other: int) -> tuple[Phrase, list[Fact]] | None:
        """Return a place that only one of two like objects has, as a predicate ("next to the plate")."""
        mention = self.discourse.definite(
            node, avoid=(other,), allow=lambda item: item.query.kind.value in ("held", "center", "relation", "between", "room")
        )
        if mention is None:
            return None
        content = mention.phrase[0]
        assert isinstance(content, Ref)
        first, *rest = content.content
        assert isinstance(first, str)
        # The predicate is what follows the noun: the part of the expression's first string after the noun.
        marker = next((word for word in _PREDICATE_STARTS if f" {word} " in f"{first} "), None)
        if marker is None:
            return None
        head = first[first.rindex(f" {marker} ") + 1 :] if f" {marker} " in first else first[first.rindex(f" {marker}") + 1 :]
        relations = [fact for fact in mention.facts if fact.kind not in ("color", "material")]
        facts = [
            *relations,
            *(fact for fact in mention.facts if fact.kind in ("color", "material") and node not in fact.nodes),
        ]
        return phrase(head, *rest), facts

    # Relations

    def _related_clauses(self, messages: Sequence[Relate]) -> Iterator[Clause]:
        """Yield clauses for relations, those that share their subject or their object joined."""
        left = [message for message in messages if self._worth_saying(message)]
        waiting: Clause | None = None
        for clause, simple in self._single_clauses(left):
            if waiting is None and simple and self.chooser.number(f"join {len(self.sentences)}") % 2:
                waiting = clause
                continue
            if waiting is not None and not simple:
                yield waiting
                waiting = None
            if waiting is not None:
                join = self.chooser.pick([", and ", ", while "], f"join words {len(self.sentences)}")
                clause = Clause(phrase(waiting.pieces, join, clause.pieces), [*waiting.facts, *clause.facts])
                waiting = None
            yield clause
        if waiting is not None:
            yield waiting

    def _single_clauses(self, left: list[Relate]) -> Iterator[tuple[Clause, bool]]:
        """Yield clauses, and whether each is short enough to be joined to another."""
        while left:
            first = left.pop(0)
            if not self._worth_saying(first):
                continue
            same_place = [
                item
                for item in left
                if item.relation is first.relation
                and item.anchors == first.anchors
                and item.subject != first.subject
                and first.relation
            ][:2]
            clause = self._joined_subjects(first, same_place) if same_place else None
            if clause is not None:
                left = [item for item in left if item not in same_place]
                yield clause, False
                continue
            more = next(
                (
                    item
                    for item in left
                    if item.subject == first.subject and item.relation and first.relation and item.anchors != first.anchors
                ),
                None,
            )
            clause = self._relate(first, more)
            if clause is not None:
                if more is not None:
                    left.remove(more)
                yield clause, more is None and not self._last_shape == "inverted"

    def _worth_saying(self, message: Relate) -> bool:
        nodes = (message.subject, *message.anchors)
        if any(node not in self.discourse.introduced for node in nodes):
            return False
        return not any((message.subject, anchor) in self._related for anchor in message.anchors)

    def _joined_subjects(self, first: Relate, others: Sequence[Relate]) -> Clause | None:
        """Word "the mug and the kettle are to the left of the stove"."""
        subjects = [first.subject, *(item.subject for item in others)]
        anchor = self.discourse.definite(first.anchors[0], avoid=subjects, allow=_short)
        mentions = [self.discourse.definite(node, avoid=(*first.anchors, *subjects), allow=_short) for node in subjects]
        known = [mention for mention in mentions if mention is not None]
        if anchor is None or len(known) != len(subjects):
            return None
        self._remember(subjects, first.anchors)
        facts = [fact for mention in (*known, anchor) for fact in mention.facts]
        facts.append(Fact(fact_name(first.relation), tuple(subjects), first.anchors))
        words = join_phrases([mention.phrase for mention in known])
        return Clause(phrase(words, f" are {RELATION_WORDS[first.relation]} ", anchor.phrase), facts)

    def _relate(self, message: Relate, more: Relate | None = None) -> Clause | None:
        named = (*message.anchors, *(more.anchors if more else ()))
        subject = self.discourse.definite(message.subject, avoid=named, allow=_short)
        anchors = [self.discourse.definite(anchor, avoid=(message.subject,), allow=_short) for anchor in message.anchors]
        known = [mention for mention in anchors if mention is not None]
        if subject is None or len(known) != len(anchors):
            return None
        facts = [fact for mention in (subject, *known) for fact in mention.facts]
        self._remember([message.subject], message.anchors)
        if not message.relation:
            facts.append(Fact("between", (message.subject,), message.anchors))
            place = phrase("between ", known[0].phrase, " and ", known[1].phrase)
        else:
            facts.append(Fact(fact_name(message.relation), (message.subject,), message.anchors))
            place = phrase(f"{RELATION_WORDS[message.relation]} ", known[0].phrase)
        if more is not None:
            second = self.discourse.definite(more.anchors[0], avoid=(message.subject,), allow=_short)
            if second is not None:
                facts += [*second.facts, Fact(fact_name(more.relation), (more.subject,), more.anchors)]
                self._remember([more.subject], more.anchors)
                place = phrase(place, f" and {RELATION_WORDS[more.relation]} ", second.phrase)
                return Clause(phrase(subject.phrase, f" {_be(subject.plural)} ", place), facts)
        turn = self.chooser.number(f"invert {len(self.sentences)} {message.subject}") % 4 == 0
        self._last_shape = "be"
        if turn and message.relation not in (Relation.NEXT_TO, Relation.NEAR):
            self._last_shape = "inverted"
            return Clause(phrase(place, f" {_be(subject.plural)} ", subject.phrase), facts)
        return Clause(phrase(subject.phrase, f" {_be(subject.plural)} ", place), facts)

    def _remember(self, subjects: Sequence[int], anchors: Sequence[int]) -> None:
        for subject in subjects:
            for anchor in anchors:
                self._related.update({(subject, anchor), (anchor, subject)})

    # Verbs

    def _verb(self, shape: str, plural: bool) -> str:
        if shape in ("sit", "rest", "stand", "hang"):
            return shape if plural else f"{shape}s"
        return _be(plural)

    def _animate(self, node: int) -> bool:
        return self.inventory.descriptions[node].name.head in lexicon().animate

    def _heights(self, groups: Sequence[Group]) -> tuple[np.ndarray, np.ndarray]:
        """Return heights and longest horizontal edges of all nodes of some groups [m]."""
        boxes = self.inventory.boxes_world[[node for group in groups for node in group]]
        size = boxes[:, 1] - boxes[:, 0]
        return size[:, 2], size[:, :2].max(axis=1)

    def _may_sit(self, groups: Sequence[Group]) -> bool:
        height, _ = self._heights(groups)
        return bool((height <= 0.6).all())

    def _may_stand(self, groups: Sequence[Group]) -> bool:
        """Whether "stands" fits all: tall things, no animal or person, whose posture nobody knows."""
        if any(self._animate(node) for group in groups for node in group):
            return False
        height, width = self._heights(groups)
        return bool(((height >= 0.3) & (height >= 0.3 * width)).all())


_PREDICATE_STARTS = (
    "hanging from",
    "attached to",
    "in the center of",
    "to the left of",
    "to the right of",
    "in front of",
    "next to",
    "between",
    "behind",
    "above",
    "below",
    "near",
    "on",
    "in",
)


#: Opposite directions, and how the second is said once the first was ("to the left of the table ... to its right").
_MIRRORED = {
    ("left", "right"): ("to ", "its", " right"),
    ("right", "left"): ("to ", "its", " left"),
    ("front", "behind"): ("behind ", "it", ""),
    ("behind", "front"): ("in front of ", "it", ""),
}


def _mirrored(first: Sequence[Fact], second: Sequence[Fact]) -> Phrase | None:
    """Return a pronoun's wording for the opposite side of the same object, else None.

    It is safe to leave open whether "it" is the object or the first of the two: both readings are true.
    """
    one, other = first[0], second[0]
    if one.objects != other.objects or len(one.objects) != 1 or (one.kind, other.kind) not in _MIRRORED:
        return None
    before, pronoun, after = _MIRRORED[(one.kind, other.kind)]
    return phrase(before, Ref(phrase(pronoun), one.objects), after)


def _short(reference: Reference) -> bool:
    """Whether an expression is short enough to stand in a sentence about a relation."""
    return reference.query.kind not in (QueryKind.RELATION, QueryKind.BETWEEN, QueryKind.CENTER, QueryKind.HOLDER)


def _pairs_of(facts: Sequence[Fact]) -> set[tuple[int, int]]:
    """Return the pairs of nodes, in both orders, that facts relate."""
    pairs = {(node, other) for fact in facts for node in fact.nodes for other in fact.objects}
    return pairs | {(other, node) for node, other in pairs}


def _be(plural: bool) -> str:
    return "are" if plural else "is"


def _preposition(shape: str, relation: Relation) -> str:
    return "from" if shape == "hang" else RELATION_WORDS[relation]


@dataclass(frozen=True)
class Place:
    """Words for the kind of place.

    Attributes:
        noun: "kitchen".
        indefinite: "a kitchen".
        definite: "the kitchen".
        inside: "in the kitchen", "on the street".
    """

    noun: str
    indefinite: str
    definite: str
    inside: str


def place_words(setting: str | None) -> Place | None:
    """Return the words for a setting; None where nothing says what it is or the word is no noun phrase."""
    if not setting:
        return None
    name = parse_label(setting)
    if name.quoted or name.generic or name.countability is not Countability.COUNT:
        return None
    noun = noun_text(name, adjectives=" ".join(name.colors))
    preposition = lexicon().setting_prepositions.get(name.head, "in")
    return Place(noun, f"{indefinite_article(noun)} {noun}", f"the {noun}", f"{preposition} the {noun}")
