"""Facts about three objects: between, and at the centre of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import KDTree

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
    three overlaps another's centre, and no other object lies between them: none is as near to the line, nor within half its
    own median edge of it. Ends and others are looked for among the subject's nearest 12, so thousands of objects are quick.

    Args:
        nodes: The graph's nodes.
        pairs: Their relations.
        settings: ``between_*`` decide.

    Returns:
        Sorted by subject, first, second.
    """
    members = np.array([node.id for node in nodes if node.parent_kind in _STANDS], dtype=np.int64)
    if len(members) < 3:
        return ()
    near = _neighbours(nodes, members, pairs, settings)
    one, two = np.triu_indices(near.shape[1], 1)
    found: list[Between] = []
    step = max(_CHUNK // max(len(one), 1), 1)
    for begin in range(0, len(members), step):
        rows, columns = _in_line(members, near, slice(begin, begin + step), one, two, pairs, settings)
        subject = members[rows]
        # Ends by id, so that the numbers of a fact do not hang on which neighbour was the nearer one.
        first = np.minimum(near[rows, one[columns]], near[rows, two[columns]])
        second = np.maximum(near[rows, one[columns]], near[rows, two[columns]])
        fraction, offset = _along(pairs.centers[:, :2], subject, first, second)
        keep = np.flatnonzero(_alone(pairs, subject, near[rows], first, second, offset, settings))
        keep = keep[_apart(pairs, subject[keep], first[keep], second[keep])]
        columns_kept = (values[keep].tolist() for values in (subject, first, second, fraction, offset))
        found += [Between(*values) for values in zip(*columns_kept, strict=True)]
    return tuple(sorted(found, key=lambda item: (item.subject, item.first, item.second)))


def _neighbours(nodes: Sequence[Node], members: np.ndarray, pairs: PairRelations, settings: GraphSettings) -> np.ndarray:
    """Return (M, K) node ids of each member's nearest on the same supporter; -1 where there are fewer.

    What stands on nothing has the others that do for neighbours, as far as they stand at the same height.
    """
    group = pairs.grounds[members] + 1  # 0 stands on nothing
    ground = pairs.centers[members, :2]
    # One tree for all supporters: a third coordinate keeps their objects further apart than any two on the same one.
    apart = 2.0 * float(np.ptp(ground, axis=0).sum()) + 1.0
    points = np.concatenate([ground, apart * group[:, None]], axis=1)
    reach = min(settings.between_neighbours + 1, len(members))
    _, found = KDTree(points).query(points, k=reach)
    near = np.where(group[found] == group[:, None], members[found], -1)
    near[found == np.arange(len(members))[:, None]] = -1
    if (group == 0).any():
        bottoms = np.array([node.observed.aabb_world[0, 2] for node in nodes])  # type: ignore[index]
        differ = comparable(np.abs(bottoms[near] - bottoms[members][:, None])) > settings.floating_height
        near[(group == 0)[:, None] & differ] = -1
    return near


def _in_line(
    members: np.ndarray,
    near: np.ndarray,
    part: slice,
    one: np.ndarray,
    two: np.ndarray,
    pairs: PairRelations,
    settings: GraphSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of ``near`` and columns of (one, two) of the triples that lie in line."""
    near = near[part]
    rays = pairs.centers[near, :2] - pairs.centers[members[part], None, :2]
    x, y = rays[..., 0], rays[..., 1]
    x1, x2, y1, y2 = x[:, one], x[:, two], y[:, one], y[:, two]
    line_x, line_y = x2 - x1, y2 - y1
    length = np.sqrt(line_x * line_x + line_y * line_y)
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = comparable(-(x1 * line_x + y1 * line_y) / (length * length))
        offset = comparable(np.abs(x1 * y2 - y1 * x2) / length)
    margin = settings.between_margin
    limit = comparable(settings.between_offset * pairs.sizes[members[part]])
    valid = near >= 0
    keep = (fraction >= margin) & (fraction <= 1 - margin) & (offset <= limit[:, None]) & valid[:, one] & valid[:, two]
    rows, columns = np.nonzero(keep)
    return rows + part.start, columns


def _along(points: np.ndarray, subject: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where along the lines the subjects project (0..1 between the ends), and their distance from them [m]."""
    line, reach = points[second] - points[first], points[subject] - points[first]
    length = np.sqrt((line**2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = (line * reach).sum(axis=-1) / length**2
        offset = np.abs(line[..., 0] * reach[..., 1] - line[..., 1] * reach[..., 0]) / length
    return comparable(fraction), comparable(offset)


def _alone(
    pairs: PairRelations,
    subject: np.ndarray,
    others: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    offset: np.ndarray,
    settings: GraphSettings,
) -> np.ndarray:
    """Tell where none of the (T, K) others lies between the ends: on the line as the subject is, or nearer to it.

    The rug that the subject stands on, and what stands on the subject, are no others.
    """
    fraction, distance = _along(pairs.centers[:, :2], others, first[:, None], second[:, None])
    on_line = np.maximum(comparable(settings.between_offset * pairs.sizes[others]), offset[:, None])
    rival = (others >= 0) & (fraction > 0) & (fraction < 1) & (distance <= on_line)
    rival &= (others != first[:, None]) & (others != second[:, None])
    rows, columns = np.nonzero(rival)
    rival[rows, columns] = ~pairs.in_contact(subject[rows], others[rows, columns])
    return ~rival.any(axis=1)


def _apart(pairs: PairRelations, subject: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Tell where the ends are not far from the subject, and no two of the three are in contact or overlaid."""
    keep = pairs.separate(subject, first) & pairs.separate(subject, second) & pairs.separate(first, second)
    for end in (first, second):
        keep &= (pairs.evaluate(subject, end).relations & np.uint32(Relation.FAR)) == 0
    return keep


def find_centered(nodes: Sequence[Node], settings: GraphSettings) -> dict[int, int]:
    """Find what stands at the centre of its supporter: within 10 % of the top's diagonal from its middle.

    What is more than half as large as the top is nowhere on it in particular.

    Args:
        nodes: The graph's nodes.
        settings: ``centre_share`` and ``centre_size`` decide.

    Returns:
        Node id -> supporter's node id.
    """
    child = [node.id for node in nodes if node.parent is not None and node.parent_kind is ContactKind.SUPPORT]
    if not child:
        return {}
    boxes = np.array([node.observed.aabb_world for node in nodes])[:, :, :2]
    parent = np.array([nodes[index].parent for index in child], dtype=np.int64)
    centers = boxes.mean(axis=1)
    diagonals = np.hypot(*(boxes[:, 1] - boxes[:, 0]).T)
    distance = np.hypot(*(centers[child] - centers[parent]).T)
    keep = comparable(distance) <= comparable(settings.centre_share * diagonals[parent])
    keep &= comparable(diagonals[child]) <= comparable(settings.centre_size * diagonals[parent])
    return {index: int(parent[row]) for row, index in enumerate(child) if keep[row]}
