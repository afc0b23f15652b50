"""What a stage holds, without capturing it: cameras, objects, where labels come from, what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scenecap.capture.world import Moment, StageWorld
from scenecap.contract import LeftOut, ObservedObject
from scenecap.errors import UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.label_source import open_label_database
from scenecap.stage.cameras import CameraInfo, list_cameras
from scenecap.stage.label_database import EntrySource, LabelEntry
from scenecap.stage.label_docs import doc_entries
from scenecap.stage.model import Discovery, Role, StageEntity
from scenecap.stage.open import OpenStage, open_stage
from scenecap.text import nearest


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was found.

    Attributes:
        opened: The stage.
        cameras: Its cameras, those that cannot be captured too.
        discovery: Objects, room, ghosts, and what is left out.
        moment: Where they are at the stage's first time.
        world: The stage apart from any camera.
    """

    opened: OpenStage
    cameras: tuple[CameraInfo, ...]
    discovery: Discovery
    moment: Moment
    world: StageWorld

    def entities(self, role: Role) -> tuple[StageEntity, ...]:
        """Return the entities with a role, by path."""
        return tuple(entity for entity in self.discovery.entities if entity.role is role)

    @property
    def objects(self) -> Mapping[str, ObservedObject]:
        """Objects by path, with their boxes."""
        return {item.path: item for item in self.moment.objects}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What is no object, without the room and the ghosts, which have lists of their own."""
        return tuple(item for item in self.moment.left_out if item.code not in ("room", "ghost"))

    def explain(self, path: str) -> str:
        """Return why a prim became what it is.

        Raises:
            UsageError: There is no such prim; names the nearest one.
        """
        known = self.discovery.explanations
        if path in known:
            return known[path]
        owner = self._owner_of(path)
        if owner is not None:
            return f"part of {owner}: {known.get(owner, 'an object')}"
        for item in self.moment.left_out:
            if path == item.path or path.startswith(item.path.rstrip("/") + "/"):
                where = "" if path == item.path else f", as all of {item.path}"
                return f"left out{where}: {item.reason}"
        if self.opened.stage.GetPrimAtPath(path) if path.startswith("/") else None:
            return "nothing that is drawn: neither an object nor part of one"
        hint = nearest(path, tuple(known))
        raise UsageError(f"{path}: there is no such prim.", remedy=f"Did you mean {hint}?" if hint else "")

    def label_entries(self) -> list[LabelEntry]:
        """Return one entry for each asset, with the label and facts it has now: a table to improve by hand.

        What assets say of themselves (``doc`` metadata) is an entry of its own.
        """
        entries: dict[str, LabelEntry] = {}
        for entity in self.discovery.entities:
            if entity.identity and entity.role is Role.OBJECT and entity.identity not in entries:
                entries[entity.identity] = LabelEntry(
                    identifier=entity.identity,
                    label=entity.label,
                    caption=entity.caption,
                    attributes=dict(entity.attributes),
                    source=EntrySource.PERSON,
                )
        return [*entries.values(), *doc_entries(self.opened, self.discovery)]

    def _owner_of(self, path: str) -> str | None:
        for gprim, owner in zip(self.world.walk.gprims, self.discovery.owner, strict=True):
            if owner >= 0 and (gprim.path == path or gprim.path.startswith(path.rstrip("/") + "/")):
                entity = self.discovery.entities[owner]
                if path.startswith(entity.path + "/"):
                    return entity.path
        return None

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON."""
        objects = self.objects
        return {
            "scene": self.opened.name,
            "up_axis": self.opened.up_axis,
            "meters_per_unit": self.opened.meters_per_unit,
            "time_codes": [self.opened.start, self.opened.end],
            "setting": self.discovery.setting,
            "cameras": [
                {"path": item.path, "usable": not item.unsupported, "reason": item.unsupported, "animated": item.animated}
                for item in self.cameras
            ],
            "objects": [_entity_json(item, objects.get(item.path)) for item in self.entities(Role.OBJECT)],
            "room": [
                {**_entity_json(item, None), "kind": item.room_kind.value if item.room_kind else None}
                for item in self.entities(Role.ROOM)
            ],
            "ghosts": [_entity_json(item, None) for item in self.entities(Role.GHOST)],
            "left_out": [{"path": item.path, "code": item.code, "reason": item.reason} for item in self.left_out],
            "problems": list(self.opened.problems),
        }


def inspect_stage(config: ScenecapConfig) -> Inspection:
    """Open a stage and find out what is in it.

    Args:
        config: ``scene_path`` and the settings of labels and capture.

    Raises:
        StageError: The file is not there or is not USD.
        LabelDatabaseError: The label database cannot be read.
    """
    opened = open_stage(str(config.job.scene_path))
    world = StageWorld(opened, config.capture, config.labels, open_label_database(config.labels))
    return Inspection(opened, tuple(list_cameras(opened)), world.discovery, world.at(opened.start), world)


def _entity_json(entity: StageEntity, observed: ObservedObject | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "path": entity.path,
        "label": entity.label,
        "label_source": entity.label_source.value,
        "rule": entity.rule,
        "authored_labels": {name: list(values) for name, values in entity.labels.items()},
        "attributes": dict(entity.attributes),
        "caption": entity.caption,
        "part_of": entity.part_of,
        "identity": entity.identity,
    }
    if observed is not None:
        document["center_m"] = _rounded(observed.center_world)
        document["size_m"] = _rounded(observed.size_world)
    return document


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
