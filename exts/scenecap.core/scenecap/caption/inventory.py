"""What can be spoken of in a frame: its nodes, the visible objects that were not selected, and who shares a name with whom."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from scenecap.caption.attributes import ColorSource, Description, Name, describe, suffix_matches
from scenecap.caption.lexicon import lexicon
from scenecap.caption.matches import Matches, color_match, material_match, words_of
from scenecap.caption.settings import CaptionSettings
from scenecap.contract import UNLABELLED_ID, Buffer, ContactKind, Frame, ObservedObject, RoomElement, RoomKind
from scenecap.graph.model import Between, EdgeTable, Node, Relation, SceneGraph

#: Up to this many nodes the relations of all pairs are evaluated at once.
_MAX_DENSE = 128
#: Relations that tell how deep in the picture something is.
_DEPTH = int(Relation.FRONT | Relation.BEHIND)
#: Codes of :class:`LeftOut` for prims that the picture shows although they are no objects.
_DRAWN_CODES = frozenset({"ghost", "marker", "unlabelled", "ignored", "no_box", "part"})
#: Of these, those whose names say nothing about what they are.
_UNKNOWN_CODES = frozenset({"unlabelled", "no_box"})


class Inventory:
    """A frame's graph with everything that words need, computed once.

    Args:
        graph: The scene graph.
        frame: The frame it was built from.
        settings: Of the captioner.
    """

    def __init__(self, graph: SceneGraph, frame: Frame, settings: CaptionSettings) -> None:
        self.graph = graph
        self.frame = frame
        self.settings = settings
        self.nodes: tuple[Node, ...] = graph.nodes
        self.descriptions: tuple[Description, ...] = tuple(self._describe(node.observed) for node in graph.nodes)
        selected = {node.path for node in graph.nodes}
        self.others: tuple[Description, ...] = tuple(
            self._describe(obj) for obj in frame.objects if obj.visibility is not None and obj.path not in selected
        )
        self._heads: dict[str, list[int]] = {}
        for index, description in enumerate(self.descriptions):
            self._heads.setdefault(description.name.head, []).append(index)
        self._other_heads: dict[str, list[int]] = {}
        for index, description in enumerate(self.others):
            self._other_heads.setdefault(description.name.head, []).append(index)
        self._matches: dict[tuple[tuple[str, ...], str, frozenset[str], str], Matches] = {}
        self._named: dict[tuple[tuple[str, ...], str], Matches] = {}
        self._similar: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._relations_to: dict[tuple[tuple[int, ...], int], EdgeTable] = {}
        #: Members at the ends and ranks of rows, remembered by :mod:`scenecap.caption.refer.query`.
        self.ranked: dict[tuple[object, ...], tuple[int, ...]] = {}

    def _describe(self, obj: ObservedObject) -> Description:
        settings = self.settings
        return describe(
            obj,
            colors=settings.colors,
            min_share=settings.min_color_share,
            max_other=settings.max_other_color_share,
            min_px=settings.min_color_px,
        )

    # Numbers

    @cached_property
    def visible_px(self) -> np.ndarray:
        """(N,) int64 visible pixels of each node."""
        return np.array(
            [node.observed.visibility.visible_px if node.observed.visibility else 0 for node in self.nodes], dtype=np.int64
        )

    @cached_property
    def mentionable(self) -> np.ndarray:
        """(N,) bool, nodes that captions speak of: with pixels enough, or carrying such; all where there is none."""
        camera = self.frame.camera
        enough = self.visible_px >= max(1.0, self.settings.min_mention_share * camera.width * camera.height)
        for node in sorted(self.nodes, key=lambda item: -item.level):
            if enough[node.id] and node.parent is not None:
                enough[node.parent] = True
        return enough if enough.any() else np.ones(len(self.nodes), dtype=bool)

    @cached_property
    def box_area(self) -> np.ndarray:
        """(N,) int64 area of each node's tight box [px]."""
        return np.array(
            [node.observed.visibility.box_area if node.observed.visibility else 0 for node in self.nodes], dtype=np.int64
        )

    @cached_property
    def boxes_world(self) -> np.ndarray:
        """(N, 2, 3) float64 world boxes [m]."""
        if not self.nodes:
            return np.zeros((0, 2, 3))
        return np.stack([np.asarray(node.observed.aabb_world) for node in self.nodes])

    @cached_property
    def centers_viewer(self) -> np.ndarray:
        """(N, 3) float64 box centers in the viewer frame: right, forward, up [m], from the world's origin."""
        return self.boxes_world.mean(axis=1) @ self.frame.camera.viewer_to_world.T

    @cached_property
    def centers_picture(self) -> np.ndarray:
        """(N,) float64 middle of each node's tight box, from the left [px]; nan where it has none."""
        views = [node.observed.visibility for node in self.nodes]
        return np.array([np.nan if view is None else (view.box_tight[0] + view.box_tight[2]) / 2 for view in views])

    @cached_property
    def edges_sorted(self) -> np.ndarray:
        """(N, 3) float64 edges of each node's own oriented box [m], longest first."""
        if not self.nodes:
            return np.zeros((0, 3))
        local = np.stack([node.observed.box_local for node in self.nodes])
        axes = np.stack([node.observed.object_to_world[:3, :3] for node in self.nodes])
        edges = (local[:, 1] - local[:, 0]) * np.linalg.norm(axes, axis=2)
        return -np.sort(-edges, axis=1)

    def pairs(self, source: Sequence[int] | np.ndarray, target: Sequence[int] | np.ndarray) -> EdgeTable:
        """Return the relations of any pairs of nodes."""
        count = len(self.nodes)
        source, target = np.asarray(source, dtype=np.int64), np.asarray(target, dtype=np.int64)
        if count > _MAX_DENSE:
            return self._spoken(self.graph.pairs(source, target))
        return self._all_pairs.take(source * count + target)

    @cached_property
    def _all_pairs(self) -> EdgeTable:
        """Relations of all ordered pairs, row source * N + target: one call, since each costs as much as hundreds of pairs."""
        ids = np.arange(len(self.nodes), dtype=np.int64)
        return self._spoken(self.graph.pairs(np.repeat(ids, len(ids)), np.tile(ids, len(ids))))

    def _spoken(self, table: EdgeTable) -> EdgeTable:
        """Take away what nobody says: of what hangs or is fixed to something, depth tells no place ("behind the picture")."""
        if not self.is_mounted.any():
            return table
        mounted = self.is_mounted[table.source] | self.is_mounted[table.target]
        said = np.where(mounted, table.relations & ~np.uint32(_DEPTH), table.relations)
        return dataclasses.replace(table, relations=said)

    @cached_property
    def is_mounted(self) -> np.ndarray:
        """(N,) bool: whether a node hangs from something or is attached to it."""
        held = (ContactKind.ATTACHED, ContactKind.HANGING)
        return np.array([node.parent_kind in held for node in self.nodes], dtype=bool)

    def relations_to(self, ids: Sequence[int], anchor: int) -> EdgeTable:
        """Return the relations of several nodes to one, remembered."""
        key = (tuple(ids), anchor)
        if key not in self._relations_to:
            self._relations_to[key] = self.pairs(ids, [anchor] * len(ids))
        return self._relations_to[key]

    def prepare_relations(self, ids: Sequence[int], anchors: Sequence[int]) -> None:
        """Evaluate the relations of several nodes to several anchors at once, for :meth:`relations_to`."""
        groups = [(tuple(index for index in ids if index != anchor), anchor) for anchor in anchors]
        groups = [(group, anchor) for group, anchor in groups if group and (group, anchor) not in self._relations_to]
        if not groups:
            return
        sources = [index for group, _ in groups for index in group]
        targets = [anchor for group, anchor in groups for _ in group]
        table = self.pairs(sources, targets)
        begin = 0
        for group, anchor in groups:
            self._relations_to[(group, anchor)] = table.take(np.arange(begin, begin + len(group)))
            begin += len(group)

    def larger(self, first: int, second: int) -> bool:
        """Return whether one node is clearly larger: no edge shorter, and the diagonal longer by ``size_ratio``."""
        one, other = self.edges_sorted[first], self.edges_sorted[second]
        if np.any(one < other) or not np.all(np.isfinite(one)):
            return False
        return bool(np.linalg.norm(one) >= self.settings.size_ratio * np.linalg.norm(other))

    # The support tree

    @cached_property
    def children(self) -> dict[int, tuple[int, ...]]:
        """Node id -> ids of the nodes that it supports, contains or holds."""
        found: dict[int, list[int]] = {}
        for node in self.nodes:
            if node.parent is not None:
                found.setdefault(node.parent, []).append(node.id)
        return {parent: tuple(ids) for parent, ids in found.items()}

    @cached_property
    def parents(self) -> np.ndarray:
        """(N,) int64 node id of what holds each node; -1 for the room, nothing, or what is no node."""
        return np.array([-1 if node.parent is None else node.parent for node in self.nodes], dtype=np.int64)

    def ancestors(self, node: int) -> list[int]:
        """Return the chain of parents of a node, nearest first."""
        chain: list[int] = []
        parent = self.nodes[node].parent
        while parent is not None and parent not in chain:
            chain.append(parent)
            parent = self.nodes[parent].parent
        return chain

    @cached_property
    def pruned_pairs(self) -> frozenset[tuple[int, int]]:
        """(smaller, larger) node ids of the pruned graph's edges."""
        table = self.graph.pruned
        return frozenset(zip(table.source.tolist(), table.target.tolist(), strict=True))

    @cached_property
    def _between(self) -> dict[tuple[int, int], list[Between]]:
        found: dict[tuple[int, int], list[Between]] = {}
        for fact in self.graph.between:
            found.setdefault((fact.first, fact.second), []).append(fact)
        return found

    @cached_property
    def between_subjects(self) -> dict[int, list[Between]]:
        """Node id -> the facts that say what it lies between."""
        found: dict[int, list[Between]] = {}
        for fact in self.graph.between:
            found.setdefault(fact.subject, []).append(fact)
        return found

    def ends(self, fact: Between) -> tuple[int, int]:
        """Return the two that something lies between, the more visible one first."""
        first, second = fact.first, fact.second
        return (first, second) if self.visible_px[first] >= self.visible_px[second] else (second, first)

    def between_of(self, first: int, second: int) -> list[Between]:
        """Return what lies between two nodes."""
        return self._between.get((min(first, second), max(first, second)), [])

    @cached_property
    def room(self) -> dict[str, RoomElement]:
        """Prim path -> room element, of those that the picture shows."""
        return {element.path: element for element in self.graph.room if element.visible_px > 0}

    def room_parent(self, node: int) -> RoomElement | None:
        """Return the visible room element that holds a node, or None."""
        path = self.nodes[node].parent_path
        return self.room.get(path) if path is not None and self.nodes[node].parent is None else None

    def room_kind_count(self, kind: RoomKind) -> int:
        """Return how many visible room elements are of a kind."""
        return sum(element.kind is kind for element in self.room.values())

    def held(self, child: int, holder: int, kind: ContactKind) -> bool | None:
        """Return whether words may say that one node is held by another ("on", "in"): True, False, or None for perhaps.

        True where the holder is the child's parent in that way. Perhaps where another contact says so, or where the child is
        on something that the holder carries: many would call a mug on a tray on the table a mug on the table.
        """
        node = self.nodes[child]
        if node.parent == holder and node.parent_kind is kind:
            return True
        if (self.nodes[holder].path, kind) in node.contacts:
            return None
        return None if node.parent != holder and holder in self.ancestors(child) else False

    # Names

    def similar_heads(self, noun: tuple[str, ...]) -> tuple[str, ...]:
        """Return the other head words in the frame that may mean the noun or a kind of it ("armchair" for "chair")."""
        if noun not in self._similar:
            words = lexicon()
            text, last = " ".join(noun), noun[-1]
            kin = words.same.get(text, frozenset()) | words.hypernyms.get(text, frozenset())
            if len(noun) == 1 or last != text:
                kin = kin | words.same.get(last, frozenset()) if len(noun) == 1 else kin
            found = []
            for head in {*self._heads, *self._other_heads}:
                glued = head != last and len(noun) == 1 and len(last) >= 3 and head.endswith(last)
                if glued or (head != last and any(item.split(" ")[-1] == head for item in kin)):
                    found.append(head)
            self._similar[noun] = tuple(sorted(found))
        return self._similar[noun]

    def _is_kin(self, noun: tuple[str, ...], name: Name) -> bool:
        """Return whether a name with another head may mean the noun or a kind of it."""
        words = lexicon()
        text = " ".join(noun)
        kin = words.same.get(text, frozenset()) | words.hypernyms.get(text, frozenset())
        if any(suffix_matches(name.tokens, item.split(" ")) for item in kin):
            return True
        return len(noun) == 1 and len(text) >= 3 and name.head != text and name.head.endswith(text)

    def named(self, noun: tuple[str, ...], post: str = "") -> Matches:
        """Return what a noun speaks of.

        Args:
            noun: Last words of a name ("chair"; "office", "chair").
            post: What follows the head noun, or "" for any.
        """
        key = (noun, post)
        if key not in self._named:
            head = noun[-1]
            certain, possible = [], []
            for index in self._heads.get(head, ()):
                name = self.descriptions[index].name
                if suffix_matches(name.tokens, noun) and (not post or name.post == post):
                    certain.append(index)
                elif not post and self._is_kin(noun, name):
                    possible.append(index)
            similar = () if post else self.similar_heads(noun)
            for other in similar:
                possible.extend(
                    index for index in self._heads.get(other, ()) if self._is_kin(noun, self.descriptions[index].name)
                )
            others = any(
                (suffix_matches(name.tokens, noun) and (not post or name.post == post))
                or (not post and self._is_kin(noun, name))
                for item in (head, *similar)
                for name in (self.others[index].name for index in self._other_heads.get(item, ()))
            )
            self._named[key] = Matches(tuple(certain), tuple(sorted(possible)), others)
        return self._named[key]

    def matching(self, noun: tuple[str, ...], *, post: str = "", colors: Iterable[str] = (), material: str = "") -> Matches:
        """Return what a noun with colors (basic terms) and a material speaks of."""
        wanted = frozenset(colors)
        key = (noun, post, wanted, material)
        if key in self._matches:
            return self._matches[key]
        base = self.named(noun, post)
        if not wanted and not material:
            self._matches[key] = base
            return base
        bearers = [self.descriptions[index] for index in base.certain if self.descriptions[index].basic_colors == wanted]
        measured = all(item.color_source is ColorSource.ALBEDO for item in bearers)
        certain, possible = [], []
        for index in (*base.certain, *base.possible):
            color = color_match(self.descriptions[index], wanted, measured=measured)
            matter = material_match(self.descriptions[index], material)
            if color is False or matter is False:
                continue
            if color and matter and index in base.certain:
                certain.append(index)
            else:
                possible.append(index)
        others = base.others and any(
            color_match(other, wanted) is not False
            and (suffix_matches(other.name.tokens, noun) or self._is_kin(noun, other.name))
            for other in self.others
        )
        result = Matches(tuple(certain), tuple(possible), others)
        self._matches[key] = result
        return result

    def indistinct(self, description: Description) -> bool:
        """Return whether a visible object that is no node may be counted among objects of this description."""
        name = description.name
        return self.matching(name.core_tokens, post=name.post if name.quoted else "", colors=description.basic_colors).others

    # What is not there

    @cached_property
    def others_unknown(self) -> bool:
        """Whether a visible object has a label that says nothing, so that it may be anything."""
        return any(item.name.quoted or item.name.generic for item in (*self.descriptions, *self.others))

    @cached_property
    def may_hide_unknowns(self) -> bool:
        """Whether the picture may show things that nobody labelled, so that nothing can be called absent."""
        if any(item.code in _UNKNOWN_CODES for item in self.frame.left_out):
            return True
        # The embedded source lists everything that it draws; others know what has no label by its pixels only.
        instance = None if self.frame.source == "embedded" else self.frame.buffers.get(Buffer.INSTANCE)
        return instance is not None and bool(np.any(instance == UNLABELLED_ID))

    @cached_property
    def shown_words(self) -> frozenset[str]:
        """Every word of the labels and prim names of what the picture may show, whether it is a node or not."""
        shown: set[str] = set()
        for obj in self.frame.objects:
            if obj.visibility is not None:
                shown.update(words_of(obj.label), words_of(obj.path))
                for values in obj.labels.values():
                    for value in values:
                        shown.update(words_of(value))
        for item in self.frame.left_out:
            if item.code in _DRAWN_CODES:
                shown.update(words_of(item.path.rsplit("/", 1)[-1]))
        for element in self.graph.room:
            shown.update(words_of(element.label), (element.kind.value,))
        shown.update(words_of(self.frame.setting or ""))
        return frozenset(shown)
