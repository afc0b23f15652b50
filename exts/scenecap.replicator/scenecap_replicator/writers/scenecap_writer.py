"""Scenecap's own writer, for any render products."""

from __future__ import annotations

from scenecap.output.settings import Layout
from scenecap_replicator.writers.base import SceneWriter
from scenecap_replicator.writers.config_keys import Flavour


class ScenecapWriter(SceneWriter):
    """Scene graphs and captions of whatever it is attached to.

    ``config`` is a file or a mapping with the keys of ``scenecap run``; the same keys may be given flat. The tree is the
    ``standalone`` one (with ``frame_<n>`` folders) unless ``layout`` says otherwise; annotator outputs go to ``replicator/``.
    """

    FLAVOUR = Flavour(name="ScenecapWriter", layout=Layout.STANDALONE)
