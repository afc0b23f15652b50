"""Where the gprims of a walked stage are: subtrees of leaves, and PointInstancers that repeat subtrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from scenecap.errors import MissingExtraError
from scenecap.stage.model import DrawnGprim

try:
    from pxr import Tf, Usd, UsdGeom, Vt
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("pxr", extra="capture", purpose="Walking a USD stage") from error

#: Most times at which an animated PointInstancer is asked which instances it has.
MAX_INSTANCER_SAMPLES = 1000


@dataclass(eq=False)
class Leaf:
    """A gprim of a subtree.

    Attributes:
        prim: The gprim.
        path: Its path; in a prototype relative to the prototype root, with a leading slash, or empty for the root itself.
        purpose: Its computed purpose.
        animated: Whether its transform to the root may change over time.
        watched: Indices into :attr:`Subtree.watched_prims` of the prims at or above it with an animated visibility.
    """

    prim: Usd.Prim
    path: str
    purpose: str
    animated: bool
    watched: tuple[int, ...]


@dataclass(eq=False)
class Subtree:
    """The scene, or one prototype of a PointInstancer: leaves and instancers, placed in the space of its root.

    The space of a prototype root is the one *below* the root's own transform, which USD multiplies into the instance's.
    """

    root: Usd.Prim
    is_scene: bool
    leaves: list[Leaf] = field(default_factory=list)
    instancers: list[Instancer] = field(default_factory=list)
    watched_prims: list[Usd.Prim] = field(default_factory=list)
    _fixed: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.leaves) + sum(len(instancer) for instancer in self.instancers)

    @property
    def is_animated(self) -> bool:
        """Whether any transform, visibility or instancer changes over time."""
        return (
            bool(self.watched_prims)
            or any(leaf.animated for leaf in self.leaves)
            or any(instancer.is_animated for instancer in self.instancers)
        )

    def refresh(self) -> None:
        """Forget the transforms that were computed once."""
        self._fixed = None
        for instancer in self.instancers:
            for prototype in instancer.prototypes:
                prototype.refresh()

    def occurrences(self) -> Iterator[DrawnGprim]:
        """Give all occurrences: the leaves, then those of each instancer."""
        for leaf in self.leaves:
            prim = leaf.prim
            source = prim.GetPrimInPrototype() if prim.IsInstanceProxy() else prim
            yield DrawnGprim(leaf.path, prim, str(source.GetPath()), leaf.purpose)
        for instancer in self.instancers:
            yield from instancer.occurrences()

    def evaluate(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """Place all occurrences at a time.

        Returns:
            (L, 4, 4) float64 local -> root space (row vectors, stage units), nan where there is no such instance, and
            (L,) bool, visible.
        """
        cache = UsdGeom.XformCache(time)
        shown = [UsdGeom.Imageable(prim).GetVisibilityAttr().Get(time) != "invisible" for prim in self.watched_prims]
        matrices = [self._leaf_matrices(cache)]
        visible = [np.array([all(shown[i] for i in leaf.watched) for leaf in self.leaves], dtype=bool)]
        for instancer in self.instancers:
            own, own_visible = instancer.evaluate(time)
            matrices.append(own @ self._relative([instancer.prim], cache)[0])
            visible.append(own_visible & all(shown[i] for i in instancer.watched))
        return np.concatenate(matrices), np.concatenate(visible)

    def _leaf_matrices(self, cache: UsdGeom.XformCache) -> np.ndarray:
        if self._fixed is None:
            self._fixed = self._relative([leaf.prim for leaf in self.leaves], cache)
            return self._fixed.copy()
        matrices = self._fixed.copy()
        moving = [row for row, leaf in enumerate(self.leaves) if leaf.animated]
        if moving:
            matrices[moving] = self._relative([self.leaves[row].prim for row in moving], cache)
        return matrices

    def _relative(self, prims: list[Usd.Prim], cache: UsdGeom.XformCache) -> np.ndarray:
        if not prims:
            return np.zeros((0, 4, 4))
        if self.is_scene:
            found = [cache.GetLocalToWorldTransform(prim) for prim in prims]
        else:
            # ComputeRelativeTransform gives (matrix, whether a reset of the transform stack cut the chain).
            found = [cache.ComputeRelativeTransform(prim, self.root)[0] for prim in prims]
        return np.array(Vt.Matrix4dArray(found), dtype=np.float64).reshape(-1, 4, 4)


@dataclass(eq=False)
class Instancer:
    """A PointInstancer: a fixed list of slots, each a (stable key, prototype) that exists at some time.

    The key is the instance's position in the arrays; of an instancer whose arrays change over time and that has ids, the id.

    Attributes:
        prim: The instancer.
        path: Its path, as :attr:`Leaf.path`.
        prototypes: Its prototypes, in the order of the ``prototypes`` relationship.
        by_id: Whether keys are ids.
        keys: (S,) int64.
        which: (S,) int64, prototype of each slot.
        animated: Whether it, its arrays or what is above it may change over time.
        watched: As :attr:`Leaf.watched`.
    """

    prim: Usd.Prim
    path: str
    prototypes: list[Subtree]
    by_id: bool
    keys: np.ndarray
    which: np.ndarray
    animated: bool
    watched: tuple[int, ...]

    def __len__(self) -> int:
        return int(self.sizes()[self.which].sum()) if len(self.which) else 0

    def sizes(self) -> np.ndarray:
        """(P,) int64, number of occurrences in each prototype."""
        return np.array([len(prototype) for prototype in self.prototypes], dtype=np.int64)

    @property
    def is_animated(self) -> bool:
        """Whether anything in it changes over time."""
        return self.animated or any(prototype.is_animated for prototype in self.prototypes)

    def occurrences(self) -> Iterator[DrawnGprim]:
        """Give the occurrences of all slots."""
        inner = [list(prototype.occurrences()) for prototype in self.prototypes]
        for key, which in zip(self.keys.tolist(), self.which.tolist(), strict=True):
            here = f"{self.path}[{key}]"
            root = self.prototypes[which].root
            for leaf in inner[which]:
                yield DrawnGprim(here + leaf.path, leaf.prim, leaf.geometry_key, leaf.purpose, self.path, here, root)

    def evaluate(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`Subtree.evaluate`, into the instancer's local space."""
        sizes = self.sizes()
        first = np.concatenate([[0], np.cumsum(sizes[self.which])]).astype(np.int64)
        matrices = np.full((int(first[-1]), 4, 4), np.nan)
        visible = np.zeros(int(first[-1]), dtype=bool)
        placed = instances_at(UsdGeom.PointInstancer(self.prim), time)
        if placed is None or not len(placed[1]):
            return matrices, visible
        transforms, indices, ids, mask = placed
        keys = ids if self.by_id else np.arange(len(indices))
        order = np.argsort(keys, kind="stable")
        row = order[np.minimum(np.searchsorted(keys[order], self.keys), len(order) - 1)]
        present = (keys[row] == self.keys) & (indices[row] == self.which) & mask[row]
        for number, prototype in enumerate(self.prototypes):
            slots = np.flatnonzero(present & (self.which == number))
            if len(slots) and sizes[number]:
                inner, inner_visible = prototype.evaluate(time)
                where = first[slots][:, None] + np.arange(sizes[number])[None, :]
                with np.errstate(invalid="ignore", over="ignore"):
                    matrices[where] = inner[None] @ transforms[row[slots]][:, None]
                visible[where] = inner_visible[None]
        return matrices, visible


def instances_at(
    instancer: UsdGeom.PointInstancer, time: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """Read a PointInstancer's arrays at a time.

    Returns:
        (N, 4, 4) float64 transforms into the instancer's local space (the prototype root's own transform included), (N,)
        int64 prototype indices, (N,) int64 ids and (N,) bool visible; None where the arrays do not fit together.
    """
    indices = np.array(instancer.GetProtoIndicesAttr().Get(time) or (), dtype=np.int64)
    prototypes = len(instancer.GetPrototypesRel().GetTargets())
    if len(indices) and not (indices.min() >= 0 and indices.max() < prototypes):
        return None
    try:
        found = instancer.ComputeInstanceTransformsAtTime(
            time, time, UsdGeom.PointInstancer.IncludeProtoXform, UsdGeom.PointInstancer.IgnoreMask
        )
        mask = np.array(instancer.ComputeMaskAtTime(time) or (), dtype=bool)
    except Tf.ErrorException:
        return None
    transforms = np.array(found, dtype=np.float64).reshape(-1, 4, 4)
    if len(transforms) != len(indices):
        return None
    ids = np.array(instancer.GetIdsAttr().Get(time) or (), dtype=np.int64)
    if len(ids) != len(indices):
        ids = np.arange(len(indices))
    return transforms, indices, ids, mask if len(mask) == len(indices) else np.ones(len(indices), dtype=bool)


#: Attributes that place or hide instances. By name: orientationsf is newer than the USD of some Isaac Sim versions.
_PLACING = ("positions", "orientations", "orientationsf", "scales", "velocities", "angularVelocities", "invisibleIds")


def _varies(prim: Usd.Prim, name: str) -> bool:
    attribute = prim.GetAttribute(name)
    return bool(attribute) and attribute.ValueMightBeTimeVarying()


def slots_of(instancer: UsdGeom.PointInstancer, *, start: float) -> tuple[np.ndarray, np.ndarray, bool, bool]:
    """Find which instances a PointInstancer has at any time.

    Returns:
        (S,) int64 keys, (S,) int64 prototypes (sorted by key, then prototype), whether keys are ids, and whether the arrays
        change over time.
    """
    attributes = (instancer.GetProtoIndicesAttr(), instancer.GetIdsAttr())
    changing = any(attribute.ValueMightBeTimeVarying() for attribute in attributes)
    animated = changing or any(_varies(instancer.GetPrim(), name) for name in _PLACING)
    times = [start]
    if changing:
        times += sorted({time for attribute in attributes for time in attribute.GetTimeSamples()})[:MAX_INSTANCER_SAMPLES]
    by_id = changing and attributes[1].HasAuthoredValue()
    pairs: list[np.ndarray] = []
    for time in times:
        placed = instances_at(instancer, time)
        if placed is not None:
            _, indices, ids, _ = placed
            pairs.append(np.stack([ids if by_id else np.arange(len(indices)), indices], axis=1))
    found = np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), dtype=np.int64)
    return found[:, 0], found[:, 1], by_id, animated
