"""What is on what, and what is in what."""

from __future__ import annotations

from collections.abc import Iterator

from scenecap.caption.lexicon import lexicon
from scenecap.caption.model import Fact, Question, QuestionKind
from scenecap.caption.questions.base import Asker, Named
from scenecap.caption.refer.phrasing import RELATION_WORDS, fact_name, room_phrase
from scenecap.caption.refer.query import HELD_KIND, HELD_RELATION, QueryKind
from scenecap.caption.spans import Phrase, phrase
from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import Relation

#: Expressions that say what holds an object, or what it holds.
_CONTACTS = (QueryKind.HELD, QueryKind.HOLDER, QueryKind.ROOM)
#: An object this far above the floor is not on it [m].
_OFF_FLOOR = 0.2
_DIRECTIONS = int(Relation.LEFT | Relation.RIGHT | Relation.FRONT | Relation.BEHIND)


def ask_support(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "What is the mug on?", "What is on the stove?" and "Is the mug on the stove?"."""
    yield from _ask(asker, polarity, Relation.ON, QuestionKind.SUPPORT)


def ask_inside(asker: Asker, polarity: bool | None) -> Iterator[Question]:
    """Yield "What is the can in?", "What is in the bin?" and "Is the can in the bin?"."""
    yield from _ask(asker, polarity, Relation.INSIDE, QuestionKind.INSIDE)


def _ask(asker: Asker, polarity: bool | None, relation: Relation, kind: QuestionKind) -> Iterator[Question]:
    if polarity is None:
        yield from _open(asker, relation, kind)
    elif polarity:
        yield from _true(asker, relation, kind)
    else:
        yield from _false(asker, relation, kind)


def _held_by(asker: Asker, relation: Relation) -> list[tuple[int, int]]:
    """Return (child, holder) pairs of nodes that can be asked about."""
    subjects = set(asker.subjects)
    return [
        (node.id, node.parent)
        for node in asker.inventory.nodes
        if node.id in subjects
        and node.parent in subjects
        and node.parent is not None
        and node.parent_kind is HELD_KIND[relation]
    ]


def _true(asker: Asker, relation: Relation, kind: QuestionKind) -> Iterator[Question]:
    for child, holder in asker.order(_held_by(asker, relation), f"{kind.value} yes", 8):
        names = _names(asker, child, holder)
        if names is not None:
            fact = Fact(fact_name(relation), (child,), (holder,))
            yield _whether(asker, kind, relation, *names, True, fact)
    if relation is Relation.ON:
        yield from _floor(asker, True)


def _false(asker: Asker, relation: Relation, kind: QuestionKind) -> Iterator[Question]:
    """Ask of holders that surely do not hold the object: it stands apart from them, and something else holds it."""
    inventory = asker.inventory
    holders = [node for node in asker.subjects if _may_hold(asker, node, relation)]
    pairs = []
    for child in asker.subjects:
        item = inventory.nodes[child]
        if item.parent_kind not in (ContactKind.SUPPORT, ContactKind.INSIDE) or item.parent is None:
            continue
        for holder in holders:
            if relation is Relation.INSIDE and not _would_fit(asker, child, holder):
                continue
            if holder in (child, item.parent) and not (holder == item.parent and relation is Relation.INSIDE):
                continue
            if inventory.held(child, holder, HELD_KIND[relation]) is not False or inventory.held(
                holder, child, HELD_KIND[relation]
            ):
                continue
            apart = bool(int(asker.pairs.relations[asker.row_of[(child, holder)]]) & _DIRECTIONS)
            if apart or holder == item.parent:
                pairs.append((child, holder))
    for child, holder in asker.order(pairs, f"{kind.value} no", 8):
        names = _names(asker, child, holder)
        parent = inventory.nodes[child].parent
        parent_kind = inventory.nodes[child].parent_kind
        if names is not None and parent is not None and parent_kind is not None:
            fact = Fact(fact_name(HELD_RELATION[parent_kind]), (child,), (parent,))
            yield _whether(asker, kind, relation, *names, False, fact)
    if relation is Relation.ON:
        yield from _floor(asker, False)


def _would_fit(asker: Asker, child: int, holder: int) -> bool:
    """Whether an object is clearly smaller than a container, each way: nobody asks if a lamp is in a mug."""
    return bool((asker.inventory.edges_sorted[child] <= 0.9 * asker.inventory.edges_sorted[holder]).all())


def _may_hold(asker: Asker, node: int, relation: Relation) -> bool:
    """Whether asking if something is on (in) an object makes sense: something is, or its name says so."""
    inventory = asker.inventory
    kinds = {inventory.nodes[child].parent_kind for child in inventory.children.get(node, ())}
    if HELD_KIND[relation] in kinds:
        return True
    if relation is Relation.INSIDE:
        return inventory.descriptions[node].name.head in lexicon().containers
    words, head = lexicon(), inventory.descriptions[node].name.head
    size = inventory.boxes_world[node, 1] - inventory.boxes_world[node, 0]
    return head in words.surfaces | words.containers | words.resting_places and bool(size[:2].min() >= 0.15)


def _floor(asker: Asker, polarity: bool) -> Iterator[Question]:
    """Ask whether an object is on the floor, where the picture shows one."""
    inventory = asker.inventory
    if not inventory.room_kind_count(RoomKind.FLOOR):
        return
    for (node,) in asker.order([(node,) for node in asker.subjects], f"floor {polarity}", 8):
        item = inventory.nodes[node]
        element = inventory.room_parent(node)
        on_floor = element is not None and element.kind is RoomKind.FLOOR and item.parent_kind is ContactKind.SUPPORT
        on_other = item.parent is not None and item.parent_kind is ContactKind.SUPPORT and _off_floor(asker, node)
        if not (on_floor if polarity else on_other):
            continue
        subject = asker.name(node, kinds=_CONTACTS)
        if subject is None:
            continue
        fact = (
            Fact("on", (node,), value=item.parent_path)
            if polarity
            else Fact("on", (node,), (item.parent,) if item.parent is not None else ())
        )
        words = phrase(f"{subject.be} ", subject.phrase, " on ", room_phrase(inventory, RoomKind.FLOOR, "the floor"))
        yield asker.yes_no(QuestionKind.SUPPORT, words, polarity, nodes=(node, *subject.anchors), facts=[*subject.facts, fact])


def _off_floor(asker: Asker, node: int) -> bool:
    """Whether nobody would say that an object is on the floor: a chair on a rug is, in a way."""
    floors = [element for element in asker.inventory.graph.room if element.kind is RoomKind.FLOOR]
    paths = {element.path for element in floors}
    if any(path in paths for path, _ in asker.inventory.nodes[node].contacts):
        return False
    top = max(float(element.aabb_world[1, 2]) for element in floors)
    return float(asker.inventory.boxes_world[node, 0, 2]) - top >= _OFF_FLOOR


def _open(asker: Asker, relation: Relation, kind: QuestionKind) -> Iterator[Question]:
    inventory = asker.inventory
    word = RELATION_WORDS[relation]
    for child, holder in asker.order(_held_by(asker, relation), f"{kind.value} open", 8):
        if not _only_one(asker, child, HELD_KIND[relation]):
            continue
        only = inventory.children[holder] == (child,) and child not in inventory.children
        known = not inventory.others and not inventory.may_hide_unknowns
        fact = Fact(fact_name(relation), (child,), (holder,))
        if only and known and asker.chooser.number(f"{kind.value} what {child}") % 2:
            place = asker.name(holder, avoid=(child,), kinds=_CONTACTS)
            if place is not None:
                words = phrase(f"what is {word} ", place.phrase)
                yield asker.question(
                    kind,
                    words,
                    asker.indefinite(child),
                    nodes=(child, holder, *place.anchors),
                    facts=[*place.facts, fact],
                    edges=((child, holder),),
                )
                continue
        names = _names(asker, child, holder)
        if names is not None:
            subject, place = names
            words = phrase(f"what {subject.be} ", subject.phrase, f" {word}")
            yield asker.question(
                kind,
                words,
                place.phrase,
                nodes=(child, holder, *subject.anchors, *place.anchors),
                facts=[*subject.facts, *place.facts, fact],
                edges=((child, holder),),
            )


def _only_one(asker: Asker, child: int, kind: ContactKind) -> bool:
    """Whether an object is on (in) one thing only, so that asking for it has one answer."""
    return sum(how is kind for _, how in asker.inventory.nodes[child].contacts) == 1


def _names(asker: Asker, child: int, holder: int) -> tuple[Named, Named] | None:
    subject = asker.name(child, avoid=(holder,), kinds=_CONTACTS)
    place = asker.name(holder, avoid=(child,), kinds=_CONTACTS)
    return None if subject is None or place is None else (subject, place)


def _whether(
    asker: Asker, kind: QuestionKind, relation: Relation, subject: Named, place: Named, polarity: bool, fact: Fact
) -> Question:
    words: Phrase = phrase(f"{subject.be} ", subject.phrase, f" {RELATION_WORDS[relation]} ", place.phrase)
    nodes = (subject.node, place.node, *fact.objects, *subject.anchors, *place.anchors)
    edges = [(subject.node, place.node), *((subject.node, other) for other in fact.objects)]
    facts = [*subject.facts, *place.facts, fact]
    if not polarity:
        facts.append(Fact(f"not_{fact_name(relation)}", (subject.node,), (place.node,)))
    return asker.yes_no(kind, words, polarity, nodes=nodes, facts=facts, edges=edges)
