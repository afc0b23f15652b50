"""What is attached to, hangs from or rests on a ledge of what (see :mod:`scenecap.capture.contacts`)."""

from __future__ import annotations

import math

import numpy as np

from scenecap.capture import contact_touch
from scenecap.capture.contact_bodies import BodySet
from scenecap.contract import Contact, ContactKind

#: Of two that touch each other, who is held: what rests, before what hangs, before what is stuck on.
_HOLD_ORDER = {ContactKind.SUPPORT: 0, ContactKind.HANGING: 1, ContactKind.ATTACHED: 2, ContactKind.INSIDE: 3}


def find_holds(
    bodies: BodySet, child: np.ndarray, parent: np.ndarray, held: set[int], support: set[tuple[int, int]]
) -> dict[tuple[int, int], Contact]:
    """Find what is attached, hangs or rests on a ledge.

    Args:
        bodies: All bodies.
        child: (P,) indices of the candidates, sorted by parent.
        parent: (P,) likewise.
        held: Children that something supports or contains: they need nothing else.
        support: (child, parent) of all supports.

    Returns:
        Contacts by (child, parent).
    """
    reach = bodies.settings.touch_distance
    low, high = bodies.boxes[:, 0] - reach, bodies.boxes[:, 1]
    keep = (low[child] <= high[parent]).all(axis=1) & (low[parent] <= high[child]).all(axis=1)
    keep &= ~np.isin(child, np.fromiter(held, dtype=np.int64, count=len(held)))
    found: dict[tuple[int, int], Contact] = {}
    for b, a in zip(child[keep].tolist(), parent[keep].tolist(), strict=True):
        contact = None if (a, b) in support else _touch(bodies, b, a)
        if contact is not None:
            found[b, a] = contact
    carried = {b for (b, _), contact in found.items() if contact.kind is ContactKind.SUPPORT}
    steps = _steps_to_ground(found)
    size = np.prod(bodies.boxes[:, 1] - bodies.boxes[:, 0], axis=1)
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


def _touch(bodies: BodySet, b: int, a: int) -> Contact | None:
    reach, own, other = bodies.settings.touch_distance, bodies.mesh(b), bodies.mesh(a)
    faces = contact_touch.near_triangles(other.points, other.triangles, bodies.boxes[b], reach)
    if not len(faces):
        return None
    mine = contact_touch.near_triangles(own.points, own.triangles, bodies.boxes[a], reach)
    faces = faces[np.argsort(faces[:, :, 0].min(axis=1), kind="stable")]
    center_z = float(bodies.boxes[b, :, 2].mean())
    facing = 0.0 if not other.winding_trusted() else -1.0 if other.faces_inwards() else 1.0
    ledge, above, steep = contact_touch.touch(mine, faces, center_z, reach, bodies.settings.up_normal, facing).tolist()
    # A lid's lip nearly touches the wall below the rim that carries it, so a ledge is given 2 mm. A room's only ledge is the
    # floor, for posts and trees that go deep into it; the mortar between a wall's bricks carries nothing.
    rests = min(above, steep) > reach if bodies.room[a] else ledge <= min(above, steep + 0.002)
    if ledge <= reach and rests:
        return bodies.contact(b, a, ContactKind.SUPPORT, gap=ledge, area=0.0, share=0.0)
    # Where both are as near, a rod's curtain hangs; but what is let into a wall, between its bricks, is attached.
    if above <= reach and (above < steep if bodies.room[a] else above <= steep + 0.001):
        return bodies.contact(b, a, ContactKind.HANGING, gap=above, area=0.0, share=0.0)
    if steep <= reach:
        return bodies.contact(b, a, ContactKind.ATTACHED, gap=steep, area=0.0, share=0.0)
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
