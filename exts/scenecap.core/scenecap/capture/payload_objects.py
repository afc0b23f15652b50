"""Which labelled prims of a recorded dataset are objects, what they are called, and which are the room.

The rules are the stage's, as far as rows of labels and boxes can tell: the outermost labelled prim is the object, the user's
map applies, and floor, walls and ceiling need both the name and the shape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scenecap.capture.payload import BoxRow, Labels
from scenecap.contract import LabelSource, LeftOut, RoomKind
from scenecap.stage.label_map import LabelMap
from scenecap.stage.label_text import color_label, label_from_authored, naming_label
from scenecap.stage.names import color_of_group, split_words
from scenecap.stage.room_shapes import encloses, is_ceiling, is_floor, is_wall, room_noun
from scenecap.stage.settings import LabelRule, LabelSettings, LabelStyle, MapRole, PartsMode
from scenecap.text import clean_text


@dataclass(frozen=True)
class NamedPrim:
    """A labelled prim that is an object or the room.

    Attributes:
        path: Prim path.
        label: What to call it.
        source: Where the label came from.
        labels: Its own labels, without those it inherited.
        attributes: Known facts.
        attribute_sources: Where they came from.
        part_of: The object it is a part of (``parts: keep``).
        forced_room: The user's map says that it is the room.
    """

    path: str
    label: str
    source: LabelSource
    labels: Labels
    attributes: Mapping[str, str] = field(default_factory=dict)
    attribute_sources: Mapping[str, str] = field(default_factory=dict)
    part_of: str | None = None
    forced_room: bool = False


def ancestors(path: str) -> list[str]:
    """Return the paths above a prim, the nearest first."""
    result = []
    while path := path.rpartition("/")[0]:
        result.append(path)
    return result


def find_objects(rows: Iterable[BoxRow], settings: LabelSettings) -> tuple[tuple[NamedPrim, ...], tuple[LeftOut, ...]]:
    """Return the prims that are objects or the room, sorted by path, and what is neither.

    Args:
        rows: Rows of ``bounding_box_3d``: one per labelled prim.
        settings: The user's map, label style, parts.
    """
    labels = {row.path: row.labels for row in rows}
    label_map = LabelMap(settings.labels)
    rules = {path: found[1] for path in labels if (found := label_map.find(path)) is not None}
    named = {path for path in labels if labels[path] or (path in rules and rules[path].label)}
    scenes = {path for path in named if path.count("/") == 1 and sum(other.startswith(path + "/") for other in named) > 1}
    objects: dict[str, NamedPrim] = {}
    left_out = []
    for path in sorted(labels):
        above = [parent for parent in ancestors(path) if parent in objects]
        role = rules[path].role if path in rules else None
        reason = _no_object(path, label_map, role, path in named, path in scenes, above, settings)
        if reason is not None:
            left_out.append(reason)
            continue
        inherited = [labels[parent] for parent in ancestors(path) if parent in labels]
        part_of = above[-1] if above else None
        objects[path] = _named(path, _own_labels(labels[path], inherited), rules.get(path), part_of, settings)
    return tuple(objects.values()), tuple(left_out)


def room_kinds(prims: Sequence[NamedPrim], corners: np.ndarray, settings: LabelSettings) -> list[RoomKind | None]:
    """Return which prims are the room; None for objects.

    Args:
        prims: The prims.
        corners: (N, 8, 3) corners of their boxes in world [m].
        settings: ``include_room``.
    """
    nouns = [room_noun(split_words(prim.label)) for prim in prims]
    aabbs = np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)
    things = aabbs[[index for index, noun in enumerate(nouns) if noun is None]].reshape(-1, 2, 3)
    kinds: list[RoomKind | None] = []
    for prim, noun, box, points in zip(prims, nouns, aabbs, corners, strict=True):
        kind = None if noun is None or settings.include_room else _room_kind(noun, box, points, things)
        kinds.append(kind or noun or RoomKind.OTHER if prim.forced_room else kind)
    return kinds


def _no_object(
    path: str,
    label_map: LabelMap,
    role: MapRole | None,
    named: bool,
    scene: bool,
    above: Sequence[str],
    settings: LabelSettings,
) -> LeftOut | None:
    """Return why a prim is no object, or None."""
    for item in (path, *ancestors(path)):
        found = label_map.find(item)
        if found is not None and found[1].role is MapRole.IGNORE:
            return LeftOut(path, f"the map's {found[0]} says ignore", "ignored")
    if role is MapRole.GROUP:
        return LeftOut(path, "the map says that it is a group", "group")
    if not named:
        return LeftOut(path, "it has no label", "unlabelled")
    if above and (role is MapRole.PART or (role is None and settings.parts is PartsMode.ROLLUP)):
        return LeftOut(path, f"it is a part of {above[0]}", "part")
    if scene and role is None:
        return LeftOut(path, "it holds several labelled objects: it is the scene", "group")
    return None


def _own_labels(labels: Labels, inherited: Sequence[Labels]) -> dict[str, tuple[str, ...]]:
    """Return a label set without what it inherited: Replicator's sets gather those of all ancestors."""
    own = {}
    for kind, values in labels.items():
        from_above = {label for above in inherited for label in above.get(kind, ())}
        own[kind] = tuple(label for label in values if label not in from_above) or tuple(values)
    return own


def _named(path: str, labels: Labels, rule: LabelRule | None, part_of: str | None, settings: LabelSettings) -> NamedPrim:
    name = path.rpartition("/")[2]
    # Labels of one type are joined in alphabetical order: the one that the prim is named after comes first here.
    ordered = {
        kind: tuple(sorted(values, key=lambda value: value.lower() not in name.lower())) for kind, values in labels.items()
    }
    authored = naming_label(ordered)
    mapped = None if rule is None else rule.label
    if authored is None and mapped is not None:
        text, source = mapped, LabelSource.MAP
    elif authored is None:
        text, source = next(iter(ordered.values()))[0], LabelSource.AUTHORED
    elif settings.label_style is LabelStyle.BASENAME:
        text, source = authored, LabelSource.AUTHORED
    else:
        text, source = label_from_authored(authored, prim_name=name, vendor_words=settings.vendor_words), LabelSource.AUTHORED
    color = color_label(labels)
    origin = "label"
    if color is None and len(above := ancestors(path)) > 1:
        color, origin = color_of_group(above[0].rpartition("/")[2]), "parent"
    return NamedPrim(
        path=path,
        label=clean_text(text),
        source=source,
        labels=labels,
        attributes={"color": color} if color else {},
        attribute_sources={"color": origin} if color else {},
        part_of=part_of,
        forced_room=rule is not None and rule.role is MapRole.ROOM,
    )


def _room_kind(noun: RoomKind, box: np.ndarray, points: np.ndarray, things: np.ndarray) -> RoomKind | None:
    if noun is RoomKind.FLOOR:
        return noun if is_floor(box, things) else None
    if noun is RoomKind.CEILING:
        return noun if is_ceiling(box, things) else None
    return RoomKind.WALL if encloses(box, things) or is_wall(points) else None
