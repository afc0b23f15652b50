"""From elements to statements: who is said to be where, with the readings that the grammar leaves open.

The grammar is small and reads from left to right. Where a phrase may belong to more than one noun ("a mug on the table next to
the lamp"), a statement keeps all readings, and the judge lets the text have the true one: a checker that picks readings by
chance would reject true sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.verify.lists import MODIFIERS, PhraseReader
from scenecap.caption.verify.syntax import Bound, Element, Group, Kind, Sentence, Statement


class ClauseReader(PhraseReader):
    """Reads the statements of one sentence; see :class:`GroupReader` for what it takes."""

    def run(self) -> Sentence:
        """Return what the sentence states."""
        while self._at < len(self._elements):
            before = self._at
            self._clause()
            if self._at == before:
                self._at += 1
        return self.sentence

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
        if kind is Kind.MENTION and value in ("be", "show"):
            self._means_picture(subject)  # "The picture is a room", "The picture shows a room"
        scene = self._about_scene(subject)
        if kind is Kind.MENTION and value in ("be", "posture", "hang"):
            group = self._list(outer=[subject])
            if scene:
                self._means_picture(group, ("a", "the"))  # "This is a picture of a sofa"
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
            elif kind in MODIFIERS and kind is not Kind.WHICH:
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
            if self._kind() in MODIFIERS and subject:
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
