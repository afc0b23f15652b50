"""Turn the documentation that assets bring along into entries of the label database."""

from __future__ import annotations

from scenecap.stage.assets import asset_doc, asset_identity, content_hash
from scenecap.stage.attach import prim_to_label
from scenecap.stage.label_database import EntrySource, LabelEntry
from scenecap.stage.model import Discovery, Role
from scenecap.stage.open import OpenStage


def doc_entries(open_stage: OpenStage, discovery: Discovery) -> tuple[LabelEntry, ...]:
    """Return one entry for each asset among the objects that has ``doc`` metadata: its caption, made for its content.

    Args:
        open_stage: The stage.
        discovery: Its objects.
    """
    found: dict[str, LabelEntry] = {}
    for entity in discovery.entities:
        prim = prim_to_label(open_stage.stage, entity.path) if entity.role is Role.OBJECT else None
        doc = asset_doc(prim) if prim else None
        if prim and doc:
            identifier, file = asset_identity(prim, entity.path, open_stage)
            entry = LabelEntry(identifier, caption=doc, source=EntrySource.DOC, content_hash=content_hash(file))
            found.setdefault(identifier, entry)
    return tuple(found[identifier] for identifier in sorted(found))
