"""What the graph says of a relation between two objects: it holds, it does not, or nobody knows.

A relation of the graph is asserted only where it is beyond doubt, so its absence alone contradicts nothing: a claim is
contradicted where the graph asserts the opposite or the numbers leave no room for it, and unknown between the two.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from scenecap.caption.lexicon import lexicon
from scenecap.caption.verify.scene import Entity, Scene, Where
from scenecap.caption.verify.settings import Strictness
from scenecap.contract import ContactKind, RoomKind
from scenecap.graph.model import EdgeTable, Relation

NO, MAYBE, YES = 0, 1, 2

#: Relations that are told from the other end: "topped with" is "on" the other way round.
REVERSED = {"topped": "on", "filled": "filling", "flanked": "next_to", "occupied": "held"}
_SPATIAL = {
    "left": (Relation.LEFT, Relation.RIGHT, 0, -1.0),
    "right": (Relation.RIGHT, Relation.LEFT, 0, 1.0),
    "front": (Relation.FRONT, Relation.BEHIND, 1, -1.0),
    "behind": (Relation.BEHIND, Relation.FRONT, 1, 1.0),
}
_HELD = Relation.ON | Relation.INSIDE | Relation.ATTACHED | Relation.HANGING
_HOLDS = Relation.SUPPORTS | Relation.CONTAINS | Relation.HOLDS
_CLOSE = Relation.NEXT_TO | Relation.NEAR | Relation.TOUCHING
#: Offsets below this tell no direction [m].
_SLIGHT = 0.01
#: "Next to" lets pass what is near and not farther than this [m].
_BESIDE = 0.25
_COMPARED = {"larger": ("size", 1), "smaller": ("size", -1), "taller": ("height", 1), "shorter": ("height", -1)}
_COMPARED |= {"longer": ("length", 1), "wider": ("width", 1)}


class Predicates:
    """Judges relations of entities.

    Args:
        scene: The frame.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._strict = scene.settings.strictness is Strictness.STRICT
        self._cache: dict[tuple[str, tuple[int, ...], tuple[int, ...]], np.ndarray] = {}

    def status(self, predicate: str, sources: Sequence[int], targets: Sequence[int]) -> np.ndarray:
        """Return (S, T) int8 NO, MAYBE or YES: whether each source is in the relation to each target; NO for itself.

        Args:
            predicate: A relation's name of ``words.json``.
            sources: Entities.
            targets: Entities.
        """
        key = (predicate, tuple(sources), tuple(targets))
        if key not in self._cache:
            if predicate in REVERSED:
                result = self.status(REVERSED[predicate], targets, sources).T
            else:
                result = self._table(predicate, sources, targets)
            self._cache[key] = result
        return self._cache[key]

    def _table(self, predicate: str, sources: Sequence[int], targets: Sequence[int]) -> np.ndarray:
        result = np.full((len(sources), len(targets)), MAYBE, dtype=np.int8)
        one = np.array([index for index in sources if self._scene.is_node(index)], dtype=np.int64)
        other = np.array([index for index in targets if self._scene.is_node(index)], dtype=np.int64)
        if len(one) and len(other):
            rows = np.repeat(one, len(other)), np.tile(other, len(one))
            table = self._scene.pair_rows(*rows)
            found = self._judge(predicate)(table).reshape(len(one), len(other))
            at = {index: row for row, index in enumerate(one.tolist())}
            to = {index: row for row, index in enumerate(other.tolist())}
            result[
                np.ix_(
                    [k for k, index in enumerate(sources) if index in at],
                    [k for k, index in enumerate(targets) if index in to],
                )
            ] = found
        for row, source in enumerate(sources):
            for column, target in enumerate(targets):
                if source == target:
                    result[row, column] = YES if predicate == "same" else NO
                elif predicate == "same":
                    result[row, column] = NO
                elif not (self._scene.is_node(source) and self._scene.is_node(target)):
                    result[row, column] = self._loose(predicate, self._scene.entities[source], self._scene.entities[target])
        return result

    def distances(self, sources: Sequence[int], targets: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return (S, T) surface and center distances [m] of nodes."""
        rows = np.repeat(np.asarray(sources), len(targets)), np.tile(np.asarray(targets), len(sources))
        table = self._scene.pair_rows(*rows)
        shape = (len(sources), len(targets))
        return table.surface_distance.reshape(shape), table.center_distance.reshape(shape)

    # Nodes

    def _judge(self, predicate: str) -> Callable[[EdgeTable], np.ndarray]:
        if predicate in _SPATIAL:
            return lambda table: self._direction(table, predicate)
        if predicate in _COMPARED:
            return lambda table: self._compared(table, predicate)
        special = {
            "on": self._on,
            "inside": self._inside,
            "contained": self._inside,
            "filling": self._filling,
            "held": self._held,
            "attached": self._attached,
            "hanging": self._hanging,
            "with": self._with,
            "above": lambda table: self._vertical(table, up=True),
            "below": lambda table: self._vertical(table, up=False),
            "touching": self._touching,
            "next_to": self._next_to,
            "near": self._near,
            "around": self._near,
            "among": self._near,
            "at": self._near,
            "far": self._far,
            "apart": self._apart,
            "centered": self._centered,
            "part_of": self._part_of,
        }
        return special.get(predicate, lambda table: np.full(len(table), MAYBE, dtype=np.int8))

    @staticmethod
    def _has(table: EdgeTable, relations: Relation) -> np.ndarray:
        return (table.relations & np.uint32(relations)) != 0

    @staticmethod
    def _pick(yes: np.ndarray, maybe: np.ndarray) -> np.ndarray:
        return np.where(yes, YES, np.where(maybe, MAYBE, NO)).astype(np.int8)

    def _above_in_tree(self, table: EdgeTable) -> np.ndarray:
        """Whether the target carries the source through something else."""
        closure = self._ancestors
        pairs = zip(table.source.tolist(), table.target.tolist(), strict=True)
        return np.array([target in closure.get(source, ()) for source, target in pairs], dtype=bool)

    @cached_property
    def _ancestors(self) -> dict[int, frozenset[int]]:
        """Node -> nodes that hold it through others (its own parent is not among them)."""
        inventory = self._scene.inventory
        return {node.id: frozenset(inventory.ancestors(node.id)[1:]) for node in self._scene.graph.nodes}

    @cached_property
    def _floating(self) -> np.ndarray:
        """(N,) bool: whether nothing is known to hold a node."""
        return np.array([not node.contacts for node in self._scene.graph.nodes], dtype=bool)

    def _close_by(self, table: EdgeTable) -> np.ndarray:
        """Whether a source that nothing holds may rest on (in) the target: less than 3 cm apart."""
        return self._floating[table.source] & (table.surface_distance < 0.03)

    def _on(self, table: EdgeTable) -> np.ndarray:
        if self._strict:
            return self._pick(self._has(table, Relation.ON), self._has(table, _HELD) | self._above_in_tree(table))
        yes = self._has(table, Relation.ON | Relation.ATTACHED | Relation.HANGING) | self._above_in_tree(table)
        return self._pick(yes, self._has(table, Relation.INSIDE) | self._close_by(table))

    def _inside(self, table: EdgeTable) -> np.ndarray:
        within = self._above_in_tree(table) & self._has_inside_link(table)
        vessel = self._container[table.target]
        return self._pick(
            self._has(table, Relation.INSIDE) | within, (self._has(table, Relation.ON) & vessel) | self._centers_within(table)
        )

    @cached_property
    def _container(self) -> np.ndarray:
        """(N,) bool: whether people say "in" of what a node carries ("in the bowl")."""
        heads = [description.name.head for description in self._scene.inventory.descriptions]
        return np.array([head in lexicon().containers for head in heads], dtype=bool)

    def _has_inside_link(self, table: EdgeTable) -> np.ndarray:
        """Whether the chain from the source up to the target enters the target from within."""
        nodes = self._scene.graph.nodes
        result = np.zeros(len(table), dtype=bool)
        for row, (source, target) in enumerate(zip(table.source.tolist(), table.target.tolist(), strict=True)):
            chain = [source, *self._scene.inventory.ancestors(source)]
            if target in chain[1:]:
                result[row] = nodes[chain[chain.index(target) - 1]].parent_kind is ContactKind.INSIDE
        return result

    def _centers_within(self, table: EdgeTable) -> np.ndarray:
        boxes = self._scene.inventory.boxes_world
        center = boxes[table.source].mean(axis=1)
        low, high = boxes[table.target, 0], boxes[table.target, 1]
        return ((center > low) & (center < high)).all(axis=1) & (self._floating[table.source] | self._has(table, Relation.ON))

    def _filling(self, table: EdgeTable) -> np.ndarray:
        return self._pick(self._has(table, Relation.INSIDE | Relation.ON), self._centers_within(table))

    def _held(self, table: EdgeTable) -> np.ndarray:
        return self._pick(self._has(table, _HELD) | (self._above_in_tree(table) & (not self._strict)), self._close_by(table))

    def _attached(self, table: EdgeTable) -> np.ndarray:
        return self._pick(self._has(table, Relation.ATTACHED | Relation.HANGING), self._has(table, Relation.TOUCHING))

    def _hanging(self, table: EdgeTable) -> np.ndarray:
        return self._pick(self._has(table, Relation.HANGING), self._has(table, Relation.ATTACHED))

    def _with(self, table: EdgeTable) -> np.ndarray:
        """Judge "a table with a mug", whichever of the two holds the other; a desk with a chair stands near it."""
        nodes = self._scene.graph.nodes
        parts = [
            nodes[one].observed.part_of == nodes[other].path or nodes[other].observed.part_of == nodes[one].path
            for one, other in zip(table.source.tolist(), table.target.tolist(), strict=True)
        ]
        yes = self._has(table, _HELD | _HOLDS | _CLOSE) | np.array(parts, dtype=bool) | self._above_in_tree(table)
        yes |= self._above_in_tree(dataclasses.replace(table, source=table.target, target=table.source))
        return self._pick(yes, ~self._has(table, Relation.FAR))

    def _direction(self, table: EdgeTable, predicate: str) -> np.ndarray:
        wanted, opposite, axis, sign = _SPATIAL[predicate]
        along = table.offset[:, axis] * sign
        held = self._has(table, _HELD | _HOLDS)
        yes = self._has(table, wanted) | (held & (along > 0.03))
        clearly_not = self._has(table, opposite) | (along < -_SLIGHT)
        if predicate in ("front", "behind"):  # "in front of the sofa" may mean the sofa's own front
            clearly_not &= ~self._own_front[table.target]
        return self._pick(yes, ~clearly_not)

    @cached_property
    def _own_front(self) -> np.ndarray:
        heads = [description.name.head for description in self._scene.inventory.descriptions]
        return np.array([head in lexicon().has_front for head in heads], dtype=bool)

    def _vertical(self, table: EdgeTable, *, up: bool) -> np.ndarray:
        sign = 1.0 if up else -1.0
        wanted, below = (Relation.ABOVE, Relation.SUPPORTS) if up else (Relation.BELOW, Relation.SUPPORTS)
        boxes = self._scene.inventory.boxes_world
        source, target = boxes[table.source], boxes[table.target]
        yes = self._has(table, wanted)
        if not up:
            yes = yes | self._has(table, below)  # the table under the mug
        overlap = np.minimum(source[:, 1, :2], target[:, 1, :2]) - np.maximum(source[:, 0, :2], target[:, 0, :2])
        over = (overlap > -0.1).all(axis=1)
        higher = sign * table.offset[:, 2] > 0
        opposite = self._has(table, Relation.BELOW | Relation.SUPPORTS if up else Relation.ABOVE | Relation.ON)
        return self._pick(yes, over & higher & ~opposite)

    def _touching(self, table: EdgeTable) -> np.ndarray:
        yes = self._has(table, Relation.TOUCHING | _HELD | _HOLDS) | (table.surface_distance <= 0.01)
        return self._pick(yes, table.surface_distance <= 0.1)

    def _next_to(self, table: EdgeTable) -> np.ndarray:
        yes = self._has(table, Relation.NEXT_TO | Relation.TOUCHING)
        if not self._strict:
            yes |= self._has(table, Relation.NEAR) & (table.surface_distance <= _BESIDE)
        near = table.surface_distance <= self._scene.settings.near_distance
        return self._pick(yes, near & ~self._has(table, Relation.FAR))

    def _near(self, table: EdgeTable) -> np.ndarray:
        yes = self._has(table, _CLOSE | _HELD | _HOLDS)
        near = table.surface_distance <= self._scene.settings.near_distance
        return self._pick(yes, near & ~self._has(table, Relation.FAR))

    def _far(self, table: EdgeTable) -> np.ndarray:
        return self._pick(self._has(table, Relation.FAR), ~self._has(table, _CLOSE | _HELD | _HOLDS))

    def _apart(self, table: EdgeTable) -> np.ndarray:
        return self._pick(table.surface_distance > 0.02, ~self._has(table, _HELD | _HOLDS))

    def _centered(self, table: EdgeTable) -> np.ndarray:
        centered = self._scene.graph.centered
        pairs = list(zip(table.source.tolist(), table.target.tolist(), strict=True))
        yes = np.array([centered.get(source) == target for source, target in pairs], dtype=bool)
        boxes = self._scene.inventory.boxes_world
        away = np.linalg.norm((boxes[table.source].mean(axis=1) - boxes[table.target].mean(axis=1))[:, :2], axis=1)
        size = np.linalg.norm((boxes[table.target, 1] - boxes[table.target, 0])[:, :2], axis=1)
        return self._pick(yes, self._has(table, _HELD) & (away < 0.2 * size))

    def _part_of(self, table: EdgeTable) -> np.ndarray:
        nodes = self._scene.graph.nodes
        yes = [
            nodes[source].observed.part_of == nodes[target].path
            for source, target in zip(table.source.tolist(), table.target.tolist(), strict=True)
        ]
        return self._pick(np.array(yes, dtype=bool), np.ones(len(table), dtype=bool))

    def _compared(self, table: EdgeTable, predicate: str) -> np.ndarray:
        kind, sign = _COMPARED[predicate]
        values = self.measure(kind)
        one, other = values[table.source], values[table.target]
        if sign < 0:
            one, other = other, one
        return self._pick(one >= other * self._scene.settings.size_ratio, one > other / self._scene.settings.size_ratio)

    def measure(self, kind: str) -> np.ndarray:
        """Return (N,) sizes of nodes [m]: "size" (diagonal), "height", "length" (longest), "width" (second horizontal)."""
        inventory = self._scene.inventory
        if kind == "size":
            return np.linalg.norm(inventory.edges_sorted, axis=1)
        edges = inventory.boxes_world[:, 1] - inventory.boxes_world[:, 0]
        if kind == "height":
            return edges[:, 2]
        return edges[:, :2].max(axis=1) if kind == "width" else inventory.edges_sorted[:, 0]

    # What is no node

    def _loose(self, predicate: str, source: Entity, target: Entity) -> int:
        """Judge relations to the room, and of visible objects that were not selected, by their contacts."""
        kinds = {kind for parent, kind in self._contacts.get(source.path, ()) if parent == target.path}
        if predicate in ("inside", "at", "with") and target.room is not None and target.room.kind is RoomKind.OTHER:
            return YES
        wanted = {
            "on": {ContactKind.SUPPORT, ContactKind.ATTACHED, ContactKind.HANGING},
            "inside": {ContactKind.INSIDE},
            "attached": {ContactKind.ATTACHED, ContactKind.HANGING},
            "hanging": {ContactKind.HANGING},
            "held": set(ContactKind),
            "touching": set(ContactKind),
            "at": set(ContactKind),
            "near": set(ContactKind),
            "next_to": {ContactKind.ATTACHED, ContactKind.SUPPORT},
        }.get(predicate)
        if target.where is Where.ROOM and target.room is not None and target.room.kind is RoomKind.WALL and predicate == "on":
            wanted = set(ContactKind)
        if wanted is None:
            return MAYBE
        if kinds & wanted:
            return YES
        if predicate in ("on", "held") and self._through_thin(source.path, target.path):
            return YES
        if predicate in ("on", "inside", "attached", "hanging", "held") and source.path in self._contacts and not kinds:
            return NO  # it is known to rest on something else
        return MAYBE

    def _through_thin(self, path: str, target: str) -> bool:
        """Whether something rests on the target through a rug or the like."""
        for parent, kind in self._contacts.get(path, ()):
            entity = self._by_path.get(parent)
            thin = entity is not None and entity.observed is not None and entity.observed.size_world[2] <= 0.03
            if kind is ContactKind.SUPPORT and thin and any(above == target for above, _ in self._contacts.get(parent, ())):
                return True
        return False

    @cached_property
    def _by_path(self) -> dict[str, Entity]:
        return {entity.path: entity for entity in self._scene.entities}

    @cached_property
    def _contacts(self) -> dict[str, list[tuple[str, ContactKind]]]:
        found: dict[str, list[tuple[str, ContactKind]]] = {}
        for node in self._scene.graph.nodes:
            found[node.path] = list(node.contacts)
        for contact in self._scene.frame.contacts or ():
            pair = (contact.parent, contact.kind)
            if pair not in found.setdefault(contact.child, []):
                found[contact.child].append(pair)
        return {path: contacts for path, contacts in found.items() if contacts}

    # Three objects

    def between(self, subject: int, first: int, second: int) -> int:
        """Return whether a node lies between two others."""
        if not all(self._scene.is_node(index) for index in (subject, first, second)) or len({subject, first, second}) < 3:
            return NO if subject in (first, second) or first == second else MAYBE
        low, high = min(first, second), max(first, second)
        if any(fact.subject == subject for fact in self._scene.inventory.between_of(low, high)):
            return YES
        boxes = self._scene.inventory.boxes_world[[subject, first, second]]
        center = boxes.mean(axis=1)[:, :2]
        line, reach = center[2] - center[1], center[0] - center[1]
        length = float(np.linalg.norm(line))
        if length < 1e-6:
            return NO
        share = float(line @ reach) / length**2
        offset = abs(float(line[0] * reach[1] - line[1] * reach[0])) / length
        size = float(np.median(boxes[0, 1] - boxes[0, 0]))
        return MAYBE if 0.1 <= share <= 0.9 and offset <= max(size, 0.35 * length) else NO

    def explain(self, source: int, target: int) -> str:
        """Return what the graph says of two entities, for people: "the mug is right of, near the plate"."""
        scene = self._scene
        one, other = scene.entities[source], scene.entities[target]
        if not (scene.is_node(source) and scene.is_node(target)):
            held = [f"{kind.value} on {parent}" for parent, kind in self._contacts.get(one.path, ())[:2]]
            return (
                f"the graph has {one.label} {', '.join(held)}"
                if held
                else f"the graph has nothing on {one.label} and {other.label}"
            )
        table = scene.pair_rows([source], [target])
        names = [(item.name or "").lower().replace("_", " ") for item in Relation if item and table.relation(0) & item]
        numbers = f"{table.surface_distance[0]:.2f} m apart"
        said = ", ".join(names) if names else "in no relation"
        parent = scene.graph.nodes[source].parent_path
        rest = f"; it rests on {parent}" if parent else ""
        return f"the graph has '{one.label}' {said} '{other.label}' ({numbers}){rest}"
