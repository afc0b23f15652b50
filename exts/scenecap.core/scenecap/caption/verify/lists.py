"""Lists of noun phrases and what belongs to them: "a mug, a plate on the tray, and a table with a bowl on it"."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.lexicon import lexicon
from scenecap.caption.verify.groups import GroupReader
from scenecap.caption.verify.syntax import Element, Group, Kind, Mention, Statement, Word

_HOLDING = {"hold": "held", "contain": "inside", "have": "with", "show": "with"}
#: Elements that may follow a noun and say more of it.
MODIFIERS = frozenset({Kind.RELATION, Kind.POSITION, Kind.POSSESSIVE, Kind.RECIPROCAL, Kind.MEASURE, Kind.WHICH})


class PhraseReader(GroupReader):
    """Reads noun phrases, their lists, and the phrases that say more of them."""

    def _predicates(self, subject: Group, fronts: Sequence[Statement]) -> None:
        """Read verbs and what follows them: the clause reader does."""
        raise NotImplementedError

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
            if depth and len(members) == 1 and self._belongs_outside(members[0], mark, comma=comma, outer=outer):
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

    def _belongs_outside(self, first: Mention, mark: int, *, comma: bool, outer: Sequence[Group]) -> bool:
        """Whether what comes next goes on with the list around, not with the other end of a relation.

        So it is with ", and" in a list: in "a curtain, a plant on the floor, and a rug" the plant is not on the rug. And with
        something new after something known: "a plate on the floor and a bowl".
        """
        final = mark + 1 < len(self._elements) and self._elements[mark + 1].kind is Kind.AND
        if comma and final and any(len(group) > 1 for group in outer):
            return True
        following = self._element().mention
        around = [group[-1] for group in outer if group]
        is_new = following is not None and following.det in ("a", "an") and not comma
        return is_new and first.det == "the" and bool(around) and around[0].det in ("a", "an")

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
            elif kind in MODIFIERS:
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
        elif self._kind() in MODIFIERS:
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
            # "The picture is a sofa with a rug": the picture is.
            scene = any(self._about_scene(group) for group in groups) or groups[0][-1] in self.sentence.settings
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
                    if word.text.split(" ")[-1] in lexicon().colors:
                        owner[-1].colors.append(word)  # "made of black stone"
                        continue
                    owner[-1].materials.append(Word(lexicon().materials.get(word.text, word.text), word.start, word.end))
                self._at += 1
            return
        mention = self._element().mention
        assert mention is not None
        word = mention.head if mention.head else ""
        self._at += 1
        owner[-1].colors.extend(mention.colors)
        owner[-1].materials.append(Word(lexicon().materials.get(word, word), mention.start, mention.end))

    def _objects(self, element: Element, *, outer: Sequence[Group], depth: int = 0) -> Group:
        """Read the other end of a relation; empty where it speaks of the picture or names the place."""
        self._skip(Kind.OTHER)
        if self._kind() is not Kind.MENTION:
            return ()
        group = self._between(outer, depth) if element.value == "between" else self._list(outer=outer, depth=depth + 1)
        if element.value == "inside":
            self._means_picture(group)
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
        two = (
            members[0].plural and members[0].count is not None
        )  # "between the two chairs and ..." goes on with something else
        if self._kind() is Kind.AND and self._kind(1) is Kind.MENTION and not two:
            self._at += 1
            members.append(self._mention())
        group = tuple(members)
        self.groups.append(group)
        last = list(group)
        self._modify(last, outer, depth)
        return group

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
