"""The ``agent`` tree, as the SceneGraphWriter of NVIDIA's agent extension (IRA) writes it.

::

    <camera>/caption_pruned_json/scene_graph_pruned_<frame>.json
    <camera>/caption_full_json/scene_graph_full_<frame>.json
    <camera>/caption_rgb/rgb_<frame>.jpg                       the overlay
    <camera>/caption/caption_<frame>.json                      Isaac Sim 5
    <camera>/caption/scene_graph_caption_<frame>.json          Isaac Sim 6
    <camera>/depth/depth_<frame>.npy, pointcloud/pointcloud_<frame>.npy

How many digits ``<frame>`` has there is not documented; here it is ``frame_padding``.
"""

from __future__ import annotations

from scenecap.output.documents import Documents
from scenecap.output.settings import AgentVersion


def agent_files(documents: Documents) -> dict[str, bytes | None]:
    """Return path below the output folder -> content (None: not written)."""
    frame, settings = documents.result.frame, documents.settings
    folder = documents.job.cameras.folder(frame.camera.path)
    number = f"{frame.frame_index:0{settings.frame_padding}d}"
    caption = "caption" if settings.agent_version is AgentVersion.ISAAC_SIM_5 else "scene_graph_caption"
    return {
        f"{folder}/caption_pruned_json/scene_graph_pruned_{number}.json": documents.pruned_graph,
        f"{folder}/caption_full_json/scene_graph_full_{number}.json": documents.full_graph,
        f"{folder}/caption_rgb/rgb_{number}.jpg": documents.overlay,
        f"{folder}/caption/{caption}_{number}.json": documents.caption,
        f"{folder}/rgb/rgb_{number}.png": documents.image,
        f"{folder}/depth/depth_{number}.npy": documents.depth if settings.export_depth else None,
        f"{folder}/pointcloud/pointcloud_{number}.npy": documents.point_cloud if settings.export_point_cloud else None,
    }
