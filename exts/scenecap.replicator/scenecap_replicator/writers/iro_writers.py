"""The caption writers of NVIDIA's object extension (IRO)."""

from __future__ import annotations

from scenecap.output.settings import Layout
from scenecap_replicator.writers.base import SceneWriter
from scenecap_replicator.writers.config_keys import Flavour


class IROSceneGraphWriter(SceneWriter):
    """Graphs and captions named ``<seed>_<camera>``, with pictures and depth where ``output_switches`` ask; no labels."""

    FLAVOUR = Flavour(
        name="IROSceneGraphWriter",
        layout=Layout.OBJECT,
        defaults={"camera_dir": "name", "save_image": False},
        labels=False,
    )


class CombinedIROSceneGraphWriter(SceneWriter):
    """The same with IRO's own outputs beside it: pictures, labels (boxes), depth, as ``output_switches`` say."""

    FLAVOUR = Flavour(name="CombinedIROSceneGraphWriter", layout=Layout.OBJECT, defaults={"camera_dir": "name"})
