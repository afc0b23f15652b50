"""Support and inside from axis-aligned boxes, where nothing knows the geometry."""

from __future__ import annotations

import numpy as np

from scenecap.contract import Contact, ContactKind, Evidence, ObservedObject, RoomElement, RoomKind
from scenecap.geometry import comparable, overlapping_pairs
from scenecap.graph.settings import GraphSettings

#: Volumes and areas closer than this share count as equal.
_EQUAL = 1e-9


def box_contacts(
    objects: tuple[ObservedObject, ...], room: tuple[RoomElement, ...], settings: GraphSettings
) -> tuple[Contact, ...]:
    """Find support and inside from axis-aligned boxes alone.

    Support: the child's underside lies within the tolerance of the parent's top, and 30 % of the child's footprint or its
    centre is over the parent. The tolerance depends on the child's height only. Inside: 90 % of the child's volume lies in the
    parent's box, and the child does not plainly stand on something that is outside it (a stool under a table stands on the
    floor; a mug in the reach of a robot arm stands on the table).

    Args:
        objects: All objects of the stage.
        room: Its room elements; floors can support.
        settings: The numbers.

    Returns:
        All contacts, in order of child and parent path.
    """
    floors = [element for element in room if element.kind in (RoomKind.FLOOR, RoomKind.OTHER)]
    entities = [*objects, *floors]
    if not objects:
        return ()
    paths = [item.path for item in entities]
    boxes = np.array([item.aabb_world for item in entities])
    low, high = boxes[:, 0], boxes[:, 1]
    reach = np.array([0.0, 0.0, settings.support_gap_max])
    one, two = overlapping_pairs(low, high + reach)
    # The reach above suffices for both tolerances: of two boxes that meet within it, either may be the child.
    child, parent = np.concatenate([one, two]), np.concatenate([two, one])
    is_child = child < len(objects)
    child, parent = child[is_child], parent[is_child]
    support = _box_support(boxes, child, parent, settings)
    inside = _box_inside(boxes, child, parent, len(objects), support, settings)
    part = {(item.path, item.part_of) for item in objects if item.part_of is not None}
    contacts = [
        Contact(paths[c], paths[p], ContactKind.SUPPORT, gap, area, share, Evidence.BOXES)
        for c, p, gap, area, share in zip(*(column.tolist() for column in support), strict=True)
    ]
    contacts += [
        Contact(paths[c], paths[p], ContactKind.INSIDE, 0.0, 0.0, share, Evidence.BOXES)
        for c, p, share in zip(*(column.tolist() for column in inside), strict=True)
    ]
    if part:
        contacts = [c for c in contacts if (c.child, c.parent) not in part and (c.parent, c.child) not in part]
    return tuple(sorted(contacts, key=lambda contact: (contact.child, contact.parent, contact.kind.value)))


def _box_support(
    boxes: np.ndarray, child: np.ndarray, parent: np.ndarray, settings: GraphSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return child, parent, gap [m], contact area [m^2] and share of the child's footprint of all supports."""
    low, high = boxes[:, 0], boxes[:, 1]
    gap = comparable(low[child, 2] - high[parent, 2])
    height = high[child, 2] - low[child, 2]
    up, down = comparable(settings.support_gap.above(height)), comparable(settings.support_gap.below(height))
    keep = np.flatnonzero((gap <= up) & (gap >= -down))
    child, parent, gap = child[keep], parent[keep], gap[keep]

    sides = np.minimum(high[child, :2], high[parent, :2]) - np.maximum(low[child, :2], low[parent, :2])
    area = np.maximum(sides, 0.0).prod(axis=1)
    footprints = (high[:, :2] - low[:, :2]).prod(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(footprints[child] > 0, area / footprints[child], 0.0)
    centers = (low + high) / 2
    over = ((centers[child, :2] >= low[parent, :2]) & (centers[child, :2] <= high[parent, :2])).all(axis=1)
    # Of two thin sheets in the same place each is within tolerance of the other: the upper one rests on the lower; of two at
    # the same height the smaller rests on the larger, then path decides (objects come in order of path).
    height_of, size_of = comparable(centers[:, 2]), comparable(footprints)
    upper = height_of[child] > height_of[parent]
    tie = height_of[child] == height_of[parent]
    smaller = size_of[child] < size_of[parent]
    upper |= tie & (smaller | ((size_of[child] == size_of[parent]) & (child > parent)))
    keep = np.flatnonzero(upper & ((comparable(share) >= settings.support_overlap) | over))
    return child[keep], parent[keep], gap[keep], area[keep], share[keep]


def _box_inside(
    boxes: np.ndarray,
    child: np.ndarray,
    parent: np.ndarray,
    objects: int,
    support: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    settings: GraphSettings,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return child, parent and share of the child's volume of all containments; the room contains nothing."""
    keep = parent < objects
    child, parent = child[keep], parent[keep]
    share = _volume_share(boxes, child, parent)
    # Boxes that fill each other (twins in one place) say nothing about which is the container.
    keep = np.flatnonzero((share >= settings.inside_volume) & (_volume_share(boxes, parent, child) < settings.inside_volume))
    child, parent, share = child[keep], parent[keep], share[keep]
    stands_on: dict[int, list[int]] = {}
    close = np.abs(support[2]) <= settings.support_gap_min
    for rests, on in zip(support[0][close].tolist(), support[1][close].tolist(), strict=True):
        stands_on.setdefault(rests, []).append(on)
    pairs = list(zip(child.tolist(), parent.tolist(), strict=True))
    contained = set(pairs)
    contained -= set(zip(support[0].tolist(), support[1].tolist(), strict=True))  # sunk into its top is on it, not in it
    while True:  # what stands on a thing that turns out to be outside is outside too
        outside = {
            (item, container)
            for item, container in contained
            if any(on != container and (on, container) not in contained for on in stands_on.get(item, ()))
        }
        if not outside:
            break
        contained -= outside
    plain = np.array([pair in contained for pair in pairs], dtype=bool)
    return child[plain], parent[plain], share[plain]


def _volume_share(boxes: np.ndarray, of: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Share of some boxes' volume that lies in others; a flat box counts by the axes that it has."""
    low, high = boxes[:, 0], boxes[:, 1]
    shared = np.minimum(high[of], high[within]) - np.maximum(low[of], low[within])
    edges = high[of] - low[of]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(edges > 0, np.clip(shared, 0.0, None) / edges, shared >= -_EQUAL)
    return comparable(shares.prod(axis=1))
