"""Find the objects of a stage, the room around them, and what is neither.

:mod:`scenecap.stage.object_rules` decides which prims are objects, :mod:`scenecap.stage.object_names` what they are called,
:mod:`scenecap.stage.room_shapes` what is floor, wall or ceiling; this module puts them together for one time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from scenecap.contract import LabelSource, LeftOut, RoomKind
from scenecap.stage.assets import AssetReference, asset_doc, asset_identity, asset_reference
from scenecap.stage.joints import Joints
from scenecap.stage.label_database import LabelDatabase
from scenecap.stage.label_text import color_label
from scenecap.stage.model import Discovery, Role, StageEntity, WalkState
from scenecap.stage.names import is_scenery, name_words, names_marker, names_surroundings, place_in, split_words
from scenecap.stage.object_names import NamedLabel, label_of
from scenecap.stage.object_rules import Candidate, ObjectRules
from scenecap.stage.object_tree import Node, build_tree
from scenecap.stage.open import OpenStage, collect_diagnostics
from scenecap.stage.room import world_points
from scenecap.stage.room_shapes import MIN_UNNAMED_FLOOR, encloses, is_ceiling, is_floor, is_under_all, is_wall, room_noun
from scenecap.stage.settings import GhostMode, LabelSettings, MapRole
from scenecap.stage.walk import StageWalk, fold_left_out

#: Under this opacity nothing is seen.
MIN_OPACITY = 0.02
#: Up to this opacity a thing is a ghost: a marker of something, not the thing.
MAX_GHOST_OPACITY = 0.5
#: Stages hold opacity as 32-bit floats, in which 0.02 is a little less.
_OPACITY_SLACK = 1e-6

_ROOM_LABELS = {
    RoomKind.FLOOR: "floor",
    RoomKind.WALL: "wall",
    RoomKind.CEILING: "ceiling",
    RoomKind.OTHER: "room",
}


def discover_objects(
    open_stage: OpenStage,
    walk: StageWalk,
    *,
    state: WalkState,
    bounds_world: np.ndarray,
    opacity: np.ndarray,
    settings: LabelSettings,
    database: LabelDatabase | None = None,
) -> Discovery:
    """Find the objects, the room and the ghosts of a stage.

    Their shapes are judged at one time; what is only visible at other times is found too. What the walk and its state left
    out is said there and not repeated in :attr:`Discovery.left_out`.

    Args:
        open_stage: The stage.
        walk: Its drawn gprims (G of them).
        state: Where they are.
        bounds_world: (G, 2, 3) float64 [m], nan where a gprim is empty.
        opacity: (G,) float64 in 0..1.
        settings: What is an object and what it is called.
        database: The label database, read where ``use_ai_label`` is on.
    """
    with collect_diagnostics() as notes:
        run = _Discovery(open_stage, walk, state, np.asarray(bounds_world), np.asarray(opacity), settings, database)
        found = run.result()
    for note in notes:
        open_stage.add_problem(note)
    return found


@dataclass(eq=False)
class _Item:
    """A candidate at one time."""

    candidate: Candidate
    named: NamedLabel
    rows: np.ndarray
    box: np.ndarray
    role: Role = Role.OBJECT
    room_kind: RoomKind | None = None
    is_marker: bool = False
    identity: str = ""
    caption: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    attribute_sources: dict[str, str] = field(default_factory=dict)


class _Discovery:
    """One discovery's bookkeeping."""

    def __init__(
        self,
        open_stage: OpenStage,
        walk: StageWalk,
        state: WalkState,
        bounds_world: np.ndarray,
        opacity: np.ndarray,
        settings: LabelSettings,
        database: LabelDatabase | None,
    ) -> None:
        self.open_stage, self.walk, self.state = open_stage, walk, state
        self.bounds, self.opacity = bounds_world, opacity
        self.settings = settings
        self.database = database if settings.use_ai_label else None
        self.left_out: list[LeftOut] = []
        self._references: dict[str, AssetReference | None] = {}
        filled = np.asarray(np.isfinite(bounds_world).all(axis=(1, 2)))
        # What is hidden at this time may be seen at another.
        self.seen = (opacity >= MIN_OPACITY - _OPACITY_SLACK) & (filled if not walk.is_animated else filled | ~state.drawn)
        self.seen &= state.drawn | walk.is_animated
        self._note_unseen(filled)
        self.joints = Joints(open_stage.stage)
        default = open_stage.stage.GetDefaultPrim()
        self.default_prim = str(default.GetPath()) if default else ""
        self.default_name = Node(self.default_prim, default).name if default else ""

    def result(self) -> Discovery:
        rules = ObjectRules(
            build_tree(self.open_stage.stage, self.walk.gprims),
            settings=self.settings,
            joints=self.joints,
            default_prim=self.default_prim,
            reference_of=lambda node: self._reference(node),
            shows_room=self._shows_room,
            time_code=self.state.time_code,
        )
        items = [item for candidate in rules.run() if (item := self._item(candidate)) is not None]
        explanations = rules.explanations
        for node, reason in rules.ignored:
            self.left_out.append(LeftOut(path=node.path, reason=reason, code="ignored"))
        self._classify(items)
        kept = self._leave_out(items, explanations)
        kept.sort(key=lambda item: item.candidate.node.path)
        owner = np.full(len(self.walk.gprims), -1, dtype=np.int32)
        for index, item in enumerate(kept):
            owner[item.rows] = index
            explanations[item.candidate.node.path] = self._explain(item)
        known = {item.candidate.node.path for item in kept}
        entities = tuple(self._entity(item, known) for item in kept)
        left_out = tuple(sorted(dict.fromkeys(self.left_out), key=lambda item: (item.path, item.code)))
        setting = self.settings.scene_label or rules.place or place_in(self.default_name)
        return Discovery(entities, owner, left_out, setting, dict(sorted(explanations.items())))

    # -- what is seen ------------------------------------------------------------------------------------------------------

    def _note_unseen(self, filled: np.ndarray) -> None:
        paths = [gprim.path for gprim in self.walk.gprims]
        unseen = {paths[row]: "transparent" for row in np.flatnonzero(self.state.drawn & filled & ~self.seen)}
        unseen.update({paths[row]: "empty" for row in np.flatnonzero(self.state.drawn & ~filled)})
        if unseen:
            self.left_out.extend(fold_left_out(unseen, paths))

    def _item(self, candidate: Candidate) -> _Item | None:
        rows = np.array(candidate.rows, dtype=np.int64)
        rows = rows[self.seen[rows]]
        if not len(rows):
            return None  # said already, by the walk or above: invisible, transparent, empty or misplaced
        boxes = self.bounds[rows]
        boxes = boxes[np.isfinite(boxes).all(axis=(1, 2))]
        box = np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)]) if len(boxes) else np.full((2, 3), np.nan)
        node = candidate.node
        identity, file = asset_identity(node.prim, node.path, self.open_stage)
        facts = self.database.find(identity, file=file) if self.database is not None else None
        chains = self.joints.chains(node.path) if candidate.number == 4 else (0, 0)
        named = label_of(
            candidate,
            settings=self.settings,
            reference=self._reference(node),
            database_label=facts.label if facts is not None else None,
            chains=chains,
            size=box[1] - box[0],
        )
        item = _Item(candidate, named, rows, box, identity=identity)
        if self.settings.use_ai_label:
            item.caption = (facts.caption if facts is not None else None) or asset_doc(node.prim)
        color = color_label(candidate.labels)
        for source, facts_of in (
            ("database", facts.attributes if facts is not None else {}),
            ("label", {"color": color} if color else {}),
            ("parent", {"color": candidate.color} if candidate.color else {}),
        ):
            for kind, value in facts_of.items():
                if kind not in item.attributes:
                    item.attributes[kind], item.attribute_sources[kind] = value, source
        return item

    # -- room, ghosts ------------------------------------------------------------------------------------------------------

    def _classify(self, items: Sequence[_Item]) -> None:
        nouns = [self._room_noun(item) for item in items]
        boxes = [item.box for item, noun in zip(items, nouns, strict=True) if noun is None and np.isfinite(item.box).all()]
        things = np.array(boxes).reshape(-1, 2, 3)
        for item, noun in zip(items, nouns, strict=True):
            if noun is None and self._is_around(item, things):
                item.role, item.room_kind = Role.ROOM, RoomKind.OTHER
                continue
            if noun is None and self._is_bare_ground(item, things):
                noun = RoomKind.FLOOR
            forced = item.candidate.map_rule is not None and item.candidate.map_rule.role is MapRole.ROOM
            kind = self._room_kind(item, noun, things) if noun is not None else None
            if forced:
                kind = kind or noun or RoomKind.OTHER
            if kind is not None:
                item.role, item.room_kind = Role.ROOM, kind
                if item.named.source not in (LabelSource.AUTHORED, LabelSource.MAP, LabelSource.DATABASE):
                    item.named = NamedLabel(_ROOM_LABELS[kind], item.named.source)
        solid = {item.named.text for item in items if item.role is Role.OBJECT and not self._is_ghostly(item)}
        for item in items:
            if item.role is Role.OBJECT and self._is_marker(item):
                item.role, item.is_marker = Role.GHOST, True
                continue
            if item.role is Role.ROOM or not self._is_ghostly(item) or self.settings.ghosts is GhostMode.INCLUDE:
                continue
            # A person who labelled a glass wants the glass; a labelled marker of a solid thing stays a marker.
            wanted = item.named.source is LabelSource.MAP
            wanted = wanted or (item.named.source is LabelSource.AUTHORED and item.named.text not in solid)
            if not wanted:
                item.role = Role.GHOST

    def _is_marker(self, item: _Item) -> bool:
        candidate = item.candidate
        if candidate.has_own_label or item.named.source is LabelSource.DATABASE or candidate.map_rule is not None:
            return False
        kinds = [self.walk.gprims[row].prim.GetTypeName() for row in item.rows]
        return names_marker(split_words(candidate.node.name), single_shape=len(kinds) == 1 and kinds[0] != "Mesh")

    def _is_ghostly(self, item: _Item) -> bool:
        return bool((self.opacity[item.rows] <= MAX_GHOST_OPACITY + _OPACITY_SLACK).all())

    def _room_noun(self, item: _Item) -> RoomKind | None:
        node = item.candidate.node
        if item.candidate.map_rule is not None and item.candidate.map_rule.role is MapRole.OBJECT:
            return room_noun(split_words(item.named.text)) if item.candidate.map_rule.label else None
        return room_noun(split_words(item.named.text)) or room_noun(name_words(node.name, vendor_words=()))

    def _room_kind(self, item: _Item, noun: RoomKind, things: np.ndarray) -> RoomKind | None:
        if noun is RoomKind.FLOOR:
            return noun if is_floor(item.box, things) else None
        if noun is RoomKind.CEILING:
            return noun if is_ceiling(item.box, things) else None
        if encloses(item.box, things):
            return RoomKind.WALL
        if item.box[1, 2] - item.box[0, 2] < 1.0:
            return None
        points = [self._points(int(row)) for row in item.rows if self.state.drawn[row]]
        if is_wall(self._all_points(item)) or (points and all(is_wall(part) for part in points)):
            return RoomKind.WALL
        return None

    def _all_points(self, item: _Item) -> np.ndarray:
        points = [self._points(int(row)) for row in item.rows if self.state.drawn[row]]
        return np.concatenate(points) if points else np.zeros((0, 3))

    def _is_around(self, item: _Item, things: np.ndarray) -> bool:
        """Return whether it is the building, or the sky: it is called so, and the other things are in it."""
        if item.candidate.has_own_label and item.candidate.map_rule is not None:
            return False
        others = things[(things != item.box).any(axis=(1, 2))]
        words = split_words(item.named.text)
        if is_scenery(words):
            return is_wall(self._all_points(item))
        return names_surroundings(words) and encloses(item.box, others)

    def _is_bare_ground(self, item: _Item, things: np.ndarray) -> bool:
        """Return whether it is a wide unnamed plane that all other things are over."""
        if item.named.source is not LabelSource.RULE or len(item.rows) != 1 or not np.isfinite(item.box).all():
            return False
        others = things[(things != item.box).any(axis=(1, 2))]
        return min(item.box[1, :2] - item.box[0, :2]) >= MIN_UNNAMED_FLOOR and is_under_all(item.box, others)

    def _points(self, row: int) -> np.ndarray:
        return world_points(self.walk.gprims[row].prim, self.state.local_to_world[row], self.state.time_code)

    def _shows_room(self, node: Node) -> bool:
        """Return whether a gprim below an Xform is a floor, wall or ceiling, so that the Xform is a room and not a thing."""
        noun = room_noun(name_words(node.name, vendor_words=()))
        rows = [row for row in node.rows if self.seen[row] and np.isfinite(self.bounds[row]).all()]
        if noun is None or not rows:
            return False
        if noun is RoomKind.WALL:
            return is_wall(self._points(rows[0]))
        box = self.bounds[rows[0]]
        size = box[1] - box[0]
        return bool(min(size[:2]) >= 1.0 and size[2] <= 0.15 * min(size[:2]))

    # -- what is left ------------------------------------------------------------------------------------------------------

    def _leave_out(self, items: Sequence[_Item], explanations: dict[str, str]) -> list[_Item]:
        kept: list[_Item] = []
        own = (LabelSource.AUTHORED, LabelSource.MAP, LabelSource.DATABASE)
        for item in items:
            path = item.candidate.node.path
            if item.is_marker:
                self._note(path, "marker", "it is a marker by its name: a helper of a simulation or editor, not a thing")
            elif item.role is Role.GHOST:
                self._note(path, "ghost", f"it is a ghost: its opacity is at most {MAX_GHOST_OPACITY:g}")
            elif item.role is Role.ROOM:
                if self.settings.include_room:
                    item.role = Role.OBJECT
                else:
                    assert item.room_kind is not None
                    self._note(path, "room", f"it is the room: {_ROOM_LABELS[item.room_kind]} by name and shape")
            elif not self.settings.attach_label_to_usd and item.named.source not in own:
                self._note(path, "unlabelled", "it has no label, and attach_label_to_usd is off")
                explanations[path] = f"{explanations.get(path, '')}; unlabelled".lstrip("; ")
                continue
            kept.append(item)
        return kept

    def _note(self, path: str, code: str, reason: str) -> None:
        self.left_out.append(LeftOut(path=path, reason=reason, code=code))

    def _explain(self, item: _Item) -> str:
        what = item.role.value
        if item.role is Role.ROOM and item.room_kind is not None:
            what = f"room ({_ROOM_LABELS[item.room_kind]})"
        source = item.named.source.value.replace("_", " ")
        return f"{what} '{item.named.text}' (label from: {source}); rule {item.candidate.number}: {item.candidate.rule}"

    def _entity(self, item: _Item, known: set[str]) -> StageEntity:
        candidate = item.candidate
        whole = candidate.part_of.node.path if candidate.part_of is not None else None
        return StageEntity(
            path=candidate.node.path,
            role=item.role,
            label=item.named.text,
            label_source=item.named.source,
            rule=f"rule {candidate.number}: {candidate.rule}",
            labels=dict(candidate.labels),
            attributes=item.attributes,
            attribute_sources=item.attribute_sources,
            caption=item.caption,
            room_kind=item.room_kind if item.role is Role.ROOM else None,
            part_of=whole if whole in known else None,
            identity=item.identity,
        )

    def _reference(self, node: Node) -> AssetReference | None:
        if node.path not in self._references:
            self._references[node.path] = asset_reference(node.prim, self.open_stage)
        return self._references[node.path]
