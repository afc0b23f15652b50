"""From statements to claims: each is tried in all its readings, and the best one counts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.caption.verify.model import Claim, ClaimKind
from scenecap.caption.verify.predicates import MAYBE, NO, YES, Predicates
from scenecap.caption.verify.resolve import Reference, Resolver
from scenecap.caption.verify.scene import Scene
from scenecap.caption.verify.syntax import Bound, Group, Mention, Sentence, Statement

#: Readings of one statement that are tried.
_MOST_READINGS = 24
#: Pairs that are named as evidence.
_MOST_EDGES = 12
_WORDS = {"next_to": "next to", "front": "in front of", "inside": "in", "centered": "in the center of", "held": "held by"}


@dataclass(frozen=True)
class _Outcome:
    """What one reading comes to.

    Attributes:
        status: Worst status of its pairs.
        pairs: (subject, object, status, kept subject candidates, kept object candidates, edges) of each pair of mentions.
    """

    status: int
    pairs: tuple[tuple[Reference, Reference | None, int, tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...]], ...]


class StatementCheck:
    """Judges the statements of one text.

    Args:
        scene: The frame.
        predicates: Judge of relations.
        resolver: Resolves mentions.
        text: The text.
    """

    def __init__(self, scene: Scene, predicates: Predicates, resolver: Resolver, text: str) -> None:
        self._scene = scene
        self._predicates = predicates
        self._resolver = resolver
        self._text = text
        self.claims: list[Claim] = []

    def sentence(self, sentence: Sentence) -> None:
        """Judge one sentence: its mentions, then its statements, the innermost first."""
        absent = set(sentence.absent)
        for mention in sentence.mentions:
            if mention not in sentence.settings:
                self._resolver.resolve(mention, absent=mention in absent)
        for mention in sentence.mentions:
            inner = mention.part_of
            if inner is not None:
                self._part_of(mention, inner)
        denied = set()
        for statement in sorted(sentence.statements, key=lambda item: -item.depth):
            if any(mention in absent for group in statement.subjects for mention in group):
                statement.negated = True
                denied.update(mention for group in statement.subjects for mention in group if mention in absent)
            self._statement(statement)
        for mention in sentence.absent:
            if mention not in denied:
                self._absence(mention)

    # Statements

    def _statement(self, statement: Statement) -> None:
        if statement.predicate == "looks":
            reference = self._reference(statement.subjects[0][0])
            if reference is not None:
                self._resolver.looks(reference, statement.words, negated=statement.negated)
            return
        if statement.predicate == "position":
            self._position(statement)
            return
        if statement.predicate == "dimension":
            self._dimension(statement)
            return
        if statement.predicate == "reciprocal":
            self._reciprocal(statement)
            return
        readings = list(itertools.islice(itertools.product(statement.subjects, statement.objects), _MOST_READINGS))
        best: _Outcome | None = None
        for subjects, objects in readings:
            outcome = self._try(statement, subjects, objects)
            if outcome is not None and (best is None or self._rank(outcome, statement) > self._rank(best, statement)):
                best = outcome
            if best is not None and self._rank(best, statement) == YES:
                break
        if best is not None:
            self._conclude(statement, best)

    @staticmethod
    def _rank(outcome: _Outcome, statement: Statement) -> int:
        return YES - outcome.status if statement.negated else outcome.status

    def _reference(self, mention: Mention) -> Reference | None:
        return self._resolver.references.get(mention)

    def _group(self, group: Group) -> list[Reference]:
        references = [self._reference(mention) for mention in group]
        return [item for item in references if item is not None]

    def _try(self, statement: Statement, subjects: Group, objects: Group) -> _Outcome | None:
        """Try one reading; None where neither end is an object."""
        ones, others = self._group(subjects), self._group(objects)
        ones = [item for item in ones if item.mention not in objects]
        if not ones or not others:
            return None
        if statement.predicate == "between":
            return self._between(ones, others)
        if statement.predicate == "among" and sum(item.demand for item in others) < 2:
            others = others[:1]
        pairs = []
        for one in ones:
            for other in others:
                pairs.append((one, other, *self._pair(statement, one, other)))
        return _Outcome(min(pair[2] for pair in pairs), tuple(pairs))

    def _pair(self, statement: Statement, one: Reference, other: Reference):
        """Judge one mention against another: status, and the candidates that are left of both."""
        status, sources, targets, edges = self._match(statement, one, other, one.candidates, other.candidates)
        wide_one, wide_other = one.narrowed_by_choice, other.narrowed_by_choice
        if status != YES and (wide_one is not None or wide_other is not None):
            # Another reading of an earlier phrase may have left the wrong ones.
            again = self._match(statement, one, other, wide_one or one.candidates, wide_other or other.candidates)
            if again[0] == YES:
                return again
        return status, sources, targets, edges

    def _match(self, statement: Statement, one: Reference, other: Reference, sources: Sequence[int], targets: Sequence[int]):
        limit = self._scene.settings.max_candidates
        if not one.candidates or not other.candidates:
            invented = any(not (item.known or item.doubtful) for item in (one, other))
            return (NO if invented else MAYBE), (), (), ()
        if len(sources) * len(targets) > limit * 50 or max(len(sources), len(targets)) > limit:
            return MAYBE, tuple(sources), tuple(targets), ()
        table = self._predicates.status(statement.predicate, sources, targets)
        if statement.meters is not None:
            table = np.minimum(table, self._near_distance(statement, sources, targets))
        best_of = table.max(axis=1)
        need = self._need(statement, one, len(sources))
        yes, perhaps = int((best_of == YES).sum()), int((best_of >= MAYBE).sum())
        status = YES if yes >= need else MAYBE if perhaps >= need else NO
        if not one.known or not other.known:
            status = min(status, MAYBE)
        level = status if status != NO else YES
        kept = [k for k in range(len(sources)) if best_of[k] >= level] if status != NO else []
        columns = [k for k in range(len(targets)) if kept and (table[kept, k] >= level).any()]
        edges = tuple((sources[row], targets[column]) for row in kept for column in columns if table[row, column] >= level)
        return status, tuple(sources[k] for k in kept), tuple(targets[k] for k in columns), edges[:_MOST_EDGES]

    def _need(self, statement: Statement, one: Reference, available: int) -> int:
        """Return how many of a mention's objects the relation must hold for; one that tells which are meant, for one."""
        mention = one.mention
        if statement.depth or self._resolver.is_mass(one):
            return 1
        count = mention.count
        if count is not None and count.bound is Bound.ALL:
            return max(1, available)
        if mention.definite and mention.plural and not mention.partitive and count is None and not one.generic:
            return max(1, available)
        if mention.definite and count is not None and count.bound is Bound.EXACT:
            return max(1, count.value)
        return 1

    def _near_distance(self, statement: Statement, sources: Sequence[int], targets: Sequence[int]) -> np.ndarray:
        """Return the status of a stated distance, between surfaces or centers."""
        result = np.full((len(sources), len(targets)), MAYBE, dtype=np.int8)
        rows = [k for k, index in enumerate(sources) if self._scene.is_node(index)]
        columns = [k for k, index in enumerate(targets) if self._scene.is_node(index)]
        if not rows or not columns or statement.meters is None:
            return result
        found = self._predicates.distances([sources[k] for k in rows], [targets[k] for k in columns])
        fits = self._fits(found[0], statement) | self._fits(found[1], statement)
        result[np.ix_(rows, columns)] = np.where(fits, YES, NO)
        return result

    def _fits(self, values: np.ndarray, statement: Statement) -> np.ndarray:
        settings, said = self._scene.settings, float(statement.meters or 0.0)
        slack = np.maximum(settings.number_tolerance * values, settings.number_slack)
        if statement.bound in (Bound.LEAST, Bound.MORE):
            return values >= said - slack
        if statement.bound in (Bound.MOST, Bound.FEWER):
            return values <= said + slack
        return np.abs(values - said) <= slack

    def _between(self, ones: list[Reference], others: list[Reference]) -> _Outcome | None:
        """Judge "X is between A and B" or "between the two As"."""
        first, second = (others[0], others[1]) if len(others) > 1 else (others[0], others[0])
        pairs = []
        for one in ones:
            best, kept, ends_one, ends_two, edges = NO, [], set(), set(), []
            known = one.known and first.known and second.known
            trials = itertools.islice(itertools.product(one.candidates, first.candidates, second.candidates), 20_000)
            for subject, left, right in trials:
                grade = self._predicates.between(subject, left, right)
                if grade > best:
                    best, kept, ends_one, ends_two, edges = grade, [], set(), set(), []
                if grade == best and grade != NO:
                    kept.append(subject)
                    ends_one.add(left)
                    ends_two.add(right)
                    edges += [(subject, left), (subject, right)]
            status = best if known else min(best, MAYBE if one.candidates and first.candidates and second.candidates else NO)
            left_subjects = tuple(dict.fromkeys(kept))
            pairs.append(
                (one, first, status, left_subjects, tuple(sorted(ends_one)), tuple(dict.fromkeys(edges))[:_MOST_EDGES])
            )
            if status == YES and second is not first:
                second.candidates = tuple(sorted(ends_two))
        return _Outcome(min(pair[2] for pair in pairs), tuple(pairs)) if pairs else None

    def _conclude(self, statement: Statement, outcome: _Outcome) -> None:
        """Add a claim for each pair of mentions, and keep the candidates that are left."""
        ambiguous = len(statement.subjects) > 1 or len(statement.objects) > 1
        for one, other, status, sources, targets, edges in outcome.pairs:
            shown = YES - status if statement.negated else status
            self._relation_claim(statement, one, other, shown, sources, targets, edges)
            if status == NO or statement.negated:
                continue
            for reference, kept in ((one, sources), (other, targets)):
                if reference is None or not kept:
                    continue
                if ambiguous and set(kept) != set(reference.candidates):
                    reference.narrowed_by_choice = reference.narrowed_by_choice or reference.candidates
                reference.candidates = tuple(kept)

    def _relation_claim(self, statement: Statement, one, other, status, sources, targets, edges) -> None:
        resolver = self._resolver
        words_one = resolver.words(one.mention)
        words_other = resolver.words(other.mention) if other is not None else ""
        relation = self._text[statement.start : statement.end]
        first, last = (
            min(one.mention.start, statement.start),
            max(statement.end, other.mention.end if other else 0, one.mention.end),
        )
        if last - first > 240:
            first, last = statement.start, max(statement.end, other.mention.end if other else 0)
        kind = ClaimKind.DISTANCE if statement.meters is not None else ClaimKind.RELATION
        why = self._why(statement, one, other, status, sources, targets)
        resolver.claim(
            kind,
            status,
            (first, last),
            why,
            predicate=statement.predicate if statement.predicate != "other" else relation,
            subject=words_one,
            object=words_other,
            nodes=tuple(index for index in (sources or one.candidates) if self._scene.is_node(index))[:50],
            objects=tuple(index for index in (targets or (other.candidates if other else ())) if self._scene.is_node(index))[
                :50
            ],
            edges=tuple(edge for edge in edges if all(self._scene.is_node(index) for index in edge)),
        )

    def _why(self, statement: Statement, one: Reference, other: Reference | None, status: int, sources, targets) -> str:
        resolver = self._resolver
        for reference in (one, other):
            if reference is not None and not reference.known:
                return f"The picture is not known to show {resolver.words(reference.mention)!r}."
        if other is None:
            return ""
        name = _WORDS.get(statement.predicate, statement.predicate.replace("_", " "))
        if statement.predicate in ("other", "facing"):
            said = self._text[statement.start : statement.end]
            return f"The graph has no relation {said!r}: it knows where things are, not what they do or face."
        if not one.candidates or not other.candidates:
            return "Nothing is left that both ends could mean."
        source = (sources or one.candidates)[0]
        target = next((index for index in (targets or other.candidates) if index != source), None)
        if target is None:
            return f"Only one object could be meant by {resolver.words(one.mention)!r} and {resolver.words(other.mention)!r}."
        if statement.predicate == "between":
            return "By the graph it is between them." if status == YES else "By the graph it is not between them."
        lead = {YES: "So it is: ", MAYBE: f"'{name}' is not certain: ", NO: f"Not '{name}': "}[status]
        return lead + self._predicates.explain(source, target) + "."

    # Single mentions

    def _position(self, statement: Statement) -> None:
        best = None
        for group in statement.subjects:
            references = self._group(group)
            if not references:
                continue
            results = []
            for reference in references:
                mention = reference.mention
                side = statement.value.split(" ")[-1]
                if mention.rank and statement.value.startswith("from"):
                    results.append((reference, *self._resolver.places.rank(reference.candidates, mention.rank, side)))
                else:
                    results.append((reference, *self._resolver.places.position(reference.candidates, statement.value)))
            status = min(result[1] for result in results)
            status = YES - status if statement.negated else status
            if best is None or status > best[0]:
                best = (status, results)
            if status == YES:
                break
        if best is None:
            return
        for reference, status, kept, why in best[1]:
            shown = YES - status if statement.negated else status
            span = (statement.start, statement.end)
            rest = self._resolver.evidence(kept)
            words = self._resolver.words(reference.mention)
            self._resolver.claim(ClaimKind.POSITION, shown, span, why, predicate=statement.value, subject=words, **rest)
            if status != NO and kept and not statement.negated:
                reference.candidates = kept

    def _dimension(self, statement: Statement) -> None:
        references = [item for group in statement.subjects for item in self._group(group)]
        if not references:
            return
        reference = references[0]
        nodes = [index for index in reference.candidates if self._scene.is_node(index)]
        status, why = MAYBE, "The graph does not hold its size."
        if nodes:
            values = self._predicates.measure(statement.value)[nodes]
            fits = self._fits(values, statement)
            status = YES if fits.any() else NO
            why = f"Its {statement.value} is {values[int(np.argmax(fits))]:.2f} m."
        span = (statement.start, statement.end)
        words = self._resolver.words(reference.mention)
        self._resolver.claim(
            ClaimKind.SIZE, status, span, why, predicate=statement.value, subject=words, nodes=tuple(nodes[:20])
        )

    def _reciprocal(self, statement: Statement) -> None:
        """Judge "the mugs are next to each other", "they are 40 cm apart"."""
        best = None
        for group in statement.subjects:
            references = self._group(group)
            pool = sorted({index for item in references for index in item.candidates if self._scene.is_node(index)})
            if len(pool) < 2 or len(pool) > 200:
                continue
            table = self._predicates.status(statement.value, pool, pool).copy()
            if statement.meters is not None:
                table = np.minimum(table, self._near_distance(statement, pool, pool))
            if len(references) > 1:  # of different mentions, not of one's own candidates
                for item in references:
                    rows = [k for k, index in enumerate(pool) if index in item.candidates]
                    table[np.ix_(rows, rows)] = NO
            np.fill_diagonal(table, NO)
            status = int(table.max())
            if best is None or status > best[0]:
                best = (status, references, pool)
        if best is None:
            return
        status, references, pool = best
        shown = YES - status if statement.negated else status
        first = min(item.mention.start for item in references)
        span = (min(first, statement.start), statement.end)
        words = " and ".join(self._resolver.words(item.mention) for item in references)
        kind = ClaimKind.DISTANCE if statement.meters is not None else ClaimKind.RELATION
        why = "By the graph they are." if status == YES else "By the graph they are not, as far as it knows."
        self._resolver.claim(kind, shown, span, why, predicate=statement.value, subject=words, nodes=tuple(pool[:50]))

    def _part_of(self, mention: Mention, inner: Mention) -> None:
        one, other = self._reference(mention), self._resolver.resolve(inner)
        if one is None or other is None or not one.known:
            return
        statement = Statement("part_of", [(mention,)], [(inner,)], mention.start, mention.end)
        outcome = self._try(statement, (mention,), (inner,))
        if outcome is not None:
            self._conclude(statement, outcome)

    def _absence(self, mention: Mention) -> None:
        reference = self._reference(mention)
        span = (mention.start, mention.end)
        words = self._resolver.words(mention)
        if reference is None or not reference.base:
            hides = self._scene.may_hide_unknowns
            why = (
                "Nothing in the picture is called that." if not hides else "Some things in the picture have no telling label."
            )
            self._resolver.claim(ClaimKind.ABSENCE, MAYBE if hides else YES, span, why, predicate=mention.head, subject=words)
            return
        status = NO if reference.known and reference.candidates else MAYBE
        labels = sorted({self._scene.entities[index].label for index in reference.candidates})
        why = f"The picture shows {', '.join(labels[:3])}."
        evidence = self._resolver.evidence(reference.candidates)
        self._resolver.claim(ClaimKind.ABSENCE, status, span, why, predicate=mention.head, subject=words, **evidence)
