"""What a sentence reader remembers: its place among the elements, mentions, groups, and what pronouns may stand for."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.verify.chunks import is_scene_word, is_setting_word
from scenecap.caption.verify.syntax import Bound, Count, Element, Group, Kind, Mention, Sentence, Statement, Word
from scenecap.caption.verify.words import words

#: Readings that are kept for one pronoun.
_MOST_ANTECEDENTS = 5
_PLURAL = frozenset({"them", "they", "these", "those", "both", "themselves"})


class GroupReader:
    """Keeps the state of reading one sentence.

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

    def _about_scene(self, group: Group) -> bool:
        return all(
            (is_scene_word(mention) and (mention.head not in self._heads or mention.is_picture))
            or mention in self.sentence.settings
            or mention.pronoun == "this"
            or (mention.pronoun == "it" and not self._antecedents(mention))
            for mention in group
        )

    def _means_picture(self, group: Group, dets: Sequence[str] = ("", "the", "this")) -> bool:
        """Take note, of "the picture" where an object has that name, that the picture itself is meant.

        Args:
            group: What may be it.
            dets: Its determiners.
        """
        mention = group[0] if len(group) == 1 else None
        if mention is None or not is_scene_word(mention) or mention.head not in self._heads:
            return False
        bare = len(mention.nouns) == 1 and mention.det in dets and not (mention.plural or mention.count)
        if not bare or mention.colors or mention.materials or mention.adjectives or mention.extreme or mention.rank:
            return False
        mention.is_picture = True
        return True

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
