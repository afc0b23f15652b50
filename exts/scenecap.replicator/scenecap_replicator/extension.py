"""What Kit starts and stops. Importable without Kit, where it does nothing."""

from __future__ import annotations

import logging

try:
    from omni.ext import IExt  # pyright: ignore[reportAssignmentType]
except ImportError:  # not Kit

    class IExt:
        """Stands in for Kit's base class."""


logger = logging.getLogger(__name__)


class ScenecapReplicatorExtension(IExt):
    """Registers the writers; holds nothing itself, so that Kit can let go of it."""

    def on_startup(self, ext_id: str) -> None:
        """Register the writers. No network, no numba, no stage is touched."""
        from scenecap_replicator.service import get_service

        get_service().startup()
        logger.info("%s started", ext_id)

    def on_shutdown(self) -> None:
        """Stop what runs, finish what waits, take the writers off."""
        from scenecap_replicator.service import close_service

        close_service()
