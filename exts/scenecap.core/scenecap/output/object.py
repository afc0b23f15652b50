"""The ``object`` tree, as the caption writers of NVIDIA's object extension (IRO) write it.

::

    caption/caption_pruned_json/<seed>_<camera>.json
    caption/caption_full_json/<seed>_<camera>.json
    caption_rgb/<seed>_<camera>.jpg                            the overlay
    <camera>/caption_dict/<seed>_<camera>.json
    images/<seed>_<camera>.png

``<seed>`` is the job's seed plus the frame's number, as there. That the captions lie apart from the graphs is as documented.
"""

from __future__ import annotations

from scenecap.output.documents import Documents


def object_files(documents: Documents) -> dict[str, bytes | None]:
    """Return path below the output folder -> content (None: not written)."""
    frame = documents.result.frame
    camera = documents.job.cameras.folder(frame.camera.path)
    name = f"{documents.job.seed + frame.frame_index}_{camera}"
    return {
        f"caption/caption_pruned_json/{name}.json": documents.pruned_graph,
        f"caption/caption_full_json/{name}.json": documents.full_graph,
        f"caption_rgb/{name}.jpg": documents.overlay,
        f"{camera}/caption_dict/{name}.json": documents.caption,
        f"images/{name}.png": documents.image,
    }
