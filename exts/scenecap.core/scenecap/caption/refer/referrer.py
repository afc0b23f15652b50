"""Finds referring expressions: the shortest that means exactly one object, looked for only where one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scenecap.caption.attributes import definite_is_plural
from scenecap.caption.inventory import Inventory, Matches
from scenecap.caption.model import Fact
from scenecap.caption.refer.phrasing import definite, definite_plural, query_facts
from scenecap.caption.refer.query import (
    HELD_RELATION,
    MAX_RIVALS,
    MAX_ROW,
    Extreme,
    Query,
    QueryKind,
    narrow,
)
from scenecap.caption.spans import Phrase
from scenecap.contract import ContactKind
from scenecap.graph.model import Relation

#: Anchors that are tried for one object, nearest first.
_MAX_ANCHORS = 8
#: Relations to an anchor, in the order in which people prefer them.
_RELATIONS = (Relation.NEXT_TO, Relation.LEFT, Relation.RIGHT, Relation.FRONT, Relation.BEHIND, Relation.ABOVE, Relation.BELOW)


@dataclass(frozen=True)
class Reference:
    """An expression that means exactly the given nodes.

    Attributes:
        query: Its machine form.
        nodes: What it means: one node, or all of a plural.
        phrase: Its words, starting with "the".
        facts: What it claims.
        anchors: Nodes that it names besides.
        plural: Whether it takes a plural verb.
    """

    query: Query
    nodes: tuple[int, ...]
    phrase: Phrase
    facts: tuple[Fact, ...]
    anchors: tuple[int, ...] = ()
    plural: bool = False


class Referrer:
    """Makes referring expressions for the objects of one frame.

    Args:
        inventory: The frame.
    """

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._found: dict[int, list[Reference]] = {}
        self._search: dict[int, Iterator[Reference]] = {}
        self._plain: dict[int, Reference | None] = {}

    def refer(self, node: int, allow: Callable[[Reference], bool] | None = None) -> Reference | None:
        """Return the first unambiguous expression for a node that is allowed, or None.

        Args:
            node: Node id.
            allow: Keeps expressions out, for example those that would give away a question's answer.
        """
        found = self._found.setdefault(node, [])
        for reference in found:
            if allow is None or allow(reference):
                return reference
        search = self._search.setdefault(node, self._references(node))
        for reference in search:
            found.append(reference)
            if allow is None or allow(reference):
                return reference
        return None

    def all_references(self, node: int, *, most: int) -> list[Reference]:
        """Return up to ``most`` unambiguous expressions for a node, the preferred ones first."""
        self.refer(node, lambda _: len(self._found[node]) >= most)
        return self._found[node][:most]

    def known(self) -> dict[int, Reference]:
        """Return the first expression of each node that one was looked for and found, by node id."""
        plain = {node: reference for node, reference in self._plain.items() if reference is not None}
        first = {node: found[0] for node, found in self._found.items() if found}
        return dict(sorted({**plain, **first}.items()))

    def refer_plural(self, nodes: Sequence[int], *, counted: bool = True) -> Reference | None:
        """Return "the eight white pawns" where a name means exactly these nodes, else None."""
        if len(nodes) < 2:
            return None
        first = nodes[0]
        for query in self._name_queries(first):
            base = self._matches(query)
            if base.is_exactly(nodes):
                colors = {self.inventory.descriptions[node].colors for node in nodes}
                if query.colors and len(colors) > 1:
                    continue
                facts = (*query_facts(query, first, (), self.inventory), Fact("count", tuple(nodes), value=len(nodes)))
                words = definite_plural(query, nodes, self.inventory, counted=counted)
                return Reference(query, tuple(nodes), words, facts, plural=True)
        return None

    def plain(self, node: int) -> Reference | None:
        """Return an expression of a name alone ("the black bowl"), or None."""
        if node not in self._plain:
            found = None
            for query in self._name_queries(node):
                if self._matches(query).is_exactly((node,)):
                    found = self._make(query, node, ())
                    break
            self._plain[node] = found
        return self._plain[node]

    @cached_property
    def _landmarks(self) -> np.ndarray:
        """Ids of the nodes that a name alone means, and that the picture shows well enough to find."""
        inventory = self.inventory
        enough = inventory.visible_px >= inventory.settings.min_question_px
        return np.array([node for node in np.flatnonzero(enough).tolist() if self._anchor(node) is not None], dtype=np.int64)

    # Search

    def _references(self, node: int) -> Iterator[Reference]:
        """Yield unambiguous expressions, the preferred one first."""
        inventory = self.inventory
        for query in self._name_queries(node):
            if self._matches(query).is_exactly((node,)):
                yield self._make(query, node, ())
        for base in self._base_queries(node):
            matches = self._matches(base)
            if matches.others or len(matches.certain) + len(matches.possible) > MAX_RIVALS:
                continue
            for query, anchors in self._narrowed(base, node):
                if narrow(query, matches, list(anchors), inventory).is_exactly((node,)):
                    yield self._make(query, node, anchors)

    def _narrowed(self, base: Query, node: int) -> Iterator[tuple[Query, tuple[int, ...]]]:
        """Yield ways to narrow a name down, in order of preference, with their anchors' ids."""
        yield from self._by_contact(base, node)
        yield from self._by_relation(base, node, (Relation.NEXT_TO,))
        yield from self._by_between(base, node)
        centered = self.inventory.graph.centered.get(node)
        if centered is not None and self._anchor(centered) is not None:
            yield self._with(base, QueryKind.CENTER, (centered,)), (centered,)
        if len(self._matches(base).certain) == 2:  # "the bin on the right" says it as well as "to the right of the can"
            for extreme in (Extreme.LEFT, Extreme.RIGHT):
                yield self._with(base, QueryKind.EXTREME, (), extreme=extreme), ()
        yield from self._by_relation(base, node, _RELATIONS[1:])
        yield from self._by_order(base)

    def _by_contact(self, base: Query, node: int) -> Iterator[tuple[Query, tuple[int, ...]]]:
        inventory = self.inventory
        item = inventory.nodes[node]
        whole = None if item.observed.part_of is None else inventory.graph.node_of(item.observed.part_of)
        if whole is not None and self._anchor(whole.id) is not None:
            yield self._with(base, QueryKind.PART, (whole.id,)), (whole.id,)
        if item.parent_kind is not None:
            relation = HELD_RELATION[item.parent_kind]
            if item.parent is not None and self._anchor(item.parent) is not None:
                yield self._with(base, QueryKind.HELD, (item.parent,), relation=relation), (item.parent,)
            element = inventory.room_parent(node)
            if element is not None:
                yield self._with(base, QueryKind.ROOM, (), relation=relation, room=element.kind), ()
        for child in inventory.children.get(node, ())[:_MAX_ANCHORS]:
            kind = inventory.nodes[child].parent_kind
            if kind in (ContactKind.SUPPORT, ContactKind.INSIDE) and self._anchor(child) is not None:
                relation = Relation.ON if kind is ContactKind.SUPPORT else Relation.INSIDE
                yield self._with(base, QueryKind.HOLDER, (child,), relation=relation), (child,)

    def _by_relation(self, base: Query, node: int, relations: Sequence[Relation]) -> Iterator[tuple[Query, tuple[int, ...]]]:
        anchors = self._anchors_near(node)
        if not len(anchors):
            return
        matches = self._matches(base)
        self.inventory.prepare_relations((*matches.certain, *matches.possible), anchors.tolist())
        table = self.inventory.pairs([node] * len(anchors), anchors)
        for relation in relations:
            for row in np.flatnonzero(table.relations & int(relation)).tolist():
                anchor = int(anchors[row])
                yield self._with(base, QueryKind.RELATION, (anchor,), relation=relation), (anchor,)

    def _by_between(self, base: Query, node: int) -> Iterator[tuple[Query, tuple[int, ...]]]:
        facts = sorted(self.inventory.between_subjects.get(node, ()), key=lambda fact: (fact.offset, fact.first, fact.second))
        for fact in facts[:_MAX_ANCHORS]:
            ends = self.inventory.ends(fact)
            if all(self._anchor(end) is not None for end in ends):
                yield self._with(base, QueryKind.BETWEEN, ends), ends

    def _by_order(self, base: Query) -> Iterator[tuple[Query, tuple[int, ...]]]:
        members = len(self._matches(base).certain)
        for extreme in Extreme:
            yield self._with(base, QueryKind.EXTREME, (), extreme=extreme), ()
        if 3 <= members <= MAX_ROW:
            for extreme in (Extreme.LEFT, Extreme.FRONT):
                for rank in range(2, members):
                    yield self._with(base, QueryKind.RANK, (), extreme=extreme, rank=rank), ()

    # Parts

    def _matches(self, query: Query) -> Matches:
        return self.inventory.matching(query.noun, post=query.post, colors=query.colors, material=query.material)

    def _base_queries(self, node: int) -> Iterator[Query]:
        """Yield the names that relations narrow down: the noun, then with its color, then the whole label."""
        queries = list(self._name_queries(node))
        seen: set[tuple[int, ...]] = set()
        for query in queries:
            members = self._matches(query).certain
            if members not in seen:
                seen.add(members)
                yield query

    def _name_queries(self, node: int) -> Iterator[Query]:
        """Yield names of a node, shortest first: noun, with color, with material; then all words of the label."""
        description = self.inventory.descriptions[node]
        name = description.name
        if name.generic and not name.post and len(self.inventory.nodes) + len(self.inventory.others) > 1:
            return  # "the object" may be anything
        post = name.post if name.quoted else ""
        colors = tuple(sorted(description.basic_colors))
        nouns = dict.fromkeys((name.core_tokens, name.tokens))
        for noun in nouns:
            yield Query(noun, post=post)
            if colors:
                yield Query(noun, post=post, colors=colors)
            if description.material:
                yield Query(noun, post=post, material=description.material)
                if colors:
                    yield Query(noun, post=post, colors=colors, material=description.material)

    def _anchor(self, node: int) -> Reference | None:
        """Return the name of what may help to find something else; nobody finds an object by a label in quotes."""
        return None if self.inventory.descriptions[node].name.quoted else self.plain(node)

    def _anchors_near(self, node: int) -> np.ndarray:
        """Return the landmarks that a person would use for a node: those on the same thing first, then nearest first."""
        inventory = self.inventory
        landmarks = self._landmarks[self._landmarks != node]
        if not len(landmarks):
            return landmarks
        centers = inventory.centers_viewer
        distance = np.linalg.norm(centers[landmarks] - centers[node], axis=1)
        apart = inventory.parents[landmarks] != inventory.parents[node]
        return landmarks[np.lexsort((landmarks, np.round(distance, 4), apart))[:_MAX_ANCHORS]]

    def _with(self, base: Query, kind: QueryKind, anchors: tuple[int, ...], **more: object) -> Query:
        queries = []
        for anchor in anchors:
            reference = self._anchor(anchor)
            assert reference is not None
            queries.append(reference.query)
        return Query(
            base.noun,
            kind,
            post=base.post,
            colors=base.colors,
            material=base.material,
            anchors=tuple(queries),
            **more,  # type: ignore[arg-type]
        )

    def _make(self, query: Query, node: int, anchors: tuple[int, ...]) -> Reference:
        inventory = self.inventory
        references = [self._anchor(anchor) for anchor in anchors]
        words = definite(query, node, [(item.nodes[0], item.phrase) for item in references if item is not None], inventory)
        facts = list(query_facts(query, node, anchors, inventory))
        for item in references:
            facts.extend(item.facts if item is not None else ())
        plural = definite_is_plural(inventory.descriptions[node].name)
        return Reference(query, (node,), words, tuple(facts), anchors, plural)
