"""Which assets of a scene are to be asked about: each once, however many objects it makes."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scenecap.contract import LabelSource
from scenecap.run.config import ScenecapConfig
from scenecap.run.inspection import Inspection
from scenecap.stage.assets import asset_identity, asset_name, content_hash
from scenecap.stage.attach import prim_to_label
from scenecap.stage.label_database import EntrySource, LabelDatabase, prim_in_file
from scenecap.stage.model import Role, StageEntity
from scenecap.stage.selector import selects
from scenecap.stage.settings import LabelRule


class Skip(str, enum.Enum):
    """Why an asset is not asked about."""

    NOT_SELECTED = "not selected"
    LABELLED = "labelled on the stage"
    BY_PERSON = "labelled by a person"
    ANSWERED = "answered before"
    REJECTED = "turned down by a person"
    SAME = "asked about already, for another scene"
    OVER_LIMIT = "over the limit"


@dataclass(frozen=True)
class Asset:
    """An asset to be asked about.

    Attributes:
        identifier: As in the label database.
        content_hash: Of its file; "" where it has none of its own.
        path: Prim path of the object that is drawn for it.
        label: What it is called now.
        source: Where that comes from.
        objects: How many objects of the scene are this asset.
    """

    identifier: str
    content_hash: str
    path: str
    label: str
    source: LabelSource
    objects: int

    @property
    def key(self) -> tuple[str, str]:
        """What stands for the asset in all scenes: its content and the prim in it, else its identifier."""
        return (self.content_hash, prim_in_file(self.identifier)) if self.content_hash else ("", self.identifier)


@dataclass(frozen=True)
class Choice:
    """Which assets are wanted.

    Attributes:
        labelled: Those that are labelled on the stage, too.
        again: Those that a model answered or people turned down, too. What a person labelled is never asked about.
        select: Labels, or globs of labels or prim paths; all where empty.
    """

    labelled: bool = False
    again: bool = False
    select: tuple[str, ...] = ()


@dataclass
class Chosen:
    """What was chosen of a scene.

    Attributes:
        assets: To be asked about, by identifier.
        skipped: Assets that are not, by reason.
        fits: For each selector, how many objects it fits.
    """

    assets: list[Asset] = field(default_factory=list)
    skipped: Counter[Skip] = field(default_factory=Counter)
    fits: Counter[str] = field(default_factory=Counter)


def names_only(config: ScenecapConfig) -> ScenecapConfig:
    """Return a config under which labels are what the stage itself says: what a database adds is looked up apart."""
    labels = config.labels.model_copy(update={"use_ai_label": False, "attach_label_to_usd": True})
    return config.model_copy(update={"labels": labels})


def one_asset(config: ScenecapConfig, default_prim: str) -> ScenecapConfig:
    """Return a config under which a file is one asset with everything in it.

    Args:
        config: The config.
        default_prim: Path of the file's default prim.
    """
    rules = {default_prim: LabelRule.model_validate({"role": "object"}), **config.labels.labels}
    return config.model_copy(update={"labels": config.labels.model_copy(update={"labels": rules})})


def choose_assets(found: Inspection, database: LabelDatabase | None, choice: Choice) -> Chosen:
    """Choose the assets of a scene that are to be asked about.

    Args:
        found: The scene, inspected with :func:`names_only`.
        database: What is known already.
        choice: What is wanted.
    """
    chosen = Chosen()
    entities: dict[tuple[str, str], list[StageEntity]] = {}
    files: dict[tuple[str, str], tuple[Path | None, bool]] = {}
    drawn = found.objects
    for entity in found.entities(Role.OBJECT):
        for selector in choice.select:
            chosen.fits[selector] += selects(selector, entity)
        if entity.path not in drawn:
            continue
        prim = prim_to_label(found.opened.stage, entity.path) or found.opened.stage.GetPrimAtPath(entity.path)
        identifier, file = asset_identity(prim, entity.path, found.opened)
        key = (identifier, content_hash(file))
        entities.setdefault(key, []).append(entity)
        files[key] = (file, asset_name(prim) is not None)
    for key, alike in sorted(entities.items()):
        file, is_named = files[key]
        skip = _skip(alike, database, key, file, choice, is_named=is_named)
        if skip is not None:
            chosen.skipped[skip] += 1
            continue
        first = alike[0]
        chosen.assets.append(
            Asset(*key, first.path, first.label, first.label_source, len(alike)),
        )
    return chosen


def _skip(
    alike: Sequence[StageEntity],
    database: LabelDatabase | None,
    key: tuple[str, str],
    file: Path | None,
    choice: Choice,
    *,
    is_named: bool,
) -> Skip | None:
    if choice.select and not any(selects(selector, entity) for selector in choice.select for entity in alike):
        return Skip.NOT_SELECTED
    if not choice.labelled and all(_is_labelled(entity, is_named=is_named) for entity in alike):
        return Skip.LABELLED
    if database is None:
        return None
    said = [entry for entry in database.fitting(key[0], file=file) if entry.label is not None]
    if any(entry.source is EntrySource.PERSON for entry in said):
        return Skip.BY_PERSON
    if choice.again:
        return None
    if any(entry.source is EntrySource.MODEL for entry in said):
        return Skip.ANSWERED
    return Skip.REJECTED if database.is_rejected(key[0], file=file) else None


def _is_labelled(entity: StageEntity, *, is_named: bool) -> bool:
    """Return whether somebody said what an object is: names of prims and prototypes, and a shape's own, are no labels."""
    if entity.label_source is LabelSource.ASSET_INFO:
        return is_named  # else it is the name of the referenced file's prim
    return entity.label_source in (LabelSource.AUTHORED, LabelSource.MAP, LabelSource.DATABASE)
