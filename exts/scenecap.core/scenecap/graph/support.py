"""The support tree: what rests on, lies in, hangs from or is attached to what, for all objects whether seen or not.

Contacts come with the frame where capture knows the geometry (:attr:`scenecap.contract.Frame.contacts`), else they are found
from boxes (:mod:`scenecap.graph.box_contacts`). Either way this module interprets them: which contact is *the* parent, and how
deep an object stands. It looks at all objects of the stage, so a supporter that nobody sees still counts.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from scenecap.contract import Contact, ContactKind, Evidence, Frame, ObservedObject, RoomElement, RoomKind
from scenecap.geometry import comparable
from scenecap.graph.box_contacts import box_contacts
from scenecap.graph.settings import GraphSettings

#: Of two supporters whose gaps differ by no more than this neither is the nearer one [m].
_AS_NEAR = 0.001
#: A support that surely carries: of this share of the underside, and as near as this [m].
_FIRM, _TOUCHES = 0.5, 0.005


@dataclass(frozen=True, eq=False)
class SupportTree:
    """Contacts of all objects of a frame, interpreted.

    Attributes:
        contacts: Child path -> its contacts, the chosen one first, then by kind, area, gap and path.
        parent: Child path -> the chosen contact. Objects that touch nothing are absent.
        level: Object path -> level: 1 stands on the room or on nothing, k+1 on an object of level k.
        ground: Object path -> path of what it stands on, looking through thin things (a rug, a mat); None for nothing. What
            shares its ground can be side by side.
        notes: What a person should know (contacts that were dropped to break a cycle).
    """

    contacts: dict[str, tuple[Contact, ...]]
    parent: dict[str, Contact]
    level: dict[str, int]
    ground: dict[str, str | None]
    notes: tuple[str, ...] = ()


def build_support_tree(frame: Frame, settings: GraphSettings) -> SupportTree:
    """Choose each object's parent and level.

    Inside beats on; of several containers the innermost counts. But what stands on something that is itself in the container
    hangs below that (an apple on a plate in a box: box, plate, apple), and what stands within a ring without a floor is on
    what carries both. A supporter that lies under another one, further away, is none (a crate on a book on a table stands on
    the book, although the table is within tolerance and wider). Of the others the one with most contact area counts, then the
    smaller gap, then path. Attached and hanging count only for what nothing supports. A part of a larger object with no
    support of its own is attached to the whole.

    What a wall or ceiling carries below its top is fixed to it (a window in its opening), unless it stands free there (a vase
    on a ledge). Nothing hangs from a floor or is attached to one.

    Args:
        frame: What the camera saw; contacts are found from boxes where ``frame.contacts`` is None.
        settings: Tolerances of support by boxes.
    """
    found = box_contacts(frame.objects, frame.room, settings) if frame.contacts is None else frame.contacts
    ranked = _rank(frame, found)
    _drop_what_lies_under(ranked)
    chosen = {child: contacts[0] for child, contacts in ranked.items() if contacts}
    _prefer_supporters_within(ranked, chosen)
    notes = _break_cycles(ranked, chosen)
    ordered = {}
    for child, contacts in ranked.items():
        first = chosen.get(child)
        if first is not None and contacts[0] is not first:
            contacts = [first, *(contact for contact in contacts if contact is not first)]
        ordered[child] = tuple(contacts)
    return SupportTree(
        contacts=ordered, parent=chosen, level=_levels(frame, chosen), ground=_grounds(frame, chosen, settings), notes=notes
    )


def _rank(frame: Frame, found: tuple[Contact, ...]) -> dict[str, list[Contact]]:
    """Group contacts by child, best first; drop those between a part and its whole, and what has better ones."""
    wholes = {item.path: item.part_of for item in frame.objects if item.part_of is not None}
    volumes = _volumes(frame.objects)
    items = {item.path: item for item in frame.objects}
    room = {element.path: element for element in frame.room}
    groups: dict[str, list[Contact]] = {}
    for contact in found:
        if contact.child not in volumes or contact.child == contact.parent:
            continue  # the room rests on nothing we speak of
        if contact.parent in room:
            held = _held_by_room(contact, items[contact.child], room[contact.parent])
            if held is None:
                continue
            contact = held
        if wholes and (wholes.get(contact.child) == contact.parent or wholes.get(contact.parent) == contact.child):
            continue
        groups.setdefault(contact.child, []).append(contact)
    for child, contacts in groups.items():
        if len(contacts) > 1:
            if any(contact.kind in _CARRIES for contact in contacts):
                contacts = [contact for contact in contacts if contact.kind in _CARRIES]
            groups[child] = sorted(contacts, key=lambda contact: _preference(contact, volumes))
    for child, whole in wholes.items():
        if child not in groups:
            groups[child] = [Contact(child, whole, ContactKind.ATTACHED, 0.0, 0.0, 1.0, Evidence.GEOMETRY)]
    return groups


def _held_by_room(contact: Contact, item: ObservedObject, element: RoomElement) -> Contact | None:
    """Return a contact with a room element as people see it; None where they see none."""
    carries = contact.kind in _CARRIES
    if element.kind is RoomKind.FLOOR:
        return contact if carries else None
    if not carries or element.kind is RoomKind.OTHER:
        return contact
    low, high = np.asarray(item.aabb_world)
    bottom, top = element.aabb_world[:, 2]
    if comparable(low[2] - top) >= -_LEDGE:
        return contact  # on a garden wall, in a loft
    if element.kind is RoomKind.CEILING:
        return dataclasses.replace(contact, kind=ContactKind.HANGING, area=0.0)
    if comparable(low[2] - bottom) <= _LEDGE:
        return contact  # on the floor that came with the walls
    forth, back = np.asarray(item.footprint_world).reshape(2, -1)
    widths = forth + back
    is_plate = comparable(widths.min()) <= comparable(_PLATE * min(widths.max(), high[2] - low[2]))
    return dataclasses.replace(contact, kind=ContactKind.ATTACHED, area=0.0) if is_plate else contact


#: What is no farther from the top or foot of a wall than this stands there and not in an opening [m].
_LEDGE = 0.05
#: What is no thicker than this part of its width and height fills an opening in a wall rather than standing in it.
_PLATE = 0.4

_CARRIES = frozenset({ContactKind.SUPPORT, ContactKind.INSIDE})
_KIND_ORDER = {ContactKind.INSIDE: 0, ContactKind.SUPPORT: 1, ContactKind.HANGING: 2, ContactKind.ATTACHED: 3}


def _preference(contact: Contact, volumes: dict[str, float]) -> tuple[int, float, float, float, float, str]:
    container = volumes.get(contact.parent, np.inf) if contact.kind is ContactKind.INSIDE else 0.0
    area, gap = round(contact.area, 6), round(contact.gap, 6)
    # Of two faces as near, one above and one below the underside, the upper one is the one that stops a fall.
    return _KIND_ORDER[contact.kind], container, -area, abs(gap), gap, contact.parent


def _volumes(objects: tuple[ObservedObject, ...]) -> dict[str, float]:
    if not objects:
        return {}
    boxes = np.array([item.aabb_world for item in objects])
    volumes = (boxes[:, 1] - boxes[:, 0]).prod(axis=1).tolist()
    return {item.path: volume for item, volume in zip(objects, volumes, strict=True)}


def _drop_what_lies_under(ranked: dict[str, list[Contact]]) -> None:
    """Drop supports by what lies under another supporter and is farther from the child than that."""
    kept: dict[str, list[Contact]] = {}
    for child, contacts in ranked.items():
        supports = [contact for contact in contacts if contact.kind is ContactKind.SUPPORT]
        under = [
            lower
            for lower in supports
            for upper in supports
            if upper is not lower
            and round(abs(lower.gap) - abs(upper.gap), 6) > _AS_NEAR
            and _leads_to(ranked, upper.parent, lower.parent, child)
            and not _leads_to(ranked, lower.parent, upper.parent, child)
            and not _leads_to(ranked, upper.parent, child)
        ]
        if under:
            kept[child] = [contact for contact in contacts if all(contact is not other for other in under)]
    ranked.update(kept)


def _prefer_supporters_within(ranked: dict[str, list[Contact]], chosen: dict[str, Contact]) -> None:
    """Where something lies in a container and stands on what is in there too, let the nearer of the two be its parent."""
    for child, contacts in ranked.items():
        inside = contacts[0]
        if inside.kind is not ContactKind.INSIDE or len(contacts) == 1:
            continue
        ground = _ground_of_ring(ranked, contacts)
        if ground is not None:
            chosen[child] = ground
            continue
        for contact in contacts[1:]:
            if contact.kind is ContactKind.SUPPORT and _leads_to(ranked, contact.parent, inside.parent, child):
                chosen[child] = contact
                break


def _ground_of_ring(ranked: dict[str, list[Contact]], contacts: list[Contact]) -> Contact | None:
    """Return the support by what carries a ring without a floor too (a ball within a table's rim); None for no ring."""
    ring = contacts[0].parent
    supports = [contact for contact in contacts if contact.kind is ContactKind.SUPPORT]
    if any(contact.parent == ring for contact in supports):
        return None
    below = {contact.parent for contact in ranked.get(ring, ()) if contact.kind is ContactKind.SUPPORT}
    firm = (item for item in supports if item.share >= _FIRM and round(abs(item.gap), 6) <= _TOUCHES and item.parent in below)
    return next(firm, None)


def _leads_to(ranked: dict[str, list[Contact]], start: str, goal: str, avoid: str | None = None) -> bool:
    """Tell whether contacts lead from one path down to another, without passing a third."""
    seen, stack = set() if avoid is None else {avoid}, [start]
    while stack:
        path = stack.pop()
        if path in seen:
            continue
        seen.add(path)
        for contact in ranked.get(path, ()):
            if contact.parent == goal:
                return True
            stack.append(contact.parent)
    return False


def _break_cycles(ranked: dict[str, list[Contact]], chosen: dict[str, Contact]) -> tuple[str, ...]:
    """Drop the weakest contact of each cycle of parents; its child takes its next contact, if it has one."""
    notes = []
    settled: set[str] = set()
    for start in sorted(chosen):
        while True:
            trail: list[str] = []
            on_trail: set[str] = set()
            path: str | None = start
            while path is not None and path not in settled and path not in on_trail:
                trail.append(path)
                on_trail.add(path)
                path = chosen[path].parent if path in chosen else None
            if path is None or path in settled:
                settled.update(trail)
                break
            cycle = trail[trail.index(path) :]
            weakest = min(cycle, key=lambda member: _strength(chosen[member]))
            dropped = chosen.pop(weakest)
            left = [contact for contact in ranked[weakest] if contact is not dropped]
            ranked[weakest] = left
            if left:
                chosen[weakest] = left[0]
            notes.append(
                f"{dropped.child} and {dropped.parent} each seem to rest on the other (through {len(cycle)} contacts): "
                f"the weaker one, {dropped.child} {dropped.kind.value} {dropped.parent}, was dropped."
            )
    return tuple(notes)


def _strength(contact: Contact) -> tuple[int, float, float, str]:
    return -_KIND_ORDER[contact.kind], round(contact.area, 6), -round(abs(contact.gap), 6), contact.child


def _levels(frame: Frame, chosen: dict[str, Contact]) -> dict[str, int]:
    room = {element.path for element in frame.room}
    paths = {item.path for item in frame.objects}
    level: dict[str, int] = {}
    for item in frame.objects:
        trail = []
        path: str | None = item.path
        while path is not None and path not in level:
            trail.append(path)
            contact = chosen.get(path)
            # What is neither an object nor the room (a ghost, say) holds things, but is no level of the tree.
            path = None if contact is None or contact.parent in room or contact.parent not in paths else contact.parent
        base = 0 if path is None else level[path]
        for step, member in enumerate(reversed(trail), start=1):
            level[member] = base + step
    return level


def _grounds(frame: Frame, chosen: dict[str, Contact], settings: GraphSettings) -> dict[str, str | None]:
    boxes = np.array([item.aabb_world for item in frame.objects]).reshape(-1, 2, 3)
    is_thin = comparable(boxes[:, 1, 2] - boxes[:, 0, 2]) <= settings.thin_height
    thin = {frame.objects[row].path for row in np.flatnonzero(is_thin).tolist()}
    ground: dict[str, str | None] = {}
    for item in frame.objects:
        contact = chosen.get(item.path)
        while contact is not None and contact.kind is ContactKind.SUPPORT and contact.parent in thin:
            contact = chosen.get(contact.parent)
        ground[item.path] = None if contact is None else contact.parent
    return ground
