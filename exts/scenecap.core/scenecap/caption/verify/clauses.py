"""From elements to statements: who is said to be where, with the readings that the grammar leaves open.

The grammar is small and reads from left to right. Where a phrase may belong to more than one noun ("a mug on the table next to
the lamp"), a statement keeps all readings, and the judge lets the text have the true one: a checker that picks readings by
chance would reject true sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.lexicon import lexicon
from scenecap.caption.verify.chunks import is_scene_word, is_setting_word
from scenecap.caption.verify.syntax import Bound, Count, Element, Group, Kind, Mention, Sentence, Statement, Word
from scenecap.caption.verify.words import words

#: Readings that are kept for one pronoun.
_MOST_ANTECEDENTS = 5
_PLURAL = frozenset({"them", "they", "these", "those", "both", "themselves"})
_HOLDING = {"hold": "held", "contain": "inside", "have": "with", "show": "with"}
#: Elements that may follow a noun and say more of it.
_MODIFIERS = frozenset({Kind.RELATION, Kind.POSITION, Kind.POSSESSIVE, Kind.RECIPROCAL, Kind.MEASURE, Kind.WHICH})


class ClauseReader:
    """Reads the statements of one sentence.

    Args:
        elements: The sentence's elements.
        known: Mentions of the sentences before, for pronouns.
        heads: Head words of the frame's labels, so that "room" can be an object where there is one.
        start: First character of the sentence.
        end: One past its last.
    """

    def __init__(
        self, elements: Sequence[Element], *, known: Sequence[Group], heads: frozenset[str], start: int, end: int
    ) -> None:
        self._elements = elements
        self._at = 0
        self._known = list(known)
        self._heads = heads
        self._carried = 0  # how many "with ..." lists are open, which "on it" may end
        self.sentence = Sentence(start, end)
        self.groups: list[Group] = []

    def run(self) -> Sentence:
        """Return what the sentence states."""
        while self._at < len(self._elements):
            before = self._at
            self._clause()
            if self._at == before:
                self._at += 1
        return self.sentence

    # Looking ahead

    def _kind(self, ahead: int = 0) -> Kind | None:
        at = self._at + ahead
        return self._elements[at].kind if at < len(self._elements) else None

    def _element(self, ahead: int = 0) -> Element:
        return self._elements[self._at + ahead]

    def _skip(self, *kinds: Kind) -> bool:
        found = False
        while self._kind() in kinds:
            self._at += 1
            found = True
        return found

    def _starts_clause(self, at: int) -> bool:
        """Whether the mention at an index is the subject of a clause of its own: a finite verb follows what belongs to it."""
        steps = 0
        while at < len(self._elements) and steps < 40:
            element = self._elements[at]
            if element.kind is Kind.VERB:
                if element.finite:
                    return True
            elif element.kind in (Kind.BREAK, Kind.WHICH, Kind.THERE, Kind.NOT) or (
                element.kind is Kind.COMMA
                and not (at + 1 < len(self._elements) and self._elements[at + 1].kind in (Kind.MENTION, Kind.AND))
            ):
                return False
            at += 1
            steps += 1
        return False

    def _gapped(self, at: int, *, comma: bool) -> bool:
        """Whether "ten on the pallets" follows: a subject with its place, the verb left out."""
        if at + 1 >= len(self._elements) or self._elements[at].kind is not Kind.MENTION:
            return False
        mention, following = self._elements[at].mention, self._elements[at + 1]
        assert mention is not None
        if following.kind is not Kind.RELATION or following.value in ("with", "without"):
            return False
        return not mention.definite or mention.pronoun == "one" or mention.pronoun == "other" or comma

    # Clauses

    def _clause(self) -> None:
        self._skip(Kind.COMMA, Kind.AND, Kind.BREAK, Kind.OTHER)
        fronts: list[Statement] = []
        while True:
            kind = self._kind()
            if kind is Kind.VERB and not self._element().finite:
                self._at += 1
            elif kind is Kind.RELATION and self._kind(1) in (Kind.MENTION, Kind.OTHER):
                element = self._element()
                self._at += 1
                objects = self._objects(element, outer=[])
                if objects:
                    fronts.append(self._statement(element.value, [], self._readings(objects), element))
            elif kind in (Kind.POSITION, Kind.POSSESSIVE):
                fronts.append(self._place(self._element(), []))
                self._at += 1
            else:
                break
            self._skip(Kind.OTHER)
            if self._kind() is Kind.COMMA and self._kind(1) in (Kind.RELATION, Kind.POSITION, Kind.MENTION, Kind.THERE):
                self._at += 1
        if self._kind() is Kind.LOOKS:  # "Visible in the scene are ..."
            self._at += 1
        if self._kind() is Kind.THERE:
            self._at += 1
            self._existential(fronts)
        elif self._kind() is Kind.VERB:
            self._inverted(fronts)
        elif self._kind() is Kind.MENTION:
            subject = self._list(outer=[], subject=True)
            if (self._kind() is Kind.VERB and self._element().finite) or self._kind() is Kind.NOT:
                self._predicates(subject, fronts)
            else:
                self._attach(fronts, [subject])
        else:
            self._attach(fronts, self.groups[-1:])

    def _attach(self, fronts: Sequence[Statement], groups: Sequence[Group]) -> None:
        """Let places at the start of a clause speak of its subject."""
        for statement in fronts:
            if not groups:
                continue
            statement.subjects = [group for group in groups if group and not self._about_scene(group)]
            if statement.subjects:
                self.sentence.statements.append(statement)

    def _existential(self, fronts: Sequence[Statement]) -> None:
        if self._kind() is Kind.VERB:
            self._at += 1
        negated = self._skip(Kind.NOT)
        self._skip(Kind.OTHER)
        if self._kind() is not Kind.MENTION:
            return
        group = self._list(outer=[])
        self._deny(group, negated)
        self._attach(fronts, [group])
        self._tail(group)

    def _inverted(self, fronts: Sequence[Statement]) -> None:
        """Read "On the table are a mug and a plate", "In view are ..."."""
        verb = self._element()
        self._at += 1
        negated = self._skip(Kind.NOT)
        self._skip(Kind.OTHER)
        if self._kind() is Kind.MENTION:
            group = self._list(outer=[])
            if verb.value == "hang":
                for statement in fronts:
                    statement.predicate = "hanging" if statement.predicate in ("on", "apart") else statement.predicate
            for statement in fronts:
                statement.negated = negated
            self._deny(group, False)
            self._attach(fronts, [group])
            self._tail(group)

    def _deny(self, group: Group, negated: bool) -> None:
        """Take note of what is said not to be there."""
        for mention in group:
            if negated or (mention.count is not None and mention.count.bound is Bound.NONE):
                self.sentence.absent.append(mention)

    def _predicates(self, subject: Group, fronts: Sequence[Statement]) -> None:
        """Read verbs and what follows them, joined by "and"."""
        first = True
        while self._kind() in (Kind.VERB, Kind.NOT):
            negated = self._skip(Kind.NOT)
            if self._kind() is not Kind.VERB:
                return
            verb = self._element()
            self._at += 1
            negated |= self._skip(Kind.NOT)
            if any(mention.count is not None and mention.count.bound is Bound.NONE for mention in subject):
                negated = True
            added = self._predicate(subject, verb, negated)
            if first:
                self._attach(fronts, [group for group in (subject, added) if group])
            first = False
            self._tail(subject)
            mark = self._at
            self._skip(Kind.COMMA, Kind.AND, Kind.OTHER)
            if self._kind() not in (Kind.VERB, Kind.NOT):
                self._at = mark
                return

    def _predicate(self, subject: Group, verb: Element, negated: bool) -> Group:
        """Read what follows one verb; return the group that it introduces, if any."""
        self._skip(Kind.OTHER)
        kind = self._kind()
        value = verb.value
        scene = self._about_scene(subject)
        if kind is Kind.MENTION and value in ("be", "posture", "hang"):
            group = self._list(outer=[subject])
            if scene:
                return group
            if value == "be" and not negated:
                self._add(self._statement("same", self._readings(subject), [group], verb))
            return group
        if kind is Kind.MENTION:
            group = self._carried_list(outer=[])
            if scene or (value in ("have", "show") and all(self._generic(mention) for mention in subject)):
                self._deny(group, negated)
                return group
            self._holding(subject, verb, group, negated)
            return group
        self._places(subject, verb, negated)
        return ()

    def _holding(self, subject: Group, verb: Element, group: Group, negated: bool) -> None:
        """Add what "the table holds a mug", "the table has a mug on it", "the chairs surround the table" state."""
        relation = self._on_it()
        if relation is not None:
            self._add(self._statement(relation.value, [group], self._readings(subject), relation, negated=negated))
            return
        if self._about_scene(subject):
            return
        if verb.value in ("surround", "touch"):
            name = "around" if verb.value == "surround" else "touching"
            self._add(self._statement(name, self._readings(subject), [group], verb, negated=negated))
        elif verb.value in _HOLDING:
            name = _HOLDING[verb.value]
            if name == "with":
                self._add(self._statement(name, self._readings(subject), [group], verb, negated=negated))
            else:
                self._add(self._statement(name, [group], self._readings(subject), verb, negated=negated))
        else:
            self._add(self._statement("other", self._readings(subject), [group], verb, negated=negated))

    def _places(self, subject: Group, verb: Element, negated: bool) -> None:
        """Read places and looks after a verb: "is red and on the table next to the lamp"."""
        while True:
            kind = self._kind()
            if kind is Kind.LOOKS:
                element = self._element()
                self._at += 1
                statement = self._statement("looks", self._readings(subject), [()], element, negated=negated)
                statement.words = element.words
                self._add(statement)
            elif kind is Kind.NOT:
                negated = True
                self._at += 1
            elif kind in _MODIFIERS and kind is not Kind.WHICH:
                self._modifier(subject[-1], outer=[subject], owner=subject, verb=verb, negated=negated)
            else:
                return
            mark = self._at
            self._skip(Kind.OTHER)
            if self._skip(Kind.COMMA, Kind.AND) and self._kind() not in (Kind.LOOKS, Kind.RELATION, Kind.POSITION, Kind.NOT):
                self._at = mark
                return

    def _tail(self, subject: Group) -> None:
        """Read what still speaks of a subject after its list or verb: ", next to the lamp", ", which is red"."""
        while True:
            mark = self._at
            self._skip(Kind.COMMA, Kind.OTHER)
            if self._kind() in _MODIFIERS and subject:
                last = self.groups[-1] if self.groups else subject
                self._modifier(last[-1], outer=[subject], owner=last)
            elif (
                self._kind() is Kind.VERB
                and not self._element().finite
                and subject
                and self._kind(1)
                in (
                    Kind.RELATION,
                    Kind.MENTION,
                    Kind.POSITION,
                )
            ):
                self._participle(subject[-1], outer=[subject])
            else:
                self._at = mark
                return

    # Lists of noun phrases

    def _list(self, *, outer: Sequence[Group], subject: bool = False, depth: int = 0) -> Group:
        """Read noun phrases joined by commas and "and", with what belongs to each.

        Args:
            outer: Groups that a place after the list may speak of too.
            subject: Whether a verb follows the list, so that no item is taken for the next clause's subject.
            depth: How deep the list is nested.
        """
        members: list[Mention] = [self._mention()]
        self._modify(members, outer, depth)
        while True:
            mark = self._at
            comma = self._kind() is Kind.COMMA
            joined = self._skip(Kind.COMMA, Kind.AND, Kind.OTHER) and self._kind() is Kind.MENTION
            if not joined or (not subject and self._starts_clause(self._at)):
                self._at = mark
                break
            if not subject and depth and not self._carried and self._gapped(self._at, comma=comma):
                self._at = mark
                break
            members.append(self._mention())
            self._modify(members, outer, depth)
        group = tuple(members)
        self.groups.append(group)
        return group

    def _carried_list(self, *, outer: Sequence[Group], depth: int = 0) -> Group:
        """Read a list that "on it" may end: "a table with a mug and a plate on it"."""
        self._carried += 1
        group = self._list(outer=outer, depth=depth)
        self._carried -= 1
        return group

    def _on_it(self) -> Element | None:
        """Read "on it", "sitting on them" and return the relation; None where something else stands there."""
        ahead = 0
        while self._kind(ahead) in (Kind.VERB, Kind.OTHER) and not self._element(ahead).finite:
            ahead += 1
        if (
            self._kind(ahead) is not Kind.RELATION
            or self._kind(ahead + 1) is not Kind.MENTION
            or not self._pronoun_at(ahead + 1)
        ):
            return None
        relation = self._element(ahead)
        if ahead and self._element(ahead - 1).value == "hang" and relation.value in ("on", "apart"):
            relation.value = "hanging"
        self._at += ahead + 2
        self._note(self._elements[self._at - 1].mention)
        return relation

    def _ends_carried(self) -> bool:
        mark = self._at
        found = self._carried > 0 and self._on_it() is not None
        self._at = mark
        return found

    def _mention(self) -> Mention:
        mention = self._element().mention
        assert mention is not None
        self._at += 1
        self._note(mention)
        return mention

    def _note(self, mention: Mention | None) -> None:
        """Remember a mention; one without a noun takes it from what was named before."""
        if mention is None:
            return
        if mention.pronoun in ("one", "other") and not mention.nouns:
            self._complete(mention)
        earlier = self.sentence.mentions
        if is_setting_word(mention) and mention.head not in self._heads:
            self.sentence.settings.append(mention)
        if mention not in earlier:
            earlier.append(mention)

    def _complete(self, mention: Mention) -> None:
        """Give "one", "ten", "the other" the noun of what was named before."""
        earlier = [item for group in self._known[-4:] for item in group]
        named = [item for item in (*earlier, *self.sentence.mentions) if item.nouns and not is_scene_word(item)]
        if not named:
            return
        several = [item for item in named if item.plural or (item.count is not None and not item.partitive)]
        here = [item for item in several if item in self.sentence.mentions]
        if mention.pronoun == "other":
            single = [item for item in named if item.count is not None and item.count.value == 1]
            source = (single or several or named)[-1]
        elif self._kind() is Kind.RELATION and self._element().value == "with":
            source = (several or named)[-1]  # "two tables, one with a mug on it"
        else:
            source = (here or several or named)[0 if here else -1]  # "26 of the boxes are on the shelves, ten on the pallets"
        mention.nouns, mention.quoted = source.nouns, source.quoted
        mention.colors = [Word(word.text, mention.start, mention.end) for word in source.colors]
        mention.materials = [Word(word.text, mention.start, mention.end) for word in source.materials]
        mention.partitive = True
        if mention.count is None:
            mention.count = Count(1, Bound.LEAST, mention.start, mention.end)

    def _modify(self, members: list[Mention], outer: Sequence[Group], depth: int) -> None:
        """Read what follows the last noun of a list and belongs to it (or to the list, or to what is around it)."""
        while not self._ends_carried():
            mark = self._at
            kind = self._kind()
            if kind is Kind.COMMA:
                following = self._kind(1)
                relative = following is Kind.WHICH or (
                    following is Kind.RELATION and self._element(1).value == "with" and self._kind(2) is Kind.MENTION
                )
                if not relative:
                    return
                self._at += 1
                kind = self._kind()
            group = tuple(members)
            wider = [*([group] if len(group) > 1 else []), *outer]
            if kind is Kind.OTHER and self._kind(1) in (Kind.RELATION, Kind.VERB, Kind.POSITION, Kind.MEASURE):
                self._at += 1
            elif kind in _MODIFIERS:
                self._modifier(members[-1], outer=wider, owner=(members[-1],), depth=depth + 1)
            elif kind is Kind.VERB and not self._element().finite:
                following = self._kind(1)
                if following not in (Kind.RELATION, Kind.POSITION, Kind.MENTION, Kind.POSSESSIVE):
                    return
                self._participle(members[-1], outer=wider, depth=depth + 1)
            else:
                return
            if self._at == mark:
                return

    def _participle(self, mention: Mention, *, outer: Sequence[Group], depth: int = 1) -> None:
        """Read "sitting on the table", "holding a spoon"."""
        verb = self._element()
        self._at += 1
        self._skip(Kind.OTHER)
        owner = (mention,)
        if self._kind() is Kind.MENTION:
            group = self._carried_list(outer=[owner, *outer], depth=depth + 1)
            self._holding(owner, verb, group, False)
        elif self._kind() in _MODIFIERS:
            self._modifier(mention, outer=outer, owner=owner, verb=verb, depth=depth)

    def _modifier(
        self,
        mention: Mention,
        *,
        outer: Sequence[Group],
        owner: Group,
        verb: Element | None = None,
        negated: bool = False,
        depth: int = 0,
    ) -> None:
        """Read one place, measure or relative clause that speaks of a mention, its list, or what is around it."""
        element = self._element()
        groups = [owner, *(group for group in outer if group != owner)]
        if element.kind is Kind.WHICH:
            self._at += 1
            if self._kind() in (Kind.VERB, Kind.NOT):
                self._predicates(owner, [])
            return
        if element.kind is Kind.MEASURE:
            self._measured(groups, element, negated, depth)
            return
        if element.kind in (Kind.POSITION, Kind.POSSESSIVE, Kind.RECIPROCAL):
            self._at += 1
            self._add(self._place(element, self._alternatives(groups), negated=negated, depth=depth))
            return
        self._at += 1
        self._related(element, groups, verb, negated, depth)

    def _measured(self, groups: list[Group], element: Element, negated: bool, depth: int) -> None:
        self._at += 1
        self._skip(Kind.OTHER)
        if element.dimension:
            statement = self._statement("dimension", self._alternatives(groups), [()], element, negated=negated, depth=depth)
            statement.value = element.dimension
        elif self._kind() is Kind.RELATION:
            relation = self._element()
            self._at += 1
            objects = self._objects(relation, outer=groups, depth=depth)
            if not objects:
                return
            readings = self._readings(objects)
            statement = self._statement(
                relation.value, self._alternatives(groups), readings, relation, negated=negated, depth=depth
            )
            statement.start = element.start
        elif self._kind() is Kind.POSSESSIVE:
            relation = self._element()
            self._at += 1
            statement = self._place(relation, self._alternatives(groups), negated=negated, depth=depth)
        else:
            statement = self._statement("reciprocal", self._alternatives(groups), [()], element, negated=negated, depth=depth)
            statement.value = "apart"
        statement.meters, statement.bound = element.meters, element.bound
        self._add(statement)

    def _related(self, element: Element, groups: list[Group], verb: Element | None, negated: bool, depth: int) -> None:
        """Read the other end of a relation and add the statement."""
        name = element.value
        if verb is not None and verb.value == "hang" and name in ("on", "apart"):
            name = "hanging"
        if name == "made_of":
            self._material(groups[0])
            return
        if name == "with" and self._kind() is Kind.MENTION and not self._pronoun_at(0):
            scene = self._about_scene(groups[0]) or groups[0][-1] in self.sentence.settings
            group = self._carried_list(outer=groups, depth=depth + 1)
            relation = self._on_it()
            if relation is not None:
                self._add(self._statement(relation.value, [group], self._alternatives(groups), relation, depth=depth))
            elif not scene:
                self._add(self._statement("with", self._alternatives(groups), [group], element, negated=negated, depth=depth))
            return
        objects = self._objects(element, outer=groups, depth=depth)
        if not objects:
            return
        if name == "without":
            for mention in objects:
                self.sentence.absent.append(mention)
            return
        statement = self._statement(
            name, self._alternatives(groups), self._readings(objects), element, negated=negated, depth=depth
        )
        if len(statement.subjects) > 1 and element.head >= 0 and verb is None:
            statement.subjects.sort(key=lambda group: not any(a <= element.head <= b for a, b in (m.tokens for m in group)))
        self._add(statement)

    def _material(self, owner: Group) -> None:
        """Read "made of wood"."""
        if self._kind() is not Kind.MENTION:
            if self._kind() is Kind.LOOKS:
                for word in self._element().words:
                    owner[-1].materials.append(Word(lexicon().materials.get(word.text, word.text), word.start, word.end))
                self._at += 1
            return
        mention = self._element().mention
        assert mention is not None
        word = mention.head if mention.head else ""
        self._at += 1
        owner[-1].materials.append(Word(lexicon().materials.get(word, word), mention.start, mention.end))

    def _objects(self, element: Element, *, outer: Sequence[Group], depth: int = 0) -> Group:
        """Read the other end of a relation; empty where it speaks of the picture or names the place."""
        self._skip(Kind.OTHER)
        if self._kind() is not Kind.MENTION:
            return ()
        group = self._between(outer, depth) if element.value == "between" else self._list(outer=outer, depth=depth + 1)
        if self._about_scene(group):
            return ()
        first = group[0]
        if first in self.sentence.settings and element.value in ("inside", "on", "at"):
            return group[1:]
        return group

    def _between(self, outer: Sequence[Group], depth: int) -> Group:
        """Read "the plate and the bowl", "the two chairs"."""
        members = [self._mention()]
        if self._kind() is Kind.RELATION and self._kind(1) is Kind.MENTION and not members[0].plural:
            mark = self._at
            self._modify(members, outer, depth)
            if self._kind() is not Kind.AND:
                self._at = mark
        if self._kind() is Kind.AND and self._kind(1) is Kind.MENTION and not members[0].plural:
            self._at += 1
            members.append(self._mention())
        group = tuple(members)
        self.groups.append(group)
        last = list(group)
        self._modify(last, outer, depth)
        return group

    # Groups and statements

    def _about_scene(self, group: Group) -> bool:
        return all(
            (is_scene_word(mention) and mention.head not in self._heads)
            or mention in self.sentence.settings
            or mention.pronoun == "this"
            or (mention.pronoun == "it" and not self._antecedents(mention))
            for mention in group
        )

    @staticmethod
    def _generic(mention: Mention) -> bool:
        return words().has("generic", mention.head) and not mention.quoted

    def _pronoun_at(self, ahead: int) -> bool:
        mention = self._element(ahead).mention
        return mention is not None and mention.pronoun in ("it", "them", "itself", "themselves", "which", "these", "those")

    def _antecedents(self, pronoun: Mention) -> list[Group]:
        """Return what a pronoun may stand for, the nearest first."""
        singles: list[Group] = []
        current = [item for item in self.sentence.mentions if item.start < pronoun.start]
        earlier = [item for group in self._known[-6:] for item in group]
        for mention in (*reversed(current), *reversed(earlier)):
            if mention.pronoun or is_scene_word(mention) or (is_setting_word(mention) and mention.head not in self._heads):
                continue
            singles.append((mention,))
        if pronoun.pronoun in _PLURAL:
            lists = [group for group in (*reversed(self.groups), *reversed(self._known)) if len(group) > 1]
            plural = [group for group in singles if group[0].plural or (group[0].count and group[0].count.value > 1)]
            return [*lists[:2], *plural, *singles][:_MOST_ANTECEDENTS]
        return singles[:_MOST_ANTECEDENTS]

    def _readings(self, group: Group) -> list[Group]:
        """Return a group, or what its pronoun may stand for."""
        if len(group) == 1 and group[0].pronoun and not group[0].nouns:
            return self._antecedents(group[0])
        return [tuple(mention for mention in group if mention.nouns or mention.quoted)]

    def _alternatives(self, groups: Sequence[Group]) -> list[Group]:
        found: list[Group] = []
        for group in groups:
            for reading in self._readings(group):
                if reading and reading not in found and not self._about_scene(reading):
                    found.append(reading)
        return found

    def _place(self, element: Element, subjects: list[Group], *, negated: bool = False, depth: int = 0) -> Statement:
        if element.kind is Kind.POSSESSIVE:
            objects = self._antecedents(Mention(element.start, element.end, pronoun="it"))
            statement = self._statement(element.value, subjects, objects, element, negated=negated, depth=depth)
        else:
            name = "position" if element.kind is Kind.POSITION else "reciprocal"
            statement = self._statement(name, subjects, [()], element, negated=negated, depth=depth)
            statement.value = element.value
        return statement

    def _statement(
        self,
        predicate: str,
        subjects: list[Group],
        objects: list[Group],
        element: Element,
        *,
        negated: bool = False,
        depth: int = 0,
    ) -> Statement:
        return Statement(predicate, subjects, objects, element.start, element.end, negated=negated, depth=depth)

    def _add(self, statement: Statement) -> None:
        statement.subjects = [group for group in statement.subjects if group]
        if statement.subjects and statement.objects:
            self.sentence.statements.append(statement)
