"""The writer of one text: words messages one after the other. What cannot be worded without ambiguity gives no sentence.

Wordings vary by the chooser, never by chance; two sentences in a row do not have the same shape where another will do.
"""

from __future__ import annotations

from collections.abc import Sequence

from scenecap.caption.plan.messages import Contrast, Held, HeldKinds, Message, Others, Overview, Relate
from scenecap.caption.realize.clause import Clause
from scenecap.caption.realize.contrast import word_contrast
from scenecap.caption.realize.held import word_held
from scenecap.caption.realize.held_kinds import word_held_kinds
from scenecap.caption.realize.overview import word_others, word_overview
from scenecap.caption.realize.relate import word_relations
from scenecap.caption.realize.voice import Voice
from scenecap.caption.spans import phrase


class Writer(Voice):
    """Words the messages of one text."""

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
                self.add(self._joined(message, following))
                index += 1
            else:
                self.add(self._word(message))
        if relations and len(self.sentences) < limit:
            for clause in word_relations(self, relations):
                self.add(clause)
                if len(self.sentences) >= limit:
                    return

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
