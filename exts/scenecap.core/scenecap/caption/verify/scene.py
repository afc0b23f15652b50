"""What a text may speak of: nodes, visible objects that were not selected, the room, and what the camera does not see."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scenecap.caption.attributes import Description, Name, describe, parse_label
from scenecap.caption.inventory import Inventory
from scenecap.caption.lexicon import lexicon
from scenecap.caption.settings import CaptionSettings
from scenecap.caption.verify.chunks import Vocabulary
from scenecap.caption.verify.settings import Strictness, VerifySettings
from scenecap.caption.verify.wordnet import wordnet
from scenecap.caption.verify.words import singular, words
from scenecap.contract import Frame, ObservedObject, RoomElement, RoomKind
from scenecap.graph.model import EdgeTable, SceneGraph
from scenecap.text import clean_text


class Fit(enum.IntEnum):
    """How well a noun fits an object; the larger the better."""

    NOT = 0
    NARROWER = 1  # the text says "armchair", the graph "chair"; or "apple" and "orange", which some pictures leave open
    NEAR = 2  # "cup" for a mug
    KIND = 3  # "furniture" for a table
    SAME = 4  # "couch" for a sofa
    NAME = 5  # the label itself, or its last words


class Where(str, enum.Enum):
    """What kind of thing an entity is."""

    NODE = "node"
    SEEN = "seen"  # visible, not selected
    ROOM = "room"
    HIDDEN = "hidden"  # on the stage, not seen by the camera


@dataclass(frozen=True, eq=False)
class Entity:
    """Something on the stage.

    Attributes:
        index: Position in :attr:`Scene.entities`; of a node its id.
        where: What kind of thing it is.
        path: Prim path.
        description: Name, colors and material; of the room and the unseen the name alone.
        observed: The object, or None for the room.
        room: The room element, or None.
        names: All names it goes by, taken apart: its label first, then labels of other taxonomies.
    """

    index: int
    where: Where
    path: str
    description: Description
    observed: ObservedObject | None
    room: RoomElement | None
    names: tuple[Name, ...]

    @property
    def label(self) -> str:
        """What to call it."""
        if self.observed is not None:
            return self.observed.label
        return self.room.label if self.room is not None else ""

    @property
    def is_seen(self) -> bool:
        """Whether the picture shows it."""
        return self.where is not Where.HIDDEN


@dataclass(frozen=True)
class Found:
    """What a noun speaks of.

    Attributes:
        seen: Indices of entities in the picture that it names.
        narrower: Of those that it may name, but the noun says more than the graph knows ("armchair" for a chair).
        hidden: Entities on the stage that the camera does not see and that it names.
    """

    seen: tuple[int, ...]
    narrower: tuple[int, ...]
    hidden: tuple[int, ...]


class Scene:
    """A frame as the verifier sees it. Built once per frame, it serves any number of texts.

    Args:
        graph: The frame's graph.
        frame: The frame.
        settings: How loosely words may be taken.
    """

    def __init__(self, graph: SceneGraph, frame: Frame, settings: VerifySettings) -> None:
        self.graph = graph
        self.frame = frame
        self.settings = settings
        self.inventory = Inventory(graph, frame, CaptionSettings.model_validate({}))
        self.entities: tuple[Entity, ...] = tuple(self._entities())
        self._by_head: dict[str, list[int]] = {}
        for entity in self.entities:
            for name in entity.names:
                members = self._by_head.setdefault(singular(name.head), [])
                if entity.index not in members:
                    members.append(entity.index)
        self._found: dict[tuple[tuple[str, ...], str], Found] = {}
        self._heads: dict[tuple[str, ...], dict[str, Fit]] = {}

    def _entities(self) -> Iterable[Entity]:
        nodes = {node.path for node in self.graph.nodes}
        index = 0
        for node, description in zip(self.graph.nodes, self.inventory.descriptions, strict=True):
            yield Entity(index, Where.NODE, node.path, description, node.observed, None, _names(node.observed, description))
            index += 1
        for observed in self.frame.objects:
            if observed.path in nodes:
                continue
            seen = observed.visibility is not None and observed.visibility.visible_px > 0
            description = describe(observed)
            where = Where.SEEN if seen else Where.HIDDEN
            yield Entity(index, where, observed.path, description, observed, None, _names(observed, description))
            index += 1
        for element in self.graph.room:
            names = (
                parse_label(element.label),
                *((parse_label(element.kind.value),) if element.kind is not RoomKind.OTHER else ()),
            )
            where = Where.ROOM if element.visible_px > 0 else Where.HIDDEN
            yield Entity(index, where, element.path, Description(names[0]), None, element, names)
            index += 1

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Nouns of the frame, for the parser."""
        names = [name for entity in self.entities for name in entity.names if not name.quoted]
        tokens = [(*name.tokens[:-1], singular(name.head)) for name in names if not name.generic]
        return Vocabulary(
            frozenset(item[-1] for item in tokens),
            frozenset(word for item in tokens for word in item),
            frozenset(item for item in tokens if len(item) > 1),
        )

    @cached_property
    def seen_count(self) -> int:
        """Number of objects in the picture."""
        return sum(entity.where in (Where.NODE, Where.SEEN) for entity in self.entities)

    def is_node(self, index: int) -> bool:
        """Whether an entity is a node of the graph."""
        return index < len(self.graph.nodes)

    @cached_property
    def pairs(self) -> EdgeTable | None:
        """Relations of all ordered pairs of nodes, row source * N + target; None for graphs too large for that."""
        count = len(self.graph.nodes)
        if not 0 < count <= 128:
            return None
        ids = np.arange(count, dtype=np.int64)
        return self.graph.pairs(np.repeat(ids, count), np.tile(ids, count))

    def pair_rows(self, source: Sequence[int] | np.ndarray, target: Sequence[int] | np.ndarray) -> EdgeTable:
        """Return the relations of (E,) sources to (E,) targets, node ids."""
        one, other = np.asarray(source, dtype=np.int64), np.asarray(target, dtype=np.int64)
        if self.pairs is not None:
            return self.pairs.take(one * len(self.graph.nodes) + other)
        return self.graph.pairs(one, other)

    # Names

    def find(self, nouns: tuple[str, ...], quoted: str = "") -> Found:
        """Return what a noun speaks of.

        Args:
            nouns: Words of the noun, lower case, head last and in the singular.
            quoted: The label in quotation marks, or "".
        """
        key = (nouns, quoted)
        if key not in self._found:
            found = self._search(nouns, quoted)
            if not found.seen and nouns[-1] in lexicon().pairs:  # "two glasses": things to drink from, not to look through
                found = self._search((*nouns[:-1], re.sub(r"(?<=s)es$|s$", "", nouns[-1])), quoted) if nouns else found
            self._found[key] = found
        return self._found[key]

    def place_of(self, nouns: tuple[str, ...]) -> tuple[str, ...]:
        """Return the words for a place that a noun begins with: ("living", "room") of "the living room floor"."""
        known = tuple(singular(word) for word in (self.frame.setting or "").lower().split())
        for size in range(len(nouns) - 1, 0, -1):
            first = nouns[:size]
            if first == known or words().has("setting_nouns", " ".join(first)):
                return first
        return ()

    def _search(self, nouns: tuple[str, ...], quoted: str) -> Found:
        if quoted:
            hits = [entity for entity in self.entities if _is_quoted(entity, quoted)]
            return Found(*self._split([entity.index for entity in hits], []))
        heads = self._fitting_heads(nouns)
        grades: dict[int, Fit] = {}
        for head, ceiling in heads.items():
            for index in self._by_head[head]:
                fit = max((self._fit(nouns, name, ceiling) for name in self.entities[index].names), default=Fit.NOT)
                grades[index] = max(grades.get(index, Fit.NOT), fit)
        named = [index for index, fit in grades.items() if fit >= Fit.SAME]
        broader = [index for index, fit in grades.items() if fit is Fit.KIND]
        strict = self.settings.strictness is Strictness.STRICT
        sure = named or ([] if strict else broader)  # where something is called a table, a desk is no "table"
        if not any(self.entities[index].is_seen for index in sure) and not strict:
            sure += [index for index, fit in grades.items() if fit is Fit.NEAR]
        narrower = [index for index, fit in grades.items() if index not in sure and fit is not Fit.NOT]
        if self.settings.strictness is Strictness.LENIENT and not sure:
            sure, narrower = narrower, []
        return Found(*self._split(sure, narrower))

    def _split(self, sure: list[int], narrower: list[int]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        seen = tuple(sorted(index for index in sure if self.entities[index].is_seen))
        hidden = tuple(sorted(index for index in sure if not self.entities[index].is_seen))
        return seen, tuple(sorted(index for index in narrower if self.entities[index].is_seen)), hidden

    def _fitting_heads(self, nouns: tuple[str, ...]) -> dict[str, Fit]:
        """Return head words of the frame that a noun may mean, with the best that they can be."""
        if nouns in self._heads:
            return self._heads[nouns]
        result: dict[str, Fit] = {}
        for head in self._by_head:
            fit = _head_fit(nouns, head)
            if fit is not Fit.NOT:
                result[head] = fit
        self._heads[nouns] = result
        return result

    def _fit(self, nouns: tuple[str, ...], name: Name, ceiling: Fit) -> Fit:
        """Return how well a noun fits one name."""
        tokens = (*name.tokens[:-1], singular(name.head))
        extra = [word for word in nouns[:-1] if word not in tokens]
        if tokens[-1] == nouns[-1]:
            if name.generic and name.quoted:
                return Fit.NAME if not extra else Fit.NOT
            if not extra:
                return Fit.NAME
            whole = " ".join(nouns)
            if wordnet().is_thing(whole) and not wordnet().is_kind_of(whole, tokens[-1]):
                return Fit.NOT  # a hot dog is no dog
            return Fit.NARROWER
        label, whole = " ".join(tokens), " ".join(nouns)
        best = max(
            (
                fit
                for one in _kinds(label, tokens[-1])
                for other in {whole, *({nouns[-1]} if not extra else ())}
                if (fit := _kin(other, one))
            ),
            default=Fit.NOT,
        )
        if best is Fit.NOT and ceiling is Fit.NARROWER:
            best = Fit.NARROWER
        return min(best, ceiling) if ceiling is not Fit.NOT else best

    # What may be there without being known

    @cached_property
    def may_hide_unknowns(self) -> bool:
        """Whether the picture may show things that nobody labelled, or whose labels say nothing."""
        inventory = self.inventory
        return inventory.may_hide_unknowns or inventory.others_unknown

    def shows_word(self, noun: str) -> bool:
        """Whether any label or prim name in the picture holds a word."""
        shown = self.inventory.shown_words
        return noun in shown or any(singular(word) == noun for word in shown)


def _kinds(label: str, head: str) -> frozenset[str]:
    """Return what a label's kinds are looked up by: all of it, and its last word where that says what it is.

    A teddy bear is no bear, so what else a bear can be (an investor, hence a person) it is not.
    """
    net = wordnet()
    if label != head and net.is_thing(label) and not net.is_kind_of(label, head):
        return frozenset((label,))
    return frozenset((label, head))


def _names(observed: ObservedObject, description: Description) -> tuple[Name, ...]:
    names = [description.name]
    for values in observed.labels.values():
        for value in values:
            name = parse_label(value)
            if not name.quoted and not name.generic and name not in names:
                names.append(name)
    return tuple(names)


def _is_quoted(entity: Entity, quoted: str) -> bool:
    wanted = clean_text(quoted).lower()
    post = entity.description.name.post.lower()
    return wanted == clean_text(entity.label).lower() or post == f' labeled "{wanted}"'


def _kin(noun: str, label: str) -> Fit:
    """Return how a noun of the text fits a noun of the graph that is another word."""
    lists, net = lexicon(), wordnet()
    if label in lists.same.get(noun, ()) or (net.is_same(noun, label) and not _unlike(noun, label)):
        return Fit.SAME
    if label in lists.hypernyms.get(noun, ()) or (len(noun) > 3 and label.endswith(noun) and net.is_kind_of(label, noun)):
        return Fit.KIND
    if net.is_kind_of(label, noun) and not words().has("no_objects", noun):
        return Fit.KIND
    if label in words().near.get(noun, ()):
        return Fit.NEAR
    if label in lists.near.get(noun, ()) or noun in lists.hypernyms.get(label, ()) or net.is_kind_of(noun, label):
        return Fit.NARROWER
    return Fit.NOT


def _unlike(noun: str, label: str) -> bool:
    """Whether one noun is broader than the other in some sense, so that sharing another sense says little."""
    net = wordnet()
    return net.is_kind_of(noun, label) is not net.is_kind_of(label, noun)


def _head_fit(nouns: tuple[str, ...], head: str) -> Fit:
    """Return the best that a label with a head word can be for a noun."""
    if head == nouns[-1]:
        return Fit.NAME
    whole = " ".join(nouns)
    best = max(_kin(whole, head), _kin(nouns[-1], head) if len(nouns) == 1 else Fit.NOT)
    if best is Fit.NOT and len(nouns) > 1:
        last = _kin(nouns[-1], head)
        best = Fit.NARROWER if last in (Fit.SAME, Fit.KIND, Fit.NEAR) and not wordnet().is_thing(whole) else Fit.NOT
    if best is Fit.NOT:
        # The label's other words may make it one ("moka pot", "coffee maker"), which only the whole label tells.
        lists = lexicon()
        related = (
            lists.same.get(whole, frozenset()) | lists.hypernyms.get(whole, frozenset()) | lists.near.get(whole, frozenset())
        )
        if any(item.split(" ")[-1] == head and " " in item for item in related):
            return Fit.SAME
    return best
