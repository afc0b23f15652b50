"""Which frames of a dataset are exported, under which names, and into which split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scenecap.errors import UsageError
from scenecap.output.dataset.files import FileKind
from scenecap.output.dataset.reader import Dataset, DatasetFrame
from scenecap.output.dataset.scene_identity import scene_identity
from scenecap.output.export.settings import ExportSettings
from scenecap.output.export.split import DEFAULT_SHARES, split_scenes
from scenecap.text import safe_name, short_hash


@dataclass(frozen=True)
class PlannedFrame:
    """A frame that is to be exported.

    Attributes:
        frame: The frame.
        scene: Identity of its scene.
        split: Where it goes.
        name: File-name-safe, unique in the export.
    """

    frame: DatasetFrame
    scene: str
    split: str
    name: str

    @property
    def image(self) -> str:
        """Its picture, relative to the export's ``images``."""
        return f"{self.split}/{self.name}.png"


@dataclass(frozen=True)
class ExportPlan:
    """What is to be exported.

    Attributes:
        frames: The frames, in the dataset's order.
        splits: Names of the splits.
        warnings: What a person should know.
    """

    frames: tuple[PlannedFrame, ...]
    splits: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_export(dataset: Dataset, settings: ExportSettings) -> ExportPlan:
    """Decide what is exported, without reading more than the manifest.

    Raises:
        UsageError: No frame was written, none has a picture, or the scenes cannot be split as asked.
    """
    written = list(dataset.frames())
    if not written:
        raise UsageError(f"{dataset.root}: no frame of it was written.", remedy="'scenecap stats' says why.")
    frames = [frame for frame in written if FileKind.PICTURE in frame.files]
    if not frames:
        raise UsageError(
            f"{dataset.root}: holds no picture, and training files need pictures.",
            remedy="Run its config again with quality: draft (or preview, final) and save_image: true.",
        )
    warnings = []
    if dataset.unfinished:
        warnings.append("the run is unfinished: exported are the frames that are there so far.")
    if len(frames) < len(written):
        warnings.append(f"{len(written) - len(frames)} of {len(written)} frames have no picture and are left out.")
    scenes = [scene_identity(frame.row) for frame in frames]
    shares = settings.shares
    if shares is None:
        shares = DEFAULT_SHARES
        if len(set(scenes)) < len(shares):
            first = next(iter(shares))
            shares = {first: 1.0}
            warnings.append(f"there is one scene, and a scene is never divided: all of it is in '{first}'.")
    split_of = split_scenes(scenes, shares, seed=settings.seed)
    names = _names(frames)
    planned = [
        PlannedFrame(frame, scene, split_of[scene], name) for frame, scene, name in zip(frames, scenes, names, strict=True)
    ]
    return ExportPlan(tuple(planned), tuple(shares), tuple(warnings))


def _names(frames: Sequence[DatasetFrame]) -> list[str]:
    """Return a name for each frame; where two would share one, also one that differs in case only, both get a hash."""
    plain = [safe_name(frame.row.key) for frame in frames]
    uses = Counter(name.lower() for name in plain)
    return [
        name if uses[name.lower()] == 1 else f"{safe_name(name, limit=90)}_{short_hash(frame.row.key)}"
        for name, frame in zip(plain, frames, strict=True)
    ]
