"""Registering the writers with Replicator, and taking them off again."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping

from omni.replicator.core import WriterRegistry

from scenecap_replicator.writers.base import SceneWriter
from scenecap_replicator.writers.config_keys import OWN_PREFIX
from scenecap_replicator.writers.iro_writers import CombinedIROSceneGraphWriter, IROSceneGraphWriter
from scenecap_replicator.writers.scene_graph_writer import SceneGraphWriter
from scenecap_replicator.writers.scenecap_writer import ScenecapWriter

logger = logging.getLogger(__name__)

#: NVIDIA's caption extension, whose names these are.
IRC_MODULE = "isaacsim.replicator.caption"

#: Ours, and those that bear IRC's names.
OWN = (ScenecapWriter,)
IRC_NAMED = (SceneGraphWriter, IROSceneGraphWriter, CombinedIROSceneGraphWriter)


def is_irc_loaded() -> bool:
    """Return whether NVIDIA's caption extension is loaded, as far as its modules tell."""
    return any(name == IRC_MODULE or name.startswith(f"{IRC_MODULE}.") for name in list(sys.modules))


def register_writers(*, irc_loaded: bool | None = None) -> tuple[str, ...]:
    """Register the writers and return the names that were taken.

    The writers that bear IRC's names are always there with a prefix of ours (``Scenecap...``), so that a script can name them
    wherever it runs; IRC's own names are taken only where IRC is not loaded.

    Args:
        irc_loaded: Whether IRC is there; found out from the loaded modules where None.
    """
    loaded = is_irc_loaded() if irc_loaded is None else irc_loaded
    classes = (*OWN, *map(_renamed, IRC_NAMED), *(() if loaded else IRC_NAMED))
    for writer in classes:
        WriterRegistry.register(writer)
    if loaded:
        logger.info("isaacsim.replicator.caption is loaded: its writers' names are left to it")
    return tuple(writer.__name__ for writer in classes)


def unregister_writers(names: Iterable[str]) -> None:
    """Take writers off the registry, and let those that are attached go of the stage.

    One that is not there is no error, and a name that another extension has taken since is left to it.
    """
    for writer in list(SceneWriter.LIVE):
        writer.release()
    remove = getattr(WriterRegistry, "unregister_writer", None) or getattr(WriterRegistry, "unregister", None)
    if remove is None:
        return
    others = _of_others()
    for name in names:
        if name in others:
            logger.debug("%s is another extension's by now", name)
            continue
        try:
            remove(name)
        except (KeyError, ValueError) as error:
            logger.debug("%s was not registered: %s", name, error)


def _of_others() -> set[str]:
    """Return the names that are registered for writers which are none of ours."""
    registered = getattr(WriterRegistry, "get_writers", dict)()
    if not isinstance(registered, Mapping):
        return set()
    return {
        str(name) for name, writer in registered.items() if isinstance(writer, type) and not issubclass(writer, SceneWriter)
    }


def _renamed(writer: type[SceneWriter]) -> type[SceneWriter]:
    return type(f"{OWN_PREFIX}{writer.__name__}", (writer,), {"__doc__": writer.__doc__, "__module__": writer.__module__})
