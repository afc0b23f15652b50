"""Facts about three objects: between, and at the centre of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from scenecap.contract import ContactKind
from scenecap.geometry import comparable
from scenecap.graph.model import Between, Node, Relation
from scenecap.graph.relations import PairRelations
from scenecap.graph.settings import GraphSettings

_STANDS = (ContactKind.SUPPORT, ContactKind.INSIDE, None)
#: Triples that are held at once.
_CHUNK = 400_000


def find_between(nodes: Sequence[Node], pairs: PairRelations, settings: GraphSettings) -> tuple[Between, ...]:
    """Find what lies between two others.

    All three stand on (or lie in) the same thing. On the ground plane, the subject's centre projects on the line between the
    others' centres at 0.2 to 0.8 of it and lies within half its own median edge of it; neither end is far from it, none of the
    three overlaps another's centre, and no other object nearby is as near to the line. Ends are looked for among the subject's
    nearest 12, so thousands of objects are quick.

    Args:
        nodes: The graph's nodes.
        pairs: Their relations.
        settings: ``between_*`` decide.

    Returns:
        Sorted by subject, first, second.
    """
    groups: dict[str | None, list[int]] = {}
    for node in nodes:
        if node.parent_kind in _STANDS:
            groups.setdefault(node.parent_path, []).append(node.id)
    found: list[Between] = []
    for parent, members in groups.items():
        if len(members) >= 3:
            found += _between_members(np.array(members), parent is None, nodes, pairs, settings)
    return tuple(sorted(found, key=lambda item: (item.subject, item.first, item.second)))


def _between_members(
    members: np.ndarray, floating: bool, nodes: Sequence[Node], pairs: PairRelations, settings: GraphSettings
) -> list[Between]:
    points = pairs.centers[members, :2]
    reach = min(settings.between_neighbours + 1, len(members))
    _, near = cKDTree(points).query(points, k=reach)
    # Points in one place: a point need not come first in its own list.
    own = near == np.arange(len(members))[:, None]
    own[~own.any(axis=1), -1] = True
    near = near[~own].reshape(len(members), reach - 1)
    one, two = np.triu_indices(reach - 1, 1)
    step = max(_CHUNK // max(len(one), 1), 1)
    found: list[Between] = []
    for begin in range(0, len(members), step):
        subject = np.arange(begin, min(begin + step, len(members)))
        first, second = near[subject][:, one].reshape(-1), near[subject][:, two].reshape(-1)
        subject = np.repeat(subject, len(one))
        first, second = np.minimum(first, second), np.maximum(first, second)
        fraction, offset = _along(points, subject, first, second)
        margin = settings.between_margin
        limit = comparable(settings.between_offset * pairs.sizes[members[subject]])
        keep = (fraction >= margin) & (fraction <= 1 - margin) & (offset <= limit)
        if floating:
            keep &= _same_height(nodes, members, subject, first, settings)
            keep &= _same_height(nodes, members, subject, second, settings)
        rows = np.flatnonzero(keep)
        rows = rows[_alone(points, near, subject[rows], first[rows], second[rows], offset[rows])]
        rows = rows[_apart(pairs, members[subject[rows]], members[first[rows]], members[second[rows]])]
        for row in rows.tolist():
            found.append(
                Between(
                    subject=int(members[subject[row]]),
                    first=int(members[first[row]]),
                    second=int(members[second[row]]),
                    fraction=float(fraction[row]),
                    offset=float(offset[row]),
                )
            )
    return found


def _along(points: np.ndarray, subject: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where along the lines the subjects project (0..1 between the ends), and their distance from them [m]."""
    line, reach = points[second] - points[first], points[subject] - points[first]
    length = np.sqrt((line**2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = (line * reach).sum(axis=-1) / length**2
        offset = np.abs(line[..., 0] * reach[..., 1] - line[..., 1] * reach[..., 0]) / length
    return comparable(fraction), comparable(offset)


def _alone(
    points: np.ndarray, near: np.ndarray, subject: np.ndarray, first: np.ndarray, second: np.ndarray, offset: np.ndarray
) -> np.ndarray:
    """Tell where no other of the subject's neighbours lies between the ends and as near to the line."""
    others = near[subject]
    fraction, distance = _along(points, others, first[:, None], second[:, None])
    rival = (fraction > 0) & (fraction < 1) & (distance <= offset[:, None])
    rival &= (others != first[:, None]) & (others != second[:, None])
    return ~rival.any(axis=1)


def _apart(pairs: PairRelations, subject: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Tell where the ends are not far from the subject, and no two of the three are in contact or overlaid."""
    keep = np.ones(len(subject), dtype=bool)
    if not len(subject):
        return keep
    for end in (first, second):
        keep &= pairs.separate(subject, end) & ((pairs.evaluate(subject, end).relations & np.uint32(Relation.FAR)) == 0)
    return keep & pairs.separate(first, second)


def _same_height(
    nodes: Sequence[Node], members: np.ndarray, one: np.ndarray, two: np.ndarray, settings: GraphSettings
) -> np.ndarray:
    bottoms = np.array([nodes[member].observed.aabb_world[0, 2] for member in members])  # type: ignore[index]
    return comparable(np.abs(bottoms[one] - bottoms[two])) <= settings.floating_height


def find_centered(nodes: Sequence[Node], settings: GraphSettings) -> dict[int, int]:
    """Find what stands at the centre of its supporter: within 15 % of the top's diagonal from its middle.

    Args:
        nodes: The graph's nodes.
        settings: ``centre_share`` decides.

    Returns:
        Node id -> supporter's node id.
    """
    child = [node.id for node in nodes if node.parent is not None and node.parent_kind is ContactKind.SUPPORT]
    if not child:
        return {}
    boxes = np.array([node.observed.aabb_world for node in nodes])
    parent = np.array([nodes[index].parent for index in child], dtype=np.int64)
    centers = boxes[:, :, :2].mean(axis=1)
    distance = np.sqrt(((centers[child] - centers[parent]) ** 2).sum(axis=1))
    diagonal = np.sqrt(((boxes[parent, 1, :2] - boxes[parent, 0, :2]) ** 2).sum(axis=1))
    keep = comparable(distance) <= comparable(settings.centre_share * diagonal)
    return {index: int(parent[row]) for row, index in enumerate(child) if keep[row]}
