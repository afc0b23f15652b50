"""The writer of one text: words messages one after the other. What cannot be worded without ambiguity gives no sentence.

Wordings vary by the chooser, never by chance; two sentences in a row do not have the same shape where another will do.
"""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.choice import Chooser
from scenecap.caption.discourse import Discourse
from scenecap.caption.model import Caption, Fact
from scenecap.caption.plan.messages import Contrast, Group, Held, HeldKinds, Message, Others, Overview, Relate
from scenecap.caption.realize.clause import Clause, place_words
from scenecap.caption.realize.contrast import word_contrast
from scenecap.caption.realize.held import word_held
from scenecap.caption.realize.held_kinds import word_held_kinds
from scenecap.caption.realize.overview import word_others, word_overview
from scenecap.caption.realize.relate import word_relations
from scenecap.caption.spans import Phrase, join_phrases, phrase, render_sentences, sentence


class Writer:
    """Words the messages of one text.

    Args:
        discourse: Who has been spoken of.
        chooser: Decides among wordings.
        setting: What kind of place it is, or None.

    Attributes:
        place: Words for the setting, or None.
        sentences: What was written so far.
        related: Pairs of nodes whose relation was said.
        inverted: Whether the last relation had its place first.
    """

    def __init__(self, discourse: Discourse, chooser: Chooser, setting: str | None) -> None:
        self.discourse = discourse
        self.inventory = discourse.inventory
        self.chooser = chooser
        self.place = place_words(setting)
        self.sentences: list[Phrase] = []
        self.related: set[tuple[int, int]] = set()
        self.inverted = False
        self._facts: list[Fact] = []
        self._last_shape = ""

    @property
    def opening(self) -> bool:
        """Whether nothing was written yet."""
        return not self.sentences

    def caption(self) -> Caption:
        """Return what was written so far."""
        text, spans = render_sentences(self.sentences)
        return Caption(text, spans, tuple(dict.fromkeys(self._facts)))

    def write(self, messages: Sequence[Message], *, limit: int) -> None:
        """Word messages until there are ``limit`` sentences; relations come last, where they can be joined."""
        relations = [message for message in messages if isinstance(message, Relate)]
        others = [message for message in messages if not isinstance(message, Relate)]
        index = 0
        while index < len(others) and len(self.sentences) < limit:
            message = others[index]
            following = others[index + 1] if index + 1 < len(others) else None
            index += 1
            if isinstance(message, Held) and isinstance(following, Held) and self._joinable(message, following):
                self._add(self._joined(message, following))
                index += 1
            else:
                self._add(self._word(message))
        if relations and len(self.sentences) < limit:
            for clause in word_relations(self, relations):
                self._add(clause)
                if len(self.sentences) >= limit:
                    return

    def _add(self, clause: Clause | None) -> None:
        if clause is not None:
            self.sentences.append(sentence(clause.pieces))
            self._facts.extend(clause.facts)

    def _word(self, message: Message) -> Clause | None:
        if isinstance(message, Overview):
            return word_overview(self, message)
        if isinstance(message, Held):
            return word_held(self, message)
        if isinstance(message, HeldKinds):
            return word_held_kinds(self, message)
        if isinstance(message, Contrast):
            return word_contrast(self, message)
        if isinstance(message, Others):
            return word_others(self, message)
        return None

    def _joinable(self, first: Held, second: Held) -> bool:
        """Whether two short sentences on what holds what make one."""
        if self.opening or first.holder is None or second.holder is None or first.kind is not second.kind or second.also:
            return False
        short = len(first.groups) + len(second.groups) <= 3
        return short and self.chooser.number(f"join held {first.holder} {second.holder}") % 3 > 0

    def _joined(self, first: Held, second: Held) -> Clause | None:
        one, other = word_held(self, first, shapes=("be",)), word_held(self, second, shapes=("be",), start=False)
        if one is None or other is None:
            return one or other
        joint = self.chooser.pick((", and ", ", while "), f"join words {first.holder}")
        return Clause(phrase(one.pieces, joint, other.pieces), [*one.facts, *other.facts])

    # What the wording of messages shares

    def shape(self, options: Sequence[str], key: str) -> str:
        """Choose a sentence's shape, not the one of the sentence before if another will do."""
        fresh = [option for option in options if option != self._last_shape] or list(options)
        self._last_shape = self.chooser.pick(fresh, f"{len(self.sentences)} {key}")
        return self._last_shape

    def new(self, groups: Sequence[Group]) -> list[Group]:
        """Return groups without what was introduced before."""
        left = (tuple(node for node in group if node not in self.discourse.introduced) for group in groups)
        return [group for group in left if group]

    def listed(
        self, groups: Sequence[Group], *, start: bool = False, everywhere: bool = False
    ) -> tuple[Phrase, bool, list[Fact]]:
        """Introduce groups as a list.

        Args:
            groups: What to introduce.
            start: Whether the list opens a sentence.
            everywhere: Whether the sentence reads as counting the whole picture.

        Returns:
            Its words, whether it takes a plural verb, its facts.
        """
        mentions = [
            self.discourse.introduce(group, start=start and not index, everywhere=everywhere)
            for index, group in enumerate(groups)
        ]
        facts = [fact for mention in mentions for fact in mention.facts]
        return join_phrases([item.phrase for item in mentions]), len(mentions) > 1 or mentions[0].plural, facts
