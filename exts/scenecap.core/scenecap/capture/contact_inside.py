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
    origins = bodies.boxes.mean(axis=1)
    origins[:, 2] = bodies.boxes[:, 0, 2] + settings.inside_height * bodies.height
    keep = ~bodies.room[parent]
    keep &= ((origins[child] > bodies.boxes[parent, 0]) & (origins[child] < bodies.boxes[parent, 1])).all(axis=1)
    child, parent = child[keep], parent[keep]
    contacts: dict[tuple[int, int], Contact] = {}
    least = min(settings.inside_rays, settings.inside_rays_roofed)
    for start, end in runs(parent):
        a = int(parent[start])
        mesh = bodies.mesh(a)
        children = child[start:end]
        children = children[np.argsort(origins[children, 2], kind="stable")]
        rays = _turned_rays(mesh.yaw)
        far, crossed = kernels.section_rays(mesh.points, mesh.triangles, origins[children], rays)
        for b, walls, faces in zip(children.tolist(), far, crossed, strict=True):
            if (walls > 0).sum() < least:
                continue
            own = bodies.mesh(b)
            outline = kernels.section_rays(own.points, own.triangles, origins[b : b + 1], rays)[0][0]
            count = int(((walls > 0) & (walls >= outline)).sum())
            if (faces % 2).sum() > 4 and mesh.winding_trusted():
                continue  # an odd number of faces of a closed mesh on the way out: sunk into its matter, not in a hollow
            if count >= settings.inside_rays or (count >= least and (b, a) in support and _roofed(bodies, b, a)):
                contacts[b, a] = bodies.contact(b, a, ContactKind.INSIDE, gap=0.0, area=0.0, share=count / 8)
    return {pair: contact for pair, contact in contacts.items() if not _contradicted(bodies, pair, contacts, support)}


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
