"""The physics joints of a stage, read by type and relationship names: no physics schema needs to be installed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from scenecap.errors import MissingExtraError

try:
    from pxr import Usd
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Reading joints") from error

ARTICULATION_API = "PhysicsArticulationRootAPI"
#: Joints that let bodies move. A generic PhysicsJoint has free axes unless every one is locked.
_MOVING = frozenset({"PhysicsRevoluteJoint", "PhysicsPrismaticJoint", "PhysicsSphericalJoint", "PhysicsJoint"})
_FIXED = "PhysicsFixedJoint"
#: A chain with this many moving joints is an arm, not a cupboard with doors.
MIN_CHAIN = 3


@dataclass(frozen=True)
class Joint:
    """A joint.

    Attributes:
        path: Its prim.
        moving: Whether it lets its bodies move.
        body0: Path of the body it starts from, "" for the world.
        body1: Path of the body that it holds.
    """

    path: str
    moving: bool
    body0: str
    body1: str


class Joints:
    """All joints and articulation roots of a stage.

    Attributes:
        joints: The joints, in stage order.
        roots: Paths of the prims with the articulation root API.
        roots_below: Prim path -> those of them directly below it.
        meeting_points: Paths of the lowest prims that hold both bodies of a moving joint: one of them, or their parent.
    """

    def __init__(self, stage: Usd.Stage) -> None:
        joints: list[Joint] = []
        roots: set[str] = set()
        for prim in stage.Traverse(Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)):
            kind = prim.GetTypeName()
            if kind in _MOVING or kind == _FIXED:
                joint = _read(prim, moving=kind in _MOVING)
                if joint is not None:
                    joints.append(joint)
            if prim.HasAuthoredMetadata("apiSchemas") and ARTICULATION_API in prim.GetAppliedSchemas():
                roots.add(str(prim.GetPath()))
        self.joints = tuple(joints)
        self.roots = frozenset(roots)
        self.roots_below: dict[str, list[str]] = defaultdict(list)
        for root in sorted(roots):
            self.roots_below[root.rpartition("/")[0]].append(root)
        self.meeting_points = frozenset(_common(joint.body0, joint.body1) for joint in joints if joint.moving and joint.body0)

    def chains(self, path: str) -> tuple[int, int]:
        """Count the moving joints of the two longest serial chains below a prim that share no joint.

        Bodies that fixed joints hold together count as one.

        Args:
            path: The prim.

        Returns:
            Lengths of the longest chain and of the longest one beside it.
        """
        inside = [
            joint for joint in self.joints if _below(joint.body1, path) and (not joint.body0 or _below(joint.body0, path))
        ]
        merged: dict[str, str] = {}

        def body(name: str) -> str:
            while merged.get(name, name) != name:
                merged[name] = merged.get(merged[name], merged[name])
                name = merged[name]
            return name

        for joint in inside:
            if not joint.moving and joint.body0:
                merged[body(joint.body1)] = body(joint.body0)
        edges = sorted({(body(joint.body0), body(joint.body1), joint.path) for joint in inside if joint.moving})
        first = _longest(edges)
        second = _longest([edge for edge in edges if edge not in first])
        return len(first), len(second)


def _longest(edges: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the longest directed chain of edges (from, to, name); a cycle is cut where it closes."""
    leaving: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    entered = set()
    for edge in edges:
        if edge[0] != edge[1]:
            leaving[edge[0]].append(edge)
            entered.add(edge[1])
    best: list[tuple[str, str, str]] = []
    starts = sorted(set(leaving) - entered) or sorted(leaving)[:1]
    seen: set[str] = set()
    # A tree is walked once; `seen` also bounds the work on graphs that are no tree.
    stack: list[tuple[str, list[tuple[str, str, str]]]] = [(start, []) for start in reversed(starts)]
    while stack:
        node, chain = stack.pop()
        if len(chain) > len(best):
            best = chain
        if node in seen:
            continue
        seen.add(node)
        stack.extend((edge[1], [*chain, edge]) for edge in reversed(leaving[node]))
    return best


def _read(prim: Usd.Prim, *, moving: bool) -> Joint | None:
    enabled = prim.GetAttribute("physics:jointEnabled")
    if enabled and enabled.Get() is False:
        return None
    if moving and prim.GetTypeName() == "PhysicsJoint" and _locked(prim):
        moving = False
    bodies = []
    for name in ("physics:body0", "physics:body1"):
        relationship = prim.GetRelationship(name)
        targets = relationship.GetTargets() if relationship else []
        bodies.append(str(targets[0].GetPrimPath()) if targets else "")
    first, second = bodies
    if not second:
        first, second = "", first
    return Joint(str(prim.GetPath()), moving, first, second) if second else None


def _locked(prim: Usd.Prim) -> bool:
    for axis in ("transX", "transY", "transZ", "rotX", "rotY", "rotZ"):
        low = prim.GetAttribute(f"limit:{axis}:physics:low")
        high = prim.GetAttribute(f"limit:{axis}:physics:high")
        low_value, high_value = (low.Get() if low else None), (high.Get() if high else None)
        if low_value is None or high_value is None or low_value <= high_value:
            return False  # USD: low > high locks the axis
    return True


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


def _common(first: str, second: str) -> str:
    shared = []
    for one, other in zip(first.split("/"), second.split("/"), strict=False):
        if one != other:
            break
        shared.append(one)
    return "/".join(shared)
