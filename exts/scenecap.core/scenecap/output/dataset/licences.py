"""Read ``licences.json``, and say what licence a scene is under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scenecap.errors import DatasetError
from scenecap.output.dataset.reader import read_document
from scenecap.output.licences import LICENCES_NAME

#: What a scene's licence is called where nobody has stated one.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class LicenceNote:
    """A licence that a scene's files state: its name, where, of how many files, and the text that stands there."""

    name: str
    source: str
    files: int
    text: str


@dataclass(frozen=True)
class SceneLicence:
    """What is known of a scene's licences.

    Attributes:
        stated: What people state, "" for nothing.
        notes: What its files state.
        unknown_files: Files of which none is stated.
    """

    stated: tuple[str, ...] = ()
    notes: tuple[LicenceNote, ...] = ()
    unknown_files: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all its licences; ``unknown`` among them where some files have none that anybody states."""
        names = dict.fromkeys((*self.stated, *(note.name for note in self.notes)))
        if not names or (self.unknown_files and not self.stated):
            names[UNKNOWN] = None
        return tuple(names)


@dataclass(frozen=True)
class DatasetLicences:
    """What a dataset knows of its scenes' licences.

    Attributes:
        recorded: Whether it notes licences at all.
    """

    recorded: bool = False
    _scenes: Mapping[str, SceneLicence] = field(default_factory=dict)

    def of(self, identity: str) -> SceneLicence:
        """Return what is known of a scene, by its identity."""
        return self._scenes.get(identity, SceneLicence())


def read_licences(root: Path) -> DatasetLicences:
    """Return what a dataset knows of its scenes' licences; nothing where it notes none.

    Raises:
        DatasetError: ``licences.json`` is damaged.
    """
    if not (root / LICENCES_NAME).is_file():
        return DatasetLicences()
    raw = read_document(root, LICENCES_NAME)
    scenes: dict[str, SceneLicence] = {}
    try:
        for item in raw["scenes"]:
            scenes.setdefault(str(item["identity"]), _scene(item, raw["texts"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DatasetError(
            f"{LICENCES_NAME}: is not a list of licences ({error!r}).", remedy="Run the config again."
        ) from error
    return DatasetLicences(True, scenes)


def _scene(item: Mapping[str, Any], texts: Mapping[str, str]) -> SceneLicence:
    notes = tuple(
        LicenceNote(str(note["name"]), str(note["source"]), int(note["files"]), str(texts[note["text"]]))
        for note in item["licences"]
    )
    stated = (str(item["stated"]),) if item["stated"] else ()
    return SceneLicence(stated, notes, int(item["unknown"]["files"]))
