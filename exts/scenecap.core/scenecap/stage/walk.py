"""Walk a stage: every occurrence of every gprim that can be drawn, and where each is at a time.

Native instances are walked through their instance proxies, PointInstancers are expanded into occurrences. What is not
drawn is listed with its reason, at the highest prim under which nothing else is drawn.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from scenecap.contract import LeftOut
from scenecap.errors import MissingExtraError
from scenecap.stage.model import DrawnGprim, WalkState
from scenecap.stage.open import OpenStage, collect_diagnostics
from scenecap.stage.placement import Instancer, Leaf, Subtree, instances_at, slots_of

try:
    from pxr import Usd, UsdGeom
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Walking a USD stage") from error

#: Purposes that are drawn when nothing else is asked for. Where the render purpose is drawn, its proxies are not.
DEFAULT_PURPOSES = frozenset({"default", "render"})
#: Most occurrences of gprims; what is above is left out and reported.
MAX_OCCURRENCES = 200_000
#: Most levels of PointInstancers in PointInstancers.
MAX_NESTING = 8
#: A transform whose determinant, relative to its longest axis, is under this has collapsed.
_COLLAPSED = 1e-12
#: Positions and sizes beyond this [m] are as bad as NaN.
_TOO_FAR = 1e12

_PROXIES = Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)
# Prototypes of PointInstancers are often `over` or `class` prims, which the default predicate hides.
_PROTOTYPES = Usd.TraverseInstanceProxies(Usd.PrimIsActive & Usd.PrimIsLoaded)

_REASONS = {
    "guide": "its purpose is guide (a helper or collision shape)",
    "proxy": "its purpose is proxy (a stand-in for the render geometry)",
    "render": "its purpose is render, which was not asked for",
    "default": "its purpose is default, which was not asked for",
    "invisible": "it is invisible",
    "transparent": "it is transparent (an opacity under 0.02)",
    "empty": "it has no geometry",
    "not_finite": "its transform is not finite (NaN or infinite)",
    "collapsed": "its transform collapses it to nothing (a scale of zero)",
    "broken_instancer": "the PointInstancer's arrays do not fit together or name a prototype that is not there",
    "empty_instancer": "the PointInstancer has no instances or its prototypes hold nothing that is drawn",
    "instancer_cycle": "the PointInstancer is a prototype of itself, or nested too deep",
}


class StageWalk:
    """The drawn gprims of a stage.

    Transforms that no time sample touches are computed once: call :meth:`refresh` after an edit of transforms, and walk
    anew after an edit of what exists, is visible or has which purpose.

    Attributes:
        open_stage: The stage.
        gprims: All occurrences, in a fixed order. Some may be invisible at some times.
        left_out: What is never drawn and why: other purposes, invisible prims, broken or empty instancers.
    """

    def __init__(self, open_stage: OpenStage, root: Subtree, gprims: tuple[DrawnGprim, ...], left_out: tuple[LeftOut, ...]):
        self.open_stage = open_stage
        self.gprims = gprims
        self.left_out = left_out
        self._root = root

    @property
    def is_animated(self) -> bool:
        """Whether any transform, visibility or instancer changes over time."""
        return self._root.is_animated

    def refresh(self) -> None:
        """Forget the transforms that were computed once."""
        self._root.refresh()

    def evaluate(self, time_code: float | None = None) -> WalkState:
        """Compute where the gprims are at a time.

        Args:
            time_code: The time; the stage's start without it.
        """
        time = self.open_stage.start if time_code is None else float(time_code)
        with collect_diagnostics() as notes:
            local_to_stage, visible = self._root.evaluate(time)
        for note in notes:
            self.open_stage.add_problem(note)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            local_to_world = local_to_stage @ self.open_stage.world_from_stage
            finite = np.all(np.abs(local_to_world) < _TOO_FAR, axis=(1, 2))  # False for NaN too
            local_to_world[~finite] = np.nan
            axes = local_to_world[:, :3, :3]
            longest = np.linalg.norm(axes, axis=2).max(axis=1, initial=0.0)
            solid = np.abs(np.linalg.det(axes / np.maximum(longest, 1e-12)[:, None, None])) > _COLLAPSED
        drawn = visible & finite & solid
        missing: dict[str, str] = {}
        for row in np.flatnonzero(~drawn):
            code = "invisible" if not visible[row] else "collapsed" if finite[row] else "not_finite"
            missing[self.gprims[row].path] = code
        left_out = fold_left_out(missing, (gprim.path for gprim in self.gprims)) if missing else ()
        local_to_world.setflags(write=False)
        drawn.setflags(write=False)
        return WalkState(time_code=time, local_to_world=local_to_world, drawn=drawn, left_out=left_out)


def walk_stage(
    open_stage: OpenStage, *, purposes: Iterable[str] = DEFAULT_PURPOSES, max_occurrences: int = MAX_OCCURRENCES
) -> StageWalk:
    """Find every occurrence of every gprim that can be drawn.

    Args:
        open_stage: The stage.
        purposes: Purposes that are drawn. ``guide`` and ``proxy`` are not among the default ones.
        max_occurrences: Most occurrences (a PointInstancer may ask for millions).
    """
    walker = _Walker(open_stage, frozenset(purposes), max_occurrences)
    with collect_diagnostics() as notes:
        root = walker.scene()
    for note in notes:
        open_stage.add_problem(note)
    gprims = tuple(_unique(root.occurrences()))
    skipped = fold_left_out(walker.skipped, itertools.chain(walker.skipped, (gprim.path for gprim in gprims)))
    left_out = tuple(sorted([*walker.left_out, *skipped], key=lambda item: (item.path, item.code)))
    return StageWalk(open_stage, root, gprims, left_out)


class _Walker:
    """One walk's bookkeeping."""

    def __init__(self, open_stage: OpenStage, purposes: frozenset[str], max_occurrences: int):
        self.open_stage = open_stage
        self.purposes = purposes
        self.budget = max_occurrences
        self.skipped: dict[str, str] = {}
        self.left_out: list[LeftOut] = []
        self._kinds: dict[str, str] = {}

    def scene(self) -> Subtree:
        """Walk the whole stage."""
        tree = Subtree(self.open_stage.stage.GetPseudoRoot(), is_scene=True)
        for child in tree.root.GetFilteredChildren(_PROXIES):
            self._descend(tree, child, ("default", False), ())
        return tree

    def _kind(self, prim: Usd.Prim) -> str:
        """Return "gprim", "instancer", "xformable", "imageable", or "" by the prim's type."""
        name = prim.GetTypeName()
        kind = self._kinds.get(name)
        if kind is None:
            kinds = (
                ("instancer", UsdGeom.PointInstancer),
                ("gprim", UsdGeom.Gprim),
                ("xformable", UsdGeom.Xformable),
                ("imageable", UsdGeom.Imageable),
            )
            kind = next((word for word, schema in kinds if prim.IsA(schema)), "")
            self._kinds[name] = kind
        return kind

    def _descend(self, tree: Subtree, start: Usd.Prim, inherited: tuple[str, bool], above: tuple[str, ...]) -> None:
        """Add the gprims and instancers at and below a prim.

        It keeps its own stack: a hostile stage may nest thousands deep.

        Args:
            tree: What they are added to.
            start: Where to start.
            inherited: Purpose of the parent, and whether it is inherited.
            above: Paths of the instancers that this is a prototype of.
        """
        predicate = _PROXIES if tree.is_scene else _PROTOTYPES
        base = 0 if tree.is_scene else len(str(start.GetPath()))
        stack: list[tuple[Usd.Prim, str, bool, bool, tuple[int, ...]]] = [(start, *inherited, False, ())]
        while stack:
            prim, purpose, inherits, animated, watched = stack.pop()
            kind = self._kind(prim)
            if kind:
                # One list of names is cheaper than asking for each attribute.
                authored = prim.GetAuthoredPropertyNames()
                purpose, inherits = _purpose(prim, purpose, inherits, authored)
                if "visibility" in authored:
                    visibility = prim.GetAttribute("visibility")
                    if visibility.ValueMightBeTimeVarying():
                        watched = (*watched, len(tree.watched_prims))
                        tree.watched_prims.append(prim)
                    elif visibility.Get(self.open_stage.start) == "invisible":
                        self._note_invisible(prim, predicate)
                        continue
                # A prototype root's own transform belongs to the instances.
                if not animated and "xformOpOrder" in authored and kind != "imageable" and (tree.is_scene or prim != start):
                    animated = UsdGeom.Xformable(prim).TransformMightBeTimeVarying()
            if kind == "instancer":
                # What is under an instancer is only ever drawn as an instance.
                self._instancer(tree, prim, base, (purpose, inherits), animated, watched, above)
                continue
            if kind == "gprim":
                path = str(prim.GetPath())
                if purpose not in self.purposes:
                    self.skipped[path] = purpose
                elif self.budget > 0:
                    self.budget -= 1
                    tree.leaves.append(Leaf(prim, path[base:], purpose, animated, watched))
                else:
                    self._note(path, "too_many", "there are too many gprims")
            children = prim.GetFilteredChildren(predicate)
            stack.extend((child, purpose, inherits, animated, watched) for child in reversed(children))

    def _instancer(
        self,
        tree: Subtree,
        prim: Usd.Prim,
        base: int,
        purpose: tuple[str, bool],
        animated: bool,
        watched: tuple[int, ...],
        above: tuple[str, ...],
    ) -> None:
        path = str(prim.GetPath())
        if path in above or len(above) >= MAX_NESTING:
            self._note(path, "instancer_cycle")
            return
        schema = UsdGeom.PointInstancer(prim)
        start = self.open_stage.start
        keys, which, by_id, changes = slots_of(schema, start=start)
        if not len(keys):
            self._note(path, "empty_instancer" if instances_at(schema, start) is not None else "broken_instancer")
            return
        prototypes = [
            self._prototype(prim, str(target), purpose, (*above, path)) for target in schema.GetPrototypesRel().GetTargets()
        ]
        instancer = Instancer(prim, path[base:], prototypes, by_id, keys, which, animated or changes, watched)
        if not len(instancer):
            self._note(path, "empty_instancer")
            return
        total = np.cumsum(instancer.sizes()[which])
        if total[-1] > self.budget:
            kept = int(np.searchsorted(total, self.budget, side="right"))
            self._note(path, "too_many", f"only {kept} of its {len(keys)} point instances are drawn: there are too many")
            instancer.keys, instancer.which = keys[:kept], which[:kept]
        self.budget -= len(instancer)
        tree.instancers.append(instancer)

    def _prototype(self, instancer: Usd.Prim, path: str, purpose: tuple[str, bool], above: tuple[str, ...]) -> Subtree:
        root = self.open_stage.stage.GetPrimAtPath(path)
        subtree = Subtree(root, is_scene=False)
        if not root:
            self._note(str(instancer.GetPath()), "broken_instancer")
            return subtree
        if not path.startswith(f"{instancer.GetPath()}/"):
            parent = UsdGeom.Imageable(root.GetParent())
            info = parent.ComputePurposeInfo() if parent else None
            # Elsewhere on the stage it inherits what is above it there, else what the instancer has.
            purpose = (str(info.purpose), True) if info is not None and info.isInheritable else purpose
        before = self.budget
        self._descend(subtree, root, purpose, above)
        self.budget = before  # counted once for each instance
        return subtree

    def _note_invisible(self, prim: Usd.Prim, predicate: Usd._PrimFlagsPredicate) -> None:
        if any(self._kind(below) in ("gprim", "instancer") for below in Usd.PrimRange(prim, predicate)):
            self._note(str(prim.GetPath()), "invisible")

    def _note(self, path: str, code: str, reason: str | None = None) -> None:
        item = LeftOut(path=path, reason=reason or _REASONS[code], code=code)
        if item not in self.left_out:
            self.left_out.append(item)


def _purpose(prim: Usd.Prim, parent: str, inherits: bool, authored: list[str]) -> tuple[str, bool]:
    """Apply UsdGeomImageable's rule: an authored purpose holds and is inherited, else an inherited one, else default."""
    if "purpose" in authored and prim.GetAttribute("purpose").HasAuthoredValue():
        return str(prim.GetAttribute("purpose").Get()), True
    return (parent, True) if inherits else ("default", False)


def _unique(gprims: Iterable[DrawnGprim]) -> Iterator[DrawnGprim]:
    """Keep paths unique: an animated instance that changes its prototype may give two gprims one path."""
    seen: set[str] = set()
    for gprim in gprims:
        path, copy = gprim.path, 2
        while path in seen:
            path, copy = f"{gprim.path}~{copy}", copy + 1
        seen.add(path)
        yield gprim if path == gprim.path else dataclasses.replace(gprim, path=path)


def fold_left_out(left_out: dict[str, str], everything: Iterable[str]) -> tuple[LeftOut, ...]:
    """Name the highest prims under which every gprim is left out for the same reason.

    Args:
        left_out: Gprim path -> code.
        everything: Paths of all gprims, left out or drawn.
    """
    below: dict[str, str | None] = {}
    for path in everything:
        code = left_out.get(path)
        node = path
        while node:
            if below.setdefault(node, code) != code:
                below[node] = None
            node = node.rpartition("/")[0]
    found: dict[str, str] = {}
    for path, code in left_out.items():
        node, parent = path, path.rpartition("/")[0]
        while parent and below[parent] == code:
            node, parent = parent, parent.rpartition("/")[0]
        found[node] = code
    return tuple(LeftOut(path=path, reason=_REASONS.get(code, code), code=code) for path, code in sorted(found.items()))
