"""The voice of one text: who was spoken of, how the last sentences went, how a list of newcomers is worded."""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.choice import Chooser
from scenecap.caption.discourse import Discourse
from scenecap.caption.model import Caption, Fact
from scenecap.caption.plan.messages import Group
from scenecap.caption.realize.clause import Clause, place_words
from scenecap.caption.spans import Phrase, join_phrases, render_sentences, sentence


class Voice:
    """The state of one text while it is written, and what the wording of all messages shares.

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

    def add(self, clause: Clause | None) -> None:
        """Take a clause as the next sentence; None adds nothing."""
        if clause is not None:
            self.sentences.append(sentence(clause.pieces))
            self._facts.extend(clause.facts)

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
