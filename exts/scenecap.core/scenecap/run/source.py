"""Where a run's frames come from: the embedded capture, a recorded folder, or what an adapter passes in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.job_settings import CaptureKind
from scenecap.run.plan import FrameTask


class FrameSource(Protocol):
    """What a run needs of a source. Isaac Sim's adapter passes its own to :func:`scenecap.run.job.run_job`."""

    @property
    def scene(self) -> str:
        """Name of the scene, safe for a path."""
        ...

    @property
    def problems(self) -> Sequence[str]:
        """What was wrong with the input and survived."""
        ...

    def inputs(self) -> Mapping[str, str]:
        """Name of each input file -> SHA-256 of its content, for the manifest. Names hold no absolute path."""
        ...

    def tasks(self) -> tuple[FrameTask, ...]:
        """Return all frames, in the order of the manifest.

        Raises:
            UsageError: There is no camera, or a camera that was asked for is not there.
        """
        ...

    def observe(self, task: FrameTask) -> Frame:
        """Capture one frame.

        Raises:
            ScenecapError: It cannot be captured; the run goes on with the next.
        """
        ...


def open_source(config: ScenecapConfig) -> FrameSource:
    """Open the source that a config names.

    Raises:
        UsageError: The config names none, or one that does not run here.
    """
    kind = config.job.capture
    if kind is CaptureKind.EMBEDDED:
        if not config.job.scene_path:
            raise UsageError("scene_path: no scene is given.", remedy="Give a USD file.")
        from scenecap.run.embedded_run import EmbeddedRun  # needs pxr and numba

        return EmbeddedRun(config)
    if kind is CaptureKind.RECORDED:
        if config.job.recorded_path is None:
            raise UsageError("recorded_path: no folder is given.", remedy="Give the folder of saved annotator outputs.")
        from scenecap.run.recorded_run import RecordedRun

        return RecordedRun(config)
    raise UsageError(
        "capture: replicator runs inside Isaac Sim only, through the scenecap.replicator extension.",
        remedy="Here, use capture: embedded (or recorded, for a folder that a Replicator writer saved).",
    )
