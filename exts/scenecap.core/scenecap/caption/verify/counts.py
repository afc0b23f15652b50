"""Numbers of objects: "two mugs", "another mug", "26 of the boxes". Judged last, when it is clear what is spoken of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scenecap.caption.verify.model import ClaimKind
from scenecap.caption.verify.predicates import MAYBE, NO, YES
from scenecap.caption.verify.resolve import Reference, Resolver
from scenecap.caption.verify.scene import Scene
from scenecap.caption.verify.syntax import Bound, Count, Sentence


class Counts:
    """Judges the numbers of one text.

    Args:
        scene: The frame.
        resolver: Knows what each mention speaks of.
    """

    def __init__(self, scene: Scene, resolver: Resolver) -> None:
        self._scene = scene
        self._resolver = resolver

    def judge(self, sentences: Sequence[Sentence]) -> None:
        """Add a claim for each number that the text states."""
        for sentence in sentences:
            absent = set(sentence.absent)
            here = [self._resolver.references.get(mention) for mention in sentence.mentions if mention not in absent]
            references = [item for item in here if item is not None and item.base]
            for reference in references:
                self._number(reference)
            self._distinct([item for item in references if item.introduces and not item.generic])

    def _number(self, reference: Reference) -> None:
        mention = reference.mention
        count = mention.count
        if count is None:
            if (
                mention.plural
                and not mention.definite
                and len(reference.candidates) < 2
                and not self._resolver.is_mass(reference)
            ):
                self._claim(reference, NO, "There is only one.", "several", (mention.start, mention.end))
            return
        if count.bound in (Bound.ALL, Bound.NONE):
            return
        there = len(reference.candidates)
        if count.bound is Bound.LEAST and count.value <= 1:
            return
        if self._resolver.is_mass(reference) and count.bound is Bound.LEAST:
            return
        status, why = self._fits(reference, count, there)
        self._claim(reference, status, why, str(count.value), (count.start, count.end))

    def _fits(self, reference: Reference, count: Count, there: int) -> tuple[int, str]:
        value, bound = count.value, count.bound
        why = f"There are {there}." if there != 1 else "There is one."
        possible = there + self._possible(reference)
        if bound is Bound.ABOUT:
            slack = math.ceil(self._scene.settings.approximate_count * max(there, value))
            return (YES if abs(there - value) <= slack else NO), why
        if bound is Bound.MORE:
            return (YES if there > value else MAYBE if possible > value else NO), why
        if bound in (Bound.MOST, Bound.FEWER):
            return (YES if there + (bound is Bound.FEWER) <= value else NO), why
        if there < value:
            return (MAYBE if possible >= value else NO), why
        if bound is Bound.LEAST or (value == 1 and not reference.mention.definite) or there == value:
            return YES, why
        if value == 1:
            return YES, why  # "the one mug" speaks of one that was named
        if reference.mention.partitive:
            return NO, why
        others = self._others(reference)
        return (YES if there - value <= others else NO), f"{why[:-1]}, and the text speaks of {others} others."

    def _possible(self, reference: Reference) -> int:
        """Return how many more there may be: objects of that name of which the graph is not certain."""
        loose = [index for index in reference.base if index not in reference.candidates and not self._scene.is_node(index)]
        return len(loose) + reference.loose

    def _others(self, reference: Reference) -> int:
        """Return how many objects that a mention may mean the text brings in by other mentions."""
        own = set(reference.candidates)
        total = 0
        for other in self._resolver.references.values():
            if other is reference or not other.introduces or not own & set(other.candidates) or other.generic:
                continue
            if other.base != reference.base and not own >= set(other.candidates):
                continue
            total += min(other.demand, len(own & set(other.candidates)))
        return total

    def _distinct(self, references: Sequence[Reference]) -> None:
        """Contradict more objects than there are: "a mug and another mug" where there is one."""
        for position, reference in enumerate(references):
            mention = reference.mention
            before = [item for item in references[:position] if set(item.base) & set(reference.base)]
            if mention.more:
                earlier = [
                    item
                    for item in self._resolver.references.values()
                    if item.introduces and item.mention.start < mention.start and set(item.base) & set(reference.base)
                ]
                before = earlier or before
            if not before:
                continue
            # Those that share candidates with it compete for the same objects.
            rivals = [item for item in before if set(item.candidates) & set(reference.candidates)]
            pool = set(reference.candidates).union(*(item.candidates for item in rivals))
            demand = reference.demand + sum(item.demand for item in rivals)
            if mention.more:
                family = set(reference.base).union(*(item.base for item in before))
                whole = reference.demand + sum(item.demand for item in before if not set(item.candidates).isdisjoint(family))
                if whole > len(family) and not self._may_repeat(before):
                    pool, demand = family, whole
            if demand > len(pool) and reference.known and not self._resolver.is_mass(reference):
                why = f"The text speaks of {demand}, and there {'is' if len(pool) == 1 else 'are'} {len(pool)}."
                self._claim(reference, NO, why, "another", (mention.start, mention.end))

    @staticmethod
    def _may_repeat(before: Sequence[Reference]) -> bool:
        """Whether two of the earlier mentions may speak of the same object, so that their number says nothing."""
        return any(set(one.candidates) == set(other.candidates) for one in before for other in before if one is not other)

    def _claim(self, reference: Reference, status: int, why: str, predicate: str, span: tuple[int, int]) -> None:
        evidence = self._resolver.evidence(reference.candidates)
        words = self._resolver.words(reference.mention)
        self._resolver.claim(ClaimKind.COUNT, status, span, why, predicate=predicate, subject=words, **evidence)
