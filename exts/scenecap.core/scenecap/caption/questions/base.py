"""What the writers of questions share: whom they may ask about, how they name it, and how a question is put together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scenecap.caption.attributes import indefinite_text
from scenecap.caption.choice import Chooser
from scenecap.caption.inventory import Inventory
from scenecap.caption.model import Fact, Question, QuestionKind
from scenecap.caption.refer.query import QueryKind
from scenecap.caption.refer.referrer import Reference, Referrer
from scenecap.caption.spans import Phrase, Ref, phrase, render, sentence
from scenecap.graph.model import EdgeTable, Relation

#: Most objects that are asked about; pairs of them are what comparisons and directions are taken from.
_MAX_SUBJECTS = 16
#: Facts that say what something is like, not where it is.
_LOOKS = frozenset({"color", "material"})


@dataclass(frozen=True)
class Named:
    """An object as a question names it."""

    node: int
    phrase: Phrase
    plural: bool
    facts: tuple[Fact, ...]
    anchors: tuple[int, ...]
    kind: QueryKind

    @property
    def be(self) -> str:
        """The verb that agrees with it."""
        return "are" if self.plural else "is"


class Asker:
    """Names objects and builds questions for one frame.

    Args:
        inventory: The frame.
        referrer: Its referring expressions.
        chooser: Decides among wordings and candidates.
    """

    def __init__(self, inventory: Inventory, referrer: Referrer, chooser: Chooser) -> None:
        self.inventory = inventory
        self.referrer = referrer
        self.chooser = chooser

    @cached_property
    def subjects(self) -> list[int]:
        """Ids of objects that can be asked about: clearly visible, with a name of their own, the most visible first."""
        inventory = self.inventory
        order = np.lexsort((np.arange(len(inventory.nodes)), -inventory.visible_px))
        found: list[int] = []
        for node in order[: 4 * _MAX_SUBJECTS].tolist():
            name = inventory.descriptions[node].name
            if inventory.visible_px[node] < inventory.settings.min_question_px or name.quoted or name.generic:
                continue
            if self.referrer.refer(node) is not None:
                found.append(node)
            if len(found) == _MAX_SUBJECTS:
                break
        return found

    @cached_property
    def pairs(self) -> EdgeTable:
        """Relations of all ordered pairs of :attr:`subjects`."""
        ids = np.array(self.subjects, dtype=np.int64)
        source, target = np.repeat(ids, len(ids)), np.tile(ids, len(ids))
        differ = source != target
        return self.inventory.pairs(source[differ], target[differ])

    def pairs_with(self, relation: Relation) -> list[tuple[int, int]]:
        """Return the (source, target) pairs of subjects that are in a relation."""
        rows = np.flatnonzero(self.pairs.relations & int(relation)).tolist()
        return [(int(self.pairs.source[row]), int(self.pairs.target[row])) for row in rows]

    @cached_property
    def row_of(self) -> dict[tuple[int, int], int]:
        """(source, target) -> row of :attr:`pairs`."""
        pairs = zip(self.pairs.source.tolist(), self.pairs.target.tolist(), strict=True)
        return {pair: row for row, pair in enumerate(pairs)}

    def order(self, items: Sequence[tuple[int, ...]], key: str, most: int) -> list[tuple[int, ...]]:
        """Return up to ``most`` candidates in an order that the seed decides, the more visible half of them first."""
        ranked = sorted(items, key=lambda item: (-min((self._worth[node] for node in item), default=0.0), item))
        return self.chooser.shuffled(ranked[: 8 * most], key)

    @cached_property
    def _worth(self) -> dict[int, float]:
        """How gladly each subject is asked about: visible pixels, a quarter of them where its name takes more than a name."""
        weight = self.inventory.visible_px
        return (
            {
                node: float(weight[node]) * (1.0 if self.referrer.plain(node) is not None else 0.25)
                for node in range(len(self.inventory.nodes))
            }
            if len(self.inventory.nodes) <= 512
            else {node: float(weight[node]) for node in range(len(weight))}
        )

    def order_pairs(self, items: Sequence[tuple[int, int, int]], key: str) -> list[tuple[int, int, int]]:
        """Return candidates (one node, another, anything) in an order that the seed decides, as :meth:`order` does."""
        ranked = sorted(items, key=lambda item: (-min(self._worth[item[0]], self._worth[item[1]]), item))
        return self.chooser.shuffled(ranked[:48], key)

    def related(self, one: int, other: int) -> bool:
        """Return whether one of two objects carries the other, directly or not."""
        return one in self.inventory.ancestors(other) or other in self.inventory.ancestors(one)

    def name(
        self,
        node: int,
        *,
        avoid: Collection[int] = (),
        kinds: Collection[QueryKind] = (),
        looks: bool = True,
        allow: Callable[[Reference], bool] | None = None,
    ) -> Named | None:
        """Return an unambiguous name of an object that does not give the answer away, or None.

        Args:
            node: Node id.
            avoid: Nodes that the name must not mention.
            kinds: Kinds of expressions not to use.
            looks: Whether the name may mention color and material.
            allow: Further condition.
        """

        def fits(reference: Reference) -> bool:
            if reference.query.kind in kinds or any(anchor in avoid for anchor in reference.anchors):
                return False
            if not looks and any(fact.kind in _LOOKS and node in fact.nodes for fact in reference.facts):
                return False
            return allow is None or allow(reference)

        found = self.referrer.refer(node, fits)
        if found is None:
            return None
        return Named(node, found.phrase, found.plural, found.facts, found.anchors, found.query.kind)

    def name_pair(self, first: int, second: int, *, kinds: Collection[QueryKind] = ()) -> tuple[Named, Named] | None:
        """Return names of two objects, neither of which mentions the other."""
        one = self.name(first, avoid=(second,), kinds=kinds)
        other = self.name(second, avoid=(first,), kinds=kinds)
        return None if one is None or other is None else (one, other)

    def indefinite(self, node: int) -> Phrase:
        """Return "a black bowl" as an answer."""
        return (Ref(phrase(indefinite_text(self.inventory.descriptions[node], 1)), (node,)),)

    @staticmethod
    def question(
        kind: QuestionKind,
        words: Phrase,
        answer: Phrase | str,
        *,
        nodes: Sequence[int],
        facts: Sequence[Fact],
        polarity: bool | None = None,
        edges: Sequence[tuple[int, int]] = (),
    ) -> Question:
        """Put a question together.

        Args:
            kind: Its kind.
            words: The question without capital and question mark.
            answer: The answer's words.
            nodes: Node ids that the answer rests on.
            facts: What makes the answer right.
            polarity: For yes/no questions.
            edges: Pairs that the answer rests on.
        """
        text, spans = render(sentence(words, mark="?"))
        answer_text, answer_spans = render(phrase(answer) if isinstance(answer, str) else answer)
        return Question(
            question=text,
            answer=answer_text,
            kind=kind,
            polarity=polarity,
            question_spans=spans,
            answer_spans=answer_spans,
            evidence_nodes=tuple(dict.fromkeys(nodes)),
            evidence_edges=tuple(dict.fromkeys(edges)),
            facts=tuple(dict.fromkeys(facts)),
        )

    def yes_no(
        self,
        kind: QuestionKind,
        words: Phrase,
        polarity: bool,
        *,
        nodes: Sequence[int],
        facts: Sequence[Fact],
        edges: Sequence[tuple[int, int]] = (),
    ) -> Question:
        """Put a yes/no question together."""
        return self.question(
            kind, words, "yes" if polarity else "no", nodes=nodes, facts=facts, polarity=polarity, edges=edges
        )
