"""Settings of objects and their labels. ``docs/labels.md`` explains them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scenecap.stage.name_words import VENDOR_WORDS
from scenecap.text import clean_text

#: The longest text in a map of labels: hostile config files exist too [characters].
_MAX_GLOB = 1000


class LabelStyle(str, enum.Enum):
    """How a name becomes a label."""

    CLEAN = "clean"
    BASENAME = "basename"


class LabelSchema(str, enum.Enum):
    """Which USD schema labels are written with."""

    LABELS = "labels"
    LEGACY = "legacy"
    BOTH = "both"


class PartsMode(str, enum.Enum):
    """What becomes of a labelled prim below a labelled object."""

    ROLLUP = "rollup"
    KEEP = "keep"


class GhostMode(str, enum.Enum):
    """What becomes of semi-transparent objects."""

    EXCLUDE = "exclude"
    INCLUDE = "include"


class MapRole(str, enum.Enum):
    """What the user's map says that a prim is."""

    OBJECT = "object"
    GROUP = "group"
    PART = "part"
    ROOM = "room"
    IGNORE = "ignore"


def _or_text(schema: dict[str, Any]) -> None:
    """Say in the JSON schema that a rule may be a text."""
    mapping = dict(schema)
    schema.clear()
    schema["anyOf"] = [{"type": "string"}, mapping]
    schema["x-allowed"] = "a label, or group, part, room or ignore"


class LabelRule(BaseModel):
    """What the user's map says of the prims that a glob fits.

    In a file a rule may be written as the label alone, or as one of the words ``group``, ``part``, ``room``, ``ignore``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_or_text)

    label: str | None = Field(default=None, description="What it is called.")
    role: MapRole = Field(
        default=MapRole.OBJECT,
        description="object: one object with everything under it; group: its children are objects; part: belongs to what is "
        "above it; room: floor, wall or the like; ignore: nothing at all, with everything under it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if isinstance(value, str):
            word = value.strip()
            if word.lower() in (MapRole.GROUP, MapRole.PART, MapRole.ROOM, MapRole.IGNORE):
                return {"role": word.lower()}
            return {"label": word}
        return value

    @field_validator("label")
    @classmethod
    def _clean(cls, value: str | None) -> str | None:
        if value is None:
            return None
        cleaned = clean_text(value)
        if not cleaned:
            raise ValueError("a label must hold at least one visible character")
        return cleaned


class LabelSettings(BaseModel):
    """Which prims are objects, and what they are called."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attach_label_to_usd: bool = Field(
        default=True,
        description="Label the objects that have no label, by their names; off: only what is labelled on the stage, in the "
        "map or in the database is an object. The stage's files are never changed.",
    )
    label_style: LabelStyle = Field(
        default=LabelStyle.CLEAN,
        description="Labels from names: clean (SM_OfficeChair_02 -> office chair) or basename (the prim's name as it is).",
    )
    label_schema: LabelSchema = Field(
        default=LabelSchema.LABELS,
        description="Schema that labels are written with: labels (UsdSemantics.LabelsAPI), legacy (SemanticsAPI, for Isaac "
        "Sim 4) or both.",
    )
    vendor_words: tuple[str, ...] = Field(
        default=VENDOR_WORDS, description="Words that are dropped from names: vendors and data sets, not what a thing is."
    )
    labels: Mapping[str, LabelRule] = Field(
        default_factory=dict,
        description="Your own labels: a glob of prim paths (* within a name, ** across levels) -> label, group, part, room or "
        "ignore. The first glob that fits wins.",
    )
    parts: PartsMode = Field(
        default=PartsMode.ROLLUP,
        description="Labelled prims below a labelled object: rollup (they are the object) or keep (objects, with part_of).",
    )
    ghosts: GhostMode = Field(
        default=GhostMode.EXCLUDE,
        description="Objects of opacity 0.02-0.5: exclude (drawn and listed, but in no ground truth) or include.",
    )
    include_room: bool = Field(default=False, description="Make floor, walls and ceiling objects too.")
    scene_label: str | None = Field(
        default=None,
        description="What kind of place it is (kitchen); without it a label or the default prim's name may say it.",
    )
    use_ai_label: bool = Field(
        default=False, description="Take better labels, captions and attributes from the label database."
    )
    label_database: Path | None = Field(
        default=None, description="The label database, an SQLite file (scenecap labels import makes one)."
    )

    @field_validator("labels")
    @classmethod
    def _check_globs(cls, value: Mapping[str, LabelRule]) -> Mapping[str, LabelRule]:
        for glob in value:
            if not glob.startswith(("/", "*")) or len(glob) > _MAX_GLOB:
                raise ValueError(f"'{clean_text(glob)}' is not a glob of prim paths: it starts with / or *")
        return value

    @field_validator("vendor_words")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word for word in (clean_text(item).lower() for item in value) if word)

    @field_validator("scene_label")
    @classmethod
    def _clean_scene(cls, value: str | None) -> str | None:
        return (clean_text(value) or None) if value is not None else None
