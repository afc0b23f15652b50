"""Write training files of a dataset: pictures by split, conversations or annotations, and a card that says what they are."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from scenecap import __version__
from scenecap.errors import DatasetError, OutputError, UsageError
from scenecap.output.canonical import content_hash, dumps
from scenecap.output.dataset.documents import CaptionDocument, SceneObject
from scenecap.output.dataset.files import DERIVED_NAME, FileKind
from scenecap.output.dataset.licences import read_licences
from scenecap.output.dataset.reader import Dataset, DatasetFrame, read_bytes
from scenecap.output.derived import DerivedKind
from scenecap.output.export.card import CardFacts, card_text
from scenecap.output.export.coco import CocoFiles, CocoImage
from scenecap.output.export.facts import Origin, SplitFacts
from scenecap.output.export.licensing import LicenceTable
from scenecap.output.export.llava import conversations
from scenecap.output.export.masks import InstanceMasks, read_masks
from scenecap.output.export.place import check_apart, new_folder
from scenecap.output.export.plan import ExportPlan, PlannedFrame, plan_export
from scenecap.output.export.settings import ExportFormat, ExportSettings, TextKind
from scenecap.output.export.texts import captions_of

#: Called with the number of the frame that comes next, from 1, and how many there are.
Progress = Callable[[int, int], None]

_KEYS = {TextKind.BRIEF: "brief_caption", TextKind.GLOBAL: "global_caption", TextKind.QA: "qa_caption"}


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was exported.

    Attributes:
        splits: What each split holds.
        licences: Licence -> scenes.
        labels: Label -> annotated objects (COCO).
        without_mask: Annotated objects without a mask (COCO).
        warnings: What a person should know.
        left_out: Frames that could not be read: key and reason.
    """

    splits: Mapping[str, SplitFacts]
    licences: Mapping[str, int]
    labels: Mapping[str, int] = field(default_factory=dict)
    without_mask: int = 0
    warnings: tuple[str, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def export_dataset(dataset: Dataset, out: Path, settings: ExportSettings, *, progress: Progress | None = None) -> ExportReport:
    """Export a dataset into a new folder. The dataset is not changed; an error leaves no folder.

    Args:
        dataset: The dataset.
        out: The folder to be; not in the dataset, nor around it.
        settings: What is exported, and how.
        progress: Called before each frame.

    Raises:
        UsageError: Nothing can be exported (no picture, no text), or not into this folder.
        OutputError: The folder cannot be written.
        DatasetError: Not one frame could be read.
    """
    check_apart(dataset.root, out)
    plan = plan_export(dataset, settings)
    licences = LicenceTable(read_licences(dataset.root), settings.licences or {})
    licences.check(tuple(dict.fromkeys(item.frame.row.scene for item in plan.frames)))
    with new_folder(out, force=settings.force) as folder:
        export = _Export(dataset, settings, plan, licences, folder)
        for number, planned in enumerate(plan.frames, start=1):
            if progress is not None:
                progress(number, len(plan.frames))
            export.add(planned)
        return export.finish()


@dataclass(frozen=True)
class _Read:
    """All that is needed of a frame."""

    captions: CaptionDocument | None
    objects: tuple[SceneObject, ...]
    masks: InstanceMasks | None
    picture: bytes
    size: tuple[int, int]


class _Export:
    """One export under way, in a folder of its own."""

    def __init__(
        self, dataset: Dataset, settings: ExportSettings, plan: ExportPlan, licences: LicenceTable, folder: Path
    ) -> None:
        self._dataset, self._settings, self._plan = dataset, settings, plan
        self._licences, self._folder = licences, folder
        self._llava = ExportFormat.LLAVA in settings.formats
        self._boxes = ExportFormat.COCO in settings.formats
        self._splits = {split: SplitFacts() for split in plan.splits}
        self._entries: dict[str, list[dict[str, Any]]] = {split: [] for split in plan.splits}
        name = dataset.root.resolve().name
        self._coco = CocoFiles(plan.splits, description=f"Scenecap dataset {name}", version=__version__)
        self._origin = Origin()
        self._left_out: list[tuple[str, str]] = []

    def add(self, planned: PlannedFrame) -> None:
        """Read a frame, write its picture and note the rest; one that cannot be read is left out whole, and told."""
        settings, row, split = self._settings, planned.frame.row, planned.split
        try:
            read = self._read(planned.frame)
        except DatasetError as error:
            self._left_out.append((row.key, error.message))
            return
        self._origin.add(planned.name, planned.frame, read.captions, settings)
        talks = [] if read.captions is None else conversations(planned.name, planned.image, read.captions, settings)
        texts = {} if read.captions is None else captions_of(read.captions, settings)
        if not self._boxes and not talks:
            return
        facts = self._splits[split]
        licence = self._licences.add(row.scene, planned.scene)
        if self._llava:
            self._entries[split] += talks
            facts.conversations += len(talks)
            facts.turns += sum(len(talk["conversations"]) // 2 for talk in talks)
        if self._boxes:
            image = CocoImage(
                file_name=planned.image, size=read.size, licence=licence, scene=row.scene, camera=row.camera, key=row.key
            )
            self._coco.add(split, image, read.objects, read.masks, texts)
        facts.pictures += 1
        facts.scenes[planned.scene] = row.scene
        self._write_picture(planned, read.picture)

    def _read(self, frame: DatasetFrame) -> _Read:
        record = frame.files[FileKind.PICTURE]
        picture = read_bytes(frame.root, record.path)
        if content_hash(picture) != record.sha256:
            raise DatasetError(f"{record.path}: was changed after it was written.")
        objects, masks = ((), None) if not self._boxes else (frame.objects(), read_masks(frame))
        return _Read(frame.captions(), objects, masks, picture, _size(picture, record.path))

    def _write_picture(self, planned: PlannedFrame, content: bytes) -> None:
        target = self._folder / "images" / planned.image
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self._settings.link:
            target.write_bytes(content)
            return
        source = planned.frame.path(FileKind.PICTURE)
        assert source is not None
        try:
            os.link(os.path.realpath(source), target)
        except OSError as error:
            raise OutputError(
                f"{source}: cannot be linked ({(error.strerror or str(error)).lower()}).",
                remedy="Links need dataset and export on one file system; leave --link out to copy.",
            ) from error

    def finish(self) -> ExportReport:
        """Write everything but the pictures."""
        if self._left_out and len(self._left_out) == len(self._plan.frames):
            raise DatasetError(
                f"{self._dataset.root}: not one frame could be read ({self._left_out[0][1]})",
                remedy="'scenecap verify' lists what is wrong.",
            )
        if self._llava and not any(self._entries.values()):
            asked = ", ".join(f"{_KEYS[kind]}: true" for kind in self._settings.kinds)
            raise UsageError(f"{self._dataset.root}: holds no text of the kinds asked for.", remedy=f"Run with {asked}.")
        warnings = [*self._plan.warnings]
        for split, facts in self._splits.items():
            if not facts.pictures:
                warnings.append(f"split '{split}' is empty: none of its frames could be exported.")
            if self._llava:
                self._write(f"{split}.json", dumps(self._entries[split], levels=1))
            if self._boxes:
                for kind, document in self._coco.documents(split, self._licences.coco()).items():
                    self._write(f"annotations/{kind}_{split}.json", dumps(document, levels=2))
                facts.objects, facts.captions = self._coco.count(split)
        labels = self._coco.labels
        if self._coco.without_mask:
            warnings.append(
                f"{self._coco.without_mask} of {sum(labels.values())} objects have a box and no mask: the dataset holds no "
                "instance picture of them (annotators: instance_segmentation)."
            )
        if self._origin.flagged and not self._settings.keep_flagged:
            count = "1 text is" if self._origin.flagged == 1 else f"{self._origin.flagged} texts are"
            warnings.append(f"{count} left out: the verifier flagged what the scene does not support (--keep-flagged).")
        if self._boxes and not labels:
            warnings.append("no object has a box: run with save_object_data: true, or save a scene graph.")
        report = ExportReport(
            splits=self._splits,
            licences=self._licences.names,
            labels=labels,
            without_mask=self._coco.without_mask,
            warnings=tuple(warnings),
            left_out=tuple(self._left_out),
        )
        facts = CardFacts(
            name=self._dataset.root.resolve().name,
            settings=self._settings,
            splits=self._splits,
            labels=labels,
            without_mask=self._coco.without_mask,
            left_out=len(self._left_out),
            origin=self._origin,
            licences=self._licences,
            texts=self._licences.write_texts(self._folder),
        )
        self._write("README.md", card_text(facts).encode("utf-8", "replace"))
        self._write(DERIVED_NAME, dumps(self._account(), levels=3))
        return report

    def _write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def _account(self) -> dict[str, Any]:
        """Return how the export was made, for machines: the same dataset and settings give the same bytes."""
        settings = self._settings
        return {
            "kind": DerivedKind.EXPORT,
            "generator": f"scenecap {__version__}",
            "dataset": self._dataset.root.resolve().name,
            "config_hashes": sorted(self._origin.config_hashes),
            "formats": sorted(item.value for item in settings.formats),
            "seed": settings.seed,
            "shares": None if settings.shares is None else dict(settings.shares),
            "kinds": [kind.value for kind in settings.kinds],
            "splits": {
                split: {"scenes": sorted(facts.scenes.values()), "pictures": facts.pictures}
                for split, facts in self._splits.items()
            },
            "left_out": [{"frame": key, "reason": reason} for key, reason in self._left_out],
        }


def _size(picture: bytes, path: str) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(picture)) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DatasetError(f"{path}: is no picture ({error}).") from error
