"""What lies in what: horizontal rays against the walls around (see :mod:`scenecap.capture.contacts`)."""

from __future__ import annotations

import numpy as np

from scenecap.capture import contact_kernels as kernels
from scenecap.capture.contact_bodies import BodySet, runs
from scenecap.contract import Contact, ContactKind


def find_insides(
    bodies: BodySet, child: np.ndarray, parent: np.ndarray, support: dict[tuple[int, int], Contact]
) -> dict[tuple[int, int], Contact]:
    """Find all containers.

    Args:
        bodies: All bodies.
        child: (P,) indices of the candidates, sorted by parent.
        parent: (P,) likewise.
        support: What :func:`scenecap.capture.contact_support.find_supports` found.

    Returns:
        Contacts by (child, parent). Of two that could contain each other, the larger box does.
    """
    settings = bodies.settings
    low, high, slack = bodies.boxes[:, 0], bodies.boxes[:, 1], 1e-9
    level = low[:, 2] + settings.inside_height * bodies.height
    keep = ~bodies.room[parent] & (level[child] > low[parent, 2]) & (level[child] < high[parent, 2])
    keep &= ((low[child, :2] < high[parent, :2] + slack) & (high[child, :2] > low[parent, :2] - slack)).all(axis=1)
    child, parent = child[keep], parent[keep]
    contacts: dict[tuple[int, int], Contact] = {}
    origins: dict[int, list[np.ndarray]] = {}
    for start, end in runs(parent):
        a = int(parent[start])
        mesh = bodies.mesh(a)
        asked, owners = [], []
        for b in child[start:end].tolist():
            if b not in origins:
                origins[b] = _origins(bodies, b, float(level[b]))
            for origin in origins[b]:
                if (origin > low[a]).all() and (origin < high[a]).all():
                    asked.append(origin)
                    owners.append(b)
        if not asked:
            continue
        order = np.argsort(np.array(asked)[:, 2], kind="stable")
        points = np.array(asked)[order]
        rays = _turned_rays(mesh.yaw)
        far, crossed = kernels.section_rays(mesh.points, mesh.triangles, points, rays)
        for row, index in enumerate(order.tolist()):
            b = owners[index]
            count = _walls(bodies, b, a, points[row], rays, far[row], crossed[row])
            roofed = count >= settings.inside_rays_roofed and (b, a) in support and _roofed(bodies, b, a)
            if count >= settings.inside_rays or roofed:
                share = max(count / 8, contacts[b, a].share if (b, a) in contacts else 0.0)
                contacts[b, a] = bodies.contact(b, a, ContactKind.INSIDE, gap=0.0, area=0.0, share=share)
    return {pair: contact for pair, contact in contacts.items() if not _contradicted(bodies, pair, contacts, support)}


def _origins(bodies: BodySet, b: int, level: float) -> list[np.ndarray]:
    """Return where rays start, at the given height: the box's axis, and the middle of what of the child is at that height.

    The second is for what leans or spreads out above: flowers in a vase, a spoon in a mug.
    """
    axis = np.append(bodies.boxes[b, :, :2].mean(axis=0), level)
    mesh = bodies.mesh(b)
    box = kernels.section_box(mesh.points, mesh.triangles, level)
    middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, level])
    same = not np.isfinite(box).all() or np.abs(middle - axis).max() < 1e-3
    return [axis] if same else [axis, middle]


def _walls(bodies: BodySet, b: int, a: int, origin: np.ndarray, rays: np.ndarray, far: np.ndarray, crossed: np.ndarray) -> int:
    """Return how many rays from a point of the child meet the parent beyond the child's own outline."""
    least = min(bodies.settings.inside_rays, bodies.settings.inside_rays_roofed)
    if int((far > 0).sum()) < least:
        return 0
    own = bodies.mesh(b)
    outline = kernels.section_rays(own.points, own.triangles, origin[None], rays)[0][0]
    count = int(((far > 0) & (far >= outline)).sum())
    # An odd number of faces of a closed mesh on most ways out: sunk into its matter, not in a hollow.
    return 0 if count >= least and (crossed % 2).sum() > 4 and bodies.mesh(a).winding_trusted() else count


def _roofed(bodies: BodySet, b: int, a: int) -> bool:
    """Return whether the parent is straight above the child's top."""
    mesh, box = bodies.mesh(a), bodies.boxes[b]
    top = np.array([box[:, 0].mean(), box[:, 1].mean(), box[1, 2] - 0.01 * bodies.height[b]])
    return kernels.covered_above(mesh.points, mesh.triangles, top)


def _contradicted(
    bodies: BodySet,
    pair: tuple[int, int],
    inside: dict[tuple[int, int], Contact],
    support: dict[tuple[int, int], Contact],
) -> bool:
    """Return whether the container rests on, or lies in, what would be its content."""
    reverse = pair[::-1]
    if reverse in support:
        return True
    size = np.prod(bodies.boxes[:, 1] - bodies.boxes[:, 0], axis=1)
    return reverse in inside and (size[pair[1]], pair[1]) < (size[pair[0]], pair[0])


def _turned_rays(yaw: float) -> np.ndarray:
    """Return the (8, 2) directions of the rays of "inside", turned with the container so that its own turn changes nothing."""
    angles = yaw + np.arange(8) * (np.pi / 4)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
