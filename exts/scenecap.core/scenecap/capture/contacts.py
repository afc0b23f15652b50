"""Find what rests on, lies in, is attached to or hangs from what, by geometry, for all objects whether seen or not.

support
    The underside of a child B is what lies within 2 % of its height (at least 1 mm) of its lowest point: the four feet of a
    table, the ring a mug stands on, a ball's cap. It is cut into the cells of a 16x16 grid; each cell that it enters is a
    sample with an area. Below (or, sunk in, slightly above) each sample the nearest upward face of each parent A is looked
    for. A sample belongs to one parent: of the faces within 5 mm the highest (the rug carries the chair, not the floor just
    below it), else the nearest.
inside
    A point on B's axis at 40 % of its height lies in A's box, and 6 of 8 horizontal rays from it meet A beyond B's own
    outline: so much of B is below the lowest of those walls. (A ring on a peg is not inside the peg: there B's outline
    lies beyond A's; nor is what has sunk into the matter of a closed mesh.) Where B rests on A and A is also
    above it, as in a shelf's compartment or an open oven, 5 rays are enough.
attached, hanging
    B has neither and is within 10 mm of a steep face, or of a level face above its centre. A level face below its centre
    carries it all the same (the flange of a lid on a rim): that is a support without an area.

Which way a face faces is told by its winding, after turning meshes that are inside out as a whole; where a mesh is open or
its winding disagrees with itself, level faces count as facing up if no face that does is in reach.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scenecap.capture import contact_faces, contact_touch
from scenecap.capture import contact_kernels as kernels
from scenecap.capture.contact_bodies import ContactBody, MeshPiece, WorldMesh
from scenecap.capture.contact_settings import ContactSettings
from scenecap.contract import Contact, ContactKind, Evidence

__all__ = ["ContactBody", "ContactSettings", "MeshPiece", "find_contacts"]

#: A parent whose box covers less than this share of a child's underside is sampled with a grid of its own.
_SMALL_PARENT = 0.25
#: Of two that touch each other, who is held: what rests, before what hangs, before what is stuck on.
_HOLD_ORDER = {ContactKind.SUPPORT: 0, ContactKind.HANGING: 1, ContactKind.ATTACHED: 2, ContactKind.INSIDE: 3}
_KIND_ORDER = {kind: index for index, kind in enumerate(ContactKind)}


def find_contacts(bodies: Sequence[ContactBody], *, settings: ContactSettings | None = None) -> tuple[Contact, ...]:
    """Find all contacts between bodies.

    The result depends on neither the order of the bodies nor on bodies that touch neither child nor parent. No two bodies
    rest on, lie in or are held by each other.

    Args:
        bodies: Objects and room elements, world [m], z up; paths are unique. Bodies without geometry have no contacts.
        settings: Tolerances.

    Returns:
        Contacts, sorted by child, kind and parent. A child may have several supports; ``area`` and ``share`` are exclusive
        to each (a sample counts for one parent only), so the largest area is what carries it.
    """
    return _Contacts(bodies, settings or ContactSettings()).find()


@dataclass(eq=False)
class _Underside:
    """Samples of a child's underside: a grid over all of it, and finer ones over parents that cover little of it."""

    lowest: float
    box: np.ndarray
    grids: list[np.ndarray]


class _Contacts:
    """One run over a set of bodies: boxes and candidate pairs up front, meshes and samples when a pair needs them."""

    def __init__(self, bodies: Sequence[ContactBody], settings: ContactSettings) -> None:
        self.bodies = sorted(bodies, key=lambda body: body.path)
        self.settings = settings
        self._meshes: dict[int, WorldMesh] = {}
        boxes = [self.mesh(i).box() if body.aabb_world is None else body.aabb_world for i, body in enumerate(self.bodies)]
        self.boxes = np.array(boxes, dtype=np.float64).reshape(-1, 2, 3)
        self.room = np.array([body.is_room for body in self.bodies], dtype=bool)
        height = self.boxes[:, 1, 2] - self.boxes[:, 0, 2]
        with np.errstate(invalid="ignore"):
            self.up = np.array([settings.gap_up(h) for h in height])
            self.down = np.array([settings.gap_down(h) for h in height])
        self.height = height
        base = self.boxes[:, 1, :2] - self.boxes[:, 0, :2]
        # Of level faces the more specific owner carries: objects before the room, small before large, then path.
        order = np.lexsort((np.arange(len(self.bodies)), base[:, 0] * base[:, 1], self.room))
        self.rank = np.empty(len(self.bodies), dtype=np.int64)
        self.rank[order] = np.arange(len(self.bodies))

    def mesh(self, index: int) -> WorldMesh:
        """Return the world mesh of a body, read once."""
        if index not in self._meshes:
            self._meshes[index] = WorldMesh(self.bodies[index])
        return self._meshes[index]

    def find(self) -> tuple[Contact, ...]:
        """Return all contacts, sorted."""
        child, parent = self._candidates()
        if not len(child):
            return ()
        support = self._supports(child, parent)
        inside = self._insides(child, parent, support)
        inside = {pair: contact for pair, contact in inside.items() if not self._contradicted(pair, inside, support)}
        held = {pair[0] for pair in support} | {pair[0] for pair in inside}
        touching = self._touching(child, parent, held, set(support))
        contacts = [*support.values(), *inside.values(), *touching.values()]
        return tuple(sorted(contacts, key=lambda c: (c.child, _KIND_ORDER[c.kind], c.parent)))

    def _candidates(self) -> tuple[np.ndarray, np.ndarray]:
        finite = np.isfinite(self.boxes).all(axis=(1, 2)) & (self.boxes[:, 1] >= self.boxes[:, 0]).all(axis=1)
        order = np.flatnonzero(finite)
        order = order[np.argsort(self.boxes[order, 0, 0], kind="stable")]
        reach = max(self.settings.tolerance_max, self.settings.tolerance_min, self.settings.touch_distance) + 1e-3
        pairs = kernels.sweep_pairs(self.boxes, order, reach)
        child, parent = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
        keep = ~self.room[child]
        child, parent = child[keep], parent[keep]
        order = np.lexsort((child, parent))
        return child[order], parent[order]

    # ---------------------------------------------------------------- support

    def _supports(self, child: np.ndarray, parent: np.ndarray) -> dict[tuple[int, int], Contact]:
        low, high, slack = self.boxes[:, 0], self.boxes[:, 1], 1e-3
        keep = (low[child, :2] <= high[parent, :2] + slack).all(axis=1) & (high[child, :2] >= low[parent, :2] - slack).all(
            axis=1
        )
        keep &= low[child, 2] - self.up[child] <= high[parent, 2] + slack
        keep &= low[child, 2] + self.down[child] >= low[parent, 2] - slack
        child, parent = child[keep], parent[keep]
        undersides: dict[int, _Underside] = {}
        grid_of: dict[tuple[int, int], int] = {}
        parents_of: dict[int, list[int]] = {}
        for b, a in zip(child.tolist(), parent.tolist(), strict=True):
            if b not in undersides:
                undersides[b] = self._underside(b)
            if undersides[b].grids:
                grid_of[b, a] = self._grid_for(undersides[b], b, a)
                parents_of.setdefault(b, []).append(a)
        faces = self._faces(child, parent, undersides)
        self._drop_mutual(faces, undersides, grid_of)
        contacts: dict[tuple[int, int], Contact] = {}
        for b, parents in parents_of.items():
            contacts.update(self._assign(b, [a for a in parents if (b, a) in faces], faces, undersides[b], grid_of))
        return contacts

    def _underside(self, b: int) -> _Underside:
        mesh, settings = self.mesh(b), self.settings
        if not len(mesh.triangles):
            return _Underside(math.nan, np.zeros(4), [])
        lowest = kernels.lowest_z(mesh.points, mesh.triangles)
        cut = lowest + max(settings.underside_share * self.height[b], settings.underside_min)
        box = kernels.band_box(mesh.points, mesh.triangles, cut)
        samples = kernels.underside_cells(mesh.points, mesh.triangles, cut, box, settings.grid)
        return _Underside(lowest, box, [samples] if len(samples) else [])

    def _grid_for(self, underside: _Underside, b: int, a: int) -> int:
        """Return which of the underside's grids judges a parent; a parent much smaller than it gets its own."""
        box = underside.box
        low, high = np.maximum(box[:2], self.boxes[a, 0, :2]), np.minimum(box[2:], self.boxes[a, 1, :2])
        size = high - low
        if (size <= 0).any() or size[0] * size[1] >= _SMALL_PARENT * float(np.prod(box[2:] - box[:2])):
            return 0
        mesh, settings = self.mesh(b), self.settings
        cut = underside.lowest + max(settings.underside_share * self.height[b], settings.underside_min)
        samples = kernels.underside_cells(mesh.points, mesh.triangles, cut, np.concatenate([low, high]), settings.grid)
        if not len(samples):
            return 0
        underside.grids.append(samples)
        return len(underside.grids) - 1

    def _faces(
        self, child: np.ndarray, parent: np.ndarray, undersides: dict[int, _Underside]
    ) -> dict[tuple[int, int], list[np.ndarray]]:
        """Return, for each pair and each grid of its child, the height of the parent's face at each sample (NaN: none)."""
        faces: dict[tuple[int, int], list[np.ndarray]] = {}
        for start, end in _runs(parent):
            a = int(parent[start])
            children = [b for b in child[start:end].tolist() if undersides[b].grids]
            if not children:
                continue
            mesh = self.mesh(a)
            samples = np.concatenate([grid for b in children for grid in undersides[b].grids])
            counts = [sum(map(len, undersides[b].grids)) for b in children]
            up, down = np.repeat(self.up[children], counts), np.repeat(self.down[children], counts)
            z_range = float((samples[:, 2] - up).min()), float((samples[:, 2] + down).max())
            corners, faces_up = contact_faces.level_faces(mesh.points, mesh.triangles, *z_range, self.settings.up_normal)
            if not len(corners):
                continue
            found = contact_faces.faces_under(corners, faces_up ^ mesh.faces_inwards(), samples, up, down)
            row = 0
            for b in children:
                parts = []
                for grid in undersides[b].grids:
                    part = found[row : row + len(grid)]
                    row += len(grid)
                    doubtful = np.isnan(part[:, 0]) & ~np.isnan(part[:, 1])
                    if doubtful.any() and not mesh.winding_trusted():
                        part = np.where(doubtful[:, None], part[:, [1, 1]], part)
                    parts.append(part[:, 0])
                if any((~np.isnan(part)).any() for part in parts):
                    faces[b, a] = parts
        return faces

    def _drop_mutual(
        self,
        faces: dict[tuple[int, int], list[np.ndarray]],
        undersides: dict[int, _Underside],
        grid_of: dict[tuple[int, int], int],
    ) -> None:
        """Where two bodies could rest on each other (thin ones, stacked), keep the pair whose child is the higher one."""

        def plausible(b: int, a: int) -> tuple[float, ...]:
            heights = faces[b, a][grid_of[b, a]]
            samples = undersides[b].grids[grid_of[b, a]]
            hit = ~np.isnan(heights)
            share = float(samples[hit, 3].sum() / samples[:, 3].sum())
            gap = float(np.median(np.abs(samples[hit, 2] - heights[hit]))) if hit.any() else math.inf
            center = float(self.boxes[b, :, 2].mean())
            return (round(undersides[b].lowest, 4), round(center, 4), share, -gap, float(b))

        for b, a in [pair for pair in faces if pair[0] < pair[1] and pair[::-1] in faces]:
            del faces[(b, a) if plausible(b, a) < plausible(a, b) else (a, b)]

    def _assign(
        self,
        b: int,
        parents: list[int],
        faces: dict[tuple[int, int], list[np.ndarray]],
        underside: _Underside,
        grid_of: dict[tuple[int, int], int],
    ) -> dict[tuple[int, int], Contact]:
        """Give each sample to one parent, and each parent its contact."""
        if not parents:
            return {}
        parents = sorted(parents, key=lambda a: self.rank[a])
        total = float(underside.grids[0][:, 3].sum())
        owners: dict[int, np.ndarray] = {}
        for grid in sorted({grid_of[b, a] for a in parents}):
            gaps = underside.grids[grid][:, 2] - np.stack([faces[b, a][grid] for a in parents])
            # Close by, the highest face has the smallest signed gap; minus a metre, it beats all that are farther off.
            cost = np.where(np.abs(gaps) <= self.settings.tolerance_min, gaps - 1.0, np.abs(gaps))
            cost[np.isnan(gaps)] = math.inf
            best = cost.min(axis=0)
            owner = np.argmax(cost <= best + self.settings.coplanar, axis=0)  # the first in order of rank
            owners[grid] = np.where(np.isinf(best), -1, owner)
        found: list[tuple[int, Contact]] = []
        for row, a in enumerate(parents):
            grid = grid_of[b, a]
            samples, mine = underside.grids[grid], owners[grid] == row
            area = float(samples[mine, 3].sum())
            if area <= 0:
                continue
            gaps = samples[mine, 2] - faces[b, a][grid][mine]
            # Where the underside is curved or tilted, the gap is that of the lowest part in contact, not of its flanks.
            low = samples[mine, 2] <= samples[mine, 2].min() + self.settings.underside_min
            gap = float(np.median(gaps[low]))
            contact = self._contact(b, a, ContactKind.SUPPORT, gap=gap, area=area, share=min(1.0, area / total))
            found.append((a, contact))
        listed = [item for item in found if item[1].share >= self.settings.min_share]
        if not listed and found:  # a tray on a thin post: little of it is carried, but nothing else carries it
            listed = [max(found, key=lambda item: (item[1].area, -abs(item[1].gap), -self.rank[item[0]]))]
        return {(b, a): contact for a, contact in listed}

    def _contact(self, b: int, a: int, kind: ContactKind, *, gap: float, area: float, share: float) -> Contact:
        return Contact(
            child=self.bodies[b].path,
            parent=self.bodies[a].path,
            kind=kind,
            gap=round(gap, 4) + 0.0,
            area=round(area, 6),
            share=round(share, 4),
            evidence=Evidence.GEOMETRY,
        )

    # ---------------------------------------------------------------- inside

    def _insides(
        self, child: np.ndarray, parent: np.ndarray, support: dict[tuple[int, int], Contact]
    ) -> dict[tuple[int, int], Contact]:
        settings = self.settings
        origins = self.boxes.mean(axis=1)
        origins[:, 2] = self.boxes[:, 0, 2] + settings.inside_height * self.height
        keep = ~self.room[parent]
        keep &= ((origins[child] > self.boxes[parent, 0]) & (origins[child] < self.boxes[parent, 1])).all(axis=1)
        child, parent = child[keep], parent[keep]
        contacts: dict[tuple[int, int], Contact] = {}
        least = min(settings.inside_rays, settings.inside_rays_roofed)
        for start, end in _runs(parent):
            a = int(parent[start])
            mesh = self.mesh(a)
            children = child[start:end]
            children = children[np.argsort(origins[children, 2], kind="stable")]
            rays = _turned_rays(mesh.yaw)
            far, crossed = kernels.section_rays(mesh.points, mesh.triangles, origins[children], rays)
            for b, walls, faces in zip(children.tolist(), far, crossed, strict=True):
                if (walls > 0).sum() < least:
                    continue
                own = self.mesh(b)
                outline = kernels.section_rays(own.points, own.triangles, origins[b : b + 1], rays)[0][0]
                count = int(((walls > 0) & (walls >= outline)).sum())
                if (faces % 2).sum() > 4 and mesh.winding_trusted():
                    continue  # an odd number of faces of a closed mesh on the way out: sunk into its matter, not in a hollow
                if count >= settings.inside_rays or (count >= least and (b, a) in support and self._roofed(b, a)):
                    contacts[b, a] = self._contact(b, a, ContactKind.INSIDE, gap=0.0, area=0.0, share=count / 8)
        return contacts

    def _roofed(self, b: int, a: int) -> bool:
        """Return whether the parent is straight above the child's top."""
        mesh, box = self.mesh(a), self.boxes[b]
        top = np.array([box[:, 0].mean(), box[:, 1].mean(), box[1, 2] - 0.01 * self.height[b]])
        return kernels.covered_above(mesh.points, mesh.triangles, top)

    def _contradicted(
        self,
        pair: tuple[int, int],
        inside: dict[tuple[int, int], Contact],
        support: dict[tuple[int, int], Contact],
    ) -> bool:
        """Return whether the container rests on, or lies in, what would be its content."""
        reverse = pair[::-1]
        if reverse in support:
            return True
        size = np.prod(self.boxes[:, 1] - self.boxes[:, 0], axis=1)
        return reverse in inside and (size[pair[1]], pair[1]) < (size[pair[0]], pair[0])

    # ---------------------------------------------------------------- attached, hanging

    def _touching(
        self, child: np.ndarray, parent: np.ndarray, held: set[int], support: set[tuple[int, int]]
    ) -> dict[tuple[int, int], Contact]:
        reach = self.settings.touch_distance
        low, high = self.boxes[:, 0] - reach, self.boxes[:, 1]
        keep = (low[child] <= high[parent]).all(axis=1) & (low[parent] <= high[child]).all(axis=1)
        keep &= ~np.isin(child, np.fromiter(held, dtype=np.int64, count=len(held)))
        found: dict[tuple[int, int], Contact] = {}
        for b, a in zip(child[keep].tolist(), parent[keep].tolist(), strict=True):
            contact = None if (a, b) in support else self._touch(b, a)
            if contact is not None:
                found[b, a] = contact
        carried = {b for (b, _), contact in found.items() if contact.kind is ContactKind.SUPPORT}
        steps = _steps_to_ground(found)
        size = np.prod(self.boxes[:, 1] - self.boxes[:, 0], axis=1)

        kept = {}
        for (b, a), contact in found.items():
            if b in carried and contact.kind is not ContactKind.SUPPORT:
                continue
            if (a, b) in found:  # of two that could hold each other, what is farther from the ground is held; then by how
                mine = (-steps[b], _HOLD_ORDER[contact.kind], size[b], b)
                other = (-steps[a], _HOLD_ORDER[found[a, b].kind], size[a], a)
                if mine > other:
                    continue
            kept[b, a] = contact
        return kept

    def _touch(self, b: int, a: int) -> Contact | None:
        reach, own, other = self.settings.touch_distance, self.mesh(b), self.mesh(a)
        faces = contact_touch.near_triangles(other.points, other.triangles, self.boxes[b], reach)
        if not len(faces):
            return None
        mine = contact_touch.near_triangles(own.points, own.triangles, self.boxes[a], reach)
        faces = faces[np.argsort(faces[:, :, 0].min(axis=1), kind="stable")]
        center_z = float(self.boxes[b, :, 2].mean())
        facing = 0.0 if not other.winding_trusted() else -1.0 if other.faces_inwards() else 1.0
        ledge, above, steep = contact_touch.touch(mine, faces, center_z, reach, self.settings.up_normal, facing).tolist()
        # A lid's lip nearly touches the wall below the rim that carries it, so a ledge is given 2 mm; rooms have no ledges.
        if not self.room[a] and ledge <= reach and ledge <= min(above, steep + 0.002):
            return self._contact(b, a, ContactKind.SUPPORT, gap=ledge, area=0.0, share=0.0)
        if above <= reach and above <= steep + 0.001:
            return self._contact(b, a, ContactKind.HANGING, gap=above, area=0.0, share=0.0)
        if steep <= reach:
            return self._contact(b, a, ContactKind.ATTACHED, gap=steep, area=0.0, share=0.0)
        return None


def _steps_to_ground(found: dict[tuple[int, int], Contact]) -> dict[int, float]:
    """Return, for all that touches something, over how many contacts it is held by what rests or is room; inf for what is not.

    Args:
        found: Contacts of children that nothing supports or contains, by child and parent.
    """
    children = {b for b, _ in found}
    steps = {index: 0.0 if index not in children else math.inf for pair in found for index in pair}
    changed = True
    while changed:
        changed = False
        for b, a in found:
            if steps[a] + 1 < steps[b]:
                steps[b] = steps[a] + 1
                changed = True
    return steps


def _runs(values: np.ndarray) -> list[tuple[int, int]]:
    """Return the half-open row ranges of equal values in a sorted array."""
    cuts = np.flatnonzero(np.diff(values)) + 1
    edges = [0, *cuts.tolist(), len(values)] if len(values) else []
    return list(itertools.pairwise(edges))


def _turned_rays(yaw: float) -> np.ndarray:
    """Return the (8, 2) directions of the rays of "inside", turned with the container so that its own turn changes nothing."""
    angles = yaw + np.arange(8) * (np.pi / 4)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
