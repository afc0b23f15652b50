"""Replicator's semantic filter: one for the whole application, so whoever sets it puts back what was there."""

from __future__ import annotations

import logging
from typing import Any

from scenecap_replicator import compat

logger = logging.getLogger(__name__)


class SemanticFilter:
    """Replicator's global semantic filter, put back afterwards."""

    def __init__(self, before: str | None) -> None:
        self._before = before

    @classmethod
    def set(cls, predicate: str) -> SemanticFilter:
        """Set the filter and remember what it was."""
        data = _synthetic_data()
        if data is None:
            logger.warning("semantic_filter_predicate: omni.syntheticdata is not there; the filter stays as it is.")
            return cls(None)
        get = getattr(data, "get_instance_mapping_semantic_filter", None)
        before = get() if callable(get) else None
        data.set_instance_mapping_semantic_filter(predicate)
        return cls(str(before) if before else "*:*")

    def restore(self) -> None:
        """Put back what was there."""
        data = _synthetic_data()
        if data is not None and self._before is not None:
            data.set_instance_mapping_semantic_filter(self._before)


def _synthetic_data() -> Any | None:
    module = compat.find("omni.syntheticdata")
    return None if module is None else module.SyntheticData.Get()
