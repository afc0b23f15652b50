"""What the panel needs of the world behind it: a Protocol, and the plain data that goes over it."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from scenecap.run.config import ScenecapConfig
from scenecap.run.result import FrameOutcome, RunResult


@dataclass(frozen=True)
class CameraChoice:
    """A camera of the scene.

    Attributes:
        path: Its prim path.
        unusable: Why it cannot be captured, or "".
    """

    path: str
    unusable: str = ""


@dataclass(frozen=True)
class SceneInfo:
    """A scene that is loaded.

    Attributes:
        name: Its short name.
        path: Its file, or "" for a stage without one.
        cameras: Its cameras, in stage order.
        problems: What was wrong with it and survived.
        frames: First and last time code.
    """

    name: str
    path: str
    cameras: tuple[CameraChoice, ...]
    problems: tuple[str, ...] = ()
    frames: tuple[float, float] = (0.0, 0.0)


class LabelAction(str, enum.Enum):
    """What becomes of a prim when labels are written."""

    WRITE = "gets a label"
    KEEP = "has one"
    SKIP = "cannot be labelled"


@dataclass(frozen=True)
class LabelRow:
    """One prim in the preview of labels.

    Attributes:
        prim: Its path.
        label: The label that it gets or has; "" where it has none and gets none.
        action: What becomes of it.
        detail: Where the label comes from, or why there is none.
    """

    prim: str
    label: str
    action: LabelAction
    detail: str = ""


@dataclass(frozen=True)
class LabelPreview:
    """What writing labels would do. Nothing has been changed.

    Attributes:
        rows: The prims: first those that get a label, by path.
    """

    rows: tuple[LabelRow, ...]

    def count(self, action: LabelAction) -> int:
        """Return how many prims something becomes of."""
        return sum(row.action is action for row in self.rows)


class LabelTarget(str, enum.Enum):
    """Where labels are written. The scene's own files are never changed."""

    SESSION = "session"
    LAYER = "layer"


class CancelToken:
    """Asks work in another thread to stop."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked."""
        return self._event.is_set()


class Cancelled(Exception):  # noqa: N818 - no error: the person asked for it
    """Work has stopped because its token was cancelled."""


#: Called after each frame, from any thread: what became of it, how many are done, how many there are.
Progress = Callable[[FrameOutcome, int, int], None]


class Backend(Protocol):
    """Loads scenes, labels them and makes frames. Methods that take long are coroutines and do not hold up the event loop.

    All of them raise :class:`scenecap.errors.ScenecapError` for what a person can put right.
    """

    @property
    def title(self) -> str:
        """What captures the frames, for the panel's first line."""
        ...

    @property
    def has_open_stage(self) -> bool:
        """Whether an empty scene path means "the stage that is open"."""
        ...

    async def load_scene(self, config: ScenecapConfig) -> SceneInfo:
        """Open the config's scene, or take the open one where it names none."""
        ...

    async def cameras(self) -> tuple[CameraChoice, ...]:
        """Return the cameras that the loaded scene has now."""
        ...

    async def preview_labels(self, config: ScenecapConfig) -> LabelPreview:
        """Find out which prims would get which label. Nothing is changed."""
        ...

    async def write_labels(self, config: ScenecapConfig, target: LabelTarget, path: str, *, overwrite: bool = False) -> int:
        """Write the labels that a preview shows to the session layer or to a label layer file; return how many."""
        ...

    async def generate(self, config: ScenecapConfig, progress: Progress, cancel: CancelToken) -> RunResult:
        """Make all frames of a config.

        Raises:
            Cancelled: The token was cancelled; finished frames stay, and the next run goes on after them.
        """
        ...

    def open_folder(self, path: str) -> None:
        """Show a folder in the system's file manager."""
        ...

    def close(self) -> None:
        """Let go of the scene and end the backend's threads."""
        ...
