"""Open the label database that a config names."""

from __future__ import annotations

import logging

from scenecap.stage.label_database import LabelDatabase
from scenecap.stage.settings import LabelSettings

_LOG = logging.getLogger(__name__)


def open_label_database(settings: LabelSettings) -> LabelDatabase | None:
    """Return the database to take labels from, or None where none is used.

    Isaac Sim's files switch ``use_ai_label`` on without naming a database, for theirs is built in; then names are used.

    Raises:
        LabelDatabaseError: It is not there or is no label database.
    """
    if not settings.use_ai_label:
        return None
    if settings.label_database is None:
        _LOG.warning("use_ai_label is on, but no label_database is given: labels come from the stage alone.")
        return None
    return LabelDatabase.open(settings.label_database)
