"""Find what rests on, lies in, is attached to or hangs from what, by geometry, for all objects whether seen or not.

support
    The underside of a child B is what lies within 2 % of its height (at least 1 mm) of its lowest point: the four feet of a
    table, the ring a mug stands on, a ball's cap. It is cut into the cells of a 16x16 grid; each cell that it enters is a
    sample with an area. Below (or, sunk in, slightly above) each sample the nearest upward face of each parent A is looked
    for. A sample belongs to one parent: of the faces within 5 mm the highest (the rug carries the chair, not the floor just
    below it), else the nearest. What would be carried by a sliver at its edge alone is not carried.
inside
    A point at 40 % of B's height, on the axis of its box or in the middle of what of it is at that height, lies in A's box,
    and 6 of 8 horizontal rays from it meet A beyond B's own outline: so much of B is below the lowest of those walls. (A ring
    on a peg is not inside the peg: there B's outline lies beyond A's; nor is what has sunk into the matter of a closed mesh.)
    Where B rests on A and A is also above it, as in a shelf's compartment or an open oven, 5 rays are enough.
attached, hanging
    B has neither and is within 10 mm of a steep face, or of a level face above its centre. A level face below its centre
    carries it all the same (the flange of a lid on a rim): that is a support without an area.

Which way a face faces is told by its winding, after turning meshes that are inside out as a whole; where a mesh is open or
its winding disagrees with itself, level faces count as facing up if no face that does is in reach.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenecap.capture import contact_kernels as kernels
from scenecap.capture.contact_bodies import BodySet, ContactBody, MeshPiece
from scenecap.capture.contact_holds import find_holds
from scenecap.capture.contact_inside import find_insides
from scenecap.capture.contact_settings import ContactSettings
from scenecap.capture.contact_support import find_supports
from scenecap.contract import Contact, ContactKind

__all__ = ["ContactBody", "ContactSettings", "MeshPiece", "find_contacts"]

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
    found = BodySet(bodies, settings or ContactSettings())
    child, parent = _candidates(found)
    support = find_supports(found, child, parent)
    inside = find_insides(found, child, parent, support)
    held = {pair[0] for pair in (*support, *inside)}
    holds = find_holds(found, child, parent, held, set(support))
    contacts = [*support.values(), *inside.values(), *holds.values()]
    return tuple(sorted(contacts, key=lambda contact: (contact.child, _KIND_ORDER[contact.kind], contact.parent)))


def _candidates(bodies: BodySet) -> tuple[np.ndarray, np.ndarray]:
    """Return child and parent indices of all ordered pairs whose boxes come near, by parent, then child."""
    finite = np.isfinite(bodies.boxes).all(axis=(1, 2)) & (bodies.boxes[:, 1] >= bodies.boxes[:, 0]).all(axis=1)
    order = np.flatnonzero(finite)
    order = order[np.argsort(bodies.boxes[order, 0, 0], kind="stable")]
    settings = bodies.settings
    reach = max(settings.tolerance_max, settings.tolerance_min, settings.touch_distance) + 1e-3
    pairs = kernels.sweep_pairs(bodies.boxes, order, reach)
    child, parent = np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]])
    keep = ~bodies.room[child]
    child, parent = child[keep], parent[keep]
    order = np.lexsort((child, parent))
    return child[order], parent[order]
