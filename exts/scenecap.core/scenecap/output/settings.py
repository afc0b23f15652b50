"""Settings of what is written, where, and how."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict, Field

from scenecap.replicator_format import FRAME_PADDING, Annotator


class Layout(str, enum.Enum):
    """Which of IRC's file trees is written."""

    STANDALONE = "standalone"
    AGENT = "agent"
    OBJECT = "object"


class CameraDir(str, enum.Enum):
    """What a camera's folder is called."""

    ID = "id"
    NAME = "name"


class AgentVersion(str, enum.Enum):
    """Which release of the agent extension the ``agent`` layout follows."""

    ISAAC_SIM_5 = "5"
    ISAAC_SIM_6 = "6"


class AnnotatorTree(str, enum.Enum):
    """How the annotator outputs are arranged."""

    AUTO = "auto"
    FLAT = "flat"
    NESTED = "nested"


class OutputSettings(BaseModel):
    """What is written for each frame. The first five keys are IRC's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    save_full_scene_graph: bool = Field(True, description="Write the full scene graph.")
    save_pruned_scene_graph: bool = Field(True, description="Write the pruned scene graph.")
    visualize_caption: bool = Field(True, description="Draw boxes, labels and the pruned graph on the picture.")
    export_edges: bool = Field(
        True, description="Write the edges into the graph files; without them the files hold objects only."
    )
    export_world: bool = Field(
        True, description="Write world-space boxes and the camera's pose too; without it everything is in camera space."
    )

    layout: Layout = Field(
        Layout.STANDALONE,
        description="File tree: 'standalone' (panel and API), 'agent' (SceneGraphWriter), 'object' (object-based generation).",
    )
    camera_dir: CameraDir = Field(
        CameraDir.ID, description="A camera's folder: 'id' (its whole path, World_Cameras_Camera) or 'name' (Camera)."
    )
    agent_version: AgentVersion = Field(
        AgentVersion.ISAAC_SIM_6, description="File names of the 'agent' layout: as in Isaac Sim '5' or '6'."
    )
    viz_alias: bool = Field(
        False, description="Also write the overlay as viz_camera_scene_graph.jpg, the name that Isaac Sim 5.0 used."
    )
    save_image: bool = Field(True, description="Write the picture, where there is one.")
    save_object_data: bool = Field(True, description="Write Data/object_data.json: everything observed, seen or not.")
    export_depth: bool = Field(False, description="'agent' layout: write depth/depth_<frame>.npy.")
    export_point_cloud: bool = Field(False, description="'agent' layout: write pointcloud/pointcloud_<frame>.npy.")

    annotators: tuple[Annotator, ...] = Field(
        tuple(Annotator),
        description="Replicator-style outputs to write, named and typed as BasicWriter does; empty for none.",
    )
    annotators_dir: str = Field(
        "replicator",
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Folder below the output folder for them; empty for the output folder itself.",
    )
    annotators_tree: AnnotatorTree = Field(
        AnnotatorTree.AUTO,
        description="'flat' (one camera), 'nested' (<camera>/<annotator>/), or 'auto': nested for several cameras.",
    )
    colorize_semantic_segmentation: bool = Field(True, description="Write semantic ids as colours, as BasicWriter does.")
    colorize_instance_segmentation: bool = Field(True, description="Write instance ids as colours, as BasicWriter does.")
    save_sidecar: bool = Field(
        True, description="Write scenecap_frame_<frame>.json beside them, from which the exact frame can be read back."
    )
    frame_padding: int = Field(FRAME_PADDING, ge=1, le=12, description="Digits of a frame number in file names.")

    png_compression: int = Field(3, ge=0, le=9, description="zlib level of PNG files; more is smaller and slower.")
    jpeg_quality: int = Field(92, ge=50, le=100, description="Quality of the overlay's JPEG.")
    fsync: bool = Field(True, description="Flush each frame to the disk before it counts as written (survives a power cut).")
