"""Which annotators of Replicator a config needs. Each costs rendering time, so no other is asked for."""

from __future__ import annotations

from scenecap.replicator_format import Annotator
from scenecap.run.config import ScenecapConfig

#: What graphs and captions need, whatever is written.
_ALWAYS = ("camera_params", "bounding_box_3d", "bounding_box_2d_tight", "bounding_box_2d_loose", "instance_segmentation")


def annotators_for(config: ScenecapConfig) -> tuple[str, ...]:
    """Return Replicator's names of the annotators that a config needs."""
    output = config.output
    names = [*_ALWAYS]
    if output.save_image or output.visualize_caption or Annotator.RGB in output.annotators:
        names.append(Annotator.RGB.value)
    names.append(Annotator.DISTANCE_TO_IMAGE_PLANE.value)
    for item in (Annotator.NORMALS, Annotator.SEMANTIC_SEGMENTATION):
        if item in output.annotators:
            names.append(item.value)
    return tuple(names)
