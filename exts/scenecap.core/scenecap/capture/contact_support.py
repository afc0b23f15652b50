"""What rests on what: samples of undersides against the faces below them (see :mod:`scenecap.capture.contacts`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scenecap.capture import contact_faces
from scenecap.capture import contact_kernels as kernels
from scenecap.capture.contact_bodies import BodySet, runs
from scenecap.contract import Contact, ContactKind

#: A parent whose box covers less than this share of a child's underside is sampled with a grid of its own.
_SMALL_PARENT = 0.25
#: Less than this share of the underside, all of it farther from the middle than this share of its width, carries nothing.
_SLIVER, _EDGE = 0.15, 0.4


@dataclass(eq=False)
class _Underside:
    """Samples of a child's underside: a grid over all of it, and finer ones over parents that cover little of it."""

    lowest: float
    box: np.ndarray
    grids: list[np.ndarray]


def find_supports(bodies: BodySet, child: np.ndarray, parent: np.ndarray) -> dict[tuple[int, int], Contact]:
    """Find all supports.

    Args:
        bodies: All bodies.
        child: (P,) indices of the candidates, sorted by parent.
        parent: (P,) likewise.

    Returns:
        Contacts by (child, parent).
    """
    low, high, slack = bodies.boxes[:, 0], bodies.boxes[:, 1], 1e-3
    keep = (low[child, :2] <= high[parent, :2] + slack).all(axis=1) & (high[child, :2] >= low[parent, :2] - slack).all(axis=1)
    keep &= low[child, 2] - bodies.up[child] <= high[parent, 2] + slack
    keep &= low[child, 2] + bodies.down[child] >= low[parent, 2] - slack
    child, parent = child[keep], parent[keep]
    undersides: dict[int, _Underside] = {}
    grid_of: dict[tuple[int, int], int] = {}
    parents_of: dict[int, list[int]] = {}
    for b, a in zip(child.tolist(), parent.tolist(), strict=True):
        if b not in undersides:
            undersides[b] = _underside(bodies, b)
        if undersides[b].grids:
            grid_of[b, a] = _grid_for(bodies, undersides[b], b, a)
            parents_of.setdefault(b, []).append(a)
    faces = _faces(bodies, child, parent, undersides)
    _drop_mutual(bodies, faces, undersides, grid_of)
    contacts: dict[tuple[int, int], Contact] = {}
    for b, parents in parents_of.items():
        contacts.update(_assign(bodies, b, [a for a in parents if (b, a) in faces], faces, undersides[b], grid_of))
    return contacts


def _underside(bodies: BodySet, b: int) -> _Underside:
    mesh, settings = bodies.mesh(b), bodies.settings
    if not len(mesh.triangles):
        return _Underside(math.nan, np.zeros(4), [])
    lowest = kernels.lowest_z(mesh.points, mesh.triangles)
    cut = lowest + max(settings.underside_share * bodies.height[b], settings.underside_min)
    box = kernels.band_box(mesh.points, mesh.triangles, cut)
    samples = kernels.underside_cells(mesh.points, mesh.triangles, cut, box, settings.grid)
    return _Underside(lowest, box, [samples] if len(samples) else [])


def _grid_for(bodies: BodySet, underside: _Underside, b: int, a: int) -> int:
    """Return which of the underside's grids judges a parent; a parent much smaller than it gets its own."""
    box = underside.box
    low, high = np.maximum(box[:2], bodies.boxes[a, 0, :2]), np.minimum(box[2:], bodies.boxes[a, 1, :2])
    size = high - low
    if (size <= 0).any() or size[0] * size[1] >= _SMALL_PARENT * float(np.prod(box[2:] - box[:2])):
        return 0
    mesh, settings = bodies.mesh(b), bodies.settings
    cut = underside.lowest + max(settings.underside_share * bodies.height[b], settings.underside_min)
    samples = kernels.underside_cells(mesh.points, mesh.triangles, cut, np.concatenate([low, high]), settings.grid)
    if not len(samples):
        return 0
    underside.grids.append(samples)
    return len(underside.grids) - 1


def _faces(
    bodies: BodySet, child: np.ndarray, parent: np.ndarray, undersides: dict[int, _Underside]
) -> dict[tuple[int, int], list[np.ndarray]]:
    """Return, for each pair and each grid of its child, the height of the parent's face at each sample (NaN: none)."""
    faces: dict[tuple[int, int], list[np.ndarray]] = {}
    for start, end in runs(parent):
        a = int(parent[start])
        children = [b for b in child[start:end].tolist() if undersides[b].grids]
        if not children:
            continue
        mesh = bodies.mesh(a)
        samples = np.concatenate([grid for b in children for grid in undersides[b].grids])
        counts = [sum(map(len, undersides[b].grids)) for b in children]
        up, down = np.repeat(bodies.up[children], counts), np.repeat(bodies.down[children], counts)
        z_range = float((samples[:, 2] - up).min()), float((samples[:, 2] + down).max())
        corners, faces_up = contact_faces.level_faces(mesh.points, mesh.triangles, *z_range, bodies.settings.up_normal)
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
    bodies: BodySet,
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
        center = float(bodies.boxes[b, :, 2].mean())
        return (round(undersides[b].lowest, 4), round(center, 4), share, -gap, float(b))

    for b, a in [pair for pair in faces if pair[0] < pair[1] and pair[::-1] in faces]:
        del faces[(b, a) if plausible(b, a) < plausible(a, b) else (a, b)]


def _assign(
    bodies: BodySet,
    b: int,
    parents: list[int],
    faces: dict[tuple[int, int], list[np.ndarray]],
    underside: _Underside,
    grid_of: dict[tuple[int, int], int],
) -> dict[tuple[int, int], Contact]:
    """Give each sample to one parent, and each parent its contact."""
    if not parents:
        return {}
    parents = sorted(parents, key=lambda a: bodies.rank[a])
    total = float(underside.grids[0][:, 3].sum())
    owners: dict[int, np.ndarray] = {}
    for grid in sorted({grid_of[b, a] for a in parents}):
        gaps = underside.grids[grid][:, 2] - np.stack([faces[b, a][grid] for a in parents])
        # Close by, the highest face has the smallest signed gap; minus a metre, it beats all that are farther off.
        cost = np.where(np.abs(gaps) <= bodies.settings.tolerance_min, gaps - 1.0, np.abs(gaps))
        cost[np.isnan(gaps)] = math.inf
        best = cost.min(axis=0)
        owner = np.argmax(cost <= best + bodies.settings.coplanar, axis=0)  # the first in order of rank
        owners[grid] = np.where(np.isinf(best), -1, owner)
    found: list[tuple[int, Contact]] = []
    carried: dict[int, np.ndarray] = {}
    for row, a in enumerate(parents):
        grid = grid_of[b, a]
        samples, mine = underside.grids[grid], owners[grid] == row
        area = float(samples[mine, 3].sum())
        if area <= 0:
            continue
        gaps = samples[mine, 2] - faces[b, a][grid][mine]
        # Where the underside is curved or tilted, the gap is that of the lowest part in contact, not of its flanks.
        low = samples[mine, 2] <= samples[mine, 2].min() + bodies.settings.underside_min
        gap = float(np.median(gaps[low]))
        contact = bodies.contact(b, a, ContactKind.SUPPORT, gap=gap, area=area, share=min(1.0, area / total))
        found.append((a, contact))
        carried[a] = samples[mine]
    listed = [item for item in found if item[1].share >= bodies.settings.min_share]
    if not listed and found:  # a tray on a thin post: little of it is carried, but nothing else carries it
        listed = [max(found, key=lambda item: (item[1].area, -abs(item[1].gap), -bodies.rank[item[0]]))]
    if listed and _would_fall(underside, np.concatenate([carried[a] for a, _ in listed])):
        return {}
    return {(b, a): contact for a, contact in listed}


def _would_fall(underside: _Underside, carried: np.ndarray) -> bool:
    """Return whether what carries is a sliver at the underside's edge, as where a clock has sunk into a brick's top."""
    samples, box = underside.grids[0], underside.box
    if carried[:, 3].sum() >= _SLIVER * samples[:, 3].sum():
        return False
    middle = np.average(samples[:, :2], axis=0, weights=samples[:, 3])
    offset = np.abs(np.average(carried[:, :2], axis=0, weights=carried[:, 3]) - middle)
    return bool((offset > _EDGE * np.maximum(box[2:] - box[:2], 1e-9)).any())
