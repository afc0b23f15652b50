"""A folder of saved annotator outputs as a run's source. Needs no USD library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scenecap.capture.recorded import RecordedFrame, RecordedSource
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.run.config import ScenecapConfig
from scenecap.run.config.values import CAMERAS_AUTO
from scenecap.run.plan import FrameTask, FrameTime, select_cameras


class RecordedRun:
    """Reads the frames of a folder, ours or a Replicator BasicWriter's.

    Args:
        config: All settings; ``recorded_path`` must be given. ``cameras`` and ``frames`` choose among what is there.

    Raises:
        StageError: There is no such folder, or no annotator output in it.
    """

    def __init__(self, config: ScenecapConfig) -> None:
        self._config = config
        job = config.job
        if job.cameras == (CAMERAS_AUTO,):
            raise UsageError("cameras: views cannot be placed in a recorded folder.", remedy="Use cameras: all.")
        self._source = RecordedSource(Path(str(job.recorded_path)), up_axis=job.recorded_up_axis.value, labels=config.labels)
        self._found: dict[FrameTask, RecordedFrame] = {}

    @property
    def scene(self) -> str:
        """Name of the scene."""
        return self._source.scene

    @property
    def problems(self) -> Sequence[str]:
        """Nothing: what is wrong with a recorded frame is said of that frame."""
        return ()

    def inputs(self) -> Mapping[str, str]:
        """Hash of each recorded frame."""
        return self._source.inputs()

    def tasks(self) -> tuple[FrameTask, ...]:
        """Return the recorded frames that were asked for, in the order of time and camera.

        Raises:
            UsageError: A camera or frame that was asked for is not there.
        """
        job = self._config.job
        cameras = select_cameras(job.cameras, self._source.cameras)
        place = {camera: number for number, camera in enumerate(cameras)}
        for recorded in self._source.frames_found:
            time = FrameTime(recorded.frame_index, recorded.time_code)
            if recorded.camera in place and (job.frames is None or time.time_code in job.frames):
                self._found[FrameTask(recorded.camera, time)] = recorded
        if not self._found:
            raise UsageError(f"frames: none of those asked for is in {job.recorded_path}.")
        return tuple(sorted(self._found, key=lambda task: (task.time.index, place[task.camera])))

    def observe(self, task: FrameTask) -> Frame:
        """Read one frame.

        Raises:
            CaptureError: A file is damaged or missing.
        """
        return self._source.observe(self._found[task])
