"""The licences of an export's scenes: numbered for COCO, listed for the card, their texts carried along."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scenecap.errors import UsageError
from scenecap.output.canonical import content_hash
from scenecap.output.dataset.licences import UNKNOWN, DatasetLicences, SceneLicence
from scenecap.text import clean_text, nearest, safe_name

#: Folder of the licences' texts in an export.
TEXTS_DIR = "licences"

#: SPDX identifier -> page of the licence, for COCO's ``url``.
URLS: Mapping[str, str] = MappingProxyType(
    {
        "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
        "BSD-2-Clause": "https://opensource.org/license/bsd-2-clause",
        "BSD-3-Clause": "https://opensource.org/license/bsd-3-clause",
        "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
        "MIT": "https://opensource.org/license/mit",
        **{
            f"CC-{kind.upper()}-{version}": f"https://creativecommons.org/licenses/{kind}/{version}/"
            for kind in ("by", "by-sa", "by-nc", "by-nd", "by-nc-sa", "by-nc-nd")
            for version in ("3.0", "4.0")
        },
    }
)


class LicenceTable:
    """What is known of the licences of the scenes that are exported.

    Args:
        known: What the dataset knows.
        stated: Scene name or glob -> licence that a person states.
    """

    def __init__(self, known: DatasetLicences, stated: Mapping[str, str]) -> None:
        self._known = known
        self._stated = {glob: clean_text(licence, limit=200) for glob, licence in stated.items()}
        self._scenes: dict[str, tuple[str, SceneLicence]] = {}
        self._numbers: dict[str, int] = {}
        #: Whether the dataset notes licences at all.
        self.recorded = known.recorded

    def check(self, scenes: tuple[str, ...]) -> None:
        """Make sure that each stated licence is some scene's.

        Raises:
            UsageError: It is none's; names the nearest.
        """
        for glob in self._stated:
            if not fnmatch.filter(scenes, glob):
                near = nearest(glob, scenes)
                hint = f"Did you mean '{near}'?" if near else f"The scenes are {', '.join(scenes[:10])}."
                raise UsageError(f"--licence: no scene is called '{glob}'.", remedy=hint)

    def add(self, scene: str, identity: str) -> int:
        """Note a scene as exported, and return the number of its licence."""
        if identity not in self._scenes:
            found = self._known.of(identity)
            stated = tuple(licence for glob, licence in self._stated.items() if fnmatch.fnmatchcase(scene, glob))
            found = SceneLicence(tuple(dict.fromkeys((*stated, *found.stated))), found.notes, found.unknown_files)
            self._scenes[identity] = (scene, found)
        name = " AND ".join(self._scenes[identity][1].names)
        return self._numbers.setdefault(name, len(self._numbers) + 1)

    @property
    def scenes(self) -> tuple[tuple[str, SceneLicence], ...]:
        """Name and licences of each exported scene, by name."""
        return tuple(sorted(self._scenes.values(), key=lambda item: item[0]))

    @property
    def names(self) -> dict[str, int]:
        """Licence -> scenes, most first."""
        counts: dict[str, int] = {}
        for _, licence in self._scenes.values():
            for name in licence.names:
                counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (item[0] == UNKNOWN, -item[1], item[0])))

    def coco(self) -> list[dict[str, Any]]:
        """Return COCO's ``licenses``."""
        return [{"id": number, "name": name, "url": URLS.get(name, "")} for name, number in self._numbers.items()]

    def write_texts(self, folder: Path) -> dict[str, str]:
        """Write each text once, and return text -> its path in the export."""
        paths: dict[str, str] = {}
        for _, licence in self.scenes:
            for note in licence.notes:
                if note.text in paths:
                    continue
                paths[note.text] = f"{TEXTS_DIR}/{safe_name(note.name, limit=60)}_{content_hash(note.text.encode())[:8]}.txt"
                target = folder / paths[note.text]
                target.parent.mkdir(exist_ok=True)
                target.write_text(note.text.rstrip() + "\n", encoding="utf-8", newline="\n")
        return paths
