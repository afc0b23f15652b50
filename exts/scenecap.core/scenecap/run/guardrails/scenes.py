"""Scenes that a conversation is about: registered by the program, or frames of a finished dataset."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenecap.caption.verify import Verifier
from scenecap.contract import Frame
from scenecap.errors import UsageError
from scenecap.graph.model import SceneGraph
from scenecap.output.dataset.reader import Dataset, DatasetFrame, open_dataset
from scenecap.output.dataset.reload import reload_frame
from scenecap.output.manifest import MANIFEST_NAME, FrameStatus
from scenecap.run.guardrails.policy import ShownScene
from scenecap.run.guardrails.settings import RailSettings
from scenecap.text import clean_text

#: Variables of a conversation's context that say which scene it is about.
SCENE, DATASET, FRAME = "scene", "scene_dataset", "scene_frame"
#: Frames, and datasets, that are kept open.
_KEPT = 16


class Scenes:
    """Finds the scene that a conversation is about.

    Args:
        settings: Where the dataset is, how the verifier takes words.
    """

    def __init__(self, settings: RailSettings) -> None:
        self._settings = settings
        self._registered: dict[str, ShownScene] = {}
        self._datasets: OrderedDict[tuple[Any, ...], Dataset] = OrderedDict()
        self._frames: OrderedDict[tuple[Any, ...], ShownScene] = OrderedDict()

    def register(self, name: str, graph: SceneGraph, frame: Frame) -> None:
        """Let a scene be found by a name (the context's ``scene``); a name that is known gets the new scene."""
        self._registered[name] = self._shown(graph, frame)

    def forget(self, name: str) -> None:
        """Take a registered scene away; one that is not known is no error."""
        self._registered.pop(name, None)

    def find(self, context: Mapping[str, Any]) -> ShownScene:
        """Return the scene that a context names.

        Raises:
            UsageError: It names none, or one that is not there.
            DatasetError: The frame's documents cannot be read, or do not tell enough.
        """
        name = context.get(SCENE)
        if name is not None:
            if not isinstance(name, str) or name not in self._registered:
                raise UsageError(f"No scene is registered as '{clean_text(name)}'.", remedy="Register it with the rail first.")
            return self._registered[name]
        return self._from_dataset(self._dataset(context.get(DATASET)), context.get(FRAME))

    def _dataset(self, given: object) -> Path:
        fixed = self._settings.dataset
        if given is None:
            if fixed is None:
                raise UsageError(
                    "The conversation names no scene.",
                    remedy=f"Give {SCENE}, or {DATASET} and {FRAME}, in a message of the role 'context'.",
                )
            return fixed
        if fixed is not None:
            raise UsageError(f"{DATASET}: the configuration names the dataset; a conversation cannot.")
        if not isinstance(given, str):
            raise UsageError(f"{DATASET}: is not the path of a folder.")
        return Path(given)

    def _from_dataset(self, root: Path, wanted: object) -> ShownScene:
        try:
            stat = (root / MANIFEST_NAME).stat()
            version = (str(root), stat.st_mtime_ns, stat.st_size)
        except OSError:
            version = (str(root), None, None)
        dataset = self._datasets.get(version)
        if dataset is None:
            dataset = _keep(self._datasets, version, open_dataset(root))
        written = _frame_of(dataset, wanted)
        shown = self._frames.get((*version, written.row.number))
        if shown is None:
            shown = _keep(self._frames, (*version, written.row.number), self._shown(*reload_frame(written)))
        return shown

    def _shown(self, graph: SceneGraph, frame: Frame) -> ShownScene:
        return ShownScene(graph, frame, Verifier(graph, frame, self._settings.verify))


def _frame_of(dataset: Dataset, wanted: object) -> DatasetFrame:
    rows = [row for row in dataset.rows if row.status is FrameStatus.WRITTEN]
    if wanted is None:
        if len(rows) != 1:
            raise UsageError(
                f"{dataset.root}: has {len(rows)} frames, and the conversation names none.", remedy=f"Give {FRAME}: its key."
            )
        return DatasetFrame(dataset.root, rows[0])
    for row in rows:
        if wanted == row.key or (wanted == row.number and not isinstance(wanted, bool)):
            return DatasetFrame(dataset.root, row)
    raise UsageError(f"{dataset.root}: has no frame '{clean_text(wanted)}'.", remedy=f"{MANIFEST_NAME} has the keys.")


def _keep(kept: OrderedDict[tuple[Any, ...], Any], key: tuple[Any, ...], value: Any) -> Any:
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)
    return value
