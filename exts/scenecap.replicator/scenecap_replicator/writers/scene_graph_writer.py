"""``SceneGraphWriter``, for the configs of NVIDIA's agent extension (IRA)."""

from __future__ import annotations

from scenecap.output.settings import Layout
from scenecap_replicator.writers.base import SceneWriter
from scenecap_replicator.writers.config_keys import Flavour


class SceneGraphWriter(SceneWriter):
    """Writes IRA's tree, and takes its parameters.

    Flat keys (IRA 1.x, Isaac Sim 6) and the nested ``caption_config`` (IRA 0.x, Isaac Sim 5) both work; the latter gives the
    file names of Isaac Sim 5. Defaults are IRA's: a graph for each frame, captions for every 1000th.
    """

    FLAVOUR = Flavour(name="SceneGraphWriter", layout=Layout.AGENT, caption_interval=1000)
