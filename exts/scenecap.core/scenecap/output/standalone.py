"""IRC's ``standalone`` tree, as its panel and API write it.

::

    <camera>/Captions/full_scene_graph.json, pruned_scene_graph.json, scene_graph_caption.json, vis_camera_scene_graph.jpg
    <camera>/Data/object_data.json
    <camera>/Image/<camera id>.png

IRC knows single frames only. A job with several nests each under ``<camera>/frame_<n>/``.
"""

from __future__ import annotations

from scenecap.output.documents import Documents
from scenecap.output.names import camera_id


def standalone_files(documents: Documents) -> dict[str, bytes | None]:
    """Return path below the output folder -> content (None: not written)."""
    frame, settings = documents.result.frame, documents.settings
    folder = documents.job.cameras.folder(frame.camera.path)
    if documents.job.several_frames:
        folder += f"/frame_{frame.frame_index:0{settings.frame_padding}d}"
    return {
        f"{folder}/Captions/full_scene_graph.json": documents.full_graph,
        f"{folder}/Captions/pruned_scene_graph.json": documents.pruned_graph,
        f"{folder}/Captions/scene_graph_caption.json": documents.caption,
        f"{folder}/Captions/vis_camera_scene_graph.jpg": documents.overlay,
        f"{folder}/Captions/viz_camera_scene_graph.jpg": documents.overlay if settings.viz_alias else None,
        f"{folder}/Data/object_data.json": documents.object_data,
        f"{folder}/Image/{camera_id(frame.camera.path)}.png": documents.image,
    }
