"""Relations of pairs of objects, evaluated on arrays: contacts, distance words, direction words.

Every definition, its numbers and the reasons for them are in ``docs/relations.md``. A table row reads "source is <relation>
target": LEFT means that the source is to the left of the target for the viewer, FRONT that the source is nearer to the viewer.
What is ambiguous is not asserted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

import numpy as np

from scenecap.contract import CameraView, Contact, ContactKind, Evidence, ObservedObject
from scenecap.geometry import (
    comparable,
    footprint_area,
    footprint_contains,
    footprint_gap,
    footprint_overlap,
    footprint_width,
    oriented_edges,
    point_supports,
)
from scenecap.graph.model import EdgeTable, PairSource, Relation
from scenecap.graph.mst import CENTER_UNIT, integer_centers, squared_distance
from scenecap.graph.settings import GraphSettings, MstWeight

#: Pairs that are evaluated at once: enough to keep numpy busy, few enough to stay in the cache.
_CHUNK = 16_384

_CONTACT_BIT = {
    ContactKind.SUPPORT: int(Relation.ON),
    ContactKind.INSIDE: int(Relation.INSIDE),
    ContactKind.ATTACHED: int(Relation.ATTACHED),
    ContactKind.HANGING: int(Relation.HANGING),
}
_WEIGHTLESS = Relation.ON | Relation.INSIDE | Relation.SUPPORTS | Relation.CONTAINS
_EVIDENCE_INDEX = {evidence: index for index, evidence in enumerate(Evidence)}

#: Steeper than this the picture's rows say what is in front, not depth: the sine of the view's pitch (45 degrees).
_STEEP = 0.7071067811865476


class PairRelations(PairSource):
    """Evaluates the relations of any pairs of nodes.

    Args:
        objects: The nodes' objects, in order of node id.
        grounds: Per node the path of what it stands on, thin things looked through, or None.
        contacts: All contacts of the nodes.
        camera: Who looks.
        settings: The numbers.
    """

    def __init__(
        self,
        objects: Sequence[ObservedObject],
        *,
        grounds: Sequence[str | None],
        contacts: Iterable[Contact],
        camera: CameraView,
        settings: GraphSettings,
    ) -> None:
        self._settings = settings
        #: (3, 3) rows = viewer's right, forward, up in world.
        self.axes = camera.viewer_to_world
        boxes = np.array([item.aabb_world for item in objects], dtype=np.float64).reshape(-1, 2, 3)
        self._low, self._high = boxes[:, 0], boxes[:, 1]
        #: (N, 3) float64 centres of the objects' boxes in world [m].
        self.centers = (self._low + self._high) / 2
        self._integer_centers = integer_centers(boxes)
        self._footprints = np.array([item.footprint_world for item in objects], dtype=np.float64).reshape(len(objects), -1)
        self._center_supports = point_supports(self.centers[:, :2])
        #: (N,) float64 median box edges [m]: the size that distance words are measured in.
        self.sizes = self._median_edges(objects)
        self._widths = np.stack([footprint_width(self._footprints, axis[:2]) for axis in self.axes[:2]], axis=1)
        self._areas = footprint_area(self._footprints)
        self._picture = self._picture_order(objects, camera)
        #: (N,) int64 number of what each stands on; -1 for nothing.
        self.grounds = _numbered(grounds)
        self._part_of = _part_keys(objects)
        self._contact_keys, self._contact_bits, self._contact_evidence = self._index_contacts(objects, contacts)

    def evaluate(self, source: np.ndarray, target: np.ndarray) -> EdgeTable:
        """Return the relations of (E,) sources to (E,) targets, node ids in any order."""
        source = np.asarray(source, dtype=np.int32).reshape(-1)
        target = np.asarray(target, dtype=np.int32).reshape(-1)
        pieces = [
            self._evaluate(source[begin : begin + _CHUNK], target[begin : begin + _CHUNK])
            for begin in range(0, max(len(source), 1), _CHUNK)
        ]
        if len(pieces) == 1:
            return pieces[0]
        return EdgeTable(
            **{item.name: np.concatenate([getattr(piece, item.name) for piece in pieces]) for item in fields(EdgeTable)}
        )

    def contact_pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Return (C,) source and target node ids, source < target, of all pairs of nodes in contact, in order."""
        child, parent = np.divmod(self._contact_keys, max(len(self.sizes), 1))
        low, high = np.minimum(child, parent), np.maximum(child, parent)
        unique = np.unique(low * max(len(self.sizes), 1) + high)
        low, high = np.divmod(unique, max(len(self.sizes), 1))
        return low.astype(np.int32), high.astype(np.int32)

    def weighs_nothing(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Tell for (E,) pairs whether their edge weighs 0 in the spanning tree."""
        if self._settings.mst_weight is MstWeight.DISTANCE:
            return np.zeros(len(source), dtype=bool)
        return (self._contacts_of(source, target)[0] & np.uint32(_WEIGHTLESS)) != 0

    def in_contact(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Tell for (E,) pairs whether one rests on, lies in, hangs from or is attached to the other."""
        return self._contacts_of(source, target)[0] != 0

    def separate(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Tell for (E,) pairs whether they stand apart: not in contact, and neither centre in the other's footprint."""
        ground = footprint_gap(self._footprints[source], self._footprints[target])
        return ~self.in_contact(source, target) & ~self._overlaid(source, target, ground)

    def _evaluate(self, source: np.ndarray, target: np.ndarray) -> EdgeTable:
        settings = self._settings
        contact, evidence = self._contacts_of(source, target)
        offset = comparable((self.centers[source] - self.centers[target]) @ self.axes.T)
        # From whole numbers: weights must not differ between machines in their last bit, or ties would fall differently.
        center_distance = CENTER_UNIT * np.sqrt(squared_distance(self._integer_centers, source, target).astype(np.float64))
        apart, ground, vertical = self._separation(source, target)
        distance = comparable(np.maximum(apart, 0.0))
        small = np.minimum(self.sizes[source], self.sizes[target])

        free = contact == 0
        if len(self._part_of):
            free &= ~self._one_is_part(source, target)
        overlaid = self._overlaid(source, target, ground)
        clear = free & ~overlaid
        bits = contact.copy()
        touching = clear & (np.abs(apart) <= settings.touching_distance)
        next_to = clear & (distance <= comparable(settings.next_to_factor * small)) & self._on_same(source, target)
        near = free & (distance <= comparable(settings.near_factor * small))
        large = np.maximum(self.sizes[source], self.sizes[target])
        far = free & (distance > comparable(np.maximum(settings.far_factor * large, settings.far_distance)))
        for mask, relation in (
            (touching, Relation.TOUCHING),
            (next_to, Relation.NEXT_TO),
            (near, Relation.NEAR),
            (far, Relation.FAR),
        ):
            bits |= np.where(mask, np.uint32(relation), np.uint32(0))

        margin = np.zeros(len(source))
        least = np.maximum(settings.direction_offset, settings.direction_factor * small)
        words = ((Relation.LEFT, Relation.RIGHT), (Relation.FRONT, Relation.BEHIND))
        for axis, (negative, positive) in enumerate(words):
            wide = np.maximum(self._widths[source, axis], self._widths[target, axis])
            beyond = comparable(np.abs(offset[:, axis]) - np.maximum(least, settings.direction_width * wide))
            seen = comparable(self._picture[source, axis] - self._picture[target, axis])
            agrees = np.isnan(seen) | (np.sign(seen) == np.sign(offset[:, axis]))
            asserted = clear & (beyond > 0) & agrees
            word = np.where(offset[:, axis] < 0, np.uint32(negative), np.uint32(positive))
            bits |= np.where(asserted, word, np.uint32(0))
            margin = np.where(asserted, np.maximum(margin, beyond), margin)
        over = np.flatnonzero(free & (vertical > 0) & (ground < 0))
        if len(over):
            over = over[self._share_ground(source[over], target[over])]
            bits[over] |= np.where(offset[over, 2] > 0, np.uint32(Relation.ABOVE), np.uint32(Relation.BELOW))
            margin[over] = np.maximum(margin[over], vertical[over])

        hour = np.rint(np.degrees(np.arctan2(offset[:, 0], offset[:, 1])) / 30.0).astype(np.int64) % 12
        weightless = (contact & np.uint32(_WEIGHTLESS)) != 0
        if settings.mst_weight is MstWeight.DISTANCE:
            weightless = np.zeros(len(source), dtype=bool)
        return EdgeTable(
            source=source,
            target=target,
            relations=bits,
            surface_distance=distance,
            center_distance=center_distance,
            offset=offset,
            clock_hour=np.where(hour == 0, 12, hour).astype(np.int8),
            margin=comparable(margin),
            weight=np.where(weightless, 0.0, center_distance),
            evidence=evidence,
        )

    def _separation(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the signed distance of upright hulls, and its ground-plane and vertical parts [m]."""
        gaps = np.maximum(self._low[source] - self._high[target], self._low[target] - self._high[source])
        ground = footprint_gap(self._footprints[source], self._footprints[target])
        # Boxes hold the hulls, so their distance is a lower bound too; it is exact between corners of upright boxes.
        boxes = np.hypot(np.maximum(gaps[:, 0], 0.0), np.maximum(gaps[:, 1], 0.0))
        ground = comparable(np.where(ground > 0, np.maximum(ground, boxes), ground))
        vertical = comparable(gaps[:, 2])
        outside = np.hypot(np.maximum(ground, 0.0), np.maximum(vertical, 0.0))
        return np.where(outside > 0, outside, np.maximum(ground, vertical)), ground, vertical

    def _overlaid(self, source: np.ndarray, target: np.ndarray, ground: np.ndarray) -> np.ndarray:
        """Tell where the centre of one lies within the footprint of the other: no direction can be told then."""
        result = np.zeros(len(source), dtype=bool)
        meet = np.flatnonzero(ground < 0)
        one, two = source[meet], target[meet]
        result[meet] = footprint_contains(self._footprints[two], self._center_supports[one])
        result[meet] |= footprint_contains(self._footprints[one], self._center_supports[two])
        return result

    def _share_ground(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Tell where footprints overlap by the share of the smaller one that above and below need."""
        shared = footprint_overlap(self._footprints[source], self._footprints[target])
        least = np.minimum(self._areas[source], self._areas[target])
        return comparable(shared - self._settings.above_overlap * least) >= 0

    def _on_same(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Tell where both stand on the same thing; what stands on nothing, at the same height."""
        one, two = self.grounds[source], self.grounds[target]
        level = comparable(np.abs(self._low[source, 2] - self._low[target, 2])) <= self._settings.floating_height
        return (one == two) & ((one >= 0) | level)

    def _contacts_of(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (E,) uint32 contact relations and (E,) uint8 evidence of pairs."""
        bits = np.zeros(len(source), dtype=np.uint32)
        evidence = np.full(len(source), _EVIDENCE_INDEX[Evidence.BOXES], dtype=np.uint8)
        if not len(self._contact_keys):
            return bits, evidence
        count = np.int64(len(self.sizes))
        for child, parent, column in ((source, target, 0), (target, source, 1)):
            keys = child.astype(np.int64) * count + parent
            rows = np.minimum(np.searchsorted(self._contact_keys, keys), len(self._contact_keys) - 1)
            hit = self._contact_keys[rows] == keys
            bits[hit] |= self._contact_bits[rows[hit], column]
            evidence[hit] = self._contact_evidence[rows[hit]]
        return bits, evidence

    def _one_is_part(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        count = np.int64(len(self.sizes))
        keys = np.concatenate([source.astype(np.int64) * count + target, target.astype(np.int64) * count + source])
        known = np.isin(keys, self._part_of)
        return known[: len(source)] | known[len(source) :]

    @staticmethod
    def _median_edges(objects: Sequence[ObservedObject]) -> np.ndarray:
        """Median edge of the axis-aligned or the oriented box, whichever is smaller: both bound the object."""
        if not objects:
            return np.zeros(0)
        boxes = np.array([item.aabb_world for item in objects])
        locals_ = np.array([item.box_local for item in objects])
        oriented = oriented_edges(locals_, np.array([item.object_to_world for item in objects]))
        return comparable(np.minimum(np.median(boxes[:, 1] - boxes[:, 0], axis=1), np.median(oriented, axis=1)))

    @staticmethod
    def _picture_order(objects: Sequence[ObservedObject], camera: CameraView) -> np.ndarray:
        """Return (N, 2) where objects are in the picture: from left to right, and from front to back; nan where unknown."""
        order = np.full((len(objects), 2), np.nan)
        down = float(camera.camera_to_world[2, 2])  # the sine of the pitch: -forward . up
        for row, item in enumerate(objects):
            seen = item.visibility
            if seen is None:
                continue
            order[row, 0] = seen.box_tight[0] + seen.box_tight[2]
            if abs(down) > _STEEP:
                order[row, 1] = (seen.box_tight[1] + seen.box_tight[3]) * (-1.0 if down > 0 else 1.0)
            elif seen.median_depth is not None:
                order[row, 1] = seen.median_depth
        return order

    def _index_contacts(
        self, objects: Sequence[ObservedObject], contacts: Iterable[Contact]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return sorted keys child * N + parent, (K, 2) relations child -> parent and back, and (K,) evidence."""
        ids = {item.path: row for row, item in enumerate(objects)}
        table: dict[int, tuple[int, int]] = {}
        for contact in contacts:
            child, parent = ids.get(contact.child), ids.get(contact.parent)
            if child is None or parent is None:
                continue
            key = child * len(objects) + parent
            table[key] = _CONTACT_BIT[contact.kind] | table.get(key, (0, 0))[0], _EVIDENCE_INDEX[contact.evidence]
        keys = sorted(table)
        inverse = {bits: int(Relation(bits).inverse()) for bits in {bits for bits, _ in table.values()}}
        both = [(table[key][0], inverse[table[key][0]]) for key in keys]
        return (
            np.array(keys, dtype=np.int64),
            np.array(both, dtype=np.uint32).reshape(-1, 2),
            np.array([table[key][1] for key in keys], dtype=np.uint8),
        )


def _numbered(paths: Sequence[str | None]) -> np.ndarray:
    """Return a number for each path; -1 for none."""
    numbers: dict[str, int] = {}
    return np.array([-1 if path is None else numbers.setdefault(path, len(numbers)) for path in paths], dtype=np.int64)


def _part_keys(objects: Sequence[ObservedObject]) -> np.ndarray:
    """Return part * N + whole of all pairs of nodes of which one is a part of the other."""
    ids = {item.path: row for row, item in enumerate(objects)}
    pairs = [(row, ids[item.part_of]) for row, item in enumerate(objects) if item.part_of in ids and item.part_of is not None]
    return np.array([part * len(objects) + whole for part, whole in pairs], dtype=np.int64)
