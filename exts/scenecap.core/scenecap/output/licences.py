"""``licences.json`` at the root of a dataset: what each scene's files say of their licences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scenecap.contract import FORMAT_VERSION, SceneLicences
from scenecap.output.canonical import content_hash

LICENCES_NAME = "licences.json"


@dataclass(frozen=True, kw_only=True)
class LicensedScene:
    """A scene of a run.

    Attributes:
        name: Its name.
        identity: What it is by its content (:func:`scenecap.output.dataset.scene_identity.identity_of`).
        stated: What a person states of its licence, or "".
        licences: What its files say; None where they were not asked.
    """

    name: str
    identity: str
    stated: str = ""
    licences: SceneLicences | None = None


def licences_document(scenes: Iterable[LicensedScene]) -> dict[str, Any]:
    """Return the file as a document for :func:`scenecap.output.canonical.dumps`. Each text is there once.

    Args:
        scenes: All scenes of a run; of those with the same identity and name, the first counts.
    """
    texts: dict[str, str] = {}
    items: dict[tuple[str, str], Mapping[str, Any]] = {}
    for scene in scenes:
        known = scene.licences or SceneLicences()
        found = []
        for item in known.found:
            key = content_hash(item.text.encode("utf-8", "replace"))[:16]
            texts[key] = item.text
            found.append(
                {
                    "name": item.name,
                    "source": item.source,
                    "files": item.files,
                    "examples": list(item.examples),
                    "text": key,
                }
            )
        value = {
            "scene": scene.name,
            "identity": scene.identity,
            "stated": scene.stated or None,
            "licences": found,
            "unknown": {"files": known.unknown, "examples": list(known.unknown_examples)},
        }
        items.setdefault((scene.identity, scene.name), value)
    return {
        "meta": {"kind": "licences", "format_version": FORMAT_VERSION},
        "scenes": list(items.values()),
        "texts": dict(sorted(texts.items())),
    }
