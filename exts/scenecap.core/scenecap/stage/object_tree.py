"""The drawn part of a stage as a tree: only prims with something drawn at or below them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scenecap.errors import MissingExtraError
from scenecap.stage.model import DrawnGprim
from scenecap.stage.names import readable_name

try:
    from pxr import Kind, Usd
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Finding objects") from error

_INSTANCE = re.compile(r"^(.*)\[-?\d+\](?:~\d+)?$", re.DOTALL)


@dataclass(eq=False)
class Node:
    """A prim with something drawn at or below it.

    Point instances are nodes of their own (``/World/Pawns[3]``), children of what holds their instancer; their prim is the
    prototype root.

    Attributes:
        path: Its path.
        prim: The prim to read from.
        parent: The node above; None for the top.
        children: Nodes below, in stage order.
        rows: Indices of its own occurrences (it is a gprim then).
        instancer: The instancer's path, for a point instance.
    """

    path: str
    prim: Usd.Prim
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    instancer: str | None = None

    @property
    def name(self) -> str:
        """Name to read: the display name where one is authored, else the prim's own."""
        if self.prim.HasAuthoredMetadata("displayName"):
            shown = self.prim.GetMetadata("displayName")
            if isinstance(shown, str) and shown.strip():
                return readable_name(shown)
        return self.prim.GetName()

    @property
    def own_name(self) -> str:
        """Last element of the path, without an instance's number."""
        last = self.path.rpartition("/")[2]
        found = _INSTANCE.match(last)
        return found.group(1) if found else last

    @property
    def is_gprim(self) -> bool:
        """Whether it is drawn itself."""
        return bool(self.rows)

    @property
    def is_root(self) -> bool:
        """Whether it is a root prim of the stage."""
        return self.parent is not None and self.parent.parent is None

    @property
    def is_scope(self) -> bool:
        """Whether it is a Scope: a folder, never a thing."""
        return self.prim.GetTypeName() == "Scope"

    @property
    def is_instance(self) -> bool:
        """Whether it is a point instance or a native instance."""
        return self.instancer is not None or self.prim.IsInstance()

    @property
    def is_physical(self) -> bool:
        """Whether physics knows it as a rigid body or articulation."""
        if not self.prim.HasAuthoredMetadata("apiSchemas"):
            return False
        applied = self.prim.GetAppliedSchemas()
        return "PhysicsRigidBodyAPI" in applied or "PhysicsArticulationRootAPI" in applied

    @property
    def kind(self) -> str:
        """Its model kind, "" without one."""
        kind = self.prim.GetMetadata("kind") if self.prim.HasAuthoredMetadata("kind") else ""
        return kind if isinstance(kind, str) else ""

    def has_kind(self, *bases: str) -> bool:
        """Return whether its kind is one of these or derives from one."""
        kind = self.kind
        return bool(kind) and any(kind == base or Kind.Registry.IsA(kind, base) for base in bases)

    def below(self) -> Iterator[Node]:
        """Give this node and all below it, top-down."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


def build_tree(stage: Usd.Stage, gprims: Sequence[DrawnGprim]) -> Node:
    """Return the top of the tree (the pseudo-root) of drawn gprims."""
    top = Node("", stage.GetPseudoRoot())
    nodes: dict[str, Node] = {"": top}
    for row, gprim in enumerate(gprims):
        missing: list[str] = []
        path = gprim.path
        while path not in nodes:
            missing.append(path)
            path = path.rpartition("/")[0]
        for path in reversed(missing):
            parent = nodes[path.rpartition("/")[0]]
            node = Node(path, _prim_at(stage, gprim, path, nodes[""].prim), parent)
            found = _INSTANCE.match(path)
            if found and path == gprim.instance_root:
                node.instancer = gprim.instancer
            parent.children.append(node)
            nodes[path] = node
        nodes[gprim.path].rows.append(row)
    return top


def _prim_at(stage: Usd.Stage, gprim: DrawnGprim, path: str, fallback: Usd.Prim) -> Usd.Prim:
    root = gprim.instance_root
    if root is None or not (path == root or path.startswith(f"{root}/")):
        return stage.GetPrimAtPath(path) or fallback
    if path == root:
        return gprim.prototype_root or fallback
    # Below a point instance: as many levels above the gprim as the path is shorter. (Nested instancers have a level each.)
    prim = gprim.prim
    for _ in range(gprim.path.count("/") - path.count("/")):
        prim = prim.GetParent() or prim
    return prim
