"""Which is closest, and how far apart."""

from __future__ import annotations

from collections.abc import Iterator

from scenecap.caption.english import length_text
from scenecap.caption.model import Fact, Question, QuestionKind
from scenecap.caption.questions.base import Asker
from scenecap.caption.refer.query import QueryKind
from scenecap.caption.refer.referrer import Reference
from scenecap.caption.spans import join_phrases, phrase
from scenecap.graph.model import Relation

_CONTACT = int(
    Relation.ON
    | Relation.INSIDE
    | Relation.ATTACHED
    | Relation.HANGING
    | Relation.SUPPORTS
    | Relation.CONTAINS
    | Relation.HOLDS
)
#: Choices that a question offers.
_OPTIONS = 3


def ask_nearest(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "Which is closest to the mug: the plate, the bowl, or the kettle?".

    The closest is so by the distance of surfaces and of centers alike, and clearly.
    """
    if polarity is not None:
        return
    ratio = asker.inventory.settings.distance_ratio
    table, rows = asker.pairs, asker.row_of
    for (target,) in asker.order([(node,) for node in asker.subjects], "nearest", 8):
        options = []
        for source in asker.subjects:
            if source == target:
                continue
            row = rows[(source, target)]
            if (
                not asker.related(source, target)
                and not int(table.relations[row]) & _CONTACT
                and float(table.surface_distance[row]) > 0.0
            ):
                options.append((float(table.surface_distance[row]), float(table.center_distance[row]), source))
        options.sort()
        for index, (surface, center, best) in enumerate(options):
            farther = [
                item[2] for item in options[index + 1 :] if item[0] >= ratio * surface + 0.02 and item[1] >= ratio * center
            ][: _OPTIONS - 1]
            if len(farther) < _OPTIONS - 1:
                continue
            question = _nearest(asker, target, best, farther)
            if question is not None:
                yield question
            break


def _nearest(asker: Asker, target: int, best: int, farther: list[int]) -> Question | None:
    def fair(reference: Reference) -> bool:
        return reference.query.kind not in (QueryKind.RELATION, QueryKind.BETWEEN)

    nodes = asker.chooser.shuffled([best, *farther], f"options {target}")
    place = asker.name(target, avoid=nodes, allow=fair)
    names = [asker.name(node, avoid=(target,), allow=fair) for node in nodes]
    known = [name for name in names if name is not None]
    if place is None or len(known) < len(nodes):
        return None
    listed = join_phrases([name.phrase for name in known], conjunction="or")
    answer = next(name for name in known if name.node == best)
    facts = [fact for name in (place, *known) for fact in name.facts]
    facts.append(Fact("nearest", (best,), (target, *farther)))
    anchors = [anchor for name in (place, *known) for anchor in name.anchors]
    return asker.question(
        QuestionKind.NEAREST,
        phrase("which is closest to ", place.phrase, ": ", listed),
        answer.phrase,
        nodes=(best, target, *farther, *anchors),
        facts=facts,
        edges=[(node, target) for node in nodes],
    )


def ask_distance(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "How far apart are the centers of the mug and the plate?", answered to two digits."""
    if polarity is not None:
        return
    table = asker.pairs
    pairs = [
        (int(table.source[row]), int(table.target[row]))
        for row in range(len(table))
        if table.source[row] < table.target[row]
        and not int(table.relations[row]) & _CONTACT
        and float(table.center_distance[row]) >= 0.1
    ]
    for one, other in asker.order(pairs, "distance", 8):
        if any(_cut(asker, node) for node in (one, other)):
            continue
        if asker.chooser.number(f"distance {one} {other}") % 2:
            one, other = other, one
        if asker.related(one, other):
            continue
        # "the centers of the bowl between the plate and the ramekin and the stove" is hard to read
        names = asker.name_pair(one, other, kinds=(QueryKind.BETWEEN,))
        if names is None:
            continue
        first, second = names
        meters = float(table.center_distance[asker.row_of[(one, other)]])
        wording = asker.chooser.pick(
            ["how far apart are the centers of ", "what is the distance between the centers of "],
            f"distance words {one} {other}",
        )
        words = phrase(wording, first.phrase, " and ", second.phrase)
        facts = [*first.facts, *second.facts, Fact("distance", (one,), (other,), value=float(f"{meters:.2g}"))]
        yield asker.question(
            QuestionKind.DISTANCE,
            words,
            length_text(meters),
            nodes=(one, other, *first.anchors, *second.anchors),
            facts=facts,
            edges=((one, other),),
        )


def _cut(asker: Asker, node: int) -> bool:
    view = asker.inventory.nodes[node].observed.visibility
    return view is None or view.truncated
