"""What the writers get: one frame's results, and where it stands in its job."""

from __future__ import annotations

from dataclasses import dataclass

from scenecap.caption.model import Captions
from scenecap.contract import Frame
from scenecap.graph.model import SceneGraph
from scenecap.output.names import CameraNames


@dataclass(frozen=True, eq=False)
class FrameResult:
    """One frame with its graph and captions.

    Attributes:
        frame: What the camera saw.
        graph: Its scene graph.
        captions: Its texts; None where captions were not asked for in this frame.
    """

    frame: Frame
    graph: SceneGraph
    captions: Captions | None = None


@dataclass(frozen=True)
class JobFacts:
    """What all frames of a job share.

    Attributes:
        cameras: Names of all cameras of the job.
        several_frames: Whether the job has more than one frame per camera (``standalone`` then nests under ``frame_<n>``).
        config_hash: Hash of what decides the content: settings without paths, workers and keys.
        seed: The job's seed.
        generator: Program and version that made the files.
    """

    cameras: CameraNames
    several_frames: bool = False
    config_hash: str = ""
    seed: int = 0
    generator: str = "scenecap"
