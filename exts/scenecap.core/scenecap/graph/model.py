"""The scene graph: nodes, relations with their numbers, the full and the pruned graph.

Edges are arrays (thousands of objects must be quick); :meth:`SceneGraph.to_networkx` is for the outside.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np

from scenecap.contract import ContactKind, Evidence, LeftOut, ObservedObject, RoomElement

if TYPE_CHECKING:
    import networkx


class Relation(enum.IntFlag):
    """Relations of a subject to an object ("the mug is ON the table"); one edge may carry several.

    ON, INSIDE, ATTACHED and HANGING are directed from child to parent. SUPPORTS, CONTAINS and HOLDS are their inverses, so
    that an edge table in both directions needs no case distinction. The others read "subject is <relation> object".
    """

    NONE = 0
    ON = 1 << 0
    INSIDE = 1 << 1
    ATTACHED = 1 << 2
    HANGING = 1 << 3
    SUPPORTS = 1 << 4
    CONTAINS = 1 << 5
    HOLDS = 1 << 6
    LEFT = 1 << 7
    RIGHT = 1 << 8
    FRONT = 1 << 9
    BEHIND = 1 << 10
    ABOVE = 1 << 11
    BELOW = 1 << 12
    TOUCHING = 1 << 13
    NEXT_TO = 1 << 14
    NEAR = 1 << 15
    FAR = 1 << 16

    def inverse(self) -> Relation:
        """Return the relations of the object to the subject."""
        result = Relation.NONE
        for one, other in INVERSE.items():
            if self & one:
                result |= other
        return result


#: Relation -> the relation seen from the other end. A symmetric one is its own inverse.
INVERSE: dict[Relation, Relation] = {
    Relation.ON: Relation.SUPPORTS,
    Relation.SUPPORTS: Relation.ON,
    Relation.INSIDE: Relation.CONTAINS,
    Relation.CONTAINS: Relation.INSIDE,
    Relation.ATTACHED: Relation.HOLDS,
    Relation.HANGING: Relation.HOLDS,
    Relation.HOLDS: Relation.ATTACHED,  # what holds something: the child's own edge says attached or hanging
    Relation.LEFT: Relation.RIGHT,
    Relation.RIGHT: Relation.LEFT,
    Relation.FRONT: Relation.BEHIND,
    Relation.BEHIND: Relation.FRONT,
    Relation.ABOVE: Relation.BELOW,
    Relation.BELOW: Relation.ABOVE,
    Relation.TOUCHING: Relation.TOUCHING,
    Relation.NEXT_TO: Relation.NEXT_TO,
    Relation.NEAR: Relation.NEAR,
    Relation.FAR: Relation.FAR,
}


@dataclass(frozen=True, eq=False)
class Node:
    """One selected object.

    Attributes:
        id: Index in :attr:`SceneGraph.nodes`, from 0, in order of prim path.
        observed: The object as observed.
        level: Level in the support tree: 1 rests on the floor (or on nothing), k+1 rests on level k.
        parent: Node id of what supports or contains it, or None (floor, nothing, or not selected).
        parent_path: Prim path of what supports or contains it, selected or not, room elements included; None for nothing.
        parent_kind: How; None with ``parent_path`` None.
        contacts: (parent path, kind) of all its contacts, the chosen one first. INSIDE and SUPPORT may both be there.
    """

    id: int
    observed: ObservedObject
    level: int
    parent: int | None = None
    parent_path: str | None = None
    parent_kind: ContactKind | None = None
    contacts: tuple[tuple[str, ContactKind], ...] = ()

    @property
    def path(self) -> str:
        """Prim path."""
        return self.observed.path

    @property
    def label(self) -> str:
        """What to call it."""
        return self.observed.label


@dataclass(frozen=True, eq=False)
class EdgeTable:
    """Relations of E ordered pairs, as arrays. Row k reads "source is <relations> target".

    Each unordered pair is stored once, with ``source < target``.

    Attributes:
        source: (E,) int32 node ids.
        target: (E,) int32 node ids.
        relations: (E,) uint32 bit sets of :class:`Relation`, source -> target.
        surface_distance: (E,) float64 [m] between the objects' upright hulls; 0 where they overlap.
        center_distance: (E,) float64 [m].
        offset: (E, 3) float64 [m] from target's centre to source's in the viewer frame: right, forward, up.
        clock_hour: (E,) int8 1..12, hour at which the source lies as seen from the target (12 = away from the viewer).
        margin: (E,) float64 [m] by which the strongest directional relation passes its threshold; 0 where there is none.
        weight: (E,) float64 weight of the pair in the minimum spanning tree.
        evidence: (E,) uint8 index into ``list(Evidence)``: what contact relations rest on.
    """

    source: np.ndarray
    target: np.ndarray
    relations: np.ndarray
    surface_distance: np.ndarray
    center_distance: np.ndarray
    offset: np.ndarray
    clock_hour: np.ndarray
    margin: np.ndarray
    weight: np.ndarray
    evidence: np.ndarray

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: np.ndarray) -> EdgeTable:
        """Return the given rows, in that order."""
        return EdgeTable(**{item.name: getattr(self, item.name)[rows] for item in fields(self)})

    def relation(self, row: int) -> Relation:
        """Relations of one row."""
        return Relation(int(self.relations[row]))

    def evidence_of(self, row: int) -> Evidence:
        """What one row rests on."""
        return list(Evidence)[int(self.evidence[row])]


@dataclass(frozen=True)
class Between:
    """``subject`` lies between ``first`` and ``second`` (node ids, first < second)."""

    subject: int
    first: int
    second: int
    #: Where along the line from first to second, 0..1.
    fraction: float
    #: Distance from the line [m].
    offset: float


@dataclass(frozen=True)
class SelectionReport:
    """What became of the objects that were observed.

    Attributes:
        seen: Number of objects with visible pixels.
        kept: Number of nodes.
        dropped: Visible objects that were not selected, with reasons ("capacity", "no_caption", ...).
        capacity: ``max_object_capacity`` in force.
    """

    seen: int
    kept: int
    dropped: tuple[LeftOut, ...]
    capacity: int


@dataclass(frozen=True, eq=False)
class SceneGraph:
    """Objects of one frame and how they stand to each other. Built by :func:`scenecap.graph.build.build_scene_graph`.

    Attributes:
        nodes: Selected objects in order of prim path.
        full: All pairs at the same level and all support edges; None where it was not asked for.
        pruned: Minimum spanning tree (forest) of the full graph after ``pruning_ratio``, in order of salience.
        mst_weight: Total weight of the spanning forest before ``pruning_ratio``.
        between: Ternary facts, sorted.
        centered: Node id -> node id of the supporter at whose top's centre it stands.
        room: Room elements of the frame.
        selection: What was kept and dropped.
        pair_source: Evaluates relations of any pairs, whether or not they are edges; set by the builder.
        notes: Warnings of the graph's construction.
        axes: (3, 3) float64, rows = unit right, forward, up of the viewer frame in world
            (:attr:`scenecap.contract.CameraView.viewer_to_world`).
    """

    nodes: tuple[Node, ...]
    full: EdgeTable | None
    pruned: EdgeTable
    mst_weight: float
    between: tuple[Between, ...]
    centered: dict[int, int]
    room: tuple[RoomElement, ...]
    selection: SelectionReport
    pair_source: PairSource
    notes: tuple[str, ...] = ()
    axes: np.ndarray = field(default_factory=lambda: np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    _by_path: dict[str, int] = field(default_factory=dict, repr=False)
    _children: dict[int, list[int]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._by_path.update({node.path: node.id for node in self.nodes})
        for node in self.nodes:
            if node.parent is not None:
                self._children.setdefault(node.parent, []).append(node.id)

    def node_of(self, path: str) -> Node | None:
        """Return the node of a prim path, or None."""
        index = self._by_path.get(path)
        return None if index is None else self.nodes[index]

    def pairs(self, source: np.ndarray, target: np.ndarray) -> EdgeTable:
        """Evaluate the relations of any pairs of nodes.

        Args:
            source: (E,) node ids, in any order.
            target: (E,) node ids.

        Returns:
            A table with the given order of ends (source may be larger than target here).
        """
        return self.pair_source.evaluate(source, target)

    def relation(self, source: int, target: int) -> Relation:
        """Relations of one node to another."""
        return self.pairs(np.array([source]), np.array([target])).relation(0)

    def turned(self, source: int, target: int, relations: int) -> Relation:
        """Return the relations of target to source, given those of source to target.

        As :meth:`Relation.inverse`, but where the source holds the target it is known whether that hangs from it.
        """
        result = Relation(relations).inverse()
        if relations & Relation.HOLDS:
            path = self.nodes[source].path
            kinds = {kind for parent, kind in self.nodes[target].contacts if parent == path}
            if ContactKind.HANGING in kinds:
                result |= Relation.HANGING
                if ContactKind.ATTACHED not in kinds:
                    result &= ~Relation.ATTACHED
        return result

    def children(self, node: int) -> tuple[int, ...]:
        """Ids of the nodes whose parent is the given one."""
        return tuple(self._children.get(node, ()))

    def to_networkx(self, which: str = "full") -> networkx.Graph:
        """Return the full or pruned graph as an undirected networkx graph with all numbers on its edges.

        Args:
            which: "full" or "pruned".

        Raises:
            ValueError: Another name, or the full graph was not built.
        """
        import networkx

        table = {"full": self.full, "pruned": self.pruned}.get(which)
        if table is None:
            raise ValueError(f"to_networkx: the graph {which!r} is not there; give 'full' (if it was built) or 'pruned'")
        graph = networkx.Graph()
        for node in self.nodes:
            graph.add_node(node.id, path=node.path, label=node.label, level=node.level)
        for row in range(len(table)):
            graph.add_edge(
                int(table.source[row]),
                int(table.target[row]),
                relations=table.relation(row),
                weight=float(table.weight[row]),
                surface_distance=float(table.surface_distance[row]),
                center_distance=float(table.center_distance[row]),
            )
        return graph


class PairSource:
    """Evaluates relations of pairs; implemented by :mod:`scenecap.graph.relations`."""

    def evaluate(self, source: np.ndarray, target: np.ndarray) -> EdgeTable:
        """Return the relations of (E,) sources to (E,) targets."""
        raise NotImplementedError
